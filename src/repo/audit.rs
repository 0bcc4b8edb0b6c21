//! Owns looking at single files for an audit: a pack's last bytes, a needs page, a key slot, and whether the place is still there.
//!
//! Nothing here needs the key.

use super::{RepoError, Repository};
use crate::crypto::CryptoError;
use crate::format::{
    FileKind, FormatError, HEADER_BYTES, Header, NeededPack, PackKind, SealedFile, SlotPublic, StoredFile, StoredName, TRAILER_BYTES,
    TrailerState, limits, trailer_state,
};
use crate::store::{At, Operation, StoreError};

/// What the last bytes of a pack say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackTail {
    /// A trailer that agrees with the length.
    Whole(PackKind),
    /// No trailer: still arriving, or cut off, or zeros.
    Short,
    /// There is a trailer and it is wrong.
    Wrong,
    /// Not there.
    Absent,
    /// The place could not read them, tried twice; or a newer version made the file.
    Unreadable(String),
    /// This user may not read them: no sign of damage.
    Denied(String),
}

impl Repository {
    /// Reads the last bytes of a pack that was listed with this length.
    ///
    /// Errors: only what says that the place itself is gone.
    pub fn pack_tail(&self, file: &StoredFile, length_bytes: u64) -> Result<PackTail, RepoError> {
        let Some(offset) = length_bytes.checked_sub(limits::to_u64(TRAILER_BYTES)) else { return Ok(PackTail::Short) };
        if length_bytes > limits::PACK_BYTES_MAX {
            return Ok(PackTail::Wrong);
        }
        let mut words = String::new();
        for _ in 0..2 {
            let mut last = [0; TRAILER_BYTES];
            match self.store.get_range(&file.path(), offset, &mut last) {
                Ok(()) => {
                    return Ok(match trailer_state(&last, length_bytes, file.folder.kinds()) {
                        TrailerState::Whole(trailer) if trailer.kind == FileKind::MetaPack => PackTail::Whole(PackKind::Meta),
                        TrailerState::Whole(_) => PackTail::Whole(PackKind::Data),
                        TrailerState::Short => PackTail::Short,
                        TrailerState::Wrong => match self.newer_header(file) {
                            Some(error) => PackTail::Unreadable(error.to_string()),
                            None => PackTail::Wrong,
                        },
                    });
                }
                Err(StoreError::NotFound { .. }) => return Ok(PackTail::Absent),
                Err(StoreError::Short { .. }) => return Ok(PackTail::Short),
                Err(error @ StoreError::Denied { .. }) => return Ok(PackTail::Denied(error.to_string())),
                Err(error) if error.is_damage_candidate() => words = error.to_string(),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(PackTail::Unreadable(words))
    }

    /// Reads the header of a file of which something is wrong: of a newer version, nothing about it can be judged. `None`: it is not.
    pub(super) fn newer_header(&self, file: &StoredFile) -> Option<FormatError> {
        let mut header = [0; HEADER_BYTES];
        self.store.get_range(&file.path(), 0, &mut header).ok()?;
        Header::decode(&header).err().filter(FormatError::is_too_new)
    }

    /// Reads `tintype.json` again after something could not be read: a drive that was pulled out is no damage.
    ///
    /// Errors: the place is gone.
    pub fn check_place(&self) -> Result<(), RepoError> {
        let mut reached = false;
        for name in ["tintype.json", "second/tintype.json"] {
            match self.store.get(name, limits::REPOSITORY_FILE_BYTES_MAX) {
                Ok(bytes) if bytes == self.file_bytes => return Ok(()),
                Ok(_) | Err(StoreError::TooLong { .. }) => reached = true,
                Err(_) => {}
            }
        }
        // Both copies may have been wrong from the start: then reaching either is all that can be asked.
        let was_good = self.repository_file_states().contains(&super::RepositoryFileState::Good);
        if reached && !was_good {
            return Ok(());
        }
        let at = At { place: self.store.place(), name: String::new() };
        Err(StoreError::PlaceGone { operation: Operation::Get, at, source: None }.into())
    }

    /// The packs that a needs page names. The error side is in words.
    pub fn decode_needs_page(&self, bytes: &[u8]) -> Result<Vec<NeededPack>, String> {
        super::needs::decode_page(bytes, self.id()).map(|page| page.packs).map_err(|error| error.to_string())
    }

    /// Whether good bytes are a key slot of this repository, as far as can be told without its password. The error side is in words.
    pub fn judge_key_slot(&self, bytes: &[u8]) -> Result<(), String> {
        let judged = SealedFile::split(bytes, FileKind::KeySlot, self.id()).and_then(|file| SlotPublic::decode(file.public));
        match judged {
            // A slot of a later kind is none of this version's business.
            Ok(_) => Ok(()),
            Err(error) if error.is_too_new() => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether good bytes are an index segment of this repository, as far as can be told without the key. The error side is in words.
    pub fn judge_segment(&self, bytes: &[u8]) -> Result<(), String> {
        super::directory::split_segment(bytes, self.id()).map(|_| ()).map_err(|error| error.to_string())
    }

    /// Decodes good bytes of an index segment. The error side is in words.
    pub fn decode_segment(&self, bytes: &[u8]) -> Result<crate::format::IndexSegment, String> {
        super::directory::split_segment(bytes, self.id())
            .map_err(CryptoError::from)
            .and_then(|split| self.sealing.as_ref().ok_or(CryptoError::WrongKey)?.open_file(&split))
            .and_then(|body| crate::format::IndexSegment::decode(&body).map_err(CryptoError::from))
            .map_err(|error| error.to_string())
    }

    /// Whether good bytes belong to this repository at all, going by their header. The error side is in words.
    pub fn judge_header(&self, bytes: &[u8], folder: crate::format::NameFolder) -> Result<(), String> {
        match Header::decode(bytes) {
            Ok(header) if header.repository != self.id() => Err(FormatError::WrongRepository.to_string()),
            Ok(header) if !folder.kinds().contains(&header.kind) => Err(format!("it is a {}", header.kind)),
            Ok(_) => Ok(()),
            Err(error) if error.is_too_new() => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The name that bytes would have.
    pub fn name_of(bytes: &[u8]) -> StoredName {
        StoredName(*blake3::hash(bytes).as_bytes())
    }
}
