//! Owns the words of `reader`.

use crate::cli::{human, sanitize};
use crate::ops::guides::ReaderReport;
use std::fmt::Write;

/// The files with their hashes, as `b3sum` prints them, and how to run it.
pub(in crate::cli) fn reader_words(report: &ReaderReport, out: &mut String) {
    // Writing into a String cannot fail.
    for file in &report.files {
        _ = writeln!(out, "{}  {}", file.b3, file.path);
    }
    let (files, bytes) = (report.files.len(), human::bytes(report.bytes));
    match &report.folder {
        None => _ = writeln!(out, "reader    {files} files, {bytes}; all together {}", report.hash),
        Some(folder) => {
            let folder = sanitize::text(folder);
            _ = writeln!(out, "reader    {files} files, {bytes}, written to {folder}; all together {}", report.hash);
            _ = writeln!(out, "next      python3 {folder}/tintype_reader.py restore REPOSITORY --target A-NEW-FOLDER");
        }
    }
}
