//! Owns what the tests of the commands that look need: a source and a repository in memory, and snaps of them a minute apart.

use super::snap::{SnapOptions, SnapReport, SnapSource, snap};
use crate::clock::{ManualClock, Timestamp};
use crate::progress::Silent;
use crate::repo::{Entropy, Local, NameFolder, NewProtection, PackKind, Packs, Repository, StoredFile, Surroundings};
use crate::scan::{MemorySource, generate};
use crate::store::MemoryStore;
use std::sync::Arc;
use std::time::Duration;

/// 2026-11-22T18:04:00Z.
const NOW: i64 = 1_795_370_640;

/// A JPEG of 60,000 coded bytes that depend on `seed`, with a caption in its metadata.
pub(super) fn jpeg(seed: u64, caption: &str) -> Vec<u8> {
    let segment = |code: u8, body: &[u8]| [&[0xff, code][..], &u16::try_from(body.len() + 2).unwrap().to_be_bytes(), body].concat();
    let mut coded = vec![0; 60_000];
    generate(seed, 0, &mut coded);
    coded.iter_mut().filter(|byte| **byte == 0xff).for_each(|byte| *byte = 0);
    let metadata = [segment(0xe1, b"Exif\0\0 of a camera"), segment(0xe1, caption.as_bytes())].concat();
    [vec![0xff, 0xd8], metadata, segment(0xdb, &[1; 64]), segment(0xda, &[0; 10]), coded, vec![0xff, 0xd9]].concat()
}

pub(super) struct World {
    pub(super) store: MemoryStore,
    pub(super) source: Arc<MemorySource>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) repository: Repository,
    _local: tempfile::TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let (store, local) = (MemoryStore::new(), tempfile::tempdir().unwrap());
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(NOW)));
        let dirs = Local {
            cache_dir: Some(local.path().join("cache")),
            state_dir: Some(local.path().join("state")),
            host: "mac".to_owned(),
            ..Local::default()
        };
        let surroundings = Surroundings { clock: clock.clone(), entropy: Arc::new(Entropy::seeded(7)), local: Arc::new(dirs), threads: 1 };
        let (repository, _) = Repository::create(Arc::new(store.clone()), &NewProtection::Plain, surroundings).unwrap();
        let source = Self::source();
        source.set_clock(clock.clone());
        Self { store, source, clock, repository, _local: local }
    }

    pub(super) fn source() -> Arc<MemorySource> {
        Arc::new(MemorySource::new())
    }

    pub(super) fn snap(&self) -> SnapReport {
        self.snap_of(&[("/home/ann/Pictures", self.source.clone())])
    }

    pub(super) fn snap_of(&self, sources: &[(&str, Arc<MemorySource>)]) -> SnapReport {
        self.clock.advance(Duration::from_secs(60));
        let of = |(path, source): &(&str, Arc<MemorySource>)| SnapSource {
            source: source.clone(),
            path: path.as_bytes().to_vec(),
            label: None,
            repository_inside: None,
        };
        let sources: Vec<SnapSource> = sources.iter().map(of).collect();
        snap(&self.repository, &sources, &SnapOptions::default(), &Silent).unwrap()
    }

    /// The packs of one kind, by their first copies.
    pub(super) fn packs(&self, kind: PackKind) -> Vec<StoredFile> {
        let loaded = self.repository.load_index(&Packs::list(&self.store).unwrap()).unwrap();
        let of_kind = loaded.index.packs().iter().filter(|pack| pack.kind == kind);
        of_kind.map(|pack| StoredFile::first(NameFolder::Packs, pack.name)).collect()
    }
}
