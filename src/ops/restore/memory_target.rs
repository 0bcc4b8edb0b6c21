//! Owns [`MemoryTarget`]: a target in memory that behaves as a folder of a real file system does, for simulated restores.
//!
//! It can be made to behave as poorer file systems do ([`MemoryLimits`]). Everything happens under one lock, so each call is one step.

use super::names::NameRules;
use super::target::{
    Existing, FactsSet, Found, FoundKind, Rights, Room, Target, TargetError, TargetFile, TargetRead, bits_to_set, check_link, check_path,
    is_part_name, is_privileged_xattr, note_time, parts, split, words,
};
use crate::tree::{Facts, Time, XattrValue};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a [`MemoryTarget`] cannot do. The default can do all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryLimits {
    /// Room for the bytes of all files together; `None`: endless.
    pub stored_bytes_max: Option<u64>,
    /// What names it can hold, and tells; `None`: as on Linux.
    pub names: Option<NameRules>,
    /// Whether names that differ only by case are one name, though it does not tell.
    pub case: Case,
    /// Whether files can have second names.
    pub hard_links: HardLinks,
    /// Whether extended attributes are kept.
    pub attributes: AttributeSupport,
    /// Times are rounded down to even multiples of this; 0 and 1 ns keep them. FAT: 2,000,000,000.
    pub tick_nanoseconds: u64,
}

/// Whether a target tells upper from lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Case {
    /// As on Linux.
    #[default]
    Sensitive,
    /// As on most Macs, Windows and FAT; names keep the case that they were made with.
    Insensitive,
}

/// Whether a target has hard links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HardLinks {
    /// It has.
    #[default]
    Kept,
    /// As on FAT and exFAT.
    Refused,
}

/// Whether a target has extended attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AttributeSupport {
    /// It has.
    #[default]
    Kept,
    /// As on FAT and exFAT.
    Refused,
}

/// A target in memory.
#[derive(Debug, Default)]
pub struct MemoryTarget {
    limits: MemoryLimits,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// By the path as the target compares it; the root has no entry here.
    names: BTreeMap<Vec<u8>, Name>,
    nodes: BTreeMap<u64, Node>,
    root: Node,
    last_inode: u64,
    /// Bytes of files that are not finished.
    unfinished_bytes: u64,
}

#[derive(Debug, Clone)]
struct Name {
    path: Vec<u8>,
    inode: u64,
}

#[derive(Debug, Clone)]
struct Node {
    kind: FoundKind,
    /// Of a file, or what a link holds.
    bytes: Arc<Vec<u8>>,
    mtime: Time,
    mode: u32,
    owner: (u32, u32),
    xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Default for Node {
    fn default() -> Self {
        Self::new(FoundKind::Folder, 0o700, Vec::new())
    }
}

impl Node {
    fn new(kind: FoundKind, mode: u32, bytes: Vec<u8>) -> Self {
        Self { kind, bytes: Arc::new(bytes), mtime: Time::default(), mode, owner: (0, 0), xattrs: BTreeMap::new() }
    }
}

impl MemoryTarget {
    /// An empty target with these limits.
    pub fn new(limits: MemoryLimits) -> Self {
        Self { limits, state: Arc::default() }
    }

    /// Every path, spelled as it was made, with what lies there; sorted.
    pub fn everything(&self) -> Vec<(Vec<u8>, Found)> {
        let state = lock(&self.state);
        let mut all: Vec<_> = state.names.values().filter_map(|name| Some((name.path.clone(), state.found(name.inode)?))).collect();
        all.sort_by(|one, two| one.0.cmp(&two.0));
        all
    }

    /// The bytes of the file at `path`.
    pub fn bytes(&self, path: &[u8]) -> Option<Vec<u8>> {
        let state = lock(&self.state);
        let node = state.nodes.get(&state.names.get(&self.limits.key(path))?.inode)?;
        (node.kind == FoundKind::File).then(|| node.bytes.to_vec())
    }

    /// The extended attributes of what lies at `path`, sorted.
    pub fn xattrs(&self, path: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let state = lock(&self.state);
        let found = state.at(&self.limits.key(path)).map(|(_, node)| node.xattrs.clone());
        found.unwrap_or_default().into_iter().collect()
    }

    /// Checks `path` and its parents, and gives the name as the target compares it.
    fn enter(&self, state: &State, path: &[u8]) -> Result<Vec<u8>, TargetError> {
        let (parent, _) = split(path)?;
        self.limits.check_parents(state, parent, path)?;
        Ok(self.limits.key(path))
    }
}

impl MemoryLimits {
    fn rules(&self) -> NameRules {
        self.names.unwrap_or(NameRules::LINUX)
    }

    fn check_name(&self, path: &[u8], length_bytes: u64) -> Result<(), TargetError> {
        let (_, name) = split(path)?;
        let cannot = |reason| Err(TargetError::CannotHold { path: words(path), reason });
        if !self.rules().can_hold(name) {
            return cannot("the name is not allowed there");
        }
        if length_bytes > self.rules().file_bytes_max {
            return cannot("it is longer than files can be on this file system");
        }
        Ok(())
    }

    fn key(&self, path: &[u8]) -> Vec<u8> {
        let path = &self.rules().folded(path)[..];
        match (self.case, std::str::from_utf8(path)) {
            (Case::Sensitive, _) => path.to_vec(),
            (Case::Insensitive, Ok(text)) => text.to_lowercase().into_bytes(),
            (Case::Insensitive, Err(_)) => path.to_ascii_lowercase(),
        }
    }

    fn check_parents(&self, state: &State, folder: &[u8], path: &[u8]) -> Result<(), TargetError> {
        let mut prefix = Vec::new();
        for part in parts(folder) {
            if !prefix.is_empty() {
                prefix.push(b'/');
            }
            prefix.extend_from_slice(part);
            match state.at(&self.key(&prefix)).map(|(_, node)| node.kind) {
                Some(FoundKind::Folder) => {}
                Some(other) => return Err(TargetError::blocked(path, other.words())),
                None => return Err(TargetError::Gone { doing: "open the folder of", path: words(path) }),
            }
        }
        Ok(())
    }

    fn round(&self, time: Time) -> Time {
        let tick = i128::from(self.tick_nanoseconds.max(1));
        let total = (i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds)).div_euclid(tick) * tick;
        Time {
            seconds: i64::try_from(total.div_euclid(1_000_000_000)).unwrap_or(time.seconds),
            nanoseconds: u32::try_from(total.rem_euclid(1_000_000_000)).unwrap_or(0),
        }
    }

    fn set(&self, node: &mut Node, facts: &Facts) -> FactsSet {
        let mut set = FactsSet { birth_not_set: facts.birth.is_some(), ..FactsSet::default() };
        for xattr in &facts.xattrs {
            match &xattr.value {
                _ if is_privileged_xattr(&xattr.name) => set.privileged_xattrs_left_out += 1,
                XattrValue::Inline(value) if self.attributes == AttributeSupport::Kept && node.kind != FoundKind::Symlink => {
                    node.xattrs.insert(xattr.name.clone(), value.clone());
                }
                XattrValue::Inline(_) | XattrValue::Pieces(_) => set.xattrs_not_set += 1,
            }
        }
        if let Some(owner) = &facts.owner {
            set.owner_not_set = owner.uid == u32::MAX || owner.gid == u32::MAX;
            if !set.owner_not_set {
                node.owner = (owner.uid, owner.gid);
            }
        }
        if let Some(mode) = facts.mode.filter(|_| node.kind != FoundKind::Symlink) {
            node.mode = bits_to_set(mode, node.kind, Rights::LeftOut);
            set.special_bits_left_out = node.mode != mode & 0o7777;
        }
        if let Some(mtime) = facts.mtime {
            if mtime.nanoseconds < 1_000_000_000 {
                node.mtime = self.round(mtime);
            }
            note_time(&mut set, mtime, node.mtime);
        }
        set
    }
}

impl State {
    fn at(&self, key: &[u8]) -> Option<(u64, &Node)> {
        if key.is_empty() {
            return Some((0, &self.root));
        }
        let inode = self.names.get(key)?.inode;
        Some((inode, self.nodes.get(&inode)?))
    }

    fn found(&self, inode: u64) -> Option<Found> {
        let node = if inode == 0 { &self.root } else { self.nodes.get(&inode)? };
        let link_count = self.names.values().filter(|name| name.inode == inode).count().max(1);
        Some(Found {
            kind: node.kind,
            length_bytes: if node.kind == FoundKind::File { length_bytes(&node.bytes) } else { 0 },
            mtime: node.mtime,
            mode: node.mode,
            uid: node.owner.0,
            gid: node.owner.1,
            inode,
            device: 0,
            link_count: u64::try_from(link_count).unwrap_or(u64::MAX),
        })
    }

    fn stored_bytes(&self) -> u64 {
        let finished = self.nodes.values().filter(|node| node.kind == FoundKind::File).map(|node| length_bytes(&node.bytes));
        finished.fold(self.unfinished_bytes, u64::saturating_add)
    }

    fn add_node(&mut self, node: Node) -> u64 {
        self.last_inode = self.last_inode.saturating_add(1);
        self.nodes.insert(self.last_inode, node);
        self.last_inode
    }

    fn check_free(&self, key: &[u8], path: &[u8], existing: Existing) -> Result<(), TargetError> {
        match (self.at(key).map(|(_, node)| node.kind), existing) {
            (None, _) => Ok(()),
            (Some(_), Existing::Refuse) => Err(TargetError::Exists { path: words(path) }),
            (Some(FoundKind::Folder), Existing::Replace) => Err(TargetError::blocked(path, FoundKind::Folder.words())),
            (Some(_), Existing::Replace) => Ok(()),
        }
    }

    /// Gives `inode` a name that [`State::check_free`] has let through.
    fn give_name(&mut self, key: Vec<u8>, path: &[u8], inode: u64) {
        let before = self.names.insert(key, Name { path: path.to_vec(), inode });
        self.forget(before);
    }

    fn forget(&mut self, name: Option<Name>) {
        if let Some(name) = name
            && !self.names.values().any(|other| other.inode == name.inode)
        {
            self.nodes.remove(&name.inode);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn length_bytes(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Target for MemoryTarget {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn name_rules(&self) -> NameRules {
        self.limits.rules()
    }

    fn list(&self, path: &[u8]) -> Result<Vec<(Vec<u8>, Found)>, TargetError> {
        let state = lock(&self.state);
        self.limits.check_parents(&state, path, path)?;
        let prefix = if path.is_empty() { Vec::new() } else { [&self.limits.key(path)[..], b"/"].concat() };
        let below = state.names.iter().filter(|(key, _)| key.strip_prefix(&prefix[..]).is_some_and(|rest| !rest.contains(&b'/')));
        let named = below.filter_map(|(_, name)| Some((split(&name.path).ok()?.1.to_vec(), state.found(name.inode)?)));
        let mut listed: Vec<_> = named.collect();
        listed.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(listed)
    }

    fn stat(&self, path: &[u8]) -> Result<Option<Found>, TargetError> {
        let state = lock(&self.state);
        if path.is_empty() {
            return Ok(state.found(0));
        }
        match self.enter(&state, path) {
            Ok(key) => Ok(state.at(&key).and_then(|(inode, _)| state.found(inode))),
            Err(TargetError::Gone { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn free_bytes(&self) -> Option<u64> {
        self.limits.stored_bytes_max.map(|max| max.saturating_sub(lock(&self.state).stored_bytes()))
    }

    fn is_empty(&self) -> Result<bool, TargetError> {
        Ok(lock(&self.state).names.is_empty())
    }

    fn make_folder(&self, path: &[u8]) -> Result<(), TargetError> {
        if path.is_empty() {
            return Ok(());
        }
        let mut state = lock(&self.state);
        let key = self.enter(&state, path)?;
        match state.at(&key).map(|(_, node)| node.kind) {
            Some(FoundKind::Folder) => Ok(()),
            Some(other) => Err(TargetError::blocked(path, other.words())),
            None => {
                self.limits.check_name(path, 0)?;
                let inode = state.add_node(Node::default());
                state.give_name(key, path, inode);
                Ok(())
            }
        }
    }

    fn create(&self, path: &[u8], length_bytes: u64, room: Room) -> Result<Box<dyn TargetFile>, TargetError> {
        self.limits.check_name(path, length_bytes)?;
        let mut state = lock(&self.state);
        let key = self.enter(&state, path)?;
        if state.at(&key).is_some_and(|(_, node)| node.kind == FoundKind::Folder) {
            return Err(TargetError::blocked(path, FoundKind::Folder.words()));
        }
        let left_bytes = self.limits.stored_bytes_max.map_or(i64::MAX.unsigned_abs(), |max| max.saturating_sub(state.stored_bytes()));
        if length_bytes > left_bytes {
            return Err(TargetError::Full { path: words(path) });
        }
        state.unfinished_bytes = state.unfinished_bytes.saturating_add(length_bytes);
        Ok(Box::new(MemoryFile {
            limits: self.limits,
            state: Arc::clone(&self.state),
            path: path.to_vec(),
            bytes: if room == Room::AsWritten { vec![0; usize::try_from(length_bytes).unwrap_or(0)] } else { Vec::new() },
            length_bytes,
        }))
    }

    fn open(&self, path: &[u8]) -> Result<Box<dyn TargetRead>, TargetError> {
        let state = lock(&self.state);
        let key = self.enter(&state, path)?;
        let (inode, node) = state.at(&key).ok_or_else(|| TargetError::Gone { doing: "open", path: words(path) })?;
        match (node.kind, state.found(inode)) {
            (FoundKind::File, Some(found)) => Ok(Box::new(MemoryRead { found, bytes: Arc::clone(&node.bytes) })),
            (other, _) => Err(TargetError::blocked(path, other.words())),
        }
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, TargetError> {
        let state = lock(&self.state);
        let key = self.enter(&state, path)?;
        match state.at(&key) {
            Some((_, node)) if node.kind == FoundKind::Symlink => Ok(node.bytes.to_vec()),
            Some(_) => Err(TargetError::blocked(path, "something that is not a link")),
            None => Err(TargetError::Gone { doing: "read", path: words(path) }),
        }
    }

    fn make_symlink(&self, path: &[u8], to: &[u8], existing: Existing) -> Result<(), TargetError> {
        check_link(path, to)?;
        self.limits.check_name(path, 0)?;
        let mut state = lock(&self.state);
        let key = self.enter(&state, path)?;
        state.check_free(&key, path, existing)?;
        let inode = state.add_node(Node::new(FoundKind::Symlink, 0o777, to.to_vec()));
        state.give_name(key, path, inode);
        Ok(())
    }

    fn make_hard_link(&self, first: &[u8], path: &[u8], existing: Existing) -> Result<(), TargetError> {
        self.limits.check_name(path, 0)?;
        let mut state = lock(&self.state);
        let first_key = self.enter(&state, first)?;
        let key = self.enter(&state, path)?;
        let inode = match state.at(&first_key) {
            Some((inode, node)) if node.kind == FoundKind::File => inode,
            Some((_, node)) => return Err(TargetError::blocked(first, node.kind.words())),
            None => return Err(TargetError::Gone { doing: "link", path: words(first) }),
        };
        if self.limits.hard_links == HardLinks::Refused {
            return Err(TargetError::Unsupported { path: words(path) });
        }
        state.check_free(&key, path, existing)?;
        state.give_name(key, path, inode);
        Ok(())
    }

    fn set_facts(&self, path: &[u8], kind: FoundKind, facts: &Facts) -> Result<FactsSet, TargetError> {
        let mut state = lock(&self.state);
        check_path(path)?;
        if path.is_empty() && kind == FoundKind::Folder {
            return Ok(self.limits.set(&mut state.root, facts));
        }
        let key = self.enter(&state, path)?;
        let inode = state.at(&key).map(|(inode, _)| inode);
        let found = inode.and_then(|inode| state.found(inode));
        let (Some(inode), Some(found)) = (inode, found) else {
            return Err(TargetError::Gone { doing: "set the facts of", path: words(path) });
        };
        if found.kind != kind {
            return Err(TargetError::blocked(path, found.kind.words()));
        }
        if kind != FoundKind::Folder && found.link_count > 1 {
            return Err(TargetError::blocked(path, "a file that has other names too"));
        }
        Ok(state.nodes.get_mut(&inode).map(|node| self.limits.set(node, facts)).unwrap_or_default())
    }

    fn remove(&self, path: &[u8]) -> Result<(), TargetError> {
        let mut state = lock(&self.state);
        let key = self.enter(&state, path)?;
        if state.at(&key).is_some_and(|(_, node)| node.kind == FoundKind::Folder) {
            return Err(TargetError::blocked(path, FoundKind::Folder.words()));
        }
        let name = state.names.remove(&key);
        state.forget(name);
        Ok(())
    }

    fn remove_folder(&self, path: &[u8]) -> Result<(), TargetError> {
        let mut state = lock(&self.state);
        let key = self.enter(&state, path)?;
        let prefix = [&key[..], b"/"].concat();
        if state.names.keys().any(|name| name.starts_with(&prefix)) {
            return Err(TargetError::blocked(path, "a folder that is not empty"));
        }
        let name = state.names.remove(&key);
        state.forget(name);
        Ok(())
    }

    fn put_small(&self, path: &[u8], bytes: &[u8]) -> Result<(), TargetError> {
        let mut file = self.create(path, length_bytes(bytes), Room::Ahead)?;
        file.write_at(0, bytes)?;
        file.finish(&Facts::default(), Existing::Replace).map(drop)
    }

    fn sync(&self) -> Result<(), TargetError> {
        Ok(())
    }

    fn remove_stale_parts(&self) -> Result<u64, TargetError> {
        let mut state = lock(&self.state);
        let stale = |(key, name): (&Vec<u8>, &Name)| {
            let last = parts(&name.path).last()?;
            let kind = state.nodes.get(&name.inode)?.kind;
            (is_part_name(last) && matches!(kind, FoundKind::File | FoundKind::Symlink)).then(|| key.clone())
        };
        let keys: Vec<_> = state.names.iter().filter_map(stale).collect();
        for key in &keys {
            let name = state.names.remove(key);
            state.forget(name);
        }
        Ok(u64::try_from(keys.len()).unwrap_or(u64::MAX))
    }
}

/// A file being written; its length is taken from the room at once.
#[derive(Debug)]
struct MemoryFile {
    limits: MemoryLimits,
    state: Arc<Mutex<State>>,
    path: Vec<u8>,
    bytes: Vec<u8>,
    length_bytes: u64,
}

impl TargetFile for MemoryFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), TargetError> {
        let refused = || TargetError::other("write", &self.path, ErrorKind::InvalidInput, "bytes beyond the announced length");
        let end = offset.checked_add(length_bytes(bytes)).filter(|end| *end <= self.length_bytes).ok_or_else(refused)?;
        let (Ok(start), Ok(end)) = (usize::try_from(offset), usize::try_from(end)) else { return Err(refused()) };
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(place) = self.bytes.get_mut(start..end) {
            place.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, facts: &Facts, existing: Existing) -> Result<FactsSet, TargetError> {
        if length_bytes(&self.bytes) != self.length_bytes {
            return Err(TargetError::other("finish", &self.path, ErrorKind::InvalidData, "not all of its bytes were written"));
        }
        let mut state = lock(&self.state);
        let (parent, _) = split(&self.path)?;
        self.limits.check_parents(&state, parent, &self.path)?;
        let key = self.limits.key(&self.path);
        state.check_free(&key, &self.path, existing)?;
        let mut node = Node::new(FoundKind::File, 0o600, std::mem::take(&mut self.bytes));
        let set = self.limits.set(&mut node, facts);
        let inode = state.add_node(node);
        state.give_name(key, &self.path, inode);
        drop(state);
        Ok(set)
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        // Finished bytes are counted where they lie from now on.
        let mut state = lock(&self.state);
        state.unfinished_bytes = state.unfinished_bytes.saturating_sub(self.length_bytes);
    }
}

/// A file open for comparing: its bytes as they were then.
#[derive(Debug)]
struct MemoryRead {
    found: Found,
    bytes: Arc<Vec<u8>>,
}

impl TargetRead for MemoryRead {
    fn found(&self) -> Found {
        self.found
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, TargetError> {
        let rest = usize::try_from(offset).ok().and_then(|start| self.bytes.get(start..)).unwrap_or_default();
        let length = rest.len().min(into.len());
        if let (Some(into), Some(from)) = (into.get_mut(..length), rest.get(..length)) {
            into.copy_from_slice(from);
        }
        Ok(length)
    }
}
