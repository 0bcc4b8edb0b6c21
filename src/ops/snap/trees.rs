//! Owns building a source's tree from what was walked, read, kept and carried, and the counts and report that go with it.

use super::files::Outcome;
use super::identity::join;
use super::plan::{FilePlan, Plan};
use super::stat_cache::StatCache;
use super::{NotSaved, SnapSource};
use crate::ops::objects::RepoObjects;
use crate::repo::{Group, Known, Marks, ObjectReader, PackRun, Packer, RepoError, SnapshotName};
use crate::scan::{EntryKind, FileSystem, Folder, ScanError, Stat, Walk, WalkEntry, escaped};
use crate::tree::{
    Bounds, Carried, Content, Counts, Entry, Facts, FileContent, FileHash, Next, ObjectId, Owner, RawObject, ReportItem, ReportWhat,
    Section, Step, Time, build_folder, build_pieces, build_report, reach, tags, walk,
};
use std::collections::HashMap;

/// A source's tree, built and stored.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Entry,
    pub(super) counts: Counts,
    pub(super) report: Option<ObjectId>,
    pub(super) not_saved: Vec<NotSaved>,
    pub(super) cache: StatCache,
    /// Files that were read, with what the last snapshot had at their path.
    pub(super) read: Vec<ReadFile>,
}

/// A file that was read.
#[derive(Debug, Clone)]
pub(super) struct ReadFile {
    pub(super) hash: FileHash,
    pub(super) length_bytes: u64,
    pub(super) before: Option<FileHash>,
}

/// What building goes by.
pub(super) struct Building<'a, 'p, 'r, 'k> {
    pub(super) source: &'a SnapSource,
    pub(super) walk: &'a Walk,
    pub(super) plan: &'a Plan,
    pub(super) outcomes: &'a [Outcome],
    pub(super) known: &'a Known,
    pub(super) reader: &'a ObjectReader<'a>,
    /// The last snapshot of this source, and the time that it states.
    pub(super) previous: Option<(SnapshotName, Time)>,
    pub(super) old_cache: &'a StatCache,
    pub(super) run: &'a PackRun<'r>,
    pub(super) packer: &'a mut Packer<'p, 'r>,
    pub(super) marks: &'a mut Marks<'k>,
}

/// Names of owners that were looked up.
type Owners = HashMap<(u32, u32), (String, String)>;

/// What is gathered on the way.
#[derive(Default)]
struct Gathered {
    counts: Counts,
    items: Vec<ReportItem>,
    not_saved: Vec<NotSaved>,
    cache: StatCache,
    read: Vec<ReadFile>,
    owners: Owners,
}

/// Time as the format has it.
fn time(stamp: crate::clock::Timestamp) -> Time {
    Time { seconds: stamp.seconds, nanoseconds: stamp.nanoseconds }
}

impl Building<'_, '_, '_, '_> {
    /// Builds and stores the tree, marking every object that it reaches.
    pub(super) fn build(&mut self) -> Result<Tree, RepoError> {
        let mut gathered = Gathered::default();
        let listing = self.walk;
        let content = if listing.folders.is_empty() {
            match self
                .plan
                .root_file
                .as_ref()
                .map(|plan| self.file(b"", &listing.root, plan, None, None, &mut gathered))
                .transpose()?
                .flatten()
            {
                Some((content, sections)) => (content, sections),
                None => return Err(RepoError::Stopped),
            }
        } else {
            (Content::Folder(self.folders(&mut gathered)?), Vec::new())
        };
        let name = self.source.path.rsplit(|byte| *byte == b'/').find(|part| !part.is_empty() && part.len() <= 1024);
        let facts = self.facts(&listing.root, &listing.file_system, &mut gathered.owners);
        let root = Entry { name: name.unwrap_or(b"root").to_vec(), content: content.0, facts, sections: content.1 };
        count(&root, &mut gathered.counts);
        let report = self.report(std::mem::take(&mut gathered.items))?;
        let Gathered { counts, not_saved, cache, read, .. } = gathered;
        Ok(Tree { root, counts, report, not_saved, cache, read })
    }

    /// Builds folders from the deepest up, since a folder names its sub folders by their ids.
    fn folders(&mut self, gathered: &mut Gathered) -> Result<ObjectId, RepoError> {
        let listing = self.walk;
        let mut ids: Vec<Option<ObjectId>> = vec![None; listing.folders.len()];
        for (position, folder) in listing.folders.iter().enumerate().rev() {
            let mut entries = Vec::with_capacity(folder.entries.len());
            for (place, entry) in folder.entries.iter().enumerate() {
                if let Some(built) = self.entry(position, place, folder, entry, &ids, gathered)? {
                    entries.push(built);
                }
            }
            self.missing_entries(position, folder, &mut entries, gathered)?;
            entries.sort_by(|one, other| one.name.cmp(&other.name));
            entries.iter().for_each(|entry| count(entry, &mut gathered.counts));
            let built = build_folder(entries);
            self.store_objects(&built.objects)?;
            if let Some(slot) = ids.get_mut(position) {
                *slot = Some(built.id);
            }
        }
        ids.first().copied().flatten().ok_or(RepoError::Stopped)
    }

    fn entry(
        &mut self,
        position: usize,
        place: usize,
        folder: &Folder,
        entry: &WalkEntry,
        ids: &[Option<ObjectId>],
        gathered: &mut Gathered,
    ) -> Result<Option<Entry>, RepoError> {
        let path = join(&folder.path, &entry.name);
        let base = self.plan.base.get(position).and_then(|base| base.get(&entry.name));
        let mut sections = Vec::new();
        let mut stat = entry.stat.clone();
        let content = match entry.kind {
            EntryKind::File { hard_link } => {
                let Some(plan) = self.plan.files.get(position).and_then(|files| files.get(place)).and_then(Option::as_ref) else {
                    return Ok(None);
                };
                if let FilePlan::Read(unit) = plan
                    && let Some(Outcome::Failed(error)) = self.outcomes.get(*unit)
                {
                    let error = error.clone();
                    return self.carry(&path, &error, base, gathered);
                }
                if let FilePlan::Read(unit) = plan
                    && let Some(Outcome::Read(read)) = self.outcomes.get(*unit)
                {
                    stat = read.stat.clone();
                }
                let group = hard_link
                    .and_then(|group| self.walk.hard_links.get(group))
                    .map(|link| FileHash(*blake3::hash(&link.first_path).as_bytes()));
                match self.file(&path, &entry.stat, plan, group, base, gathered)? {
                    Some((content, more)) => {
                        sections = more;
                        content
                    }
                    None => return Ok(None),
                }
            }
            EntryKind::Folder { index } => {
                let sub = self.walk.folders.get(index);
                if let Some(error) = sub.and_then(|folder| folder.problem.clone()) {
                    return self.carry(&path, &error, base, gathered);
                }
                if sub.is_some_and(|folder| folder.mount_point) {
                    sections.push(Section { tag: tags::MOUNT_POINT, bytes: Vec::new() });
                }
                let Some(id) = ids.get(index).copied().flatten() else { return Ok(None) };
                Content::Folder(id)
            }
            EntryKind::Symlink => match self.source.source.read_link(&path) {
                Ok(target) => Content::Symlink(target),
                Err(error) => return self.carry(&path, &error, base, gathered),
            },
        };
        let facts = self.facts(&stat, &folder.file_system, &mut gathered.owners);
        let built = Entry { name: entry.name.clone(), content, facts, sections };
        if let Err(error) = built.validate() {
            gathered.counts.unreadable += 1;
            self.leave_out(&path, ReportWhat::Unreadable, &error.to_string(), gathered);
            return Ok(None);
        }
        Ok(Some(built))
    }

    /// The content of a file that was kept or read, and the sections that go with it.
    fn file(
        &mut self,
        path: &[u8],
        listed: &Stat,
        plan: &FilePlan,
        link_group: Option<FileHash>,
        base: Option<&Entry>,
        gathered: &mut Gathered,
    ) -> Result<Option<(Content, Vec<Section>)>, RepoError> {
        match plan {
            FilePlan::Keep(before) => {
                let Content::File(content) = &before.content else { return Ok(None) };
                let marks = &mut *self.marks;
                crate::tree::reach_file(&RepoObjects(self.reader), content, &mut |_, id| marks.mark(id)).map_err(|_| RepoError::Stopped)?;
                if let Some(key) = self.old_cache.get(path) {
                    gathered.cache.insert(path.to_vec(), *key);
                }
                // It was looked at and is as it was: nothing is carried any more. Sections that are not known here are kept as bytes.
                let sections = before
                    .sections
                    .iter()
                    .filter(|section| ![tags::CARRIED, tags::CHANGED_WHILE_READ].contains(&section.tag))
                    .cloned()
                    .collect();
                Ok(Some((Content::File(FileContent { link_group, ..content.clone() }), sections)))
            }
            FilePlan::Read(unit) => {
                let Some(Outcome::Read(read)) = self.outcomes.get(*unit) else { return Ok(None) };
                for piece in &read.pieces {
                    self.marks.mark(piece.id);
                }
                let (pieces, objects) = build_pieces(read.hash, read.pieces.clone());
                self.store_objects(&objects)?;
                let before = base.and_then(|entry| match &entry.content {
                    Content::File(file) => Some(file.hash),
                    _ => None,
                });
                gathered.read.push(ReadFile { hash: read.hash, length_bytes: read.length_bytes, before });
                let mut sections = Vec::new();
                if read.changed {
                    sections.push(Section { tag: tags::CHANGED_WHILE_READ, bytes: Vec::new() });
                    gathered.counts.changed_while_read += 1;
                    let reason = "changed while it was read";
                    gathered.items.push(item(path, ReportWhat::ChangedWhileRead, reason, None));
                    let kept = NotSaved {
                        path: escaped(path),
                        reason: format!("{reason}; kept as it was read"),
                        kept_from: None,
                        known_since: None,
                    };
                    gathered.not_saved.push(kept);
                } else if (listed.inode, listed.length_bytes) == (read.stat.inode, read.stat.length_bytes) {
                    gathered.cache.insert(path.to_vec(), crate::scan::StatKey::of(&read.stat, read.seen_at));
                }
                let content = FileContent { length_bytes: read.length_bytes, hash: read.hash, pieces, picture: None, link_group };
                Ok(Some((Content::File(content), sections)))
            }
        }
    }

    /// Entries that could not even be looked at, and what was passed over.
    fn missing_entries(
        &mut self,
        position: usize,
        folder: &Folder,
        entries: &mut Vec<Entry>,
        gathered: &mut Gathered,
    ) -> Result<(), RepoError> {
        for skipped in &folder.skipped {
            gathered.counts.skipped += 1;
            gathered.items.push(item(&join(&folder.path, &skipped.name), ReportWhat::Skipped, &skipped.reason.to_string(), None));
        }
        for problem in &folder.problems {
            let base = self.plan.base.get(position).and_then(|base| base.get(&problem.name));
            if let Some(entry) = self.carry(&join(&folder.path, &problem.name), &problem.error, base, gathered)? {
                entries.push(entry);
            }
        }
        Ok(())
    }

    /// Takes over what the last snapshot had at a path that cannot be read now, or names it as not saved.
    fn carry(&mut self, path: &[u8], error: &ScanError, base: Option<&Entry>, gathered: &mut Gathered) -> Result<Option<Entry>, RepoError> {
        let reason = error.reason();
        let what = match error {
            ScanError::Placeholder { .. } => ReportWhat::CloudOnly,
            error if error.is_vanished() => ReportWhat::Vanished,
            _ => ReportWhat::Unreadable,
        };
        let counts = &mut gathered.counts;
        match what {
            ReportWhat::CloudOnly => counts.cloud_only += 1,
            ReportWhat::Vanished => counts.vanished += 1,
            _ => counts.unreadable += 1,
        }
        let Some((base, (snapshot, stated))) = base.zip(self.previous) else {
            if what == ReportWhat::Vanished {
                gathered.items.push(item(path, what, &reason, None));
            } else {
                self.leave_out(path, what, &reason, gathered);
            }
            return Ok(None);
        };
        let marks = &mut *self.marks;
        let mut all_there = true;
        let reached = reach(&RepoObjects(self.reader), base, &mut |_, id| {
            all_there &= marks.mark(id);
            true
        });
        if reached.is_err() || !all_there {
            self.leave_out(path, ReportWhat::Lost, &format!("{reason}, and what was stored of it before is lost"), gathered);
            return Ok(None);
        }
        let mut carried = base.clone();
        let from = Carried::of(&carried.sections).unwrap_or(Carried { read_in: snapshot, reason: reason.clone() });
        carried.sections.retain(|section| section.tag != tags::CARRIED);
        carried.sections.push(from.section());
        carried.sections.sort_by_key(|section| section.tag);
        gathered.counts.carried += 1;
        // Everything below a carried folder counts: walks are bounded by what the manifest states.
        walk(&RepoObjects(self.reader), base, path, Bounds::of(u64::MAX), &mut |step| {
            if let Step::Entry { path: below, entry } = step
                && below != path
            {
                count(entry, &mut gathered.counts);
            }
            Next::On
        });
        gathered.items.push(item(path, what, &reason, Some(from.read_in)));
        let kept_from = (from.read_in == snapshot).then(|| super::rfc3339(stated)).or(Some(from.read_in.short()));
        gathered.not_saved.push(NotSaved { path: escaped(path), reason, kept_from, known_since: None });
        Ok(Some(carried))
    }

    fn leave_out(&self, path: &[u8], what: ReportWhat, reason: &str, gathered: &mut Gathered) {
        gathered.items.push(item(path, what, reason, None));
        gathered.not_saved.push(NotSaved { path: escaped(path), reason: reason.to_owned(), kept_from: None, known_since: None });
    }

    fn report(&mut self, items: Vec<ReportItem>) -> Result<Option<ObjectId>, RepoError> {
        let Some((id, objects)) = build_report(items) else { return Ok(None) };
        self.store_objects(&objects)?;
        Ok(Some(id))
    }

    fn store_objects(&mut self, objects: &[RawObject]) -> Result<(), RepoError> {
        for object in objects {
            if self.known.has(object.id) {
                self.marks.mark(object.id);
            } else if self.run.claim(object.id) {
                self.packer.add_small(Group::Meta, object.kind, object.id, &object.raw)?;
            }
        }
        Ok(())
    }

    /// What the file system keeps; the rest is absent, not invented.
    fn facts(&self, stat: &Stat, file_system: &FileSystem, owners: &mut Owners) -> Facts {
        let mut owner = || {
            let (user, group) =
                owners.entry((stat.uid, stat.gid)).or_insert_with(|| self.source.source.owner_names(stat.uid, stat.gid)).clone();
            Owner { uid: stat.uid, gid: stat.gid, user, group }
        };
        Facts {
            mode: file_system.keeps_owner.then_some(stat.mode & 0o7777),
            owner: if file_system.keeps_owner { Some(owner()) } else { None },
            mtime: Some(time(stat.mtime)),
            birth: None,
            xattrs: Vec::new(),
        }
    }
}

fn item(path: &[u8], what: ReportWhat, reason: &str, carried_from: Option<SnapshotName>) -> ReportItem {
    ReportItem { path: path.to_vec(), what, reason: reason.to_owned(), carried_from }
}

fn count(entry: &Entry, counts: &mut Counts) {
    match &entry.content {
        Content::File(file) => {
            counts.files += 1;
            counts.bytes = counts.bytes.saturating_add(file.length_bytes);
        }
        Content::Folder(_) => counts.folders += 1,
        Content::Symlink(_) => counts.symlinks += 1,
    }
}
