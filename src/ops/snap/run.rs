//! Owns one round of a snap: open, walk, compare, store, build, publish. A round whose packs are not all in place at the end is begun anew.

use super::absent::{CarriedSource, carry_source, lost_in};
use super::attributes::store_folders;
use super::carry::Carrying;
use super::clock_shift;
use super::files::{Outcomes, Storing, Sums, packers_max};
use super::identity::{Candidate, Identity, identify};
use super::plan::{Comparing, Plan};
use super::readback::read_back;
use super::stat_cache::StatCache;
use super::summary::{self, Summarised};
use super::trees::{Building, Tree};
use super::units::Units;
use super::walking::{adjusted, is_repository, walk_source};
use super::when::Moments;
use super::{SnapOptions, SnapReport, SnapSource, ThreadTimings, Timings};
use crate::clock::Timestamp;
use crate::ops::Error;
use crate::ops::guides;
use crate::ops::used;
use crate::progress::{Observer, Stage};
use crate::repo::{
    Heads, Healing, Kept, Known, Ledger, Marks, Notices, ObjectReader, PackKind, PackName, PackRun, PackSums, Publication, Published,
    RepoError, Repository, SnapshotList, SourceRecord,
};
use crate::scan::{ScanError, Walk, escaped};
use crate::tree::{Carried, Counts, ObjectId, Time, must_stay_as_it_is};
use std::collections::{BTreeSet, HashMap};
use std::sync::PoisonError;

/// What the rounds before this one came to.
#[derive(Debug, Default)]
pub(super) struct SoFar {
    /// Packs that turned out not to be in place.
    pub(super) distrusted: BTreeSet<PackName>,
    /// Files of the repository that were healed, or could not be.
    pub(super) healing: Healing,
    /// New packs that the medium did not give back as they were written.
    pub(super) not_kept: u64,
}

/// How a round ended.
pub(super) enum Round {
    Done(Box<SnapReport>),
    NotInPlace(BTreeSet<PackName>),
    /// These packs were relied on and have records that are wrong in every copy. Nothing was published.
    Damaged(BTreeSet<PackName>),
}

/// What the name of the program stands as in manifests.
const TOOL: &str = concat!("tintype ", env!("CARGO_PKG_VERSION"));

/// Everything that a round opens before it reads a file.
pub(super) struct Opened<'r> {
    list: SnapshotList,
    heads: Heads,
    known: Known,
    reader: ObjectReader<'r>,
    healing: Healing,
}

/// A source in this round.
pub(super) struct Found {
    /// What was walked, or why it could not be.
    pub(super) walk: Result<Walk, ScanError>,
    /// When walking began, by this machine's clock.
    pub(super) walked_at: Timestamp,
    pub(super) identity: Identity,
    /// Lines of its ignore file that are no patterns, or why it cannot be read.
    pub(super) wrong_rules: Vec<String>,
    /// By which facts its files were read last.
    pub(super) cache: StatCache,
    /// Its clock lies so many seconds ahead of the last snapshot's.
    pub(super) shift_seconds: i64,
}

// long: the order of a round, told once, and what its report is made of.
pub(super) fn round(
    repository: &Repository,
    sources: &[SnapSource],
    options: &SnapOptions,
    observer: &dyn Observer,
    ledger: &mut Ledger,
    notices: &Notices,
    so_far: &mut SoFar,
) -> Result<Round, Error> {
    let clock = &*repository.surroundings().clock;
    let mut laps = Laps::begin(clock);
    observer.stage(Stage::Opening, 0);
    let mut opened = open(repository, ledger, notices, &so_far.distrusted)?;
    so_far.healing.healed.append(&mut opened.healing.healed);
    so_far.healing.refused.append(&mut opened.healing.refused);
    laps.lap(|timings| &mut timings.opening);

    observer.stage(Stage::Walking, 0);
    let (found, sources, compared, units) = planned(repository, sources, options, observer, &opened)?;
    let sources = sources.as_slice();
    if let Some(damaged) = proved_damaged(repository, &opened, ledger)? {
        return Ok(Round::Damaged(damaged));
    }
    laps.lap(|timings| &mut timings.walking);
    let sums = Sums::default();
    let threads = repository.surroundings().threads.max(1);
    let total_bytes = units.bytes();
    let walks: Vec<Option<&Walk>> = found.iter().map(|found| found.walk.as_ref().ok()).collect();
    observer.stage(Stage::Storing, total_bytes);
    let stored = PackRun::run(repository, packers_max(total_bytes, threads) + 1, opened.known.reliable_packs(), |run| {
        let storing = Storing { sources, walks: &walks, units: &units, known: &opened.known, run, observer, clock, sums: &sums };
        let mut outcomes = storing.store_all(threads)?;
        laps.lap(|timings| &mut timings.storing);
        observer.stage(Stage::Finishing, 0);
        build(repository, sources, &found, &compared, &mut outcomes, &opened, run)
    });
    // Nothing is published by an index that hides what is there.
    if opened.known.index.is_damaged() {
        return Err(RepoError::CacheDamaged.into());
    }
    let ((mut built, needed), packs) = stored?;
    if let Some(damaged) = proved_damaged(repository, &opened, ledger)? {
        return Ok(Round::Damaged(damaged));
    }
    let read_back = read_back(repository, &packs, options.read_back, observer)?;
    if !read_back.bad.is_empty() {
        so_far.not_kept += u64::try_from(read_back.bad.len()).unwrap_or(u64::MAX);
        return Ok(Round::NotInPlace(read_back.bad));
    }
    let not_healed = heal_what_was_read(repository, &opened, so_far)?;
    let publication = Publication {
        sources: records(repository, sources, &found, &built)?,
        note: options.note.clone(),
        keep: snapshots_to_keep(&opened.heads, &found, &built),
        tool: TOOL.to_owned(),
        needed: needed.into_iter().chain(own_meta(&packs)).collect(),
        new_packs: &packs.packs,
        known: &opened.known,
        heads: &opened.heads,
    };
    let gone = used::gone_snapshots(&opened.list, notices, ledger);
    let published = repository.publish(publication, ledger)?;
    laps.lap(|timings| &mut timings.finishing);
    let (name, time, written_bytes, clock_note) = match published {
        Published::NotInPlace(packs) => return Ok(Round::NotInPlace(packs)),
        Published::Done { name, time, written_bytes, clock_note } => (name, time, written_bytes, clock_note),
    };
    store_caches(repository, &found, &mut built, &packs);
    let summarised = Summarised {
        repository,
        sources,
        found: &found,
        compared: &compared,
        built: &built,
        units: &units,
        heads: &opened.heads,
        known: &opened.known,
        reader: &opened.reader,
        not_healed,
        gone,
        packs: &packs,
        sums: &sums,
        healing: so_far.healing.clone(),
        published: (name, time),
        written_bytes,
        clock_note,
        read_back,
        not_kept: so_far.not_kept,
        timings: Timings { threads: thread_timings(&sums, &packs), ..laps.end() },
    };
    Ok(Round::Done(Box::new(summary::report(summarised, ledger))))
}

fn thread_timings(sums: &Sums, packs: &PackSums) -> ThreadTimings {
    let times = *sums.times.lock().unwrap_or_else(PoisonError::into_inner);
    let output = times.packer + packs.waited;
    ThreadTimings {
        workers: times.workers,
        busy: times.all.saturating_sub(times.input + output).as_secs_f64(),
        waiting_for_input: times.input.as_secs_f64(),
        waiting_for_output: output.as_secs_f64(),
        writing: packs.wrote.as_secs_f64(),
    }
}

/// The snapshots that hold files as they were before their bytes changed by themselves.
fn snapshots_to_keep(heads: &Heads, found: &[Found], built: &[Built]) -> Vec<Kept> {
    let mut keep = Vec::new();
    for (found, built) in found.iter().zip(built) {
        let (Built::Tree(tree), Some((manifest, _))) = (built, base_of(heads, &found.identity)) else { continue };
        let rotten = &tree.changes.rotten;
        if let Some(first) = rotten.first() {
            let first: String = escaped(first).chars().take(200).collect();
            let reason = format!("holds {} files as they were before their bytes changed without a trace, e.g. {first}", rotten.len());
            keep.push(Kept { snapshot: manifest.name, reason });
        }
    }
    keep
}

/// Remembers by which facts the files of this snapshot are known again.
fn store_caches(repository: &Repository, found: &[Found], built: &mut [Built], packs: &PackSums) {
    let trees = packs.packs.iter().filter(|pack| pack.kind == PackKind::Meta);
    let objects =
        trees.flat_map(|pack| pack.directory.records.iter().flat_map(|record| &record.objects).map(|object| (object.id, pack.name)));
    let own: HashMap<ObjectId, PackName> = objects.collect();
    let (local, id) = (&repository.surroundings().local, repository.id().hex());
    for (source, built) in found.iter().zip(built) {
        if let Built::Tree(tree) = built {
            std::mem::take(&mut tree.cache)
                .store(&source.cache, (local, &id, source.identity.id), &tree.root, &|object| own.get(&object).copied());
        }
    }
}

fn open<'r>(
    repository: &'r Repository,
    ledger: &mut Ledger,
    notices: &Notices,
    distrusted: &BTreeSet<PackName>,
) -> Result<Opened<'r>, Error> {
    let (mut list, mut heads, mut known) = look_around(repository, ledger, notices, distrusted)?;
    let mut healing = repository.heal(&known, notices, ledger)?;
    if healing.healed.iter().any(|name| name.starts_with("packs/") || name.starts_with("snapshots/")) {
        // What came back counts from the start.
        (list, heads, known) = look_around(repository, ledger, notices, distrusted)?;
    }
    let reader = ObjectReader::with_whole_index(repository, known.index.clone());
    healing.healed.extend(guides::write_absent(&**repository.store())?);
    healing.healed.extend(super::pages::write_lost_pages(repository, &known, &reader, notices, ledger)?);
    Ok(Opened { list, heads, known, reader, healing })
}

impl Opened<'_> {
    /// No snapshot has this source.
    pub(super) fn is_first(&self, found: &Found) -> bool {
        base_of(&self.heads, &found.identity).is_none()
    }
}

/// The same without healing: nothing is written.
pub(super) fn looked<'r>(repository: &'r Repository, ledger: &mut Ledger, notices: &Notices) -> Result<Opened<'r>, Error> {
    let (list, heads, known) = look_around(repository, ledger, notices, &BTreeSet::new())?;
    let reader = ObjectReader::with_whole_index(repository, known.index.clone());
    Ok(Opened { list, heads, known, reader, healing: Healing::default() })
}

/// What was found of the sources, the sources as they are seen, and what is to be read.
pub(super) type Planned = (Vec<Found>, Vec<SnapSource>, Vec<Option<Plan>>, Units);

/// Walks the sources and compares them with their last snapshots.
pub(super) fn planned(
    repository: &Repository,
    sources: &[SnapSource],
    options: &SnapOptions,
    observer: &dyn Observer,
    opened: &Opened<'_>,
) -> Result<Planned, Error> {
    let (found, sources) = find_sources(repository, sources, options, observer, opened)?;
    let mut units = Units::default();
    let plans = compare(repository, &sources, &found, options, opened, &mut units)?;
    Ok((found, sources, plans, units))
}

/// The newest manifests, and what may be relied on.
fn look_around(
    repository: &Repository,
    ledger: &mut Ledger,
    notices: &Notices,
    distrusted: &BTreeSet<PackName>,
) -> Result<(SnapshotList, Heads, Known), Error> {
    let list = SnapshotList::take(&**repository.store(), notices)?;
    let heads = repository.heads(&list)?;
    let preferred = match heads.latest() {
        Some(manifest) => repository.read_needs(&manifest.public.needs)?.packs.into_iter().map(|pack| pack.name).collect(),
        None => BTreeSet::new(),
    };
    let known = repository.known(ledger, distrusted, preferred)?;
    Ok((list, heads, known))
}

fn find_sources(
    repository: &Repository,
    sources: &[SnapSource],
    options: &SnapOptions,
    observer: &dyn Observer,
    opened: &Opened<'_>,
) -> Result<(Vec<Found>, Vec<SnapSource>), Error> {
    let sources: Vec<SnapSource> = sources.iter().map(|source| adjusted(source, options)).collect();
    let (mut walks, mut wrong_rules) = (Vec::new(), Vec::new());
    let walked_at = repository.surroundings().clock.now();
    for source in &sources {
        // By another path than the one that it was opened by: a mount of it, or a copy.
        if is_repository(&*source.source, b"", &repository.repository_file_hash().0) {
            return Err(Error::SourceInRepository { path: escaped(&source.path) });
        }
        let walked = walk_source(repository, source, options, observer);
        if let Err(ScanError::Interrupted { .. }) = walked.walk {
            return Err(RepoError::Interrupted.into());
        }
        walks.push(walked.walk);
        wrong_rules.push(walked.wrong_rules);
    }
    let is_empty = |walked: &Result<Walk, ScanError>| {
        walked.as_ref().is_ok_and(|walk| {
            walk.folders.first().is_some_and(|root| root.entries.is_empty() && root.problems.is_empty() && root.skipped.is_empty())
        })
    };
    if !options.allow_empty && walks.iter().all(|walked| walked.is_err() || is_empty(walked)) {
        // A reason is more useful than "empty": the first source that cannot be read says why.
        let failed = walks.into_iter().zip(&sources).find_map(|(walked, source)| walked.err().map(|error| (source, error)));
        return Err(match (failed, sources.first()) {
            (Some((source, error)), _) => Error::Source { place: escaped(&source.path), source: error },
            (None, Some(first)) => Error::SourcesEmpty { place: escaped(&first.path), others: sources.len() > 1 },
            (None, None) => Error::Usage { what: "snap".to_owned(), why: "no folder was given".to_owned() },
        });
    }
    let candidates: Vec<Candidate<'_>> =
        sources.iter().zip(&walks).map(|(source, walked)| Candidate { source, walk: walked.as_ref().ok() }).collect();
    let machine = repository.surroundings().local.machine_id(&repository.surroundings().entropy)?;
    let identities = identify(repository, &opened.reader, &opened.heads, &candidates, machine, options.continue_from)?;
    let (mut found, mut seen_sources) = (Vec::new(), Vec::new());
    for (((walked, identity), wrong_rules), source) in walks.into_iter().zip(identities).zip(wrong_rules).zip(sources) {
        // One of several that is empty now and was not: as absent as an unplugged drive. One that was absent stays so, whatever is left of it.
        let was_full = base_of(&opened.heads, &identity)
            .is_some_and(|(_, record)| record.counts.files > 0 || Carried::of(&record.root.sections).is_some());
        let walk = if !options.allow_empty && was_full && is_empty(&walked) {
            Err(ScanError::NotFound { path: Vec::new(), operation: crate::scan::Operation::Walk })
        } else {
            walked
        };
        refuse_to_follow(&opened.heads, &identity)?;
        let cache = match base_of(&opened.heads, &identity) {
            Some((_, record)) => StatCache::load(&repository.surroundings().local, &repository.id().hex(), identity.id, &record.root),
            None => StatCache::default(),
        };
        let mut found_here = Found { walk, walked_at, identity, wrong_rules, cache, shift_seconds: 0 };
        seen_sources.push(clock_shift::put_right(&mut found_here, source));
        found.push(found_here);
    }
    // What cannot be read and was never saved makes no snapshot, whatever is allowed to be empty.
    if found.iter().all(|found| found.walk.is_err() && base_of(&opened.heads, &found.identity).is_none())
        && let Some((place, Err(error))) =
            seen_sources.iter().zip(&found).map(|(source, found)| (escaped(&source.path), &found.walk)).next()
    {
        return Err(Error::Source { place, source: error.clone() });
    }
    Ok((found, seen_sources))
}

/// Refuses to continue a source whose last manifest holds what this version must not write a changed form of.
pub(super) fn refuse_to_follow(heads: &Heads, identity: &Identity) -> Result<(), RepoError> {
    let mut manifests = identity.heads.iter().filter_map(|name| heads.manifests.get(name));
    let forbids = |manifest: &crate::repo::Manifest| manifest.sealed.as_ref().is_some_and(|sealed| must_stay_as_it_is(&sealed.sections));
    let forbidding = manifests.find(|manifest| forbids(manifest));
    forbidding.map_or(Ok(()), |manifest| Err(RepoError::TooNew { name: manifest.file.path() }))
}

/// The last snapshot's record of a source.
pub(super) fn base_of<'h>(heads: &'h Heads, identity: &Identity) -> Option<(&'h crate::repo::Manifest, &'h SourceRecord)> {
    let manifest = heads.manifests.get(identity.heads.first()?)?;
    Some((manifest, manifest.sealed.as_ref()?.sources.iter().find(|record| record.id == identity.id)?))
}

fn compare(
    repository: &Repository,
    sources: &[SnapSource],
    found: &[Found],
    options: &SnapOptions,
    opened: &Opened<'_>,
    units: &mut Units,
) -> Result<Vec<Option<Plan>>, RepoError> {
    let surroundings = repository.surroundings();
    let machine = surroundings.local.machine_id(&surroundings.entropy)?;
    let day = u64::try_from(surroundings.clock.now().seconds / 86_400).unwrap_or(0);
    let mut compared = Vec::new();
    for (given, source) in sources.iter().zip(found) {
        units.begin_source();
        let Ok(walked) = &source.walk else {
            compared.push(None);
            continue;
        };
        let base = base_of(&opened.heads, &source.identity);
        let comparing = Comparing {
            reader: &opened.reader,
            known: &opened.known,
            cache: &source.cache,
            owner_names: &|uid, gid| given.source.owner_names(uid, gid),
            reliable: if options.reread || source.shift_seconds != 0 {
                BTreeSet::new()
            } else {
                opened.known.reliable_trees(repository, source.cache.packs())?
            },
            base: base.map(|(_, record)| record),
            lost: base.and_then(|(_, record)| record.report).map_or_else(BTreeSet::new, |report| lost_in(&opened.reader, report)),
            day,
            reread: options.reread,
            allow_empty: options.allow_empty,
            same_root: base.is_some_and(|(_, record)| record.machine == machine && record.path == given.path)
                && given.source.parent_device().is_some(),
        };
        let plan = comparing.plan(walked, units);
        compared.push(Some(plan));
    }
    Ok(compared)
}

/// What became of a source.
pub(super) enum Built {
    /// It was walked.
    Tree(Box<Tree>),
    /// It is absent: its last state, less what is lost of it. `None`: there is none.
    Absent(Option<Box<CarriedSource>>),
}

/// Builds the trees of all sources; an absent one's last root is taken over.
fn build(
    repository: &Repository,
    sources: &[SnapSource],
    found: &[Found],
    compared: &[Option<Plan>],
    outcomes: &mut Outcomes,
    opened: &Opened<'_>,
    run: &PackRun<'_>,
) -> Result<(Vec<Built>, BTreeSet<crate::repo::NeededPack>), RepoError> {
    let attributes = store_folders(sources, found, compared, &opened.known, run)?;
    let mut marks = Marks::new(&opened.known, run.claims());
    let mut packer = run.packer(PackKind::Meta);
    let mut built = Vec::new();
    let mut moments = Moments::new(repository, &opened.list, &opened.heads);
    for (((source, found), compared), attributes) in sources.iter().zip(found).zip(compared).zip(&attributes) {
        let base = base_of(&opened.heads, &found.identity);
        let (Ok(walk), Some(plan)) = (&found.walk, compared) else {
            let mut carrying = Carrying {
                known: &opened.known,
                reader: &opened.reader,
                run,
                packer: &mut packer,
                marks: &mut marks,
                lost: Vec::new(),
                counts: Counts::default(),
                places: Default::default(),
            };
            let reason = found.walk.as_ref().err().map(|error| format!("its source is absent: {}", error.reason())).unwrap_or_default();
            let carried =
                base.map(|(manifest, record)| carry_source(&mut carrying, (manifest.name, record), &found.identity, &reason, &mut moments));
            built.push(Built::Absent(carried.transpose()?.map(Box::new)));
            continue;
        };
        let lost_before = base.and_then(|(_, record)| record.report).map_or_else(BTreeSet::new, |report| lost_in(&opened.reader, report));
        let mut building = Building {
            source,
            walk,
            plan,
            outcomes: &mut *outcomes,
            known: &opened.known,
            reader: &opened.reader,
            previous: base.map(|(manifest, _)| manifest.name),
            base_root: base.map(|(_, record)| &record.root),
            lost_before: &lost_before,
            moments: &mut moments,
            old_cache: &found.cache,
            walked_at: found.walked_at,
            own_objects: Vec::new(),
            run,
            packer: &mut packer,
            attributes,
            marks: &mut marks,
        };
        built.push(Built::Tree(Box::new(building.build()?)));
    }
    packer.finish()?;
    Ok((built, marks.needed()))
}

/// Puts right the meta packs whose second copy had to be read. Returns those that stay as they are.
fn heal_what_was_read(repository: &Repository, opened: &Opened<'_>, so_far: &mut SoFar) -> Result<BTreeSet<PackName>, RepoError> {
    let (healed, left) = repository.heal_first_copies(&opened.reader.read_from_second().into_keys().collect())?;
    so_far.healing.healed.extend(healed);
    Ok(left)
}

/// Packs that were relied on and that reading proved damaged in every copy; noted, so that the next round and the next run do without them.
fn proved_damaged(repository: &Repository, opened: &Opened<'_>, ledger: &mut Ledger) -> Result<Option<BTreeSet<PackName>>, RepoError> {
    let damaged: BTreeSet<PackName> = opened.reader.damaged_packs().into_iter().filter(|pack| opened.known.relies_on(*pack)).collect();
    if damaged.is_empty() {
        return Ok(None);
    }
    repository.note_damaged(&damaged, ledger)?;
    Ok(Some(damaged))
}

/// Meta packs of a run hold trees that the snapshot reaches: all of them are needed.
fn own_meta(packs: &PackSums) -> impl Iterator<Item = crate::repo::NeededPack> + '_ {
    let meta = packs.packs.iter().filter(|pack| pack.kind == PackKind::Meta);
    meta.map(|pack| crate::repo::NeededPack { name: pack.name, length_bytes: pack.length_bytes, kind: pack.kind })
}

fn records(repository: &Repository, sources: &[SnapSource], found: &[Found], built: &[Built]) -> Result<Vec<SourceRecord>, Error> {
    let surroundings = repository.surroundings();
    let machine = surroundings.local.machine_id(&surroundings.entropy)?;
    let mut records = Vec::new();
    for ((source, found), built) in sources.iter().zip(found).zip(built) {
        match built {
            Built::Tree(tree) => records.push(SourceRecord {
                id: found.identity.id,
                label: found.identity.label.clone(),
                path: source.path.clone(),
                machine,
                host: surroundings.local.host.clone(),
                volume: None,
                root: tree.root.clone(),
                counts: tree.counts,
                report: tree.report,
                previous: found.identity.heads.clone(),
            }),
            Built::Absent(carried) => records.extend(carried.as_ref().map(|carried| carried.record.clone())),
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
