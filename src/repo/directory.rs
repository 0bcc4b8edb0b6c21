//! Owns reading what packs say of themselves, and gathering it with the index segments into one [`Index`].

use super::file::{FileState, read_file};
use super::index::Index;
use super::inventory::{Packs, Seen, list_folder};
use super::{Ledger, RepoError, Repository, cache};
use crate::crypto::CryptoError;
use crate::format::{
    Directory, FileKind, FormatError, HEADER_BYTES, Header, IndexSegment, IndexedPack, NameFolder, PackKind, PackName, RepositoryId,
    SealedFile, StoredFile, StoredName, TRAILER_BYTES, Trailer, limits,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Objects of segments that are gathered in memory before they go to the cache.
const BATCH_OBJECTS: usize = 100_000;

/// The index of a place, and what could not be read on the way.
#[derive(Debug, Clone, Default)]
pub struct LoadedIndex {
    /// What the segments and directories say.
    pub index: Arc<Index>,
    /// Segments that are not good.
    pub bad_segments: Vec<(StoredFile, FileState)>,
    /// Packs that no segment lists and whose directory cannot be read.
    pub bad_packs: Vec<(PackName, String)>,
}

impl Repository {
    /// Identifies this repository at this place, for the cache and the ledger.
    pub fn copy_identity(&self) -> [u8; 32] {
        cache::identity(self.id(), &self.store.place())
    }

    /// Gathers the given segments, from the cache where it has them.
    pub fn load_segments(&self, segments: &[StoredName]) -> Result<LoadedIndex, RepoError> {
        self.gather_segments(segments, &|_| false, &mut |_, _| {})
    }

    /// Gathers segments: those that the cache has only where `must_read` says so. `judged` is told how each one that was read stands.
    fn gather_segments(
        &self,
        segments: &[StoredName],
        must_read: &dyn Fn(StoredName) -> bool,
        judged: &mut dyn FnMut(StoredName, bool),
    ) -> Result<LoadedIndex, RepoError> {
        let identity = self.copy_identity();
        let cached = cache::load_index(&self.surroundings.local, &identity).unwrap_or_default();
        let known: BTreeSet<StoredName> = cached.segments().iter().copied().collect();
        let mut loaded = LoadedIndex::default();
        let (mut index, mut read, mut read_objects) = (cached, Vec::new(), 0_usize);
        for name in segments {
            if known.contains(name) && !must_read(*name) {
                continue;
            }
            match self.read_segment(*name)? {
                Ok(segment) => {
                    judged(*name, true);
                    if !known.contains(name) {
                        read_objects += segment.packs.iter().map(object_count).sum::<usize>();
                        read.push((*name, segment));
                    }
                    if read_objects >= BATCH_OBJECTS {
                        index = cache::store_index(&self.surroundings.local, &identity, index.extended(&read, &[]));
                        (read, read_objects) = (Vec::new(), 0);
                    }
                }
                Err(state) => {
                    judged(*name, false);
                    loaded.bad_segments.push((StoredFile::first(NameFolder::Index, *name), state));
                }
            }
        }
        if !read.is_empty() {
            index = cache::store_index(&self.surroundings.local, &identity, index.extended(&read, &[]));
        }
        loaded.index = Arc::new(index);
        Ok(loaded)
    }

    /// Gathers every segment that is here, and the directories of the packs in `packs` that none of them lists.
    pub fn load_index(&self, packs: &Packs) -> Result<LoadedIndex, RepoError> {
        self.load_index_with(packs, HeaderRule::Strict)
    }

    /// As [`Repository::load_index`], for who only reads: a pack whose header is wrong is damaged, and still gives every record that opens.
    pub(super) fn load_index_to_read(&self, packs: &Packs) -> Result<LoadedIndex, RepoError> {
        self.load_index_with(packs, HeaderRule::Salvage)
    }

    fn load_index_with(&self, packs: &Packs, rule: HeaderRule) -> Result<LoadedIndex, RepoError> {
        let names: Vec<StoredName> = list_folder(&*self.store, NameFolder::Index, false)?.into_keys().collect();
        let loaded = self.load_segments(&names)?;
        self.with_unlisted(loaded, packs, rule)
    }

    /// The same for a writer. A segment that the cache has is read again unless the ledger says that it is as it was:
    /// the cache tells what a segment once said, not that it is still good.
    pub(super) fn load_index_verified(&self, packs: &Packs, ledger: &mut Ledger) -> Result<LoadedIndex, RepoError> {
        let listed = list_folder(&*self.store, NameFolder::Index, false)?;
        let names: Vec<StoredName> = listed.keys().copied().collect();
        let mut read = Vec::new();
        let must_read =
            |name: StoredName| listed.get(&name).is_some_and(|(file, seen)| !seen.placeholder && !ledger.is_verified(&file.path(), *seen));
        let loaded = self.gather_segments(&names, &must_read, &mut |name, good| read.push((name, good)))?;
        for (name, good) in read {
            if let Some((file, seen)) = listed.get(&name) {
                ledger.read_file(&file.path(), *seen, good);
            }
        }
        self.with_unlisted(loaded, packs, HeaderRule::Strict)
    }

    /// Adds the directories of the packs in `packs` that no segment lists.
    fn with_unlisted(&self, mut loaded: LoadedIndex, packs: &Packs, rule: HeaderRule) -> Result<LoadedIndex, RepoError> {
        let (mut found, mut found_objects) = (Vec::new(), 0_usize);
        for (name, seen) in &packs.files {
            if loaded.index.position(*name).is_some() || seen.placeholder {
                continue;
            }
            match self.read_directory_by(*name, *seen, rule)? {
                Ok(pack) => {
                    found_objects += object_count(&pack);
                    found.push(pack);
                }
                Err(reason) => loaded.bad_packs.push((*name, reason)),
            }
            // What a stricter reader would refuse is not remembered.
            if found_objects >= BATCH_OBJECTS && rule == HeaderRule::Strict {
                let index = cache::store_index(&self.surroundings.local, &self.copy_identity(), loaded.index.extended(&[], &found));
                (loaded.index, found, found_objects) = (Arc::new(index), Vec::new(), 0);
            }
        }
        if !found.is_empty() {
            loaded.index = Arc::new(loaded.index.extended(&[], &found));
        }
        Ok(loaded)
    }

    /// Reads one index segment.
    pub fn read_segment(&self, name: StoredName) -> Result<Result<IndexSegment, FileState>, RepoError> {
        let file = StoredFile::first(NameFolder::Index, name);
        let bytes = match read_file(&*self.store, &file)? {
            FileState::Good(bytes) => bytes,
            state => return Ok(Err(state)),
        };
        let decoded = split_segment(&bytes, self.id())
            .map_err(CryptoError::from)
            .and_then(|split| self.sealing.as_ref().ok_or(CryptoError::WrongKey)?.open_file(&split))
            .and_then(|body| IndexSegment::decode(&body).map_err(CryptoError::from));
        Ok(decoded.map_err(|error| FileState::Damaged(error.to_string())))
    }

    /// Reads the directory that stands in a pack itself; of a meta pack from its second copy if need be. The error side is in words.
    pub fn read_directory(&self, name: PackName, seen: Seen) -> Result<Result<IndexedPack, String>, RepoError> {
        self.read_directory_by(name, seen, HeaderRule::Strict)
    }

    fn read_directory_by(&self, name: PackName, seen: Seen, rule: HeaderRule) -> Result<Result<IndexedPack, String>, RepoError> {
        let file = StoredFile::first(NameFolder::Packs, name);
        let taken = |read: OwnDirectory| match read.header_fault {
            Some(fault) if rule == HeaderRule::Strict => Err(fault),
            _ => Ok(read.pack),
        };
        let first = self.read_directory_at(&file, seen.length_bytes)?.and_then(taken);
        if first.is_ok() {
            return Ok(first);
        }
        let second = file.in_second();
        match self.store.stat(&second.path())? {
            None => Ok(first),
            Some(listed) => Ok(self.read_directory_at(&second, listed.length_bytes)?.and_then(taken)),
        }
    }

    /// Reads the directory of one copy of a pack. The error side is in words.
    pub(super) fn read_directory_at(&self, file: &StoredFile, length_bytes: u64) -> Result<Result<OwnDirectory, String>, RepoError> {
        let name = PackName::from(file.hash);
        let path = file.path();
        let mut newer = None;
        let mut parts = || -> Result<OwnDirectory, DirectoryError> {
            let mut header = [0; HEADER_BYTES];
            self.store.get_range(&path, 0, &mut header)?;
            let header = Header::decode(&header);
            newer = header.as_ref().err().filter(|error| error.is_too_new()).cloned();
            let trailer = read_trailer(self, &path, length_bytes)?;
            let kind = match trailer.kind {
                FileKind::DataPack => PackKind::Data,
                FileKind::MetaPack => PackKind::Meta,
                other => return Err(FormatError::WrongKind { expected: FileKind::DataPack, found: other }.into()),
            };
            limits::check_length("directory", trailer.sealed_bytes.into(), limits::DIRECTORY_BYTES_MAX)?;
            let sealing = self.sealing.as_ref().ok_or(CryptoError::WrongKey)?;
            let seal = sealing.create(trailer.kind, self.id(), trailer.salt)?;
            // A header that is wrong need not cost the records: the trailer repeats kind and salt, and the key gives the rest.
            let header_fault = match header {
                Ok(header) if header == *seal.header() => None,
                Ok(header) if header.repository != self.id() => Some(FormatError::WrongRepository.into()),
                Ok(header) if header.kind != trailer.kind || header.salt != trailer.salt => {
                    Some(FormatError::TrailerMismatch("kind or salt").into())
                }
                Ok(_) => Some(CryptoError::WrongKey),
                Err(error) => Some(error.into()),
            };
            let mut sealed = vec![0; usize::try_from(trailer.sealed_bytes).unwrap_or(0)];
            self.store.get_range(&path, trailer.sealed_offset, &mut sealed)?;
            let opened = match (seal.open_directory(&mut sealed), &header_fault) {
                (Ok(opened), _) => opened,
                // It is not only the header: a pack of another repository or another key says so there.
                (Err(_), Some(fault)) => return Err(fault.clone().into()),
                (Err(error), None) => return Err(error.into()),
            };
            let header_fault = header_fault.map(|fault| fault.to_string());
            let directory = Directory::decode(sealed.get(..opened).unwrap_or_default(), kind, trailer.sealed_offset)?;
            let pack = IndexedPack { name, length_bytes, kind, salt: trailer.salt, records_end: trailer.sealed_offset, directory };
            Ok(OwnDirectory { pack, header_fault })
        };
        match parts() {
            Ok(read) => Ok(Ok(read)),
            // The header alone says that a newer version made the file: nothing else that is odd about it can be judged.
            Err(DirectoryError::Crypto(error)) => Ok(Err(newer.map_or(error.to_string(), |newer| newer.to_string()))),
            Err(DirectoryError::Store(error)) if error.is_of_one_file() || error.code() == "not-found" => Ok(Err(error.to_string())),
            Err(DirectoryError::Store(error)) => Err(error.into()),
        }
    }

    /// Reads the trailers of packs, given with their listed lengths, and returns those that are whole.
    pub fn with_whole_trailers(&self, packs: &[(StoredFile, u64)]) -> Result<BTreeSet<StoredFile>, RepoError> {
        let mut whole = BTreeSet::new();
        for (file, length_bytes) in packs {
            match read_trailer(self, &file.path(), *length_bytes) {
                Ok(trailer) if NameFolder::Packs.kinds().contains(&trailer.kind) => _ = whole.insert(*file),
                Ok(_) | Err(DirectoryError::Crypto(_)) => {}
                Err(DirectoryError::Store(error)) if error.is_damage_candidate() || error.code() == "not-found" => {}
                Err(DirectoryError::Store(error)) => return Err(error.into()),
            }
        }
        Ok(whole)
    }
}

/// What a pack says of itself.
pub(super) struct OwnDirectory {
    pub(super) pack: IndexedPack,
    /// The header is not, byte for byte, the one that kind, salt and key make: the pack is damaged, whatever opens.
    pub(super) header_fault: Option<String>,
}

/// What a wrong header costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeaderRule {
    /// The pack: nobody relies on one that is known to be damaged.
    Strict,
    /// Nothing, as long as records open.
    Salvage,
}

fn object_count(pack: &IndexedPack) -> usize {
    pack.directory.records.iter().map(|record| record.objects.len()).sum()
}

/// Takes good bytes of an index segment apart. It has no public part.
pub(super) fn split_segment(bytes: &[u8], repository: RepositoryId) -> Result<SealedFile<'_>, FormatError> {
    let split = SealedFile::split(bytes, FileKind::Index, repository)?;
    if split.public.is_empty() { Ok(split) } else { Err(FormatError::Tail { what: "index segment's header" }) }
}

enum DirectoryError {
    Store(crate::store::StoreError),
    Crypto(CryptoError),
}

impl From<crate::store::StoreError> for DirectoryError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CryptoError> for DirectoryError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl From<FormatError> for DirectoryError {
    fn from(error: FormatError) -> Self {
        Self::Crypto(error.into())
    }
}

fn read_trailer(repository: &Repository, path: &str, length_bytes: u64) -> Result<Trailer, DirectoryError> {
    limits::check_length("length of a pack", length_bytes, limits::PACK_BYTES_MAX)?;
    let offset = length_bytes.checked_sub(limits::to_u64(TRAILER_BYTES)).ok_or(FormatError::Short { length_bytes })?;
    let mut last = [0; TRAILER_BYTES];
    repository.store.get_range(path, offset, &mut last)?;
    Ok(Trailer::decode(&last, length_bytes)?)
}
