//! Owns walking below the target's root: folders are opened level by level, each relative to its parent's handle, never through a link.
//!
//! A handle stays the same folder whatever happens to its name, so that a name swapped for a link between two calls is refused, not followed.

use super::target::{Existing, Found, FoundKind, TargetError, is_part_name, part_name, parts, words};
use crate::tree::Time;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::fs::ResolveFlags;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens the folder at a checked path.
pub(super) fn open_folder(root: BorrowedFd<'_>, path: &[u8]) -> Result<OwnedFd, TargetError> {
    // In one step where the system can promise the same. What it refuses is tried level by level, which says what is wrong.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if !path.is_empty()
        && let Ok(folder) = rustix::fs::openat2(root, path, FOLDER, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS)
    {
        return Ok(folder);
    }
    let mut folder = rustix::fs::openat(root, c".", FOLDER, Mode::empty()).map_err(|errno| failed("open the folder of", path, errno))?;
    for name in parts(path) {
        folder = open_level(folder.as_fd(), name, path)?;
    }
    Ok(folder)
}

fn open_level(parent: BorrowedFd<'_>, name: &[u8], path: &[u8]) -> Result<OwnedFd, TargetError> {
    rustix::fs::openat(parent, name, FOLDER, Mode::empty()).map_err(|errno| match errno {
        // Which of these a link gives differs by system.
        Errno::LOOP | Errno::NOTDIR | Errno::MLINK => {
            let by = look(parent, name, path).ok().flatten().map_or("something that is not a folder", |found| match found.kind {
                FoundKind::Folder => "something that keeps changing",
                other => other.words(),
            });
            TargetError::blocked(path, by)
        }
        _ => failed("open the folder of", path, errno),
    })
}

/// What lies at `name` in `folder`, links not followed.
pub(super) fn look(folder: BorrowedFd<'_>, name: &[u8], path: &[u8]) -> Result<Option<Found>, TargetError> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(found(&stat))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(failed("look at", path, errno)),
    }
}

/// What an open handle stands for.
pub(super) fn look_at(file: BorrowedFd<'_>, path: &[u8]) -> Result<Found, TargetError> {
    rustix::fs::fstat(file).map(|stat| found(&stat)).map_err(|errno| failed("look at", path, errno))
}

#[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the widths of these fields differ by system")]
fn found(stat: &Stat) -> Found {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => FoundKind::File,
        FileType::Directory => FoundKind::Folder,
        FileType::Symlink => FoundKind::Symlink,
        _ => FoundKind::Other,
    };
    Found {
        kind,
        length_bytes: if kind == FoundKind::File { u64::try_from(stat.st_size).unwrap_or(0) } else { 0 },
        mtime: Time { seconds: i64::from(stat.st_mtime), nanoseconds: u32::try_from(stat.st_mtime_nsec).unwrap_or(0) },
        mode: u32::from(stat.st_mode) & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        inode: u64::from(stat.st_ino),
        device: stat.st_dev as u64,
        link_count: u64::from(stat.st_nlink),
    }
}

/// Calls `make` with fresh temporary names until one is free, and returns what it made and the name.
pub(super) fn with_part_name<T>(path: &[u8], make: impl Fn(&str) -> Result<T, Errno>) -> Result<(T, String), TargetError> {
    const TRIES_MAX: u32 = 16;
    let mut result = Errno::EXIST;
    for _ in 0..TRIES_MAX {
        let name = part_name(next_number(path)?);
        match make(&name) {
            Ok(made) => return Ok((made, name)),
            Err(Errno::EXIST) => {}
            Err(errno) => {
                result = errno;
                break;
            }
        }
    }
    Err(failed("create", path, result))
}

/// A number that nobody else has: drawn once by this process, then counted on.
fn next_number(path: &[u8]) -> Result<u64, TargetError> {
    static FIRST: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let first = match FIRST.get() {
        Some(first) => *first,
        None => {
            let mut number = [0; 8];
            getrandom::fill(&mut number)
                .map_err(|_| TargetError::other("name", path, std::io::ErrorKind::Other, "the system gives no random numbers"))?;
            *FIRST.get_or_init(|| u64::from_le_bytes(number))
        }
    };
    Ok(first.wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed)))
}

/// Gives what lies under the temporary name `part` its name in the same folder, in one step.
pub(super) fn publish(folder: BorrowedFd<'_>, part: &str, name: &[u8], path: &[u8], existing: Existing) -> Result<(), TargetError> {
    let result = match existing {
        Existing::Refuse => rename_to_free(folder, part, name),
        Existing::Replace => rustix::fs::renameat(folder, part, folder, name),
    };
    named(result, path)
}

/// What came of giving a thing its name.
pub(super) fn named(result: Result<(), Errno>, path: &[u8]) -> Result<(), TargetError> {
    result.map_err(|errno| match errno {
        Errno::ISDIR | Errno::NOTEMPTY => TargetError::blocked(path, FoundKind::Folder.words()),
        // FAT and its kin say this of names with a colon, a question mark and so on.
        Errno::INVAL => TargetError::CannotHold { path: words(path), reason: "the name is not allowed there" },
        _ => failed("name", path, errno),
    })
}

fn rename_to_free(folder: BorrowedFd<'_>, part: &str, name: &[u8]) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    match rustix::fs::renameat_with(folder, part, folder, name, rustix::fs::RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        result => return result,
    }
    // Not every file system knows the flag. What comes between looking and renaming can only be another program in the same folder.
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Err(Errno::EXIST),
        Err(Errno::NOENT) => rustix::fs::renameat(folder, part, folder, name),
        Err(errno) => Err(errno),
    }
}

/// Removes the stale temporary names in one folder; returns how many, and the names of the folders in it that lie on `device`.
pub(super) fn sweep(folder: BorrowedFd<'_>, path: &[u8], device: u64) -> Result<(u64, Vec<Vec<u8>>), TargetError> {
    let failed = |errno| failed("list", path, errno);
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_bytes();
        let may_be_folder = matches!(entry.file_type(), FileType::Directory | FileType::Unknown);
        if name != b"." && name != b".." && (may_be_folder || is_part_name(name)) {
            names.push(name.to_vec());
        }
    }
    let mut removed_count = 0_u64;
    let mut folders = Vec::new();
    for name in names {
        match look(folder, &name, path)? {
            Some(found) if found.kind == FoundKind::Folder && found.device == device => folders.push(name),
            Some(Found { kind: FoundKind::File | FoundKind::Symlink, .. }) if is_part_name(&name) => {
                match rustix::fs::unlinkat(folder, &name, AtFlags::empty()) {
                    Ok(()) => removed_count = removed_count.saturating_add(1),
                    Err(Errno::NOENT) => {}
                    Err(errno) => return Err(failed(errno)),
                }
            }
            _ => {}
        }
    }
    Ok((removed_count, folders))
}

/// Turns the system's number into what the caller can act on.
pub(super) fn failed(doing: &'static str, path: &[u8], errno: Errno) -> TargetError {
    let path_words = words(path);
    match errno {
        Errno::NAMETOOLONG => TargetError::CannotHold { path: path_words, reason: "the name is too long for this file system" },
        Errno::ILSEQ => TargetError::CannotHold { path: path_words, reason: "the name's bytes are no text of this file system" },
        Errno::NOSPC | Errno::DQUOT => TargetError::Full { path: path_words },
        // FAT: the rest fits all the same.
        Errno::FBIG => TargetError::CannotHold { path: path_words, reason: "it is longer than files can be on this file system" },
        Errno::ACCESS | Errno::PERM => TargetError::Denied { doing, path: path_words },
        Errno::ROFS => TargetError::ReadOnly { path: path_words },
        Errno::NOENT | Errno::STALE | Errno::NODEV | Errno::NXIO => TargetError::Gone { doing, path: path_words },
        Errno::EXIST => TargetError::Exists { path: path_words },
        Errno::LOOP => TargetError::blocked(path, FoundKind::Symlink.words()),
        Errno::MLINK => TargetError::Unsupported { path: path_words },
        Errno::ISDIR => TargetError::blocked(path, FoundKind::Folder.words()),
        Errno::NOTDIR => TargetError::blocked(path, "something that is not a folder"),
        _ => TargetError::Other { doing, path: path_words, source: errno.into() },
    }
}

/// The same for an error that came through the standard library.
pub(super) fn failed_io(doing: &'static str, path: &[u8], source: std::io::Error) -> TargetError {
    match Errno::from_io_error(&source) {
        Some(errno) => failed(doing, path, errno),
        None => TargetError::Other { doing, path: words(path), source },
    }
}
