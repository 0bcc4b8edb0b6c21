//! Owns how people name snapshots and paths in them: `latest`, `latest~2`, `5f3a91c2`, `2026-11-01T18:00`, `@Pictures`, `latest:2019/07`.

use super::unsaved::why_not_here;
use super::{Error, Problem, Severity};
use crate::clock::Timestamp;
use crate::repo::{Heads, Loaded, Manifest, RepoError, Repository, SnapshotList, SourceRecord};
use crate::scan::escaped;
use crate::tree::{self, Content, Entry, Objects, TreeError};

/// A snapshot as a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotRef {
    /// The newest head, or so many *previous* links before it.
    Latest(u32),
    /// An id, or its first 4 or more digits.
    Id(String),
    /// The newest one not after this time, in seconds since the epoch.
    NotAfter(i64),
    /// The newest one of the source with this label.
    Label(String),
}

impl SnapshotRef {
    /// Reads a name. `to_seconds` reads dates and times such as `2026-11-01` and `2026-11-01T18:00` in the person's own time zone;
    /// a date stands for its last second.
    pub fn parse(text: &str, to_seconds: impl Fn(&str) -> Option<i64>) -> Result<Self, Error> {
        if let Some(label) = text.strip_prefix('@') {
            return Ok(Self::Label(label.to_owned()));
        }
        if text == "latest" {
            return Ok(Self::Latest(0));
        }
        if let Some(steps) = text.strip_prefix("latest~").and_then(|steps| steps.parse().ok()) {
            return Ok(Self::Latest(steps));
        }
        if text.len() >= 4 && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self::Id(text.to_ascii_lowercase()));
        }
        if let Some(seconds) = to_seconds(text) {
            return Ok(Self::NotAfter(seconds));
        }
        let why = "not the name of a snapshot: say latest, latest~2, an id, a date such as 2026-11-01, or @label".to_owned();
        Err(Error::Usage { what: text.to_owned(), why })
    }

    /// Splits `SNAP:PATH`; without a colon all of it is the snapshot, and an empty snapshot is `latest`.
    /// A time such as `2026-11-01T18:00` keeps its colon.
    pub fn split(text: &str) -> (&str, Option<&str>) {
        let colons = text.match_indices(':').map(|(place, _)| place);
        let is_time = |place: usize| {
            let before = text.get(..place).unwrap_or_default();
            let after = text.get(place + 1..).unwrap_or_default();
            before.len() >= 13
                && before.contains('T')
                && before.bytes().take(4).all(|byte| byte.is_ascii_digit())
                && after.bytes().take(2).filter(u8::is_ascii_digit).count() == 2
        };
        for place in colons {
            if !is_time(place) {
                return (text.get(..place).unwrap_or_default(), text.get(place + 1..));
            }
        }
        (text, None)
    }
}

/// The error for a name that names nothing.
pub(super) fn no_such(name: &str) -> Error {
    absent(name, format!("no snapshot is called {name}"))
}

fn absent(name: &str, reason: String) -> Error {
    RepoError::NoSuchSnapshot { name: name.to_owned(), reason }.into()
}

/// Clocks differ, and time zones are set wrong: less than this far ahead is nothing to speak of.
const AHEAD_SAID_SECONDS: i64 = 86_400;

/// What to say of snapshots whose times lie more than a day ahead of this machine's clock: the times count all the same, and one of
/// the two clocks was wrong. One problem, about the newest.
pub fn time_ahead<'m>(manifests: impl IntoIterator<Item = &'m Manifest>, now: Timestamp) -> Option<Problem> {
    let ahead_seconds = |manifest: &Manifest| manifest.public.time.seconds.saturating_sub(now.seconds);
    let mut ahead: Vec<&Manifest> = manifests.into_iter().filter(|manifest| ahead_seconds(manifest) > AHEAD_SAID_SECONDS).collect();
    ahead.sort_by_key(|manifest| (manifest.public.time, manifest.name));
    ahead.dedup_by_key(|manifest| manifest.name);
    let newest = ahead.last()?;
    let stated = Timestamp::from_seconds(newest.public.time.seconds).rfc3339();
    let day = stated.split('T').next().unwrap_or_default();
    let others = match ahead.len() - 1 {
        0 => String::new(),
        1 => " (and another one too)".to_owned(),
        more => format!(" (and {more} others too)"),
    };
    let message = format!(
        "snapshot {} states {day}, which is {} ahead of this machine's clock{others}: is the clock right?",
        newest.name.short(),
        roughly(ahead_seconds(newest)),
    );
    let problem = Problem::of_object("time-ahead", Severity::Note, newest.name.hex(), message);
    Some(problem.with_hint("`tintype snapshots` lists all with their times; any of them can be named by its id"))
}

/// `3 days`, `5 months`, `4 years`: how long, in the unit that a person would take.
fn roughly(seconds: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day")];
    // Two of a unit or more, or of days as many as there are.
    let fits = UNITS.into_iter().find(|(unit, word)| *word == "day" || seconds >= 2 * unit);
    let (unit, word) = fits.unwrap_or((86_400, "day"));
    match seconds / unit {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    }
}

fn load(repository: &Repository, list: &SnapshotList, name: crate::repo::SnapshotName, asked: &str) -> Result<Manifest, Error> {
    let hash = name.into();
    let Some((file, _)) = list.first.get(&hash).or_else(|| list.second_only.get(&hash)) else { return Err(no_such(asked)) };
    match repository.load_manifest(file)? {
        Loaded::Good(manifest) => Ok(*manifest),
        Loaded::TooNew(file) => Err(RepoError::TooNew { name: file.path() }.into()),
        Loaded::Bad { file, reason, .. } => Err(RepoError::ManifestDamaged { name: file.path(), reason }.into()),
    }
}

/// Finds the snapshot that a person means. An id or a time also names a manifest in `second/` alone: the snapshot of a drive that lost
/// `snapshots/` is not out of reach. Other names stand for one only where `snapshots/` has none at all. Whoever uses it says so
/// ([`SnapshotList::is_second_only`]).
///
/// Errors: [`RepoError::NoSuchSnapshot`], [`RepoError::Ambiguous`], or the manifest is damaged in both places.
pub fn resolve(repository: &Repository, list: &SnapshotList, name: &SnapshotRef) -> Result<Manifest, Error> {
    let mut manifest = find(repository, list, name)?;
    if list.is_second_only(manifest.name) {
        // That there is no first copy is said of the snapshot, and is no copy that was missed.
        manifest.first_copy = None;
    }
    Ok(manifest)
}

fn find(repository: &Repository, list: &SnapshotList, name: &SnapshotRef) -> Result<Manifest, Error> {
    match name {
        SnapshotRef::Latest(steps) => {
            if *steps > 0 {
                repository.sealing()?;
            }
            let asked = if *steps == 0 { "latest".to_owned() } else { format!("latest~{steps}") };
            let latest = repository.latest(&list.with_some_snapshot())?;
            let mut at = latest.ok_or_else(|| absent(&asked, "there is no snapshot here yet".to_owned()))?;
            for step in 0..*steps {
                let previous =
                    at.sealed.as_ref().and_then(|sealed| sealed.sources.first()).and_then(|source| source.previous.first().copied());
                let previous = previous.ok_or_else(|| {
                    let nothing = format!("no snapshot is called {asked}: {} is the first of its source", at.name.short());
                    let reason = if step == 0 { nothing } else { format!("{nothing}, and that is latest~{step}") };
                    absent(&asked, reason)
                })?;
                at = load(repository, list, previous, &asked)?;
            }
            Ok(at)
        }
        SnapshotRef::Id(digits) => {
            let all = list.first.values().chain(list.second_only.values());
            let mut matching = all.filter(|(file, _)| file.hash.hex().starts_with(digits));
            match (matching.next(), matching.count()) {
                (Some((file, _)), 0) => load(repository, list, file.hash.into(), digits),
                (Some(_), more) => Err(RepoError::Ambiguous { name: digits.clone(), count: more + 1 }.into()),
                (None, _) => Err(no_such(digits)),
            }
        }
        SnapshotRef::NotAfter(seconds) => {
            let all = list.all_newest_first();
            let not_after = all.iter().filter(|(file, _)| file.stated_seconds.is_some_and(|stated| stated <= *seconds));
            for (file, _) in not_after {
                if !file.second {
                    return load(repository, list, file.hash.into(), &file.hash.short());
                }
                // One in `second/` alone may be the rest of a run that died: it hides no snapshot.
                if let Loaded::Good(manifest) = repository.load_manifest(file)? {
                    return Ok(*manifest);
                }
            }
            let oldest = all.last().and_then(|(file, _)| Some((file.hash.into(), file.stated_seconds?)));
            Err(RepoError::NoneSoEarly { seconds: *seconds, oldest }.into())
        }
        SnapshotRef::Label(label) => {
            // Labels are sealed: without the key the question has no answer.
            repository.sealing()?;
            let heads: Heads = repository.heads(&list.with_some_snapshot())?;
            let of_label = heads.manifests.values().filter(|manifest| {
                manifest.sealed.as_ref().is_some_and(|sealed| sealed.sources.iter().any(|source| source.label == *label))
            });
            of_label.max_by_key(|manifest| (manifest.public.time, manifest.name)).cloned().ok_or_else(|| {
                let reason = format!("no snapshot has a source with the label {}", escaped(label.as_bytes()));
                absent(&format!("@{label}"), reason)
            })
        }
    }
}

/// What a path in a snapshot stands for.
#[derive(Debug, Clone)]
pub struct InSnapshot {
    /// The path in front of everything below, as people see it: with the source's label where a snapshot has several
    /// sources, or the root is no folder.
    pub path: Vec<u8>,
    /// Position of the source in the manifest.
    pub source: usize,
    /// The path within the source.
    pub source_path: Vec<u8>,
    /// The entry.
    pub entry: Entry,
}

/// Finds what a path names; an empty path names every source's root. Paths begin with the source's label only where there are several;
/// or where the root is no folder; with one source the label may stand there too.
pub fn resolve_path<O: Objects<Error = RepoError>>(objects: &O, manifest: &Manifest, path: &[u8]) -> Result<Vec<InSnapshot>, Error> {
    let sealed = manifest.sealed.as_ref().ok_or_else(|| RepoError::KeyNeeded { place: manifest.file.path() })?;
    let trimmed: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    let several = sealed.sources.len() > 1;
    // A source that is one file has no name but its label: the root's own is not used.
    let before = |source: &SourceRecord| {
        let is_folder = matches!(source.root.content, Content::Folder(_));
        if several || !is_folder { source.label.clone().into_bytes() } else { Vec::new() }
    };
    if trimmed.is_empty() {
        let all = sealed.sources.iter().enumerate().map(|(position, source)| InSnapshot {
            path: before(source),
            source: position,
            source_path: Vec::new(),
            entry: source.root.clone(),
        });
        return Ok(all.collect());
    }
    let by_label = |label: &[u8]| sealed.sources.iter().position(|source| source.label.as_bytes() == label);
    let mut attempts = Vec::new();
    if let (false, Some(_)) = (several, sealed.sources.first()) {
        attempts.push((0, trimmed.as_slice()));
    }
    if let Some((label, rest)) = trimmed.split_first()
        && let Some(position) = by_label(label)
    {
        attempts.push((position, rest));
    }
    let mut why = None;
    for (position, parts) in attempts {
        let Some(source) = sealed.sources.get(position) else { continue };
        let source_path = parts.join(&b'/');
        match tree::find(objects, &source.root, &source_path) {
            Ok(entry) => {
                let mut shown = before(source);
                if !shown.is_empty() && !source_path.is_empty() {
                    shown.push(b'/');
                }
                shown.extend_from_slice(&source_path);
                return Ok(vec![InSnapshot { path: shown, source: position, source_path, entry }]);
            }
            Err(TreeError::NotFound) => why = why.or_else(|| why_not_here(objects, source, &source_path)),
            Err(TreeError::Load(error)) => return Err(error.into()),
            Err(other) => return Err(RepoError::ManifestDamaged { name: manifest.file.path(), reason: other.to_string() }.into()),
        }
    }
    Err(Error::NoSuchPath { path: escaped(path), snapshot: manifest.name.short(), why })
}

#[cfg(test)]
mod tests {
    use super::{SnapshotRef, roughly};
    use crate::clock::{ManualClock, Timestamp};
    use crate::ops::check::{CheckOptions, check};
    use crate::ops::ls::{Below, LsOptions, ls};
    use crate::ops::restore::{MemoryLimits, MemoryTarget, RestoreOptions, plan_restore};
    use crate::ops::snap::{SnapOptions, SnapSource, snap};
    use crate::ops::snapshots::{SnapshotsOptions, snapshots};
    use crate::ops::{Problem, Severity};
    use crate::progress::Silent;
    use crate::repo::{Credentials, NewProtection, Repository, SlotStrength, Surroundings};
    use crate::scan::{Content, MemorySource};
    use crate::store::MemoryStore;
    use std::sync::Arc;

    /// 2026-11-22T18:04:00Z.
    const NOW: i64 = 1_795_370_640;
    const DAY: i64 = 86_400;

    /// A repository with one snapshot that was taken at this time, and the clock that it was taken by.
    fn taken_at(seconds: i64, protection: &NewProtection) -> (Arc<ManualClock>, Arc<MemoryStore>, Repository) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(seconds)));
        let surroundings = Surroundings { clock: clock.clone(), ..Surroundings::plain() };
        let store = Arc::new(MemoryStore::new());
        let (repository, _) = Repository::create(store.clone(), protection, surroundings).unwrap();
        let source = Arc::new(MemorySource::new());
        source.add_file("2019/a.jpg", Content::Generated { seed: 1, length_bytes: 30_000 });
        let source = SnapSource { source, path: b"/home/ann/Pictures".to_vec(), label: None, repository_inside: None };
        snap(&repository, &[source], &SnapOptions::default(), &Silent).unwrap();
        (clock, store, repository)
    }

    /// What each command that reads says of the time, and its exit code.
    fn said(repository: &Repository) -> Vec<(Vec<Problem>, u8)> {
        let ls_options = LsOptions { snapshot: SnapshotRef::Latest(0), path: Vec::new(), below: Below::All };
        let listed = ls(repository, &ls_options).unwrap();
        let all = snapshots(repository, &SnapshotsOptions::default()).unwrap();
        let checked = check(repository, &CheckOptions::default(), &Silent).unwrap();
        let target = || Arc::new(MemoryTarget::new(MemoryLimits::default()));
        let planned = plan_restore(repository, target(), &RestoreOptions::default(), &Silent).unwrap();
        let notes = planned.notes().to_vec();
        let restored = planned.run(&Silent).unwrap();
        let exits = (listed.exit_code(), all.exit_code(), restored.exit_code());
        vec![
            (listed.problems, exits.0),
            (all.problems, exits.1),
            (checked.problems, checked.exit_code),
            (restored.problems, exits.2),
            (notes, 0),
        ]
    }

    #[test]
    fn every_command_that_reads_says_that_a_snapshot_is_ahead_of_the_clock() {
        let (clock, _, repository) = taken_at(NOW + 4 * 365 * DAY + 30 * DAY, &NewProtection::Plain);
        assert!(said(&repository).iter().all(|(problems, exit_code)| problems.is_empty() && *exit_code == 0));
        clock.set(Timestamp::from_seconds(NOW));
        for (problems, exit_code) in said(&repository) {
            let [problem] = problems.as_slice() else { panic!("{problems:?}") };
            assert_eq!((problem.code, problem.severity, exit_code), ("time-ahead", Severity::Note, 0));
            assert!(problem.message.contains("states 2030-12-21, which is 4 years ahead of this machine's clock"), "{}", problem.message);
            assert!(problem.names_its_subject());
        }
        clock.set(Timestamp::from_seconds(NOW + 4 * 365 * DAY + 29 * DAY));
        assert!(said(&repository).iter().all(|(problems, _)| problems.is_empty()), "a day is nothing to speak of");
    }

    #[test]
    fn how_far_ahead_is_said_in_a_unit_that_fits() {
        let words = [DAY + 1, 59 * DAY, 60 * DAY, 700 * DAY, 730 * DAY, 10_000 * 365 * DAY].map(roughly);
        assert_eq!(words, ["1 day", "59 days", "2 months", "23 months", "2 years", "10000 years"]);
    }

    #[test]
    fn a_name_that_names_nothing_says_what_there_is() {
        let (_, _, repository) = taken_at(NOW, &NewProtection::Plain);
        let find = |snapshot| ls(&repository, &LsOptions { snapshot, path: Vec::new(), below: Below::Directly }).unwrap_err().to_string();
        let early = find(SnapshotRef::NotAfter(NOW - 1));
        assert!(early.starts_with("no snapshot was taken at or before 2026-11-22T18:03:59Z; the oldest is "), "{early}");
        assert!(early.ends_with(" of 2026-11-22T18:04:00Z"), "{early}");
        assert!(find(SnapshotRef::Latest(2)).contains("is the first of its source"));
        assert_eq!(find(SnapshotRef::Label("Films".to_owned())), "no snapshot has a source with the label Films");
        let (empty, _) = Repository::create(Arc::new(MemoryStore::new()), &NewProtection::Plain, Surroundings::plain()).unwrap();
        let options = LsOptions { snapshot: SnapshotRef::Latest(0), path: Vec::new(), below: Below::Directly };
        assert_eq!(ls(&empty, &options).unwrap_err().to_string(), "there is no snapshot here yet");
    }

    #[test]
    fn without_the_key_a_label_is_a_question_without_an_answer() {
        let protection = NewProtection::Encrypted { password: None, strength: SlotStrength::Test };
        let (_, store, _) = taken_at(NOW, &protection);
        let locked = Repository::open(store, &Credentials::None, Surroundings::plain()).unwrap();
        for name in [SnapshotRef::Label("Pictures".to_owned()), SnapshotRef::Latest(1)] {
            let options = CheckOptions { snapshots: vec![name], ..CheckOptions::default() };
            assert_eq!(check(&locked, &options, &Silent).unwrap_err().code(), "key-needed");
        }
    }

    #[test]
    fn names_of_snapshots() {
        let to_seconds = |text: &str| (text == "2026-11-01").then_some(1);
        assert_eq!(SnapshotRef::parse("latest~2", to_seconds).ok(), Some(SnapshotRef::Latest(2)));
        assert_eq!(SnapshotRef::parse("5F3a", to_seconds).ok(), Some(SnapshotRef::Id("5f3a".to_owned())));
        assert_eq!(SnapshotRef::parse("@Pictures", to_seconds).ok(), Some(SnapshotRef::Label("Pictures".to_owned())));
        assert_eq!(SnapshotRef::parse("2026-11-01", to_seconds).ok(), Some(SnapshotRef::NotAfter(1)));
        assert!(SnapshotRef::parse("5f3", to_seconds).is_err());
        assert_eq!(SnapshotRef::split("latest:2019/07"), ("latest", Some("2019/07")));
        assert_eq!(SnapshotRef::split("2026-11-01T18:00:a/b"), ("2026-11-01T18:00", Some("a/b")));
        assert_eq!(SnapshotRef::split(":a:b"), ("", Some("a:b")));
    }
}
