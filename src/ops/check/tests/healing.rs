//! What the next snap heals, and what `check` says before and after.

use crate::clock::{ManualClock, Timestamp};
use crate::ops::check::{CheckOptions, CheckReport, Depth, check};
use crate::ops::snap::{SnapOptions, SnapReport, SnapSource, snap};
use crate::progress::Silent;
use crate::repo::{Credentials, Entropy, Local, NewProtection, PackKind, Repository, SlotStrength, Surroundings};
use crate::scan::{Content, MemorySource};
use crate::store::{MemoryStore, Store};
use std::sync::Arc;
use std::time::Duration;

struct World {
    store: MemoryStore,
    source: Arc<MemorySource>,
    clock: Arc<ManualClock>,
    local: tempfile::TempDir,
    key: Credentials,
}

impl World {
    /// Three snapshots, each of which added a photo.
    fn new(encrypted: bool) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(super::support::NOW)));
        let source = Arc::new(MemorySource::new());
        source.set_clock(clock.clone());
        let local = tempfile::tempdir().unwrap();
        let mut world = Self { store: MemoryStore::new(), source, clock, local, key: Credentials::None };
        let protection =
            if encrypted { NewProtection::Encrypted { password: None, strength: SlotStrength::Test } } else { NewProtection::Plain };
        let (_, code) = Repository::create(Arc::new(world.store.clone()), &protection, world.surroundings()).unwrap();
        world.key = code.map_or(Credentials::None, Credentials::Code);
        for number in 0..3 {
            world.add(number);
            world.snap();
        }
        world
    }

    fn add(&self, number: u64) {
        self.source.add_file(format!("IMG_{number}.HEIC"), Content::Generated { seed: number + 1, length_bytes: 30_000 });
    }

    fn surroundings(&self) -> Surroundings {
        let local = Local {
            cache_dir: Some(self.local.path().join("cache")),
            state_dir: Some(self.local.path().join("state")),
            host: "mac".to_owned(),
            ..Local::default()
        };
        Surroundings { clock: self.clock.clone(), entropy: Arc::new(Entropy::system()), local: Arc::new(local), threads: 2 }
    }

    fn open(&self, key: &Credentials) -> Repository {
        Repository::open(Arc::new(self.store.clone()), key, self.surroundings()).unwrap()
    }

    fn snap(&self) -> SnapReport {
        self.clock.advance(Duration::from_secs(60));
        let source = SnapSource { source: self.source.clone(), path: b"/home/photos".to_vec(), label: None, repository_inside: None };
        snap(&self.open(&self.key), &[source], &SnapOptions::default(), &Silent).unwrap()
    }

    fn check_as(&self, key: &Credentials) -> CheckReport {
        check(&self.open(key), &CheckOptions { snapshots: Vec::new(), depth: Depth::ReadData }, &Silent).unwrap()
    }

    fn exit(&self) -> u8 {
        self.check_as(&self.key).exit_code
    }

    fn names(&self, folder: &str) -> Vec<String> {
        self.store.names().into_iter().filter(|name| name.starts_with(folder)).collect()
    }

    fn forget(&self, what: &str) {
        _ = std::fs::remove_dir_all(self.local.path().join(what));
    }

    fn harm(&self, name: &str, deleted: bool) {
        if deleted {
            self.store.delete(name);
            return;
        }
        let mut bytes = self.store.bytes_of(name).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        self.store.set_bytes(name, bytes);
    }
}

#[test]
fn lost_and_damaged_segments_are_written_again_by_the_next_snap() {
    for encrypted in [true, false] {
        for deleted in [true, false] {
            for changed in [false, true] {
                for forgotten in [&[][..], &["cache"], &["cache", "state"]] {
                    let world = World::new(encrypted);
                    let context = format!("encrypted {encrypted}, deleted {deleted}, changed {changed}, forgotten {forgotten:?}");
                    assert_eq!((world.exit(), world.names("index/").len()), (0, 3), "{context}");
                    world.names("index/").iter().for_each(|name| world.harm(name, deleted));
                    assert_eq!(world.exit(), 4, "{context}");
                    forgotten.iter().for_each(|what| world.forget(what));
                    if changed {
                        world.add(9);
                    }
                    world.snap();
                    // Segments that are wrong and that nobody misses are news once.
                    assert_eq!(world.exit(), if deleted { 0 } else { 3 }, "{context}");
                    assert_eq!(world.exit(), 0, "{context}");
                    assert!(matches!(world.check_as(&Credentials::None).exit_code, 0 | 3), "{context}");
                    let segments = world.names("index/");
                    world.snap();
                    assert_eq!(world.names("index/"), segments, "{context}: once is enough");
                }
            }
        }
    }
}

#[test]
fn one_lost_segment_of_an_older_snapshot_is_covered_again() {
    let world = World::new(true);
    // The oldest photo goes: only older snapshots need its pack.
    world.source.remove("IMG_0.HEIC");
    world.snap();
    for name in world.names("index/") {
        let store = world.store.deep_clone();
        world.store.delete(&name);
        world.snap();
        assert_eq!(world.exit(), 0, "{name}");
        world.forget("cache");
        drop(store);
    }
}

/// Writes packs as an interrupted run leaves them, so many that the next snap has pages of needs.
fn with_pages(world: &World) -> Vec<String> {
    let repository = world.open(&world.key);
    crate::repo::PackRun::run(&repository, 1, Vec::new(), |run| {
        for number in 100..400 {
            world.source.add_file(format!("IMG_{number}.HEIC"), Content::Generated { seed: number, length_bytes: 600 });
            let mut bytes = vec![0; 600];
            crate::scan::generate(number, 0, &mut bytes);
            let mut packer = run.packer(PackKind::Data);
            let kind = crate::tree::ObjectKind::Chunk;
            packer.add(kind, kind.id_of(&bytes), &bytes, crate::repo::Expect::Unknown)?;
            packer.finish()?;
        }
        Ok(())
    })
    .unwrap();
    world.snap();
    world.names("needs/")
}

#[test]
fn a_page_of_needs_that_is_not_whole_in_both_places_is_written_again() {
    let world = World::new(true);
    let pages = with_pages(&world);
    assert!(!pages.is_empty() && world.exit() == 0);
    for page in &pages {
        for deleted in [true, false] {
            for both in [true, false] {
                world.harm(&format!("second/{page}"), deleted);
                if both {
                    world.harm(page, deleted);
                    assert_eq!((world.exit(), world.check_as(&Credentials::None).exit_code), (4, 6));
                }
                world.snap();
                assert_eq!((world.exit(), world.check_as(&Credentials::None).exit_code), (0, 0), "{page} {deleted} {both}");
            }
        }
    }
    let before = world.store.names();
    world.snap();
    assert_eq!(world.store.names().len(), before.len() + 2, "a manifest and its second copy");
}

#[test]
fn a_damaged_meta_pack_and_its_segment_and_a_manifest_heal_at_once() {
    let world = World::new(true);
    assert_eq!(world.exit(), 0);
    let meta = world.names("second/packs/");
    let manifest = world.names("snapshots/").pop().unwrap();
    world.harm(meta[0].strip_prefix("second/").unwrap(), true);
    world.names("index/").iter().for_each(|name| world.harm(name, true));
    world.store.delete(&manifest);
    assert_eq!(world.exit(), 4);
    // The manifest is published by a look that needs the first copy of the pack.
    let healed = world.snap().healed;
    assert!(healed.contains(&manifest) && healed.len() == 2, "{healed:?}");
    assert_eq!(world.exit(), 0);
    assert!(world.store.list("index").is_ok_and(|listed| !listed.is_empty()));
}

#[test]
fn pages_that_older_snapshots_alone_name_are_written_again_after_a_check() {
    let world = World::new(true);
    let older = with_pages(&world);
    for number in 500..700 {
        world.source.remove(format!("IMG_{}.HEIC", number - 400));
        world.add(number);
    }
    world.snap();
    assert!(world.names("needs/").len() > older.len(), "the newest snapshot has pages of its own");
    for page in world.names("needs/") {
        world.harm(&page, true);
        world.harm(&format!("second/{page}"), true);
    }
    assert_eq!((world.exit(), world.check_as(&Credentials::None).exit_code), (4, 6));
    world.snap();
    assert_eq!((world.exit(), world.check_as(&Credentials::None).exit_code), (0, 0));
}

#[test]
fn a_snap_does_not_rely_on_trees_that_it_could_not_read() {
    let world = World::new(false);
    for meta in world.names("second/packs/") {
        for name in [meta.strip_prefix("second/").unwrap(), &meta] {
            let mut bytes = world.store.bytes_of(name).unwrap();
            bytes[140] ^= 1;
            world.store.set_bytes(name, bytes);
        }
    }
    let report = world.snap();
    assert!(report.problems.iter().any(|problem| problem.code == "pack-damaged"), "{:?}", report.problems);
    let checked = world.check_as(&world.key);
    assert_eq!(checked.last_complete.map(|last| last.id), Some(report.snapshot));
}
