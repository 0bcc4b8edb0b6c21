//! Owns counting what reading came to beside the last snapshot, by the hashes of contents: new, changed, renamed, rotten.

use crate::tree::FileHash;
use std::collections::HashMap;

/// What became of the files that were read.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) new_files: u64,
    pub(super) changed_files: u64,
    /// Of those, the ones that have the picture that they had.
    pub(super) metadata_changed_files: u64,
    pub(super) renamed_files: u64,
    /// Of new and changed files.
    pub(super) new_bytes: u64,
    /// Paths of files whose bytes changed though their facts did not.
    pub(super) rotten: Vec<Vec<u8>>,
    /// Contents that have no file at their path any more, and how often; less those that were found again.
    gone: HashMap<FileHash, u64>,
}

/// A file that was read.
pub(super) struct ReadFile {
    pub(super) hash: FileHash,
    pub(super) length_bytes: u64,
    /// What the last snapshot has at its path.
    pub(super) before: Option<FileHash>,
    /// Before, its bytes were others and its picture was this one.
    pub(super) same_picture: bool,
}

impl Changes {
    /// Beside a snapshot whose files of these contents have no file at their path now.
    pub(super) fn beside(gone: impl Iterator<Item = FileHash>) -> Self {
        let mut changes = Self::default();
        gone.for_each(|hash| *changes.gone.entry(hash).or_default() += 1);
        changes
    }

    pub(super) fn count(&mut self, read: &ReadFile) {
        match read.before {
            Some(before) if before == read.hash => {}
            Some(_) => {
                self.changed_files += 1;
                self.metadata_changed_files += u64::from(read.same_picture);
                self.new_bytes += read.length_bytes;
            }
            None if self.take_gone(read.hash) => self.renamed_files += 1,
            None => {
                self.new_files += 1;
                self.new_bytes += read.length_bytes;
            }
        }
    }

    /// Contents that were not found again, one call for each file that is gone.
    pub(super) fn take_gone(&mut self, hash: FileHash) -> bool {
        let Some(count) = self.gone.get_mut(&hash).filter(|count| **count > 0) else { return false };
        *count -= 1;
        true
    }
}
