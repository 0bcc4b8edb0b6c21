//! Owns the shape that all hash-named files share: `header | middle | sealed body | trailer`.
//! The middle is a pack's records or another file's public part. Implements `format-spec/files.md`.

use super::header::{HEADER_BYTES, TRAILER_BYTES};
use super::{FileKind, FormatError, Header, RepositoryId, Trailer, limits, padme};

/// Whether the last bytes of a file say that it is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrailerState {
    /// A trailer that agrees with the length and with the name's folder.
    Whole(Trailer),
    /// No trailer: still arriving, or cut off.
    Short,
    /// There is a trailer and it is wrong, unless the header says that the file is of a newer version.
    Wrong,
}

/// Judges the last 64 bytes of a file of `file_bytes` bytes that should be of one of `kinds`.
pub fn trailer_state(last: &[u8; TRAILER_BYTES], file_bytes: u64, kinds: &[FileKind]) -> TrailerState {
    match Trailer::decode(last, file_bytes) {
        Ok(trailer) if kinds.contains(&trailer.kind) => TrailerState::Whole(trailer),
        Err(FormatError::TrailerMissing) => TrailerState::Short,
        // A copy that preallocated and stopped inside has another length in an old trailer only by accident: wrong.
        Ok(_) | Err(_) => TrailerState::Wrong,
    }
}

/// A file of one seal, taken apart. Nothing in it is believed yet but header and trailer.
#[derive(Debug, Clone, Copy)]
pub struct SealedFile<'a> {
    /// The header.
    pub header: Header,
    /// The public part, still encoded.
    pub public: &'a [u8],
    /// The sealed body: in an encrypted repository with its tag.
    pub sealed: &'a [u8],
    /// Header and public part: what the seal also covers.
    pub covered: &'a [u8],
}

impl<'a> SealedFile<'a> {
    /// Takes a whole file of `kind` apart.
    ///
    /// Errors: first that there is no trailer (the file is short, whatever else is wrong), then the header, which alone says that
    /// a newer version made the file, then what the trailer says.
    pub fn split(bytes: &'a [u8], kind: FileKind, repository: RepositoryId) -> Result<Self, FormatError> {
        let length_bytes = limits::to_u64(bytes.len());
        let short = FormatError::Short { length_bytes };
        if bytes.len() < HEADER_BYTES.saturating_add(TRAILER_BYTES) {
            return Err(short);
        }
        let (front, last) = bytes.split_last_chunk::<TRAILER_BYTES>().ok_or(short.clone())?;
        if !Trailer::begins(last) {
            return Err(FormatError::TrailerMissing);
        }
        let header = Header::decode(front)?;
        let trailer = Trailer::decode(last, length_bytes)?;
        if trailer.kind != header.kind {
            return Err(FormatError::TrailerMismatch("kind"));
        }
        if header.kind != kind {
            return Err(FormatError::WrongKind { expected: kind, found: header.kind });
        }
        limits::check("length of a file", length_bytes, kind.bytes_max())?;
        if header.repository != repository {
            return Err(FormatError::WrongRepository);
        }
        if trailer.salt != header.salt {
            return Err(FormatError::TrailerMismatch("salt"));
        }
        let offset = usize::try_from(trailer.sealed_offset).map_err(|_| FormatError::TrailerMismatch("place of the sealed body"))?;
        let (covered, sealed) = front.split_at_checked(offset).ok_or(FormatError::TrailerMismatch("place of the sealed body"))?;
        let public = covered.get(HEADER_BYTES..).ok_or(short)?;
        Ok(Self { header, public, sealed, covered })
    }

    /// Zeros to put after an encoded body of `body_bytes` so that the file's length says no more than a class; `tag_bytes` is the seal's.
    pub fn padding_bytes(public_bytes: usize, body_bytes: usize, tag_bytes: usize) -> usize {
        let total =
            HEADER_BYTES.saturating_add(public_bytes).saturating_add(body_bytes).saturating_add(tag_bytes).saturating_add(TRAILER_BYTES);
        let total = limits::to_u64(total);
        usize::try_from(padme(total).saturating_sub(total)).unwrap_or(0)
    }

    /// Puts a file together. `covered` is header and public part, `sealed` the body as stored.
    pub fn join(header: &Header, covered: &[u8], sealed: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(covered.len().saturating_add(sealed.len()).saturating_add(TRAILER_BYTES));
        bytes.extend_from_slice(covered);
        bytes.extend_from_slice(sealed);
        let trailer = Trailer {
            kind: header.kind,
            // Bodies are bounded far below: an impossible length fails to decode.
            sealed_bytes: u32::try_from(sealed.len()).unwrap_or(u32::MAX),
            file_bytes: limits::to_u64(bytes.len().saturating_add(TRAILER_BYTES)),
            sealed_offset: limits::to_u64(covered.len()),
            salt: header.salt,
        };
        bytes.extend_from_slice(&trailer.encode());
        bytes
    }
}
