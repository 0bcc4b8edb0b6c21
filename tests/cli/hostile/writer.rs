//! Owns repositories with a valid seal and anything at all below it: what somebody writes who knows the key and means harm.

use std::path::Path;
use std::sync::Arc;
use tintype::format::{
    Content, Counts, Directory, Entry, Facts, FileContent, FileHash, FileKind, Folder, FolderPage, IndexSegment, IndexedPack, MachineId,
    ManifestPublic, ManifestSealed, NameFolder, NeededPack, Needs, ObjectId, ObjectKind, PackKind, PackName, Page, Pieces, Record,
    RecordObject, SourceId, SourceRecord, StoredFile, StoredName, Time, Trailer, padme,
};
use tintype::repo::{NewProtection, RecoveryCode, Repository, SlotStrength, Surroundings};
use tintype::store::MemoryStore;

/// An object as its pack states it, which need not be what it is.
struct Stated {
    kind: ObjectKind,
    id: ObjectId,
    length_bytes: u32,
    codec: u8,
    stored: Vec<u8>,
}

/// A repository in the making.
pub(super) struct Evil {
    store: MemoryStore,
    repository: Repository,
    code: Option<RecoveryCode>,
    chunks: Vec<Stated>,
    others: Vec<Stated>,
    /// What the manifest says of the source.
    pub(super) record: SourceRecord,
    /// Texts of the manifest.
    pub(super) tool: String,
    pub(super) note: String,
    /// Needs pages and segments that are named beside the true ones.
    pub(super) pages: Vec<StoredName>,
    pub(super) segments: Vec<StoredName>,
    /// Takes the place of what an index segment says.
    pub(super) segment_body: Option<Vec<u8>>,
    /// Takes the place of what the directories of packs say.
    pub(super) directory_body: Option<Vec<u8>>,
}

fn length(bytes: &[u8]) -> u64 {
    bytes.len() as u64
}

pub(super) fn entry(name: &[u8], content: Content) -> Entry {
    let facts = Facts { mode: Some(0o755), mtime: Some(Time { seconds: 1_600_000_000, nanoseconds: 0 }), ..Facts::default() };
    Entry { name: name.to_vec(), content, facts, sections: Vec::new() }
}

pub(super) fn link(name: &[u8], to: &[u8]) -> Entry {
    entry(name, Content::Symlink(to.to_vec()))
}

impl Evil {
    pub(super) fn new(encrypted: bool) -> Self {
        let store = MemoryStore::new();
        let protection = match encrypted {
            true => NewProtection::Encrypted { password: None, strength: SlotStrength::Test },
            false => NewProtection::Plain,
        };
        let (repository, code) = Repository::create(Arc::new(store.clone()), &protection, Surroundings::plain()).expect("a repository");
        let record = SourceRecord {
            id: SourceId([1; 16]),
            label: "Pictures".to_owned(),
            path: b"/home/ada/Pictures".to_vec(),
            machine: MachineId([2; 16]),
            host: "ada".to_owned(),
            volume: None,
            root: entry(b"Pictures", Content::Symlink(Vec::new())),
            counts: Counts { files: 1 << 20, folders: 1 << 20, symlinks: 1 << 20, bytes: 1 << 62, ..Counts::default() },
            report: None,
            previous: Vec::new(),
        };
        let (tool, note) = ("another program".to_owned(), String::new());
        let (chunks, others, pages, segments) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (segment_body, directory_body) = (None, None);
        Self { store, repository, code, chunks, others, record, tool, note, pages, segments, segment_body, directory_body }
    }

    /// Adds an object that is what it says.
    pub(super) fn object(&mut self, kind: ObjectKind, raw: Vec<u8>) -> ObjectId {
        let id = kind.id_of(&raw);
        self.stated(kind, id, raw.len() as u32, 0, raw);
        id
    }

    /// Adds an object of which the pack states this id, length and codec.
    pub(super) fn stated(&mut self, kind: ObjectKind, id: ObjectId, length_bytes: u32, codec: u8, stored: Vec<u8>) {
        let list = if kind == ObjectKind::Chunk { &mut self.chunks } else { &mut self.others };
        if list.iter().all(|one| one.id != id) {
            list.push(Stated { kind, id, length_bytes, codec, stored });
        }
    }

    /// Adds a file of one piece.
    pub(super) fn file(&mut self, name: &[u8], bytes: &[u8]) -> Entry {
        let id = self.object(ObjectKind::Chunk, bytes.to_vec());
        self.file_of(name, length(bytes), FileHash(id.0), Pieces::One)
    }

    pub(super) fn file_of(&self, name: &[u8], length_bytes: u64, hash: FileHash, pieces: Pieces) -> Entry {
        entry(name, Content::File(FileContent { length_bytes, hash, pieces, picture: Vec::new(), link_group: None }))
    }

    /// Adds a folder of these pages, as they are.
    pub(super) fn folder(&mut self, pages: Vec<Vec<Entry>>) -> ObjectId {
        let pages = pages.into_iter().map(|entries| {
            let (first, entry_count) = (entries[0].name.clone(), entries.len() as u32);
            FolderPage { id: self.object(ObjectKind::Page, Page { entries }.encode()), first, entry_count }
        });
        let pages = pages.collect();
        self.object(ObjectKind::Folder, Folder { pages }.encode())
    }

    fn salt(&self, number: u8) -> [u8; 32] {
        [number; 32]
    }

    fn put(&self, file: StoredFile, bytes: &[u8], twice: bool) {
        self.store.set_bytes(&file.path(), bytes.to_vec());
        if twice {
            self.store.set_bytes(&file.in_second().path(), bytes.to_vec());
        }
    }

    fn pack(&self, kind: PackKind, objects: &[Stated], salt: u8) -> IndexedPack {
        let salt = self.salt(salt);
        let seal = self.repository.sealing().expect("open").create(kind.file_kind(), self.repository.id(), salt).expect("a seal");
        let mut bytes = seal.header_bytes().to_vec();
        let mut directory = Directory::default();
        for (ordinal, object) in (0..).zip(objects) {
            let mut stored = object.stored.clone();
            seal.seal_record(ordinal, &mut stored).expect("a sealed record");
            let &Stated { id, kind, length_bytes, codec, .. } = object;
            let (stored_bytes, objects) = (stored.len() as u32, vec![RecordObject { id, kind, length_bytes }]);
            directory.records.push(Record { codec, stored_bytes, raw_bytes: length_bytes, objects });
            bytes.extend_from_slice(&stored);
        }
        if self.repository.is_encrypted() {
            let raw_bytes = padme(length(&bytes) + 16) - length(&bytes) - 16;
            let mut zeros = vec![0; raw_bytes as usize];
            seal.seal_record(objects.len() as u32, &mut zeros).expect("a sealed record");
            let (stored_bytes, raw_bytes) = (zeros.len() as u32, raw_bytes as u32);
            directory.records.push(Record { codec: 0, stored_bytes, raw_bytes, objects: Vec::new() });
            bytes.extend_from_slice(&zeros);
        }
        let records_end = length(&bytes);
        let mut sealed = self.directory_body.clone().unwrap_or_else(|| directory.encode());
        if self.repository.is_encrypted() {
            sealed.resize(padme(length(&sealed)) as usize, 0);
        }
        seal.seal_directory(&mut sealed).expect("a sealed directory");
        let file_bytes = records_end + length(&sealed) + 64;
        let sealed_bytes = sealed.len() as u32;
        let trailer = Trailer { kind: kind.file_kind(), sealed_bytes, file_bytes, sealed_offset: records_end, salt };
        bytes.extend_from_slice(&sealed);
        bytes.extend_from_slice(&trailer.encode());
        let name = PackName(*blake3::hash(&bytes).as_bytes());
        self.put(StoredFile::first(NameFolder::Packs, name), &bytes, kind == PackKind::Meta);
        IndexedPack { name, length_bytes: file_bytes, kind, salt, records_end, directory }
    }

    /// Seals it all and writes it to `folder`; gives the recovery code.
    pub(super) fn write(mut self, root: ObjectId, folder: &Path) -> Option<String> {
        let mut packs = vec![self.pack(PackKind::Meta, &self.others, 1)];
        if !self.chunks.is_empty() {
            packs.push(self.pack(PackKind::Data, &self.chunks, 2));
        }
        packs.sort_by_key(|pack| pack.name);
        let needed = |pack: &IndexedPack| NeededPack { name: pack.name, length_bytes: pack.length_bytes, kind: pack.kind };
        let tail: Vec<NeededPack> = packs.iter().map(needed).collect();
        let sealing = self.repository.sealing().expect("open");
        let id = self.repository.id();
        let body = self.segment_body.clone().unwrap_or_else(|| IndexSegment { packs }.encode());
        let segment = sealing.seal_file(FileKind::Index, id, self.salt(3), &[], body).expect("a segment");
        let segment_name = StoredName(*blake3::hash(&segment).as_bytes());
        self.put(StoredFile::first(NameFolder::Index, segment_name), &segment, false);
        self.segments.insert(0, segment_name);
        if matches!(self.record.root.content, Content::Symlink(_)) {
            self.record.root.content = Content::Folder(root);
        }
        let (pack_count, pack_bytes) = (tail.len() as u64, tail.iter().map(|pack| pack.length_bytes).sum());
        let public = ManifestPublic {
            time: Time { seconds: 1_700_000_000, nanoseconds: 0 },
            repository_file: self.repository.repository_file_hash(),
            needs: Needs { pages: self.pages.clone(), tail, pack_count, pack_bytes },
            segments: self.segments.clone(),
        };
        let sealed = ManifestSealed {
            repository_file: self.store.bytes_of("tintype.json").expect("tintype.json"),
            tool: self.tool.clone(),
            note: self.note.clone(),
            sources: vec![self.record.clone()],
            keep: Vec::new(),
            other_heads: Vec::new(),
            sections: Vec::new(),
        };
        let bytes = sealing.seal_file(FileKind::Manifest, id, self.salt(4), &public.encode(), sealed.encode()).expect("a manifest");
        let name = StoredName(*blake3::hash(&bytes).as_bytes());
        self.put(StoredFile::snapshot(name, public.time), &bytes, true);
        for name in self.store.names() {
            let path = folder.join(&name);
            std::fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
            std::fs::write(path, self.store.bytes_of(&name).expect("it is there")).expect("a file");
        }
        self.code.map(|code| code.text().to_string())
    }
}
