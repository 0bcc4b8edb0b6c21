//! Owns the tests of restoring from damaged repositories: what is damaged is named and left out, and the rest is restored.

use super::support::{Thing, file, pictures};
use super::{all, family, memory, over, paths, restore};
use crate::ops::Severity;
use crate::ops::restore::{Overwrite, RestoreOptions};
use crate::tree::{ObjectId, ObjectKind};

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
    assert_eq!(report.problems.first().map(|problem| problem.code), Some("index-damaged"));
}
