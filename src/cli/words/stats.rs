//! Owns the words of `stats`: what is there, the photos of today, what is saved.

use super::problems::problem_lines;
use crate::cli::human::{self, Local};
use crate::cli::sanitize;
use crate::ops::stats::StatsReport;
use std::fmt::Write;

/// Writes the report.
pub(in crate::cli) fn stats_words(report: &StatsReport, out: &mut String) {
    let local = Local::system();
    let files = |count| human::counted(count, "file", "files");
    let snapshots = human::counted(report.snapshots, "snapshot", "snapshots");
    let sources = human::counted(u64::try_from(report.sources.len()).unwrap_or(0), "source", "sources");
    // Writing into a String cannot fail.
    _ = writeln!(out, "{snapshots} of {sources}: {} in {} here", human::bytes(report.bytes), files(report.files));
    for place in report.places.iter().filter(|place| place.files > 0) {
        let what = match place.place {
            "packs-data" => "packs of photos",
            "packs-meta" => "packs of folders",
            "second" => "second copies",
            other => other,
        };
        _ = writeln!(out, "  {what:<20} {:>10}  {}", human::bytes(place.bytes), files(place.files));
    }
    if report.foreign_files > 0 {
        _ = writeln!(out, "  not counted: {} that are not the repository's", files(report.foreign_files));
    }
    if !report.objects.is_empty() {
        let objects = report.objects.iter().map(|objects| human::counted(objects.count, objects.kind, &format!("{}s", objects.kind)));
        _ = writeln!(out, "  {}", objects.collect::<Vec<_>>().join(", "));
    }
    for source in &report.sources {
        let label = sanitize::line(&source.label);
        let id: String = source.snapshot.chars().take(8).collect();
        let when = local.minute(source.seconds);
        _ = writeln!(out, "{label:<22} {:>10}  {} in {id} of {when}", human::bytes(source.bytes), files(source.files));
    }
    for kind in report.kinds.iter().filter(|kind| kind.files > 0) {
        _ = writeln!(out, "  {:<20} {:>10}  {}", kind.kind.words(), human::bytes(kind.bytes), files(kind.files));
    }
    if report.snapshots > 0 {
        saved(report, out);
    }
    problem_lines(&report.problems, out);
}

fn saved(report: &StatsReport, out: &mut String) {
    let (dedup, packed) = (&report.deduplication, &report.compression);
    let lines = [
        ("all snapshots", dedup.snapshot_bytes, "all files of all snapshots".to_owned()),
        ("each file once", dedup.distinct_file_bytes, human::counted(dedup.distinct_files, "file", "files")),
        ("each piece once", dedup.distinct_piece_bytes, human::counted(dedup.distinct_pieces, "piece", "pieces")),
        ("compressed", packed.data_stored_bytes, format!("from {}", human::bytes(packed.data_raw_bytes))),
    ];
    let stored = packed.data_stored_bytes;
    // Writing into a String cannot fail.
    _ = writeln!(out, "{:<22} {:>10}  of {}", "saved", human::bytes(dedup.snapshot_bytes.saturating_sub(stored)), {
        human::bytes(dedup.snapshot_bytes)
    });
    for (what, bytes, how) in lines {
        _ = writeln!(out, "  {what:<20} {:>10}  {how}", human::bytes(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::stats_words;
    use crate::ops::extensions::FileGroup;
    use crate::ops::stats::{Deduplication, StatsKind, StatsPlace, StatsReport};

    #[test]
    fn what_is_there_and_what_is_saved() {
        let report = StatsReport {
            files: 3,
            bytes: 1_500_000,
            places: vec![StatsPlace { place: "packs-data", files: 3, bytes: 1_500_000 }, StatsPlace { place: "needs", files: 0, bytes: 0 }],
            snapshots: 1,
            kinds: vec![StatsKind { kind: FileGroup::Raw, files: 1, bytes: 5 }],
            deduplication: Deduplication { snapshot_bytes: 2_000_000, ..Deduplication::default() },
            ..StatsReport::default()
        };
        let mut out = String::new();
        stats_words(&report, &mut out);
        assert!(out.starts_with("1 snapshot of 0 sources: 1.5 MB in 3 files here\n  packs of photos          1.5 MB  3 files\n"), "{out}");
        assert!(out.contains("raw pictures") && out.contains("saved                      2.0 MB  of 2.0 MB\n") && !out.contains("needs"));
    }
}
