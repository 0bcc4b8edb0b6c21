//! Owns [`SimulatedDisk`]: a file system in memory that forgets in a crash what was not synced, and fails on demand.
//!
//! A file's bytes are durable after a sync of the file, a name after a sync of its folder, and nothing else is. What a crash
//! does with the rest follows from one number, so that every run can be repeated.

mod state;

use super::disk::{Caching, Disk, DiskEntry, DiskFile, DiskStat};
use super::lock;
use rustix::io::Errno;
use state::{FileNode, Folder, Node, ROOT, State};
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// How a [`SimulatedDisk`] behaves. The default is a good, endless disk.
#[derive(Debug, Clone, Default)]
pub struct Personality {
    /// Syncs of files answer this and make nothing durable.
    pub file_sync_refused: Option<Errno>,
    /// Syncs of folders answer this and make nothing durable.
    pub folder_sync_refused: Option<Errno>,
    /// Renaming without replacing answers `EINVAL`.
    pub noreplace_refused: bool,
    /// A rename onto a name that exists answers `EPERM`.
    pub replace_refused: bool,
    /// Files cannot bypass the page cache: nothing is counted in [`SimulatedDisk::bypassed_bytes`].
    pub bypass_refused: bool,
    /// Room left, in bytes of file data; endless if `None`.
    pub free_bytes: Option<u64>,
    /// This many more changing operations succeed; after them everything fails with `EIO`. Endless if `None`.
    pub operations_left: Option<u64>,
    /// Reading any of these bytes of these files answers `EIO`.
    pub unreadable: Vec<(PathBuf, Range<u64>)>,
    /// Writing answers this, such as `EROFS`.
    pub write_refused: Option<Errno>,
    /// Processes that [`Disk::process_is_alive`] calls alive.
    pub alive_processes: Vec<u32>,
}

/// A file system in memory. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

impl SimulatedDisk {
    /// An empty disk, one folder `/`; crashes follow from `seed`.
    pub fn new(seed: u64) -> Self {
        let mut nodes = BTreeMap::new();
        nodes.insert(ROOT, Node::Folder(Folder::default()));
        let state =
            State { nodes, next_node: ROOT + 1, tick: 1, crash_count: 0, seed, done: 0, bypassed: 0, personality: Personality::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Changes how the disk behaves from now on.
    pub fn set(&self, change: impl FnOnce(&mut Personality)) {
        change(&mut lock(&self.state).personality);
    }

    /// How many changing operations were done so far.
    pub fn operation_count(&self) -> u64 {
        lock(&self.state).done
    }

    /// How many bytes were written through files that bypass the page cache.
    pub fn bypassed_bytes(&self) -> u64 {
        lock(&self.state).bypassed
    }

    /// Pulls the plug and starts again: what was not durable is gone, there by chance, or zeros. Open files are dead, faults are over.
    pub fn crash(&self) {
        lock(&self.state).crash();
    }
}

impl Disk for SimulatedDisk {
    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        let state = lock(&self.state);
        state.check_running()?;
        state.find(path).map(|_| path.to_owned())
    }

    fn create_new(&self, path: &Path, caching: Caching) -> io::Result<Box<dyn DiskFile>> {
        let mut state = lock(&self.state);
        let stamp = state.tick;
        let node = state.create(path, Node::File(FileNode { bytes: Arc::default(), durable: Arc::default(), stamp }))?;
        let bypassing = caching == Caching::Bypass && !state.personality.bypass_refused;
        Ok(self.file(&state, node, path, bypassing))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = lock(&self.state);
        state.check_running()?;
        let node = state.find(path)?;
        state.file_mut(node).map_err(|_| Errno::LOOP)?;
        Ok(self.file(&state, node, path, false))
    }

    fn stat(&self, path: &Path) -> io::Result<DiskStat> {
        let mut state = lock(&self.state);
        state.check_running()?;
        let node = state.find(path)?;
        state.stat(node)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DiskEntry>> {
        let mut state = lock(&self.state);
        state.check_running()?;
        let node = state.find(path)?;
        let names = state.folder(node)?.names.clone();
        Ok(names.into_iter().map(|(name, node)| DiskEntry { name, stat: state.stat(node) }).collect())
    }

    fn rename_noreplace(&self, from: &Path, to: &Path) -> io::Result<()> {
        lock(&self.state).rename(from, to, false)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        lock(&self.state).rename(from, to, true)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        lock(&self.state).remove(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        lock(&self.state).create(path, Node::Folder(Folder::default())).map(|_| ())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.count()?;
        if let Some(errno) = state.personality.folder_sync_refused {
            return Err(errno.into());
        }
        let node = state.find(path)?;
        let folder = state.folder_mut(node)?;
        folder.pending.clear();
        folder.durable = folder.names.clone();
        Ok(())
    }

    fn process_is_alive(&self, process_id: u32) -> bool {
        lock(&self.state).personality.alive_processes.contains(&process_id)
    }
}

impl SimulatedDisk {
    fn file(&self, state: &State, node: u64, path: &Path, bypassing: bool) -> Box<dyn DiskFile> {
        let crash_count = state.crash_count;
        Box::new(SimulatedFile { state: Arc::clone(&self.state), node, path: path.to_owned(), crash_count, bypassing })
    }
}

#[derive(Debug)]
struct SimulatedFile {
    state: Arc<Mutex<State>>,
    node: u64,
    path: PathBuf,
    crash_count: u64,
    bypassing: bool,
}

impl SimulatedFile {
    fn with<T>(&self, operation: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = lock(&self.state);
        if state.crash_count != self.crash_count {
            return Err(Errno::IO.into());
        }
        operation(&mut state)
    }
}

impl DiskFile for SimulatedFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.with(|state| {
            state.write(self.node, offset, bytes)?;
            state.bypassed += if self.bypassing { bytes.len() as u64 } else { 0 };
            Ok(())
        })
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.with(|state| {
            state.check_running()?;
            let end = offset.saturating_add(into.len() as u64);
            let hit = |(path, range): &(PathBuf, Range<u64>)| *path == self.path && range.start < end && offset < range.end;
            if state.personality.unreadable.iter().any(hit) {
                return Err(Errno::IO.into());
            }
            let bytes = &state.file_mut(self.node)?.bytes;
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let count = into.len().min(bytes.len() - start);
            into[..count].copy_from_slice(&bytes[start..start + count]);
            Ok(count)
        })
    }

    fn set_length(&self, length_bytes: u64) -> io::Result<()> {
        self.with(|state| {
            state.count()?;
            state.check_writable()?;
            state.resize(self.node, usize::try_from(length_bytes).map_err(|_| Errno::FBIG)?)
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|state| {
            state.count()?;
            if let Some(errno) = state.personality.file_sync_refused {
                return Err(errno.into());
            }
            let file = state.file_mut(self.node)?;
            file.durable = Arc::clone(&file.bytes);
            Ok(())
        })
    }

    fn stat(&self) -> io::Result<DiskStat> {
        self.with(|state| {
            state.check_running()?;
            state.stat(self.node)
        })
    }
}
