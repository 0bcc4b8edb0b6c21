//! Owns the stat cache: by which facts a file that was read is known again, and which folders were built of nothing but such files.
//!
//! One local file per source, valid for one root of a tree and one version of the program; absent, foreign or torn, every file is read.
//! It is mapped, and what is unchanged is compared where it lies: no tree is read, built or hashed for it.

use crate::clock::Timestamp;
use crate::packed::{pack, unpack};
use crate::repo::{Local, PackName, SourceId};
use crate::scan::{EntryKind, FileSystem, Folder, Freshness, SkipReason, Stat, StatKey, Walk, compare, is_unmoved};
use crate::sys::{CacheMap, map_cache_file};
use crate::tree::{Content, Counts, Entry, ObjectId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::sync::{Mutex, PoisonError};

const MAGIC: [u8; 16] = *b"tintype stat 3\n\0";
/// The way in which entries are built is this program's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is known of the files of one source, as of one root.
#[derive(Debug, Default)]
pub(super) struct StatCache {
    map: Option<CacheMap>,
    /// Sorted by path.
    folders: Vec<Place>,
    packs: Vec<PackName>,
    owners: Owners,
    /// The keys of the folder that was asked for last.
    last: Mutex<Option<(usize, FileKeys)>>,
}

/// By name, the files of one folder.
type FileKeys = HashMap<Vec<u8>, StatKey>;

/// Names of owners as they stand in entries.
pub(super) type Owners = BTreeMap<(u32, u32), (String, String)>;

/// Where a folder lies in the cache.
#[derive(Debug, Clone, Copy)]
struct Place {
    path: (usize, usize),
    body: (usize, usize),
}

/// A folder that is taken over as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reused {
    /// Its object.
    pub(super) id: ObjectId,
    /// What lies directly in it.
    pub(super) counts: Counts,
    /// The packs that hold the folder's own objects and those of the files in it.
    pub(super) packs: Vec<PackName>,
}

/// What is remembered of an entry: files, folders and links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    File,
    Folder,
    Symlink,
}

impl Sort {
    fn of(kind: EntryKind) -> Self {
        match kind {
            EntryKind::File { .. } => Self::File,
            EntryKind::Folder { .. } => Self::Folder,
            EntryKind::Symlink => Self::Symlink,
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::File => 0,
            Self::Folder => 1,
            Self::Symlink => 2,
        }
    }
}

fn name(repository: &str, source: SourceId) -> String {
    format!("{}/stat-{}", repository.get(..32).unwrap_or(repository), source.hex())
}

/// What a cache is valid for.
fn state_of(root: &Entry) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("tintype 2026 stat cache of a root");
    match &root.content {
        Content::Folder(id) => hasher.update(b"folder").update(&id.0),
        Content::File(file) => hasher.update(b"file").update(&file.hash.0),
        Content::Symlink(target) => hasher.update(b"link").update(target),
    };
    *hasher.update(VERSION.as_bytes()).finalize().as_bytes()
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..).unwrap_or_default()),
        None => (b"", path),
    }
}

impl StatCache {
    /// The cache that belongs to this root of the source; empty if there is none.
    pub(super) fn load(local: &Local, repository: &str, source: SourceId, root: &Entry) -> Self {
        let file = local.cache_file(&name(repository, source)).and_then(|path| File::open(path).ok());
        let map = file.and_then(|file| map_cache_file(&file).ok());
        map.and_then(|map| Self::decode(map, state_of(root))).unwrap_or_default()
    }

    /// By which facts a file is known again.
    pub(super) fn get(&self, path: &[u8]) -> Option<StatKey> {
        let (folder, name) = split(path);
        let position = self.position(folder)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|(at, _)| *at != position) {
            let files = self.entries(position)?.filter(|(sort, ..)| *sort == Sort::File.number());
            *last = Some((position, files.map(|(_, name, key)| (name.to_vec(), key)).collect()));
        }
        last.as_ref().and_then(|(_, keys)| keys.get(name)).copied()
    }

    fn position(&self, path: &[u8]) -> Option<usize> {
        self.folders.binary_search_by(|place| self.part(place.path).cmp(path)).ok()
    }

    fn part(&self, (begin, end): (usize, usize)) -> &[u8] {
        self.map.as_ref().and_then(|map| map.get(begin..end)).unwrap_or_default()
    }

    fn body(&self, position: usize) -> Option<Body<'_>> {
        Body::decode(self.part(self.folders.get(position)?.body))
    }

    fn entries(&self, position: usize) -> Option<impl Iterator<Item = (u8, &[u8], StatKey)>> {
        let mut rest = self.body(position)?.entries;
        Some(std::iter::from_fn(move || take_entry(&mut rest)))
    }

    /// Folders that can be taken over if nothing in them or below them changes.
    #[cfg(test)]
    pub(super) fn plain_folders(&self) -> Vec<Vec<u8>> {
        let is_plain = |position: &usize| self.body(*position).is_some_and(|body| body.is_plain);
        let plain = (0..self.folders.len()).filter(is_plain).filter_map(|position| self.folders.get(position));
        plain.map(|place| self.part(place.path).to_vec()).collect()
    }

    /// The packs that it says hold something.
    pub(super) fn packs(&self) -> &[PackName] {
        &self.packs
    }

    /// By position of the folder in the walk: what is taken over, since nothing in it or below it changed, and all packs that hold it are
    /// among `reliable`. `owner_names` says what owners are called now.
    pub(super) fn reusable(
        &self,
        walk: &Walk,
        reliable: &BTreeSet<PackName>,
        owner_names: &dyn Fn(u32, u32) -> (String, String),
    ) -> Vec<Option<Reused>> {
        let mut reused: Vec<Option<Reused>> = vec![None; walk.folders.len()];
        if self.owners.iter().any(|((uid, gid), names)| owner_names(*uid, *gid) != *names) {
            return reused;
        }
        let relied_on: Vec<bool> = self.packs.iter().map(|pack| reliable.contains(pack)).collect();
        for (position, folder) in walk.folders.iter().enumerate().rev() {
            let are_below = folder.entries.iter().all(|entry| match entry.kind {
                EntryKind::Folder { index } => reused.get(index).is_some_and(Option::is_some),
                EntryKind::File { .. } | EntryKind::Symlink => true,
            });
            let found = if are_below { self.reuse(folder, &relied_on) } else { None };
            if let Some(slot) = reused.get_mut(position) {
                *slot = found;
            }
        }
        reused
    }

    fn reuse(&self, folder: &Folder, relied_on: &[bool]) -> Option<Reused> {
        let body = self.body(self.position(&folder.path)?).filter(|body| body.is_plain && is_plain(folder))?;
        let mut rest = body.entries;
        for entry in &folder.entries {
            let (sort, name, key) = take_entry(&mut rest)?;
            let is_same = sort == Sort::of(entry.kind).number()
                && name == entry.name
                && is_as_it_was(Sort::of(entry.kind), &key, &entry.stat, &folder.file_system);
            if !is_same {
                return None;
            }
        }
        let packs: Option<Vec<PackName>> = body
            .packs()
            .map(|pack| relied_on.get(pack).filter(|relied_on| **relied_on).and_then(|_| self.packs.get(pack)).copied())
            .collect();
        rest.is_empty().then_some(Reused { id: body.id, counts: body.counts, packs: packs? })
    }

    fn decode(map: CacheMap, state: [u8; 32]) -> Option<Self> {
        let (body, checksum) = map.split_last_chunk::<32>()?;
        let mut rest = body.strip_prefix(&MAGIC)?.strip_prefix(&state)?;
        if blake3::hash(body).as_bytes() != checksum {
            return None;
        }
        let mut cache = Self::default();
        for _ in 0..take_number(&mut rest)? {
            cache.packs.push(PackName(take(&mut rest)?));
        }
        for _ in 0..take_number(&mut rest)? {
            let ids = (u32::from_le_bytes(take(&mut rest)?), u32::from_le_bytes(take(&mut rest)?));
            let mut text = || String::from_utf8(take_bytes(&mut rest)?.to_vec()).ok();
            cache.owners.insert(ids, (text()?, text()?));
        }
        while !rest.is_empty() {
            let mut part = || {
                let bytes = take_bytes(&mut rest)?;
                let end = body.len().checked_sub(rest.len())?;
                Some((end.checked_sub(bytes.len())?, end))
            };
            cache.folders.push(Place { path: part()?, body: part()? });
        }
        cache.map = Some(map);
        let is_sorted = cache.folders.windows(2).all(|pair| matches!(pair, [one, next] if cache.part(one.path) < cache.part(next.path)));
        is_sorted.then_some(cache)
    }
}

/// Whether the facts of an entry say that nothing about it changed.
fn is_as_it_was(sort: Sort, key: &StatKey, stat: &Stat, file_system: &FileSystem) -> bool {
    match sort {
        Sort::File => !stat.placeholder && compare(key, stat, file_system) == Freshness::Unchanged,
        Sort::Folder | Sort::Symlink => is_unmoved(key, stat, file_system),
    }
}

/// Nothing is to be said or carried of a folder but what lies in it.
fn is_plain(folder: &Folder) -> bool {
    let has_one_name = |kind: EntryKind| !matches!(kind, EntryKind::File { hard_link: Some(_) });
    !folder.mount_point
        && folder.problem.is_none()
        && folder.problems.is_empty()
        // Where a file system of the kernel's stands, a drive may have been.
        && !folder.skipped.iter().any(|skipped| matches!(skipped.reason, SkipReason::PseudoFileSystem(_)))
        && folder.entries.iter().all(|entry| has_one_name(entry.kind))
}

/// A folder in the cache.
struct Body<'a> {
    is_plain: bool,
    id: ObjectId,
    counts: Counts,
    packs: &'a [u8],
    entries: &'a [u8],
}

impl<'a> Body<'a> {
    fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let [is_plain] = take(&mut rest)?;
        let id = ObjectId(take(&mut rest)?);
        let mut number = || take(&mut rest).map(u64::from_le_bytes);
        let counts = Counts { files: number()?, folders: number()?, symlinks: number()?, bytes: number()?, ..Counts::default() };
        let packs = take_bytes(&mut rest)?;
        Some(Self { is_plain: is_plain == 1, id, counts, packs, entries: rest })
    }

    fn packs(&self) -> impl Iterator<Item = usize> {
        self.packs
            .chunks_exact(4)
            .map(|chunk| chunk.try_into().map_or(usize::MAX, |bytes| usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX)))
    }
}

/// A cache as it is made, folder by folder.
#[derive(Debug, Default)]
pub(super) struct NewCache {
    folders: BTreeMap<Vec<u8>, NewFolder>,
    owners: Owners,
    /// Of the folder that is built: what is remembered of its files, by name.
    open: BTreeMap<Vec<u8>, StatKey>,
}

#[derive(Debug, Default)]
struct NewFolder {
    /// As the last cache has it, and nothing of what follows.
    is_as_before: bool,
    /// Its entries, as they are stored.
    entries: Vec<u8>,
    plain: Option<Plain>,
}

/// How a folder can be taken over next time.
#[derive(Debug, Clone)]
pub(super) struct Plain {
    pub(super) id: ObjectId,
    pub(super) counts: Counts,
    /// Packs of before, and finished ones of this run.
    pub(super) packs: BTreeSet<PackName>,
    /// Objects that lie in the packs of trees of this run.
    pub(super) own_objects: Vec<ObjectId>,
}

impl NewCache {
    /// Remembers a file of the folder that is built.
    pub(super) fn insert(&mut self, path: &[u8], key: &StatKey) {
        self.open.insert(split(path).1.to_vec(), *key);
    }

    /// Remembers a folder that was taken over.
    pub(super) fn reuse(&mut self, path: &[u8]) {
        self.folders.insert(path.to_vec(), NewFolder { is_as_before: true, ..NewFolder::default() });
    }

    /// Remembers what a folder was built of. It can be taken over only if every entry of it stands here.
    pub(super) fn close(&mut self, folder: &Folder, walked_at: Timestamp, plain: Option<Plain>) {
        let keys = std::mem::take(&mut self.open);
        let (mut entries, mut is_whole) = (Vec::new(), true);
        for entry in &folder.entries {
            let sort = Sort::of(entry.kind);
            match (sort, keys.get(entry.name)) {
                (Sort::File, Some(key)) => put_entry(&mut entries, sort, entry.name, key),
                (Sort::File, None) => is_whole = false,
                (Sort::Folder | Sort::Symlink, _) => put_entry(&mut entries, sort, entry.name, &StatKey::of(&entry.stat, walked_at)),
            }
        }
        entries.shrink_to_fit();
        let plain = plain.filter(|_| is_whole && is_plain(folder));
        self.folders.insert(folder.path.clone(), NewFolder { is_as_before: false, entries, plain });
    }

    /// The same for a source that is one file.
    pub(super) fn close_root(&mut self) {
        let mut entries = Vec::new();
        std::mem::take(&mut self.open).iter().for_each(|(name, key)| put_entry(&mut entries, Sort::File, name, key));
        self.folders.insert(Vec::new(), NewFolder { is_as_before: false, entries, plain: None });
    }

    /// Remembers what owners are called, also those of folders that were taken over.
    pub(super) fn name_owners(&mut self, owners: Owners, before: &StatCache) {
        self.owners.clone_from(&before.owners);
        self.owners.extend(owners);
    }

    /// Writes it, unless it says what the last one says. Failure costs the next run time, nothing else. `pack_of` finds the objects of this run's trees.
    pub(super) fn store(
        self,
        before: &StatCache,
        (local, repository, source): (&Local, &str, SourceId),
        root: &Entry,
        pack_of: &dyn Fn(ObjectId) -> Option<PackName>,
    ) {
        let is_as_before = self.folders.len() == before.folders.len() && self.folders.values().all(|folder| folder.is_as_before);
        if !is_as_before {
            _ = local.write_cache(&name(repository, source), &self.encoded(before, root, pack_of));
        }
    }

    fn encoded(self, before: &StatCache, root: &Entry, pack_of: &dyn Fn(ObjectId) -> Option<PackName>) -> Vec<u8> {
        let old_of = |path: &[u8]| before.position(path).and_then(|position| before.body(position));
        let own = |plain: &Plain| plain.own_objects.iter().map(|id| pack_of(*id)).collect::<Option<BTreeSet<PackName>>>();
        let names_of = |path: &[u8], folder: &NewFolder| -> Option<BTreeSet<PackName>> {
            if folder.is_as_before {
                return old_of(path).map(|old| old.packs().filter_map(|pack| before.packs.get(pack).copied()).collect());
            }
            let plain = folder.plain.as_ref()?;
            own(plain).map(|own| plain.packs.union(&own).copied().collect())
        };
        let packs: BTreeSet<PackName> = self.folders.iter().filter_map(|(path, folder)| names_of(path, folder)).flatten().collect();
        let numbered: HashMap<PackName, u32> = packs.iter().copied().zip(0..).collect();
        let position_of = |pack: PackName| numbered.get(&pack).copied().unwrap_or(u32::MAX);
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&state_of(root));
        put_number(&mut bytes, packs.len());
        packs.iter().for_each(|pack| bytes.extend_from_slice(&pack.0));
        put_number(&mut bytes, self.owners.len());
        for ((uid, gid), (user, group)) in &self.owners {
            bytes.extend_from_slice(&uid.to_le_bytes());
            bytes.extend_from_slice(&gid.to_le_bytes());
            put_bytes(&mut bytes, user.as_bytes());
            put_bytes(&mut bytes, group.as_bytes());
        }
        let mut body = Vec::new();
        // Folder by folder what was gathered is given back.
        for (path, folder) in self.folders {
            body.clear();
            let names = names_of(&path, &folder);
            let positions = names.iter().flatten().map(|pack| position_of(*pack));
            if folder.is_as_before {
                let Some(old) = old_of(&path) else { continue };
                put_head(&mut body, old.is_plain, old.id, &old.counts, positions);
                body.extend_from_slice(old.entries);
            } else {
                match folder.plain.as_ref().filter(|_| names.is_some()) {
                    Some(plain) => put_head(&mut body, true, plain.id, &plain.counts, positions),
                    None => put_head(&mut body, false, ObjectId([0; 32]), &Counts::default(), std::iter::empty()),
                }
                body.extend_from_slice(&folder.entries);
            }
            put_bytes(&mut bytes, &path);
            put_bytes(&mut bytes, &body);
        }
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        bytes
    }
}

fn put_head(body: &mut Vec<u8>, is_plain: bool, id: ObjectId, counts: &Counts, packs: impl Iterator<Item = u32>) {
    body.push(u8::from(is_plain));
    body.extend_from_slice(&id.0);
    for count in [counts.files, counts.folders, counts.symlinks, counts.bytes] {
        body.extend_from_slice(&count.to_le_bytes());
    }
    put_bytes(body, &packs.flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
}

fn put_entry(body: &mut Vec<u8>, sort: Sort, name: &[u8], key: &StatKey) {
    pack((sort.number(), name, key), body);
}

fn take_entry<'b>(rest: &mut &'b [u8]) -> Option<(u8, &'b [u8], StatKey)> {
    let (entry, length) = unpack(rest)?;
    *rest = rest.get(length..)?;
    Some(entry)
}

fn put_number(bytes: &mut Vec<u8>, number: usize) {
    bytes.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_bytes(bytes: &mut Vec<u8>, part: &[u8]) {
    put_number(bytes, part.len());
    bytes.extend_from_slice(part);
}

fn take_number(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(take(rest)?)).ok()
}

fn take_bytes<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = take_number(rest)?;
    let (front, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(front)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (front, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*front)
}
