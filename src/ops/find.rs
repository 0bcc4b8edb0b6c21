//! Finds files in all snapshots, or in one. Reads trees only.
//!
//! Folders and pages that snapshots share under one path are gone through once, however many snapshots there are: each is noted with
//! what was found below it, and which snapshots reach it is handed down at the end.

mod wanted;

use super::ls::{base64, tree_problem};
use super::objects::RepoObjects;
use super::snapshots::{bad_problem, rfc3339, too_new_problem};
use super::{Error, Outcome, Problem, SnapshotRef, resolve, used};
use crate::repo::{Loaded, Manifest, ObjectReader, Repository, SnapshotList, SourceId, SourceRecord, StoredName, limits};
use crate::scan::escaped;
use crate::tree::{Bounds, Content, Entry, FileHash, FolderPage, ObjectId, Objects, Places, Time, TreeError, hex};
use crate::tree::{stated_page_entries, stated_pages};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use wanted::Wanted;

/// Files that a report has at most.
const FOUND_MAX: usize = 100_000;

/// What to look for: a file that is all of it. Something must be said.
#[derive(Debug, Clone, Default)]
pub struct FindOptions {
    /// A part of the name, capitals or not.
    pub text: Option<String>,
    /// The whole name, as a glob.
    pub name: Option<String>,
    /// The whole path in its source, as a glob.
    pub path: Option<String>,
    /// The first 4 or more hexadecimal digits of its BLAKE3.
    pub hash: Option<String>,
    /// Last changed at this second or later.
    pub from_seconds: Option<i64>,
    /// Last changed before this second.
    pub before_seconds: Option<i64>,
    /// Longer than so many bytes.
    pub larger_than_bytes: Option<u64>,
    /// Only in this snapshot; default: all.
    pub snapshot: Option<SnapshotRef>,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct FindReport {
    /// Snapshots that were looked through.
    pub snapshots: u64,
    /// Each file once, by path and content; those that the newest snapshots have come first.
    pub found: Vec<FoundFile>,
    /// There are more than are listed here.
    pub more: bool,
    /// Folders that were read for it.
    pub folders_read: u64,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl FindReport {
    /// The exit code that the problems add up to.
    pub fn exit_code(&self) -> u8 {
        Outcome::of(&self.problems).exit_code()
    }
}

/// A file: one content under one path.
#[derive(Debug, Clone, Serialize)]
pub struct FoundFile {
    /// Its path in the last snapshot that has it, printable: begins with the source's label where that has several sources.
    pub path: String,
    /// The path's bytes in base64, where `path` had to escape something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_base64: Option<String>,
    /// The label of its source.
    pub source: String,
    /// BLAKE3 of its bytes, 64 hexadecimal digits.
    pub blake3: String,
    /// Its length.
    pub bytes: u64,
    /// When its content last changed, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtime: Option<String>,
    /// The same in seconds since the epoch.
    #[serde(skip)]
    pub mtime_seconds: Option<i64>,
    /// The first snapshot that has it.
    pub first: FoundIn,
    /// The last snapshot that has it.
    pub last: FoundIn,
}

/// A snapshot that has a file.
#[derive(Debug, Clone, Serialize)]
pub struct FoundIn {
    /// Its whole id.
    pub snapshot: String,
    /// The time that it states, RFC 3339 in UTC.
    pub time: String,
    /// The same in seconds since the epoch.
    #[serde(skip)]
    pub seconds: i64,
}

/// Looks for files.
///
/// Errors: there is no such snapshot, nothing was said to look for or it cannot be understood, the repository is locked, or the place
/// fails. What cannot be read of a tree is a problem in the report, told once, and the rest is gone through. Cost: each manifest, and
/// each folder that differs, is read once.
pub fn find(repository: &Repository, options: &FindOptions) -> Result<FindReport, Error> {
    let wanted = Wanted::of(options)?;
    repository.sealing()?;
    let list = SnapshotList::take(&**repository.store(), &repository.notices()?)?;
    let mut problems = Vec::new();
    let manifests = match &options.snapshot {
        Some(name) => vec![resolve(repository, &list, name)?],
        None => all_manifests(repository, &list, &mut problems)?,
    };
    let segments: BTreeSet<StoredName> = manifests.iter().flat_map(|manifest| manifest.public.segments.iter().copied()).collect();
    let reader = ObjectReader::with_segments(repository, &segments.into_iter().collect::<Vec<_>>())?;
    let mut search = Search::new(RepoObjects(&reader), wanted, problems);
    for (position, manifest) in manifests.iter().enumerate() {
        for record in manifest.sealed.iter().flat_map(|sealed| &sealed.sources) {
            search.source(record, u32::try_from(position).unwrap_or(u32::MAX))?;
        }
    }
    search.hand_down();
    let mut report = FindReport {
        snapshots: limits::to_u64(manifests.len()),
        found: search.found.iter().filter_map(|found| found_file(found, &manifests)).collect(),
        more: search.more,
        folders_read: search.folders_read,
        problems: search.problems,
    };
    report.found.sort_by(|one, other| {
        let newest = |found: &FoundFile| std::cmp::Reverse((found.last.seconds, found.last.snapshot.clone()));
        (newest(one), &one.path).cmp(&(newest(other), &other.path))
    });
    report.problems.extend(used::copies(repository, &manifests, Some(&reader)));
    report.problems.extend(used::segments(&reader));
    Ok(report)
}

/// Every manifest that can be read, newest first; the others are problems.
pub(super) fn all_manifests(repository: &Repository, list: &SnapshotList, problems: &mut Vec<Problem>) -> Result<Vec<Manifest>, Error> {
    let mut manifests = Vec::new();
    for (file, _) in list.newest_first() {
        match repository.load_manifest(&file)? {
            Loaded::Good(manifest) => manifests.push(*manifest),
            Loaded::Bad { file, copies, reason } => problems.push(bad_problem(&file, &copies, &reason)),
            Loaded::TooNew(file) => problems.push(too_new_problem(&file)),
        }
    }
    manifests.sort_by_key(|manifest| std::cmp::Reverse((manifest.public.time, manifest.name)));
    Ok(manifests)
}

/// From the newest to the oldest snapshot, by their positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    newest: u32,
    oldest: u32,
}

impl Span {
    const NONE: Self = Self { newest: u32::MAX, oldest: 0 };

    fn add(&mut self, other: Self) {
        self.newest = self.newest.min(other.newest);
        self.oldest = self.oldest.max(other.oldest);
    }
}

/// A folder or page under one path below which something was found.
struct Node {
    /// Folders within each other, and pages in between.
    depth: usize,
    span: Span,
    nodes: Vec<usize>,
    found: Vec<usize>,
}

/// A file that was found.
struct Found {
    source: SourceId,
    path: Vec<u8>,
    name: Vec<u8>,
    hash: FileHash,
    length_bytes: u64,
    mtime: Option<Time>,
    span: Span,
}

type Key = [u8; 32];

struct Search<O: Objects> {
    objects: O,
    wanted: Wanted,
    nodes: Vec<Node>,
    /// Folders and pages that were gone through, by source, path and id.
    known: HashMap<Key, Option<usize>>,
    found: Vec<Found>,
    /// Files by source, path and hash.
    files: HashMap<Key, usize>,
    more: bool,
    folders_read: u64,
    problems: Vec<Problem>,
}

/// What a search is in the middle of.
struct At {
    source: SourceId,
    path: Vec<u8>,
    entries_left: u64,
    bounds: Bounds,
    places: Places,
}

/// Why a source is not gone through any further.
enum Stop {
    /// It has more entries than it states.
    TooMany(TreeError<crate::repo::RepoError>),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<O: Objects<Error = crate::repo::RepoError>> Search<O> {
    fn new(objects: O, wanted: Wanted, problems: Vec<Problem>) -> Self {
        let (nodes, found) = (Vec::new(), Vec::new());
        let (known, files) = (HashMap::new(), HashMap::new());
        Self { objects, wanted, nodes, known, found, files, more: false, folders_read: 0, problems }
    }

    /// Goes through a source of the snapshot at this position.
    fn source(&mut self, record: &SourceRecord, position: u32) -> Result<(), Error> {
        let bounds = Bounds::of(&record.counts);
        let mut at = At { source: record.id, path: Vec::new(), entries_left: bounds.entries_max, bounds, places: Places::default() };
        let span = Span { newest: position, oldest: position };
        let reached = match &record.root.content {
            Content::Folder(id) => self.folder(*id, &mut at, 0).map(|node| {
                if let Some(node) = node.and_then(|node| self.nodes.get_mut(node)) {
                    node.span.add(span);
                }
            }),
            _ => {
                let found = self.file(&record.root, &at);
                if let Some(found) = found.and_then(|found| self.found.get_mut(found)) {
                    found.span.add(span);
                }
                Ok(())
            }
        };
        match reached {
            Ok(()) => Ok(()),
            Err(Stop::TooMany(error)) => self.problem(&at.path, error),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    fn problem(&mut self, path: &[u8], error: TreeError<crate::repo::RepoError>) -> Result<(), Error> {
        self.problems.push(tree_problem(path, error)?);
        Ok(())
    }

    /// The node of a folder; `None` if nothing was found below it.
    fn folder(&mut self, id: ObjectId, at: &mut At, depth: usize) -> Result<Option<usize>, Stop> {
        let key = key(&[b"folder", &at.source.0, &id.0, &at.path]);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        if depth >= at.bounds.depth_max {
            self.problem(&at.path, TreeError::TooDeep(at.bounds.depth_max))?;
            return Ok(None);
        }
        self.folders_read += 1;
        let mut nodes = Vec::new();
        match stated_pages(&self.objects, id) {
            Ok(pages) => {
                for page in &pages {
                    nodes.extend(self.page(page, at, depth)?);
                }
            }
            Err(error) => self.problem(&at.path, error)?,
        }
        Ok(self.node(key, Node { depth: 2 * depth, span: Span::NONE, nodes, found: Vec::new() }))
    }

    fn page(&mut self, stated: &FolderPage, at: &mut At, depth: usize) -> Result<Option<usize>, Stop> {
        let key = key(&[b"page", &at.source.0, &stated.id.0, &at.path]);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let (mut nodes, mut found) = (Vec::new(), Vec::new());
        let entries = match stated_page_entries(&self.objects, stated) {
            Ok(entries) => entries,
            Err(error) => {
                self.problem(&at.path, error)?;
                Vec::new()
            }
        };
        at.places.read(stated.id, entries.len());
        for entry in &entries {
            at.entries_left = at.entries_left.checked_sub(1).ok_or(Stop::TooMany(TreeError::TooMany(at.bounds.entries_max)))?;
            at.places.go().map_err(Stop::TooMany)?;
            let length = at.path.len();
            if !at.path.is_empty() {
                at.path.push(b'/');
            }
            at.path.extend_from_slice(&entry.name);
            match &entry.content {
                Content::Folder(id) => nodes.extend(self.folder(*id, at, depth + 1)?),
                _ => found.extend(self.file(entry, at)),
            }
            at.path.truncate(length);
        }
        Ok(self.node(key, Node { depth: 2 * depth + 1, span: Span::NONE, nodes, found }))
    }

    fn node(&mut self, key: Key, node: Node) -> Option<usize> {
        let position = (!node.nodes.is_empty() || !node.found.is_empty()).then_some(self.nodes.len());
        if position.is_some() {
            self.nodes.push(node);
        }
        self.known.insert(key, position);
        position
    }

    /// Notes a file if it is wanted.
    fn file(&mut self, entry: &Entry, at: &At) -> Option<usize> {
        let Content::File(file) = &entry.content else { return None };
        let path = if at.path.is_empty() { &entry.name } else { &at.path };
        if !self.wanted.is(&entry.name, path, file, entry.facts.mtime) {
            return None;
        }
        let key = key(&[b"file", &at.source.0, &file.hash.0, path]);
        if let Some(known) = self.files.get(&key) {
            return Some(*known);
        }
        if self.found.len() >= FOUND_MAX {
            self.more = true;
            return None;
        }
        let position = self.found.len();
        self.files.insert(key, position);
        self.found.push(Found {
            source: at.source,
            path: at.path.clone(),
            name: entry.name.clone(),
            hash: file.hash,
            length_bytes: file.length_bytes,
            mtime: entry.facts.mtime,
            span: Span::NONE,
        });
        Some(position)
    }

    /// Hands on from folders to what is in them which snapshots reach them: what lies higher first.
    fn hand_down(&mut self) {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|position| self.nodes.get(*position).map(|node| node.depth));
        for position in order {
            let Some(node) = self.nodes.get_mut(position) else { continue };
            let (span, nodes, found) = (node.span, std::mem::take(&mut node.nodes), std::mem::take(&mut node.found));
            for below in nodes {
                if let Some(below) = self.nodes.get_mut(below) {
                    below.span.add(span);
                }
            }
            for below in found {
                if let Some(below) = self.found.get_mut(below) {
                    below.span.add(span);
                }
            }
        }
    }
}

/// A name for parts, the last of which alone may have any length.
fn key(parts: &[&[u8]]) -> Key {
    let mut hasher = blake3::Hasher::new();
    parts.iter().for_each(|part| _ = hasher.update(part));
    *hasher.finalize().as_bytes()
}

fn found_file(found: &Found, manifests: &[Manifest]) -> Option<FoundFile> {
    let manifest = |position: u32| manifests.get(usize::try_from(position).ok()?);
    let found_in = |manifest: &Manifest| FoundIn {
        snapshot: manifest.name.hex(),
        time: rfc3339(manifest.public.time),
        seconds: manifest.public.time.seconds,
    };
    // What only a tree reaches that was not gone through to its end is in no snapshot for sure.
    let (last, first) = (manifest(found.span.newest)?, manifest(found.span.oldest)?);
    let sources = last.sealed.as_ref().map(|sealed| sealed.sources.as_slice()).unwrap_or_default();
    let label = sources.iter().find(|source| source.id == found.source).map(|source| source.label.clone()).unwrap_or_default();
    let path = match (sources.len() > 1, found.path.is_empty()) {
        (true, true) => label.clone().into_bytes(),
        (true, false) => [label.as_bytes(), b"/", &found.path].concat(),
        (false, true) => found.name.clone(),
        (false, false) => found.path.clone(),
    };
    let shown = escaped(&path);
    Some(FoundFile {
        path_base64: (shown.as_bytes() != path).then(|| base64(&path)),
        path: shown,
        source: label,
        blake3: hex(&found.hash.0),
        bytes: found.length_bytes,
        mtime: found.mtime.map(rfc3339),
        mtime_seconds: found.mtime.map(|time| time.seconds),
        first: found_in(first),
        last: found_in(last),
    })
}

#[cfg(test)]
mod tests {
    use super::{FindOptions, FindReport, find};
    use crate::ops::SnapshotRef;
    use crate::ops::looking_tests::World;
    use crate::repo::PackKind;
    use crate::store::Operation;

    fn named(name: &str) -> FindOptions {
        FindOptions { name: Some(name.to_owned()), ..FindOptions::default() }
    }

    fn paths(report: &FindReport) -> Vec<&str> {
        report.found.iter().map(|found| found.path.as_str()).collect()
    }

    #[test]
    fn each_file_once_with_the_first_and_the_last_snapshot_that_has_it() {
        let world = World::new();
        world.source.add_file("2019/a.jpg", "1").add_file("2019/b.jpg", "2").add_file("note.txt", "x");
        let first = world.snap().snapshot;
        world.source.remove("2019/b.jpg").add_file("2020/c.jpg", "3");
        let second = world.snap().snapshot;
        world.source.add_file("2019/a.jpg", "edited");
        let third = world.snap().snapshot;
        let report = find(&world.repository, &named("*.JPG")).unwrap();
        let seen: Vec<_> =
            report.found.iter().map(|found| (found.path.as_str(), found.bytes, &found.first.snapshot, &found.last.snapshot)).collect();
        let expected = [
            ("2019/a.jpg", 6, &third, &third),
            ("2020/c.jpg", 1, &second, &third),
            ("2019/a.jpg", 1, &first, &second),
            ("2019/b.jpg", 1, &first, &first),
        ];
        assert_eq!((seen.as_slice(), report.snapshots, report.exit_code()), (&expected[..], 3, 0));
        let in_one = FindOptions { snapshot: Some(SnapshotRef::Id(first.clone())), ..named("*.jpg") };
        let report = find(&world.repository, &in_one).unwrap();
        assert_eq!((paths(&report), report.snapshots), (vec!["2019/a.jpg", "2019/b.jpg"], 1));
        assert!(find(&world.repository, &named("*.png")).unwrap().found.is_empty());
    }

    #[test]
    fn equal_trees_of_many_snapshots_are_gone_through_once() {
        let world = World::new();
        for folder in 0..20 {
            world.source.add_file(format!("{folder}/IMG_{folder}.jpg"), format!("{folder}").as_str());
        }
        world.snap();
        let one = find(&world.repository, &named("*.jpg")).unwrap();
        assert_eq!((one.found.len(), one.folders_read), (20, 21));
        for _ in 0..40 {
            world.snap();
        }
        world.source.add_file("7/new.jpg", "new");
        world.snap();
        world.store.reset_requests();
        let all = find(&world.repository, &named("*.jpg")).unwrap();
        assert_eq!((all.found.len(), all.snapshots, all.folders_read), (21, 42, 23));
        let old = all.found.iter().filter(|found| found.path != "7/new.jpg");
        assert!(old.into_iter().all(|found| found.first.snapshot == one.found[0].first.snapshot));
        let ranges = world.store.request_count(Operation::GetRange);
        assert!(ranges <= 8, "{ranges} reads of packs");
    }

    #[test]
    fn of_several_sources_the_path_can_be_given_to_other_commands() {
        let world = World::new();
        world.source.add_file("a.jpg", "1");
        let films = World::source();
        films.add_file("a.jpg", "1");
        world.snap_of(&[("/home/ann/Pictures", world.source.clone()), ("/home/ann/Films", films)]);
        let text = FindOptions { text: Some("A.J".to_owned()), ..FindOptions::default() };
        assert_eq!(paths(&find(&world.repository, &text).unwrap()), ["Films/a.jpg", "Pictures/a.jpg"]);
    }

    #[test]
    fn nothing_to_look_for_is_refused_and_damage_is_told_once() {
        let world = World::new();
        world.source.add_file("2019/a.jpg", "1");
        world.snap();
        world.snap();
        assert_eq!(find(&world.repository, &FindOptions::default()).unwrap_err().code(), "usage");
        for pack in world.packs(PackKind::Meta) {
            world.store.delete(&pack.path());
            world.store.delete(&pack.in_second().path());
        }
        let report = find(&world.repository, &named("*")).unwrap();
        assert_eq!((report.problems.len(), report.exit_code(), report.found.len()), (1, 5, 0), "{report:?}");
    }
}
