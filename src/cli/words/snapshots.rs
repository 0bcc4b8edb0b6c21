//! Owns the words of `snapshots`.

use super::problems::problem_lines;
use crate::cli::args::SnapshotsArgs;
use crate::cli::human::{self, Local};
use crate::cli::sanitize;
use crate::ops::snapshots::{NotSavedCounts, SnapshotLine, SnapshotsReport, State};
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
            if args.long {
                _ = writeln!(out, "          {}", standing(line));
            }
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

/// `48.1 MB new; complete`: by names and lengths.
fn standing(line: &SnapshotLine) -> String {
    let state = match line.state {
        Some(State::Complete) => "complete",
        Some(State::Elsewhere) => "a part of it would have to be downloaded",
        Some(State::Incomplete) => "incomplete",
        Some(State::Damaged) => "damaged",
        Some(State::Unknown) | None => "not known whether it is complete",
    };
    format!("{} new; {state}", human::bytes(line.new_bytes.unwrap_or(0)))
}

/// `2 could not be read, 1 only in the cloud`.
fn not_saved(counts: &NotSavedCounts) -> String {
    let parts = [
        (counts.unreadable, "could not be read"),
        (counts.vanished, "vanished"),
        (counts.cloud_only, "only in the cloud"),
        (counts.changed_while_read, "changed while read"),
        (counts.carried, "kept from an earlier snapshot"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, how)| format!("{} {how}", human::count(*count))).collect();
    said.join(", ")
}

fn long_lines(line: &SnapshotLine, out: &mut String) {
    let needs = format!("needs {}, {}", human::counted(line.needs_packs, "pack", "packs"), human::bytes(line.needs_bytes));
    _ = writeln!(out, "          {}; {needs}; by {}", standing(line), sanitize::text(&line.tool));
    let not_saved = line.not_saved.map(|counts| not_saved(&counts)).unwrap_or_default();
    if !not_saved.is_empty() {
        _ = writeln!(out, "          not saved as it was: {not_saved}");
    }
    for source in &line.sources {
        let files = human::counted(source.files, "file", "files");
        let absent =
            source.carried_from.as_ref().map(|id| format!("; absent, kept as snapshot {} has it", id.chars().take(8).collect::<String>()));
        let (bytes, absent) = (human::bytes(source.bytes), absent.unwrap_or_default());
        let text = format!("{}: {} on {}, {files}, {bytes}{absent}", source.label, source.path, source.host);
        _ = writeln!(out, "          {}", sanitize::text(&text));
    }
    if !line.note.is_empty() {
        _ = writeln!(out, "          note: {}", sanitize::text(&line.note).replace('\n', " "));
    }
}
