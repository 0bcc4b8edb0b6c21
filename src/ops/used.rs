//! Owns saying what was wrong with the repository's own files that an operation read and could do without: first copies whose second
//! one was used, and index segments that the packs themselves stood in for. The result is whole: exit 4 at most.

use super::snapshots::needs_are_here;
use super::{Error, Problem, Severity};
use crate::repo::{
    FileState, Ledger, Manifest, NameFolder, Notices, ObjectReader, Packs, Repository, RepositoryFileState, SnapshotList, StoredFile,
    StoredName,
};
use std::collections::BTreeMap;

const HEALS: &str = "the next `tintype snap` heals it";

/// A file that was not good in its first place and was read from its second.
pub(super) fn from_second(path: String, first_copy: &FileState) -> Problem {
    let (code, how) = match first_copy {
        FileState::Absent => ("copy-missing", "is absent"),
        FileState::Short => ("copy-damaged", "is short"),
        FileState::Good(_) | FileState::Damaged(_) => ("copy-damaged", "has wrong bytes"),
    };
    let message = format!("{path} {how}, and was read from its second copy");
    Problem::of_object(code, Severity::Bookkeeping, path, message).with_hint(HEALS)
}

/// How `tintype.json` was read, if not from its first place.
pub(super) fn repository_file(repository: &Repository) -> Option<Problem> {
    let path = "tintype.json".to_owned();
    let first_copy = match repository.repository_file_states() {
        [RepositoryFileState::Good, _] => return None,
        [RepositoryFileState::Absent, RepositoryFileState::Good] => FileState::Absent,
        [RepositoryFileState::Damaged, RepositoryFileState::Good] => FileState::Damaged(String::new()),
        [first, _] => {
            let code = if first == RepositoryFileState::Absent { "copy-missing" } else { "copy-damaged" };
            let message = "tintype.json is good in neither place; a snapshot told what it says";
            return Some(Problem::of_object(code, Severity::Bookkeeping, path, message).with_hint(HEALS));
        }
    };
    Some(from_second(path, &first_copy))
}

/// What an operation read from second places: `tintype.json`, these manifests, and what the reader needed.
pub(super) fn copies<'m>(
    repository: &Repository,
    manifests: impl IntoIterator<Item = &'m Manifest>,
    reader: Option<&ObjectReader<'_>>,
) -> Vec<Problem> {
    let mut bad: BTreeMap<String, FileState> = BTreeMap::new();
    for manifest in manifests {
        if let Some(first_copy) = &manifest.first_copy {
            bad.insert(manifest.file.path(), first_copy.clone());
        }
    }
    for (pack, first_copy) in reader.map(ObjectReader::read_from_second).unwrap_or_default() {
        bad.insert(StoredFile::first(NameFolder::Packs, StoredName::from(pack)).path(), first_copy);
    }
    repository_file(repository).into_iter().chain(bad.into_iter().map(|(path, first_copy)| from_second(path, &first_copy))).collect()
}

/// Snapshots that this machine saw here, that are gone from both places, and that no tombstone names.
pub(super) fn gone_snapshots(list: &SnapshotList, notices: &Notices, ledger: &Ledger) -> Vec<Problem> {
    let is_here = |name: &StoredName| list.first.contains_key(name) || list.second_only.contains_key(name);
    let gone = ledger.manifests.keys().filter(|name| !is_here(name) && !notices.manifests.contains(name));
    let problem = |name: &StoredName| {
        let short: String = name.hex().chars().take(8).collect();
        let message = format!("snapshot {short}, which this machine saw here, is gone");
        Problem::of_object("manifest-missing", Severity::Notice, name.hex(), message)
            .with_hint("another copy of this repository may have it; `tintype check` says more")
    };
    gone.map(problem).collect()
}

/// Snapshots newer than the one that was taken for the latest, in `second/` alone: interrupted before they were finished, or lost since.
pub(super) fn newer_in_second(list: &SnapshotList, latest: &Manifest) -> Vec<Problem> {
    let newer = list.second_only.values().filter(|(file, _)| file.stated_seconds.is_some_and(|stated| stated > latest.public.time.seconds));
    let problem = |file: &StoredFile| {
        let message = "a newer snapshot lies in second/ alone: it is not finished, still arriving, or lost its first copy";
        Problem::of_object("manifest-only-second", Severity::Bookkeeping, file.path(), format!("{}: {message}", file.path()))
            .with_hint("`tintype check` says whether all that it needs is here; then the next `tintype snap` brings it back")
    };
    newer.map(|(file, _)| problem(file)).collect()
}

/// Snapshots that were asked for and whose manifests lie in `second/` alone, each once: what could be had of them was used all the same.
/// Never less than exit 4, however long ago they were first seen there.
pub(super) fn only_in_second<'m>(
    repository: &Repository,
    list: &SnapshotList,
    notices: &Notices,
    manifests: impl IntoIterator<Item = &'m Manifest>,
) -> Result<Vec<Problem>, Error> {
    let used: BTreeMap<_, _> = manifests.into_iter().filter(|one| list.is_second_only(one.name)).map(|one| (one.name, one)).collect();
    if used.is_empty() {
        return Ok(Vec::new());
    }
    let packs = Packs::list(&**repository.store())?;
    let mut problems = Vec::new();
    for manifest in used.into_values() {
        let whole = needs_are_here(repository, manifest, (&packs, notices), &mut problems)?;
        let how = "lies in second/ alone: it lost its first copy, or the run that took it did not finish";
        let (severity, rest, hint) = if whole {
            let hint = "the next `tintype snap` into this repository brings it back, if the drive can be written";
            (Severity::Bookkeeping, "all that it needs is here", hint)
        } else {
            let hint = "if this copy of the repository is still arriving, wait; another copy may have it whole";
            (Severity::Incomplete, "not all that it needs is here", hint)
        };
        let message = format!("snapshot {} {how}; {rest}", manifest.name.short());
        let problem = Problem::of_object("manifest-only-second", severity, manifest.name.hex(), message);
        problems.push(problem.with_hint(hint));
    }
    Ok(problems)
}

/// Index segments that a reader was given and could not read. Where the others listed all that it looked for nobody misses them.
pub(super) fn segments(reader: &ObjectReader<'_>) -> Vec<Problem> {
    let missed = reader.is_widened();
    let mut problems = Vec::new();
    for (file, state) in reader.bad_segments() {
        let path = file.path();
        let (code, how) = match state {
            FileState::Absent if !missed => continue,
            FileState::Absent => ("index-missing", "is absent"),
            FileState::Short => ("index-damaged", "is short"),
            FileState::Good(_) | FileState::Damaged(_) => ("index-damaged", "cannot be read"),
        };
        problems.push(if missed {
            let message = format!("{path} {how}; what it says was taken from the packs themselves");
            Problem::of_object(code, Severity::Bookkeeping, path, message).with_hint(HEALS)
        } else {
            let message = format!("{path} {how}; other segments list everything that was looked for");
            Problem::of_object(code, Severity::Notice, path, message)
        });
    }
    problems
}
