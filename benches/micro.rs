//! Owns the speed of single steps: hashing, cutting, compressing, sealing, finding in an index, coding a page of a folder.
//!
//! Everything runs on one thread over data that is made here; run it with `cargo bench --bench micro`. Nothing is asserted about times.
//! `cargo test --all-targets` starts it too; then each step runs once, untimed.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use std::sync::LazyLock;
use tintype::chunk::Cutter;
use tintype::crypto::{FileSeal, MasterKey, Sealing};
use tintype::format::{
    Content, Directory, Entry, Facts, FileContent, FileHash, FileKind, IndexSegment, IndexedPack, ObjectId, ObjectKind, Owner, PackKind,
    PackName, Page, Pieces, Record, RecordObject, RepositoryId, StoredName, Time,
};
use tintype::repo::{Encoder, Expect, Index};

const CUT_BYTES: usize = 64 << 20;
const RECORD_BYTES: usize = 1 << 20;
const INDEXED_COUNT: u32 = 100_000;
const PAGE_ENTRIES: u32 = 300;

fn main() {
    divan::main();
}

/// Bytes that nothing can shorten, the same on every machine.
fn noise(length_bytes: usize) -> Vec<u8> {
    let mut bytes = vec![0; length_bytes];
    blake3::Hasher::new_derive_key("tintype 2026 micro bench").finalize_xof().fill(&mut bytes);
    bytes
}

/// The sidecars of an exported album, one after the other, as small files are joined.
fn sidecars(length_bytes: usize) -> Vec<u8> {
    let sidecar = |number: u32| {
        let (seconds, latitude, longitude) = (1_500_000_000 + number * 4801, number * 37 % 90, number * 59 % 180);
        format!(
            "{{\n  \"title\": \"IMG_{number:04}.JPG\",\n  \"description\": \"\",\n  \"photoTakenTime\": {{ \"timestamp\": \"{seconds}\" }},\n  \
             \"geoData\": {{ \"latitude\": {latitude}.5, \"longitude\": {longitude}.25 }},\n  \"people\": [{{ \"name\": \"Ann\" }}]\n}}\n"
        )
    };
    (0..).flat_map(|number| sidecar(number).into_bytes()).take(length_bytes).collect()
}

/// Cuts a file that has no structure to cut by.
#[divan::bench]
fn cut_64_mib(bencher: Bencher) {
    let bytes = noise(CUT_BYTES);
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        let mut cutter = Cutter::plain();
        let mut rest = black_box(bytes.as_slice());
        while let Some(cut) = black_box(cutter.next_piece(rest)) {
            rest = &rest[cut.length_bytes..];
        }
    });
}

/// Names an object.
#[divan::bench]
fn hash_1_mib(bencher: Bencher) {
    let bytes = noise(RECORD_BYTES);
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| ObjectKind::Chunk.id_of(black_box(&bytes)));
}

/// What a record of pixels costs before it is stored as it is: a trial of its first part.
#[divan::bench]
fn encode_record_1_mib_of_noise(bencher: Bencher) {
    encode_record(bencher, &noise(RECORD_BYTES), Expect::Unknown);
}

/// What a record of joined text costs.
#[divan::bench]
fn encode_record_512_kib_of_sidecars(bencher: Bencher) {
    encode_record(bencher, &sidecars(RECORD_BYTES / 2), Expect::Smaller);
}

fn encode_record(bencher: Bencher, raw: &[u8], expect: Expect) {
    let mut encoder = Encoder::new();
    bencher.counter(BytesCount::new(raw.len())).bench_local(|| encoder.encode(black_box(raw), expect).map(|packed| packed.bytes.len()));
}

fn pack_file() -> FileSeal {
    let sealing = Sealing::Encrypted(MasterKey::from_bytes([7; 32]));
    sealing.create(FileKind::DataPack, RepositoryId([1; 16]), [2; 32]).expect("a key of its kind")
}

/// Seals a record, with one copy of it.
#[divan::bench]
fn seal_1_mib(bencher: Bencher) {
    let (file, plain) = (pack_file(), noise(RECORD_BYTES));
    let mut record = Vec::with_capacity(plain.len() + file.tag_bytes());
    bencher.counter(BytesCount::new(plain.len())).bench_local(|| {
        record.clear();
        record.extend_from_slice(black_box(&plain));
        file.seal_record(0, &mut record).expect("it fits");
        black_box(&record);
    });
}

/// Opens a record, with one copy of it.
#[divan::bench]
fn open_1_mib(bencher: Bencher) {
    let (file, plain) = (pack_file(), noise(RECORD_BYTES));
    let mut sealed = plain.clone();
    file.seal_record(0, &mut sealed).expect("it fits");
    let mut record = Vec::with_capacity(sealed.len());
    bencher.counter(BytesCount::new(plain.len())).bench_local(|| {
        record.clear();
        record.extend_from_slice(black_box(&sealed));
        assert_eq!(file.open_record(0, &mut record), Ok(plain.len()), "what was sealed opens");
    });
}

fn object_id(number: u32) -> ObjectId {
    ObjectKind::Chunk.id_of(&number.to_le_bytes())
}

/// 100 packs of 1,000 objects each.
static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let pack = |number: u8| {
        let first = u32::from(number) * 1000;
        let objects = (first..first + 1000).map(|object| RecordObject { id: object_id(object), kind: ObjectKind::Chunk, length_bytes: 10 });
        let record = Record { codec: 0, stored_bytes: 10_000, raw_bytes: 10_000, objects: objects.collect() };
        IndexedPack {
            name: PackName([number; 32]),
            length_bytes: 11_000,
            kind: PackKind::Data,
            salt: [number; 32],
            records_end: 10_128,
            directory: Directory { records: vec![record] },
        }
    };
    let segment = IndexSegment { packs: (0..100).map(pack).collect() };
    let index = Index::default().extended(&[(StoredName([0; 32]), segment)], &[]);
    assert_eq!(index.object_count(), INDEXED_COUNT as usize, "all objects are indexed");
    index
});

/// Finds an object among 100,000, in another order than they lie in, so that the cache has no easier time than with photos.
#[divan::bench]
fn find_in_index(bencher: Bencher) {
    look_up(bencher, |number| number.wrapping_mul(7919) % INDEXED_COUNT, true);
}

/// Looks for an object that is not among 100,000.
#[divan::bench]
fn miss_in_index(bencher: Bencher) {
    look_up(bencher, |number| number + INDEXED_COUNT, false);
}

/// One look-up in each call, of the next object.
fn look_up(bencher: Bencher, object: impl Fn(u32) -> u32, is_there: bool) {
    let index: &Index = &INDEX;
    let ids: Vec<ObjectId> = (0..INDEXED_COUNT).map(|number| object_id(object(number))).collect();
    let mut place = 0;
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        place = (place + 1) % ids.len();
        assert_eq!(index.find(black_box(ids[place])).next().is_some(), is_there, "only what was indexed is found");
    });
}

/// A page as a camera's folder has it: 300 photos of one piece each.
fn camera_page() -> Page {
    let entry = |number: u32| {
        let hash = FileHash(object_id(number).0);
        let owner = Owner { uid: 1000, gid: 1000, user: "ann".into(), group: "ann".into() };
        let mtime = Time { seconds: 1_700_000_000 + i64::from(number), nanoseconds: 123_456_789 };
        Entry {
            name: format!("IMG_{number:06}.JPG").into_bytes(),
            content: Content::File(FileContent {
                length_bytes: 3_000_000,
                hash,
                pieces: Pieces::One,
                picture: Vec::new(),
                link_group: None,
            }),
            facts: Facts { mode: Some(0o644), owner: Some(owner), mtime: Some(mtime), ..Facts::default() },
            sections: Vec::new(),
        }
    };
    Page { entries: (0..PAGE_ENTRIES).map(entry).collect() }
}

#[divan::bench]
fn encode_page_of_300(bencher: Bencher) {
    let page = camera_page();
    bencher.counter(ItemsCount::new(PAGE_ENTRIES)).bench_local(|| black_box(&page).encode());
}

#[divan::bench]
fn decode_page_of_300(bencher: Bencher) {
    let page = camera_page();
    let encoded = page.encode();
    assert_eq!(Page::decode(&encoded).as_ref(), Ok(&page), "a page decodes to what was encoded");
    bencher.counter(ItemsCount::new(PAGE_ENTRIES)).bench_local(|| Page::decode(black_box(&encoded)).is_ok());
}
