//! Owns planning: which snapshots are meant, whether the target may be written, and what would be done. Nothing is written here.

use super::extra::{self, Extra};
use super::file::{Failure, of_target};
use super::foresee::{self, Foreseen};
use super::items::{Gather, Here, Items, What};
use super::marker::{self, Begun};
use super::options::{Mode, Overwrite, RestoreOptions};
use super::report::{RestoreReport, RestoredSnapshot};
use super::run;
use super::select::Selection;
use super::target::Target;
use crate::ops::objects::RepoObjects;
use crate::ops::{Error, InSnapshot, Problem, SnapshotRef, resolve, resolve_path, time_ahead, unsaved, used};
use crate::progress::{Observer, Stage};
use crate::repo::{Ledger, Manifest, ObjectReader, RepoError, Repository, SnapshotList, SnapshotName, StoredName};
use crate::scan::escaped;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a restore would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PlanSummary {
    /// The snapshots, each once, in the order asked for.
    pub snapshots: Vec<RestoredSnapshot>,
    /// The target in words, such as its path.
    pub target: String,
    /// The same restore was interrupted here and goes on.
    pub going_on: bool,
    /// Files to write or to compare; those that are left as they are do not count.
    pub files: u64,
    /// Folders to make or to merge with.
    pub folders: u64,
    /// Symbolic links to make.
    pub symlinks: u64,
    /// Sum of the lengths of `files`.
    pub bytes: u64,
    /// Files and links that are there and are left as they are.
    pub skip_existing: u64,
    /// Files and links that are there and are replaced.
    pub overwrite: u64,
    /// Files and links that are there and are compared, then replaced if they differ.
    pub compare: u64,
    /// Files and links that are there and are compared; those that differ were not written by this restore, and are left as they are and named.
    pub compare_and_keep: u64,
    /// Things that get another name than in the snapshot, since the target cannot hold theirs or takes two for one.
    pub renamed: u64,
    /// Files, links and folders that are in none of the snapshots and are removed.
    pub delete: u64,
    /// Sum of the lengths of those files.
    pub delete_bytes: u64,
    /// The first of their paths, printable.
    pub delete_paths: Vec<String>,
    /// What cannot be restored, as far as can be told before writing: unreadable folders, names that are taken.
    pub blocked: u64,
}

/// A restore that is ready to run.
#[derive(Debug)]
pub struct RestorePlan<'r> {
    pub(super) repository: &'r Repository,
    pub(super) reader: ObjectReader<'r>,
    pub(super) target: Arc<dyn Target>,
    pub(super) options: RestoreOptions,
    pub(super) mode: Mode,
    pub(super) going_on: bool,
    pub(super) marker: Vec<u8>,
    pub(super) manifests: Vec<Manifest>,
    pub(super) items: Items,
    /// What is to be removed from the target.
    pub(super) extras: Vec<Extra>,
    /// What a person should know of the snapshots that are meant.
    pub(super) notes: Vec<Problem>,
    summary: PlanSummary,
}

/// Finds out what a restore would do.
///
/// Errors: there is no such snapshot or path, two of the paths overlap, or the target is not empty and nothing was said about
/// overwriting and no interrupted restore of the same things lies in it. Cost: every tree page of what is wanted is read.
pub fn plan_restore<'r>(
    repository: &'r Repository,
    target: Arc<dyn Target>,
    options: &RestoreOptions,
    observer: &dyn Observer,
) -> Result<RestorePlan<'r>, Error> {
    observer.stage(Stage::Planning, 0);
    let wanted_files = Selection::new(&options.include, &options.exclude)?;
    let notices = repository.notices()?;
    let list = SnapshotList::take(&**repository.store(), &notices)?;
    let ledger = Ledger::load(&repository.surroundings().local, &repository.copy_identity());
    let mut notes = used::gone_snapshots(&list, &notices, &ledger);
    let wanted = if options.snapshots.is_empty() { vec![(SnapshotRef::Latest(0), None)] } else { options.snapshots.clone() };
    let mut chosen: Vec<(Manifest, Option<Vec<u8>>)> = Vec::new();
    for (name, path) in wanted {
        let manifest = resolve(repository, &list, &name)?;
        if name == SnapshotRef::Latest(0) {
            notes.extend(used::newer_in_second(&list, &manifest));
        }
        chosen.push((manifest, path.filter(|path| !path.is_empty())));
    }
    notes.extend(used::only_in_second(repository, &list, &notices, chosen.iter().map(|(manifest, _)| manifest))?);
    notes.extend(time_ahead(chosen.iter().map(|(manifest, _)| manifest), repository.surroundings().clock.now()));
    let segments: BTreeSet<StoredName> = chosen.iter().flat_map(|(manifest, _)| manifest.public.segments.iter().copied()).collect();
    let reader = ObjectReader::with_segments(repository, &segments.into_iter().collect::<Vec<_>>())?;
    let mut selections = Vec::new();
    for (position, (manifest, path)) in chosen.iter().enumerate() {
        let found = resolve_path(&RepoObjects(&reader), manifest, path.as_deref().unwrap_or_default())?;
        notes.extend(found.iter().filter_map(|found| unsaved::not_in_snapshot(&reader, manifest, found)));
        for found in found {
            selections.extend(of_only_source(manifest, found, options).map(|found| (position, found)));
        }
    }
    refuse_overlap(&selections)?;
    let parts: Vec<(SnapshotName, Option<Vec<u8>>)> = chosen.iter().map(|(manifest, path)| (manifest.name, path.clone())).collect();
    let encoded = |overwrite| marker::encode(repository.id(), &parts, overwrite);
    let (mode, begun) = judge_target(&*target, options.overwrite, encoded)?;
    let going_on = begun.is_some();
    // What is said now counts from now on, also for going on another time.
    let marker = encoded(options.overwrite.or(begun.and_then(|begun| begun.overwrite)));
    let mut gather = Gather::new(&reader, &*target, observer, mode, &wanted_files);
    for (position, found) in &selections {
        let sealed = chosen.get(*position).and_then(|(manifest, _)| manifest.sealed.as_ref());
        let source = sealed.and_then(|sealed| sealed.sources.get(found.source));
        let source = source.ok_or_else(|| RepoError::KeyNeeded { place: repository.store().place() })?;
        gather.select(source, found)?;
    }
    let items = gather.finish();
    let manifests: Vec<Manifest> = chosen.into_iter().map(|(manifest, _)| manifest).collect();
    let manifests_of: Vec<&Manifest> = selections.iter().filter_map(|(position, _)| manifests.get(*position)).collect();
    if items.tally.has_damage() {
        // A drive that was pulled out is no damage.
        repository.check_place()?;
    }
    // What could not be read of a snapshot may be just what would be taken for something else.
    let extras = if options.delete && items.tally.left_out_count() == 0 {
        let not_saved = selections.iter().zip(&manifests_of).flat_map(|((_, found), manifest)| unsaved::paths(&reader, manifest, found));
        let found = extra::find(&*target, &items, not_saved.collect());
        let found = found.map_err(|source| Error::Target { place: target.place(), source })?;
        notes.extend(found.note());
        found.removed
    } else {
        Vec::new()
    };
    let summary = summarise(&items, &extras, &manifests, &*target, going_on);
    let options = options.clone();
    Ok(RestorePlan { repository, reader, target, options, mode, going_on, marker, manifests, items, extras, notes, summary })
}

/// What was found, or nothing if it is of another source than the one that goes back to where it was.
fn of_only_source(manifest: &Manifest, found: InSnapshot, options: &RestoreOptions) -> Option<InSnapshot> {
    let Some(only) = options.only_source else { return Some(found) };
    let source = manifest.sealed.as_ref()?.sources.get(found.source)?;
    (source.id == only).then(|| InSnapshot { path: found.source_path.clone(), ..found })
}

/// Refuses selections that lie in one another: which of two would win could not be told.
fn refuse_overlap(selections: &[(usize, InSnapshot)]) -> Result<(), Error> {
    let lies_in = |outer: &[u8], inner: &[u8]| {
        outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'))
    };
    for (position, (_, one)) in selections.iter().enumerate() {
        for (_, other) in selections.get(..position).unwrap_or_default() {
            if lies_in(&one.path, &other.path) || lies_in(&other.path, &one.path) {
                let path = if one.path.is_empty() { "the whole snapshot".to_owned() } else { escaped(&one.path) };
                return Err(Error::GivenTwice { path });
            }
        }
    }
    Ok(())
}

/// So many paths that are removed are named before.
const DELETE_PATHS_MAX: usize = 1000;

/// Whether the target may be written, and how; and what was begun in it, if it is to be gone on with.
fn judge_target(
    target: &dyn Target,
    overwrite: Option<Overwrite>,
    encoded: impl Fn(Option<Overwrite>) -> Vec<u8>,
) -> Result<(Mode, Option<Begun>), Error> {
    let place = || target.place();
    let failed = |error| match of_target(target, error) {
        Failure::Fatal(error) => error,
        Failure::LeftOut(why) => Error::Usage { what: place(), why: why.reason },
    };
    if target.is_empty().map_err(failed)? {
        return Ok((Mode::Fresh, None));
    }
    let begun = marker::find(target, encoded).map_err(failed)?;
    let mode = match (overwrite, begun) {
        (Some(overwrite), _) => Mode::Over(overwrite),
        (None, Some(Begun { overwrite: None })) => Mode::GoOn,
        // What the first run replaced already is not written once more.
        (None, Some(Begun { overwrite: Some(Overwrite::Always) })) => Mode::Over(Overwrite::IfDifferent),
        (None, Some(Begun { overwrite: Some(overwrite) })) => Mode::Over(overwrite),
        (None, None) => return Err(Error::TargetNotEmpty { place: place() }),
    };
    Ok((mode, begun))
}

fn summarise(items: &Items, extras: &[Extra], manifests: &[Manifest], target: &dyn Target, going_on: bool) -> PlanSummary {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let mut snapshots: Vec<RestoredSnapshot> = Vec::new();
    for snapshot in manifests.iter().map(RestoredSnapshot::of) {
        if !snapshots.contains(&snapshot) {
            snapshots.push(snapshot);
        }
    }
    let mut summary = PlanSummary {
        snapshots,
        target: target.place(),
        going_on,
        folders: count(items.folders.keys().filter(|path| !path.is_empty()).count()),
        renamed: count(items.names.renamed.len()),
        delete: count(extras.len()),
        delete_bytes: extras.iter().map(|extra| extra.length_bytes).fold(0, u64::saturating_add),
        delete_paths: extras.iter().take(DELETE_PATHS_MAX).map(|extra| escaped(&extra.path)).collect(),
        blocked: count(items.tally.left_out_count()),
        ..PlanSummary::default()
    };
    for (_, item) in items.items.iter() {
        match item.here {
            Here::Leave => {
                summary.skip_existing += 1;
                continue;
            }
            Here::Nothing => {}
            Here::Replace => summary.overwrite += 1,
            Here::Compare => summary.compare += 1,
            Here::Confirm => summary.compare_and_keep += 1,
        }
        match &item.what {
            What::File(content) => {
                summary.files += 1;
                summary.bytes = summary.bytes.saturating_add(content.length_bytes);
            }
            What::Symlink(_) => summary.symlinks += 1,
        }
    }
    summary
}

impl RestorePlan<'_> {
    /// What it would do.
    pub fn summary(&self) -> PlanSummary {
        self.summary.clone()
    }

    /// What a person should know before it is done.
    pub fn notes(&self) -> &[Problem] {
        &self.notes
    }

    /// What running it would come to, with nothing written and no photo read.
    ///
    /// Errors: the repository as a whole fails, or the observer asks to stop. Cost: one listing of the packs.
    pub fn foresee(&self, observer: &dyn Observer) -> Result<Foreseen, Error> {
        foresee::foresee(self, observer)
    }

    /// Does it.
    ///
    /// Errors: the target or the repository as a whole fails, or the observer asks to stop ([`RepoError::Interrupted`]): then the
    /// marker stays, and the same restore into the same target goes on. What concerns single files is in the report.
    pub fn run(self, observer: &dyn Observer) -> Result<RestoreReport, Error> {
        run::run(self, observer)
    }
}
