//! Owns the merged index: which object lies where, from segments and from the directories of packs that no segment lists.
//!
//! Sorted runs of 64 bytes an object, mapped from the cache; a new segment is a new run, and runs are merged when they have grown alike.
//! It is never believed about what is here: callers intersect it with a listing of the packs.

use super::index_run::{ENTRY_BYTES, EntryBytes, Merged, Run, id_of};
use crate::format::{IndexSegment, IndexedPack, ObjectId, ObjectKind, ObjectPlace, PackKind, PackName, StoredName};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// The merged index.
#[derive(Default)]
pub struct Index {
    packs: Vec<PackFacts>,
    by_name: HashMap<PackName, u32>,
    segments: Vec<StoredName>,
    /// Pairs of positions: which segment lists which pack.
    memberships: Vec<(u32, u32)>,
    /// Older ones first.
    runs: Vec<Arc<Run>>,
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

fn pack_entry(pack: u32, place: &ObjectPlace) -> EntryBytes {
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

fn read_entry(entry: &EntryBytes) -> Option<Found> {
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
        self.runs.iter().map(|run| run.len()).sum()
    }

    /// The local cache that it was read from turned out to be damaged, and was thrown away: what is not found may be there all the same.
    pub fn is_damaged(&self) -> bool {
        self.runs.iter().any(|run| run.is_damaged())
    }

    /// Every place of an object. No allocation.
    pub fn find(&self, id: ObjectId) -> impl Iterator<Item = Found> + '_ {
        self.runs.iter().flat_map(move |run| {
            let entries = (run.lower_bound(id)..run.len()).map_while(|position| run.entry(position));
            entries.take_while(move |entry| id_of(entry) == id.0.as_slice()).filter_map(|entry| read_entry(&entry))
        })
    }

    /// Every entry, in order of ids.
    pub fn iter(&self) -> impl Iterator<Item = Found> + '_ {
        let runs: Vec<&Run> = self.runs.iter().map(|run| &**run).collect();
        Merged::of(&runs).filter_map(|entry| read_entry(&entry))
    }

    /// Adds segments and single packs, giving a new index. What is known already is not added twice.
    pub fn extended(&self, segments: &[(StoredName, IndexSegment)], packs: &[IndexedPack]) -> Self {
        let mut extended = Self {
            packs: self.packs.clone(),
            by_name: self.by_name.clone(),
            segments: self.segments.clone(),
            memberships: self.memberships.clone(),
            runs: self.runs.clone(),
        };
        let mut entries: Vec<EntryBytes> = Vec::new();
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
        if !entries.is_empty() {
            entries.sort_unstable();
            extended.runs.push(Arc::new(Run::Memory(entries)));
        }
        extended
    }

    fn add_pack(&mut self, pack: &IndexedPack, entries: &mut Vec<EntryBytes>) -> u32 {
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

    /// Its form in the cache, less the runs.
    pub(super) fn to_cache(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96 * self.packs.len() + 64);
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
        for path in self.runs.iter().filter_map(|run| run.path()) {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            bytes.extend_from_slice(&count(name.len()));
            bytes.extend_from_slice(name);
        }
        bytes
    }

    /// Takes what [`Index::to_cache`] gave; `open` opens a run by its name. `None` if not all is whole.
    pub(super) fn from_cache(bytes: &[u8], open: &dyn Fn(&str) -> Option<Run>) -> Option<Self> {
        let mut cursor = Cursor { bytes };
        let (segment_count, membership_count, pack_count) = (cursor.count()?, cursor.count()?, cursor.count()?);
        let mut index = Self::default();
        for _ in 0..segment_count {
            index.segments.push(StoredName(cursor.take()?));
        }
        for _ in 0..membership_count {
            index.memberships.push((u32::from_le_bytes(cursor.take()?), u32::from_le_bytes(cursor.take()?)));
        }
        index.packs.reserve(usize::try_from(pack_count).ok()?);
        index.by_name.reserve(usize::try_from(pack_count).ok()?);
        for position in 0..u32::try_from(pack_count).ok()? {
            let name = PackName(cursor.take()?);
            let (length_bytes, records_end) = (u64::from_le_bytes(cursor.take()?), u64::from_le_bytes(cursor.take()?));
            let salt = cursor.take()?;
            let [kind, ..] = cursor.take::<8>()?;
            let kind = [PackKind::Data, PackKind::Meta].into_iter().find(|known| known.file_kind().number() == kind)?;
            index.packs.push(PackFacts { name, length_bytes, kind, salt, records_end });
            index.by_name.insert(name, position);
        }
        while !cursor.bytes.is_empty() {
            let length = usize::try_from(u64::from_le_bytes(cursor.take()?)).ok()?;
            let (name, rest) = cursor.bytes.split_at_checked(length)?;
            cursor.bytes = rest;
            index.runs.push(Arc::new(open(std::str::from_utf8(name).ok()?)?));
        }
        Some(index)
    }

    /// Writes the runs that are in memory into `folder`, merging such as have grown alike. Each entry is written anew as often as the index
    /// doubles. `named_by` is what names them.
    pub(super) fn settle(mut self, folder: &Path, named_by: &Path) -> std::io::Result<Self> {
        let lost = || std::io::Error::new(std::io::ErrorKind::InvalidData, "a run that was just written cannot be read");
        let mut runs: Vec<Arc<Run>> = Vec::with_capacity(self.runs.len());
        for run in std::mem::take(&mut self.runs) {
            let (mut length, mut parts) = (run.len(), vec![run]);
            while let Some(before) = runs.pop_if(|before| before.len() <= 2 * length) {
                length += before.len();
                parts.push(before);
            }
            match parts.as_slice() {
                [one] if one.path().is_some() => runs.append(&mut parts),
                _ => {
                    let parts: Vec<&Run> = parts.iter().map(|run| &**run).collect();
                    let path = Run::write(&parts, folder)?;
                    runs.push(Arc::new(Run::open(&path, named_by).ok_or_else(lost)?));
                }
            }
        }
        self.runs = runs;
        Ok(self)
    }

    /// The files that its runs lie in.
    pub(super) fn run_files(&self) -> Vec<PathBuf> {
        self.runs.iter().filter_map(|run| run.path()).map(Path::to_owned).collect()
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
}

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
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
