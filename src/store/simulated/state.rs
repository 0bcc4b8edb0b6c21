//! Owns what a simulated disk holds: nodes, their durable and their volatile state, and what a crash makes of them.
//!
//! Durable state changes only by a sync and by a crash.

use super::Personality;
use crate::store::disk::{DiskKind, DiskStat};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

pub(super) const ROOT: u64 = 1;
/// Writing order is lost in pieces of this size.
const PAGE_BYTES: usize = 4096;

#[derive(Debug)]
pub(super) struct State {
    pub(super) nodes: BTreeMap<u64, Node>,
    pub(super) next_node: u64,
    /// Stands for the time.
    pub(super) tick: i64,
    pub(super) crash_count: u64,
    pub(super) seed: u64,
    pub(super) done: u64,
    pub(super) bypassed: u64,
    pub(super) personality: Personality,
}

#[derive(Debug)]
pub(super) enum Node {
    File(FileNode),
    Folder(Folder),
}

#[derive(Debug)]
pub(super) struct FileNode {
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) durable: Arc<Vec<u8>>,
    pub(super) stamp: i64,
}

/// A name and what it is to mean; none if it goes.
pub(super) type Edit = (OsString, Option<u64>);

#[derive(Debug, Default)]
pub(super) struct Folder {
    pub(super) names: BTreeMap<OsString, u64>,
    pub(super) durable: BTreeMap<OsString, u64>,
    /// Changes that no sync covers yet; each happens whole or not at all.
    pub(super) pending: Vec<Vec<Edit>>,
}

impl Folder {
    fn change(&mut self, edits: Vec<Edit>) {
        apply(&mut self.names, &edits);
        self.pending.push(edits);
    }
}

fn apply(names: &mut BTreeMap<OsString, u64>, edits: &[Edit]) {
    for (name, node) in edits {
        match node {
            Some(node) => names.insert(name.clone(), *node),
            None => names.remove(name),
        };
    }
}

impl State {
    /// Counts a changing operation, or fails if there is none left.
    pub(super) fn count(&mut self) -> io::Result<()> {
        self.check_running()?;
        if let Some(left) = &mut self.personality.operations_left {
            *left -= 1;
        }
        self.done += 1;
        self.tick += 1;
        Ok(())
    }

    pub(super) fn check_running(&self) -> io::Result<()> {
        if self.personality.operations_left == Some(0) { Err(Errno::IO.into()) } else { Ok(()) }
    }

    pub(super) fn check_writable(&self) -> io::Result<()> {
        self.personality.write_refused.map_or(Ok(()), |errno| Err(errno.into()))
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<u64> {
        let mut node = ROOT;
        for part in path.components() {
            let Component::Normal(part) = part else {
                continue;
            };
            node = *self.folder(node)?.names.get(part).ok_or(Errno::NOENT)?;
        }
        Ok(node)
    }

    pub(super) fn folder(&self, node: u64) -> io::Result<&Folder> {
        match self.nodes.get(&node) {
            Some(Node::Folder(folder)) => Ok(folder),
            Some(Node::File(_)) => Err(Errno::NOTDIR.into()),
            None => Err(Errno::NOENT.into()),
        }
    }

    pub(super) fn folder_mut(&mut self, node: u64) -> io::Result<&mut Folder> {
        match self.nodes.get_mut(&node) {
            Some(Node::Folder(folder)) => Ok(folder),
            Some(Node::File(_)) => Err(Errno::NOTDIR.into()),
            None => Err(Errno::NOENT.into()),
        }
    }

    pub(super) fn file_mut(&mut self, node: u64) -> io::Result<&mut FileNode> {
        match self.nodes.get_mut(&node) {
            Some(Node::File(file)) => Ok(file),
            _ => Err(Errno::ISDIR.into()),
        }
    }

    /// The folder that holds `path`, and the last part.
    fn split(&self, path: &Path) -> io::Result<(u64, OsString)> {
        let folder = self.find(path.parent().ok_or(Errno::EXIST)?)?;
        self.folder(folder)?;
        Ok((folder, path.file_name().ok_or(Errno::INVAL)?.to_owned()))
    }

    pub(super) fn create(&mut self, path: &Path, node: Node) -> io::Result<u64> {
        self.count()?;
        self.check_writable()?;
        let (folder, name) = self.split(path)?;
        if self.folder(folder)?.names.contains_key(&name) {
            return Err(Errno::EXIST.into());
        }
        let number = self.next_node;
        self.next_node += 1;
        self.nodes.insert(number, node);
        self.folder_mut(folder)?.change(vec![(name, Some(number))]);
        Ok(number)
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path, replace: bool) -> io::Result<()> {
        self.count()?;
        self.check_writable()?;
        if !replace && self.personality.noreplace_refused {
            return Err(Errno::INVAL.into());
        }
        let (from_folder, from_name) = self.split(from)?;
        let (to_folder, to_name) = self.split(to)?;
        let node = *self.folder(from_folder)?.names.get(&from_name).ok_or(Errno::NOENT)?;
        if let Some(&existing) = self.folder(to_folder)?.names.get(&to_name) {
            if !replace {
                return Err(Errno::EXIST.into());
            }
            if self.personality.replace_refused {
                return Err(Errno::PERM.into());
            }
            if matches!(self.nodes.get(&existing), Some(Node::Folder(_))) {
                return Err(Errno::ISDIR.into());
            }
            self.give_back(existing);
        }
        if from_folder == to_folder {
            self.folder_mut(to_folder)?.change(vec![(from_name, None), (to_name, Some(node))]);
        } else {
            // Two folders are two changes: a weak file system may keep one of them.
            self.folder_mut(to_folder)?.change(vec![(to_name, Some(node))]);
            self.folder_mut(from_folder)?.change(vec![(from_name, None)]);
        }
        let tick = self.tick;
        if let Ok(file) = self.file_mut(node) {
            file.stamp = tick;
        }
        Ok(())
    }

    /// The room of a file that lost its name.
    fn give_back(&mut self, node: u64) {
        let length = self.file_mut(node).map_or(0, |file| file.bytes.len() as u64);
        if let Some(free) = &mut self.personality.free_bytes {
            *free += length;
        }
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.count()?;
        self.check_writable()?;
        let (folder, name) = self.split(path)?;
        let node = *self.folder(folder)?.names.get(&name).ok_or(Errno::NOENT)?;
        self.file_mut(node)?;
        self.give_back(node);
        self.folder_mut(folder)?.change(vec![(name, None)]);
        Ok(())
    }

    /// Makes a file `length` bytes long, as far as there is room.
    pub(super) fn resize(&mut self, node: u64, length: usize) -> io::Result<()> {
        let before = self.file_mut(node)?.bytes.len();
        let mut allowed = length;
        if let Some(free) = &mut self.personality.free_bytes {
            let room = usize::try_from(*free).unwrap_or(usize::MAX);
            allowed = length.min(before.saturating_add(room));
            *free = (*free + before as u64).saturating_sub(allowed as u64);
        }
        let tick = self.tick;
        let file = self.file_mut(node)?;
        Arc::make_mut(&mut file.bytes).resize(allowed, 0);
        file.stamp = tick;
        if allowed < length { Err(Errno::NOSPC.into()) } else { Ok(()) }
    }

    pub(super) fn write(&mut self, node: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.count()?;
        self.check_writable()?;
        let start = usize::try_from(offset).map_err(|_| Errno::FBIG)?;
        let end = start.checked_add(bytes.len()).ok_or(Errno::FBIG)?;
        let room = if end > self.file_mut(node)?.bytes.len() { self.resize(node, end) } else { Ok(()) };
        let tick = self.tick;
        let file = self.file_mut(node)?;
        file.stamp = tick;
        let kept = file.bytes.len().saturating_sub(start).min(bytes.len());
        if kept > 0 {
            Arc::make_mut(&mut file.bytes)[start..start + kept].copy_from_slice(&bytes[..kept]);
        }
        room
    }

    pub(super) fn stat(&mut self, node: u64) -> io::Result<DiskStat> {
        let (kind, length_bytes, stamp) = match self.nodes.get(&node).ok_or(Errno::NOENT)? {
            Node::File(file) => (DiskKind::File, file.bytes.len() as u64, file.stamp),
            Node::Folder(_) => (DiskKind::Folder, 0, 0),
        };
        Ok(DiskStat { kind, length_bytes, stamp, device: 1, file_id: node, placeholder: false })
    }

    pub(super) fn crash(&mut self) {
        self.crash_count += 1;
        let mut chance = Chance(self.seed ^ self.crash_count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for node in self.nodes.values_mut() {
            match node {
                Node::File(file) => {
                    if !Arc::ptr_eq(&file.bytes, &file.durable) && file.bytes != file.durable {
                        file.durable = Arc::new(torn(&file.bytes, &file.durable, &mut chance));
                    }
                    file.bytes = Arc::clone(&file.durable);
                }
                Node::Folder(folder) => {
                    for edits in folder.pending.drain(..) {
                        if chance.below(2) == 0 {
                            apply(&mut folder.durable, &edits);
                        }
                    }
                    folder.names = folder.durable.clone();
                }
            }
        }
        self.forget_unnamed();
        let alive_processes = std::mem::take(&mut self.personality.alive_processes);
        self.personality = Personality { alive_processes, ..Personality::default() };
    }

    fn forget_unnamed(&mut self) {
        let mut named = std::collections::BTreeSet::from([ROOT]);
        let mut folders = vec![ROOT];
        while let Some(node) = folders.pop() {
            let Some(Node::Folder(folder)) = self.nodes.get(&node) else {
                continue;
            };
            folders.extend(folder.names.values().filter(|below| named.insert(**below)));
        }
        self.nodes.retain(|node, _| named.contains(node));
    }
}

/// What a crash leaves of a file whose last bytes were not synced.
fn torn(bytes: &[u8], durable: &[u8], chance: &mut Chance) -> Vec<u8> {
    match chance.below(4) {
        0 => durable.to_vec(),
        1 => bytes.to_vec(),
        // The length arrived and no bytes, or only some pages: what preallocation and delayed writing leave.
        kind => {
            let mut left = vec![0; bytes.len()];
            for (index, page) in left.chunks_mut(PAGE_BYTES).enumerate() {
                let start = index * PAGE_BYTES;
                let arrived = kind == 3 && chance.below(2) == 0;
                let from = if arrived { bytes } else { durable };
                let end = from.len().min(start + page.len());
                if start < end {
                    page[..end - start].copy_from_slice(&from[start..end]);
                }
            }
            left
        }
    }
}

/// A small generator of numbers (SplitMix64), so that a crash follows from its seed.
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
