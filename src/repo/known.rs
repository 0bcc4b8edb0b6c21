//! Owns what a writer may rely on: objects in packs that are here, whole as far as is known, and named by no notice.

use super::claims::Claims;
use super::index::PackFacts;
use super::inventory::{Packs, Seen};
use super::{Index, Ledger, LoadedIndex, Notices, RepoError, Repository};
use crate::format::{NameFolder, NeededPack, ObjectId, PackKind, PackName, StoredFile, limits};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why a pack that the index knows is not relied on, though no notice speaks against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// It is not here, and was never seen whole here; or it is short so.
    Incomplete,
    /// It was whole here once and is gone.
    Gone,
    /// It was whole here once and has another length now.
    Short,
    /// Its bytes are wrong, or a look found no right trailer.
    Damaged,
    /// A placeholder of a sync tool.
    Elsewhere,
}

/// What was there when a run began.
#[derive(Debug, Clone)]
pub struct Known {
    /// Where objects lie.
    pub index: Arc<Index>,
    /// The packs that were here.
    pub packs: Packs,
    /// By position in the index.
    reliable: Vec<bool>,
    /// Packs that should be here and cannot be relied on.
    pub lacking: BTreeMap<PackName, Lack>,
    /// Packs that are preferred where an object lies in several, so that lists of needs stay as they are.
    preferred: BTreeSet<PackName>,
    /// What could not be read.
    pub loaded: LoadedIndex,
}

impl Repository {
    /// Notes packs as damaged in every copy that is here.
    ///
    /// Errors: the place is gone. A drive that is gone reads wrong everywhere: then nothing is noted.
    pub fn note_damaged(&self, packs: &BTreeSet<PackName>, ledger: &mut Ledger) -> Result<(), RepoError> {
        self.check_place()?;
        let now_seconds = self.surroundings().clock.now().seconds;
        for pack in packs {
            let first = StoredFile::first(NameFolder::Packs, *pack);
            if let Some(listed) = self.store().stat(&first.path())? {
                ledger.read_all(*pack, Seen::from(&listed), false, now_seconds);
            }
            // Of a pack that stands twice both copies were tried.
            if let Some(listed) = self.store().stat(&first.in_second().path())? {
                ledger.read_all_second(*pack, Seen::from(&listed), false, now_seconds);
            }
        }
        Ok(())
    }

    /// Lists tombstones, `instead`, then packs, and intersects the index with them. `distrusted` are packs that a look found not in place.
    pub fn known(&self, ledger: &mut Ledger, distrusted: &BTreeSet<PackName>, preferred: BTreeSet<PackName>) -> Result<Known, RepoError> {
        let notices: Notices = self.notices()?;
        let packs = Packs::list(&*self.store)?;
        let loaded = self.load_index_verified(&packs, ledger)?;
        let (mut reliable, mut lacking) = (Vec::new(), BTreeMap::new());
        for pack in loaded.index.packs() {
            let lack = lack(pack, packs.files.get(&pack.name).copied(), ledger, distrusted);
            let allowed = notices.allow(pack.name);
            reliable.push(allowed && lack.is_none());
            if let (Some(lack), true) = (lack, allowed) {
                lacking.insert(pack.name, lack);
            }
        }
        Ok(Known { reliable, lacking, index: loaded.index.clone(), packs, preferred, loaded })
    }
}

fn lack(pack: &PackFacts, seen: Option<Seen>, ledger: &Ledger, distrusted: &BTreeSet<PackName>) -> Option<Lack> {
    let was_whole = ledger.packs.contains_key(&pack.name);
    match seen {
        None => Some(if was_whole { Lack::Gone } else { Lack::Incomplete }),
        Some(seen) if seen.placeholder => Some(Lack::Elsewhere),
        Some(seen) if ledger.is_damaged(pack.name, seen) => Some(Lack::Damaged),
        Some(seen) if seen.length_bytes != pack.length_bytes => Some(if was_whole { Lack::Short } else { Lack::Incomplete }),
        Some(_) if distrusted.contains(&pack.name) => Some(Lack::Damaged),
        Some(_) => None,
    }
}

impl Known {
    /// Whether an object lies in a pack that may be relied on.
    pub fn has(&self, id: ObjectId) -> bool {
        self.index.find(id).any(|found| self.is_reliable(found.pack))
    }

    /// Whether a pack may be relied on.
    pub fn relies_on(&self, pack: PackName) -> bool {
        self.index.position(pack).is_some_and(|position| self.is_reliable(position))
    }

    /// Every pack that holds an object, whether or not it may be relied on.
    pub fn packs_of(&self, id: ObjectId) -> impl Iterator<Item = NeededPack> + '_ {
        let packs = self.index.find(id).filter_map(|found| self.index.pack(found.pack));
        packs.map(|pack| NeededPack { name: pack.name, length_bytes: pack.length_bytes, kind: pack.kind })
    }

    fn is_reliable(&self, position: u32) -> bool {
        usize::try_from(position).ok().and_then(|position| self.reliable.get(position)).copied().unwrap_or(false)
    }

    /// Those of the packs that may be relied on without a look at what lies in them: data packs as they are listed, packs of trees after
    /// their first copies were read and compared with their names.
    pub fn reliable_trees(&self, repository: &Repository, packs: &[PackName]) -> Result<BTreeSet<PackName>, RepoError> {
        let relied_on = packs.iter().filter(|pack| self.relies_on(**pack));
        let facts: Vec<&PackFacts> =
            relied_on.filter_map(|pack| self.index.position(*pack).and_then(|position| self.index.pack(position))).collect();
        let (trees, data): (Vec<&PackFacts>, Vec<&PackFacts>) = facts.into_iter().partition(|pack| pack.kind == PackKind::Meta);
        let trees: Vec<(PackName, u64)> = trees.iter().map(|pack| (pack.name, pack.length_bytes)).collect();
        let mut reliable = repository.as_named(&trees)?;
        reliable.extend(data.iter().map(|pack| pack.name));
        Ok(reliable)
    }

    /// The packs that may be relied on, sorted.
    pub fn reliable_packs(&self) -> Vec<NeededPack> {
        let reliable = self.index.packs().iter().zip(&self.reliable).filter(|(_, reliable)| **reliable);
        let mut packs: Vec<_> =
            reliable.map(|(pack, _)| NeededPack { name: pack.name, length_bytes: pack.length_bytes, kind: pack.kind }).collect();
        packs.sort_unstable();
        packs
    }

    /// Raw bytes of all objects that may be relied on would be a guess; what the index can say is how many packs there are.
    pub fn pack_count(&self) -> u64 {
        limits::to_u64(self.packs.files.len())
    }
}

/// Gathers the packs that a snapshot needs, object by object: the exact set.
#[derive(Debug)]
pub struct Marks<'k> {
    known: &'k Known,
    own: &'k Claims,
    own_used: BTreeSet<NeededPack>,
    used: BTreeSet<u32>,
    /// The packs of what was marked since the last part began.
    part: BTreeSet<PackName>,
}

impl<'k> Marks<'k> {
    /// `own` is what this run stores.
    pub fn new(known: &'k Known, own: &'k Claims) -> Self {
        Self { known, own, own_used: BTreeSet::new(), used: BTreeSet::new(), part: BTreeSet::new() }
    }

    /// Whether an object lies in a pack that may be relied on, or in one that this run filled.
    pub fn has(&self, id: ObjectId) -> bool {
        self.own.pack_of(id).is_some() || self.known.has(id)
    }

    /// Notes that the snapshot reaches an object. False if it is in no pack that may be relied on.
    pub fn mark(&mut self, id: ObjectId) -> bool {
        if let Some(pack) = self.own.pack_of(id) {
            self.own_used.insert(pack);
            self.part.insert(pack.name);
            return true;
        }
        let known = self.known;
        let found = known.index.find(id).map(|found| found.pack).filter(|pack| known.is_reliable(*pack));
        let best = found
            .filter_map(|pack| Some((pack, known.index.pack(pack)?.name)))
            .min_by_key(|(_, name)| (!known.preferred.contains(name), *name));
        best.is_some_and(|(pack, name)| {
            self.used.insert(pack);
            self.part.insert(name);
            true
        })
    }

    /// The packs of all that was marked since this was asked last.
    pub fn take_part(&mut self) -> BTreeSet<PackName> {
        std::mem::take(&mut self.part)
    }

    /// Notes that the snapshot reaches something in a pack. False if the pack may not be relied on.
    pub fn mark_pack(&mut self, pack: PackName) -> bool {
        let position = self.known.index.position(pack).filter(|position| self.known.is_reliable(*position));
        position.is_some_and(|position| {
            self.used.insert(position);
            true
        })
    }

    /// The packs.
    pub fn needed(&self) -> BTreeSet<NeededPack> {
        let own = self.own_used.iter().copied();
        let known = self.used.iter().filter_map(|position| self.known.index.pack(*position));
        own.chain(known.map(|pack| NeededPack { name: pack.name, length_bytes: pack.length_bytes, kind: pack.kind })).collect()
    }
}
