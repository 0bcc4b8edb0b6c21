//! Owns healing: putting right bytes under a name that has none or wrong ones. Nothing is ever removed for want of good bytes.

use super::RepoError;
use crate::store::{Put, Store, StoreError};

/// Puts a file in place if it is absent, and over wrong bytes. Returns whether anything was written.
/// Where replacing is refused (locked buckets) the wrong file stays: false.
pub(super) fn put_or_replace(store: &dyn Store, name: &str, bytes: &[u8]) -> Result<bool, RepoError> {
    match store.put(name, bytes)? {
        Put::Stored => Ok(true),
        Put::AlreadyThere => Ok(false),
        Put::Differs => match store.replace(name, bytes) {
            Ok(()) => Ok(true),
            Err(StoreError::ReplaceRefused { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        },
    }
}
