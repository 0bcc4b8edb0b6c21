//! Owns reading objects: where the index says that they lie, else wherever they can be found; each verified against its id.
//!
//! Meta packs stand twice: a record that is bad in the first place is read from the second, and that is said.

use super::index::{Found, Index};
use super::inventory::Packs;
use super::record::Decoder;
use super::{RepoError, Repository};
use crate::crypto::FileSeal;
use crate::format::{NameFolder, ObjectId, ObjectKind, PackKind, PackName, StoredFile, StoredName};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Decoded records that are kept, in bytes: groups of small files and tree pages are asked for again and again.
const KEPT_BYTES_MAX: usize = 24 << 20;
/// Longer records hold one chunk and are not kept.
const KEPT_RECORD_BYTES_MAX: usize = 1 << 20;

/// The bytes of an object, verified.
#[derive(Debug, Clone)]
pub struct ObjectBytes {
    record: Arc<Vec<u8>>,
    begin: usize,
    length: usize,
}

impl std::ops::Deref for ObjectBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.record.get(self.begin..self.begin.saturating_add(self.length)).unwrap_or_default()
    }
}

/// How far the search for an object has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// The segments that were asked for.
    Given,
    /// Every segment and every pack that is here.
    Everything,
}

#[derive(Debug, Default)]
struct Kept {
    records: HashMap<(PackName, u32), Arc<Vec<u8>>>,
    order: VecDeque<(PackName, u32)>,
    bytes: usize,
}

/// Reads objects of one repository. Shared by threads.
#[derive(Debug)]
pub struct ObjectReader<'r> {
    repository: &'r Repository,
    index: RwLock<(Arc<Index>, Scope)>,
    kept: Mutex<Kept>,
    from_second: Mutex<BTreeSet<PackName>>,
    damaged: Mutex<BTreeSet<PackName>>,
}

thread_local! {
    static DECODER: RefCell<Decoder> = RefCell::new(Decoder::new());
}

impl<'r> ObjectReader<'r> {
    /// Reads by the segments that a manifest names.
    pub fn with_segments(repository: &'r Repository, segments: &[StoredName]) -> Result<Self, RepoError> {
        let loaded = repository.load_segments(segments)?;
        Ok(Self::with_index(repository, loaded.index, Scope::Given))
    }

    /// Reads by an index of everything that is here.
    pub fn with_whole_index(repository: &'r Repository, index: Arc<Index>) -> Self {
        Self::with_index(repository, index, Scope::Everything)
    }

    fn with_index(repository: &'r Repository, index: Arc<Index>, scope: Scope) -> Self {
        Self {
            repository,
            index: RwLock::new((index, scope)),
            kept: Mutex::default(),
            from_second: Mutex::default(),
            damaged: Mutex::default(),
        }
    }

    /// Meta packs whose second copy had to be read.
    pub fn read_from_second(&self) -> BTreeSet<PackName> {
        self.from_second.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Packs a record of which was wrong in every copy, read twice.
    pub fn damaged_packs(&self) -> BTreeSet<PackName> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The index that it reads by now.
    pub fn index(&self) -> Arc<Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Where an object lies first: to read many in the order of the drive.
    pub fn locate(&self, id: ObjectId) -> Option<(PackName, u64)> {
        let index = self.index();
        index.find(id).find_map(|found| Some((index.pack(found.pack)?.name, found.place.record_offset)))
    }

    /// Reads an object and verifies it against its id.
    ///
    /// Errors: [`RepoError::ObjectMissing`] if no pack that is here lists it; [`RepoError::ObjectDamaged`] if its bytes are wrong
    /// in every place, read twice. Cost: one range request, unless its record was read lately.
    pub fn load(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectBytes, RepoError> {
        let mut worst = None;
        loop {
            let (index, scope) = self.index.read().unwrap_or_else(PoisonError::into_inner).clone();
            for found in index.find(id).filter(|found| found.place.kind == kind) {
                match self.load_found(&index, &found)? {
                    Ok(bytes) => return Ok(bytes),
                    Err(error) => worst = Some(worse(worst.take(), error)),
                }
            }
            if scope == Scope::Everything {
                return Err(worst.unwrap_or(RepoError::ObjectMissing { id }));
            }
            self.widen()?;
        }
    }

    /// Goes on to every segment and every pack that is here, second copies of meta packs included.
    fn widen(&self) -> Result<(), RepoError> {
        let mut held = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if held.1 == Scope::Everything {
            return Ok(());
        }
        let mut packs = Packs::list(&*self.repository.store)?;
        for (name, (_, seen)) in super::inventory::list_folder(&*self.repository.store, NameFolder::Packs, true)? {
            packs.files.entry(name.into()).or_insert(seen);
        }
        *held = (self.repository.load_index(&packs)?.index, Scope::Everything);
        Ok(())
    }

    /// Tries the copies of one place. The outer error is the place being gone.
    fn load_found(&self, index: &Index, found: &Found) -> Result<Result<ObjectBytes, RepoError>, RepoError> {
        let place = &found.place;
        let Some(pack) = index.pack(found.pack) else { return Ok(Err(RepoError::ObjectMissing { id: place.id })) };
        let key = (pack.name, place.ordinal);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).records.get(&key).cloned();
        if let Some(record) = kept
            && let Some(bytes) = slice(record, found)
        {
            return Ok(Ok(bytes));
        }
        let first = StoredFile::first(NameFolder::Packs, pack.name);
        let copies: &[StoredFile] = if pack.kind == PackKind::Meta { &[first, first.in_second()] } else { &[first] };
        let mut last = RepoError::ObjectMissing { id: place.id };
        for copy in copies {
            for _ in 0..2 {
                match self.read_record(pack.kind, pack.salt, &copy.path(), found)? {
                    Ok(record) => match slice(Arc::new(record), found) {
                        Some(bytes) => {
                            if copy.second {
                                self.from_second.lock().unwrap_or_else(PoisonError::into_inner).insert(pack.name);
                            }
                            self.keep(key, &bytes.record);
                            return Ok(Ok(bytes));
                        }
                        None => {
                            last = RepoError::ObjectDamaged {
                                id: place.id,
                                pack: pack.name,
                                reason: "its bytes do not hash to its id".to_owned(),
                            }
                        }
                    },
                    Err(None) => break,
                    Err(Some(reason)) => last = RepoError::ObjectDamaged { id: place.id, pack: pack.name, reason },
                }
            }
        }
        if matches!(last, RepoError::ObjectDamaged { .. }) {
            self.damaged.lock().unwrap_or_else(PoisonError::into_inner).insert(pack.name);
        }
        Ok(Err(last))
    }

    /// Reads, opens and decodes one record. The inner error: `None` if the pack is absent, else what is wrong.
    fn read_record(&self, kind: PackKind, salt: [u8; 32], path: &str, found: &Found) -> Result<Result<Vec<u8>, Option<String>>, RepoError> {
        let place = &found.place;
        let wrong = |reason: String| Ok(Err(Some(reason)));
        let (Some(room), Ok(stored_bytes)) = (Decoder::room(place.raw_bytes), usize::try_from(place.stored_bytes)) else {
            return wrong("the record is longer than any may be".to_owned());
        };
        let mut stored = vec![0; stored_bytes];
        match self.repository.store.get_range(path, place.record_offset, &mut stored) {
            Ok(()) => {}
            Err(error) if error.code() == "not-found" => return Ok(Err(None)),
            Err(error) if error.is_damage_candidate() => return wrong(error.to_string()),
            Err(error) => return Err(error.into()),
        }
        let seal = self.seal(kind, salt)?;
        let opened = match seal.open_record(place.ordinal, &mut stored) {
            Ok(length) => length,
            Err(error) => return wrong(error.to_string()),
        };
        let mut raw = vec![0; room];
        let packed = stored.get(..opened).unwrap_or_default();
        match DECODER.with_borrow_mut(|decoder| decoder.decode(place.codec, packed, &mut raw)) {
            Ok(()) => Ok(Ok(raw)),
            Err(reason) => wrong(reason),
        }
    }

    fn seal(&self, kind: PackKind, salt: [u8; 32]) -> Result<FileSeal, RepoError> {
        self.repository.sealing()?.create(kind.file_kind(), self.repository.id(), salt).map_err(RepoError::of_file("a pack"))
    }

    fn keep(&self, key: (PackName, u32), record: &Arc<Vec<u8>>) {
        if record.len() > KEPT_RECORD_BYTES_MAX {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.records.insert(key, record.clone()).is_none() {
            kept.order.push_back(key);
            kept.bytes += record.len();
        }
        while kept.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = kept.order.pop_front() else { break };
            kept.bytes -= kept.records.remove(&oldest).map_or(0, |record| record.len());
        }
    }
}

/// The object within its record, if it hashes to its id.
fn slice(record: Arc<Vec<u8>>, found: &Found) -> Option<ObjectBytes> {
    let begin = usize::try_from(found.place.object_offset).ok()?;
    let length = usize::try_from(found.place.object_bytes).ok()?;
    let raw = record.get(begin..begin.checked_add(length)?)?;
    (found.place.kind.id_of(raw) == found.place.id).then_some(ObjectBytes { record, begin, length })
}

/// Damaged says more than missing.
fn worse(one: Option<RepoError>, other: RepoError) -> RepoError {
    match one {
        Some(damaged @ RepoError::ObjectDamaged { .. }) => damaged,
        _ => other,
    }
}
