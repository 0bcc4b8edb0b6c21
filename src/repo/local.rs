//! Owns this machine's own files: the cache, which may be deleted at any time, and the state, whose loss costs knowledge and never data.
//! Implements section 7 of the design: one folder per repository copy in each.

use super::RepoError;
use crate::crypto::Entropy;
use crate::format::{MachineId, RepositoryId};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Where this machine keeps its cache and state.
#[derive(Debug, Clone, Default)]
pub struct Local {
    /// `None`: nothing is cached.
    pub cache_dir: Option<PathBuf>,
    /// `None`: nothing is remembered.
    pub state_dir: Option<PathBuf>,
    /// A hash of the system's own id, to notice a cloned or restored state. `None` where the system has none.
    pub system_id: Option<[u8; 32]>,
    /// The machine's name for people.
    pub host: String,
    /// This program's own release date, in seconds since the epoch: no sane clock is before it.
    pub release_seconds: i64,
}

/// What a machine knows of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Machine {
    id: String,
    system: Option<String>,
}

/// A repository that was seen at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPlace {
    /// Its id, 32 hexadecimal digits.
    pub id: String,
    /// When it was seen there, in seconds since the epoch.
    pub seen_seconds: i64,
}

fn place_name(path: &Path) -> String {
    format!("places/{}.json", blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex())
}

impl Local {
    /// This machine's id: drawn once, and anew if the state was carried to another system.
    pub fn machine_id(&self, entropy: &Entropy) -> Result<MachineId, RepoError> {
        let system = self.system_id.map(|id| crate::format::hex(&id));
        if let Some(machine) = self.read_state("machine.json")?.and_then(|bytes| serde_json::from_slice::<Machine>(&bytes).ok()) {
            let id = MachineId::from_hex(&machine.id);
            if let (Some(id), true) = (id, machine.system == system) {
                return Ok(id);
            }
        }
        let id = MachineId(entropy.bytes().map_err(RepoError::not_made("a machine id"))?);
        let text = serde_json::to_vec_pretty(&Machine { id: id.hex(), system }).unwrap_or_default();
        self.write_state("machine.json", &text)?;
        Ok(id)
    }

    /// Whether this machine once opened this repository as an encrypted one.
    pub fn knows_as_encrypted(&self, id: RepositoryId) -> Result<bool, RepoError> {
        Ok(self.read_state(&format!("repositories/{}", id.hex()))?.is_some_and(|bytes| bytes == b"encrypted\n"))
    }

    /// Remembers whether a repository is encrypted.
    pub fn remember_repository(&self, id: RepositoryId, encrypted: bool) -> Result<(), RepoError> {
        let name = format!("repositories/{}", id.hex());
        let words: &[u8] = if encrypted { b"encrypted\n" } else { b"plain\n" };
        if self.read_state(&name)?.as_deref() == Some(words) { Ok(()) } else { self.write_state(&name, words) }
    }

    /// Reads a file of the state; `None` if it is absent, unreadable or nothing is remembered here.
    pub fn read_state(&self, name: &str) -> Result<Option<Vec<u8>>, RepoError> {
        Ok(self.state_dir.as_ref().and_then(|folder| std::fs::read(folder.join(name)).ok()))
    }

    /// Writes a file of the state whole or not at all. A state that cannot be written is no reason to fail: knowledge is lost, no data.
    pub fn write_state(&self, name: &str, bytes: &[u8]) -> Result<(), RepoError> {
        if let Some(folder) = &self.state_dir {
            _ = write_whole(&folder.join(name), bytes);
        }
        Ok(())
    }

    /// Why nothing can be remembered here, if that is so.
    pub fn state_fault(&self) -> Option<std::io::Error> {
        let probe = self.state_dir.as_ref()?.join(format!(".probe-{}", std::process::id()));
        let fault = write_whole(&probe, b"").err();
        _ = std::fs::remove_file(&probe);
        fault
    }

    /// Remembers that a repository was seen at a path, now. Once a day is enough.
    pub fn remember_place(&self, path: &Path, id: RepositoryId, now_seconds: i64) -> Result<(), RepoError> {
        const DAY_SECONDS: i64 = 86_400;
        match self.known_place(path) {
            Some(known) if known.id == id.hex() && now_seconds.abs_diff(known.seen_seconds) < DAY_SECONDS.unsigned_abs() => Ok(()),
            _ => {
                let known = KnownPlace { id: id.hex(), seen_seconds: now_seconds };
                self.write_state(&place_name(path), &serde_json::to_vec_pretty(&known).unwrap_or_default())
            }
        }
    }

    /// What was seen at a path, if anything ever was.
    pub fn known_place(&self, path: &Path) -> Option<KnownPlace> {
        serde_json::from_slice(&self.read_state(&place_name(path)).ok()??).ok()
    }

    /// The file that remembers what was seen at a path.
    pub fn place_file(&self, path: &Path) -> Option<PathBuf> {
        Some(self.state_dir.as_ref()?.join(place_name(path)))
    }

    /// A file of the cache, if there is a cache.
    pub fn cache_file(&self, name: &str) -> Option<PathBuf> {
        self.cache_dir.as_ref().map(|folder| folder.join(name))
    }
}

impl Local {
    /// Writes a file of the cache whole or not at all, if there is a cache.
    pub fn write_cache(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.cache_file(name).map_or(Ok(()), |path| write_whole(&path, bytes))
    }
}

/// Writes a local file under a temporary name and renames it.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(".tmp-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
    let written = std::fs::write(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        _ = std::fs::remove_file(&temporary);
    }
    written
}
