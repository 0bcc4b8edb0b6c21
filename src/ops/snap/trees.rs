//! Owns building a source's tree from what was walked, read, kept and carried, and the counts and report that go with it.

use super::attributes::FolderAttributes;
use super::carry::{Carrying, count};
use super::changes::{Changes, ReadFile};
use super::files::{FileRead, Outcome, Outcomes};
use super::identity::join;
use super::kept::leave_out;
use super::plan::{FilePlan, Plan, list_base};
use super::stat_cache::{NewCache, Owners, Plain, Reused, StatCache};
use super::unmounted;
use super::when::Moments;
use super::{NotSaved, SnapSource};
use crate::clock::Timestamp;
use crate::ops::objects::RepoObjects;
use crate::repo::{Known, Marks, ObjectReader, PackRun, Packer, RepoError, SnapshotName};
use crate::scan::{EntryKind, FileSystem, Folder, SkippedEntry, Stat, StatKey, Walk, WalkEntry, escaped};
use crate::tree::{
    Content, Counts, Entry, Facts, FileContent, FileHash, Holes, ObjectId, Owner, Piece, RawObject, ReportItem, ReportWhat, Section, Time,
    Xattr, XattrValue, build_folder, build_pieces, build_report, picture, picture_among, tags,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A source's tree, built and stored.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Entry,
    pub(super) counts: Counts,
    pub(super) report: Option<ObjectId>,
    pub(super) not_saved: Vec<NotSaved>,
    pub(super) cache: NewCache,
    pub(super) changes: Changes,
    /// Files of the last snapshot whose path has no file now, and whose content has none either.
    pub(super) gone: Vec<Vec<u8>>,
    /// What vanished before it was read and was never saved.
    pub(super) vanished: u64,
    pub(super) unread_attributes: UnreadAttributes,
    /// What is lost since the last snapshot.
    pub(super) lost: u64,
}

/// What building goes by.
pub(super) struct Building<'a, 'p, 'r, 'k> {
    pub(super) source: &'a SnapSource,
    pub(super) walk: &'a Walk,
    pub(super) plan: &'a Plan,
    /// What was read is taken out as it is built in.
    pub(super) outcomes: &'a mut Outcomes,
    pub(super) known: &'a Known,
    pub(super) reader: &'a ObjectReader<'a>,
    /// The last snapshot of this source.
    pub(super) previous: Option<SnapshotName>,
    /// Its root.
    pub(super) base_root: Option<&'a Entry>,
    /// Paths that the last snapshot's report calls lost.
    pub(super) lost_before: &'a BTreeSet<Vec<u8>>,
    pub(super) moments: &'a mut Moments<'r>,
    pub(super) old_cache: &'a StatCache,
    /// When walking began.
    pub(super) walked_at: Timestamp,
    /// Objects of trees that this run stored, since the folder that is built was begun.
    pub(super) own_objects: Vec<ObjectId>,
    pub(super) run: &'a PackRun<'r>,
    pub(super) packer: &'a mut Packer<'p, 'r>,
    pub(super) attributes: &'a FolderAttributes,
    pub(super) marks: &'a mut Marks<'k>,
}

/// What is gathered on the way.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) counts: Counts,
    pub(super) items: Vec<ReportItem>,
    pub(super) not_saved: Vec<NotSaved>,
    pub(super) cache: NewCache,
    pub(super) changes: Changes,
    pub(super) vanished: u64,
    pub(super) lost: u64,
    pub(super) lost_paths: BTreeSet<Vec<u8>>,
    /// By position of a folder whose drive is not connected: in which snapshots what is kept there was last read.
    pub(super) kept_in: BTreeMap<usize, BTreeSet<SnapshotName>>,
    pub(super) unread_attributes: UnreadAttributes,
    pub(super) owners: Owners,
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

/// The folder that is built.
pub(super) struct InFolder<'f> {
    /// Its position in the walk.
    pub(super) position: usize,
    pub(super) folder: &'f Folder,
    /// What the last snapshot had in it, by name.
    pub(super) base: HashMap<Vec<u8>, Entry>,
    /// By position, the folders that are built: all that lie in this one.
    built: &'f [Option<ObjectId>],
}

/// Time as the format has it.
fn time(stamp: crate::clock::Timestamp) -> Time {
    Time { seconds: stamp.seconds, nanoseconds: stamp.nanoseconds }
}

impl<'a, 'p, 'r, 'k> Building<'a, 'p, 'r, 'k> {
    /// Builds and stores the tree, marking every object that it reaches.
    pub(super) fn build(&mut self) -> Result<Tree, RepoError> {
        let changes = Changes::beside(self.plan.gone.iter().map(|(_, hash)| *hash));
        let mut gathered = Gathered { changes, ..Gathered::default() };
        let listing = self.walk;
        let held = if listing.folders.is_empty() {
            let plan = self.plan.root_file.ok_or(RepoError::Stopped)?;
            let held = match self.outcome(plan, false)? {
                None => self.kept_file(b"", &listing.root, self.base_root, None, &mut gathered)?,
                Some(Outcome::Read(read)) => self.read_file(b"", &listing.root, &read, None, self.base_root, &mut gathered)?,
                Some(_) => return Err(RepoError::Stopped),
            };
            gathered.cache.close_root();
            held
        } else {
            let content = Content::Folder(self.folders(&mut gathered)?);
            Held { content, sections: self.mount_section(0), xattrs: self.folder_xattrs(0, b"", &mut gathered)? }
        };
        if self.plan.unmounted.is_top(0) {
            self.name_unmounted(0, b"", &mut gathered)?;
        }
        let name = self.source.path.rsplit(|byte| *byte == b'/').find(|part| !part.is_empty() && part.len() <= 1024);
        let facts = Facts { xattrs: held.xattrs, ..self.facts(&listing.root, &listing.file_system, &mut gathered.owners) };
        let root = Entry { name: name.unwrap_or(b"root").to_vec(), content: held.content, facts, sections: held.sections };
        count(&root, &mut gathered.counts);
        let report = self.report(std::mem::take(&mut gathered.items))?;
        let Gathered { counts, not_saved, mut cache, mut changes, vanished, lost, unread_attributes, owners, .. } = gathered;
        cache.name_owners(owners, self.old_cache);
        let gone = self.plan.gone.iter().filter(|(_, hash)| changes.take_gone(*hash)).map(|(path, _)| path.clone()).collect();
        Ok(Tree { root, counts, report, not_saved, cache, changes, gone, vanished, lost, unread_attributes })
    }

    /// Builds folders from the deepest up, since a folder names its sub folders by their ids.
    fn folders(&mut self, gathered: &mut Gathered) -> Result<ObjectId, RepoError> {
        let listing = self.walk;
        let mut ids: Vec<Option<ObjectId>> = vec![None; listing.folders.len()];
        for (position, folder) in listing.folders.iter().enumerate().rev() {
            if let Some(reused) = self.plan.reused.get(position).and_then(Option::as_ref) {
                self.take_over_folder(folder, reused, gathered)?;
                if let Some(slot) = ids.get_mut(position) {
                    *slot = Some(reused.id);
                }
                continue;
            }
            let id = self.folder(position, folder, &ids, gathered)?;
            if let Some(slot) = ids.get_mut(position) {
                *slot = Some(id);
            }
        }
        ids.first().copied().flatten().ok_or(RepoError::Stopped)
    }

    fn folder(
        &mut self,
        position: usize,
        folder: &Folder,
        built: &[Option<ObjectId>],
        gathered: &mut Gathered,
    ) -> Result<ObjectId, RepoError> {
        let (base, _) = list_base(self.reader, self.plan.base.get(position).copied().flatten());
        let here = InFolder { position, folder, base, built };
        // What is passed over each time is no news.
        let news = |gathered: &Gathered, skipped| (gathered.items.len() + skipped, gathered.unread_attributes.count);
        let news_before = news(gathered, folder.skipped.len());
        self.marks.take_part();
        self.own_objects.clear();
        let mut entries = Vec::with_capacity(folder.entries.len());
        let mut looked_at = 0;
        for (place, entry) in folder.entries.iter().enumerate() {
            looked_at += 1;
            entries.extend(self.entry(&here, place, &entry, gathered)?);
        }
        if looked_at != folder.entries.len() {
            return Err(RepoError::Stopped);
        }
        self.missing_entries(&here, &mut entries, gathered)?;
        if let Some(top) = self.plan.unmounted.top_of(position) {
            self.take_over_missing(&here, top, &mut entries, gathered)?;
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        let mut counts = Counts::default();
        entries.iter().for_each(|entry| count(entry, &mut counts));
        add_entries(&counts, &mut gathered.counts);
        let is_as_listed = entries.len() == folder.entries.len() && news(gathered, 0) == news_before;
        let built = build_folder(entries);
        self.store_objects(&built.objects)?;
        let is_plain = is_as_listed && self.plan.unmounted.top_of(position).is_none();
        let own_objects = std::mem::take(&mut self.own_objects);
        let plain = is_plain.then(|| Plain { id: built.id, counts, packs: self.marks.take_part(), own_objects });
        gathered.cache.close(folder, self.walked_at, plain);
        Ok(built.id)
    }

    /// Takes over a folder in which and below which nothing changed. Those below it stand in the walk as well.
    fn take_over_folder(&mut self, folder: &Folder, reused: &Reused, gathered: &mut Gathered) -> Result<(), RepoError> {
        if !reused.packs.iter().all(|pack| self.marks.mark_pack(*pack)) {
            return Err(RepoError::LookFailed { missing: 1 });
        }
        add_entries(&reused.counts, &mut gathered.counts);
        folder.skipped.iter().for_each(|skipped| name_skipped(folder, skipped, gathered));
        gathered.cache.reuse(&folder.path);
        Ok(())
    }

    fn entry(
        &mut self,
        here: &InFolder<'_>,
        place: usize,
        entry: &WalkEntry<'_>,
        gathered: &mut Gathered,
    ) -> Result<Option<Entry>, RepoError> {
        let (position, folder) = (here.position, here.folder);
        let path = join(&folder.path, entry.name);
        let base = here.base.get(entry.name);
        let mut stat = entry.stat.clone();
        let held = match entry.kind {
            EntryKind::File { hard_link } => {
                // Nothing is left out in silence: what has no plan or no outcome ends the run.
                let plan = self.plan.files.get(position).and_then(|files| files.get(place)).copied().flatten();
                let outcome = self.outcome(plan.ok_or(RepoError::Stopped)?, hard_link.is_some())?;
                let is_one_file = !matches!(outcome, Some(Outcome::Apart(_)));
                let group = hard_link
                    .filter(|_| is_one_file)
                    .and_then(|group| self.walk.hard_links.get(group))
                    .map(|link| FileHash(*blake3::hash(&link.first_path).as_bytes()));
                match outcome.as_ref().map(|outcome| outcome.of(&path)) {
                    None => self.kept_file(&path, &entry.stat, base, group, gathered)?,
                    Some(Outcome::Failed(error)) => return self.carry_unread(position, &path, error, base, gathered),
                    Some(Outcome::Read(read)) => {
                        stat = read.stat().unwrap_or(&entry.stat).clone();
                        self.read_file(&path, &entry.stat, read, group, base, gathered)?
                    }
                    Some(Outcome::Apart(_)) => return Err(RepoError::Stopped),
                }
            }
            EntryKind::Folder { index } => {
                let sub = self.walk.folders.get(index);
                if let Some(error) = sub.and_then(|folder| folder.problem.clone()) {
                    return self.carry_unread(position, &path, &error, base, gathered);
                }
                if self.plan.unmounted.is_top(index) {
                    self.name_unmounted(index, &path, gathered)?;
                }
                let id = here.built.get(index).copied().flatten().ok_or(RepoError::Stopped)?;
                let xattrs = self.folder_xattrs(index, &path, gathered)?;
                Held { content: Content::Folder(id), sections: self.mount_section(index), xattrs }
            }
            EntryKind::Symlink => match self.source.source.read_link(&path) {
                Ok(target) => Held { content: Content::Symlink(target), sections: Vec::new(), xattrs: Vec::new() },
                Err(error) => return self.carry_unread(position, &path, &error, base, gathered),
            },
        };
        let facts = Facts { xattrs: held.xattrs, ..self.facts(&stat, &folder.file_system, &mut gathered.owners) };
        let built = Entry { name: entry.name.to_vec(), content: held.content, facts, sections: held.sections };
        if let Err(error) = built.validate() {
            gathered.counts.unreadable += 1;
            leave_out(&path, ReportWhat::Unreadable, &error.to_string(), gathered);
            return Ok(None);
        }
        Ok(Some(built))
    }

    /// A folder that is a mount point keeps saying so as long as what was on its drive is taken over.
    fn mount_section(&self, index: usize) -> Vec<Section> {
        let is_kept = self.plan.unmounted.was_mounted(index);
        let is_mounted = self.walk.folders.get(index).is_some_and(|folder| folder.mount_point);
        if is_mounted || is_kept { vec![Section { tag: tags::MOUNT_POINT, bytes: Vec::new() }] } else { Vec::new() }
    }

    /// What became of a file that was to be read; `None`: it is kept.
    fn outcome(&mut self, plan: FilePlan, has_other_names: bool) -> Result<Option<Outcome>, RepoError> {
        let outcome = match plan {
            FilePlan::Keep => return Ok(None),
            FilePlan::Read { unit, .. } if has_other_names => self.outcomes.get(unit).cloned(),
            FilePlan::Read { unit, .. } => self.outcomes.take(unit),
        };
        outcome.map(Some).ok_or(RepoError::Stopped)
    }

    /// What a file holds that did not change.
    fn kept_file(
        &mut self,
        path: &[u8],
        listed: &Stat,
        before: Option<&Entry>,
        link_group: Option<FileHash>,
        gathered: &mut Gathered,
    ) -> Result<Held, RepoError> {
        // It was there when it was compared.
        let lacking = RepoError::LookFailed { missing: 1 };
        let Some((before, Content::File(content))) = before.map(|before| (before, &before.content)) else { return Err(lacking) };
        let marks = &mut *self.marks;
        let mut all_there = true;
        let reached = crate::tree::reach(&RepoObjects(self.reader), before, &mut |_, id| {
            all_there &= marks.mark(id);
            true
        });
        if reached.is_err() || !all_there {
            return Err(lacking);
        }
        // A second name may have been another file when its key was made.
        let is_its_own = |key: &StatKey| link_group.is_none() || (key.inode, key.mtime) == (listed.inode, listed.mtime);
        if let Some(key) = self.old_cache.get(path).filter(is_its_own) {
            gathered.cache.insert(path, &key);
        }
        // It was looked at and is as it was: nothing is carried any more. Sections that are not known here are kept as bytes.
        let sections =
            before.sections.iter().filter(|section| ![tags::CARRIED, tags::CHANGED_WHILE_READ].contains(&section.tag)).cloned().collect();
        let content = Content::File(FileContent { link_group, ..content.clone() });
        Ok(Held { content, sections, xattrs: before.facts.xattrs.clone() })
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
        let (pieces, attributes) = (read.pieces(), read.attributes());
        if !pieces.iter().all(|piece| self.marks.mark(piece.id)) || !self.mark_values(&attributes.xattrs) {
            return Err(RepoError::LookFailed { missing: 1 });
        }
        gathered.unread_attributes.add(path, attributes.unread_count);
        let before = base.and_then(|entry| match &entry.content {
            Content::File(file) => Some(file.hash),
            _ => None,
        });
        let same_picture = before.is_some_and(|before| before != read.hash) && self.has_picture_of(base, read, &pieces);
        gathered.changes.count(&ReadFile { hash: read.hash, length_bytes: read.length_bytes, before, same_picture });
        gathered.changes.rotten.extend(read.is_rotten().then(|| path.to_vec()));
        let (pieces, objects) = build_pieces(read.hash, pieces);
        self.store_objects(&objects)?;
        let stat = read.stat().unwrap_or(listed);
        let mut sections = Vec::new();
        if read.changed() {
            sections.push(Section { tag: tags::CHANGED_WHILE_READ, bytes: Vec::new() });
            gathered.counts.changed_while_read += 1;
            let reason = "changed while it was read";
            gathered.items.push(item(path, ReportWhat::ChangedWhileRead, reason, None));
            let kept = NotSaved {
                path: escaped(path),
                reason: format!("{reason}; kept as it was read"),
                kept_as_read: true,
                cloud_only: false,
                lost: false,
                kept_from: None,
                known_since: None,
            };
            gathered.not_saved.push(kept);
        } else if (listed.inode, listed.length_bytes) == (stat.inode, stat.length_bytes) {
            gathered.cache.insert(path, &StatKey::of(stat, read.seen_at));
        }
        if !read.holes().is_empty() {
            let runs = read.holes().iter().map(|hole| (hole.offset_bytes, hole.length_bytes)).collect();
            sections.push(Holes { runs }.section());
        }
        let picture = read.picture.to_vec();
        let content = FileContent { length_bytes: read.length_bytes, hash: read.hash, pieces, picture, link_group };
        Ok(Held { content: Content::File(content), sections, xattrs: attributes.xattrs })
    }

    /// Whether a file has the picture that the last snapshot has at its path. What cannot be read of that one is another.
    fn has_picture_of(&self, base: Option<&Entry>, read: &FileRead, pieces: &[Piece]) -> bool {
        let Some(Content::File(before)) = base.map(|entry| &entry.content) else { return false };
        let now = picture_among(&read.picture, pieces);
        now.is_some() && picture(&RepoObjects(self.reader), before).is_ok_and(|before| before == now)
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
    fn missing_entries(&mut self, here: &InFolder<'_>, entries: &mut Vec<Entry>, gathered: &mut Gathered) -> Result<(), RepoError> {
        let InFolder { position, folder, base, .. } = here;
        let position = *position;
        for skipped in &folder.skipped {
            let path = join(&folder.path, &skipped.name);
            if self.plan.unmounted.is_hidden(&path) {
                let base = base.get(&skipped.name);
                entries.extend(self.carry(position, &path, ReportWhat::Absent, unmounted::REASON, base, gathered)?);
                continue;
            }
            name_skipped(folder, skipped, gathered);
        }
        let plan = self.plan;
        for name in plan.unmounted.removed_from(position) {
            let path = join(&folder.path, name);
            let base = base.get(name);
            entries.extend(self.carry(position, &path, ReportWhat::Absent, unmounted::REASON, base, gathered)?);
        }
        for problem in &folder.problems {
            let base = base.get(&problem.name);
            let path = join(&folder.path, &problem.name);
            entries.extend(self.carry_unread(position, &path, &problem.error, base, gathered)?);
        }
        Ok(())
    }

    pub(super) fn carrying(&mut self) -> Carrying<'_, 'p, 'r, 'k> {
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
        self.own_objects.extend(objects.iter().map(|object| object.id).filter(|id| !self.known.has(*id)));
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

/// Names what was passed over.
fn name_skipped(folder: &Folder, skipped: &SkippedEntry, gathered: &mut Gathered) {
    gathered.counts.skipped += 1;
    gathered.items.push(item(&join(&folder.path, &skipped.name), ReportWhat::Skipped, &skipped.reason.to_string(), None));
}

/// Adds what lies directly in a folder.
fn add_entries(entries: &Counts, counts: &mut Counts) {
    counts.files += entries.files;
    counts.folders += entries.folders;
    counts.symlinks += entries.symlinks;
    counts.bytes = counts.bytes.saturating_add(entries.bytes);
}

pub(super) fn item(path: &[u8], what: ReportWhat, reason: &str, carried_from: Option<SnapshotName>) -> ReportItem {
    ReportItem { path: path.to_vec(), what, reason: reason.to_owned(), carried_from }
}
