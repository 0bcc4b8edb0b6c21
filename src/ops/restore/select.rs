//! Owns which files of a snapshot are wanted: patterns in the form of a `.gitignore`, over paths in the snapshot.

use crate::ops::Error;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What is wanted of a snapshot.
#[derive(Debug)]
pub(super) struct Selection {
    include: Option<Gitignore>,
    exclude: Option<Gitignore>,
}

/// Whether something is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// With all in it.
    Yes,
    /// Neither it nor anything in it.
    No,
    /// A folder that is not, but something in it may be.
    PerhapsWithin,
}

impl Selection {
    /// Errors: a pattern that is none.
    pub(super) fn new(include: &[String], exclude: &[String]) -> Result<Self, Error> {
        Ok(Self { include: patterns("--include", include)?, exclude: patterns("--exclude", exclude)? })
    }

    /// Whether what lies at a path in the snapshot is wanted.
    pub(super) fn wants(&self, path: &[u8], is_folder: bool) -> Wanted {
        let path = Path::new(OsStr::from_bytes(path));
        if path.as_os_str().is_empty() {
            return if self.include.is_some() { Wanted::PerhapsWithin } else { Wanted::Yes };
        }
        // A folder that is excluded is not entered, so what is in it need not be asked about.
        if self.exclude.as_ref().is_some_and(|patterns| patterns.matched(path, is_folder).is_ignore()) {
            return Wanted::No;
        }
        match &self.include {
            Some(patterns) if !patterns.matched_path_or_any_parents(path, is_folder).is_ignore() => {
                if is_folder {
                    Wanted::PerhapsWithin
                } else {
                    Wanted::No
                }
            }
            _ => Wanted::Yes,
        }
    }
}

fn patterns(what: &str, patterns: &[String]) -> Result<Option<Gitignore>, Error> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut builder = GitignoreBuilder::new("");
    builder.allow_unclosed_class(false);
    for pattern in patterns {
        let refused = |error: ignore::Error| Error::Usage { what: format!("{what} {pattern}"), why: error.to_string() };
        builder.case_insensitive(true).map_err(refused)?;
        builder.add_line(None, pattern).map_err(refused)?;
    }
    builder.build().map(Some).map_err(|error| Error::Usage { what: what.to_owned(), why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::{Selection, Wanted};

    fn selection(include: &[&str], exclude: &[&str]) -> Selection {
        let owned = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect::<Vec<_>>();
        Selection::new(&owned(include), &owned(exclude)).unwrap()
    }

    #[test]
    fn what_is_included_is_wanted_with_all_in_it_less_what_is_excluded() {
        let both = selection(&["*.jpg", "/2019/"], &["*_small.jpg", "raw/"]);
        for (path, is_folder, wanted) in [
            ("", true, Wanted::PerhapsWithin),
            ("2018", true, Wanted::PerhapsWithin),
            ("2018/A.JPG", false, Wanted::Yes),
            ("2018/a_small.jpg", false, Wanted::No),
            ("2018/a.mov", false, Wanted::No),
            ("2019", true, Wanted::Yes),
            ("2019/07/a.mov", false, Wanted::Yes),
            ("2019/raw", true, Wanted::No),
        ] {
            assert_eq!(both.wants(path.as_bytes(), is_folder), wanted, "{path}");
        }
        assert_eq!(selection(&[], &[]).wants(b"a\xff", false), Wanted::Yes);
        assert!(Selection::new(&["[".to_owned()], &[]).is_err());
    }
}
