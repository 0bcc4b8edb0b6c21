//! Owns the words of `find`: a line a file, in columns, what can be given to other commands last.

use super::problems::problem_lines;
use crate::cli::human::{self, Local};
use crate::ops::find::{FindReport, FoundFile};
use std::fmt::Write;

/// Lists what was found.
pub(in crate::cli) fn find_words(report: &FindReport, out: &mut String) {
    let local = Local::system();
    let width = report.found.iter().map(|found| human::count(found.bytes).len()).max().unwrap_or(0);
    let days: Vec<String> = report.found.iter().map(|found| days(found, &local)).collect();
    let days_width = days.iter().map(String::len).max().unwrap_or(0);
    for (found, days) in report.found.iter().zip(&days) {
        let time = found.mtime_seconds.map_or_else(|| format!("{:23}", "-"), |seconds| local.with_offset(seconds));
        let id: String = found.last.snapshot.chars().take(8).collect();
        // Writing into a String cannot fail.
        _ = writeln!(out, "{:>width$}  {time}  {days:<days_width$}  {id}:{}", human::count(found.bytes), found.path);
    }
    let snapshots = human::counted(report.snapshots, "snapshot", "snapshots");
    if report.found.is_empty() {
        _ = writeln!(out, "nothing found in {snapshots}");
    }
    if report.more {
        let count = human::count(u64::try_from(report.found.len()).unwrap_or(0));
        _ = writeln!(out, "these are the first {count}; there are more: say more closely what to look for");
    }
    problem_lines(&report.problems, out);
}

/// `in 2026-11-01 to 2026-11-22`: the days of the first and the last snapshot that have it.
fn days(found: &FoundFile, local: &Local) -> String {
    let (first, last) = (local.day(found.first.seconds), local.day(found.last.seconds));
    if first == last { format!("in {first}") } else { format!("in {first} to {last}") }
}

#[cfg(test)]
mod tests {
    use super::find_words;
    use crate::ops::find::{FindReport, FoundFile, FoundIn};

    #[test]
    fn columns_and_nothing() {
        let found_in = |seconds| FoundIn { snapshot: "5f3a91c2".repeat(8), time: String::new(), seconds };
        let found = |bytes, first| FoundFile {
            path: "2019/a.jpg".to_owned(),
            path_base64: None,
            source: String::new(),
            blake3: String::new(),
            bytes,
            mtime: None,
            mtime_seconds: None,
            first: found_in(first),
            last: found_in(864_000),
        };
        let files = vec![found(1_234, 0), found(5, 864_000)];
        let mut report = FindReport { snapshots: 2, found: files, more: false, folders_read: 0, problems: vec![] };
        let words = |report: &FindReport| {
            let mut out = String::new();
            find_words(report, &mut out);
            out
        };
        let lines = words(&report);
        let columns: Vec<Vec<&str>> = lines.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!((columns[0][0], columns[0].last()), ("1,234", Some(&"5f3a91c2:2019/a.jpg")));
        let place = |line: &str| line.find("5f3a91c2:");
        assert_eq!(lines.lines().map(place).collect::<Vec<_>>(), vec![place(lines.lines().next().unwrap()); 2], "{lines}");
        report.found.clear();
        assert_eq!(words(&report), "nothing found in 2 snapshots\n");
    }
}
