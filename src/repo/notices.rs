//! Owns obeying tombstones and `instead`. Implements `format-spec/notices.md`.

use super::RepoError;
use super::file::{FileState, read_file};
use super::inventory::list_folder;
use crate::crypto::MasterKey;
use crate::format::{
    FileKind, Instead, NameFolder, NeededPack, PackName, RepositoryId, SealedFile, StoredName, Tombstone, TombstoneTarget,
};
use crate::store::Store;
use std::collections::{BTreeMap, BTreeSet};

/// Whom to believe.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// A plain repository: anyone who can write can forget.
    Plain,
    /// The key is here: only what carries its hash.
    Key(&'a MasterKey),
    /// An encrypted repository without its key: nothing is obeyed, everything is listed.
    Locked,
}

/// What tombstones and `instead` files say at one moment.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    /// Packs that must not be relied on.
    pub packs: BTreeSet<PackName>,
    /// Manifests that do not exist.
    pub manifests: BTreeSet<StoredName>,
    /// Key slots that do not exist.
    pub slots: BTreeSet<StoredName>,
    /// For a replaced pack, the packs that hold all of it; several if several were written.
    pub instead: BTreeMap<PackName, Vec<Vec<NeededPack>>>,
    /// Targets named without proof, because the key is not here.
    pub unverified: BTreeSet<StoredName>,
    /// Paths of notices that carry a wrong hash: obeyed by nobody.
    pub false_ones: Vec<String>,
    /// Notices that cannot be read.
    pub unreadable: Vec<(String, FileState)>,
}

impl Notices {
    /// Reads all notices of a place: tombstones in both places, then `instead`.
    pub fn load(store: &dyn Store, repository: RepositoryId, trust: Trust<'_>) -> Result<Self, RepoError> {
        let mut notices = Self::default();
        let mut tombstones = list_folder(store, NameFolder::Tombstones, false)?;
        for (hash, second) in list_folder(store, NameFolder::Tombstones, true)? {
            tombstones.entry(hash).or_insert(second);
        }
        for (file, _) in tombstones.values() {
            notices.read(store, repository, trust, file, FileKind::Tombstone)?;
        }
        for (file, _) in list_folder(store, NameFolder::Instead, false)?.values() {
            notices.read(store, repository, trust, file, FileKind::Instead)?;
        }
        Ok(notices)
    }

    fn read(
        &mut self,
        store: &dyn Store,
        repository: RepositoryId,
        trust: Trust<'_>,
        file: &crate::format::StoredFile,
        kind: FileKind,
    ) -> Result<(), RepoError> {
        let bytes = match read_file(store, file)? {
            FileState::Good(bytes) => bytes,
            // A copy of the same notice elsewhere may be good.
            _ if !file.second && kind == FileKind::Tombstone => match read_file(store, &file.in_second())? {
                FileState::Good(bytes) => bytes,
                state => return self.note_unreadable(file.path(), state),
            },
            state => return self.note_unreadable(file.path(), state),
        };
        let Ok(sealed) = SealedFile::split(&bytes, kind, repository) else {
            return self.note_unreadable(file.path(), FileState::Damaged("it is not a notice of this repository".to_owned()));
        };
        let believed = match trust {
            Trust::Plain => sealed.sealed.is_empty(),
            Trust::Key(master) => {
                master.notice_hash(kind, &sealed.header.encode(), sealed.public).is_some_and(|hash| hash == sealed.sealed)
            }
            Trust::Locked => true,
        };
        if !believed {
            self.false_ones.push(file.path());
            return Ok(());
        }
        match kind {
            FileKind::Tombstone => match Tombstone::decode(sealed.public) {
                Ok(tombstone) => self.bury(tombstone.target, trust),
                Err(error) => return self.note_unreadable(file.path(), FileState::Damaged(error.to_string())),
            },
            _ => {
                // Without the key it is taken on trust: such an audit is about accidents.
                match Instead::decode(sealed.public) {
                    Ok(instead) => self.instead.entry(instead.replaced).or_default().push(instead.packs),
                    Err(error) => return self.note_unreadable(file.path(), FileState::Damaged(error.to_string())),
                }
            }
        }
        Ok(())
    }

    fn note_unreadable(&mut self, path: String, state: FileState) -> Result<(), RepoError> {
        self.unreadable.push((path, state));
        Ok(())
    }

    fn bury(&mut self, target: TombstoneTarget, trust: Trust<'_>) {
        let (TombstoneTarget::Pack(name) | TombstoneTarget::Manifest(name) | TombstoneTarget::KeySlot(name)) = target;
        if matches!(trust, Trust::Locked) {
            self.unverified.insert(name);
            return;
        }
        match target {
            TombstoneTarget::Pack(name) => _ = self.packs.insert(name.into()),
            TombstoneTarget::Manifest(name) => _ = self.manifests.insert(name),
            TombstoneTarget::KeySlot(name) => _ = self.slots.insert(name),
        }
    }

    /// Whether a writer may rely on a pack as far as notices go.
    pub fn allow(&self, pack: PackName) -> bool {
        !self.packs.contains(&pack) && !self.instead.contains_key(&pack)
    }

    /// The packs that are here by the least fixed point: those in `whole`, then any all of whose replacements are here. Circles prove nothing.
    pub fn here(&self, whole: impl Fn(PackName) -> bool) -> BTreeSet<PackName> {
        // Of each list that is not held yet, how many packs are lacking; and of each pack, the lists that lack it. A chain however
        // long is followed once, whatever order it was written in.
        let mut lists: Vec<(PackName, usize)> = Vec::new();
        let mut lacking: BTreeMap<PackName, Vec<usize>> = BTreeMap::new();
        let mut held = Vec::new();
        for (pack, packs) in self.instead.iter().flat_map(|(pack, lists)| lists.iter().map(move |packs| (*pack, packs))) {
            let lacks: Vec<PackName> = packs.iter().map(|pack| pack.name).filter(|name| !whole(*name)).collect();
            if lacks.is_empty() {
                held.push(pack);
            }
            for name in &lacks {
                lacking.entry(*name).or_default().push(lists.len());
            }
            lists.push((pack, lacks.len()));
        }
        let mut replaced = BTreeSet::new();
        while let Some(pack) = held.pop() {
            if whole(pack) || !replaced.insert(pack) {
                continue;
            }
            for list in lacking.remove(&pack).unwrap_or_default() {
                let Some((pack, count)) = lists.get_mut(list) else { continue };
                *count = count.saturating_sub(1);
                if *count == 0 {
                    held.push(*pack);
                }
            }
        }
        replaced
    }
}

#[cfg(test)]
mod tests {
    use super::Notices;
    use crate::format::{NeededPack, PackKind, PackName};

    #[test]
    fn chains_are_followed_and_circles_prove_nothing() {
        let name = |number: u8| PackName([number; 32]);
        let needed = |number: u8| NeededPack { name: name(number), length_bytes: 1, kind: PackKind::Data };
        let mut notices = Notices::default();
        notices.instead.insert(name(1), vec![vec![needed(2)]]);
        notices.instead.insert(name(2), vec![vec![needed(3)]]);
        notices.instead.insert(name(8), vec![vec![needed(9)]]);
        notices.instead.insert(name(9), vec![vec![needed(8)]]);
        notices.instead.insert(name(4), vec![vec![needed(9)], vec![needed(1), needed(2)]]);
        notices.instead.insert(name(5), vec![vec![needed(2), needed(8)]]);
        let here = notices.here(|pack| pack == name(3));
        assert_eq!(here.into_iter().collect::<Vec<_>>(), vec![name(1), name(2), name(4)]);
    }
}
