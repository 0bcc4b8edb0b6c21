//! Owns the sums of `stats`: files by what they are for, and distinct files over many trees.

use super::StatsPlace;
use crate::repo::{RepoError, limits};
use crate::tree::{Content, Entry, ObjectId, Objects, TreeError, stated_page_entries, stated_pages};
use std::collections::HashSet;

/// Files of a repository by what they are for, in the order in which they are told.
#[derive(Debug)]
pub(super) struct Held([(&'static str, u64, u64); 7]);

impl Default for Held {
    fn default() -> Self {
        Self(["packs-data", "packs-meta", "second", "index", "needs", "snapshots", "other"].map(|place| (place, 0, 0)))
    }
}

impl Held {
    pub(super) fn add(&mut self, place: &str, length_bytes: u64) {
        if let Some((_, files, bytes)) = self.0.iter_mut().find(|(name, ..)| *name == place) {
            (*files, *bytes) = (*files + 1, bytes.saturating_add(length_bytes));
        }
    }

    pub(super) fn places(self) -> Vec<StatsPlace> {
        self.0.map(|(place, files, bytes)| StatsPlace { place, files, bytes }).to_vec()
    }
}

/// Distinct files below all roots that it was shown.
pub(super) struct Distinct<'a, O: Objects> {
    pub(super) objects: &'a O,
    /// Folders and pages that were gone through.
    pub(super) seen: HashSet<ObjectId>,
    /// Half of each hash: enough to tell files apart.
    pub(super) files: HashSet<[u8; 16]>,
    /// Sum of their lengths.
    pub(super) bytes: u64,
}

/// Told what cannot be read below a path; false ends it.
type OnProblem<'a> = &'a mut dyn FnMut(&[u8], TreeError<RepoError>) -> bool;

impl<O: Objects<Error = RepoError>> Distinct<'_, O> {
    /// Goes through everything from an entry on, less what was gone through before: so no tree, however it is built, takes longer than
    /// its objects are many. False: the problem was the last one wanted.
    pub(super) fn entry(&mut self, entry: &Entry, path: &mut Vec<u8>, depth: usize, on_problem: OnProblem<'_>) -> bool {
        match &entry.content {
            Content::File(file) => {
                let half = file.hash.0.first_chunk::<16>().copied().unwrap_or_default();
                if self.files.insert(half) {
                    self.bytes = self.bytes.saturating_add(file.length_bytes);
                }
                true
            }
            Content::Symlink(_) => true,
            Content::Folder(id) if !self.seen.insert(*id) => true,
            Content::Folder(_) if depth >= limits::DEPTH_MAX => on_problem(path, TreeError::TooDeep(limits::DEPTH_MAX)),
            Content::Folder(id) => match stated_pages(self.objects, *id) {
                Ok(pages) => pages.iter().all(|page| {
                    if !self.seen.insert(page.id) {
                        return true;
                    }
                    match stated_page_entries(self.objects, page) {
                        Ok(entries) => self.entries(&entries, path, depth, on_problem),
                        Err(error) => on_problem(path, error),
                    }
                }),
                Err(error) => on_problem(path, error),
            },
        }
    }

    fn entries(&mut self, entries: &[Entry], path: &mut Vec<u8>, depth: usize, on_problem: OnProblem<'_>) -> bool {
        entries.iter().all(|entry| {
            let length = path.len();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(&entry.name);
            let goes_on = self.entry(entry, path, depth + 1, on_problem);
            path.truncate(length);
            goes_on
        })
    }
}
