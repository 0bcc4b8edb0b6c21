//! Owns a source of the mind: a tree of files in memory that can be edited, and told to fail, for tests that need no disk.
//!
//! It gives the same answers as a real file system; every edit moves its ctime. All calls take `&self` and can be chained.

mod state;

use self::state::{Node, ROOT_INODE, State, is_within, joined, pair, split};
use super::ScanError;
use super::attributes::Attributes;
use super::content::Content;
use super::error::Operation;
use super::source::{FileSystem, Hole, Kind, Listed, Source, SourceFile, Special, Stat};
use crate::clock::{Clock, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A way in which a path fails until [`MemorySource::heal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Listed, but may be neither opened nor listed itself.
    PermissionDenied,
    /// Listed, but even its facts are refused.
    StatDenied,
    /// Reading fails as on a bad sector, from this offset on; of a folder, listing fails.
    BadSector {
        /// The first byte that cannot be read.
        offset: u64,
    },
    /// Listed, and gone when it is opened or listed itself.
    Vanishes,
}

/// A tree of files in memory.
#[derive(Debug)]
pub struct MemorySource {
    state: Arc<Mutex<State>>,
}

impl Default for MemorySource {
    fn default() -> Self {
        Self::new()
    }
}

impl MemorySource {
    /// An empty folder called `memory:photos`.
    pub fn new() -> Self {
        let start = Timestamp::from_seconds(1_600_000_000);
        let disk = FileSystem { pseudo: false, network: false, keeps_owner: true, ctime_means_change: true, name: "memory".to_owned() };
        let state = State {
            place: b"memory:photos".to_vec(),
            clock: None,
            last_edit: start,
            names: BTreeMap::new(),
            nodes: HashMap::from([(ROOT_INODE, Node::new(Kind::Folder, ROOT_INODE, start))]),
            inode_next: ROOT_INODE + 1,
            faults: HashMap::new(),
            changes: HashMap::new(),
            mounts: BTreeMap::from([(Vec::new(), (1, disk))]),
            parent_device: None,
            opened_count: 0,
            read_bytes: 0,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Gives it another name.
    pub fn set_place(&self, place: &str) -> &Self {
        self.lock().place = place.as_bytes().to_vec();
        self
    }

    /// Takes the times of edits from `clock`; without one each edit is a second after the one before, from 2020-09-13 on.
    pub fn set_clock(&self, clock: Arc<dyn Clock>) -> &Self {
        self.lock().clock = Some(clock);
        self
    }

    /// Adds a file, or writes one anew in place; folders above it come by themselves.
    pub fn add_file(&self, path: impl AsRef<[u8]>, content: impl Into<Content>) -> &Self {
        let content = content.into();
        let mut state = self.lock();
        let now = state.tick();
        let node = state.node_or_new(path.as_ref(), Kind::File, now);
        node.stat.length_bytes = content.length_bytes();
        node.stat.mtime = now;
        node.stat.ctime = now;
        node.content = content;
        drop(state);
        self
    }

    /// Adds a folder and those above it.
    pub fn add_folder(&self, path: impl AsRef<[u8]>) -> &Self {
        let mut state = self.lock();
        let now = state.tick();
        state.node_or_new(path.as_ref(), Kind::Folder, now);
        drop(state);
        self
    }

    /// Adds a symbolic link that holds `target`.
    pub fn add_symlink(&self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> &Self {
        let mut state = self.lock();
        let now = state.tick();
        state.node_or_new(path.as_ref(), Kind::Symlink, now).target = target.as_ref().to_vec();
        drop(state);
        self
    }

    /// Adds a FIFO, socket or device.
    pub fn add_special(&self, path: impl AsRef<[u8]>, special: Special) -> &Self {
        let mut state = self.lock();
        let now = state.tick();
        state.node_or_new(path.as_ref(), Kind::Special(special), now);
        drop(state);
        self
    }

    /// Gives the file `existing` one more name; nothing happens if there is none, or if `path` is taken.
    pub fn add_hard_link(&self, existing: impl AsRef<[u8]>, path: impl AsRef<[u8]>) -> &Self {
        let mut state = self.lock();
        let now = state.tick();
        if let (Some(inode), None) = (state.inode_of(existing.as_ref()), state.inode_of(path.as_ref())) {
            let (folder, name) = split(path.as_ref());
            state.node_or_new(folder, Kind::Folder, now);
            state.names.insert((folder.to_vec(), name.to_vec()), inode);
            if let Some(node) = state.nodes.get_mut(&inode) {
                node.stat.links += 1;
            }
            state.touch(inode, now);
            state.touch_folder(path.as_ref(), now);
        }
        drop(state);
        self
    }

    /// Moves a file or a whole folder, as a rename does: the inode stays, its ctime moves. What lay at `to` is replaced.
    pub fn rename(&self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> &Self {
        let (from, to) = (from.as_ref(), to.as_ref());
        let mut state = self.lock();
        let now = state.tick();
        // A folder cannot be moved into itself, and onto itself nothing moves.
        if let Some(inode) = state.inode_of(from).filter(|_| !is_within(to, from)) {
            state.remove(to, now);
            let (folder, name) = split(to);
            state.node_or_new(folder, Kind::Folder, now);
            state.names.remove(&pair(from));
            state.names.insert((folder.to_vec(), name.to_vec()), inode);
            let below: Vec<_> = state.names.keys().filter(|key| is_within(&key.0, from)).cloned().collect();
            for key in below {
                let moved = [to, key.0.get(from.len()..).unwrap_or_default()].concat();
                if let Some(inode) = state.names.remove(&key) {
                    state.names.insert((moved, key.1), inode);
                }
            }
            state.touch(inode, now);
            state.touch_folder(from, now);
            state.touch_folder(to, now);
        }
        drop(state);
        self
    }

    /// Removes a file, or a folder with all below it; an absent one is no error.
    pub fn remove(&self, path: impl AsRef<[u8]>) -> &Self {
        let mut state = self.lock();
        let now = state.tick();
        state.remove(path.as_ref(), now);
        drop(state);
        self
    }

    /// Moves mtime and ctime of an entry, content as it was.
    pub fn touch(&self, path: impl AsRef<[u8]>) -> &Self {
        let now = self.lock().tick();
        self.edit_stat(path, |stat| stat.mtime = now)
    }

    /// Changes facts of an entry by hand. The ctime moves as well, unless `edit` sets it.
    pub fn edit_stat(&self, path: impl AsRef<[u8]>, edit: impl FnOnce(&mut Stat)) -> &Self {
        self.edit_node(path.as_ref(), |node| edit(&mut node.stat))
    }

    /// Gives an entry an extended attribute; `None` takes it away. The ctime moves.
    pub fn set_attribute(&self, path: impl AsRef<[u8]>, name: &str, value: Option<&[u8]>) -> &Self {
        self.edit_node(path.as_ref(), |node| match value {
            Some(value) => _ = node.attributes.insert(name.as_bytes().to_vec(), value.to_vec()),
            None => _ = node.attributes.remove(name.as_bytes()),
        })
    }

    /// Says where a file has holes; whether there are zeros is the caller's.
    pub fn set_holes(&self, path: impl AsRef<[u8]>, holes: Vec<Hole>) -> &Self {
        self.edit_node(path.as_ref(), |node| {
            let hole_bytes = holes.iter().map(|hole| hole.length_bytes).sum();
            node.stat.stored_bytes = Some(node.stat.length_bytes.saturating_sub(hole_bytes));
            node.holes = holes;
        })
    }

    fn edit_node(&self, path: &[u8], edit: impl FnOnce(&mut Node)) -> &Self {
        let mut state = self.lock();
        let now = state.tick();
        if let Some(node) = state.inode_of(path).and_then(|inode| state.nodes.get_mut(&inode)) {
            node.stat.ctime = now;
            edit(node);
        }
        drop(state);
        self
    }

    /// Says whether a file's bytes are only in a cloud.
    pub fn set_placeholder(&self, path: impl AsRef<[u8]>, placeholder: bool) -> &Self {
        self.edit_stat(path, |stat| stat.placeholder = placeholder)
    }

    /// Puts a folder and all below it on a file system of its own. The number of a device is the caller's; the root's is 1.
    pub fn set_file_system(&self, folder: impl AsRef<[u8]>, device: u64, file_system: FileSystem) -> &Self {
        self.lock().mounts.insert(folder.as_ref().to_vec(), (device, file_system));
        self
    }

    /// Says on which device the folder lies that holds the root; at first that cannot be told.
    pub fn set_parent_device(&self, device: u64) -> &Self {
        self.lock().parent_device = Some(device);
        self
    }

    /// Makes a path fail from now on.
    pub fn fail(&self, path: impl AsRef<[u8]>, fault: Fault) -> &Self {
        self.lock().faults.insert(path.as_ref().to_vec(), fault);
        self
    }

    /// Ends the failing of a path.
    pub fn heal(&self, path: impl AsRef<[u8]>) -> &Self {
        self.lock().faults.remove(path.as_ref());
        self
    }

    /// Lets a file change in the middle of each of its next `times` readings: a byte more at its end, new times.
    pub fn change_while_read(&self, path: impl AsRef<[u8]>, times: u32) -> &Self {
        self.lock().changes.insert(path.as_ref().to_vec(), times);
        self
    }

    /// How often a file was opened so far.
    pub fn opened_count(&self) -> u64 {
        self.lock().opened_count
    }

    /// How many bytes were read so far.
    pub fn read_bytes(&self) -> u64 {
        self.lock().read_bytes
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for MemorySource {
    fn place(&self) -> Vec<u8> {
        self.lock().place.clone()
    }

    fn stat(&self, path: &[u8]) -> Result<Stat, ScanError> {
        self.lock().stat(path)
    }

    fn list(&self, path: &[u8]) -> Result<Vec<Listed>, ScanError> {
        let state = self.lock();
        state.check_fault(path, Operation::List)?;
        if state.find(path, Operation::List)?.stat.kind != Kind::Folder {
            return Err(ScanError::NotAFile { path: path.to_vec(), operation: Operation::List });
        }
        let entries = state.names.range((path.to_vec(), Vec::new())..).take_while(|(key, _)| key.0 == path);
        Ok(entries.map(|((_, name), _)| (name.clone(), state.stat(&joined(path, name)))).collect())
    }

    fn open(&self, path: &[u8]) -> Result<Box<dyn SourceFile>, ScanError> {
        let mut state = self.lock();
        state.check_fault(path, Operation::Open)?;
        let node = state.find(path, Operation::Open)?;
        if node.stat.kind != Kind::File {
            return Err(ScanError::NotAFile { path: path.to_vec(), operation: Operation::Open });
        }
        let inode = node.stat.inode;
        let last = node.clone();
        state.opened_count += 1;
        Ok(Box::new(MemoryFile { state: Arc::clone(&self.state), path: path.to_vec(), inode, last, offset: 0, changed: false }))
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, ScanError> {
        let state = self.lock();
        let node = state.find(path, Operation::ReadLink)?;
        match node.stat.kind {
            Kind::Symlink => Ok(node.target.clone()),
            _ => Err(ScanError::NotAFile { path: path.to_vec(), operation: Operation::ReadLink }),
        }
    }

    fn attributes(&self, folder: &[u8]) -> Attributes {
        self.lock().find(folder, Operation::List).map(Node::attributes).unwrap_or_default()
    }

    fn file_system(&self, path: &[u8]) -> Result<FileSystem, ScanError> {
        let state = self.lock();
        state.find(path, Operation::FileSystem)?;
        let absent = || ScanError::NotFound { path: path.to_vec(), operation: Operation::FileSystem };
        state.mount_of(path).map(|mount| mount.1.clone()).ok_or_else(absent)
    }

    fn parent_device(&self) -> Option<u64> {
        self.lock().parent_device
    }

    fn owner_names(&self, uid: u32, gid: u32) -> (String, String) {
        let name = |number, word: &str| if number == 1000 { word.to_owned() } else { String::new() };
        (name(uid, "anna"), name(gid, "family"))
    }
}

#[derive(Debug)]
struct MemoryFile {
    state: Arc<Mutex<State>>,
    path: Vec<u8>,
    inode: u64,
    /// As it was last seen: a file that was removed while open can be read on.
    last: Node,
    offset: u64,
    changed: bool,
}

impl MemoryFile {
    fn refresh(&mut self) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = state.nodes.get(&self.inode) {
            self.last = node.clone();
            self.last.stat.device = state.mount_of(&self.path).map_or(1, |mount| mount.0);
        }
    }

    /// Changes the file under its reader, if it was told to: once per reading, between the first read and the next.
    fn change(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let left = state.changes.get(&self.path).copied().unwrap_or(0);
        if self.changed || left == 0 {
            return;
        }
        self.changed = true;
        state.changes.insert(self.path.clone(), left - 1);
        let now = state.tick();
        if let Some(node) = state.nodes.get_mut(&self.inode) {
            node.content = match &node.content {
                Content::Bytes(bytes) => Content::from([bytes, b"+".as_slice()].concat()),
                Content::Generated { seed, length_bytes } => Content::Generated { seed: *seed, length_bytes: length_bytes + 1 },
            };
            node.stat.length_bytes = node.content.length_bytes();
            node.stat.mtime = now;
            node.stat.ctime = now;
        }
    }
}

impl SourceFile for MemoryFile {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ScanError> {
        let count = self.read_at(self.offset, into)?;
        self.offset += count as u64;
        self.state.lock().unwrap_or_else(PoisonError::into_inner).read_bytes += count as u64;
        self.change();
        Ok(count)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, ScanError> {
        self.refresh();
        let fault = self.state.lock().unwrap_or_else(PoisonError::into_inner).faults.get(&self.path).copied();
        let mut length = into.len();
        if let Some(Fault::BadSector { offset: bad }) = fault {
            if offset >= bad {
                return Err(ScanError::from_io(&self.path, Operation::Read, &io::Error::from(rustix::io::Errno::IO)));
            }
            length = length.min(usize::try_from(bad - offset).unwrap_or(usize::MAX));
        }
        Ok(self.last.content.read_at(offset, into.get_mut(..length).unwrap_or_default()))
    }

    fn stat(&mut self) -> Result<Stat, ScanError> {
        self.refresh();
        Ok(self.last.stat.clone())
    }

    fn attributes(&mut self) -> Attributes {
        self.refresh();
        self.last.attributes()
    }

    fn holes(&mut self, _length_bytes: u64) -> Result<Vec<Hole>, ScanError> {
        Ok(self.last.holes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, MemorySource};
    use crate::scan::Source;

    fn names(source: &MemorySource, path: &str) -> Vec<String> {
        source.list(path.as_bytes()).unwrap().into_iter().map(|entry| String::from_utf8(entry.0).unwrap()).collect()
    }

    #[test]
    fn edits_do_what_a_disk_does() {
        let source = MemorySource::new();
        source.add_file("a/b/c.jpg", "c").add_file("a/d.jpg", "d").add_folder("e").add_file("ab", "x");
        assert_eq!(names(&source, ""), ["a", "ab", "e"]);
        let before = source.stat(b"a/b/c.jpg").unwrap();
        source.rename("a", "e/moved");
        assert_eq!(
            (names(&source, ""), names(&source, "e/moved")),
            (vec!["ab".to_owned(), "e".to_owned()], vec!["b".to_owned(), "d.jpg".to_owned()])
        );
        let after = source.stat(b"e/moved/b/c.jpg").unwrap();
        assert_eq!(before, after);
        source.touch("e/moved/b/c.jpg");
        assert!(source.stat(b"e/moved/b/c.jpg").unwrap().ctime > after.ctime);
        source.add_hard_link("ab", "e/other");
        assert_eq!(source.stat(b"ab").unwrap().links, 2);
        source.remove("ab");
        assert_eq!(source.stat(b"e/other").unwrap().links, 1);
        source.remove("e");
        assert_eq!(names(&source, "").len(), 0);
    }

    #[test]
    fn faults_strike_where_they_are_put_and_heal() {
        let source = MemorySource::new();
        source.add_file("a", "0123456789").fail("a", Fault::BadSector { offset: 4 });
        let mut file = source.open(b"a").unwrap();
        assert_eq!(file.read(&mut [0; 100]).unwrap(), 4);
        assert_eq!(file.read(&mut [0; 100]).unwrap_err().code(), "source-read-failed");
        source.fail("a", Fault::Vanishes);
        assert_eq!(source.open(b"a").err().unwrap().code(), "source-vanished");
        source.heal("a");
        assert!(source.open(b"a").is_ok());
        assert_eq!((source.opened_count(), source.read_bytes()), (2, 4));
    }
}
