//! Owns [`Disk`], the seam below [`LocalStore`](crate::store::LocalStore): files, renames and syncs as a file system offers them.
//!
//! Errors here are plain system errors. Only the local store sorts them, so that a test can inject any of them by number.

use std::ffi::OsString;
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

/// The most bytes that one system call reads or writes: longer calls cannot be interrupted, and some systems refuse 2 GiB.
pub(super) const CALL_BYTES_MAX: usize = 64 << 20;

/// Whether what is written may stay in the page cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// As the system likes it.
    Buffered,
    /// Past the page cache where the file system can do that, else buffered.
    Bypass,
}

/// What kind of thing a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, device, pipe or socket: never touched.
    Other,
}

/// The facts of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskStat {
    /// What it is.
    pub kind: DiskKind,
    /// Length in bytes.
    pub length_bytes: u64,
    /// Changes whenever the file changes, as far as the file system tells; only equality means anything.
    pub stamp: i64,
    /// The device that it lies on.
    pub device: u64,
    /// Tells two files of one device apart.
    pub file_id: u64,
    /// Here by name only: reading it would make a sync tool download it.
    pub placeholder: bool,
}

/// One name in a folder.
#[derive(Debug)]
pub struct DiskEntry {
    /// The name inside its folder.
    pub name: OsString,
    /// Its facts, not following links.
    pub stat: io::Result<DiskStat>,
}

/// A file system. Paths are absolute. All calls may come from many threads at once.
pub trait Disk: Send + Sync + Debug {
    /// The path with all links followed; fails if there is nothing.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;

    /// Creates a file that was not there, for writing and reading.
    fn create_new(&self, path: &Path, caching: Caching) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a regular file for reading. Anything else, links included, is `ELOOP`, and never blocks.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// The facts of a name, not following a link.
    fn stat(&self, path: &Path) -> io::Result<DiskStat>;

    /// Everything in one folder, in any order.
    fn list(&self, path: &Path) -> io::Result<Vec<DiskEntry>>;

    /// Gives `from` the name `to` in one step, or `EEXIST`. `EINVAL`, `ENOSYS` or `ENOTSUP` if the file system has no such step.
    fn rename_noreplace(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives `from` the name `to` in one step, whatever had it before.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file or link.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Creates one folder; its parent is there.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Whether a process of this number runs on this machine; `true` in doubt.
    fn process_is_alive(&self, process_id: u32) -> bool;
}

/// An open file.
pub trait DiskFile: Send + Sync + Debug {
    /// Writes all of `bytes` at `offset`. Offsets that nobody writes read as zeros.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Reads into `into` until it is full or the file ends; returns how many bytes came.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Cuts or extends the file.
    fn set_length(&self, length_bytes: u64) -> io::Result<()>;

    /// Makes bytes and length durable.
    fn sync(&self) -> io::Result<()>;

    /// Asks that the next read comes from the medium. A wish: nothing depends on it.
    fn forget_cached(&self) {}

    /// The facts of the open file.
    fn stat(&self) -> io::Result<DiskStat>;
}
