//! Owns saying what is missing from a snapshot from its first day: what its source had and could not be read, with nothing kept of it.

use super::objects::RepoObjects;
use super::{InSnapshot, Problem, Severity};
use crate::repo::{Manifest, ObjectReader};
use crate::scan::escaped;
use crate::tree::{ReportItem, ReportWhat, report_items};

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
        // What is kept from an earlier snapshot is there.
        world.source.heal("2019/a").heal("2019/b").heal("2020/c");
        world.snap();
        world.source.fail("2019/a", Fault::PermissionDenied);
        world.snap();
        assert!(told(&world, "").is_empty());
    }
}
