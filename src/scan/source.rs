//! Owns the seam to what is snapped: the trait [`Source`], its facts, and nothing of any system.

use super::{Attributes, ScanError};
use crate::clock::Timestamp;
use crate::packed::{Decode, Encode};

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Symlink,
    /// A socket, FIFO, device or anything else that has no bytes to keep.
    Special(Special),
}

/// Which kind of special file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Special {
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
    /// Something that the system has no common name for.
    Unknown,
}

/// What the system says of one entry, links not followed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Stat {
    /// File, folder, link or special.
    pub kind: Kind,
    /// Length in bytes; 0 for anything but a file.
    pub length_bytes: u64,
    /// Bytes that it takes on its drive, where the system tells: less than its length if it has holes.
    pub stored_bytes: Option<u64>,
    /// Permission bits, the low 12 of `st_mode`.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Last change of content.
    pub mtime: Timestamp,
    /// Last change of content or facts.
    pub ctime: Timestamp,
    /// When it was made, where the file system keeps that.
    pub birth: Option<Timestamp>,
    /// The system's number of this file on its device.
    pub inode: u64,
    /// The device that it lies on.
    pub device: u64,
    /// How many names it has.
    pub links: u64,
    /// Its bytes are only in a cloud: reading would download them.
    pub placeholder: bool,
}

/// One entry of a folder: its name, and its facts or why they could not be had.
pub type Listed = (Vec<u8>, Result<Stat, ScanError>);

/// What a file system keeps, learned once per device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// Made by the kernel (proc, sysfs and the like): never walked into.
    pub pseudo: bool,
    /// Over a network: its clock is another machine's.
    pub network: bool,
    /// Keeps permission bits and owners of its own; FAT, exFAT and the like make them up.
    pub keeps_owner: bool,
    /// Its ctime moves with every change.
    pub ctime_means_change: bool,
    /// The system's name for it, such as `ext4`, for messages.
    pub name: String,
}

/// A file open for reading.
pub trait SourceFile: Send {
    /// Reads at most `into.len()` bytes at the current place; 0 is the end.
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ScanError>;
    /// Reads at most `into.len()` bytes from `offset` on, and leaves the current place where it is.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, ScanError>;
    /// The facts of the open file, now.
    fn stat(&mut self) -> Result<Stat, ScanError>;
    /// Its extended attributes, as far as they are kept.
    fn attributes(&mut self) -> Attributes {
        Attributes::default()
    }
    /// Where a file of this length has holes, rising. Asked before anything is read.
    fn holes(&mut self, _length_bytes: u64) -> Result<Vec<Hole>, ScanError> {
        Ok(Vec::new())
    }
}

/// A run of a sparse file that has no place on its drive: zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// Where it begins.
    pub offset_bytes: u64,
    /// How long it is.
    pub length_bytes: u64,
}

/// Something that can be walked and read. Paths are raw bytes relative to the source's root, parts joined by `/`; empty is the root itself.
/// No call follows a symbolic link in any part of the path.
pub trait Source: Send + Sync + std::fmt::Debug {
    /// The root as a person would write it.
    fn place(&self) -> Vec<u8>;
    /// The facts of one entry.
    fn stat(&self, path: &[u8]) -> Result<Stat, ScanError>;
    /// The entries of a folder with their facts, sorted by the raw bytes of their names; `.` and `..` left out.
    /// An entry that cannot be stat'ed stands with its error.
    fn list(&self, path: &[u8]) -> Result<Vec<Listed>, ScanError>;
    /// Opens a regular file. Anything else, also one that has become something else since it was listed, is an error; never blocks on a FIFO.
    fn open(&self, path: &[u8]) -> Result<Box<dyn SourceFile>, ScanError>;
    /// The raw bytes that a symbolic link holds.
    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, ScanError>;
    /// The extended attributes of a folder, as far as they are kept.
    fn attributes(&self, _folder: &[u8]) -> Attributes {
        Attributes::default()
    }
    /// What the file system that holds this folder keeps.
    fn file_system(&self, path: &[u8]) -> Result<FileSystem, ScanError>;
    /// The device of the folder that holds the root; `None` if there is none or it cannot be told. A root on another device is a mount point.
    fn parent_device(&self) -> Option<u64> {
        None
    }
    /// The names of a user and a group number, empty where the system knows none.
    fn owner_names(&self, uid: u32, gid: u32) -> (String, String);
}
