//! Owns running a plan, in this order: marker, folders, files, second names, links, what can be read of damaged files, facts of folders
//! from the deepest up, sync, marker away.

use super::extra::{self, Extra};
use super::file::{Compared, Done, Failure, FileWork, of_target, other_content};
use super::item_list::ItemList;
use super::items::{FolderItem, Here, Item, What};
use super::marker::MARKER;
use super::names::Renamed;
use super::options::{Mode, Overwrite};
use super::plan::RestorePlan;
use super::report::RestoreReport;
use super::tally::{Tally, Why};
use super::target::{Existing, FactsSet, FoundKind, Target, TargetError};
use crate::ops::extensions::FileGroup;
use crate::ops::{Error, Problem, Severity, used};
use crate::progress::{Observer, Stage};
use crate::repo::{RepoError, Repository};
use crate::scan::escaped;
use crate::tree::{Facts, FileContent, ObjectId, Pieces};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A file that is to be restored, as files are put in order: whether it is a film, where its bytes begin, its position, and its length in bytes.
type InOrder = (bool, Option<(u32, u64)>, usize, u64);

/// Files that a worker takes at once, as long as they are short.
const UNIT_FILES_MAX: usize = 32;
/// Their lengths together, in bytes.
const UNIT_BYTES_MAX: u64 = 512 << 10;

/// Workers that are used at most: each holds a record of up to 16 MiB as it was stored and as it was, and room to write.
const WORKERS_MAX: usize = 12;

/// A run's shared state.
struct Run<'a> {
    repository: &'a Repository,
    work: FileWork<'a>,
    observer: &'a dyn Observer,
    items: &'a ItemList,
    tally: Mutex<Tally>,
    /// Of each item, whether this run saw it in the target as it should be.
    done: Vec<AtomicBool>,
    /// Items whose bytes are damaged or missing.
    damaged: Mutex<BTreeSet<usize>>,
    /// Items whose paths some file systems take for one, by the first of them.
    alike: HashMap<usize, Vec<usize>>,
    /// Folders that could not be made.
    no_folder: BTreeMap<Vec<u8>, Why>,
    going_on: bool,
    newest_first: bool,
}

pub(super) fn run(plan: RestorePlan<'_>, observer: &dyn Observer) -> Result<RestoreReport, Error> {
    let summary = plan.summary();
    let target = &*plan.target;
    observer.stage(Stage::Restoring, summary.bytes);
    stop_if_asked(observer)?;
    if plan.going_on {
        target.remove_stale_parts().map_err(|error| fatal(target, error))?;
    }
    target.put_small(MARKER.as_bytes(), &plan.marker).map_err(|error| fatal(target, error))?;
    let mut run = Run {
        repository: plan.repository,
        work: FileWork { reader: &plan.reader, target, verify: plan.options.verify },
        observer,
        items: &plan.items.items,
        tally: Mutex::new(plan.items.tally.clone()),
        done: (0..plan.items.items.len()).map(|_| AtomicBool::new(false)).collect(),
        damaged: Mutex::default(),
        alike: HashMap::new(),
        no_folder: BTreeMap::new(),
        going_on: plan.going_on,
        newest_first: plan.options.newest_first,
    };
    for (position, first) in plan.items.items.all_alike() {
        run.alike.entry(first).or_default().push(position);
    }
    run.make_folders(&plan.items.folders)?;
    let files = run.files(plan.repository.surroundings().threads);
    // Whoever comes next is not to rely on what was found wrong here, however this ends.
    let noted = plan.reader.note_damage();
    files?;
    noted?;
    run.one_after_the_other()?;
    run.symlinks()?;
    if plan.options.keep_damaged {
        run.keep_damaged()?;
    }
    let removed = if plan.options.delete { run.remove_extras(&plan.extras)? } else { Vec::new() };
    let keep_facts = plan.mode == Mode::Over(Overwrite::Never) && !plan.going_on;
    for (path, folder) in plan.items.folders.iter().rev().filter(|(path, _)| !path.is_empty()) {
        run.folder_facts(path, folder, keep_facts)?;
    }
    target.sync().map_err(|error| fatal(target, error))?;
    target.remove(MARKER.as_bytes()).map_err(|error| fatal(target, error))?;
    // The root's own time and mode come last: taking the marker away changes the one and may need the other.
    if let Some(root) = plan.items.folders.get(&b""[..]) {
        run.folder_facts(b"", root, keep_facts)?;
        target.sync().map_err(|error| fatal(target, error))?;
    }
    let mut tally = run.tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut report = RestoreReport {
        snapshot: summary.snapshots.first().map(|snapshot| snapshot.id.clone()).unwrap_or_default(),
        snapshots: summary.snapshots,
        target: summary.target,
        gone_on: plan.going_on,
        read_from_second: bookkeeping(&plan, &mut tally),
        ..RestoreReport::default()
    };
    tally.finish(&mut report);
    report.removed = removed.len() as u64;
    report.removed_paths = removed;
    report.renamed = plan.items.names.renamed;
    report.problems.extend(names_changed(&report.renamed));
    report.problems.extend(plan.notes);
    Ok(report)
}

/// What to say of things that got another name.
pub(super) fn names_changed(renamed: &[Renamed]) -> Option<Problem> {
    let first = renamed.first()?;
    let message = match renamed.len() {
        1 => format!("{} is called {} here: {}", first.path, first.is_now, first.reason),
        count => format!("{count} have another name here, e.g. {} is called {}: {}", first.path, first.is_now, first.reason),
    };
    Some(Problem::of_path("name-changed", Severity::Notice, first.is_now.clone(), message))
}

/// An error of the target that ends the restore, whatever it is.
fn fatal(target: &dyn Target, error: TargetError) -> Error {
    Error::Target { place: target.place(), source: error }
}

pub(super) fn stop_if_asked(observer: &dyn Observer) -> Result<(), Error> {
    if observer.interrupted() { Err(RepoError::Interrupted.into()) } else { Ok(()) }
}

/// What was found wrong with the repository's bookkeeping on the way. Returns the files that were not read from their first place.
pub(super) fn bookkeeping(plan: &RestorePlan<'_>, tally: &mut Tally) -> Vec<String> {
    let copies = used::copies(plan.repository, &plan.manifests, Some(&plan.reader));
    let paths = copies.iter().filter_map(|problem| problem.object.clone()).collect();
    copies.into_iter().chain(used::segments(&plan.reader)).for_each(|problem| tally.problem(problem));
    paths
}

impl<'a> Run<'a> {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn target(&self) -> &'a dyn Target {
        self.work.target
    }

    fn failure(&self, error: TargetError) -> Failure {
        of_target(self.target(), error)
    }

    fn is_done(&self, position: usize) -> bool {
        self.done.get(position).is_some_and(|done| done.load(Ordering::Relaxed))
    }

    /// Why nothing can lie at `path`: a folder above it could not be made.
    fn lacks_folder(&self, path: &[u8]) -> Option<&Why> {
        if self.no_folder.is_empty() {
            return None;
        }
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        slashes.filter_map(|at| self.no_folder.get(path.get(..at)?)).next()
    }

    fn make_folders(&mut self, folders: &BTreeMap<Vec<u8>, FolderItem>) -> Result<(), Error> {
        for (path, folder) in folders.iter().filter(|(path, _)| !path.is_empty()) {
            stop_if_asked(self.observer)?;
            if self.lacks_folder(path).is_some() {
                continue;
            }
            match self.make_folder(path, folder) {
                Ok(()) => {}
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::LeftOut(why)) => {
                    self.tally().leave_out(path, why.clone());
                    let reason = "its folder cannot be made in the target".to_owned();
                    self.no_folder.insert(path.clone(), Why { reason, ..why });
                }
            }
        }
        Ok(())
    }

    fn make_folder(&self, path: &[u8], folder: &FolderItem) -> Result<(), Failure> {
        let found = self.target().stat(path).map_err(|error| self.failure(error))?;
        self.target().make_folder(path).map_err(|error| self.failure(error))?;
        match (found, folder.was_there) {
            (None, _) => self.tally().folders += 1,
            // The interrupted run may have given it its facts: until all is in it, it must be open again.
            (Some(found), true) if self.going_on && found.mode & 0o700 != 0o700 => {
                let open = Facts { mode: Some(found.mode | 0o700), ..Facts::default() };
                // If it cannot be opened, what should lie in it says so itself.
                let _ = self.target().set_facts(path, FoundKind::Folder, &open);
            }
            (Some(_), true) => {}
            (Some(_), false) => {
                let message = "a folder whose name this file system takes for the same was restored before: both are in it";
                self.tally().problem(Problem::of_path("folders-merged", Severity::Notice, escaped(path), message));
            }
        }
        Ok(())
    }

    /// Files that can be restored side by side: films last, else in the order in which their bytes lie on the drive.
    fn files(&self, threads: usize) -> Result<(), Error> {
        let mut order: Vec<InOrder> = Vec::new();
        let mut seen = 0;
        for (position, item) in self.items.iter() {
            seen += 1;
            if let (What::File(content), true) = (&item.what, self.items.is_independent(position)) {
                let is_film = FileGroup::of(&item.path) == FileGroup::Films;
                let begins = first_piece(content).and_then(|id| self.work.reader.locate(id));
                order.push((is_film, begins, position, content.length_bytes));
            }
        }
        // Nothing is left out in silence.
        if seen != self.items.len() {
            return Err(RepoError::Stopped.into());
        }
        if self.newest_first {
            let time = |position: usize| self.items.get(position).and_then(|item| item.facts.mtime).unwrap_or_default();
            order.sort_by_cached_key(|(.., position, _)| std::cmp::Reverse(time(*position)));
        } else {
            order.sort_unstable();
        }
        let units: Vec<&[InOrder]> = units(&order);
        let next = AtomicUsize::new(0);
        let failed: Mutex<Option<Error>> = Mutex::new(None);
        let stop = AtomicBool::new(false);
        let worker = || {
            while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                for (.., position, _) in *unit {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    if let Err(error) = stop_if_asked(self.observer).and_then(|()| self.file(*position)) {
                        stop.store(true, Ordering::Relaxed);
                        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    }
                }
            }
        };
        // One more than there are cores: one of them waits for a drive.
        let workers = if threads <= 1 { 1 } else { threads.saturating_add(1).min(WORKERS_MAX) };
        std::thread::scope(|scope| {
            for _ in 1..workers.min(order.len().max(1)) {
                scope.spawn(worker);
            }
            worker();
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn file(&self, position: usize) -> Result<(), Error> {
        let Some(item) = self.items.get(position) else { return Ok(()) };
        let What::File(content) = &item.what else { return Ok(()) };
        self.attempt(position, &item, content.length_bytes, || self.work.restore(&item, content))
    }

    /// Does one thing to one item and adds up what came of it.
    fn attempt(&self, position: usize, item: &Item, bytes: u64, act: impl FnOnce() -> Result<Done, Failure>) -> Result<(), Error> {
        if item.here == Here::Leave {
            self.tally().already_there += 1;
            return Ok(());
        }
        self.observer.file(&item.path);
        let result = match self.lacks_folder(&item.path) {
            Some(why) => Err(Failure::LeftOut(why.clone())),
            None => act(),
        };
        if matches!(&result, Err(Failure::LeftOut(why)) if why.severity == Severity::Damaged) {
            // A drive that was pulled out is no damage.
            self.repository.check_place()?;
        }
        let mut tally = self.tally();
        match result {
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::LeftOut(why)) => {
                if matches!(why.code, "file-damaged" | "pack-denied" | "object-missing") {
                    self.damaged.lock().unwrap_or_else(PoisonError::into_inner).insert(position);
                }
                tally.leave_out(&item.path, why);
            }
            Ok(done) => {
                if let Some(done) = self.done.get(position) {
                    done.store(true, Ordering::Relaxed);
                }
                let (Done::Written(set) | Done::AlreadyThere(set)) = done;
                tally.facts(&item.path, set);
                match (done, &item.what) {
                    (Done::AlreadyThere(_), _) => tally.already_there += 1,
                    (Done::Written(_), What::Symlink(_)) => tally.symlinks += 1,
                    (Done::Written(_), What::File(_)) => {
                        tally.files += 1;
                        tally.bytes = tally.bytes.saturating_add(bytes);
                    }
                }
            }
        }
        drop(tally);
        self.observer.advance(u64::from(matches!(item.what, What::File(_))), bytes);
        Ok(())
    }

    /// Files that depend on others: second names, and paths that some file systems take for one.
    fn one_after_the_other(&self) -> Result<(), Error> {
        // Of each file with several names, one that is in the target.
        let mut named: HashMap<usize, usize> = HashMap::new();
        for position in self.items.dependent() {
            let Some(item) = self.items.get(position) else { continue };
            let What::File(content) = &item.what else { continue };
            let link = self.items.link(position);
            if !self.items.is_independent(position) {
                stop_if_asked(self.observer)?;
                let first = link.and_then(|link| named.get(&link)).and_then(|first| self.items.get(*first));
                self.attempt(position, &item, content.length_bytes, || {
                    self.refuse_alike(position, &item)?;
                    match &first {
                        Some(first) => self.second_name(first, &item, content),
                        None => self.work.restore(&item, content),
                    }
                })?;
            }
            if let (Some(link), true) = (link, self.is_done(position)) {
                named.entry(link).or_insert(position);
            }
        }
        Ok(())
    }

    /// Refuses a path that in this target is another item's, which this run has put there.
    fn refuse_alike(&self, position: usize, item: &Item) -> Result<(), Failure> {
        let Some(alike) = self.items.alike(position) else { return Ok(()) };
        let stat = |path: &[u8]| self.target().stat(path).map_err(|error| self.failure(error));
        let Some(here) = stat(&item.path)? else { return Ok(()) };
        let others = self.alike.get(&alike).into_iter().flatten().filter(|other| **other != position && self.is_done(**other));
        for (other_position, other) in others.filter_map(|other| Some((other, self.items.get(*other)?))) {
            let same = stat(&other.path)?.is_some_and(|other| (other.device, other.inode) == (here.device, here.inode));
            let link = self.items.link(position);
            let one_file = link.is_some() && link == self.items.link(*other_position) && here.link_count > 1;
            if same && !one_file {
                let reason = format!("in this target its name is the same as {}", escaped(&other.path));
                return Err(Failure::LeftOut(Why::new("target-exists", Severity::Notice, reason)));
            }
        }
        Ok(())
    }

    fn second_name(&self, first: &Item, item: &Item, content: &FileContent) -> Result<Done, Failure> {
        let stat = |path: &[u8]| self.target().stat(path).map_err(|error| self.failure(error));
        let existing = match item.here {
            Here::Nothing | Here::Leave => Existing::Refuse,
            Here::Replace => Existing::Replace,
            Here::Compare | Here::Confirm => {
                if let (Some(one), Some(other)) = (stat(&first.path)?, stat(&item.path)?)
                    && (one.device, one.inode) == (other.device, other.inode)
                {
                    return Ok(Done::AlreadyThere(FactsSet::default()));
                }
                match self.work.compare(item, content)? {
                    Compared::There(set) => return Ok(Done::AlreadyThere(set)),
                    Compared::Other(existing) => existing,
                }
            }
        };
        match self.target().make_hard_link(&first.path, &item.path, existing) {
            Ok(()) => Ok(Done::Written(FactsSet::default())),
            Err(TargetError::Unsupported { .. }) => self.work.write(item, content, existing).map(Done::Written),
            Err(error) => Err(self.failure(error)),
        }
    }

    fn symlinks(&self) -> Result<(), Error> {
        for (position, item) in self.items.symlinks() {
            let What::Symlink(to) = &item.what else { continue };
            stop_if_asked(self.observer)?;
            self.attempt(position, &item, 0, || {
                self.refuse_alike(position, &item)?;
                self.symlink(&item, to)
            })?;
        }
        Ok(())
    }

    fn symlink(&self, item: &Item, to: &[u8]) -> Result<Done, Failure> {
        let compares = matches!(item.here, Here::Compare | Here::Confirm);
        let found = if compares { Some(self.target().read_link(&item.path)) } else { None };
        let there = matches!(&found, Some(Ok(found)) if found == to);
        if !there {
            let existing = match (item.here, found) {
                (Here::Nothing, _) | (_, Some(Err(TargetError::Gone { .. }))) => Existing::Refuse,
                (Here::Confirm, _) => return Err(Failure::LeftOut(other_content())),
                _ => Existing::Replace,
            };
            self.target().make_symlink(&item.path, to, existing).map_err(|error| self.failure(error))?;
        }
        let set = match self.target().set_facts(&item.path, FoundKind::Symlink, &item.facts) {
            Ok(set) => set,
            // The link is there, which is what matters.
            Err(error) => match self.failure(error) {
                Failure::LeftOut(_) => FactsSet { time_not_set: true, ..FactsSet::default() },
                fatal => return Err(fatal),
            },
        };
        Ok(if there { Done::AlreadyThere(set) } else { Done::Written(set) })
    }

    /// Writes what can be read of damaged files beside their names, never over anything that is there or belongs there.
    fn keep_damaged(&self) -> Result<(), Error> {
        let damaged = std::mem::take(&mut *self.damaged.lock().unwrap_or_else(PoisonError::into_inner));
        if damaged.is_empty() {
            return Ok(());
        }
        let planned: BTreeSet<Vec<u8>> = self.items.iter().map(|(_, item)| item.path).collect();
        for item in damaged.into_iter().filter_map(|position| self.items.get(position)) {
            stop_if_asked(self.observer)?;
            let What::File(content) = &item.what else { continue };
            let beside = [&item.path[..], b".damaged"].concat();
            if planned.contains(&beside) {
                continue;
            }
            match self.work.write_readable(&beside, &item, content) {
                Ok(true) => self.tally().kept_as(&item.path, &beside),
                Ok(false) | Err(Failure::LeftOut(_)) => {}
                Err(Failure::Fatal(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Removes what the plan named. Returns the paths of what is gone.
    ///
    /// Nothing is if something of the snapshots did not come back: what is there may be the only version of it.
    fn remove_extras(&self, extras: &[Extra]) -> Result<Vec<String>, Error> {
        if self.tally().left_out_count() > 0 {
            let message = "nothing was removed from the target, since not all of the snapshot could be restored";
            self.tally().problem(Problem::of_path("not-removed", Severity::Notice, "", message));
            return Ok(Vec::new());
        }
        let (mut removed, mut left_count, mut left_example) = (Vec::new(), 0_u64, None);
        for extra in extras {
            stop_if_asked(self.observer)?;
            if extra::remove(self.target(), extra).map_err(|error| fatal(self.target(), error))? {
                removed.push(escaped(&extra.path));
            } else {
                left_count += 1;
                left_example.get_or_insert(&extra.path);
            }
        }
        if let Some(path) = left_example.map(|path| escaped(path)) {
            let message = format!("{left_count} could not be removed from the target, e.g. {path}");
            self.tally().problem(Problem::of_path("not-removed", Severity::Notice, path, message));
        }
        Ok(removed)
    }

    /// Gives a folder its facts. One that was there keeps its own if `keep_facts`, or if it only leads to what was asked for;
    /// but those of an interrupted restore have none yet.
    fn folder_facts(&self, path: &[u8], folder: &FolderItem, keep_facts: bool) -> Result<(), Error> {
        let Some(facts) = &folder.facts else { return Ok(()) };
        let keeps = folder.was_there && (keep_facts || !(folder.wanted || self.going_on));
        if keeps || self.no_folder.contains_key(path) || self.lacks_folder(path).is_some() {
            return Ok(());
        }
        let (facts, lacks) = match self.work.with_values(facts) {
            Ok(whole) => whole,
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::LeftOut(_)) => return Ok(()),
        };
        match self.target().set_facts(path, FoundKind::Folder, &facts) {
            Ok(set) => self.tally().facts(path, lacks.add_to(set)),
            Err(error) => match self.failure(error) {
                Failure::Fatal(error) => return Err(error),
                Failure::LeftOut(_) => {
                    let set = FactsSet { mode_not_set: true, time_not_set: true, ..FactsSet::default() };
                    self.tally().facts(path, set);
                }
            },
        }
        Ok(())
    }
}

/// What a worker takes at once: one file, or some small ones that stand after each other, since they mostly lie in one record.
fn units(order: &[InOrder]) -> Vec<&[InOrder]> {
    let (mut files, mut bytes) = (0, 0_u64);
    let units = order.chunk_by(|(.., one_bytes), (.., next_bytes)| {
        (files, bytes) = (files + 1, bytes.saturating_add(*one_bytes));
        let goes_on = files < UNIT_FILES_MAX && bytes.saturating_add(*next_bytes) <= UNIT_BYTES_MAX;
        if !goes_on {
            (files, bytes) = (0, 0);
        }
        goes_on
    });
    units.collect()
}

/// The object that a file's bytes begin with, as far as its entry says.
fn first_piece(content: &FileContent) -> Option<ObjectId> {
    match &content.pieces {
        Pieces::One => Some(ObjectId(content.hash.0)),
        Pieces::Inline(pieces) => pieces.first().map(|piece| piece.id),
        Pieces::Empty | Pieces::List(_) | Pieces::Lists(_) => None,
    }
}
