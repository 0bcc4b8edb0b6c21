//! Owns the words of `init`.

use super::key::sheet_words;
use super::problems::problem_lines;
use crate::cli::sanitize;
use crate::ops::init::InitReport;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The recovery code, this once, before the repository is made.
pub(in crate::cli) fn code_words(code: &str, has_password: bool, quiet: bool) -> String {
    if quiet {
        return format!("{code}\n");
    }
    let besides = if has_password { "when the password is forgotten" } else { "and nothing else does: there is no password" };
    format!(
        "
  recovery code   {code}

Write it down on paper now. It opens the repository {besides}, is not shown again, and cannot be changed.
"
    )
}

/// What was made. `place` is its path as the system has it.
pub(in crate::cli) fn init_words(report: &InitReport, place: &Path, quiet: bool, out: &mut String) {
    let shown = sanitize::path(place);
    if quiet {
        return problem_lines(&report.problems, out);
    }
    // Writing into a String cannot fail.
    match &report.recovery_code {
        None => {
            _ = writeln!(out, "made a repository at {shown}, not encrypted: whoever has the drive can read the photos");
            _ = writeln!(out, "its file names catch accidents, not intent: nothing here notices a change that somebody made on purpose");
        }
        Some(_) => _ = writeln!(out, "\nmade an encrypted repository at {shown}; the recovery code above opens it"),
    }
    if let Some(path) = &report.recovery_sheet {
        sheet_words(path, out);
    }
    for weakness in &report.weaknesses {
        _ = writeln!(out, "note      {}", sanitize::line(weakness));
    }
    problem_lines(&report.problems, out);
    _ = writeln!(out, "next      tintype -r {} snap ~/Pictures", sanitize::quoted(place.as_os_str().as_bytes()));
}
