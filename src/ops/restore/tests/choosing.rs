//! Owns the tests of what is chosen: patterns, one source alone, what is removed from a target.

use super::support::{Thing, facts, file, make, pictures};
use super::{FoundKind, NewProtection, Overwrite, RestoreOptions, all, family, memory, over, paths, put, restore};
use crate::ops::restore::{MemoryTarget, plan_restore};
use crate::progress::Silent;
use crate::repo::SourceId;
use std::sync::Arc;

fn choosing(include: &[&str], exclude: &[&str]) -> RestoreOptions {
    let owned = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    RestoreOptions { include: owned(include), exclude: owned(exclude), ..all() }
}

#[test]
fn only_what_is_included_comes_with_the_folders_that_lead_to_it() {
    let made = family();
    let target = memory();
    let report = restore(&made.repository, &target, &choosing(&["*.JPG"], &["b.jpg"])).expect("a restore");
    assert_eq!(paths(&target), ["2019", "2019/07", "2019/07/a.jpg"]);
    assert_eq!((report.files, report.exit_code()), (1, 0));
    let target = memory();
    restore(&made.repository, &target, &choosing(&["/2019/08/"], &[])).expect("a restore");
    assert_eq!(paths(&target), ["2019", "2019/08", "2019/08/b.jpg"]);
    let target = memory();
    restore(&made.repository, &target, &choosing(&[], &["2019/", "twin-*"])).expect("a restore");
    assert_eq!(paths(&target), ["empty.txt", "way"]);
}

#[test]
fn a_source_that_goes_back_to_where_it_was_has_no_label() {
    let things = |name: &str| vec![(name.to_owned(), file(name.as_bytes()), facts(0o644, 5))];
    let made = make(&NewProtection::Plain, 1, vec![("Phone", things("b.jpg")), ("Pictures", things("a.jpg"))]);
    let target = memory();
    let options = RestoreOptions { only_source: Some(SourceId(["Phone".len() as u8; 16])), ..all() };
    restore(&made.repository, &target, &options).expect("a restore");
    assert_eq!(paths(&target), ["b.jpg"]);
}

fn strewn() -> Arc<MemoryTarget> {
    let target = memory();
    crate::ops::restore::Target::make_folder(&*target, b"2019").expect("a folder");
    crate::ops::restore::Target::make_folder(&*target, b"2019/extra").expect("a folder");
    crate::ops::restore::Target::make_folder(&*target, b"2019/extra/deep").expect("a folder");
    put(&*target, "2019/extra/deep/x.txt", b"x");
    put(&*target, "stray.txt", b"stray");
    put(&*target, "empty.txt", b"not empty");
    target
}

#[test]
fn what_the_snapshot_does_not_have_is_removed_only_when_asked_and_planned_first() {
    let made = family();
    let target = strewn();
    let delete = RestoreOptions { delete: true, ..over(Overwrite::IfDifferent) };
    restore(&made.repository, &target, &over(Overwrite::Never)).expect("a restore");
    assert!(target.bytes(b"stray.txt").is_some());
    let plan = plan_restore(&made.repository, target.clone(), &delete, &Silent).expect("a plan").summary();
    assert_eq!((plan.delete, plan.delete_bytes), (4, 6));
    assert_eq!(plan.delete_paths, ["stray.txt", "2019/extra/deep/x.txt", "2019/extra/deep", "2019/extra"]);
    assert!(target.bytes(b"stray.txt").is_some(), "a plan removes nothing");
    let report = restore(&made.repository, &target, &delete).expect("a restore");
    assert_eq!((report.removed, report.exit_code()), (4, 0));
    let fresh = memory();
    restore(&made.repository, &fresh, &all()).expect("a restore");
    assert_eq!(paths(&target), paths(&fresh));
    assert_eq!(target.bytes(b"empty.txt").as_deref(), Some(&b""[..]));
}

#[test]
fn only_folders_that_are_restored_whole_lose_something() {
    let made = family();
    let target = strewn();
    let part = RestoreOptions { delete: true, ..super::parts(&["2019/07"]) };
    restore(&made.repository, &target, &RestoreOptions { overwrite: Some(Overwrite::Never), ..part }).expect("a restore");
    assert!(target.bytes(b"stray.txt").is_some() && target.bytes(b"2019/extra/deep/x.txt").is_some());
}

#[test]
fn nothing_is_removed_when_something_did_not_come_back() {
    let made = family();
    made.damage_piece(b"a in July");
    let target = strewn();
    let report = restore(&made.repository, &target, &RestoreOptions { delete: true, ..over(Overwrite::IfDifferent) }).expect("a restore");
    assert_eq!((report.removed, report.exit_code()), (0, 5));
    assert!(report.problems.iter().any(|problem| problem.code == "not-removed"), "{:?}", report.problems);
    assert!(target.bytes(b"stray.txt").is_some());
}

#[test]
fn what_stands_in_a_photo_s_place_is_not_taken_for_something_extra() {
    let made = pictures(1, vec![("a.jpg", file(b"a")), ("b", Thing::Folder)]);
    let target = memory();
    crate::ops::restore::Target::make_folder(&*target, b"a.jpg").expect("a folder");
    put(&*target, "a.jpg/mine.txt", b"mine");
    let options = RestoreOptions { delete: true, ..over(Overwrite::Always) };
    let report = restore(&made.repository, &target, &options).expect("a restore");
    assert_eq!((report.removed, report.left_out_count), (0, 1));
    assert!(target.everything().iter().any(|(path, found)| path == b"a.jpg/mine.txt" && found.kind == FoundKind::File));
}
