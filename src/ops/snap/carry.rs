//! Owns taking over what the last snapshot had: the whole of it, or without what is lost.
//!
//! What is taken over is marked object by object; nothing is taken over whose bytes no reliable pack holds.

use super::identity::join;
use crate::ops::objects::RepoObjects;
use crate::repo::{Group, Known, Marks, ObjectReader, PackRun, Packer, RepoError, limits};
use crate::tree::{self, Content, Counts, Entry, ObjectId, Places, RawObject, TreeError, build_folder, must_stay_as_it_is};

/// Takes entries over, and gathers what that came to.
pub(super) struct Carrying<'a, 'p, 'r, 'k> {
    pub(super) known: &'a Known,
    pub(super) reader: &'a ObjectReader<'a>,
    pub(super) run: &'a PackRun<'r>,
    pub(super) packer: &'a mut Packer<'p, 'r>,
    pub(super) marks: &'a mut Marks<'k>,
    /// Paths of what is lost.
    pub(super) lost: Vec<Vec<u8>>,
    /// What was taken over, the entry itself included.
    pub(super) counts: Counts,
    /// How many places were gone to: what the last snapshot says may have no end.
    pub(super) places: Places,
}

/// An error that ends the run: the place failed. Anything else says that something is lost.
fn ends_the_run(error: TreeError<RepoError>) -> Result<(), RepoError> {
    match error {
        TreeError::Load(RepoError::ObjectMissing { .. } | RepoError::ObjectDamaged { .. }) => Ok(()),
        TreeError::Load(error) => Err(error),
        _ => Ok(()),
    }
}

impl Carrying<'_, '_, '_, '_> {
    /// Takes over an entry, without what is lost below it. `None`: it is lost itself.
    pub(super) fn take(&mut self, entry: &Entry, path: &[u8]) -> Result<Option<Entry>, RepoError> {
        self.take_at(entry, path, 0)
    }

    fn take_at(&mut self, entry: &Entry, path: &[u8], depth: usize) -> Result<Option<Entry>, RepoError> {
        let goes_on = self.places.go::<RepoError>().is_ok();
        let taken = match &entry.content {
            _ if !goes_on => None,
            Content::Folder(id) if depth <= limits::DEPTH_MAX => self.folder(entry, *id, path, depth)?,
            Content::Folder(_) => None,
            Content::File(_) | Content::Symlink(_) => self.has_all(entry)?.then(|| entry.clone()),
        };
        match &taken {
            Some(taken) => count(taken, &mut self.counts),
            None => self.lost.push(path.to_vec()),
        }
        Ok(taken)
    }

    /// Marks what a file or link reaches, if all of it can be had.
    fn has_all(&mut self, entry: &Entry) -> Result<bool, RepoError> {
        let mut ids = Vec::new();
        let reached = tree::reach(&RepoObjects(self.reader), entry, &mut |_, id| {
            ids.push(id);
            true
        });
        if let Err(error) = reached {
            return ends_the_run(error).map(|()| false);
        }
        let has_all = ids.iter().all(|id| self.marks.has(*id));
        if has_all {
            ids.into_iter().for_each(|id| _ = self.marks.mark(id));
        }
        Ok(has_all)
    }

    fn folder(&mut self, entry: &Entry, id: ObjectId, path: &[u8], depth: usize) -> Result<Option<Entry>, RepoError> {
        let (before, problems) = match tree::list(&RepoObjects(self.reader), id) {
            Ok(listed) => listed,
            Err(error) => return ends_the_run(error).map(|()| None),
        };
        self.places.read(id, before.len());
        let must_stay = must_stay_as_it_is(&entry.sections);
        let is_whole = problems.is_empty();
        for problem in problems {
            ends_the_run(problem)?;
        }
        if must_stay && !is_whole {
            return Ok(None);
        }
        let (lost_before, counts_before) = (self.lost.len(), self.counts);
        let mut taken = Vec::with_capacity(before.len());
        for child in &before {
            taken.extend(self.take_at(child, &join(path, &child.name), depth + 1)?);
        }
        let is_same = is_whole && taken == before;
        if must_stay && !is_same {
            self.lost.truncate(lost_before);
            self.counts = counts_before;
            return Ok(None);
        }
        if is_same && self.has_folder(id)? {
            return Ok(Some(entry.clone()));
        }
        if !is_whole {
            // Names of what stood on a page that is gone are not known.
            self.lost.push(join(path, b"?"));
        }
        let built = build_folder(taken);
        // Another writer may have cut the pages elsewhere: then the same entries have another id.
        if must_stay && built.id != id {
            self.lost.truncate(lost_before);
            self.counts = counts_before;
            return Ok(None);
        }
        self.store(&built.objects)?;
        Ok(Some(Entry { content: Content::Folder(built.id), ..entry.clone() }))
    }

    /// Whether all that a folder lists can be had. Errors: the place failed.
    pub(super) fn is_listed(&self, id: ObjectId) -> Result<bool, RepoError> {
        match tree::list(&RepoObjects(self.reader), id) {
            Ok((_, problems)) => {
                let is_whole = problems.is_empty();
                problems.into_iter().try_for_each(ends_the_run).map(|()| is_whole)
            }
            Err(error) => ends_the_run(error).map(|()| false),
        }
    }

    /// Marks a folder's own objects, if all of them can be had.
    fn has_folder(&mut self, id: ObjectId) -> Result<bool, RepoError> {
        let mut ids = vec![id];
        match tree::folder_pages(&RepoObjects(self.reader), id) {
            Ok(pages) => ids.extend(pages),
            Err(error) => return ends_the_run(error).map(|()| false),
        }
        let has_all = ids.iter().all(|id| self.marks.has(*id));
        if has_all {
            ids.into_iter().for_each(|id| _ = self.marks.mark(id));
        }
        Ok(has_all)
    }

    /// Stores objects of trees that are not there yet.
    pub(super) fn store(&mut self, objects: &[RawObject]) -> Result<(), RepoError> {
        for object in objects {
            if self.known.has(object.id) {
                self.marks.mark(object.id);
            } else if self.run.claim(object.id) {
                self.packer.add_small(Group::Meta, object.kind, object.id, &object.raw)?;
            }
        }
        Ok(())
    }
}

/// Adds an entry to the counts of its source.
pub(super) fn count(entry: &Entry, counts: &mut Counts) {
    match &entry.content {
        Content::File(file) => {
            counts.files += 1;
            counts.bytes = counts.bytes.saturating_add(file.length_bytes);
        }
        Content::Folder(_) => counts.folders += 1,
        Content::Symlink(_) => counts.symlinks += 1,
    }
}
