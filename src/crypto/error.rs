//! Owns [`CryptoError`]: why something could not be opened.

use crate::format::FormatError;
use thiserror::Error;

/// Why a seal, a slot or a code did not open.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The file was sealed with another key: the check in its header differs.
    #[error("the file is sealed with another key")]
    WrongKey,
    /// The bytes are not what was sealed.
    #[error("the seal does not open: bytes were changed")]
    NotAuthentic,
    /// The password does not open this slot.
    #[error("the password is wrong")]
    WrongPassword,
    /// A group of a recovery code has a wrong character, or stands in the wrong place.
    #[error("group {0} of the recovery code is not right: compare its five characters, and its place")]
    CodeGroup(usize),
    /// A recovery code of the wrong length.
    #[error("a recovery code has 8 groups of 5 characters; {0} characters were given")]
    CodeLength(usize),
    /// A character that no recovery code has.
    #[error("{0:?} does not occur in recovery codes")]
    CodeCharacter(char),
    /// The key derivation refused its parameters.
    #[error("the key derivation refused: {0}")]
    Derivation(String),
    /// The system gave no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
    /// The bytes are not what the format says.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl CryptoError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WrongKey => "wrong-key",
            Self::NotAuthentic => "not-authentic",
            Self::WrongPassword => "wrong-password",
            Self::CodeGroup(_) | Self::CodeLength(_) | Self::CodeCharacter(_) => "wrong-recovery-code",
            Self::Derivation(_) => "key-derivation",
            Self::NoRandom => "no-random",
            Self::Format(error) => error.code(),
        }
    }

    /// The part of reading that refused, as the vectors name it.
    pub fn stage(&self) -> &'static str {
        match self {
            Self::WrongKey | Self::WrongPassword | Self::Derivation(_) | Self::NoRandom => "key",
            Self::NotAuthentic => "seal",
            Self::CodeGroup(_) | Self::CodeLength(_) | Self::CodeCharacter(_) => "code",
            Self::Format(error) => error.stage().word(),
        }
    }
}
