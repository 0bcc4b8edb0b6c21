//! Owns judging files that stand twice: reading both copies, and saying where one is wrong and the other good.

use super::audit::Audit;
use crate::ops::{Error, Problem, Severity};
use crate::repo::{FileState, NameFolder, Seen, StoredFile, StoredName, read_file};
use std::collections::BTreeMap;

/// How one copy stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Copy {
    /// Its bytes hash to its name.
    Good(Vec<u8>),
    /// Not there.
    Absent,
    /// Without a trailer.
    Short,
    /// Wrong bytes, read twice, or a read error.
    Damaged(String),
    /// A placeholder.
    Elsewhere,
}

/// Both copies of a file.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) first: Copy,
    pub(super) second: Copy,
}

/// A file that is good in neither place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    /// Absent or short.
    Incomplete,
    /// A placeholder at best.
    Elsewhere,
    /// Wrong bytes.
    Damaged(String),
}

impl Pair {
    /// The bytes of whichever copy is good.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match (&self.first, &self.second) {
            (Copy::Good(bytes), _) | (_, Copy::Good(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// How bad it is that neither is good.
    pub(super) fn lost(&self) -> Lost {
        match (&self.first, &self.second) {
            (Copy::Damaged(reason), _) | (_, Copy::Damaged(reason)) => Lost::Damaged(reason.clone()),
            (Copy::Elsewhere, _) | (_, Copy::Elsewhere) => Lost::Elsewhere,
            _ => Lost::Incomplete,
        }
    }
}

/// Copies that are not good beside one that is, gathered so that a folder which never arrived is said once.
#[derive(Debug, Default)]
pub(super) struct BadCopies(BTreeMap<(&'static str, String), Vec<(String, String)>>);

/// So many are said one by one.
const SINGLE_MAX: usize = 8;

impl BadCopies {
    /// Notes one.
    pub(super) fn note(&mut self, code: &'static str, path: String, words: impl Into<String>) {
        let folder = match path.strip_prefix("second/") {
            Some(rest) => format!("second/{}", rest.split('/').next().unwrap_or_default()),
            None => path.split('/').next().unwrap_or_default().to_owned(),
        };
        self.0.entry((code, folder)).or_default().push((path, words.into()));
    }

    /// Says them.
    pub(super) fn problems(self) -> Vec<Problem> {
        const HINT: &str = "the next `tintype snap` here heals it";
        let mut problems = Vec::new();
        for ((code, folder), files) in self.0 {
            let missing = if code == "copy-missing" { "absent" } else { "wrong" };
            if files.len() <= SINGLE_MAX {
                let single =
                    files.into_iter().map(|(path, words)| Problem::of_object(code, Severity::Bookkeeping, path, words).with_hint(HINT));
                problems.extend(single);
            } else if let Some((path, _)) = files.first() {
                let message = format!("{} files in {folder} are {missing} and good in their other copy, e.g. {path}", files.len());
                problems.push(Problem::of_object(code, Severity::Bookkeeping, folder, message).with_hint(HINT));
            }
        }
        problems
    }
}

impl Audit<'_> {
    /// Reads one copy as it was listed.
    pub(super) fn read_copy(&mut self, listed: Option<(StoredFile, Seen)>) -> Result<Copy, Error> {
        let Some((file, seen)) = listed else { return Ok(Copy::Absent) };
        if seen.placeholder {
            return Ok(Copy::Elsewhere);
        }
        Ok(match read_file(&**self.repository.store(), &file)? {
            FileState::Good(bytes) => Copy::Good(bytes),
            FileState::Absent => Copy::Absent,
            FileState::Short => Copy::Short,
            FileState::Damaged(reason) => {
                self.repository.check_place()?;
                Copy::Damaged(reason)
            }
        })
    }

    /// Reads both copies, and notes the one that is not good if the other is.
    pub(super) fn read_pair(&mut self, folder: NameFolder, hash: StoredName) -> Result<Pair, Error> {
        let listed = [false, true].map(|second| self.inventory.get(folder, second, hash).copied());
        let [first, second] = listed;
        let pair = Pair { first: self.read_copy(first)?, second: self.read_copy(second)? };
        let path = |own: Option<(StoredFile, Seen)>, other: Option<(StoredFile, Seen)>, second: bool| {
            let file = own.or(other).map_or(StoredFile::first(folder, hash), |(file, _)| file);
            if second { file.in_second().path() } else { file.in_first().path() }
        };
        match (&pair.first, &pair.second) {
            (Copy::Good(_), bad) => self.note_copy(path(second, first, true), bad),
            (bad, Copy::Good(_)) => self.note_copy(path(first, second, false), bad),
            _ => {}
        }
        Ok(pair)
    }

    /// Notes a copy that is not good though the other is.
    pub(super) fn note_copy(&mut self, path: String, copy: &Copy) {
        match copy {
            Copy::Good(_) | Copy::Elsewhere => {}
            Copy::Absent => self.bad_copies.note("copy-missing", path, "this copy is absent; the other is good"),
            Copy::Short => self.bad_copies.note("copy-damaged", path, "this copy is short; the other is good"),
            Copy::Damaged(reason) => self.bad_copies.note("copy-damaged", path, format!("{reason}; the other copy is good")),
        }
    }
}
