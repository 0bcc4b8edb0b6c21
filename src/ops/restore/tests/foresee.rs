//! Owns the tests of foreseeing: it says what the restore then does, without a photo being read or anything being written.

use super::support::{Made, Thing, file, pictures};
use super::{all, family, memory, over, put};
use crate::ops::restore::{Foreseen, MemoryLimits, MemoryTarget, Overwrite, RestoreOptions, RestoreReport, Target, plan_restore};
use crate::progress::Silent;
use crate::repo::{Credentials, Repository};
use crate::store::FaultyStore;
use crate::tree::ObjectKind;
use std::sync::Arc;

/// What is foreseen, then what comes of it.
fn both(repository: &Repository, target: &Arc<MemoryTarget>, options: &RestoreOptions) -> (Foreseen, RestoreReport) {
    let as_target: Arc<dyn Target> = target.clone();
    let before = target.everything();
    let foreseen = plan_restore(repository, as_target.clone(), options, &Silent).expect("a plan").foresee(&Silent).expect("a forecast");
    assert_eq!(target.everything(), before, "nothing is written");
    (foreseen, plan_restore(repository, as_target, options, &Silent).expect("a plan").run(&Silent).expect("a restore"))
}

fn agree(repository: &Repository, target: &Arc<MemoryTarget>, options: &RestoreOptions, exit_code: u8) -> Foreseen {
    let (foreseen, report) = both(repository, target, options);
    assert_eq!((foreseen.exit_code(), report.exit_code()), (exit_code, exit_code), "{:?}\n{:?}", foreseen.problems, report.problems);
    assert_eq!((foreseen.left_out_count, &foreseen.left_out), (report.left_out_count, &report.left_out));
    assert_eq!((foreseen.plan.files, foreseen.plan.bytes), (report.files, report.bytes));
    assert_eq!(foreseen.read_from_second, report.read_from_second);
    let codes = |problems: &[crate::ops::Problem]| problems.iter().map(|problem| problem.code).collect::<Vec<_>>();
    assert_eq!(codes(&foreseen.problems), codes(&report.problems));
    foreseen
}

fn many() -> Made {
    let things: Vec<_> = (0..50_u8).map(|number| (format!("{number:02}.jpg"), file(&[number; 9]))).collect();
    pictures(2, things.iter().map(|(path, thing)| (path.as_str(), thing.clone())).collect())
}

#[test]
fn what_is_whole_is_foreseen_without_reading_a_photo() {
    let made = many();
    let store = Arc::new(FaultyStore::new(Arc::new(made.store.clone())));
    let repository = Repository::open(store.clone(), &Credentials::None, made.repository.surroundings().clone()).expect("a repository");
    for piece in [0, 49] {
        store.deny_reads(&made.places[&ObjectKind::Chunk.id_of(&[piece; 9])].0);
    }
    let plan = plan_restore(&repository, memory(), &all(), &Silent).expect("a plan");
    let foreseen = plan.foresee(&Silent).expect("a forecast");
    assert_eq!((foreseen.exit_code(), foreseen.plan.files, foreseen.left_out_count), (0, 50, 0), "{:?}", foreseen.problems);
    store.heal();
    agree(&repository, &memory(), &all(), 0);
}

#[test]
fn packs_that_are_missing_or_cut_off_are_foreseen() {
    let made = many();
    let (pack, _, _) = made.places[&ObjectKind::Chunk.id_of(&[49; 9])].clone();
    let bytes = made.store.bytes_of(&pack).expect("the pack");
    // Its last records are gone with the directory; the first are here, and come back.
    let (_, offset, _) = made.places[&ObjectKind::Chunk.id_of(&[44; 9])];
    made.store.set_bytes(&pack, bytes[..offset + 3].to_vec());
    let foreseen = agree_but_for_notes(&made.repository);
    assert!(foreseen.left_out_count > 0 && foreseen.left_out_count < 10, "{:?}", foreseen.left_out);
    assert!(foreseen.problems.iter().any(|problem| problem.code == "pack-incomplete" && problem.message.contains(&pack)));
    assert!(made.store.delete(&pack));
    let foreseen = agree(&made.repository, &memory(), &all(), 6);
    assert_eq!((foreseen.left_out_count, foreseen.plan.files), (10, 40));
    assert_eq!(foreseen.left_out[0].reason, "a pack that holds it, or a part of it, is not here");
}

/// The same exit code and the same files, and one more note about the pack.
fn agree_but_for_notes(repository: &Repository) -> Foreseen {
    let (foreseen, report) = both(repository, &memory(), &all());
    assert_eq!((foreseen.exit_code(), foreseen.left_out_count), (6, report.left_out_count), "{:?}", report.problems);
    assert_eq!((report.exit_code(), &foreseen.left_out), (6, &report.left_out));
    foreseen
}

#[test]
fn bookkeeping_that_is_not_whole_is_foreseen() {
    let made = family();
    made.store.set_bytes(&made.manifest, b"rot".to_vec());
    agree(&made.repository, &memory(), &all(), 4);
    let made = family();
    assert!(made.store.delete(&made.segment));
    agree(&made.repository, &memory(), &all(), 4);
}

#[test]
fn a_target_that_is_too_small_is_foreseen() {
    let made = pictures(2, vec![("a.jpg", file(&[b'a'; 600])), ("b.jpg", file(&[b'b'; 600]))]);
    let with_room = |bytes| Arc::new(MemoryTarget::new(MemoryLimits { stored_bytes_max: Some(bytes), ..MemoryLimits::default() }));
    let foreseen = |target: Arc<MemoryTarget>| {
        plan_restore(&made.repository, target, &all(), &Silent).expect("a plan").foresee(&Silent).expect("a forecast")
    };
    assert_eq!(foreseen(with_room(1200)).exit_code(), 0);
    let small = foreseen(with_room(1199));
    assert_eq!((small.exit_code(), small.problems[0].code), (3, "disk-full"), "{:?}", small.problems);
    assert!(small.problems[0].message.contains("room for 1199 bytes, and 1200 bytes"), "{}", small.problems[0].message);
}

#[test]
fn what_is_in_the_way_and_what_is_kept_is_foreseen() {
    let made = pictures(2, vec![("2019/a.jpg", file(b"a")), ("2020/b.jpg", file(b"b")), ("c.jpg", Thing::File(vec![b"c".to_vec()]))]);
    let target = memory();
    put(&*target, "2019", b"a file where a folder belongs");
    put(&*target, "c.jpg", b"another c");
    let foreseen = agree(&made.repository, &target, &over(Overwrite::Never), 3);
    assert_eq!((foreseen.plan.skip_existing, foreseen.plan.blocked), (1, foreseen.left_out_count));
    assert!(foreseen.left_out.iter().any(|left_out| left_out.path == "2019"), "{:?}", foreseen.left_out);
}
