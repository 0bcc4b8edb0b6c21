//! Owns reading and storing files: cut, hashed, looked up, and what is new put into packs, on all cores.
//!
//! Each worker takes the next file and a packer of its own; nothing is shared on the way but the set of ids that were claimed.

use super::SnapSource;
use super::attributes::{StoredAttributes, store_attributes};
use super::plan::Unit;
use crate::clock::Timestamp;
use crate::progress::Observer;
use crate::repo::{Expect, Group, Known, PackKind, PackRun, Packer, RepoError};
use crate::scan::{Hole, ScanError, Stat, WINDOW_BYTES, read_pieces};
use crate::tree::{FileHash, ObjectId, ObjectKind, Piece};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

/// Files up to this length are stored in groups, in bytes.
const SMALL_FILE_BYTES: usize = 64 << 10;
/// Another pack is opened only while so many bytes are still to be read for each open one.
const BYTES_PER_OPEN_PACK: u64 = 64 << 20;
/// What one worker holds at worst, in bytes: a window to read into, a full buffer and one on its way to the drive, a piece as sealed,
/// as opened again and as decoded, room to compress it, zstd's own memory, and groups of small files.
const WORKER_BYTES: usize = WINDOW_BYTES + 2 * (4 << 20) + 4 * (4 << 20) + (4 << 20);
/// What all workers may hold together, in bytes: the rest of a run (index, trees, kept records) has to fit beside it.
const WORKERS_BYTES_MAX: usize = 256 << 20;
/// Workers that this makes: more would not be faster than the drives that people have.
const WORKERS_MAX: usize = WORKERS_BYTES_MAX / WORKER_BYTES;

/// A file as it was read.
#[derive(Debug, Clone)]
pub(super) struct FileRead {
    pub(super) length_bytes: u64,
    pub(super) hash: FileHash,
    pub(super) pieces: Vec<Piece>,
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
    pub(super) duplicate_bytes: AtomicU64,
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
        let (next, stop, failure) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(None));
        let work = || {
            if let Err(error) = self.work(&packers, &outcomes, &next, &stop) {
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
        next: &AtomicUsize,
        stop: &AtomicBool,
    ) -> Result<(), RepoError> {
        let mut window = vec![0; WINDOW_BYTES];
        while !stop.load(Ordering::Relaxed) && !self.observer.interrupted() {
            let position = next.fetch_add(1, Ordering::Relaxed);
            let (Some(unit), Some(slot)) = (self.units.get(position), outcomes.get(position)) else { break };
            self.observer.file(&unit.path);
            let Some(mut packer) = packers.take(stop) else { break };
            let outcome = self.store(unit, &mut packer, &mut window);
            packers.give_back(packer, unit.stat.length_bytes);
            self.observer.advance(1, unit.stat.length_bytes);
            _ = slot.set(outcome?);
        }
        Ok(())
    }

    /// Reads a file by the first of its names; by each, if that cannot be read or is not the file any more that was listed.
    fn store(&self, unit: &Unit, packer: &mut Packer<'_, '_>, window: &mut [u8]) -> Result<Outcome, RepoError> {
        let mut first = self.store_name(unit.source, &unit.path, packer, window)?;
        if let Outcome::Read(read) = &mut first {
            let facts = |stat: &Stat| (stat.length_bytes, stat.mtime, stat.ctime, stat.inode);
            let is_still = !read.changed && facts(&read.stat) == facts(&unit.stat);
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
    fn store_name(&self, source: usize, path: &[u8], packer: &mut Packer<'_, '_>, window: &mut [u8]) -> Result<Outcome, RepoError> {
        let mut outcome = self.store_once(source, path, packer, window)?;
        if matches!(&outcome, Outcome::Read(read) if read.changed) {
            outcome = self.store_once(source, path, packer, window)?;
        }
        Ok(outcome)
    }

    fn store_once(&self, source: usize, path: &[u8], packer: &mut Packer<'_, '_>, window: &mut [u8]) -> Result<Outcome, RepoError> {
        let Some(source) = self.sources.get(source) else { return Err(RepoError::Stopped) };
        let seen_at = self.clock.now();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut whole = blake3::Hasher::new();
        let seen = read_pieces(&*source.source, path, window, &mut |raw, is_only| {
            let id = ObjectKind::Chunk.id_of(raw);
            // A file of one piece is hashed once: its id is its hash.
            if !is_only {
                whole.update(raw);
            }
            self.store_piece(packer, id, raw, is_only)?;
            pieces.push(Piece { id, length_bytes: u32::try_from(raw.len()).unwrap_or(u32::MAX) });
            Ok::<(), RepoError>(())
        })?;
        let seen = match seen {
            Ok(seen) => seen,
            Err(error) => return Ok(Outcome::Failed(error)),
        };
        let hash = match pieces.as_slice() {
            [one] => FileHash(one.id.0),
            _ => FileHash(*whole.finalize().as_bytes()),
        };
        let length_bytes = pieces.iter().map(|piece| u64::from(piece.length_bytes)).sum();
        let attributes = store_attributes(seen.attributes, &mut |id, raw| self.store_piece(packer, id, raw, true))?;
        let (stat, changed, holes) = (seen.stat, seen.changed, seen.holes);
        Ok(Outcome::Read(Box::new(FileRead { length_bytes, hash, pieces, stat, seen_at, changed, attributes, holes, is_rotten: false })))
    }

    fn store_piece(&self, packer: &mut Packer<'_, '_>, id: ObjectId, raw: &[u8], is_only: bool) -> Result<(), RepoError> {
        let bytes = u64::try_from(raw.len()).unwrap_or(0);
        if self.known.has(id) || !self.run.claim(id) {
            self.sums.duplicate_bytes.fetch_add(bytes, Ordering::Relaxed);
            return Ok(());
        }
        self.sums.new_chunks.fetch_add(1, Ordering::Relaxed);
        self.sums.new_chunk_bytes.fetch_add(bytes, Ordering::Relaxed);
        match group_of_piece(raw, is_only) {
            Some(group) => packer.add_small(group, ObjectKind::Chunk, id, raw),
            None => packer.add(ObjectKind::Chunk, id, raw, Expect::Unknown),
        }
    }
}

/// The group that a piece is stored in, if it is a small file.
pub(in crate::ops) fn group_of_piece(raw: &[u8], is_only: bool) -> Option<Group> {
    (is_only && raw.len() <= SMALL_FILE_BYTES).then(|| group_of(raw))
}

/// What a small file compresses best with, by its first bytes.
fn group_of(raw: &[u8]) -> Group {
    let head = raw.get(..raw.len().min(512)).unwrap_or_default();
    if head.starts_with(&[0xff, 0xd8, 0xff]) {
        Group::Jpeg
    } else if head.iter().all(|byte| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r')) {
        Group::Text
    } else {
        Group::Other
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
