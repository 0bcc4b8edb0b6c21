//! Owns the tests of snapshots whose manifests lie in `second/` alone: who asks for one gets it, and is told.

use super::{all, family, memory, paths};
use crate::format::TombstoneTarget;
use crate::ops::check::{CheckOptions, check};
use crate::ops::ls::{Below, LsOptions, ls};
use crate::ops::restore::{RestoreOptions, plan_restore};
use crate::ops::{Error, Problem, Severity, SnapshotRef};
use crate::progress::Silent;
use crate::repo::{Repository, StoredName};
use crate::tree::ObjectKind;

/// The exit codes of restore, ls and check of one name, and what the first two say.
fn of(repository: &Repository, name: &SnapshotRef) -> Result<([u8; 3], Vec<Problem>), Error> {
    let options = RestoreOptions { snapshots: vec![(name.clone(), None)], ..all() };
    let restored = plan_restore(repository, memory(), &options, &Silent)?.run(&Silent)?;
    let listed = ls(repository, &LsOptions { snapshot: name.clone(), path: Vec::new(), below: Below::All })?;
    let checked = check(repository, &CheckOptions { snapshots: vec![name.clone()], ..CheckOptions::default() }, &Silent)?;
    assert_eq!(restored.files > 0, !listed.entries.is_empty());
    let exits = [restored.exit_code(), listed.exit_code(), checked.exit_code];
    Ok((exits, restored.problems.into_iter().chain(listed.problems).collect()))
}

fn names(made: &super::support::Made) -> (StoredName, Vec<SnapshotRef>) {
    let hash = made.manifest.rsplit(['-', '.']).nth(1).expect("a hash").to_owned();
    let refs = vec![
        SnapshotRef::Id(hash[..8].to_owned()),
        SnapshotRef::NotAfter(i64::MAX),
        SnapshotRef::Latest(0),
        SnapshotRef::Label("Pictures".to_owned()),
    ];
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hash[2 * place..2 * place + 2], 16).expect("digits");
    }
    (StoredName(bytes), refs)
}

#[test]
fn a_snapshot_in_second_alone_comes_back_by_every_name_and_says_so() {
    let made = family();
    let (_, names) = names(&made);
    for name in &names {
        assert_eq!(of(&made.repository, name).expect("it is there").0, [0; 3], "{name:?}");
    }
    assert!(made.store.delete(&made.manifest));
    for name in &names {
        let (exits, problems) = of(&made.repository, name).expect("it is there");
        assert_eq!(exits, [4; 3], "{name:?}");
        let said: Vec<_> = problems.iter().map(|problem| (problem.code, problem.severity)).collect();
        assert_eq!(said, [("manifest-only-second", Severity::Bookkeeping); 2], "{name:?}: {problems:?}");
        assert!(problems.iter().all(|problem| problem.message.contains("all that it needs is here")));
    }
    let target = memory();
    let report = super::restore(&made.repository, &target, &all()).expect("a restore");
    assert_eq!((report.files, paths(&target).len()), (6, 10));
    let (pack, _, _) = &made.places[&ObjectKind::Chunk.id_of(b"twins")];
    assert!(made.store.delete(pack));
    let (exits, problems) = of(&made.repository, &names[0]).expect("what is here comes back");
    assert_eq!(exits, [6; 3]);
    assert!(problems.iter().any(|problem| problem.message.contains("not all that it needs is here")), "{problems:?}");
}

#[test]
fn a_forgotten_snapshot_stays_refused_in_second_as_well() {
    let made = family();
    let (hash, names) = names(&made);
    assert!(made.store.delete(&made.manifest));
    made.repository.bury(TombstoneTarget::Manifest(hash)).expect("a tombstone");
    // A plain repository's tombstones are believed by everyone.
    for name in &names {
        let error = of(&made.repository, name).expect_err("it does not exist");
        assert_eq!((error.exit_code(), error.code()), (2, "no-such-snapshot"), "{name:?}");
    }
}
