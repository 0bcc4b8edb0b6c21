//! Owns the packs of one run: who writes them, which were finished, and the first error that ends the run.
//!
//! Each packer owns the pack that it fills; full buffers go to writer threads, so that no core waits for the drive while there is work.
//! With one thread everything happens in the caller's, in order.

use super::announce::Announcing;
use super::buffer::{Buffer, Pool};
use super::claims::Claims;
use super::packer::Packer;
use super::{RepoError, Repository};
use crate::clock::Clock;
use crate::format::{IndexedPack, NameFolder, NeededPack, ObjectId, PackKind, StoredFile};
use crate::store::Upload;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// Threads that write: two writes in flight were best on the machines measured.
const WRITER_THREADS: usize = 2;

/// A pack's files being written: one, or two of a meta pack.
pub(super) struct PackFiles {
    uploads: RwLock<Vec<Box<dyn Upload>>>,
    copies: u64,
    pending: Mutex<usize>,
    written: Condvar,
    failed: AtomicBool,
}

pub(super) enum Job {
    Write { files: Arc<PackFiles>, offset: u64, buffer: Buffer },
    Finish { files: Arc<PackFiles>, names: Vec<String>, length_bytes: u64 },
}

/// The packs of one run.
pub struct PackRun<'r> {
    pub(super) repository: &'r Repository,
    pub(super) pool: Pool,
    /// `None`: the run is inline, or is winding up.
    jobs: Mutex<Option<Sender<Job>>>,
    inline: bool,
    finished: Mutex<Vec<IndexedPack>>,
    failure: Mutex<Option<RepoError>>,
    failed: AtomicBool,
    claims: Claims,
    announcing: Mutex<Announcing>,
    /// What the packs add up to.
    pub(super) totals: Totals,
}

impl std::fmt::Debug for PackRun<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PackRun")
    }
}

/// Running sums of a run, in bytes and counts.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) written_bytes: AtomicU64,
    pub(super) pack_bytes: AtomicU64,
    pub(super) saved_bytes: AtomicU64,
    /// Nanoseconds that packers waited for a free buffer, and that writers wrote; each summed over its threads.
    pub(super) waited: AtomicU64,
    pub(super) wrote: AtomicU64,
}

/// What a run's packs came to.
#[derive(Debug, Clone, Default)]
pub struct PackSums {
    /// The packs, with their directories.
    pub packs: Vec<IndexedPack>,
    /// Bytes written, second copies counted.
    pub written_bytes: u64,
    /// Bytes of the packs, second copies not counted.
    pub pack_bytes: u64,
    /// Bytes that compression saved.
    pub saved_bytes: u64,
    /// How long packers waited for a free buffer, all together.
    pub waited: Duration,
    /// How long writers wrote, all together.
    pub wrote: Duration,
}

impl<'r> PackRun<'r> {
    /// Runs `body`, which fills packs by packers, at most `packers_max` at once; a run that takes long announces `relied_on` and what it wrote; when this returns every finished pack is on the drive under its name.
    /// Folder entries are durable after the store's next sync.
    pub fn run<T>(
        repository: &'r Repository,
        packers_max: usize,
        relied_on: Vec<NeededPack>,
        body: impl FnOnce(&PackRun<'r>) -> Result<T, RepoError>,
    ) -> Result<(T, PackSums), RepoError> {
        let threads = if repository.surroundings.threads > 1 { WRITER_THREADS } else { 0 };
        let (sender, receiver) = unbounded();
        let run = Self {
            repository,
            // Each packer holds one buffer; the others are on their way to the drive.
            pool: Pool::new(packers_max + 2),
            jobs: Mutex::new(Some(sender)),
            inline: threads == 0,
            finished: Mutex::default(),
            failure: Mutex::default(),
            failed: AtomicBool::new(false),
            announcing: Mutex::new(Announcing::begin(repository.surroundings.clock.elapsed(), relied_on)),
            claims: Claims::default(),
            totals: Totals::default(),
        };
        let outcome = std::thread::scope(|scope| {
            for _ in 0..threads {
                let receiver: Receiver<Job> = receiver.clone();
                let run = &run;
                scope.spawn(move || receiver.iter().for_each(|job| run.note(run.timed(&run.totals.wrote, || perform(job, &run.pool)))));
            }
            let outcome = body(&run);
            // Writers end when the last sender is gone and every job is done.
            lock(&run.jobs).take();
            outcome
        });
        let value = match (outcome, run.failure.into_inner().unwrap_or_else(PoisonError::into_inner)) {
            // The first failure is the cause; others are its consequences.
            (Err(RepoError::Stopped) | Ok(_), Some(failure)) => return Err(failure),
            (outcome, _) => outcome?,
        };
        let mut packs = run.finished.into_inner().unwrap_or_else(PoisonError::into_inner);
        packs.sort_by_key(|pack| pack.name);
        let sums = PackSums {
            packs,
            written_bytes: run.totals.written_bytes.into_inner(),
            pack_bytes: run.totals.pack_bytes.into_inner(),
            saved_bytes: run.totals.saved_bytes.into_inner(),
            waited: Duration::from_nanos(run.totals.waited.into_inner()),
            wrote: Duration::from_nanos(run.totals.wrote.into_inner()),
        };
        Ok((value, sums))
    }

    /// What the time is taken by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.repository.surroundings.clock)
    }

    /// A packer for packs of one kind.
    pub fn packer(&self, kind: PackKind) -> Packer<'_, 'r> {
        Packer::new(self, kind)
    }

    /// Claims an object for storing. True for the first who asks: only that one stores it.
    pub fn claim(&self, id: ObjectId) -> bool {
        self.claims.claim(id)
    }

    /// The objects of this run.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// An empty buffer, waiting for one if all are in use.
    pub(super) fn buffer(&self) -> Buffer {
        self.timed(&self.totals.waited, || self.pool.take())
    }

    fn timed<T>(&self, sum: &AtomicU64, work: impl FnOnce() -> T) -> T {
        let clock = &*self.repository.surroundings.clock;
        let begin = clock.elapsed();
        let done = work();
        let took = clock.elapsed().saturating_sub(begin).as_nanos();
        sum.fetch_add(u64::try_from(took).unwrap_or(u64::MAX), Ordering::Relaxed);
        done
    }

    /// Errors once any thread of the run has failed.
    pub fn check(&self) -> Result<(), RepoError> {
        if self.failed.load(Ordering::Relaxed) { Err(RepoError::Stopped) } else { Ok(()) }
    }

    pub(super) fn begin(&self, kind: PackKind) -> Result<Arc<PackFiles>, RepoError> {
        let mut uploads = vec![self.repository.store.begin("packs")?];
        if kind == PackKind::Meta {
            uploads.push(self.repository.store.begin("second/packs")?);
        }
        let copies = u64::try_from(uploads.len()).unwrap_or(1);
        let (pending, written, failed) = (Mutex::new(0), Condvar::new(), AtomicBool::new(false));
        Ok(Arc::new(PackFiles { uploads: RwLock::new(uploads), copies, pending, written, failed }))
    }

    pub(super) fn write(&self, files: &Arc<PackFiles>, offset: u64, buffer: Buffer) -> Result<(), RepoError> {
        let length = u64::try_from(buffer.filled().len()).unwrap_or(0);
        self.totals.written_bytes.fetch_add(files.copies.saturating_mul(length), Ordering::Relaxed);
        *lock(&files.pending) += 1;
        self.hand_over(Job::Write { files: files.clone(), offset, buffer })
    }

    pub(super) fn finish(&self, files: Arc<PackFiles>, pack: IndexedPack) -> Result<(), RepoError> {
        let first = StoredFile::first(NameFolder::Packs, pack.name);
        let names = vec![first.path(), first.in_second().path()];
        self.totals.pack_bytes.fetch_add(pack.length_bytes, Ordering::Relaxed);
        let length_bytes = pack.length_bytes;
        let needed = NeededPack { name: pack.name, length_bytes, kind: pack.kind };
        self.claims.fill(&pack);
        lock(&self.finished).push(pack);
        self.hand_over(Job::Finish { files, names, length_bytes })?;
        lock(&self.announcing).wrote(self.repository, needed)
    }

    fn hand_over(&self, job: Job) -> Result<(), RepoError> {
        if let Err(error) = self.check() {
            self.take_back(job);
            return Err(error);
        }
        if self.inline {
            return self.timed(&self.totals.wrote, || perform(job, &self.pool));
        }
        let refused = match &*lock(&self.jobs) {
            None => Some(job),
            Some(jobs) => jobs.send(job).err().map(|refused| refused.into_inner()),
        };
        refused.map_or(Ok(()), |job| {
            self.take_back(job);
            Err(RepoError::Stopped)
        })
    }

    /// A buffer that will not be written goes back to whoever waits for one: with all of them lost they would wait for ever.
    fn take_back(&self, job: Job) {
        if let Job::Write { buffer, .. } = job {
            self.pool.give_back(buffer);
        }
    }

    fn note(&self, outcome: Result<(), RepoError>) {
        if let Err(error) = outcome {
            lock(&self.failure).get_or_insert(error);
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn perform(job: Job, pool: &Pool) -> Result<(), RepoError> {
    match job {
        Job::Write { files, offset, buffer } => {
            let uploads = files.uploads.read().unwrap_or_else(PoisonError::into_inner);
            let outcome = uploads.iter().try_for_each(|upload| upload.write_at(offset, buffer.filled()));
            drop(uploads);
            pool.give_back(buffer);
            files.failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
            *lock(&files.pending) -= 1;
            files.written.notify_all();
            Ok(outcome?)
        }
        Job::Finish { files, names, length_bytes } => {
            // Jobs are taken in order, so the writes that this waits for are in other threads' hands and will end.
            let mut pending = lock(&files.pending);
            while *pending > 0 {
                pending = files.written.wait(pending).unwrap_or_else(PoisonError::into_inner);
            }
            drop(pending);
            // A pack of which a write failed never gets its name.
            if files.failed.load(Ordering::Relaxed) {
                return Err(RepoError::Stopped);
            }
            let uploads = std::mem::take(&mut *files.uploads.write().unwrap_or_else(PoisonError::into_inner));
            for (upload, name) in uploads.into_iter().zip(names) {
                upload.finish(&name, length_bytes)?;
            }
            Ok(())
        }
    }
}
