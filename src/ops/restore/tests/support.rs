//! Owns small repositories for tests, put together by hand from the layers below: data packs, a meta pack and its second copy,
//! an index segment, a manifest and its second copy.

use crate::clock::{ManualClock, Timestamp};
use crate::crypto::{Sealing, TAG_BYTES};
use crate::format::{
    Counts, Directory, FileKind, HEADER_BYTES, IndexSegment, IndexedPack, MachineId, ManifestPublic, ManifestSealed, NameFolder,
    NeededPack, Needs, PackKind, PackName, Record, RecordObject, SourceId, SourceRecord, StoredFile, StoredName, Trailer,
};
use crate::repo::{Entropy, Local, NewProtection, Repository, Surroundings};
use crate::store::MemoryStore;
use crate::tree::{Content, Entry, Facts, FileContent, FileHash, ObjectId, ObjectKind, Piece, RawObject, Time, build_folder, build_pieces};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One thing of a source.
#[derive(Debug, Clone)]
pub(crate) enum Thing {
    /// A file of these pieces.
    File(Vec<Vec<u8>>),
    /// One more name of a file: the group's first path, and the bytes.
    Linked(&'static str, Vec<u8>),
    Symlink(&'static str),
    Folder,
    /// A file whose entry states another hash than its bytes have.
    Lie(Vec<u8>),
}

pub(crate) fn file(bytes: &[u8]) -> Thing {
    Thing::File(if bytes.is_empty() { Vec::new() } else { vec![bytes.to_vec()] })
}

pub(crate) fn facts(mode: u32, seconds: i64) -> Facts {
    Facts { mode: Some(mode), mtime: Some(Time { seconds, nanoseconds: 7 }), ..Facts::default() }
}

/// A repository and where its parts lie.
pub(crate) struct Made {
    pub(crate) store: MemoryStore,
    pub(crate) repository: Repository,
    pub(crate) segment: String,
    pub(crate) manifest: String,
    /// Where each object lies: the pack's path, the record's offset, its stored length.
    pub(crate) places: BTreeMap<ObjectId, (String, usize, usize)>,
}

impl Made {
    /// Flips a bit of an object, in both copies if it has two.
    pub(crate) fn damage(&self, id: ObjectId, copies: &[&str]) {
        let (path, offset, _) = &self.places[&id];
        for copy in copies {
            let path = format!("{copy}{path}");
            let mut bytes = self.store.bytes_of(&path).expect("the pack");
            bytes[*offset] ^= 1;
            self.store.set_bytes(&path, bytes);
        }
    }

    /// Damages one piece of a file.
    pub(crate) fn damage_piece(&self, piece: &[u8]) {
        self.damage(ObjectKind::Chunk.id_of(piece), &[""]);
    }
}

type Source = (&'static str, Vec<(String, Thing, Facts)>);

struct Tree {
    things: BTreeMap<Vec<u8>, (Thing, Facts)>,
    objects: Vec<RawObject>,
    counts: Counts,
}

impl Tree {
    fn content(&mut self, thing: &Thing) -> Content {
        let (pieces, group, lie) = match thing {
            Thing::Folder => unreachable!("folders are built elsewhere"),
            Thing::Symlink(to) => {
                self.counts.symlinks += 1;
                return Content::Symlink(to.as_bytes().to_vec());
            }
            Thing::File(pieces) => (pieces.clone(), None, false),
            Thing::Linked(first, bytes) => (vec![bytes.clone()], Some(FileHash(*blake3::hash(first.as_bytes()).as_bytes())), false),
            Thing::Lie(bytes) => (vec![bytes[..1].to_vec(), bytes[1..].to_vec()], None, true),
        };
        let mut hasher = blake3::Hasher::new();
        let mut listed = Vec::new();
        let mut length_bytes = 0;
        for raw in pieces {
            hasher.update(&raw);
            length_bytes += raw.len() as u64;
            let id = ObjectKind::Chunk.id_of(&raw);
            listed.push(Piece { id, length_bytes: raw.len() as u32 });
            self.objects.push(RawObject { id, kind: ObjectKind::Chunk, raw });
        }
        let hash = if lie { FileHash([7; 32]) } else { FileHash(*hasher.finalize().as_bytes()) };
        let (pieces, lists) = build_pieces(hash, listed);
        self.objects.extend(lists);
        self.counts.files += 1;
        self.counts.bytes += length_bytes;
        Content::File(FileContent { length_bytes, hash, pieces, picture: Vec::new(), link_group: group })
    }

    fn folder(&mut self, path: &[u8]) -> ObjectId {
        self.counts.folders += 1;
        let prefix = if path.is_empty() { Vec::new() } else { [path, b"/"].concat() };
        let names: std::collections::BTreeSet<Vec<u8>> = self
            .things
            .keys()
            .filter_map(|at| at.strip_prefix(prefix.as_slice()))
            .map(|rest| rest.split(|byte| *byte == b'/').next().unwrap_or_default().to_vec())
            .filter(|name| !name.is_empty())
            .collect();
        let mut entries = Vec::new();
        for name in names {
            let path = [&prefix[..], &name].concat();
            let (content, facts) = match self.things.get(&path).cloned() {
                Some((Thing::Folder, facts)) => (Content::Folder(self.folder(&path)), facts),
                None => (Content::Folder(self.folder(&path)), facts(0o755, 1_000)),
                Some((thing, facts)) => (self.content(&thing), facts),
            };
            entries.push(Entry { name, content, facts, sections: Vec::new() });
        }
        let built = build_folder(entries);
        self.objects.extend(built.objects);
        built.id
    }
}

/// Makes a repository with one snapshot of these sources. Data packs hold at most 40 objects.
pub(crate) fn make(protection: &NewProtection, threads: usize, sources: Vec<Source>) -> Made {
    make_stating(protection, threads, sources, &|_| {})
}

/// The same with a manifest that states other counts than the trees have.
fn make_stating(protection: &NewProtection, threads: usize, sources: Vec<Source>, change: &dyn Fn(&mut Counts)) -> Made {
    let store = MemoryStore::new();
    let surroundings = Surroundings {
        clock: Arc::new(ManualClock::at(Timestamp::from_seconds(1_700_000_000))),
        entropy: Arc::new(Entropy::seeded(1)),
        local: Arc::new(Local::default()),
        threads,
    };
    let (repository, _) = Repository::create(Arc::new(store.clone()), protection, surroundings).expect("a repository");
    let mut objects = Vec::new();
    let mut records = Vec::new();
    for (label, things) in sources {
        let things = things.into_iter().map(|(path, thing, facts)| (path.into_bytes(), (thing, facts))).collect();
        let mut tree = Tree { things, objects: Vec::new(), counts: Counts::default() };
        let root = tree.folder(b"");
        change(&mut tree.counts);
        objects.extend(tree.objects);
        records.push(SourceRecord {
            id: SourceId([label.len() as u8; 16]),
            label: label.to_owned(),
            path: format!("/home/anna/{label}").into_bytes(),
            machine: MachineId([1; 16]),
            host: "anna".to_owned(),
            volume: None,
            root: Entry { name: label.as_bytes().to_vec(), content: Content::Folder(root), facts: facts(0o750, 99), sections: Vec::new() },
            counts: tree.counts,
            report: None,
            previous: Vec::new(),
        });
    }
    let mut made = Made { store, repository, segment: String::new(), manifest: String::new(), places: BTreeMap::new() };
    let mut seen = std::collections::BTreeSet::new();
    objects.retain(|object| seen.insert(object.id));
    let (chunks, meta): (Vec<_>, Vec<_>) = objects.into_iter().partition(|object| object.kind == ObjectKind::Chunk);
    let mut packs = Vec::new();
    for run in chunks.chunks(40) {
        packs.push(put_pack(&mut made, PackKind::Data, run, packs.len() as u8));
    }
    packs.push(put_pack(&mut made, PackKind::Meta, &meta, 200));
    packs.sort_by_key(|pack| pack.name);
    publish(&mut made, packs, records);
    made
}

fn put(store: &MemoryStore, file: StoredFile, bytes: &[u8], twice: bool) -> String {
    store.set_bytes(&file.path(), bytes.to_vec());
    if twice {
        store.set_bytes(&file.in_second().path(), bytes.to_vec());
    }
    file.path()
}

fn put_pack(made: &mut Made, kind: PackKind, objects: &[RawObject], number: u8) -> IndexedPack {
    let salt = [number; 32];
    let sealing = made.repository.sealing().expect("an open repository");
    let seal = sealing.create(kind.file_kind(), made.repository.id(), salt).expect("a seal");
    let mut bytes = seal.header_bytes().to_vec();
    let mut directory = Directory::default();
    let mut places = Vec::new();
    for (ordinal, object) in objects.iter().enumerate() {
        let mut record = object.raw.clone();
        seal.seal_record(ordinal as u32, &mut record).expect("a sealed record");
        places.push((object.id, bytes.len(), record.len()));
        let length_bytes = object.raw.len() as u32;
        let listed = RecordObject { id: object.id, kind: object.kind, length_bytes };
        directory.records.push(Record { codec: 0, stored_bytes: record.len() as u32, raw_bytes: length_bytes, objects: vec![listed] });
        bytes.extend_from_slice(&record);
    }
    let records_end = bytes.len() as u64;
    assert!(records_end >= HEADER_BYTES as u64 && TAG_BYTES == 16);
    let mut sealed = directory.encode();
    seal.seal_directory(&mut sealed).expect("a sealed directory");
    let file_bytes = records_end + sealed.len() as u64 + 64;
    bytes.extend_from_slice(&sealed);
    let trailer = Trailer { kind: kind.file_kind(), sealed_bytes: sealed.len() as u32, file_bytes, sealed_offset: records_end, salt };
    bytes.extend_from_slice(&trailer.encode());
    let name = PackName(*blake3::hash(&bytes).as_bytes());
    let path = put(&made.store, StoredFile::first(NameFolder::Packs, name), &bytes, kind == PackKind::Meta);
    for (id, offset, length) in places {
        made.places.insert(id, (path.clone(), offset, length));
    }
    IndexedPack { name, length_bytes: file_bytes, kind, salt, records_end, directory }
}

fn publish(made: &mut Made, packs: Vec<IndexedPack>, sources: Vec<SourceRecord>) {
    let (repository, id) = (&made.repository, made.repository.id());
    let sealing: &Sealing = repository.sealing().expect("an open repository");
    let tail: Vec<NeededPack> =
        packs.iter().map(|pack| NeededPack { name: pack.name, length_bytes: pack.length_bytes, kind: pack.kind }).collect();
    let needs =
        Needs { pages: Vec::new(), pack_count: tail.len() as u64, pack_bytes: tail.iter().map(|pack| pack.length_bytes).sum(), tail };
    let segment = sealing.seal_file(FileKind::Index, id, [201; 32], &[], IndexSegment { packs }.encode()).expect("a segment");
    let segment_name = StoredName(*blake3::hash(&segment).as_bytes());
    made.segment = put(&made.store, StoredFile::first(NameFolder::Index, segment_name), &segment, false);
    let time = Time { seconds: 1_700_000_000, nanoseconds: 0 };
    let public = ManifestPublic { time, repository_file: repository.repository_file_hash(), needs, segments: vec![segment_name] };
    let sealed = ManifestSealed {
        repository_file: made.store.bytes_of("tintype.json").expect("tintype.json"),
        tool: "test".to_owned(),
        note: String::new(),
        sources,
        keep: Vec::new(),
        other_heads: Vec::new(),
        sections: Vec::new(),
    };
    let manifest = sealing.seal_file(FileKind::Manifest, id, [202; 32], &public.encode(), sealed.encode()).expect("a manifest");
    let name = StoredName(*blake3::hash(&manifest).as_bytes());
    made.manifest = put(&made.store, StoredFile::snapshot(name, time), &manifest, true);
}

/// A repository with one plain source called `Pictures`.
pub(crate) fn pictures(threads: usize, things: Vec<(&str, Thing)>) -> Made {
    pictures_stating(threads, things, &|_| {})
}

/// The same with a manifest that states other counts than the tree has.
pub(crate) fn pictures_stating(threads: usize, things: Vec<(&str, Thing)>, change: &dyn Fn(&mut Counts)) -> Made {
    let things = things.into_iter().enumerate().map(|(number, (path, thing))| {
        let mode = if matches!(thing, Thing::Folder) { 0o755 } else { 0o640 };
        // Names of one file have one set of facts.
        let seconds = if matches!(thing, Thing::Linked(..)) { 5 } else { 1_000_000 + number as i64 };
        (path.to_owned(), thing, facts(mode, seconds))
    });
    make_stating(&NewProtection::Plain, threads, vec![("Pictures", things.collect())], change)
}
