//! Owns reading a whole pack back: every byte against its name, every record opened, every object against its id.
//!
//! Packs are read in order in blocks of 4 MiB, with one record in memory at a time. What does not agree is read a second time, in
//! smaller reads, before it counts: a bad sector then costs the record that it lies in and no other.

use super::record::Decoder;
use super::{RepoError, Repository};
use crate::crypto::FileSeal;
use crate::format::{IndexedPack, NameFolder, PackName, Record, StoredFile, limits};
use crate::progress::Observer;
use crate::store::StoreError;
use std::collections::BTreeSet;

/// Bytes of one read.
const BLOCK_BYTES: u64 = 4 << 20;

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
        for (begin, end) in reads(length_bytes, pack.as_ref().filter(|_| careful)) {
            if observer.interrupted() {
                return Err(RepoError::Interrupted);
            }
            let mut block = vec![0; usize::try_from(end.saturating_sub(begin)).unwrap_or(0)];
            match self.store.get_range(&file.path(), begin, &mut block) {
                Ok(()) => {
                    hasher.update(&block);
                    records.feed(begin, Some(&block), end);
                    verdict.bytes_read = verdict.bytes_read.saturating_add(end.saturating_sub(begin));
                    observer.advance(0, end.saturating_sub(begin));
                }
                Err(error) if error.code() == "not-found" => return Ok(PackVerdict { absent: true, ..verdict }),
                Err(error) if error.is_of_one_file() => {
                    verdict.denied |= matches!(error, StoreError::Denied { .. });
                    verdict.read_error.get_or_insert_with(|| error.to_string());
                    records.feed(begin, None, end);
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

    /// The directory of one pack as an index segment has it.
    pub fn directory_in_segment(&self, segment: crate::format::StoredName, pack: PackName) -> Option<IndexedPack> {
        let file = StoredFile::first(NameFolder::Index, segment);
        let super::FileState::Good(bytes) = super::read_file(&*self.store, &file).ok()? else { return None };
        self.decode_segment(&bytes).ok()?.packs.into_iter().find(|indexed| indexed.name == pack)
    }
}

/// The ranges to read: blocks; or, going by a directory, the pieces that it names, none longer than a block.
fn reads(length_bytes: u64, by_record: Option<&IndexedPack>) -> Vec<(u64, u64)> {
    let mut edges = vec![0];
    if let Some(pack) = by_record {
        let records = pack.directory.record_offsets().map(|(offset, _)| offset).chain([pack.records_end]);
        edges.extend(records.filter(|offset| *offset < length_bytes));
    }
    edges.push(length_bytes);
    edges.dedup();
    let mut ranges = Vec::new();
    for pair in edges.windows(2) {
        let [begin, end] = pair else { continue };
        let mut at = *begin;
        while at < *end {
            let to = at.saturating_add(BLOCK_BYTES).min(*end);
            ranges.push((at, to));
            at = to;
        }
    }
    ranges
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

    /// Takes the bytes from `begin` to `end`; `None` if they could not be read.
    fn feed(&mut self, begin: u64, bytes: Option<&[u8]>, end: u64) {
        while let Some((offset, record)) = self.records.get(self.at).copied() {
            let record_end = offset.saturating_add(record.stored_bytes.into());
            if offset >= end && record.stored_bytes != 0 {
                return;
            }
            let (from, to) = (offset.max(begin), record_end.min(end));
            match bytes {
                Some(bytes) => {
                    let place = |at: u64| usize::try_from(at.saturating_sub(begin)).unwrap_or(usize::MAX);
                    self.stored.extend_from_slice(bytes.get(place(from)..place(to)).unwrap_or_default());
                }
                None => self.lost |= from < to,
            }
            if record_end > end {
                return;
            }
            self.judge(record);
        }
    }

    fn judge(&mut self, record: &Record) {
        let ordinal = u32::try_from(self.at).unwrap_or(u32::MAX);
        let judged = if self.lost { Err("a part of it cannot be read".to_owned()) } else { self.open(ordinal, record) };
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

    fn open(&mut self, ordinal: u32, record: &Record) -> Result<(), String> {
        let Some(seal) = self.seal else { return Ok(()) };
        if self.stored.len() != usize::try_from(record.stored_bytes).unwrap_or(usize::MAX) {
            return Err("the pack ends inside it".to_owned());
        }
        let opened = seal.open_record(ordinal, &mut self.stored).map_err(|error| error.to_string())?;
        let packed = self.stored.get(..opened).unwrap_or_default();
        if record.objects.is_empty() {
            let zeros = packed.iter().all(|byte| *byte == 0) && usize::try_from(record.raw_bytes) == Ok(opened);
            return if zeros { Ok(()) } else { Err("its padding is not zeros".to_owned()) };
        }
        let room = Decoder::room(record.raw_bytes).ok_or("the record is longer than any may be")?;
        self.raw.clear();
        self.raw.resize(room, 0);
        self.decoder.decode(record.codec, packed, &mut self.raw)?;
        let mut rest = self.raw.as_slice();
        for object in &record.objects {
            let length = usize::try_from(object.length_bytes).unwrap_or(usize::MAX);
            let (raw, after) = rest.split_at_checked(length).ok_or("its objects are longer than it is")?;
            if object.kind.id_of(raw) != object.id {
                return Err(format!("object {} does not hash to its id", object.id.short()));
            }
            rest = after;
        }
        Ok(())
    }

    /// What was never reached lies after the end of the pack.
    fn finish(&mut self) {
        while let Some((_, record)) = self.records.get(self.at).copied() {
            self.lost = true;
            self.judge(record);
        }
    }
}
