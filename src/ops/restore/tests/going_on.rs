//! Owns the tests of restores that were interrupted: the same one goes on, no other does, and no wrong byte gets a name.

use super::support::{Made, Thing, file, pictures};
use super::{MARKER, all, family, memory, over, parts, paths, put, restore, restore_watched};
use crate::ops::Error;
use crate::ops::restore::marker::encode;
use crate::ops::restore::{
    Existing, FoundKind, MemoryLimits, MemoryTarget, Overwrite, RestoreOptions, RestoreReport, Room, Target, plan_restore,
};
use crate::progress::{Observer, Silent};
use crate::repo::{SnapshotName, StoredFile};
use crate::tree::{Facts, Time};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Asks to stop when it was asked so many times.
struct StopAt(AtomicU64);

impl Observer for StopAt {
    fn interrupted(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
    }
}

#[test]
fn an_interrupted_restore_goes_on_from_wherever_it_was() {
    let made = family();
    let expected = memory();
    restore(&made.repository, &expected, &all()).expect("a restore");
    let mut interrupted_count = 0;
    for stop_at in 0..60 {
        let target = memory();
        match restore_watched(&made.repository, &target, &all(), &StopAt(AtomicU64::new(stop_at))) {
            Ok(_) => break,
            Err(error) => assert_eq!((error.code(), error.exit_code()), ("interrupted", 130)),
        }
        interrupted_count += 1;
        let begun = target.stat(MARKER.as_bytes()).expect("a stat").is_some();
        let report = restore(&made.repository, &target, &all()).expect("a restore");
        assert_eq!((report.exit_code(), report.gone_on), (0, begun));
        assert_eq!(report.files + report.symlinks + report.files_already_there, 7);
        let facts = |target: &MemoryTarget| {
            let all = target.everything().into_iter();
            all.map(|(path, found)| (path, found.kind, found.mtime, found.mode, found.link_count)).collect::<Vec<_>>()
        };
        assert_eq!(facts(&target), facts(&expected), "stopped at {stop_at}");
    }
    println!("interrupted in {interrupted_count} places");
    assert!(interrupted_count > 15);
}

fn named(report: &RestoreReport) -> Vec<(&str, &str)> {
    report.left_out.iter().map(|left_out| (left_out.path.as_str(), left_out.code)).collect()
}

/// A restore into an empty folder that stopped just before its marker was taken away: all of it is there.
fn all_but_ended(made: &Made) -> Arc<MemoryTarget> {
    let target = memory();
    restore(&made.repository, &target, &all()).expect("a restore");
    let parts = [(SnapshotName(StoredFile::parse(&made.manifest).expect("a manifest").hash.0), None)];
    target.put_small(MARKER.as_bytes(), &encode(made.repository.id(), &parts, None)).expect("a marker");
    target
}

fn replace(target: &MemoryTarget, path: &str, bytes: &[u8], facts: &Facts) {
    let mut file = target.create(path.as_bytes(), bytes.len() as u64, Room::Ahead).expect("a file");
    file.write_at(0, bytes).expect("a write");
    file.finish(facts, Existing::Replace).expect("a name");
}

#[test]
fn what_was_changed_between_two_runs_is_kept_and_named() {
    // Going on replaced files of the same length: what a person had edited in between was gone. Now only what is right is taken over.
    let made = family();
    let target = all_but_ended(&made);
    replace(&target, "2019/07/a.jpg", b"a edited.", &Facts::default());
    replace(&target, "empty.txt", b"not empty any more", &Facts::default());
    target.make_symlink(b"way", b"/another", Existing::Replace).expect("a link");
    // The first name of a file with two, and with it the file that the second name would be given.
    replace(&target, "twin-1", b"mine!", &Facts::default());
    target.remove(b"twin-2").expect("it goes");
    let plan = plan_restore(&made.repository, target.clone(), &all(), &Silent).expect("a plan");
    assert_eq!((plan.summary().compare, plan.summary().compare_and_keep, plan.summary().blocked), (0, 5, 1));
    let report = plan.run(&Silent).expect("a restore");
    let kept = ["2019/07/a.jpg", "empty.txt", "twin-1", "way"].map(|path| (path, "target-exists"));
    assert_eq!((named(&report), report.exit_code(), report.files), (kept.to_vec(), 3, 1));
    assert_eq!(target.bytes(b"2019/07/a.jpg").as_deref(), Some(&b"a edited."[..]));
    assert_eq!(target.read_link(b"way").expect("a link"), b"/another");
    assert_eq!((target.bytes(b"twin-1").as_deref(), target.bytes(b"twin-2").as_deref()), (Some(&b"mine!"[..]), Some(&b"twins"[..])));
    assert_eq!(target.stat(b"twin-2").expect("a stat").map(|found| found.link_count), Some(1));
}

#[test]
fn going_on_sets_the_facts_of_what_is_whole() {
    let made = family();
    let (target, expected) = (all_but_ended(&made), memory());
    restore(&made.repository, &expected, &all()).expect("a restore");
    replace(&target, "2019/07/a.jpg", b"a in July", &Facts { mode: Some(0o600), ..Facts::default() });
    let facts = Facts { mtime: Some(Time { seconds: 1, nanoseconds: 0 }), ..Facts::default() };
    target.set_facts(b"way", FoundKind::Symlink, &facts).expect("facts");
    target.set_facts(b"2019/07", FoundKind::Folder, &Facts { mode: Some(0o700), ..facts }).expect("facts");
    let report = restore(&made.repository, &target, &all()).expect("a restore");
    assert_eq!((report.exit_code(), report.files), (0, 0));
    for path in ["2019/07/a.jpg", "way", "2019/07"] {
        let facts = |target: &MemoryTarget| target.stat(path.as_bytes()).expect("a stat").map(|found| (found.mode, found.mtime));
        assert_eq!(facts(&target), facts(&expected), "{path}");
    }
}

#[test]
fn going_on_does_what_the_first_run_was_told_unless_told_otherwise() {
    let made = family();
    let mine = |target: &MemoryTarget| target.bytes(b"twin-2") == Some(b"mine!".to_vec());
    for (first, then, kept, exit) in [
        (Overwrite::Never, None, true, 0),
        (Overwrite::IfDifferent, None, false, 0),
        (Overwrite::Always, None, false, 0),
        (Overwrite::IfDifferent, Some(Overwrite::Never), true, 0),
        (Overwrite::Never, Some(Overwrite::IfDifferent), false, 0),
    ] {
        let target = memory();
        put(&*target, "twin-2", b"mine!");
        let error = restore_watched(&made.repository, &target, &over(first), &StopAt(AtomicU64::new(18))).expect_err("a stop");
        assert_eq!((error.code(), mine(&target)), ("interrupted", true));
        let report = restore(&made.repository, &target, &RestoreOptions { overwrite: then, ..all() }).expect("a restore");
        assert_eq!((report.gone_on, mine(&target), report.exit_code()), (true, kept, exit), "{first:?} {then:?}");
    }
}

#[test]
fn what_can_be_read_of_a_damaged_file_replaces_nothing() {
    let made = family();
    made.damage_piece(b"picture");
    for (there, kept) in [(&b"mine"[..], None), (b"head\0\0\0\0\0\0\0", Some("2019/08/b.jpg.damaged"))] {
        let target = all_but_ended(&made);
        put(&*target, "2019/08/b.jpg.damaged", there);
        let report = restore(&made.repository, &target, &RestoreOptions { keep_damaged: true, ..all() }).expect("a restore");
        assert_eq!(report.left_out.first().map(|left_out| left_out.kept_as.as_deref()), Some(kept));
        assert_eq!(target.bytes(b"2019/08/b.jpg.damaged").as_deref(), Some(there));
    }
}

#[test]
fn another_restore_s_marker_is_no_leave() {
    let made = family();
    let target = memory();
    assert!(restore_watched(&made.repository, &target, &all(), &StopAt(AtomicU64::new(16))).is_err());
    assert!(target.stat(MARKER.as_bytes()).expect("a stat").is_some());
    assert!(matches!(restore(&made.repository, &target, &parts(&["2019"])), Err(Error::TargetNotEmpty { .. })));
    target.put_small(MARKER.as_bytes(), b"{}").expect("a marker");
    assert!(matches!(restore(&made.repository, &target, &all()), Err(Error::TargetNotEmpty { .. })));
}

#[test]
fn going_on_believes_no_file_keeps_what_differs_and_sweeps_what_was_unfinished() {
    let made = family();
    let target = memory();
    assert!(restore_watched(&made.repository, &target, &all(), &StopAt(AtomicU64::new(21))).is_err());
    // Right length and time, wrong bytes: a power cut, or a program that keeps times; and a temporary file.
    let wanted = target.everything().into_iter().find(|(path, _)| path == b"2019/07/a.jpg").map(|(_, found)| found);
    let mut file = target.create(b"2019/07/a.jpg", 9, Room::Ahead).expect("a file");
    file.write_at(0, b"A IN JULY").expect("a write");
    let facts = Facts { mode: Some(0o640), mtime: wanted.map(|found| found.mtime), ..Facts::default() };
    file.finish(&facts, Existing::Replace).expect("a name");
    put(&*target, "2019/.tintype-00000000000000aa.part", b"half");
    let report = restore(&made.repository, &target, &all()).expect("a restore");
    assert_eq!((report.exit_code(), report.gone_on), (3, true));
    assert_eq!(named(&report), [("2019/07/a.jpg", "target-exists")]);
    assert_eq!(target.bytes(b"2019/07/a.jpg").as_deref(), Some(&b"A IN JULY"[..]));
    let report = restore(&made.repository, &target, &over(Overwrite::IfDifferent)).expect("a restore");
    assert_eq!((report.exit_code(), report.files), (0, 1));
    assert_eq!(target.bytes(b"2019/07/a.jpg").as_deref(), Some(&b"a in July"[..]));
    assert!(!paths(&target).iter().any(|path| path.contains(".part") || path == MARKER));
}

#[test]
fn a_full_target_ends_the_restore_and_later_it_goes_on() {
    let things = (0..20_u8).map(|number| (format!("{number:02}.jpg"), file(&[number; 1_000]))).collect::<Vec<_>>();
    let made = pictures(2, things.iter().map(|(path, thing)| (path.as_str(), thing.clone())).collect::<Vec<(&str, Thing)>>());
    let target = Arc::new(MemoryTarget::new(MemoryLimits { stored_bytes_max: Some(24_000), ..MemoryLimits::default() }));
    put(&*target, "ballast", &[0; 12_000]);
    let error = restore(&made.repository, &target, &over(Overwrite::IfDifferent)).expect_err("no room");
    assert_eq!((error.code(), error.exit_code()), ("disk-full", 1));
    for (path, _) in target.everything() {
        if path.ends_with(b".jpg") {
            assert_eq!(target.bytes(&path).map(|bytes| bytes.len()), Some(1_000));
        }
    }
    target.remove(b"ballast").expect("room");
    let report = restore(&made.repository, &target, &all()).expect("a restore");
    assert_eq!((report.exit_code(), report.gone_on, report.files + report.files_already_there), (0, true, 20));
    assert!(report.files_already_there > 5);
}
