//! Runs that end anywhere: every snapshot that exists restores, and the next run goes on, with no manual step.

#[path = "kill/processes.rs"]
mod processes;
mod support;

use std::sync::Arc;
use support::{Files, Machine, Protection, create, edit_library, files_of, restore, snap_library, snapshots};
use tintype::ops::SnapshotRef;
use tintype::repo::{Credentials, Repository};
use tintype::scan::MemorySource;
use tintype::store::{FaultyStore, LocalStore, MemoryStore, SimulatedDisk, Store};

/// A library before and after it was edited, and what each holds.
struct Library {
    before: (Arc<MemorySource>, Files),
    after: (Arc<MemorySource>, Files),
}

impl Library {
    fn new() -> Self {
        let source = |rounds: u64| {
            let source = Arc::new(MemorySource::new());
            (0..rounds).for_each(|round| edit_library(&source, round));
            let files = files_of(&source);
            (source, files)
        };
        Self { before: source(1), after: source(3) }
    }
}

/// Every snapshot that exists restores to one of the two states, and at least `at_least` exist.
fn all_restore(repository: &Repository, library: &Library, at_least: usize, context: &str) -> usize {
    let names = snapshots(repository);
    assert!(names.len() >= at_least, "{context}: {} snapshots", names.len());
    for name in &names {
        let (report, files) = restore(repository, name).unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(report.exit_code(), 0, "{context}: {report:?}");
        assert!(files == library.before.1 || files == library.after.1, "{context}: other files than were snapped");
    }
    names.len()
}

/// The next run needs nothing done by hand, and its snapshot is what the source holds.
fn goes_on(store: Arc<dyn Store>, credentials: &Credentials, library: &Library, context: &str) {
    let repository = Machine::without_state(99).open(store, credentials).unwrap_or_else(|error| panic!("{context}: {error}"));
    snap_library(&repository, &library.after.0).unwrap_or_else(|error| panic!("{context}: the next run: {error}"));
    let (report, files) = restore(&repository, &SnapshotRef::Latest(0)).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert!(report.exit_code() == 0 && files == library.after.1, "{context}: the next run's snapshot");
}

#[test]
fn stopped_after_every_store_operation() {
    let library = Library::new();
    for protection in [Protection::Plain, Protection::Encrypted] {
        let begun = MemoryStore::new();
        let (repository, credentials) = create(Arc::new(begun.clone()), &Machine::without_state(1), protection);
        snap_library(&repository, &library.before.0).expect("the first snap");
        let mut stops = 0;
        let mut with_new = 0;
        for operations in 0.. {
            let store = begun.deep_clone();
            let faulty = Arc::new(FaultyStore::new(Arc::new(store.clone())));
            let repository = Machine::without_state(2).open(faulty.clone(), &credentials).expect("it opens");
            faulty.stop_after(operations);
            let outcome = snap_library(&repository, &library.after.0);
            let context = format!("{protection:?}, stopped after {operations} operations");
            let repository = Machine::without_state(3).open(Arc::new(store.clone()), &credentials).expect("it opens again");
            with_new += usize::from(all_restore(&repository, &library, 1, &context) > 1);
            goes_on(Arc::new(store), &credentials, &library, &context);
            stops += 1;
            if outcome.is_ok() {
                break;
            }
        }
        println!(
            "{protection:?}: stopped after each of {stops} store operations, {with_new} of them with the new snapshot in place: all restore"
        );
        assert!(stops > 10);
    }
}

#[test]
fn power_cut_after_every_disk_operation() {
    let library = Library::new();
    let (mut stops, mut seeds) = (0, 0);
    for seed in 0..if support::is_long() { 20 } else { 2 } {
        seeds += 1;
        for operations in 0.. {
            let disk = SimulatedDisk::new(seed);
            let open =
                || LocalStore::open(Arc::new(disk.clone()), "/repository".into(), "m1").map(|store| Arc::new(store) as Arc<dyn Store>);
            let store = LocalStore::create(Arc::new(disk.clone()), "/repository".into(), "m1").expect("a new place");
            let (repository, credentials) = create(Arc::new(store), &Machine::without_state(1), Protection::Plain);
            snap_library(&repository, &library.before.0).expect("the first snap");
            // A step of several keeps the test short; every step is tried over the seeds of the long run.
            let stop = operations * if support::is_long() { 1 } else { 3 };
            let repository = Machine::without_state(2).open(open().expect("it opens"), &credentials).expect("it opens");
            disk.set(|personality| personality.operations_left = Some(stop));
            let outcome = snap_library(&repository, &library.after.0);
            disk.crash();
            let context = format!("seed {seed}, power cut after {stop} disk operations");
            let store = open().unwrap_or_else(|error| panic!("{context}: {error}"));
            let repository =
                Machine::without_state(3).open(store.clone(), &credentials).unwrap_or_else(|error| panic!("{context}: {error}"));
            let needed = if outcome.is_ok() { 2 } else { 1 };
            all_restore(&repository, &library, needed, &context);
            goes_on(store, &credentials, &library, &context);
            stops += 1;
            if outcome.is_ok() {
                break;
            }
        }
    }
    println!("{stops} power cuts with {seeds} seeds: every snapshot that exists restores, what was confirmed is there");
    assert!(stops > 20);
}
