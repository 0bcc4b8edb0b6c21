//! Owns the master key and what is derived from it.

use super::RecoveryCode;
use crate::format::{FileKind, HEADER_BYTES};
use zeroize::Zeroizing;

/// The key that all file keys are derived from.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MasterKey(not shown)")
    }
}

impl MasterKey {
    /// The master key of a recovery code: `derive_key("tintype 2026 master key", the 20 bytes)`.
    pub fn from_code(code: &RecoveryCode) -> Self {
        Self(Zeroizing::new(blake3::derive_key("tintype 2026 master key", code.bytes())))
    }

    /// A master key that a slot held.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes, to be sealed into a slot.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The keyed hash that a tombstone or an `instead` is believed by, over header and public part. `None` for other kinds.
    pub fn notice_hash(&self, kind: FileKind, header: &[u8; HEADER_BYTES], public: &[u8]) -> Option<[u8; 32]> {
        let context = match kind {
            FileKind::Tombstone => "tintype 2026 tombstone",
            FileKind::Instead => "tintype 2026 instead",
            _ => return None,
        };
        let key = Zeroizing::new(blake3::derive_key(context, self.bytes()));
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(header).update(public);
        Some(*hasher.finalize().as_bytes())
    }

    /// What `tintype.json` says of the key: equal for this key alone, and nothing can be learned from it.
    pub fn key_check(&self) -> [u8; 32] {
        blake3::derive_key("tintype 2026 key check", self.bytes())
    }
}
