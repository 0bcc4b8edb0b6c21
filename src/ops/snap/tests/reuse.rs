//! Owns the tests of taking over folders that did not change: what comes out is what building everything anew would give.

use super::{World, encrypted};
use crate::ops::check::{CheckOptions, Depth, check};
use crate::ops::snap::stat_cache::StatCache;
use crate::ops::snap::{SnapOptions, SnapSource, preview};
use crate::progress::Silent;
use crate::repo::NewProtection;
use crate::scan::{Content as Bytes, Special};
use crate::store::Store;
use crate::tree::{Counts, Entry, ObjectId};
use std::sync::Arc;
use std::time::Duration;

impl World {
    /// Root, counts and list of what was passed over of the newest snapshot.
    fn root(&self) -> (Entry, Counts, Option<ObjectId>) {
        let heads = self.heads();
        let sealed = heads.latest().unwrap().sealed.as_ref().unwrap();
        (sealed.sources[0].root.clone(), sealed.sources[0].counts, sealed.sources[0].report)
    }

    /// What a machine that knows nothing makes of the same source.
    fn anew(&self) -> (Entry, Counts, Option<ObjectId>) {
        let mut other = World::new(&NewProtection::Plain, 1);
        other.source = Arc::clone(&self.source);
        other.snap();
        other.root()
    }

    fn is_complete(&self) -> bool {
        let options = CheckOptions { depth: Depth::ReadData, ..CheckOptions::default() };
        check(&self.repository, &options, &Silent).unwrap().exit_code == 0
    }
}

fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

#[test]
fn whatever_changes_the_tree_is_the_one_that_is_built_anew() {
    let mut reused = 0;
    for seed in 0..12 {
        let world = World::new(&if seed % 2 == 0 { encrypted() } else { NewProtection::Plain }, 1 + usize::try_from(seed % 3).unwrap());
        let mut random = numbers(seed);
        for file in 0..60 {
            let path = format!("{}/{}/{file}.jpg", random(3), random(4));
            world.source.add_file(path, Bytes::Generated { seed: file, length_bytes: random(3000) });
        }
        for _ in 0..25 {
            world.clock.advance(Duration::from_secs(random(2) * 600));
            for _ in 0..random(3) {
                let (folder, file) = (format!("{}/{}", random(3), random(4)), random(60));
                let path = format!("{folder}/{file}.jpg");
                let length_bytes = random(3000);
                match random(11) {
                    0 => _ = world.source.add_file(&path, Bytes::Generated { seed: random(1000), length_bytes }),
                    1 => _ = world.source.remove(&path),
                    2 => _ = world.source.add_symlink(format!("{folder}/link{}", random(3)), "somewhere"),
                    3 => _ = world.source.add_folder(format!("{folder}/deeper{}", random(3))),
                    4 => _ = world.source.remove(format!("{folder}/deeper{}", random(3))),
                    5 => _ = world.source.add_file(format!("{folder}/deeper{}/x", random(3)), "x"),
                    6 => _ = world.source.set_attribute(&folder, "user.note", Some(format!("{length_bytes}").as_bytes())),
                    8 => _ = world.source.add_file(format!("{folder}/.DS_Store"), "left out"),
                    9 => _ = world.source.remove(format!("{folder}/.DS_Store")),
                    7 => _ = world.source.add_hard_link(&path, format!("{folder}/second{}", random(3))),
                    _ => _ = world.source.touch(&folder),
                }
            }
            let opened = world.source.opened_count();
            world.snap();
            reused += u64::from(world.source.opened_count() == opened);
            assert_eq!(world.root(), world.anew(), "seed {seed}");
        }
        assert!(world.is_complete(), "seed {seed}");
    }
    println!("300 snaps, {reused} of them opened no file");
}

#[test]
fn what_a_rule_leaves_out_does_not_keep_a_folder_from_being_taken_over() {
    let world = World::new(&encrypted(), 1);
    for file in ["mac/photo.jpg", "mac/.DS_Store", "plain/photo.jpg", "plain/deep/photo.jpg", "linked/photo.jpg", "pipe/photo.jpg"] {
        world.source.add_file(file, file);
    }
    world.source.add_hard_link("linked/photo.jpg", "linked/second.jpg").add_special("pipe/pipe", Special::Fifo);
    world.clock.advance(Duration::from_secs(3600));
    let report = world.snap();
    assert_eq!((report.sources[0].files, report.sources[0].skipped), (6, 2));
    let heads = world.heads();
    let record = &heads.latest().unwrap().sealed.as_ref().unwrap().sources[0];
    let local = &world.repository.surroundings().local;
    let cache = StatCache::load(local, &world.repository.id().hex(), record.id, &record.root);
    assert_eq!(cache.plain_folders(), [&b""[..], b"mac", b"pipe", b"plain", b"plain/deep"]);
    // All is there that would be there if it had been looked into, also in what would be done.
    world.clock.advance(Duration::from_secs(3600));
    let source = SnapSource { source: world.source.clone(), path: b"/home/photos".to_vec(), label: None, repository_inside: None };
    let planned = preview(&world.repository, &[source], &SnapOptions::default(), &Silent).unwrap();
    assert_eq!((planned.sources[0].files, planned.read_files), (6, 0));
    let report = world.snap();
    assert_eq!((report.sources[0].files, report.sources[0].skipped), (6, 2));
    assert_eq!(world.root(), world.anew());
}

#[test]
fn a_pack_that_went_bad_is_not_relied_on_for_what_is_taken_over() {
    for folder in ["packs", "second/packs"] {
        let world = World::new(&encrypted(), 2);
        for file in 0..40 {
            world.source.add_file(format!("{}/{file}.jpg", file % 4), Bytes::Generated { seed: file, length_bytes: 2000 });
        }
        world.clock.advance(Duration::from_secs(3600));
        world.snap();
        world.clock.advance(Duration::from_secs(3600));
        world.snap();
        // Packs of trees stand twice: of those one copy goes bad.
        for second in world.store.list("second/packs").unwrap() {
            let first = second.name.replace("second/", "");
            let name = if folder == "packs" { first } else { second.name };
            let mut bytes = world.store.get(&name, u64::MAX).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            world.store.set_bytes(&name, bytes);
        }
        world.snap();
        assert_eq!(world.root(), world.anew());
        assert_eq!(world.files().len(), 40, "{folder}");
    }
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn a_cache_with_wrong_bytes_costs_time_alone() {
    for (wanted, at) in [("run-", 5000), ("index", 100), ("stat-", 200)] {
        let world = World::new(&encrypted(), 1);
        for file in 0..100 {
            world.source.add_file(format!("{}/{file}.jpg", file % 4), Bytes::Generated { seed: file, length_bytes: 2000 });
        }
        world.clock.advance(Duration::from_secs(3600));
        world.snap();
        world.clock.advance(Duration::from_secs(3600));
        world.snap();
        let mut changed = 0;
        for path in files_below(&world._local.path().join("cache")) {
            if path.file_name().unwrap().to_str().unwrap().starts_with(wanted) {
                let mut bytes = std::fs::read(&path).unwrap();
                bytes[at] ^= 0x20;
                std::fs::remove_file(&path).unwrap();
                std::fs::write(&path, bytes).unwrap();
                changed += 1;
            }
        }
        assert!(changed > 0, "{wanted}");
        world.source.add_file("0/again.jpg", Bytes::Generated { seed: 3, length_bytes: 2000 });
        world.source.add_file("0/new.jpg", Bytes::Generated { seed: 1000, length_bytes: 2000 });
        world.snap();
        assert_eq!(world.root(), world.anew(), "{wanted}");
        assert_eq!(world.files().len(), 102);
        assert!(world.is_complete());
    }
}
