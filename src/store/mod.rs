//! Owns where bytes lie: the trait [`Store`] and its implementations. A store knows names and bytes only.
//!
//! Every store passes one contract suite ([`suite`]). Names are relative, ASCII, parts joined by `/`, never empty,
//! absolute, `.` or `..`. Nothing is ever changed in place: a name has no bytes, or all of them.

mod disk;
mod error;
mod faulty;
mod local;
mod memory;
mod name;
mod os_disk;
mod place;
mod simulated;
pub mod suite;
mod sync_folder;
mod upload;

#[cfg(test)]
mod tests;

pub use crate::sys::ALIGNMENT_BYTES;
pub use disk::{Caching, Disk, DiskEntry, DiskFile, DiskKind, DiskStat};
pub use error::{At, Operation, StoreError};
pub use faulty::{FaultyStore, Torn};
pub use local::LocalStore;
pub use memory::{MemoryStore, Request};
pub use os_disk::OsDisk;
pub use simulated::{Personality, SimulatedDisk};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One file that a listing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The whole name, relative to the store. A name that is not UTF-8 is given with replacement characters: it is foreign whatever it says.
    pub name: String,
    /// Length in bytes.
    pub length_bytes: u64,
    /// When it last changed, in a unit of the store's own; only equality means anything. `None` where the store cannot say.
    pub stamp: Option<i64>,
    /// A placeholder of a sync tool: here by name, its bytes would have to be downloaded.
    pub placeholder: bool,
}

/// What a [`Store::put`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The name was free; it has these bytes now.
    Stored,
    /// The name had exactly these bytes already; nothing was written.
    AlreadyThere,
    /// The name has other bytes; nothing was changed. [`Store::replace`] heals it.
    Differs,
}

/// A place for named, immutable files. All calls may come from many threads at once.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// The place in words for messages, such as a path.
    fn place(&self) -> String;

    /// Every regular file below `folder` at any depth, sorted by name; `""` lists everything. A folder that is absent is empty.
    /// Links are neither followed nor listed; temporary files are listed.
    fn list(&self, folder: &str) -> Result<Vec<Listed>, StoreError>;

    /// The one file of this name as [`Store::list`] would give it, or `None`.
    fn stat(&self, name: &str) -> Result<Option<Listed>, StoreError>;

    /// The whole file. More than `length_bytes_max` bytes is [`StoreError::TooLong`], found out without reading them all.
    fn get(&self, name: &str, length_bytes_max: u64) -> Result<Vec<u8>, StoreError>;

    /// Fills `into` from `offset`. A file that ends before is [`StoreError::Short`]. An empty `into` succeeds if the file is there.
    fn get_range(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<(), StoreError>;

    /// Writes a file whole or not at all, and durably: when this returns [`Put::Stored`] a power cut does not undo it.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<Put, StoreError>;

    /// Begins a file whose name is known only when it is complete; it lies under a temporary name in `folder` until then.
    fn begin(&self, folder: &str) -> Result<Box<dyn Upload>, StoreError>;

    /// Heals a name that has wrong bytes: writes `bytes` beside it, durably, reads them back, then takes the name over in one step.
    /// Also stores a name that is absent. A store that refuses to replace answers [`StoreError::ReplaceRefused`] and is unchanged.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError>;

    /// Removes a file; an absent one is no error. Only for what the protocol allows to be removed, and for own temporary files.
    fn remove(&self, name: &str) -> Result<(), StoreError>;

    /// Makes everything that was finished durable, folders included.
    fn sync(&self) -> Result<(), StoreError>;

    /// Removes temporary files that this machine left behind in runs that are no more. Returns how many.
    fn remove_stale_temporaries(&self) -> Result<u64, StoreError>;

    /// Asks that the next read of a file comes from the medium. A wish: nothing depends on it.
    fn forget_cached(&self, _name: &str) {}

    /// What stands in the way of a file of this name, if it is no file: nothing can be written over it, and nobody removes it unasked.
    fn in_the_way(&self, _name: &str) -> Option<&'static str> {
        None
    }

    /// What is weak about this place and was noticed so far (such as syncs that are refused), each once, in words for a person.
    fn weaknesses(&self) -> Vec<String> {
        Vec::new()
    }

    /// The device that the place lies on, to tell "the same disk"; `None` where there is none.
    fn device(&self) -> Option<u64> {
        None
    }
}

/// A file being written. Dropping it without [`Upload::finish`] removes it.
pub trait Upload: Send + Sync + std::fmt::Debug {
    /// Writes `bytes` at `offset`. Every offset is written once, in any order, from any thread.
    ///
    /// Fast where `offset`, the address of `bytes` and its length are multiples of [`ALIGNMENT_BYTES`]; correct for all.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), StoreError>;

    /// Cuts the file to `length_bytes`, makes it durable and gives it its name, in the folder that [`Store::begin`] named or one below it.
    /// The name's own folder entry is durable after [`Store::sync`]. If the name is there with the same length, the new file is dropped ([`Put::AlreadyThere`]).
    fn finish(self: Box<Self>, name: &str, length_bytes: u64) -> Result<Put, StoreError>;
}

/// Locks `mutex`. A thread that panicked while holding it left whole values behind: everything here is changed by single assignments.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
