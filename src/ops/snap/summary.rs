//! Owns making the report of a snap that is done: what is new, renamed and gone, what was not saved, and which of that is news.

use super::files::Sums;
use super::plan::Unit;
use super::report::{NotSaved, SnapReport, SourceReport, Stored, Timings};
use super::run::{Compared, Found, base_of, stated};
use super::trees::Tree;
use super::{SnapSource, rfc3339};
use crate::ops::{Problem, Severity};
use crate::repo::{Heads, Known, Ledger, PackKind, PackSums, Repository, SnapshotName};
use crate::scan::escaped;
use crate::tree::{FileHash, Time};
use std::collections::HashMap;
use std::sync::atomic::Ordering;

/// What the report is made of.
pub(super) struct Summarised<'a, 'r> {
    pub(super) repository: &'r Repository,
    pub(super) sources: &'a [SnapSource],
    pub(super) found: &'a [Found],
    pub(super) compared: &'a [Option<Compared>],
    pub(super) built: &'a [Option<Tree>],
    pub(super) units: &'a [Unit],
    pub(super) heads: &'a Heads,
    pub(super) known: &'a Known,
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
/// A source of at least so many files that has fewer than half of them now is worth a loud word.
const SHRUNK_FROM_FILES: u64 = 10;

pub(super) fn report(summarised: Summarised<'_, '_>, ledger: &mut Ledger) -> SnapReport {
    let now_seconds = summarised.repository.surroundings().clock.now().seconds;
    let mut problems = Vec::new();
    let mut reports = Vec::new();
    for position in 0..summarised.sources.len() {
        reports.extend(source_report(&summarised, position, ledger, now_seconds, &mut problems));
    }
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
    if let Err(error) = &found.walk {
        let kept = match base {
            Some((manifest, _)) => format!("kept as it was on {}", rfc3339(stated(manifest))),
            None => "never saved".to_owned(),
        };
        let message = format!("{path} is absent, empty or cannot be read ({}): {kept}", error.reason());
        let problem = Problem::of_path("source-absent", Severity::Notice, path, message)
            .with_hint("is the drive connected? `--allow-empty` lets it go");
        problems.push(news(ledger, now_seconds, problem));
        if let Some((_, record)) = base {
            (report.files, report.bytes, report.folders) = (record.counts.files, record.counts.bytes, record.counts.folders);
        }
        return Some(report);
    }
    let (tree, compared) = (summarised.built.get(position)?.as_ref()?, summarised.compared.get(position)?.as_ref()?);
    let counts = &tree.counts;
    (report.files, report.folders, report.symlinks) = (counts.files, counts.folders, counts.symlinks);
    (report.bytes, report.skipped) = (counts.bytes, counts.skipped);
    let units = summarised.units.iter().filter(|unit| unit.source == position);
    (report.read_files, report.read_bytes) = units.fold((0, 0), |(files, bytes), unit| (files + 1, bytes + unit.stat.length_bytes));
    count_changes(&mut report, tree, compared);
    report.not_saved_count = u64::try_from(tree.not_saved.len()).unwrap_or(0);
    for not_saved in tree.not_saved.iter().take(NOT_SAVED_SHOWN) {
        let known_since = ledger.tell(&format!("not saved {label} {} {}", not_saved.path, not_saved.reason), now_seconds);
        let known_since = known_since.map(|seconds| rfc3339(Time { seconds, nanoseconds: 0 }));
        problems.push(not_saved_problem(not_saved, known_since.is_some()));
        report.not_saved.push(NotSaved { known_since, ..not_saved.clone() });
    }
    if let Some((_, record)) = base
        && record.counts.files >= SHRUNK_FROM_FILES
        && counts.files.saturating_mul(2) < record.counts.files
    {
        let message = format!("{path} had {} files in the last snapshot and has {} now", record.counts.files, counts.files);
        problems.push(news(ledger, now_seconds, Problem::of_path("source-shrank", Severity::Notice, path, message)));
    }
    Some(report)
}

fn not_saved_problem(not_saved: &NotSaved, is_known: bool) -> Problem {
    let kept = not_saved.kept_from.as_ref().map_or_else(|| "never saved".to_owned(), |from| format!("kept from the snapshot of {from}"));
    let severity = if is_known { Severity::Known } else { Severity::Notice };
    Problem::of_path("source-unreadable", severity, not_saved.path.clone(), format!("{}, {kept}", not_saved.reason))
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
    let damaged: Vec<_> = summarised.known.damaged_packs(ledger).collect();
    let mut tell = |code, object: String, message: String| {
        let problem = Problem::of_object(code, Severity::Notice, object, message).with_hint("`tintype check` says which photos are hit");
        problems.push(news(ledger, now_seconds, problem));
    };
    for (pack, reason) in &summarised.known.loaded.bad_packs {
        tell("pack-damaged", pack.hex(), format!("pack {} was not used: {reason}", pack.short()));
    }
    for pack in damaged {
        tell("pack-damaged", pack.hex(), format!("pack {} is damaged: this snapshot does not rely on it", pack.short()));
    }
    for pack in summarised.known.missing_packs() {
        tell("pack-missing", pack.hex(), format!("pack {} is gone or not whole: this snapshot does not rely on it", pack.short()));
    }
    for bad in &summarised.heads.bad {
        if let crate::repo::Loaded::Bad { file, reason, .. } = bad {
            tell("manifest-damaged", file.path(), format!("an older manifest cannot be read: {reason}"));
        }
    }
}
