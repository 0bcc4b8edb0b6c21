//! Owns the vectors of packs, their directories and index segments.

use super::seal::{CODE, SALT, aes, begin, code_text, join, master, one_seal};
use super::vector::Vector;
use tintype::format::{
    Directory, FileKind, Folder, IndexSegment, IndexedPack, ObjectId, ObjectKind, PackKind, PackName, Record, RecordObject, padme,
};

/// All of them.
pub(crate) fn all() -> Vec<Vector> {
    [
        packs(),
        wrong_packs(),
        wrong_records(),
        wrong_sealed_packs(),
        directories(),
        wrong_directories(),
        wrong_directory_encodings(),
        segments(),
    ]
    .concat()
}

/// A record before it is sealed: codec, what is stored, raw length, objects.
#[derive(Clone)]
pub(crate) struct Plain {
    codec: u8,
    stored: Vec<u8>,
    raw_bytes: u32,
    objects: Vec<RecordObject>,
}

fn object(kind: ObjectKind, raw: &[u8]) -> RecordObject {
    RecordObject { id: kind.id_of(raw), kind, length_bytes: u32::try_from(raw.len()).expect("short") }
}

/// A record of objects as they are.
pub(crate) fn stored(kind: ObjectKind, raws: &[&[u8]]) -> Plain {
    let objects: Vec<_> = raws.iter().map(|raw| object(kind, raw)).collect();
    let raw = raws.concat();
    Plain { codec: 0, raw_bytes: u32::try_from(raw.len()).expect("short"), stored: raw, objects }
}

/// A zstd frame of 200 bytes `x`, by hand: magic, single segment, length 200, one last block that repeats one byte.
fn zstd_record() -> Plain {
    let [a, b, c, _] = (1 | 1 << 1 | 200_u32 << 3).to_le_bytes();
    let stored = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, 200, a, b, c, b'x'];
    Plain { codec: 1, stored, raw_bytes: 200, objects: vec![object(ObjectKind::Chunk, &[b'x'; 200])] }
}

/// Makes the frame one that states a window instead of a content size: both take one byte.
fn windowed(record: &mut Plain, window: u8) {
    record.stored[4] = 0;
    record.stored[5] = window;
}

/// Makes the frame one of differences.
fn differences(record: &mut Plain, distance: u8) {
    record.codec = 2;
    record.stored.insert(0, distance);
}

/// 200 differences `x` of bytes three apart: what they add up to.
fn added_up() -> Vec<u8> {
    (0..200_u32).map(|place| u8::try_from(u32::from(b'x') * (place / 3 + 1) % 256).expect("a byte")).collect()
}

fn chunks() -> Vec<Plain> {
    vec![stored(ObjectKind::Chunk, &[b"one photo"]), stored(ObjectKind::Chunk, &[b"a small", b" group"]), zstd_record()]
}

/// A whole pack; `change` may spoil the directory before it is sealed.
pub(crate) fn pack(kind: FileKind, encrypted: bool, mut plain: Vec<Plain>, change: impl Fn(&mut Directory)) -> Vec<u8> {
    let master = master();
    let (key, header) = begin(kind, encrypted.then_some(&master));
    let tag = if encrypted { 16 } else { 0 };
    if encrypted {
        let records: usize = plain.iter().map(|record| record.stored.len() + tag).sum();
        let begun = 128 + records + 16;
        let zeros = usize::try_from(padme(u64::try_from(begun).expect("short"))).expect("short") - begun;
        plain.push(Plain { codec: 0, stored: vec![0; zeros], raw_bytes: u32::try_from(zeros).expect("short"), objects: Vec::new() });
    }
    let head = header.encode();
    let mut covered = head.to_vec();
    let mut directory = Directory::default();
    for (ordinal, record) in (0_u32..).zip(&plain) {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&ordinal.to_le_bytes());
        let aad = [&head[..], &ordinal.to_le_bytes()].concat();
        let bytes = key.map_or_else(|| record.stored.clone(), |key| aes(&key, nonce, &aad, &record.stored));
        let stored_bytes = u32::try_from(bytes.len()).expect("short");
        directory.records.push(Record { codec: record.codec, stored_bytes, raw_bytes: record.raw_bytes, objects: record.objects.clone() });
        covered.extend_from_slice(&bytes);
    }
    change(&mut directory);
    let mut body = directory.encode();
    if let Some(key) = key {
        let length = padme(u64::try_from(body.len()).expect("short"));
        body.resize(usize::try_from(length).expect("short"), 0);
        let nonce = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80];
        body = aes(&key, nonce, &head, &body);
    }
    join(&header, &covered, &body)
}

/// With the name that its bytes have.
pub(crate) fn named(vector: Vector) -> Vector {
    let name = blake3::hash(&vector.bytes).to_hex();
    vector.with("name", &name)
}

fn packs() -> Vec<Vector> {
    let key = code_text(&CODE);
    let folder = Folder::default().encode();
    let meta = || vec![stored(ObjectKind::Folder, &[&folder])];
    let empty = || vec![stored(ObjectKind::Chunk, &[b"x"])];
    let mut largest_window = chunks();
    windowed(&mut largest_window[2], 14 << 3);
    let mut of_differences = chunks();
    differences(&mut of_differences[2], 3);
    of_differences[2].objects = vec![object(ObjectKind::Chunk, &added_up())];
    vec![
        named(
            Vector::ok(
                "pack",
                "differences",
                "the third record is of differences to the byte three before",
                pack(FileKind::DataPack, false, of_differences, |_| {}),
            )
            .with("pack", "data"),
        ),
        named(
            Vector::ok(
                "pack",
                "zstd_window_of_16_mib",
                "the third record's frame states the largest window",
                pack(FileKind::DataPack, false, largest_window, |_| {}),
            )
            .with("pack", "data"),
        ),
        named(
            Vector::ok(
                "pack",
                "data_plain",
                "one chunk, a group of two, one compressed",
                pack(FileKind::DataPack, false, chunks(), |_| {}),
            )
            .with("pack", "data"),
        ),
        named(
            Vector::ok("pack", "data_encrypted", "the same, sealed and padded", pack(FileKind::DataPack, true, chunks(), |_| {}))
                .with("pack", "data")
                .with("key", &key),
        ),
        named(Vector::ok("pack", "meta_plain", "an empty folder", pack(FileKind::MetaPack, false, meta(), |_| {})).with("pack", "meta")),
        named(
            Vector::ok("pack", "meta_encrypted", "an empty folder, sealed and padded", pack(FileKind::MetaPack, true, meta(), |_| {}))
                .with("pack", "meta")
                .with("key", &key),
        ),
        named(
            Vector::ok("pack", "smallest_plain", "one chunk of one byte", pack(FileKind::DataPack, false, empty(), |_| {}))
                .with("pack", "data"),
        ),
    ]
}

fn flipped(mut bytes: Vec<u8>, place: usize) -> Vec<u8> {
    bytes[place] ^= 1;
    bytes
}

fn bad(name: &str, refusal: &str, comment: &str, bytes: Vec<u8>) -> Vector {
    Vector::bad("pack", name, refusal, comment, bytes).with("pack", "data")
}

fn wrong_packs() -> Vec<Vector> {
    let good = pack(FileKind::DataPack, false, chunks(), |_| {});
    let length = good.len();
    vec![
        bad("no_trailer", "trailer/file-short", "the last 64 bytes are cut off", good[..length - 64].to_vec()),
        bad(
            "trailer_of_zeros",
            "trailer/file-short",
            "preallocated: zeros where the trailer should be",
            [&good[..length - 64], &[0; 64]].concat(),
        ),
        bad("one_byte_appended", "trailer/file-short", "one byte stands after the trailer", [&good[..], &[0]].concat()),
        bad("one_byte_left_out", "trailer/trailer-mismatch", "one byte of a record is missing", [&good[..130], &good[131..]].concat()),
        bad(
            "header_of_another_kind",
            "header/wrong-kind",
            "a meta pack where a data pack should be",
            pack(FileKind::MetaPack, false, chunks(), |_| {}),
        ),
        bad("other_repository", "header/wrong-repository", "one byte of the repository's id differs", flipped(good.clone(), 16)),
        bad(
            "trailer_salt_differs",
            "trailer/trailer-mismatch",
            "one byte of the trailer's salt differs",
            flipped(good.clone(), length - 1),
        ),
        bad(
            "name_is_not_the_hash",
            "name/hash-mismatch",
            "one byte of the first record differs from what was named",
            flipped(good.clone(), 128),
        )
        .with("name", &blake3::hash(&good).to_hex()),
    ]
}

fn wrong_records() -> Vec<Vector> {
    let plain = |change: fn(&mut Directory)| pack(FileKind::DataPack, false, chunks(), change);
    let good = plain(|_| {});
    let of = |change: fn(&mut Plain)| {
        let mut plain = chunks();
        plain.iter_mut().skip(2).for_each(change);
        pack(FileKind::DataPack, false, plain, |_| {})
    };
    let stated = |raw_bytes| {
        let mut plain = chunks();
        plain[2].raw_bytes = raw_bytes;
        plain[2].objects[0].length_bytes = raw_bytes;
        pack(FileKind::DataPack, false, plain, |_| {})
    };
    let mut twice = chunks();
    let frame = twice[2].stored.clone();
    twice[2].stored.extend_from_slice(&frame);
    twice[2].raw_bytes = 400;
    twice[2].objects = vec![object(ObjectKind::Chunk, &[b'x'; 400])];
    let two_frames = pack(FileKind::DataPack, false, twice, |_| {});
    vec![
        bad("chunk_is_not_its_id", "hash/hash-mismatch", "one byte of the first record differs", flipped(good, 128)),
        bad("zstd_of_other_bytes", "hash/hash-mismatch", "a good frame of other bytes", of(|record| record.stored[9] = b'y')),
        bad("zstd_cut_off", "codec/record-not-decodable", "the frame's last byte is missing", of(|record| _ = record.stored.pop())),
        bad("zstd_shorter_than_stated", "codec/record-not-decodable", "200 bytes come out where 201 are stated", stated(201)),
        bad("zstd_longer_than_stated", "codec/record-not-decodable", "200 bytes come out where 199 are stated", stated(199)),
        bad(
            "zstd_two_frames",
            "codec/record-not-decodable",
            "two frames of 200 bytes each where 400 are stated: a record is one frame",
            two_frames,
        ),
        bad(
            "zstd_skippable_frame",
            "codec/record-not-decodable",
            "a skippable frame of no bytes after the frame: a record is one frame",
            of(|record| record.stored.extend_from_slice(&[0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])),
        ),
        bad(
            "zstd_window_over_16_mib",
            "codec/record-not-decodable",
            "a frame that is not of a single segment, its window 18 MiB",
            of(|record| windowed(record, 14 << 3 | 1)),
        ),
        bad("codec_3", "codec/format-too-new", "a codec that version 1 does not know", of(|record| record.codec = 3)),
        bad("differences_without_distance", "codec/record-not-decodable", "a distance of 0", of(|record| differences(record, 0))),
        bad("differences_too_far", "codec/record-not-decodable", "a distance of 17", of(|record| differences(record, 17))),
        bad(
            "directory_claims_a_byte_more",
            "value/not-allowed",
            "the last record is one byte longer than the space",
            plain(|directory| {
                if let Some(record) = directory.records.last_mut() {
                    record.stored_bytes += 1;
                }
            }),
        ),
    ]
}

fn wrong_sealed_packs() -> Vec<Vector> {
    let key = code_text(&CODE);
    let sealed_with = |name: &str, refusal: &str, comment: &str, bytes: Vec<u8>| bad(name, refusal, comment, bytes).with("key", &key);
    let good = pack(FileKind::DataPack, false, chunks(), |_| {});
    let sealed = pack(FileKind::DataPack, true, chunks(), |_| {});
    let mut swapped = sealed.clone();
    swapped[128..128 + 25].copy_from_slice(&sealed[153..178]);
    vec![
        bad("sealed_in_a_plain_repository", "key/wrong-key", "a key check where none may be", sealed.clone()),
        sealed_with("plain_in_an_encrypted_repository", "key/wrong-key", "not sealed where it must be", good),
        sealed_with("key_check_flipped", "key/wrong-key", "one bit of the key check differs", flipped(sealed.clone(), 64)),
        sealed_with("record_flipped", "seal/not-authentic", "one bit of the first record differs", flipped(sealed.clone(), 128)),
        sealed_with("record_tag_flipped", "seal/not-authentic", "one bit of the first record's tag differs", flipped(sealed.clone(), 152)),
        sealed_with(
            "directory_flipped",
            "seal/not-authentic",
            "one bit of the directory's tag differs",
            flipped(sealed.clone(), sealed.len() - 65),
        ),
        sealed_with("header_version_changed", "value/not-allowed", "the writer's version of a pack is 1", flipped(sealed.clone(), 9)),
        sealed_with("record_in_anothers_place", "seal/not-authentic", "bytes of the second record where the first should be", swapped),
        sealed_with("padding_not_zero", "decode/tail-not-zero", "the padding record holds another byte", {
            let mut plain = chunks();
            plain.push(Plain { codec: 0, stored: vec![1], raw_bytes: 1, objects: Vec::new() });
            pack(FileKind::DataPack, true, plain, |_| {})
        }),
    ]
}

fn directory() -> Directory {
    Directory {
        records: vec![
            Record { codec: 0, stored_bytes: 9, raw_bytes: 9, objects: vec![object(ObjectKind::Chunk, b"one photo")] },
            Record { codec: 1, stored_bytes: 10, raw_bytes: 200, objects: vec![object(ObjectKind::Chunk, &[b'x'; 200])] },
        ],
    }
}

fn with(change: fn(&mut Directory)) -> Vec<u8> {
    let mut directory = directory();
    change(&mut directory);
    directory.encode()
}

fn end(vector: Vector, records_end: u64) -> Vector {
    vector.with("pack", "data").with("records-end", &records_end.to_string())
}

fn bad_directory(name: &str, refusal: &str, comment: &str, bytes: Vec<u8>, records_end: u64) -> Vector {
    end(Vector::bad("directory", name, refusal, comment, bytes), records_end)
}

fn directories() -> Vec<Vector> {
    vec![
        end(Vector::ok("directory", "two_records", "9 and 10 stored bytes after 128", directory().encode()), 147),
        end(Vector::ok("directory", "zeros_after_it", "14 zeros of padding", [&directory().encode()[..], &[0; 14]].concat()), 147),
        end(Vector::ok("directory", "empty", "no records", Directory::default().encode()), 128),
        end(
            Vector::ok(
                "directory",
                "padding_record",
                "a record that lists no objects",
                with(|directory| {
                    directory.records.push(Record { codec: 0, stored_bytes: 5, raw_bytes: 5, objects: Vec::new() });
                }),
            ),
            152,
        ),
        end(
            Vector::ok(
                "directory",
                "codec_of_a_later_version",
                "kept; refused when the record is read",
                with(|directory| directory.records[0].codec = 9),
            ),
            147,
        ),
    ]
}

fn wrong_directories() -> Vec<Vector> {
    vec![
        bad_directory("gap_before_the_directory", "value/not-allowed", "the records end one byte too early", directory().encode(), 148),
        bad_directory("records_overlap_the_directory", "value/not-allowed", "the records end one byte too late", directory().encode(), 146),
        bad_directory(
            "objects_do_not_fill_their_record",
            "value/not-allowed",
            "9 raw bytes, an object of 8",
            with(|directory| directory.records[0].objects[0].length_bytes = 8),
            147,
        ),
        bad_directory(
            "object_of_no_bytes",
            "value/not-allowed",
            "an object of length 0",
            with(|directory| {
                directory.records[0].objects.push(RecordObject { length_bytes: 0, ..object(ObjectKind::Chunk, b"") });
            }),
            147,
        ),
        bad_directory(
            "page_in_a_data_pack",
            "value/not-allowed",
            "data packs hold chunks alone",
            with(|directory| directory.records[0].objects[0].kind = ObjectKind::Page),
            147,
        ),
    ]
}

fn wrong_directory_encodings() -> Vec<Vector> {
    let mut unknown_kind = directory().encode();
    // Count, codec, two lengths, count, 32 bytes of id.
    unknown_kind[1 + 1 + 1 + 1 + 1 + 32] = 8;
    vec![
        bad_directory("object_kind_8", "decode/not-decodable", "a kind of objects that is not known", unknown_kind, 147),
        bad_directory(
            "compressed_padding",
            "value/not-allowed",
            "a record without objects with codec 1",
            with(|directory| {
                directory.records.push(Record { codec: 1, stored_bytes: 5, raw_bytes: 5, objects: Vec::new() });
            }),
            152,
        ),
        bad_directory(
            "raw_bytes_over_the_limit",
            "value/over-limit",
            "16 MiB and 1 byte",
            with(|directory| {
                directory.records[0].raw_bytes = (16 << 20) + 1;
                directory.records[0].objects[0].length_bytes = (16 << 20) + 1;
            }),
            147,
        ),
        bad_directory(
            "stored_bytes_over_the_limit",
            "value/over-limit",
            "32 MiB and 1 byte in the pack",
            with(|directory| directory.records[1].stored_bytes = (32 << 20) + 1),
            128 + 9 + (32 << 20) + 1,
        ),
        bad_directory(
            "padding_over_the_limit",
            "value/over-limit",
            "a padding record of 16 MiB and 1 byte",
            with(|directory| {
                let bytes = (16 << 20) + 1;
                directory.records.push(Record { codec: 0, stored_bytes: bytes, raw_bytes: bytes, objects: Vec::new() });
            }),
            147 + (16 << 20) + 1,
        ),
        bad_directory(
            "objects_overflow",
            "value/not-allowed",
            "lengths that add up to 2^32",
            with(|directory| {
                directory.records[0].objects =
                    [object(ObjectKind::Chunk, b"a"); 2].map(|object| RecordObject { length_bytes: 1 << 31, ..object }).to_vec();
            }),
            147,
        ),
        bad_directory(
            "tail_not_zero",
            "decode/tail-not-zero",
            "a byte 1 in the padding",
            [&directory().encode()[..], &[0, 1]].concat(),
            147,
        ),
        bad_directory(
            "cut_off",
            "decode/not-decodable",
            "the last byte is missing",
            directory().encode().split_last().map(|(_, front)| front.to_vec()).unwrap_or_default(),
            147,
        ),
    ]
}

fn segments() -> Vec<Vector> {
    let pack = |name: u8| IndexedPack {
        name: PackName([name; 32]),
        length_bytes: 400,
        kind: PackKind::Data,
        salt: SALT,
        records_end: 137,
        directory: Directory {
            records: vec![Record {
                codec: 0,
                stored_bytes: 9,
                raw_bytes: 9,
                objects: vec![RecordObject { id: ObjectId([7; 32]), kind: ObjectKind::Chunk, length_bytes: 9 }],
            }],
        },
    };
    let body = |packs: Vec<IndexedPack>| IndexSegment { packs }.encode();
    let good = body(vec![pack(1), pack(2)]);
    let sealed = one_seal(FileKind::Index, Some(&master()), &[], &good);
    let key = code_text(&CODE);
    let mut kind_3 = body(vec![pack(1)]);
    // Count, 32 bytes of name, length in three bytes.
    kind_3[1 + 32 + 3] = 3;
    vec![
        Vector::ok("index-body", "two_packs", "sorted by name", good.clone()),
        Vector::ok("index-body", "empty", "no packs", body(Vec::new())),
        Vector::bad("index-body", "not_sorted", "value/not-allowed", "names fall", body(vec![pack(2), pack(1)])),
        Vector::bad("index-body", "a_pack_twice", "value/not-allowed", "one name twice", body(vec![pack(1), pack(1)])),
        Vector::bad(
            "index-body",
            "records_end_after_the_pack",
            "value/not-allowed",
            "records end at 137 of 136 bytes",
            body(vec![IndexedPack { length_bytes: 136, ..pack(1) }]),
        ),
        Vector::bad(
            "index-body",
            "directory_does_not_fill",
            "value/not-allowed",
            "records end at 137, stated 138",
            body(vec![IndexedPack { records_end: 138, ..pack(1) }]),
        ),
        Vector::bad(
            "index-body",
            "pack_over_1_gib",
            "value/over-limit",
            "a pack of 1 GiB and 1 byte",
            body(vec![IndexedPack { length_bytes: (1 << 30) + 1, ..pack(1) }]),
        ),
        Vector::bad("index-body", "pack_kind_3", "decode/not-decodable", "a kind of packs that is not known", kind_3),
        Vector::ok("index", "plain", "a segment of a plain repository", one_seal(FileKind::Index, None, &[], &good)),
        Vector::ok("index", "encrypted", "a segment, sealed and padded", sealed.clone()).with("key", &key),
        Vector::bad(
            "index",
            "with_a_public_part",
            "decode/tail-not-zero",
            "a byte between header and body: a segment has no public part",
            one_seal(FileKind::Index, None, &[0], &good),
        ),
        Vector::bad("index", "flipped", "seal/not-authentic", "one bit of the body differs", flipped(sealed, 130)).with("key", &key),
    ]
}
