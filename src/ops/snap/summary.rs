//! Owns making the report of a snap that is done: what is new, renamed and gone, what was not saved, and which of that is news.

use super::files::Sums;
use super::lost::pack_problems;
use super::plan::Unit;
use super::report::{NotSaved, SkippedKind, SnapReport, SourceReport, Stored, Timings};
use super::run::{Built, Compared, Found, base_of, stated};
use super::trees::Tree;
use super::{SnapSource, rfc3339};
use crate::ops::{Problem, Severity};
use crate::repo::{Heads, Known, Ledger, ObjectReader, PackKind, PackName, PackSums, Repository, SnapshotName};
use crate::scan::{ScanError, SkipReason, Walk, escaped};
use crate::tree::{Counts, FileHash, Time};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::Ordering;

/// What the report is made of.
pub(super) struct Summarised<'a, 'r> {
    pub(super) repository: &'r Repository,
    pub(super) sources: &'a [SnapSource],
    pub(super) found: &'a [Found],
    pub(super) compared: &'a [Option<Compared>],
    pub(super) built: &'a [Built],
    pub(super) units: &'a [Unit],
    pub(super) heads: &'a Heads,
    pub(super) known: &'a Known,
    pub(super) reader: &'a ObjectReader<'r>,
    /// Packs that had to be read from their second copy and stay so.
    pub(super) not_healed: BTreeSet<PackName>,
    /// Snapshots that were here once.
    pub(super) gone: Vec<Problem>,
    pub(super) packs: &'a PackSums,
    pub(super) sums: &'a Sums,
    pub(super) healed: Vec<String>,
    pub(super) published: (SnapshotName, Time),
    pub(super) written_bytes: u64,
    pub(super) clock_note: Option<String>,
    pub(super) timings: Timings,
}

/// Lines that a report shows at most; the snapshot itself has all.
const NOT_SAVED_SHOWN: usize = 1000;
const GONE_SHOWN: usize = 20;
/// A source of at least so many files that has half of them or of their bytes now, or less, is worth a loud word.
const SHRUNK_FROM_FILES: u64 = 10;

pub(super) fn report(summarised: Summarised<'_, '_>, ledger: &mut Ledger) -> SnapReport {
    let now_seconds = summarised.repository.surroundings().clock.now().seconds;
    let mut problems = Vec::new();
    let mut reports = Vec::new();
    for position in 0..summarised.sources.len() {
        reports.extend(source_report(&summarised, position, ledger, now_seconds, &mut problems));
    }
    pack_problems(&summarised, ledger, now_seconds, &mut problems);
    repository_problems(&summarised, ledger, now_seconds, &mut problems);
    if let Some(note) = &summarised.clock_note {
        problems.push(news(ledger, now_seconds, Problem::of_object("clock-not-followed", Severity::Notice, "clock", note.clone())));
    }
    let data = summarised.packs.packs.iter().filter(|pack| pack.kind == PackKind::Data);
    let stored = Stored {
        new_chunks: summarised.sums.new_chunks.load(Ordering::Relaxed),
        new_chunk_bytes: summarised.sums.new_chunk_bytes.load(Ordering::Relaxed),
        duplicate_bytes: summarised.sums.duplicate_bytes.load(Ordering::Relaxed),
        compressed_away_bytes: summarised.packs.saved_bytes,
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
        healed: summarised.healed.clone(),
        weaknesses: summarised.repository.store().weaknesses(),
        problems,
        timings: summarised.timings,
    }
}

/// The problem, quiet if it was told in the last 30 days.
fn news(ledger: &mut Ledger, now_seconds: i64, problem: Problem) -> Problem {
    let words = format!("{} {:?} {:?} {}", problem.code, problem.path, problem.object, problem.message);
    match ledger.tell(&words, now_seconds) {
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
    let walk = match (&found.walk, summarised.built.get(position)?) {
        (Err(error), built) => {
            absent_problem(summarised, position, error, ledger, now_seconds, problems);
            if let Built::Absent(Some(carried)) = built {
                let counts = &carried.record.counts;
                (report.files, report.bytes, report.folders) = (counts.files, counts.bytes, counts.folders);
                let lost = carried.lost.iter().map(|path| NotSaved {
                    path: escaped(path),
                    reason: "its source is absent, and what was stored of it is lost".to_owned(),
                    kept_as_read: false,
                    kept_from: None,
                    known_since: None,
                });
                tell_not_saved(&mut report, lost.collect(), ledger, now_seconds, problems);
            }
            return Some(report);
        }
        (Ok(walk), _) => walk,
    };
    let (Built::Tree(tree), Some(compared)) = (summarised.built.get(position)?, summarised.compared.get(position)?) else {
        return Some(report);
    };
    let counts = &tree.counts;
    (report.files, report.folders, report.symlinks) = (counts.files, counts.folders, counts.symlinks);
    (report.bytes, report.skipped, report.vanished) = (counts.bytes, counts.skipped, tree.vanished);
    (report.skipped_kinds, report.repository_inside) = skipped(walk);
    let units = summarised.units.iter().filter(|unit| unit.source == position);
    (report.read_files, report.read_bytes) = units.fold((0, 0), |(files, bytes), unit| (files + 1, bytes + unit.stat.length_bytes));
    count_changes(&mut report, tree, compared);
    tell_not_saved(&mut report, tree.not_saved.clone(), ledger, now_seconds, problems);
    if let Some((_, record)) = base
        && (has_shrunk(&record.counts, counts)
            || std::mem::discriminant(&record.root.content) != std::mem::discriminant(&tree.root.content))
    {
        let message = format!(
            "{path} had {} files, {} bytes in the last snapshot and has {} files, {} bytes now",
            record.counts.files, record.counts.bytes, counts.files, counts.bytes
        );
        problems.push(news(ledger, now_seconds, Problem::of_path("source-shrank", Severity::Notice, path, message)));
    }
    Some(report)
}

fn absent_problem(
    summarised: &Summarised<'_, '_>,
    position: usize,
    error: &ScanError,
    ledger: &mut Ledger,
    now_seconds: i64,
    problems: &mut Vec<Problem>,
) {
    let (Some(source), Some(found)) = (summarised.sources.get(position), summarised.found.get(position)) else { return };
    let path = escaped(&source.path);
    let Some((manifest, _)) = base_of(summarised.heads, &found.identity) else {
        // Nothing of it is kept anywhere, so it never becomes something that is known.
        let message = format!("{path} cannot be read ({}) and was never saved", error.reason());
        let problem = Problem::of_path("source-absent", Severity::Notice, path, message);
        problems.push(problem.with_hint("is the path right? is its drive connected?"));
        return;
    };
    let reason = error.reason();
    let message = format!(
        "{path} is absent, empty or cannot be read ({reason}): kept as it was on {}",
        rfc3339(Time { nanoseconds: 0, ..stated(manifest) })
    );
    let problem = Problem::of_path("source-absent", Severity::Notice, path.clone(), message);
    let problem = problem.with_hint("is the drive connected? `--allow-empty` lets it go");
    // The time in the message moves with every snapshot that carries it: it is no part of what is news.
    let severity = match ledger.tell(&format!("source-absent {path} {reason}"), now_seconds) {
        Some(_) => Severity::Known,
        None => Severity::Notice,
    };
    problems.push(Problem { severity, ..problem });
}

/// Sockets and the like by kind, and where the repository lies.
fn skipped(walk: &Walk) -> (Vec<SkippedKind>, Option<String>) {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let mut inside = None;
    for folder in &walk.folders {
        for skipped in &folder.skipped {
            if skipped.reason == SkipReason::Repository {
                inside = Some(escaped(&super::identity::join(&folder.path, &skipped.name)));
            } else {
                *kinds.entry(skipped.reason.to_string()).or_default() += 1;
            }
        }
    }
    (kinds.into_iter().map(|(what, count)| SkippedKind { what, count }).collect(), inside)
}

/// Finds out what of the list is news, and reports news first: a long list of known things hides none.
fn tell_not_saved(report: &mut SourceReport, list: Vec<NotSaved>, ledger: &mut Ledger, now_seconds: i64, problems: &mut Vec<Problem>) {
    report.not_saved_count = u64::try_from(list.len()).unwrap_or(0);
    let mut told: Vec<NotSaved> = list
        .into_iter()
        .map(|not_saved| {
            let known_since = ledger.tell(&format!("not saved {} {} {}", report.label, not_saved.path, not_saved.reason), now_seconds);
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
        None if not_saved.kept_as_read || not_saved.reason.ends_with("is lost") => not_saved.reason.clone(),
        None => format!("{}, never saved", not_saved.reason),
    };
    let severity = if not_saved.known_since.is_some() { Severity::Known } else { Severity::Notice };
    Problem::of_path("source-unreadable", severity, not_saved.path.clone(), message)
}

/// New, changed, renamed and gone, by the hashes of contents.
fn count_changes(report: &mut SourceReport, tree: &Tree, compared: &Compared) {
    let mut gone: HashMap<FileHash, u64> = HashMap::new();
    for (_, hash) in &compared.plan.gone {
        *gone.entry(*hash).or_default() += 1;
    }
    for read in &tree.read {
        match read.before {
            Some(before) if before == read.hash => {}
            Some(_) => {
                report.changed_files += 1;
                report.new_bytes += read.length_bytes;
            }
            None => match gone.get_mut(&read.hash).filter(|count| **count > 0) {
                Some(count) => {
                    *count -= 1;
                    report.renamed_files += 1;
                }
                None => {
                    report.new_files += 1;
                    report.new_bytes += read.length_bytes;
                }
            },
        }
    }
    for (path, hash) in &compared.plan.gone {
        if let Some(count) = gone.get_mut(hash).filter(|count| **count > 0) {
            *count -= 1;
            report.gone_files += 1;
            if report.gone.len() < GONE_SHOWN {
                report.gone.push(escaped(path));
            }
        }
    }
}

/// Damage of the repository that was noticed on the way: beside a good snapshot it is news once, then known.
fn repository_problems(summarised: &Summarised<'_, '_>, ledger: &mut Ledger, now_seconds: i64, problems: &mut Vec<Problem>) {
    let gone = summarised.gone.iter().map(|problem| news(ledger, now_seconds, problem.clone()));
    problems.extend(gone.collect::<Vec<_>>());
    let mut tell = |code, object: String, message: String| {
        let problem = Problem::of_object(code, Severity::Notice, object, message).with_hint("`tintype check` says which photos are hit");
        problems.push(news(ledger, now_seconds, problem));
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
