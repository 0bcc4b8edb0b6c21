//! Owns what is put into golden repositories by hand: packs, segments, needs pages, notices and manifests that this release does not write.
//!
//! Everything is one object a record and nothing is compressed, so that it differs from what the program itself writes.

use tintype::crypto::Sealing;
use tintype::format::{
    Directory, FileKind, Header, IndexSegment, IndexedPack, Instead, ManifestPublic, ManifestSealed, NameFolder, NeededPack, NeedsPage,
    ObjectId, ObjectKind, PackKind, PackName, Record, RecordObject, SealedFile, StoredFile, StoredName, Tombstone, TombstoneTarget,
    Trailer, padme,
};
use tintype::ops::SnapshotRef;
use tintype::repo::{Manifest, ObjectReader, Repository, SnapshotList};
use tintype::store::MemoryStore;

/// Writes into one repository.
pub(crate) struct Hand<'r> {
    repository: &'r Repository,
    store: &'r MemoryStore,
    salts: u8,
}

/// An object before it is stored.
pub(crate) type Raw = (ObjectKind, Vec<u8>);

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("short")
}

fn short(number: u64) -> u32 {
    u32::try_from(number).expect("short")
}

impl<'r> Hand<'r> {
    pub(crate) fn new(repository: &'r Repository, store: &'r MemoryStore) -> Self {
        Self { repository, store, salts: 0 }
    }

    fn sealing(&self) -> &'r Sealing {
        self.repository.sealing().expect("the repository is open")
    }

    fn salt(&mut self) -> [u8; 32] {
        self.salts += 1;
        blake3::derive_key("tintype 2026 golden salt", &[self.salts])
    }

    fn put(&self, folder: NameFolder, bytes: Vec<u8>, twice: bool) -> StoredFile {
        let file = StoredFile::first(folder, StoredName(*blake3::hash(&bytes).as_bytes()));
        if twice {
            self.store.set_bytes(&file.in_second().path(), bytes.clone());
        }
        self.store.set_bytes(&file.path(), bytes);
        file
    }

    /// Writes a pack of these objects.
    pub(crate) fn pack(&mut self, kind: PackKind, objects: &[Raw]) -> IndexedPack {
        let salt = self.salt();
        let seal = self.sealing().create(kind.file_kind(), self.repository.id(), salt).expect("a seal");
        let mut bytes = seal.header_bytes().to_vec();
        let mut directory = Directory::default();
        for (ordinal, (object, raw)) in (0_u32..).zip(objects) {
            let mut stored = raw.clone();
            seal.seal_record(ordinal, &mut stored).expect("a sealed record");
            let object = RecordObject { id: object.id_of(raw), kind: *object, length_bytes: short(length(raw)) };
            let (stored_bytes, raw_bytes) = (short(length(&stored)), object.length_bytes);
            directory.records.push(Record { codec: 0, stored_bytes, raw_bytes, objects: vec![object] });
            bytes.extend_from_slice(&stored);
        }
        if self.repository.is_encrypted() {
            let end = padme(length(&bytes) + 16);
            let raw_bytes = short(end - length(&bytes) - 16);
            let mut zeros = vec![0; usize::try_from(raw_bytes).expect("short")];
            seal.seal_record(short(directory.records.len() as u64), &mut zeros).expect("a sealed record");
            directory.records.push(Record { codec: 0, stored_bytes: short(length(&zeros)), raw_bytes, objects: Vec::new() });
            bytes.extend_from_slice(&zeros);
        }
        let records_end = length(&bytes);
        let mut sealed = directory.encode();
        if self.repository.is_encrypted() {
            sealed.resize(usize::try_from(padme(length(&sealed))).expect("short"), 0);
        }
        seal.seal_directory(&mut sealed).expect("a sealed directory");
        let file_bytes = records_end + length(&sealed) + 64;
        let trailer =
            Trailer { kind: kind.file_kind(), sealed_bytes: short(length(&sealed)), file_bytes, sealed_offset: records_end, salt };
        bytes.extend_from_slice(&sealed);
        bytes.extend_from_slice(&trailer.encode());
        let name = PackName::from(self.put(NameFolder::Packs, bytes, kind == PackKind::Meta).hash);
        IndexedPack { name, length_bytes: file_bytes, kind, salt, records_end, directory }
    }

    /// What a pack's own directory says.
    pub(crate) fn directory(&self, pack: &NeededPack) -> Directory {
        let bytes = self.store.bytes_of(&StoredFile::first(NameFolder::Packs, pack.name).path()).expect("the pack is there");
        let trailer = Trailer::decode(bytes.last_chunk().expect("a trailer"), length(&bytes)).expect("a trailer");
        let begin = usize::try_from(trailer.sealed_offset).expect("short");
        let mut sealed = bytes[begin..bytes.len() - 64].to_vec();
        let seal = self.sealing().open(&Header::decode(&bytes).expect("a header")).expect("the right key");
        let opened = seal.open_directory(&mut sealed).expect("a directory");
        Directory::decode(&sealed[..opened], pack.kind, trailer.sealed_offset).expect("a directory")
    }

    /// The raw bytes of an object that `manifest` reaches.
    pub(crate) fn object(&self, manifest: &Manifest, kind: ObjectKind, id: ObjectId) -> Vec<u8> {
        let reader = ObjectReader::with_segments(self.repository, &manifest.public.segments).expect("an index");
        reader.load(kind, id).expect("the object is there").to_vec()
    }

    /// Writes an index segment of these packs.
    pub(crate) fn segment(&mut self, mut packs: Vec<IndexedPack>) -> StoredName {
        packs.sort_by_key(|pack| pack.name);
        let salt = self.salt();
        let body = IndexSegment { packs }.encode();
        let bytes = self.sealing().seal_file(FileKind::Index, self.repository.id(), salt, &[], body).expect("a segment");
        self.put(NameFolder::Index, bytes, false).hash
    }

    /// Writes a file of a public kind: with its keyed hash if it is a notice of an encrypted repository.
    fn public(&self, folder: NameFolder, kind: FileKind, public: &[u8], twice: bool) -> StoredName {
        let header = Header::public(kind, self.repository.id());
        let hash = self.sealing().master().and_then(|master| master.notice_hash(kind, &header.encode(), public));
        let covered = [&header.encode()[..], public].concat();
        self.put(folder, SealedFile::join(&header, &covered, hash.as_ref().map_or(&[][..], |hash| hash)), twice).hash
    }

    /// Writes a needs page.
    pub(crate) fn needs_page(&self, packs: &[NeededPack]) -> StoredName {
        self.public(NameFolder::Needs, FileKind::NeedsPage, &NeedsPage { packs: packs.to_vec() }.encode(), true)
    }

    /// Says that a snapshot is forgotten.
    pub(crate) fn bury(&self, manifest: &Manifest) {
        let target = TombstoneTarget::Manifest(manifest.name.into());
        self.public(NameFolder::Tombstones, FileKind::Tombstone, &Tombstone { target }.encode(), true);
    }

    /// Says which packs stand for another, and removes that.
    pub(crate) fn replace(&self, replaced: PackName, by: &[IndexedPack]) {
        let mut packs: Vec<_> = by.iter().map(needed).collect();
        packs.sort_by_key(|pack| pack.name);
        self.public(NameFolder::Instead, FileKind::Instead, &Instead { replaced, packs }.encode(), false);
        assert!(self.store.delete(&StoredFile::first(NameFolder::Packs, replaced).path()));
    }

    /// Writes a manifest, twice, and gives it back as the program reads it.
    pub(crate) fn manifest(&mut self, public: &ManifestPublic, sealed: &ManifestSealed) -> Manifest {
        let salt = self.salt();
        let bytes = self.sealing().seal_file(FileKind::Manifest, self.repository.id(), salt, &public.encode(), sealed.encode());
        let bytes = bytes.expect("a manifest");
        let file = StoredFile::snapshot(StoredName(*blake3::hash(&bytes).as_bytes()), public.time);
        self.store.set_bytes(&file.path(), bytes.clone());
        self.store.set_bytes(&file.in_second().path(), bytes);
        load(self.repository, &file.hash.hex())
    }

    /// Changes one byte of a stored file: `offset` from its beginning.
    pub(crate) fn spoil(&self, name: &str, offset: usize) {
        let mut bytes = self.store.bytes_of(name).expect("the file is there");
        bytes[offset] ^= 1;
        self.store.set_bytes(name, bytes);
    }
}

/// A pack as manifests name it.
pub(crate) fn needed(pack: &IndexedPack) -> NeededPack {
    NeededPack { name: pack.name, length_bytes: pack.length_bytes, kind: pack.kind }
}

/// A snapshot, by its id.
pub(crate) fn load(repository: &Repository, id: &str) -> Manifest {
    let list = SnapshotList::take(&**repository.store(), &repository.notices().expect("notices")).expect("a list of snapshots");
    tintype::ops::resolve(repository, &list, &SnapshotRef::Id(id.to_owned())).expect("the snapshot is there")
}
