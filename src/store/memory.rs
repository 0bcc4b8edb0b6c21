//! Owns [`MemoryStore`]: a store for tests that records what was asked of it and lets its files be damaged.
//!
//! Every call counts as one request, as it would cost one round trip at a distant place.

use super::name::{check_below, check_folder, check_name, is_below};
use super::{At, Listed, Operation, Put, Store, StoreError, Upload, lock};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// One call that a [`MemoryStore`] got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What was asked.
    pub operation: Operation,
    /// Of which file or folder.
    pub name: String,
}

/// Files in memory. [`Clone`] gives a second handle on the same files, [`MemoryStore::deep_clone`] a copy of them.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<String, File>,
    /// Counts changes: the stamp of the file last changed.
    tick: i64,
    requests: Vec<Request>,
}

#[derive(Debug, Clone)]
struct File {
    bytes: Arc<Vec<u8>>,
    stamp: i64,
}

impl Inner {
    fn set(&mut self, name: &str, bytes: Arc<Vec<u8>>) {
        self.tick += 1;
        self.files.insert(name.to_owned(), File { bytes, stamp: self.tick });
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every call since the start or the last [`MemoryStore::reset_requests`], in order.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.inner).requests.clone()
    }

    /// How often `operation` was asked for.
    pub fn request_count(&self, operation: Operation) -> usize {
        lock(&self.inner).requests.iter().filter(|request| request.operation == operation).count()
    }

    /// Forgets the calls so far.
    pub fn reset_requests(&self) {
        lock(&self.inner).requests.clear();
    }

    /// All names, sorted; no request.
    pub fn names(&self) -> Vec<String> {
        lock(&self.inner).files.keys().cloned().collect()
    }

    /// The bytes of a file; no request.
    pub fn bytes_of(&self, name: &str) -> Option<Vec<u8>> {
        lock(&self.inner).files.get(name).map(|file| file.bytes.to_vec())
    }

    /// Gives a file other bytes, as damage or a foreign tool does; the name may be any. No request.
    pub fn set_bytes(&self, name: &str, bytes: Vec<u8>) {
        lock(&self.inner).set(name, Arc::new(bytes));
    }

    /// Loses a file; whether it was there. No request.
    pub fn delete(&self, name: &str) -> bool {
        lock(&self.inner).files.remove(name).is_some()
    }

    /// A second store with the same files and no requests, as a dumb copy would be. Cheap: bytes are shared until changed.
    pub fn deep_clone(&self) -> Self {
        let inner = lock(&self.inner);
        let copy = Inner { files: inner.files.clone(), tick: inner.tick, requests: Vec::new() };
        Self { inner: Arc::new(Mutex::new(copy)) }
    }

    fn record(&self, operation: Operation, name: &str) {
        lock(&self.inner).requests.push(Request { operation, name: name.to_owned() });
    }

    fn find(&self, operation: Operation, name: &str) -> Result<Arc<Vec<u8>>, StoreError> {
        check_name(name)?;
        self.record(operation, name);
        let inner = lock(&self.inner);
        let file = inner.files.get(name).ok_or_else(|| StoreError::NotFound { at: at(name) })?;
        Ok(Arc::clone(&file.bytes))
    }
}

fn at(name: &str) -> At {
    At { place: "memory".to_owned(), name: name.to_owned() }
}

fn listed(name: &str, file: &File) -> Listed {
    Listed { name: name.to_owned(), length_bytes: file.bytes.len() as u64, stamp: Some(file.stamp), placeholder: false }
}

impl Store for MemoryStore {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>, StoreError> {
        check_folder(folder)?;
        self.record(Operation::List, folder);
        let inner = lock(&self.inner);
        Ok(inner.files.iter().filter(|(name, _)| is_below(name, folder)).map(|(name, file)| listed(name, file)).collect())
    }

    fn stat(&self, name: &str) -> Result<Option<Listed>, StoreError> {
        check_name(name)?;
        self.record(Operation::Stat, name);
        Ok(lock(&self.inner).files.get(name).map(|file| listed(name, file)))
    }

    fn get(&self, name: &str, length_bytes_max: u64) -> Result<Vec<u8>, StoreError> {
        let bytes = self.find(Operation::Get, name)?;
        let length_bytes = bytes.len() as u64;
        if length_bytes > length_bytes_max {
            return Err(StoreError::TooLong { at: at(name), length_bytes, length_bytes_max });
        }
        Ok(bytes.to_vec())
    }

    fn get_range(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<(), StoreError> {
        let bytes = self.find(Operation::GetRange, name)?;
        if into.is_empty() {
            return Ok(());
        }
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let part = start.checked_add(into.len()).and_then(|end| bytes.get(start..end));
        match part {
            Some(part) => {
                into.copy_from_slice(part);
                Ok(())
            }
            None => Err(StoreError::Short { at: at(name), offset, wanted_bytes: into.len() as u64, length_bytes: bytes.len() as u64 }),
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<Put, StoreError> {
        check_name(name)?;
        self.record(Operation::Put, name);
        let mut inner = lock(&self.inner);
        match inner.files.get(name) {
            Some(file) if file.bytes.as_slice() == bytes => Ok(Put::AlreadyThere),
            Some(_) => Ok(Put::Differs),
            None => {
                inner.set(name, Arc::new(bytes.to_vec()));
                Ok(Put::Stored)
            }
        }
    }

    fn begin(&self, folder: &str) -> Result<Box<dyn Upload>, StoreError> {
        check_folder(folder)?;
        self.record(Operation::Begin, folder);
        Ok(Box::new(MemoryUpload { store: self.clone(), folder: folder.to_owned(), bytes: Mutex::default() }))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        check_name(name)?;
        self.record(Operation::Replace, name);
        lock(&self.inner).set(name, Arc::new(bytes.to_vec()));
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        check_name(name)?;
        self.record(Operation::Remove, name);
        lock(&self.inner).files.remove(name);
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.record(Operation::Sync, "");
        Ok(())
    }

    fn remove_stale_temporaries(&self) -> Result<u64, StoreError> {
        self.record(Operation::RemoveStale, "");
        Ok(0)
    }
}

/// An upload is invisible until it is finished: there is no process here that could leave it behind.
#[derive(Debug)]
struct MemoryUpload {
    store: MemoryStore,
    folder: String,
    bytes: Mutex<Vec<u8>>,
}

impl Upload for MemoryUpload {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.store.record(Operation::WriteAt, &self.folder);
        let start = usize::try_from(offset).ok();
        let Some((start, end)) = start.and_then(|start| Some((start, start.checked_add(bytes.len())?))) else {
            return Err(StoreError::DiskFull {
                operation: Operation::WriteAt,
                at: at(&self.folder),
                source: std::io::ErrorKind::FileTooLarge.into(),
            });
        };
        let mut written = lock(&self.bytes);
        if written.len() < end {
            written.resize(end, 0);
        }
        written[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>, name: &str, length_bytes: u64) -> Result<Put, StoreError> {
        check_below(name, &self.folder)?;
        self.store.record(Operation::Finish, name);
        let mut bytes = std::mem::take(&mut *lock(&self.bytes));
        match usize::try_from(length_bytes) {
            Ok(length) if length <= bytes.len() => bytes.truncate(length),
            _ => {
                let written = bytes.len() as u64;
                return Err(StoreError::Short { at: at(name), offset: 0, wanted_bytes: length_bytes, length_bytes: written });
            }
        }
        let mut inner = lock(&self.store.inner);
        match inner.files.get(name) {
            Some(file) if file.bytes.len() == bytes.len() => Ok(Put::AlreadyThere),
            Some(_) => Ok(Put::Differs),
            None => {
                inner.set(name, Arc::new(bytes));
                Ok(Put::Stored)
            }
        }
    }
}
