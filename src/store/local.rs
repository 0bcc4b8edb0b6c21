//! Owns [`LocalStore`]: a folder on a drive, a card or a mounted network place.
//!
//! Bytes get a name only after they were synced, by a rename that does not replace; then the folder is synced. Only
//! [`Store::replace`] takes over a name, in one step, with bytes that were read back before.

use super::disk::{Caching, Disk, DiskFile, DiskKind, DiskStat};
use super::name::{check_folder, check_name, join, may_be_ours, parent};
use super::place::{Comparison, Named, Place, ReadBack, Synced, Temporary};
use super::upload::LocalUpload;
use super::{Listed, Operation, Put, Store, StoreError, Upload, lock};
use rustix::io::Errno;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// How deep a listing goes. Our own names are five deep; a damaged FAT can hold a folder that contains itself.
const LIST_DEPTH_MAX: usize = 64;

/// Files in a folder of a [`Disk`].
#[derive(Debug)]
pub struct LocalStore {
    place: Arc<Place>,
    /// One file is healed at a time: two threads that heal the same one would each read the other's work as "wrong before".
    healing: Mutex<()>,
}

impl LocalStore {
    /// Takes the folder `root`, which is there, as a store. A link is followed once, now.
    ///
    /// `machine` names this machine in temporary files: 1 to 200 characters that a name may have.
    /// [`StoreError::PlaceGone`] if there is no such folder.
    pub fn open(disk: Arc<dyn Disk>, root: PathBuf, machine: &str) -> Result<Self, StoreError> {
        let place = Place::open(disk, root, machine)?;
        Ok(Self { place: Arc::new(place), healing: Mutex::new(()) })
    }

    /// Like [`LocalStore::open`], and creates the folder `root` first if it is missing; its parent must be there.
    pub fn create(disk: Arc<dyn Disk>, root: PathBuf, machine: &str) -> Result<Self, StoreError> {
        if let Err(error) = disk.create_folder(&root)
            && Errno::from_io_error(&error) != Some(Errno::EXIST)
        {
            let at = super::At { place: root.display().to_string(), name: String::new() };
            return Err(StoreError::writing(Operation::Open, at, error));
        }
        if let Some(above) = root.parent()
            && let Err(error) = disk.sync_folder(above)
            && !super::place::is_refused_sync(&error)
            && !matches!(Errno::from_io_error(&error), Some(Errno::ACCESS | Errno::PERM | Errno::NOENT))
        {
            let at = super::At { place: root.display().to_string(), name: String::new() };
            return Err(StoreError::writing(Operation::Open, at, error));
        }
        Self::open(disk, root, machine)
    }

    fn open_file(&self, operation: Operation, name: &str) -> Result<Box<dyn DiskFile>, StoreError> {
        check_name(name)?;
        self.place.disk.open(&self.place.path(name)).map_err(|error| self.place.reading(operation, name, error))
    }

    /// What a temporary file came upon under its name; makes what is right there as durable as if it had been written now.
    fn meet_existing(&self, name: &str, comparison: Comparison) -> Result<Put, StoreError> {
        match comparison {
            Comparison::Same => {
                // Perhaps copied here by a tool that synced nothing, or by a run that was killed before it did.
                let file = self.open_file(Operation::Put, name)?;
                self.place.sync_file(Operation::Put, name, &*file)?;
                self.place.settle(Operation::Put, parent(name))?;
                Ok(Put::AlreadyThere)
            }
            Comparison::Other => Ok(Put::Differs),
            Comparison::Absent => Err(self.place.writing(Operation::Put, name, Errno::EXIST.into())),
        }
    }

    /// Lists one folder; gives back the folders in it, each with whether it is `foreign`: such a one may be unreadable.
    fn list_one(&self, name: &str, foreign: bool, into: &mut Vec<Listed>) -> Result<Vec<(String, bool)>, StoreError> {
        let mut folders = Vec::new();
        let entries = match self.place.disk.list(&self.place.path(name)) {
            Ok(entries) => entries,
            Err(_) if foreign => return Ok(folders),
            Err(error) => {
                return match self.place.reading(Operation::List, name, error) {
                    // Removed since its parent was listed.
                    StoreError::NotFound { .. } => Ok(folders),
                    error => Err(error),
                };
            }
        };
        for entry in entries {
            let part = entry.name.to_string_lossy();
            let is_ours = !foreign && may_be_ours(&part);
            let full = join(name, &part);
            match entry.stat {
                Ok(stat) if stat.kind == DiskKind::File => into.push(listed(full, &stat)),
                // A name with replacement characters could not be opened again.
                Ok(stat) if stat.kind == DiskKind::Folder && entry.name.to_str().is_some() => folders.push((full, !is_ours)),
                Ok(_) => {}
                Err(error) if is_ours => match self.place.reading(Operation::List, &full, error) {
                    StoreError::NotFound { .. } => {}
                    error => return Err(error),
                },
                Err(_) => {}
            }
        }
        Ok(folders)
    }
}

impl Store for LocalStore {
    fn place(&self) -> String {
        self.place.root.display().to_string()
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>, StoreError> {
        check_folder(folder)?;
        self.place.check_here(Operation::List, folder)?;
        if !folder.is_empty() {
            match self.place.disk.stat(&self.place.path(folder)) {
                Ok(stat) if stat.kind == DiskKind::Folder => {}
                // Not "empty": a link in place of one of our folders would hide all that is behind it.
                Ok(_) => {
                    let at = self.place.at(folder);
                    return Err(StoreError::Read { operation: Operation::List, at, source: Errno::NOTDIR.into() });
                }
                Err(error) => {
                    return match self.place.reading(Operation::List, folder, error) {
                        StoreError::NotFound { .. } => Ok(Vec::new()),
                        error => Err(error),
                    };
                }
            }
        }
        let mut found = Vec::new();
        let mut folders = vec![(folder.to_owned(), false, 0)];
        while let Some((name, foreign, depth)) = folders.pop() {
            let below = self.list_one(&name, foreign, &mut found)?;
            if depth < LIST_DEPTH_MAX {
                folders.extend(below.into_iter().map(|(name, foreign)| (name, foreign, depth + 1)));
            }
        }
        found.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        Ok(found)
    }

    fn stat(&self, name: &str) -> Result<Option<Listed>, StoreError> {
        check_name(name)?;
        match self.place.disk.stat(&self.place.path(name)) {
            Ok(stat) if stat.kind == DiskKind::File => Ok(Some(listed(name.to_owned(), &stat))),
            Ok(_) => Ok(None),
            Err(error) => match self.place.reading(Operation::Stat, name, error) {
                StoreError::NotFound { .. } => Ok(None),
                error => Err(error),
            },
        }
    }

    fn get(&self, name: &str, length_bytes_max: u64) -> Result<Vec<u8>, StoreError> {
        let file = self.open_file(Operation::Get, name)?;
        let reading = |error| self.place.reading(Operation::Get, name, error);
        let length_bytes = file.stat().map_err(reading)?.length_bytes;
        if length_bytes > length_bytes_max {
            return Err(StoreError::TooLong { at: self.place.at(name), length_bytes, length_bytes_max });
        }
        let mut bytes = Vec::new();
        let length = usize::try_from(length_bytes).unwrap_or(usize::MAX);
        if bytes.try_reserve_exact(length).is_err() {
            return Err(reading(Errno::NOMEM.into()));
        }
        bytes.resize(length, 0);
        let count = file.read_at(0, &mut bytes).map_err(reading)?;
        if count < length {
            let at = self.place.at(name);
            return Err(StoreError::Short { at, offset: 0, wanted_bytes: length_bytes, length_bytes: count as u64 });
        }
        Ok(bytes)
    }

    fn get_range(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<(), StoreError> {
        let file = self.open_file(Operation::GetRange, name)?;
        let reading = |error| self.place.reading(Operation::GetRange, name, error);
        if file.read_at(offset, into).map_err(reading)? == into.len() {
            return Ok(());
        }
        let length_bytes = file.stat().map_err(reading)?.length_bytes;
        Err(StoreError::Short { at: self.place.at(name), offset, wanted_bytes: into.len() as u64, length_bytes })
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<Put, StoreError> {
        check_name(name)?;
        match self.place.compare(Operation::Put, name, bytes)? {
            Comparison::Absent => {}
            comparison => return self.meet_existing(name, comparison),
        }
        let mut temporary = Temporary::create(&self.place, Operation::Put, parent(name), Caching::Buffered)?;
        temporary.fill(Operation::Put, bytes, ReadBack::IfNotSynced)?;
        if temporary.rename_noreplace(Operation::Put, name)? == Named::Taken {
            let comparison = self.place.compare(Operation::Put, name, bytes)?;
            return self.meet_existing(name, comparison);
        }
        if self.place.settle(Operation::Put, parent(name))? == Synced::Refused
            && self.place.compare(Operation::Put, name, bytes)? != Comparison::Same
        {
            return Err(StoreError::ReadBack { at: self.place.at(name) });
        }
        Ok(Put::Stored)
    }

    fn begin(&self, folder: &str) -> Result<Box<dyn Upload>, StoreError> {
        check_folder(folder)?;
        Ok(Box::new(LocalUpload::begin(&self.place, folder)?))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        check_name(name)?;
        let _healing = lock(&self.healing);
        let mut temporary = Temporary::create(&self.place, Operation::Replace, parent(name), Caching::Buffered)?;
        temporary.fill(Operation::Replace, bytes, ReadBack::Always)?;
        // The wrong file once more: a bad cable, or another machine that healed it meanwhile.
        match self.place.compare(Operation::Replace, name, bytes) {
            Ok(Comparison::Same) => {
                self.place.settle(Operation::Replace, parent(name))?;
                return Ok(());
            }
            Ok(Comparison::Absent | Comparison::Other) | Err(StoreError::Read { .. } | StoreError::Denied { .. }) => {}
            Err(error) => return Err(error),
        }
        if let Err(error) = temporary.rename_over(name) {
            let refused = matches!(
                Errno::from_io_error(&error),
                Some(Errno::PERM | Errno::ACCESS | Errno::EXIST | Errno::ISDIR | Errno::NOTEMPTY | Errno::TXTBSY | Errno::BUSY)
            );
            if refused {
                return Err(StoreError::ReplaceRefused { at: self.place.at(name), source: error });
            }
            return Err(self.place.writing(Operation::Replace, name, error));
        }
        if self.place.settle(Operation::Replace, parent(name))? == Synced::Refused
            && self.place.compare(Operation::Replace, name, bytes)? != Comparison::Same
        {
            return Err(StoreError::ReadBack { at: self.place.at(name) });
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        check_name(name)?;
        match self.place.disk.remove(&self.place.path(name)) {
            Ok(()) => {
                self.place.touch(parent(name));
                Ok(())
            }
            Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::NOENT | Errno::NOTDIR)) => {
                self.place.check_here(Operation::Remove, name)
            }
            Err(error) => Err(self.place.writing(Operation::Remove, name, error)),
        }
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.place.check_here(Operation::Sync, "")?;
        self.place.settle_all()
    }

    fn remove_stale_temporaries(&self) -> Result<u64, StoreError> {
        let own = std::process::id();
        let mut removed_count = 0;
        for file in self.list("")? {
            let part = file.name.rsplit('/').next().unwrap_or_default();
            let Some(writer) = self.place.writer_of(part) else {
                continue;
            };
            if writer == own || check_name(&file.name).is_err() || self.place.disk.process_is_alive(writer) {
                continue;
            }
            self.remove(&file.name)?;
            removed_count += 1;
        }
        Ok(removed_count)
    }

    fn forget_cached(&self, name: &str) {
        if let Ok(file) = self.open_file(Operation::GetRange, name) {
            file.forget_cached();
        }
    }

    fn in_the_way(&self, name: &str) -> Option<&'static str> {
        check_name(name).ok()?;
        match self.place.disk.stat(&self.place.path(name)).ok()?.kind {
            DiskKind::File => None,
            DiskKind::Folder => Some("a folder"),
            DiskKind::Other => Some("a link, or something else that is no file,"),
        }
    }

    fn weaknesses(&self) -> Vec<String> {
        self.place.weaknesses()
    }

    fn device(&self) -> Option<u64> {
        Some(self.place.device())
    }
}

fn listed(name: String, stat: &DiskStat) -> Listed {
    Listed { name, length_bytes: stat.length_bytes, stamp: Some(stat.stamp), placeholder: stat.placeholder }
}
