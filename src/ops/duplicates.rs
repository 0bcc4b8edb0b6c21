//! Finds what a snapshot has several times: files with the same bytes, and pictures that differ in what is said about them alone.
//!
//! Reads lists of files, never a photo, and changes nothing: the repository holds each piece once already, the photos' own drive does not.

use super::ls::{base64, tree_problem};
use super::objects::RepoObjects;
use super::snapshots::rfc3339;
use super::{Error, Outcome, Problem, SnapshotRef, resolve, resolve_path, time_ahead, used};
use crate::repo::{ObjectReader, Repository, SnapshotList};
use crate::scan::escaped;
use crate::tree::{Bounds, Content, FileContent, FileHash, Next, ObjectId, Step, hex, picture, walk};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Groups that a report has at most; the largest.
const GROUPS_MAX: usize = 10_000;
/// Paths of one group that a report has at most.
const PATHS_MAX: usize = 1_000;

/// Where to look.
#[derive(Debug, Clone)]
pub struct DuplicatesOptions {
    /// In which snapshot.
    pub snapshot: SnapshotRef,
    /// Below which path; empty: everywhere.
    pub path: Vec<u8>,
}

/// What is there several times.
#[derive(Debug, Clone, Serialize)]
pub struct DuplicatesReport {
    /// The snapshot's whole id.
    pub snapshot: String,
    /// The time that it states, RFC 3339 in UTC.
    pub time: String,
    /// Files that were looked at; names of one file count once.
    pub files: u64,
    /// Same bytes.
    pub same_files: Duplicates,
    /// Same picture or film, and not the same bytes.
    pub same_pictures: Duplicates,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl DuplicatesReport {
    /// The exit code that the problems add up to.
    pub fn exit_code(&self) -> u8 {
        Outcome::of(&self.problems).exit_code()
    }
}

/// What is there several times in one way.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Duplicates {
    /// How many files or pictures.
    pub group_count: u64,
    /// How many files more than one of each.
    pub extra_files: u64,
    /// What those take on the photos' drive, in bytes; of pictures, all but the largest file.
    pub extra_bytes: u64,
    /// The groups, those that take most first; at most 10,000.
    pub groups: Vec<DuplicateGroup>,
}

/// Files that are one.
#[derive(Debug, Clone, Serialize)]
pub struct DuplicateGroup {
    /// What all but one take, in bytes; of pictures, all but the largest.
    pub extra_bytes: u64,
    /// How many they are.
    pub file_count: u64,
    /// The files, by path; at most 1,000. Of pictures with other metadata one for each that has other bytes.
    pub files: Vec<DuplicateFile>,
}

/// One of them.
#[derive(Debug, Clone, Serialize)]
pub struct DuplicateFile {
    /// Its path, printable.
    pub path: String,
    /// The path's bytes in base64, where `path` had to escape something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_base64: Option<String>,
    /// Its length.
    pub bytes: u64,
    /// BLAKE3 of its bytes, 64 hexadecimal digits.
    pub blake3: String,
}

/// A file of the snapshot.
struct Seen {
    path: Vec<u8>,
    hash: FileHash,
    length_bytes: u64,
}

/// Finds duplicates.
///
/// Errors: there is no such snapshot or path, the repository is locked, or the place fails. What cannot be read of the tree is a problem in
/// the report, and the rest is looked at. Empty files are nobody's duplicates.
pub fn duplicates(repository: &Repository, options: &DuplicatesOptions) -> Result<DuplicatesReport, Error> {
    repository.sealing()?;
    let list = SnapshotList::take(&**repository.store(), &repository.notices()?)?;
    let manifest = resolve(repository, &list, &options.snapshot)?;
    let reader = ObjectReader::with_segments(repository, &manifest.public.segments)?;
    let objects = RepoObjects(&reader);
    let mut problems: Vec<Problem> = Vec::new();
    if options.snapshot == SnapshotRef::Latest(0) {
        problems.extend(used::newer_in_second(&list, &manifest));
    }
    problems.extend(time_ahead([&manifest], repository.surroundings().clock.now()));
    let (mut files, mut pictures, mut linked) = (Vec::new(), HashMap::<Vec<ObjectId>, Vec<usize>>::new(), HashSet::new());
    for start in resolve_path(&objects, &manifest, &options.path)? {
        let source = manifest.sealed.as_ref().and_then(|sealed| sealed.sources.get(start.source));
        let bounds = source.map_or_else(Bounds::of_depth, |source| Bounds::of(&source.counts));
        let mut failure = None;
        let mut see = |path: &[u8], file: &FileContent| {
            // Names of one file take its bytes once.
            if file.length_bytes == 0 || file.link_group.is_some_and(|group| !linked.insert((start.source, group))) {
                return;
            }
            if let Ok(Some(ids)) = picture(&objects, file) {
                pictures.entry(ids).or_default().push(files.len());
            }
            files.push(Seen { path: path.to_vec(), hash: file.hash, length_bytes: file.length_bytes });
        };
        walk(&objects, &start.entry, &start.path, bounds, &mut |step| match step {
            Step::Entry { path, entry } => {
                if let Content::File(file) = &entry.content {
                    see(path, file);
                }
                Next::On
            }
            Step::Leave { .. } => Next::On,
            Step::Problem { path, error } => match tree_problem(path, error) {
                Ok(problem) => {
                    problems.push(problem);
                    Next::On
                }
                Err(error) => {
                    failure = Some(error);
                    Next::Stop
                }
            },
        });
        failure.map_or(Ok(()), Err)?;
    }
    problems.extend(used::copies(repository, [&manifest], Some(&reader)));
    problems.extend(used::segments(&reader));
    Ok(DuplicatesReport {
        snapshot: manifest.name.hex(),
        time: rfc3339(manifest.public.time),
        files: files.len() as u64,
        same_files: same_files(&files),
        same_pictures: same_pictures(&files, pictures),
        problems,
    })
}

fn same_files(files: &[Seen]) -> Duplicates {
    let mut by_hash: HashMap<FileHash, Vec<&Seen>> = HashMap::new();
    files.iter().for_each(|file| by_hash.entry(file.hash).or_default().push(file));
    gather(by_hash.into_values())
}

/// Of files with the same bytes one stands for all: the others are told among the same files.
fn same_pictures(files: &[Seen], pictures: HashMap<Vec<ObjectId>, Vec<usize>>) -> Duplicates {
    gather(pictures.into_values().map(|positions| {
        let mut of_hash: BTreeMap<[u8; 32], &Seen> = BTreeMap::new();
        for file in positions.into_iter().filter_map(|position| files.get(position)) {
            let first = of_hash.entry(file.hash.0).or_insert(file);
            if file.path < first.path {
                *first = file;
            }
        }
        of_hash.into_values().collect()
    }))
}

fn gather<'f>(groups: impl Iterator<Item = Vec<&'f Seen>>) -> Duplicates {
    let mut found = Duplicates::default();
    let mut kept: Vec<(u64, Vec<&Seen>)> = Vec::new();
    for mut group in groups.filter(|group| group.len() > 1) {
        group.sort_by(|one, other| one.path.cmp(&other.path));
        let sum: u64 = group.iter().map(|file| file.length_bytes).fold(0, u64::saturating_add);
        let extra_bytes = sum - group.iter().map(|file| file.length_bytes).max().unwrap_or(0).min(sum);
        found.group_count += 1;
        found.extra_files += (group.len() - 1) as u64;
        found.extra_bytes = found.extra_bytes.saturating_add(extra_bytes);
        kept.push((extra_bytes, group));
    }
    let path = |group: &[&Seen]| group.first().map(|file| file.path.clone());
    kept.sort_by(|(one_bytes, one), (other_bytes, other)| (other_bytes, path(one)).cmp(&(one_bytes, path(other))));
    kept.truncate(GROUPS_MAX);
    found.groups = kept.into_iter().map(|(extra_bytes, group)| line(extra_bytes, &group)).collect();
    found
}

fn line(extra_bytes: u64, group: &[&Seen]) -> DuplicateGroup {
    let file = |seen: &&Seen| {
        let path = escaped(&seen.path);
        let path_base64 = (path.as_bytes() != seen.path).then(|| base64(&seen.path));
        DuplicateFile { path, path_base64, bytes: seen.length_bytes, blake3: hex(&seen.hash.0) }
    };
    DuplicateGroup { extra_bytes, file_count: group.len() as u64, files: group.iter().take(PATHS_MAX).map(file).collect() }
}

#[cfg(test)]
mod tests {
    use super::{DuplicatesOptions, DuplicatesReport, duplicates};
    use crate::ops::SnapshotRef;
    use crate::ops::looking_tests::{World, jpeg};

    fn found(world: &World, path: &str) -> DuplicatesReport {
        let options = DuplicatesOptions { snapshot: SnapshotRef::Latest(0), path: path.as_bytes().to_vec() };
        duplicates(&world.repository, &options).unwrap()
    }

    #[test]
    fn copies_and_pictures_with_other_captions_are_told_apart() {
        let world = World::new();
        let (plain, captioned) = (jpeg(1, ""), jpeg(1, "a day at the lake"));
        world.source.add_file("2019/a.jpg", plain.clone()).add_file("copies/a.jpg", plain.clone()).add_file("copies/b.jpg", plain.clone());
        world.source.add_file("edited/a.jpg", captioned.clone()).add_file("edited/other.jpg", jpeg(2, "a day at the lake"));
        world.source.add_file("empty", "").add_file("also empty", "");
        world.snap();
        let report = found(&world, "");
        let paths = |report: &super::Duplicates| {
            report.groups.iter().map(|group| group.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert_eq!(paths(&report.same_files), [["2019/a.jpg", "copies/a.jpg", "copies/b.jpg"]]);
        assert_eq!((report.files, report.same_files.extra_files, report.same_files.extra_bytes), (5, 2, 2 * plain.len() as u64));
        assert_eq!(paths(&report.same_pictures), [["2019/a.jpg", "edited/a.jpg"]]);
        assert_eq!(report.same_pictures.extra_bytes, plain.len() as u64);
        assert_eq!((found(&world, "edited").same_pictures.group_count, report.exit_code()), (0, 0));
    }
}
