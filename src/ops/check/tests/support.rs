//! A second, simple writer of repositories: one object a record, nothing compressed, every file by hand.

use crate::clock::{ManualClock, Timestamp};
use crate::crypto::{Entropy, RecoveryCode, Sealing, SlotStrength};
use crate::format::{
    Content, Counts, Directory, Entry, Facts, FileContent, FileHash, FileKind, HEADER_BYTES, Header, IndexSegment, IndexedPack, Instead,
    MachineId, ManifestPublic, ManifestSealed, NameFolder, NeededPack, Needs, NeedsPage, ObjectId, ObjectKind, PackKind, PackName, Pieces,
    Record, RecordObject, SealedFile, SnapshotName, SourceId, SourceRecord, StoredFile, StoredName, Time, Tombstone, TombstoneTarget,
    Trailer, padme,
};
use crate::ops::Error;
use crate::ops::check::{CheckOptions, CheckReport, Depth, check};
use crate::progress::Silent;
use crate::repo::{Credentials, Local, NewProtection, Repository, Surroundings};
use crate::store::{MemoryStore, Store};
use crate::tree::build_folder;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A point in time for everything: 2026-11-22T18:04:00Z.
pub(super) const NOW: i64 = 1_795_370_640;

/// A machine: its memory of copies, and its clock.
pub(super) struct Machine {
    pub(super) folder: tempfile::TempDir,
    pub(super) clock: Arc<ManualClock>,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::new(ManualClock::at(Timestamp::from_seconds(NOW))) }
    }

    pub(super) fn surroundings(&self) -> Surroundings {
        let local = Local { state_dir: Some(self.folder.path().to_owned()), ..Local::default() };
        Surroundings { clock: self.clock.clone(), entropy: Arc::new(Entropy::seeded(7)), local: Arc::new(local), threads: 2 }
    }

    pub(super) fn check(&self, store: Arc<dyn Store>, key: &Credentials, depth: Depth) -> Result<CheckReport, Error> {
        self.check_with(store, key, &CheckOptions { snapshots: Vec::new(), depth })
    }

    pub(super) fn check_with(&self, store: Arc<dyn Store>, key: &Credentials, options: &CheckOptions) -> Result<CheckReport, Error> {
        let repository = Repository::open(store, key, self.surroundings())?;
        check(&repository, options, &Silent)
    }

    /// The exit code alone.
    pub(super) fn exit(&self, store: &MemoryStore, key: &Credentials, depth: Depth) -> u8 {
        self.check(Arc::new(store.clone()), key, depth).map_or_else(|error| error.exit_code(), |report| report.exit_code)
    }
}

/// A file that was stored: its name and length, and its directory.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    pub(super) needed: NeededPack,
    pub(super) indexed: IndexedPack,
}

impl Packed {
    pub(super) fn file(&self) -> StoredFile {
        StoredFile::first(NameFolder::Packs, self.needed.name)
    }
}

/// Writes into a repository.
pub(super) struct Writer {
    pub(super) store: MemoryStore,
    pub(super) repository: Repository,
    pub(super) code: Option<RecoveryCode>,
    salt: u8,
    /// Of each root folder what a manifest states of it.
    pub(super) counts: BTreeMap<ObjectId, Counts>,
}

impl Writer {
    pub(super) fn new(encrypted: bool) -> Self {
        let store = MemoryStore::new();
        let machine = Machine::new();
        let protection = if encrypted {
            NewProtection::Encrypted { password: Some(zeroize::Zeroizing::new(b"pw".to_vec())), strength: SlotStrength::Test }
        } else {
            NewProtection::Plain
        };
        let (repository, code) = Repository::create(Arc::new(store.clone()), &protection, machine.surroundings()).unwrap();
        crate::ops::guides::write_absent(&store).unwrap();
        Self { store, repository, code, salt: 0, counts: BTreeMap::new() }
    }

    pub(super) fn key(&self) -> Credentials {
        self.code.clone().map_or(Credentials::None, Credentials::Code)
    }

    pub(super) fn sealing(&self) -> &Sealing {
        self.repository.sealing().unwrap()
    }

    fn next_salt(&mut self) -> [u8; 32] {
        self.salt += 1;
        [self.salt; 32]
    }

    /// Puts a hash-named file in place; twice if asked to.
    pub(super) fn put(&self, folder: NameFolder, bytes: &[u8], twice: bool) -> StoredFile {
        let file = StoredFile::first(folder, StoredName(*blake3::hash(bytes).as_bytes()));
        self.store.set_bytes(&file.path(), bytes.to_vec());
        if twice {
            self.store.set_bytes(&file.in_second().path(), bytes.to_vec());
        }
        file
    }

    /// Writes a pack of these objects, one a record.
    pub(super) fn pack(&mut self, kind: PackKind, objects: &[(ObjectKind, Vec<u8>)]) -> Packed {
        let salt = self.next_salt();
        let seal = self.sealing().create(kind.file_kind(), self.repository.id(), salt).unwrap();
        let mut bytes = seal.header_bytes().to_vec();
        let mut directory = Directory::default();
        for (ordinal, (object, raw)) in objects.iter().enumerate() {
            let mut stored = raw.clone();
            seal.seal_record(ordinal as u32, &mut stored).unwrap();
            let length_bytes = raw.len() as u32;
            directory.records.push(Record {
                codec: 0,
                stored_bytes: stored.len() as u32,
                raw_bytes: length_bytes,
                objects: vec![RecordObject { id: object.id_of(raw), kind: *object, length_bytes }],
            });
            bytes.extend_from_slice(&stored);
        }
        if self.repository.is_encrypted() {
            let end = padme(bytes.len() as u64 + 16) as usize;
            let mut zeros = vec![0; end - bytes.len() - 16];
            let raw_bytes = zeros.len() as u32;
            seal.seal_record(objects.len() as u32, &mut zeros).unwrap();
            directory.records.push(Record { codec: 0, stored_bytes: zeros.len() as u32, raw_bytes, objects: Vec::new() });
            bytes.extend_from_slice(&zeros);
        }
        let records_end = bytes.len() as u64;
        let mut sealed = directory.encode();
        if self.repository.is_encrypted() {
            sealed.resize(padme(sealed.len() as u64) as usize, 0);
        }
        seal.seal_directory(&mut sealed).unwrap();
        bytes.extend_from_slice(&sealed);
        let file_bytes = bytes.len() as u64 + 64;
        let trailer = Trailer { kind: kind.file_kind(), sealed_bytes: sealed.len() as u32, file_bytes, sealed_offset: records_end, salt };
        bytes.extend_from_slice(&trailer.encode());
        let file = self.put(NameFolder::Packs, &bytes, kind == PackKind::Meta);
        let name = PackName::from(file.hash);
        let length_bytes = bytes.len() as u64;
        Packed {
            needed: NeededPack { name, length_bytes, kind },
            indexed: IndexedPack { name, length_bytes, kind, salt, records_end, directory },
        }
    }

    /// Writes a data pack of these contents.
    pub(super) fn data(&mut self, contents: &[&[u8]]) -> Packed {
        self.pack(PackKind::Data, &contents.iter().map(|raw| (ObjectKind::Chunk, raw.to_vec())).collect::<Vec<_>>())
    }

    /// Writes a meta pack with one folder of these files, and gives the folder as a root entry.
    pub(super) fn tree(&mut self, files: &[(&str, &[u8])]) -> (Packed, Entry) {
        let entry = |(name, raw): &(&str, &[u8])| Entry {
            name: name.as_bytes().to_vec(),
            content: Content::File(FileContent {
                length_bytes: raw.len() as u64,
                hash: FileHash(*blake3::hash(raw).as_bytes()),
                pieces: Pieces::One,
                picture: Vec::new(),
                link_group: None,
            }),
            facts: Facts::default(),
            sections: Vec::new(),
        };
        let built = build_folder(files.iter().map(entry).collect());
        let bytes = files.iter().map(|(_, raw)| raw.len() as u64).sum();
        self.counts.insert(built.id, Counts { files: files.len() as u64, folders: 1, bytes, ..Counts::default() });
        let objects: Vec<_> = built.objects.into_iter().map(|object| (object.kind, object.raw)).collect();
        let pack = self.pack(PackKind::Meta, &objects);
        let root = Entry { name: b"Pictures".to_vec(), content: Content::Folder(built.id), facts: Facts::default(), sections: Vec::new() };
        (pack, root)
    }

    /// Writes an index segment of these packs.
    pub(super) fn segment(&mut self, packs: &[&Packed]) -> StoredFile {
        let mut packs: Vec<IndexedPack> = packs.iter().map(|pack| pack.indexed.clone()).collect();
        packs.sort_by_key(|pack| pack.name);
        let salt = self.next_salt();
        let bytes = self.sealing().seal_file(FileKind::Index, self.repository.id(), salt, &[], IndexSegment { packs }.encode()).unwrap();
        self.put(NameFolder::Index, &bytes, false)
    }

    fn public_file(&self, kind: FileKind, public: &[u8], tail: &[u8]) -> Vec<u8> {
        let header = Header::public(kind, self.repository.id());
        let mut covered = header.encode().to_vec();
        covered.extend_from_slice(public);
        assert!(covered.len() >= HEADER_BYTES);
        SealedFile::join(&header, &covered, tail)
    }

    /// Writes a needs page.
    pub(super) fn needs_page(&self, packs: &[&Packed]) -> StoredFile {
        let mut packs: Vec<NeededPack> = packs.iter().map(|pack| pack.needed).collect();
        packs.sort();
        let bytes = self.public_file(FileKind::NeedsPage, &NeedsPage { packs }.encode(), &[]);
        self.put(NameFolder::Needs, &bytes, true)
    }

    /// Writes a tombstone; a false one carries a wrong hash.
    pub(super) fn tombstone(&self, target: TombstoneTarget, genuine: bool) {
        let public = Tombstone { target }.encode();
        let header = Header::public(FileKind::Tombstone, self.repository.id()).encode();
        let hash = self.sealing().master().and_then(|master| master.notice_hash(FileKind::Tombstone, &header, &public));
        let tail = hash.map_or(Vec::new(), |hash| if genuine { hash.to_vec() } else { vec![1; 32] });
        self.put(NameFolder::Tombstones, &self.public_file(FileKind::Tombstone, &public, &tail), true);
    }

    /// Says which packs hold all of another.
    pub(super) fn instead(&self, replaced: &Packed, packs: &[&Packed]) {
        let mut packs: Vec<NeededPack> = packs.iter().map(|pack| pack.needed).collect();
        packs.sort();
        let public = Instead { replaced: replaced.needed.name, packs }.encode();
        let header = Header::public(FileKind::Instead, self.repository.id()).encode();
        let hash = self.sealing().master().and_then(|master| master.notice_hash(FileKind::Instead, &header, &public));
        let tail = hash.map_or(Vec::new(), |hash| hash.to_vec());
        self.put(NameFolder::Instead, &self.public_file(FileKind::Instead, &public, &tail), false);
    }

    /// The same with a wrong hash.
    pub(super) fn false_instead(&self, replaced: &Packed, packs: &[&Packed]) -> StoredFile {
        let packs: Vec<NeededPack> = packs.iter().map(|pack| pack.needed).collect();
        let public = Instead { replaced: replaced.needed.name, packs }.encode();
        self.put(NameFolder::Instead, &self.public_file(FileKind::Instead, &public, &[1; 32]), false)
    }

    /// Writes a manifest, twice.
    pub(super) fn manifest(
        &mut self,
        seconds: i64,
        root: &Entry,
        paged: Option<(&StoredFile, &[&Packed])>,
        tail: &[&Packed],
        segments: &[&StoredFile],
        previous: &[StoredFile],
    ) -> StoredFile {
        let mut listed: Vec<NeededPack> = tail.iter().map(|pack| pack.needed).collect();
        listed.sort();
        let in_page: Vec<NeededPack> = paged.iter().flat_map(|(_, packs)| packs.iter().map(|pack| pack.needed)).collect();
        let time = Time { seconds, nanoseconds: 0 };
        let public = ManifestPublic {
            time,
            repository_file: self.repository.repository_file_hash(),
            needs: Needs {
                pages: paged.iter().map(|(file, _)| file.hash).collect(),
                pack_count: (listed.len() + in_page.len()) as u64,
                pack_bytes: listed.iter().chain(&in_page).map(|pack| pack.length_bytes).sum(),
                tail: listed,
            },
            segments: segments.iter().map(|file| file.hash).collect(),
        };
        let source = SourceRecord {
            id: SourceId([1; 16]),
            label: "Pictures".to_owned(),
            path: b"/home/ada/Pictures".to_vec(),
            machine: MachineId([2; 16]),
            host: "ada".to_owned(),
            volume: None,
            root: root.clone(),
            counts: if let Content::Folder(id) = root.content { self.counts[&id] } else { Counts::default() },
            report: None,
            previous: previous.iter().map(|file| SnapshotName::from(file.hash)).collect(),
        };
        let sealed = ManifestSealed {
            repository_file: self.store.bytes_of("tintype.json").unwrap(),
            tool: "a second writer".to_owned(),
            note: String::new(),
            sources: vec![source],
            keep: Vec::new(),
            other_heads: Vec::new(),
            sections: Vec::new(),
        };
        let salt = self.next_salt();
        let bytes = self.sealing().seal_file(FileKind::Manifest, self.repository.id(), salt, &public.encode(), sealed.encode()).unwrap();
        let file = StoredFile::snapshot(StoredName(*blake3::hash(&bytes).as_bytes()), time);
        self.store.set_bytes(&file.path(), bytes.clone());
        self.store.set_bytes(&file.in_second().path(), bytes);
        file
    }
}

/// A small repository: two snapshots of one folder, two data packs, of which one is named by a needs page.
pub(super) struct Sample {
    pub(super) writer: Writer,
    pub(super) data: [Packed; 2],
    pub(super) meta: [Packed; 2],
    pub(super) segment: StoredFile,
    pub(super) page: StoredFile,
    pub(super) manifests: [StoredFile; 2],
}

pub(super) fn photo(number: u8) -> Vec<u8> {
    let mut bytes = vec![0; 20_000 + 1000 * usize::from(number)];
    blake3::Hasher::new().update(&[number]).finalize_xof().fill(&mut bytes);
    bytes
}

impl Sample {
    pub(super) fn new(encrypted: bool) -> Self {
        let mut writer = Writer::new(encrypted);
        let photos: Vec<Vec<u8>> = (0..4).map(photo).collect();
        let [a, b, c, d] = [&photos[0][..], &photos[1], &photos[2], &photos[3]];
        let data = [writer.data(&[a, b]), writer.data(&[c, d])];
        let (first_meta, first_root) = writer.tree(&[("IMG_1.HEIC", a), ("IMG_2.HEIC", b)]);
        let (second_meta, second_root) = writer.tree(&[("IMG_1.HEIC", a), ("IMG_2.HEIC", b), ("IMG_3.HEIC", c), ("IMG_4.HEIC", d)]);
        let segment = writer.segment(&[&data[0], &data[1], &first_meta, &second_meta]);
        let page = writer.needs_page(&[&data[0]]);
        let older = writer.manifest(NOW - 2 * 86_400, &first_root, Some((&page, &[&data[0]])), &[&first_meta], &[&segment], &[]);
        let newer =
            writer.manifest(NOW - 86_400, &second_root, Some((&page, &[&data[0]])), &[&data[1], &second_meta], &[&segment], &[older]);
        Self { writer, data, meta: [first_meta, second_meta], segment, page, manifests: [older, newer] }
    }

    pub(super) fn store(&self) -> MemoryStore {
        self.writer.store.deep_clone()
    }
}
