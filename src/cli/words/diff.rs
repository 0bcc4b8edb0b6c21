//! Owns the words of `diff`: one line a source with the numbers, then the differences by kind.

use super::problems::problem_lines;
use crate::cli::human::{self, Local};
use crate::cli::sanitize;
use crate::ops::diff::{DiffCounts, DiffKind, DiffLine, DiffReport, DiffSource, Presence};
use std::fmt::Write;

/// Lines of a kind that are shown unless all are asked for.
const SHOWN_MAX: usize = 20;

/// Writes the report; `all` shows every line that it has.
pub(in crate::cli) fn diff_words(report: &DiffReport, all: bool, out: &mut String) {
    let local = Local::system();
    let width = report.sources.iter().map(|source| label(source).chars().count()).max().unwrap_or(0).max(8);
    let side = |seconds, id: &str| format!("{} ({})", local.minute(seconds), id.chars().take(8).collect::<String>());
    let (before, after) = (&report.before, &report.after);
    let (from, to) = (side(before.seconds, &before.snapshot), side(after.seconds, &after.snapshot));
    for source in &report.sources {
        // Writing into a String cannot fail.
        let files = || format!("{}, {}", human::counted(source.files, "file", "files"), human::bytes(source.bytes));
        let numbers = match source.present_in {
            Presence::Both if source.counts.is_none() => format!("nothing changed from {from} to {to}"),
            Presence::Both => format!("{}  ·  from {from} to {to}", numbers(&source.counts)),
            Presence::Before => format!("{}: this source is only in {from}", files()),
            Presence::After => format!("{}: this source is only in {to}", files()),
        };
        _ = writeln!(out, "{:<width$}  {numbers}", label(source));
        for lines in source.changes.chunk_by(|one, other| one.kind == other.kind) {
            let shown = if all { lines.len() } else { SHOWN_MAX };
            for line in lines.iter().take(shown) {
                _ = writeln!(out, "{}", one_line(line));
            }
            if lines.len() > shown {
                let more = human::count(u64::try_from(lines.len() - shown).unwrap_or(0));
                _ = writeln!(out, "          and {more} more (-v lists all)");
            }
        }
    }
    if report.sources.is_empty() {
        _ = writeln!(out, "there is no source in either snapshot");
    }
    if report.left_out > 0 {
        _ = writeln!(out, "{} more are counted and not listed", human::count(report.left_out));
    }
    problem_lines(&report.problems, out);
}

fn label(source: &DiffSource) -> String {
    let label = sanitize::line(&source.label);
    match &source.label_before {
        Some(before) => format!("{label} (was {})", sanitize::line(before)),
        None => label,
    }
}

/// `2 new, 1 moved, 3 gone`.
fn numbers(counts: &DiffCounts) -> String {
    let folders = |count, word: &str| (count, format!("{} {word}", human::counted(count, "folder", "folders")));
    let of = |count, word: &str| (count, format!("{} {word}", human::count(count)));
    let parts = [
        of(counts.new, "new"),
        of(counts.renamed, "renamed"),
        of(counts.moved, "moved"),
        of(counts.metadata_changed, "with other metadata"),
        of(counts.picture_changed, "with another picture"),
        of(counts.content_changed, "changed"),
        of(counts.facts_changed, "with other facts"),
        of(counts.kind_changed, "of another kind"),
        of(counts.gone, "gone"),
        folders(counts.new_folders, "new"),
        folders(counts.gone_folders, "gone"),
    ];
    let said: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words).collect();
    said.join(", ")
}

fn one_line(line: &DiffLine) -> String {
    let slash = if line.entry == "folder" && line.path != "." { "/" } else { "" };
    let path = format!("{}{slash}", line.path);
    let bytes = |bytes: Option<u64>| bytes.map(|bytes| format!("   {}", human::bytes(bytes))).unwrap_or_default();
    let (word, said) = match line.kind {
        DiffKind::New => ("new", format!("{path}{}", bytes(line.bytes_after))),
        DiffKind::Gone => ("gone", format!("{path}{}", bytes(line.bytes_before))),
        DiffKind::Renamed => ("renamed", format!("{} → {path}", line.from.as_deref().unwrap_or_default())),
        DiffKind::Moved => ("moved", format!("{} → {path}", line.from.as_deref().unwrap_or_default())),
        DiffKind::FactsChanged => ("facts", format!("{path}   {}", line.facts.join(", "))),
        DiffKind::KindChanged => ("kind", format!("{path}   was a {}, is a {}", line.entry_before.unwrap_or_default(), line.entry)),
        DiffKind::MetadataChanged | DiffKind::PictureChanged | DiffKind::ContentChanged => {
            let from = line.from.as_ref().map(|from| format!("{from} → ")).unwrap_or_default();
            let word = match line.kind {
                DiffKind::MetadataChanged => "metadata",
                DiffKind::PictureChanged => "picture",
                _ => "changed",
            };
            let lengths = match (line.bytes_before, line.bytes_after) {
                (Some(before), Some(after)) if before != after => format!("   {} → {}", human::bytes(before), human::bytes(after)),
                (_, after) => bytes(after),
            };
            (word, format!("{from}{path}{lengths}"))
        }
    };
    format!("{word:<9} {said}")
}

#[cfg(test)]
mod tests {
    use super::diff_words;
    use crate::ops::diff::{DiffCounts, DiffKind, DiffLine, DiffReport, DiffSnapshot, DiffSource, Presence};

    fn line(kind: DiffKind, path: &str) -> DiffLine {
        DiffLine {
            kind,
            entry: "file",
            path: path.to_owned(),
            path_base64: None,
            from: matches!(kind, DiffKind::Renamed | DiffKind::Moved).then(|| "old.jpg".to_owned()),
            from_base64: None,
            entry_before: None,
            facts: vec!["time", "mode"],
            bytes_before: Some(1),
            bytes_after: Some(41_000),
        }
    }

    fn report(changes: Vec<DiffLine>) -> DiffReport {
        let snapshot = || DiffSnapshot { snapshot: "ab".repeat(32), time: String::new(), seconds: 0 };
        let counts = DiffCounts { new: 25, moved: 1, gone_folders: 1, ..DiffCounts::default() };
        let source = DiffSource {
            id: String::new(),
            label: "Pictures".to_owned(),
            label_before: None,
            present_in: Presence::Both,
            files: 0,
            bytes: 0,
            counts,
            changes,
        };
        DiffReport { before: snapshot(), after: snapshot(), sources: vec![source], left_out: 0, problems: vec![] }
    }

    #[test]
    fn numbers_first_then_twenty_lines_of_a_kind() {
        let mut changes: Vec<DiffLine> = (0..25).map(|number| line(DiffKind::New, &number.to_string())).collect();
        changes.push(line(DiffKind::Moved, "new/a.jpg"));
        changes.push(line(DiffKind::ContentChanged, "c.jpg"));
        changes.push(line(DiffKind::FactsChanged, "f.jpg"));
        let words = |all| {
            let mut out = String::new();
            diff_words(&report(changes.clone()), all, &mut out);
            out
        };
        let few = words(false);
        assert!(few.starts_with("Pictures  25 new, 1 moved, 1 folder gone  ·  from "), "{few}");
        assert!(few.contains("          and 5 more (-v lists all)\nmoved     old.jpg → new/a.jpg\n"), "{few}");
        assert!(few.contains("changed   c.jpg   1 byte → 41 kB\nfacts     f.jpg   time, mode\n"), "{few}");
        assert!(words(true).contains("new       24   41 kB\n"));
    }
}
