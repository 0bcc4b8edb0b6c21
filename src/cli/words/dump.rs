//! Owns the words of `dump`: how much was written, and where it ended early.

use super::problems::problem_lines;
use crate::cli::human;
use crate::ops::dump::DumpReport;
use std::fmt::Write;

/// What to say of a file that was written to `place`; to standard output if that is `None`, where nothing is said of what went well.
pub(in crate::cli) fn dump_words(report: &DumpReport, place: Option<&str>, out: &mut String) {
    let is_whole = report.exit_code() != 5 && report.exit_code() != 6;
    // Writing into a String cannot fail.
    match place {
        Some(place) if is_whole => {
            let id: String = report.snapshot.chars().take(8).collect();
            _ = writeln!(out, "written   {place}, {} from {id}:{}", human::bytes(report.bytes), report.path);
        }
        Some(place) => _ = writeln!(out, "nothing was written to {place}"),
        None if is_whole => {}
        None => {
            let (written, bytes) = (human::count(report.written_bytes), human::count(report.bytes));
            _ = writeln!(out, "only the first {written} of {bytes} bytes were written; those are good");
        }
    }
    problem_lines(&report.problems, out);
}
