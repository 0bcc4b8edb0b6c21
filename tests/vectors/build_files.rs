//! Owns the vectors of headers, trailers, `tintype.json`, manifests, needs, notices and key slots.

use super::build_trees::{entry, file};
use super::seal::{CODE, PASSWORD, REPOSITORY, SALT, code_text, key_check, master, one_seal, public, slot};
use super::vector::Vector;
use tintype::format::{
    Announcement, Content, Counts, Encryption, Entry, FileKind, Head, Header, Instead, Kept, MachineId, ManifestPublic, ManifestSealed,
    NeededPack, Needs, NeedsPage, ObjectId, PackKind, PackName, RepositoryFile, Section, SlotKdf, SlotPublic, SlotSealed, SnapshotName,
    SourceId, SourceRecord, StoredName, Time, Tombstone, TombstoneTarget, Trailer, VERSION,
};

/// All of them.
pub(crate) fn all() -> Vec<Vector> {
    [headers(), trailers(), repository_files(), manifests_public(), manifests_sealed(), manifests(), needs(), notices(), slots()].concat()
}

fn set(bytes: &[u8], place: usize, value: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[place] = value;
    bytes
}

fn headers() -> Vec<Vector> {
    let header = Header { kind: FileKind::Manifest, version: VERSION, repository: REPOSITORY, salt: SALT, key_check: [0xc3; 32] };
    let good = header.encode();
    let public = Header::public(FileKind::NeedsPage, REPOSITORY).encode();
    let bad = |name: &str, refusal: &str, comment: &str, bytes: Vec<u8>| Vector::bad("header", name, refusal, comment, bytes);
    let mut all: Vec<Vector> = FileKind::ALL
        .iter()
        .map(|kind| {
            let header = if kind.is_public() { Header::public(*kind, REPOSITORY) } else { Header { kind: *kind, ..header } };
            Vector::ok("header", &format!("kind_{}", kind.number()), "a good header of this kind", header.encode())
        })
        .collect();
    all.extend([
        Vector::ok("header", "version_of_a_later_writer", "written by version 7, readable by version 1", set(&good, 9, 7)),
        bad(
            "pack_of_a_later_writer",
            "value/not-allowed",
            "a pack that version 1 may read was written by version 1: its header can be made anew",
            set(&Header { kind: FileKind::DataPack, ..header }.encode(), 9, 7),
        ),
        bad("magic", "header/header-magic", "the first byte differs", set(&good, 0, 0x88)),
        bad("kind_0", "header/format-too-new", "a kind that is not known", set(&good, 8, 0)),
        bad("kind_20", "header/format-too-new", "a kind that is not known", set(&good, 8, 20)),
        bad("reader_version_2", "header/format-too-new", "needs a reader of version 2", set(&good, 10, 2)),
        bad("reader_version_0", "value/not-allowed", "reader versions begin at 1", set(&good, 10, 0)),
        bad("key_mode_1", "header/format-too-new", "a key mode that is not known", set(&good, 11, 1)),
        bad("epoch_1", "header/format-too-new", "an epoch that is not known", set(&good, 12, 1)),
        bad("last_byte", "header/header-not-zero", "the last byte is not zero", set(&good, 127, 1)),
        bad("public_kind_with_salt", "header/header-not-zero", "a public kind has no salt", set(&public, 32, 1)),
        bad("public_kind_with_key_check", "header/header-not-zero", "a public kind has no key check", set(&public, 95, 1)),
        bad("127_bytes", "trailer/file-short", "one byte too few", good[..127].to_vec()),
    ]);
    all
}

fn trailers() -> Vec<Vector> {
    let trailer = Trailer { kind: FileKind::DataPack, sealed_bytes: 72, file_bytes: 1000, sealed_offset: 864, salt: SALT };
    let good = trailer.encode();
    let bad = |name: &str, refusal: &str, comment: &str, bytes: Vec<u8>, length: u64| {
        Vector::bad("trailer", name, refusal, comment, bytes).with("file-bytes", &length.to_string())
    };
    let of = |change: fn(&mut Trailer)| {
        let mut trailer = trailer;
        change(&mut trailer);
        trailer.encode().to_vec()
    };
    vec![
        Vector::ok("trailer", "good", "864 + 72 + 64 = 1,000", good).with("file-bytes", "1000"),
        bad("zeros", "trailer/file-short", "no trailer at all", vec![0; 64], 1000),
        bad("magic", "trailer/file-short", "the magic's last byte differs", set(&good, 7, 0x88), 1000),
        bad(
            "kind_0",
            "trailer/trailer-mismatch",
            "a kind that is not known: only a header says that a file is newer",
            set(&good, 8, 0),
            1000,
        ),
        bad("zeros_after_the_kind", "trailer/trailer-mismatch", "the byte after the kind is not zero", set(&good, 9, 1), 1000),
        bad("file_longer", "trailer/trailer-mismatch", "the file has a byte more than stated", good.to_vec(), 1001),
        bad(
            "body_does_not_reach_the_trailer",
            "trailer/trailer-mismatch",
            "the sealed body ends a byte early",
            of(|trailer| trailer.sealed_bytes = 71),
            1000,
        ),
        bad(
            "body_begins_in_the_header",
            "trailer/trailer-mismatch",
            "the sealed body begins at 127",
            of(|trailer| {
                trailer.sealed_offset = 127;
                trailer.sealed_bytes = 809;
            }),
            1000,
        ),
        bad(
            "place_overflows",
            "trailer/trailer-mismatch",
            "offset and length add up to over 2^64",
            of(|trailer| trailer.sealed_offset = u64::MAX),
            1000,
        ),
    ]
}

fn repository_file(encryption: Encryption) -> Vec<u8> {
    let key_check = (encryption == Encryption::Aes256Gcm).then(|| key_check(&master()));
    RepositoryFile { repository: REPOSITORY, encryption, key_check }.encode()
}

/// `tintype.json` of a plain repository.
pub(crate) fn plain_repository_file() -> Vec<u8> {
    repository_file(Encryption::None)
}

fn repository_files() -> Vec<Vector> {
    let good = String::from_utf8(repository_file(Encryption::Aes256Gcm)).expect("a text");
    let bad = |name: &str, refusal: &str, comment: &str, text: String| Vector::bad("repository-file", name, refusal, comment, text);
    vec![
        Vector::ok("repository-file", "encrypted", "as written by init", good.clone()),
        Vector::ok("repository-file", "plain", "as written by init without encryption", repository_file(Encryption::None)),
        bad(
            "version_2",
            "header/format-too-new",
            "a later version, whatever else it says",
            good.replace("\"version\": 1,", "\"version\": 2,\n  \"more\": [],"),
        ),
        bad(
            "version_over_32_bits",
            "header/format-too-new",
            "a later version, however large",
            good.replace("\"version\": 1,", "\"version\": 9999999999,"),
        ),
        bad("other_format", "header/header-magic", "another program's file", good.replace("tintype repository", "other repository")),
        bad("no_line_feed", "decode/not-canonical", "the last line feed is missing", good.trim_end().to_owned()),
        bad("carriage_returns", "decode/not-canonical", "a tool converted the line ends", good.replace('\n', "\r\n")),
        bad("members_in_another_order", "decode/not-canonical", "repository before version", {
            let mut lines: Vec<&str> = good.lines().collect();
            lines.swap(2, 3);
            lines.join("\n") + "\n"
        }),
        bad(
            "unknown_member",
            "decode/not-decodable",
            "version 1 has no such member",
            good.replace("\"version\": 1,", "\"version\": 1,\n  \"more\": 1,"),
        ),
        bad("unknown_encryption", "decode/not-decodable", "an encryption that is not known", good.replace("aes-256-gcm", "rot13")),
        bad("encrypted_without_key_check", "value/not-allowed", "an encrypted repository has a key check", {
            let (front, _) = good.split_once(",\n  \"key_check\"").expect("a key check");
            format!("{front}\n}}\n")
        }),
        bad("plain_with_key_check", "value/not-allowed", "a plain repository has no key check", good.replace("aes-256-gcm", "none")),
        bad("key_check_of_65_digits", "value/not-allowed", "the key check has 64 digits", good.replace("\"\n}", "0\"\n}")),
        bad("upper_case_id", "value/not-allowed", "the id's digits are lower-case", good.replace("1a1b1c", "1A1B1C")),
        bad("short_id", "value/not-allowed", "the id has 32 digits", good.replace("1a1b1c", "1a1b")),
        bad("not_json", "decode/not-decodable", "the closing brace is missing", good.replace('}', "")),
        bad("over_4096_bytes", "value/over-limit", "longer than any such file", format!("{good}{}", " ".repeat(4096))),
    ]
}

fn pack(name: u8) -> NeededPack {
    NeededPack {
        name: PackName([name; 32]),
        length_bytes: 1000,
        kind: if name.is_multiple_of(2) { PackKind::Data } else { PackKind::Meta },
    }
}

pub(crate) fn time() -> Time {
    Time { seconds: 1_795_370_640, nanoseconds: 123_456_789 }
}

fn manifest_public() -> ManifestPublic {
    ManifestPublic {
        time: time(),
        repository_file: StoredName(*blake3::hash(&repository_file(Encryption::Aes256Gcm)).as_bytes()),
        needs: Needs { pages: Vec::new(), tail: vec![pack(1), pack(2)], pack_count: 2, pack_bytes: 2000 },
        segments: vec![StoredName([0x77; 32])],
    }
}

fn manifests_public() -> Vec<Vector> {
    let of = |change: fn(&mut ManifestPublic)| {
        let mut manifest = manifest_public();
        change(&mut manifest);
        manifest.encode()
    };
    let bad = |name: &str, refusal: &str, comment: &str, bytes: Vec<u8>| Vector::bad("manifest-public", name, refusal, comment, bytes);
    vec![
        Vector::ok("manifest-public", "two_packs", "both in the tail", of(|_| {})),
        Vector::ok(
            "manifest-public",
            "one_page",
            "200 packs in a page, two in the tail",
            of(|manifest| {
                manifest.needs.pages = vec![StoredName([9; 32])];
                manifest.needs.pack_count = 202;
            }),
        ),
        Vector::ok("manifest-public", "before_1970", "seconds may be negative", of(|manifest| manifest.time.seconds = -1)),
        bad("nanoseconds", "value/not-allowed", "a whole second of nanoseconds", of(|manifest| manifest.time.nanoseconds = 1_000_000_000)),
        bad("tail_not_sorted", "value/not-allowed", "names fall", of(|manifest| manifest.needs.tail.reverse())),
        bad(
            "tail_of_129",
            "value/over-limit",
            "one pack too many",
            of(|manifest| {
                manifest.needs.tail = (0..129).map(pack).collect();
                manifest.needs.pack_count = 129;
            }),
        ),
        bad("count_differs", "value/not-allowed", "three packs stated, two listed", of(|manifest| manifest.needs.pack_count = 3)),
        bad("bytes_differ", "value/not-allowed", "a byte more stated than listed", of(|manifest| manifest.needs.pack_bytes = 2001)),
        bad(
            "pack_over_1_gib",
            "value/over-limit",
            "a pack of 1 GiB and 1 byte",
            of(|manifest| manifest.needs.tail[0].length_bytes = (1 << 30) + 1),
        ),
        bad("tail_not_zero", "decode/tail-not-zero", "public parts are not padded", [of(|_| {}), vec![0]].concat()),
    ]
}

fn source() -> SourceRecord {
    SourceRecord {
        id: SourceId([0x51; 16]),
        label: "photos".to_owned(),
        path: b"/home/ada/photos".to_vec(),
        machine: MachineId([0x4d; 16]),
        host: "ada-laptop".to_owned(),
        volume: None,
        root: Entry { content: Content::Folder(ObjectId([0xf0; 32])), ..entry(b"photos", file(b"")) },
        counts: Counts { files: 3, folders: 1, bytes: 300, ..Counts::default() },
        report: None,
        previous: vec![SnapshotName([0x99; 32])],
    }
}

fn manifest_sealed() -> ManifestSealed {
    ManifestSealed {
        repository_file: repository_file(Encryption::Aes256Gcm),
        tool: "tintype 0.1.0".to_owned(),
        note: "before the trip".to_owned(),
        sources: vec![source()],
        keep: vec![Kept { snapshot: SnapshotName([0x88; 32]), reason: "wedding".to_owned() }],
        other_heads: vec![Head { source: SourceId([0x52; 16]), snapshot: SnapshotName([0x98; 32]), time: time() }],
        sections: Vec::new(),
    }
}

fn manifests_sealed() -> Vec<Vector> {
    let of = |change: fn(&mut ManifestSealed)| {
        let mut manifest = manifest_sealed();
        change(&mut manifest);
        manifest.encode()
    };
    let bad = |name: &str, refusal: &str, comment: &str, bytes: Vec<u8>| Vector::bad("manifest-sealed", name, refusal, comment, bytes);
    vec![
        Vector::ok("manifest-sealed", "one_source", "with a note, a kept snapshot and another head", of(|_| {})),
        Vector::ok("manifest-sealed", "padded", "zeros after the value", [of(|_| {}), vec![0; 40]].concat()),
        bad("padding_not_zero", "decode/tail-not-zero", "the padding ends in 1", [of(|_| {}), vec![0, 1]].concat()),
        bad("no_source", "value/not-allowed", "a snapshot of nothing", of(|manifest| manifest.sources.clear())),
        bad("a_label_twice", "value/not-allowed", "two sources with one label", of(|manifest| manifest.sources.push(source()))),
        bad("label_with_a_slash", "value/not-allowed", "a label is a name", of(|manifest| manifest.sources[0].label = "a/b".to_owned())),
        bad(
            "repository_file_newer",
            "header/format-too-new",
            "tintype.json of version 2 inside",
            of(|manifest| {
                let text = String::from_utf8_lossy(&manifest.repository_file).replace("\"version\": 1", "\"version\": 2");
                manifest.repository_file = text.into_bytes();
            }),
        ),
        bad(
            "33_other_heads",
            "value/over-limit",
            "one head too many",
            of(|manifest| manifest.other_heads = vec![manifest.other_heads[0]; 33]),
        ),
        bad(
            "nanoseconds_of_another_head",
            "value/not-allowed",
            "a whole second of nanoseconds",
            of(|manifest| manifest.other_heads[0].time.nanoseconds = 1_000_000_000),
        ),
        bad(
            "reason_to_keep_over_4096",
            "value/over-limit",
            "a reason of 4,097 bytes",
            of(|manifest| manifest.keep[0].reason = "x".repeat(4097)),
        ),
        bad(
            "root_is_a_link",
            "value/not-allowed",
            "a root is a folder or a file",
            of(|manifest| manifest.sources[0].root.content = Content::Symlink(b"elsewhere".to_vec())),
        ),
        bad("note_over_4096", "value/over-limit", "a note of 4,097 bytes", of(|manifest| manifest.note = "x".repeat(4097))),
        bad(
            "section_that_must_be_known",
            "value/format-too-new",
            "policy 2 and an unknown tag",
            of(|manifest| {
                manifest.sections = vec![Section { tag: 4002, bytes: Vec::new() }];
            }),
        ),
    ]
}

fn manifests() -> Vec<Vector> {
    let key = code_text(&CODE);
    let plain_file = repository_file(Encryption::None);
    let plain_public = ManifestPublic { repository_file: StoredName(*blake3::hash(&plain_file).as_bytes()), ..manifest_public() };
    let plain_sealed = ManifestSealed { repository_file: plain_file, ..manifest_sealed() };
    let plain = one_seal(FileKind::Manifest, None, &plain_public.encode(), &plain_sealed.encode());
    let public_part = manifest_public().encode();
    let sealed = one_seal(FileKind::Manifest, Some(&master()), &public_part, &manifest_sealed().encode());
    let other_file = ManifestPublic { repository_file: StoredName([0; 32]), ..manifest_public() }.encode();
    let bad =
        |name: &str, refusal: &str, comment: &str, bytes: Vec<u8>| Vector::bad("manifest", name, refusal, comment, bytes).with("key", &key);
    let name = |vector: Vector| {
        let name = blake3::hash(&vector.bytes).to_hex();
        vector.with("name", &name)
    };
    vec![
        name(Vector::ok("manifest", "plain", "a whole file of a plain repository", plain.clone())),
        name(Vector::ok("manifest", "encrypted", "a whole file, sealed and padded", sealed.clone()).with("key", &key)),
        bad("plain_in_an_encrypted_repository", "key/wrong-key", "never decoded", plain),
        bad(
            "other_key",
            "key/wrong-key",
            "sealed with the master key of 32 bytes 7",
            one_seal(FileKind::Manifest, Some(&[7; 32]), &public_part, &manifest_sealed().encode()),
        ),
        bad(
            "public_part_changed",
            "seal/not-authentic",
            "one bit of the time differs: the seal covers the public part",
            set(&sealed, 129, sealed[129] ^ 1),
        ),
        bad(
            "tag_changed",
            "seal/not-authentic",
            "one bit of the tag differs",
            set(&sealed, sealed.len() - 65, sealed[sealed.len() - 65] ^ 1),
        ),
        bad("repository_id_changed", "header/wrong-repository", "one bit of the id differs", set(&sealed, 16, sealed[16] ^ 1)),
        bad(
            "trailer_of_another_kind",
            "trailer/trailer-mismatch",
            "a header of a manifest, a trailer of an index segment",
            set(&sealed, sealed.len() - 56, 3),
        ),
        bad(
            "trailer_of_an_unknown_kind",
            "trailer/trailer-mismatch",
            "a header of a manifest, a trailer of kind 20: damaged, not newer",
            set(&sealed, sealed.len() - 56, 20),
        ),
        bad(
            "kind_20",
            "header/format-too-new",
            "header and trailer of a kind that is not known",
            set(&set(&sealed, sealed.len() - 56, 20), 8, 20),
        ),
        bad(
            "reader_version_2_with_another_trailer",
            "header/format-too-new",
            "of a newer version, whatever its trailer says after the magic",
            set(&set(&sealed, sealed.len() - 55, 9), 10, 2),
        ),
        bad("cut_off", "trailer/file-short", "the last byte is missing", sealed[..sealed.len() - 1].to_vec()),
        bad("empty_file", "trailer/file-short", "no bytes at all", Vec::new()),
        bad("zeros", "trailer/file-short", "preallocated and never written", vec![0; sealed.len()]),
        bad(
            "tintype_json_is_not_the_hash",
            "hash/hash-mismatch",
            "the public part names another tintype.json",
            one_seal(FileKind::Manifest, Some(&master()), &other_file, &manifest_sealed().encode()),
        ),
        bad(
            "body_does_not_decode",
            "decode/not-decodable",
            "sealed, but not a manifest",
            one_seal(FileKind::Manifest, Some(&master()), &public_part, &[0xff; 40]),
        ),
    ]
}

fn needs() -> Vec<Vector> {
    let page = |packs: Vec<NeededPack>| NeedsPage { packs }.encode();
    let good = page((1..=200).map(pack).collect());
    let announcement = Announcement { time: time(), packs: vec![pack(1), pack(2)] }.encode();
    let many: Vec<_> = (0..2049_u32)
        .map(|number| {
            let mut name = [0; 32];
            name[..4].copy_from_slice(&number.to_be_bytes());
            NeededPack { name: PackName(name), ..pack(2) }
        })
        .collect();
    let mut kind_3 = page(vec![pack(1)]);
    *kind_3.last_mut().expect("not empty") = 3;
    let needs_file = public(FileKind::NeedsPage, &good, None);
    let bad = |name: &str, refusal: &str, comment: &str, bytes: Vec<u8>| Vector::bad("needs-page", name, refusal, comment, bytes);
    vec![
        Vector::ok("needs-page", "200_packs", "sorted by name", good.clone()),
        bad("empty", "value/not-allowed", "a page of no packs", page(Vec::new())),
        bad("not_sorted", "value/not-allowed", "names fall", page(vec![pack(2), pack(1)])),
        bad("a_pack_twice", "value/not-allowed", "one name twice", page(vec![pack(1), pack(1)])),
        bad("2049_packs", "value/over-limit", "one pack too many", page(many)),
        bad("pack_kind_3", "decode/not-decodable", "a kind of packs that is not known", kind_3),
        Vector::ok("needs-file", "whole", "a whole needs page", needs_file.clone()),
        Vector::bad(
            "needs-file",
            "announcement_in_its_place",
            "header/wrong-kind",
            "the other kind of needs file",
            public(FileKind::Announcement, &announcement, None),
        ),
        Vector::bad(
            "needs-file",
            "one_byte_missing",
            "trailer/trailer-mismatch",
            "a byte of the list is missing",
            [&needs_file[..200], &needs_file[201..]].concat(),
        ),
        Vector::bad(
            "needs-file",
            "with_a_keyed_hash",
            "decode/tail-not-zero",
            "a sealed body, as of a notice: a needs page has none",
            public(FileKind::NeedsPage, &good, Some("tintype 2026 tombstone")),
        ),
        Vector::ok("announcement", "two_packs", "a time and two packs", announcement.clone()),
        Vector::bad(
            "announcement",
            "nanoseconds",
            "value/not-allowed",
            "a whole second of nanoseconds",
            Announcement { time: Time { seconds: 0, nanoseconds: 1_000_000_000 }, packs: Vec::new() }.encode(),
        ),
        Vector::ok("announcement-file", "whole", "a whole announcement", public(FileKind::Announcement, &announcement, None)),
        Vector::bad(
            "announcement-file",
            "with_a_keyed_hash",
            "decode/tail-not-zero",
            "a sealed body, as of a notice: an announcement has none",
            public(FileKind::Announcement, &announcement, Some("tintype 2026 tombstone")),
        ),
    ]
}

fn notices() -> Vec<Vector> {
    let key = code_text(&CODE);
    let mut all = Vec::new();
    let targets = [
        ("pack", TombstoneTarget::Pack(StoredName([0x11; 32]))),
        ("manifest", TombstoneTarget::Manifest(StoredName([0x22; 32]))),
        ("key_slot", TombstoneTarget::KeySlot(StoredName([0x33; 32]))),
    ];
    for (name, target) in targets {
        let body = Tombstone { target }.encode();
        let hashed = public(FileKind::Tombstone, &body, Some("tintype 2026 tombstone"));
        all.push(Vector::ok("tombstone", &format!("{name}_encrypted"), "with its keyed hash", hashed).with("key", &key));
    }
    let body = Tombstone { target: TombstoneTarget::Pack(StoredName([0x11; 32])) }.encode();
    let instead = Instead { replaced: PackName([0x44; 32]), packs: vec![pack(1), pack(2)] }.encode();
    let over_1_gib = NeededPack { length_bytes: (1 << 30) + 1, ..pack(1) };
    let long = Instead { replaced: PackName([0x44; 32]), packs: vec![over_1_gib] }.encode();
    let falling = Instead { replaced: PackName([0x44; 32]), packs: vec![pack(2), pack(1)] }.encode();
    let hashed = public(FileKind::Tombstone, &body, Some("tintype 2026 tombstone"));
    let (target_3, longer) = (set(&body, 0, 3), [&body[..], &[0]].concat());
    all.extend([
        Vector::ok("tombstone", "plain", "of a plain repository: no keyed hash", public(FileKind::Tombstone, &body, None)),
        Vector::bad(
            "tombstone",
            "without_keyed_hash",
            "hash/tombstone-false",
            "of a plain repository, in an encrypted one",
            public(FileKind::Tombstone, &body, None),
        )
        .with("key", &key),
        Vector::bad(
            "tombstone",
            "keyed_hash_of_an_instead",
            "hash/tombstone-false",
            "the key of the other context",
            public(FileKind::Tombstone, &body, Some("tintype 2026 instead")),
        )
        .with("key", &key),
        Vector::bad("tombstone", "target_changed", "hash/tombstone-false", "one bit of the target differs", set(&hashed, 130, 0x10))
            .with("key", &key),
        Vector::bad(
            "tombstone",
            "target_kind_3",
            "decode/not-decodable",
            "a target that is not known",
            public(FileKind::Tombstone, &target_3, None),
        ),
        Vector::bad("tombstone", "tail", "decode/tail-not-zero", "public parts are not padded", public(FileKind::Tombstone, &longer, None)),
        Vector::ok("instead", "encrypted", "two packs for one", public(FileKind::Instead, &instead, Some("tintype 2026 instead")))
            .with("key", &key),
        Vector::ok("instead", "plain", "of a plain repository: no keyed hash", public(FileKind::Instead, &instead, None)),
        Vector::bad(
            "instead",
            "keyed_hash_of_a_tombstone",
            "hash/instead-false",
            "the key of the other context",
            public(FileKind::Instead, &instead, Some("tintype 2026 tombstone")),
        )
        .with("key", &key),
        Vector::bad("instead", "pack_over_1_gib", "value/over-limit", "a pack of 1 GiB and 1 byte", public(FileKind::Instead, &long, None)),
        Vector::bad("instead", "not_sorted", "value/not-allowed", "names fall", public(FileKind::Instead, &falling, None)),
    ]);
    all
}

fn slots() -> Vec<Vector> {
    let key = code_text(&CODE);
    let slot_public = SlotPublic { slot_kind: 0, kdf: SlotKdf { memory_kib: 64, passes: 1, lanes: 1 } };
    let sealed = SlotSealed { master: master(), label: "kitchen".to_owned() };
    let good = slot(&slot_public, &sealed);
    let of = |memory_kib, passes, lanes| SlotPublic { slot_kind: 0, kdf: SlotKdf { memory_kib, passes, lanes } }.encode();
    let bad = |name: &str, refusal: &str, comment: &str, bytes: Vec<u8>| Vector::bad("slot-public", name, refusal, comment, bytes);
    let bad_file = |name: &str, refusal: &str, comment: &str, bytes: Vec<u8>, password: &str| {
        Vector::bad("key-slot", name, refusal, comment, bytes).with("key", &key).with("password", password)
    };
    vec![
        Vector::ok("slot-public", "64_mib", "64 MiB, 3 passes, 4 lanes", of(65_536, 3, 4)),
        Vector::ok("slot-public", "limits", "1 GiB, 64 passes, 64 lanes", of(1 << 20, 64, 64)),
        bad("kind_1", "header/format-too-new", "a kind of slots that is not known", SlotPublic { slot_kind: 1, ..slot_public }.encode()),
        bad("over_1_gib", "value/over-limit", "1 GiB and 1 KiB", of((1 << 20) + 1, 3, 4)),
        bad("65_passes", "value/over-limit", "one pass too many", of(65_536, 65, 4)),
        bad("65_lanes", "value/over-limit", "one lane too many", of(65_536, 3, 65)),
        bad("no_passes", "value/not-allowed", "at least one pass", of(65_536, 0, 4)),
        bad("no_lanes", "value/not-allowed", "at least one lane", of(65_536, 3, 0)),
        bad("memory_under_8_kib_a_lane", "value/not-allowed", "31 KiB for 4 lanes", of(31, 3, 4)),
        Vector::ok("slot-sealed", "padded", "zeros after the value", [sealed.encode(), vec![0; 9]].concat()),
        Vector::bad("slot-sealed", "tail", "decode/tail-not-zero", "a byte 1 after the value", [sealed.encode(), vec![1]].concat()),
        Vector::ok("key-slot", "password", "64 KiB, one pass, one lane", good.clone())
            .with("key", &key)
            .with("password", PASSWORD)
            .with("value", "kitchen"),
        Vector::ok("key-slot", "password_decomposed", "the same password, its u and its dots apart", good.clone())
            .with("key", &key)
            .with("password", "gru\u{308}ne Wolke")
            .with("value", "kitchen"),
        bad_file("wrong_password", "key/wrong-password", "another password", good.clone(), "blaue Wolke"),
        bad_file("passes_changed", "key/wrong-password", "two passes instead of one: another key", set(&good, 130, 2), PASSWORD),
        bad_file("body_changed", "seal/not-authentic", "one bit of the sealed body differs", set(&good, 140, good[140] ^ 1), PASSWORD),
        bad_file("other_repository", "header/wrong-repository", "one bit of the repository's id differs", set(&good, 16, 0x90), PASSWORD),
    ]
}
