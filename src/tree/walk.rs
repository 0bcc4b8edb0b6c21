//! Owns walking a tree: every entry in order, bounded, going on past what cannot be read.

use super::read::{Objects, TreeError, list};
use crate::format::{Content, Counts, Entry, ObjectId, limits};
use std::collections::HashSet;

/// What a walk may go through.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Entries in all: what the manifest states.
    pub entries_max: u64,
    /// Sum of the lengths of files: what the manifest states.
    pub bytes_max: u64,
    /// Folders within each other.
    pub depth_max: usize,
}

impl Bounds {
    /// The format's own depth, and as many entries and bytes as a manifest states.
    pub fn of(counts: &Counts) -> Self {
        let entries_max = counts.files.saturating_add(counts.folders).saturating_add(counts.symlinks);
        Self { entries_max, bytes_max: counts.bytes, depth_max: limits::DEPTH_MAX }
    }

    /// The format's own depth alone.
    pub fn of_depth() -> Self {
        Self { entries_max: u64::MAX, bytes_max: u64::MAX, depth_max: limits::DEPTH_MAX }
    }
}

/// What a walk comes to. Paths are raw bytes relative to the root, parts joined by `/`; empty is the root.
#[derive(Debug)]
pub enum Step<'a, E: std::error::Error + 'static> {
    /// An entry; of a folder before what is in it.
    Entry {
        /// Its path.
        path: &'a [u8],
        /// Itself.
        entry: &'a Entry,
    },
    /// A folder was gone through.
    Leave {
        /// Its path.
        path: &'a [u8],
        /// Itself.
        entry: &'a Entry,
    },
    /// Something below this path cannot be read.
    Problem {
        /// The folder's path.
        path: &'a [u8],
        /// What is wrong.
        error: TreeError<E>,
    },
}

/// What a visitor answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Go on; into the folder, if it is one.
    On,
    /// Go on, not into this folder, which is then not left either.
    Over,
    /// Stop the walk.
    Stop,
}

/// Walks from `root`, whose path is `at`. Returns false if the visitor stopped it.
pub fn walk<O: Objects>(objects: &O, root: &Entry, at: &[u8], bounds: Bounds, visit: &mut dyn FnMut(Step<'_, O::Error>) -> Next) -> bool {
    let mut walk = Walk { objects, bounds, entries: 0, bytes: 0, places: Places::default(), visit };
    let mut path = at.to_vec();
    walk.entry(root, &mut path, 0)
}

/// How many places a walk went to, of how many different ones. A folder may stand in many places, and not in 2^40: forty folders, each of
/// which stands twice in the next, are so many, and who means harm states that many in the manifest as well.
#[derive(Debug, Default)]
pub struct Places {
    gone_to: u64,
    different: HashSet<ObjectId>,
    different_entries: u64,
}

impl Places {
    /// Goes to one more place.
    ///
    /// Errors: few different ones stand in one another too often for anybody to go through them.
    pub fn go<E: std::error::Error + 'static>(&mut self) -> Result<(), TreeError<E>> {
        self.gone_to = self.gone_to.saturating_add(1);
        let most = limits::walked_entries_max(self.different_entries);
        if self.gone_to <= most { Ok(()) } else { Err(TreeError::TooOften(most)) }
    }

    /// A folder, or a page where pages are gone through, was read and has so many entries.
    pub fn read(&mut self, id: ObjectId, entries: usize) {
        if self.different.insert(id) {
            self.different_entries = self.different_entries.saturating_add(limits::to_u64(entries));
        }
    }
}

struct Walk<'a, O: Objects> {
    objects: &'a O,
    bounds: Bounds,
    entries: u64,
    bytes: u64,
    places: Places,
    visit: &'a mut dyn FnMut(Step<'_, O::Error>) -> Next,
}

impl<O: Objects> Walk<'_, O> {
    fn entry(&mut self, entry: &Entry, path: &mut Vec<u8>, depth: usize) -> bool {
        self.entries = self.entries.saturating_add(1);
        if self.entries > self.bounds.entries_max {
            (self.visit)(Step::Problem { path, error: TreeError::TooMany(self.bounds.entries_max) });
            return false;
        }
        if let Err(error) = self.places.go() {
            (self.visit)(Step::Problem { path, error });
            return false;
        }
        if let Content::File(file) = &entry.content {
            self.bytes = self.bytes.saturating_add(file.length_bytes);
            if self.bytes > self.bounds.bytes_max {
                (self.visit)(Step::Problem { path, error: TreeError::TooManyBytes(self.bounds.bytes_max) });
                return false;
            }
        }
        match ((self.visit)(Step::Entry { path, entry }), &entry.content) {
            (Next::Stop, _) => false,
            (Next::On, Content::Folder(id)) => self.folder(entry, *id, path, depth),
            (Next::On | Next::Over, _) => true,
        }
    }

    fn folder(&mut self, entry: &Entry, id: ObjectId, path: &mut Vec<u8>, depth: usize) -> bool {
        if depth >= self.bounds.depth_max {
            return (self.visit)(Step::Problem { path, error: TreeError::TooDeep(self.bounds.depth_max) }) != Next::Stop;
        }
        let (entries, problems) = match list(self.objects, id) {
            Ok(listed) => listed,
            Err(error) => return (self.visit)(Step::Problem { path, error }) != Next::Stop,
        };
        self.places.read(id, entries.len());
        for error in problems {
            if (self.visit)(Step::Problem { path, error }) == Next::Stop {
                return false;
            }
        }
        for child in &entries {
            let length = path.len();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(&child.name);
            let goes_on = self.entry(child, path, depth + 1);
            path.truncate(length);
            if !goes_on {
                return false;
            }
        }
        (self.visit)(Step::Leave { path, entry }) != Next::Stop
    }
}
