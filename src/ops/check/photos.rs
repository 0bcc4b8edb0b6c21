//! Owns walking the trees of snapshots in doubt: which photos rely on which bad packs, and whether every object that is reached lies somewhere.
//!
//! A folder that was walked once is not walked again, in whichever snapshot it stands.

use super::bookkeeping::BuiltIndex;
use super::packs::{Condition, Looks, PackState};
use crate::ops::objects::RepoObjects;
use crate::ops::{Error, Problem, Severity};
use crate::progress::Observer;
use crate::repo::{Manifest, ObjectBytes, ObjectReader, PackName, RepoError, Repository, limits};
use crate::scan::escaped;
use crate::tree::{self, Content, Entry, FileHash, ObjectId, ObjectKind, Objects, TreeError, XattrValue};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// What a snapshot, or a folder of one, rests on.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    /// Bad packs that hold the only place of some object.
    pub(super) relied: BTreeSet<PackName>,
    /// Some object lies in no pack.
    pub(super) missing: bool,
    /// Some object could not be read.
    pub(super) unreadable: bool,
}

impl View {
    fn add(&mut self, other: &Self) {
        self.relied.extend(&other.relied);
        self.missing |= other.missing;
        self.unreadable |= other.unreadable;
    }
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

    fn finds(&self, kind: ObjectKind, id: ObjectId) -> impl Iterator<Item = (PackName, Use, u32)> + '_ {
        self.built.index.find(id).filter(move |found| found.place.kind == kind).filter_map(|found| {
            let used = self.uses.get(usize::try_from(found.pack).ok()?)?;
            Some((self.built.index.pack(found.pack)?.name, *used, found.place.ordinal))
        })
    }

    fn placement(&self, kind: ObjectKind, id: ObjectId) -> Placement {
        let (mut bad, mut readable) = (Vec::new(), false);
        for (name, used, ordinal) in self.finds(kind, id) {
            match used {
                Use::Whole => return Placement::Fine,
                Use::Bad | Use::Elsewhere => {
                    readable |= self.looks.packs.get(&name).is_some_and(|look| look.has_good_record(ordinal));
                    bad.push(name);
                }
                Use::Gone => {}
            }
        }
        if bad.is_empty() { Placement::Missing } else { Placement::Bad(bad, readable) }
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
        if self.places.finds(kind, id).all(|(_, used, _)| matches!(used, Use::Elsewhere | Use::Gone)) {
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

/// A walk over the trees of many snapshots.
pub(super) struct Walker<'a, 'r> {
    recorder: Recorder<'a, 'r>,
    observer: &'a dyn Observer,
    folders: HashMap<ObjectId, Rc<View>>,
    path: Vec<u8>,
    /// What the snapshot under way says that it needs, if that is to be compared.
    needed: Option<HashSet<PackName>>,
    found: Found,
}

/// What the walk found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) hits: BTreeMap<PackName, Hits>,
    pub(super) missing: Counted,
    /// Objects that lie in none of the packs that their snapshot needs.
    pub(super) outside: Counted,
    pub(super) problems: Vec<Problem>,
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

/// Walks the given snapshots, newest first, and gives a view of each beside what was found in all.
pub(super) fn walk_all<'p>(
    repository: &Repository,
    built: &BuiltIndex,
    looks: &Looks,
    observer: &dyn Observer,
    manifests: impl Iterator<Item = (usize, &'p Manifest, Option<HashSet<PackName>>)>,
) -> Result<Walked, Error> {
    let reader = ObjectReader::with_whole_index(repository, built.index.clone());
    let places = Places::of(built, looks);
    let recorder = Recorder { objects: RepoObjects(&reader), places: &places, loaded: RefCell::default(), fatal: Cell::default() };
    let mut walker = Walker { recorder, observer, folders: HashMap::new(), path: Vec::new(), needed: None, found: Found::default() };
    let mut views = BTreeMap::new();
    for (position, manifest, needed) in manifests {
        walker.needed = needed;
        views.insert(position, walker.snapshot(manifest)?);
    }
    let found = walker.found;
    let from_second =
        reader.read_from_second().into_iter().filter(|pack| looks.packs.get(pack).is_some_and(|look| look.copies[0] == Condition::Whole));
    Ok(Walked { views, found, from_second: from_second.collect() })
}

impl Walker<'_, '_> {
    fn snapshot(&mut self, manifest: &Manifest) -> Result<View, Error> {
        let mut view = View::default();
        let Some(sealed) = &manifest.sealed else { return Ok(view) };
        for source in &sealed.sources {
            self.path = if sealed.sources.len() > 1 { source.label.clone().into_bytes() } else { Vec::new() };
            self.entry(&source.root, &mut view, 0)?;
            if let Some(report) = source.report {
                let read = tree::report_items(&self.recorder, report).map(|_| ());
                self.settle(read.err().as_slice(), None, &mut view)?;
            }
        }
        Ok(view)
    }

    fn entry(&mut self, entry: &Entry, view: &mut View, depth: usize) -> Result<(), Error> {
        let mut chunks: Vec<ObjectId> = Vec::new();
        for xattr in &entry.facts.xattrs {
            if let XattrValue::Pieces(pieces) = &xattr.value {
                chunks.extend(pieces.iter().map(|piece| piece.id));
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
                match tree::pieces(&self.recorder, file) {
                    Ok(pieces) => {
                        chunks.extend(pieces.iter().map(|piece| piece.id));
                        self.settle(&[], hash, view)?;
                    }
                    Err(error) => self.settle(&[error], hash, view)?,
                }
            }
            Content::Symlink(_) => {}
        }
        for chunk in chunks {
            self.object(ObjectKind::Chunk, chunk, hash, view);
        }
        Ok(())
    }

    fn folder(&mut self, id: ObjectId, depth: usize) -> Result<Rc<View>, Error> {
        if let Some(view) = self.folders.get(&id) {
            return Ok(view.clone());
        }
        if self.observer.interrupted() {
            return Err(RepoError::Interrupted.into());
        }
        let mut view = View::default();
        if depth >= limits::DEPTH_MAX {
            self.settle(&[TreeError::TooDeep(limits::DEPTH_MAX)], None, &mut view)?;
            return Ok(Rc::new(view));
        }
        let entries = match tree::list(&self.recorder, id) {
            Ok((entries, problems)) => {
                self.settle(&problems, None, &mut view)?;
                entries
            }
            Err(error) => {
                self.settle(&[error], None, &mut view)?;
                Vec::new()
            }
        };
        for entry in &entries {
            let length = self.path.len();
            if !self.path.is_empty() {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(&entry.name);
            let walked = self.entry(entry, &mut view, depth + 1);
            self.path.truncate(length);
            walked?;
        }
        let view = Rc::new(view);
        self.folders.insert(id, view.clone());
        Ok(view)
    }

    /// Judges what was loaded since the last call, and the errors that this gave.
    fn settle(&mut self, errors: &[TreeError<RepoError>], file: Option<FileHash>, view: &mut View) -> Result<(), Error> {
        if let Some(fatal) = self.recorder.fatal.take() {
            return Err(fatal.into());
        }
        let loaded = std::mem::take(&mut *self.recorder.loaded.borrow_mut());
        let mut explained = false;
        for (kind, id) in loaded {
            explained |= !self.object(kind, id, file, view);
        }
        for error in errors {
            view.unreadable = true;
            let code = match error {
                TreeError::Load(_) if explained => continue,
                TreeError::Load(RepoError::ObjectMissing { .. }) => "object-missing",
                TreeError::Load(_) => "object-damaged",
                _ => "tree-damaged",
            };
            self.found.problems.push(Problem::of_path(code, Severity::Damaged, escaped(&self.path), error.to_string()));
        }
        Ok(())
    }

    /// Judges where one object lies. Returns whether it can be read there.
    fn object(&mut self, kind: ObjectKind, id: ObjectId, file: Option<FileHash>, view: &mut View) -> bool {
        match self.recorder.places.placement(kind, id) {
            Placement::Fine => {
                if let Some(needed) = &self.needed
                    && !self.recorder.places.finds(kind, id).any(|(name, ..)| needed.contains(&name))
                {
                    self.found.outside.note(&self.path);
                }
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
            Placement::Missing => {
                view.missing = true;
                self.found.missing.note(&self.path);
                false
            }
        }
    }
}
