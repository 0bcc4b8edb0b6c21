//! Owns manifests: which there are, reading one, which is the newest of each source. Implements `format-spec/manifest.md`.

use super::file::{FileState, read_either, read_file};
use super::inventory::{Files, Seen, list_folder};
use super::notices::Notices;
use super::{Credentials, RepoError, Repository};
use crate::crypto::{CryptoError, MasterKey, Sealing};
use crate::format::{
    FileKind, Header, ManifestPublic, ManifestSealed, NameFolder, RepositoryFile, RepositoryId, SealedFile, SnapshotName, SourceId,
    StoredFile,
};
use crate::store::Store;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// A manifest, read and judged.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Its name.
    pub name: SnapshotName,
    /// Its file's first place.
    pub file: StoredFile,
    /// What anyone can read.
    pub public: ManifestPublic,
    /// What the key opens; `None` in a locked repository.
    pub sealed: Option<ManifestSealed>,
    /// Its first copy was not good: how it stands.
    pub first_copy: Option<FileState>,
}

/// What reading a manifest gave.
#[derive(Debug, Clone)]
pub enum Loaded {
    /// Good in at least one place.
    Good(Box<Manifest>),
    /// Bad in both; or good bytes that say what they may not.
    Bad {
        /// Its file.
        file: StoredFile,
        /// How both copies stand.
        copies: (FileState, FileState),
        /// In words.
        reason: String,
    },
    /// Of a newer version.
    TooNew(StoredFile),
}

/// The manifests that a place has.
#[derive(Debug, Clone, Default)]
pub struct SnapshotList {
    /// In `snapshots/`: these exist.
    pub first: Files,
    /// In `second/snapshots/` alone: no snapshots, and read all the same by who asks for them.
    pub second_only: Files,
    /// Named by tombstones: they do not exist.
    pub forgotten: u64,
}

impl SnapshotList {
    /// Lists manifests in both places, less what tombstones name.
    pub fn take(store: &dyn Store, notices: &Notices) -> Result<Self, RepoError> {
        let first = list_folder(store, NameFolder::Snapshots, false)?;
        let second = list_folder(store, NameFolder::Snapshots, true)?;
        let mut list = Self::default();
        for (hash, file) in first {
            if notices.manifests.contains(&hash) {
                list.forgotten += 1;
            } else {
                list.first.insert(hash, file);
            }
        }
        list.second_only =
            second.into_iter().filter(|(hash, _)| !list.first.contains_key(hash) && !notices.manifests.contains(hash)).collect();
        Ok(list)
    }

    /// The snapshots that exist, newest first by the times in their names.
    pub fn newest_first(&self) -> Vec<(StoredFile, Seen)> {
        let mut files: Vec<_> = self.first.values().copied().collect();
        files.sort_by_key(|(file, _)| std::cmp::Reverse((file.stated_seconds, file.hash)));
        files
    }

    /// What an id or a time may name, newest first: the snapshots, and the manifests in `second/` alone.
    pub fn all_newest_first(&self) -> Vec<(StoredFile, Seen)> {
        let mut files: Vec<_> = self.first.values().chain(self.second_only.values()).copied().collect();
        files.sort_by_key(|(file, _)| std::cmp::Reverse((file.stated_seconds, file.hash)));
        files
    }

    /// The list by which `latest` and labels are found: where `snapshots/` has none at all, what lies in `second/` alone stands for it.
    pub fn with_some_snapshot(&self) -> Cow<'_, Self> {
        if self.first.is_empty() && !self.second_only.is_empty() {
            Cow::Owned(Self { first: self.second_only.clone(), second_only: Files::new(), forgotten: self.forgotten })
        } else {
            Cow::Borrowed(self)
        }
    }

    /// The time that a manifest's name states, in seconds since the epoch, if it is here.
    pub fn stated_seconds(&self, name: SnapshotName) -> Option<i64> {
        let name = name.into();
        self.first.get(&name).or_else(|| self.second_only.get(&name)).and_then(|(file, _)| file.stated_seconds)
    }

    /// Whether a manifest lies in `second/` alone.
    pub fn is_second_only(&self, name: SnapshotName) -> bool {
        self.second_only.contains_key(&name.into())
    }
}

/// How many of the newest manifests are opened to find the heads: each names the heads of up to 32 other sources.
const NEWEST_OPENED: usize = 16;

const OTHER_REPOSITORY_FILE: &str = "it belongs to another tintype.json";

impl Repository {
    /// Reads one manifest, from its second copy if the first is not good.
    pub fn load_manifest(&self, file: &StoredFile) -> Result<Loaded, RepoError> {
        let file = file.in_first();
        let read = match read_either(&*self.store, &file)? {
            Ok(read) => read,
            Err(copies) => return Ok(Loaded::Bad { file, copies, reason: "it is not whole or its bytes are wrong".to_owned() }),
        };
        Ok(self.judge_manifest(&file, &read.bytes, read.first_copy))
    }

    /// Judges good bytes of a manifest.
    pub fn judge_manifest(&self, file: &StoredFile, bytes: &[u8], first_copy: Option<FileState>) -> Loaded {
        let file = file.in_first();
        let bad = |reason| Loaded::Bad { file, copies: (FileState::Good(Vec::new()), FileState::Good(Vec::new())), reason };
        match decode(bytes, self.id(), self.sealing.as_ref()) {
            Ok((public, _)) if public.repository_file != self.repository_file_hash() => bad(OTHER_REPOSITORY_FILE.to_owned()),
            Ok((public, sealed)) => Loaded::Good(Box::new(Manifest { name: file.hash.into(), file, public, sealed, first_copy })),
            Err(CryptoError::Format(error)) if error.is_too_new() => Loaded::TooNew(file),
            // What can be read without any key tells more than that the key does not fit.
            Err(_) if decode(bytes, self.id(), None).is_ok_and(|(public, _)| public.repository_file != self.repository_file_hash()) => {
                bad(OTHER_REPOSITORY_FILE.to_owned())
            }
            Err(error) => bad(error.to_string()),
        }
    }

    /// Reads manifests until `count` good ones are found, newest first by their names, then sorts them by the times inside.
    pub fn newest_manifests(&self, list: &SnapshotList, count: usize) -> Result<(Vec<Manifest>, Vec<Loaded>), RepoError> {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for (file, _) in list.newest_first() {
            if good.len() >= count {
                break;
            }
            match self.load_manifest(&file)? {
                Loaded::Good(manifest) => good.push(*manifest),
                other => bad.push(other),
            }
        }
        good.sort_by_key(|manifest| std::cmp::Reverse((manifest.public.time, manifest.name)));
        Ok((good, bad))
    }

    /// The newest snapshot: of the three newest names the one with the later time inside.
    ///
    /// Errors: the newest is damaged in both places, or of a newer version: an older one in its stead would be a quiet lie.
    /// One that is still arriving is passed over. `None`: there is no snapshot.
    pub fn latest(&self, list: &SnapshotList) -> Result<Option<Manifest>, RepoError> {
        let (good, bad) = self.newest_manifests(list, 3)?;
        let is_newer = |file: &StoredFile| good.iter().all(|manifest| manifest.file.stated_seconds < file.stated_seconds);
        for loaded in bad {
            match loaded {
                Loaded::TooNew(file) if is_newer(&file) => return Err(RepoError::TooNew { name: file.path() }),
                Loaded::Bad { file, copies, reason } if is_newer(&file) => {
                    let arriving = |state: &FileState| matches!(state, FileState::Short | FileState::Absent);
                    if !(arriving(&copies.0) && arriving(&copies.1)) {
                        return Err(RepoError::ManifestDamaged { name: file.path(), reason });
                    }
                }
                Loaded::Good(_) | Loaded::TooNew(_) | Loaded::Bad { .. } => {}
            }
        }
        Ok(good.into_iter().max_by_key(|manifest| (manifest.public.time, manifest.name)))
    }

    /// The heads of every source that the newest manifests know of, and those manifests.
    pub fn heads(&self, list: &SnapshotList) -> Result<Heads, RepoError> {
        let (newest, bad) = self.newest_manifests(list, NEWEST_OPENED)?;
        let is_of_another = |loaded: &Loaded| matches!(loaded, Loaded::Bad { reason, .. } if reason == OTHER_REPOSITORY_FILE);
        if newest.is_empty() && bad.iter().any(is_of_another) {
            // Somebody put another tintype.json here, perhaps one that says "plain": nothing must be written by it.
            return Err(RepoError::RepositoryFileDamaged { place: self.store.place() });
        }
        let mut manifests: BTreeMap<SnapshotName, Manifest> = newest.into_iter().map(|manifest| (manifest.name, manifest)).collect();
        let named: Vec<SnapshotName> = manifests
            .values()
            .filter_map(|manifest| manifest.sealed.as_ref())
            .flat_map(|sealed| sealed.other_heads.iter().map(|head| head.snapshot))
            .collect();
        for name in named {
            if manifests.contains_key(&name) {
                continue;
            }
            if let Some((file, _)) = list.first.get(&name.into())
                && let Loaded::Good(manifest) = self.load_manifest(file)?
            {
                manifests.insert(name, *manifest);
            }
        }
        Ok(Heads { manifests, bad })
    }
}

/// The newest manifests of a place.
#[derive(Debug, Clone, Default)]
pub struct Heads {
    /// By name.
    pub manifests: BTreeMap<SnapshotName, Manifest>,
    /// Manifests that could not be read on the way.
    pub bad: Vec<Loaded>,
}

impl Heads {
    /// The heads of one source, newest first: manifests of it that no other names as previous.
    pub fn of(&self, source: SourceId) -> Vec<&Manifest> {
        let records = || {
            self.manifests.values().filter_map(move |manifest| {
                let record = manifest.sealed.as_ref()?.sources.iter().find(|record| record.id == source)?;
                Some((manifest, record))
            })
        };
        let previous: BTreeSet<SnapshotName> = records().flat_map(|(_, record)| record.previous.iter().copied()).collect();
        let mut heads: Vec<&Manifest> =
            records().map(|(manifest, _)| manifest).filter(|manifest| !previous.contains(&manifest.name)).collect();
        heads.sort_by_key(|manifest| std::cmp::Reverse((manifest.public.time, manifest.name)));
        heads
    }

    /// Every source that is known.
    pub fn sources(&self) -> BTreeSet<SourceId> {
        self.manifests
            .values()
            .filter_map(|manifest| manifest.sealed.as_ref())
            .flat_map(|sealed| sealed.sources.iter().map(|record| record.id))
            .collect()
    }

    /// The newest manifest of all, by the time inside.
    pub fn latest(&self) -> Option<&Manifest> {
        self.manifests.values().max_by_key(|manifest| (manifest.public.time, manifest.name))
    }
}

/// Decodes a manifest's bytes; the sealed part only with the key.
fn decode(bytes: &[u8], id: RepositoryId, sealing: Option<&Sealing>) -> Result<(ManifestPublic, Option<ManifestSealed>), CryptoError> {
    let file = SealedFile::split(bytes, FileKind::Manifest, id)?;
    let public = ManifestPublic::decode(file.public)?;
    let Some(sealing) = sealing else { return Ok((public, None)) };
    let sealed = ManifestSealed::decode(&sealing.open_file(&file)?)?;
    sealed.check_repository_file(&public)?;
    Ok((public, Some(sealed)))
}

/// Asks the newest manifests which copy of `tintype.json` is right, or what it said. `None` if no manifest can tell.
pub(super) fn repository_file_by_manifests(
    store: &dyn Store,
    credentials: &Credentials,
    copies: [Option<&[u8]>; 2],
) -> Result<Option<Vec<u8>>, RepoError> {
    let mut files: Vec<StoredFile> = Vec::new();
    for second in [false, true] {
        files.extend(list_folder(store, NameFolder::Snapshots, second)?.into_values().map(|(file, _)| file));
    }
    files.sort_by_key(|file| std::cmp::Reverse(file.stated_seconds));
    for file in files.iter().take(NEWEST_OPENED) {
        let FileState::Good(bytes) = read_file(store, file)? else { continue };
        let Ok(header) = Header::decode(&bytes) else { continue };
        let Ok(split) = SealedFile::split(&bytes, FileKind::Manifest, header.repository) else { continue };
        let Ok(public) = ManifestPublic::decode(split.public) else { continue };
        let is_named = |bytes: &[u8]| blake3::hash(bytes).as_bytes() == &public.repository_file.0;
        if let Some(copy) = copies.into_iter().flatten().find(|copy| is_named(copy)) {
            return Ok(Some(copy.to_vec()));
        }
        let sealing = match credentials {
            Credentials::Code(code) => Sealing::Encrypted(MasterKey::from_code(code)),
            _ => Sealing::Plain,
        };
        let repeated =
            sealing.open_file(&split).ok().and_then(|body| ManifestSealed::decode(&body).ok()).map(|sealed| sealed.repository_file);
        if let Some(repeated) = repeated.filter(|bytes| is_named(bytes) && RepositoryFile::decode(bytes).is_ok()) {
            return Ok(Some(repeated));
        }
    }
    Ok(None)
}
