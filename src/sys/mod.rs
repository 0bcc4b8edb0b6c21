//! Owns what the system offers below the standard library: maps of cache files, aligned memory, and how much of a file lies in memory.
//!
//! The only unsafe code of the program is here: two calls, each with the reason why it is sound.

#![allow(unsafe_code)]

mod direct;

pub use direct::read as read_directly;

use memmap2::MmapMut;
use std::fs::File;

/// A whole file of the local cache, mapped.
pub use memmap2::Mmap as CacheMap;

/// To this, memory, offsets and lengths are aligned that pass the page cache by, in bytes. Covers drives of 512 and 4096 bytes a sector.
pub const ALIGNMENT_BYTES: usize = 4096;

/// Maps a whole file of the local cache for reading: never a photo and never a pack, since a map of a drive that goes away is a crash.
pub fn map_cache_file(file: &File) -> std::io::Result<CacheMap> {
    // SAFETY: cache files are written under a temporary name and renamed; no process of ours ever writes to or truncates one that has its name.
    unsafe { CacheMap::map(file) }
}

/// How many bytes of a part of a file lie in memory. `None`: the system does not say.
#[cfg(target_os = "linux")]
pub fn cached_bytes(file: &File, offset: u64, length_bytes: u64) -> Option<u64> {
    use std::os::fd::AsRawFd;
    /// `cachestat(2)`, the same number on every kind of processor; Linux 6.5 and later.
    const CACHESTAT: libc::c_long = 451;
    let (descriptor, range, mut counts) = (libc::c_long::from(file.as_raw_fd()), [offset, length_bytes], [0_u64; 5]);
    // SAFETY: the system reads two numbers of 64 bits and writes five, which is what the two arrays are, and keeps neither address.
    let outcome = unsafe { libc::syscall(CACHESTAT, descriptor, range.as_ptr(), counts.as_mut_ptr(), 0 as libc::c_long) };
    let page_bytes = u64::try_from(rustix::param::page_size()).ok()?;
    let [pages, ..] = counts;
    (outcome == 0).then(|| pages.saturating_mul(page_bytes))
}

/// How many bytes of a part of a file lie in memory. `None`: the system does not say.
#[cfg(not(target_os = "linux"))]
pub fn cached_bytes(_file: &File, _offset: u64, _length_bytes: u64) -> Option<u64> {
    None
}

/// Zeroed memory at an aligned address, in large pages where the system has them: touching it for the first time is then several times cheaper.
#[derive(Debug)]
pub struct AlignedBytes(Memory);

#[derive(Debug)]
enum Memory {
    Mapped(MmapMut),
    /// With where the aligned part begins, and its length.
    Heap(Vec<u8>, usize, usize),
}

impl AlignedBytes {
    /// So many bytes.
    pub fn new(length_bytes: usize) -> Self {
        if let Ok(map) = MmapMut::map_anon(length_bytes.max(1)) {
            // A wish: small pages serve as well.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Self(Memory::Mapped(map));
        }
        let bytes = vec![0; length_bytes + ALIGNMENT_BYTES];
        let begin = bytes.as_ptr().align_offset(ALIGNMENT_BYTES).min(ALIGNMENT_BYTES);
        Self(Memory::Heap(bytes, begin, length_bytes))
    }
}

impl std::ops::Deref for AlignedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Memory::Mapped(map) => map,
            Memory::Heap(bytes, begin, length) => bytes.get(*begin..*begin + *length).unwrap_or_default(),
        }
    }
}

impl std::ops::DerefMut for AlignedBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Memory::Mapped(map) => map,
            Memory::Heap(bytes, begin, length) => bytes.get_mut(*begin..*begin + *length).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALIGNMENT_BYTES, AlignedBytes, cached_bytes};
    use std::io::Write;

    #[test]
    fn memory_is_aligned_and_zero() {
        for length in [1, 5000, 3 << 20] {
            let mut bytes = AlignedBytes::new(length);
            assert_eq!((bytes.len(), bytes.as_ptr().align_offset(ALIGNMENT_BYTES)), (length, 0));
            assert!(bytes.iter().all(|byte| *byte == 0));
            bytes.fill(7);
        }
    }

    #[test]
    fn what_was_just_written_lies_in_memory() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[1; 100_000]).unwrap();
        // Older kernels do not say.
        if let Some(bytes) = cached_bytes(&file, 0, 100_000) {
            assert!((90_000..=110_592).contains(&bytes), "{bytes}");
            assert_eq!(cached_bytes(&file, 1 << 30, 100_000), Some(0));
        }
    }
}
