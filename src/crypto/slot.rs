//! Owns key slots: the master key, sealed under a password. Implements `format-spec/keys.md`, section "Key slots".

use super::seal::FileSeal;
use super::{CryptoError, MasterKey};
use crate::format::{FileKind, RepositoryId, SealedFile, SlotKdf, SlotPublic, SlotSealed};
use argon2::{Algorithm, Argon2, Params, Version};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

/// How much a new slot costs who guesses, and who opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SlotStrength {
    /// 256 MiB, where the machine has it to spare.
    High,
    /// 64 MiB (RFC 9106, section 4, second choice).
    #[default]
    Standard,
    /// 64 KiB: tests only, worthless against guessing.
    Test,
}

impl SlotStrength {
    fn kdf(self) -> SlotKdf {
        match self {
            Self::High => SlotKdf { memory_kib: 256 << 10, passes: 3, lanes: 4 },
            Self::Standard => SlotKdf { memory_kib: 64 << 10, passes: 3, lanes: 4 },
            Self::Test => SlotKdf { memory_kib: 64, passes: 1, lanes: 1 },
        }
    }
}

/// The password's bytes: NFC if it is UTF-8, so that two keyboards that compose letters differently open the same slot.
fn normalised(password: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(match std::str::from_utf8(password) {
        Ok(text) => text.nfc().collect::<String>().into_bytes(),
        Err(_) => password.to_vec(),
    })
}

fn stretch(password: &[u8], salt: &[u8; 32], kdf: SlotKdf) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
    let refused = |error: argon2::Error| CryptoError::Derivation(error.to_string());
    let parameters = Params::new(kdf.memory_kib, kdf.passes, kdf.lanes, Some(32)).map_err(refused)?;
    let mut secret = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(&normalised(password), salt, secret.as_mut_slice())
        .map_err(refused)?;
    Ok(secret)
}

/// Makes a key slot file. `salt` must be new.
pub fn write_slot(
    repository: RepositoryId,
    master: &MasterKey,
    password: &[u8],
    label: &str,
    strength: SlotStrength,
    salt: [u8; 32],
) -> Result<Vec<u8>, CryptoError> {
    let public = SlotPublic { slot_kind: 0, kdf: strength.kdf() };
    let secret = stretch(password, &salt, public.kdf)?;
    let mut sealed = SlotSealed { master: *master.bytes(), label: label.to_owned() };
    let body = sealed.encode();
    sealed.master.zeroize();
    FileSeal::with_secret(&secret, FileKind::KeySlot, repository, salt)?.seal_file(&public.encode(), body)
}

/// Opens a key slot file and returns the master key and the slot's label.
///
/// Errors: [`CryptoError::WrongPassword`] if the derived check differs: compared before anything is opened, since AES-GCM alone
/// does not commit to a key. Cost: Argon2id with the slot's parameters, bounded by the limits.
pub fn open_slot(bytes: &[u8], repository: RepositoryId, password: &[u8]) -> Result<(MasterKey, String), CryptoError> {
    let file = SealedFile::split(bytes, FileKind::KeySlot, repository)?;
    let public = SlotPublic::decode(file.public)?;
    let secret = stretch(password, &file.header.salt, public.kdf)?;
    let seal = FileSeal::with_secret(&secret, FileKind::KeySlot, repository, file.header.salt)?;
    if seal.header().key_check != file.header.key_check {
        return Err(CryptoError::WrongPassword);
    }
    let body = Zeroizing::new(seal.open_file(&file)?);
    let mut sealed = SlotSealed::decode(&body)?;
    let master = MasterKey::from_bytes(sealed.master);
    sealed.master.zeroize();
    Ok((master, sealed.label))
}

#[cfg(test)]
mod tests {
    use super::{SlotStrength, open_slot, write_slot};
    use crate::crypto::{CryptoError, MasterKey};
    use crate::format::RepositoryId;

    #[test]
    fn the_right_password_opens_however_it_was_composed() {
        let repository = RepositoryId([1; 16]);
        let master = MasterKey::from_bytes([7; 32]);
        let slot = write_slot(repository, &master, "gr\u{fc}n".as_bytes(), "home", SlotStrength::Test, [3; 32]).unwrap();
        let (opened, label) = open_slot(&slot, repository, "gru\u{308}n".as_bytes()).unwrap();
        assert_eq!((opened.bytes(), label.as_str()), (master.bytes(), "home"));
        assert_eq!(open_slot(&slot, repository, b"blau").unwrap_err(), CryptoError::WrongPassword);
        assert_eq!(open_slot(&slot, RepositoryId([2; 16]), b"blau").unwrap_err().code(), "wrong-repository");
    }
}
