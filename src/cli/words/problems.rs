//! Owns how problems read: how bad, what, and what to do.

use crate::cli::{sanitize, wording};
use crate::ops::{Problem, Severity};
use std::fmt::Write;

/// One or two lines for each problem, worst first.
pub(in crate::cli) fn problem_lines(problems: &[Problem], out: &mut String) {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    for problem in sorted {
        problem_line(problem, out);
    }
}

fn problem_line(problem: &Problem, out: &mut String) {
    let word = match problem.severity {
        Severity::Damaged => "damaged",
        Severity::Incomplete => "missing",
        Severity::Bookkeeping => "to heal",
        Severity::Notice | Severity::Note => "note",
        Severity::Known => "known",
    };
    let about = match (&problem.path, &problem.object) {
        // Messages mostly name the thing themselves.
        (Some(name), _) | (None, Some(name)) if !problem.names_its_subject() => format!("{name}: "),
        _ => String::new(),
    };
    // Writing into a String cannot fail.
    _ = writeln!(out, "{}", sanitize::line(&wording::message(&format!("{word:<9} {about}{}", problem.message))));
    if let Some(hint) = &problem.hint {
        _ = writeln!(out, "          {}", sanitize::line(&wording::message(hint)));
    }
}
