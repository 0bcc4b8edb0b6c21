//! Owns lists of needed packs: reading them from a manifest, making the next one from the last. Implements `format-spec/needs.md`.

use super::file::{FileState, read_either, read_file};
use super::heal::{Outcome, put_or_replace};
use super::inventory::{Seen, list_folder};
use super::repository::put_twice;
use super::{Ledger, Manifest, Publication, RepoError, Repository};
use crate::format::{
    FileKind, FormatError, Header, NameFolder, NeededPack, Needs, NeedsPage, PackName, RepositoryId, SealedFile, StoredFile, StoredName,
    canonical_pages, limits,
};
use std::collections::BTreeSet;

/// What a manifest's list of packs came to.
#[derive(Debug, Clone, Default)]
pub struct ReadNeeds {
    /// The packs that could be learned.
    pub packs: BTreeSet<NeededPack>,
    /// Those that stand in pages.
    pub folded: BTreeSet<NeededPack>,
    /// Pages that are good in their second place alone, and how the first copy stands.
    pub from_second: Vec<(StoredName, FileState)>,
    /// Pages that are good in neither place: what is needed is not known in full.
    pub lost: Vec<(StoredName, FileState)>,
    /// Pages that are not sorted one after another, or a pack that stands in a page and in the tail.
    pub out_of_order: bool,
}

impl ReadNeeds {
    /// Whether count and bytes are those that the manifest states, and each pack stands once and in its place.
    pub fn agrees_with(&self, needs: &Needs) -> bool {
        let bytes = self.packs.iter().map(|pack| pack.length_bytes).fold(0, u64::saturating_add);
        !self.out_of_order && limits::to_u64(self.packs.len()) == needs.pack_count && bytes == needs.pack_bytes
    }
}

/// Encodes a needs page as a file.
pub(super) fn page_file(repository: &Repository, packs: &[NeededPack]) -> (StoredFile, Vec<u8>) {
    let header = Header::public(FileKind::NeedsPage, repository.id());
    let mut covered = header.encode().to_vec();
    covered.extend_from_slice(&NeedsPage { packs: packs.to_vec() }.encode());
    let bytes = SealedFile::join(&header, &covered, &[]);
    (StoredFile::first(NameFolder::Needs, StoredName(*blake3::hash(&bytes).as_bytes())), bytes)
}

/// Decodes good bytes of a needs page. It has no sealed body.
pub(super) fn decode_page(bytes: &[u8], repository: RepositoryId) -> Result<NeedsPage, FormatError> {
    let split = SealedFile::split(bytes, FileKind::NeedsPage, repository)?;
    if split.sealed.is_empty() { NeedsPage::decode(split.public) } else { Err(FormatError::Tail { what: "needs page" }) }
}

impl Repository {
    /// Reads one needs page; from its second copy if the first is not good. The error side says how the copies stand.
    pub fn read_needs_page(&self, name: StoredName) -> Result<Result<(NeedsPage, Option<FileState>), FileState>, RepoError> {
        let file = StoredFile::first(NameFolder::Needs, name);
        let read = match read_either(&*self.store, &file)? {
            Ok(read) => read,
            Err((first, _)) => return Ok(Err(first)),
        };
        let decoded = decode_page(&read.bytes, self.id());
        Ok(decoded.map(|page| (page, read.first_copy)).map_err(|error| FileState::Damaged(error.to_string())))
    }

    /// Reads all that a manifest needs.
    pub fn read_needs(&self, needs: &Needs) -> Result<ReadNeeds, RepoError> {
        let mut read = ReadNeeds { packs: needs.tail.iter().copied().collect(), ..ReadNeeds::default() };
        let mut last: Option<PackName> = None;
        for name in &needs.pages {
            match self.read_needs_page(*name)? {
                Ok((page, from_second)) => {
                    let first = page.packs.first().map(|pack| pack.name);
                    read.out_of_order |= last.is_some_and(|last| first.is_none_or(|first| first <= last));
                    last = page.packs.last().map(|pack| pack.name);
                    read.folded.extend(page.packs.iter().copied());
                    if let Some(first_copy) = from_second {
                        read.from_second.push((*name, first_copy));
                    }
                }
                Err(state) => read.lost.push((*name, state)),
            }
        }
        let folded: BTreeSet<PackName> = read.folded.iter().map(|pack| pack.name).collect();
        read.out_of_order |= needs.tail.iter().any(|pack| folded.contains(&pack.name));
        read.packs.extend(read.folded.iter().copied());
        Ok(read)
    }

    /// Makes the list of a new manifest from what it needs and what its predecessor folded, and writes each page that is not whole in both places.
    pub(super) fn write_needs(
        &self,
        publication: &Publication<'_>,
        previous: Option<&Manifest>,
        ledger: &mut Ledger,
        written_bytes: &mut u64,
    ) -> Result<Needs, RepoError> {
        let needed = &publication.needed;
        let mut folded = match previous {
            Some(manifest) => self.folded_before(manifest, publication)?,
            None => BTreeSet::new(),
        };
        folded.retain(|pack| needed.contains(pack));
        let mut tail: Vec<NeededPack> = needed.difference(&folded).copied().collect();
        if tail.len() > limits::NEEDS_TAIL_MAX {
            folded = needed.clone();
            tail.clear();
        }
        let folded: Vec<NeededPack> = folded.into_iter().collect();
        let mut pages = Vec::new();
        let listed = [list_folder(&*self.store, NameFolder::Needs, true)?, list_folder(&*self.store, NameFolder::Needs, false)?];
        for page in canonical_pages(&folded) {
            let (file, bytes) = page_file(self, page);
            for (copy, listed) in [file.in_second(), file].into_iter().zip(&listed) {
                let seen = listed.get(&file.hash).map(|(_, seen)| *seen);
                if !self.is_whole_page(&copy, seen, ledger)? && put_or_replace(&*self.store, &copy.path(), &bytes)? == Outcome::Written {
                    *written_bytes += limits::to_u64(bytes.len());
                }
            }
            pages.push(file.hash);
        }
        let pack_bytes = needed.iter().map(|pack| pack.length_bytes).fold(0, u64::saturating_add);
        Ok(Needs { pages, tail, pack_count: limits::to_u64(needed.len()), pack_bytes })
    }

    /// Cuts a folded set into pages and writes, twice, those whose names are in `lost`, which then leave it. Returns the first copies' paths.
    pub fn write_pages_named(&self, folded: &BTreeSet<NeededPack>, lost: &mut BTreeSet<StoredName>) -> Result<Vec<String>, RepoError> {
        let folded: Vec<NeededPack> = folded.iter().copied().collect();
        let mut written = Vec::new();
        for page in canonical_pages(&folded) {
            let (file, bytes) = page_file(self, page);
            if lost.remove(&file.hash) {
                put_twice(&*self.store, &file, &bytes)?;
                written.push(file.path());
            }
        }
        Ok(written)
    }

    /// What the last manifest folded. Where a page of it is lost, what its tail does not name and this run did not write is taken to have
    /// stood there: if nothing left the set meanwhile, the lost pages come out as they were.
    fn folded_before(&self, manifest: &Manifest, publication: &Publication<'_>) -> Result<BTreeSet<NeededPack>, RepoError> {
        let needs = &manifest.public.needs;
        let mut read = self.read_needs(needs)?;
        if !read.lost.is_empty() {
            let new: BTreeSet<_> = publication.new_packs.iter().map(|pack| pack.name).collect();
            let others = publication.needed.iter().filter(|pack| !needs.tail.contains(pack) && !new.contains(&pack.name));
            read.folded.extend(others);
        }
        Ok(read.folded)
    }

    /// Whether one copy of a page is as it should be: known to be so, or read now.
    fn is_whole_page(&self, file: &StoredFile, seen: Option<Seen>, ledger: &mut Ledger) -> Result<bool, RepoError> {
        let Some(seen) = seen else { return Ok(false) };
        // A placeholder can only be judged by downloading it.
        if seen.placeholder || ledger.is_verified(&file.path(), seen) {
            return Ok(true);
        }
        let good = matches!(read_file(&*self.store, file)?, FileState::Good(_));
        ledger.read_file(&file.path(), seen, good);
        Ok(good)
    }
}
