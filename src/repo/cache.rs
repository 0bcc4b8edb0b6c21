//! Owns the cached form of the merged index: for each repository and place a folder with one file that names all, and sorted runs.
//!
//! Everything in it can be read again from the repository: a cache that is absent, foreign, torn or not writable costs time alone. The file
//! that names all is written last; runs are never changed, and removed when nothing names them.

use super::index::Index;
use super::index_run::Run;
use super::local::{Local, write_whole};
use crate::format::RepositoryId;
use std::path::PathBuf;

const MAGIC: [u8; 16] = *b"tintype index 2\n";
/// Magic, identity, checksum.
const HEAD_BYTES: usize = 16 + 32 + 32;

/// Which repository, seen where: two copies at one mount point are two things.
pub(super) fn identity(repository: RepositoryId, copy: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("tintype 2026 local identity of a copy");
    hasher.update(&repository.0).update(copy.as_bytes());
    *hasher.finalize().as_bytes()
}

/// The folder of a copy, and the file in it that names all.
fn places(local: &Local, identity: &[u8; 32]) -> Option<(PathBuf, PathBuf)> {
    let folder = local.cache_file(&crate::format::hex(identity.get(..16).unwrap_or_default()))?;
    let named_by = folder.join("index");
    Some((folder, named_by))
}

/// The cached index of a copy, if there is a whole one. Its runs are not read: see [`Index::is_damaged`].
pub(super) fn load_index(local: &Local, identity: &[u8; 32]) -> Option<Index> {
    let (folder, named_by) = places(local, identity)?;
    let bytes = std::fs::read(&named_by).ok()?;
    let (head, body) = bytes.split_at_checked(HEAD_BYTES)?;
    let (magic, rest) = head.split_first_chunk::<16>()?;
    let (seen, checksum) = rest.split_first_chunk::<32>()?;
    if magic != &MAGIC || seen != identity || blake3::hash(body).as_bytes() != checksum {
        return None;
    }
    Index::from_cache(body, &|name| {
        // A name, and nothing that leads elsewhere.
        let is_run = name.strip_prefix("run-").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if is_run { Run::open(&folder.join(name), &named_by) } else { None }
    })
}

/// Caches an index, and gives it back as it then lies in the cache. Failure is no error: it stays in memory, and the next run reads the
/// segments again.
pub(super) fn store_index(local: &Local, identity: &[u8; 32], index: Index) -> Index {
    let Some((folder, named_by)) = places(local, identity) else { return index };
    let copy = index.extended(&[], &[]);
    let settled = std::fs::create_dir_all(&folder).and_then(|()| index.settle(&folder, &named_by));
    let Ok(settled) = settled else { return copy };
    let body = settled.to_cache();
    let mut bytes = Vec::with_capacity(HEAD_BYTES + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(identity);
    bytes.extend_from_slice(blake3::hash(&body).as_bytes());
    bytes.extend_from_slice(&body);
    if write_whole(&named_by, &bytes).is_ok() {
        let named = settled.run_files();
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b"run-") && !named.contains(&path) {
                _ = std::fs::remove_file(path);
            }
        }
    }
    settled
}
