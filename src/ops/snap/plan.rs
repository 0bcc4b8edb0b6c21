//! Owns comparing what was walked with the last snapshot of the same source: which files are read, which kept as they were.

use super::identity::join;
use super::stat_cache::StatCache;
use crate::ops::objects::RepoObjects;
use crate::repo::{Known, ObjectReader, SourceRecord};
use crate::scan::{EntryKind, FileSystem, Folder, Freshness, Stat, Walk, compare};
use crate::tree::{self, Bounds, Content, Entry, FileHash, Next, ObjectKind, Step, build_folder, must_stay_as_it_is, tags};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A file to read.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// Position of the source in the run.
    pub(super) source: usize,
    pub(super) path: Vec<u8>,
    pub(super) stat: Stat,
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
    /// By position of the folder in the walk: what the last snapshot had there.
    pub(super) base: Vec<HashMap<Vec<u8>, Entry>>,
    /// Folders of the walk that were mount points with something in them, and are empty now.
    pub(super) emptied: BTreeSet<usize>,
    /// Files of the last snapshot whose path has no file now.
    pub(super) gone: Vec<(Vec<u8>, FileHash)>,
}

/// What a comparison goes by.
pub(super) struct Comparing<'a> {
    pub(super) source: usize,
    pub(super) reader: &'a ObjectReader<'a>,
    pub(super) known: &'a Known,
    pub(super) cache: &'a StatCache,
    /// The last snapshot's record of this source.
    pub(super) base: Option<&'a SourceRecord>,
    /// Days since the epoch: on file systems whose facts prove little, a ninetieth of the files is read again each day.
    pub(super) day: u64,
    pub(super) reread: bool,
    /// What is empty now is empty, also a mount point.
    pub(super) allow_empty: bool,
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
        let mut base_ids = vec![None; walk.folders.len()];
        if let (Some(first), Some(Content::Folder(id))) = (base_ids.first_mut(), base_root.map(|entry| &entry.content)) {
            *first = Some(*id);
        }
        for (position, folder) in walk.folders.iter().enumerate() {
            let listed = base_ids.get(position).copied().flatten().map(|id| tree::list(&RepoObjects(self.reader), id));
            let base: HashMap<Vec<u8>, Entry> = listed
                .and_then(Result::ok)
                .map(|(entries, _)| entries)
                .unwrap_or_default()
                .into_iter()
                .map(|entry| (entry.name.clone(), entry))
                .collect();
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
                        if before.is_some_and(|before| self.is_emptied(before, walk.folders.get(index))) {
                            plan.emptied.insert(index);
                        } else if let (Some(slot), Some(Content::Folder(id))) =
                            (base_ids.get_mut(index), before.map(|entry| &entry.content))
                        {
                            *slot = Some(*id);
                        }
                        None
                    }
                    EntryKind::Symlink => None,
                });
            }
            self.find_gone(folder, &base, &mut plan.gone);
            plan.files.push(files);
            plan.base.push(base);
        }
        plan
    }

    /// Something was mounted here, with files in it, and now there is nothing: as absent as a source whose drive is not connected.
    fn is_emptied(&self, before: &Entry, now: Option<&Folder>) -> bool {
        let was_mounted = before.sections.iter().any(|section| section.tag == tags::MOUNT_POINT);
        let was_full = matches!(before.content, Content::Folder(id) if id != build_folder(Vec::new()).id);
        let is_empty = |folder: &Folder| {
            folder.problem.is_none() && folder.entries.is_empty() && folder.problems.is_empty() && folder.skipped.is_empty()
        };
        !self.allow_empty && was_mounted && was_full && now.is_some_and(is_empty)
    }

    fn file(&self, path: &[u8], stat: &Stat, file_system: &Arc<FileSystem>, before: Option<&Entry>, units: &mut Vec<Unit>) -> FilePlan {
        let expected = match before.map(|before| (before, self.standing(path, stat, file_system, before))) {
            Some((before, Standing::Unchanged)) => return FilePlan::Keep(Box::new(before.clone())),
            Some((_, Standing::Doubted(hash))) => Some(hash),
            Some((_, Standing::Changed)) | None => None,
        };
        units.push(Unit { source: self.source, path: path.to_vec(), stat: stat.clone(), other_names: Vec::new(), expected });
        FilePlan::Read(units.len() - 1)
    }

    /// What the facts of a file and the repository together say of it.
    fn standing(&self, path: &[u8], stat: &Stat, file_system: &FileSystem, before: &Entry) -> Standing {
        let (Content::File(content), Some(key)) = (&before.content, self.cache.get(path)) else { return Standing::Changed };
        if stat.placeholder || content.length_bytes != stat.length_bytes {
            return Standing::Changed;
        }
        match compare(key, stat, file_system) {
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
    fn find_gone(&self, folder: &Folder, base: &HashMap<Vec<u8>, Entry>, gone: &mut Vec<(Vec<u8>, FileHash)>) {
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
            if still {
                continue;
            }
            let path = join(&folder.path, name);
            tree::walk(&RepoObjects(self.reader), before, &path, Bounds::of_depth(), &mut |step| {
                if let Step::Entry { path, entry } = step
                    && let Content::File(file) = &entry.content
                {
                    gone.push((path.to_vec(), file.hash));
                }
                Next::On
            });
        }
    }
}
