//! Owns reading objects: where the index says that they lie, else wherever they can be found; each verified against its id.
//!
//! Meta packs stand twice: a record that is bad in the first place is read from the second, and that is said.

use super::file::FileState;
use super::index::{Found, Index, PackFacts};
use super::inventory::Packs;
use super::record::Decoder;
use super::{Ledger, PackTail, RepoError, Repository};
use crate::crypto::FileSeal;
use crate::format::{NameFolder, ObjectId, ObjectKind, PackKind, PackName, StoredFile, StoredName};
use crate::store::StoreError;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

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
    from_second: Mutex<BTreeMap<PackName, FileState>>,
    damaged: Mutex<BTreeSet<PackName>>,
    /// Those of them that are whole by length and that this user may read: their bytes are wrong.
    proved: Mutex<BTreeSet<PackName>>,
    /// A pack that is whole by length, in no segment, and whose own directory cannot be read; with the reason.
    unreadable: Mutex<Option<(PackName, String)>>,
    bad_segments: Vec<(StoredFile, FileState)>,
    /// What this machine saw on this copy; read when something is missing.
    ledger: OnceLock<Ledger>,
}

/// Why one copy of a record cannot be had.
enum Bad {
    /// Its pack is not there.
    Absent,
    /// This user may not read its pack.
    Denied(String),
    /// What is wrong with it.
    Wrong(String),
}

thread_local! {
    static DECODER: RefCell<Decoder> = RefCell::new(Decoder::new());
}

impl<'r> ObjectReader<'r> {
    /// Reads by the segments that a manifest names.
    pub fn with_segments(repository: &'r Repository, segments: &[StoredName]) -> Result<Self, RepoError> {
        let loaded = repository.load_segments(segments)?;
        Ok(Self { bad_segments: loaded.bad_segments, ..Self::with_index(repository, loaded.index, Scope::Given) })
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
            proved: Mutex::default(),
            unreadable: Mutex::default(),
            bad_segments: Vec::new(),
            ledger: OnceLock::new(),
        }
    }

    /// The segments that were asked for and are not good.
    pub fn bad_segments(&self) -> &[(StoredFile, FileState)] {
        &self.bad_segments
    }

    /// Whether the segments that were asked for were not enough to find everything.
    pub fn is_widened(&self) -> bool {
        self.index.read().unwrap_or_else(PoisonError::into_inner).1 == Scope::Everything
    }

    /// Meta packs whose second copy had to be read, and how the first one stands.
    pub fn read_from_second(&self) -> BTreeMap<PackName, FileState> {
        self.from_second.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Packs that have a record which was wrong in every copy, read twice.
    pub fn damaged_packs(&self) -> BTreeSet<PackName> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes in the ledger which packs have wrong bytes, so that nobody relies on them who comes next.
    ///
    /// Errors: the place is gone. Then everything reads wrong, and nothing is noted.
    pub fn note_damage(&self) -> Result<(), RepoError> {
        let proved = self.proved.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if proved.is_empty() {
            return Ok(());
        }
        let (local, identity) = (&self.repository.surroundings.local, self.repository.copy_identity());
        let mut ledger = Ledger::load(local, &identity);
        self.repository.note_damaged(&proved, &mut ledger)?;
        ledger.store(local, &identity);
        Ok(())
    }

    /// The index that it reads by now.
    pub fn index(&self) -> Arc<Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Where an object lies first, to read many in the order of the drive: a number of the pack, and the offset in it, in bytes.
    pub fn locate(&self, id: ObjectId) -> Option<(u32, u64)> {
        self.index().find(id).map(|found| (found.pack, found.place.record_offset)).next()
    }

    /// Reads an object and verifies it against its id.
    ///
    /// Errors: [`RepoError::ObjectMissing`] if no pack that is here lists it, or only such as are absent or short and were never seen
    /// whole here; [`RepoError::ObjectDamaged`] if its bytes are wrong in every place, read twice, or gone since they were seen here,
    /// or the packs that hold it may not be read. Cost: one range request, unless its record was read lately.
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
            if index.is_damaged() {
                return Err(RepoError::CacheDamaged);
            }
            if scope == Scope::Everything {
                return Err(worst.unwrap_or_else(|| self.nowhere(id)));
            }
            self.widen()?;
        }
    }

    /// The repository that it reads.
    pub(super) fn repository(&self) -> &'r Repository {
        self.repository
    }

    /// Goes on to every segment and every pack that is here, second copies of meta packs included.
    pub(super) fn widen(&self) -> Result<(), RepoError> {
        let mut held = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if held.1 == Scope::Everything {
            return Ok(());
        }
        match self.packs_here() {
            Ok(packs) => {
                let loaded = self.repository.load_index_to_read(&packs)?;
                for (name, reason) in loaded.bad_packs {
                    let first = StoredFile::first(NameFolder::Packs, name);
                    if self.how_short(&[first, first.in_second()])?.is_none() {
                        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert((name, reason));
                    }
                }
                *held = (loaded.index, Scope::Everything);
            }
            // A folder that cannot be listed takes nothing from what is known already.
            Err(RepoError::Store(error)) if error.is_of_one_file() => held.1 = Scope::Everything,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// An object that nothing lists: missing, unless it may lie in a pack that is here and does not say any more what it holds.
    pub(super) fn nowhere(&self, id: ObjectId) -> RepoError {
        if self.index().is_damaged() {
            return RepoError::CacheDamaged;
        }
        match self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            None => RepoError::ObjectMissing { id },
            Some((pack, reason)) => {
                let reason = format!("it may lie there, and the pack's directory cannot be read: {reason}");
                RepoError::ObjectDamaged { id, pack, reason, denied: false }
            }
        }
    }

    fn packs_here(&self) -> Result<Packs, RepoError> {
        let mut packs = Packs::list(&*self.repository.store)?;
        for (name, (_, seen)) in super::inventory::list_folder(&*self.repository.store, NameFolder::Packs, true)? {
            packs.files.entry(name.into()).or_insert(seen);
        }
        Ok(packs)
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
        let mut first_copy = FileState::Absent;
        for copy in copies {
            for _ in 0..2 {
                match self.read_record(pack.kind, pack.salt, &copy.path(), found)? {
                    Ok(record) => match slice(Arc::new(record), found) {
                        Some(bytes) => {
                            if copy.second {
                                self.from_second.lock().unwrap_or_else(PoisonError::into_inner).insert(pack.name, first_copy.clone());
                            }
                            self.keep(key, &bytes.record);
                            return Ok(Ok(bytes));
                        }
                        None => {
                            let reason = "its bytes do not hash to its id".to_owned();
                            last = RepoError::ObjectDamaged { id: place.id, pack: pack.name, reason, denied: false };
                        }
                    },
                    Err(Bad::Absent) => break,
                    Err(Bad::Denied(reason)) => {
                        last = RepoError::ObjectDamaged { id: place.id, pack: pack.name, reason, denied: true };
                        break;
                    }
                    Err(Bad::Wrong(reason)) => {
                        // The header was made anew by what version 1 says: of a later version another may stand there.
                        let newer = self.repository.newer_header(copy);
                        let reason = newer.map_or(reason.clone(), |newer| format!("{reason}; {newer}"));
                        last = RepoError::ObjectDamaged { id: place.id, pack: pack.name, reason, denied: false };
                    }
                }
            }
            if let (false, RepoError::ObjectDamaged { reason, .. }) = (copy.second, &last) {
                first_copy = FileState::Damaged(reason.clone());
            }
        }
        self.lacking(pack, copies, last).map(Err)
    }

    /// What it means that no copy of a pack gave an object: `last` says how the last one failed.
    fn lacking(&self, pack: &PackFacts, copies: &[StoredFile], last: RepoError) -> Result<RepoError, RepoError> {
        let (id, how) = match &last {
            RepoError::ObjectDamaged { id, denied, .. } => {
                self.damaged.lock().unwrap_or_else(PoisonError::into_inner).insert(pack.name);
                let how = if *denied { None } else { self.how_short(copies)? };
                if !denied && how.is_none() {
                    self.proved.lock().unwrap_or_else(PoisonError::into_inner).insert(pack.name);
                }
                (*id, how)
            }
            RepoError::ObjectMissing { id } => (*id, Some("gone")),
            _ => return Ok(last),
        };
        Ok(match how {
            None => last,
            Some(how) if self.was_here(pack) => {
                let reason = format!("it was whole here once and is {how} now");
                RepoError::ObjectDamaged { id, pack: pack.name, reason, denied: false }
            }
            Some(_) => RepoError::ObjectMissing { id },
        })
    }

    /// Whether a pack in which something was wrong is just not whole: short or absent in every copy. `None`: it is not.
    fn how_short(&self, copies: &[StoredFile]) -> Result<Option<&'static str>, RepoError> {
        for copy in copies {
            if let Some(listed) = self.repository.store.stat(&copy.path())?
                && !matches!(self.repository.pack_tail(copy, listed.length_bytes)?, PackTail::Short | PackTail::Absent)
            {
                return Ok(None);
            }
        }
        Ok(Some("short"))
    }

    /// Whether this machine saw a pack whole on this copy.
    pub(super) fn was_here(&self, pack: &PackFacts) -> bool {
        self.ledger().packs.contains_key(&pack.name)
    }

    pub(super) fn ledger(&self) -> &Ledger {
        self.ledger.get_or_init(|| Ledger::load(&self.repository.surroundings.local, &self.repository.copy_identity()))
    }

    /// Reads, opens and decodes one record. The outer error is the place being gone.
    fn read_record(&self, kind: PackKind, salt: [u8; 32], path: &str, found: &Found) -> Result<Result<Vec<u8>, Bad>, RepoError> {
        let place = &found.place;
        let wrong = |reason: String| Ok(Err(Bad::Wrong(reason)));
        let (Some(room), Ok(stored_bytes)) = (Decoder::room(place.raw_bytes), usize::try_from(place.stored_bytes)) else {
            return wrong("the record is longer than any may be".to_owned());
        };
        let mut stored = vec![0; stored_bytes];
        match self.repository.store.get_range(path, place.record_offset, &mut stored) {
            Ok(()) => {}
            Err(StoreError::NotFound { .. }) => return Ok(Err(Bad::Absent)),
            Err(error @ StoreError::Denied { .. }) => return Ok(Err(Bad::Denied(error.to_string()))),
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

/// Damaged says more than denied, and that more than missing.
pub(super) fn worse(one: Option<RepoError>, other: RepoError) -> RepoError {
    match one {
        Some(RepoError::ObjectDamaged { denied: true, .. }) if matches!(other, RepoError::ObjectDamaged { denied: false, .. }) => other,
        Some(damaged @ RepoError::ObjectDamaged { .. }) => damaged,
        _ => other,
    }
}
