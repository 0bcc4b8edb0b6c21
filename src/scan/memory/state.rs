//! Owns the tree of an imagined source: nodes by inode, names by folder, and how edits move both.
//!
//! Every name leads to a node, and a node without names is gone.

use super::Fault;
use crate::clock::{Clock, Timestamp};
use crate::scan::{Attribute, Attributes, Content, FileSystem, Hole, Kind, Operation, ScanError, Stat};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
pub(super) struct State {
    pub(super) place: Vec<u8>,
    pub(super) clock: Option<Arc<dyn Clock>>,
    pub(super) last_edit: Timestamp,
    /// By folder and name, so that a folder's entries lie together in order.
    pub(super) names: BTreeMap<(Vec<u8>, Vec<u8>), u64>,
    pub(super) nodes: HashMap<u64, Node>,
    pub(super) inode_next: u64,
    pub(super) faults: HashMap<Vec<u8>, Fault>,
    pub(super) changes: HashMap<Vec<u8>, u32>,
    /// By folder: the device and the facts of its file system.
    pub(super) mounts: BTreeMap<Vec<u8>, (u64, FileSystem)>,
    /// Of the folder that holds the root.
    pub(super) parent_device: Option<u64>,
    pub(super) opened_count: u64,
    pub(super) read_bytes: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) stat: Stat,
    pub(super) content: Content,
    pub(super) target: Vec<u8>,
    pub(super) attributes: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) holes: Vec<Hole>,
}

impl Node {
    pub(super) fn attributes(&self) -> Attributes {
        let all = self.attributes.iter().map(|(name, value)| Attribute { name: name.clone(), value: value.clone() });
        Attributes::of(all.collect(), 0)
    }
}

pub(super) const ROOT_INODE: u64 = 1;

impl Node {
    pub(super) fn new(kind: Kind, inode: u64, now: Timestamp) -> Self {
        let mode = match kind {
            Kind::Folder => 0o755,
            Kind::Symlink => 0o777,
            Kind::File | Kind::Special(_) => 0o644,
        };
        let stat = Stat {
            kind,
            length_bytes: 0,
            stored_bytes: None,
            mode,
            uid: 1000,
            gid: 1000,
            mtime: now,
            ctime: now,
            birth: None,
            inode,
            device: 1,
            links: 1,
            placeholder: false,
        };
        Self { stat, content: Content::from(""), target: Vec::new(), attributes: BTreeMap::new(), holes: Vec::new() }
    }
}

impl State {
    /// The time of the next edit, after all before it.
    pub(super) fn tick(&mut self) -> Timestamp {
        let now = self.clock.as_ref().map_or_else(|| self.last_edit.plus(Duration::from_secs(1)), |clock| clock.now());
        // A clock may be set back, as real ones are; one that stands still gives times a nanosecond apart.
        self.last_edit = if now == self.last_edit { now.plus(Duration::from_nanos(1)) } else { now };
        self.last_edit
    }

    pub(super) fn inode_of(&self, path: &[u8]) -> Option<u64> {
        if path.is_empty() { Some(ROOT_INODE) } else { self.names.get(&pair(path)).copied() }
    }

    /// The node at `path` if it has this kind, else a new one in its place.
    pub(super) fn node_or_new(&mut self, path: &[u8], kind: Kind, now: Timestamp) -> &mut Node {
        let there = self.inode_of(path).filter(|inode| path.is_empty() || self.nodes.get(inode).is_some_and(|node| node.stat.kind == kind));
        let inode = there.unwrap_or_else(|| {
            self.remove(path, now);
            let (folder, name) = split(path);
            self.node_or_new(folder, Kind::Folder, now);
            self.inode_next += 1;
            self.names.insert((folder.to_vec(), name.to_vec()), self.inode_next);
            self.touch_folder(path, now);
            self.inode_next
        });
        self.nodes.entry(inode).or_insert_with(|| Node::new(kind, inode, now))
    }

    pub(super) fn remove(&mut self, path: &[u8], now: Timestamp) {
        let Some(inode) = self.names.remove(&pair(path)) else { return };
        if self.nodes.get(&inode).is_some_and(|node| node.stat.kind == Kind::Folder) {
            let doomed: Vec<_> = self.names.keys().filter(|key| is_within(&key.0, path)).cloned().collect();
            for inode in doomed.iter().filter_map(|key| self.names.remove(key)).collect::<Vec<_>>() {
                self.unlink(inode, now);
            }
        }
        self.unlink(inode, now);
        self.touch_folder(path, now);
    }

    /// Takes one name away; a node without any is gone.
    pub(super) fn unlink(&mut self, inode: u64, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(&inode) else { return };
        node.stat.links = node.stat.links.saturating_sub(1);
        node.stat.ctime = now;
        if node.stat.links == 0 {
            self.nodes.remove(&inode);
        }
    }

    pub(super) fn touch(&mut self, inode: u64, now: Timestamp) {
        if let Some(node) = self.nodes.get_mut(&inode) {
            node.stat.ctime = now;
        }
    }

    /// The folder that holds `path` has changed.
    pub(super) fn touch_folder(&mut self, path: &[u8], now: Timestamp) {
        if let Some(node) = self.inode_of(split(path).0).and_then(|inode| self.nodes.get_mut(&inode)) {
            node.stat.mtime = now;
            node.stat.ctime = now;
        }
    }

    pub(super) fn mount_of(&self, path: &[u8]) -> Option<&(u64, FileSystem)> {
        let holding = self.mounts.iter().filter(|(folder, _)| is_within(path, folder));
        holding.max_by_key(|(folder, _)| folder.len()).map(|(_, mount)| mount)
    }

    /// The node at `path`, or why there is none.
    pub(super) fn find(&self, path: &[u8], operation: Operation) -> Result<&Node, ScanError> {
        if let Some(node) = self.inode_of(path).and_then(|inode| self.nodes.get(&inode)) {
            return Ok(node);
        }
        for (place, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let above = path.get(..place).and_then(|above| self.inode_of(above)).and_then(|inode| self.nodes.get(&inode));
            if above.is_some_and(|node| node.stat.kind != Kind::Folder) {
                return Err(ScanError::NotAFile { path: path.to_vec(), operation });
            }
        }
        Err(ScanError::NotFound { path: path.to_vec(), operation })
    }

    pub(super) fn stat(&self, path: &[u8]) -> Result<Stat, ScanError> {
        if self.faults.get(path) == Some(&Fault::StatDenied) {
            return Err(ScanError::PermissionDenied { path: path.to_vec(), operation: Operation::Stat });
        }
        let mut stat = self.find(path, Operation::Stat)?.stat.clone();
        stat.device = self.mount_of(path).map_or(stat.device, |mount| mount.0);
        Ok(stat)
    }

    /// Fails if the path, or a folder above it, was told to.
    pub(super) fn check_fault(&self, path: &[u8], operation: Operation) -> Result<(), ScanError> {
        let path_owned = path.to_vec();
        match self.faults.get(path) {
            Some(Fault::PermissionDenied | Fault::StatDenied) => Err(ScanError::PermissionDenied { path: path_owned, operation }),
            Some(Fault::Vanishes) => Err(ScanError::NotFound { path: path_owned, operation }),
            Some(Fault::BadSector { .. }) if operation == Operation::List => {
                Err(ScanError::from_io(path, operation, &io::Error::from(rustix::io::Errno::IO)))
            }
            Some(Fault::BadSector { .. }) | None => Ok(()),
        }
    }
}

/// The folder and the name of a path; the root is its own folder, without a name.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..).unwrap_or_default()),
        None => (b"", path),
    }
}

pub(super) fn pair(path: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (folder, name) = split(path);
    (folder.to_vec(), name.to_vec())
}

pub(super) fn joined(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

/// True if `path` is `folder` or lies below it.
pub(super) fn is_within(path: &[u8], folder: &[u8]) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}
