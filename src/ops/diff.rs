//! Compares two snapshots: what is new, gone, renamed, moved, and what changed. Reads trees only, and of those only what differs.
//!
//! Sources are the same where their ids are. A file that is gone and a new one with the same bytes are one file that was renamed or
//! moved; each counts once.

use super::ls::{base64, tree_problem};
use super::objects::RepoObjects;
use super::snapshots::rfc3339;
use super::{Error, Outcome, Problem, SnapshotRef, resolve, time_ahead, used};
use crate::repo::{Manifest, ObjectReader, Repository, SnapshotList, SourceRecord, StoredName};
use crate::scan::escaped;
use crate::tree::{Bounds, Change, Content, Counts, Difference, Entry, Fact, FileHash, ObjectId, Side, compare, picture};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// Lines that a report has at most, all sources together.
const LINES_MAX: usize = 100_000;

/// Which snapshots to compare.
#[derive(Debug, Clone)]
pub struct DiffOptions {
    /// The one to compare from.
    pub before: SnapshotRef,
    /// The one to compare with.
    pub after: SnapshotRef,
}

/// What differs.
#[derive(Debug, Clone, Serialize)]
pub struct DiffReport {
    /// The snapshot that was compared from.
    pub before: DiffSnapshot,
    /// The snapshot that it was compared with.
    pub after: DiffSnapshot,
    /// By source, in the order of their labels.
    pub sources: Vec<DiffSource>,
    /// Differences that are counted and have no line.
    pub left_out: u64,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl DiffReport {
    /// The exit code that the problems add up to.
    pub fn exit_code(&self) -> u8 {
        Outcome::of(&self.problems).exit_code()
    }
}

/// One of the two snapshots.
#[derive(Debug, Clone, Serialize)]
pub struct DiffSnapshot {
    /// Its whole id.
    pub snapshot: String,
    /// The time that it states, RFC 3339 in UTC.
    pub time: String,
    /// The same in seconds since the epoch.
    #[serde(skip)]
    pub seconds: i64,
}

/// Which of the snapshots have a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// Both.
    Both,
    /// The first alone.
    Before,
    /// The second alone.
    After,
}

/// One source.
#[derive(Debug, Clone, Serialize)]
pub struct DiffSource {
    /// Its id.
    pub id: String,
    /// Its label, in the second snapshot if that has it.
    pub label: String,
    /// Its label in the first snapshot, if it was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_before: Option<String>,
    /// Which of the snapshots have it.
    pub present_in: Presence,
    /// Files that it has, in the second snapshot if that has it.
    pub files: u64,
    /// Sum of their lengths.
    pub bytes: u64,
    /// How many differences of which kind; all 0 where one snapshot alone has the source.
    pub counts: DiffCounts,
    /// The differences, by kind and path.
    pub changes: Vec<DiffLine>,
}

/// How many of what. Files and links, unless something else is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct DiffCounts {
    /// Only in the second snapshot.
    pub new: u64,
    /// Same bytes, other name, same folder.
    pub renamed: u64,
    /// Same bytes, other folder.
    pub moved: u64,
    /// The same picture or film, and something else said about it.
    pub metadata_changed: u64,
    /// Another picture or film than before.
    pub picture_changed: u64,
    /// Other bytes of a file in which no picture is known, or a link that holds something else.
    pub content_changed: u64,
    /// Same content, other facts; folders too.
    pub facts_changed: u64,
    /// A file, folder or link became another of these.
    pub kind_changed: u64,
    /// Only in the first snapshot.
    pub gone: u64,
    /// Folders only in the second snapshot.
    pub new_folders: u64,
    /// Folders only in the first snapshot.
    pub gone_folders: u64,
}

impl DiffCounts {
    /// Whether nothing differs.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn of(&mut self, kind: DiffKind, entry: &'static str) -> &mut u64 {
        match kind {
            DiffKind::New if entry == "folder" => &mut self.new_folders,
            DiffKind::Gone if entry == "folder" => &mut self.gone_folders,
            DiffKind::New => &mut self.new,
            DiffKind::Renamed => &mut self.renamed,
            DiffKind::Moved => &mut self.moved,
            DiffKind::MetadataChanged => &mut self.metadata_changed,
            DiffKind::PictureChanged => &mut self.picture_changed,
            DiffKind::ContentChanged => &mut self.content_changed,
            DiffKind::FactsChanged => &mut self.facts_changed,
            DiffKind::KindChanged => &mut self.kind_changed,
            DiffKind::Gone => &mut self.gone,
        }
    }
}

/// What a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DiffKind {
    /// Only in the second snapshot.
    New,
    /// Same bytes, other name, same folder.
    Renamed,
    /// Same bytes, other folder.
    Moved,
    /// The same picture or film, and something else said about it; perhaps under another name.
    MetadataChanged,
    /// Another picture or film than before.
    PictureChanged,
    /// Other bytes of a file in which no picture is known, or a link that holds something else.
    ContentChanged,
    /// Same content, other facts.
    FactsChanged,
    /// A file, folder or link became another of these.
    KindChanged,
    /// Only in the first snapshot.
    Gone,
}

/// One difference.
#[derive(Debug, Clone, Serialize)]
pub struct DiffLine {
    /// What it is.
    pub kind: DiffKind,
    /// `file`, `folder` or `symlink`; of a changed kind what it is now.
    pub entry: &'static str,
    /// Its path in the source, printable: in the second snapshot, of what is gone in the first. `.` is the source itself.
    pub path: String,
    /// The path's bytes in base64, where `path` had to escape something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_base64: Option<String>,
    /// The path in the first snapshot of what is at another one now, printable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Its bytes in base64, where `from` had to escape something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_base64: Option<String>,
    /// What it was, if its kind changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_before: Option<&'static str>,
    /// Which facts changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<&'static str>,
    /// A file's length in the first snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_before: Option<u64>,
    /// A file's length in the second snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_after: Option<u64>,
}

/// Compares two snapshots.
///
/// Errors: there is no such snapshot, the repository is locked, or the place fails. What cannot be read of a tree is a problem in the
/// report, and what lies there is compared on neither side.
pub fn diff(repository: &Repository, options: &DiffOptions) -> Result<DiffReport, Error> {
    repository.sealing()?;
    let list = SnapshotList::take(&**repository.store(), &repository.notices()?)?;
    let before = resolve(repository, &list, &options.before)?;
    let after = resolve(repository, &list, &options.after)?;
    let segments: BTreeSet<StoredName> = before.public.segments.iter().chain(&after.public.segments).copied().collect();
    let reader = ObjectReader::with_segments(repository, &segments.into_iter().collect::<Vec<_>>())?;
    let mut report = DiffReport { before: named(&before), after: named(&after), sources: Vec::new(), left_out: 0, problems: Vec::new() };
    for (name, manifest) in [(&options.before, &before), (&options.after, &after)] {
        if *name == SnapshotRef::Latest(0) {
            report.problems.extend(used::newer_in_second(&list, manifest));
        }
    }
    report.problems.extend(time_ahead([&before, &after], repository.surroundings().clock.now()));
    let objects = RepoObjects(&reader);
    for (one, other) in paired(&before, &after) {
        match (one, other) {
            (Some(one), Some(other)) => {
                let source = compare_source(&objects, one, other, &mut report)?;
                report.sources.push(source);
            }
            (Some(only), None) => report.sources.push(source(only, Presence::Before)),
            (None, Some(only)) => report.sources.push(source(only, Presence::After)),
            (None, None) => {}
        }
    }
    report.sources.sort_by(|one, other| (&one.label, &one.id).cmp(&(&other.label, &other.id)));
    report.problems.extend(used::copies(repository, [&before, &after], Some(&reader)));
    report.problems.extend(used::segments(&reader));
    Ok(report)
}

fn named(manifest: &Manifest) -> DiffSnapshot {
    let time = manifest.public.time;
    DiffSnapshot { snapshot: manifest.name.hex(), time: rfc3339(time), seconds: time.seconds }
}

type Pair<'m> = (Option<&'m SourceRecord>, Option<&'m SourceRecord>);

/// The sources of both, by id.
fn paired<'m>(before: &'m Manifest, after: &'m Manifest) -> Vec<Pair<'m>> {
    let sources = |manifest: &'m Manifest| manifest.sealed.as_ref().map(|sealed| sealed.sources.as_slice()).unwrap_or_default();
    let of = |sources: &'m [SourceRecord], id| sources.iter().find(move |source| source.id == id);
    let mut pairs: Vec<Pair<'m>> = sources(before).iter().map(|one| (Some(one), of(sources(after), one.id))).collect();
    pairs.extend(sources(after).iter().filter(|other| of(sources(before), other.id).is_none()).map(|other| (None, Some(other))));
    pairs
}

fn source(record: &SourceRecord, present_in: Presence) -> DiffSource {
    let Counts { files, bytes, .. } = record.counts;
    DiffSource {
        id: record.id.hex(),
        label: record.label.clone(),
        label_before: None,
        present_in,
        files,
        bytes,
        counts: DiffCounts::default(),
        changes: Vec::new(),
    }
}

/// An entry that one side alone has.
struct Only {
    path: Vec<u8>,
    entry: &'static str,
    /// Of a file.
    content: Option<(FileHash, u64)>,
    /// Of a file in which one is known.
    picture: Option<Vec<ObjectId>>,
}

fn compare_source(
    objects: &RepoObjects<'_, '_>,
    before: &SourceRecord,
    after: &SourceRecord,
    report: &mut DiffReport,
) -> Result<DiffSource, Error> {
    let mut compared = source(after, Presence::Both);
    compared.label_before = (before.label != after.label).then(|| before.label.clone());
    let (mut gone, mut new, mut lines, mut failure) = (Vec::new(), Vec::new(), Vec::new(), None);
    let bounds = (Bounds::of(&before.counts), Bounds::of(&after.counts));
    let problems = &mut report.problems;
    compare(objects, (&before.root, &after.root), bounds, &mut |difference| match difference {
        Difference::Only { side, path, entry } => {
            let only =
                Only { path: path.to_vec(), entry: word(&entry.content), content: content_of(entry), picture: picture_of(objects, entry) };
            if side == Side::Before {
                gone.push(only)
            } else {
                new.push(only)
            }
            true
        }
        Difference::Changed { path, before, after, change } => {
            lines.push(changed_line(objects, path, (before, after), &change));
            true
        }
        Difference::Problem { path, error, .. } => match tree_problem(path, error) {
            Ok(problem) => {
                problems.push(problem);
                true
            }
            Err(error) => {
                failure = Some(error);
                false
            }
        },
    });
    if let Some(error) = failure {
        return Err(error);
    }
    pair_up(gone, new, &mut lines);
    lines.sort_by(|one, other| (one.kind, &one.path).cmp(&(other.kind, &other.path)));
    for line in &lines {
        *compared.counts.of(line.kind, line.entry) += 1;
    }
    let room = LINES_MAX.saturating_sub(report.sources.iter().map(|source| source.changes.len()).sum());
    report.left_out += u64::try_from(lines.len().saturating_sub(room)).unwrap_or(0);
    lines.truncate(room);
    compared.changes = lines;
    Ok(compared)
}

fn word(content: &Content) -> &'static str {
    match content {
        Content::File(_) => "file",
        Content::Folder(_) => "folder",
        Content::Symlink(_) => "symlink",
    }
}

fn content_of(entry: &Entry) -> Option<(FileHash, u64)> {
    if let Content::File(file) = &entry.content { Some((file.hash, file.length_bytes)) } else { None }
}

/// What a file is about. What cannot be read of it is not known.
fn picture_of(objects: &RepoObjects<'_, '_>, entry: &Entry) -> Option<Vec<ObjectId>> {
    if let Content::File(file) = &entry.content { picture(objects, file).ok().flatten() } else { None }
}

fn line(kind: DiffKind, entry: &'static str, path: &[u8]) -> DiffLine {
    let shown = if path.is_empty() { ".".to_owned() } else { escaped(path) };
    DiffLine {
        kind,
        entry,
        path_base64: (!path.is_empty() && shown.as_bytes() != path).then(|| base64(path)),
        path: shown,
        from: None,
        from_base64: None,
        entry_before: None,
        facts: Vec::new(),
        bytes_before: None,
        bytes_after: None,
    }
}

fn changed_line(objects: &RepoObjects<'_, '_>, path: &[u8], (before, after): (&Entry, &Entry), change: &Change) -> DiffLine {
    let (kind, facts) = match change {
        Change::Facts(facts) => (DiffKind::FactsChanged, facts.iter().map(|fact: &Fact| fact.word()).collect()),
        Change::Kind => (DiffKind::KindChanged, Vec::new()),
        Change::Content => match (picture_of(objects, before), picture_of(objects, after)) {
            (Some(one), Some(other)) if one == other => (DiffKind::MetadataChanged, Vec::new()),
            (Some(_), Some(_)) => (DiffKind::PictureChanged, Vec::new()),
            _ => (DiffKind::ContentChanged, Vec::new()),
        },
    };
    DiffLine {
        entry_before: (kind == DiffKind::KindChanged).then(|| word(&before.content)),
        facts,
        bytes_before: content_of(before).map(|(_, bytes)| bytes),
        bytes_after: content_of(after).map(|(_, bytes)| bytes),
        ..line(kind, word(&after.content), path)
    }
}

/// Finds what was renamed and moved: files with the same bytes, first those that kept their names, then those that kept their folders,
/// then any, each once; and then those with the same picture. Empty files are the same file only if they kept their names.
fn pair_up(gone: Vec<Only>, new: Vec<Only>, lines: &mut Vec<DiffLine>) {
    let mut pairs = Pairs { partner_of: vec![None; new.len()], is_taken: vec![false; gone.len()] };
    let by_any: fn(&[u8]) -> &[u8] = |_| b"";
    for (round, part) in [name_of as fn(&[u8]) -> &[u8], folder_of, by_any].into_iter().enumerate() {
        pairs.find(&gone, &new, |only| {
            let (hash, _) = only.content.filter(|(_, bytes)| round == 0 || *bytes > 0)?;
            Some((hash, part(&only.path)))
        });
    }
    let same_bytes = pairs.partner_of.clone();
    for part in [name_of as fn(&[u8]) -> &[u8], folder_of, by_any] {
        pairs.find(&gone, &new, |only| Some((only.picture.as_ref()?, part(&only.path))));
    }
    for ((only, partner), same) in new.iter().zip(pairs.partner_of).zip(same_bytes) {
        let bytes_after = only.content.map(|(_, bytes)| bytes);
        lines.push(match partner.and_then(|partner| gone.get(partner)) {
            None => DiffLine { bytes_after, ..line(DiffKind::New, only.entry, &only.path) },
            Some(was) => {
                let kind = match same {
                    None => DiffKind::MetadataChanged,
                    Some(_) if folder_of(&was.path) == folder_of(&only.path) => DiffKind::Renamed,
                    Some(_) => DiffKind::Moved,
                };
                let from = escaped(&was.path);
                let from_base64 = (from.as_bytes() != was.path).then(|| base64(&was.path));
                let bytes_before = was.content.map(|(_, bytes)| bytes);
                DiffLine { from: Some(from), from_base64, bytes_before, bytes_after, ..line(kind, only.entry, &only.path) }
            }
        });
    }
    for (only, _) in gone.iter().zip(pairs.is_taken).filter(|(_, taken)| !taken) {
        let bytes_before = only.content.map(|(_, bytes)| bytes);
        lines.push(DiffLine { bytes_before, ..line(DiffKind::Gone, only.entry, &only.path) });
    }
}

/// Which of what is new is which of what is gone.
struct Pairs {
    partner_of: Vec<Option<usize>>,
    is_taken: Vec<bool>,
}

impl Pairs {
    /// Pairs what has no partner yet and has one key, the first with the first.
    fn find<'o, K: Eq + Hash>(&mut self, gone: &'o [Only], new: &'o [Only], key: impl Fn(&'o Only) -> Option<K>) {
        let mut free: HashMap<K, Vec<usize>> = HashMap::new();
        for (position, only) in gone.iter().enumerate().rev() {
            if let (Some(key), Some(false)) = (key(only), self.is_taken.get(position)) {
                free.entry(key).or_default().push(position);
            }
        }
        for (only, partner) in new.iter().zip(&mut self.partner_of) {
            let Some(key) = key(only).filter(|_| partner.is_none()) else { continue };
            let Some(found) = free.get_mut(&key).and_then(Vec::pop) else { continue };
            *partner = Some(found);
            if let Some(taken) = self.is_taken.get_mut(found) {
                *taken = true;
            }
        }
    }
}

fn slash(path: &[u8]) -> Option<usize> {
    path.iter().rposition(|byte| *byte == b'/')
}

fn name_of(path: &[u8]) -> &[u8] {
    slash(path).and_then(|place| path.get(place + 1..)).unwrap_or(path)
}

fn folder_of(path: &[u8]) -> &[u8] {
    slash(path).and_then(|place| path.get(..place)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{DiffCounts, DiffKind, DiffOptions, DiffReport, Presence, diff};
    use crate::ops::SnapshotRef;
    use crate::ops::looking_tests::{World, jpeg};
    use crate::repo::PackKind;

    fn compared(world: &World) -> DiffReport {
        diff(&world.repository, &DiffOptions { before: SnapshotRef::Latest(1), after: SnapshotRef::Latest(0) }).unwrap()
    }

    fn paths(report: &DiffReport, kind: DiffKind) -> Vec<String> {
        let lines = report.sources.iter().flat_map(|source| &source.changes).filter(|line| line.kind == kind);
        lines.map(|line| line.from.iter().map(|from| format!("{from} > ")).collect::<String>() + &line.path).collect()
    }

    #[test]
    fn what_was_moved_renamed_edited_and_touched() {
        let world = World::new();
        for (path, bytes) in [("a.jpg", "1"), ("2019/b.jpg", "2"), ("2019/c.jpg", "3"), ("2019/d.jpg", "4"), ("e.jpg", "5"), ("t", "6")] {
            world.source.add_file(path, bytes);
        }
        world.snap();
        world.source.rename("a.jpg", "2020/a.jpg").rename("2019/b.jpg", "2019/B.jpg");
        world.source.add_file("2019/c.jpg", "three").remove("2019/d.jpg").add_file("n.jpg", "new").touch("t").remove("e.jpg");
        world.source.add_folder("e.jpg");
        world.snap();
        let report = compared(&world);
        let expected = DiffCounts {
            new: 1,
            renamed: 1,
            moved: 1,
            content_changed: 1,
            metadata_changed: 0,
            picture_changed: 0,
            facts_changed: 1,
            kind_changed: 1,
            gone: 1,
            new_folders: 1,
            gone_folders: 0,
        };
        assert_eq!((report.sources[0].counts, report.left_out, report.exit_code()), (expected, 0, 0), "{report:?}");
        assert_eq!(paths(&report, DiffKind::Moved), ["a.jpg > 2020/a.jpg"]);
        assert_eq!(paths(&report, DiffKind::Renamed), ["2019/b.jpg > 2019/B.jpg"]);
        assert_eq!(paths(&report, DiffKind::Gone), ["2019/d.jpg"]);
        let facts = report.sources[0].changes.iter().find(|line| line.kind == DiffKind::FactsChanged).unwrap();
        assert_eq!((facts.path.as_str(), facts.facts.as_slice()), ("t", &["time"][..]));
        let same = diff(&world.repository, &DiffOptions { before: SnapshotRef::Latest(0), after: SnapshotRef::Latest(0) }).unwrap();
        assert!(same.sources[0].counts.is_none());
    }

    #[test]
    fn a_caption_is_told_from_a_picture() {
        let world = World::new();
        for name in ["caption.jpg", "retouched.jpg", "moved.jpg"] {
            world.source.add_file(name, jpeg(u64::from(name.len() as u8), ""));
        }
        world.snap();
        world.source.add_file("caption.jpg", jpeg(11, "a day at the lake")).add_file("retouched.jpg", jpeg(77, ""));
        world.source.remove("moved.jpg").add_file("2019/new name.jpg", jpeg(9, "and captioned"));
        let snapped = world.snap();
        assert_eq!((snapped.sources[0].changed_files, snapped.sources[0].metadata_changed_files), (2, 1));
        let report = compared(&world);
        assert_eq!(paths(&report, DiffKind::MetadataChanged), ["moved.jpg > 2019/new name.jpg", "caption.jpg"], "{report:?}");
        assert_eq!(paths(&report, DiffKind::PictureChanged), ["retouched.jpg"]);
        let counts = report.sources[0].counts;
        assert_eq!((counts.metadata_changed, counts.picture_changed, counts.new, counts.gone, counts.content_changed), (2, 1, 0, 0, 0));
    }

    #[test]
    fn of_several_with_the_same_bytes_those_with_the_same_name_are_one_file() {
        let world = World::new();
        world.source.add_file("x/1.jpg", "same").add_file("x/2.jpg", "same").add_file("x/3.jpg", "same").add_file("x/empty", "");
        world.snap();
        world.source.rename("x/2.jpg", "y/2.jpg").rename("x/1.jpg", "y/other.jpg").rename("x/3.jpg", "x/4.jpg");
        world.source.rename("x/empty", "x/still empty").add_file("y/copy.jpg", "same");
        world.snap();
        let report = compared(&world);
        assert_eq!(paths(&report, DiffKind::Renamed), ["x/1.jpg > x/4.jpg"], "{report:?}");
        assert_eq!(paths(&report, DiffKind::Moved), ["x/2.jpg > y/2.jpg", "x/3.jpg > y/copy.jpg"].map(String::from), "{report:?}");
        assert_eq!(paths(&report, DiffKind::New), ["x/still empty", "y", "y/other.jpg"]);
        assert_eq!(paths(&report, DiffKind::Gone), ["x/empty"]);
    }

    #[test]
    fn a_source_that_one_snapshot_alone_has_is_said_as_a_whole() {
        let world = World::new();
        world.source.add_file("a", "1");
        let first = world.snap().snapshot;
        let other = World::source();
        other.add_file("film.mov", "22").add_file("b.mov", "333");
        world.snap_of(&[("/home/ann/Pictures", world.source.clone()), ("/home/ann/Films", other)]);
        let report = diff(&world.repository, &DiffOptions { before: SnapshotRef::Id(first), after: SnapshotRef::Latest(0) }).unwrap();
        let films = report.sources.iter().find(|source| source.label == "Films").unwrap();
        assert_eq!((films.present_in, films.files, films.bytes, films.changes.len()), (Presence::After, 2, 5, 0));
        assert!(report.sources.iter().any(|source| source.present_in == Presence::Both && source.counts.is_none()));
    }

    #[test]
    fn trees_that_are_gone_are_named() {
        let world = World::new();
        world.source.add_file("2019/a", "1");
        world.snap();
        world.source.add_file("2019/b", "2");
        world.snap();
        for pack in world.packs(PackKind::Meta) {
            world.store.delete(&pack.path());
            world.store.delete(&pack.in_second().path());
        }
        let report = compared(&world);
        // This machine saw them whole here.
        assert_eq!((report.problems[0].code, report.exit_code()), ("object-damaged", 5), "{report:?}");
        assert!(report.sources[0].counts.is_none());
    }
}
