//! Owns the words of `init`.

use super::problems::problem_lines;
use crate::cli::sanitize;
use crate::ops::init::InitReport;
use std::fmt::Write;

/// What was made, and the recovery code, this once.
pub(in crate::cli) fn init_words(report: &InitReport, out: &mut String) {
    let place = sanitize::text(&report.place);
    // Writing into a String cannot fail.
    match &report.recovery_code {
        None => {
            _ = writeln!(out, "made a repository at {place}, not encrypted: whoever has the drive can read the photos");
            _ = writeln!(out, "its file names catch accidents, not intent: nothing here notices a change that somebody made on purpose");
        }
        Some(code) => {
            _ = writeln!(out, "made an encrypted repository at {place}");
            _ = writeln!(out);
            _ = writeln!(out, "  recovery code   {code}");
            _ = writeln!(out);
            let besides = if report.password { "when the password is forgotten" } else { "and nothing else does: there is no password" };
            _ = writeln!(out, "Write it down on paper now. It opens the repository {besides}, is not shown again, and cannot be changed.");
        }
    }
    for weakness in &report.weaknesses {
        _ = writeln!(out, "note      {}", sanitize::text(weakness));
    }
    problem_lines(&report.problems, out);
    _ = writeln!(out, "next      tintype -r {} snap ~/Pictures", quoted(&report.place));
}

/// A path as it can be typed into a shell.
fn quoted(path: &str) -> String {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+,@".contains(&byte));
    if is_plain { path.to_owned() } else { format!("'{}'", sanitize::text(path).replace('\'', "'\\''")) }
}
