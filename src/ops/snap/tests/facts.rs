//! Attributes, birth times and holes from a made-up source through a repository into a made-up target.

use super::{World, encrypted};
use crate::clock::Timestamp;
use crate::ops::restore::{AttributeSupport, MemoryLimits, MemoryTarget, RestoreOptions, RestoreReport, plan_restore};
use crate::ops::snap::SnapReport;
use crate::progress::Silent;
use crate::repo::NewProtection;
use crate::scan::{Content as Bytes, Hole, generate};
use crate::store::Store;
use std::sync::Arc;

fn restore(world: &World, limits: MemoryLimits) -> (Arc<MemoryTarget>, RestoreReport) {
    let target = Arc::new(MemoryTarget::new(limits));
    let options = RestoreOptions { verify: true, ..RestoreOptions::default() };
    let report = plan_restore(&world.repository, target.clone(), &options, &Silent).unwrap().run(&Silent).unwrap();
    (target, report)
}

fn value(seed: u64, length_bytes: usize) -> Vec<u8> {
    let mut bytes = vec![0; length_bytes];
    generate(seed, 0, &mut bytes);
    bytes
}

/// A file and folders with attributes from one byte to two megabytes.
fn fill(world: &World) -> Vec<(&'static str, String, Vec<u8>)> {
    let mut given = Vec::new();
    world.source.add_file("2019/a.jpg", "a picture").add_folder("empty");
    for path in ["2019/a.jpg", "2019", "empty", ""] {
        for (number, length_bytes) in [1, 1024, 1025, 60_000, 2_000_000].into_iter().enumerate() {
            let (name, value) = (format!("user.{number}"), value(number as u64 + path.len() as u64, length_bytes));
            world.source.set_attribute(path, &name, Some(&value));
            given.push((path, name, value));
        }
    }
    given
}

fn is_unchanged(report: &SnapReport) -> bool {
    report.sources[0].read_files == 0 && report.stored.packs == 0
}

#[test]
fn attributes_of_files_and_folders_come_back_and_cost_nothing_twice() {
    for protection in [encrypted(), NewProtection::Plain] {
        for threads in [1, 2] {
            let world = World::new(&protection, threads);
            let given = fill(&world);
            let report = world.snap();
            assert!(report.problems.is_empty(), "{:?}", report.problems);
            assert!(is_unchanged(&world.snap()));
            let (target, report) = restore(&world, MemoryLimits::default());
            assert!(report.problems.is_empty() && report.not_set.xattrs == 0, "{report:?}");
            for (path, name, value) in &given {
                let found = target.xattrs(path.as_bytes()).into_iter().find(|(found, _)| found == name.as_bytes());
                assert_eq!(found.map(|(_, found)| found == *value), Some(true), "{path} {name}");
            }
            println!("{} attributes of 1 B to 2 MB, {protection:?}, {threads} threads: all came back", given.len());
        }
    }
}

#[test]
fn a_changed_attribute_is_a_change_and_a_dropped_one_is_not() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world);
    world.snap();
    world.source.set_attribute("empty", "user.com.apple.quarantine", Some(b"0083"));
    assert!(is_unchanged(&world.snap()));
    world.source.set_attribute("2019/a.jpg", "user.0", Some(b"other"));
    world.source.set_attribute("2019", "user.1", None);
    assert!(!is_unchanged(&world.snap()));
    let (target, _) = restore(&world, MemoryLimits::default());
    assert!(target.xattrs(b"2019/a.jpg").contains(&(b"user.0".to_vec(), b"other".to_vec())));
    assert_eq!(target.xattrs(b"2019").len(), 4);
}

#[test]
fn a_target_without_attributes_gets_the_files_and_it_is_said() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world);
    world.source.set_attribute("2019/a.jpg", "security.capability", Some(&[1; 20]));
    world.source.edit_stat("2019/a.jpg", |stat| stat.birth = Some(Timestamp::from_seconds(1_000_000_000)));
    world.snap();
    let (target, report) = restore(&world, MemoryLimits { attributes: AttributeSupport::Refused, ..MemoryLimits::default() });
    assert_eq!(target.bytes(b"2019/a.jpg").as_deref(), Some(&b"a picture"[..]));
    assert_eq!((report.not_set.xattrs, report.not_set.privileged_xattrs, report.not_set.birth), (20, 1, 1));
    assert_eq!(report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["xattrs-not-kept"]);
}

#[test]
fn a_value_that_is_lost_costs_the_attribute_and_not_the_file() {
    let world = World::new(&NewProtection::Plain, 1);
    world.source.add_file("a.jpg", "a picture");
    world.snap();
    let packs = || world.store.names().into_iter().filter(|name| name.starts_with("packs/")).collect::<Vec<_>>();
    let before = packs();
    world.source.set_attribute("", "user.long", Some(&value(5, 9_000_000)));
    world.snap();
    // What came last is the value, and meta packs, which stand twice.
    for pack in packs().iter().filter(|pack| !before.contains(pack)) {
        if world.store.stat(&format!("second/{pack}")).unwrap().is_none() {
            world.store.remove(pack).unwrap();
        }
    }
    let (target, report) = restore(&world, MemoryLimits::default());
    assert_eq!(target.bytes(b"a.jpg").as_deref(), Some(&b"a picture"[..]));
    let codes: Vec<&str> = report.problems.iter().map(|problem| problem.code).collect();
    // This machine saw the pack whole.
    assert_eq!((codes, report.exit_code()), (vec!["attributes-damaged"], 5), "{:?}", report.problems);
}

#[test]
fn holes_are_noted_and_what_is_no_zero_in_one_is_written_all_the_same() {
    let world = World::new(&NewProtection::Plain, 1);
    let mut bytes = vec![0_u8; 9_000_000];
    bytes[0] = 1;
    bytes[5_000_000] = 7;
    bytes[8_999_999] = 9;
    world.source.add_file("sparse", bytes.clone()).add_file("all", vec![0_u8; 3_000_000]);
    let hole = |offset_bytes, length_bytes| Hole { offset_bytes, length_bytes };
    // The second has a byte in it: a file may change while it is looked at.
    world.source.set_holes("sparse", vec![hole(4096, 4_000_000), hole(4_100_000, 4_800_000)]);
    world.source.set_holes("all", vec![hole(0, 3_000_000)]);
    let report = world.snap();
    assert!(report.stored.pack_bytes < 100_000, "zeros cost nothing: {:?}", report.stored);
    let (target, report) = restore(&world, MemoryLimits::default());
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    assert!(target.bytes(b"sparse") == Some(bytes) && target.bytes(b"all") == Some(vec![0; 3_000_000]));
    assert!(is_unchanged(&world.snap()));
    world.source.add_file("other", Bytes::Generated { seed: 1, length_bytes: 10 });
    assert!(!is_unchanged(&world.snap()));
}
