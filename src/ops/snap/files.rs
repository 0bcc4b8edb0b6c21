//! Owns reading and storing files: cut, hashed, looked up, and what is new put into packs, on all cores.
//!
//! Each worker takes the next file and a packer of its own; nothing is shared on the way but the set of ids that were claimed.

use super::SnapSource;
use super::attributes::{StoredAttributes, store_attributes};
use super::cut_file::{CutFile, Found};
use super::grouping::{Writing, writing};
use super::plan::Unit;
use super::report::MediaCuts;
use crate::clock::Timestamp;
use crate::progress::Observer;
use crate::repo::{Known, PackKind, PackRun, Packer, RepoError};
use crate::scan::{CutPiece, Hole, LargeWindows, ScanError, Stat, StatKey, WINDOW_BYTES, Window, read_pieces};
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

/// A file as it was read.
#[derive(Debug, Clone)]
pub(super) struct FileRead {
    pub(super) length_bytes: u64,
    pub(super) hash: FileHash,
    pub(super) pieces: Vec<Piece>,
    /// Which of them are the picture or film that it is about.
    pub(super) picture: Vec<PieceRun>,
    /// Its facts after it was read.
    pub(super) stat: Stat,
    /// When reading began.
    pub(super) seen_at: Timestamp,
    /// It changed while it was read, twice.
    pub(super) changed: bool,
    pub(super) attributes: StoredAttributes,
    pub(super) holes: Vec<Hole>,
    /// Its bytes are others than in the last snapshot, though its facts say that nobody wrote to it.
    pub(super) is_rotten: bool,
}

/// What became of a unit.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Read(Box<FileRead>),
    Failed(ScanError),
    /// Names of one file when they were listed, read one by one: the first could not be read, or was another file by then.
    Apart(BTreeMap<Vec<u8>, Outcome>),
}

impl Outcome {
    /// What became of one name.
    pub(super) fn of(&self, path: &[u8]) -> &Self {
        match self {
            Self::Apart(names) => names.get(path).unwrap_or(self),
            Self::Read(_) | Self::Failed(_) => self,
        }
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
    pub(super) units: &'a [Unit],
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
    pub(super) fn store_all(&self, threads: usize) -> Result<Vec<Outcome>, RepoError> {
        let threads = threads.clamp(1, WORKERS_MAX);
        let total: u64 = self.units.iter().map(|unit| unit.stat.length_bytes).sum();
        let packers = Packers::new(self.run, packers_max(total, threads), total);
        let outcomes: Vec<OnceLock<Outcome>> = self.units.iter().map(|_| OnceLock::new()).collect();
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
        if self.observer.interrupted() {
            return Err(RepoError::Interrupted);
        }
        outcomes.into_iter().map(|outcome| outcome.into_inner().ok_or(RepoError::Interrupted)).collect()
    }

    fn work(
        &self,
        packers: &Packers<'_, '_>,
        outcomes: &[OnceLock<Outcome>],
        (next, stop): (&AtomicUsize, &AtomicBool),
        large: &Arc<LargeWindows>,
    ) -> Result<(), RepoError> {
        let mut window = Window::new(Arc::clone(large)).timed(self.run.clock());
        let (begin, mut waited) = (self.clock.elapsed(), Duration::ZERO);
        while !stop.load(Ordering::Relaxed) && !self.observer.interrupted() {
            let position = next.fetch_add(1, Ordering::Relaxed);
            let (Some(unit), Some(slot)) = (self.units.get(position), outcomes.get(position)) else { break };
            self.observer.file(&unit.path);
            let asked_at = self.clock.elapsed();
            let Some(mut packer) = packers.take(stop) else { break };
            waited += self.clock.elapsed().saturating_sub(asked_at);
            let outcome = self.store(unit, &mut packer, &mut window);
            packers.give_back(packer, unit.stat.length_bytes);
            self.observer.advance(1, unit.stat.length_bytes);
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
    fn store(&self, unit: &Unit, packer: &mut Packer<'_, '_>, window: &mut Window) -> Result<Outcome, RepoError> {
        let mut first = self.store_name(unit.source, &unit.path, packer, window)?;
        if let Outcome::Read(read) = &mut first {
            let is_still = !read.changed && StatKey::of(&read.stat, unit.stat.seen_at) == unit.stat;
            read.is_rotten = is_still && unit.expected.is_some_and(|hash| hash != read.hash);
        }
        let is_listed_one = matches!(&first, Outcome::Read(read) if read.stat.inode == unit.stat.inode);
        if unit.other_names.is_empty() || is_listed_one {
            return Ok(first);
        }
        let mut names = BTreeMap::from([(unit.path.clone(), first)]);
        for name in &unit.other_names {
            names.insert(name.clone(), self.store_name(unit.source, name, packer, window)?);
        }
        Ok(Outcome::Apart(names))
    }

    /// Reads a file once more if it changed meanwhile; if it changed again, that is noted.
    fn store_name(&self, source: usize, path: &[u8], packer: &mut Packer<'_, '_>, window: &mut Window) -> Result<Outcome, RepoError> {
        let mut outcome = self.store_once(source, path, packer, window)?;
        if matches!(&outcome, Outcome::Read(read) if read.changed) {
            outcome = self.store_once(source, path, packer, window)?;
        }
        Ok(outcome)
    }

    fn store_once(&self, source: usize, path: &[u8], packer: &mut Packer<'_, '_>, window: &mut Window) -> Result<Outcome, RepoError> {
        let Some(source) = self.sources.get(source) else { return Err(RepoError::Stopped) };
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
            Err(error) => return Ok(Outcome::Failed(error)),
        };
        self.sums.add(cut.found);
        self.sums.media.lock().unwrap_or_else(PoisonError::into_inner).count(read.media);
        let (hash, pieces, picture) = cut.finish();
        let length_bytes = pieces.iter().map(|piece| u64::from(piece.length_bytes)).sum();
        let attributes = store_attributes(read.seen.attributes, &mut |id, raw| {
            self.store_piece(packer, id, &CutPiece { raw, is_only: true, role: None, is_coded: false }).map(|_| ())
        })?;
        let (stat, changed, holes) = (read.seen.stat, read.seen.changed, read.seen.holes);
        Ok(Outcome::Read(Box::new(FileRead {
            length_bytes,
            hash,
            pieces,
            picture,
            stat,
            seen_at,
            changed,
            attributes,
            holes,
            is_rotten: false,
        })))
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
