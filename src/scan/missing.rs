//! Owns [`MissingSource`]: a source that could not even be opened, so that the others of a run go on without it.

use super::error::{Operation, ScanError};
use super::source::{FileSystem, Listed, Source, SourceFile, Stat};

/// A source of which nothing can be had: every call answers with the error that opening it gave.
#[derive(Debug, Clone)]
pub struct MissingSource {
    place: Vec<u8>,
    error: ScanError,
}

impl MissingSource {
    /// The source at `place`, which failed with `error`.
    pub fn new(place: Vec<u8>, error: ScanError) -> Self {
        Self { place, error }
    }

    /// The source at `place`, which is not there.
    pub fn not_found(place: Vec<u8>) -> Self {
        let error = ScanError::NotFound { path: place.clone(), operation: Operation::Open };
        Self { place, error }
    }

    fn fails<T>(&self) -> Result<T, ScanError> {
        Err(self.error.clone())
    }
}

impl Source for MissingSource {
    fn place(&self) -> Vec<u8> {
        self.place.clone()
    }

    fn stat(&self, _path: &[u8]) -> Result<Stat, ScanError> {
        self.fails()
    }

    fn list(&self, _path: &[u8]) -> Result<Vec<Listed>, ScanError> {
        self.fails()
    }

    fn open(&self, _path: &[u8]) -> Result<Box<dyn SourceFile>, ScanError> {
        self.fails()
    }

    fn read_link(&self, _path: &[u8]) -> Result<Vec<u8>, ScanError> {
        self.fails()
    }

    fn file_system(&self, _path: &[u8]) -> Result<FileSystem, ScanError> {
        self.fails()
    }

    fn owner_names(&self, _uid: u32, _gid: u32) -> (String, String) {
        (String::new(), String::new())
    }
}
