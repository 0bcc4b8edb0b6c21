//! Owns the one use of memory maps: files of the local cache, written and renamed by this program, never a photo and never a pack.
//!
//! A map of a file on a drive that goes away is a crash; the cache lies on the system's own disk and is never changed in place.

#![allow(unsafe_code)]

use memmap2::Mmap;
use std::fs::File;

/// Maps a whole cache file for reading.
pub(super) fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: cache files are written under a temporary name and renamed; no process of ours ever writes to or truncates one that has its name.
    unsafe { Mmap::map(file) }
}
