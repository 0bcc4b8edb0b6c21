//! Owns the walk of one source: seen as the options want it, less what they and its own ignore file leave out.

use super::{SnapOptions, SnapSource};
use crate::progress::Observer;
use crate::repo::Repository;
use crate::scan::{
    Adjusted, Adjustment, IGNORE_FILE, IGNORE_FILE_BYTES_MAX, Kind, Rules, ScanError, SkipReason, SkipRule, Source, Walk, WalkOptions, walk,
};
use std::sync::Arc;

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
    let read = || -> Result<Vec<u8>, ScanError> {
        let (mut file, mut bytes, mut buffer) = (source.open(path)?, Vec::new(), vec![0; 64 << 10]);
        loop {
            let count = file.read(&mut buffer)?;
            bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
            if count == 0 || bytes.len() as u64 > IGNORE_FILE_BYTES_MAX {
                return Ok(bytes);
            }
        }
    };
    let bytes = read().map_err(|error| format!("{IGNORE_FILE} cannot be read: {}", error.reason()))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
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
    let skip: SkipRule = Arc::new(move |path, _| inside.as_deref().filter(|inside| *inside == path).map(|_| SkipReason::Repository));
    WalkOptions { skip, threads: repository.surroundings().threads.max(1), ..WalkOptions::default() }
}
