//! Owns saying what is missing from a snapshot from its first day: what its source had and could not be read, with nothing kept of it.

use super::objects::RepoObjects;
use super::{InSnapshot, Problem, Severity};
use crate::repo::{Manifest, ObjectReader, SourceRecord};
use crate::scan::escaped;
use crate::tree::{Objects, ReportItem, ReportWhat, report_items};

/// Paths that are named; of more their number is said.
const NAMED_MAX: usize = 3;

/// What was not saved of this part of a snapshot. A report that cannot be read says nothing: what stands in the tree is whole all the same.
pub(super) fn not_in_snapshot(reader: &ObjectReader<'_>, manifest: &Manifest, found: &InSnapshot) -> Option<Problem> {
    let record = manifest.sealed.as_ref()?.sources.get(found.source)?;
    let items = report_items(&RepoObjects(reader), record.report?).unwrap_or_default();
    let missing: Vec<&ReportItem> = items.iter().filter(|item| is_missing(item) && is_within(&item.path, &found.source_path)).collect();
    let mut named: Vec<String> = missing.iter().take(NAMED_MAX).map(|item| escaped(&item.path)).collect();
    let (id, count) = (manifest.name.short(), missing.len());
    let which = match count {
        0 => return None,
        1 => named.remove(0),
        _ if count > NAMED_MAX => format!("{count} files and folders: {} and {} more", named.join(", "), count - NAMED_MAX),
        _ => format!("{count} files and folders: {}", named.join(", ")),
    };
    let message = format!("snapshot {id} does not hold what could not be read when it was taken: {which}");
    let problem = Problem::of_object("not-in-snapshot", Severity::Note, manifest.name.hex(), message);
    Some(problem.with_hint("another snapshot may: `tintype find NAME` looks in all"))
}

/// Why there is nothing at this path in a snapshot: what the snapshot's own report says of it, or of the folder that it would lie in.
pub(super) fn why_not_here<O: Objects>(objects: &O, source: &SourceRecord, path: &[u8]) -> Option<&'static str> {
    let items = report_items(objects, source.report?).unwrap_or_default();
    let item = items.iter().find(|item| !item.path.is_empty() && is_within(path, &item.path))?;
    Some(match item.what {
        ReportWhat::Unreadable => "it could not be read when the snapshot was taken",
        ReportWhat::CloudOnly => "it was only in the cloud when the snapshot was taken",
        ReportWhat::Absent => "it was not connected when the snapshot was taken",
        ReportWhat::Lost => "what was kept of it was lost before the snapshot was taken",
        ReportWhat::Skipped => "the snapshot was told to leave it out, or it was no file",
        ReportWhat::Vanished => "it went away while the snapshot was taken",
        ReportWhat::ChangedWhileRead => return None,
    })
}

/// Where in a target lies what a snapshot says of this part of it that it does not hold, or holds as an earlier one had it.
pub(super) fn paths(reader: &ObjectReader<'_>, manifest: &Manifest, found: &InSnapshot) -> Vec<Vec<u8>> {
    let record = manifest.sealed.as_ref().and_then(|sealed| sealed.sources.get(found.source));
    let report = record.and_then(|record| record.report);
    let items = report.map(|report| report_items(&RepoObjects(reader), report).unwrap_or_default()).unwrap_or_default();
    let below = items.iter().filter(|item| is_within(&item.path, &found.source_path) && item.path != found.source_path);
    let paths = below.map(|item| {
        let rest = item.path.get(found.source_path.len()..).unwrap_or_default();
        let rest = rest.strip_prefix(b"/").unwrap_or(rest);
        if found.path.is_empty() { rest.to_vec() } else { [&found.path[..], b"/", rest].concat() }
    });
    paths.collect()
}

fn is_missing(item: &ReportItem) -> bool {
    let was_there = matches!(item.what, ReportWhat::Unreadable | ReportWhat::CloudOnly | ReportWhat::Lost | ReportWhat::Absent);
    was_there && item.carried_from.is_none()
}

fn is_within(path: &[u8], folder: &[u8]) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use crate::ops::looking_tests::World;
    use crate::ops::ls::{Below, LsOptions, ls};
    use crate::ops::{Problem, SnapshotRef};
    use crate::scan::Fault;

    fn told(world: &World, path: &str) -> Vec<Problem> {
        let options = LsOptions { snapshot: SnapshotRef::Latest(0), path: path.as_bytes().to_vec(), below: Below::All };
        ls(&world.repository, &options).unwrap().problems
    }

    #[test]
    fn what_was_never_saved_is_named_where_it_would_have_been() {
        let world = World::new();
        for path in ["2019/a", "2019/b", "2020/c", "2020/kept"] {
            world.source.add_file(path, path);
        }
        for path in ["2019/a", "2019/b", "2020/c"] {
            world.source.fail(path, Fault::PermissionDenied);
        }
        world.snap();
        let problems = told(&world, "");
        assert_eq!((problems.len(), problems[0].code), (1, "not-in-snapshot"), "{problems:?}");
        assert!(problems[0].message.ends_with("3 files and folders: 2019/a, 2019/b, 2020/c"), "{}", problems[0].message);
        assert!(told(&world, "2020")[0].message.ends_with("when it was taken: 2020/c"));
        assert!(told(&world, "2020/kept").is_empty());
        let options = |path: &str| LsOptions { snapshot: SnapshotRef::Latest(0), path: path.as_bytes().to_vec(), below: Below::All };
        let error = ls(&world.repository, &options("2019/a")).unwrap_err();
        assert!(error.to_string().ends_with(": it could not be read when the snapshot was taken"), "{error}");
        let error = ls(&world.repository, &options("2019/other")).unwrap_err();
        assert_eq!((error.code(), error.to_string().contains(": ")), ("no-such-path", false), "{error}");
        // What is kept from an earlier snapshot is there.
        world.source.heal("2019/a").heal("2019/b").heal("2020/c");
        world.snap();
        world.source.fail("2019/a", Fault::PermissionDenied);
        world.snap();
        assert!(told(&world, "").is_empty());
    }
}
