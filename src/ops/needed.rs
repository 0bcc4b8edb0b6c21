//! Owns what snapshots need, compared with a listing of packs: what is new with each, and whether all of it is here by name and length.
//!
//! Needs pages that snapshots share are read once. No pack is opened.

use super::Error;
use crate::repo::{
    Ledger, Manifest, NameFolder, NeededPack, Needs, Notices, PackKind, PackName, Packs, Repository, Seen, SnapshotName, StoredName, Time,
    list_folder,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// How a snapshot stands by names and lengths: `check` looks closer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// All that it needs is here.
    Complete,
    /// Something that it needs would have to be downloaded.
    Elsewhere,
    /// Something that it needs is absent or short, and was never seen whole here.
    Incomplete,
    /// Something that it needs was whole here once and is not now, or is known to be wrong.
    Damaged,
    /// What it needs is not known in full: a needs page is lost.
    Unknown,
}

/// What one snapshot needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Needed {
    /// Sum of the lengths of packs that no older snapshot here needs.
    pub(super) new_bytes: u64,
    /// The worst of all that it needs.
    pub(super) state: State,
}

/// Gathers what snapshots need, then looks at them one after the other, the oldest first.
#[derive(Default)]
pub(super) struct Gathered(BTreeMap<(Time, SnapshotName), Needs>);

impl Gathered {
    /// Adds a snapshot.
    pub(super) fn add(&mut self, manifest: &Manifest) {
        self.0.insert((manifest.public.time, manifest.name), manifest.public.needs.clone());
    }

    /// What each needs.
    pub(super) fn look(self, repository: &Repository, notices: &Notices, ledger: &Ledger) -> Result<HashMap<SnapshotName, Needed>, Error> {
        let mut packs = NeededPacks::list(repository, notices, ledger)?;
        self.0.iter().map(|((_, name), needs)| Ok((*name, packs.next(needs)?))).collect()
    }
}

struct NeededPacks<'r> {
    repository: &'r Repository,
    first: Packs,
    second: BTreeMap<PackName, Seen>,
    replaced: BTreeSet<PackName>,
    ledger: &'r Ledger,
    seen: HashSet<PackName>,
    /// The worst of each page.
    pages: HashMap<StoredName, State>,
}

impl<'r> NeededPacks<'r> {
    /// Lists the packs.
    fn list(repository: &'r Repository, notices: &Notices, ledger: &'r Ledger) -> Result<Self, Error> {
        let store = &**repository.store();
        let first = Packs::list(store)?;
        let second = list_folder(store, NameFolder::Packs, true)?.into_iter().map(|(hash, (_, seen))| (hash.into(), seen)).collect();
        let replaced = notices.here(|name| first.files.get(&name).is_some_and(|seen| !seen.placeholder));
        Ok(Self { repository, first, second, replaced, ledger, seen: HashSet::new(), pages: HashMap::new() })
    }

    /// What the next newer snapshot needs.
    fn next(&mut self, needs: &Needs) -> Result<Needed, Error> {
        let (mut new_bytes, mut state) = (0_u64, State::Complete);
        let mut add = |this: &mut Self, packs: &[NeededPack]| {
            let mut worst = State::Complete;
            for pack in packs {
                if this.seen.insert(pack.name) {
                    new_bytes = new_bytes.saturating_add(pack.length_bytes);
                }
                worst = worst.max(this.state_of(pack));
            }
            worst
        };
        for name in &needs.pages {
            let of_page = match self.pages.get(name) {
                Some(state) => *state,
                None => {
                    let state = match self.repository.read_needs_page(*name)? {
                        Ok((page, _)) => add(self, &page.packs),
                        Err(_) => State::Unknown,
                    };
                    self.pages.insert(*name, state);
                    state
                }
            };
            state = state.max(of_page);
        }
        state = state.max(add(self, &needs.tail));
        Ok(Needed { new_bytes, state })
    }

    fn state_of(&self, pack: &NeededPack) -> State {
        if self.replaced.contains(&pack.name) {
            return State::Complete;
        }
        // A meta pack stands twice.
        let second = self.second.get(&pack.name).filter(|_| pack.kind == PackKind::Meta);
        let states = [self.first.files.get(&pack.name), second].into_iter().flatten().map(|seen| self.state_of_copy(pack, *seen));
        let was_here = self.ledger.packs.contains_key(&pack.name);
        states.min().unwrap_or(if was_here { State::Damaged } else { State::Incomplete })
    }

    fn state_of_copy(&self, pack: &NeededPack, seen: Seen) -> State {
        if seen.placeholder {
            State::Elsewhere
        } else if self.ledger.is_damaged(pack.name, seen) {
            State::Damaged
        } else if seen.length_bytes == pack.length_bytes {
            State::Complete
        } else if self.ledger.packs.contains_key(&pack.name) {
            State::Damaged
        } else {
            State::Incomplete
        }
    }
}
