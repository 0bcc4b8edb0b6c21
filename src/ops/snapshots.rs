//! Lists the snapshots of a repository, newest first. Without the key: when they were taken and which packs they need, nothing else.

use super::needed::Gathered;
pub use super::needed::State;
use super::{Error, Outcome, Problem, Severity, time_ahead, used};
use crate::clock::Timestamp;
use crate::repo::{
    FileState, Ledger, Loaded, Manifest, NameFolder, Notices, PackKind, Packs, Repository, SnapshotList, SourceRecord, StoredFile,
};
use crate::tree::{Carried, Time};
use serde::Serialize;
use std::collections::BTreeSet;

/// Which snapshots to list.
#[derive(Debug, Clone, Default)]
pub struct SnapshotsOptions {
    /// Only those of the source with this label.
    pub source: Option<String>,
    /// How closely to look at each.
    pub detail: Detail,
}

/// How closely to look at snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// What their manifests say.
    #[default]
    Stated,
    /// Also what is new with each, and whether all that it needs is here by name and length: packs and needs pages are looked at.
    Packs,
}

/// The snapshots of a repository.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SnapshotsReport {
    /// Newest first.
    pub snapshots: Vec<SnapshotLine>,
    /// The repository was opened without its key: only times and needs are known.
    pub locked: bool,
    /// Snapshots that were forgotten.
    pub forgotten: u64,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

impl SnapshotsReport {
    /// The exit code that the problems add up to.
    pub fn exit_code(&self) -> u8 {
        Outcome::of(&self.problems).exit_code()
    }
}

/// One snapshot.
#[derive(Debug, Clone, Serialize)]
pub struct SnapshotLine {
    /// Its whole id, 64 hexadecimal digits.
    pub id: String,
    /// The time that it states, RFC 3339 in UTC.
    pub time: String,
    /// The same in seconds since the epoch.
    #[serde(skip)]
    pub seconds: i64,
    /// What was snapped; empty in a locked repository.
    pub sources: Vec<SnapshotSource>,
    /// Files in all its sources.
    pub files: u64,
    /// Sum of their lengths.
    pub bytes: u64,
    /// Packs that it cannot do without.
    pub needs_packs: u64,
    /// Sum of their lengths.
    pub needs_bytes: u64,
    /// Sum of the lengths of packs that no older snapshot here needs; with [`Detail::Packs`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_bytes: Option<u64>,
    /// Whether all that it needs is here, by names and lengths; with [`Detail::Packs`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// What was not saved as it was, in all its sources; absent in a locked repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_saved: Option<NotSavedCounts>,
    /// What the person wrote.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Name and version of the program that wrote it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tool: String,
}

/// How much of a snapshot was not saved as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct NotSavedCounts {
    /// Could not be read.
    pub unreadable: u64,
    /// Vanished between listing and reading.
    pub vanished: u64,
    /// Only in a cloud.
    pub cloud_only: u64,
    /// Changed while they were read.
    pub changed_while_read: u64,
    /// Taken over from an earlier snapshot instead.
    pub carried: u64,
}

/// One source of a snapshot.
#[derive(Debug, Clone, Serialize)]
pub struct SnapshotSource {
    /// Its name in snapshots.
    pub label: String,
    /// Its path on its machine, printable.
    pub path: String,
    /// The machine's name.
    pub host: String,
    /// Its id.
    pub id: String,
    /// Files.
    pub files: u64,
    /// Sum of their lengths.
    pub bytes: u64,
    /// It was absent, and this is the id of the snapshot in which it was last read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried_from: Option<String>,
}

/// Lists the snapshots. Cost: every manifest is read; with [`Detail::Packs`] also every needs page, each once.
pub fn snapshots(repository: &Repository, options: &SnapshotsOptions) -> Result<SnapshotsReport, Error> {
    let notices = repository.notices()?;
    let list = SnapshotList::take(&**repository.store(), &notices)?;
    let mut report = SnapshotsReport { locked: repository.is_locked(), forgotten: list.forgotten, ..SnapshotsReport::default() };
    report.problems.extend(used::repository_file(repository));
    if options.source.is_some() {
        // Labels are sealed: without the key the question has no answer.
        repository.sealing()?;
    }
    let mut lines = Vec::new();
    let (mut ahead, now) = (Vec::new(), repository.surroundings().clock.now());
    let mut gathered = Gathered::default();
    for (file, _) in list.newest_first() {
        match repository.load_manifest(&file)? {
            Loaded::Good(manifest) => {
                if let Some(first_copy) = &manifest.first_copy {
                    report.problems.push(used::from_second(file.path(), first_copy));
                }
                if options.detail == Detail::Packs {
                    gathered.add(&manifest);
                }
                if is_wanted(&manifest, options) {
                    lines.push(((manifest.public.time, manifest.name), line(&manifest)));
                    if time_ahead([&*manifest], now).is_some() {
                        ahead.push(*manifest);
                    }
                }
            }
            Loaded::Bad { file, copies, reason } => report.problems.push(bad_problem(&file, &copies, &reason)),
            Loaded::TooNew(file) => report.problems.push(too_new_problem(&file)),
        }
    }
    report.problems.extend(second_only_problems(repository, &list, &notices)?);
    let ledger = Ledger::load(&repository.surroundings().local, &repository.copy_identity());
    report.problems.extend(used::gone_snapshots(&list, &notices, &ledger));
    report.problems.extend(time_ahead(&ahead, now));
    let needed = gathered.look(repository, &notices, &ledger)?;
    for ((_, name), line) in &mut lines {
        let needed = needed.get(name);
        (line.new_bytes, line.state) = (needed.map(|needed| needed.new_bytes), needed.map(|needed| needed.state));
    }
    lines.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
    report.snapshots = lines.into_iter().map(|(_, line)| line).collect();
    Ok(report)
}

/// Manifests in `second/` alone are no snapshots: of a run that was interrupted, or still arriving.
fn second_only_problems(repository: &Repository, list: &SnapshotList, notices: &Notices) -> Result<Vec<Problem>, Error> {
    if list.second_only.is_empty() {
        return Ok(Vec::new());
    }
    let surroundings = repository.surroundings();
    let ledger = Ledger::load(&surroundings.local, &repository.copy_identity());
    let now = surroundings.clock.now().seconds;
    let packs = Packs::list(&**repository.store())?;
    let mut problems = Vec::new();
    for (file, _) in list.second_only.values() {
        let whole = match repository.load_manifest(file)? {
            Loaded::Good(manifest) => needs_are_here(repository, &manifest, (&packs, notices), &mut problems)?,
            Loaded::Bad { .. } | Loaded::TooNew(_) => false,
        };
        let since = ledger.second_only.get(&file.hash).copied().unwrap_or(now);
        let message = if whole {
            "a manifest in second/ alone, which is no snapshot; all that it needs is here, and its id can be restored"
        } else {
            "a manifest in second/ alone, which is no snapshot, and not all that it needs is here: still arriving, or a run that was interrupted"
        };
        let severity = Severity::of_second_only(whole, since, now);
        let problem = Problem::of_object("manifest-only-second", severity, file.path(), message);
        problems.push(if whole { problem.with_hint("the next `tintype snap` here finishes it") } else { problem });
    }
    Ok(problems)
}

/// Whether every pack that a manifest needs is here, by its length and its last bytes. Says which needs pages were read from second places.
pub(super) fn needs_are_here(
    repository: &Repository,
    manifest: &Manifest,
    (packs, notices): (&Packs, &Notices),
    problems: &mut Vec<Problem>,
) -> Result<bool, Error> {
    let needs = repository.read_needs(&manifest.public.needs)?;
    for (page, first_copy) in &needs.from_second {
        let problem = used::from_second(StoredFile::first(NameFolder::Needs, *page).path(), first_copy);
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    if !needs.lost.is_empty() || !needs.agrees_with(&manifest.public.needs) {
        return Ok(false);
    }
    let file = |name| StoredFile::first(NameFolder::Packs, name);
    let listed = packs.files.iter().filter(|(_, seen)| !seen.placeholder).map(|(name, seen)| (file(*name), seen.length_bytes));
    // With replacements any pack may count.
    let needed: BTreeSet<StoredFile> = needs.packs.iter().map(|pack| file(pack.name)).collect();
    let wanted: Vec<_> = listed.filter(|(file, _)| !notices.instead.is_empty() || needed.contains(file)).collect();
    let whole = repository.with_whole_trailers(&wanted)?;
    let replaced = notices.here(|name| whole.contains(&file(name)));
    for pack in &needs.packs {
        let right_length = packs.files.get(&pack.name).is_some_and(|seen| seen.length_bytes == pack.length_bytes);
        if replaced.contains(&pack.name) || right_length && whole.contains(&file(pack.name)) {
            continue;
        }
        // A meta pack stands twice.
        let second = (file(pack.name).in_second(), pack.length_bytes);
        if pack.kind != PackKind::Meta || repository.with_whole_trailers(&[second])?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_wanted(manifest: &Manifest, options: &SnapshotsOptions) -> bool {
    let Some(label) = &options.source else { return true };
    manifest.sealed.as_ref().is_some_and(|sealed| sealed.sources.iter().any(|source| source.label == *label))
}

fn line(manifest: &Manifest) -> SnapshotLine {
    let sealed = manifest.sealed.as_ref();
    let sources: Vec<SnapshotSource> = sealed
        .iter()
        .flat_map(|sealed| &sealed.sources)
        .map(|source| SnapshotSource {
            label: source.label.clone(),
            path: crate::scan::escaped(&source.path),
            host: source.host.clone(),
            id: source.id.hex(),
            files: source.counts.files,
            bytes: source.counts.bytes,
            carried_from: Carried::of(&source.root.sections).map(|carried| carried.read_in.hex()),
        })
        .collect();
    SnapshotLine {
        id: manifest.name.hex(),
        time: rfc3339(manifest.public.time),
        seconds: manifest.public.time.seconds,
        files: sources.iter().map(|source| source.files).fold(0, u64::saturating_add),
        bytes: sources.iter().map(|source| source.bytes).fold(0, u64::saturating_add),
        sources,
        needs_packs: manifest.public.needs.pack_count,
        needs_bytes: manifest.public.needs.pack_bytes,
        new_bytes: None,
        state: None,
        not_saved: sealed.map(|sealed| not_saved(&sealed.sources)),
        note: sealed.map(|sealed| sealed.note.clone()).unwrap_or_default(),
        tool: sealed.map(|sealed| sealed.tool.clone()).unwrap_or_default(),
    }
}

fn not_saved(sources: &[SourceRecord]) -> NotSavedCounts {
    let sum = |of: fn(&SourceRecord) -> u64| sources.iter().map(of).fold(0, u64::saturating_add);
    NotSavedCounts {
        unreadable: sum(|source| source.counts.unreadable),
        vanished: sum(|source| source.counts.vanished),
        cloud_only: sum(|source| source.counts.cloud_only),
        changed_while_read: sum(|source| source.counts.changed_while_read),
        carried: sum(|source| source.counts.carried),
    }
}

/// A manifest that this version cannot read.
pub(super) fn too_new_problem(file: &StoredFile) -> Problem {
    let message = "a snapshot that was made by a newer version";
    Problem::of_object("format-too-new", Severity::Notice, file.path(), message).with_hint("use a newer version of tintype")
}

/// A manifest that is good in neither place.
pub(super) fn bad_problem(file: &StoredFile, copies: &(FileState, FileState), reason: &str) -> Problem {
    let here = |state: &FileState| matches!(state, FileState::Good(_) | FileState::Damaged(_));
    let (code, severity) = if here(&copies.0) || here(&copies.1) {
        ("manifest-damaged", Severity::Damaged)
    } else {
        ("manifest-incomplete", Severity::Incomplete)
    };
    Problem::of_object(code, severity, file.path(), format!("this snapshot's manifest cannot be read: {reason}"))
}

/// A time as reports have it: RFC 3339 in UTC.
pub(super) fn rfc3339(time: Time) -> String {
    Timestamp { seconds: time.seconds, nanoseconds: time.nanoseconds }.rfc3339()
}

#[cfg(test)]
mod tests {
    use super::{Detail, SnapshotsOptions, State, snapshots};
    use crate::ops::looking_tests::World;
    use crate::repo::PackKind;

    #[test]
    fn what_is_new_with_each_snapshot_and_whether_all_is_here() {
        let world = World::new();
        world.source.add_file("a.jpg", vec![1; 40_000]);
        world.snap();
        let first = world.packs(PackKind::Data)[0];
        world.source.add_file("b.jpg", "2");
        world.snap();
        world.snap();
        let look = || snapshots(&world.repository, &SnapshotsOptions { detail: Detail::Packs, source: None }).unwrap().snapshots;
        let lines = look();
        let new: Vec<u64> = lines.iter().map(|line| line.new_bytes.unwrap()).collect();
        assert!(new[0] == 0 && new[1] > 0 && new[2] == lines[2].needs_bytes, "{new:?}");
        let states = || look().iter().map(|line| line.state.unwrap()).collect::<Vec<_>>();
        assert_eq!(states(), [State::Complete; 3]);
        let bytes = world.store.bytes_of(&first.path()).unwrap();
        world.store.set_bytes(&first.path(), bytes[..bytes.len() / 2].to_vec());
        // This machine saw it whole here.
        assert_eq!(states(), [State::Damaged; 3]);
        world.store.delete(&first.path());
        assert_eq!(states(), [State::Damaged; 3]);
        world.store.set_bytes(&first.path(), bytes);
        let meta = world.packs(PackKind::Meta);
        world.store.delete(&meta[0].path());
        assert_eq!(states(), [State::Complete; 3], "a meta pack stands twice");
        assert!(snapshots(&world.repository, &SnapshotsOptions::default()).unwrap().snapshots[0].state.is_none());
    }
}
