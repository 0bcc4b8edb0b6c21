//! Owns the stat cache: by which facts a file that was read is known again. One local file per source; absent, foreign or torn, every file is read.

use crate::clock::Timestamp;
use crate::repo::{Local, SnapshotName, SourceId};
use crate::scan::StatKey;
use std::collections::HashMap;

const MAGIC: [u8; 16] = *b"tintype stat 1\n\0";

/// What is known of the files of one source, as of one snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StatCache {
    keys: HashMap<Vec<u8>, StatKey>,
}

fn name(repository: &str, source: SourceId) -> String {
    format!("{}/stat-{}", repository.get(..32).unwrap_or(repository), source.hex())
}

impl StatCache {
    /// The cache that belongs to this snapshot of the source; empty if there is none.
    pub(super) fn load(local: &Local, repository: &str, source: SourceId, snapshot: SnapshotName) -> Self {
        let bytes = local.cache_file(&name(repository, source)).and_then(|path| std::fs::read(path).ok());
        bytes.and_then(|bytes| Self::decode(&bytes, snapshot)).unwrap_or_default()
    }

    /// Writes it. Failure costs the next run time, nothing else.
    pub(super) fn store(&self, local: &Local, repository: &str, source: SourceId, snapshot: SnapshotName) {
        _ = local.write_cache(&name(repository, source), &self.encode(snapshot));
    }

    pub(super) fn get(&self, path: &[u8]) -> Option<&StatKey> {
        self.keys.get(path)
    }

    pub(super) fn insert(&mut self, path: Vec<u8>, key: StatKey) {
        self.keys.insert(path, key);
    }

    fn encode(&self, snapshot: SnapshotName) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&snapshot.0);
        let mut sorted: Vec<_> = self.keys.iter().collect();
        sorted.sort_unstable_by_key(|(path, _)| *path);
        for (path, key) in sorted {
            bytes.extend_from_slice(&u32::try_from(path.len()).unwrap_or(u32::MAX).to_le_bytes());
            bytes.extend_from_slice(path);
            bytes.extend_from_slice(&key.length_bytes.to_le_bytes());
            bytes.extend_from_slice(&key.inode.to_le_bytes());
            for time in [key.mtime, key.ctime, key.seen_at] {
                bytes.extend_from_slice(&time.seconds.to_le_bytes());
                bytes.extend_from_slice(&time.nanoseconds.to_le_bytes());
            }
        }
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        bytes
    }

    fn decode(bytes: &[u8], snapshot: SnapshotName) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<32>()?;
        if blake3::hash(body).as_bytes() != checksum {
            return None;
        }
        let mut rest = body.strip_prefix(&MAGIC)?.strip_prefix(&snapshot.0)?;
        let mut keys = HashMap::new();
        while !rest.is_empty() {
            let length = usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?;
            let (path, after) = rest.split_at_checked(length)?;
            rest = after;
            let (length_bytes, inode) = (u64::from_le_bytes(take(&mut rest)?), u64::from_le_bytes(take(&mut rest)?));
            let mut time =
                || Some(Timestamp { seconds: i64::from_le_bytes(take(&mut rest)?), nanoseconds: u32::from_le_bytes(take(&mut rest)?) });
            let key = StatKey { length_bytes, inode, mtime: time()?, ctime: time()?, seen_at: time()? };
            keys.insert(path.to_vec(), key);
        }
        Some(Self { keys })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (front, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*front)
}

#[cfg(test)]
mod tests {
    use super::StatCache;
    use crate::clock::Timestamp;
    use crate::repo::SnapshotName;
    use crate::scan::StatKey;

    #[test]
    fn it_goes_round_and_belongs_to_one_snapshot() {
        let time = Timestamp { seconds: -5, nanoseconds: 7 };
        let mut cache = StatCache::default();
        cache.insert(b"a/\xff".to_vec(), StatKey { length_bytes: 1, mtime: time, ctime: time, inode: 9, seen_at: time });
        let bytes = cache.encode(SnapshotName([1; 32]));
        assert_eq!(StatCache::decode(&bytes, SnapshotName([1; 32])), Some(cache));
        assert_eq!(StatCache::decode(&bytes, SnapshotName([2; 32])), None);
        assert_eq!(StatCache::decode(&bytes[1..], SnapshotName([1; 32])), None);
    }
}
