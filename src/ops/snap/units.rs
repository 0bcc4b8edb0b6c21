//! Owns the list of files to read: of each only where it stands in its walk, since there may be a million.

use super::identity::join;
use crate::scan::{Stat, Walk};
use crate::tree::FileHash;
use std::collections::HashMap;

/// Files to read, source by source.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// Position of the folder in the walk, and where the entry stands in its listing; of a source that is one file nothing is asked.
    places: Vec<(usize, usize)>,
    /// By source: its first unit, and the lengths of all of them in bytes.
    sources: Vec<(usize, u64)>,
    /// Further names of the same file.
    other_names: HashMap<usize, Vec<Vec<u8>>>,
    /// What the last snapshot has of a file, if its facts say that it did not change and it is read all the same.
    expected: HashMap<usize, FileHash>,
}

/// A file to read.
pub(super) struct Unit<'u> {
    /// Position of the source in the run.
    pub(super) source: usize,
    pub(super) path: Vec<u8>,
    /// Its facts when it was listed.
    pub(super) listed: Stat,
    pub(super) other_names: &'u [Vec<u8>],
    pub(super) expected: Option<FileHash>,
}

impl Units {
    /// What is added from here on belongs to the next source.
    pub(super) fn begin_source(&mut self) {
        self.sources.push((self.places.len(), 0));
    }

    /// Adds a file; returns its position.
    pub(super) fn add(&mut self, (folder, at): (usize, usize), length_bytes: u64, expected: Option<FileHash>) -> usize {
        let position = self.places.len();
        self.places.push((folder, at));
        if let Some((_, bytes)) = self.sources.last_mut() {
            *bytes = bytes.saturating_add(length_bytes);
        }
        if let Some(hash) = expected {
            self.expected.insert(position, hash);
        }
        position
    }

    pub(super) fn add_name(&mut self, position: usize, path: Vec<u8>) {
        self.other_names.entry(position).or_default().push(path);
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The lengths of all files to read, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.sources.iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// How many files of a source are read, and their lengths in bytes.
    pub(super) fn of_source(&self, source: usize) -> (u64, u64) {
        let Some((first, bytes)) = self.sources.get(source) else { return (0, 0) };
        let next = self.sources.get(source + 1).map_or(self.len(), |(next, _)| *next);
        (u64::try_from(next.saturating_sub(*first)).unwrap_or(0), *bytes)
    }

    /// The file at a position. `walks` are those of the sources, in their order; of one that is absent, none.
    pub(super) fn get(&self, position: usize, walks: &[Option<&Walk>]) -> Option<Unit<'_>> {
        let (folder, at) = *self.places.get(position)?;
        let source = self.sources.partition_point(|(first, _)| *first <= position).checked_sub(1)?;
        let walk = (*walks.get(source)?)?;
        let (path, listed) = if walk.folders.is_empty() {
            (Vec::new(), walk.root.clone())
        } else {
            let folder = walk.folders.get(folder)?;
            let (name, stat) = folder.entries.at(at)?;
            (join(&folder.path, name), stat)
        };
        let other_names = self.other_names.get(&position).map(Vec::as_slice).unwrap_or_default();
        Some(Unit { source, path, listed, other_names, expected: self.expected.get(&position).copied() })
    }
}
