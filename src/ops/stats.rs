//! Counts what a repository holds and what deduplication and compression save. Reads manifests, trees and the index, never a photo.
//!
//! Folders and pages that several trees share are gone through once; of each distinct file 16 bytes are held.

mod held;

use super::extensions::FileGroup;
use super::find::all_manifests;
use super::ls::tree_problem;
use super::objects::RepoObjects;
use super::snapshots::rfc3339;
use super::{Error, Outcome, Problem, Severity, used};
use crate::repo::{
    Index, Inventory, Manifest, NameFolder, ObjectReader, PackKind, PackName, Packs, RepoError, Repository, SnapshotList, SourceId, limits,
};
use crate::tree::{Bounds, Content, Next, ObjectId, ObjectKind, Step, TreeError, walk};
use held::Held;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// What a repository holds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StatsReport {
    /// Files in the repository's folder.
    pub files: u64,
    /// Sum of their lengths.
    pub bytes: u64,
    /// The same by what they are for.
    pub places: Vec<StatsPlace>,
    /// Files that are none of the repository's: they are not counted.
    pub foreign_files: u64,
    /// Unfinished files of writers, which are not counted either.
    pub unfinished_files: u64,
    /// Snapshots.
    pub snapshots: u64,
    /// Snapshots that were forgotten.
    pub forgotten: u64,
    /// The newest state of each source, by label.
    pub sources: Vec<StatsSource>,
    /// The files of those by what their names promise.
    pub kinds: Vec<StatsKind>,
    /// Distinct objects by what they are.
    pub objects: Vec<StatsObjects>,
    /// What is stored once though it stands in many places.
    pub deduplication: Deduplication,
    /// What compressing saves.
    pub compression: Compression,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl StatsReport {
    /// The exit code that the problems add up to.
    pub fn exit_code(&self) -> u8 {
        Outcome::of(&self.problems).exit_code()
    }
}

/// Files of a repository.
#[derive(Debug, Clone, Serialize)]
pub struct StatsPlace {
    /// What they are for: `packs-data`, `packs-meta`, `second`, `index`, `needs`, `snapshots`, `other`.
    pub place: &'static str,
    /// How many.
    pub files: u64,
    /// Sum of their lengths.
    pub bytes: u64,
}

/// The newest state of a source.
#[derive(Debug, Clone, Serialize)]
pub struct StatsSource {
    /// Its label.
    pub label: String,
    /// Its id.
    pub id: String,
    /// The newest snapshot that has it.
    pub snapshot: String,
    /// The time that the snapshot states, RFC 3339 in UTC.
    pub time: String,
    /// The same in seconds since the epoch.
    #[serde(skip)]
    pub seconds: i64,
    /// Files.
    pub files: u64,
    /// Sum of their lengths.
    pub bytes: u64,
}

/// Files of a kind.
#[derive(Debug, Clone, Serialize)]
pub struct StatsKind {
    /// The kind.
    pub kind: FileGroup,
    /// How many.
    pub files: u64,
    /// Sum of their lengths.
    pub bytes: u64,
}

/// Objects of a kind, each once.
#[derive(Debug, Clone, Serialize)]
pub struct StatsObjects {
    /// `chunk`, `folder`, `page`, `piece-list`, `piece-list-list`, `report`, `report-page`.
    pub kind: &'static str,
    /// How many.
    pub count: u64,
    /// Sum of their raw lengths.
    pub bytes: u64,
}

/// From all that was ever snapped to what is stored of it.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Deduplication {
    /// Sum of the lengths of the files of all snapshots.
    pub snapshot_bytes: u64,
    /// Distinct files in them.
    pub distinct_files: u64,
    /// Sum of their lengths.
    pub distinct_file_bytes: u64,
    /// Distinct pieces that packs hold, also such as no snapshot reached yet.
    pub distinct_pieces: u64,
    /// Sum of their lengths.
    pub distinct_piece_bytes: u64,
}

/// Raw and stored lengths of what packs hold, without padding, directories and second copies.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Compression {
    /// Pieces of files before they were compressed.
    pub data_raw_bytes: u64,
    /// As they are stored.
    pub data_stored_bytes: u64,
    /// Trees and lists before they were compressed.
    pub meta_raw_bytes: u64,
    /// As they are stored.
    pub meta_stored_bytes: u64,
}

/// Counts.
///
/// Errors: the repository is locked, or the place fails. What cannot be read is a problem in the report, and not counted.
pub fn stats(repository: &Repository) -> Result<StatsReport, Error> {
    repository.sealing()?;
    let list = SnapshotList::take(&**repository.store(), &repository.notices()?)?;
    let mut report = StatsReport { forgotten: list.forgotten, ..StatsReport::default() };
    let manifests = all_manifests(repository, &list, &mut report.problems)?;
    report.snapshots = limits::to_u64(manifests.len());
    let inventory = Inventory::take(&**repository.store())?;
    let files = inventory.files(NameFolder::Packs, false).map(|(file, seen)| (PackName::from(file.hash), *seen)).collect();
    let loaded = repository.load_index(&Packs { files })?;
    count_files(&inventory, &loaded.index, &mut report);
    count_objects(&inventory, &loaded.index, &mut report);
    for (file, _) in &loaded.bad_segments {
        let message = format!("{} cannot be read; what it says was taken from the packs themselves", file.path());
        report.problems.push(Problem::of_object("index-damaged", Severity::Bookkeeping, file.path(), message));
    }
    for (pack, reason) in &loaded.bad_packs {
        let message = format!("pack {}: its directory cannot be read: {reason}", pack.short());
        report.problems.push(Problem::of_object("pack-damaged", Severity::Damaged, pack.hex(), message));
    }
    let reader = ObjectReader::with_whole_index(repository, Arc::clone(&loaded.index));
    count_latest(&RepoObjects(&reader), &manifests, &mut report)?;
    count_distinct(&RepoObjects(&reader), &manifests, &mut report)?;
    // Trees of the newest snapshots are gone through twice.
    let mut told = BTreeSet::new();
    report.problems.retain(|problem| told.insert(problem.clone()));
    report.problems.extend(used::copies(repository, &manifests, Some(&reader)));
    Ok(report)
}

fn count_files(inventory: &Inventory, index: &Index, report: &mut StatsReport) {
    let mut held = Held::default();
    for folder in NameFolder::ALL {
        for (file, seen) in inventory.files(folder, false) {
            let kind = || index.position(file.hash.into()).and_then(|position| index.pack(position)).map(|pack| pack.kind);
            let place = match folder {
                NameFolder::Packs => match kind() {
                    Some(PackKind::Data) => "packs-data",
                    Some(PackKind::Meta) => "packs-meta",
                    None => "other",
                },
                NameFolder::Index => "index",
                NameFolder::Needs => "needs",
                NameFolder::Snapshots => "snapshots",
                NameFolder::Keys | NameFolder::Tombstones | NameFolder::Instead => "other",
            };
            held.add(place, seen.length_bytes);
        }
        inventory.files(folder, true).for_each(|(_, seen)| held.add("second", seen.length_bytes));
    }
    let [first, second] = inventory.repository_files;
    first.into_iter().for_each(|seen| held.add("other", seen.length_bytes));
    second.into_iter().for_each(|seen| held.add("second", seen.length_bytes));
    inventory.guides.iter().for_each(|listed| held.add("other", listed.length_bytes));
    (report.foreign_files, report.unfinished_files) = (inventory.foreign, inventory.temporaries);
    report.places = held.places();
    report.files = report.places.iter().map(|place| place.files).sum();
    report.bytes = report.places.iter().map(|place| place.bytes).fold(0, u64::saturating_add);
}

/// Goes through the index once. It is sorted by id, so what lies in several packs stands together.
fn count_objects(inventory: &Inventory, index: &Index, report: &mut StatsReport) {
    let is_here: Vec<bool> = index.packs().iter().map(|pack| inventory.get(NameFolder::Packs, false, pack.name.into()).is_some()).collect();
    let mut counted: BTreeMap<ObjectKind, (u64, u64)> = BTreeMap::new();
    let mut last: Option<ObjectId> = None;
    let compression = &mut report.compression;
    for found in index.iter() {
        let here = usize::try_from(found.pack).ok().and_then(|position| is_here.get(position));
        if here != Some(&true) {
            continue;
        }
        let place = &found.place;
        // Each record once: by its first object.
        if place.object_offset == 0 {
            let (raw, stored) = match place.kind {
                ObjectKind::Chunk => (&mut compression.data_raw_bytes, &mut compression.data_stored_bytes),
                _ => (&mut compression.meta_raw_bytes, &mut compression.meta_stored_bytes),
            };
            *raw = raw.saturating_add(place.raw_bytes.into());
            *stored = stored.saturating_add(place.stored_bytes.into());
        }
        if last.replace(place.id) != Some(place.id) {
            let (count, bytes) = counted.entry(place.kind).or_default();
            (*count, *bytes) = (*count + 1, bytes.saturating_add(place.object_bytes.into()));
        }
    }
    report.objects =
        counted.iter().map(|(kind, (count, bytes))| StatsObjects { kind: word(*kind), count: *count, bytes: *bytes }).collect();
    let (pieces, piece_bytes) = counted.get(&ObjectKind::Chunk).copied().unwrap_or_default();
    (report.deduplication.distinct_pieces, report.deduplication.distinct_piece_bytes) = (pieces, piece_bytes);
}

fn word(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Chunk => "chunk",
        ObjectKind::Folder => "folder",
        ObjectKind::Page => "page",
        ObjectKind::PieceList => "piece-list",
        ObjectKind::PieceListList => "piece-list-list",
        ObjectKind::Report => "report",
        ObjectKind::ReportPage => "report-page",
    }
}

/// The newest state of each source; `manifests` are sorted, the newest first.
fn count_latest(objects: &RepoObjects<'_, '_>, manifests: &[Manifest], report: &mut StatsReport) -> Result<(), Error> {
    let mut told: BTreeSet<SourceId> = BTreeSet::new();
    let mut kinds: BTreeMap<FileGroup, (u64, u64)> = BTreeMap::new();
    for manifest in manifests {
        for record in manifest.sealed.iter().flat_map(|sealed| &sealed.sources) {
            let counts = &record.counts;
            report.deduplication.snapshot_bytes = report.deduplication.snapshot_bytes.saturating_add(counts.bytes);
            if !told.insert(record.id) {
                continue;
            }
            report.sources.push(StatsSource {
                label: record.label.clone(),
                id: record.id.hex(),
                snapshot: manifest.name.hex(),
                time: rfc3339(manifest.public.time),
                seconds: manifest.public.time.seconds,
                files: counts.files,
                bytes: counts.bytes,
            });
            let mut failure = None;
            walk(objects, &record.root, b"", Bounds::of(counts), &mut |step| match step {
                Step::Entry { entry, .. } => {
                    if let Content::File(file) = &entry.content {
                        let (files, bytes) = kinds.entry(FileGroup::of(&entry.name)).or_default();
                        (*files, *bytes) = (*files + 1, bytes.saturating_add(file.length_bytes));
                    }
                    Next::On
                }
                Step::Leave { .. } => Next::On,
                Step::Problem { path, error } => keep(path, error, &mut report.problems, &mut failure),
            });
            failure.map_or(Ok(()), Err)?;
        }
    }
    report.sources.sort_by(|one, other| (&one.label, &one.id).cmp(&(&other.label, &other.id)));
    let of = |kind| kinds.get(&kind).copied().unwrap_or_default();
    report.kinds = FileGroup::ALL.into_iter().map(|kind| StatsKind { kind, files: of(kind).0, bytes: of(kind).1 }).collect();
    Ok(())
}

/// Distinct files of all snapshots: each folder and each page is read once.
fn count_distinct(objects: &RepoObjects<'_, '_>, manifests: &[Manifest], report: &mut StatsReport) -> Result<(), Error> {
    let mut distinct = held::Distinct { objects, seen: HashSet::new(), files: HashSet::new(), bytes: 0 };
    for manifest in manifests {
        for record in manifest.sealed.iter().flat_map(|sealed| &sealed.sources) {
            let mut failure = None;
            let problems = &mut report.problems;
            distinct.entry(&record.root, &mut Vec::new(), 0, &mut |path, error| keep(path, error, problems, &mut failure) == Next::On);
            failure.map_or(Ok(()), Err)?;
        }
    }
    report.deduplication.distinct_files = limits::to_u64(distinct.files.len());
    report.deduplication.distinct_file_bytes = distinct.bytes;
    Ok(())
}

fn keep(path: &[u8], error: TreeError<RepoError>, problems: &mut Vec<Problem>, failure: &mut Option<Error>) -> Next {
    match tree_problem(path, error) {
        Ok(problem) => {
            problems.push(problem);
            Next::On
        }
        Err(error) => {
            *failure = Some(error);
            Next::Stop
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{StatsReport, stats};
    use crate::ops::extensions::FileGroup;
    use crate::ops::looking_tests::World;
    use crate::repo::PackKind;
    use crate::scan::Content;
    use crate::store::Operation;

    fn counted(world: &World) -> StatsReport {
        let report = stats(&world.repository).unwrap();
        let in_store: usize = world.store.names().iter().map(|name| world.store.bytes_of(name).unwrap().len()).sum();
        assert_eq!((report.bytes, report.files), (in_store as u64, world.store.names().len() as u64), "every file is counted once");
        report
    }

    #[test]
    fn what_is_stored_once_though_it_stands_in_many_places() {
        let world = World::new();
        let film = |length_bytes| Content::Generated { seed: 9, length_bytes };
        world.source.add_file("film.mov", film(6_000_000)).add_file("copy.mov", film(6_000_000)).add_file("longer.mov", film(6_500_000));
        world.source.add_file("a.jpg", "1").add_file("a.jpg.json", "{\"title\": \"a.jpg\"}\n".repeat(200).as_str());
        world.snap();
        world.snap();
        let report = counted(&world);
        let dedup = report.deduplication;
        assert_eq!((report.snapshots, report.sources.len(), report.sources[0].files), (2, 1, 5));
        assert_eq!(dedup.snapshot_bytes, 2 * (18_500_000 + 1 + 3_800));
        assert_eq!((dedup.distinct_files, dedup.distinct_file_bytes), (4, 12_500_000 + 3_801));
        assert!(dedup.distinct_piece_bytes < 9_000_000 && dedup.distinct_piece_bytes > 6_500_000, "{dedup:?}");
        let compression = report.compression;
        assert_eq!(compression.data_raw_bytes, dedup.distinct_piece_bytes);
        assert!(compression.data_stored_bytes < compression.data_raw_bytes && compression.meta_raw_bytes > 0);
        let kinds: Vec<_> = report.kinds.iter().map(|kind| (kind.kind, kind.files)).filter(|(_, files)| *files > 0).collect();
        assert_eq!(kinds, [(FileGroup::Pictures, 1), (FileGroup::Films, 3), (FileGroup::Documents, 1)]);
        assert_eq!(report.objects.iter().find(|objects| objects.kind == "folder").map(|objects| objects.count), Some(1));
    }

    #[test]
    fn equal_trees_are_gone_through_once() {
        let world = World::new();
        for folder in 0..20 {
            world.source.add_file(format!("{folder}/a.jpg"), format!("{folder}").as_str());
        }
        world.snap();
        let reads = || {
            world.store.reset_requests();
            stats(&world.repository).unwrap();
            world.store.request_count(Operation::GetRange)
        };
        let one = reads();
        for _ in 0..20 {
            world.snap();
        }
        assert_eq!(reads(), one);
    }

    #[test]
    fn what_is_gone_is_named_and_the_rest_is_counted() {
        let world = World::new();
        assert_eq!((counted(&world).snapshots, counted(&world).exit_code()), (0, 0));
        world.source.add_file("2019/a.jpg", "1");
        world.snap();
        for pack in world.packs(PackKind::Meta) {
            world.store.delete(&pack.path());
            world.store.delete(&pack.in_second().path());
        }
        let report = counted(&world);
        assert_eq!((report.exit_code(), report.sources[0].files, report.problems.len()), (5, 1, 1), "{report:?}");
    }
}
