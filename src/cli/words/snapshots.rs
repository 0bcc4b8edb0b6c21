//! Owns the words of `snapshots`.

use super::problems::problem_lines;
use crate::cli::args::SnapshotsArgs;
use crate::cli::human::{self, Local};
use crate::cli::sanitize;
use crate::ops::snapshots::{SnapshotLine, SnapshotsReport};
use std::fmt::Write;

/// One line per snapshot, newest first; with `long` what it needs, where it was taken, and the note.
pub(in crate::cli) fn snapshots_words(report: &SnapshotsReport, args: &SnapshotsArgs, out: &mut String) {
    let local = Local::system();
    let labels: Vec<String> = report.snapshots.iter().map(labels).collect();
    let label_width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let count_width = report.snapshots.iter().map(|line| human::count(line.files).len()).max().unwrap_or(0);
    // Writing into a String cannot fail.
    for (line, label) in report.snapshots.iter().zip(&labels) {
        let id: String = line.id.chars().take(8).collect();
        let time = local.with_offset(line.seconds);
        if report.locked {
            let needs = format!("needs {}, {}", human::counted(line.needs_packs, "pack", "packs"), human::bytes(line.needs_bytes));
            _ = writeln!(out, "{id}  {time}  {needs}");
            continue;
        }
        let noun = if line.files == 1 { "file" } else { "files" };
        _ = writeln!(
            out,
            "{id}  {time}  {label:<label_width$}  {:>count_width$} {noun:<5}  {:>9}",
            human::count(line.files),
            human::bytes(line.bytes)
        );
        if args.long {
            long_lines(line, out);
        }
    }
    match (report.snapshots.len(), report.forgotten) {
        (0, _) if args.source.is_some() => {
            let label = args.source.as_deref().unwrap_or_default();
            _ = writeln!(out, "no snapshot has a source with the label {}", sanitize::line(label));
        }
        (0, _) => _ = writeln!(out, "no snapshot here"),
        (_, 0) => {}
        (_, forgotten) => _ = writeln!(out, "{} forgotten", human::counted(forgotten, "snapshot", "snapshots")),
    }
    if report.locked && !report.snapshots.is_empty() {
        _ = writeln!(out, "locked: with the password there is more to see");
    }
    problem_lines(&report.problems, out);
}

fn labels(line: &SnapshotLine) -> String {
    let labels: Vec<String> = line.sources.iter().map(|source| sanitize::text(&source.label)).collect();
    labels.join(", ")
}

fn long_lines(line: &SnapshotLine, out: &mut String) {
    let needs = format!("needs {}, {}", human::counted(line.needs_packs, "pack", "packs"), human::bytes(line.needs_bytes));
    _ = writeln!(out, "          {needs}; by {}", sanitize::text(&line.tool));
    for source in &line.sources {
        let files = human::counted(source.files, "file", "files");
        let text = format!("{}: {} on {}, {files}, {}", source.label, source.path, source.host, human::bytes(source.bytes));
        _ = writeln!(out, "          {}", sanitize::text(&text));
    }
    if !line.note.is_empty() {
        _ = writeln!(out, "          note: {}", sanitize::text(&line.note).replace('\n', " "));
    }
}
