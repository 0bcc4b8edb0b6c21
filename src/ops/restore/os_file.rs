//! Owns one file while it is written to, or compared with, a real file system.
//!
//! Bytes go to a new file under a temporary name, readable by its owner alone; nothing that exists is ever opened for writing, so that
//! a file that has another name outside the target cannot be changed through this one.

use super::os_facts::set_open;
use super::os_folder::{failed, failed_io, look, look_at, open_folder, publish, with_part_name};
use super::target::{Existing, FactsSet, Found, FoundKind, Rights, Room, TargetError, TargetFile, TargetRead, split};
use crate::tree::Facts;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Most bytes in one call to the system.
const CALL_BYTES_MAX: usize = 64 << 20;
/// Room is asked for ahead from this length on: a full disk is then known before the bytes are fetched.
const RESERVE_BYTES_MIN: u64 = 1 << 20;

/// A file under its temporary name.
#[derive(Debug)]
pub(super) struct OsFile {
    root: Arc<OwnedFd>,
    folder: OwnedFd,
    path: Vec<u8>,
    part: String,
    file: File,
    length_bytes: u64,
    named: bool,
    rights: Rights,
}

impl OsFile {
    /// Creates the temporary file in the folder of `path`.
    pub(super) fn create(root: &Arc<OwnedFd>, path: &[u8], length_bytes: u64, room: Room, rights: Rights) -> Result<Self, TargetError> {
        let (parent, name) = split(path)?;
        let folder = open_folder(root.as_fd(), parent)?;
        // Asked before the bytes are written: whether a name is too long is known only to the file system.
        if look(folder.as_fd(), name, path)?.is_some_and(|found| found.kind == FoundKind::Folder) {
            return Err(TargetError::blocked(path, FoundKind::Folder.words()));
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let (file, part) = with_part_name(path, |part| rustix::fs::openat(&folder, part, flags, Mode::RUSR | Mode::WUSR))?;
        let file =
            Self { root: Arc::clone(root), folder, path: path.to_vec(), part, file: File::from(file), length_bytes, named: false, rights };
        match room {
            Room::Ahead => file.reserve()?,
            Room::AsWritten => rustix::fs::ftruncate(&file.file, length_bytes).map_err(|errno| failed("make room for", path, errno))?,
        }
        Ok(file)
    }

    fn reserve(&self) -> Result<(), TargetError> {
        if self.length_bytes < RESERVE_BYTES_MIN {
            return Ok(());
        }
        if i64::try_from(self.length_bytes).is_err() {
            return Err(failed("make room for", &self.path, Errno::FBIG));
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Err(errno @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) =
            rustix::fs::fallocate(&self.file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, self.length_bytes)
        {
            return Err(failed("make room for", &self.path, errno));
        }
        // Many file systems cannot; then it is found out while writing.
        Ok(())
    }

    /// Writes, makes durable and names a small file in one go.
    pub(super) fn put(mut self, bytes: &[u8]) -> Result<(), TargetError> {
        self.write_at(0, bytes)?;
        rustix::fs::fsync(&self.file).map_err(|errno| failed("sync", &self.path, errno))?;
        self.give_name(Existing::Replace)?;
        // Some file systems refuse to sync a folder; the file itself is durable by then.
        match rustix::fs::fsync(&self.folder) {
            Err(errno @ Errno::IO) => Err(failed("sync", &self.path, errno)),
            _ => Ok(()),
        }
    }

    fn give_name(&mut self, existing: Existing) -> Result<(), TargetError> {
        let (parent, name) = split(&self.path)?;
        let same = |one: Found, two: Found| (one.device, one.inode) == (two.device, two.inode);
        // A folder that was moved away meanwhile may lie outside the target by now.
        let now = open_folder(self.root.as_fd(), parent)?;
        if !same(look_at(now.as_fd(), &self.path)?, look_at(self.folder.as_fd(), &self.path)?) {
            return Err(TargetError::blocked(parent, "another folder than when the file was begun"));
        }
        let written = look_at(self.file.as_fd(), &self.path)?;
        if !look(self.folder.as_fd(), self.part.as_bytes(), &self.path)?.is_some_and(|found| same(found, written)) {
            return Err(TargetError::blocked(&self.path, "something that took its temporary name"));
        }
        publish(self.folder.as_fd(), &self.part, name, &self.path, existing)?;
        self.named = true;
        Ok(())
    }
}

impl TargetFile for OsFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), TargetError> {
        let end = u64::try_from(bytes.len()).ok().and_then(|length| offset.checked_add(length));
        if end.is_none_or(|end| end > self.length_bytes) {
            return Err(TargetError::other("write", &self.path, std::io::ErrorKind::InvalidInput, "bytes beyond the announced length"));
        }
        let mut at = offset;
        for run in bytes.chunks(CALL_BYTES_MAX) {
            self.file.write_all_at(run, at).map_err(|source| failed_io("write", &self.path, source))?;
            at = at.saturating_add(u64::try_from(run.len()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, facts: &Facts, existing: Existing) -> Result<FactsSet, TargetError> {
        if look_at(self.file.as_fd(), &self.path)?.length_bytes != self.length_bytes {
            return Err(TargetError::other("finish", &self.path, std::io::ErrorKind::InvalidData, "not all of its bytes were written"));
        }
        let set = set_open(self.file.as_fd(), FoundKind::File, facts, &self.path, self.rights)?;
        self.give_name(existing)?;
        Ok(set)
    }
}

impl Drop for OsFile {
    fn drop(&mut self) {
        if !self.named {
            // Nothing can be said from here; what stays has a name that a continued restore removes.
            let _ = rustix::fs::unlinkat(&self.folder, &self.part, AtFlags::empty());
        }
    }
}

/// A regular file that was there, open for reading.
#[derive(Debug)]
pub(super) struct OsRead {
    file: File,
    found: Found,
    path: Vec<u8>,
}

impl OsRead {
    /// Opens the regular file at `path` and nothing else.
    pub(super) fn open(root: &OwnedFd, path: &[u8]) -> Result<Self, TargetError> {
        let (parent, name) = split(path)?;
        let folder = open_folder(root.as_fd(), parent)?;
        let is_file = |found: &Found| match found.kind {
            FoundKind::File => Ok(()),
            other => Err(TargetError::blocked(path, other.words())),
        };
        // Looked at before as well: opening alone already does something to a tape or a terminal.
        if let Some(found) = look(folder.as_fd(), name, path)? {
            is_file(&found)?;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&folder, name, flags, Mode::empty()).map_err(|errno| failed("open", path, errno))?;
        let found = look_at(file.as_fd(), path)?;
        is_file(&found)?;
        Ok(Self { file: File::from(file), found, path: path.to_vec() })
    }

    /// Sets the facts of the open file.
    pub(super) fn set_facts(&self, facts: &Facts, rights: Rights) -> Result<FactsSet, TargetError> {
        if self.found.link_count > 1 {
            return Err(TargetError::blocked(&self.path, "a file that has other names too"));
        }
        set_open(self.file.as_fd(), FoundKind::File, facts, &self.path, rights)
    }
}

impl TargetRead for OsRead {
    fn found(&self) -> Found {
        self.found
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, TargetError> {
        let length = into.len().min(CALL_BYTES_MAX);
        let into = into.get_mut(..length).unwrap_or_default();
        loop {
            match self.file.read_at(into, offset) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                result => return result.map_err(|source| failed_io("read", &self.path, source)),
            }
        }
    }
}
