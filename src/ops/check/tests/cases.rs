//! Single cases: what is said, what is remembered, and what silences what.

use super::support::{Machine, NOW, Sample, photo};
use crate::format::TombstoneTarget;
use crate::ops::check::{CheckOptions, CheckReport, Depth, PROBLEM_CODES, SnapshotState, Subset};
use crate::ops::{Severity, SnapshotRef};
use crate::repo::{Credentials, NameFolder, StoredFile, StoredName};
use crate::store::{FaultyStore, MemoryStore, Store};
use std::sync::Arc;
use std::time::Duration;

fn run(machine: &Machine, store: &MemoryStore, key: &Credentials, depth: Depth) -> CheckReport {
    let report = machine.check(Arc::new(store.clone()), key, depth).unwrap();
    for problem in &report.problems {
        assert!(PROBLEM_CODES.iter().any(|known| known.code == problem.code), "{} is not in the list", problem.code);
    }
    report
}

fn codes(report: &CheckReport) -> Vec<&'static str> {
    report.problems.iter().map(|problem| problem.code).collect()
}

fn flip(store: &MemoryStore, path: &str, place: usize) {
    let mut bytes = store.bytes_of(path).unwrap();
    bytes[place] ^= 1;
    store.set_bytes(path, bytes);
}

#[test]
fn a_whole_repository_is_complete_and_counted() {
    for encrypted in [true, false] {
        let sample = Sample::new(encrypted);
        let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
        store.set_bytes(".DS_Store", vec![1]);
        store.set_bytes("packs/tmp-1-2-3", vec![1]);
        let report = run(&machine, &store, &key, Depth::ReadData);
        assert_eq!((report.exit_code, codes(&report)), (0, vec![]));
        assert_eq!((report.snapshots.len(), report.packs, report.foreign, report.temporaries), (2, 4, 1, 1));
        // Four photos; pages and folders of both trees in both copies.
        assert_eq!((report.objects_read, report.packs_read, report.read_all), (4 + 2 * 4, 4, true));
        assert!(report.bytes_read > report.pack_bytes);
        assert_eq!(report.verified_since.as_deref(), Some("2026-11-22T18:04:00Z"));
        assert_eq!(report.last_complete.map(|last| last.id), Some(sample.manifests[1].hash.hex()));
        let again = run(&machine, &store, &key, Depth::Quick);
        assert_eq!((again.exit_code, again.bytes_read, again.verified_since.is_some()), (0, 0, true));
    }
}

#[test]
fn an_empty_repository_has_nothing_to_say() {
    let writer = super::support::Writer::new(true);
    let report = run(&Machine::new(), &writer.store, &writer.key(), Depth::ReadData);
    assert_eq!((report.exit_code, report.snapshots.len(), codes(&report)), (0, 0, vec![]));
}

#[test]
fn a_damaged_photo_is_named_with_its_snapshots_and_remembered() {
    let sample = Sample::new(true);
    let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
    let path = sample.data[0].file().path();
    flip(&store, &path, 200);
    assert_eq!(run(&machine, &store, &key, Depth::Quick).exit_code, 0, "a quick look reads no data");
    let report = run(&machine, &store, &key, Depth::ReadData);
    assert_eq!((report.exit_code, codes(&report)), (5, vec!["pack-damaged"]));
    let message = &report.problems[0].message;
    assert!(message.contains("1 photo in 2 snapshots, e.g. IMG_1.HEIC"), "{message}");
    assert!(report.snapshots.iter().all(|snapshot| snapshot.state == SnapshotState::Damaged));
    assert_eq!(run(&machine, &store, &key, Depth::Quick).exit_code, 5, "the ledger knows");
    assert_eq!(run(&machine, &store, &Credentials::None, Depth::Quick).exit_code, 5, "also without the key");
    assert_eq!(run(&Machine::new(), &store, &key, Depth::Quick).exit_code, 0, "another machine does not");
}

#[test]
fn wrong_bytes_outside_the_photos_are_damage_all_the_same() {
    let sample = Sample::new(true);
    let (store, key) = (sample.store(), sample.writer.key());
    let path = sample.data[1].file().path();
    flip(&store, &path, 40);
    let report = run(&Machine::new(), &store, &key, Depth::ReadData);
    assert_eq!((report.exit_code, codes(&report)), (5, vec!["pack-damaged"]));
    assert!(report.problems[0].message.contains("its photos are still readable"), "{}", report.problems[0].message);
}

#[test]
fn a_lost_pack_whose_photos_were_stored_again_is_bookkeeping() {
    let mut sample = Sample::new(true);
    let again = sample.writer.data(&[&photo(2), &photo(3)]);
    sample.writer.segment(&[&again]);
    for indexed in [true, false] {
        let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
        if !indexed {
            // The pack's own directory will do.
            let segments = store.list("index").unwrap();
            segments.iter().filter(|listed| listed.name != sample.segment.path()).for_each(|listed| _ = store.delete(&listed.name));
        }
        assert_eq!(run(&machine, &store, &key, Depth::Quick).exit_code, 0);
        store.delete(&sample.data[1].file().path());
        for depth in [Depth::Quick, Depth::ReadData] {
            let report = run(&machine, &store, &key, depth);
            assert_eq!((report.exit_code, codes(&report)), (4, vec!["pack-lost-objects-elsewhere"]));
            assert!(report.snapshots.iter().all(|snapshot| snapshot.state == SnapshotState::Complete));
        }
        assert_eq!(run(&machine, &store, &Credentials::None, Depth::Quick).exit_code, 5);
    }
}

#[test]
fn a_named_snapshot_is_judged_alone() {
    let sample = Sample::new(true);
    let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
    run(&machine, &store, &key, Depth::Quick);
    store.delete(&sample.data[1].file().path());
    flip(&store, &sample.manifests[1].in_second().path(), 300);
    for (manifest, exit) in [(sample.manifests[0], 0), (sample.manifests[1], 5)] {
        let options = CheckOptions { snapshots: vec![SnapshotRef::Id(manifest.hash.short())], depth: Depth::ReadData };
        let report = machine.check_with(Arc::new(store.clone()), &key, &options).unwrap();
        assert_eq!((report.exit_code, report.snapshots.len()), (exit, 1), "{:?}", report.problems);
    }
}

#[test]
fn a_read_error_is_damage_and_a_place_that_is_gone_is_not() {
    let sample = Sample::new(true);
    let (machine, key) = (Machine::new(), sample.writer.key());
    let faulty = FaultyStore::new(Arc::new(sample.store()));
    let path = sample.data[0].file().path();
    faulty.fail_reads(&path, 150..160);
    let store: Arc<FaultyStore<MemoryStore>> = Arc::new(faulty);
    let repository = crate::repo::Repository::open(store.clone(), &key, machine.surroundings()).unwrap();
    let options = CheckOptions { snapshots: Vec::new(), depth: Depth::ReadData };
    // A drive that goes away while it is read: nothing is noted.
    store.fail_reads("tintype.json", 0..10);
    store.fail_reads("second/tintype.json", 0..10);
    let error = super::super::check(&repository, &options, &crate::progress::Silent).unwrap_err();
    assert_eq!((error.exit_code(), error.code()), (1, "place-gone"));
    store.heal();
    let report = super::super::check(&repository, &CheckOptions::default(), &crate::progress::Silent).unwrap();
    assert_eq!(report.exit_code, 0, "{:?}", report.problems);
    store.fail_reads(&path, 150..160);
    let report = super::super::check(&repository, &options, &crate::progress::Silent).unwrap();
    assert_eq!((report.exit_code, codes(&report)), (5, vec!["pack-damaged"]));
    assert!(report.problems[0].message.contains("1 photo in"), "one bad sector costs one photo: {}", report.problems[0].message);
}

#[test]
fn a_pack_that_may_not_be_read_is_said_with_its_reason_and_held_against_nothing() {
    // One file without permission ended the whole check with 1, and every other file went unjudged.
    let sample = Sample::new(true);
    let (machine, key) = (Machine::new(), sample.writer.key());
    let store = Arc::new(FaultyStore::new(Arc::new(sample.store())));
    let path = sample.data[0].file().path();
    for (depth, known) in [(Depth::Quick, false), (Depth::ReadData, false), (Depth::ReadData, true)] {
        store.heal();
        if known {
            assert_eq!(machine.check(store.clone(), &key, Depth::ReadData).unwrap().exit_code, 0);
        }
        store.deny_reads(&path);
        let report = machine.check(store.clone(), &key, depth).unwrap();
        assert_eq!((report.exit_code, codes(&report)), (5, vec!["pack-denied"]));
        assert!(report.problems[0].message.contains("permission denied"), "{}", report.problems[0].message);
        assert!(report.problems[0].hint.as_deref().is_some_and(|hint| hint.contains("let this user read")));
    }
    store.heal();
    assert_eq!(machine.check(store.clone(), &key, Depth::Quick).unwrap().exit_code, 0, "nothing was wrong with its bytes");
}

#[test]
fn what_nobody_needs_is_told_once() {
    let mut sample = Sample::new(true);
    let spare = sample.writer.data(&[b"spare"]);
    let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
    flip(&store, &spare.file().path(), 130);
    let first = run(&machine, &store, &key, Depth::ReadData);
    assert_eq!((first.exit_code, codes(&first)), (3, vec!["unneeded-damaged"]));
    let second = run(&machine, &store, &key, Depth::ReadData);
    assert_eq!((second.exit_code, second.problems.first().map(|problem| problem.severity)), (0, Some(Severity::Known)));
    machine.clock.advance(Duration::from_secs(31 * 86_400));
    assert_eq!(run(&machine, &store, &key, Depth::ReadData).exit_code, 3);
}

#[test]
fn a_manifest_in_second_alone_is_known_after_30_days() {
    let sample = Sample::new(true);
    let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
    store.delete(&sample.manifests[1].path());
    assert_eq!(run(&machine, &store, &key, Depth::Quick).exit_code, 4);
    store.delete(&sample.data[1].file().path());
    let report = run(&machine, &store, &key, Depth::Quick);
    assert_eq!((report.exit_code, codes(&report)), (6, vec!["manifest-only-second"]));
    machine.clock.advance(Duration::from_secs(31 * 86_400));
    assert_eq!(run(&machine, &store, &key, Depth::Quick).exit_code, 0);
}

#[test]
fn tombstones_are_obeyed_with_the_key_and_listed_without() {
    let sample = Sample::new(true);
    for manifest in &sample.manifests {
        sample.writer.tombstone(TombstoneTarget::Manifest(manifest.hash), true);
    }
    sample.writer.tombstone(TombstoneTarget::Manifest(StoredName([1; 32])), false);
    let (store, key) = (sample.store(), sample.writer.key());
    store.delete(&sample.data[1].file().path());
    let report = run(&Machine::new(), &store, &key, Depth::Quick);
    assert_eq!((report.exit_code, codes(&report), report.forgotten), (3, vec!["tombstone-false"], 2));
    let report = run(&Machine::new(), &store, &Credentials::None, Depth::Quick);
    assert_eq!((report.exit_code, codes(&report), report.forgotten_not_verified), (3, vec!["snapshots-forgotten"], 2));
    assert!(!report.could_not_see.is_empty());
}

#[test]
fn a_previous_snapshot_that_never_arrived_is_incomplete() {
    let sample = Sample::new(true);
    let (store, key) = (sample.store(), sample.writer.key());
    store.delete(&sample.manifests[0].path());
    store.delete(&sample.manifests[0].in_second().path());
    let report = run(&Machine::new(), &store, &key, Depth::Quick);
    assert_eq!((report.exit_code, codes(&report)), (6, vec!["previous-missing"]));
    // The one that follows it proves it as well where it lies in `second/` alone.
    let store = sample.store();
    store.delete(&sample.manifests[0].path());
    store.delete(&sample.manifests[0].in_second().path());
    store.delete(&sample.manifests[1].path());
    let report = run(&Machine::new(), &store, &key, Depth::Quick);
    assert_eq!((report.exit_code, codes(&report)), (6, vec!["previous-missing", "manifest-only-second"]));
    sample.writer.tombstone(TombstoneTarget::Manifest(sample.manifests[0].hash), true);
    let store = sample.store();
    assert_eq!(run(&Machine::new(), &store, &key, Depth::Quick).exit_code, 0);
}

#[test]
fn parts_cover_everything_and_the_longest_unread_comes_first() {
    let sample = Sample::new(true);
    let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
    let read = |subset| run(&machine, &store, &key, Depth::Subset(subset)).packs_read;
    assert_eq!((1..=5).map(|part| read(Subset::Part { part, parts: 5 })).sum::<u64>(), 4);
    for day in 0..4 {
        machine.clock.set(crate::clock::Timestamp::from_seconds(NOW + 86_400 * (day + 1)));
        assert_eq!(read(Subset::Bytes(1)), 1);
    }
    let report = run(&machine, &store, &key, Depth::Quick);
    assert_eq!(report.verified_since.as_deref(), Some("2026-11-23T18:04:00Z"), "four days, four packs, each once");
    assert_eq!(read(Subset::Percent(100.0)), 4);
    assert!(machine.check(Arc::new(store.clone()), &key, Depth::Subset(Subset::Part { part: 6, parts: 5 })).is_err());
}

#[test]
fn an_index_that_lies_is_found() {
    let mut sample = Sample::new(true);
    let mut lying = sample.data[1].clone();
    lying.indexed.directory.records[0].objects[0].id.0[0] ^= 1;
    let store = sample.writer.store.clone();
    store.delete(&sample.segment.path());
    let packs = [&sample.data[0], &lying, &sample.meta[0], &sample.meta[1]];
    sample.writer.segment(&packs);
    let report = run(&Machine::new(), &store, &sample.writer.key(), Depth::ReadData);
    assert!(codes(&report).contains(&"index-wrong"), "{:?}", report.problems);
}

#[test]
fn a_replaced_pack_sets_no_code_as_long_as_its_replacements_are_here() {
    let mut sample = Sample::new(true);
    let halves = [sample.writer.data(&[&photo(2)]), sample.writer.data(&[&photo(3)])];
    sample.writer.instead(&sample.data[1], &[&halves[0], &halves[1]]);
    sample.writer.segment(&[&halves[0], &halves[1]]);
    let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
    assert_eq!(run(&machine, &store, &key, Depth::Quick).exit_code, 0);
    store.delete(&sample.data[1].file().path());
    let report = run(&machine, &store, &key, Depth::Quick);
    assert_eq!((report.exit_code, codes(&report), report.replaced_packs), (0, vec![], 1));
    store.delete(&halves[0].file().path());
    let report = run(&machine, &store, &key, Depth::ReadData);
    assert_eq!((report.exit_code, codes(&report)), (5, vec!["pack-missing"]));
    assert!(report.problems[0].message.contains("1 photo in 1 snapshot, e.g. IMG_3.HEIC"), "{}", report.problems[0].message);
}

#[test]
fn false_and_unreadable_notices_are_news_once_and_obeyed_by_nobody() {
    let sample = Sample::new(true);
    sample.writer.tombstone(TombstoneTarget::Manifest(sample.manifests[0].hash), false);
    let false_instead = sample.writer.false_instead(&sample.data[1], &[&sample.data[0]]);
    let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
    for (position, bytes) in [b"short".to_vec(), store.bytes_of(&false_instead.path()).unwrap()].into_iter().enumerate() {
        let name = StoredName([position as u8 + 1; 32]);
        for file in [StoredFile::first(NameFolder::Tombstones, name), StoredFile::first(NameFolder::Tombstones, name).in_second()] {
            store.set_bytes(&file.path(), bytes.clone());
        }
    }
    let report = run(&machine, &store, &key, Depth::Quick);
    assert_eq!((report.exit_code, report.false_notices, report.snapshots.len()), (3, 2, 2), "{:?}", report.problems);
    assert_eq!(codes(&report), vec!["notice-damaged", "notice-damaged", "tombstone-false", "tombstone-false"]);
    let again = run(&machine, &store, &key, Depth::Quick);
    assert_eq!((again.exit_code, again.problems.len()), (0, 4), "known by now");
    let locked = run(&Machine::new(), &store, &Credentials::None, Depth::Quick);
    assert_eq!((locked.exit_code, locked.forgotten_not_verified), (3, 1), "{:?}", locked.problems);
}

#[test]
fn a_list_of_snapshots_judges_a_manifest_in_second_alone_as_check_does() {
    use crate::ops::snapshots::{SnapshotsOptions, snapshots};
    let sample = Sample::new(true);
    let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
    let said = |expected: u8| {
        let repository = crate::repo::Repository::open(Arc::new(store.clone()), &key, machine.surroundings()).unwrap();
        let report = snapshots(&repository, &SnapshotsOptions::default()).unwrap();
        let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
        assert_eq!((report.exit_code(), codes), (expected, vec!["manifest-only-second"]));
        let checked = run(&machine, &store, &key, Depth::Quick);
        assert_eq!((checked.exit_code, self::codes(&checked).contains(&"manifest-only-second")), (expected, true));
    };
    store.delete(&sample.manifests[1].path());
    said(4);
    store.delete(&sample.meta[1].file().path());
    said(4);
    store.delete(&sample.data[1].file().path());
    said(6);
    store.set_bytes(&sample.meta[1].file().path(), store.bytes_of(&sample.meta[1].file().in_second().path()).unwrap());
    machine.clock.advance(Duration::from_secs(31 * 86_400));
    said(0);
}

#[test]
fn words_tell_damaged_from_lost_and_what_to_do_about_a_snapshot_that_is_gone() {
    let mut sample = Sample::new(true);
    let again = sample.writer.data(&[&photo(2), &photo(3)]);
    sample.writer.segment(&[&again]);
    let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
    flip(&store, &sample.data[1].file().path(), 200);
    let report = run(&machine, &store, &key, Depth::ReadData);
    assert_eq!((report.exit_code, codes(&report)), (4, vec!["pack-lost-objects-elsewhere"]));
    assert!(report.problems[0].message.starts_with("this pack is damaged"), "{}", report.problems[0].message);
    store.delete(&sample.manifests[1].path());
    store.delete(&sample.manifests[1].in_second().path());
    let report = run(&machine, &store, &key, Depth::Quick);
    assert_eq!((report.exit_code, report.problems[0].code), (5, "manifest-missing"));
    assert!(report.problems[0].hint.as_deref().is_some_and(|hint| hint.contains("another copy")), "{:?}", report.problems[0]);
}
