//! Owns the public and the sealed part of a key slot. Implements `format-spec/keys.md`.

use super::{FormatError, codec, limits};
use bincode::{Decode, Encode};

/// How the slot's secret becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct SlotKdf {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// The public part: enough to turn a password into the slot's key. The salt is the header's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct SlotPublic {
    /// 0: a password by Argon2id. Other numbers are of later versions.
    pub slot_kind: u8,
    /// Argon2id's parameters.
    pub kdf: SlotKdf,
}

/// The sealed part.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct SlotSealed {
    /// The master key.
    pub master: [u8; 32],
    /// What the person called this password.
    pub label: String,
}

impl std::fmt::Debug for SlotSealed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SlotSealed({:?}, master key not shown)", self.label)
    }
}

/// The key, lengths, padding up to the next class (at most 12 % of a file with the longest label) and the tag.
const SLOT_ROOM_BYTES: usize = 1024;

impl SlotPublic {
    /// Encodes it.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes it, refusing what would take too much memory or time.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let public: Self = codec::decode("key slot", bytes)?;
        if public.slot_kind != 0 {
            return Err(FormatError::TooNew { field: "slot kind", found: public.slot_kind.into() });
        }
        limits::check("memory of a key slot", public.kdf.memory_kib.into(), limits::SLOT_MEMORY_KIB_MAX.into())?;
        limits::check("passes of a key slot", public.kdf.passes.into(), limits::SLOT_PASSES_MAX.into())?;
        limits::check("lanes of a key slot", public.kdf.lanes.into(), limits::SLOT_LANES_MAX.into())?;
        let lanes_memory = public.kdf.lanes.saturating_mul(8);
        if public.kdf.passes == 0 || public.kdf.lanes == 0 || public.kdf.memory_kib < lanes_memory {
            return Err(FormatError::Invalid { what: "key slot", why: "passes, lanes or memory too small for Argon2id" });
        }
        Ok(public)
    }
}

impl SlotSealed {
    /// Encodes it, with room for the zeros that a seal puts after it.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode_in_place(self, self.label.len().saturating_add(SLOT_ROOM_BYTES))
    }

    /// Decodes the opened body; zeros may follow the value.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let sealed: Self = codec::decode_padded("key slot", bytes)?;
        limits::check_count("label of a key slot", sealed.label.len(), limits::TEXT_BYTES_MAX)?;
        Ok(sealed)
    }
}
