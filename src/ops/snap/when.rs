//! Owns saying when a snapshot was taken: what is carried names the snapshot in which it was last really read, and people know days, not ids.

use super::rfc3339;
use crate::repo::{Heads, Loaded, RepoError, Repository, SnapshotList, SnapshotName};
use crate::tree::Time;
use std::collections::BTreeMap;

/// Knows the times of snapshots; each manifest is opened once.
pub(super) struct Moments<'a> {
    repository: &'a Repository,
    list: &'a SnapshotList,
    heads: &'a Heads,
    found: BTreeMap<SnapshotName, Option<Time>>,
}

impl<'a> Moments<'a> {
    pub(super) fn new(repository: &'a Repository, list: &'a SnapshotList, heads: &'a Heads) -> Self {
        Self { repository, list, heads, found: BTreeMap::new() }
    }

    /// The time that a snapshot states; `None`: it is not here any more, or cannot be read.
    pub(super) fn of(&mut self, name: SnapshotName) -> Result<Option<Time>, RepoError> {
        if let Some(manifest) = self.heads.manifests.get(&name) {
            return Ok(Some(manifest.public.time));
        }
        if let Some(time) = self.found.get(&name) {
            return Ok(*time);
        }
        let time = match self.list.first.get(&name.into()) {
            Some((file, _)) => match self.repository.load_manifest(file)? {
                Loaded::Good(manifest) => Some(manifest.public.time),
                Loaded::Bad { .. } | Loaded::TooNew(_) => None,
            },
            None => None,
        };
        self.found.insert(name, time);
        Ok(time)
    }

    /// In words: the time, or the id of one that is not here any more.
    pub(super) fn words(&mut self, name: SnapshotName) -> Result<String, RepoError> {
        Ok(self.of(name)?.map_or_else(|| name.short(), rfc3339))
    }
}
