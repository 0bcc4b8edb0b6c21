//! Owns asking the system for an entry's facts: stat, extended attributes, and where a sparse file has holes.

use super::attributes::{Attribute, Attributes, VALUE_BYTES_MAX, is_kept};
use super::source::{Hole, Kind, Special, Stat};
use crate::clock::Timestamp;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::FileType;
use rustix::io::Errno;

/// Holes that are noted of one file; a file of more is stored as if it had none.
const HOLES_MAX: usize = 4096;
/// Shorter holes are not worth noting.
const HOLE_BYTES_MIN: u64 = 64 << 10;
/// The names of all attributes of one file are at most so many bytes on every system known.
const NAMES_BYTES_MAX: usize = 1 << 20;

/// The facts of one name in an open folder, links not followed.
pub(super) fn stat_at(folder: BorrowedFd<'_>, name: &[u8]) -> Result<Stat, Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(stat) = extended::stat(folder, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW) {
        return stat;
    }
    rustix::fs::statat(folder, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW).map(|stat| facts(&stat))
}

/// The facts of an open file or folder.
pub(super) fn stat_open(file: BorrowedFd<'_>) -> Result<Stat, Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(stat) = extended::stat(file, b"", rustix::fs::AtFlags::EMPTY_PATH) {
        return stat;
    }
    rustix::fs::fstat(file).map(|stat| facts(&stat))
}

/// Linux's later call, which alone knows when a file was made.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod extended {
    use super::{kind_of, time};
    use crate::scan::{Kind, Stat};
    use rustix::fd::BorrowedFd;
    use rustix::fs::{AtFlags, RawMode, Statx, StatxFlags};
    use rustix::io::Errno;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Old kernels and some sandboxes refuse the call; learned at the first refusal.
    static IS_REFUSED: AtomicBool = AtomicBool::new(false);

    /// `None`: this system has no such call.
    pub(super) fn stat(folder: BorrowedFd<'_>, name: &[u8], flags: AtFlags) -> Option<Result<Stat, Errno>> {
        if IS_REFUSED.load(Ordering::Relaxed) {
            return None;
        }
        match rustix::fs::statx(folder, name, flags, StatxFlags::BASIC_STATS | StatxFlags::BTIME) {
            Err(Errno::NOSYS | Errno::PERM) => {
                IS_REFUSED.store(true, Ordering::Relaxed);
                None
            }
            outcome => Some(outcome.map(|stat| facts(&stat))),
        }
    }

    fn facts(stat: &Statx) -> Stat {
        let kind = kind_of(RawMode::from(stat.stx_mode));
        let has_birth = stat.stx_mask & StatxFlags::BTIME.bits() != 0;
        Stat {
            kind,
            length_bytes: if kind == Kind::File { stat.stx_size } else { 0 },
            stored_bytes: Some(stat.stx_blocks.saturating_mul(512)),
            mode: u32::from(stat.stx_mode) & 0o7777,
            uid: stat.stx_uid,
            gid: stat.stx_gid,
            mtime: time(stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec.into()),
            ctime: time(stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec.into()),
            // File systems without such a time may say 1970.
            birth: has_birth.then(|| time(stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec.into())).filter(|birth| birth.seconds != 0),
            inode: stat.stx_ino,
            device: rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
            links: u64::from(stat.stx_nlink),
            placeholder: false,
        }
    }
}

fn kind_of(mode: rustix::fs::RawMode) -> Kind {
    match FileType::from_raw_mode(mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Symlink,
        FileType::Fifo => Kind::Special(Special::Fifo),
        FileType::Socket => Kind::Special(Special::Socket),
        FileType::CharacterDevice => Kind::Special(Special::CharacterDevice),
        FileType::BlockDevice => Kind::Special(Special::BlockDevice),
        FileType::Unknown => Kind::Special(Special::Unknown),
    }
}

fn time(seconds: i64, nanoseconds: i64) -> Timestamp {
    Timestamp { seconds, nanoseconds: u32::try_from(nanoseconds.clamp(0, 999_999_999)).unwrap_or(0) }
}

/// The system's facts in our terms.
#[allow(clippy::unnecessary_cast, clippy::useless_conversion, reason = "the widths differ from system to system")]
fn facts(stat: &rustix::fs::Stat) -> Stat {
    let kind = kind_of(stat.st_mode);
    Stat {
        kind,
        length_bytes: if kind == Kind::File { u64::try_from(stat.st_size).unwrap_or(0) } else { 0 },
        stored_bytes: u64::try_from(stat.st_blocks).ok().map(|blocks| blocks.saturating_mul(512)),
        mode: u32::from(stat.st_mode) & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: time(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        ctime: time(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        birth: birth(stat),
        inode: stat.st_ino as u64,
        device: stat.st_dev as u64,
        links: stat.st_nlink as u64,
        placeholder: is_placeholder(stat),
    }
}

#[cfg(target_vendor = "apple")]
fn birth(stat: &rustix::fs::Stat) -> Option<Timestamp> {
    Some(time(stat.st_birthtime, stat.st_birthtime_nsec)).filter(|birth| birth.seconds != 0)
}

#[cfg(not(target_vendor = "apple"))]
fn birth(_stat: &rustix::fs::Stat) -> Option<Timestamp> {
    None
}

/// macOS marks files whose bytes are only in a cloud. Linux has no such mark; a file without blocks may as well be small or empty.
#[cfg(target_vendor = "apple")]
fn is_placeholder(stat: &rustix::fs::Stat) -> bool {
    const SF_DATALESS: u32 = 0x4000_0000;
    stat.st_flags & SF_DATALESS != 0
}

#[cfg(not(target_vendor = "apple"))]
fn is_placeholder(_stat: &rustix::fs::Stat) -> bool {
    false
}

/// The attributes of an open file or folder that are kept. What cannot be read is counted, never an error.
pub(super) fn attributes_of(file: BorrowedFd<'_>) -> Attributes {
    let names = match grown(NAMES_BYTES_MAX, |buffer| rustix::fs::flistxattr(file, buffer)) {
        Ok(names) => names,
        // Most file systems of cards and networks have none.
        Err(Errno::NOTSUP | Errno::NOSYS | Errno::INVAL | Errno::NOTTY) => return Attributes::default(),
        Err(_) => return Attributes { kept: Vec::new(), unread_count: 1 },
    };
    let (mut found, mut unread_count) = (Vec::new(), 0_u32);
    for name in names.split(|byte| *byte == 0).filter(|name| is_kept(name)) {
        match grown(VALUE_BYTES_MAX, |buffer| rustix::fs::fgetxattr(file, name, buffer)) {
            Ok(value) => found.push(Attribute { name: name.to_vec(), value }),
            // Taken away since it was listed.
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Err(Errno::NODATA) => {}
            Err(_) => unread_count = unread_count.saturating_add(1),
        }
    }
    Attributes::of(found, unread_count)
}

/// Calls with ever larger buffers until what is asked for fits.
fn grown(bytes_max: usize, call: impl Fn(&mut Vec<u8>) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut room = 4096;
    loop {
        let mut buffer = vec![0; room];
        match call(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(Errno::RANGE) if room < bytes_max => room = room.saturating_mul(8).min(bytes_max),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Where an open file of this length has holes. The place to read from is the beginning again.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple", target_os = "freebsd"))]
pub(super) fn holes_of(file: BorrowedFd<'_>, length_bytes: u64) -> Result<Vec<Hole>, Errno> {
    use rustix::fs::SeekFrom;
    let mut holes = Vec::new();
    let mut at = 0;
    while at < length_bytes && holes.len() < HOLES_MAX {
        // Not supported, or nothing but data: no holes.
        let Ok(begin) = rustix::fs::seek(file, SeekFrom::Hole(at)) else { break };
        if begin >= length_bytes {
            break;
        }
        let end = match rustix::fs::seek(file, SeekFrom::Data(begin)) {
            Ok(end) => end.min(length_bytes),
            Err(Errno::NXIO) => length_bytes,
            Err(_) => break,
        };
        if end <= begin {
            break;
        }
        if end - begin >= HOLE_BYTES_MIN {
            holes.push(Hole { offset_bytes: begin, length_bytes: end - begin });
        }
        at = end;
    }
    rustix::fs::seek(file.as_fd(), SeekFrom::Start(0))?;
    Ok(if holes.len() == HOLES_MAX { Vec::new() } else { holes })
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple", target_os = "freebsd")))]
pub(super) fn holes_of(_file: BorrowedFd<'_>, _length_bytes: u64) -> Result<Vec<Hole>, Errno> {
    Ok(Vec::new())
}
