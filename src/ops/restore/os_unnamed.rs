//! Owns files that have no name until they are whole: the system forgets them if the program ends before, and one name costs less than two.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;

/// Whether files can be made without a name in this folder, and named afterwards. Tried, since what says so may be wrong.
pub(super) fn can_be_made(folder: BorrowedFd<'_>) -> bool {
    let tried = super::os_folder::with_part_name(b"", |part| give_name(make(folder)?.as_fd(), folder, part.as_bytes()));
    let Ok(((), part)) = tried else { return false };
    rustix::fs::unlinkat(folder, part, rustix::fs::AtFlags::empty()).is_ok()
}

/// A new file in a folder, for writing, readable by its owner alone.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn make(folder: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    use rustix::fs::{Mode, OFlags};
    rustix::fs::openat(folder, c".", OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR)
}

/// Gives a file its name, if nothing has it: `open(2)` shows this way for who may not link by handle.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn give_name(file: BorrowedFd<'_>, folder: BorrowedFd<'_>, name: &[u8]) -> Result<(), Errno> {
    use rustix::fd::AsRawFd;
    use rustix::fs::{AtFlags, CWD};
    rustix::fs::linkat(CWD, format!("/proc/self/fd/{}", file.as_raw_fd()), folder, name, AtFlags::SYMLINK_FOLLOW)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn make(_folder: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    Err(Errno::NOTSUP)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn give_name(_file: BorrowedFd<'_>, _folder: BorrowedFd<'_>, _name: &[u8]) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}
