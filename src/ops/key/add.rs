//! Owns adding a password to an encrypted repository: a forgotten one is mended with the recovery code.

use crate::ops::{Error, Problem};
use crate::repo::{Repository, SlotStrength};
use serde::Serialize;

/// The password to add.
#[derive(Debug, Clone)]
pub struct KeyAddOptions {
    /// Its bytes.
    pub password: zeroize::Zeroizing<Vec<u8>>,
    /// What the person calls it; may be empty.
    pub label: String,
    /// What guessing shall cost.
    pub strength: SlotStrength,
}

/// What was added.
#[derive(Debug, Clone, Serialize)]
pub struct KeyAddReport {
    /// What was done: `add`.
    pub action: &'static str,
    /// The new slot's name, 64 hexadecimal digits.
    pub slot: String,
    /// What the person calls it.
    pub label: String,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

/// Writes a new key slot, twice. Passwords that were there go on to open the repository.
///
/// Errors: the repository is plain, was opened without its key, or the place fails.
pub fn key_add(repository: &Repository, options: &KeyAddOptions) -> Result<KeyAddReport, Error> {
    repository.refuse_newer_rules("write")?;
    let slot = repository.add_password(&options.password, &options.label, options.strength)?;
    Ok(KeyAddReport { action: "add", slot: slot.hex(), label: options.label.clone(), problems: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::{KeyAddOptions, key_add};
    use crate::repo::{Credentials, NewProtection, Repository, SlotStrength, Surroundings};
    use crate::store::MemoryStore;
    use std::sync::Arc;

    #[test]
    fn a_forgotten_password_is_mended_with_the_code() {
        let store = Arc::new(MemoryStore::new());
        let protection = NewProtection::Encrypted { password: None, strength: SlotStrength::Test };
        let (_, code) = Repository::create(store.clone(), &protection, Surroundings::plain()).unwrap();
        let open = |credentials| Repository::open(store.clone(), &credentials, Surroundings::plain());
        assert_eq!(open(Credentials::Password(b"new".to_vec().into())).unwrap_err().code(), "wrong-password");
        let repository = open(Credentials::Code(code.unwrap())).unwrap();
        let options = KeyAddOptions { password: b"new".to_vec().into(), label: "home".to_owned(), strength: SlotStrength::Test };
        key_add(&repository, &options).unwrap();
        assert!(open(Credentials::Password(b"new".to_vec().into())).is_ok());
        assert_eq!(open(Credentials::Password(b"old".to_vec().into())).unwrap_err().code(), "wrong-password");
    }
}
