//! Owns the words of `duplicates`: the numbers, then the groups that take most.

use super::problems::problem_lines;
use crate::cli::human;
use crate::ops::duplicates::{DuplicateGroup, Duplicates, DuplicatesReport};
use std::fmt::Write;

/// Groups that are shown unless all are asked for.
const GROUPS_SHOWN: usize = 20;
/// Files of a group that are shown unless all are asked for.
const FILES_SHOWN: usize = 5;

/// Writes the report; `all` shows every group that it has.
pub(in crate::cli) fn duplicates_words(report: &DuplicatesReport, all: bool, out: &mut String) {
    let kinds = [
        (&report.same_files, "file stands", "files stand", "there several times"),
        (&report.same_pictures, "picture or film stands", "pictures and films stand", "there with different metadata"),
    ];
    if kinds.iter().all(|(found, ..)| found.group_count == 0) {
        let files = human::counted(report.files, "file", "files");
        // Writing into a String cannot fail.
        _ = writeln!(out, "{files}: each is there once");
    }
    for (found, one, several, how) in kinds.into_iter().filter(|(found, ..)| found.group_count > 0) {
        let more = human::counted(found.extra_files, "file", "files");
        let (count, bytes) = (human::counted(found.group_count, one, several), human::bytes(found.extra_bytes));
        _ = writeln!(out, "{count} {how}: {more} and {bytes} more than one of each");
        groups(found, all, out);
    }
    problem_lines(&report.problems, out);
}

fn groups(found: &Duplicates, all: bool, out: &mut String) {
    let shown = if all { found.groups.len() } else { GROUPS_SHOWN };
    for group in found.groups.iter().take(shown) {
        one_group(group, all, out);
    }
    let left = found.group_count.saturating_sub(u64::try_from(shown.min(found.groups.len())).unwrap_or(0));
    if left > 0 {
        _ = writeln!(out, "  and {} more{}", human::count(left), if all { "" } else { " (-v lists all)" });
    }
}

fn one_group(group: &DuplicateGroup, all: bool, out: &mut String) {
    let shown = if all { group.files.len() } else { FILES_SHOWN };
    for (position, file) in group.files.iter().take(shown).enumerate() {
        let bytes = if position == 0 { human::bytes(group.extra_bytes) } else { String::new() };
        _ = writeln!(out, "  {bytes:>10}  {}", file.path);
    }
    let left = group.file_count.saturating_sub(u64::try_from(shown.min(group.files.len())).unwrap_or(0));
    if left > 0 {
        _ = writeln!(out, "  {:>10}  and {} more", "", human::count(left));
    }
}

#[cfg(test)]
mod tests {
    use super::duplicates_words;
    use crate::ops::duplicates::{DuplicateFile, DuplicateGroup, Duplicates, DuplicatesReport};

    #[test]
    fn numbers_and_the_first_of_each() {
        let file =
            |number: u32| DuplicateFile { path: format!("{number}.jpg"), path_base64: None, bytes: 3_000_000, blake3: String::new() };
        let group = DuplicateGroup { extra_bytes: 18_000_000, file_count: 7, files: (0..7).map(file).collect() };
        let found = Duplicates { group_count: 1, extra_files: 6, extra_bytes: 18_000_000, groups: vec![group] };
        let mut report = DuplicatesReport {
            snapshot: String::new(),
            time: String::new(),
            files: 9,
            same_files: found,
            same_pictures: Duplicates::default(),
            problems: Vec::new(),
        };
        let mut out = String::new();
        duplicates_words(&report, false, &mut out);
        assert!(
            out.starts_with("1 file stands there several times: 6 files and 18.0 MB more than one of each\n     18.0 MB  0.jpg\n"),
            "{out}"
        );
        assert!(out.ends_with("              4.jpg\n              and 2 more\n"), "{out}");
        report.same_files = Duplicates::default();
        out.clear();
        duplicates_words(&report, false, &mut out);
        assert_eq!(out, "9 files: each is there once\n");
    }
}
