//! Owns comparing what was walked with the last snapshot of the same source: which files are read, which kept as they were.

use super::identity::join;
use super::stat_cache::{Reused, StatCache};
use super::unmounted::{Unmounted, is_there, was_full_drive};
use crate::clock::Timestamp;
use crate::ops::objects::RepoObjects;
use crate::repo::{Known, ObjectReader, PackName, SourceRecord};
use crate::scan::{EntryKind, FileSystem, Folder, Freshness, Stat, StatKey, Walk, compare};
use crate::tree::{self, Bounds, Carried, Content, Entry, FileHash, Next, ObjectId, ObjectKind, Step, must_stay_as_it_is};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A file to read.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// Position of the source in the run.
    pub(super) source: usize,
    pub(super) path: Vec<u8>,
    /// Its facts when it was listed; what it was read at is not known yet.
    pub(super) stat: StatKey,
    /// Further names of the same file.
    pub(super) other_names: Vec<Vec<u8>>,
    /// What the last snapshot has of it, if its facts say that it did not change and it is read all the same.
    pub(super) expected: Option<FileHash>,
}

/// What becomes of a file.
#[derive(Debug, Clone)]
pub(super) enum FilePlan {
    /// It did not change: its content as in the last snapshot.
    Keep(Box<Entry>),
    /// Read it: position in the run's units. Names of one file share a unit.
    Read(usize),
}

/// One source, compared.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By position of folder and entry in the walk; of anything but files `None`.
    pub(super) files: Vec<Vec<Option<FilePlan>>>,
    /// If the root is a file.
    pub(super) root_file: Option<FilePlan>,
    /// By position of the folder in the walk: what of it is taken over with all below it. Of such a folder nothing else stands here.
    pub(super) reused: Vec<Option<Reused>>,
    /// By position of the folder in the walk: what the last snapshot had there.
    pub(super) base: Vec<HashMap<Vec<u8>, Entry>>,
    /// By position of the folder in the walk: how what the last snapshot had there was carried as a whole, if it was.
    pub(super) carried: Vec<Option<Carried>>,
    /// Folders of the walk whose listing in the last snapshot could not be had whole, with its id.
    pub(super) partly_listed: BTreeMap<usize, ObjectId>,
    /// Folders of the walk whose drive is not connected.
    pub(super) unmounted: Unmounted,
    /// Files of the last snapshot whose path has no file now.
    pub(super) gone: Vec<(Vec<u8>, FileHash)>,
}

/// What a comparison goes by.
pub(super) struct Comparing<'a> {
    pub(super) source: usize,
    pub(super) reader: &'a ObjectReader<'a>,
    pub(super) known: &'a Known,
    pub(super) cache: &'a StatCache,
    /// What owners are called now.
    pub(super) owner_names: &'a dyn Fn(u32, u32) -> (String, String),
    /// Packs of which unchanged folders may be taken over as they are; none if everything is to be looked at file by file.
    pub(super) reliable: BTreeSet<PackName>,
    /// The last snapshot's record of this source.
    pub(super) base: Option<&'a SourceRecord>,
    /// Paths that it calls lost.
    pub(super) lost: BTreeSet<Vec<u8>>,
    /// Days since the epoch: on file systems whose facts prove little, a ninetieth of the files is read again each day.
    pub(super) day: u64,
    pub(super) reread: bool,
    /// What is empty now is empty, also a mount point.
    pub(super) allow_empty: bool,
    /// The source is where it was in the last snapshot, and it can be told whether its root is a mount point.
    pub(super) same_root: bool,
}

/// Whether a file is read.
enum Standing {
    /// Nothing says that it changed, and every object of it lies in a pack that may be relied on.
    Unchanged,
    /// Nothing says that it changed, and it is read all the same: it should have this hash.
    Doubted(FileHash),
    Changed,
}

/// How often a file is read again whose facts prove little, in days.
const REREAD_DAYS: u64 = 90;

impl Comparing<'_> {
    /// Compares a whole walk, adding the files to read to `units`.
    pub(super) fn plan(&self, walk: &Walk, units: &mut Vec<Unit>) -> Plan {
        let mut plan = Plan::default();
        let mut linked: HashMap<usize, FilePlan> = HashMap::new();
        let base_root = self.base.map(|record| &record.root);
        if walk.folders.is_empty() {
            let base = base_root.filter(|entry| matches!(entry.content, Content::File(_)));
            plan.root_file = Some(self.file(b"", &walk.root, &walk.file_system, base, units));
            return plan;
        }
        let mut bases = self.begin(walk, base_root, &mut plan);
        for (position, folder) in walk.folders.iter().enumerate() {
            if matches!(plan.reused.get(position), Some(Some(_))) {
                plan.base.push(HashMap::new());
                plan.files.push(Vec::new());
                continue;
            }
            let base = self.list_base(position, bases.get(position).and_then(Option::as_ref), &mut plan);
            let mut files = Vec::with_capacity(folder.entries.len());
            for entry in &folder.entries {
                let before = base.get(&entry.name);
                files.push(match entry.kind {
                    EntryKind::File { hard_link: Some(group) } => {
                        let path = join(&folder.path, &entry.name);
                        let first = linked.get(&group).cloned();
                        if let Some(FilePlan::Read(unit)) = &first
                            && let Some(unit) = units.get_mut(*unit)
                        {
                            unit.other_names.push(path.clone());
                        }
                        let file = first.unwrap_or_else(|| self.file(&path, &entry.stat, &folder.file_system, before, units));
                        linked.entry(group).or_insert_with(|| file.clone());
                        Some(file)
                    }
                    EntryKind::File { hard_link: None } => {
                        Some(self.file(&join(&folder.path, &entry.name), &entry.stat, &folder.file_system, before, units))
                    }
                    EntryKind::Folder { index } => {
                        if let Some(before) = before {
                            self.begin_folder(position, index, before, walk, &mut plan);
                            if let Some(slot) = bases.get_mut(index) {
                                *slot = Some(before.clone());
                            }
                        }
                        None
                    }
                    EntryKind::Symlink => None,
                });
            }
            for skipped in folder.skipped.iter().filter(|_| !self.allow_empty) {
                if let Some(before) = base.get(&skipped.name) {
                    plan.unmounted.look_at_skipped(folder, skipped, before);
                }
            }
            if !self.allow_empty {
                plan.unmounted.look_at_removed(position, folder, base.values(), &|entry| self.holds_drive(entry));
            }
            self.find_gone(position, folder, &base, &mut plan);
            plan.files.push(files);
            plan.base.push(base);
        }
        let mut unmounted = std::mem::take(&mut plan.unmounted);
        unmounted.keep_where_something_is_missing(walk, &plan, &self.lost);
        plan.unmounted = unmounted;
        plan
    }

    /// Finds out which folders are taken over as they are, and how the root stood. By position of the folder: what the last snapshot has of it.
    fn begin(&self, walk: &Walk, base_root: Option<&Entry>, plan: &mut Plan) -> Vec<Option<Entry>> {
        plan.reused = match base_root {
            Some(_) if !self.reliable.is_empty() => self.cache.reusable(walk, &self.reliable, self.owner_names),
            _ => vec![None; walk.folders.len()],
        };
        let mut bases: Vec<Option<Entry>> = vec![None; walk.folders.len()];
        if let (Some(first), Some(root), Some(base)) = (bases.first_mut(), walk.folders.first(), base_root) {
            *first = Some(base.clone());
            plan.carried.push(Carried::of(&base.sections));
            if self.same_root && !self.allow_empty {
                plan.unmounted.look_at(0, root, None, base, &self.lost);
            }
        }
        plan.carried.resize(walk.folders.len(), None);
        bases
    }

    /// Whether a drive with something on it was mounted at an entry of the last snapshot, or below it.
    fn holds_drive(&self, before: &Entry) -> bool {
        let mut holds = false;
        tree::walk(&RepoObjects(self.reader), before, b"", Bounds::of_depth(), &mut |step| {
            holds |= matches!(step, Step::Entry { entry, .. } if was_full_drive(entry));
            if holds { Next::Stop } else { Next::On }
        });
        holds
    }

    /// What the last snapshot had in a folder, by name.
    fn list_base(&self, position: usize, base: Option<&Entry>, plan: &mut Plan) -> HashMap<Vec<u8>, Entry> {
        let Some(Content::Folder(id)) = base.map(|entry| &entry.content) else { return HashMap::new() };
        let (entries, is_whole) = match tree::list(&RepoObjects(self.reader), *id) {
            Ok((entries, problems)) => (entries, problems.is_empty()),
            Err(_) => (Vec::new(), false),
        };
        if !is_whole {
            plan.partly_listed.insert(position, *id);
        }
        entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect()
    }

    /// Notes how a folder in the folder at `above` stood in the last snapshot.
    fn begin_folder(&self, above: usize, index: usize, before: &Entry, walk: &Walk, plan: &mut Plan) {
        // What a folder was carried with goes for all below it.
        let carried = Carried::of(&before.sections).or_else(|| plan.carried.get(above).cloned().flatten());
        if let Some(slot) = plan.carried.get_mut(index) {
            *slot = carried;
        }
        if let Some(folder) = walk.folders.get(index).filter(|_| !self.allow_empty) {
            plan.unmounted.look_at(index, folder, Some(above), before, &self.lost);
        }
    }

    fn file(&self, path: &[u8], stat: &Stat, file_system: &Arc<FileSystem>, before: Option<&Entry>, units: &mut Vec<Unit>) -> FilePlan {
        let expected = match before.map(|before| (before, self.standing(path, stat, file_system, before))) {
            Some((before, Standing::Unchanged)) => return FilePlan::Keep(Box::new(before.clone())),
            Some((_, Standing::Doubted(hash))) => Some(hash),
            Some((_, Standing::Changed)) | None => None,
        };
        let listed = StatKey::of(stat, Timestamp::default());
        units.push(Unit { source: self.source, path: path.to_vec(), stat: listed, other_names: Vec::new(), expected });
        FilePlan::Read(units.len() - 1)
    }

    /// What the facts of a file and the repository together say of it.
    fn standing(&self, path: &[u8], stat: &Stat, file_system: &FileSystem, before: &Entry) -> Standing {
        let (Content::File(content), Some(key)) = (&before.content, self.cache.get(path)) else { return Standing::Changed };
        if stat.placeholder || content.length_bytes != stat.length_bytes {
            return Standing::Changed;
        }
        match compare(&key, stat, file_system) {
            Freshness::Changed => return Standing::Changed,
            Freshness::Likely if self.is_due(path) => return Standing::Doubted(content.hash),
            Freshness::Likely | Freshness::Unchanged => {}
        }
        // Its facts may have changed, and a changed form of such an entry must not be written: what is read anew owes it nothing.
        if self.reread || must_stay_as_it_is(&before.sections) {
            return Standing::Doubted(content.hash);
        }
        let mut all_there = true;
        let mut visit = |_: ObjectKind, id| {
            all_there &= self.known.has(id);
            true
        };
        let is_there = tree::reach(&RepoObjects(self.reader), before, &mut visit).is_ok() && all_there;
        if is_there { Standing::Unchanged } else { Standing::Doubted(content.hash) }
    }

    fn is_due(&self, path: &[u8]) -> bool {
        let [first, second, ..] = *blake3::hash(path).as_bytes();
        u64::from(u16::from_le_bytes([first, second])) % REREAD_DAYS == self.day % REREAD_DAYS
    }

    /// Files of the last snapshot that have no file at their path now, in this folder and in folders that are gone with it.
    fn find_gone(&self, position: usize, folder: &Folder, base: &HashMap<Vec<u8>, Entry>, plan: &mut Plan) {
        if folder.problem.is_some() {
            return;
        }
        for (name, before) in base {
            let now = folder.entries.binary_search_by(|entry| entry.name.cmp(name)).ok().and_then(|position| folder.entries.get(position));
            let still = match (now.map(|entry| entry.kind), &before.content) {
                (Some(EntryKind::File { .. }), Content::File(_)) | (Some(EntryKind::Folder { .. }), Content::Folder(_)) => true,
                _ => {
                    folder.problems.iter().any(|problem| problem.name == *name)
                        || folder.skipped.iter().any(|skipped| skipped.name == *name)
                }
            };
            let path = join(&folder.path, name);
            let is_away = plan.unmounted.top_of(position).is_some() && !is_there(folder, name);
            if still || is_away || plan.unmounted.is_hidden(&path) {
                continue;
            }
            tree::walk(&RepoObjects(self.reader), before, &path, Bounds::of_depth(), &mut |step| {
                if let Step::Entry { path, entry } = step
                    && let Content::File(file) = &entry.content
                {
                    plan.gone.push((path.to_vec(), file.hash));
                }
                Next::On
            });
        }
    }
}
