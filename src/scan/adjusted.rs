//! Owns [`Adjusted`]: a source seen with a wrong clock put right, or with its placeholders as files that may be read.

use super::source::{FileSystem, Listed, Source, SourceFile, Stat};
use super::{Attributes, Hole, ScanError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How a source is seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adjustment {
    /// Placeholders may be read, which downloads them.
    pub download_placeholders: bool,
    /// So many seconds are taken from all times of files on these devices.
    pub shift_seconds: i64,
    /// The devices whose clock is off.
    pub shifted_devices: BTreeSet<u64>,
}

impl Adjustment {
    /// The facts as they are seen.
    pub fn of(&self, mut stat: Stat) -> Stat {
        if self.shifted_devices.contains(&stat.device) {
            let length = Duration::from_secs(self.shift_seconds.unsigned_abs());
            for time in [Some(&mut stat.mtime), stat.birth.as_mut()].into_iter().flatten() {
                *time = if self.shift_seconds < 0 { time.plus(length) } else { time.minus(length) };
            }
        }
        Stat { placeholder: stat.placeholder && !self.download_placeholders, ..stat }
    }
}

/// A source, seen so.
#[derive(Debug)]
pub struct Adjusted {
    source: Arc<dyn Source>,
    adjustment: Arc<Adjustment>,
}

impl Adjusted {
    /// `source` as `adjustment` says.
    pub fn new(source: Arc<dyn Source>, adjustment: Adjustment) -> Self {
        Self { source, adjustment: Arc::new(adjustment) }
    }
}

impl Source for Adjusted {
    fn place(&self) -> Vec<u8> {
        self.source.place()
    }

    fn stat(&self, path: &[u8]) -> Result<Stat, ScanError> {
        self.source.stat(path).map(|stat| self.adjustment.of(stat))
    }

    fn list(&self, path: &[u8]) -> Result<Vec<Listed>, ScanError> {
        let listed = self.source.list(path)?.into_iter();
        Ok(listed.map(|(name, stat)| (name, stat.map(|stat| self.adjustment.of(stat)))).collect())
    }

    fn open(&self, path: &[u8]) -> Result<Box<dyn SourceFile>, ScanError> {
        Ok(Box::new(AdjustedFile { file: self.source.open(path)?, adjustment: Arc::clone(&self.adjustment) }))
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, ScanError> {
        self.source.read_link(path)
    }

    fn attributes(&self, folder: &[u8]) -> Attributes {
        self.source.attributes(folder)
    }

    fn file_system(&self, path: &[u8]) -> Result<FileSystem, ScanError> {
        self.source.file_system(path)
    }

    fn parent_device(&self) -> Option<u64> {
        self.source.parent_device()
    }

    fn owner_names(&self, uid: u32, gid: u32) -> (String, String) {
        self.source.owner_names(uid, gid)
    }
}

struct AdjustedFile {
    file: Box<dyn SourceFile>,
    adjustment: Arc<Adjustment>,
}

impl SourceFile for AdjustedFile {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ScanError> {
        self.file.read(into)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, ScanError> {
        self.file.read_at(offset, into)
    }

    fn stat(&mut self) -> Result<Stat, ScanError> {
        self.file.stat().map(|stat| self.adjustment.of(stat))
    }

    fn attributes(&mut self) -> Attributes {
        self.file.attributes()
    }

    fn holes(&mut self, length_bytes: u64) -> Result<Vec<Hole>, ScanError> {
        self.file.holes(length_bytes)
    }
}
