//! Owns the tests of restoring from damaged repositories: what is damaged is named and left out, and the rest is restored.

use super::support::{Thing, file, pictures, pictures_stating};
use super::{all, family, memory, over, paths, restore};
use crate::ops::ls::{Below, LsOptions, ls};
use crate::ops::restore::{Overwrite, RestoreOptions};
use crate::ops::snapshots::{SnapshotsOptions, snapshots};
use crate::ops::{Problem, Severity, SnapshotRef};
use crate::repo::{Credentials, Repository};
use crate::store::{FaultyStore, MemoryStore};
use crate::tree::{Counts, ObjectId, ObjectKind};
use std::sync::Arc;

fn three() -> super::support::Made {
    pictures(
        2,
        vec![
            ("a.jpg", file(b"whole")),
            ("b.jpg", Thing::File(vec![b"head".to_vec(), b"picture".to_vec(), b"tail".to_vec()])),
            ("c.jpg", Thing::Linked("c.jpg", b"twins".to_vec())),
            ("d.jpg", Thing::Linked("c.jpg", b"twins".to_vec())),
        ],
    )
}

#[test]
fn a_damaged_piece_leaves_its_file_out() {
    let made = three();
    made.damage_piece(b"picture");
    let target = memory();
    let report = restore(&made.repository, &target, &all()).expect("a restore");
    assert_eq!(paths(&target), ["a.jpg", "c.jpg", "d.jpg"]);
    assert_eq!((report.exit_code(), report.left_out_count, report.files), (5, 1, 3));
    assert_eq!(report.left_out.first().map(|left_out| (left_out.path.as_str(), left_out.code)), Some(("b.jpg", "file-damaged")));
    assert_eq!(
        report.problems.iter().map(|problem| (problem.code, problem.severity)).collect::<Vec<_>>(),
        [("file-damaged", Severity::Damaged)]
    );
    // Once the repository is healed, the gap is filled.
    made.damage_piece(b"picture");
    let report = restore(&made.repository, &target, &over(Overwrite::Never)).expect("a restore");
    assert_eq!((report.exit_code(), report.files, report.files_already_there), (0, 1, 3));
    assert_eq!(target.bytes(b"b.jpg").as_deref(), Some(&b"headpicturetail"[..]));
}

#[test]
fn what_can_be_read_is_kept_beside() {
    let made = three();
    made.damage_piece(b"picture");
    made.damage_piece(b"twins");
    let target = memory();
    let report = restore(&made.repository, &target, &RestoreOptions { keep_damaged: true, ..all() }).expect("a restore");
    assert_eq!(paths(&target), ["a.jpg", "b.jpg.damaged"]);
    assert_eq!(target.bytes(b"b.jpg.damaged").as_deref(), Some(&b"head\0\0\0\0\0\0\0tail"[..]));
    let kept: Vec<_> = report.left_out.iter().map(|left_out| (left_out.path.as_str(), left_out.kept_as.as_deref())).collect();
    assert_eq!((kept, report.exit_code()), (vec![("b.jpg", Some("b.jpg.damaged")), ("c.jpg", None), ("d.jpg", None)], 5));
}

#[test]
fn pieces_that_are_not_the_file_get_no_name() {
    let made = pictures(1, vec![("lie.jpg", Thing::Lie(b"other bytes".to_vec())), ("true.jpg", file(b"true"))]);
    let target = memory();
    let report = restore(&made.repository, &target, &all()).expect("a restore");
    assert_eq!((paths(&target), report.exit_code()), (vec!["true.jpg".to_owned()], 5));
}

#[test]
fn an_absent_pack_is_incomplete() {
    let made = three();
    let (pack, _, _) = &made.places[&ObjectKind::Chunk.id_of(b"whole")];
    assert!(made.store.delete(pack));
    let report = restore(&made.repository, &memory(), &all()).expect("a restore");
    assert_eq!((report.exit_code(), report.files, report.left_out_count), (6, 0, 4));
    assert!(report.left_out.iter().all(|left_out| left_out.code == "object-missing"));
}

#[test]
fn a_damaged_page_costs_its_folder_alone() {
    let made = pictures(2, vec![("2019/a.jpg", file(b"a")), ("2020/b.jpg", file(b"b")), ("c.jpg", file(b"c"))]);
    let is_page_of_2019 = |id: &&ObjectId| {
        let raw = raw_of(&made, **id);
        ObjectKind::Page.id_of(&raw) == **id && raw.windows(5).any(|window| window == b"a.jpg")
    };
    let page = *made.places.keys().find(is_page_of_2019).expect("the page");
    made.damage(page, &[""]);
    let target = memory();
    let report = restore(&made.repository, &target, &all()).expect("a restore");
    // The second copy of the meta pack has it: said, and nothing is lacking.
    assert_eq!((report.exit_code(), report.files, report.read_from_second.len()), (4, 3, 1));
    assert_eq!(report.problems.first().map(|problem| problem.code), Some("copy-damaged"));
    made.damage(page, &["second/"]);
    let target = memory();
    let report = restore(&made.repository, &target, &all()).expect("a restore");
    assert_eq!(paths(&target), ["2019", "2020", "2020/b.jpg", "c.jpg"]);
    assert_eq!(
        (report.exit_code(), report.left_out.first().map(|left_out| (left_out.path.as_str(), left_out.code))),
        (5, Some(("2019", "folder-damaged")))
    );
}

/// Fifty files whose pieces lie in two data packs; the store can fail. Returns where the first of them lies: the pack's path,
/// and the offset.
fn failing() -> (Arc<FaultyStore<MemoryStore>>, Repository, (String, u64)) {
    let things: Vec<_> = (0..50_u8).map(|number| (format!("{number:02}.jpg"), file(&[number; 9]))).collect();
    let made = pictures(2, things.iter().map(|(path, thing)| (path.as_str(), thing.clone())).collect());
    let (pack, offset, _) = made.places[&ObjectKind::Chunk.id_of(&[0; 9])].clone();
    let store = Arc::new(FaultyStore::new(Arc::new(made.store.clone())));
    let surroundings = made.repository.surroundings().clone();
    let repository = Repository::open(store.clone(), &Credentials::None, surroundings).expect("a repository");
    (store, repository, (pack, offset as u64))
}

#[test]
fn a_pack_that_may_not_be_read_costs_its_own_photos_alone() {
    // One file without permission ended the whole restore with 1. Now it is as a pack that is damaged, with its own reason and advice.
    let (store, repository, (pack, _)) = failing();
    store.deny_reads(&pack);
    let target = memory();
    let report = restore(&repository, &target, &all()).expect("a restore");
    assert_eq!((report.exit_code(), report.files, report.left_out_count), (5, 10, 40));
    assert!(report.left_out.iter().all(|left_out| left_out.code == "pack-denied" && left_out.reason.starts_with("permission denied")));
    let problem = report.problems.first().expect("a problem");
    assert!(problem.hint.as_deref().is_some_and(|hint| hint.contains("--overwrite never")), "{problem:?}");
    store.heal();
    let report = restore(&repository, &target, &over(Overwrite::Never)).expect("a restore");
    assert_eq!((report.exit_code(), report.files, report.files_already_there), (0, 40, 10));
}

#[test]
fn a_read_error_costs_its_own_photo_unless_the_place_is_gone() {
    let (store, repository, (pack, offset)) = failing();
    store.fail_reads(&pack, offset..offset + 1);
    let report = restore(&repository, &memory(), &all()).expect("a restore");
    assert_eq!((report.exit_code(), report.files, report.left_out_count), (5, 49, 1));
    store.fail_reads("tintype.json", 0..10);
    store.fail_reads("second/tintype.json", 0..10);
    let target = memory();
    let error = restore(&repository, &target, &all()).expect_err("the place is gone");
    assert_eq!((error.exit_code(), error.code()), (1, "place-gone"));
    store.heal();
    let report = restore(&repository, &target, &all()).expect("a restore");
    assert_eq!((report.exit_code(), report.gone_on, report.files + report.files_already_there), (0, true, 50));
}

#[test]
fn what_may_not_be_read_once_is_taken_from_its_second_copy() {
    let made = family();
    let (meta, _, _) =
        made.places.iter().find(|(_, (path, _, _))| made.store.bytes_of(&format!("second/{path}")).is_some()).expect("one").1;
    let store = Arc::new(FaultyStore::new(Arc::new(made.store.clone())));
    for denied in ["tintype.json", &made.manifest, meta, &made.segment] {
        store.deny_reads(denied);
        let repository = Repository::open(store.clone(), &Credentials::None, made.repository.surroundings().clone()).expect("a repository");
        let report = restore(&repository, &memory(), &all()).expect("a restore");
        assert_eq!((report.files, report.left_out_count), (6, 0), "{denied}");
        store.heal();
    }
    store.deny_reads("tintype.json");
    store.deny_reads("second/tintype.json");
    let error = Repository::open(store, &Credentials::None, made.repository.surroundings().clone()).expect_err("nothing is left");
    assert_eq!(error.code(), "permission-denied");
}

fn raw_of(made: &super::support::Made, id: ObjectId) -> Vec<u8> {
    let (pack, offset, length) = &made.places[&id];
    made.store.bytes_of(pack).expect("the pack")[*offset..*offset + *length].to_vec()
}

#[test]
fn a_damaged_manifest_copy_or_index_is_said() {
    let made = family();
    made.store.set_bytes(&made.manifest, b"rot".to_vec());
    let report = restore(&made.repository, &memory(), &all()).expect("a restore");
    assert_eq!((report.exit_code(), report.left_out_count, report.read_from_second), (4, 0, vec![made.manifest.clone()]));
    let made = family();
    made.store.delete(&made.segment);
    let report = restore(&made.repository, &memory(), &all()).expect("a restore");
    assert_eq!((report.exit_code(), report.files), (4, 6));
    assert_eq!(report.problems.first().map(|problem| problem.code), Some("index-missing"));
}

#[test]
fn a_cut_off_segment_that_nothing_else_makes_up_for_is_said() {
    let made = family();
    let again = made.store.bytes_of(&made.segment).expect("the segment");
    // Nothing but the named one lists the packs: it is missed.
    made.store.set_bytes(&made.segment, again[..again.len() / 2].to_vec());
    let report = restore(&made.repository, &memory(), &all()).expect("a restore");
    assert_eq!((report.exit_code(), report.problems.first().map(|problem| problem.code)), (4, Some("index-damaged")));
}

#[test]
fn a_tree_with_more_in_it_than_the_manifest_counts_is_restored_so_far() {
    let things = || vec![("2019/a.jpg", file(b"first")), ("2019/b.jpg", file(b"second")), ("c.jpg", file(b"third"))];
    type Change = fn(&mut Counts);
    let changes: [(Change, usize, &str); 3] = [
        (|counts| counts.files -= 1, 2, "more than the 4 entries"),
        (|counts| counts.bytes -= 1, 2, "more than the 15 bytes"),
        (|counts| counts.bytes = 0, 0, "more than the 0 bytes"),
    ];
    for (change, files, words) in changes {
        let made = pictures_stating(2, things(), &change);
        let report = restore(&made.repository, &memory(), &all()).expect("a restore");
        assert_eq!((report.exit_code(), report.files), (5, files as u64), "{words}");
        let left_out = report.left_out.first().expect("something is left out");
        assert!(left_out.code == "tree-damaged" && left_out.reason.contains(words), "{left_out:?}");
        let options = LsOptions { snapshot: SnapshotRef::Latest(0), path: Vec::new(), below: Below::All };
        let listed = ls(&made.repository, &options).expect("a list");
        assert_eq!((listed.exit_code(), listed.problems.first().map(|problem| problem.code)), (5, Some("tree-damaged")));
    }
}

/// Exit codes and the codes of problems of restore, ls and snapshots on what lies in the store now.
fn said_by_all(made: &super::support::Made) -> [(u8, Vec<&'static str>); 3] {
    let surroundings = made.repository.surroundings().clone();
    let repository = Repository::open(Arc::new(made.store.clone()), &Credentials::None, surroundings).expect("it opens");
    let codes = |problems: &[Problem]| problems.iter().map(|problem| problem.code).collect();
    let restored = restore(&repository, &memory(), &all()).expect("a restore");
    let options = LsOptions { snapshot: SnapshotRef::Latest(0), path: Vec::new(), below: Below::All };
    let listed = ls(&repository, &options).expect("a list");
    let snapshots = snapshots(&repository, &SnapshotsOptions::default()).expect("a list");
    [
        (restored.exit_code(), codes(&restored.problems)),
        (listed.exit_code(), codes(&listed.problems)),
        (snapshots.exit_code(), codes(&snapshots.problems)),
    ]
}

#[test]
fn what_is_read_from_a_second_place_is_said_by_every_command() {
    let silent = || (0, vec![]);
    let said = |code| (4, vec![code]);
    let made = family;
    assert_eq!(said_by_all(&made()), [silent(), silent(), silent()]);
    for (first, second, code) in [
        (None, true, "copy-missing"),
        (Some(&b"rot"[..]), true, "copy-damaged"),
        // A snapshot tells what it said.
        (Some(b"rot"), false, "copy-damaged"),
        (None, false, "copy-missing"),
    ] {
        let made = made();
        match first {
            Some(bytes) => made.store.set_bytes("tintype.json", bytes.to_vec()),
            None => assert!(made.store.delete("tintype.json")),
        }
        if !second {
            made.store.set_bytes("second/tintype.json", b"rot".to_vec());
        }
        assert_eq!(said_by_all(&made), [said(code), said(code), said(code)], "{first:?} {second}");
    }
    let made = family();
    made.store.set_bytes("second/tintype.json", b"rot".to_vec());
    assert_eq!(said_by_all(&made), [silent(), silent(), silent()], "nobody needed it");
    made.store.set_bytes(&made.manifest, b"rot".to_vec());
    assert_eq!(said_by_all(&made), [said("copy-damaged"), said("copy-damaged"), said("copy-damaged")]);
    for absent in [true, false] {
        let made = family();
        let first = |path: &String| made.store.bytes_of(&format!("second/{path}")).is_some();
        let meta = made.places.values().map(|(path, ..)| path.clone()).find(first).expect("the meta pack");
        match absent {
            true => assert!(made.store.delete(&meta)),
            false => made.store.set_bytes(&meta, vec![1; 5000]),
        }
        let code = if absent { "copy-missing" } else { "copy-damaged" };
        assert_eq!(said_by_all(&made), [said(code), said(code), silent()]);
    }
}
