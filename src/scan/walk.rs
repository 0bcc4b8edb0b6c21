//! Owns the walk of a source: its whole listing, as a list of folders, before anything is read.
//!
//! The result depends on the source alone, whatever the number of threads. What cannot be listed or looked at stands in it as a
//! problem; only a root that cannot be listed at all is an error.

use super::entries::Entries;
use super::error::Operation;
use super::placeholders::stands_in_for;
use super::rules::Candidate;
use super::source::{FileSystem, Kind, Listed, Source, Special, Stat};
use super::{Rules, ScanError};
use crate::progress::Observer;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Decides what is passed over: given path and facts of an entry, the reason, or `None` to keep it.
pub type SkipRule = Arc<dyn Fn(&[u8], &Stat) -> Option<SkipReason> + Send + Sync>;

/// How to walk.
#[derive(Clone)]
pub struct WalkOptions {
    /// How many folders below the root are entered; deeper ones are problems.
    pub depth_max: usize,
    /// Asked of every entry but the root. A folder that it names is not entered.
    pub skip: SkipRule,
    /// What nobody misses.
    pub rules: Arc<Rules>,
    /// How many folders are listed at once; 1 uses only the caller's thread.
    pub threads: usize,
}

/// A tree has at most 512 folders within each other, the root among them. A folder that is not entered stands in the tree as well, empty.
const DEPTH_MAX: usize = 510;

impl Default for WalkOptions {
    fn default() -> Self {
        Self { depth_max: DEPTH_MAX, skip: Arc::new(|_, _| None), rules: Arc::new(Rules::none()), threads: 4 }
    }
}

impl fmt::Debug for WalkOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WalkOptions").field("depth_max", &self.depth_max).field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// Why an entry was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// It has no bytes to keep.
    Special(Special),
    /// Made by the kernel; the name of the file system.
    PseudoFileSystem(String),
    /// Left out by this rule.
    Excluded(String),
    /// A repository of this program: a snapshot of it in itself would grow for ever.
    Repository,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Special(Special::Fifo) => f.write_str("named pipe"),
            Self::Special(Special::Socket) => f.write_str("socket"),
            Self::Special(Special::CharacterDevice | Special::BlockDevice) => f.write_str("device"),
            Self::Special(Special::Unknown) => f.write_str("special file"),
            Self::PseudoFileSystem(name) => write!(f, "pseudo file system ({name})"),
            Self::Excluded(rule) => write!(f, "left out by the rule {rule}"),
            Self::Repository => f.write_str("a repository of snapshots"),
        }
    }
}

/// The whole listing of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// The facts of the root.
    pub root: Stat,
    /// What holds the root.
    pub file_system: Arc<FileSystem>,
    /// All folders, each before those in it, siblings by the raw bytes of their names. The first is the root; none if the root is a file.
    pub folders: Vec<Folder>,
    /// Files with more than one name in this listing, sorted by path.
    pub hard_links: Vec<HardLink>,
    /// How much there is.
    pub counts: WalkCounts,
}

/// One folder. All lists are sorted by the raw bytes of the names, and no name stands in two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Relative to the root; empty for the root.
    pub path: Vec<u8>,
    /// Its facts, as its own folder listed it.
    pub stat: Stat,
    /// What holds it, and the files in it.
    pub file_system: Arc<FileSystem>,
    /// It lies on another device than its folder.
    pub mount_point: bool,
    /// Files, folders and links in it.
    pub entries: Entries,
    /// Entries that could not even be looked at.
    pub problems: Vec<EntryProblem>,
    /// Entries that were passed over, and why.
    pub skipped: Vec<SkippedEntry>,
    /// Why it could not be listed; the lists are empty then, and nothing is known of what is in it.
    pub problem: Option<ScanError>,
}

/// One file, folder or link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkEntry<'e> {
    /// Its name, raw.
    pub name: &'e [u8],
    /// Its facts.
    pub stat: Stat,
    /// What it is, and where to go on.
    pub kind: EntryKind,
    /// Where it stands in the listing of its folder: see [`Entries::at`].
    pub at: usize,
}

/// What an entry of a listing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File {
        /// Its place in [`Walk::hard_links`], if other names of it were met.
        hard_link: Option<usize>,
    },
    /// A folder.
    Folder {
        /// Its place in [`Walk::folders`].
        index: usize,
    },
    /// A symbolic link.
    Symlink,
}

/// An entry that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryProblem {
    /// Its name, raw.
    pub name: Vec<u8>,
    /// Why; with the whole path.
    pub error: ScanError,
}

/// An entry that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedEntry {
    /// Its name, raw.
    pub name: Vec<u8>,
    /// Its facts.
    pub stat: Stat,
    /// Why.
    pub reason: SkipReason,
    /// How much a rule left out with it.
    pub size: LeftOutSize,
}

/// How much a rule left out with one entry, as far as it can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOutSize {
    /// Files, in folders below it too.
    pub files: u64,
    /// Sum of their lengths.
    pub bytes: u64,
}

/// A file with several names in the listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HardLink {
    /// The first of its paths by raw bytes.
    pub first_path: Vec<u8>,
    /// Where that is: folder and entry.
    pub first: (usize, usize),
    /// How many of its names were met.
    pub name_count: u64,
}

/// How much a walk found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WalkCounts {
    /// Files, each name counted.
    pub files: u64,
    /// Their lengths, each name counted.
    pub bytes: u64,
    /// Folders, with the root.
    pub folders: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Entries passed over.
    pub skipped: u64,
    /// Entries that could not be looked at, and folders that could not be listed.
    pub problems: u64,
}

impl WalkCounts {
    fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.folders += other.folders;
        self.symlinks += other.symlinks;
        self.skipped += other.skipped;
        self.problems += other.problems;
    }
}

/// Lists a whole source. Errors: the root cannot be looked at or listed, or the observer asked to stop ([`ScanError::Interrupted`]).
pub fn walk(source: &dyn Source, options: &WalkOptions, observer: &dyn Observer) -> Result<Walk, ScanError> {
    let root = source.stat(b"")?;
    let file_system = Arc::new(source.file_system(b"")?);
    match root.kind {
        Kind::Folder if file_system.pseudo => {
            let name = file_system.name.clone();
            return Err(ScanError::PseudoFileSystem { path: source.place(), operation: Operation::Walk, name });
        }
        Kind::Folder => {}
        Kind::File => {
            let counts = WalkCounts { files: 1, bytes: root.length_bytes, ..WalkCounts::default() };
            return Ok(Walk { root, file_system, folders: Vec::new(), hard_links: Vec::new(), counts });
        }
        Kind::Symlink | Kind::Special(_) => return Err(not_walkable(source)),
    }
    let mount_point = source.parent_device().is_some_and(|parent| parent != root.device);
    let first = Job { id: 0, path: Vec::new(), depth: 0, stat: root.clone(), file_system: Arc::clone(&file_system), mount_point };
    let queue = Queue {
        state: Mutex::new(QueueState { jobs: vec![first], pending: 1, found: vec![None], ..QueueState::default() }),
        ready: Condvar::new(),
    };
    let walker = Walker { source, options, observer, queue, devices: Mutex::new(HashMap::from([(root.device, Arc::clone(&file_system))])) };
    std::thread::scope(|scope| {
        for _ in 1..options.threads {
            // A system that gives no more threads leaves the work to those that there are.
            let _ = std::thread::Builder::new().name("walk".to_owned()).spawn_scoped(scope, || walker.work());
        }
        walker.work();
    });
    let state = walker.queue.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    if state.stopped {
        return Err(ScanError::Interrupted { path: source.place(), operation: Operation::Walk });
    }
    let (mut folders, places) = in_order(state.found);
    if let Some(problem) = folders.first_mut().and_then(|folder| folder.problem.take()) {
        return Err(problem);
    }
    let with_links = state.with_links.into_iter().filter_map(|id| places.get(id).copied());
    let hard_links = find_hard_links(&mut folders, with_links.collect());
    Ok(Walk { root, file_system, folders, hard_links, counts: state.counts })
}

fn not_walkable(source: &dyn Source) -> ScanError {
    ScanError::NotAFile { path: source.place(), operation: Operation::Walk }
}

/// Files that are counted of one folder that is left out.
const MEASURED_FILES_MAX: u64 = 1_000_000;

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

/// A folder to be listed. Until the end folders go by `id`, in the order in which they happened to be met.
struct Job {
    id: usize,
    path: Vec<u8>,
    depth: usize,
    stat: Stat,
    file_system: Arc<FileSystem>,
    mount_point: bool,
}

/// A folder as it was listed.
struct Listing {
    folder: Folder,
    /// Its folders, by place in `entries`.
    children: Vec<(usize, Job)>,
    counts: WalkCounts,
    /// Files in it have other names too.
    has_links: bool,
}

impl Listing {
    /// Nothing is known yet of what is in it.
    fn of(job: Job) -> Self {
        let folder = Folder {
            path: job.path,
            stat: job.stat,
            file_system: job.file_system,
            mount_point: job.mount_point,
            entries: Entries::default(),
            problems: Vec::new(),
            skipped: Vec::new(),
            problem: None,
        };
        Self { folder, children: Vec::new(), counts: WalkCounts { folders: 1, ..WalkCounts::default() }, has_links: false }
    }

    fn count_missing(&mut self) {
        self.counts.skipped = self.folder.skipped.len() as u64;
        self.counts.problems = self.folder.problems.len() as u64 + u64::from(self.folder.problem.is_some());
    }
}

struct Queue {
    state: Mutex<QueueState>,
    ready: Condvar,
}

#[derive(Default)]
struct QueueState {
    jobs: Vec<Job>,
    /// Jobs waiting and under way.
    pending: usize,
    /// By id.
    found: Vec<Option<Folder>>,
    counts: WalkCounts,
    /// Folders with files in them that have several names.
    with_links: Vec<usize>,
    stopped: bool,
}

struct Walker<'a> {
    source: &'a dyn Source,
    options: &'a WalkOptions,
    observer: &'a dyn Observer,
    queue: Queue,
    devices: Mutex<HashMap<u64, Arc<FileSystem>>>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job, waiting for one; `None` when there will be no more.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.stopped || state.pending == 0 {
                return None;
            }
            if let Some(job) = state.jobs.pop() {
                return Some(job);
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes in a finished folder. Its folders get their ids here.
    fn finish(&self, id: usize, listing: Listing) {
        let Listing { mut folder, children, counts, has_links } = listing;
        let mut state = self.lock();
        state.counts.add(&counts);
        if has_links {
            state.with_links.push(id);
        }
        state.pending += children.len();
        let mut leads = Vec::with_capacity(children.len());
        for (place, mut job) in children {
            job.id = state.found.len();
            state.found.push(None);
            leads.push((place, job.id));
            state.jobs.push(job);
        }
        folder.entries.lead(leads);
        if let Some(slot) = state.found.get_mut(id) {
            *slot = Some(folder);
        }
        state.pending = state.pending.saturating_sub(1);
        self.ready.notify_all();
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.ready.notify_all();
    }
}

/// Ends the walk if its thread panics (a rule or an observer of the caller's may): the others would wait for ever.
struct StopOnPanic<'a>(&'a Queue);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

impl Walker<'_> {
    fn work(&self) {
        let _guard = StopOnPanic(&self.queue);
        while let Some(job) = self.queue.next() {
            if self.observer.interrupted() {
                self.queue.stop();
                return;
            }
            let id = job.id;
            self.queue.finish(id, self.list(job));
        }
    }

    /// Lists one folder and sorts what is in it into its lists.
    fn list(&self, job: Job) -> Listing {
        let depth = job.depth;
        let mut listing = Listing::of(job);
        if depth > self.options.depth_max {
            let depth_max = self.options.depth_max;
            let path = listing.folder.path.clone();
            listing.folder.problem = Some(ScanError::TooDeep { path, operation: Operation::List, depth_max });
        } else {
            match self.source.list(&listing.folder.path) {
                Ok(listed) => self.sort_in(&mut listing, listed, depth),
                Err(error) => listing.folder.problem = Some(error),
            }
        }
        listing.count_missing();
        listing
    }

    fn sort_in(&self, listing: &mut Listing, listed: Vec<Listed>, depth: usize) {
        // Listed in the order of their names.
        let names: Vec<Vec<u8>> = listed.iter().map(|(name, _)| name.clone()).collect();
        let (mut files, mut bytes) = (0, 0);
        for (name, stat) in listed {
            match stat {
                Err(error) => listing.folder.problems.push(EntryProblem { name, error }),
                Ok(stat) => {
                    if stat.kind == Kind::File {
                        files += 1;
                        bytes = stat.length_bytes.saturating_add(bytes);
                    }
                    self.place(listing, &names, name, stat, depth);
                }
            }
        }
        listing.folder.entries.shrink();
        listing.folder.problems.sort_by(|one, other| one.name.cmp(&other.name));
        self.observer.advance(files, bytes);
    }

    /// Puts one entry into the list where it belongs.
    fn place(&self, listing: &mut Listing, names: &[Vec<u8>], name: Vec<u8>, stat: Stat, depth: usize) {
        let folder = &mut listing.folder;
        let path = join(&folder.path, &name);
        let size = LeftOutSize::default();
        if let Some(reason) = (self.options.skip)(&path, &stat) {
            folder.skipped.push(SkippedEntry { name, stat, reason, size });
            return;
        }
        let has_sibling = |name: &[u8]| names.binary_search_by(|other| other.as_slice().cmp(name)).is_ok();
        let candidate = Candidate { path: &path, stat: &stat, file_system: &folder.file_system, has_sibling: &has_sibling };
        if let Some(rule) = self.options.rules.left_out_by(&candidate) {
            let size = self.measure(&path, &stat);
            folder.skipped.push(SkippedEntry { name, stat, reason: SkipReason::Excluded(rule), size });
            return;
        }
        if let Some(original) = stands_in_for(&name, &stat).filter(|original| !has_sibling(original)) {
            let error = ScanError::Placeholder { path: join(&folder.path, original), operation: Operation::Open };
            folder.problems.push(EntryProblem { name: original.to_vec(), error });
            return;
        }
        match stat.kind {
            Kind::Special(special) => {
                folder.skipped.push(SkippedEntry { name, stat, reason: SkipReason::Special(special), size });
                return;
            }
            Kind::File => {
                listing.counts.files += 1;
                listing.counts.bytes = listing.counts.bytes.saturating_add(stat.length_bytes);
                listing.has_links |= stat.links > 1;
            }
            Kind::Symlink => listing.counts.symlinks += 1,
            Kind::Folder => {
                let mount_point = stat.device != folder.stat.device;
                let file_system = if mount_point { self.file_system(&path, stat.device) } else { Ok(Arc::clone(&folder.file_system)) };
                match file_system {
                    Err(error) => {
                        folder.problems.push(EntryProblem { name, error });
                        return;
                    }
                    Ok(file_system) if file_system.pseudo => {
                        let reason = SkipReason::PseudoFileSystem(file_system.name.clone());
                        folder.skipped.push(SkippedEntry { name, stat, reason, size });
                        return;
                    }
                    Ok(file_system) => {
                        let job = Job { id: 0, path, depth: depth + 1, stat: stat.clone(), file_system, mount_point };
                        listing.children.push((folder.entries.len(), job));
                    }
                }
            }
        }
        folder.entries.push(&name, &stat);
    }

    /// How much lies at a path that a rule leaves out. What cannot be listed there counts as nothing.
    fn measure(&self, path: &[u8], stat: &Stat) -> LeftOutSize {
        let mut size = LeftOutSize::default();
        let mut folders = Vec::new();
        match stat.kind {
            Kind::File => size = LeftOutSize { files: 1, bytes: stat.length_bytes },
            Kind::Folder => folders.push((path.to_vec(), 0)),
            Kind::Symlink | Kind::Special(_) => {}
        }
        while let Some((folder, depth)) = folders.pop() {
            if self.observer.interrupted() || size.files > MEASURED_FILES_MAX {
                break;
            }
            for (name, stat) in self.source.list(&folder).unwrap_or_default() {
                match stat {
                    Ok(stat) if stat.kind == Kind::File => {
                        size.files += 1;
                        size.bytes = size.bytes.saturating_add(stat.length_bytes);
                    }
                    Ok(stat) if stat.kind == Kind::Folder && depth < self.options.depth_max => {
                        folders.push((join(&folder, &name), depth + 1))
                    }
                    _ => {}
                }
            }
        }
        size
    }

    /// What holds a mount point; asked once per device.
    fn file_system(&self, path: &[u8], device: u64) -> Result<Arc<FileSystem>, ScanError> {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = devices.get(&device) {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(self.source.file_system(path)?);
        devices.insert(device, Arc::clone(&found));
        Ok(found)
    }
}

/// Brings folders from the order in which they were met into that of their names, each before those in it. With it, by id, their places there.
fn in_order(mut found: Vec<Option<Folder>>) -> (Vec<Folder>, Vec<usize>) {
    let mut places = vec![0; found.len()];
    let mut folders = Vec::with_capacity(found.len());
    let mut stack = vec![0];
    while let Some(id) = stack.pop() {
        let Some(folder) = found.get_mut(id).and_then(Option::take) else { continue };
        if let Some(place) = places.get_mut(id) {
            *place = folders.len();
        }
        // Nothing leads anywhere yet but to folders.
        stack.extend(folder.entries.leads().rev());
        folders.push(folder);
    }
    for folder in &mut folders {
        folder.entries.lead_elsewhere(|index| places.get(index).copied().unwrap_or(0));
    }
    (folders, places)
}

/// One name of a file: its path, and where that is.
type Named = (Vec<u8>, (usize, usize));

/// Groups files that are one and the same under several names, in the folders at `places`.
fn find_hard_links(folders: &mut [Folder], places: Vec<usize>) -> Vec<HardLink> {
    let mut names: HashMap<(u64, u64), Vec<Named>> = HashMap::new();
    for (folder_index, folder) in places.into_iter().filter_map(|place| Some((place, folders.get(place)?))) {
        for (place, entry) in folder.entries.iter().enumerate() {
            if entry.stat.links > 1 && entry.stat.kind == Kind::File {
                let path = join(&folder.path, entry.name);
                names.entry((entry.stat.device, entry.stat.inode)).or_default().push((path, (folder_index, place)));
            }
        }
    }
    let mut groups: Vec<_> = names.into_values().filter(|names| names.len() > 1).collect();
    groups.iter_mut().for_each(|names| names.sort_unstable());
    groups.sort_unstable();
    let mut leads: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    let mut hard_links = Vec::with_capacity(groups.len());
    for (index, group) in groups.into_iter().enumerate() {
        let name_count = group.len() as u64;
        for (_, (folder, place)) in &group {
            leads.entry(*folder).or_default().push((*place, index));
        }
        if let Some((first_path, first)) = group.into_iter().next() {
            hard_links.push(HardLink { first_path, first, name_count });
        }
    }
    for (folder, leads) in leads {
        if let Some(folder) = folders.get_mut(folder) {
            folder.entries.lead(leads);
        }
    }
    hard_links
}

#[cfg(test)]
mod tests;
