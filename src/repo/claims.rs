//! Owns which objects somebody stores in this run, and which of its packs they came to lie in.

use crate::format::{IndexedPack, NeededPack, ObjectId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shards of the map: their locks were never seen in a profile.
const SHARDS: usize = 64;
/// Claimed, and in no finished pack yet.
const NOWHERE_YET: u32 = u32::MAX;

/// The objects of a run.
#[derive(Debug)]
pub struct Claims {
    /// By object, the position of its pack.
    shards: Vec<Mutex<HashMap<ObjectId, u32>>>,
    packs: Mutex<Vec<NeededPack>>,
}

impl Default for Claims {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), packs: Mutex::default() }
    }
}

impl Claims {
    fn shard(&self, id: ObjectId) -> Option<MutexGuard<'_, HashMap<ObjectId, u32>>> {
        let [first, ..] = id.0;
        self.shards.get(usize::from(first) % SHARDS).map(lock)
    }

    /// Claims an object for storing. True for the first who asks: only that one stores it.
    pub(super) fn claim(&self, id: ObjectId) -> bool {
        let Some(mut shard) = self.shard(id) else { return false };
        let is_new = !shard.contains_key(&id);
        if is_new {
            shard.insert(id, NOWHERE_YET);
        }
        is_new
    }

    /// Notes a pack that was filled, and what lies in it.
    pub(super) fn fill(&self, pack: &IndexedPack) {
        let mut packs = lock(&self.packs);
        let position = u32::try_from(packs.len()).unwrap_or(NOWHERE_YET);
        packs.push(NeededPack { name: pack.name, length_bytes: pack.length_bytes, kind: pack.kind });
        for object in pack.directory.records.iter().flat_map(|record| &record.objects) {
            if let Some(mut shard) = self.shard(object.id) {
                shard.insert(object.id, position);
            }
        }
    }

    /// The pack of this run that an object lies in, if it was filled.
    pub fn pack_of(&self, id: ObjectId) -> Option<NeededPack> {
        let position = self.shard(id)?.get(&id).copied().filter(|position| *position != NOWHERE_YET)?;
        lock(&self.packs).get(usize::try_from(position).ok()?).copied()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
