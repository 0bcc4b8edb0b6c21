//! Owns the merged index: which object lies where, from segments and from the directories of packs that no segment lists.
//!
//! Sorted by id, 64 bytes an object, so that it can be mapped from the cache as it is. It is never believed about what is here:
//! callers intersect it with a listing of the packs.

use crate::format::{IndexSegment, IndexedPack, ObjectId, ObjectKind, ObjectPlace, PackKind, PackName, StoredName};
use memmap2::Mmap;
use std::collections::HashMap;

/// Bytes of one entry.
const ENTRY_BYTES: usize = 64;

/// A pack that the index knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackFacts {
    /// Its name.
    pub name: PackName,
    /// Its length, in bytes.
    pub length_bytes: u64,
    /// Data or meta.
    pub kind: PackKind,
    /// Its header's salt.
    pub salt: [u8; 32],
    /// Where its records end.
    pub records_end: u64,
}

/// Where entries lie: in memory, or in a mapped file from an offset on.
enum Entries {
    Memory(Vec<u8>),
    Mapped(Mmap, usize),
}

/// The merged index.
#[derive(Default)]
pub struct Index {
    packs: Vec<PackFacts>,
    by_name: HashMap<PackName, u32>,
    segments: Vec<StoredName>,
    /// Pairs of positions: which segment lists which pack.
    memberships: Vec<(u32, u32)>,
    entries: Entries,
}

impl Default for Entries {
    fn default() -> Self {
        Self::Memory(Vec::new())
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Index({} packs, {} objects, {} segments)", self.packs.len(), self.object_count(), self.segments.len())
    }
}

/// One find: the pack by its position, and the place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Position of the pack in [`Index::packs`].
    pub pack: u32,
    /// Where in the pack.
    pub place: ObjectPlace,
}

fn pack_entry(pack: u32, place: &ObjectPlace) -> [u8; ENTRY_BYTES] {
    let mut entry = [0; ENTRY_BYTES];
    let parts: [&[u8]; 9] = [
        &place.id.0,
        &[place.kind.number(), place.codec, 0, 0],
        &pack.to_le_bytes(),
        &place.ordinal.to_le_bytes(),
        // A pack has at most 1 GiB, by the decoder's limits.
        &u32::try_from(place.record_offset).unwrap_or(u32::MAX).to_le_bytes(),
        &place.stored_bytes.to_le_bytes(),
        &place.raw_bytes.to_le_bytes(),
        &place.object_offset.to_le_bytes(),
        &place.object_bytes.to_le_bytes(),
    ];
    for (slot, byte) in entry.iter_mut().zip(parts.into_iter().flatten()) {
        *slot = *byte;
    }
    entry
}

fn read_entry(bytes: &[u8]) -> Option<Found> {
    let entry: &[u8; ENTRY_BYTES] = bytes.try_into().ok()?;
    let (id, rest) = entry.split_first_chunk::<32>()?;
    let (head, rest) = rest.split_first_chunk::<4>()?;
    let mut numbers = rest.chunks_exact(4).map(|chunk| chunk.try_into().map_or(0, u32::from_le_bytes));
    let mut next = || numbers.next().unwrap_or(0);
    let pack = next();
    let [kind, codec, ..] = *head;
    let (ordinal, record_offset, stored_bytes, raw_bytes, object_offset, object_bytes) = (next(), next(), next(), next(), next(), next());
    let place = ObjectPlace {
        id: ObjectId(*id),
        kind: ObjectKind::from_number(kind)?,
        ordinal,
        codec,
        record_offset: record_offset.into(),
        stored_bytes,
        raw_bytes,
        object_offset,
        object_bytes,
    };
    Some(Found { pack, place })
}

impl Index {
    /// The packs, by position.
    pub fn packs(&self) -> &[PackFacts] {
        &self.packs
    }

    /// A pack's position.
    pub fn position(&self, name: PackName) -> Option<u32> {
        self.by_name.get(&name).copied()
    }

    /// A pack by its position.
    pub fn pack(&self, position: u32) -> Option<&PackFacts> {
        self.packs.get(usize::try_from(position).ok()?)
    }

    /// The segments that were read into it.
    pub fn segments(&self) -> &[StoredName] {
        &self.segments
    }

    /// Which segment lists which pack, by positions.
    pub fn memberships(&self) -> &[(u32, u32)] {
        &self.memberships
    }

    /// Entries, counting an object once for each pack that holds it.
    pub fn object_count(&self) -> usize {
        self.entry_bytes().len() / ENTRY_BYTES
    }

    fn entry_bytes(&self) -> &[u8] {
        match &self.entries {
            Entries::Memory(bytes) => bytes,
            Entries::Mapped(map, offset) => map.get(*offset..).unwrap_or_default(),
        }
    }

    fn entry(&self, position: usize) -> Option<&[u8]> {
        let begin = position.checked_mul(ENTRY_BYTES)?;
        self.entry_bytes().get(begin..begin.checked_add(ENTRY_BYTES)?)
    }

    /// Every place of an object. No allocation.
    pub fn find(&self, id: ObjectId) -> impl Iterator<Item = Found> + '_ {
        let id_at = |position: usize| self.entry(position).and_then(|entry| entry.get(..32)).unwrap_or_default();
        let (mut low, mut high) = (0, self.object_count());
        while low < high {
            let middle = low + (high - low) / 2;
            if id_at(middle) < id.0.as_slice() { low = middle + 1 } else { high = middle }
        }
        (low..self.object_count())
            .map_while(move |position| read_entry(self.entry(position)?))
            .take_while(move |found| found.place.id == id)
    }

    /// Every entry, in order of ids.
    pub fn iter(&self) -> impl Iterator<Item = Found> + '_ {
        self.entry_bytes().chunks_exact(ENTRY_BYTES).filter_map(read_entry)
    }

    /// Adds segments and single packs, giving a new index. What is known already is not added twice.
    pub fn extended(&self, segments: &[(StoredName, IndexSegment)], packs: &[IndexedPack]) -> Self {
        let mut extended = Self {
            packs: self.packs.clone(),
            by_name: self.by_name.clone(),
            segments: self.segments.clone(),
            memberships: self.memberships.clone(),
            entries: Entries::default(),
        };
        let mut entries: Vec<[u8; ENTRY_BYTES]> =
            self.entry_bytes().chunks_exact(ENTRY_BYTES).filter_map(|entry| entry.try_into().ok()).collect();
        for (name, segment) in segments {
            if extended.segments.contains(name) {
                continue;
            }
            let position = u32::try_from(extended.segments.len()).unwrap_or(u32::MAX);
            extended.segments.push(*name);
            for pack in &segment.packs {
                let pack = extended.add_pack(pack, &mut entries);
                extended.memberships.push((position, pack));
            }
        }
        for pack in packs {
            extended.add_pack(pack, &mut entries);
        }
        entries.sort_unstable();
        extended.entries = Entries::Memory(entries.concat());
        extended
    }

    fn add_pack(&mut self, pack: &IndexedPack, entries: &mut Vec<[u8; ENTRY_BYTES]>) -> u32 {
        if let Some(position) = self.position(pack.name) {
            return position;
        }
        let position = u32::try_from(self.packs.len()).unwrap_or(u32::MAX);
        self.packs.push(PackFacts {
            name: pack.name,
            length_bytes: pack.length_bytes,
            kind: pack.kind,
            salt: pack.salt,
            records_end: pack.records_end,
        });
        self.by_name.insert(pack.name, position);
        entries.extend(pack.directory.places().map(|place| pack_entry(position, &place)));
        position
    }

    /// Its form in the cache, less the checksum.
    pub(super) fn to_cache(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entry_bytes().len() + 96 * self.packs.len() + 64);
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX).to_le_bytes();
        for length in [self.segments.len(), self.memberships.len(), self.packs.len()] {
            bytes.extend_from_slice(&count(length));
        }
        for segment in &self.segments {
            bytes.extend_from_slice(&segment.0);
        }
        for (segment, pack) in &self.memberships {
            bytes.extend_from_slice(&segment.to_le_bytes());
            bytes.extend_from_slice(&pack.to_le_bytes());
        }
        for pack in &self.packs {
            bytes.extend_from_slice(&pack.name.0);
            bytes.extend_from_slice(&pack.length_bytes.to_le_bytes());
            bytes.extend_from_slice(&pack.records_end.to_le_bytes());
            bytes.extend_from_slice(&pack.salt);
            bytes.extend_from_slice(&[pack.kind.file_kind().number(), 0, 0, 0, 0, 0, 0, 0]);
        }
        bytes.extend_from_slice(self.entry_bytes());
        bytes
    }

    /// Takes a cache file as it is mapped; `head` is what precedes [`Index::to_cache`]'s bytes. `None` if it is not whole.
    pub(super) fn from_cache(map: Mmap, head: usize) -> Option<Self> {
        let mut cursor = Cursor { bytes: map.get(head..)?, used: 0 };
        let (segment_count, membership_count, pack_count) = (cursor.count()?, cursor.count()?, cursor.count()?);
        let mut index = Self::default();
        for _ in 0..segment_count {
            index.segments.push(StoredName(cursor.take()?));
        }
        for _ in 0..membership_count {
            index.memberships.push((u32::from_le_bytes(cursor.take()?), u32::from_le_bytes(cursor.take()?)));
        }
        for position in 0..u32::try_from(pack_count).ok()? {
            let name = PackName(cursor.take()?);
            let (length_bytes, records_end) = (u64::from_le_bytes(cursor.take()?), u64::from_le_bytes(cursor.take()?));
            let salt = cursor.take()?;
            let [kind, ..] = cursor.take::<8>()?;
            let kind = [PackKind::Data, PackKind::Meta].into_iter().find(|known| known.file_kind().number() == kind)?;
            index.packs.push(PackFacts { name, length_bytes, kind, salt, records_end });
            index.by_name.insert(name, position);
        }
        let offset = head + cursor.used;
        if !map.len().checked_sub(offset)?.is_multiple_of(ENTRY_BYTES) {
            return None;
        }
        index.entries = Entries::Mapped(map, offset);
        Some(index)
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    used: usize,
}

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        self.used += N;
        Some(*front)
    }

    /// A count; every item that follows takes at least 8 bytes.
    fn count(&mut self) -> Option<u64> {
        let count = u64::from_le_bytes(self.take()?);
        (count <= u64::try_from(self.bytes.len() / 8).ok()?).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::Index;
    use crate::format::{Directory, IndexSegment, IndexedPack, ObjectId, ObjectKind, PackKind, PackName, Record, RecordObject, StoredName};

    fn pack(number: u8, objects: std::ops::Range<u32>) -> IndexedPack {
        let objects = objects.map(|object| RecordObject { id: id(object), kind: ObjectKind::Chunk, length_bytes: 10 }).collect::<Vec<_>>();
        let raw_bytes = 10 * u32::try_from(objects.len()).unwrap();
        let directory = Directory { records: vec![Record { codec: 0, stored_bytes: raw_bytes, raw_bytes, objects }] };
        IndexedPack {
            name: PackName([number; 32]),
            length_bytes: 1000,
            kind: PackKind::Data,
            salt: [number; 32],
            records_end: 128 + u64::from(raw_bytes),
            directory,
        }
    }

    fn id(number: u32) -> ObjectId {
        ObjectKind::Chunk.id_of(&number.to_le_bytes())
    }

    #[test]
    fn an_object_is_found_in_every_pack_that_holds_it() {
        let segment = IndexSegment { packs: vec![pack(1, 0..500), pack(2, 400..600)] };
        let index = Index::default().extended(&[(StoredName([9; 32]), segment)], &[pack(3, 450..451)]);
        let packs = |number| {
            let mut packs: Vec<_> = index.find(id(number)).map(|found| index.pack(found.pack).unwrap().name.0[0]).collect();
            packs.sort_unstable();
            packs
        };
        assert_eq!((packs(0), packs(400), packs(450), packs(599), packs(600)), (vec![1], vec![1, 2], vec![1, 2, 3], vec![2], vec![]));
        assert_eq!(index.find(id(401)).map(|found| found.place.object_offset).collect::<Vec<_>>(), vec![4010, 10]);
    }
}
