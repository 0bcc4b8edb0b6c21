//! Owns the careful reading of one file, and when a file counts as unchanged without being read.
//!
//! A file is looked at before and after it is read; what is stored is what was read, and whether it moved meanwhile is known.
//! A file may be taken for unchanged only if any later change must have moved its facts.

use super::error::Operation;
use super::source::{FileSystem, Hole, Kind, Source, SourceFile, Stat};
use super::{Attributes, ScanError};
use crate::chunk::{RangeError, Ranges};
use crate::clock::Timestamp;
use crate::packed::{Decode, Encode};
use std::time::Duration;

/// How far a file may outgrow the length it had when opened; a log that is written faster than it is read would never end.
const GROWTH_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How old the last change must be for a local clock's tick to tell it from a next one.
const MARGIN: Duration = Duration::from_secs(3);

/// The same where times are another machine's.
const MARGIN_NETWORK: Duration = Duration::from_secs(120);

/// A file being read, with its facts from before.
pub struct CarefulFile {
    file: Box<dyn SourceFile>,
    before: Stat,
    length_read_bytes: u64,
    length_bytes_max: u64,
    holes: Vec<Hole>,
}

impl std::fmt::Debug for CarefulFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CarefulFile")
            .field("before", &self.before)
            .field("length_read_bytes", &self.length_read_bytes)
            .finish_non_exhaustive()
    }
}

/// What was seen of a file by the time that it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The facts after reading.
    pub stat: Stat,
    /// Length, times or file id moved while it was read, or it had another length than it stated: read once more, then mark.
    pub changed: bool,
    /// How many bytes were read.
    pub length_read_bytes: u64,
    /// Its extended attributes, as far as they are kept.
    pub attributes: Attributes,
    /// Where it has holes; none if it changed.
    pub holes: Vec<Hole>,
}

impl CarefulFile {
    /// Opens a file and looks at it. A placeholder is refused before any byte is asked for.
    pub fn open(source: &dyn Source, path: &[u8]) -> Result<Self, ScanError> {
        let mut file = source.open(path)?;
        let before = file.stat()?;
        if before.kind != Kind::File {
            return Err(ScanError::NotAFile { path: path.to_vec(), operation: Operation::Open });
        }
        if before.placeholder {
            return Err(ScanError::Placeholder { path: path.to_vec(), operation: Operation::Open });
        }
        let length_bytes_max = before.length_bytes.saturating_add(GROWTH_BYTES_MAX);
        let is_sparse = before.stored_bytes.is_some_and(|stored_bytes| stored_bytes < before.length_bytes);
        let holes = if is_sparse { file.holes(before.length_bytes)? } else { Vec::new() };
        Ok(Self { file, before, length_read_bytes: 0, length_bytes_max, holes })
    }

    /// The facts before reading.
    pub fn stat_before(&self) -> &Stat {
        &self.before
    }

    /// Reads at most `into.len()` bytes; 0 is the end, or the point where a file that grows and grows is left.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize, ScanError> {
        let left = self.length_bytes_max - self.length_read_bytes;
        let length = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let into = into.get_mut(..length).unwrap_or_default();
        if into.is_empty() {
            return Ok(0);
        }
        let count = self.file.read(into)?.min(length);
        self.length_read_bytes += count as u64;
        Ok(count)
    }

    /// Looks at the file once more and says whether it held still.
    pub fn finish(mut self) -> Result<Seen, ScanError> {
        // Before the last look: what changes an attribute moves the ctime.
        let attributes = self.file.attributes();
        let stat = self.file.stat()?;
        let before = &self.before;
        let moved = (stat.length_bytes, stat.mtime, stat.ctime, stat.inode, stat.device)
            != (before.length_bytes, before.mtime, before.ctime, before.inode, before.device);
        let changed = moved || self.length_read_bytes != stat.length_bytes;
        let holes = if changed { Vec::new() } else { self.holes };
        Ok(Seen { stat, changed, length_read_bytes: self.length_read_bytes, attributes, holes })
    }
}

/// A look at any place of the file, beside reading it from its beginning. It counts for nothing: what cannot be read will be read again.
impl Ranges for CarefulFile {
    fn length_bytes(&self) -> u64 {
        self.before.length_bytes
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, RangeError> {
        self.file.read_at(offset, into).map_err(|_| RangeError)
    }
}

/// The facts by which a file read earlier is known again. The device is left out: its number may change between boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct StatKey {
    /// Length in bytes.
    pub length_bytes: u64,
    /// Last change of content.
    pub mtime: Timestamp,
    /// Last change of content or facts.
    pub ctime: Timestamp,
    /// The system's number of the file.
    pub inode: u64,
    /// The moment at which reading began, by this machine's clock.
    pub seen_at: Timestamp,
}

impl StatKey {
    /// What to remember of a file with these facts, whose reading began at `seen_at`.
    pub fn of(stat: &Stat, seen_at: Timestamp) -> Self {
        Self { length_bytes: stat.length_bytes, mtime: stat.mtime, ctime: stat.ctime, inode: stat.inode, seen_at }
    }
}

/// What the facts of a file say about its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It cannot have changed since it was read.
    Unchanged,
    /// Length and mtime say unchanged, on a file system whose ctime and file ids prove nothing: to be read again now and then.
    Likely,
    /// It changed, or may have without a trace: read it.
    Changed,
}

/// Compares what is remembered of a file with what the system says now. `file_system` is the one that it lies on now.
pub fn compare(old: &StatKey, new: &Stat, file_system: &FileSystem) -> Freshness {
    let margin = margin(file_system);
    if new.kind != Kind::File || old.length_bytes != new.length_bytes || old.mtime != new.mtime {
        return Freshness::Changed;
    }
    let settled = old.seen_at.since(old.mtime) >= margin;
    if !file_system.ctime_means_change {
        return if settled { Freshness::Likely } else { Freshness::Changed };
    }
    // A camera whose clock is ahead: a later write would bring such a time back to now, so it cannot hide behind it.
    if !settled && old.mtime.since(old.seen_at) < margin {
        return Freshness::Changed;
    }
    let same = old.ctime == new.ctime && old.inode == new.inode && old.seen_at.since(old.ctime) >= margin;
    if same { Freshness::Unchanged } else { Freshness::Changed }
}

/// Whether what is remembered of a folder or link still holds, by facts that any change of it must have moved.
pub fn is_unmoved(old: &StatKey, new: &Stat, file_system: &FileSystem) -> bool {
    let facts = |key: &StatKey| (key.mtime, key.ctime, key.inode);
    file_system.ctime_means_change
        && facts(old) == facts(&StatKey::of(new, old.seen_at))
        && old.seen_at.since(old.ctime) >= margin(file_system)
}

fn margin(file_system: &FileSystem) -> Duration {
    if file_system.network { MARGIN_NETWORK } else { MARGIN }
}

#[cfg(test)]
mod tests {
    use super::{CarefulFile, Freshness, StatKey, compare};
    use crate::clock::Timestamp;
    use crate::scan::{Content, FileSystem, MemorySource, Source, Stat};

    fn read_all(file: &mut CarefulFile) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 100];
        loop {
            match file.read(&mut buffer).unwrap() {
                0 => return bytes,
                count => bytes.extend_from_slice(&buffer[..count]),
            }
        }
    }

    #[test]
    fn a_file_that_holds_still_is_seen_to() {
        let source = MemorySource::new();
        source.add_file("a", "x".repeat(1000).as_str());
        let mut file = CarefulFile::open(&source, b"a").unwrap();
        assert_eq!(read_all(&mut file).len(), 1000);
        let seen = file.finish().unwrap();
        assert!(!seen.changed);
        assert_eq!(seen.length_read_bytes, 1000);
    }

    #[test]
    fn a_file_that_moves_is_seen_to_as_often_as_it_does() {
        let source = MemorySource::new();
        source.add_file("a", "x".repeat(1000).as_str());
        source.change_while_read("a", 2);
        for expected in [true, true, false] {
            let mut file = CarefulFile::open(&source, b"a").unwrap();
            read_all(&mut file);
            assert_eq!(file.finish().unwrap().changed, expected);
        }
    }

    #[test]
    fn a_file_left_half_read_counts_as_changed_and_placeholders_are_refused() {
        let source = MemorySource::new();
        source.add_file("a", Content::Generated { seed: 1, length_bytes: 500 });
        let mut file = CarefulFile::open(&source, b"a").unwrap();
        file.read(&mut [0; 10]).unwrap();
        assert!(file.finish().unwrap().changed);
        source.set_placeholder("a", true);
        assert_eq!(CarefulFile::open(&source, b"a").unwrap_err().code(), "source-elsewhere");
    }

    fn facts() -> (Stat, FileSystem) {
        let source = MemorySource::new();
        source.add_file("a", "abc");
        source.edit_stat("a", |stat| stat.mtime = Timestamp::from_seconds(1000));
        let mut stat = source.stat(b"a").unwrap();
        stat.ctime = Timestamp::from_seconds(1000);
        (stat, source.file_system(b"").unwrap())
    }

    fn unchanged(old: &StatKey, new: &Stat, file_system: &FileSystem) -> bool {
        compare(old, new, file_system) == Freshness::Unchanged
    }

    #[test]
    fn unchanged_needs_all_facts_and_some_age() {
        let (stat, mut file_system) = facts();
        let at = |seconds| StatKey::of(&stat, Timestamp::from_seconds(seconds));
        assert!(unchanged(&at(1003), &stat, &file_system));
        assert!(!unchanged(&at(1002), &stat, &file_system));
        assert!(!unchanged(&at(900), &stat, &file_system));
        let mut other = stat.clone();
        other.device += 1;
        assert!(unchanged(&at(1003), &other, &file_system));
        other.inode += 1;
        assert!(!unchanged(&at(1003), &other, &file_system));
        other = stat.clone();
        other.ctime.nanoseconds += 1;
        assert!(!unchanged(&at(1003), &other, &file_system));
        file_system.network = true;
        assert!(!unchanged(&at(1119), &stat, &file_system) && unchanged(&at(1120), &stat, &file_system));
    }

    #[test]
    fn a_photo_from_the_future_is_not_read_each_time() {
        let (mut stat, file_system) = facts();
        stat.mtime = Timestamp::from_seconds(4_000_000_000);
        assert!(unchanged(&StatKey::of(&stat, Timestamp::from_seconds(2000)), &stat, &file_system));
        stat.mtime = Timestamp::from_seconds(2001);
        assert!(!unchanged(&StatKey::of(&stat, Timestamp::from_seconds(2000)), &stat, &file_system));
    }

    #[test]
    fn where_ctime_means_nothing_a_file_is_only_likely_unchanged() {
        let (stat, mut file_system) = facts();
        file_system.ctime_means_change = false;
        let key = StatKey::of(&stat, Timestamp::from_seconds(1003));
        let mut other = stat.clone();
        (other.inode, other.ctime) = (77, Timestamp::from_seconds(5));
        assert_eq!(compare(&key, &other, &file_system), Freshness::Likely);
        other.length_bytes += 1;
        assert_eq!(compare(&key, &other, &file_system), Freshness::Changed);
    }
}
