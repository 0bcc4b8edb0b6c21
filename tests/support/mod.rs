//! A small world for whole-program tests: a made-up library, a repository, a clock that is told the time, and what a careful person checks.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tintype::clock::{Clock, ManualClock, Timestamp};
use tintype::ops::check::{CheckOptions, CheckReport, Depth, check};
use tintype::ops::restore::{FoundKind, MemoryLimits, MemoryTarget, RestoreOptions, RestoreReport, plan_restore};
use tintype::ops::snap::{SnapOptions, SnapReport, SnapSource, snap};
use tintype::ops::{Error, SnapshotRef};
use tintype::progress::Silent;
use tintype::repo::{Credentials, Entropy, Local, NewProtection, RecoveryCode, Repository, SlotStrength, SnapshotList, Surroundings};
use tintype::scan::{Content, EntryKind, LargeWindows, MemorySource, WalkOptions, Window, read_pieces, walk};
use tintype::store::Store;

/// 2026-11-22T18:04:00Z.
pub const NOW: i64 = 1_795_370_640;

/// One machine: a clock, and a state folder of its own.
pub struct Machine {
    pub clock: Arc<ManualClock>,
    pub surroundings: Surroundings,
    _folder: Option<tempfile::TempDir>,
}

impl Machine {
    /// A machine that never saw anything. Replayable from `seed`.
    pub fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut machine = Self::without_state(seed);
        machine.surroundings.local = Arc::new(Local {
            cache_dir: Some(folder.path().join("cache")),
            state_dir: Some(folder.path().join("state")),
            host: format!("machine-{seed}"),
            release_seconds: NOW - 86_400,
            system_id: None,
        });
        machine._folder = Some(folder);
        machine
    }

    /// A machine that remembers nothing.
    pub fn without_state(seed: u64) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(NOW)));
        let local = Arc::new(Local { host: format!("machine-{seed}"), release_seconds: NOW - 86_400, ..Local::default() });
        let entropy = Arc::new(Entropy::seeded(seed));
        let surroundings = Surroundings { clock: clock.clone() as Arc<dyn Clock>, entropy, local, threads: 1 };
        Self { clock, surroundings, _folder: None }
    }

    pub fn open(&self, store: Arc<dyn Store>, credentials: &Credentials) -> Result<Repository, tintype::repo::RepoError> {
        Repository::open(store, credentials, self.surroundings.clone())
    }
}

/// How a repository of a test is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    Plain,
    Encrypted,
}

/// Makes a repository; the credentials open it again (by the recovery code, so that no test waits for Argon2id).
pub fn create(store: Arc<dyn Store>, machine: &Machine, protection: Protection) -> (Repository, Credentials) {
    let new = match protection {
        Protection::Plain => NewProtection::Plain,
        Protection::Encrypted => NewProtection::Encrypted { password: Some(b"secret".to_vec().into()), strength: SlotStrength::Test },
    };
    let (repository, code) = Repository::create(store, &new, machine.surroundings.clone()).expect("a new repository");
    (repository, credentials(code))
}

pub fn credentials(code: Option<RecoveryCode>) -> Credentials {
    code.map_or(Credentials::None, Credentials::Code)
}

/// A library of a few photos; `round` changes some of them.
pub fn edit_library(source: &MemorySource, round: u64) {
    let photo = |seed: u64, length_bytes: u64| Content::Generated { seed, length_bytes };
    match round {
        0 => {
            source.add_file("2019/07/IMG_0412.HEIC", photo(1, 30_000));
            source.add_file("2019/07/IMG_0413.HEIC", photo(2, 700_000));
            source.add_file("2019/07/IMG_0413.json", "{\"title\": \"IMG_0413.HEIC\"}");
            source.add_file("2020/film.mov", photo(3, 1_500_000));
            source.add_file("copy.HEIC", photo(1, 30_000));
            source.add_file("empty", "");
            source.add_folder("nothing here");
            source.add_symlink("newest", "2020/film.mov");
            source.add_hard_link("2020/film.mov", "2020/same film.mov");
        }
        more => {
            source.add_file(format!("2021/IMG_{more:04}.JPG"), photo(100 + more, 20_000 + more * 10));
            source.add_file("2019/07/IMG_0413.json", format!("{{\"title\": \"edit {more}\"}}").as_str());
        }
    }
}

/// Snaps the library as one source.
pub fn snap_library(repository: &Repository, source: &Arc<MemorySource>) -> Result<SnapReport, Error> {
    let source = SnapSource { source: source.clone(), path: b"/home/ann/Pictures".to_vec(), label: None, repository_inside: None };
    snap(repository, &[source], &SnapOptions::default(), &Silent)
}

/// Paths and bytes of files, as restored.
pub type Files = BTreeMap<Vec<u8>, Vec<u8>>;

/// Restores a snapshot into memory.
pub fn restore(repository: &Repository, name: &SnapshotRef) -> Result<(RestoreReport, Files), Error> {
    let target = Arc::new(MemoryTarget::new(MemoryLimits::default()));
    let options = RestoreOptions { snapshots: vec![(name.clone(), None)], ..RestoreOptions::default() };
    let report = plan_restore(repository, target.clone(), &options, &Silent)?.run(&Silent)?;
    let everything = target.everything().into_iter().filter(|(_, found)| found.kind == FoundKind::File);
    Ok((report, everything.map(|(path, _)| (path.clone(), target.bytes(&path).unwrap_or_default())).collect()))
}

/// What a source holds, read directly.
pub fn files_of(source: &MemorySource) -> Files {
    let walked = walk(source, &WalkOptions::default(), &Silent).expect("the source can be walked");
    let mut files = Files::new();
    for folder in &walked.folders {
        for entry in folder.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::File { .. })) {
            let path = if folder.path.is_empty() { entry.name.to_vec() } else { [&folder.path[..], b"/", entry.name].concat() };
            let mut bytes = Vec::new();
            let mut window = Window::new(LargeWindows::new(1));
            let seen = read_pieces::<()>(source, &path, &mut window, &mut |piece| {
                bytes.extend_from_slice(piece.raw);
                Ok(())
            });
            assert!(seen.expect("no error of the test's own").is_ok(), "a file of the test's source cannot be read");
            files.insert(path, bytes);
        }
    }
    files
}

/// Every snapshot that exists.
pub fn snapshots(repository: &Repository) -> Vec<SnapshotRef> {
    let notices = repository.notices().expect("notices can be read");
    let list = SnapshotList::take(&**repository.store(), &notices).expect("snapshots can be listed");
    list.newest_first().iter().map(|(file, _)| SnapshotRef::Id(file.hash.hex())).collect()
}

/// Checks everything in this depth.
pub fn check_all(repository: &Repository, depth: Depth) -> Result<CheckReport, Error> {
    check(repository, &CheckOptions { snapshots: Vec::new(), depth }, &Silent)
}

/// Whether this is a run that may take long.
pub fn is_long() -> bool {
    std::env::var_os("TINTYPE_LONG").is_some()
}

/// A place for the corpus that lies beside the project, or `None` with a printed reason.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if root.exists() {
        return Some(root);
    }
    println!("SKIP: ../shared/{path} is not here");
    None
}

/// Advances a clock by a minute: files are then old enough to be taken for unchanged.
pub fn a_minute_later(machine: &Machine) {
    machine.clock.advance(Duration::from_secs(60));
}
