//! Owns the words of `key`.

use crate::ops::key::KeyAddReport;
use std::fmt::Write;

/// What was added, and what that does not do.
pub(in crate::cli) fn key_add_words(report: &KeyAddReport, out: &mut String) {
    let short = report.slot.get(..8).unwrap_or(&report.slot);
    // Writing into a String cannot fail.
    _ = writeln!(out, "added     password {short}: it opens the repository from now on, beside those that did before");
}
