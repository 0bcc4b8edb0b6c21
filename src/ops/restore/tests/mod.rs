//! Owns the tests of restoring: contents and facts, going on, overwriting, damage, and targets that cannot hold everything.

mod choosing;
mod damage;
mod foresee;
mod going_on;
mod names;
mod second_only;
mod support;

use super::{
    Case, Existing, FoundKind, HardLinks, MARKER, MemoryLimits, MemoryTarget, OsTarget, Overwrite, RestoreOptions, RestoreReport, Room,
    Target, plan_restore,
};
use crate::ops::{Error, SnapshotRef};
use crate::progress::{Observer, Silent};
use crate::repo::{NewProtection, Repository, SlotStrength};
use crate::tree::Facts;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Arc;
use support::{Thing, facts, file, make, pictures};

fn restore(repository: &Repository, target: &Arc<MemoryTarget>, options: &RestoreOptions) -> Result<RestoreReport, Error> {
    restore_watched(repository, target, options, &Silent)
}

fn restore_watched(
    repository: &Repository,
    target: &Arc<MemoryTarget>,
    options: &RestoreOptions,
    observer: &dyn Observer,
) -> Result<RestoreReport, Error> {
    let target: Arc<dyn Target> = target.clone();
    plan_restore(repository, target, options, observer)?.run(observer)
}

fn all() -> RestoreOptions {
    RestoreOptions { verify: true, ..RestoreOptions::default() }
}

fn parts(paths: &[&str]) -> RestoreOptions {
    let snapshots = paths.iter().map(|path| (SnapshotRef::Latest(0), Some(path.as_bytes().to_vec()))).collect();
    RestoreOptions { snapshots, ..all() }
}

fn over(overwrite: Overwrite) -> RestoreOptions {
    RestoreOptions { overwrite: Some(overwrite), ..all() }
}

fn memory() -> Arc<MemoryTarget> {
    Arc::new(MemoryTarget::default())
}

fn paths(target: &MemoryTarget) -> Vec<String> {
    target.everything().into_iter().map(|(path, _)| String::from_utf8(path).expect("text")).collect()
}

fn put(target: &dyn Target, path: &str, bytes: &[u8]) {
    let mut file = target.create(path.as_bytes(), bytes.len() as u64, Room::Ahead).expect("a file");
    file.write_at(0, bytes).expect("a write");
    file.finish(&Facts::default(), Existing::Refuse).expect("a name");
}

fn family() -> support::Made {
    let film: Vec<Vec<u8>> = (0..70_u8).map(|number| vec![number; 1_000 + usize::from(number)]).collect();
    pictures(
        2,
        vec![
            ("2019", Thing::Folder),
            ("2019/07/a.jpg", file(b"a in July")),
            ("2019/07/film.mov", Thing::File(film)),
            ("2019/08/b.jpg", Thing::File(vec![b"head".to_vec(), b"picture".to_vec()])),
            ("empty.txt", file(b"")),
            ("twin-1", Thing::Linked("twin-1", b"twins".to_vec())),
            ("twin-2", Thing::Linked("twin-1", b"twins".to_vec())),
            ("way", Thing::Symlink("/outside")),
        ],
    )
}

#[test]
fn a_whole_snapshot_lies_in_the_target_itself() {
    let made = family();
    let target = memory();
    let report = restore(&made.repository, &target, &all()).expect("a restore");
    assert_eq!(
        paths(&target),
        ["2019", "2019/07", "2019/07/a.jpg", "2019/07/film.mov", "2019/08", "2019/08/b.jpg", "empty.txt", "twin-1", "twin-2", "way"]
    );
    assert_eq!((report.exit_code(), report.files, report.folders, report.symlinks), (0, 6, 3, 1), "{:?}", report.problems);
    assert_eq!(target.bytes(b"2019/08/b.jpg").as_deref(), Some(&b"headpicture"[..]));
    assert_eq!(target.bytes(b"2019/07/film.mov").map(|bytes| bytes.len()), Some(70_000 + 69 * 35));
    let found = |path: &str| target.stat(path.as_bytes()).expect("a stat").expect("something");
    // Whatever was restored later, folders have their own times and modes.
    assert_eq!((found("2019").mtime.seconds, found("2019").mode), (1_000_000, 0o755));
    assert_eq!((found("2019/07").mtime.seconds, found("").mtime.seconds, found("").mode), (1_000, 99, 0o750));
    assert_eq!((found("2019/07/a.jpg").mtime.seconds, found("2019/07/a.jpg").mtime.nanoseconds), (1_000_001, 7));
    assert_eq!((found("twin-1").inode, found("twin-1").link_count), (found("twin-2").inode, 2));
    assert_eq!(found("way").kind, FoundKind::Symlink);
    assert!(target.stat(MARKER.as_bytes()).expect("a stat").is_none());
}

#[test]
fn a_part_keeps_its_path() {
    let made = family();
    let target = memory();
    let report = restore(&made.repository, &target, &parts(&["2019/07", "empty.txt"])).expect("a restore");
    assert_eq!(paths(&target), ["2019", "2019/07", "2019/07/a.jpg", "2019/07/film.mov", "empty.txt"]);
    assert_eq!((report.files, report.exit_code()), (3, 0));
    assert_eq!(target.stat(b"2019").expect("a stat").expect("a folder").mtime.seconds, 1_000_000);
    assert!(matches!(restore(&made.repository, &memory(), &parts(&["2019", "2019/07"])), Err(Error::GivenTwice { .. })));
    assert!(matches!(restore(&made.repository, &memory(), &parts(&["2018"])), Err(Error::NoSuchPath { .. })));
}

#[test]
fn several_sources_lie_under_their_labels() {
    let one = vec![("a.jpg".to_owned(), file(b"one"), facts(0o600, 5))];
    let other = vec![("x/b.jpg".to_owned(), file(b"other"), facts(0o600, 6))];
    let protection = NewProtection::Encrypted { password: None, strength: SlotStrength::Test };
    let made = make(&protection, 1, vec![("Films", one), ("Pictures", other)]);
    let target = memory();
    assert_eq!(restore(&made.repository, &target, &all()).expect("a restore").exit_code(), 0);
    assert_eq!(paths(&target), ["Films", "Films/a.jpg", "Pictures", "Pictures/x", "Pictures/x/b.jpg"]);
    assert_eq!(target.stat(b"Films").expect("a stat").expect("a folder").mode, 0o750);
    let target = memory();
    restore(&made.repository, &target, &parts(&["Pictures/x"])).expect("a restore");
    assert_eq!(paths(&target), ["Pictures", "Pictures/x", "Pictures/x/b.jpg"]);
    assert_eq!(target.stat(b"Pictures").expect("a stat").expect("a folder").mode, 0o750);
}

#[test]
fn a_real_folder_gets_the_same() {
    let made = family();
    let base = tempfile::tempdir().expect("a temporary folder");
    let place = base.path().join("photos");
    let target: Arc<dyn Target> = Arc::new(OsTarget::create_or_open(&place).expect("the target"));
    let plan = plan_restore(&made.repository, target, &all(), &Silent).expect("a plan");
    assert_eq!((plan.summary().files, plan.summary().folders, plan.summary().bytes), (6, 3, 72_415 + 9 + 11 + 10));
    let report = plan.run(&Silent).expect("a restore");
    assert_eq!((report.files, report.left_out_count, report.exit_code()), (6, 0, 0), "{:?}", report.problems);
    assert_eq!(std::fs::read(place.join("2019/08/b.jpg")).expect("a file"), b"headpicture");
    let at = |path: &str| std::fs::symlink_metadata(place.join(path)).expect("facts");
    assert_eq!((at("").mtime(), at("").permissions().mode() & 0o7777), (99, 0o750));
    assert_eq!((at("twin-1").ino(), at("2019").mtime()), (at("twin-2").ino(), 1_000_000));
    assert_eq!(std::fs::read_link(place.join("way")).expect("a link"), std::path::Path::new("/outside"));
    assert!(!place.join(MARKER).exists());
}

#[test]
fn a_target_with_files_is_refused() {
    let made = family();
    let target = memory();
    put(&*target, "mine", b"mine");
    assert!(matches!(restore(&made.repository, &target, &all()), Err(Error::TargetNotEmpty { .. })));
    assert_eq!(paths(&target), ["mine"]);
}

#[test]
fn overwriting_does_what_was_said() {
    let made = family();
    for overwrite in [Overwrite::Never, Overwrite::IfDifferent, Overwrite::Always] {
        let target = memory();
        target.make_folder(b"2019").expect("a folder");
        put(&*target, "empty.txt", b"not empty");
        put(&*target, "twin-1", b"twins");
        put(&*target, "mine", b"mine");
        let before = target.stat(b"twin-1").expect("a stat").expect("a file").inode;
        let plan = plan_restore(&made.repository, target.clone(), &over(overwrite), &Silent).expect("a plan");
        let summary = plan.summary();
        let report = plan.run(&Silent).expect("a restore");
        let after = target.stat(b"twin-1").expect("a stat").expect("a file");
        assert_eq!((report.exit_code(), target.bytes(b"mine").as_deref()), (0, Some(&b"mine"[..])), "{overwrite:?}");
        assert_eq!(target.bytes(b"twin-2").as_deref(), Some(&b"twins"[..]));
        let empty = target.bytes(b"empty.txt").expect("a file").is_empty();
        let year = target.stat(b"2019").expect("a stat").expect("a folder").mode;
        match overwrite {
            Overwrite::Never => {
                assert_eq!((summary.skip_existing, report.files_already_there, report.files, empty), (2, 2, 4, false));
                assert_eq!((after.inode == before, after.mode, year), (true, 0o600, 0o700));
            }
            Overwrite::IfDifferent => {
                assert_eq!((summary.overwrite, summary.compare, report.files_already_there, report.files, empty), (1, 1, 1, 5, true));
                assert_eq!((after.inode == before, after.mode, year), (true, 0o640, 0o755));
            }
            Overwrite::Always => {
                assert_eq!((summary.overwrite, report.files_already_there, report.files, empty), (2, 0, 6, true));
                assert_eq!((after.inode == before, after.mode, after.link_count), (false, 0o640, 2));
            }
        }
    }
}

#[test]
fn what_is_in_the_way_is_left_alone() {
    let made = family();
    let target = memory();
    // A link where a folder must go leads out of the target: nothing follows it.
    target.make_symlink(b"2019", b"/outside", Existing::Refuse).expect("a link");
    target.make_folder(b"empty.txt").expect("a folder");
    let report = restore(&made.repository, &target, &over(Overwrite::Always)).expect("a restore");
    let left_out: Vec<_> = report.left_out.iter().map(|left_out| (left_out.path.as_str(), left_out.code)).collect();
    let blocked = ["2019", "2019/07/a.jpg", "2019/07/film.mov", "2019/08/b.jpg", "empty.txt"].map(|path| (path, "target-blocked"));
    assert_eq!((left_out, report.exit_code()), (blocked.to_vec(), 3));
    assert_eq!(paths(&target), ["2019", "empty.txt", "twin-1", "twin-2", "way"]);
    assert_eq!(target.read_link(b"2019").expect("a link"), b"/outside");
}

#[test]
fn a_target_without_links_and_case_says_what_it_cannot_hold() {
    let made = pictures(
        2,
        vec![
            ("DCIM/one.jpg", file(b"one")),
            ("IMG.JPG", file(b"upper")),
            ("dcim/two.jpg", file(b"two")),
            ("img.jpg", file(b"lower")),
            ("twin-1", Thing::Linked("twin-1", b"twins".to_vec())),
            ("twin-2", Thing::Linked("twin-1", b"twins".to_vec())),
        ],
    );
    let limits = MemoryLimits {
        case: Case::Insensitive,
        hard_links: HardLinks::Refused,
        tick_nanoseconds: 2_000_000_000,
        ..MemoryLimits::default()
    };
    for overwrite in [None, Some(Overwrite::Always), Some(Overwrite::IfDifferent)] {
        let target = Arc::new(MemoryTarget::new(limits));
        for round in 0..2 {
            let options = RestoreOptions { overwrite: overwrite.or((round > 0).then_some(Overwrite::IfDifferent)), ..all() };
            let report = restore(&made.repository, &target, &options).expect("a restore");
            let left_out: Vec<_> = report.left_out.iter().map(|left_out| (left_out.path.as_str(), left_out.code)).collect();
            assert_eq!((left_out, report.exit_code()), (vec![("img.jpg", "target-exists")], 3), "{overwrite:?} {round}");
            assert_eq!(target.bytes(b"IMG.JPG").as_deref(), Some(&b"upper"[..]));
            assert_eq!(target.bytes(b"twin-2").as_deref(), Some(&b"twins"[..]));
            assert!(target.bytes(b"dcim/one.jpg").is_some() && target.bytes(b"DCIM/two.jpg").is_some());
            assert_eq!((report.not_set.times, report.files + report.files_already_there), (0, 5));
        }
    }
}

#[test]
fn what_has_the_marker_s_name_gets_another() {
    let inside = format!("{MARKER}/a.jpg");
    for (path, is_now) in [(MARKER, ".tintype-restore (2)"), (inside.as_str(), ".tintype-restore (2)/a.jpg")] {
        let made = pictures(1, vec![(path, file(b"an old marker")), ("a.jpg", file(b"a"))]);
        let target = memory();
        let report = restore(&made.repository, &target, &all()).expect("a restore");
        assert_eq!(report.renamed.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), [MARKER]);
        assert_eq!((target.bytes(is_now.as_bytes()).as_deref(), report.exit_code()), (Some(&b"an old marker"[..]), 3));
        assert!(report.left_out.is_empty() && target.bytes(MARKER.as_bytes()).is_none());
    }
}

#[test]
fn a_snapshot_is_named_once_however_many_parts_of_it_were_asked_for() {
    let made = family();
    let report = restore(&made.repository, &memory(), &parts(&["2019/07", "2019/08", "empty.txt"])).expect("a restore");
    let named: Vec<_> = report.snapshots.iter().map(|snapshot| (snapshot.id.as_str(), snapshot.time.as_str())).collect();
    assert_eq!(named, [(report.snapshot.as_str(), "2023-11-14T22:13:20Z")]);
}

#[test]
fn three_thousand_small_files_on_two_threads() {
    let things: Vec<_> = (0..3_000_u32)
        .map(|number| (format!("{:02}/IMG_{number:05}.jpg", number % 30), file(&number.to_le_bytes()), facts(0o644, i64::from(number))))
        .collect();
    let made = make(&NewProtection::Plain, 2, vec![("Pictures", things)]);
    let target = memory();
    let report = restore(&made.repository, &target, &all()).expect("a restore");
    assert_eq!((report.files, report.folders, report.bytes, report.exit_code()), (3_000, 30, 12_000, 0));
    for number in 0..3_000_u32 {
        let path = format!("{:02}/IMG_{number:05}.jpg", number % 30);
        assert_eq!(target.bytes(path.as_bytes()).as_deref(), Some(&number.to_le_bytes()[..]));
    }
}
