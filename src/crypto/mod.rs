//! Owns keys, slots, seals and the recovery code. Implements `format-spec/keys.md`.
//!
//! Nothing here does I/O; secrets are wiped when they are dropped and never printed.

mod code;
mod entropy;
mod error;
mod master;
mod seal;
mod slot;

pub use code::RecoveryCode;
pub use entropy::Entropy;
pub use error::CryptoError;
pub use master::MasterKey;
pub use seal::{Aead, FileSeal, Nonce, Sealing, TAG_BYTES};
pub use slot::{SlotStrength, open_slot, write_slot};
