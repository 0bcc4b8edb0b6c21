//! Snaps of a made-up source into a store in memory, read back object by object.

use super::{SnapOptions, SnapReport, SnapSource, snap};
use crate::clock::{ManualClock, Timestamp};
use crate::ops::objects::RepoObjects;
use crate::ops::{SnapshotRef, resolve};
use crate::progress::Silent;
use crate::repo::{Credentials, Entropy, Heads, Local, NewProtection, ObjectReader, Repository, SlotStrength, SnapshotList, Surroundings};
use crate::scan::{Content as Bytes, Fault, MemorySource};
use crate::store::{MemoryStore, Store};
use crate::tree::{self, Bounds, Content, Next, Step};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

mod away;
mod everyday;
mod facts;
mod hardship;
mod liar;
mod nights;
mod reuse;

struct World {
    store: MemoryStore,
    source: Arc<MemorySource>,
    clock: Arc<ManualClock>,
    repository: Repository,
    _local: tempfile::TempDir,
}

impl World {
    fn new(protection: &NewProtection, threads: usize) -> Self {
        let store = MemoryStore::new();
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_795_370_640)));
        let local = tempfile::tempdir().unwrap();
        let surroundings = Surroundings {
            clock: clock.clone(),
            entropy: Arc::new(Entropy::seeded(7)),
            local: Arc::new(Local {
                cache_dir: Some(local.path().join("cache")),
                state_dir: Some(local.path().join("state")),
                host: "mac".to_owned(),
                ..Local::default()
            }),
            threads,
        };
        let (repository, _) = Repository::create(Arc::new(store.clone()), protection, surroundings).unwrap();
        let source = Arc::new(MemorySource::new());
        source.set_clock(clock.clone());
        Self { store, source, clock, repository, _local: local }
    }

    fn snap(&self) -> SnapReport {
        self.clock.advance(Duration::from_secs(60));
        let source = SnapSource { source: self.source.clone(), path: b"/home/photos".to_vec(), label: None, repository_inside: None };
        snap(&self.repository, &[source], &SnapOptions::default(), &Silent).unwrap()
    }

    fn heads(&self) -> Heads {
        let list = SnapshotList::take(&self.store, &self.repository.notices().unwrap()).unwrap();
        self.repository.heads(&list).unwrap()
    }

    /// Every file of the newest snapshot with its bytes.
    fn files(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let list = SnapshotList::take(&self.store, &self.repository.notices().unwrap()).unwrap();
        let manifest = resolve(&self.repository, &list, &SnapshotRef::Latest(0)).unwrap();
        let reader = ObjectReader::with_segments(&self.repository, &manifest.public.segments).unwrap();
        let objects = RepoObjects(&reader);
        let mut files = BTreeMap::new();
        for source in &manifest.sealed.as_ref().unwrap().sources {
            let bounds = Bounds::of(&source.counts);
            tree::walk(&objects, &source.root, b"", bounds, &mut |step| {
                match step {
                    Step::Entry { path, entry } => {
                        if let Content::File(file) = &entry.content {
                            let pieces = tree::pieces(&objects, file).unwrap();
                            let bytes: Vec<u8> =
                                pieces.iter().flat_map(|piece| reader.load(tree::ObjectKind::Chunk, piece.id).unwrap().to_vec()).collect();
                            assert_eq!(blake3::hash(&bytes).as_bytes(), &file.hash.0);
                            files.insert(path.to_vec(), bytes);
                        }
                    }
                    Step::Leave { .. } => {}
                    Step::Problem { error, .. } => panic!("{error}"),
                }
                Next::On
            });
        }
        files
    }
}

fn encrypted() -> NewProtection {
    NewProtection::Encrypted { password: Some(b"secret".to_vec().into()), strength: SlotStrength::Test }
}

fn fill(source: &MemorySource) {
    source.add_file("a.jpg", Bytes::Generated { seed: 1, length_bytes: 3_000_000 });
    source.add_file("b.mov", Bytes::Generated { seed: 2, length_bytes: 90_000_000 });
    source.add_file("2019/07/IMG_1.HEIC", Bytes::Generated { seed: 3, length_bytes: 1_000 });
    source.add_file("2019/07/IMG_1.json", "{}");
    source.add_file("2019/08/copy of a.jpg", Bytes::Generated { seed: 1, length_bytes: 3_000_000 });
    source.add_file("empty", "");
    source.add_symlink("link", "2019");
}

#[test]
fn what_was_snapped_reads_back_and_an_unchanged_snap_writes_one_manifest() {
    for protection in [encrypted(), NewProtection::Plain] {
        for threads in [1, 2] {
            let world = World::new(&protection, threads);
            fill(&world.source);
            let report = world.snap();
            assert_eq!((report.sources[0].files, report.sources[0].new_files, report.sources[0].symlinks), (6, 6, 1));
            assert!(report.problems.is_empty(), "{:?}", report.problems);
            let files = world.files();
            assert_eq!(files.len(), 6);
            assert_eq!(files[&b"a.jpg"[..]].len(), 3_000_000);
            assert_eq!(files[&b"2019/08/copy of a.jpg"[..]], files[&b"a.jpg"[..]]);
            let before = world.store.names();
            let again = world.snap();
            let new: Vec<String> = world.store.names().into_iter().filter(|name| !before.contains(name)).collect();
            assert_eq!(new.len(), 2, "{new:?}");
            assert!(new.iter().all(|name| name.contains("snapshots/") && world.store.bytes_of(name).unwrap().len() <= 12 << 10), "{new:?}");
            assert_eq!((again.sources[0].read_files, again.sources[0].new_files), (0, 0));
            println!(
                "encrypted {}, {threads} threads: unchanged snap wrote {} bytes in {} files",
                world.repository.is_encrypted(),
                again.stored_bytes,
                new.len()
            );
            assert_eq!(world.files(), files);
        }
    }
}

#[test]
fn changes_are_told_apart() {
    let world = World::new(&NewProtection::Plain, 2);
    fill(&world.source);
    world.snap();
    world.source.rename("a.jpg", "2019/renamed.jpg");
    world.source.remove("2019/07/IMG_1.json");
    world.source.add_file("new.jpg", "new");
    world.source.add_file("b.mov", Bytes::Generated { seed: 9, length_bytes: 500_000 });
    let report = world.snap();
    let source = &report.sources[0];
    assert_eq!((source.new_files, source.changed_files, source.renamed_files, source.gone_files), (1, 1, 1, 1));
    assert_eq!(source.gone, vec!["2019/07/IMG_1.json"]);
}

#[test]
fn what_cannot_be_read_is_carried_and_said_once() {
    let world = World::new(&encrypted(), 2);
    fill(&world.source);
    world.snap();
    world.clock.advance(Duration::from_secs(60));
    world.source.touch("a.jpg");
    world.source.fail("a.jpg", Fault::PermissionDenied);
    world.source.add_file("never.jpg", "never");
    world.source.fail("never.jpg", Fault::BadSector { offset: 1 });
    world.source.fail("2019/07", Fault::PermissionDenied);
    let report = world.snap();
    assert_eq!(report.sources[0].not_saved_count, 3, "{:?}", report.sources[0].not_saved);
    assert_eq!(crate::ops::Outcome::of(&report.problems).exit_code(), 3);
    let files = world.files();
    assert!(files.contains_key(&b"a.jpg"[..]) && files.contains_key(&b"2019/07/IMG_1.HEIC"[..]) && !files.contains_key(&b"never.jpg"[..]));
    let again = world.snap();
    assert_eq!(crate::ops::Outcome::of(&again.problems).exit_code(), 0, "{:?}", again.problems);
    assert_eq!(world.files(), files);
}

#[test]
fn what_was_lost_from_the_repository_is_stored_again() {
    let world = World::new(&encrypted(), 1);
    fill(&world.source);
    world.snap();
    let files = world.files();
    let pack = world.store.names().into_iter().find(|name| name.starts_with("packs/")).unwrap();
    world.store.delete(&pack);
    let report = world.snap();
    assert!(report.stored_bytes > 0);
    assert_eq!(world.files(), files);
}

#[test]
fn the_code_opens_without_any_slot() {
    let store = MemoryStore::new();
    let surroundings = Surroundings {
        clock: Arc::new(ManualClock::at(Timestamp::from_seconds(1_795_370_640))),
        entropy: Arc::new(Entropy::seeded(7)),
        local: Arc::new(Local::default()),
        threads: 1,
    };
    let (_, code) = Repository::create(Arc::new(store.clone()), &encrypted(), surroundings.clone()).unwrap();
    for name in store.list("keys").unwrap().into_iter().chain(store.list("second/keys").unwrap()) {
        store.delete(&name.name);
    }
    let open = |credentials| Repository::open(Arc::new(store.clone()), &credentials, surroundings.clone());
    assert!(open(Credentials::Code(code.unwrap())).is_ok());
    assert_eq!(open(Credentials::Password(b"secret".to_vec().into())).unwrap_err().code(), "no-key-slots");
}

#[test]
fn a_source_that_is_one_file() {
    let world = World::new(&NewProtection::Plain, 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.jpg");
    std::fs::write(&path, "a photo").unwrap();
    let source = |path: &std::path::Path| SnapSource {
        source: Arc::new(crate::scan::OsSource::open(path).unwrap()),
        path: path.as_os_str().as_encoded_bytes().to_vec(),
        label: None,
        repository_inside: None,
    };
    let report = snap(&world.repository, &[source(&path)], &SnapOptions::default(), &Silent).unwrap();
    assert_eq!((report.sources[0].label.as_str(), report.sources[0].files), ("photo.jpg", 1));
    assert_eq!(world.files().into_values().collect::<Vec<_>>(), vec![b"a photo".to_vec()]);
}

/// A label with a slash made a snapshot that no reader accepted, and was called taken. It is refused before anything is written.
#[test]
fn labels_and_notes_that_no_reader_accepts_are_refused() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    let before = world.store.names();
    for label in ["we/ird", "", "..", &"x".repeat(5_000)] {
        let label = Some(label.to_owned());
        let source = SnapSource { source: world.source.clone(), path: b"/p".to_vec(), label, repository_inside: None };
        assert_eq!(snap(&world.repository, &[source], &SnapOptions::default(), &Silent).unwrap_err().exit_code(), 2);
    }
    let source = SnapSource { source: world.source.clone(), path: b"/p".to_vec(), label: None, repository_inside: None };
    let options = SnapOptions { note: "x".repeat(5_000), ..SnapOptions::default() };
    assert_eq!(snap(&world.repository, &[source], &options, &Silent).unwrap_err().exit_code(), 2);
    assert_eq!(world.store.names(), before);
}
