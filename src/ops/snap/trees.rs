//! Owns building a source's tree from what was walked, read, kept and carried, and the counts and report that go with it.

use super::attributes::FolderAttributes;
use super::carry::{Carrying, count};
use super::files::{FileRead, Outcome};
use super::identity::join;
use super::plan::{FilePlan, Plan};
use super::stat_cache::StatCache;
use super::{NotSaved, SnapSource};
use crate::ops::objects::RepoObjects;
use crate::repo::{Known, Marks, ObjectReader, PackRun, Packer, RepoError, SnapshotName};
use crate::scan::{EntryKind, FileSystem, Folder, ScanError, Stat, StatKey, Walk, WalkEntry, escaped};
use crate::tree::{
    Carried, Content, Counts, Entry, Facts, FileContent, FileHash, Holes, ObjectId, Owner, RawObject, ReportItem, ReportWhat, Section,
    Time, Xattr, XattrValue, build_folder, build_pieces, build_report, must_stay_as_it_is, tags,
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
    /// What vanished before it was read and was never saved.
    pub(super) vanished: u64,
    pub(super) unread_attributes: UnreadAttributes,
}

/// A file that was read.
#[derive(Debug, Clone)]
pub(super) struct ReadFile {
    pub(super) hash: FileHash,
    pub(super) length_bytes: u64,
    pub(super) before: Option<FileHash>,
    /// Its path, if its bytes changed though its facts did not.
    pub(super) rotten: Option<Vec<u8>>,
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
    pub(super) attributes: &'a FolderAttributes,
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
    vanished: u64,
    unread_attributes: UnreadAttributes,
    owners: Owners,
}

/// Extended attributes that could not be kept.
#[derive(Debug, Clone, Default)]
pub(super) struct UnreadAttributes {
    pub(super) count: u64,
    /// The first entry that lacks one.
    pub(super) example: Option<Vec<u8>>,
}

impl UnreadAttributes {
    fn add(&mut self, path: &[u8], count: u32) {
        if count > 0 {
            self.count += u64::from(count);
            self.example.get_or_insert_with(|| path.to_vec());
        }
    }
}

/// What an entry has besides its name and the facts of its stat.
struct Held {
    content: Content,
    sections: Vec<Section>,
    xattrs: Vec<Xattr>,
}

/// Time as the format has it.
fn time(stamp: crate::clock::Timestamp) -> Time {
    Time { seconds: stamp.seconds, nanoseconds: stamp.nanoseconds }
}

impl<'a, 'p, 'r, 'k> Building<'a, 'p, 'r, 'k> {
    /// Builds and stores the tree, marking every object that it reaches.
    pub(super) fn build(&mut self) -> Result<Tree, RepoError> {
        let mut gathered = Gathered::default();
        let listing = self.walk;
        let held = if listing.folders.is_empty() {
            let plan = self.plan.root_file.as_ref().ok_or(RepoError::Stopped)?;
            self.file(b"", &listing.root, plan, None, None, &mut gathered)?.ok_or(RepoError::Stopped)?
        } else {
            let content = Content::Folder(self.folders(&mut gathered)?);
            Held { content, sections: Vec::new(), xattrs: self.folder_xattrs(0, b"", &mut gathered)? }
        };
        let name = self.source.path.rsplit(|byte| *byte == b'/').find(|part| !part.is_empty() && part.len() <= 1024);
        let facts = Facts { xattrs: held.xattrs, ..self.facts(&listing.root, &listing.file_system, &mut gathered.owners) };
        let root = Entry { name: name.unwrap_or(b"root").to_vec(), content: held.content, facts, sections: held.sections };
        count(&root, &mut gathered.counts);
        let report = self.report(std::mem::take(&mut gathered.items))?;
        let Gathered { counts, not_saved, cache, read, vanished, unread_attributes, .. } = gathered;
        Ok(Tree { root, counts, report, not_saved, cache, read, vanished, unread_attributes })
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
        let mut stat = entry.stat.clone();
        let held = match entry.kind {
            EntryKind::File { hard_link } => {
                // Nothing is left out in silence: what has no plan or no outcome ends the run.
                let plan = self.plan.files.get(position).and_then(|files| files.get(place)).and_then(Option::as_ref);
                let plan = plan.ok_or(RepoError::Stopped)?;
                let outcome = self.outcome(plan)?;
                let is_one_file = !matches!(outcome, Some(Outcome::Apart(_)));
                match outcome.map(|outcome| outcome.of(&path)) {
                    Some(Outcome::Failed(error)) => return self.carry_unread(&path, error, base, gathered),
                    Some(Outcome::Read(read)) => stat = read.stat.clone(),
                    Some(Outcome::Apart(_)) => return Err(RepoError::Stopped),
                    None => {}
                }
                let group = hard_link
                    .filter(|_| is_one_file)
                    .and_then(|group| self.walk.hard_links.get(group))
                    .map(|link| FileHash(*blake3::hash(&link.first_path).as_bytes()));
                self.file(&path, &entry.stat, plan, group, base, gathered)?.ok_or(RepoError::Stopped)?
            }
            EntryKind::Folder { index } => {
                let sub = self.walk.folders.get(index);
                if let Some(error) = sub.and_then(|folder| folder.problem.clone()) {
                    return self.carry_unread(&path, &error, base, gathered);
                }
                if self.plan.emptied.contains(&index) {
                    let reason = "nothing is mounted there now, or what is mounted is empty";
                    return self.carry(&path, ReportWhat::Absent, reason, base, gathered);
                }
                let mount_point = sub.filter(|folder| folder.mount_point).map(|_| Section { tag: tags::MOUNT_POINT, bytes: Vec::new() });
                let id = ids.get(index).copied().flatten().ok_or(RepoError::Stopped)?;
                let xattrs = self.folder_xattrs(index, &path, gathered)?;
                Held { content: Content::Folder(id), sections: mount_point.into_iter().collect(), xattrs }
            }
            EntryKind::Symlink => match self.source.source.read_link(&path) {
                Ok(target) => Held { content: Content::Symlink(target), sections: Vec::new(), xattrs: Vec::new() },
                Err(error) => return self.carry_unread(&path, &error, base, gathered),
            },
        };
        let facts = Facts { xattrs: held.xattrs, ..self.facts(&stat, &folder.file_system, &mut gathered.owners) };
        let built = Entry { name: entry.name.clone(), content: held.content, facts, sections: held.sections };
        if let Err(error) = built.validate() {
            gathered.counts.unreadable += 1;
            leave_out(&path, ReportWhat::Unreadable, &error.to_string(), gathered);
            return Ok(None);
        }
        Ok(Some(built))
    }

    /// What became of a file that was to be read; `None`: it is kept.
    fn outcome(&self, plan: &FilePlan) -> Result<Option<&'a Outcome>, RepoError> {
        match plan {
            FilePlan::Keep(_) => Ok(None),
            FilePlan::Read(unit) => self.outcomes.get(*unit).map(Some).ok_or(RepoError::Stopped),
        }
    }

    /// What a file holds that was kept or read.
    fn file(
        &mut self,
        path: &[u8],
        listed: &Stat,
        plan: &FilePlan,
        link_group: Option<FileHash>,
        base: Option<&Entry>,
        gathered: &mut Gathered,
    ) -> Result<Option<Held>, RepoError> {
        match plan {
            FilePlan::Keep(before) => self.kept_file(path, listed, before, link_group, gathered),
            FilePlan::Read(unit) => match self.outcomes.get(*unit).map(|outcome| outcome.of(path)) {
                Some(Outcome::Read(read)) => self.read_file(path, listed, read, link_group, base, gathered).map(Some),
                _ => Ok(None),
            },
        }
    }

    fn kept_file(
        &mut self,
        path: &[u8],
        listed: &Stat,
        before: &Entry,
        link_group: Option<FileHash>,
        gathered: &mut Gathered,
    ) -> Result<Option<Held>, RepoError> {
        let Content::File(content) = &before.content else { return Ok(None) };
        let marks = &mut *self.marks;
        let mut all_there = true;
        let reached = crate::tree::reach(&RepoObjects(self.reader), before, &mut |_, id| {
            all_there &= marks.mark(id);
            true
        });
        if reached.is_err() || !all_there {
            return Err(RepoError::LookFailed { missing: 1 });
        }
        // A second name may have been another file when its key was made.
        let is_its_own = |key: &&StatKey| link_group.is_none() || (key.inode, key.mtime) == (listed.inode, listed.mtime);
        if let Some(key) = self.old_cache.get(path).filter(is_its_own) {
            gathered.cache.insert(path.to_vec(), *key);
        }
        // It was looked at and is as it was: nothing is carried any more. Sections that are not known here are kept as bytes.
        let sections =
            before.sections.iter().filter(|section| ![tags::CARRIED, tags::CHANGED_WHILE_READ].contains(&section.tag)).cloned().collect();
        let content = Content::File(FileContent { link_group, ..content.clone() });
        Ok(Some(Held { content, sections, xattrs: before.facts.xattrs.clone() }))
    }

    fn read_file(
        &mut self,
        path: &[u8],
        listed: &Stat,
        read: &FileRead,
        link_group: Option<FileHash>,
        base: Option<&Entry>,
        gathered: &mut Gathered,
    ) -> Result<Held, RepoError> {
        if !read.pieces.iter().all(|piece| self.marks.mark(piece.id)) || !self.mark_values(&read.attributes.xattrs) {
            return Err(RepoError::LookFailed { missing: 1 });
        }
        gathered.unread_attributes.add(path, read.attributes.unread_count);
        let (pieces, objects) = build_pieces(read.hash, read.pieces.clone());
        self.store_objects(&objects)?;
        let before = base.and_then(|entry| match &entry.content {
            Content::File(file) => Some(file.hash),
            _ => None,
        });
        let rotten = read.is_rotten.then(|| path.to_vec());
        gathered.read.push(ReadFile { hash: read.hash, length_bytes: read.length_bytes, before, rotten });
        let mut sections = Vec::new();
        if read.changed {
            sections.push(Section { tag: tags::CHANGED_WHILE_READ, bytes: Vec::new() });
            gathered.counts.changed_while_read += 1;
            let reason = "changed while it was read";
            gathered.items.push(item(path, ReportWhat::ChangedWhileRead, reason, None));
            let kept = NotSaved {
                path: escaped(path),
                reason: format!("{reason}; kept as it was read"),
                kept_as_read: true,
                kept_from: None,
                known_since: None,
            };
            gathered.not_saved.push(kept);
        } else if (listed.inode, listed.length_bytes) == (read.stat.inode, read.stat.length_bytes) {
            gathered.cache.insert(path.to_vec(), StatKey::of(&read.stat, read.seen_at));
        }
        if !read.holes.is_empty() {
            let runs = read.holes.iter().map(|hole| (hole.offset_bytes, hole.length_bytes)).collect();
            sections.push(Holes { runs }.section());
        }
        let content = FileContent { length_bytes: read.length_bytes, hash: read.hash, pieces, picture: None, link_group };
        Ok(Held { content: Content::File(content), sections, xattrs: read.attributes.xattrs.clone() })
    }

    /// A folder's own extended attributes, which were stored before.
    fn folder_xattrs(&mut self, position: usize, path: &[u8], gathered: &mut Gathered) -> Result<Vec<Xattr>, RepoError> {
        let Some(stored) = self.attributes.get(&position) else { return Ok(Vec::new()) };
        gathered.unread_attributes.add(path, stored.unread_count);
        if self.mark_values(&stored.xattrs) { Ok(stored.xattrs.clone()) } else { Err(RepoError::LookFailed { missing: 1 }) }
    }

    /// Marks the long values of attributes. False if one is nowhere.
    fn mark_values(&mut self, xattrs: &[Xattr]) -> bool {
        let values = xattrs.iter().filter_map(|xattr| match &xattr.value {
            XattrValue::Pieces(pieces) => Some(pieces),
            XattrValue::Inline(_) => None,
        });
        values.flatten().all(|piece| self.marks.mark(piece.id))
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
            if let Some(entry) = self.carry_unread(&join(&folder.path, &problem.name), &problem.error, base, gathered)? {
                entries.push(entry);
            }
        }
        Ok(())
    }

    /// What becomes of a path that could not be read.
    fn carry_unread(
        &mut self,
        path: &[u8],
        error: &ScanError,
        base: Option<&Entry>,
        gathered: &mut Gathered,
    ) -> Result<Option<Entry>, RepoError> {
        let what = match error {
            ScanError::Placeholder { .. } => ReportWhat::CloudOnly,
            error if error.is_vanished() => ReportWhat::Vanished,
            _ => ReportWhat::Unreadable,
        };
        self.carry(path, what, &error.reason(), base, gathered)
    }

    /// Takes over what the last snapshot had at a path that cannot be had now, or names it as not saved.
    fn carry(
        &mut self,
        path: &[u8],
        what: ReportWhat,
        reason: &str,
        base: Option<&Entry>,
        gathered: &mut Gathered,
    ) -> Result<Option<Entry>, RepoError> {
        let counts = &mut gathered.counts;
        match what {
            ReportWhat::CloudOnly => counts.cloud_only += 1,
            ReportWhat::Vanished => counts.vanished += 1,
            _ => counts.unreadable += 1,
        }
        let Some((base, (snapshot, stated))) = base.zip(self.previous) else {
            if what == ReportWhat::Vanished {
                gathered.vanished += 1;
                gathered.items.push(item(path, what, reason, None));
            } else {
                leave_out(path, what, reason, gathered);
            }
            return Ok(None);
        };
        let mut carrying = self.carrying();
        let taken = carrying.take(base, path)?;
        let (lost, taken_counts) = (carrying.lost, carrying.counts);
        for path in &lost {
            leave_out(path, ReportWhat::Lost, &format!("{reason}, and what was stored of it before is lost"), gathered);
        }
        let Some(mut carried) = taken else { return Ok(None) };
        let from = Carried::of(&carried.sections).unwrap_or(Carried { read_in: snapshot, reason: reason.to_owned() });
        // An entry that must stay as it is gets no mark; the report names it all the same.
        if !must_stay_as_it_is(&carried.sections) {
            carried.sections.retain(|section| section.tag != tags::CARRIED);
            carried.sections.push(from.section());
            carried.sections.sort_by_key(|section| section.tag);
        }
        add_below(&taken_counts, &carried, &mut gathered.counts);
        gathered.counts.carried += 1;
        gathered.items.push(item(path, what, reason, Some(from.read_in)));
        let kept_from = (from.read_in == snapshot).then(|| super::rfc3339(stated)).or(Some(from.read_in.short()));
        let reason = reason.to_owned();
        gathered.not_saved.push(NotSaved { path: escaped(path), reason, kept_as_read: false, kept_from, known_since: None });
        Ok(Some(carried))
    }

    fn carrying(&mut self) -> Carrying<'_, 'p, 'r, 'k> {
        Carrying {
            known: self.known,
            reader: self.reader,
            run: self.run,
            packer: self.packer,
            marks: self.marks,
            lost: Vec::new(),
            counts: Counts::default(),
            places: Default::default(),
        }
    }

    fn report(&mut self, items: Vec<ReportItem>) -> Result<Option<ObjectId>, RepoError> {
        let Some((id, objects)) = build_report(items) else { return Ok(None) };
        self.store_objects(&objects)?;
        Ok(Some(id))
    }

    fn store_objects(&mut self, objects: &[RawObject]) -> Result<(), RepoError> {
        self.carrying().store(objects)
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
            birth: stat.birth.map(time),
            xattrs: Vec::new(),
        }
    }
}

fn item(path: &[u8], what: ReportWhat, reason: &str, carried_from: Option<SnapshotName>) -> ReportItem {
    ReportItem { path: path.to_vec(), what, reason: reason.to_owned(), carried_from }
}

fn leave_out(path: &[u8], what: ReportWhat, reason: &str, gathered: &mut Gathered) {
    gathered.items.push(item(path, what, reason, None));
    let (path, reason) = (escaped(path), reason.to_owned());
    gathered.not_saved.push(NotSaved { path, reason, kept_as_read: false, kept_from: None, known_since: None });
}

/// Adds what was taken over below `top`; `top` itself is counted with its folder.
fn add_below(taken: &Counts, top: &Entry, counts: &mut Counts) {
    let mut itself = Counts::default();
    count(top, &mut itself);
    counts.files += taken.files - itself.files;
    counts.folders += taken.folders - itself.folders;
    counts.symlinks += taken.symlinks - itself.symlinks;
    counts.bytes = counts.bytes.saturating_add(taken.bytes - itself.bytes);
}
