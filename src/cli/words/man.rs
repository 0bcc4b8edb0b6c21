//! Owns the words of `man`.

use crate::cli::commands::man::ManReport;
use crate::cli::{human, sanitize};
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// How many pages there are, and how to look at one.
pub(in crate::cli) fn man_words(report: &ManReport, folder: &Path, out: &mut String) {
    let pages = human::counted(u64::try_from(report.pages.len()).unwrap_or(0), "manual page", "manual pages");
    let page = folder.join("tintype-restore.1");
    // Writing into a String cannot fail.
    _ = writeln!(out, "written   {pages} into {}", report.folder);
    // With a slash in it man takes it for a file, not for the name of a page.
    _ = writeln!(out, "next      man {}", sanitize::quoted(page.as_os_str().as_bytes()));
}
