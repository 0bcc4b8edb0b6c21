//! Owns reading a small hash-named file whole: its bytes against its name, twice before they are called damaged, then the second copy.

use super::RepoError;
use crate::format::{StoredFile, TRAILER_BYTES, TrailerState, limits, trailer_state};
use crate::store::{Store, StoreError};

/// How a file that was read whole stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// Its bytes hash to its name.
    Good(Vec<u8>),
    /// Not there.
    Absent,
    /// Without a trailer: still arriving, or cut off.
    Short,
    /// Its bytes are wrong, read twice; or the place could not read them, or does not let this user.
    Damaged(String),
}

/// Reads one copy of a small file whole.
///
/// Errors: only what says that the place itself is gone; a read error is damage, and so is a file that this user may not read.
pub fn read_file(store: &dyn Store, file: &StoredFile) -> Result<FileState, RepoError> {
    let length_bytes_max = match file.folder {
        crate::format::NameFolder::Index => limits::SEGMENT_BYTES_MAX,
        crate::format::NameFolder::Packs => limits::PACK_BYTES_MAX,
        _ => limits::SMALL_FILE_BYTES_MAX,
    };
    let path = file.path();
    let mut wrong = String::new();
    for _ in 0..2 {
        match store.get(&path, length_bytes_max) {
            Ok(bytes) if blake3::hash(&bytes).as_bytes() == &file.hash.0 => return Ok(FileState::Good(bytes)),
            Ok(bytes) => {
                if ends_without_trailer(&bytes, file) {
                    return Ok(FileState::Short);
                }
                wrong = "its bytes do not hash to its name".to_owned();
            }
            Err(StoreError::NotFound { .. }) => return Ok(FileState::Absent),
            Err(error) if error.is_of_one_file() => wrong = error.to_string(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(FileState::Damaged(wrong))
}

fn ends_without_trailer(bytes: &[u8], file: &StoredFile) -> bool {
    let Some((_, last)) = bytes.split_last_chunk::<TRAILER_BYTES>() else { return true };
    trailer_state(last, limits::to_u64(bytes.len()), file.folder.kinds()) == TrailerState::Short
}

/// A file read from whichever copy is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Its bytes, which hash to its name.
    pub bytes: Vec<u8>,
    /// The first copy was not good: how it stands.
    pub first_copy: Option<FileState>,
}

/// Reads a file from its first place, else from its second. The error side says how both stand.
pub fn read_either(store: &dyn Store, file: &StoredFile) -> Result<Result<Read, (FileState, FileState)>, RepoError> {
    let first = match read_file(store, &file.in_first())? {
        FileState::Good(bytes) => return Ok(Ok(Read { bytes, first_copy: None })),
        other => other,
    };
    match read_file(store, &file.in_second())? {
        FileState::Good(bytes) => Ok(Ok(Read { bytes, first_copy: Some(first) })),
        second => Ok(Err((first, second))),
    }
}
