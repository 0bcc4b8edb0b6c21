//! Owns [`OsDisk`], the machine's own file systems.
//!
//! Writes that bypass the page cache and buffered writes of one file take turns: where a memory page is larger than a block, a
//! buffered page that was read before a direct write and written back after it would undo that write.

use super::ALIGNMENT_BYTES;
use super::disk::{CALL_BYTES_MAX, Caching, Disk, DiskEntry, DiskFile, DiskKind, DiskStat};
use rustix::io::Errno;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

/// The file systems of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn create_new(&self, path: &Path, caching: Caching) -> io::Result<Box<dyn DiskFile>> {
        let buffered = OpenOptions::new().read(true).write(true).create_new(true).custom_flags(no_follow()).open(path)?;
        let direct = match caching {
            Caching::Buffered => None,
            Caching::Bypass => bypassing(path, &buffered),
        };
        Ok(Box::new(OsFile { buffered, direct, direct_refused: AtomicBool::new(false), may_read_directly: false, turn: RwLock::new(()) }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let flags = no_follow() | rustix::fs::OFlags::NONBLOCK.bits() as i32;
        let buffered = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        if !buffered.metadata()?.is_file() {
            return Err(Errno::LOOP.into());
        }
        Ok(Box::new(OsFile {
            buffered,
            direct: None,
            direct_refused: AtomicBool::new(true),
            may_read_directly: true,
            turn: RwLock::new(()),
        }))
    }

    fn stat(&self, path: &Path) -> io::Result<DiskStat> {
        fs::symlink_metadata(path).map(|metadata| stat_of(&metadata))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DiskEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let stat = entry.metadata().map(|metadata| stat_of(&metadata));
            entries.push(DiskEntry { name: entry.file_name(), stat });
        }
        Ok(entries)
    }

    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    fn rename_noreplace(&self, from: &Path, to: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    fn rename_noreplace(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Err(Errno::NOSYS.into())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        sync_fully(&File::open(path)?)
    }

    fn process_is_alive(&self, process_id: u32) -> bool {
        let Some(process_id) = i32::try_from(process_id).ok().and_then(rustix::process::Pid::from_raw) else {
            return false;
        };
        !matches!(rustix::process::test_kill_process(process_id), Err(Errno::SRCH))
    }
}

#[derive(Debug)]
struct OsFile {
    buffered: File,
    direct: Option<File>,
    direct_refused: AtomicBool,
    /// It was opened to be read alone, so its flags are nobody else's.
    may_read_directly: bool,
    // Shared by direct writes, held alone by a buffered one (see the head of this file).
    turn: RwLock<()>,
}

impl OsFile {
    /// Writes the aligned beginning of `bytes` past the cache, as far as the system takes it; returns how far that was.
    fn write_direct(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let Some(direct) = &self.direct else {
            return Ok(0);
        };
        let aligned = offset.is_multiple_of(ALIGNMENT_BYTES as u64) && bytes.as_ptr().align_offset(ALIGNMENT_BYTES) == 0;
        let end = bytes.len() / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
        if !aligned || end == 0 || self.direct_refused.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let _turn = self.turn.read().unwrap_or_else(PoisonError::into_inner);
        let mut done = 0;
        while done < end && done.is_multiple_of(ALIGNMENT_BYTES) {
            let piece = &bytes[done..end.min(done + CALL_BYTES_MAX)];
            match direct.write_at(piece, offset + done as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The device wants larger blocks than ours, or the file system took the flag and cannot do it.
                Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => {
                    self.direct_refused.store(true, Ordering::Relaxed);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

impl DiskFile for OsFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut done = self.write_direct(offset, bytes)?;
        if done == bytes.len() {
            return Ok(());
        }
        let _turn = self.turn.write().unwrap_or_else(PoisonError::into_inner);
        while done < bytes.len() {
            let piece = &bytes[done..bytes.len().min(done + CALL_BYTES_MAX)];
            self.buffered.write_all_at(piece, offset + done as u64)?;
            done += piece.len();
        }
        Ok(())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut done = if self.may_read_directly && offset < i64::MAX as u64 / 2 {
            let _turn = self.turn.write().unwrap_or_else(PoisonError::into_inner);
            crate::sys::read_directly(&self.buffered, offset, into)?
        } else {
            0
        };
        while done < into.len() {
            let end = into.len().min(done + CALL_BYTES_MAX);
            // Systems refuse offsets that no file can have; for the reader that is past the end like any other.
            let position = offset.saturating_add(done as u64);
            if position > i64::MAX as u64 - CALL_BYTES_MAX as u64 {
                break;
            }
            match self.buffered.read_at(&mut into[done..end], position) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn set_length(&self, length_bytes: u64) -> io::Result<()> {
        self.buffered.set_len(length_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        sync_fully(&self.buffered)
    }

    fn forget_cached(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = rustix::fs::fadvise(&self.buffered, 0, None, rustix::fs::Advice::DontNeed);
    }

    fn stat(&self) -> io::Result<DiskStat> {
        self.buffered.metadata().map(|metadata| stat_of(&metadata))
    }
}

#[allow(clippy::cast_possible_wrap)]
fn no_follow() -> i32 {
    rustix::fs::OFlags::NOFOLLOW.bits() as i32
}

/// A second descriptor of the file just created whose writes bypass the page cache, if the file system has that.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn bypassing(path: &Path, buffered: &File) -> Option<File> {
    let flags = no_follow() | rustix::fs::OFlags::DIRECT.bits() as i32;
    let direct = OpenOptions::new().write(true).custom_flags(flags).open(path).ok()?;
    let (ours, other) = (buffered.metadata().ok()?, direct.metadata().ok()?);
    (ours.dev() == other.dev() && ours.ino() == other.ino()).then_some(direct)
}

#[cfg(target_vendor = "apple")]
fn bypassing(_path: &Path, buffered: &File) -> Option<File> {
    // Here it is a property of the one descriptor and knows no alignment.
    let _ = rustix::fs::fcntl_nocache(buffered, true);
    None
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn bypassing(_path: &Path, _buffered: &File) -> Option<File> {
    None
}

/// Syncs as far as the medium; on a Mac through the drive's own cache, or only as far as the drive where that is refused.
fn sync_fully(file: &File) -> io::Result<()> {
    match file.sync_all() {
        #[cfg(target_vendor = "apple")]
        Err(error) if super::place::is_refused_sync(&error) => Ok(rustix::fs::fsync(file)?),
        result => result,
    }
}

fn stat_of(metadata: &Metadata) -> DiskStat {
    let kind = match metadata.file_type() {
        kind if kind.is_file() => DiskKind::File,
        kind if kind.is_dir() => DiskKind::Folder,
        _ => DiskKind::Other,
    };
    let modified = metadata.mtime().wrapping_mul(1_000_000_000).wrapping_add(metadata.mtime_nsec());
    let changed = metadata.ctime().wrapping_mul(1_000_000_000).wrapping_add(metadata.ctime_nsec());
    DiskStat {
        kind,
        length_bytes: metadata.len(),
        // Turned, so that two equal times do not cancel out.
        stamp: modified ^ changed.rotate_left(32),
        device: metadata.dev(),
        file_id: metadata.ino(),
        placeholder: is_placeholder(metadata),
    }
}

#[cfg(target_os = "macos")]
fn is_placeholder(metadata: &Metadata) -> bool {
    // SF_DATALESS: the bytes are elsewhere, reading makes the system fetch them.
    const DATALESS: u32 = 0x4000_0000;
    std::os::macos::fs::MetadataExt::st_flags(metadata) & DATALESS != 0
}

#[cfg(not(target_os = "macos"))]
fn is_placeholder(_metadata: &Metadata) -> bool {
    false
}
