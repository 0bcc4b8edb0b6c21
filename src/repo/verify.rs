//! Owns reading a whole pack back: every byte against its name, every record opened, every object against its id.
//!
//! Packs are read in order, some records at a time, each byte once, and records are opened where they were read to. What does not agree is
//! read a second time, in smaller reads, before it counts: a bad sector then costs the record that it lies in and no other.

use super::record::{Decoder, open_and_compare};
use super::{RepoError, Repository};
use crate::crypto::FileSeal;
use crate::format::{IndexedPack, NameFolder, PackName, Record, StoredFile, limits};
use crate::progress::Observer;
use crate::store::StoreError;
use crate::sys::{ALIGNMENT_BYTES, AlignedBytes};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes of one read, as a rule.
const BLOCK_BYTES: u64 = 2 << 20;
/// The longest record that is read at once, in bytes: a picture of 16 MiB with its seal.
const RUN_BYTES_MAX: u64 = 17 << 20;

/// What reading one copy of a pack gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackVerdict {
    /// Bytes that were read, all passes.
    pub bytes_read: u64,
    /// The copy is not there any more.
    pub absent: bool,
    /// All bytes hash to the name.
    pub name_agrees: bool,
    /// What the place said when it could not read a part.
    pub read_error: Option<String>,
    /// This user may not read it: what it holds is not known.
    pub denied: bool,
    /// The pack's own directory, if it can be read.
    pub directory: Option<IndexedPack>,
    /// Whether records were judged at all: with the key, and some directory to go by.
    pub records_judged: bool,
    /// Ordinals of records that are wrong.
    pub bad_records: BTreeSet<u32>,
    /// What is wrong with the first of them, or with the directory.
    pub reason: Option<String>,
    /// Objects that were hashed and found right.
    pub good_objects: u64,
}

impl PackVerdict {
    /// Nothing is wrong with this copy.
    pub fn is_good(&self) -> bool {
        self.name_agrees && self.bad_records.is_empty() && self.reason.is_none() && self.read_error.is_none() && !self.absent
    }

    /// Every object of it was found right, whatever else is wrong.
    pub fn objects_are_good(&self) -> bool {
        self.records_judged && self.bad_records.is_empty()
    }
}

impl Repository {
    /// Reads one copy of a pack whole. `known` gives its directory as the index has it, for when its own is lost.
    ///
    /// Errors: the place is gone, or the observer asks to stop. Cost: the pack's bytes once, twice if something is wrong.
    pub fn verify_pack(
        &self,
        file: &StoredFile,
        length_bytes: u64,
        known: &dyn Fn(PackName) -> Option<IndexedPack>,
        observer: &dyn Observer,
    ) -> Result<PackVerdict, RepoError> {
        let first = self.verify_once(file, length_bytes, known, observer, false)?;
        if first.is_good() || first.absent {
            return Ok(first);
        }
        let again = self.verify_once(file, length_bytes, known, observer, true)?;
        Ok(PackVerdict { bytes_read: first.bytes_read.saturating_add(again.bytes_read), ..again })
    }

    fn verify_once(
        &self,
        file: &StoredFile,
        length_bytes: u64,
        known: &dyn Fn(PackName) -> Option<IndexedPack>,
        observer: &dyn Observer,
        careful: bool,
    ) -> Result<PackVerdict, RepoError> {
        let name = PackName::from(file.hash);
        let mut verdict = PackVerdict::default();
        let mut by_index = None;
        if self.sealing.is_some() {
            match self.read_directory_at(file, length_bytes)? {
                Ok(read) => {
                    verdict.reason = read.header_fault.map(|fault| format!("its header is wrong: {fault}"));
                    verdict.directory = Some(read.pack);
                }
                Err(reason) => {
                    verdict.reason = Some(format!("its directory cannot be read: {reason}"));
                    by_index = known(name);
                }
            }
        }
        let pack = verdict.directory.clone().or(by_index);
        let seal = match (&self.sealing, &pack) {
            (Some(sealing), Some(pack)) => {
                Some(sealing.create(pack.kind.file_kind(), self.id(), pack.salt).map_err(RepoError::of_file(file.path()))?)
            }
            _ => None,
        };
        verdict.records_judged = seal.is_some();
        let mut records = Records::new(pack.as_ref(), seal.as_ref());
        let mut hasher = blake3::Hasher::new();
        for run in runs(length_bytes, pack.as_ref(), careful) {
            if observer.interrupted() {
                return Err(RepoError::Interrupted);
            }
            match self.with_run(&file.path(), run, length_bytes, |bytes| {
                hasher.update(bytes);
                records.feed(run.begin, Some(bytes), run.end);
            }) {
                Ok(()) => {
                    let read_bytes = run.end.saturating_sub(run.begin);
                    verdict.bytes_read = verdict.bytes_read.saturating_add(read_bytes);
                    observer.advance(0, read_bytes);
                }
                Err(error) if error.code() == "not-found" => return Ok(PackVerdict { absent: true, ..verdict }),
                Err(error) if error.is_of_one_file() => {
                    verdict.denied |= matches!(error, StoreError::Denied { .. });
                    verdict.read_error.get_or_insert_with(|| error.to_string());
                    records.feed(run.begin, None, run.end);
                }
                Err(error) => return Err(error.into()),
            }
        }
        records.finish();
        verdict.name_agrees = verdict.read_error.is_none() && hasher.finalize().as_bytes() == &file.hash.0;
        verdict.good_objects = records.good_objects;
        verdict.bad_records = records.bad;
        verdict.reason = verdict.reason.or(records.reason);
        Ok(verdict)
    }

    /// Those of the packs whose first copy has the bytes that its name says. The key is not needed, and nothing is opened.
    ///
    /// Errors: the place is gone. Cost: their bytes once, read by all threads.
    pub fn as_named(&self, packs: &[(PackName, u64)]) -> Result<BTreeSet<PackName>, RepoError> {
        let (next, good, failed) = (AtomicUsize::new(0), Mutex::new(BTreeSet::new()), Mutex::new(None));
        let work = || {
            while let Some((name, length_bytes)) = packs.get(next.fetch_add(1, Ordering::Relaxed)) {
                match self.is_as_named(*name, *length_bytes) {
                    Ok(true) => _ = good.lock().unwrap_or_else(PoisonError::into_inner).insert(*name),
                    Ok(false) => {}
                    Err(error) => _ = failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error),
                }
            }
        };
        let threads = self.surroundings.threads.min(packs.len());
        std::thread::scope(|scope| {
            (1..threads).for_each(|_| _ = scope.spawn(work));
            work();
        });
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(good.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    fn is_as_named(&self, name: PackName, length_bytes: u64) -> Result<bool, RepoError> {
        let path = StoredFile::first(NameFolder::Packs, name).path();
        let mut hasher = blake3::Hasher::new();
        for run in runs(length_bytes, None, true) {
            match self.with_run(&path, run, length_bytes, |bytes| _ = hasher.update(bytes)) {
                Ok(()) => {}
                Err(error) if error.is_of_one_file() || error.code() == "not-found" => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(hasher.finalize().as_bytes() == &name.0)
    }

    /// The directory of one pack as an index segment has it.
    pub fn directory_in_segment(&self, segment: crate::format::StoredName, pack: PackName) -> Option<IndexedPack> {
        let file = StoredFile::first(NameFolder::Index, segment);
        let super::FileState::Good(bytes) = super::read_file(&*self.store, &file).ok()? else { return None };
        self.decode_segment(&bytes).ok()?.packs.into_iter().find(|indexed| indexed.name == pack)
    }
}

/// A part of a pack that is read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    begin: u64,
    end: u64,
}

/// What to read, in order: as many whole records as a block holds, so that each lies in one piece; or, `careful`, each record by itself.
/// Where nothing tells where records lie, and of what is longer, blocks.
fn runs(length_bytes: u64, pack: Option<&IndexedPack>, careful: bool) -> Vec<Run> {
    let mut edges = vec![0];
    if let Some(pack) = pack {
        let records = pack.directory.record_offsets().map(|(offset, _)| offset).chain([pack.records_end]);
        edges.extend(records.filter(|offset| *offset < length_bytes));
    }
    edges.push(length_bytes);
    edges.dedup();
    let longest = if careful { BLOCK_BYTES } else { RUN_BYTES_MAX };
    let mut runs: Vec<Run> = Vec::new();
    for pair in edges.windows(2) {
        let [begin, end] = pair else { continue };
        match runs.last_mut().filter(|run| !careful && end.saturating_sub(run.begin) <= BLOCK_BYTES) {
            Some(run) => run.end = *end,
            None => {
                let mut at = *begin;
                while at < *end {
                    let step = if end.saturating_sub(at) > longest { BLOCK_BYTES } else { longest };
                    let to = at.saturating_add(step).min(*end);
                    runs.push(Run { begin: at, end: to });
                    at = to;
                }
            }
        }
    }
    runs
}

thread_local! {
    /// What a thread reads into: memory that is given back and asked for again would cost more than hashing what is in it.
    static ROOM: RefCell<AlignedBytes> = RefCell::new(AlignedBytes::new(0));
}

impl Repository {
    /// Reads a run, widened to whole sectors, and gives its bytes to `take`.
    fn with_run(&self, path: &str, run: Run, length_bytes: u64, take: impl FnOnce(&mut [u8])) -> Result<(), StoreError> {
        let sector = limits::to_u64(ALIGNMENT_BYTES);
        let begin = run.begin / sector * sector;
        let end = run.end.next_multiple_of(sector).min(length_bytes);
        let place = |at: u64| usize::try_from(at.saturating_sub(begin)).unwrap_or(usize::MAX);
        ROOM.with_borrow_mut(|room| {
            if room.len() < place(end) {
                *room = AlignedBytes::new(place(end).next_multiple_of(1 << 20));
            }
            self.store.get_range(path, begin, room.get_mut(..place(end)).unwrap_or_default())?;
            take(room.get_mut(place(run.begin)..place(run.end)).unwrap_or_default());
            Ok(())
        })
    }
}

/// Puts records together from blocks and judges each as soon as it is whole.
struct Records<'a> {
    records: Vec<(u64, &'a Record)>,
    seal: Option<&'a FileSeal>,
    decoder: Decoder,
    at: usize,
    stored: Vec<u8>,
    lost: bool,
    raw: Vec<u8>,
    bad: BTreeSet<u32>,
    reason: Option<String>,
    good_objects: u64,
}

impl<'a> Records<'a> {
    fn new(pack: Option<&'a IndexedPack>, seal: Option<&'a FileSeal>) -> Self {
        let records = match (pack, seal) {
            (Some(pack), Some(_)) => pack.directory.record_offsets().collect(),
            _ => Vec::new(),
        };
        Self {
            records,
            seal,
            decoder: Decoder::new(),
            at: 0,
            stored: Vec::new(),
            lost: false,
            raw: Vec::new(),
            bad: BTreeSet::new(),
            reason: None,
            good_objects: 0,
        }
    }

    /// Takes the bytes from `begin` to `end`; `None` if they could not be read. Records that lie in them whole are opened in place.
    fn feed(&mut self, begin: u64, mut bytes: Option<&mut [u8]>, end: u64) {
        let place = |at: u64| usize::try_from(at.saturating_sub(begin)).unwrap_or(usize::MAX);
        while let Some((offset, record)) = self.records.get(self.at).copied() {
            let record_end = offset.saturating_add(record.stored_bytes.into());
            if offset >= end && record.stored_bytes != 0 {
                return;
            }
            let (from, to) = (offset.max(begin), record_end.min(end));
            match bytes.as_mut().map(|bytes| bytes.get_mut(place(from)..place(to)).unwrap_or_default()) {
                Some(whole) if from == offset && to == record_end => {
                    self.judge(record, whole);
                    continue;
                }
                Some(part) => self.stored.extend_from_slice(part),
                None => self.lost |= from < to,
            }
            if record_end > end {
                return;
            }
            let mut stored = std::mem::take(&mut self.stored);
            self.judge(record, &mut stored);
            self.stored = stored;
        }
    }

    fn judge(&mut self, record: &Record, stored: &mut [u8]) {
        let ordinal = u32::try_from(self.at).unwrap_or(u32::MAX);
        let judged = if self.lost { Err("a part of it cannot be read".to_owned()) } else { self.open(ordinal, record, stored) };
        match judged {
            Ok(()) => self.good_objects = self.good_objects.saturating_add(limits::to_u64(record.objects.len())),
            Err(reason) => {
                self.bad.insert(ordinal);
                self.reason.get_or_insert(format!("record {ordinal}: {reason}"));
            }
        }
        self.at += 1;
        self.stored.clear();
        self.lost = false;
    }

    fn open(&mut self, ordinal: u32, record: &Record, stored: &mut [u8]) -> Result<(), String> {
        let Some(seal) = self.seal else { return Ok(()) };
        if stored.len() != usize::try_from(record.stored_bytes).unwrap_or(usize::MAX) {
            return Err("the pack ends inside it".to_owned());
        }
        open_and_compare(seal, ordinal, record, stored, &mut self.raw, &mut self.decoder)
    }

    /// What was never reached lies after the end of the pack.
    fn finish(&mut self) {
        while let Some((_, record)) = self.records.get(self.at).copied() {
            self.lost = true;
            self.judge(record, &mut []);
        }
    }
}
