//! Owns comparing two trees: what is new, gone or changed. Folders with equal ids are not read.

use super::read::{Objects, TreeError, list};
use crate::format::{Content, Entry, limits};

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Only in the newer tree.
    New,
    /// Only in the older tree.
    Gone,
    /// Other bytes, another link, or another kind of thing.
    Content,
    /// The same bytes with other facts.
    Facts,
}

/// One difference. For what is gone `entry` is the older one.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Where, relative to the roots, parts joined by `/`.
    pub path: Vec<u8>,
    /// What became of it.
    pub change: Change,
    /// The entry.
    pub entry: Entry,
}

/// What could not be read of either tree, with its path.
pub type Unread<E> = Vec<(Vec<u8>, TreeError<E>)>;

/// Compares what is below two roots. A folder that is new or gone stands with everything in it.
///
/// Errors: what cannot be read of either tree is given with its path, and the rest is compared.
pub fn compare<O: Objects>(objects: &O, older: &Entry, newer: &Entry) -> (Vec<Difference>, Unread<O::Error>) {
    let mut comparison = Comparison { objects, differences: Vec::new(), problems: Vec::new() };
    comparison.pair(Some(older), Some(newer), &mut Vec::new(), 0);
    (comparison.differences, comparison.problems)
}

struct Comparison<'a, O: Objects> {
    objects: &'a O,
    differences: Vec<Difference>,
    problems: Unread<O::Error>,
}

impl<O: Objects> Comparison<'_, O> {
    fn note(&mut self, path: &[u8], change: Change, entry: &Entry) {
        self.differences.push(Difference { path: path.to_vec(), change, entry: entry.clone() });
    }

    fn pair(&mut self, older: Option<&Entry>, newer: Option<&Entry>, path: &mut Vec<u8>, depth: usize) {
        match (older, newer) {
            (Some(old), None) => self.note(path, Change::Gone, old),
            (None, Some(new)) => self.note(path, Change::New, new),
            (Some(old), Some(new)) => match change_of(old, new) {
                Some(change) => self.note(path, change, new),
                None if matches!((&old.content, &new.content), (Content::Folder(one), Content::Folder(other)) if one == other) => return,
                None => {}
            },
            (None, None) => return,
        }
        let folder = |entry: Option<&Entry>| match entry.map(|entry| &entry.content) {
            Some(Content::Folder(id)) => Some(*id),
            _ => None,
        };
        let (old_folder, new_folder) = (folder(older), folder(newer));
        if (old_folder.is_none() && new_folder.is_none()) || old_folder == new_folder {
            return;
        }
        if depth >= limits::DEPTH_MAX {
            self.problems.push((path.clone(), TreeError::TooDeep(limits::DEPTH_MAX)));
            return;
        }
        let old_entries = self.entries(old_folder, path);
        let new_entries = self.entries(new_folder, path);
        let (mut old, mut new) = (old_entries.iter().peekable(), new_entries.iter().peekable());
        while old.peek().is_some() || new.peek().is_some() {
            let order = match (old.peek(), new.peek()) {
                (Some(old), Some(new)) => old.name.cmp(&new.name),
                (Some(_), None) => std::cmp::Ordering::Less,
                _ => std::cmp::Ordering::Greater,
            };
            let one = if order.is_le() { old.next() } else { None };
            let other = if order.is_ge() { new.next() } else { None };
            let Some(name) = one.or(other).map(|entry| entry.name.as_slice()) else { break };
            let length = path.len();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            self.pair(one, other, path, depth + 1);
            path.truncate(length);
        }
    }

    fn entries(&mut self, folder: Option<crate::format::ObjectId>, path: &[u8]) -> Vec<Entry> {
        let Some(folder) = folder else { return Vec::new() };
        match list(self.objects, folder) {
            Ok((entries, problems)) => {
                self.problems.extend(problems.into_iter().map(|problem| (path.to_vec(), problem)));
                entries
            }
            Err(error) => {
                self.problems.push((path.to_vec(), error));
                Vec::new()
            }
        }
    }
}

fn change_of(old: &Entry, new: &Entry) -> Option<Change> {
    let same_content = match (&old.content, &new.content) {
        (Content::File(one), Content::File(other)) => one.hash == other.hash && one.length_bytes == other.length_bytes,
        (Content::Folder(_), Content::Folder(_)) => true,
        (Content::Symlink(one), Content::Symlink(other)) => one == other,
        _ => false,
    };
    if !same_content {
        return Some(Change::Content);
    }
    let mut facts = (old.facts.clone(), new.facts.clone());
    if matches!(old.content, Content::Folder(_)) {
        // A folder's time moves with what is in it, which is told by itself.
        facts.0.mtime = None;
        facts.1.mtime = None;
    }
    (facts.0 != facts.1).then_some(Change::Facts)
}
