//! Owns finding the folders whose drive is not connected: mounted with something in them in the last snapshot, and now bare or a plain folder.
//!
//! What lies in such a folder now is stored as it is; what the last snapshot had beside it is taken over and never counts as gone.

use super::identity::join;
use super::plan::{Plan, list_base};
use crate::repo::ObjectReader;
use crate::scan::{EntryKind, Folder, SkipReason, SkippedEntry, Walk};
use crate::tree::{Content, Entry, build_folder, tags};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What is said of such a folder.
pub(super) const REASON: &str = "the drive that was mounted here is not connected; --allow-empty lets it go";

/// Where in a walk a drive is not connected.
#[derive(Debug, Default)]
pub(super) struct Unmounted {
    /// By position of the folder in the walk, all the way down: the folder where the drive was mounted.
    within: BTreeMap<usize, usize>,
    /// Those of them that were mount points themselves.
    mounted: BTreeSet<usize>,
    /// Folders of the last snapshot where there is only a file system of the kernel's now, such as one that waits for the drive, or nothing.
    hidden: BTreeSet<Vec<u8>>,
    /// By position of the folder in the walk: mount points of the last snapshot that went with their drive.
    removed: BTreeMap<usize, BTreeSet<Vec<u8>>>,
    replaced: Vec<Vec<u8>>,
}

impl Unmounted {
    /// Notes a folder of the walk that the last snapshot had as `before`. `above`: the folder that holds it, if it is not the root.
    pub(super) fn look_at(&mut self, index: usize, folder: &Folder, above: Option<usize>, before: &Entry, lost: &BTreeSet<Vec<u8>>) {
        if folder.problem.is_some() || !matches!(before.content, Content::Folder(_)) {
            return;
        }
        let above = above.and_then(|above| self.within.get(&above)).copied();
        let is_bare = folder.entries.is_empty() && folder.problems.is_empty() && folder.skipped.is_empty();
        let top = match (was_mounted(before), folder.mount_point && !is_bare) {
            // A drive of its own, which is here.
            (true, true) => None,
            // Where all that was kept of it is lost, it is empty, and that is still to be said.
            (true, false) if was_full(before) || lost_in(lost, folder).next().is_some() => Some(above.unwrap_or(index)),
            _ => above,
        };
        if let Some(top) = top {
            self.within.insert(index, top);
            if was_mounted(before) {
                self.mounted.insert(index);
            }
        }
    }

    /// Notes an entry that was passed over now and that the last snapshot had as `before`.
    pub(super) fn look_at_skipped(&mut self, folder: &Folder, skipped: &SkippedEntry, before: &Entry) {
        if matches!(skipped.reason, SkipReason::PseudoFileSystem(_)) && was_mounted(before) && was_full(before) {
            self.hidden.insert(join(&folder.path, &skipped.name));
        }
    }

    /// Notes the mount points that `before`, the last snapshot's entries of the folder at `position`, has and the folder has no more: where
    /// the system makes a folder when a drive is plugged in, it removes it when the drive is pulled out, and perhaps the one above with it.
    /// `holds_drive` says whether a drive was mounted at an entry or below it.
    pub(super) fn look_at_removed<'e>(
        &mut self,
        position: usize,
        folder: &Folder,
        present: &Present<'_>,
        before: impl Iterator<Item = &'e Entry>,
        holds_drive: &dyn Fn(&Entry) -> bool,
    ) {
        if folder.problem.is_some() || self.within.contains_key(&position) {
            return;
        }
        let is_folder = |name: &[u8]| matches!(present.entry(name), Some(EntryKind::Folder { .. }));
        let was_folder = |entry: &&Entry| matches!(entry.content, Content::Folder(_)) && !is_folder(&entry.name);
        for entry in before.filter(was_folder).filter(|entry| holds_drive(entry)) {
            let path = join(&folder.path, &entry.name);
            if !present.is_there(&entry.name) {
                self.hidden.insert(path);
                self.removed.entry(position).or_default().insert(entry.name.clone());
            } else if present.entry(&entry.name).is_some() {
                self.replaced.push(path);
            }
        }
    }

    /// Paths at which a file or link stands now, where or below which a drive was mounted: what was on it cannot stay beside that.
    pub(super) fn replaced(&self) -> &[Vec<u8>] {
        &self.replaced
    }

    /// The mount points that are gone from the folder at `position`, drive and all.
    pub(super) fn removed_from(&self, position: usize) -> impl Iterator<Item = &Vec<u8>> {
        self.removed.get(&position).into_iter().flatten()
    }

    /// Forgets the folders where nothing is missing: what was on the drive was moved, and lies there without it.
    pub(super) fn keep_where_something_is_missing(
        &mut self,
        walk: &Walk,
        plan: &Plan,
        lost: &BTreeSet<Vec<u8>>,
        reader: &ObjectReader<'_>,
    ) {
        let is_missing = |position: &usize| {
            let Some(folder) = walk.folders.get(*position) else { return false };
            let present = Present::of(folder);
            let (base, is_whole) = list_base(reader, plan.base.get(*position).copied().flatten());
            !is_whole
                || plan.partly_listed.contains_key(position)
                || base.keys().any(|name| !present.is_there(name))
                || lost_in(lost, folder).any(|name| !present.is_there(name))
        };
        let tops: BTreeSet<usize> = self.within.iter().filter(|(position, _)| is_missing(position)).map(|(_, top)| *top).collect();
        self.within.retain(|_, top| tops.contains(top));
        self.mounted.retain(|position| self.within.contains_key(position));
    }

    /// The folder where the drive was mounted that this folder of the walk was on.
    pub(super) fn top_of(&self, position: usize) -> Option<usize> {
        self.within.get(&position).copied()
    }

    /// Paths of the drives that are away.
    pub(super) fn away<'w>(&'w self, walk: &'w Walk) -> impl Iterator<Item = &'w [u8]> {
        let tops: BTreeSet<usize> = self.within.values().copied().collect();
        let tops = tops.into_iter().filter_map(|top| walk.folders.get(top)).map(|folder| folder.path.as_slice());
        tops.chain(self.hidden.iter().map(Vec::as_slice))
    }

    /// Whether the drive was mounted at this very folder, and what was on it is said there.
    pub(super) fn is_top(&self, position: usize) -> bool {
        self.top_of(position) == Some(position)
    }

    /// Whether a folder that a drive is missing from was a mount point, and goes on being called one.
    pub(super) fn was_mounted(&self, position: usize) -> bool {
        self.mounted.contains(&position)
    }

    /// Whether the drive was at this path, and now nothing is, or only a file system of the kernel's.
    pub(super) fn is_hidden(&self, path: &[u8]) -> bool {
        self.hidden.contains(path)
    }
}

/// Names in a folder that the last snapshot calls lost.
fn lost_in<'l>(lost: &'l BTreeSet<Vec<u8>>, folder: &'l Folder) -> impl Iterator<Item = &'l [u8]> {
    let below = if folder.path.is_empty() { Vec::new() } else { [&folder.path[..], b"/"].concat() };
    let first = lost.range(below.clone()..);
    let names = first.map_while(move |path| path.strip_prefix(&below[..]));
    names.filter(|name| !name.is_empty() && !name.contains(&b'/'))
}

/// Whether a drive with something on it was mounted here.
pub(super) fn was_full_drive(before: &Entry) -> bool {
    was_mounted(before) && was_full(before)
}

/// Whether an entry was a mount point.
fn was_mounted(before: &Entry) -> bool {
    before.sections.iter().any(|section| section.tag == tags::MOUNT_POINT)
}

fn was_full(before: &Entry) -> bool {
    matches!(before.content, Content::Folder(id) if id != build_folder(Vec::new()).id)
}

/// What a folder has now, by name.
pub(super) struct Present<'w> {
    entries: HashMap<&'w [u8], EntryKind>,
    /// What was passed over or could not be looked at.
    others: HashSet<&'w [u8]>,
}

impl<'w> Present<'w> {
    pub(super) fn of(folder: &'w Folder) -> Self {
        let problems = folder.problems.iter().map(|problem| problem.name.as_slice());
        let skipped = folder.skipped.iter().map(|skipped| skipped.name.as_slice());
        Self { entries: folder.entries.iter().map(|entry| (entry.name, entry.kind)).collect(), others: problems.chain(skipped).collect() }
    }

    pub(super) fn entry(&self, name: &[u8]) -> Option<EntryKind> {
        self.entries.get(name).copied()
    }

    /// It is there and is no entry: it was passed over, or could not be looked at.
    pub(super) fn is_beside_entries(&self, name: &[u8]) -> bool {
        self.others.contains(name)
    }

    /// There is something of this name now, whatever it is.
    pub(super) fn is_there(&self, name: &[u8]) -> bool {
        self.entries.contains_key(name) || self.is_beside_entries(name)
    }
}
