//! Owns reading and storing files: cut, hashed, looked up, and what is new put into packs, on all cores.
//!
//! Each worker takes the next file and a packer of its own; nothing is shared on the way but the set of ids that were claimed.

use super::SnapSource;
use super::attributes::{StoredAttributes, store_attributes};
use super::cut_file::{CutFile, Found};
use super::grouping::{Writing, writing};
use super::report::MediaCuts;
use super::units::{Unit, Units};
use crate::clock::Timestamp;
use crate::progress::Observer;
use crate::repo::{Known, PackKind, PackRun, Packer, RepoError};
use crate::scan::{CutPiece, Hole, LargeWindows, ScanError, Stat, StatKey, WINDOW_BYTES, Walk, Window, read_pieces};
use crate::tree::{FileHash, ObjectId, ObjectKind, Piece, PieceRun};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Another pack is opened only while so many bytes are still to be read for each open one.
const BYTES_PER_OPEN_PACK: u64 = 64 << 20;
/// What one worker holds at worst, in bytes: a window to read into, a full buffer and one on its way to the drive, a piece as sealed,
/// as opened again and as decoded, room to compress it, zstd's own memory, and groups of small files.
const WORKER_BYTES: usize = WINDOW_BYTES + 2 * (4 << 20) + 2 * (8 << 20) + 2 * (4 << 20) + (4 << 20);
/// Workers that may hold a picture at once that is larger than other pieces: up to 16 MiB, four times over.
const LARGE_WINDOWS_MAX: usize = 2;
/// What all workers may hold together, in bytes: the rest of a run (index, trees, kept records) has to fit beside it.
const WORKERS_BYTES_MAX: usize = 320 << 20;
/// Workers that this makes: more would not be faster than the drives that people have.
const WORKERS_MAX: usize = WORKERS_BYTES_MAX / WORKER_BYTES;

/// A file as it was read: there may be a million of them at once.
#[derive(Debug, Clone)]
pub(super) struct FileRead {
    pub(super) length_bytes: u64,
    pub(super) hash: FileHash,
    /// None stand here of a file that is one piece.
    pieces: Box<[Piece]>,
    /// Which of them are the picture or film that it is about.
    pub(super) picture: Box<[PieceRun]>,
    /// When reading began.
    pub(super) seen_at: Timestamp,
    /// What few files have.
    rare: Option<Box<Rare>>,
}

/// What is to be said of few files.
#[derive(Debug, Clone, Default)]
struct Rare {
    stat: Option<Stat>,
    changed: bool,
    attributes: StoredAttributes,
    holes: Vec<Hole>,
    is_rotten: bool,
}

impl FileRead {
    pub(super) fn pieces(&self) -> Vec<Piece> {
        match u32::try_from(self.length_bytes) {
            Ok(length_bytes) if self.pieces.is_empty() && length_bytes > 0 => vec![Piece { id: ObjectId(self.hash.0), length_bytes }],
            _ => self.pieces.to_vec(),
        }
    }

    /// Its facts after it was read; `None`: as they were listed.
    pub(super) fn stat(&self) -> Option<&Stat> {
        self.rare.as_ref()?.stat.as_ref()
    }

    /// It changed while it was read, twice.
    pub(super) fn changed(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.changed)
    }

    pub(super) fn attributes(&self) -> StoredAttributes {
        self.rare.as_ref().map(|rare| rare.attributes.clone()).unwrap_or_default()
    }

    pub(super) fn holes(&self) -> &[Hole] {
        self.rare.as_ref().map(|rare| rare.holes.as_slice()).unwrap_or_default()
    }

    /// Its bytes are others than in the last snapshot, though its facts say that nobody wrote to it.
    pub(super) fn is_rotten(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.is_rotten)
    }
}

/// What became of a unit.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Read(Box<FileRead>),
    Failed(Box<ScanError>),
    /// Names of one file when they were listed, read one by one: the first could not be read, or was another file by then.
    Apart(Box<Names>),
}

/// What became of each of several names.
#[derive(Debug, Clone)]
pub(super) struct Names(BTreeMap<Vec<u8>, Outcome>);

impl Outcome {
    /// What became of one name.
    pub(super) fn of(&self, path: &[u8]) -> &Self {
        match self {
            Self::Apart(names) => names.0.get(path).unwrap_or(self),
            Self::Read(_) | Self::Failed(_) => self,
        }
    }
}

/// What became of all units, by their positions.
#[derive(Debug)]
pub(super) struct Outcomes(Vec<OnceLock<Outcome>>);

impl Outcomes {
    fn of(units: usize) -> Self {
        Self((0..units).map(|_| OnceLock::new()).collect())
    }

    pub(super) fn get(&self, unit: usize) -> Option<&Outcome> {
        self.0.get(unit)?.get()
    }

    /// What became of a unit that nobody else asks for.
    pub(super) fn take(&mut self, unit: usize) -> Option<Outcome> {
        self.0.get_mut(unit)?.take()
    }

    fn are_complete(&self) -> bool {
        self.0.iter().all(|outcome| outcome.get().is_some())
    }
}

/// Sums over all workers.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) new_chunks: AtomicU64,
    pub(super) new_chunk_bytes: AtomicU64,
    /// Of files all of whose pieces were there.
    pub(super) same_file_bytes: AtomicU64,
    /// Of files whose picture was there, and not all of the rest.
    pub(super) same_picture_bytes: AtomicU64,
    pub(super) same_picture_files: AtomicU64,
    /// What was new of those files.
    pub(super) same_picture_new_bytes: AtomicU64,
    /// Pieces that were there, of other files.
    pub(super) same_piece_bytes: AtomicU64,
    pub(super) media: Mutex<MediaCuts>,
    pub(super) times: Mutex<WorkerTimes>,
}

/// Where the workers' time went, all of them together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WorkerTimes {
    pub(super) workers: usize,
    pub(super) all: Duration,
    /// Opening and reading files.
    pub(super) input: Duration,
    /// Waiting for a pack to fill.
    pub(super) packer: Duration,
}

impl Sums {
    fn add(&self, found: Found) {
        let add = |sum: &AtomicU64, bytes: u64| _ = sum.fetch_add(bytes, Ordering::Relaxed);
        if found.new_bytes == 0 {
            add(&self.same_file_bytes, found.there_bytes);
        } else if found.picture_there_bytes > 0 && found.picture_new_bytes == 0 {
            add(&self.same_picture_files, 1);
            add(&self.same_picture_bytes, found.there_bytes);
            add(&self.same_picture_new_bytes, found.new_bytes);
        } else {
            add(&self.same_piece_bytes, found.there_bytes);
        }
    }
}

/// What the workers share.
pub(super) struct Storing<'a, 'r> {
    pub(super) sources: &'a [SnapSource],
    /// What was walked of each.
    pub(super) walks: &'a [Option<&'a Walk>],
    pub(super) units: &'a Units,
    pub(super) known: &'a Known,
    pub(super) run: &'a PackRun<'r>,
    pub(super) observer: &'a dyn Observer,
    pub(super) clock: &'a dyn crate::clock::Clock,
    pub(super) sums: &'a Sums,
}

/// How many packs may be open at once for so many bytes.
pub(super) fn packers_max(bytes: u64, threads: usize) -> usize {
    let by_bytes = usize::try_from(bytes / BYTES_PER_OPEN_PACK).unwrap_or(usize::MAX);
    by_bytes.clamp(1, threads.clamp(1, WORKERS_MAX))
}

impl Storing<'_, '_> {
    /// Reads and stores every unit. Errors are the repository's: what a source fails at is an outcome.
    pub(super) fn store_all(&self, threads: usize) -> Result<Outcomes, RepoError> {
        let threads = threads.clamp(1, WORKERS_MAX);
        let total = self.units.bytes();
        let packers = Packers::new(self.run, packers_max(total, threads), total);
        let outcomes = Outcomes::of(self.units.len());
        let large = LargeWindows::new(LARGE_WINDOWS_MAX);
        let (next, stop, failure) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(None));
        let work = || {
            if let Err(error) = self.work(&packers, &outcomes, (&next, &stop), &large) {
                stop.store(true, Ordering::Relaxed);
                let mut first = failure.lock().unwrap_or_else(PoisonError::into_inner);
                if first.is_none() || matches!(*first, Some(RepoError::Stopped)) {
                    *first = Some(error);
                }
                packers.ready.notify_all();
            }
        };
        match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
            Ok(pool) if threads > 1 => _ = pool.broadcast(|_| work()),
            _ => work(),
        }
        if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        packers.finish()?;
        if self.observer.interrupted() || !outcomes.are_complete() {
            return Err(RepoError::Interrupted);
        }
        Ok(outcomes)
    }

    fn work(
        &self,
        packers: &Packers<'_, '_>,
        outcomes: &Outcomes,
        (next, stop): (&AtomicUsize, &AtomicBool),
        large: &Arc<LargeWindows>,
    ) -> Result<(), RepoError> {
        let mut window = Window::new(Arc::clone(large)).timed(self.run.clock());
        let (begin, mut waited) = (self.clock.elapsed(), Duration::ZERO);
        while !stop.load(Ordering::Relaxed) && !self.observer.interrupted() {
            let position = next.fetch_add(1, Ordering::Relaxed);
            let (Some(unit), Some(slot)) = (self.units.get(position, self.walks), outcomes.0.get(position)) else { break };
            self.observer.file(&unit.path);
            let asked_at = self.clock.elapsed();
            let Some(mut packer) = packers.take(stop) else { break };
            waited += self.clock.elapsed().saturating_sub(asked_at);
            let outcome = self.store(&unit, &mut packer, &mut window);
            packers.give_back(packer, unit.listed.length_bytes);
            self.observer.advance(1, unit.listed.length_bytes);
            _ = slot.set(outcome?);
        }
        let mut times = self.sums.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.workers += 1;
        times.all += self.clock.elapsed().saturating_sub(begin);
        times.input += window.asked();
        times.packer += waited;
        Ok(())
    }

    /// Reads a file by the first of its names; by each, if that cannot be read or is not the file any more that was listed.
    fn store(&self, unit: &Unit<'_>, packer: &mut Packer<'_, '_>, window: &mut Window) -> Result<Outcome, RepoError> {
        let mut first = self.store_name(unit, &unit.path, packer, window)?;
        let (listed, names) = (&unit.listed, unit.other_names);
        let mut is_listed_one = false;
        if let Outcome::Read(read) = &mut first {
            let stat = read.stat().unwrap_or(listed);
            is_listed_one = stat.inode == listed.inode;
            let is_still = !read.changed() && StatKey::of(stat, read.seen_at) == StatKey::of(listed, read.seen_at);
            if is_still && unit.expected.is_some_and(|hash| hash != read.hash) {
                read.rare.get_or_insert_default().is_rotten = true;
            }
        }
        if names.is_empty() || is_listed_one {
            return Ok(first);
        }
        let mut apart = BTreeMap::from([(unit.path.clone(), first)]);
        for name in names {
            apart.insert(name.clone(), self.store_name(unit, name, packer, window)?);
        }
        Ok(Outcome::Apart(Box::new(Names(apart))))
    }

    /// Reads a file once more if it changed meanwhile; if it changed again, that is noted.
    fn store_name(&self, unit: &Unit<'_>, path: &[u8], packer: &mut Packer<'_, '_>, window: &mut Window) -> Result<Outcome, RepoError> {
        let mut outcome = self.store_once(unit, path, packer, window)?;
        if matches!(&outcome, Outcome::Read(read) if read.changed()) {
            outcome = self.store_once(unit, path, packer, window)?;
        }
        Ok(outcome)
    }

    fn store_once(&self, unit: &Unit<'_>, path: &[u8], packer: &mut Packer<'_, '_>, window: &mut Window) -> Result<Outcome, RepoError> {
        let Some(source) = self.sources.get(unit.source) else { return Err(RepoError::Stopped) };
        let seen_at = self.clock.now();
        let mut cut = CutFile::default();
        let seen = read_pieces(&*source.source, path, window, &mut |piece| {
            let id = ObjectKind::Chunk.id_of(piece.raw);
            cut.add(&piece, id);
            let is_new = self.store_piece(packer, id, &piece)?;
            cut.found.count(&piece, is_new);
            Ok::<(), RepoError>(())
        })?;
        let read = match seen {
            Ok(read) => read,
            Err(error) => return Ok(Outcome::Failed(Box::new(error))),
        };
        self.sums.add(cut.found);
        self.sums.media.lock().unwrap_or_else(PoisonError::into_inner).count(read.media);
        let (hash, pieces, picture) = cut.finish();
        let length_bytes = pieces.iter().map(|piece| u64::from(piece.length_bytes)).sum();
        let attributes = store_attributes(read.seen.attributes, &mut |id, raw| {
            self.store_piece(packer, id, &CutPiece { raw, is_only: true, role: None, is_coded: false }).map(|_| ())
        })?;
        let (changed, holes) = (read.seen.changed, read.seen.holes);
        // Names of one file were not listed at the same moment.
        let stat = (read.seen.stat != unit.listed || !unit.other_names.is_empty()).then_some(read.seen.stat);
        let has_rare = stat.is_some() || changed || !holes.is_empty() || attributes != StoredAttributes::default();
        let rare = has_rare.then(|| Box::new(Rare { stat, changed, attributes, holes, is_rotten: false }));
        let pieces = if pieces.len() == 1 { Box::default() } else { pieces.into_boxed_slice() };
        Ok(Outcome::Read(Box::new(FileRead { length_bytes, hash, pieces, picture: picture.into_boxed_slice(), seen_at, rare })))
    }

    /// Stores a piece, unless it is there; says whether it was new.
    fn store_piece(&self, packer: &mut Packer<'_, '_>, id: ObjectId, piece: &CutPiece<'_>) -> Result<bool, RepoError> {
        if self.known.has(id) || !self.run.claim(id) {
            return Ok(false);
        }
        self.sums.new_chunks.fetch_add(1, Ordering::Relaxed);
        self.sums.new_chunk_bytes.fetch_add(u64::try_from(piece.raw.len()).unwrap_or(0), Ordering::Relaxed);
        match writing(piece) {
            Writing::Grouped(group) => packer.add_small(group, ObjectKind::Chunk, id, piece.raw)?,
            Writing::Alone(expect) => packer.add(ObjectKind::Chunk, id, piece.raw, expect)?,
        }
        Ok(true)
    }
}

/// Packers that workers take in turn: as few open packs as the bytes still to be read deserve.
struct Packers<'p, 'r> {
    run: &'p PackRun<'r>,
    state: Mutex<PackersState<'p, 'r>>,
    ready: Condvar,
    packers_max: usize,
}

struct PackersState<'p, 'r> {
    idle: Vec<Packer<'p, 'r>>,
    made: usize,
    in_use: usize,
    left_bytes: u64,
}

impl<'p, 'r> Packers<'p, 'r> {
    fn new(run: &'p PackRun<'r>, packers_max: usize, left_bytes: u64) -> Self {
        let state = PackersState { idle: Vec::new(), made: 0, in_use: 0, left_bytes };
        Self { run, state: Mutex::new(state), ready: Condvar::new(), packers_max }
    }

    /// The fullest idle packer, or a new one. `None` once the run stops.
    fn take(&self, stop: &AtomicBool) -> Option<Packer<'p, 'r>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let open_max = packers_max(state.left_bytes, self.packers_max);
            if state.in_use < open_max {
                state.idle.sort_by_key(Packer::filled_bytes);
                if let Some(packer) = state.idle.pop() {
                    state.in_use += 1;
                    return Some(packer);
                }
                if state.made < self.packers_max {
                    state.made += 1;
                    state.in_use += 1;
                    return Some(self.run.packer(PackKind::Data));
                }
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn give_back(&self, packer: Packer<'p, 'r>, done_bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_use -= 1;
        state.left_bytes = state.left_bytes.saturating_sub(done_bytes);
        state.idle.push(packer);
        self.ready.notify_one();
    }

    fn finish(self) -> Result<(), RepoError> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).idle.into_iter().try_for_each(Packer::finish)
    }
}
