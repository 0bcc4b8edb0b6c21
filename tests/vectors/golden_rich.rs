//! Owns the golden snapshot of what this release reads and does not write, or writes only for libraries too large to keep here.
//!
//! A list of piece lists, extended attributes, sections of every tag of version 1 and one that a writer must leave as it is, a report.

use super::golden_hand::{Hand, Raw, needed};
use super::golden_library::tree;
use serde_json::{Value, json};
use std::sync::Arc;
use tintype::format::{
    Carried, Content, Counts, Entry, Facts, FileContent, FileHash, Folder, FolderPage, Needs, ObjectId, ObjectKind, PackKind, Page, Piece,
    PieceList, PieceListList, PieceListRef, PieceRun, Pieces, Report, ReportItem, ReportPage, ReportWhat, Section, Time, Xattr, XattrValue,
    tags,
};
use tintype::repo::Manifest;
use tintype::scan::{MemorySource, Source};

use super::cuts::stream;

/// A tag that no release knows: who does not know it may read the entry, and must not write a changed form of it.
const MUST_STAY_TAG: u32 = 401;

/// Objects that are still to be put into packs.
#[derive(Default)]
struct Objects {
    data: Vec<Raw>,
    meta: Vec<Raw>,
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("short")
}

impl Objects {
    /// Keeps an object, once.
    fn keep(&mut self, kind: ObjectKind, raw: Vec<u8>) -> ObjectId {
        let id = kind.id_of(&raw);
        let held = if kind == ObjectKind::Chunk { &mut self.data } else { &mut self.meta };
        if !held.iter().any(|(other, bytes)| *other == kind && *bytes == raw) {
            held.push((kind, raw));
        }
        id
    }

    /// Cuts bytes into chunks of these lengths; the rest is the last.
    fn pieces(&mut self, bytes: &[u8], lengths: &[usize]) -> Vec<Piece> {
        let (mut rest, mut pieces) = (bytes, Vec::new());
        for length in lengths.iter().copied().chain([usize::MAX]) {
            let (piece, behind) = rest.split_at(length.min(rest.len()));
            let id = self.keep(ObjectKind::Chunk, piece.to_vec());
            pieces.push(Piece { id, length_bytes: u32::try_from(piece.len()).expect("short") });
            rest = behind;
        }
        pieces
    }

    fn list(&mut self, pieces: &[Piece]) -> PieceListRef {
        let length_bytes = pieces.iter().map(|piece| u64::from(piece.length_bytes)).sum();
        PieceListRef { id: self.keep(ObjectKind::PieceList, PieceList { pieces: pieces.to_vec() }.encode()), length_bytes }
    }

    /// A folder of two pages: their cuts are the writer's choice.
    fn folder(&mut self, entries: Vec<Entry>) -> ObjectId {
        let (one, two) = entries.split_at(entries.len().div_ceil(2));
        let mut folder = Folder::default();
        for entries in [one, two].into_iter().filter(|entries| !entries.is_empty()) {
            let (first, entry_count) = (entries[0].name.clone(), u32::try_from(entries.len()).expect("few"));
            let id = self.keep(ObjectKind::Page, Page { entries: entries.to_vec() }.encode());
            folder.pages.push(FolderPage { id, first, entry_count });
        }
        self.keep(ObjectKind::Folder, folder.encode())
    }
}

/// Where a list of pieces stands.
enum Cut {
    One,
    Inline,
    List,
    Lists,
}

/// The source whose files the snapshot has; only its content is cut by hand.
struct Rich {
    source: Arc<MemorySource>,
    objects: Objects,
    counts: Counts,
}

impl Rich {
    fn entry(&self, path: &str, content: Content, xattrs: Vec<Xattr>, sections: Vec<Section>) -> Entry {
        let stat = self.source.stat(path.as_bytes()).expect("facts");
        let mtime = Some(Time { seconds: stat.mtime.seconds, nanoseconds: stat.mtime.nanoseconds });
        let name = path.rsplit('/').next().expect("a name").as_bytes().to_vec();
        let facts = Facts { mode: Some(stat.mode), mtime, xattrs, ..Facts::default() };
        Entry { name, content, facts, sections }
    }

    fn file(&mut self, path: &str, bytes: Vec<u8>, cut: &Cut, sections: Vec<Section>) -> Entry {
        self.counts.files += 1;
        self.counts.bytes += length(&bytes);
        let third = bytes.len() / 3;
        let pieces = match cut {
            Cut::One => {
                self.objects.pieces(&bytes, &[]);
                Pieces::One
            }
            Cut::Inline => Pieces::Inline(self.objects.pieces(&bytes, &[third])),
            Cut::List => Pieces::List({
                let pieces = self.objects.pieces(&bytes, &[third, 1]);
                self.objects.list(&pieces).id
            }),
            Cut::Lists => Pieces::Lists({
                let pieces = self.objects.pieces(&bytes, &[third, 7, third, 1]);
                // A reader takes lists of any number of pieces, also of none; and one list twice.
                let lists = [&pieces[..2], &[], &pieces[2..]].map(|pieces| self.objects.list(pieces)).to_vec();
                self.objects.keep(ObjectKind::PieceListList, PieceListList { lists }.encode())
            }),
        };
        let hash = FileHash(*blake3::hash(&bytes).as_bytes());
        let picture = matches!(cut, Cut::Inline).then_some(PieceRun { first: 1, count: 1 }).into_iter().collect();
        let content = FileContent { length_bytes: length(&bytes), hash, pieces, picture, link_group: None };
        self.source.add_file(path, bytes);
        self.entry(path, Content::File(content), Vec::new(), sections)
    }

    fn folder(&mut self, path: &str, entries: Vec<Entry>, xattrs: Vec<Xattr>, sections: Vec<Section>) -> Entry {
        self.counts.folders += 1;
        let id = self.objects.folder(entries);
        self.entry(path, Content::Folder(id), xattrs, sections)
    }
}

/// Two small values and one that is too long to stand in an entry; of names that Linux keeps, and of one that it does not.
fn xattrs(objects: &mut Objects) -> (Vec<Xattr>, Value) {
    let long = stream("golden attribute", 2_500);
    let pieces = objects.pieces(&long, &[1_000]);
    let values = json!({
        "user.comment": { "length": 17, "blake3": blake3::hash(b"the first summer!").to_hex().as_str() },
        "user.empty": { "length": 0, "blake3": blake3::hash(b"").to_hex().as_str() },
        "user.long": { "length": long.len(), "blake3": blake3::hash(&long).to_hex().as_str() },
    });
    let xattr = |name: &str, value| Xattr { name: name.as_bytes().to_vec(), value };
    let all = vec![
        xattr("com.apple.metadata:kMDItemWhereFroms", XattrValue::Inline(b"bplist00".to_vec())),
        xattr("user.comment", XattrValue::Inline(b"the first summer!".to_vec())),
        xattr("user.empty", XattrValue::Inline(Vec::new())),
        xattr("user.long", XattrValue::Pieces(pieces)),
    ];
    (all, values)
}

/// One line of each kind, in two pages.
fn report(objects: &mut Objects, counts: &mut Counts, first: &Manifest) -> ObjectId {
    let line = |path: &str, what, reason: &str, is_carried: bool| ReportItem {
        path: path.as_bytes().to_vec(),
        what,
        reason: reason.to_owned(),
        carried_from: is_carried.then_some(first.name),
    };
    let pages = [
        vec![
            line("", ReportWhat::Absent, "the card was not there", true),
            line("carried.HEIC", ReportWhat::Unreadable, "input/output error", true),
            line("carried.HEIC", ReportWhat::Lost, "in no pack that is right", false),
            line("changing.mov", ReportWhat::ChangedWhileRead, "its time changed", false),
        ],
        vec![
            line("cloud.HEIC", ReportWhat::CloudOnly, "", false),
            line("folder/gone.HEIC", ReportWhat::Vanished, "", false),
            line("socket", ReportWhat::Skipped, "a socket", false),
        ],
    ];
    (counts.skipped, counts.unreadable, counts.vanished, counts.carried) = (1, 1, 1, 1);
    (counts.cloud_only, counts.changed_while_read) = (1, 1);
    let pages = pages.map(|items| objects.keep(ObjectKind::ReportPage, ReportPage { items }.encode())).to_vec();
    objects.keep(ObjectKind::Report, Report { pages }.encode())
}

/// Writes the snapshot after `first`; gives its id and its tree.
pub(crate) fn write(hand: &mut Hand<'_>, first: &Manifest) -> (String, Value) {
    let section = |tag, bytes: &[u8]| vec![Section { tag, bytes: bytes.to_vec() }];
    let mut rich = Rich { source: Arc::new(MemorySource::new()), objects: Objects::default(), counts: Counts::default() };
    let (xattrs, values) = xattrs(&mut rich.objects);
    let carried = Carried { read_in: first.name, reason: "it could not be read".to_owned() }.section();
    let inner = vec![
        rich.file("folder/IMG_0001.HEIC", stream("rich one", 900), &Cut::One, section(tags::MEDIA, b"of a later release")),
        rich.file("folder/live.mov", stream("rich live", 4_000), &Cut::Inline, Vec::new()),
    ];
    // A hole of 8 bytes from the fifth byte on.
    let mut sparse = stream("rich sparse", 64);
    sparse[5..13].fill(0);
    let entries = vec![
        rich.file("carried.HEIC", stream("rich carried", 1_200), &Cut::One, vec![carried]),
        rich.file("changing.mov", stream("rich changing", 3_000), &Cut::List, section(tags::CHANGED_WHILE_READ, b"")),
        rich.folder("folder", inner, xattrs, section(tags::MOUNT_POINT, b"")),
        rich.file("later.HEIC", stream("rich later", 800), &Cut::One, section(MUST_STAY_TAG, b"of a later release")),
        rich.file("long.mov", stream("rich long", 9_000), &Cut::Lists, Vec::new()),
        rich.file("sparse", sparse, &Cut::One, section(tags::HOLES, &[1, 5, 8])),
    ];
    let root = rich.objects.folder(entries);
    rich.counts.folders += 1;
    let report = report(&mut rich.objects, &mut rich.counts, first);

    let mut sealed = first.sealed.clone().expect("the repository is open");
    let source = &mut sealed.sources[0];
    source.root.content = Content::Folder(root);
    (source.counts, source.report, source.previous) = (rich.counts, Some(report), vec![first.name]);
    "tintype 9.9.9".clone_into(&mut sealed.tool);
    let packs = [hand.pack(PackKind::Data, &rich.objects.data), hand.pack(PackKind::Meta, &rich.objects.meta)];
    let mut tail: Vec<_> = packs.iter().map(needed).collect();
    tail.sort_by_key(|pack| pack.name);
    let mut public = first.public.clone();
    public.time.seconds += 86_400;
    public.needs = Needs { pages: Vec::new(), pack_count: 2, pack_bytes: tail.iter().map(|pack| pack.length_bytes).sum(), tail };
    public.segments = vec![hand.segment(packs.to_vec())];

    let mut tree = tree(&[("", &rich.source)]);
    let folder = tree.as_array_mut().into_iter().flatten().find(|entry| entry["path"] == "folder").expect("the folder");
    folder["xattrs"] = values;
    (hand.manifest(&public, &sealed).name.hex(), tree)
}
