//! Owns adding up: what was written, left out and not kept, and the problems that it comes to, one of each kind with an example.

use super::report::{LeftOut, NotSet, RestoreReport};
use super::target::FactsSet;
use crate::ops::{Problem, Severity};
use crate::scan::escaped;
use std::collections::BTreeMap;

/// Why something is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Why {
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    pub(super) reason: String,
}

impl Why {
    pub(super) fn new(code: &'static str, severity: Severity, reason: impl Into<String>) -> Self {
        Self { code, severity, reason: reason.into() }
    }
}

/// What a restore has come to so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) files: u64,
    pub(super) folders: u64,
    pub(super) symlinks: u64,
    pub(super) bytes: u64,
    pub(super) already_there: u64,
    left_out: Vec<(Severity, LeftOut)>,
    not_set: NotSet,
    /// Attributes that could not be had from the repository: how many, and the first file or folder that lacks one.
    attributes_lost: BTreeMap<(Severity, &'static str), (u64, Vec<u8>)>,
    /// For each kind of fact that was not kept, one path that lacks it.
    facts_examples: BTreeMap<&'static str, Vec<u8>>,
    problems: Vec<Problem>,
}

impl Tally {
    pub(super) fn leave_out(&mut self, path: &[u8], why: Why) {
        let left_out = LeftOut { path: escaped(path), code: why.code, reason: why.reason, kept_as: None };
        self.left_out.push((why.severity, left_out));
    }

    /// Notes where a part of what was left out at `path` lies.
    pub(super) fn kept_as(&mut self, path: &[u8], beside: &[u8]) {
        let path = escaped(path);
        for (_, left_out) in self.left_out.iter_mut().filter(|(_, left_out)| left_out.path == path) {
            left_out.kept_as = Some(escaped(beside));
        }
    }

    pub(super) fn left_out_count(&self) -> usize {
        self.left_out.len()
    }

    /// Whether something was left out because its bytes are wrong or cannot be read.
    pub(super) fn has_damage(&self) -> bool {
        self.left_out.iter().any(|(severity, _)| *severity == Severity::Damaged)
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Counts the facts that were not kept at `path`.
    pub(super) fn facts(&mut self, path: &[u8], set: FactsSet) {
        let xattrs = u64::from(set.xattrs_not_set);
        self.not_set.owner += u64::from(set.owner_not_set);
        self.not_set.mode += u64::from(set.mode_not_set);
        self.not_set.special_bits += u64::from(set.special_bits_left_out);
        self.not_set.times += u64::from(set.time_not_set);
        self.not_set.times_rounded += u64::from(set.time_rounded);
        self.not_set.birth += u64::from(set.birth_not_set);
        self.not_set.xattrs = self.not_set.xattrs.saturating_add(xattrs);
        self.not_set.privileged_xattrs += u64::from(set.privileged_xattrs_left_out);
        for (code, severity, count) in [
            ("attributes-damaged", Severity::Damaged, set.xattrs_damaged),
            ("attributes-missing", Severity::Incomplete, set.xattrs_missing),
        ] {
            if count > 0 {
                let (count_before, _) = self.attributes_lost.entry((severity, code)).or_insert_with(|| (0, path.to_vec()));
                *count_before += u64::from(count);
            }
        }
        for (kind, lacks) in [("mode", set.mode_not_set), ("time", set.time_not_set), ("xattrs", xattrs > 0)] {
            if lacks {
                self.facts_examples.entry(kind).or_insert_with(|| path.to_vec());
            }
        }
    }

    /// Puts everything into the report.
    pub(super) fn finish(mut self, report: &mut RestoreReport) {
        self.left_out.sort_by(|(one_severity, one), (other_severity, other)| {
            other_severity.cmp(one_severity).then_with(|| (&one.path, one.code).cmp(&(&other.path, other.code)))
        });
        let mut groups: BTreeMap<(Severity, &'static str), (u64, &LeftOut)> = BTreeMap::new();
        for (severity, left_out) in &self.left_out {
            groups.entry((*severity, left_out.code)).and_modify(|(count, _)| *count += 1).or_insert((1, left_out));
        }
        self.problems.extend(groups.into_iter().map(|((severity, code), (count, example))| of_group(severity, code, count, example)));
        for ((severity, code), (count, path)) in &self.attributes_lost {
            let path = escaped(path);
            let what = if *count == 1 { "1 extended attribute" } else { &format!("{count} extended attributes") };
            let message = format!(
                "{what} cannot be had from the repository, e.g. of {}: the files themselves are whole",
                if path.is_empty() { "the target itself" } else { &path }
            );
            self.problems.push(Problem::of_path(code, *severity, path, message));
        }
        let not_kept = [
            ("mode", "mode-not-kept", self.not_set.mode, "the permissions of"),
            ("time", "time-not-kept", self.not_set.times, "the time of last change of"),
            ("xattrs", "xattrs-not-kept", self.not_set.xattrs, "extended attributes, e.g. those of"),
        ];
        for (kind, code, count, what) in not_kept {
            if let Some(path) = self.facts_examples.get(kind).map(|path| escaped(path)) {
                let shown = if path.is_empty() { "the target itself" } else { &path };
                let message = match (kind, count) {
                    ("xattrs", _) => format!("the target did not keep {count} {what} {shown}"),
                    (_, 1) => format!("the target did not keep {what} {shown}"),
                    _ => format!("the target did not keep {what} {count} files and folders, e.g. {shown}"),
                };
                self.problems.push(Problem::of_path(code, Severity::Notice, path, message));
            }
        }
        self.problems.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.cmp(other)));
        report.files = self.files;
        report.folders = self.folders;
        report.symlinks = self.symlinks;
        report.bytes = self.bytes;
        report.files_already_there = self.already_there;
        report.left_out_count = u64::try_from(self.left_out.len()).unwrap_or(u64::MAX);
        report.left_out = self.left_out.into_iter().map(|(_, left_out)| left_out).collect();
        report.not_set = self.not_set;
        report.problems = self.problems;
    }
}

const DENIED_NEXT: &str = "let this user read the repository's files, or run as the user who wrote them; \
                           then run the same command with --overwrite never";

/// One problem for all that was left out for one reason: the paths stand in the list.
fn of_group(severity: Severity, code: &'static str, count: u64, example: &LeftOut) -> Problem {
    let message = match count {
        1 => format!("{} is left out: {}", if example.path.is_empty() { "the root" } else { &example.path }, example.reason),
        _ => format!("{count} are left out, e.g. {}: {}", example.path, example.reason),
    };
    let problem = Problem::of_path(code, severity, example.path.clone(), message);
    match (severity, code) {
        (_, "verification-failed") => problem.with_hint("test this drive and this machine's memory before you trust them with photos"),
        (_, "pack-denied") => problem.with_hint(DENIED_NEXT),
        (Severity::Damaged, _) => problem.with_hint(
            "`tintype check --read-data` says what is damaged; another copy of the repository may have it whole. \
             Then run the same command with --overwrite never",
        ),
        (Severity::Incomplete, _) => {
            problem.with_hint("if this copy of the repository is still arriving, wait, then run the same command with --overwrite never")
        }
        _ => problem,
    }
}
