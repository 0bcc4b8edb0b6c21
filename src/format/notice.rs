//! Owns tombstones and `instead`: public files that are believed by their keyed hash. Implements `format-spec/notices.md`.
//!
//! The keyed hash stands where other files have their sealed body; in a plain repository there is none.

use super::{FormatError, NeededPack, PackName, StoredName, codec, limits};
use bincode::{Decode, Encode};

/// What a tombstone names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum TombstoneTarget {
    /// A pack.
    Pack(StoredName),
    /// A manifest.
    Manifest(StoredName),
    /// A key slot.
    KeySlot(StoredName),
}

/// Says that a file must not be relied on any more, wherever it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Tombstone {
    /// What is buried.
    pub target: TombstoneTarget,
}

impl Tombstone {
    /// Encodes it.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes the public part of a tombstone.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        codec::decode("tombstone", bytes)
    }
}

/// Says which packs hold every object of one pack's directory.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Instead {
    /// The pack that may be absent.
    pub replaced: PackName,
    /// The packs that hold all of it, sorted by raw name.
    pub packs: Vec<NeededPack>,
}

impl Instead {
    /// Encodes it.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes the public part of an `instead`.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let instead: Self = codec::decode("instead", bytes)?;
        limits::check_count("packs of an instead", instead.packs.len(), limits::INSTEAD_PACKS_MAX)?;
        if !instead.packs.windows(2).all(|pair| matches!(pair, [one, next] if one.name < next.name)) {
            return Err(FormatError::Invalid { what: "instead", why: "packs must be sorted by name, each once" });
        }
        instead.packs.iter().try_for_each(|pack| limits::check("length of a pack", pack.length_bytes, limits::PACK_BYTES_MAX))?;
        Ok(instead)
    }
}
