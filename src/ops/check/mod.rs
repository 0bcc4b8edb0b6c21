//! Audits a repository: what is here, what is not, what is wrong, and which photos in which snapshots that hits.
//!
//! Nothing is written to the repository. Without the key everything is judged that names, lengths, hashes and needs can tell.

mod audit;
mod bookkeeping;
mod codes;
mod copies;
mod deep;
mod guides;
mod manifests;
mod needs;
mod pack_set;
mod packs;
mod photos;
mod report;
#[cfg(test)]
mod tests;
mod verdict;
mod workers;

pub use codes::{PROBLEM_CODES, ProblemCode};
pub use report::{CheckReport, CheckedSnapshot, LastComplete, SnapshotState};

use crate::ops::guides::GuidesState;
use crate::ops::{Error, Outcome, Problem, Severity, SnapshotRef, time_ahead};
use crate::progress::{Observer, Stage};
use crate::repo::{PackName, Repository, StoredName};
use audit::Audit;
use deep::DeepTotals;
use manifests::{Judged, Origin};
use needs::Pages;
use packs::Looks;
use std::collections::BTreeSet;

/// Which packs to read back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Subset {
    /// The packs whose names fall into one of so many equal parts, counted from 1.
    Part {
        /// Which part.
        part: u32,
        /// Of how many.
        parts: u32,
    },
    /// So many percent of the bytes, least lately verified first.
    Percent(f64),
    /// At least so many bytes, least lately verified first.
    Bytes(u64),
}

/// How deep to look.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Depth {
    /// Names, lengths, last bytes and bookkeeping.
    #[default]
    Quick,
    /// Every byte.
    ReadData,
    /// Every byte of some packs.
    Subset(Subset),
}

/// What to audit.
#[derive(Debug, Clone, Default)]
pub struct CheckOptions {
    /// These snapshots and what they need; empty: all, and whatever else lies here.
    pub snapshots: Vec<SnapshotRef>,
    /// How deep.
    pub depth: Depth,
}

/// Audits a repository, with its key or without.
///
/// Errors: a name that names no snapshot, a rule of a newer version, or the place is gone: then nothing is noted in the ledger.
/// Cost: quick: one listing, the small files, 64 bytes of each pack that is new; with data: every byte once.
pub fn check(repository: &Repository, options: &CheckOptions, observer: &dyn Observer) -> Result<CheckReport, Error> {
    let clock = &repository.surroundings().clock;
    let began = clock.elapsed();
    validate(&options.depth)?;
    repository.refuse_newer_rules("check")?;
    observer.stage(Stage::Auditing, 0);
    let mut audit = Audit::begin(repository, observer, options.snapshots.is_empty())?;
    audit.check_repository_file();
    let mut judged = audit.read_manifests(&options.snapshots)?;
    if let Some(problem) = time_ahead(judged.iter().filter_map(|one| one.manifest.as_ref()), clock.now()) {
        audit.note(problem);
    }
    let pages = audit.read_needs(&mut judged)?;
    let mut guides = GuidesState::default();
    if audit.all {
        guides = audit.check_guides(!judged.is_empty())?;
        audit.check_slots_and_notices()?;
        audit.check_previous(&judged);
        report_forgotten(&mut audit, &judged);
    }
    let mut looks = audit.look_at_packs(&mut judged, &pages)?;
    let built = audit.check_index(&judged, &mut looks)?;
    let totals = audit.read_packs(&mut looks, &built, &options.depth)?;
    let read_all = options.depth == Depth::ReadData;
    if read_all && audit.all {
        let read: BTreeSet<StoredName> = pages.names().copied().chain(judged.iter().map(|one| one.file.hash)).collect();
        audit.read_unneeded(&read)?;
    }
    audit.note_pack_copies(&looks);
    audit.judge_snapshots(&mut judged, &pages, &mut looks, built)?;
    if audit.problems.iter().any(|problem| problem.severity >= Severity::Incomplete) {
        // Much that looks lost may only be a drive that was pulled out.
        repository.check_place()?;
    }
    let mut report = gather(&mut audit, judged, &pages, &looks, &totals);
    report.guides_absent = guides.absent.iter().map(|name| (*name).to_owned()).collect();
    report.guides_release = guides.release.map(str::to_owned);
    report.seconds = clock.elapsed().saturating_sub(began).as_secs_f64();
    audit.remember();
    Ok(report)
}

fn validate(depth: &Depth) -> Result<(), Error> {
    let why = match depth {
        Depth::Subset(Subset::Part { part, parts }) if *part == 0 || part > parts => "say N/M with N from 1 to M",
        Depth::Subset(Subset::Percent(percent)) if !(*percent > 0.0 && *percent <= 100.0) => "say a percentage above 0 and up to 100",
        _ => return Ok(()),
    };
    Err(Error::Usage { what: "--read-data-subset".to_owned(), why: why.to_owned() })
}

fn report_forgotten(audit: &mut Audit<'_>, judged: &[Judged]) {
    let mut snapshots = judged.iter().filter(|one| one.origin == Origin::First).peekable();
    if snapshots.peek().is_some() && snapshots.all(|one| one.report.forgotten) {
        let words = "tombstones name every snapshot; without the key it cannot be told whether they are real";
        audit.note(
            Problem::of_object("snapshots-forgotten", Severity::Notice, "tombstones", words).with_hint("check again with the password"),
        );
    }
}

fn gather(audit: &mut Audit<'_>, judged: Vec<Judged>, pages: &Pages, looks: &Looks, totals: &DeepTotals) -> CheckReport {
    let mut needed: BTreeSet<PackName> = BTreeSet::new();
    let mut seen_pages: BTreeSet<StoredName> = BTreeSet::new();
    for manifest in judged.iter().filter(|one| one.is_judged()).filter_map(|one| one.manifest.as_ref()) {
        needed.extend(manifest.public.needs.tail.iter().map(|pack| pack.name));
        for page in manifest.public.needs.pages.iter().filter(|page| seen_pages.insert(**page)) {
            needed.extend(pages.get(page).iter().map(|pack| pack.name));
        }
    }
    let verified = needed.iter().map(|name| audit.ledger.packs.get(name).and_then(|memory| memory.verified_seconds));
    let verified_since = verified.collect::<Option<Vec<i64>>>().and_then(|times| times.into_iter().min());
    let last_complete = judged
        .iter()
        .filter(|one| one.counts() && one.report.state == SnapshotState::Complete)
        .max_by_key(|one| one.manifest.as_ref().map(|manifest| (manifest.public.time, manifest.name)))
        .map(|one| LastComplete { id: one.report.id.clone(), time: one.report.time.clone() });
    let forgotten_not_verified = judged.iter().filter(|one| one.report.forgotten).count();
    let problems = audit.settle();
    let inventory = &audit.inventory;
    CheckReport {
        exit_code: Outcome::of(&problems).exit_code(),
        packs: needed.len().try_into().unwrap_or(u64::MAX),
        pack_bytes: needed.iter().filter_map(|name| looks.needed.get(name)).map(|pack| pack.length_bytes).fold(0, u64::saturating_add),
        packs_read: totals.packs,
        bytes_read: totals.bytes,
        objects_read: totals.objects,
        read_all: totals.all,
        problems,
        forgotten: audit.forgotten_count(),
        forgotten_not_verified: forgotten_not_verified.try_into().unwrap_or(u64::MAX),
        false_notices: u64::try_from(audit.notices.false_ones.len()).unwrap_or(u64::MAX),
        replaced_packs: looks.replaced_count(),
        guides_absent: Vec::new(),
        guides_release: None,
        foreign: inventory.foreign,
        temporaries: inventory.temporaries,
        locked: !audit.has_key(),
        could_not_see: if audit.has_key() { Vec::new() } else { UNSEEN.iter().map(|words| (*words).to_owned()).collect() },
        last_complete,
        verified_since: verified_since.map(|seconds| report::rfc3339(seconds, 0)),
        weaknesses: audit.repository.store().weaknesses(),
        snapshots: judged.into_iter().map(|one| one.report).collect(),
        seconds: 0.0,
    }
}

/// What cannot be seen without the key.
const UNSEEN: [&str; 4] = [
    "what is in the packs: only that their bytes are those that were written",
    "which photos a damaged pack hits",
    "whether the index says what the packs say",
    "whether tombstones are real",
];

/// A count with its word.
fn plural(count: usize, word: &str) -> String {
    plural_u64(u64::try_from(count).unwrap_or(u64::MAX), word)
}

fn plural_u64(count: u64, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        _ => match word.split_once(' ') {
            Some((first, rest)) => format!("{count} {first}s {rest}"),
            None => format!("{count} {word}s"),
        },
    }
}
