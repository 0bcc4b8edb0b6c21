//! Owns the cached form of the merged index: one file per repository and place, checked by its hash, mapped when read.
//!
//! Everything in it can be read again from the repository: a cache that is absent, foreign, torn or not writable costs time alone.

use super::index::Index;
use super::local::{Local, write_whole};
use crate::format::RepositoryId;
use std::fs::File;

const MAGIC: [u8; 16] = *b"tintype index 1\n";
/// Magic, identity, checksum.
const HEAD_BYTES: usize = 16 + 32 + 32;

/// Which repository, seen where: two copies at one mount point are two things.
pub(super) fn identity(repository: RepositoryId, copy: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("tintype 2026 local identity of a copy");
    hasher.update(&repository.0).update(copy.as_bytes());
    *hasher.finalize().as_bytes()
}

fn name(identity: &[u8; 32]) -> String {
    format!("{}/index", crate::format::hex(identity.get(..16).unwrap_or_default()))
}

/// The cached index of a copy, if there is a whole one.
pub(super) fn load_index(local: &Local, identity: &[u8; 32]) -> Option<Index> {
    let file = File::open(local.cache_file(&name(identity))?).ok()?;
    let map = crate::sys::map_cache_file(&file).ok()?;
    let (head, body) = map.split_at_checked(HEAD_BYTES)?;
    let (magic, rest) = head.split_first_chunk::<16>()?;
    let (seen, checksum) = rest.split_first_chunk::<32>()?;
    if magic != &MAGIC || seen != identity || blake3::hash(body).as_bytes() != checksum {
        return None;
    }
    Index::from_cache(map, HEAD_BYTES)
}

/// Caches an index. Failure is no error: the next run reads the segments again.
pub(super) fn store_index(local: &Local, identity: &[u8; 32], index: &Index) {
    let Some(path) = local.cache_file(&name(identity)) else { return };
    let body = index.to_cache();
    let mut bytes = Vec::with_capacity(HEAD_BYTES + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(identity);
    bytes.extend_from_slice(blake3::hash(&body).as_bytes());
    bytes.extend_from_slice(&body);
    _ = write_whole(&path, &bytes);
}
