//! Owns one file while it is written to, or compared with, a real file system.
//!
//! Bytes go to a new file without a name, or under a temporary one where the system cannot do that, readable by its owner alone; nothing that
//! exists is ever opened for writing, so that a file that has another name outside the target cannot be changed through this one.

use super::os_facts::set_open;
use super::os_folder::{failed, failed_io, look, look_at, named, open_folder, publish, with_part_name};
use super::os_unnamed;
use super::target::{Existing, FactsSet, Found, FoundKind, Rights, Room, TargetError, TargetFile, TargetRead, split};
use crate::sys::{ALIGNMENT_BYTES, AlignedBytes};
use crate::tree::Facts;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

/// Most bytes in one call to the system.
const CALL_BYTES_MAX: usize = 64 << 20;
/// From this length on room is asked for ahead, so that a full disk is known before the bytes are fetched, and the page cache is passed by.
const LARGE_BYTES_MIN: u64 = 1 << 20;
/// Bytes that are gathered before they go to the system: one call for most files, and as fast as any more for large ones.
const ROOM_BYTES: usize = 2 << 20;

/// What the files of one target share: its root, folders that are open already, and room to gather bytes in.
#[derive(Debug)]
pub(super) struct Folders {
    root: Arc<OwnedFd>,
    held: Mutex<VecDeque<Arc<Held>>>,
    /// By device, whether files can be made without a name.
    unnamed: Mutex<HashMap<u64, bool>>,
    rooms: Mutex<Vec<AlignedBytes>>,
}

/// A folder that is held open: files that are restored one after the other mostly lie in one.
#[derive(Debug)]
struct Held {
    path: Vec<u8>,
    folder: OwnedFd,
    identity: (u64, u64),
    makes_unnamed: bool,
}

/// Folders that are held open.
const HELD_MAX: usize = 16;

impl Folders {
    /// Those below this root, whose device makes no file without a name, whatever it says.
    #[cfg(test)]
    pub(super) fn named_below(root: &Arc<OwnedFd>) -> Self {
        let device = look_at(root.as_fd(), b"").map(|found| found.device).unwrap_or_default();
        Self { unnamed: Mutex::new(HashMap::from([(device, false)])), ..Self::below(root) }
    }

    /// Those below this root.
    pub(super) fn below(root: &Arc<OwnedFd>) -> Self {
        Self { root: Arc::clone(root), held: Mutex::default(), unnamed: Mutex::default(), rooms: Mutex::default() }
    }

    fn open(&self, path: &[u8]) -> Result<Arc<Held>, TargetError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = held.iter().find(|held| held.path == path) {
            return Ok(Arc::clone(there));
        }
        let folder = open_folder(self.root.as_fd(), path)?;
        let identity = identity(&look_at(folder.as_fd(), path)?);
        let mut unnamed = self.unnamed.lock().unwrap_or_else(PoisonError::into_inner);
        let makes_unnamed = *unnamed.entry(identity.0).or_insert_with(|| os_unnamed::can_be_made(folder.as_fd()));
        let opened = Arc::new(Held { path: path.to_vec(), folder, identity, makes_unnamed });
        held.push_front(Arc::clone(&opened));
        held.truncate(HELD_MAX);
        Ok(opened)
    }

    /// Opens the folder anew next time: what is held is not what has its name.
    fn forget(&self, folder: &Held) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).retain(|held| held.path != folder.path);
    }

    fn room(&self) -> AlignedBytes {
        let room = self.rooms.lock().unwrap_or_else(PoisonError::into_inner).pop();
        room.unwrap_or_else(|| AlignedBytes::new(ROOM_BYTES))
    }

    fn give_back(&self, room: AlignedBytes) {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner).push(room);
    }
}

fn identity(found: &Found) -> (u64, u64) {
    (found.device, found.inode)
}

/// A file without a name, or under a temporary one.
#[derive(Debug)]
pub(super) struct OsFile {
    folders: Arc<Folders>,
    folder: Arc<Held>,
    path: Vec<u8>,
    /// Its temporary name, if it has one.
    part: Option<String>,
    file: File,
    length_bytes: u64,
    named: bool,
    rights: Rights,
    /// What was written and is not with the system yet.
    gathered: Option<AlignedBytes>,
    gathered_bytes: usize,
    /// Where it begins.
    gathered_at: u64,
    /// Past the page cache: a restored photo is not wanted in memory, and each page of it there would cost more than writing it.
    is_direct: bool,
}

impl OsFile {
    /// Creates the temporary file in the folder of `path`.
    pub(super) fn create(folders: &Arc<Folders>, path: &[u8], length_bytes: u64, room: Room, rights: Rights) -> Result<Self, TargetError> {
        let (parent, name) = split(path)?;
        let folder = folders.open(parent)?;
        let is_large = length_bytes >= LARGE_BYTES_MIN;
        // Asked before many bytes are fetched: whether a name is too long is known only to the file system.
        if is_large && look(folder.folder.as_fd(), name, path)?.is_some_and(|found| found.kind == FoundKind::Folder) {
            return Err(TargetError::blocked(path, FoundKind::Folder.words()));
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let make = |folder: &Held| match folder.makes_unnamed {
            true => os_unnamed::make(folder.folder.as_fd()).map(|file| (file, None)).map_err(|errno| failed("create", path, errno)),
            false => with_part_name(path, |part| rustix::fs::openat(&folder.folder, part, flags, Mode::RUSR | Mode::WUSR))
                .map(|(file, part)| (file, Some(part))),
        };
        let (folder, (file, part)) = match make(&folder) {
            Ok(made) => (folder, made),
            Err(_) => {
                // It may have been removed and made again since it was opened.
                folders.forget(&folder);
                let folder = folders.open(parent)?;
                let made = make(&folder)?;
                (folder, made)
            }
        };
        let mut file = Self {
            folders: Arc::clone(folders),
            folder,
            path: path.to_vec(),
            part,
            file: File::from(file),
            length_bytes,
            named: false,
            rights,
            gathered: None,
            gathered_bytes: 0,
            gathered_at: 0,
            is_direct: false,
        };
        match room {
            Room::Ahead if is_large => {
                file.reserve()?;
                file.is_direct = file.pass_cache_by(true);
            }
            Room::Ahead => {}
            Room::AsWritten => rustix::fs::ftruncate(&file.file, length_bytes).map_err(|errno| failed("make room for", path, errno))?,
        }
        Ok(file)
    }

    fn reserve(&self) -> Result<(), TargetError> {
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

    /// Asks the system to write past the page cache, or no more. False where it does not.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn pass_cache_by(&self, wanted: bool) -> bool {
        let Ok(flags) = rustix::fs::fcntl_getfl(&self.file) else { return false };
        let flags = if wanted { flags | OFlags::DIRECT } else { flags - OFlags::DIRECT };
        rustix::fs::fcntl_setfl(&self.file, flags).is_ok()
    }

    #[cfg(target_vendor = "apple")]
    fn pass_cache_by(&self, wanted: bool) -> bool {
        rustix::fs::fcntl_nocache(&self.file, wanted).is_ok()
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    fn pass_cache_by(&self, _wanted: bool) -> bool {
        false
    }

    /// Writes, makes durable and names a small file in one go.
    pub(super) fn put(mut self, bytes: &[u8]) -> Result<(), TargetError> {
        self.write_at(0, bytes)?;
        self.flush()?;
        rustix::fs::fsync(&self.file).map_err(|errno| failed("sync", &self.path, errno))?;
        let written = look_at(self.file.as_fd(), &self.path)?;
        self.give_name(&written, Existing::Replace)?;
        // Some file systems refuse to sync a folder; the file itself is durable by then.
        match rustix::fs::fsync(&self.folder.folder) {
            Err(errno @ Errno::IO) => Err(failed("sync", &self.path, errno)),
            _ => Ok(()),
        }
    }

    /// Hands what was gathered to the system.
    fn flush(&mut self) -> Result<(), TargetError> {
        let Some(mut room) = self.gathered.take() else { return Ok(()) };
        let (at, length) = (self.gathered_at, self.gathered_bytes);
        (self.gathered_at, self.gathered_bytes) = (at.saturating_add(u64::try_from(length).unwrap_or(u64::MAX)), 0);
        let outcome = self.write_gathered(at, length, &mut room);
        if length == ROOM_BYTES && outcome.is_ok() {
            self.gathered = Some(room);
        } else {
            self.folders.give_back(room);
        }
        outcome
    }

    fn write_gathered(&mut self, at: u64, length: usize, room: &mut AlignedBytes) -> Result<(), TargetError> {
        let failed = |source| failed_io("write", &self.path, source);
        if self.is_direct {
            // The last sector is filled up with zeros, and cut off again.
            let whole = length.next_multiple_of(ALIGNMENT_BYTES);
            if let Some(rest) = room.get_mut(length..whole) {
                rest.fill(0);
            }
            let written = self.file.write_all_at(room.get(..whole).unwrap_or_default(), at);
            match written {
                Ok(()) if whole == length => return Ok(()),
                Ok(()) => {
                    let end = at.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
                    return self.file.set_len(end).map_err(failed);
                }
                // It took the flag and cannot do it, or its sectors are larger.
                Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => {
                    self.pass_cache_by(false);
                    self.is_direct = false;
                }
                Err(error) => return Err(failed(error)),
            }
        }
        self.file.write_all_at(room.get(..length).unwrap_or_default(), at).map_err(|source| failed_io("write", &self.path, source))
    }

    fn give_name(&mut self, written: &Found, existing: Existing) -> Result<(), TargetError> {
        let (parent, name) = split(&self.path)?;
        // A folder that was moved away meanwhile may lie outside the target by now.
        let now = open_folder(self.folders.root.as_fd(), parent)?;
        if identity(&look_at(now.as_fd(), &self.path)?) != self.folder.identity {
            self.folders.forget(&self.folder);
            return Err(TargetError::blocked(parent, "another folder than when the file was begun"));
        }
        let folder = self.folder.folder.as_fd();
        let given = match (&self.part, existing) {
            (None, Existing::Refuse) => named(os_unnamed::give_name(self.file.as_fd(), folder, name), &self.path),
            (None, Existing::Replace) => {
                let ((), part) = with_part_name(&self.path, |part| os_unnamed::give_name(self.file.as_fd(), folder, part.as_bytes()))?;
                publish(folder, self.part.insert(part), name, &self.path, existing)
            }
            (Some(part), _) => {
                if look(folder, part.as_bytes(), &self.path)?.is_none_or(|found| identity(&found) != identity(written)) {
                    return Err(TargetError::blocked(&self.path, "something that took its temporary name"));
                }
                publish(folder, part, name, &self.path, existing)
            }
        };
        match given {
            Err(TargetError::Exists { .. }) if look(folder, name, &self.path)?.is_some_and(|found| found.kind == FoundKind::Folder) => {
                Err(TargetError::blocked(&self.path, FoundKind::Folder.words()))
            }
            published => {
                self.named = published.is_ok();
                published
            }
        }
    }
}

impl TargetFile for OsFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), TargetError> {
        let end = u64::try_from(bytes.len()).ok().and_then(|length| offset.checked_add(length));
        if end.is_none_or(|end| end > self.length_bytes) {
            return Err(TargetError::other("write", &self.path, std::io::ErrorKind::InvalidInput, "bytes beyond the announced length"));
        }
        if offset != self.gathered_at.saturating_add(u64::try_from(self.gathered_bytes).unwrap_or(u64::MAX)) {
            // Not one after the other: from here on as it comes.
            self.flush()?;
            if std::mem::take(&mut self.is_direct) {
                self.pass_cache_by(false);
            }
            self.gathered_at = offset;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.gathered.get_or_insert_with(|| self.folders.room());
            let (front, after) = rest.split_at(rest.len().min(ROOM_BYTES - self.gathered_bytes));
            if let Some(free) = room.get_mut(self.gathered_bytes..self.gathered_bytes + front.len()) {
                free.copy_from_slice(front);
            }
            self.gathered_bytes += front.len();
            rest = after;
            if self.gathered_bytes == ROOM_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, facts: &Facts, existing: Existing) -> Result<FactsSet, TargetError> {
        self.flush()?;
        let written = look_at(self.file.as_fd(), &self.path)?;
        if written.length_bytes != self.length_bytes {
            return Err(TargetError::other("finish", &self.path, std::io::ErrorKind::InvalidData, "not all of its bytes were written"));
        }
        let set = set_open(self.file.as_fd(), &written, facts, &self.path, self.rights)?;
        self.give_name(&written, existing)?;
        Ok(set)
    }
}

impl Drop for OsFile {
    fn drop(&mut self) {
        if let Some(room) = self.gathered.take() {
            self.folders.give_back(room);
        }
        if let Some(part) = self.part.as_ref().filter(|_| !self.named) {
            // Nothing can be said from here; what stays has a name that a continued restore removes.
            let _ = rustix::fs::unlinkat(&self.folder.folder, part, AtFlags::empty());
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
        set_open(self.file.as_fd(), &self.found, facts, &self.path, rights)
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
