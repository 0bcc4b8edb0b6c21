//! Owns the limits that every decoder enforces. Implements `format-spec/limits.md`; the numbers there and here are the same.

/// Raw length of one object, in bytes.
pub const OBJECT_BYTES_MAX: u32 = 16 << 20;
/// Raw length of one record, in bytes: one object of full length, or a group.
pub const RECORD_RAW_BYTES_MAX: u32 = OBJECT_BYTES_MAX;
/// Length of one record in its pack, tag included, in bytes: room for what does not shrink.
pub const RECORD_STORED_BYTES_MAX: u32 = 32 << 20;
/// Window of a zstd frame, in bytes.
pub const ZSTD_WINDOW_BYTES_MAX: u64 = 16 << 20;
/// Raw length that a writer gathers in a group of small objects, in bytes.
pub const GROUP_RAW_BYTES_MAX: u32 = 512 << 10;
/// Length of a pack, in bytes. Writers aim at 64 MiB.
pub const PACK_BYTES_MAX: u64 = 1 << 30;
/// Records of one pack.
pub const RECORDS_MAX: usize = 1 << 20;
/// Length of the sealed directory of a pack, in bytes.
pub const DIRECTORY_BYTES_MAX: u64 = 64 << 20;
/// Length of every file that is read whole: manifests, needs pages, key slots, notices, in bytes.
pub const SMALL_FILE_BYTES_MAX: u64 = 16 << 20;
/// Length of an index segment, in bytes.
pub const SEGMENT_BYTES_MAX: u64 = 256 << 20;
/// From this length an index segment is full and is never merged again, in bytes.
pub const SEGMENT_FULL_BYTES: u64 = 16 << 20;
/// Length of `tintype.json`, in bytes.
pub const REPOSITORY_FILE_BYTES_MAX: u64 = 4096;
/// Length of an entry's name, in bytes.
pub const NAME_BYTES_MAX: usize = 1024;
/// Length of a symbolic link's target, in bytes.
pub const LINK_BYTES_MAX: usize = 1 << 16;
/// Folders within folders.
pub const DEPTH_MAX: usize = 512;
/// A page may end from here, in encoded bytes.
pub const PAGE_BYTES_MIN: usize = 16 << 10;
/// A page ends before it would be longer, in encoded bytes, unless one entry alone is.
pub const PAGE_BYTES_MAX: usize = 256 << 10;
/// A page ends after a name whose hash is 0 modulo this.
pub const PAGE_END_MODULUS: u64 = 64;
/// Pieces that stand in an entry itself.
pub const INLINE_PIECES_MAX: usize = 64;
/// Runs of pieces that make up a file's picture.
pub const PICTURE_RUNS_MAX: usize = 64;
/// Entries that a walk through one source goes to in any case.
pub const WALKED_ENTRIES_MIN: u64 = 1 << 18;
/// Beyond that, entries that a walk goes to for each one that it has read: a folder may stand in many places, and not in 2^40.
pub const WALKED_ENTRIES_FACTOR: u64 = 1024;
/// Pieces of one file, lists of lists resolved.
pub const FILE_PIECES_MAX: usize = 1 << 21;
/// Pieces of one piece list, and lists of one list of lists.
pub const LIST_PIECES_MAX: usize = 1 << 16;
/// An attribute's value that stands in an entry itself, in bytes.
pub const XATTR_INLINE_BYTES_MAX: usize = 1024;
/// Attributes of one entry.
pub const XATTRS_MAX: usize = 1024;
/// Tagged sections of one entry or manifest.
pub const SECTIONS_MAX: usize = 64;
/// Holes that a sparse file's section may name.
pub const HOLES_MAX: usize = 4096;
/// Names of packs in a manifest itself.
pub const NEEDS_TAIL_MAX: usize = 128;
/// A needs page has at least so many names, unless it is the last.
pub const NEEDS_PAGE_NAMES_MIN: usize = 128;
/// A needs page has at most so many names.
pub const NEEDS_PAGE_NAMES_MAX: usize = 2048;
/// A needs page ends after a name whose last 8 bytes are 0 modulo this.
pub const NEEDS_PAGE_MODULUS: u64 = 512;
/// Names in an announcement.
pub const ANNOUNCEMENT_NAMES_MAX: usize = 1 << 17;
/// Packs that an `instead` names.
pub const INSTEAD_PACKS_MAX: usize = 4096;
/// Segments that are not full and stand in one manifest.
pub const OPEN_SEGMENTS_MAX: usize = 12;
/// Sources of one manifest.
pub const SOURCES_MAX: usize = 1024;
/// Heads of other sources that a manifest names.
pub const OTHER_HEADS_MAX: usize = 32;
/// Memory that a key slot may ask for, in KiB.
pub const SLOT_MEMORY_KIB_MAX: u32 = 1 << 20;
/// Passes that a key slot may ask for.
pub const SLOT_PASSES_MAX: u32 = 64;
/// Lanes that a key slot may ask for.
pub const SLOT_LANES_MAX: u32 = 64;
/// Key slots that are tried.
pub const SLOTS_TRIED_MAX: usize = 32;
/// Files in `keys/` that are read to find slots that can be tried.
pub const SLOT_FILES_READ_MAX: usize = 1024;
/// Label, host, note and other short texts, in bytes.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Paths of sources and of reports, in bytes.
pub const PATH_BYTES_MAX: usize = 1 << 20;

/// A count of things in memory as the width that the format uses.
#[expect(clippy::as_conversions, reason = "usize is at most 64 bits on every system that Rust's standard library runs on")]
pub const fn to_u64(count: usize) -> u64 {
    count as u64
}

/// Entries that a walk goes to once it has read folders with `different_entries` entries, each folder counted once.
pub fn walked_entries_max(different_entries: u64) -> u64 {
    WALKED_ENTRIES_MIN.saturating_add(different_entries.saturating_mul(WALKED_ENTRIES_FACTOR))
}

/// Refuses a count or length over its limit.
pub(super) fn check(what: &'static str, found: u64, limit: u64) -> Result<(), super::FormatError> {
    if found <= limit { Ok(()) } else { Err(super::FormatError::Limit { what, limit, found }) }
}

/// [`check`] for what is counted in memory.
pub(super) fn check_count(what: &'static str, found: usize, limit: usize) -> Result<(), super::FormatError> {
    check(what, to_u64(found), to_u64(limit))
}

/// Refuses a length that a reader would have to make room for.
pub fn check_length(what: &'static str, found_bytes: u64, limit_bytes: u64) -> Result<(), super::FormatError> {
    check(what, found_bytes, limit_bytes)
}
