//! Owns the speed of single steps: hashing, cutting, sealing, finding in an index, coding a page of a folder.
//!
//! Everything runs on one thread over data that is made here; run it with `cargo bench --bench micro`. Nothing is asserted about times.

use std::hint::black_box;
use std::time::{Duration, Instant};
use tintype::chunk::Cutter;
use tintype::crypto::{MasterKey, Sealing};
use tintype::format::{
    Content, Directory, Entry, Facts, FileContent, FileHash, FileKind, IndexSegment, IndexedPack, ObjectId, ObjectKind, Owner, PackKind,
    PackName, Page, Pieces, Record, RecordObject, RepositoryId, StoredName, Time,
};
use tintype::repo::Index;

/// How long each step is repeated for one sample.
const SAMPLE: Duration = Duration::from_millis(200);
/// Samples of each step; best and median are printed.
const SAMPLE_COUNT: usize = 7;

fn main() {
    // `cargo test --all-targets` starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("micro: run it with cargo bench --bench micro");
        return;
    }
    println!("{:<44} {:>14} {:>14}", "step (one thread)", "median", "best");
    hash();
    cut();
    seal();
    index();
    page();
}

/// Seconds that one call takes: the median and the best of the samples.
fn seconds_of(mut step: impl FnMut()) -> (f64, f64) {
    step();
    let mut samples = Vec::new();
    for _ in 0..SAMPLE_COUNT {
        let begin = Instant::now();
        let mut calls = 0_u32;
        while begin.elapsed() < SAMPLE {
            step();
            calls += 1;
        }
        samples.push(begin.elapsed().as_secs_f64() / f64::from(calls));
    }
    samples.sort_by(f64::total_cmp);
    (samples[SAMPLE_COUNT / 2], samples[0])
}

fn print_throughput(name: &str, bytes: usize, step: impl FnMut()) {
    let (median, best) = seconds_of(step);
    let speed = |seconds: f64| format!("{:.2} GB/s", bytes as f64 / seconds / 1e9);
    println!("{name:<44} {:>14} {:>14}", speed(median), speed(best));
}

/// `count` operations are done by one call of `step`.
fn print_latency(name: &str, count: usize, step: impl FnMut()) {
    let (median, best) = seconds_of(step);
    let each = |seconds: f64| format!("{:.0} ns", seconds / count as f64 * 1e9);
    println!("{name:<44} {:>14} {:>14}", each(median), each(best));
}

/// Bytes that nothing can shorten, the same on every machine.
fn noise(length_bytes: usize) -> Vec<u8> {
    let mut bytes = vec![0; length_bytes];
    blake3::Hasher::new_derive_key("tintype 2026 micro bench").finalize_xof().fill(&mut bytes);
    bytes
}

fn hash() {
    let bytes = noise(1 << 20);
    print_throughput("name an object of 1 MiB (BLAKE3)", bytes.len(), || {
        black_box(ObjectKind::Chunk.id_of(black_box(&bytes)));
    });
}

fn cut() {
    let bytes = noise(64 << 20);
    print_throughput("cut 64 MiB", bytes.len(), || {
        let mut cutter = Cutter::plain();
        let mut rest = black_box(bytes.as_slice());
        while let Some(cut) = black_box(cutter.next_piece(rest)) {
            rest = &rest[cut.length_bytes..];
        }
    });
}

fn seal() {
    let sealing = Sealing::Encrypted(MasterKey::from_bytes([7; 32]));
    let file = sealing.create(FileKind::DataPack, RepositoryId([1; 16]), [2; 32]).expect("a key of its kind");
    let plain = noise(1 << 20);
    let mut record = Vec::with_capacity(plain.len() + file.tag_bytes());
    print_throughput("seal a record of 1 MiB (with one copy)", plain.len(), || {
        record.clear();
        record.extend_from_slice(black_box(&plain));
        file.seal_record(0, &mut record).expect("it fits");
        black_box(&record);
    });
    let sealed = record.clone();
    print_throughput("open a record of 1 MiB (with one copy)", plain.len(), || {
        record.clear();
        record.extend_from_slice(black_box(&sealed));
        assert_eq!(file.open_record(0, &mut record), Ok(plain.len()), "what was sealed opens");
    });
}

fn object_id(number: u32) -> ObjectId {
    ObjectKind::Chunk.id_of(&number.to_le_bytes())
}

/// 100 packs of 1,000 objects each.
fn index_of_100_000() -> Index {
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
    Index::default().extended(&[(StoredName([0; 32]), segment)], &[])
}

fn index() {
    let index = index_of_100_000();
    // In another order than they lie, so that the cache has no easier time than with photos.
    let order = |number: u32| number.wrapping_mul(7919) % 100_000;
    let known: Vec<ObjectId> = (0..100_000).map(|number| object_id(order(number))).collect();
    let unknown: Vec<ObjectId> = (100_000..200_000).map(object_id).collect();
    let find_all = |ids: &[ObjectId]| ids.iter().filter(|id| index.find(**id).next().is_some()).count();
    assert_eq!((index.object_count(), find_all(&known), find_all(&unknown)), (100_000, 100_000, 0));
    print_latency("find an object among 100,000", known.len(), || {
        black_box(find_all(black_box(&known)));
    });
    print_latency("miss an object among 100,000", unknown.len(), || {
        black_box(find_all(black_box(&unknown)));
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
    Page { entries: (0..300).map(entry).collect() }
}

fn page() {
    let page = camera_page();
    let encoded = page.encode();
    assert_eq!(Page::decode(&encoded).as_ref(), Ok(&page), "a page decodes to what was encoded");
    println!("(a page of {} entries has {} bytes; times are per entry)", page.entries.len(), encoded.len());
    print_latency("encode an entry of a page", page.entries.len(), || {
        black_box(black_box(&page).encode());
    });
    print_latency("decode an entry of a page", page.entries.len(), || {
        black_box(Page::decode(black_box(&encoded)).is_ok());
    });
}
