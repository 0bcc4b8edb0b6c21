//! Owns [`OsTarget`]: restoring to a folder of this machine.
//!
//! The root is opened once and every path is walked from that handle, level by level, without following links. What is there is never
//! opened for writing: things are made without a name, or under a temporary one beside their own, and named when they are whole.

use super::names::NameRules;
use super::os_facts::{set_link, set_open};
use super::os_file::{Folders, OsFile, OsRead};
use super::os_folder::{failed, failed_io, look, look_at, open_folder, publish, sweep, with_part_name};
use super::os_names;
use super::target::{
    Existing, FactsSet, Found, FoundKind, Rights, Room, Target, TargetError, TargetFile, TargetRead, check_link, check_path, is_part_name,
    split, words,
};
use crate::tree::Facts;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder of this machine.
#[derive(Debug)]
pub struct OsTarget {
    root: Arc<OwnedFd>,
    folders: Arc<Folders>,
    path: PathBuf,
    rules: NameRules,
    rights: Rights,
}

impl OsTarget {
    /// Opens the folder at `path`, and makes it and its parents if absent. A link in `path` itself is followed, this once: it is the
    /// person's own word, not the repository's.
    ///
    /// Errors: [`TargetError::NotFolder`] if something else stands there, or on the way to it.
    pub fn create_or_open(path: &Path) -> Result<Self, TargetError> {
        refuse_other_than_folder(path)?;
        std::fs::create_dir_all(path).map_err(|source| failed_io("create", path.as_os_str().as_encoded_bytes(), source))?;
        let target = Self::open_root(path)?;
        let rules = os_names::rules(&target.root, os_names::Try::Yes);
        Ok(Self { rules, ..target })
    }

    /// Opens the folder at `path` as it is; absent is [`TargetError::Gone`]. For looking before anything is written.
    pub fn open_root(path: &Path) -> Result<Self, TargetError> {
        refuse_other_than_folder(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root =
            rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| failed("open", path.as_os_str().as_encoded_bytes(), errno))?;
        let rules = os_names::rules(&root, os_names::Try::No);
        let root = Arc::new(root);
        Ok(Self { folders: Arc::new(Folders::below(&root)), root, path: path.to_path_buf(), rules, rights: Rights::LeftOut })
    }

    /// The same folder, where facts that give programs rights are treated so.
    pub fn with_rights(self, rights: Rights) -> Self {
        Self { rights, ..self }
    }

    /// The same folder as on a file system where each file has a name from the start.
    #[cfg(test)]
    pub(super) fn named_from_the_start(self) -> Self {
        Self { folders: Arc::new(Folders::named_below(&self.root)), ..self }
    }

    /// What [`Self::create_or_open`] would come to, with nothing made: `None` where the folder is still to be made.
    ///
    /// Errors: as there, and that nothing could be written.
    pub fn look_before(path: &Path) -> Result<Option<Self>, TargetError> {
        let target = match Self::open_root(path) {
            Ok(target) => Some(target),
            Err(TargetError::Gone { .. }) => None,
            Err(error) => return Err(error),
        };
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let there = absolute.ancestors().find(|part| part.exists()).unwrap_or(path);
        let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        rustix::fs::access(there, access).map_err(|errno| failed("write into", there.as_os_str().as_encoded_bytes(), errno))?;
        Ok(target)
    }

    /// The folder that `path` lies in, open, and the name that it has there.
    fn parent<'path>(&self, path: &'path [u8]) -> Result<(OwnedFd, &'path [u8]), TargetError> {
        let (parent, name) = split(path)?;
        Ok((open_folder(self.root.as_fd(), parent)?, name))
    }

    fn folder(&self, path: &[u8]) -> Result<OwnedFd, TargetError> {
        check_path(path)?;
        open_folder(self.root.as_fd(), path)
    }

    /// Names what `make` makes under a temporary name, which never stays.
    fn make_and_name(
        folder: &OwnedFd,
        name: &[u8],
        path: &[u8],
        existing: Existing,
        make: impl Fn(&str) -> Result<(), Errno>,
    ) -> Result<(), TargetError> {
        if look(folder.as_fd(), name, path)?.is_some_and(|found| found.kind == FoundKind::Folder) && existing == Existing::Replace {
            return Err(TargetError::blocked(path, FoundKind::Folder.words()));
        }
        let ((), part) = with_part_name(path, make)?;
        let result = publish(folder.as_fd(), &part, name, path, existing);
        // Renaming one name of a file over another name of it does nothing, and both stay: so also after success.
        let _ = rustix::fs::unlinkat(folder, &part, AtFlags::empty());
        result
    }
}

impl Target for OsTarget {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn name_rules(&self) -> NameRules {
        self.rules
    }

    fn stat(&self, path: &[u8]) -> Result<Option<Found>, TargetError> {
        if path.is_empty() {
            return look_at(self.root.as_fd(), path).map(Some);
        }
        match self.parent(path) {
            Ok((folder, name)) => look(folder.as_fd(), name, path),
            Err(TargetError::Gone { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn free_bytes(&self) -> Option<u64> {
        let system = rustix::fs::fstatvfs(&self.root).ok()?;
        // Network file systems that do not know their size say that it is zero.
        (system.f_blocks > 0).then(|| system.f_bavail.saturating_mul(system.f_frsize))
    }

    fn is_empty(&self) -> Result<bool, TargetError> {
        let failed = |errno| failed("list", b"", errno);
        for entry in rustix::fs::Dir::read_from(&self.root).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            // A run that was killed before its marker had a name leaves an unfinished file of ours.
            if !matches!(name, b"." | b"..") && !is_part_name(name) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn list(&self, path: &[u8]) -> Result<Vec<(Vec<u8>, Found)>, TargetError> {
        let folder = self.folder(path)?;
        let failed = |errno| failed("list", path, errno);
        let mut listed = Vec::new();
        for entry in rustix::fs::Dir::read_from(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..")
                && let Some(found) = look(folder.as_fd(), name, path)?
            {
                listed.push((name.to_vec(), found));
            }
        }
        listed.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(listed)
    }

    fn make_folder(&self, path: &[u8]) -> Result<(), TargetError> {
        if path.is_empty() {
            return Ok(());
        }
        let (folder, name) = self.parent(path)?;
        match rustix::fs::mkdirat(&folder, name, Mode::RWXU) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => match look(folder.as_fd(), name, path)? {
                Some(found) if found.kind == FoundKind::Folder => Ok(()),
                Some(found) => Err(TargetError::blocked(path, found.kind.words())),
                None => Err(TargetError::blocked(path, "something that keeps changing")),
            },
            Err(Errno::INVAL) => Err(TargetError::CannotHold { path: words(path), reason: "the name is not allowed there" }),
            Err(errno) => Err(failed("create", path, errno)),
        }
    }

    fn create(&self, path: &[u8], length_bytes: u64, room: Room) -> Result<Box<dyn TargetFile>, TargetError> {
        Ok(Box::new(OsFile::create(&self.folders, path, length_bytes, room, self.rights)?))
    }

    fn open(&self, path: &[u8]) -> Result<Box<dyn TargetRead>, TargetError> {
        Ok(Box::new(OsRead::open(&self.root, path)?))
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, TargetError> {
        let (folder, name) = self.parent(path)?;
        match rustix::fs::readlinkat(&folder, name, Vec::new()) {
            Ok(to) => Ok(to.into_bytes()),
            Err(Errno::INVAL) => Err(TargetError::blocked(path, "something that is not a link")),
            Err(errno) => Err(failed("read", path, errno)),
        }
    }

    fn make_symlink(&self, path: &[u8], to: &[u8], existing: Existing) -> Result<(), TargetError> {
        check_link(path, to)?;
        let (folder, name) = self.parent(path)?;
        Self::make_and_name(&folder, name, path, existing, |part| {
            rustix::fs::symlinkat(to, &folder, part).map_err(|errno| unsupported(errno, &[Errno::PERM, Errno::NOTSUP, Errno::NOSYS]))
        })
        .map_err(|error| match error {
            TargetError::Unsupported { path } => TargetError::CannotHold { path, reason: "no symbolic links can be made there" },
            other => other,
        })
    }

    fn make_hard_link(&self, first: &[u8], path: &[u8], existing: Existing) -> Result<(), TargetError> {
        let (first_folder, first_name) = self.parent(first)?;
        let (folder, name) = self.parent(path)?;
        match look(first_folder.as_fd(), first_name, first)? {
            Some(found) if found.kind == FoundKind::File => {}
            Some(found) => return Err(TargetError::blocked(first, found.kind.words())),
            None => return Err(TargetError::Gone { doing: "link", path: words(first) }),
        }
        // Without the flag to follow, a link that was swapped in is itself given the name: it still leads nowhere for us.
        Self::make_and_name(&folder, name, path, existing, |part| {
            rustix::fs::linkat(&first_folder, first_name, &folder, part, AtFlags::empty())
                .map_err(|errno| unsupported(errno, &[Errno::PERM, Errno::XDEV, Errno::NOSYS, Errno::NOTSUP]))
        })
    }

    fn set_facts(&self, path: &[u8], kind: FoundKind, facts: &Facts) -> Result<FactsSet, TargetError> {
        check_path(path)?;
        match kind {
            FoundKind::Folder => {
                let folder = self.folder(path)?;
                set_open(folder.as_fd(), &look_at(folder.as_fd(), path)?, facts, path, self.rights)
            }
            FoundKind::File => OsRead::open(&self.root, path)?.set_facts(facts, self.rights),
            FoundKind::Symlink => {
                let (folder, name) = self.parent(path)?;
                match look(folder.as_fd(), name, path)? {
                    Some(found) if found.kind != kind => Err(TargetError::blocked(path, found.kind.words())),
                    Some(found) if found.link_count > 1 => Err(TargetError::blocked(path, "a link that has other names too")),
                    Some(_) => set_link(folder.as_fd(), name, facts, path),
                    None => Err(TargetError::Gone { doing: "set the facts of", path: words(path) }),
                }
            }
            FoundKind::Other => Err(TargetError::blocked(path, kind.words())),
        }
    }

    fn remove(&self, path: &[u8]) -> Result<(), TargetError> {
        let (folder, name) = self.parent(path)?;
        match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => match look(folder.as_fd(), name, path)? {
                Some(found) if found.kind == FoundKind::Folder => Err(TargetError::blocked(path, found.kind.words())),
                _ => Err(failed("remove", path, errno)),
            },
        }
    }

    fn remove_folder(&self, path: &[u8]) -> Result<(), TargetError> {
        let (folder, name) = self.parent(path)?;
        match rustix::fs::unlinkat(&folder, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Err(TargetError::blocked(path, "a folder that is not empty")),
            Err(errno) => Err(failed("remove", path, errno)),
        }
    }

    fn put_small(&self, path: &[u8], bytes: &[u8]) -> Result<(), TargetError> {
        OsFile::create(&self.folders, path, u64::try_from(bytes.len()).unwrap_or(u64::MAX), Room::Ahead, self.rights)?.put(bytes)
    }

    fn sync(&self) -> Result<(), TargetError> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        rustix::fs::syncfs(&self.root).map_err(|errno| failed("sync", b"", errno))?;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        rustix::fs::sync();
        Ok(())
    }

    fn remove_stale_parts(&self) -> Result<u64, TargetError> {
        let device = look_at(self.root.as_fd(), b"")?.device;
        let mut removed_count = 0_u64;
        let mut waiting = vec![Vec::new()];
        while let Some(path) = waiting.pop() {
            let folder = match open_folder(self.root.as_fd(), &path) {
                Ok(folder) => folder,
                // Something else took its place since it was listed, or it is closed to us: nothing of ours can be removed there.
                Err(TargetError::Gone { .. } | TargetError::Blocked { .. } | TargetError::Denied { .. }) => continue,
                Err(error) => return Err(error),
            };
            let (count, folders) = sweep(folder.as_fd(), &path, device)?;
            removed_count = removed_count.saturating_add(count);
            waiting.extend(folders.into_iter().map(|name| if path.is_empty() { name } else { [&path[..], b"/", &name].concat() }));
        }
        Ok(removed_count)
    }
}

/// Refuses a path at which, or above which, something stands that is no folder and leads to none.
fn refuse_other_than_folder(path: &Path) -> Result<(), TargetError> {
    for part in path.ancestors() {
        let by = match std::fs::metadata(part) {
            Ok(found) if found.is_dir() => return Ok(()),
            Ok(found) if found.is_file() => FoundKind::File.words(),
            Ok(_) => "something else",
            Err(_) => match std::fs::symlink_metadata(part) {
                Ok(found) if found.is_symlink() => "a symbolic link that leads nowhere",
                // Absent, or not to be looked at: what lies above it says more, or making it does.
                _ => continue,
            },
        };
        return Err(TargetError::NotFolder { path: part.display().to_string(), by });
    }
    Ok(())
}

/// Turns the numbers by which a file system says "not here" into the one that [`failed`] knows as [`TargetError::Unsupported`].
fn unsupported(errno: Errno, said: &[Errno]) -> Errno {
    if said.contains(&errno) { Errno::MLINK } else { errno }
}
