//! Owns making the report of a snap that is done: what is new, renamed and gone, what was not saved, and which of that is news.

use super::absent::CarriedSource;
use super::files::Sums;
use super::lost::pack_problems;
use super::plan::Plan;
use super::readback::ReadBackSums;
use super::report::{ExcludedRule, NotSaved, SkippedKind, SnapReport, SourceReport, Stored, Timings};
use super::run::{Built, Found, base_of, stated};
use super::trees::Tree;
use super::units::Units;
use super::{SnapSource, rfc3339};
use crate::ops::{Problem, Severity};
use crate::repo::{
    Heads, Healing, Known, Ledger, Manifest, ObjectReader, PackKind, PackName, PackSums, Repository, SnapshotName, SourceRecord, Turn,
};
use crate::scan::{ScanError, SkipReason, Walk, escaped};
use crate::tree::{Counts, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// What the report is made of.
pub(super) struct Summarised<'a, 'r> {
    pub(super) repository: &'r Repository,
    pub(super) sources: &'a [SnapSource],
    pub(super) found: &'a [Found],
    pub(super) compared: &'a [Option<Plan>],
    pub(super) built: &'a [Built],
    pub(super) units: &'a Units,
    pub(super) heads: &'a Heads,
    pub(super) known: &'a Known,
    pub(super) reader: &'a ObjectReader<'r>,
    /// Packs that had to be read from their second copy and stay so.
    pub(super) not_healed: BTreeSet<PackName>,
    /// Snapshots that were here once.
    pub(super) gone: Vec<Problem>,
    pub(super) packs: &'a PackSums,
    pub(super) sums: &'a Sums,
    pub(super) healing: Healing,
    pub(super) published: (SnapshotName, Time),
    pub(super) written_bytes: u64,
    pub(super) clock_note: Option<String>,
    pub(super) read_back: ReadBackSums,
    pub(super) not_kept: u64,
    pub(super) timings: Timings,
}

/// Lines that a report shows at most; the snapshot itself has all.
const NOT_SAVED_SHOWN: usize = 1000;
const GONE_SHOWN: usize = 20;
/// A source of at least so many files that has half of them or of their bytes now, or less, is worth a loud word.
const SHRUNK_FROM_FILES: u64 = 10;

pub(super) fn report(summarised: Summarised<'_, '_>, ledger: &mut Ledger) -> SnapReport {
    let now_seconds = summarised.repository.surroundings().clock.now().seconds;
    let turn = Turn { now_seconds, this_seconds: now_seconds, last_seconds: i64::MIN };
    let mut problems = Vec::new();
    let mut reports = Vec::new();
    for position in 0..summarised.sources.len() {
        reports.extend(source_report(&summarised, position, ledger, now_seconds, &mut problems));
    }
    pack_problems(&summarised, ledger, now_seconds, &mut problems);
    problems.extend(not_kept(&summarised));
    repository_problems(&summarised, ledger, turn, &mut problems);
    if let Some(note) = &summarised.clock_note {
        problems.push(news(ledger, turn, Problem::of_object("clock-not-followed", Severity::Notice, "clock", note.clone())));
    }
    let data = summarised.packs.packs.iter().filter(|pack| pack.kind == PackKind::Data);
    let stored = Stored {
        new_chunks: summarised.sums.new_chunks.load(Ordering::Relaxed),
        new_chunk_bytes: summarised.sums.new_chunk_bytes.load(Ordering::Relaxed),
        same_file_bytes: summarised.sums.same_file_bytes.load(Ordering::Relaxed),
        same_picture_files: summarised.sums.same_picture_files.load(Ordering::Relaxed),
        same_picture_bytes: summarised.sums.same_picture_bytes.load(Ordering::Relaxed),
        same_picture_new_bytes: summarised.sums.same_picture_new_bytes.load(Ordering::Relaxed),
        same_piece_bytes: summarised.sums.same_piece_bytes.load(Ordering::Relaxed),
        compressed_away_bytes: summarised.packs.saved_bytes,
        media: summarised.sums.media.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        packs: u64::try_from(summarised.packs.packs.len()).unwrap_or(0),
        pack_bytes: data.map(|pack| pack.length_bytes).sum(),
    };
    SnapReport {
        snapshot: summarised.published.0.hex(),
        time: rfc3339(summarised.published.1),
        sources: reports,
        stored_bytes: summarised.packs.written_bytes + summarised.written_bytes,
        stored,
        same_device: same_device(&summarised),
        packs_read_back: summarised.read_back.copies,
        bytes_read_back: summarised.read_back.bytes,
        healed: summarised.healing.healed.clone(),
        weaknesses: summarised.repository.store().weaknesses(),
        problems,
        timings: summarised.timings,
    }
}

/// The problem, quiet if it was told in the last 30 days.
fn news(ledger: &mut Ledger, turn: Turn, problem: Problem) -> Problem {
    let words = format!("{} {:?} {:?} {}", problem.code, problem.path, problem.object, problem.message);
    match ledger.tell_in_turn(&words, turn) {
        Some(_) => Problem { severity: Severity::Known, ..problem },
        None => problem,
    }
}

fn same_device(summarised: &Summarised<'_, '_>) -> Option<bool> {
    let repository = summarised.repository.store().device()?;
    let devices: Vec<u64> = summarised.sources.iter().filter_map(|source| Some(source.source.stat(b"").ok()?.device)).collect();
    (!devices.is_empty()).then(|| devices.contains(&repository))
}

fn source_report(
    summarised: &Summarised<'_, '_>,
    position: usize,
    ledger: &mut Ledger,
    now_seconds: i64,
    problems: &mut Vec<Problem>,
) -> Option<SourceReport> {
    let (source, found) = (summarised.sources.get(position)?, summarised.found.get(position)?);
    let base = base_of(summarised.heads, &found.identity);
    let label = found.identity.label.clone();
    let path = escaped(&source.path);
    let mut report = SourceReport { label: label.clone(), path: path.clone(), id: found.identity.id.hex(), ..SourceReport::default() };
    report.since = base.map(|(manifest, _)| rfc3339(stated(manifest)));
    let last_seconds = base.map_or(i64::MIN, |(manifest, _)| stated(manifest).seconds);
    let turn = Turn { now_seconds, this_seconds: summarised.published.1.seconds, last_seconds };
    let walk = match (&found.walk, summarised.built.get(position)?) {
        (Err(error), Built::Absent(Some(carried))) => {
            let counts = &carried.record.counts;
            (report.files, report.folders, report.symlinks, report.bytes) = (counts.files, counts.folders, counts.symlinks, counts.bytes);
            (report.absent, report.lost, report.kept_from) = (true, carried.lost_now, carried.kept_from.clone());
            absent_problem(&path, error, carried, ledger, turn, problems);
            let lost = carried.lost.iter().map(|(path, reason)| NotSaved {
                path: if path.is_empty() { escaped(&source.path) } else { escaped(path) },
                reason: reason.clone(),
                kept_as_read: false,
                cloud_only: false,
                lost: true,
                kept_from: None,
                known_since: None,
            });
            tell_not_saved(&mut report, lost.collect(), ledger, turn, problems);
            return Some(report);
        }
        (Err(error), _) => {
            // Nothing of it is kept anywhere: it is no source of this snapshot, and never becomes something that is known.
            let message = format!("{path} cannot be read ({}) and was never saved", error.reason());
            let problem = Problem::of_path("source-absent", Severity::Notice, path, message);
            problems.push(problem.with_hint("is the path right? is its drive connected?"));
            return None;
        }
        (Ok(walk), _) => walk,
    };
    let (Built::Tree(tree), Some(plan)) = (summarised.built.get(position)?, summarised.compared.get(position)?) else {
        return Some(report);
    };
    let counts = &tree.counts;
    (report.files, report.folders, report.symlinks) = (counts.files, counts.folders, counts.symlinks);
    (report.bytes, report.skipped, report.vanished) = (counts.bytes, counts.skipped, tree.vanished);
    report.lost = tree.lost;
    (report.skipped_kinds, report.excluded, report.repository_inside) = skipped(walk);
    let source_problems = [rotten(&mut report, tree, base, &path), wrong_rules(found, &path), clock(&mut report, found, &path)];
    problems.extend(source_problems.into_iter().flatten().filter_map(|problem| match problem.code {
        // Bytes that change by themselves are told each time, a clock once.
        "source-rotten" => Some(problem),
        "clock-shifted" => Some(news(ledger, turn, problem)).filter(|problem| problem.severity != Severity::Known),
        _ => Some(news(ledger, turn, problem)),
    }));
    (report.read_files, report.read_bytes) = summarised.units.of_source(position);
    count_changes(&mut report, tree);
    tell_not_saved(&mut report, tree.not_saved.clone(), ledger, turn, problems);
    report.attributes_unread = tree.unread_attributes.count;
    problems.extend(plan.unmounted.replaced().iter().map(|path| news(ledger, turn, drive_replaced(path))));
    let of_tree = [attributes_problem(tree, &path), shrank(base.map(|(_, record)| record), tree, &path)];
    problems.extend(of_tree.into_iter().flatten().map(|problem| news(ledger, turn, problem)));
    Some(report)
}

/// A drive that does not give back what was written to it: stored again elsewhere, and nobody should trust it with more.
fn not_kept(summarised: &Summarised<'_, '_>) -> Option<Problem> {
    let place = summarised.repository.store().place();
    let packs = match summarised.not_kept {
        0 => return None,
        1 => "1 new pack".to_owned(),
        count => format!("{count} new packs"),
    };
    let message = format!("{packs} did not come back from the drive as written, and all in them was stored again");
    let problem = Problem::of_object("not-kept-by-drive", Severity::Notice, place, message);
    Some(problem.with_hint("test this drive before you trust it with photos: `tintype check --read-data` reads every byte of it"))
}

/// What was on a drive cannot be kept under a name that is a file's now.
fn drive_replaced(path: &[u8]) -> Problem {
    let path = escaped(path);
    let message =
        format!("a file or link stands now where a drive was mounted: what was on it is in earlier snapshots, and not in this one: {path}");
    Problem::of_path("drive-replaced", Severity::Notice, path, message)
}

fn attributes_problem(tree: &Tree, path: &str) -> Option<Problem> {
    let example = tree.unread_attributes.example.as_ref()?;
    let example = if example.is_empty() { path.to_owned() } else { escaped(example) };
    let count = tree.unread_attributes.count;
    let what = if count == 1 { "1 extended attribute" } else { &format!("{count} extended attributes") };
    let message = format!("{what} could not be read, or are larger than 64 MiB, and are not saved, e.g. of {example}");
    Some(Problem::of_path("attributes-unread", Severity::Notice, example, message))
}

fn shrank(before: Option<&SourceRecord>, tree: &Tree, path: &str) -> Option<Problem> {
    let (before, kind) = (before?, std::mem::discriminant(&tree.root.content));
    if !has_shrunk(&before.counts, &tree.counts) && std::mem::discriminant(&before.root.content) == kind {
        return None;
    }
    let files = |count: u64| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    let (had, has) = (files(before.counts.files), files(tree.counts.files));
    let message =
        format!("{path} had {had}, {} bytes in the last snapshot and has {has}, {} bytes now", before.counts.bytes, tree.counts.bytes);
    Some(Problem::of_path("source-shrank", Severity::Notice, path, message))
}

fn absent_problem(path: &str, error: &ScanError, carried: &CarriedSource, ledger: &mut Ledger, turn: Turn, problems: &mut Vec<Problem>) {
    let reason = error.reason();
    let fate = match (&carried.kept_from, carried.lost.len()) {
        (None, _) => "what was kept of it is lost".to_owned(),
        (Some(from), 0) => format!("kept as it was on {from}"),
        (Some(from), 1) => format!("kept as it was on {from}, less 1 file or folder that is lost"),
        (Some(from), lost) => format!("kept as it was on {from}, less {lost} files or folders that are lost"),
    };
    let message = format!("{path} is absent, empty or cannot be read ({reason}): {fate}");
    // What is lost of it is told by itself: here only the absence is news.
    let severity = match ledger.tell_in_turn(&format!("source-absent {path} {reason}"), turn) {
        Some(_) => Severity::Known,
        None => Severity::Notice,
    };
    let problem = Problem::of_path("source-absent", severity, path, message);
    problems.push(problem.with_hint("is the drive connected? it stays kept until it is back"));
}

/// What rules left out, by rule.
pub(super) fn excluded_by_rule(walk: &Walk) -> Vec<ExcludedRule> {
    skipped(walk).1
}

/// Sockets and the like by kind, what rules left out, and where the repository lies.
fn skipped(walk: &Walk) -> (Vec<SkippedKind>, Vec<ExcludedRule>, Option<String>) {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let mut excluded: BTreeMap<&str, ExcludedRule> = BTreeMap::new();
    let mut inside = None;
    for folder in &walk.folders {
        for skipped in &folder.skipped {
            if skipped.reason == SkipReason::Repository {
                inside = Some(escaped(&super::identity::join(&folder.path, &skipped.name)));
            } else if let SkipReason::Excluded(rule) = &skipped.reason {
                let sum = excluded.entry(rule).or_insert_with(|| ExcludedRule { rule: rule.clone(), ..ExcludedRule::default() });
                sum.entries += 1;
                sum.files += skipped.size.files;
                sum.bytes = sum.bytes.saturating_add(skipped.size.bytes);
            } else {
                *kinds.entry(skipped.reason.to_string()).or_default() += 1;
            }
        }
    }
    let kinds = kinds.into_iter().map(|(what, count)| SkippedKind { what, count }).collect();
    (kinds, excluded.into_values().collect(), inside)
}

/// Bytes that are others though length, times and file id say that nobody wrote: both versions are kept, and it is an alarm.
fn rotten(report: &mut SourceReport, tree: &Tree, base: Option<(&Manifest, &SourceRecord)>, path: &str) -> Option<Problem> {
    let rotten: Vec<String> = tree.changes.rotten.iter().map(|path| escaped(path)).collect();
    report.rotten_files = u64::try_from(rotten.len()).unwrap_or(u64::MAX);
    let (first, (manifest, _)) = (rotten.first()?, base?);
    let what = if rotten.len() == 1 { first.clone() } else { format!("{} files of {path}, e.g. {first},", rotten.len()) };
    let verb = if rotten.len() == 1 { "has" } else { "have" };
    let message = format!(
        "{what} {verb} other bytes than before, and nothing says that anybody wrote to it: a failing disk, cable or memory does that. \
         Both versions are kept: the earlier one in snapshot {}",
        manifest.name.short()
    );
    let hint = "look at both versions, keep that snapshot, and copy this disk to another one soon";
    Some(Problem::of_path("source-rotten", Severity::Notice, first.clone(), message).with_hint(hint))
}

fn wrong_rules(found: &Found, path: &str) -> Option<Problem> {
    let first = found.wrong_rules.first()?;
    let message = format!("what to leave out of {path} is not clear, and is not left out: {}", escaped(first.as_bytes()));
    Some(Problem::of_path("rule-not-understood", Severity::Notice, path.to_owned(), message))
}

fn clock(report: &mut SourceReport, found: &Found, path: &str) -> Option<Problem> {
    report.clock_shift_seconds = found.shift_seconds;
    let hours = (found.shift_seconds.unsigned_abs() as f64) / 3600.0;
    let which = if found.shift_seconds < 0 { "earlier" } else { "later" };
    let message =
        format!("all times in {path} are {hours} h {which} than in the last snapshot: taken for a clock or a time zone, not for changes");
    (found.shift_seconds != 0).then(|| Problem::of_path("clock-shifted", Severity::Note, path.to_owned(), message))
}

/// Finds out what of the list is news, and reports news first: a long list of known things hides none.
fn tell_not_saved(report: &mut SourceReport, list: Vec<NotSaved>, ledger: &mut Ledger, turn: Turn, problems: &mut Vec<Problem>) {
    report.not_saved_count = u64::try_from(list.len()).unwrap_or(0);
    report.cloud_only = u64::try_from(list.iter().filter(|not_saved| not_saved.cloud_only).count()).unwrap_or(0);
    let mut told: Vec<NotSaved> = list
        .into_iter()
        .map(|not_saved| {
            let known_since = ledger.tell_in_turn(&format!("not saved {} {} {}", report.label, not_saved.path, not_saved.reason), turn);
            NotSaved { known_since: known_since.map(|seconds| rfc3339(Time { seconds, nanoseconds: 0 })), ..not_saved }
        })
        .collect();
    told.sort_by_key(|not_saved| not_saved.known_since.is_some());
    told.truncate(NOT_SAVED_SHOWN);
    problems.extend(told.iter().map(not_saved_problem));
    report.not_saved = told;
}

/// By half, in files or bytes, or to nothing.
fn has_shrunk(before: &Counts, now: &Counts) -> bool {
    let by_half = |before: u64, now: u64| before > 0 && now.saturating_mul(2) <= before;
    let is_large = before.files >= SHRUNK_FROM_FILES;
    is_large && (by_half(before.files, now.files) || by_half(before.bytes, now.bytes)) || before.bytes > 0 && now.bytes == 0
}

fn not_saved_problem(not_saved: &NotSaved) -> Problem {
    let message = match &not_saved.kept_from {
        Some(from) => format!("{}, kept from the snapshot of {from}", not_saved.reason),
        None if not_saved.kept_as_read || not_saved.lost => not_saved.reason.clone(),
        None => format!("{}, never saved", not_saved.reason),
    };
    let severity = if not_saved.known_since.is_some() { Severity::Known } else { Severity::Notice };
    let code = if not_saved.kept_as_read { "changed-while-read" } else { "source-unreadable" };
    Problem::of_path(code, severity, not_saved.path.clone(), message)
}

/// New, changed, renamed and gone, by the hashes of contents.
fn count_changes(report: &mut SourceReport, tree: &Tree) {
    let changes = &tree.changes;
    (report.new_files, report.changed_files, report.renamed_files) = (changes.new_files, changes.changed_files, changes.renamed_files);
    (report.metadata_changed_files, report.new_bytes) = (changes.metadata_changed_files, changes.new_bytes);
    report.gone_files = u64::try_from(tree.gone.len()).unwrap_or(u64::MAX);
    report.gone = tree.gone.iter().take(GONE_SHOWN).map(|path| escaped(path)).collect();
}

/// Damage of the repository that was noticed on the way: beside a good snapshot it is news once, then known.
fn repository_problems(summarised: &Summarised<'_, '_>, ledger: &mut Ledger, turn: Turn, problems: &mut Vec<Problem>) {
    let gone = summarised.gone.iter().map(|problem| news(ledger, turn, problem.clone()));
    problems.extend(gone.collect::<Vec<_>>());
    let mut tell = |code, object: String, message: String| {
        let problem = Problem::of_object(code, Severity::Notice, object, message).with_hint("`tintype check` says which photos are hit");
        problems.push(news(ledger, turn, problem));
    };
    for (pack, reason) in &summarised.known.loaded.bad_packs {
        tell("pack-damaged", pack.hex(), format!("pack {} was not used: {reason}", pack.short()));
    }
    for bad in &summarised.heads.bad {
        if let crate::repo::Loaded::Bad { file, reason, .. } = bad {
            tell("manifest-damaged", file.path(), format!("an older manifest cannot be read: {reason}"));
        }
    }
}
