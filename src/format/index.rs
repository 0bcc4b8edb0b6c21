//! Owns index segments: the directories of packs, stored again. Implements `format-spec/index.md`.

use super::{Directory, FormatError, PackKind, PackName, codec, limits};
use bincode::{Decode, Encode};

/// One pack: the unit of an index. Its directory is never split.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct IndexedPack {
    /// The pack's name.
    pub name: PackName,
    /// Its length, in bytes.
    pub length_bytes: u64,
    /// Data or meta.
    pub kind: PackKind,
    /// Its header's salt, so that its records can be opened when header and trailer are lost.
    pub salt: [u8; 32],
    /// Where its records end and its sealed directory begins.
    pub records_end: u64,
    /// Its directory, without padding.
    pub directory: Directory,
}

/// The sealed body of an index segment: packs sorted by raw name, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct IndexSegment {
    /// The packs.
    pub packs: Vec<IndexedPack>,
}

impl IndexSegment {
    /// Encodes it.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes the body of a segment; zeros may follow the value.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let segment: Self = codec::decode_padded("index segment", bytes)?;
        if !segment.packs.windows(2).all(|pair| matches!(pair, [one, next] if one.name < next.name)) {
            return Err(FormatError::Invalid { what: "index segment", why: "packs must be sorted by name, each once" });
        }
        for pack in &segment.packs {
            limits::check("length of a pack", pack.length_bytes, limits::PACK_BYTES_MAX)?;
            if pack.records_end > pack.length_bytes {
                return Err(FormatError::Invalid { what: "index segment", why: "records end after the pack" });
            }
            pack.directory.validate(pack.kind, pack.records_end)?;
        }
        Ok(segment)
    }
}
