//! Owns the real file system as a [`Source`].
//!
//! The root is held open from the start, and every path is walked from it without following a link in any part, so that
//! nobody can swap a folder for a link under a running snap. Paths may be longer than the system takes in one call.

use super::ScanError;
use super::attributes::Attributes;
use super::error::Operation;
use super::file_system::classify;
use super::os_facts::{attributes_of, holes_of, stat_at, stat_open};
use super::owners::Owners;
use super::source::{FileSystem, Hole, Kind, Listed, Source, SourceFile, Stat};
use crate::sys::read_directly;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The system takes 4,096 bytes of path in one call; longer ones are walked in pieces of at most this.
const PIECE_BYTES_MAX: usize = 2048;

/// No single read asks for more.
const READ_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Opening without blocking is refused while another program holds a lease on the file (Samba does); it is asked to let go and given this many times [`LEASE_WAIT`].
const LEASE_TRIES_MAX: u32 = 40;
const LEASE_WAIT: Duration = Duration::from_millis(50);

/// A folder or file of this machine, opened for reading.
#[derive(Debug)]
pub struct OsSource {
    place: Vec<u8>,
    root: Root,
    /// Whether the system walks a whole piece without links in one call; learned at the first refusal.
    walks_pieces: AtomicBool,
    owners: OnceLock<Owners>,
}

#[derive(Debug)]
enum Root {
    Folder(OwnedFd),
    /// A single file, named in its folder: programs replace files by renaming, and the name is what was asked for.
    File {
        folder: OwnedFd,
        name: Vec<u8>,
    },
}

impl OsSource {
    /// Opens `root`, a folder or a regular file. A link in `root` itself is followed here, once.
    pub fn open(root: &Path) -> Result<Self, ScanError> {
        let place = root.as_os_str().as_bytes().to_vec();
        let failed = |error: io::Error| ScanError::from_io(&place, Operation::Open, &error);
        let resolved = std::fs::canonicalize(root).map_err(failed)?;
        let facts = std::fs::metadata(&resolved).map_err(failed)?;
        let root = if facts.is_dir() {
            Root::Folder(open_folder_following(&resolved).map_err(failed)?)
        } else {
            let (Some(folder), Some(name), true) = (resolved.parent(), resolved.file_name(), facts.is_file()) else {
                return Err(ScanError::NotAFile { path: place, operation: Operation::Open });
            };
            Root::File { folder: open_folder_following(folder).map_err(failed)?, name: name.as_bytes().to_vec() }
        };
        Ok(Self {
            place,
            root,
            walks_pieces: AtomicBool::new(cfg!(any(target_os = "linux", target_os = "android"))),
            owners: OnceLock::new(),
        })
    }

    /// Opens what `path` names, following no link.
    fn open_path(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let (base, path) = match &self.root {
            Root::Folder(folder) => (folder.as_fd(), if path.is_empty() { b".".as_slice() } else { path }),
            Root::File { folder, name } if path.is_empty() => (folder.as_fd(), name.as_slice()),
            Root::File { .. } => return Err(Errno::NOTDIR),
        };
        let mut held: Option<OwnedFd> = None;
        let mut rest = path;
        while rest.len() > PIECE_BYTES_MAX {
            let slash = rest.get(..PIECE_BYTES_MAX).and_then(|piece| piece.iter().rposition(|byte| *byte == b'/'));
            let (piece, after) = rest.split_at(slash.ok_or(Errno::NAMETOOLONG)?);
            let base = held.as_ref().map_or(base, AsFd::as_fd);
            held = Some(self.open_piece(base, piece, SEARCH)?);
            rest = after.get(1..).unwrap_or_default();
        }
        self.open_piece(held.as_ref().map_or(base, AsFd::as_fd), rest, flags)
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn open_piece(&self, base: BorrowedFd<'_>, piece: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        use rustix::fs::{ResolveFlags, openat2};
        if self.walks_pieces.load(Ordering::Relaxed) {
            let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match rustix::io::retry_on_intr(|| openat2(base, piece, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)) {
                Err(Errno::NOSYS) => self.walks_pieces.store(false, Ordering::Relaxed),
                // Sandboxes forbid the call with the number that also answers O_NOATIME; the caller tries again without that.
                Err(Errno::PERM) if !flags.contains(OFlags::NOATIME) => {}
                outcome => return outcome,
            }
        }
        open_by_parts(base, piece, flags)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn open_piece(&self, base: BorrowedFd<'_>, piece: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        open_by_parts(base, piece, flags)
    }

    /// Opens for reading, without moving the time of last access where the system allows that (only on one's own files).
    fn open_to_read(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        match self.open_path(path, flags | OFlags::NOATIME) {
            Err(Errno::PERM) => {}
            outcome => return outcome,
        }
        self.open_path(path, flags)
    }

    /// Calls `work` with the open folder that holds `path`, and the name in it.
    fn in_folder<T>(&self, path: &[u8], work: impl FnOnce(BorrowedFd<'_>, &[u8]) -> Result<T, Errno>) -> Result<T, Errno> {
        match (&self.root, path.iter().rposition(|byte| *byte == b'/')) {
            (Root::File { folder, name }, None) if path.is_empty() => work(folder.as_fd(), name),
            (Root::File { .. }, _) => Err(Errno::NOTDIR),
            (Root::Folder(folder), None) => work(folder.as_fd(), path),
            (Root::Folder(_), Some(slash)) => {
                let (folder, name) = path.split_at(slash);
                work(self.open_path(folder, SEARCH)?.as_fd(), name.get(1..).unwrap_or_default())
            }
        }
    }
}

impl Source for OsSource {
    fn place(&self) -> Vec<u8> {
        self.place.clone()
    }

    fn stat(&self, path: &[u8]) -> Result<Stat, ScanError> {
        check_path(path, Operation::Stat)?;
        let outcome = match &self.root {
            Root::Folder(folder) if path.is_empty() => stat_open(folder.as_fd()),
            _ => self.in_folder(path, stat_at),
        };
        outcome.map_err(|errno| failed(path, Operation::Stat, errno))
    }

    fn list(&self, path: &[u8]) -> Result<Vec<Listed>, ScanError> {
        check_path(path, Operation::List)?;
        let failed_listing = |errno| failed(path, Operation::List, errno);
        let folder = self.open_to_read(path, OFlags::DIRECTORY).map_err(failed_listing)?;
        let mut names = names_of(&folder).map_err(failed_listing)?;
        // By inode: on a turning disk the facts then lie in the order of the head's way (ext4 hashes names).
        names.sort_unstable();
        let mut entries: Vec<_> = names
            .into_iter()
            .map(|(_, name)| {
                let stat = stat_at(folder.as_fd(), &name).map_err(|errno| failed(&joined(path, &name), Operation::Stat, errno));
                (name, stat)
            })
            .collect();
        entries.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        // A folder that is written to while it is listed may give a name twice.
        entries.dedup_by(|left, right| left.0 == right.0);
        Ok(entries)
    }

    fn open(&self, path: &[u8]) -> Result<Box<dyn SourceFile>, ScanError> {
        check_path(path, Operation::Open)?;
        let mut tries = 0;
        let file = loop {
            match self.open_to_read(path, OFlags::empty()) {
                Err(Errno::WOULDBLOCK) if tries < LEASE_TRIES_MAX => {
                    tries += 1;
                    std::thread::sleep(LEASE_WAIT);
                }
                outcome => break outcome.map_err(|errno| failed(path, Operation::Open, errno))?,
            }
        };
        let mut file = OsFile { file: File::from(file), path: path.to_vec(), offset: 0, length_bytes: 0 };
        let stat = file.stat()?;
        file.length_bytes = stat.length_bytes;
        if stat.kind != Kind::File {
            return Err(ScanError::NotAFile { path: path.to_vec(), operation: Operation::Open });
        }
        Ok(Box::new(file))
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, ScanError> {
        check_path(path, Operation::ReadLink)?;
        match self.in_folder(path, |folder, name| rustix::fs::readlinkat(folder, name, Vec::new())) {
            Ok(target) => Ok(target.into_bytes()),
            Err(Errno::INVAL) => Err(ScanError::NotAFile { path: path.to_vec(), operation: Operation::ReadLink }),
            Err(errno) => Err(failed(path, Operation::ReadLink, errno)),
        }
    }

    fn attributes(&self, folder: &[u8]) -> Attributes {
        let opened = check_path(folder, Operation::List).ok().and_then(|()| self.open_to_read(folder, OFlags::DIRECTORY).ok());
        opened.map_or(Attributes { kept: Vec::new(), unread_count: 1 }, |folder| attributes_of(folder.as_fd()))
    }

    fn file_system(&self, path: &[u8]) -> Result<FileSystem, ScanError> {
        check_path(path, Operation::FileSystem)?;
        let outcome = match &self.root {
            Root::File { folder, .. } if path.is_empty() => rustix::fs::fstatfs(folder),
            _ => self.open_path(path, SEARCH).and_then(rustix::fs::fstatfs),
        };
        outcome.map(|facts| classify(&facts)).map_err(|errno| failed(path, Operation::FileSystem, errno))
    }

    fn parent_device(&self) -> Option<u64> {
        let Root::Folder(folder) = &self.root else { return None };
        stat_at(folder.as_fd(), b"..").ok().map(|stat| stat.device)
    }

    fn owner_names(&self, uid: u32, gid: u32) -> (String, String) {
        self.owners.get_or_init(Owners::load).names(uid, gid)
    }
}

#[derive(Debug)]
struct OsFile {
    file: File,
    path: Vec<u8>,
    /// Where reading goes on.
    offset: u64,
    /// When it was opened.
    length_bytes: u64,
}

impl SourceFile for OsFile {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ScanError> {
        let length = into.len().min(READ_BYTES_MAX);
        let into = into.get_mut(..length).unwrap_or_default();
        // What a file has gained since it was opened is read as usual.
        let left = usize::try_from(self.length_bytes.saturating_sub(self.offset)).unwrap_or(usize::MAX).min(length);
        let count = match read_directly(&self.file, self.offset, into.get_mut(..left).unwrap_or_default()) {
            Ok(0) => rustix::io::retry_on_intr(|| rustix::io::pread(&self.file, &mut *into, self.offset)),
            Ok(count) => Ok(count),
            Err(error) => Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
        };
        let count = count.map_err(|errno| failed(&self.path, Operation::Read, errno))?;
        self.offset = self.offset.saturating_add(count as u64);
        Ok(count)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, ScanError> {
        let length = into.len().min(READ_BYTES_MAX);
        let into = into.get_mut(..length).unwrap_or_default();
        rustix::io::retry_on_intr(|| rustix::io::pread(&self.file, &mut *into, offset))
            .map_err(|errno| failed(&self.path, Operation::Read, errno))
    }

    fn stat(&mut self) -> Result<Stat, ScanError> {
        stat_open(self.file.as_fd()).map_err(|errno| failed(&self.path, Operation::Stat, errno))
    }

    fn attributes(&mut self) -> Attributes {
        attributes_of(self.file.as_fd())
    }

    fn holes(&mut self, length_bytes: u64) -> Result<Vec<Hole>, ScanError> {
        holes_of(self.file.as_fd(), length_bytes).map_err(|errno| failed(&self.path, Operation::Read, errno))
    }
}

/// Opens a folder only to go on from it: needs no right to list it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SEARCH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SEARCH: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

fn open_folder_following(path: &Path) -> io::Result<OwnedFd> {
    rustix::io::retry_on_intr(|| rustix::fs::openat(CWD, path, SEARCH | OFlags::CLOEXEC, Mode::empty())).map_err(io::Error::from)
}

/// Opens one part after the other, following no link.
fn open_by_parts(base: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut held: Option<OwnedFd> = None;
    let mut rest = path;
    loop {
        let slash = rest.iter().position(|byte| *byte == b'/');
        let (part, after) = rest.split_at(slash.unwrap_or(rest.len()));
        let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC | if slash.is_some() { SEARCH } else { flags };
        let base = held.as_ref().map_or(base, AsFd::as_fd);
        let next = rustix::io::retry_on_intr(|| rustix::fs::openat(base, part, flags, Mode::empty()))?;
        if slash.is_none() {
            return Ok(next);
        }
        held = Some(next);
        rest = after.get(1..).unwrap_or_default();
    }
}

/// Names with inodes, `.` and `..` left out, in no order.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn names_of(folder: &OwnedFd) -> Result<Vec<(u64, Vec<u8>)>, Errno> {
    let mut buffer = Vec::with_capacity(32 * 1024);
    let mut listing = rustix::fs::RawDir::new(folder, buffer.spare_capacity_mut());
    let mut names = Vec::new();
    while let Some(entry) = listing.next() {
        let entry = match entry {
            Err(Errno::INTR) => continue,
            entry => entry?,
        };
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push((entry.ino(), name.to_vec()));
        }
    }
    Ok(names)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn names_of(folder: &OwnedFd) -> Result<Vec<(u64, Vec<u8>)>, Errno> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push((entry.ino(), name.to_vec()));
        }
    }
    Ok(names)
}

/// Refuses what could leave the root: empty parts, `.`, `..`, a slash at either end, NUL.
fn check_path(path: &[u8], operation: Operation) -> Result<(), ScanError> {
    let bad = |part: &[u8]| part.is_empty() || part == b"." || part == b".." || part.contains(&0);
    if !path.is_empty() && path.split(|byte| *byte == b'/').any(bad) {
        return Err(ScanError::Other { path: path.to_vec(), operation, kind: io::ErrorKind::InvalidInput, errno: 0 });
    }
    Ok(())
}

fn failed(path: &[u8], operation: Operation, errno: Errno) -> ScanError {
    ScanError::from_io(path, operation, &io::Error::from(errno))
}

fn joined(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

#[cfg(test)]
mod tests {
    use super::OsSource;
    use crate::scan::{Kind, Source, Special};
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::sync::atomic::Ordering;

    fn read(source: &dyn Source, path: &[u8]) -> Vec<u8> {
        let mut file = source.open(path).unwrap();
        let mut bytes = vec![0; 4096];
        let count = file.read(&mut bytes).unwrap();
        bytes.truncate(count);
        bytes
    }

    fn make_fifo(path: &Path) {
        rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    }

    #[test]
    fn no_link_is_followed_in_any_part_but_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("photos");
        fs::create_dir_all(root.join("2019")).unwrap();
        fs::write(root.join("2019/a.jpg"), "a").unwrap();
        symlink("2019", root.join("link")).unwrap();
        symlink("2019/a.jpg", root.join("a.jpg")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        symlink(&root, folder.path().join("root-link")).unwrap();
        let source = OsSource::open(&folder.path().join("root-link")).unwrap();
        for pieces in [true, false] {
            source.walks_pieces.store(pieces, Ordering::Relaxed);
            assert_eq!(read(&source, b"2019/a.jpg"), b"a");
            assert_eq!(source.stat(b"a.jpg").unwrap().kind, Kind::Symlink);
            assert_eq!(source.read_link(b"link").unwrap(), b"2019");
            for path in [b"a.jpg".as_slice(), b"loop", b"link/a.jpg", b"loop/x", b"2019"] {
                assert_eq!(source.open(path).err().unwrap().code(), "source-changed-kind", "{path:?}");
            }
            assert_eq!(source.list(b"link").unwrap_err().code(), "source-changed-kind");
            assert_eq!(source.stat(b"link/a.jpg").unwrap_err().code(), "source-changed-kind");
            assert_eq!(source.read_link(b"2019/a.jpg").unwrap_err().code(), "source-changed-kind");
            assert_eq!(source.open(b"2019/b.jpg").err().unwrap().code(), "source-vanished");
        }
    }

    #[test]
    fn paths_that_could_leave_the_root_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let source = OsSource::open(folder.path()).unwrap();
        for path in [b"..".as_slice(), b"a/../b", b"/etc", b"a/", b"a//b", b".", b"a\0b"] {
            assert_eq!(source.stat(path).unwrap_err().code(), "source-unreadable", "{path:?}");
        }
    }

    #[test]
    fn a_fifo_never_blocks_and_specials_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        make_fifo(&folder.path().join("pipe"));
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        let source = OsSource::open(folder.path()).unwrap();
        assert_eq!(source.open(b"pipe").err().unwrap().code(), "source-changed-kind");
        assert_eq!(source.open(b"socket").err().unwrap().code(), "source-changed-kind");
        let kinds: Vec<Kind> = source.list(b"").unwrap().into_iter().map(|entry| entry.1.unwrap().kind).collect();
        assert_eq!(kinds, [Kind::Special(Special::Fifo), Kind::Special(Special::Socket)]);
    }

    #[test]
    fn paths_longer_than_one_call_takes_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let name = "n".repeat(200);
        let mut path = Vec::new();
        // Made step by step: no single call takes the whole path.
        let mut here = rustix::fs::openat(rustix::fs::CWD, folder.path(), super::SEARCH, rustix::fs::Mode::empty()).unwrap();
        for _ in 0..30 {
            rustix::fs::mkdirat(&here, name.as_str(), rustix::fs::Mode::from_raw_mode(0o700)).unwrap();
            here = rustix::fs::openat(&here, name.as_str(), super::SEARCH, rustix::fs::Mode::empty()).unwrap();
            path.extend_from_slice(name.as_bytes());
            path.push(b'/');
        }
        let flags = super::OFlags::CREATE | super::OFlags::WRONLY;
        let file = rustix::fs::openat(&here, "deep.jpg", flags, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        rustix::io::write(&file, b"deep").unwrap();
        path.extend_from_slice(b"deep.jpg");
        assert!(path.len() > 6000);
        let source = OsSource::open(folder.path()).unwrap();
        for pieces in [true, false] {
            source.walks_pieces.store(pieces, Ordering::Relaxed);
            assert_eq!(read(&source, &path), b"deep");
            assert_eq!(source.stat(&path).unwrap().length_bytes, 4);
            assert_eq!(source.list(&path[..path.len() - 9]).unwrap().len(), 1);
        }
    }

    #[test]
    fn names_that_are_not_text_are_listed_in_order_of_bytes() {
        let folder = tempfile::tempdir().unwrap();
        for name in [b"b".as_slice(), b"\xff\xfe", b"a\n", b"\xc3\xa4", b"B"] {
            fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), name).unwrap();
        }
        let source = OsSource::open(folder.path()).unwrap();
        let names: Vec<Vec<u8>> = source.list(b"").unwrap().into_iter().map(|entry| entry.0).collect();
        assert_eq!(names, [b"B".as_slice(), b"a\n", b"b", b"\xc3\xa4", b"\xff\xfe"]);
        assert_eq!(read(&source, b"\xff\xfe"), b"\xff\xfe");
    }

    #[test]
    fn the_root_may_be_a_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("one.jpg"), "one").unwrap();
        let source = OsSource::open(&folder.path().join("one.jpg")).unwrap();
        assert_eq!(source.stat(b"").unwrap().kind, Kind::File);
        assert_eq!(read(&source, b""), b"one");
        assert_eq!(source.list(b"").unwrap_err().code(), "source-changed-kind");
        assert_eq!(source.stat(b"x").unwrap_err().code(), "source-changed-kind");
        assert!(!source.file_system(b"").unwrap().name.is_empty());
        make_fifo(&folder.path().join("pipe"));
        assert_eq!(OsSource::open(&folder.path().join("pipe")).unwrap_err().code(), "source-changed-kind");
        assert_eq!(OsSource::open(&folder.path().join("absent")).unwrap_err().code(), "source-vanished");
    }

    #[test]
    fn what_this_user_may_not_read_is_said() {
        // Root may read everything, so there is nothing to see for it.
        if rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("shut")).unwrap();
        fs::write(folder.path().join("secret"), "x").unwrap();
        fs::set_permissions(folder.path().join("shut"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(folder.path().join("secret"), fs::Permissions::from_mode(0o000)).unwrap();
        let source = OsSource::open(folder.path()).unwrap();
        assert_eq!(source.list(b"shut").unwrap_err().reason(), "permission denied");
        assert_eq!(source.open(b"secret").err().unwrap().reason(), "permission denied");
        fs::set_permissions(folder.path().join("shut"), fs::Permissions::from_mode(0o700)).unwrap();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_kernels_own_file_systems_are_known() {
        let source = OsSource::open(Path::new("/proc")).unwrap();
        assert!(source.file_system(b"").unwrap().pseudo);
        assert_eq!(source.owner_names(0, 0).0, "root");
    }
}
