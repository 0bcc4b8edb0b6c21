//! Owns walking the trees of snapshots: whether every object that is reached lies somewhere, which photos rely on which bad packs, and
//! whether counts agree.
//!
//! A folder or page that was walked once is not walked again, in whichever snapshot it stands. Data packs are not read.

use super::bookkeeping::BuiltIndex;
use super::pack_set::PackSet;
use super::packs::{Condition, Looks, PackState};
use crate::ops::objects::RepoObjects;
use crate::ops::{Error, Problem, Severity};
use crate::progress::Observer;
use crate::repo::{Found as Place, Manifest, ObjectBytes, ObjectReader, PackName, RepoError, Repository, limits};
use crate::scan::escaped;
use crate::tree::{self, Content, Counts, Entry, FileHash, ObjectId, ObjectKind, Objects, Piece, TreeError, XattrValue};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// What a snapshot, or a part of its tree, rests on, and what it adds up to.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    /// Bad packs that hold the only place of some object.
    pub(super) relied: BTreeSet<PackName>,
    /// Some object lies in no pack.
    pub(super) missing: bool,
    /// Some object could not be read.
    pub(super) unreadable: bool,
    /// Something is wrong that no pack which is absent explains.
    pub(super) broken: bool,
    packs: PackSet,
    sums: Sums,
    /// Folders within each other.
    height: usize,
}

impl View {
    fn add(&mut self, other: &Self) {
        self.relied.extend(&other.relied);
        self.missing |= other.missing;
        self.unreadable |= other.unreadable;
        self.broken |= other.broken;
        self.packs.add(&other.packs);
        self.sums.add(&other.sums);
        self.height = self.height.max(other.height);
    }

    /// All of it was seen.
    pub(super) fn is_sound(&self) -> bool {
        !self.missing && !self.unreadable && !self.broken && self.relied.is_empty()
    }
}

/// What a manifest states of a source, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    files: u64,
    folders: u64,
    symlinks: u64,
    bytes: u64,
}

impl Sums {
    fn of(counts: &Counts) -> Self {
        Self { files: counts.files, folders: counts.folders, symlinks: counts.symlinks, bytes: counts.bytes }
    }

    fn places(&self) -> u64 {
        self.files.saturating_add(self.folders).saturating_add(self.symlinks)
    }

    fn add(&mut self, other: &Self) {
        self.files = self.files.saturating_add(other.files);
        self.folders = self.folders.saturating_add(other.folders);
        self.symlinks = self.symlinks.saturating_add(other.symlinks);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

impl std::fmt::Display for Sums {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} files, {} folders, {} links and {} bytes", self.files, self.folders, self.symlinks, self.bytes)
    }
}

/// A page that was gone through.
#[derive(Debug, Default)]
struct SeenPage {
    /// Names of its first and last entry, and how many there are; `None` if it could not be read.
    bounds: Option<(Vec<u8>, Vec<u8>, usize)>,
    view: View,
}

/// What rests on one bad pack.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// Contents of files that cannot be read whole.
    pub(super) files: HashSet<FileHash>,
    /// Folders and lists that cannot be read.
    pub(super) lists: u64,
    /// A path that is hit.
    pub(super) example: Option<Vec<u8>>,
}

/// Something that was counted, with one path.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) count: u64,
    pub(super) example: Option<Vec<u8>>,
}

impl Counted {
    fn note(&mut self, path: &[u8]) {
        self.count += 1;
        self.example.get_or_insert_with(|| path.to_vec());
    }
}

/// Where an object lies.
enum Placement {
    /// In a pack that is whole.
    Fine,
    /// In bad packs alone; whether its record was read there and found right.
    Bad(Vec<PackName>, bool),
    /// The entry that uses it states another length.
    OtherLength,
    /// Nowhere.
    Missing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Whole,
    Bad,
    /// A placeholder: not to be touched.
    Elsewhere,
    Gone,
}

/// Which packs of the index are of use.
struct Places<'a> {
    built: &'a BuiltIndex,
    looks: &'a Looks,
    uses: Vec<Use>,
}

impl<'a> Places<'a> {
    fn of(built: &'a BuiltIndex, looks: &'a Looks) -> Self {
        let use_of = |name: PackName| match looks.state(name) {
            PackState::Whole => Use::Whole,
            _ if !looks.needed.contains_key(&name) => Use::Gone,
            PackState::Replaced => Use::Gone,
            PackState::Elsewhere => Use::Elsewhere,
            PackState::Incomplete | PackState::Damaged(..) => Use::Bad,
        };
        Self { uses: built.index.packs().iter().map(|pack| use_of(pack.name)).collect(), built, looks }
    }

    fn finds(&self, kind: ObjectKind, id: ObjectId) -> impl Iterator<Item = (Place, PackName, Use)> + '_ {
        self.built.index.find(id).filter(move |found| found.place.kind == kind).filter_map(|found| {
            let used = self.uses.get(usize::try_from(found.pack).ok()?)?;
            Some((found, self.built.index.pack(found.pack)?.name, *used))
        })
    }

    /// Where an object lies that has this length, if that is known.
    fn placement(&self, kind: ObjectKind, id: ObjectId, length_bytes: Option<u32>) -> Placement {
        let (mut bad, mut readable, mut other_length) = (Vec::new(), false, false);
        for (found, name, used) in self.finds(kind, id) {
            if length_bytes.is_some_and(|length_bytes| length_bytes != found.place.object_bytes) {
                other_length = true;
                continue;
            }
            match used {
                Use::Whole => return Placement::Fine,
                Use::Bad | Use::Elsewhere => {
                    readable |= self.looks.packs.get(&name).is_some_and(|look| look.has_good_record(found.place.ordinal));
                    bad.push(name);
                }
                Use::Gone => {}
            }
        }
        match (bad.is_empty(), other_length) {
            (false, _) => Placement::Bad(bad, readable),
            (true, true) => Placement::OtherLength,
            (true, false) => Placement::Missing,
        }
    }
}

/// Reads objects for the walk, remembers which were asked for, and never touches a placeholder.
struct Recorder<'a, 'r> {
    objects: RepoObjects<'a, 'r>,
    places: &'a Places<'a>,
    loaded: RefCell<Vec<(ObjectKind, ObjectId)>>,
    /// The place is gone: no verdict about an object.
    fatal: Cell<Option<RepoError>>,
}

impl Objects for Recorder<'_, '_> {
    type Bytes = ObjectBytes;
    type Error = RepoError;

    fn load(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectBytes, RepoError> {
        self.loaded.borrow_mut().push((kind, id));
        if self.places.finds(kind, id).all(|(_, _, used)| matches!(used, Use::Elsewhere | Use::Gone)) {
            return Err(RepoError::ObjectMissing { id });
        }
        self.objects.load(kind, id).map_err(|error| match error {
            RepoError::ObjectMissing { .. } | RepoError::ObjectDamaged { .. } => error,
            other => {
                self.fatal.set(Some(other));
                RepoError::ObjectMissing { id }
            }
        })
    }
}

/// So many problems are said one by one.
const PROBLEMS_MAX: usize = 1000;

/// A walk over the trees of many snapshots. A folder, page or report is walked once, however many snapshots hold it.
pub(super) struct Walker<'a, 'r> {
    recorder: Recorder<'a, 'r>,
    observer: &'a dyn Observer,
    /// Folders and reports.
    views: HashMap<ObjectId, Rc<View>>,
    pages: HashMap<ObjectId, Rc<SeenPage>>,
    path: Vec<u8>,
    /// Entries of all pages that were read.
    entries_read: u64,
    found: Found,
}

/// What the walk found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) hits: BTreeMap<PackName, Hits>,
    pub(super) missing: Counted,
    /// Positions of snapshots that use objects which lie in none of the packs that they need.
    pub(super) outside: Vec<usize>,
    pub(super) problems: Vec<Problem>,
}

impl Found {
    fn note(&mut self, code: &'static str, path: &[u8], words: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem::of_path(code, Severity::Damaged, escaped(path), words));
        }
    }
}

/// What walking several snapshots gave.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// By position of the snapshot.
    pub(super) views: BTreeMap<usize, View>,
    pub(super) found: Found,
    /// Meta packs whose first copy looked whole and had to be read from the second.
    pub(super) from_second: BTreeSet<PackName>,
}

/// Walks the given snapshots, newest first, and gives a view of each beside what was found in all. `allowed` says which packs one may
/// take objects from, if that is known.
pub(super) fn walk_all<'p>(
    repository: &Repository,
    built: &BuiltIndex,
    looks: &Looks,
    observer: &dyn Observer,
    manifests: impl Iterator<Item = (usize, &'p Manifest)>,
    allowed: &dyn Fn(&Manifest) -> Option<PackSet>,
) -> Result<Walked, Error> {
    let reader = ObjectReader::with_whole_index(repository, built.index.clone());
    let places = Places::of(built, looks);
    let recorder = Recorder { objects: RepoObjects(&reader), places: &places, loaded: RefCell::default(), fatal: Cell::default() };
    let mut walker = Walker {
        recorder,
        observer,
        views: HashMap::new(),
        pages: HashMap::new(),
        path: Vec::new(),
        entries_read: 0,
        found: Found::default(),
    };
    let mut views = BTreeMap::new();
    for (position, manifest) in manifests {
        let view = walker.snapshot(manifest)?;
        if allowed(manifest).is_some_and(|allowed| !view.packs.lies_in(&allowed)) {
            walker.found.outside.push(position);
        }
        views.insert(position, View { packs: PackSet::default(), ..view });
    }
    let found = walker.found;
    let is_whole = |pack: &PackName| looks.packs.get(pack).is_some_and(|look| look.copies[0] == Condition::Whole);
    Ok(Walked { views, found, from_second: reader.read_from_second().into_keys().filter(is_whole).collect() })
}

impl Walker<'_, '_> {
    fn snapshot(&mut self, manifest: &Manifest) -> Result<View, Error> {
        let mut view = View::default();
        let Some(sealed) = &manifest.sealed else { return Ok(view) };
        for source in &sealed.sources {
            self.path = if sealed.sources.len() > 1 { source.label.clone().into_bytes() } else { Vec::new() };
            let mut own = View::default();
            self.entry(&source.root, &mut own, 0)?;
            let stated = Sums::of(&source.counts);
            if own.is_sound() && own.sums != stated {
                let words = format!("snapshot {}, {}: {stated} stated, {} found", manifest.name.short(), source.label, own.sums);
                self.found.note("tree-damaged", source.label.as_bytes(), words);
                own.broken = true;
            }
            let (places, most) = (own.sums.places(), limits::walked_entries_max(self.entries_read));
            if places > most {
                // Nothing goes through it: no restore, no list.
                self.settle(&[TreeError::TooOften(most)], None, &mut own)?;
            }
            if let Some(report) = source.report {
                own.add(&*self.report(report)?);
            }
            view.add(&own);
        }
        Ok(view)
    }

    fn report(&mut self, report: ObjectId) -> Result<Rc<View>, Error> {
        if let Some(view) = self.views.get(&report) {
            return Ok(view.clone());
        }
        let mut view = View::default();
        let read = tree::report_items(&self.recorder, report).map(|_| ());
        self.settle(read.err().as_slice(), None, &mut view)?;
        let view = Rc::new(view);
        self.views.insert(report, view.clone());
        Ok(view)
    }

    fn entry(&mut self, entry: &Entry, view: &mut View, depth: usize) -> Result<(), Error> {
        let mut chunks: Vec<Piece> = Vec::new();
        for xattr in &entry.facts.xattrs {
            if let XattrValue::Pieces(pieces) = &xattr.value {
                chunks.extend(pieces);
            }
        }
        let mut hash = None;
        match &entry.content {
            Content::Folder(id) => {
                let below = self.folder(*id, depth)?;
                view.add(&below);
            }
            Content::File(file) => {
                hash = Some(file.hash);
                view.sums.add(&Sums { files: 1, bytes: file.length_bytes, ..Sums::default() });
                match tree::pieces(&self.recorder, file) {
                    Ok(pieces) => {
                        chunks.extend(&pieces);
                        self.settle(&[], hash, view)?;
                    }
                    Err(error) => self.settle(&[error], hash, view)?,
                }
            }
            Content::Symlink(_) => view.sums.add(&Sums { symlinks: 1, ..Sums::default() }),
        }
        for chunk in chunks {
            self.object(ObjectKind::Chunk, chunk.id, Some(chunk.length_bytes), hash, view);
        }
        Ok(())
    }

    fn folder(&mut self, id: ObjectId, depth: usize) -> Result<Rc<View>, Error> {
        if let Some(view) = self.views.get(&id).filter(|view| depth.saturating_add(view.height) <= limits::DEPTH_MAX) {
            return Ok(view.clone());
        }
        if self.observer.interrupted() {
            return Err(RepoError::Interrupted.into());
        }
        let mut view = View { sums: Sums { folders: 1, ..Sums::default() }, ..View::default() };
        if depth >= limits::DEPTH_MAX || self.views.contains_key(&id) {
            self.settle(&[TreeError::TooDeep(limits::DEPTH_MAX)], None, &mut view)?;
            return Ok(Rc::new(view));
        }
        let stated = match tree::stated_pages(&self.recorder, id) {
            Ok(stated) => {
                self.settle(&[], None, &mut view)?;
                stated
            }
            Err(error) => {
                self.settle(&[error], None, &mut view)?;
                Vec::new()
            }
        };
        let mut last: Option<Vec<u8>> = None;
        for stated in &stated {
            let page = match self.pages.get(&stated.id) {
                Some(page) => page.clone(),
                None => {
                    let (mut page, entries) = self.open_page(stated.id)?;
                    for entry in &entries {
                        let length = self.path.len();
                        if length > 0 {
                            self.path.push(b'/');
                        }
                        self.path.extend_from_slice(&entry.name);
                        let walked = self.entry(entry, &mut page.view, depth + 1);
                        self.path.truncate(length);
                        walked?;
                    }
                    let page = Rc::new(page);
                    self.pages.insert(stated.id, page.clone());
                    page
                }
            };
            view.add(&page.view);
            let Some((first, end, count)) = &page.bounds else { continue };
            let stands = *first == stated.first && u32::try_from(*count) == Ok(stated.entry_count);
            if !stands || last.as_ref().is_some_and(|last| last >= first) {
                self.settle(&[tree::contradicts(stated.id)], None, &mut view)?;
            }
            last = Some(end.clone());
        }
        view.height += 1;
        let view = Rc::new(view);
        self.views.insert(id, view.clone());
        Ok(view)
    }

    /// Reads a page; what is in it is still to be walked.
    fn open_page(&mut self, id: ObjectId) -> Result<(SeenPage, Vec<Entry>), Error> {
        let mut page = SeenPage::default();
        match tree::page_entries(&self.recorder, id) {
            Ok(entries) => {
                self.settle(&[], None, &mut page.view)?;
                let ends = entries.first().zip(entries.last());
                if ends.is_none() {
                    self.settle(&[tree::contradicts(id)], None, &mut page.view)?;
                }
                self.entries_read = self.entries_read.saturating_add(limits::to_u64(entries.len()));
                page.bounds = ends.map(|(first, last)| (first.name.clone(), last.name.clone(), entries.len()));
                Ok((page, entries))
            }
            Err(error) => {
                self.settle(&[error], None, &mut page.view)?;
                Ok((page, Vec::new()))
            }
        }
    }

    /// Judges what was loaded since the last call, and the errors that this gave.
    fn settle(&mut self, errors: &[TreeError<RepoError>], file: Option<FileHash>, view: &mut View) -> Result<(), Error> {
        if let Some(fatal) = self.recorder.fatal.take() {
            return Err(fatal.into());
        }
        let loaded = std::mem::take(&mut *self.recorder.loaded.borrow_mut());
        let mut explained = false;
        for (kind, id) in loaded {
            explained |= !self.object(kind, id, None, file, view);
        }
        for error in errors {
            view.unreadable = true;
            let code = match error {
                TreeError::Load(_) if explained => continue,
                TreeError::Load(RepoError::ObjectMissing { .. }) => "object-missing",
                TreeError::Load(_) => "object-damaged",
                _ => "tree-damaged",
            };
            view.broken = true;
            self.found.note(code, &self.path, error.to_string());
        }
        Ok(())
    }

    /// Judges where one object lies. Returns whether it can be read there.
    fn object(&mut self, kind: ObjectKind, id: ObjectId, length_bytes: Option<u32>, file: Option<FileHash>, view: &mut View) -> bool {
        let places = self.recorder.places;
        match places.placement(kind, id, length_bytes) {
            Placement::Fine => {
                view.packs.insert(places.finds(kind, id).map(|(found, ..)| found.pack));
                true
            }
            Placement::Bad(packs, readable) => {
                for pack in packs {
                    view.relied.insert(pack);
                    if readable {
                        continue;
                    }
                    let hits = self.found.hits.entry(pack).or_default();
                    match file {
                        Some(hash) => _ = hits.files.insert(hash),
                        None => hits.lists += 1,
                    }
                    hits.example.get_or_insert_with(|| self.path.clone());
                }
                readable
            }
            Placement::OtherLength => {
                view.broken = true;
                self.found.note("tree-damaged", &self.path, format!("object {id} has another length than this entry states"));
                false
            }
            Placement::Missing => {
                view.missing = true;
                self.found.missing.note(&self.path);
                false
            }
        }
    }
}
