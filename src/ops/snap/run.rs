//! Owns one round of a snap: open, walk, compare, store, build, publish. A round whose packs are not all in place at the end is begun anew.

use super::files::{Outcome, Storing, Sums, packers_max};
use super::identity::{Candidate, Identity, identify};
use super::plan::{Comparing, Plan, Unit};
use super::stat_cache::StatCache;
use super::summary::{self, Summarised};
use super::trees::{Building, Tree};
use super::{SnapOptions, SnapReport, SnapSource, Timings};
use crate::ops::Error;
use crate::ops::objects::RepoObjects;
use crate::progress::{Observer, Stage};
use crate::repo::{
    Heads, Known, Ledger, Marks, NameFolder, Notices, ObjectReader, PackKind, PackName, PackRun, PackSums, Publication, Published,
    RepoError, Repository, Seen, SnapshotList, SnapshotName, SourceRecord, StoredFile,
};
use crate::scan::{ScanError, SkipReason, SkipRule, Walk, WalkOptions, escaped, walk};
use crate::tree::{self, Time};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a round ended.
pub(super) enum Round {
    Done(Box<SnapReport>),
    /// Packs that must not be relied on, and what was healed so far.
    NotInPlace(BTreeSet<PackName>, Vec<String>),
}

/// What the name of the program stands as in manifests.
const TOOL: &str = concat!("tintype ", env!("CARGO_PKG_VERSION"));

/// Everything that a round opens before it reads a file.
struct Opened<'r> {
    heads: Heads,
    known: Known,
    reader: ObjectReader<'r>,
    healed: Vec<String>,
}

/// A source in this round.
pub(super) struct Found {
    /// What was walked, or why it could not be.
    pub(super) walk: Result<Walk, ScanError>,
    pub(super) identity: Identity,
}

pub(super) fn round(
    repository: &Repository,
    sources: &[SnapSource],
    options: &SnapOptions,
    observer: &dyn Observer,
    ledger: &mut Ledger,
    notices: &Notices,
    distrusted: &BTreeSet<PackName>,
) -> Result<Round, Error> {
    let clock = &*repository.surroundings().clock;
    let mut laps = Laps::begin(clock);
    observer.stage(Stage::Opening, 0);
    let opened = open(repository, ledger, notices, distrusted)?;
    laps.lap(|timings| &mut timings.opening);

    observer.stage(Stage::Walking, 0);
    let found = find_sources(repository, sources, options, observer, &opened)?;
    let mut units = Vec::new();
    let compared = compare(repository, &found, options, &opened, &mut units);
    laps.lap(|timings| &mut timings.walking);
    let damaged = note_damaged(repository, &opened, ledger)?;
    if distrusted.is_empty() && !damaged.is_empty() {
        return Ok(Round::NotInPlace(damaged, opened.healed));
    }

    let sums = Sums::default();
    let threads = repository.surroundings().threads.max(1);
    let total_bytes = units.iter().map(|unit| unit.stat.length_bytes).sum();
    observer.stage(Stage::Storing, total_bytes);
    let ((built, needed), packs) = PackRun::run(repository, packers_max(total_bytes, threads) + 1, opened.known.reliable_packs(), |run| {
        let storing = Storing { sources, units: &units, known: &opened.known, run, observer, clock, sums: &sums };
        let outcomes = storing.store_all(threads)?;
        laps.lap(|timings| &mut timings.storing);
        observer.stage(Stage::Finishing, 0);
        build(sources, &found, &compared, &outcomes, &opened, run)
    })?;
    let needed = needed.into_iter().chain(own_meta(&packs)).collect();

    let records = records(repository, sources, &found, &built, &opened)?;
    let published = repository.publish(publication(options, records, needed, &packs, &opened), ledger)?;
    laps.lap(|timings| &mut timings.finishing);
    let (name, time, written_bytes, clock_note) = match published {
        Published::NotInPlace(packs) => return Ok(Round::NotInPlace(packs, opened.healed)),
        Published::Done { name, time, written_bytes, clock_note } => (name, time, written_bytes, clock_note),
    };
    store_caches(repository, &found, &built, name);
    let summarised = Summarised {
        repository,
        sources,
        found: &found,
        compared: &compared,
        built: &built,
        units: &units,
        heads: &opened.heads,
        known: &opened.known,
        packs: &packs,
        sums: &sums,
        healed: opened.healed,
        published: (name, time),
        written_bytes,
        clock_note,
        timings: laps.end(),
    };
    Ok(Round::Done(Box::new(summary::report(summarised, ledger))))
}

/// What could not be read of the last snapshots must not be relied on by this one: its packs are noted, and stored anew.
fn note_damaged(repository: &Repository, opened: &Opened<'_>, ledger: &mut Ledger) -> Result<BTreeSet<PackName>, Error> {
    let damaged = opened.reader.damaged_packs();
    if !damaged.is_empty() {
        // A drive that was pulled out is no damage.
        repository.check_place()?;
    }
    let now_seconds = repository.surroundings().clock.now().seconds;
    for name in &damaged {
        if let Some(seen) = opened.known.packs.files.get(name) {
            ledger.read_all(*name, *seen, false, now_seconds);
        }
        // Of a pack that stands twice both copies were tried.
        let second = StoredFile::first(NameFolder::Packs, *name).in_second();
        if let Some(listed) = repository.store().stat(&second.path()).map_err(RepoError::from)? {
            ledger.read_all_second(*name, Seen::from(&listed), false, now_seconds);
        }
    }
    Ok(damaged)
}

fn publication<'a>(
    options: &SnapOptions,
    sources: Vec<SourceRecord>,
    needed: BTreeSet<crate::repo::NeededPack>,
    packs: &'a PackSums,
    opened: &'a Opened<'_>,
) -> Publication<'a> {
    let (note, tool) = (options.note.clone(), TOOL.to_owned());
    Publication { sources, note, tool, needed, new_packs: &packs.packs, known: &opened.known, heads: &opened.heads }
}

/// Remembers by which facts the files of this snapshot are known again.
fn store_caches(repository: &Repository, found: &[Found], built: &[Option<Tree>], name: SnapshotName) {
    for (source, tree) in found.iter().zip(built) {
        if let Some(tree) = tree {
            tree.cache.store(&repository.surroundings().local, &repository.id().hex(), source.identity.id, name);
        }
    }
}

fn open<'r>(
    repository: &'r Repository,
    ledger: &mut Ledger,
    notices: &Notices,
    distrusted: &BTreeSet<PackName>,
) -> Result<Opened<'r>, Error> {
    let (mut heads, mut known) = look_around(repository, ledger, notices, distrusted)?;
    let mut healed = repository.heal(&known, notices, ledger)?;
    if healed.iter().any(|name| name.starts_with("packs/") || name.starts_with("snapshots/")) {
        // What came back counts from the start.
        (heads, known) = look_around(repository, ledger, notices, distrusted)?;
    }
    let reader = ObjectReader::with_whole_index(repository, known.index.clone());
    healed.extend(super::pages::write_lost_pages(repository, &known, &reader, notices, ledger)?);
    Ok(Opened { heads, known, reader, healed })
}

/// The newest manifests, and what may be relied on.
fn look_around(
    repository: &Repository,
    ledger: &mut Ledger,
    notices: &Notices,
    distrusted: &BTreeSet<PackName>,
) -> Result<(Heads, Known), Error> {
    let list = SnapshotList::take(&**repository.store(), notices)?;
    let heads = repository.heads(&list)?;
    let preferred = match heads.latest() {
        Some(manifest) => repository.read_needs(&manifest.public.needs)?.packs.into_iter().map(|pack| pack.name).collect(),
        None => BTreeSet::new(),
    };
    let known = repository.known(ledger, distrusted, preferred)?;
    Ok((heads, known))
}

fn find_sources(
    repository: &Repository,
    sources: &[SnapSource],
    options: &SnapOptions,
    observer: &dyn Observer,
    opened: &Opened<'_>,
) -> Result<Vec<Found>, Error> {
    let mut walks = Vec::new();
    for source in sources {
        let walked = walk(&*source.source, &walk_options(repository, source), observer);
        // A source that is one file has nothing else to go on with: if it cannot be opened, the source cannot be read.
        let walked = walked.and_then(|walk| match walk.folders.is_empty() {
            true => source.source.open(b"").map(|_| walk),
            false => Ok(walk),
        });
        if let Err(ScanError::Interrupted { .. }) = walked {
            return Err(RepoError::Interrupted.into());
        }
        walks.push(walked);
    }
    let is_empty = |walked: &Result<Walk, ScanError>| {
        walked.as_ref().is_ok_and(|walk| {
            walk.folders.first().is_some_and(|root| root.entries.is_empty() && root.problems.is_empty() && root.skipped.is_empty())
        })
    };
    if !options.allow_empty && walks.iter().all(|walked| walked.is_err() || is_empty(walked)) {
        // A reason is more useful than "empty": the first source that cannot be read says why.
        let failed = walks.into_iter().zip(sources).find_map(|(walked, source)| walked.err().map(|error| (source, error)));
        return Err(match (failed, sources.first()) {
            (Some((source, error)), _) => Error::Source { place: escaped(&source.path), source: error },
            (None, Some(first)) => Error::SourcesEmpty { place: escaped(&first.path) },
            (None, None) => Error::Usage { what: "snap".to_owned(), why: "no folder was given".to_owned() },
        });
    }
    let candidates: Vec<Candidate<'_>> =
        sources.iter().zip(&walks).map(|(source, walked)| Candidate { source, walk: walked.as_ref().ok() }).collect();
    let machine = repository.surroundings().local.machine_id(&repository.surroundings().entropy)?;
    let identities = identify(repository, &opened.reader, &opened.heads, &candidates, machine, options.continue_from)?;
    let mut found = Vec::new();
    for (walked, identity) in walks.into_iter().zip(identities) {
        // One of several that is empty now and was not: as absent as an unplugged drive.
        let was_full = opened.heads.of(identity.id).first().is_some_and(|manifest| {
            manifest
                .sealed
                .as_ref()
                .is_some_and(|sealed| sealed.sources.iter().any(|record| record.id == identity.id && record.counts.files > 0))
        });
        let walk = if !options.allow_empty && was_full && is_empty(&walked) {
            Err(ScanError::NotFound { path: Vec::new(), operation: crate::scan::Operation::Walk })
        } else {
            walked
        };
        found.push(Found { walk, identity });
    }
    Ok(found)
}

fn walk_options(repository: &Repository, source: &SnapSource) -> WalkOptions {
    let inside = source.repository_inside.clone();
    let skip: SkipRule = Arc::new(move |path, _| inside.as_deref().filter(|inside| *inside == path).map(|_| SkipReason::Repository));
    WalkOptions { skip, threads: repository.surroundings().threads.max(1), ..WalkOptions::default() }
}

/// What was found out about each source that can be read.
pub(super) struct Compared {
    pub(super) plan: Plan,
    pub(super) old_cache: StatCache,
}

/// The last snapshot's record of a source.
pub(super) fn base_of<'h>(heads: &'h Heads, identity: &Identity) -> Option<(&'h crate::repo::Manifest, &'h SourceRecord)> {
    let manifest = heads.manifests.get(identity.heads.first()?)?;
    Some((manifest, manifest.sealed.as_ref()?.sources.iter().find(|record| record.id == identity.id)?))
}

fn compare(
    repository: &Repository,
    found: &[Found],
    options: &SnapOptions,
    opened: &Opened<'_>,
    units: &mut Vec<Unit>,
) -> Vec<Option<Compared>> {
    let surroundings = repository.surroundings();
    let day = u64::try_from(surroundings.clock.now().seconds / 86_400).unwrap_or(0);
    let mut compared = Vec::new();
    for (position, source) in found.iter().enumerate() {
        let Ok(walked) = &source.walk else {
            compared.push(None);
            continue;
        };
        let base = base_of(&opened.heads, &source.identity);
        let old_cache = match base {
            Some((manifest, _)) => StatCache::load(&surroundings.local, &repository.id().hex(), source.identity.id, manifest.name),
            None => StatCache::default(),
        };
        let comparing = Comparing {
            source: position,
            reader: &opened.reader,
            known: &opened.known,
            cache: &old_cache,
            base: base.map(|(_, record)| record),
            day,
            reread: options.reread,
        };
        let plan = comparing.plan(walked, units);
        compared.push(Some(Compared { plan, old_cache }));
    }
    compared
}

type Built = (Vec<Option<Tree>>, BTreeSet<crate::repo::NeededPack>);

/// Builds the trees of all sources; an absent one's last root is marked whole.
fn build(
    sources: &[SnapSource],
    found: &[Found],
    compared: &[Option<Compared>],
    outcomes: &[Outcome],
    opened: &Opened<'_>,
    run: &PackRun<'_>,
) -> Result<Built, RepoError> {
    let mut marks = Marks::new(&opened.known, &run.filled_packs());
    let mut packer = run.packer(PackKind::Meta);
    let mut built = Vec::new();
    for ((source, found), compared) in sources.iter().zip(found).zip(compared) {
        let base = base_of(&opened.heads, &found.identity);
        let (Ok(walk), Some(compared)) = (&found.walk, compared) else {
            if let Some((_, record)) = base {
                mark_record(&opened.reader, record, &mut marks)?;
            }
            built.push(None);
            continue;
        };
        let mut building = Building {
            source,
            walk,
            plan: &compared.plan,
            outcomes,
            known: &opened.known,
            reader: &opened.reader,
            previous: base.map(|(manifest, _)| (manifest.name, manifest.public.time)),
            old_cache: &compared.old_cache,
            run,
            packer: &mut packer,
            marks: &mut marks,
        };
        built.push(Some(building.build()?));
    }
    packer.finish()?;
    Ok((built, marks.needed()))
}

fn mark_record(reader: &ObjectReader<'_>, record: &SourceRecord, marks: &mut Marks<'_>) -> Result<(), RepoError> {
    let mut all_there = true;
    let mut visit = |_, id| {
        all_there &= marks.mark(id);
        true
    };
    let reached = tree::reach(&RepoObjects(reader), &record.root, &mut visit).and_then(|()| match record.report {
        Some(report) => tree::reach_report(&RepoObjects(reader), report, &mut visit),
        None => Ok(()),
    });
    match reached {
        Ok(()) if all_there => Ok(()),
        Ok(()) => Err(RepoError::LookFailed { missing: 1 }),
        Err(tree::TreeError::Load(error)) => Err(error),
        Err(error) => Err(RepoError::ManifestDamaged { name: record.label.clone(), reason: error.to_string() }),
    }
}

/// Meta packs of a run hold trees that the snapshot reaches: all of them are needed.
fn own_meta(packs: &PackSums) -> impl Iterator<Item = crate::repo::NeededPack> + '_ {
    let meta = packs.packs.iter().filter(|pack| pack.kind == PackKind::Meta);
    meta.map(|pack| crate::repo::NeededPack { name: pack.name, length_bytes: pack.length_bytes, kind: pack.kind })
}

fn records(
    repository: &Repository,
    sources: &[SnapSource],
    found: &[Found],
    built: &[Option<Tree>],
    opened: &Opened<'_>,
) -> Result<Vec<SourceRecord>, Error> {
    let surroundings = repository.surroundings();
    let machine = surroundings.local.machine_id(&surroundings.entropy)?;
    let mut records = Vec::new();
    for ((source, found), tree) in sources.iter().zip(found).zip(built) {
        let previous = found.identity.heads.clone();
        match tree {
            Some(tree) => records.push(SourceRecord {
                id: found.identity.id,
                label: found.identity.label.clone(),
                path: source.path.clone(),
                machine,
                host: surroundings.local.host.clone(),
                volume: None,
                root: tree.root.clone(),
                counts: tree.counts,
                report: tree.report,
                previous,
            }),
            // Absent: its last state whole, as it was recorded.
            None => records.extend(base_of(&opened.heads, &found.identity).map(|(_, record)| SourceRecord { previous, ..record.clone() })),
        }
    }
    records.sort_by(|one, other| one.label.cmp(&other.label));
    Ok(records)
}

/// Measures the parts of a round.
struct Laps<'c> {
    clock: &'c dyn crate::clock::Clock,
    begun: std::time::Duration,
    last: std::time::Duration,
    timings: Timings,
}

impl<'c> Laps<'c> {
    fn begin(clock: &'c dyn crate::clock::Clock) -> Self {
        let now = clock.elapsed();
        Self { clock, begun: now, last: now, timings: Timings::default() }
    }

    fn lap(&mut self, field: impl Fn(&mut Timings) -> &mut f64) {
        let now = self.clock.elapsed();
        *field(&mut self.timings) += (now - self.last).as_secs_f64();
        self.last = now;
    }

    fn end(mut self) -> Timings {
        self.timings.total = (self.clock.elapsed() - self.begun).as_secs_f64();
        self.timings
    }
}

/// A manifest's time, for people who compare it with another.
pub(super) fn stated(manifest: &crate::repo::Manifest) -> Time {
    manifest.public.time
}
