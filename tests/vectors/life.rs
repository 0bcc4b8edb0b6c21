//! Owns the three files of the page "life of a photo": a snapshot of one small photo, whole, in a plain repository.

use super::build_files::{plain_repository_file, time};
use super::build_packs::{named, pack, stored};
use super::build_trees::{entry, file};
use super::seal::one_seal;
use super::vector::Vector;
use tintype::format::{
    Content, Counts, Entry, Facts, FileKind, Folder, FolderPage, MachineId, ManifestPublic, ManifestSealed, NeededPack, Needs, ObjectKind,
    PackKind, PackName, Page, SourceId, SourceRecord, StoredName, Time,
};

/// What the photo's file holds.
const PHOTO: &[u8] = b"a small photo";

/// All of them.
pub(crate) fn all() -> Vec<Vector> {
    let data = pack(FileKind::DataPack, false, vec![stored(ObjectKind::Chunk, &[PHOTO])], |_| {});
    let facts = Facts { mtime: Some(Time { seconds: 1_562_338_804, nanoseconds: 0 }), ..Facts::default() };
    let page = Page { entries: vec![Entry { facts, ..entry(b"IMG_1.JPG", file(PHOTO)) }] }.encode();
    let first = FolderPage { id: ObjectKind::Page.id_of(&page), first: b"IMG_1.JPG".to_vec(), entry_count: 1 };
    let folder = Folder { pages: vec![first] }.encode();
    let records = vec![stored(ObjectKind::Page, &[&page]), stored(ObjectKind::Folder, &[&folder])];
    let meta = pack(FileKind::MetaPack, false, records, |_| {});
    let needed = |bytes: &[u8], kind| NeededPack {
        name: PackName(*blake3::hash(bytes).as_bytes()),
        length_bytes: u64::try_from(bytes.len()).expect("short"),
        kind,
    };
    let mut tail = vec![needed(&data, PackKind::Data), needed(&meta, PackKind::Meta)];
    tail.sort_by_key(|pack| pack.name);
    let pack_bytes = tail.iter().map(|pack| pack.length_bytes).sum();
    let public = ManifestPublic {
        time: time(),
        repository_file: StoredName(*blake3::hash(&plain_repository_file()).as_bytes()),
        needs: Needs { pages: Vec::new(), tail, pack_count: 2, pack_bytes },
        segments: Vec::new(),
    };
    let source = SourceRecord {
        id: SourceId([0x51; 16]),
        label: "photos".to_owned(),
        path: b"/photos".to_vec(),
        machine: MachineId([0x4d; 16]),
        host: "ada".to_owned(),
        volume: None,
        root: Entry { content: Content::Folder(ObjectKind::Folder.id_of(&folder)), ..entry(b"photos", file(b"")) },
        counts: Counts { files: 1, folders: 1, bytes: 13, ..Counts::default() },
        report: None,
        previous: Vec::new(),
    };
    let sealed = ManifestSealed {
        repository_file: plain_repository_file(),
        tool: "tintype".to_owned(),
        note: String::new(),
        sources: vec![source],
        keep: Vec::new(),
        other_heads: Vec::new(),
        sections: Vec::new(),
    };
    let manifest = one_seal(FileKind::Manifest, None, &public.encode(), &sealed.encode());
    vec![
        named(Vector::ok("pack", "life_data", "the photo's bytes", data).with("pack", "data")),
        named(Vector::ok("pack", "life_meta", "its entry in a page, and its folder", meta).with("pack", "meta")),
        named(Vector::ok("manifest", "life", "the snapshot", manifest)),
    ]
}
