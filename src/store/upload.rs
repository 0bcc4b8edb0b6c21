//! Owns an upload to a local place: a temporary file that is written in any order and named when it is complete.
//!
//! Where files cannot be synced, the hash of every range is kept and compared with what is read back before the file is named.

use super::disk::Caching;
use super::name::{check_below, parent};
use super::place::{Named, Place, Synced, Temporary};
use super::{Operation, Put, StoreError, Upload, lock};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// How much is read back at once.
const READ_BACK_BYTES: usize = 1 << 20;

/// A file being written at a local place.
#[derive(Debug)]
pub(super) struct LocalUpload {
    temporary: Temporary,
    folder: String,
    /// The end of the furthest range written.
    end: AtomicU64,
    /// The ranges written; none where files can be synced.
    ranges: Option<Mutex<Vec<Range>>>,
}

#[derive(Debug, Clone, Copy)]
struct Range {
    offset: u64,
    length_bytes: u64,
    hash: blake3::Hash,
}

impl LocalUpload {
    pub(super) fn begin(place: &Arc<Place>, folder: &str) -> Result<Self, StoreError> {
        let temporary = Temporary::create(place, Operation::Begin, folder, Caching::Bypass)?;
        // Tried once on an empty file: hashing all that is written costs time, and only weak places need it.
        // The lock makes a second upload wait for the answer.
        let mut tried = lock(&place.sync_tried);
        if !*tried {
            place.sync_file(Operation::Begin, &temporary.name, &*temporary.file)?;
            *tried = true;
        }
        drop(tried);
        let ranges = place.file_sync_refused.load(Ordering::SeqCst).then(Mutex::default);
        Ok(Self { temporary, folder: folder.to_owned(), end: AtomicU64::new(0), ranges })
    }

    fn read_back(&self) -> Result<(), StoreError> {
        let Temporary { place, name, file, .. } = &self.temporary;
        let wrong = || StoreError::ReadBack { at: place.at(name) };
        let Some(ranges) = &self.ranges else {
            return Ok(());
        };
        file.forget_cached();
        let mut buffer = vec![0; READ_BACK_BYTES];
        for range in lock(ranges).iter() {
            let mut hasher = blake3::Hasher::new();
            let mut done = 0;
            while done < range.length_bytes {
                let wanted = usize::try_from(range.length_bytes - done).unwrap_or(usize::MAX).min(READ_BACK_BYTES);
                let part = &mut buffer[..wanted];
                let count = file.read_at(range.offset + done, part).map_err(|error| place.reading(Operation::Finish, name, error))?;
                if count < wanted {
                    return Err(wrong());
                }
                hasher.update(part);
                done += count as u64;
            }
            if hasher.finalize() != range.hash {
                return Err(wrong());
            }
        }
        Ok(())
    }

    /// Compares by length alone: the name is the hash of what was to be written, and reading is for those who check.
    fn meet_existing(&self, name: &str, length_bytes: u64) -> Result<Put, StoreError> {
        let place = &self.temporary.place;
        match place.disk.stat(&place.path(name)) {
            Ok(stat) if stat.kind == super::DiskKind::File && stat.length_bytes == length_bytes => Ok(Put::AlreadyThere),
            Ok(_) => Ok(Put::Differs),
            Err(error) => Err(place.reading(Operation::Finish, name, error)),
        }
    }
}

impl Upload for LocalUpload {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let Temporary { place, name, file, .. } = &self.temporary;
        let length_bytes = bytes.len() as u64;
        let Some(end) = offset.checked_add(length_bytes) else {
            return Err(place.writing(Operation::WriteAt, name, rustix::io::Errno::FBIG.into()));
        };
        file.write_at(offset, bytes).map_err(|error| place.writing(Operation::WriteAt, name, error))?;
        self.end.fetch_max(end, Ordering::SeqCst);
        if let Some(ranges) = &self.ranges {
            let range = Range { offset, length_bytes, hash: blake3::hash(bytes) };
            lock(ranges).push(range);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, name: &str, length_bytes: u64) -> Result<Put, StoreError> {
        check_below(name, &self.folder)?;
        let place = Arc::clone(&self.temporary.place);
        place.check_here(Operation::Finish, name)?;
        let end = self.end.load(Ordering::SeqCst);
        if length_bytes > end {
            // Zeros that nobody wrote would get a name and pass for bytes.
            return Err(StoreError::Short { at: place.at(name), offset: 0, wanted_bytes: length_bytes, length_bytes: end });
        }
        // Before cutting: the ranges are known as they were written.
        if self.ranges.is_some() {
            self.read_back()?;
        }
        if length_bytes < end {
            let cut = self.temporary.file.set_length(length_bytes);
            cut.map_err(|error| place.writing(Operation::Finish, name, error))?;
        }
        let synced = place.sync_file(Operation::Finish, &self.temporary.name, &*self.temporary.file)?;
        if synced == Synced::Refused && self.ranges.is_none() {
            // It was not refused when it was tried out: nothing to compare with, so nothing may be claimed.
            return Err(StoreError::ReadBack { at: place.at(name) });
        }
        match self.temporary.rename_noreplace(Operation::Finish, name)? {
            Named::Taken => {
                // Its folder is synced with the others: whoever wrote it may have been killed before doing so.
                place.touch(parent(name));
                self.meet_existing(name, length_bytes)
            }
            Named::Yes => match self.meet_existing(name, length_bytes)? {
                Put::AlreadyThere => Ok(Put::Stored),
                _ => Err(StoreError::ReadBack { at: place.at(name) }),
            },
        }
    }
}
