//! Owns the vectors of folders, pages, entries, piece lists and reports.

use super::vector::Vector;
use tintype::format::{
    Content, Entry, Facts, FileContent, FileHash, Folder, FolderPage, ObjectId, Owner, Page, Piece, PieceList, PieceListList, PieceListRef,
    PieceRun, Pieces, Report, ReportItem, ReportPage, ReportWhat, Section, SnapshotName, Time, Xattr, XattrValue,
};

/// All of them.
pub(crate) fn all() -> Vec<Vector> {
    [folders(), pages(), facts(), contents(), lists(), reports()].concat()
}

/// A file of one piece, or an empty one.
pub(crate) fn file(bytes: &[u8]) -> FileContent {
    FileContent {
        length_bytes: u64::try_from(bytes.len()).expect("short"),
        hash: FileHash(*blake3::hash(bytes).as_bytes()),
        pieces: if bytes.is_empty() { Pieces::Empty } else { Pieces::One },
        picture: Vec::new(),
        link_group: None,
    }
}

/// An entry without facts.
pub(crate) fn entry(name: &[u8], content: FileContent) -> Entry {
    Entry { name: name.to_vec(), content: Content::File(content), facts: Facts::default(), sections: Vec::new() }
}

fn page_of(entries: &[Entry]) -> Vec<u8> {
    Page { entries: entries.to_vec() }.encode()
}

fn bad(name: &str, comment: &str, bytes: Vec<u8>) -> Vector {
    Vector::bad("page", name, "value/not-allowed", comment, bytes)
}

fn over(name: &str, comment: &str, bytes: Vec<u8>) -> Vector {
    Vector::bad("page", name, "value/over-limit", comment, bytes)
}

fn folders() -> Vec<Vector> {
    let page = |id: u8, first: &[u8], entry_count| FolderPage { id: ObjectId([id; 32]), first: first.to_vec(), entry_count };
    let folder = |pages: Vec<FolderPage>| Folder { pages }.encode();
    let bad = |name: &str, comment: &str, pages| Vector::bad("folder", name, "value/not-allowed", comment, folder(pages));
    vec![
        Vector::ok("folder", "empty", "no entries, no pages", folder(Vec::new())),
        Vector::ok("folder", "two_pages", "in the order of their first names", folder(vec![page(1, b"a", 100), page(2, b"b", 7)])),
        bad("pages_not_sorted", "first names fall", vec![page(1, b"b", 1), page(2, b"a", 1)]),
        bad("a_first_name_twice", "two pages begin alike", vec![page(1, b"a", 1), page(2, b"a", 1)]),
        bad("page_of_no_entries", "a count of 0", vec![page(1, b"a", 0)]),
        bad("first_name_empty", "no name is empty", vec![page(1, b"", 1)]),
    ]
}

fn pages() -> Vec<Vector> {
    let one = |name: &[u8]| page_of(&[entry(name, file(b""))]);
    let two = |first: &[u8], second: &[u8]| page_of(&[entry(first, file(b"")), entry(second, file(b""))]);
    let mut unknown_content = one(b"a");
    // Count, length of the name, the name.
    unknown_content[3] = 3;
    vec![
        Vector::ok("page", "one_empty_file", "the smallest page", one(b"a")),
        Vector::ok(
            "page",
            "sorted_by_bytes",
            "Z before a, and a before a-b",
            page_of(&[b"Z".as_slice(), b"a", b"a-b", b"\xff"].map(|name| entry(name, file(b"")))),
        ),
        Vector::ok("page", "name_not_utf8", "names are bytes", one(b"\xc3\x28")),
        Vector::ok("page", "name_of_1024", "the longest name", one(&[b'n'; 1024])),
        bad("no_entries", "a page has at least one", page_of(&[])),
        bad("not_sorted", "names fall", two(b"b", b"a")),
        bad("a_name_twice", "one name twice", two(b"a", b"a")),
        bad("longer_name_first", "a name stands before its own beginning", two(b"ab", b"a")),
        bad("name_empty", "a name of no bytes", one(b"")),
        bad("name_dot", "the name .", one(b".")),
        bad("name_dot_dot", "the name ..", one(b"..")),
        bad("name_with_slash", "a/b", one(b"a/b")),
        bad("name_with_nul", "a NUL in the name", one(b"a\0b")),
        over("name_of_1025", "one byte too long", one(&[b'n'; 1025])),
        Vector::bad("page", "content_3", "decode/not-decodable", "an entry that is no file, folder or link", unknown_content),
        Vector::bad("page", "tail", "decode/tail-not-zero", "objects are not padded", [one(b"a"), vec![0]].concat()),
        Vector::bad("page", "no_bytes", "decode/not-decodable", "not even a count", []),
    ]
}

fn facts() -> Vec<Vector> {
    let time = |nanoseconds| Some(Time { seconds: -1, nanoseconds });
    let xattr = |name: &[u8], length| Xattr { name: name.to_vec(), value: XattrValue::Inline(vec![7; length]) };
    let piece = |length_bytes| Piece { id: ObjectId([6; 32]), length_bytes };
    let of = |facts: Facts| page_of(&[Entry { facts, ..entry(b"a", file(b"")) }]);
    let sections = |tags: &[u32]| {
        let sections = tags.iter().map(|tag| Section { tag: *tag, bytes: vec![1, 2] }).collect();
        page_of(&[Entry { sections, ..entry(b"a", file(b"")) }])
    };
    let all = Facts {
        mode: Some(0o644),
        owner: Some(Owner { uid: 1000, gid: 100, user: "ada".to_owned(), group: String::new() }),
        mtime: time(999_999_999),
        birth: time(0),
        xattrs: vec![xattr(b"user.a", 1024), Xattr { name: b"user.b".to_vec(), value: XattrValue::Pieces(vec![piece(5000)]) }],
    };
    vec![
        Vector::ok("page", "facts_all", "mode, owner, times, two attributes", of(all)),
        bad("mode_of_13_bits", "mode 010000", of(Facts { mode: Some(0o10000), ..Facts::default() })),
        bad("mtime_nanoseconds", "a whole second of nanoseconds", of(Facts { mtime: time(1_000_000_000), ..Facts::default() })),
        bad("birth_nanoseconds", "a whole second of nanoseconds", of(Facts { birth: time(1_000_000_000), ..Facts::default() })),
        bad("attributes_not_sorted", "names fall", of(Facts { xattrs: vec![xattr(b"b", 1), xattr(b"a", 1)], ..Facts::default() })),
        bad(
            "attribute_piece_of_no_bytes",
            "a piece of length 0",
            of(Facts { xattrs: vec![Xattr { name: b"a".to_vec(), value: XattrValue::Pieces(vec![piece(0)]) }], ..Facts::default() }),
        ),
        over("attribute_of_1025", "1,025 bytes in the entry itself", of(Facts { xattrs: vec![xattr(b"a", 1025)], ..Facts::default() })),
        Vector::ok("page", "section_unknown_ignored", "policy 0: kept as bytes", sections(&[400])),
        Vector::ok("page", "section_unknown_read_only", "policy 1: may be read", sections(&[401])),
        Vector::bad("page", "section_unknown_refused", "value/format-too-new", "policy 2: must be understood", sections(&[402])),
        Vector::bad("page", "section_policy_3", "value/format-too-new", "policy 3 is as 2", sections(&[403])),
        bad("sections_not_sorted", "tags fall", sections(&[8, 4])),
        bad("a_section_twice", "one tag twice", sections(&[4, 4])),
        over("65_sections", "one section too many", sections(&(1..=65).map(|number| number * 4).collect::<Vec<_>>())),
    ]
}

fn contents() -> Vec<Vector> {
    let piece = |length_bytes| Piece { id: ObjectId([6; 32]), length_bytes };
    let of = |content: Content| page_of(&[Entry { content, ..entry(b"a", file(b"")) }]);
    let with = |length_bytes, pieces| of(Content::File(FileContent { length_bytes, pieces, ..file(b"x") }));
    let link = |target: &[u8]| of(Content::Symlink(target.to_vec()));
    let full = FileContent {
        picture: vec![PieceRun { first: 1, count: 1 }],
        link_group: Some(FileHash([4; 32])),
        length_bytes: 8,
        pieces: Pieces::Inline(vec![piece(3), piece(5)]),
        ..file(b"x")
    };
    vec![
        Vector::ok("page", "file_of_one_piece", "the hash is the piece's id", page_of(&[entry(b"a", file(b"x"))])),
        Vector::ok("page", "file_of_two_pieces", "the second is the picture; hard-linked", of(Content::File(full))),
        Vector::ok("page", "file_of_a_list", "more than 64 pieces", with(1 << 30, Pieces::List(ObjectId([8; 32])))),
        Vector::ok("page", "file_of_lists", "more than 65,536 pieces", with(1 << 40, Pieces::Lists(ObjectId([8; 32])))),
        Vector::ok("page", "folder", "a folder", of(Content::Folder(ObjectId([8; 32])))),
        Vector::ok("page", "link", "a link that leads anywhere", link(b"../elsewhere")),
        bad("empty_file_with_bytes", "no pieces, 1 byte", with(1, Pieces::Empty)),
        bad("empty_file_with_another_hash", "no pieces, the hash of x", with(0, Pieces::Empty)),
        bad("one_piece_of_no_bytes", "one piece, 0 bytes", with(0, Pieces::One)),
        over("one_piece_over_16_mib", "one piece of 16 MiB and 1 byte", with((16 << 20) + 1, Pieces::One)),
        bad("one_piece_in_a_list", "a list in an entry has at least 2", with(3, Pieces::Inline(vec![piece(3)]))),
        over(
            "65_runs_of_a_picture",
            "one run too many",
            of(Content::File(FileContent { picture: vec![PieceRun { first: 0, count: 1 }; 65], ..file(b"x") })),
        ),
        over("65_pieces_in_an_entry", "more than 64 stand in a list", with(65, Pieces::Inline(vec![piece(1); 65]))),
        bad("pieces_do_not_add_up", "3 and 5 for 9", with(9, Pieces::Inline(vec![piece(3), piece(5)]))),
        bad("piece_of_no_bytes", "8 and 0 for 8", with(8, Pieces::Inline(vec![piece(8), piece(0)]))),
        bad("link_to_nothing", "a target of no bytes", link(b"")),
        bad("link_with_nul", "a NUL in the target", link(b"a\0")),
        over("link_of_65537", "one byte too long", link(&vec![b'x'; 65_537])),
    ]
}

fn lists() -> Vec<Vector> {
    let list = |lengths: &[u32]| {
        let pieces = lengths.iter().map(|length| Piece { id: ObjectId([6; 32]), length_bytes: *length }).collect();
        PieceList { pieces }.encode()
    };
    let lists = PieceListList { lists: vec![PieceListRef { id: ObjectId([5; 32]), length_bytes: 1 << 36 }] }.encode();
    vec![
        Vector::ok("piece-list", "65_pieces", "one more than an entry holds", list(&[1; 65])),
        Vector::bad("piece-list", "piece_of_no_bytes", "value/not-allowed", "a piece of length 0", list(&[1, 0])),
        Vector::bad("piece-list", "piece_over_16_mib", "value/over-limit", "16 MiB and 1 byte", list(&[1, (16 << 20) + 1])),
        Vector::bad(
            "piece-list",
            "length_not_shortest",
            "decode/not-canonical",
            "a length in three bytes instead of one",
            [&[1][..], &[6; 32], &[0xfb, 9, 0]].concat(),
        ),
        Vector::ok("list-of-piece-lists", "one_list", "64 GiB", lists.clone()),
        Vector::bad(
            "list-of-piece-lists",
            "cut_off",
            "decode/not-decodable",
            "the last byte is missing",
            lists[..lists.len() - 1].to_vec(),
        ),
    ]
}

fn reports() -> Vec<Vector> {
    let item = |path: &[u8], what| ReportItem { path: path.to_vec(), what, reason: "permission denied".to_owned(), carried_from: None };
    let page = |items: Vec<ReportItem>| ReportPage { items }.encode();
    let carried = ReportItem { carried_from: Some(SnapshotName([3; 32])), ..item(b"b/c", ReportWhat::Unreadable) };
    let mut unknown = page(vec![item(b"a", ReportWhat::Absent)]);
    // Count, length of the path, the path.
    unknown[3] = 7;
    vec![
        Vector::ok("report", "empty", "nothing to say", Report::default().encode()),
        Vector::ok(
            "report",
            "two_pages",
            "in the order of their paths",
            Report { pages: vec![ObjectId([1; 32]), ObjectId([2; 32])] }.encode(),
        ),
        Vector::ok("report-page", "two_lines", "one skipped, one carried", page(vec![item(b"a", ReportWhat::Skipped), carried])),
        Vector::ok(
            "report-page",
            "two_lines_of_one_path",
            "ordered by what was the matter",
            page(vec![item(b"a", ReportWhat::Skipped), item(b"a", ReportWhat::Lost)]),
        ),
        Vector::bad(
            "report-page",
            "not_sorted",
            "value/not-allowed",
            "paths fall",
            page(vec![item(b"b", ReportWhat::Skipped), item(b"a", ReportWhat::Skipped)]),
        ),
        Vector::bad(
            "report-page",
            "a_line_twice",
            "value/not-allowed",
            "one path and matter twice",
            page(vec![item(b"a", ReportWhat::Lost), item(b"a", ReportWhat::Lost)]),
        ),
        Vector::bad("report-page", "matter_7", "decode/not-decodable", "a matter that is not known", unknown),
        Vector::bad(
            "report-page",
            "reason_over_4096",
            "value/over-limit",
            "a reason of 4,097 bytes",
            page(vec![ReportItem { reason: "x".repeat(4097), ..item(b"a", ReportWhat::Lost) }]),
        ),
    ]
}
