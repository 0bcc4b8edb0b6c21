//! Owns what is evil: one thing a case, and the exit codes that restore and check answer it with.

use super::writer::{Evil, entry, link};
use std::io::Write;
use tintype::format::{
    Content, Counts, Entry, FileHash, Folder, FolderPage, ObjectId, ObjectKind, Owner, Page, Piece, PieceList, PieceListList, PieceListRef,
    Pieces, StoredName,
};

/// One evil thing.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) make: fn(&mut Evil) -> ObjectId,
    pub(super) restore: i32,
    pub(super) check: i32,
}

const fn case(name: &'static str, restore: i32, check: i32, make: fn(&mut Evil) -> ObjectId) -> Case {
    Case { name, make, restore, check }
}

/// Check answers 3 where nothing is wrong: the second program that reads repositories is not in these.
pub(super) const CASES: &[Case] = &[
    case("name ..", 5, 5, |evil| named(evil, b"..")),
    case("name .", 5, 5, |evil| named(evil, b".")),
    case("name ../../canary/a", 5, 5, |evil| named(evil, b"../../canary/a")),
    case("name /absolute", 5, 5, |evil| named(evil, b"/tmp/tintype-hostile")),
    case("name with NUL", 5, 5, |evil| named(evil, b"a\0b")),
    case("name that is empty", 5, 5, |evil| named(evil, b"")),
    case("names for a terminal", 0, 3, terminal_names),
    case("link out, folder of its name", 5, 5, |evil| link_then_folder(evil, false)),
    case("link out, folder of its name in the next page", 5, 5, |evil| link_then_folder(evil, true)),
    case("links everywhere", 0, 3, links_everywhere),
    case("hard links of different content", 0, 3, false_hard_links),
    case("names that collide by case or form", 0, 3, colliding_names),
    case("record of 512 KiB that is 1 GiB", 5, 5, |evil| bomb(evil, 512 << 10)),
    case("record of 16 MiB that is 1 GiB", 5, 5, |evil| bomb(evil, 16 << 20)),
    case("page that is 1 GiB", 5, 5, page_bomb),
    case("piece of 16 MiB that has 10 bytes", 5, 5, false_piece),
    case("2^60 files in the manifest", 0, 5, |evil| counted(evil, 1 << 60)),
    case("2^64-1 files in the manifest", 0, 5, |evil| counted(evil, u64::MAX)),
    case("2^40 folders, said to be 3", 5, 5, |evil| doubling(evil, 3)),
    case("2^40 folders, said to be 2^41", 5, 5, |evil| doubling(evil, 1 << 41)),
    case("600 folders within each other", 5, 5, deep),
    case("pieces of 2^63 bytes that are not", 5, 5, |evil| many_pieces(evil, 1, 1 << 47)),
    case("pieces of 2^54 bytes that are", 5, 5, |evil| many_pieces(evil, 16 << 20, 0)),
    case("pieces of 2^32 bytes that are", 5, 5, |evil| many_pieces(evil, 1, 0)),
    case("object counts of 2^64-1", 5, 5, |evil| giant_object(evil, ObjectKind::Page)),
    case("folder counts of 2^64-1", 5, 5, |evil| giant_object(evil, ObjectKind::Folder)),
    case("folder of a million pages", 5, 5, many_pages),
    case("directory counts of 2^64-1", 0, 5, |evil| {
        evil.directory_body = Some(giant());
        plain(evil)
    }),
    case("segment counts of 2^64-1", 4, 4, |evil| {
        evil.segment_body = Some(giant());
        plain(evil)
    }),
    case("manifest of 32 MiB", 5, 5, |evil| {
        evil.record.volume = Some("x".repeat(32 << 20));
        plain(evil)
    }),
    case("100,000 needs pages that are absent", 0, 4, |evil| {
        evil.pages = names(100_000);
        plain(evil)
    }),
    case("100,000 segments that are absent", 0, 3, |evil| {
        evil.segments = names(100_000);
        plain(evil)
    }),
    case("texts for a terminal", 0, 3, terminal_texts),
];

/// A line that rings, clears the screen, sets the title, and turns text around.
const TERMINAL: &str = "\x1b[2J\x1b]0;title\x07\u{9b}31m\u{202e}gpj.\u{2066}x\r\n\u{8}";

fn names(count: u32) -> Vec<StoredName> {
    let mut names: Vec<_> = (0..count).map(|number| StoredName(*blake3::hash(&number.to_le_bytes()).as_bytes())).collect();
    names.sort();
    names
}

/// A list that claims 2^64-1 items.
fn giant() -> Vec<u8> {
    let mut bytes = vec![253];
    bytes.extend([0xff; 8]);
    bytes
}

/// Nothing evil.
fn plain(evil: &mut Evil) -> ObjectId {
    let file = evil.file(b"a", b"a photo");
    exact(evil, 1, 1, 7);
    evil.folder(vec![vec![file]])
}

fn exact(evil: &mut Evil, files: u64, folders: u64, bytes: u64) {
    evil.record.counts = Counts { files, folders, bytes, ..Counts::default() };
}

fn named(evil: &mut Evil, name: &[u8]) -> ObjectId {
    let mut file = evil.file(b"a", b"evil");
    file.name = name.to_vec();
    // The folder's own line of the page has a good name: the page itself must be refused.
    let page = evil.object(ObjectKind::Page, Page { entries: vec![file] }.encode());
    exact(evil, 1, 1, 4);
    evil.object(ObjectKind::Folder, Folder { pages: vec![FolderPage { id: page, first: b"a".to_vec(), entry_count: 1 }] }.encode())
}

fn terminal_names(evil: &mut Evil) -> ObjectId {
    let name = TERMINAL.as_bytes();
    let file = evil.file(name, b"evil");
    let to = link(&[b"l", name].concat(), name);
    let inner = evil.folder(vec![vec![file.clone()]]);
    let mut folder = entry(&[b"z", name].concat(), Content::Folder(inner));
    folder.facts.owner = Some(Owner { uid: 0, gid: 0, user: TERMINAL.to_owned(), group: TERMINAL.to_owned() });
    evil.record.counts = Counts { files: 2, folders: 2, symlinks: 1, bytes: 8, ..Counts::default() };
    evil.folder(vec![vec![file, to, folder]])
}

fn link_then_folder(evil: &mut Evil, next_page: bool) -> ObjectId {
    let file = evil.file(b"a", b"evil");
    let below = evil.folder(vec![vec![file]]);
    let entries = [link(b"out", b"../canary"), entry(b"out", Content::Folder(below))];
    let root = if next_page { entries.map(|one| vec![one]).to_vec() } else { vec![entries.to_vec()] };
    if !next_page {
        return evil.folder(root);
    }
    // Folders refuse two pages of one first name: the second is said to begin with another.
    let pages: Vec<_> = root
        .into_iter()
        .zip([b"out", b"ouu"])
        .map(|(entries, first)| FolderPage {
            id: evil.object(ObjectKind::Page, Page { entries }.encode()),
            first: first.to_vec(),
            entry_count: 1,
        })
        .collect();
    evil.object(ObjectKind::Folder, Folder { pages }.encode())
}

fn links_everywhere(evil: &mut Evil) -> ObjectId {
    let file = evil.file(b"a", b"evil");
    let inner = evil.folder(vec![vec![file.clone(), link(b"up", b"../../../canary")]]);
    let mut all = vec![link(b"absolute", b"/"), link(b"around", b"around"), link(b"canary", b"../canary"), link(b"dot", b".")];
    all.extend([entry(b"in", Content::Folder(inner)), link(b"parent", b".."), link(b"target", b"../target")]);
    evil.record.counts = Counts { files: 1, folders: 2, symlinks: 7, bytes: 4, ..Counts::default() };
    evil.folder(vec![all])
}

fn false_hard_links(evil: &mut Evil) -> ObjectId {
    let mut all: Vec<Entry> = [b"a", b"b", b"c"].map(|name| evil.file(name, name)).to_vec();
    for one in &mut all {
        if let Content::File(file) = &mut one.content {
            file.link_group = Some(FileHash(*blake3::hash(b"../../canary/a").as_bytes()));
        }
    }
    exact(evil, 3, 1, 3);
    evil.folder(vec![all])
}

fn colliding_names(evil: &mut Evil) -> ObjectId {
    let all = ["IMG.JPG", "e\u{301}.jpg", "img.jpg", "\u{e9}.jpg"].map(|name| evil.file(name.as_bytes(), name.as_bytes())).to_vec();
    exact(evil, 4, 1, 7 + 7 + 7 + 6);
    evil.folder(vec![all])
}

fn zeros_1_gib() -> Vec<u8> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).expect("an encoder");
    let zeros = vec![0; 1 << 20];
    (0..1024).for_each(|_| encoder.write_all(&zeros).expect("memory"));
    encoder.finish().expect("a frame")
}

fn bomb(evil: &mut Evil, claimed: u32) -> ObjectId {
    let id = ObjectKind::Chunk.id_of(b"not this");
    evil.stated(ObjectKind::Chunk, id, claimed, 1, zeros_1_gib());
    let file = evil.file_of(b"bomb", claimed.into(), FileHash(id.0), Pieces::One);
    exact(evil, 1, 1, claimed.into());
    evil.folder(vec![vec![file]])
}

fn page_bomb(evil: &mut Evil) -> ObjectId {
    let id = ObjectKind::Page.id_of(b"not this");
    evil.stated(ObjectKind::Page, id, 16 << 20, 1, zeros_1_gib());
    evil.object(ObjectKind::Folder, Folder { pages: vec![FolderPage { id, first: b"a".to_vec(), entry_count: 1 }] }.encode())
}

fn false_piece(evil: &mut Evil) -> ObjectId {
    let id = evil.object(ObjectKind::Chunk, b"ten bytes.".to_vec());
    let file = evil.file_of(b"bomb", 16 << 20, FileHash(id.0), Pieces::One);
    exact(evil, 1, 1, 16 << 20);
    evil.folder(vec![vec![file]])
}

fn counted(evil: &mut Evil, number: u64) -> ObjectId {
    let root = plain(evil);
    evil.record.counts = Counts { files: number, folders: number, symlinks: number, bytes: number, skipped: number, ..Counts::default() };
    root
}

/// Forty levels, each of which names the level below twice.
fn doubling(evil: &mut Evil, folders: u64) -> ObjectId {
    let file = evil.file(b"a", b"evil");
    let mut below = evil.folder(vec![vec![file]]);
    for _ in 0..40 {
        below = evil.folder(vec![vec![entry(b"a", Content::Folder(below)), entry(b"b", Content::Folder(below))]]);
    }
    exact(evil, folders / 2, folders, folders * 4);
    below
}

fn deep(evil: &mut Evil) -> ObjectId {
    let file = evil.file(b"a", b"evil");
    let mut below = evil.folder(vec![vec![file]]);
    for _ in 0..600 {
        below = evil.folder(vec![vec![entry(b"d", Content::Folder(below))]]);
    }
    exact(evil, 1, 601, 4);
    below
}

/// 65,536 times one list of 65,536 times one piece. `stated` takes the place of each list's length where it is not 0.
fn many_pieces(evil: &mut Evil, piece_bytes: u32, stated: u64) -> ObjectId {
    let id = evil.object(ObjectKind::Chunk, vec![7; piece_bytes as usize]);
    let list = PieceList { pieces: vec![Piece { id, length_bytes: piece_bytes }; 65_536] };
    let list = evil.object(ObjectKind::PieceList, list.encode());
    let each = if stated == 0 { u64::from(piece_bytes) << 16 } else { stated };
    let lists = evil
        .object(ObjectKind::PieceListList, PieceListList { lists: vec![PieceListRef { id: list, length_bytes: each }; 65_536] }.encode());
    let length_bytes = each.saturating_mul(65_536);
    let file = evil.file_of(b"bomb", length_bytes, FileHash([7; 32]), Pieces::Lists(lists));
    exact(evil, 1, 1, length_bytes);
    evil.folder(vec![vec![file]])
}

fn giant_object(evil: &mut Evil, kind: ObjectKind) -> ObjectId {
    let id = evil.object(kind, giant());
    if kind == ObjectKind::Folder {
        return id;
    }
    evil.object(ObjectKind::Folder, Folder { pages: vec![FolderPage { id, first: b"a".to_vec(), entry_count: u32::MAX }] }.encode())
}

/// As many pages as an object of 16 MiB names, all of them one.
fn many_pages(evil: &mut Evil) -> ObjectId {
    let file = evil.file(b"a", b"evil");
    let id = evil.object(ObjectKind::Page, Page { entries: vec![file] }.encode());
    let page = |number: u32| FolderPage { id, first: format!("{number:06}").into_bytes(), entry_count: 1 };
    evil.object(ObjectKind::Folder, Folder { pages: (0..400_000).map(page).collect() }.encode())
}

fn terminal_texts(evil: &mut Evil) -> ObjectId {
    let root = plain(evil);
    // A label is a name: no slash, no NUL.
    evil.record.label = TERMINAL.to_owned();
    evil.record.path = TERMINAL.as_bytes().to_vec();
    evil.record.host = TERMINAL.to_owned();
    evil.record.volume = Some(TERMINAL.to_owned());
    evil.record.root.name = TERMINAL.as_bytes().to_vec();
    evil.tool = TERMINAL.to_owned();
    evil.note = TERMINAL.to_owned();
    root
}
