//! Owns comparing what was walked with the last snapshot of the same source: which files are read, which kept as they were.

use super::identity::join;
use super::stat_cache::{Reused, StatCache};
use super::units::Units;
use super::unmounted::{Present, Unmounted, was_full_drive};
use crate::ops::objects::RepoObjects;
use crate::repo::{Known, ObjectReader, PackName, SourceRecord};
use crate::scan::{EntryKind, FileSystem, Folder, Freshness, Stat, Walk, compare};
use crate::tree::{self, Bounds, Carried, Content, Entry, FileHash, Next, ObjectId, ObjectKind, Step, must_stay_as_it_is};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What becomes of a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum FilePlan {
    /// It did not change: its content as in the last snapshot.
    Keep,
    /// Read it. Names of one file share a unit.
    Read {
        /// Position in the run's units.
        unit: usize,
        /// The last snapshot has something at its path.
        was_there: bool,
    },
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
    /// By position of the folder in the walk: the folder that the last snapshot had there.
    pub(super) base: Vec<Option<ObjectId>>,
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

/// What the last snapshot had in a folder, by name, and whether that is all of it.
pub(super) fn list_base(reader: &ObjectReader<'_>, id: Option<ObjectId>) -> (HashMap<Vec<u8>, Entry>, bool) {
    let Some(id) = id else { return (HashMap::new(), true) };
    let (entries, is_whole) = match tree::list(&RepoObjects(reader), id) {
        Ok((entries, problems)) => (entries, problems.is_empty()),
        Err(_) => (Vec::new(), false),
    };
    (entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect(), is_whole)
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
    pub(super) fn plan(&self, walk: &Walk, units: &mut Units) -> Plan {
        let mut plan = Plan::default();
        let mut linked: HashMap<usize, FilePlan> = HashMap::new();
        let base_root = self.base.map(|record| &record.root);
        if walk.folders.is_empty() {
            let base = base_root.filter(|entry| matches!(entry.content, Content::File(_)));
            plan.root_file = Some(self.file(b"", &walk.root, (0, 0), &walk.file_system, base, units));
            return plan;
        }
        let mut bases = self.begin(walk, base_root, &mut plan);
        for (position, folder) in walk.folders.iter().enumerate() {
            if matches!(plan.reused.get(position), Some(Some(_))) {
                plan.base.push(None);
                plan.files.push(Vec::new());
                continue;
            }
            let base_id = bases.get(position).copied().flatten();
            let (base, is_whole) = list_base(self.reader, base_id);
            if let (Some(id), false) = (base_id, is_whole) {
                plan.partly_listed.insert(position, id);
            }
            let mut files = Vec::with_capacity(folder.entries.len());
            for entry in &folder.entries {
                let before = base.get(entry.name);
                files.push(match entry.kind {
                    EntryKind::File { hard_link } => {
                        let path = join(&folder.path, entry.name);
                        let first = hard_link.and_then(|group| linked.get(&group).copied());
                        if let Some(FilePlan::Read { unit, .. }) = first {
                            units.add_name(unit, path.clone());
                        }
                        let place = (position, entry.at);
                        let file = first.unwrap_or_else(|| self.file(&path, &entry.stat, place, &folder.file_system, before, units));
                        if let Some(group) = hard_link {
                            linked.entry(group).or_insert(file);
                        }
                        Some(file)
                    }
                    EntryKind::Folder { index } => {
                        if let Some(before) = before {
                            self.begin_folder(position, index, before, walk, &mut plan);
                            if let (Some(slot), Content::Folder(id)) = (bases.get_mut(index), &before.content) {
                                *slot = Some(*id);
                            }
                        }
                        None
                    }
                    EntryKind::Symlink => None,
                });
            }
            if !base.is_empty() {
                self.find_missing(position, folder, &base, &mut plan);
            }
            plan.files.push(files);
            plan.base.push(base_id);
        }
        let mut unmounted = std::mem::take(&mut plan.unmounted);
        unmounted.keep_where_something_is_missing(walk, &plan, &self.lost, self.reader);
        plan.unmounted = unmounted;
        plan
    }

    /// Finds out which folders are taken over as they are, and how the root stood. By position of the folder: what the last snapshot has of it.
    fn begin(&self, walk: &Walk, base_root: Option<&Entry>, plan: &mut Plan) -> Vec<Option<ObjectId>> {
        plan.reused = match base_root {
            Some(_) if !self.reliable.is_empty() => self.cache.reusable(walk, &self.reliable, self.owner_names),
            _ => vec![None; walk.folders.len()],
        };
        let mut bases: Vec<Option<ObjectId>> = vec![None; walk.folders.len()];
        if let (Some(first), Some(root), Some(base)) = (bases.first_mut(), walk.folders.first(), base_root) {
            *first = if let Content::Folder(id) = base.content { Some(id) } else { None };
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

    /// Notes what of the last snapshot has nothing at its path now, in a folder, and which drives went with it.
    fn find_missing(&self, position: usize, folder: &Folder, base: &HashMap<Vec<u8>, Entry>, plan: &mut Plan) {
        let present = Present::of(folder);
        if !self.allow_empty {
            for skipped in &folder.skipped {
                if let Some(before) = base.get(&skipped.name) {
                    plan.unmounted.look_at_skipped(folder, skipped, before);
                }
            }
            plan.unmounted.look_at_removed(position, folder, &present, base.values(), &|entry| self.holds_drive(entry));
        }
        self.find_gone(position, folder, &present, base, plan);
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

    /// What becomes of the file at a path, which stands at `place` in the walk.
    fn file(
        &self,
        path: &[u8],
        stat: &Stat,
        place: (usize, usize),
        file_system: &FileSystem,
        before: Option<&Entry>,
        units: &mut Units,
    ) -> FilePlan {
        let expected = match before.map(|before| self.standing(path, stat, file_system, before)) {
            Some(Standing::Unchanged) => return FilePlan::Keep,
            Some(Standing::Doubted(hash)) => Some(hash),
            Some(Standing::Changed) | None => None,
        };
        FilePlan::Read { unit: units.add(place, stat.length_bytes, expected), was_there: before.is_some() }
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
    fn find_gone(&self, position: usize, folder: &Folder, present: &Present<'_>, base: &HashMap<Vec<u8>, Entry>, plan: &mut Plan) {
        if folder.problem.is_some() {
            return;
        }
        for (name, before) in base {
            let still = match (present.entry(name), &before.content) {
                (Some(EntryKind::File { .. }), Content::File(_)) | (Some(EntryKind::Folder { .. }), Content::Folder(_)) => true,
                _ => present.is_beside_entries(name),
            };
            let path = join(&folder.path, name);
            let is_away = plan.unmounted.top_of(position).is_some() && !present.is_there(name);
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
