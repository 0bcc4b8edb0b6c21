//! Owns the list of what is to be restored: packed, about 120 bytes for a photo, since there may be a million.

use super::items::{Item, What};
use crate::packed::{pack, unpack};
use std::collections::{BTreeMap, BTreeSet};

/// Files and links in the order of the tree.
#[derive(Debug, Default)]
pub(super) struct ItemList {
    packed: Vec<u8>,
    /// Where each begins.
    begins: Vec<usize>,
    /// The positions of links.
    symlinks: Vec<usize>,
    /// By item: the first of the items that are one file under several names.
    links: BTreeMap<usize, usize>,
    /// By item: the first of those whose paths some file systems take for one.
    alike: BTreeMap<usize, usize>,
}

impl ItemList {
    pub(super) fn push(&mut self, item: &Item, link: Option<usize>) {
        let position = self.begins.len();
        self.begins.push(self.packed.len());
        pack(item, &mut self.packed);
        if let What::Symlink(_) = item.what {
            self.symlinks.push(position);
        }
        if let Some(first) = link {
            self.links.insert(position, first);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.begins.len()
    }

    pub(super) fn get(&self, position: usize) -> Option<Item> {
        unpack(self.packed.get(*self.begins.get(position)?..)?).map(|(item, _)| item)
    }

    /// All of them, with their positions.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, Item)> {
        (0..self.len()).filter_map(|position| Some((position, self.get(position)?)))
    }

    /// Symbolic links, with their positions.
    pub(super) fn symlinks(&self) -> impl Iterator<Item = (usize, Item)> {
        self.symlinks.iter().filter_map(|position| Some((*position, self.get(*position)?)))
    }

    /// Forgets all behind the first `count`.
    pub(super) fn truncate(&mut self, count: usize) {
        if let Some(end) = self.begins.get(count).copied() {
            self.begins.truncate(count);
            self.packed.truncate(end);
            self.symlinks.retain(|position| *position < count);
            self.links.split_off(&count);
        }
    }

    /// The first item of those that are one file under several names, if an item is such a one.
    pub(super) fn link(&self, position: usize) -> Option<usize> {
        self.links.get(&position).copied()
    }

    /// Notes items whose paths some file systems take for one: the first of them, and another one.
    pub(super) fn are_alike(&mut self, first: usize, other: usize) {
        self.alike.extend([(first, first), (other, first)]);
    }

    /// Items whose paths some file systems take for one, each with the first of them.
    pub(super) fn all_alike(&self) -> impl Iterator<Item = (usize, usize)> {
        self.alike.iter().map(|(position, first)| (*position, *first))
    }

    /// The first item of those whose paths some file systems take for this one's, if there are such.
    pub(super) fn alike(&self, position: usize) -> Option<usize> {
        self.alike.get(&position).copied()
    }

    /// Items of which others depend, and those others, in order.
    pub(super) fn dependent(&self) -> impl Iterator<Item = usize> {
        let members: BTreeSet<usize> = self.links.keys().chain(self.alike.keys()).copied().collect();
        members.into_iter()
    }

    /// Whether an item can be restored before and beside all others.
    pub(super) fn is_independent(&self, position: usize) -> bool {
        let is_first = |first: Option<usize>| first.is_none_or(|first| first == position);
        is_first(self.link(position)) && is_first(self.alike(position))
    }
}
