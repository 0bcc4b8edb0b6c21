//! A drive that does not give back what was written to it.

use crate::clock::{ManualClock, Timestamp};
use crate::ops::Outcome;
use crate::ops::snap::{ReadBack, SnapOptions, SnapSource, snap};
use crate::progress::Silent;
use crate::repo::{Entropy, Local, NewProtection, Repository, Surroundings};
use crate::scan::{Content, MemorySource};
use crate::store::{Listed, MemoryStore, Put, Store, StoreError, Upload};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Gives other bytes for the first pack that it is asked about, until it is replaced.
#[derive(Debug)]
struct Liar {
    inner: MemoryStore,
    lied_about: Mutex<BTreeSet<String>>,
    is_awake: Mutex<bool>,
}

/// Within the records, so that length and trailer agree.
const SPOILED_AT: u64 = 200;

impl Liar {
    fn spoils(&self, name: &str) -> bool {
        let mut lied_about = self.lied_about.lock().unwrap();
        let is_data = name.starts_with("packs/") && *self.is_awake.lock().unwrap();
        if is_data && lied_about.is_empty() {
            lied_about.insert(name.to_owned());
        }
        lied_about.contains(name)
    }
}

impl Store for Liar {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>, StoreError> {
        self.inner.list(folder)
    }

    fn stat(&self, name: &str) -> Result<Option<Listed>, StoreError> {
        self.inner.stat(name)
    }

    fn get(&self, name: &str, length_bytes_max: u64) -> Result<Vec<u8>, StoreError> {
        self.inner.get(name, length_bytes_max)
    }

    fn get_range(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<(), StoreError> {
        self.inner.get_range(name, offset, into)?;
        let within = usize::try_from(SPOILED_AT - offset.min(SPOILED_AT)).unwrap();
        if self.spoils(name) && offset <= SPOILED_AT && within < into.len() {
            into[within] ^= 1;
        }
        Ok(())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<Put, StoreError> {
        self.inner.put(name, bytes)
    }

    fn begin(&self, folder: &str) -> Result<Box<dyn Upload>, StoreError> {
        self.inner.begin(folder)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.inner.replace(name, bytes)
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.inner.remove(name)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.inner.sync()
    }

    fn remove_stale_temporaries(&self) -> Result<u64, StoreError> {
        self.inner.remove_stale_temporaries()
    }
}

#[test]
fn what_a_drive_does_not_give_back_is_stored_again_before_a_snapshot_names_it() {
    for which in [ReadBack::All, ReadBack::Sample] {
        let liar = Arc::new(Liar { inner: MemoryStore::new(), lied_about: Mutex::default(), is_awake: Mutex::new(false) });
        let local = tempfile::tempdir().unwrap();
        let surroundings = Surroundings {
            clock: Arc::new(ManualClock::at(Timestamp::from_seconds(1_795_370_640))),
            entropy: Arc::new(Entropy::seeded(7)),
            local: Arc::new(Local { state_dir: Some(local.path().to_path_buf()), ..Local::default() }),
            threads: 1,
        };
        let (repository, _) = Repository::create(liar.clone(), &NewProtection::Plain, surroundings).unwrap();
        let source = Arc::new(MemorySource::new());
        source.add_file("film.mov", Content::Generated { seed: 3, length_bytes: 3_000_000 }).add_file("a.jpg", "a");
        *liar.is_awake.lock().unwrap() = true;
        let source = SnapSource { source, path: b"/home/photos".to_vec(), label: None, repository_inside: None };
        let options = SnapOptions { read_back: which, ..SnapOptions::default() };
        let report = snap(&repository, &[source], &options, &Silent).unwrap();
        let codes: Vec<&str> = report.problems.iter().map(|problem| problem.code).collect();
        assert_eq!((codes, Outcome::of(&report.problems).exit_code()), (vec!["pack-damaged", "not-kept-by-drive"], 3), "{which:?}");
        assert!(report.packs_read_back >= 2);
        // No snapshot needs the pack that does not come back.
        let lied_about = liar.lied_about.lock().unwrap().iter().next().cloned().unwrap();
        let checked = crate::ops::check::check(&repository, &crate::ops::check::CheckOptions::default(), &Silent).unwrap();
        assert_eq!(checked.exit_code, 0, "{:?}", checked.problems);
        assert!(liar.inner.bytes_of(&lied_about).is_some(), "it stays where it is");
    }
}
