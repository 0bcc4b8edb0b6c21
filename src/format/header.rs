//! Owns the first 128 and the last 64 bytes of every hash-named file. Implements `format-spec/files.md`.
//! Fixed width, little endian, written by hand.

use super::{FormatError, RepositoryId, limits};
use std::fmt;

/// Length of the header, in bytes.
pub const HEADER_BYTES: usize = 128;
/// Length of the trailer, in bytes.
pub const TRAILER_BYTES: usize = 64;

const HEADER_MAGIC: [u8; 8] = *b"\x89TINTYPE";
const TRAILER_MAGIC: [u8; 8] = *b"EPYTNIT\x89";
/// The version that this program writes and reads.
pub const VERSION: u8 = 1;

/// What a hash-named file is. The number stands in header and trailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A pack of chunks.
    DataPack,
    /// A pack of trees, lists and reports.
    MetaPack,
    /// An index segment.
    Index,
    /// A snapshot's manifest.
    Manifest,
    /// A key slot.
    KeySlot,
    /// A page of a list of needed packs.
    NeedsPage,
    /// What a long run relies on.
    Announcement,
    /// A tombstone.
    Tombstone,
    /// An `instead`.
    Instead,
}

impl FileKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::DataPack,
        Self::MetaPack,
        Self::Index,
        Self::Manifest,
        Self::KeySlot,
        Self::NeedsPage,
        Self::Announcement,
        Self::Tombstone,
        Self::Instead,
    ];

    /// The number in header and trailer. From 16 on the kind is public.
    pub fn number(self) -> u8 {
        match self {
            Self::DataPack => 1,
            Self::MetaPack => 2,
            Self::Index => 3,
            Self::Manifest => 4,
            Self::KeySlot => 5,
            Self::NeedsPage => 16,
            Self::Announcement => 17,
            Self::Tombstone => 18,
            Self::Instead => 19,
        }
    }

    /// The kind of this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Readable without the key even in an encrypted repository; salt and key check are zero.
    pub fn is_public(self) -> bool {
        self.number() >= 16
    }

    /// Length of the longest file of this kind, in bytes.
    pub fn bytes_max(self) -> u64 {
        match self {
            Self::DataPack | Self::MetaPack => limits::PACK_BYTES_MAX,
            Self::Index => limits::SEGMENT_BYTES_MAX,
            _ => limits::SMALL_FILE_BYTES_MAX,
        }
    }

    /// The `derive_key` context of the file key, for kinds that are sealed.
    pub fn key_context(self) -> Option<&'static str> {
        match self {
            Self::DataPack => Some("tintype 2026 data pack"),
            Self::MetaPack => Some("tintype 2026 meta pack"),
            Self::Index => Some("tintype 2026 index"),
            Self::Manifest => Some("tintype 2026 manifest"),
            Self::KeySlot => Some("tintype 2026 key slot"),
            _ => None,
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::DataPack => "data pack",
            Self::MetaPack => "meta pack",
            Self::Index => "index segment",
            Self::Manifest => "manifest",
            Self::KeySlot => "key slot",
            Self::NeedsPage => "needs page",
            Self::Announcement => "announcement",
            Self::Tombstone => "tombstone",
            Self::Instead => "instead",
        })
    }
}

/// The first 128 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the file is.
    pub kind: FileKind,
    /// The version of its writer; a reader goes by the smallest reader version, which stands beside it.
    pub version: u8,
    /// The repository that it belongs to.
    pub repository: RepositoryId,
    /// Makes the file's key its own; random in plain repositories too, zero in public kinds.
    pub salt: [u8; 32],
    /// The second half of the derived key material, compared before anything is opened; zero in plain repositories and public kinds.
    pub key_check: [u8; 32],
}

impl Header {
    /// The header of a public kind.
    pub fn public(kind: FileKind, repository: RepositoryId) -> Self {
        Self { kind, version: VERSION, repository, salt: [0; 32], key_check: [0; 32] }
    }

    /// Its 128 bytes.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&HEADER_MAGIC);
        bytes.extend_from_slice(&[self.kind.number(), self.version, VERSION, 0]);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.repository.0);
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.key_check);
        bytes.resize(HEADER_BYTES, 0);
        let mut header = [0; HEADER_BYTES];
        header.copy_from_slice(&bytes);
        header
    }

    /// Reads the first 128 bytes of `bytes`. What decodes encodes again to the same 128 bytes.
    ///
    /// Errors: what is of a newer version is recognised before anything else is judged.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let Some((header, _)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return Err(FormatError::Short { length_bytes: limits::to_u64(bytes.len()) });
        };
        let mut fields = Fields(header);
        if fields.take::<8>() != HEADER_MAGIC {
            return Err(FormatError::HeaderMagic);
        }
        let [kind, version, reader_version_min, key_mode] = fields.take::<4>();
        if reader_version_min > VERSION {
            return Err(FormatError::TooNew { field: "reader version", found: reader_version_min.into() });
        }
        if reader_version_min == 0 {
            return Err(FormatError::Invalid { what: "header", why: "the smallest reader version begins at 1" });
        }
        let kind = FileKind::from_number(kind).ok_or(FormatError::KindTooNew(kind))?;
        if key_mode != 0 {
            return Err(FormatError::TooNew { field: "key mode", found: key_mode.into() });
        }
        let epoch = u32::from_le_bytes(fields.take());
        if epoch != 0 {
            return Err(FormatError::TooNew { field: "epoch", found: epoch });
        }
        let decoded = Self { kind, version, repository: RepositoryId(fields.take()), salt: fields.take(), key_check: fields.take() };
        if fields.0.iter().any(|byte| *byte != 0) {
            return Err(FormatError::HeaderNotZero("the rest of the header"));
        }
        // A pack's header that is lost is made anew: nothing in it may be a writer's choice.
        if matches!(kind, FileKind::DataPack | FileKind::MetaPack) && version != VERSION {
            return Err(FormatError::Invalid { what: "header", why: "a pack that version 1 may read has 1 as its writer's version" });
        }
        if kind.is_public() && (decoded.salt != [0; 32] || decoded.key_check != [0; 32]) {
            return Err(FormatError::HeaderNotZero("salt and key check of a public kind"));
        }
        Ok(decoded)
    }
}

/// The last 64 bytes. A file that does not end in one is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer {
    /// The header's kind again.
    pub kind: FileKind,
    /// Length of the sealed body, in bytes: of a pack its directory, tags included.
    pub sealed_bytes: u32,
    /// Length of the whole file, in bytes.
    pub file_bytes: u64,
    /// Where the sealed body begins, from the start of the file.
    pub sealed_offset: u64,
    /// The header's salt again.
    pub salt: [u8; 32],
}

impl Trailer {
    /// Its 64 bytes.
    pub fn encode(&self) -> [u8; TRAILER_BYTES] {
        let mut bytes = Vec::with_capacity(TRAILER_BYTES);
        bytes.extend_from_slice(&TRAILER_MAGIC);
        bytes.extend_from_slice(&[self.kind.number(), 0, 0, 0]);
        bytes.extend_from_slice(&self.sealed_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.file_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.sealed_offset.to_le_bytes());
        bytes.extend_from_slice(&self.salt);
        let mut trailer = [0; TRAILER_BYTES];
        trailer.copy_from_slice(&bytes);
        trailer
    }

    /// Whether there is a trailer at all.
    pub(super) fn begins(bytes: &[u8; TRAILER_BYTES]) -> bool {
        bytes.starts_with(&TRAILER_MAGIC)
    }

    /// Reads the last 64 bytes of a file of `file_bytes` bytes.
    pub fn decode(bytes: &[u8; TRAILER_BYTES], file_bytes: u64) -> Result<Self, FormatError> {
        let mut fields = Fields(bytes);
        if fields.take::<8>() != TRAILER_MAGIC {
            return Err(FormatError::TrailerMissing);
        }
        let [kind, zeros @ ..] = fields.take::<4>();
        let trailer = Self {
            // The header alone says that a file is of a newer version: a kind that stands only here is wrong.
            kind: FileKind::from_number(kind).ok_or(FormatError::TrailerMismatch("kind"))?,
            sealed_bytes: u32::from_le_bytes(fields.take()),
            file_bytes: u64::from_le_bytes(fields.take()),
            sealed_offset: u64::from_le_bytes(fields.take()),
            salt: fields.take(),
        };
        if zeros != [0; 3] {
            return Err(FormatError::TrailerMismatch("zeros"));
        }
        if trailer.file_bytes != file_bytes {
            return Err(FormatError::TrailerMismatch("length of the file"));
        }
        let end = trailer.sealed_offset.checked_add(trailer.sealed_bytes.into()).and_then(|end| end.checked_add(TRAILER_BYTES as u64));
        if trailer.sealed_offset < HEADER_BYTES as u64 || end != Some(file_bytes) {
            return Err(FormatError::TrailerMismatch("place of the sealed body"));
        }
        Ok(trailer)
    }
}

/// Takes fixed-width fields off the front. The callers' field lengths add up to no more than the bytes; past the end, zeros.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((field, rest)) => {
                self.0 = rest;
                *field
            }
            None => [0; N],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FileKind, Header, Trailer};
    use crate::format::{FormatError, RepositoryId};

    #[test]
    fn headers_go_round_and_say_what_is_newer() {
        let header = Header { kind: FileKind::Manifest, version: 1, repository: RepositoryId([1; 16]), salt: [2; 32], key_check: [3; 32] };
        let bytes = header.encode();
        assert_eq!(Header::decode(&bytes), Ok(header));
        for (place, code) in [
            (0, "header-magic"),
            (8, "format-too-new"),
            (10, "format-too-new"),
            (11, "format-too-new"),
            (12, "format-too-new"),
            (127, "header-not-zero"),
        ] {
            let mut wrong = bytes;
            wrong[place] = wrong[place].wrapping_add(100);
            assert_eq!(Header::decode(&wrong).map_err(|error| error.code()), Err(code), "byte {place}");
        }
    }

    #[test]
    fn a_trailer_must_agree_with_the_file() {
        let trailer = Trailer { kind: FileKind::Index, sealed_bytes: 8, file_bytes: 200, sealed_offset: 128, salt: [9; 32] };
        assert_eq!(Trailer::decode(&trailer.encode(), 200), Ok(trailer));
        assert_eq!(Trailer::decode(&trailer.encode(), 201), Err(FormatError::TrailerMismatch("length of the file")));
        assert_eq!(Trailer::decode(&[0; 64], 200), Err(FormatError::TrailerMissing));
    }
}
