//! Owns the tests of restores that were interrupted: the same one goes on, no other does, and no wrong byte gets a name.

use super::support::{Thing, file, pictures};
use super::{MARKER, all, family, memory, over, parts, paths, put, restore, restore_watched};
use crate::ops::Error;
use crate::ops::restore::{Existing, MemoryLimits, MemoryTarget, Overwrite, Target};
use crate::progress::Observer;
use crate::tree::Facts;
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
fn going_on_believes_no_file_and_sweeps_what_was_unfinished() {
    let made = family();
    let target = memory();
    assert!(restore_watched(&made.repository, &target, &all(), &StopAt(AtomicU64::new(21))).is_err());
    // A power cut: right length and time, wrong bytes; and a temporary file.
    let wanted = target.everything().into_iter().find(|(path, _)| path == b"2019/07/a.jpg").map(|(_, found)| found);
    let mut file = target.create(b"2019/07/a.jpg", 9).expect("a file");
    file.write_at(0, b"A IN JULY").expect("a write");
    let facts = Facts { mode: Some(0o640), mtime: wanted.map(|found| found.mtime), ..Facts::default() };
    file.finish(&facts, Existing::Replace).expect("a name");
    put(&*target, "2019/.tintype-00000000000000aa.part", b"half");
    let report = restore(&made.repository, &target, &all()).expect("a restore");
    assert_eq!((report.exit_code(), report.gone_on), (0, true));
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
