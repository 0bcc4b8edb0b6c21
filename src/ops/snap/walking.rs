//! Owns the walk of one source: seen as the options want it, less what they and its own ignore file leave out.

use super::identity::join;
use super::{SnapOptions, SnapSource};
use crate::progress::Observer;
use crate::repo::{Repository, limits};
use crate::scan::{
    Adjusted, Adjustment, IGNORE_FILE, IGNORE_FILE_BYTES_MAX, Kind, Rules, ScanError, SkipReason, SkipRule, Source, Walk, WalkOptions, walk,
};
use std::sync::Arc;

const REPOSITORY_FILE: &str = "tintype.json";

/// A source that was walked, or not.
pub(super) struct Walked {
    pub(super) walk: Result<Walk, ScanError>,
    /// As in a source that was found.
    pub(super) wrong_rules: Vec<String>,
}

/// The source as the options want it seen.
pub(super) fn adjusted(source: &SnapSource, options: &SnapOptions) -> SnapSource {
    if !options.download_placeholders {
        return source.clone();
    }
    let adjustment = Adjustment { download_placeholders: true, ..Adjustment::default() };
    SnapSource { source: Arc::new(Adjusted::new(Arc::clone(&source.source), adjustment)), ..source.clone() }
}

/// Reads the source's own ignore file and walks what it and the options leave.
pub(super) fn walk_source(repository: &Repository, source: &SnapSource, options: &SnapOptions, observer: &dyn Observer) -> Walked {
    let (ignore_file, mut wrong_rules) = match read_ignore_file(&*source.source) {
        Ok(text) => (text, Vec::new()),
        Err(reason) => (None, vec![reason]),
    };
    // The patterns of the options were tried before.
    let rules = Rules::new(&source.path, !options.no_default_excludes, &options.exclude, ignore_file.as_deref());
    let (rules, wrong) = rules.unwrap_or_else(|_| (Rules::none(), Vec::new()));
    wrong_rules.extend(wrong);
    Walked { walk: walk_by(repository, source, rules, observer), wrong_rules }
}

/// The text of the ignore file in the root, if there is one that can be read; else why not.
fn read_ignore_file(source: &dyn Source) -> Result<Option<String>, String> {
    let path = IGNORE_FILE.as_bytes();
    match source.stat(path) {
        Ok(stat) if stat.kind == Kind::File && stat.length_bytes <= IGNORE_FILE_BYTES_MAX => {}
        Ok(stat) if stat.kind == Kind::File => return Err(format!("{IGNORE_FILE} is too long to be one")),
        _ => return Ok(None),
    }
    let bytes = read_small(source, path, IGNORE_FILE_BYTES_MAX);
    let bytes = bytes.map_err(|error| format!("{IGNORE_FILE} cannot be read: {}", error.reason()))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// A file's bytes; of one that is longer than `bytes_max`, a few more than those.
fn read_small(source: &dyn Source, path: &[u8], bytes_max: u64) -> Result<Vec<u8>, ScanError> {
    let (mut file, mut bytes, mut buffer) = (source.open(path)?, Vec::new(), vec![0; 64 << 10]);
    loop {
        let count = file.read(&mut buffer)?;
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if count == 0 || bytes.len() as u64 > bytes_max {
            return Ok(bytes);
        }
    }
}

/// Whether a folder of a source is the repository itself, or a copy of it, by whatever path it got there: its `tintype.json` is this
/// repository's, and what it names stands beside it. A stray `tintype.json` among photos is a file like any other.
pub(super) fn is_repository(source: &dyn Source, folder: &[u8], file_hash: &[u8; 32]) -> bool {
    let is = |name: &str, kind: Kind| source.stat(&join(folder, name.as_bytes())).is_ok_and(|stat| stat.kind == kind);
    is(REPOSITORY_FILE, Kind::File)
        && is("packs", Kind::Folder)
        && is("snapshots", Kind::Folder)
        && read_small(source, &join(folder, REPOSITORY_FILE.as_bytes()), limits::REPOSITORY_FILE_BYTES_MAX)
            .is_ok_and(|bytes| blake3::hash(&bytes).as_bytes() == file_hash)
}

fn walk_by(repository: &Repository, source: &SnapSource, rules: Rules, observer: &dyn Observer) -> Result<Walk, ScanError> {
    let walk_options = WalkOptions { rules: Arc::new(rules), ..walk_options(repository, source) };
    let walk_once = || walk(&*source.source, &walk_options, observer);
    // A folder that was listed and then gone may have been renamed: what is in it stands elsewhere now.
    let has_moved = |folder: &crate::scan::Folder| folder.problem.as_ref().is_some_and(ScanError::is_vanished);
    let mut walked = walk_once()?;
    if walked.folders.iter().any(has_moved) {
        walked = walk_once()?;
    }
    // A source that is one file has nothing else to go on with: if it cannot be opened, the source cannot be read.
    if walked.folders.is_empty() {
        source.source.open(b"")?;
    }
    Ok(walked)
}

fn walk_options(repository: &Repository, source: &SnapSource) -> WalkOptions {
    let inside = source.repository_inside.clone();
    let (files, file_hash) = (Arc::clone(&source.source), repository.repository_file_hash().0);
    let skip: SkipRule = Arc::new(move |path, stat| {
        let is_ours = inside.as_deref() == Some(path) || (stat.kind == Kind::Folder && is_repository(&*files, path, &file_hash));
        is_ours.then_some(SkipReason::Repository)
    });
    WalkOptions { skip, threads: repository.surroundings().threads.max(1), ..WalkOptions::default() }
}
