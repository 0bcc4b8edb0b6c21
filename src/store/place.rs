//! Owns what the local store and its uploads share: the root, temporary files, renames, and what still has to be synced.
//!
//! Every write goes through a temporary file here, is synced, and then gets its name without replacing. Before each write the
//! root is looked at: an unplugged drive leaves an empty folder of the same path, which must not be taken for the place.

use super::disk::{Caching, Disk, DiskFile, DiskKind};
use super::name::{join, parent, part_fault};
use super::{At, Operation, StoreError, lock, sync_folder};
use rustix::io::Errno;
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// How much is compared at once when a file is read back.
const COMPARE_BYTES: usize = 1 << 20;

/// Whether an error of a sync says "this file system does not do that" and not "your bytes are lost".
pub(super) fn is_refused_sync(error: &io::Error) -> bool {
    // NOTSUP and OPNOTSUPP are two numbers on a Mac and one on Linux: hence no match.
    let Some(errno) = Errno::from_io_error(error) else {
        return false;
    };
    [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::INVAL, Errno::NOTTY, Errno::NOSYS, Errno::BADF].contains(&errno)
}

/// Whether a sync reached the medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Synced {
    Yes,
    /// The file system does not sync. The bytes must be read back.
    Refused,
}

/// What giving a name came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Yes,
    /// The name was there already. Nothing changed.
    Taken,
}

/// What a name has, compared with the bytes that it should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Absent,
    Same,
    Other,
}

/// One folder of a disk, taken as a store.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) root: PathBuf,
    /// Device and file id of the root when it was opened.
    identity: (u64, u64),
    machine: String,
    /// Folders that got or lost names since they were last synced.
    touched: Mutex<BTreeSet<String>>,
    /// Folders whose own names this store has synced, up to the root.
    settled: Mutex<HashSet<String>>,
    weaknesses: Mutex<Vec<String>>,
    pub(super) file_sync_refused: AtomicBool,
    folder_sync_refused: AtomicBool,
    noreplace_refused: AtomicBool,
    /// Whether a first upload has tried out if files can be synced.
    pub(super) sync_tried: Mutex<bool>,
}

impl Place {
    pub(super) fn open(disk: Arc<dyn Disk>, root: PathBuf, machine: &str) -> Result<Self, StoreError> {
        if let Some(reason) = part_fault(machine) {
            return Err(StoreError::BadName { name: machine.to_owned(), reason });
        }
        let gone = |source| StoreError::PlaceGone {
            operation: Operation::Open,
            at: At { place: root.display().to_string(), name: String::new() },
            source: Some(source),
        };
        let resolved = disk.resolve(&root).map_err(gone)?;
        let stat = disk.stat(&resolved).map_err(gone)?;
        if stat.kind != DiskKind::Folder {
            return Err(gone(Errno::NOTDIR.into()));
        }
        let sync_tool = sync_folder::tool_of(&resolved, &|path| disk.stat(path).is_ok());
        Ok(Self {
            disk,
            root: resolved,
            identity: (stat.device, stat.file_id),
            machine: machine.to_owned(),
            touched: Mutex::default(),
            settled: Mutex::default(),
            weaknesses: Mutex::new(sync_tool.map(sync_folder::warning).into_iter().collect()),
            file_sync_refused: AtomicBool::new(false),
            folder_sync_refused: AtomicBool::new(false),
            noreplace_refused: AtomicBool::new(false),
            sync_tried: Mutex::new(false),
        })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.root.clone() } else { self.root.join(name) }
    }

    pub(super) fn at(&self, name: &str) -> At {
        At { place: self.root.display().to_string(), name: name.to_owned() }
    }

    pub(super) const fn device(&self) -> u64 {
        self.identity.0
    }

    pub(super) fn weaknesses(&self) -> Vec<String> {
        lock(&self.weaknesses).clone()
    }

    /// Fails if the root is gone or something else lies there now.
    pub(super) fn check_here(&self, operation: Operation, name: &str) -> Result<(), StoreError> {
        let source = match self.disk.stat(&self.root) {
            Ok(stat) if (stat.device, stat.file_id) == self.identity => return Ok(()),
            Ok(_) => None,
            Err(error) => match StoreError::reading(operation, self.at(name), error) {
                stopped @ StoreError::OutOfResources { .. } => return Err(stopped),
                StoreError::PlaceGone { source, .. } => source,
                StoreError::Read { source, .. } | StoreError::Denied { source, .. } => Some(source),
                _ => None,
            },
        };
        Err(StoreError::PlaceGone { operation, at: self.at(name), source })
    }

    /// Sorts an error of reading. Before a file is called absent or unreadable, the place itself is looked at.
    pub(super) fn reading(&self, operation: Operation, name: &str, error: io::Error) -> StoreError {
        let error = StoreError::reading(operation, self.at(name), error);
        match error {
            StoreError::NotFound { .. } | StoreError::Read { .. } => match self.check_here(operation, name) {
                Err(gone @ StoreError::PlaceGone { .. }) => gone,
                _ => error,
            },
            _ => error,
        }
    }

    /// Sorts an error of writing, in the same way.
    pub(super) fn writing(&self, operation: Operation, name: &str, error: io::Error) -> StoreError {
        let error = StoreError::writing(operation, self.at(name), error);
        match error {
            StoreError::Write { .. } => match self.check_here(operation, name) {
                Err(gone @ StoreError::PlaceGone { .. }) => gone,
                _ => error,
            },
            _ => error,
        }
    }

    /// Gives `from` the name `to` unless it is taken.
    pub(super) fn rename_noreplace(&self, operation: Operation, from: &str, to: &str) -> Result<Named, StoreError> {
        let mut folders_made = false;
        loop {
            let error = match self.try_rename(from, to) {
                Ok(()) => {
                    self.touch(parent(to));
                    self.touch(parent(from));
                    return Ok(Named::Yes);
                }
                Err(error) => error,
            };
            match Errno::from_io_error(&error) {
                Some(Errno::EXIST) => return Ok(Named::Taken),
                Some(Errno::NOENT) if !folders_made => {
                    self.make_folders(operation, parent(to))?;
                    folders_made = true;
                }
                Some(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if !self.noreplace_refused.load(Ordering::Relaxed) => {
                    self.noreplace_refused.store(true, Ordering::Relaxed);
                }
                _ => return Err(self.writing(operation, to, error)),
            }
        }
    }

    fn try_rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.path(from), self.path(to));
        if !self.noreplace_refused.load(Ordering::Relaxed) {
            return self.disk.rename_noreplace(&from, &to);
        }
        // Two writers may pass this look together. They bring the same bytes: names are hashes, or drawn once by one writer.
        match self.disk.stat(&to) {
            Ok(_) => Err(Errno::EXIST.into()),
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NOENT) => self.disk.rename(&from, &to),
            Err(error) => Err(error),
        }
    }

    /// Creates `folder` and what is missing above it.
    fn make_folders(&self, operation: Operation, folder: &str) -> Result<(), StoreError> {
        self.check_here(operation, folder)?;
        let mut made = String::new();
        for part in folder.split('/').filter(|part| !part.is_empty()) {
            let above = std::mem::take(&mut made);
            made = join(&above, part);
            match self.disk.create_folder(&self.path(&made)) {
                Ok(()) => self.touch(&above),
                Err(error) if Errno::from_io_error(&error) == Some(Errno::EXIST) => {}
                Err(error) => return Err(self.writing(operation, &made, error)),
            }
        }
        Ok(())
    }

    pub(super) fn touch(&self, folder: &str) {
        let mut touched = lock(&self.touched);
        if !touched.contains(folder) {
            touched.insert(folder.to_owned());
        }
    }

    /// Syncs a file that was written; a refusal is noted once and given back.
    pub(super) fn sync_file(&self, operation: Operation, name: &str, file: &dyn DiskFile) -> Result<Synced, StoreError> {
        match file.sync() {
            Ok(()) => Ok(Synced::Yes),
            Err(error) if is_refused_sync(&error) => {
                self.note(&self.file_sync_refused, || {
                    format!("files cannot be synced here ({error}): each is read back instead, but a power cut may lose the last ones")
                });
                Ok(Synced::Refused)
            }
            Err(error) => Err(self.writing(operation, name, error)),
        }
    }

    fn sync_folder(&self, operation: Operation, folder: &str) -> Result<Synced, StoreError> {
        match self.disk.sync_folder(&self.path(folder)) {
            Ok(()) => Ok(Synced::Yes),
            Err(error) if is_refused_sync(&error) => {
                self.note(&self.folder_sync_refused, || {
                    format!("folders cannot be synced here ({error}): a power cut may undo the last names given")
                });
                Ok(Synced::Refused)
            }
            Err(error) => Err(self.writing(operation, folder, error)),
        }
    }

    fn note(&self, flag: &AtomicBool, words: impl FnOnce() -> String) {
        if !flag.swap(true, Ordering::Relaxed) {
            lock(&self.weaknesses).push(words());
        }
    }

    /// Makes the names in `folder` durable, and `folder` itself up to the root.
    ///
    /// A folder that was there already is synced once too: the run that made it may have been killed before it did so.
    pub(super) fn settle(&self, operation: Operation, folder: &str) -> Result<Synced, StoreError> {
        let synced = self.sync_folder(operation, folder)?;
        let mut below = folder;
        while !below.is_empty() && !lock(&self.settled).contains(below) {
            self.sync_folder(operation, parent(below))?;
            lock(&self.settled).insert(below.to_owned());
            below = parent(below);
        }
        Ok(synced)
    }

    /// Makes all names given so far durable, each folder synced once.
    pub(super) fn settle_all(&self) -> Result<(), StoreError> {
        let touched = std::mem::take(&mut *lock(&self.touched));
        let result = self.settle_these(&touched);
        if result.is_err() {
            lock(&self.touched).extend(touched);
        }
        result
    }

    fn settle_these(&self, touched: &BTreeSet<String>) -> Result<(), StoreError> {
        let mut folders = touched.clone();
        let mut newly_settled = Vec::new();
        for folder in touched {
            let mut below = folder.as_str();
            while !below.is_empty() && !lock(&self.settled).contains(below) {
                newly_settled.push(below.to_owned());
                folders.insert(parent(below).to_owned());
                below = parent(below);
            }
        }
        // From the deepest up: a file moved down must be durable in its new folder before the old one forgets it.
        for folder in folders.iter().rev() {
            self.sync_folder(Operation::Sync, folder)?;
        }
        lock(&self.settled).extend(newly_settled);
        Ok(())
    }

    /// Compares what `name` has with `bytes`. What is no regular file is other.
    pub(super) fn compare(&self, operation: Operation, name: &str, bytes: &[u8]) -> Result<Comparison, StoreError> {
        let file = match self.disk.open(&self.path(name)) {
            Ok(file) => file,
            Err(error) => {
                return match Errno::from_io_error(&error) {
                    Some(Errno::NOENT | Errno::NOTDIR) => self.check_here(operation, name).map(|()| Comparison::Absent),
                    Some(Errno::LOOP | Errno::ISDIR) => Ok(Comparison::Other),
                    _ => Err(self.reading(operation, name, error)),
                };
            }
        };
        let same = self.has_bytes(operation, name, &*file, bytes)?;
        Ok(if same { Comparison::Same } else { Comparison::Other })
    }

    /// Whether an open file has exactly `bytes`.
    pub(super) fn has_bytes(&self, operation: Operation, name: &str, file: &dyn DiskFile, bytes: &[u8]) -> Result<bool, StoreError> {
        let reading = |error| self.reading(operation, name, error);
        if file.stat().map_err(reading)?.length_bytes != bytes.len() as u64 {
            return Ok(false);
        }
        let mut buffer = vec![0; COMPARE_BYTES.min(bytes.len())];
        let mut offset = 0;
        for piece in bytes.chunks(COMPARE_BYTES) {
            let part = &mut buffer[..piece.len()];
            if file.read_at(offset, part).map_err(reading)? != piece.len() || part != piece {
                return Ok(false);
            }
            offset += piece.len() as u64;
        }
        Ok(true)
    }

    /// The process that wrote a temporary file of this machine, by its name.
    pub(super) fn writer_of(&self, part: &str) -> Option<u32> {
        let rest = part.strip_prefix("tmp-")?.strip_prefix(self.machine.as_str())?.strip_prefix('-')?;
        let (process_id, random) = rest.split_once('-')?;
        let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if random.len() != 16 || !is_hex(random) || !is_hex(process_id) {
            return None;
        }
        u32::from_str_radix(process_id, 16).ok()
    }

    fn draw_temporary_name(&self, folder: &str) -> io::Result<String> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let part = format!("tmp-{}-{:x}-{:016x}", self.machine, std::process::id(), u64::from_le_bytes(random));
        Ok(join(folder, &part))
    }
}

/// A file under a temporary name; removed when dropped, unless it got its own name.
#[derive(Debug)]
pub(super) struct Temporary {
    pub(super) place: Arc<Place>,
    pub(super) name: String,
    pub(super) file: Box<dyn DiskFile>,
    renamed: bool,
}

impl Temporary {
    /// Creates one in `folder`, which is created where it is missing.
    pub(super) fn create(place: &Arc<Place>, operation: Operation, folder: &str, caching: Caching) -> Result<Self, StoreError> {
        place.check_here(operation, folder)?;
        let mut attempts_left = 4;
        loop {
            attempts_left -= 1;
            let name = place.draw_temporary_name(folder).map_err(|error| place.writing(operation, folder, error))?;
            let error = match place.disk.create_new(&place.path(&name), caching) {
                Ok(file) => {
                    return Ok(Self { place: Arc::clone(place), name, file, renamed: false });
                }
                Err(error) => error,
            };
            match Errno::from_io_error(&error) {
                Some(Errno::EXIST) if attempts_left > 0 => {}
                Some(Errno::NOENT) if attempts_left > 0 => place.make_folders(operation, folder)?,
                _ => return Err(place.writing(operation, folder, error)),
            }
        }
    }

    /// Writes all of `bytes` and syncs them; where that is refused, or when asked to, reads them back.
    pub(super) fn fill(&self, operation: Operation, bytes: &[u8], read_back: ReadBack) -> Result<(), StoreError> {
        self.file.write_at(0, bytes).map_err(|error| self.place.writing(operation, &self.name, error))?;
        let synced = self.place.sync_file(operation, &self.name, &*self.file)?;
        if synced == Synced::Yes && read_back == ReadBack::IfNotSynced {
            return Ok(());
        }
        self.file.forget_cached();
        if self.place.has_bytes(operation, &self.name, &*self.file, bytes)? {
            return Ok(());
        }
        Err(StoreError::ReadBack { at: self.place.at(&self.name) })
    }

    /// Gives it its name, unless that is taken.
    pub(super) fn rename_noreplace(&mut self, operation: Operation, name: &str) -> Result<Named, StoreError> {
        let named = self.place.rename_noreplace(operation, &self.name, name)?;
        self.renamed = named == Named::Yes;
        Ok(named)
    }

    /// Gives it its name in one step, whatever had it.
    pub(super) fn rename_over(&mut self, name: &str) -> io::Result<()> {
        self.place.disk.rename(&self.place.path(&self.name), &self.place.path(name))?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // If this fails, a later run clears it away.
            let _ = self.place.disk.remove(&self.place.path(&self.name));
        }
    }
}

/// When the bytes of a temporary file are read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadBack {
    IfNotSynced,
    Always,
}
