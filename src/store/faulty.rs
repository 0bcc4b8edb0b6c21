//! Owns [`FaultyStore`]: any store, made to fail where a test wants it.
//!
//! Without faults it behaves as the store inside. Once stopped, the process that uses it counts as dead: every call fails, so
//! that nothing a dead process could not have done is done.

use super::name::check_below;
use super::{At, Listed, Operation, Put, Store, StoreError, Upload, lock};
use rustix::io::Errno;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// What the last operation before a stop leaves under its final name, as tools do that give a name before the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Torn {
    /// The first half of the bytes.
    Short,
    /// The whole length, zeros from the middle on.
    Zeros,
}

/// A store that fails on demand.
#[derive(Debug)]
pub struct FaultyStore<S: Store + ?Sized + 'static = dyn Store> {
    inner: Arc<S>,
    faults: Arc<Mutex<Faults>>,
}

#[derive(Debug, Default)]
struct Faults {
    stop_after: Option<u64>,
    torn: Option<Torn>,
    stopped: bool,
    changes: u64,
    unreadable: Vec<(String, Range<u64>)>,
    denied: Vec<String>,
    free_bytes: Option<u64>,
    hidden: Vec<String>,
}

/// What a changing operation is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Go {
    On,
    /// Leave a torn file, then be dead.
    Tear(Torn),
}

impl<S: Store + ?Sized + 'static> FaultyStore<S> {
    /// Wraps `inner`; no faults yet.
    pub fn new(inner: Arc<S>) -> Self {
        Self { inner, faults: Arc::default() }
    }

    /// The store inside, without faults.
    pub fn inner(&self) -> &Arc<S> {
        &self.inner
    }

    /// Lets `count` more changing operations (put, begin, write_at, finish, replace, remove, sync) succeed and then stops everything.
    pub fn stop_after(&self, count: u64) {
        let mut faults = lock(&self.faults);
        faults.stop_after = Some(faults.changes + count);
        faults.stopped = count == 0;
    }

    /// Makes the last operation before the stop, if it is a put or finish, leave a torn file under its name and fail.
    pub fn tear(&self, torn: Torn) {
        lock(&self.faults).torn = Some(torn);
    }

    /// Makes reading any of the bytes `range` of `name` a read error.
    pub fn fail_reads(&self, name: &str, range: Range<u64>) {
        lock(&self.faults).unreadable.push((name.to_owned(), range));
    }

    /// Makes reading anything of `name` fail for want of permission, as a file does that another user owns.
    pub fn deny_reads(&self, name: &str) {
        lock(&self.faults).denied.push(name.to_owned());
    }

    /// Lets `bytes` more be written until the disk is full.
    pub fn fill_after(&self, bytes: u64) {
        lock(&self.faults).free_bytes = Some(bytes);
    }

    /// Leaves `name` out of listings, as a place does whose listings lag behind; it can be read and looked at.
    pub fn hide(&self, name: &str) {
        lock(&self.faults).hidden.push(name.to_owned());
    }

    /// Ends all faults: a new process, a new disk.
    pub fn heal(&self) {
        let mut faults = lock(&self.faults);
        *faults = Faults { changes: faults.changes, ..Faults::default() };
    }

    /// How many changing operations were done so far.
    pub fn change_count(&self) -> u64 {
        lock(&self.faults).changes
    }

    /// Whether it has stopped.
    pub fn is_stopped(&self) -> bool {
        lock(&self.faults).stopped
    }

    fn check_alive(&self, operation: Operation, name: &str) -> Result<(), StoreError> {
        if !self.is_stopped() {
            return Ok(());
        }
        Err(StoreError::Injected { operation, at: self.at(name) })
    }

    fn check_readable(&self, operation: Operation, name: &str, offset: u64, length_bytes: u64) -> Result<(), StoreError> {
        self.check_alive(operation, name)?;
        if lock(&self.faults).denied.iter().any(|file| file == name) {
            return Err(StoreError::Denied { operation, at: self.at(name), source: Errno::ACCESS.into() });
        }
        let end = offset.saturating_add(length_bytes);
        let hit = |(file, range): &(String, Range<u64>)| file == name && range.start < end && offset < range.end;
        if lock(&self.faults).unreadable.iter().any(hit) {
            return Err(StoreError::Read { operation, at: self.at(name), source: Errno::IO.into() });
        }
        Ok(())
    }

    fn change(&self, operation: Operation, name: &str, length_bytes: u64) -> Result<Go, StoreError> {
        lock(&self.faults).change(operation, At { place: self.inner.place(), name: name.to_owned() }, length_bytes)
    }

    fn at(&self, name: &str) -> At {
        At { place: self.inner.place(), name: name.to_owned() }
    }
}

impl Faults {
    fn change(&mut self, operation: Operation, at: At, length_bytes: u64) -> Result<Go, StoreError> {
        if self.stopped {
            return Err(StoreError::Injected { operation, at });
        }
        self.changes += 1;
        self.stopped = self.stop_after.is_some_and(|last| self.changes >= last);
        match self.torn {
            Some(torn) if self.stopped && matches!(operation, Operation::Put | Operation::Finish) => {
                return Ok(Go::Tear(torn));
            }
            _ => {}
        }
        if let Some(free) = &mut self.free_bytes {
            if *free < length_bytes {
                return Err(StoreError::DiskFull { operation, at, source: Errno::NOSPC.into() });
            }
            *free -= length_bytes;
        }
        Ok(Go::On)
    }
}

fn tear_bytes(bytes: &[u8], torn: Torn) -> Vec<u8> {
    let mut left = bytes[..bytes.len() / 2].to_vec();
    if torn == Torn::Zeros {
        left.resize(bytes.len(), 0);
    }
    left
}

impl<S: Store + ?Sized + 'static> Store for FaultyStore<S> {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>, StoreError> {
        self.check_alive(Operation::List, folder)?;
        let mut found = self.inner.list(folder)?;
        let faults = lock(&self.faults);
        found.retain(|file| !faults.hidden.contains(&file.name));
        Ok(found)
    }

    fn stat(&self, name: &str) -> Result<Option<Listed>, StoreError> {
        self.check_alive(Operation::Stat, name)?;
        self.inner.stat(name)
    }

    fn get(&self, name: &str, length_bytes_max: u64) -> Result<Vec<u8>, StoreError> {
        self.check_alive(Operation::Get, name)?;
        let bytes = self.inner.get(name, length_bytes_max)?;
        self.check_readable(Operation::Get, name, 0, bytes.len() as u64)?;
        Ok(bytes)
    }

    fn get_range(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<(), StoreError> {
        self.check_readable(Operation::GetRange, name, offset, into.len() as u64)?;
        self.inner.get_range(name, offset, into)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<Put, StoreError> {
        let Go::Tear(torn) = self.change(Operation::Put, name, bytes.len() as u64)? else {
            return self.inner.put(name, bytes);
        };
        self.inner.put(name, &tear_bytes(bytes, torn))?;
        Err(StoreError::Injected { operation: Operation::Put, at: self.at(name) })
    }

    fn begin(&self, folder: &str) -> Result<Box<dyn Upload>, StoreError> {
        self.change(Operation::Begin, folder, 0)?;
        let inner = self.inner.begin(folder)?;
        let store = FaultyStore { inner: Arc::clone(&self.inner), faults: Arc::clone(&self.faults) };
        Ok(Box::new(FaultyUpload { inner, store, folder: folder.to_owned() }))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.change(Operation::Replace, name, bytes.len() as u64)?;
        self.inner.replace(name, bytes)
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.change(Operation::Remove, name, 0)?;
        self.inner.remove(name)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.change(Operation::Sync, "", 0)?;
        self.inner.sync()
    }

    fn remove_stale_temporaries(&self) -> Result<u64, StoreError> {
        self.check_alive(Operation::RemoveStale, "")?;
        self.inner.remove_stale_temporaries()
    }

    fn forget_cached(&self, name: &str) {
        self.inner.forget_cached(name);
    }

    fn in_the_way(&self, name: &str) -> Option<&'static str> {
        self.inner.in_the_way(name)
    }

    fn weaknesses(&self) -> Vec<String> {
        self.inner.weaknesses()
    }

    fn device(&self) -> Option<u64> {
        self.inner.device()
    }
}

#[derive(Debug)]
struct FaultyUpload<S: Store + ?Sized + 'static> {
    inner: Box<dyn Upload>,
    store: FaultyStore<S>,
    folder: String,
}

impl<S: Store + ?Sized + 'static> Upload for FaultyUpload<S> {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.store.change(Operation::WriteAt, &self.folder, bytes.len() as u64)?;
        self.inner.write_at(offset, bytes)
    }

    fn finish(self: Box<Self>, name: &str, length_bytes: u64) -> Result<Put, StoreError> {
        check_below(name, &self.folder)?;
        let Self { inner, store, folder } = *self;
        match store.change(Operation::Finish, name, 0)? {
            Go::On => return inner.finish(name, length_bytes),
            Go::Tear(Torn::Short) => inner.finish(name, length_bytes / 2)?,
            Go::Tear(Torn::Zeros) => {
                // The bytes written are not known here: zeros from the beginning.
                drop(inner);
                let zeros = store.inner.begin(&folder)?;
                let piece = vec![0; 1 << 20];
                let mut offset = 0;
                while offset < length_bytes {
                    let count = usize::try_from(length_bytes - offset).unwrap_or(usize::MAX).min(piece.len());
                    zeros.write_at(offset, &piece[..count])?;
                    offset += count as u64;
                }
                zeros.finish(name, length_bytes)?
            }
        };
        Err(StoreError::Injected { operation: Operation::Finish, at: store.at(name) })
    }
}
