//! Owns the words of `snap`: what each source holds and what changed, what it cost, what was not saved, and what else to know.

use super::problems::problem_lines;
use crate::cli::human::{self, Local, count, counted};
use crate::cli::{sanitize, wording};
use crate::clock::Timestamp;
use crate::ops::snap::{ExcludedRule, NotSaved, SkippedKind, SnapPreview, SnapReport, SourceReport, Timings};
use crate::ops::{Problem, Severity};
use std::fmt::Write;

/// Lines of "not saved" on screen; all of them stand in the snapshot.
const NOT_SAVED_SHOWN: usize = 20;
/// Files that are only in the cloud and are named on screen.
const CLOUD_ONLY_SHOWN: usize = 3;
/// Rules named on screen; JSON has all.
const RULES_SHOWN: usize = 4;
/// Width of the first column, unless a label is longer.
const COLUMN: usize = 9;

/// Says what was done. `quiet` leaves away what went as it should.
pub(in crate::cli) fn snap_words(report: &SnapReport, now: Timestamp, quiet: bool, out: &mut String) {
    let local = Local::system();
    let labels = report.sources.iter().map(|source| sanitize::text(&source.label).chars().count());
    let width = labels.max().unwrap_or(0).clamp(COLUMN, 32);
    // Writing into a String cannot fail.
    if !quiet {
        for source in &report.sources {
            let label = sanitize::text(&source.label);
            _ = writeln!(out, "{label:<width$} {}", source_words(source, &local, now));
            passed_over_lines(source, width, out);
        }
        _ = writeln!(out, "{:<width$} {}", "stored", stored_words(report));
        // Of a source in which nothing changed files may be read again, and nobody asks what that saves.
        let has_news = report.sources.iter().any(|source| source.new_files + source.changed_files > 0);
        if let Some(saved) = saved_words(report).filter(|_| has_news) {
            _ = writeln!(out, "{:<width$} {saved}", "saved");
        }
    }
    not_saved_lines(report, width, &local, out);
    cloud_only_lines(report, width, quiet, &local, out);
    if !quiet {
        for name in &report.healed {
            _ = writeln!(out, "{:<width$} {}", "healed", sanitize::text(&wording::message(name)));
        }
    }
    let id: String = report.snapshot.chars().take(8).collect();
    let taken = human::seconds_of(&report.time).map_or_else(|| report.time.clone(), |seconds| local.minute(seconds));
    let duration = human::duration(report.timings.total);
    let proof = if report.stored_bytes > 0 { "; every new byte was decoded and compared before it was written" } else { "" };
    _ = writeln!(out, "snapshot {id} taken {taken} in {duration}{proof}");
    // What was not saved has its own lines above.
    let others: Vec<Problem> = report.problems.iter().filter(|problem| !is_not_saved(report, problem)).cloned().collect();
    let shown: Vec<Problem> = others.into_iter().filter(|problem| !quiet || problem.severity > Severity::Known).collect();
    problem_lines(&shown, out);
    if quiet {
        return;
    }
    for weakness in &report.weaknesses {
        _ = writeln!(out, "note      {}", sanitize::text(weakness));
    }
    if report.same_device == Some(true) {
        _ = writeln!(out, "note      this repository is on the same disk as the photos: it does not survive that disk");
    }
}

fn is_not_saved(report: &SnapReport, problem: &Problem) -> bool {
    let path = problem.path.as_deref();
    ["source-unreadable", "changed-while-read"].contains(&problem.code)
        && report.sources.iter().flat_map(|source| &source.not_saved).any(|not_saved| Some(not_saved.path.as_str()) == path)
}

/// `18,412 files, 214.6 GB  ·  12 new, 3 changed, 1 renamed, 2 gone since Sunday`.
fn source_words(source: &SourceReport, local: &Local, now: Timestamp) -> String {
    let holds = format!("{}, {}", counted(source.files, "file", "files"), human::bytes(source.bytes));
    if source.absent {
        let fate = source.kept_from.as_ref().map(|time| format!("kept as it was on {}", local.day_of(time)));
        return format!("{holds}  ·  absent: {}", fate.unwrap_or_else(|| "what was kept of it is lost".to_owned()));
    }
    let Some(since) = &source.since else { return format!("{holds}  ·  its first snapshot") };
    let since = local.since(since, now);
    let counts = [
        (source.new_files, "new"),
        (source.changed_files.saturating_sub(source.metadata_changed_files), "changed"),
        (source.metadata_changed_files, "metadata changed"),
        (source.renamed_files, "renamed"),
        (source.gone_files, "gone"),
        (source.lost, "lost"),
    ];
    let changes: Vec<String> =
        counts.into_iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{} {word}", count(number))).collect();
    let changes = if changes.is_empty() { "nothing changed".to_owned() } else { changes.join(", ") };
    format!("{holds}  ·  {changes} since {since}")
}

/// `48.1 MB new (of 214.6 GB)`.
fn stored_words(report: &SnapReport) -> String {
    let total: u64 = report.sources.iter().map(|source| source.bytes).fold(0, u64::saturating_add);
    let raw = report.stored.new_chunk_bytes;
    if raw == 0 {
        return format!("nothing new of {}: the snapshot itself took {}", human::bytes(total), human::bytes(report.stored_bytes));
    }
    let mut words = format!("{} new", human::bytes(raw));
    // What changed while it was read was stored twice: that may be more than the snapshot holds.
    if raw <= total {
        words.push_str(&format!(" (of {})", human::bytes(total)));
    }
    words
}

/// Where the time of a snap went, line by line.
pub(in crate::cli) fn timing_words(timings: &Timings, out: &mut String) {
    let threads = &timings.threads;
    let workers = counted(u64::try_from(threads.workers).unwrap_or(u64::MAX), "thread", "threads");
    let lines = [
        ("opening", timings.opening, "the index, and the last snapshots".to_owned()),
        ("walking", timings.walking, "and comparing with the last snapshot".to_owned()),
        ("storing", timings.storing, "reading, cutting, hashing, compressing, sealing, writing".to_owned()),
        ("  busy", threads.busy, format!("of {workers} together")),
        ("  input", threads.waiting_for_input, "opening and reading files".to_owned()),
        ("  output", threads.waiting_for_output, "waiting for the drive of the repository".to_owned()),
        ("  writing", threads.writing, "by two threads beside them".to_owned()),
        ("finishing", timings.finishing, "trees, index, manifest".to_owned()),
    ];
    for (name, seconds, words) in lines {
        // Writing into a String cannot fail.
        _ = writeln!(out, "{name:<COLUMN$} {:>9}  {words}", human::duration(seconds));
    }
}

/// `1.2 GB of copies, 9.1 MB of 3 pictures whose captions or other metadata changed (41 kB new), 14 MB by compression`.
fn saved_words(report: &SnapReport) -> Option<String> {
    let stored = &report.stored;
    let mut saved = Vec::new();
    if stored.same_file_bytes > 0 {
        saved.push(format!("{} of files that are here already", human::bytes(stored.same_file_bytes)));
    }
    if stored.same_picture_files > 0 {
        let pictures = counted(stored.same_picture_files, "picture", "pictures");
        let (there, new) = (human::bytes(stored.same_picture_bytes), human::bytes(stored.same_picture_new_bytes));
        saved.push(format!("{there} of {pictures} with other metadata (which cost {new})"));
    }
    if stored.same_piece_bytes > 0 {
        saved.push(format!("{} of pieces that are here already", human::bytes(stored.same_piece_bytes)));
    }
    // Less than a hundredth is not worth a word.
    if stored.compressed_away_bytes > stored.new_chunk_bytes / 100 && stored.new_chunk_bytes > 0 {
        saved.push(format!("{} by compression", human::bytes(stored.compressed_away_bytes)));
    }
    (!saved.is_empty()).then(|| saved.join(", "))
}

/// What is no photo and not missed: one line each.
/// What a snap would do.
pub(crate) fn preview_words(preview: &SnapPreview, out: &mut String) {
    let width = preview.sources.iter().map(|source| sanitize::text(&source.label).chars().count()).max().unwrap_or(0).max(COLUMN);
    for source in &preview.sources {
        let label = sanitize::text(&source.label);
        if let Some(reason) = &source.absent {
            let fate = if source.is_first { "it was never saved" } else { "what was kept of it stays" };
            _ = writeln!(out, "{label:<width$} cannot be read ({}): {fate}", sanitize::line(reason));
            continue;
        }
        _ = write!(out, "{label:<width$} {}, {}  ·  ", counted(source.files, "file", "files"), human::bytes(source.bytes));
        let mut parts = Vec::new();
        for (files, bytes, what) in [
            (source.new_files, Some(source.new_bytes), "new"),
            (source.read_again_files, Some(source.read_again_bytes), "to read again"),
            (source.gone_files, None, "no longer there under their names"),
            (source.unreadable.saturating_sub(source.cloud_only), None, "that cannot be looked at"),
            (source.cloud_only, None, "only in the cloud"),
        ] {
            if files > 0 {
                let bytes = bytes.map_or_else(String::new, |bytes| format!(" ({})", human::bytes(bytes)));
                parts.push(format!("{} {what}{bytes}", count(files)));
            }
        }
        for drive in source.drives_away.iter().take(RULES_SHOWN) {
            parts.push(format!("the drive at {} is not connected: what was on it stays as it was", sanitize::text(drive)));
        }
        let all = if source.is_first { "its first snapshot" } else { "nothing changed" };
        _ = writeln!(out, "{}", if parts.is_empty() { all.to_owned() } else { parts.join(", ") });
        excluded_line(&source.excluded, width, out);
    }
    let files = counted(preview.read_files, "file", "files");
    _ = writeln!(
        out,
        "would read {files}, {}, and store what of it is not here yet; nothing was written",
        human::bytes(preview.read_bytes)
    );
}

/// What rules left out, the most bytes first.
fn excluded_line(excluded: &[ExcludedRule], width: usize, out: &mut String) {
    if excluded.is_empty() {
        return;
    }
    let (files, bytes) = excluded.iter().fold((0, 0), |(files, bytes), rule| (files + rule.files, bytes + rule.bytes));
    let mut rules: Vec<&ExcludedRule> = excluded.iter().collect();
    rules.sort_by_key(|rule| std::cmp::Reverse((rule.bytes, rule.entries)));
    let named: Vec<String> =
        rules.iter().take(RULES_SHOWN).map(|rule| format!("{} {}", count(rule.entries), sanitize::text(&rule.rule))).collect();
    let more = if rules.len() > RULES_SHOWN { ", …" } else { "" };
    let files = counted(files, "file", "files");
    _ = writeln!(out, "{:<width$} {files}, {}, by rules: {}{more}", "left out", human::bytes(bytes), named.join(", "));
}

fn passed_over_lines(source: &SourceReport, width: usize, out: &mut String) {
    // Writing into a String cannot fail.
    if !source.skipped_kinds.is_empty() {
        let kinds: Vec<String> = source.skipped_kinds.iter().map(skipped_words).collect();
        let is_one = source.skipped_kinds.iter().map(|kind| kind.count).sum::<u64>() == 1;
        let why = if is_one { "it holds no data" } else { "they hold no data" };
        _ = writeln!(out, "{:<width$} {}: {why}", "skipped", kinds.join(", "));
    }
    excluded_line(&source.excluded, width, out);
    if let Some(path) = &source.repository_inside {
        _ = writeln!(out, "{:<width$} {}: it is this repository", "skipped", sanitize::text(path));
    }
    if source.vanished > 0 {
        let files = counted(source.vanished, "new file or folder", "new files or folders");
        _ = writeln!(out, "{:<width$} {files} vanished before they were read; what was only moved is saved next time", "gone");
    }
}

fn skipped_words(kind: &SkippedKind) -> String {
    match kind.what.split_once(" (") {
        // A name of its own stands in brackets behind the kind.
        Some(_) => format!("{} {}", count(kind.count), sanitize::text(&kind.what)),
        None => counted(kind.count, &kind.what, &format!("{}s", kind.what)),
    }
}

fn not_saved_lines(report: &SnapReport, width: usize, local: &Local, out: &mut String) {
    // What is only in the cloud has a line of its own.
    let total: u64 = report.sources.iter().map(|source| source.not_saved_count.saturating_sub(source.cloud_only)).sum();
    if total == 0 {
        return;
    }
    let (as_read, unread): (Vec<_>, Vec<_>) = listed_not_saved(report)
        .into_iter()
        .filter(|(_, not_saved)| !not_saved.cloud_only)
        .partition(|(_, not_saved)| not_saved.kept_as_read);
    let as_read_count = u64::try_from(as_read.len()).unwrap_or(0);
    let unlisted = total.saturating_sub(as_read_count + u64::try_from(unread.len()).unwrap_or(0));
    // Writing into a String cannot fail.
    if !unread.is_empty() {
        let files = counted(total - as_read_count, "file or folder", "files or folders");
        _ = writeln!(out, "{:<width$} {files} could not be read:", "not saved");
        list_not_saved(unread, unlisted, width, local, out);
    }
    if !as_read.is_empty() {
        let files = counted(as_read_count, "file", "files");
        _ = writeln!(out, "{:<width$} {files} changed while being read, twice:", "moving");
        list_not_saved(as_read, 0, width, local, out);
    }
}

/// What the report lists as not saved, each with the name that it is shown by: with its source's label where there are several.
fn listed_not_saved(report: &SnapReport) -> Vec<(String, &NotSaved)> {
    let several = report.sources.len() > 1;
    let mut listed = Vec::new();
    for source in &report.sources {
        let label = sanitize::text(&source.label);
        for not_saved in &source.not_saved {
            let path = sanitize::text(&not_saved.path);
            let is_named = not_saved.path == source.path || path.starts_with(&source.label);
            listed.push((if several && !is_named { format!("{label}/{path}") } else { path }, not_saved));
        }
    }
    listed
}

/// How many files are only in the cloud, three of them, what is kept of them, and what to do.
fn cloud_only_lines(report: &SnapReport, width: usize, quiet: bool, local: &Local, out: &mut String) {
    let total: u64 = report.sources.iter().map(|source| source.cloud_only).sum();
    let mut listed = listed_not_saved(report);
    listed.retain(|(_, not_saved)| not_saved.cloud_only);
    // The report has what is news first.
    let news = u64::try_from(listed.iter().filter(|(_, not_saved)| not_saved.known_since.is_none()).count()).unwrap_or(0);
    let since = listed.iter().filter_map(|(_, not_saved)| not_saved.known_since.as_deref()).min();
    if total == 0 || quiet && news == 0 {
        return;
    }
    let known = match since {
        Some(since) if news == 0 => format!(" (known since {})", local.day_of(since)),
        Some(_) => format!(" ({} of them new)", count(news)),
        None => String::new(),
    };
    let mut names: Vec<&str> = listed.iter().take(CLOUD_ONLY_SHOWN).map(|(path, _)| path.as_str()).collect();
    let more = match total.saturating_sub(u64::try_from(names.len()).unwrap_or(0)) {
        0 => String::new(),
        more => format!("{} more", count(more)),
    };
    if !more.is_empty() {
        names.push(&more);
    }
    let last = names.pop().unwrap_or_default();
    let named = if names.is_empty() { last.to_owned() } else { format!("{} and {last}", names.join(", ")) };
    let files = counted(total, "file is", "files are");
    // Writing into a String cannot fail.
    _ = writeln!(out, "{:<width$} {files} only in the cloud{known}: {named}", "not saved");
    if quiet || news == 0 {
        return;
    }
    let kept = listed.iter().filter(|(_, not_saved)| not_saved.kept_from.is_some()).count();
    let fate = match (kept, listed.len() - kept) {
        (0, _) => "never saved yet",
        (_, 0) => "kept as they were in an earlier snapshot",
        _ => "kept as they were where an earlier snapshot has them, else never saved yet",
    };
    _ = writeln!(out, "{:width$}   {fate}", "");
    let then = "where a file .NAME.icloud stands, download it by hand first";
    _ = writeln!(out, "{:width$}   `snap --download-placeholders` downloads and saves them; {then}", "");
}

fn list_not_saved(mut lines: Vec<(String, &NotSaved)>, unlisted: u64, width: usize, local: &Local, out: &mut String) {
    // What is new comes first: it is why somebody reads this.
    lines.sort_by_key(|(_, not_saved)| not_saved.known_since.is_some());
    let path_width = lines.iter().take(NOT_SAVED_SHOWN).map(|(path, _)| path.chars().count()).max().unwrap_or(0).min(60);
    // Writing into a String cannot fail.
    for (path, not_saved) in lines.iter().take(NOT_SAVED_SHOWN) {
        _ = writeln!(out, "{:width$}   {path:<path_width$}   {}", "", fate(not_saved, local));
    }
    let more = unlisted + u64::try_from(lines.len().saturating_sub(NOT_SAVED_SHOWN)).unwrap_or(0);
    if more > 0 {
        _ = writeln!(out, "{:width$}   and {} more, all named in the snapshot (--json lists 1,000)", "", count(more));
    }
}

/// `permission denied   kept from the snapshot of 2026-11-15   known since 2026-11-15`.
fn fate(not_saved: &NotSaved, local: &Local) -> String {
    let kept = match &not_saved.kept_from {
        Some(time) => format!("   kept from the snapshot of {}", local.day_of(time)),
        None if not_saved.kept_as_read || not_saved.lost => String::new(),
        None => "   never saved".to_owned(),
    };
    let known = match &not_saved.known_since {
        Some(time) => format!("   known since {}", local.day_of(time)),
        None => String::new(),
    };
    format!("{}{kept}{known}", sanitize::text(&wording::message(&not_saved.reason)))
}

#[cfg(test)]
mod tests {
    use super::snap_words;
    use crate::clock::Timestamp;
    use crate::ops::snap::{ExcludedRule, NotSaved, SkippedKind, SnapReport, SourceReport, Stored};

    const NOW: Timestamp = Timestamp::from_seconds(1_795_370_640); // 2026-11-22T18:04:00Z

    fn report() -> SnapReport {
        let not_saved = |path: &str, kept_from: Option<&str>| NotSaved {
            path: path.to_owned(),
            reason: "permission denied".to_owned(),
            kept_as_read: false,
            cloud_only: false,
            lost: false,
            kept_from: kept_from.map(str::to_owned),
            known_since: None,
        };
        let source = SourceReport {
            label: "Pictures".to_owned(),
            files: 18_412,
            bytes: 214_600_000_000,
            new_files: 12,
            changed_files: 3,
            renamed_files: 1,
            gone_files: 2,
            since: Some("2026-11-15T12:00:00Z".to_owned()),
            not_saved: vec![not_saved("2024/06/IMG_9931.MOV", Some("2026-11-15T12:00:00Z")), not_saved("2024/06/IMG_9932.MOV", None)],
            not_saved_count: 2,
            ..SourceReport::default()
        };
        SnapReport {
            snapshot: "5f3a91c2".repeat(8),
            time: "2026-11-22T12:00:00Z".to_owned(),
            sources: vec![source],
            stored_bytes: 48_200_000,
            stored: Stored { new_chunk_bytes: 48_100_000, ..Stored::default() },
            same_device: Some(true),
            ..SnapReport::default()
        }
    }

    #[test]
    fn the_number_first_and_what_was_not_saved_by_name() {
        let mut out = String::new();
        snap_words(&report(), NOW, false, &mut out);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0], "Pictures  18,412 files, 214.6 GB  ·  12 new, 3 changed, 1 renamed, 2 gone since 2026-11-15");
        assert_eq!(lines[1], "stored    48.1 MB new (of 214.6 GB)");
        assert_eq!(lines[2], "not saved 2 files or folders could not be read:");
        assert_eq!(lines[3], "            2024/06/IMG_9931.MOV   permission denied   kept from the snapshot of 2026-11-15");
        assert_eq!(lines[4], "            2024/06/IMG_9932.MOV   permission denied   never saved");
        assert!(lines[5].starts_with("snapshot 5f3a91c2 taken 2026-11-22 "), "{}", lines[5]);
        assert!(lines[6].starts_with("note      this repository is on the same disk"), "{}", lines[6]);
    }

    #[test]
    fn more_bytes_than_the_snapshot_holds_are_not_said_to_be_a_part_of_it() {
        let mut report = report();
        (report.sources[0].bytes, report.stored.new_chunk_bytes) = (300_000_000, 300_500_000);
        let mut out = String::new();
        snap_words(&report, NOW, false, &mut out);
        assert!(out.contains("stored    300.5 MB new\n"), "{out}");
    }

    #[test]
    fn what_is_lost_or_absent_is_not_said_to_be_unchanged() {
        let mut report = report();
        let source = &mut report.sources[0];
        (source.new_files, source.changed_files, source.renamed_files, source.gone_files, source.lost) = (0, 0, 0, 0, 1);
        source.not_saved.truncate(1);
        let lost = &mut source.not_saved[0];
        (lost.lost, lost.kept_from) = (true, None);
        lost.reason = "it could not be read (permission denied), and what was kept of it is lost".to_owned();
        let words = |report: &SnapReport| {
            let mut out = String::new();
            snap_words(report, NOW, false, &mut out);
            out
        };
        let out = words(&report);
        assert!(out.contains("214.6 GB  ·  1 lost since 2026-11-15\n"), "{out}");
        assert!(out.contains("(permission denied), and what was kept of it is lost\n") && !out.contains("kept from"), "{out}");
        (report.sources[0].absent, report.sources[0].kept_from) = (true, Some("2026-11-15T12:00:00Z".to_owned()));
        assert!(words(&report).contains("·  absent: kept as it was on 2026-11-15\n"), "{}", words(&report));
        report.sources[0].kept_from = None;
        assert!(words(&report).contains("·  absent: what was kept of it is lost\n"), "{}", words(&report));
    }

    #[test]
    fn files_that_are_only_in_the_cloud_are_one_line_with_three_names() {
        let mut report = report();
        let source = &mut report.sources[0];
        let one = source.not_saved[1].clone();
        let in_cloud = (0..1000).map(|number| NotSaved { path: format!("{number}.heic"), cloud_only: true, ..one.clone() });
        source.not_saved.splice(1.., in_cloud);
        (source.not_saved_count, source.cloud_only) = (1_205, 1_204);
        let words = |report: &SnapReport, quiet| {
            let mut out = String::new();
            snap_words(report, NOW, quiet, &mut out);
            out
        };
        let out = words(&report, false);
        let lines: Vec<&str> = out.lines().skip(2).collect();
        assert_eq!(lines[0], "not saved 1 file or folder could not be read:");
        assert!(lines[1].contains("2024/06/IMG_9931.MOV"), "{out}");
        assert_eq!(lines[2], "not saved 1,204 files are only in the cloud: 0.heic, 1.heic, 2.heic and 1,201 more");
        assert_eq!(lines[3], "            never saved yet");
        assert!(
            lines[4].starts_with("            `snap --download-placeholders` downloads and saves them; ")
                && lines[5].starts_with("snapshot"),
            "{out}"
        );
        let source = &mut report.sources[0];
        for not_saved in &mut source.not_saved[2..] {
            not_saved.known_since = Some("2026-11-15T12:00:00Z".to_owned());
        }
        source.not_saved[1].kept_from = Some("2026-11-15T12:00:00Z".to_owned());
        assert!(words(&report, false).contains("only in the cloud (1 of them new): 0.heic, 1.heic"), "{}", words(&report, false));
        assert!(words(&report, false).contains("kept as they were where an earlier snapshot has them, else never saved yet\n"));
        let source = &mut report.sources[0];
        source.not_saved.truncate(3);
        source.not_saved.remove(0);
        source.not_saved[0].known_since = Some("2026-11-20T12:00:00Z".to_owned());
        (source.not_saved_count, source.cloud_only) = (2, 2);
        assert!(
            words(&report, false).contains("not saved 2 files are only in the cloud (known since 2026-11-15): 0.heic and 1.heic\nsnapshot")
        );
        assert!(!words(&report, true).contains("cloud"), "{}", words(&report, true));
    }

    #[test]
    fn what_was_passed_over_and_what_moved_has_words_of_its_own() {
        let mut report = report();
        let source = &mut report.sources[0];
        source.not_saved.truncate(1);
        source.not_saved_count = 1;
        source.not_saved[0].reason = "changed while it was read; kept as it was read".to_owned();
        (source.not_saved[0].kept_as_read, source.not_saved[0].kept_from) = (true, None);
        let kind = |what: &str, count| SkippedKind { what: what.to_owned(), count };
        source.skipped_kinds = vec![kind("named pipe", 1), kind("socket", 2)];
        source.repository_inside = Some("backup".to_owned());
        let rule = |rule: &str, entries, bytes| ExcludedRule { rule: rule.to_owned(), entries, files: entries, bytes };
        source.excluded = vec![rule(".DS_Store", 12, 73_000), rule("--exclude *.tmp", 1, 2_000_000)];
        let mut out = String::new();
        snap_words(&report, NOW, false, &mut out);
        assert!(out.contains("skipped   1 named pipe, 2 sockets: they hold no data\n"), "{out}");
        assert!(out.contains("skipped   backup: it is this repository\n"), "{out}");
        assert!(out.contains("left out  13 files, 2.1 MB, by rules: 1 --exclude *.tmp, 12 .DS_Store\n"), "{out}");
        assert!(out.contains("changed while it was read; kept as it was read\n"), "{out}");
        assert!(!out.contains("never saved") && !out.contains("could not be read"), "{out}");
    }

    #[test]
    fn a_quiet_run_says_what_is_wrong_and_what_was_taken() {
        let mut out = String::new();
        snap_words(&report(), NOW, true, &mut out);
        assert!(out.starts_with("not saved 2 files") && out.lines().count() == 4, "{out}");
    }
}
