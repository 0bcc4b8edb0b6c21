//! Owns adding, listing and proving key slots of a repository. Implements `format-spec/keys.md`, section "Key slots".
//!
//! Invariant: a slot that was added was read back and opened before anybody relies on it.

use super::repository::{new_slot, put_twice};
use super::{FileState, RepoError, Repository, SlotStrength, read_either};
use crate::crypto::open_slot;
use crate::format::{FileKind, SealedFile, SlotKdf, SlotPublic, StoredName, TombstoneTarget};

/// How a key slot's file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotState {
    /// A slot whose password is tried with these settings.
    Good(SlotKdf),
    /// Of a kind that only a newer version knows.
    Newer,
    /// Neither copy is a slot of this repository: why.
    Unreadable(String),
}

/// Whether a tombstone names a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotRemoved {
    /// None does.
    No,
    /// It does not exist any more.
    Yes,
    /// One does, and without the key nobody can tell whether it is genuine.
    Unverified,
}

/// One key slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: StoredName,
    /// How its file stands.
    pub state: SlotState,
    /// Whether it was removed.
    pub removed: SlotRemoved,
}

impl Slot {
    /// Whether a password may open the repository by it.
    pub fn is_live(&self) -> bool {
        self.removed != SlotRemoved::Yes && !matches!(self.state, SlotState::Unreadable(_))
    }
}

impl Repository {
    /// Every key slot of the place, also those that were removed, sorted by name.
    pub fn slots(&self) -> Result<Vec<Slot>, RepoError> {
        let notices = self.notices()?;
        let mut slots = Vec::new();
        for (name, (file, _)) in self.slot_files()? {
            let state = match read_either(&*self.store, &file)? {
                Ok(read) => self.slot_state(&read.bytes),
                Err((FileState::Damaged(why), _) | (_, FileState::Damaged(why))) => SlotState::Unreadable(why),
                Err(_) => SlotState::Unreadable("it is cut off, or still arriving".to_owned()),
            };
            let removed = match (notices.slots.contains(&name), notices.unverified.contains(&name)) {
                (true, _) => SlotRemoved::Yes,
                (false, true) => SlotRemoved::Unverified,
                (false, false) => SlotRemoved::No,
            };
            slots.push(Slot { name, state, removed });
        }
        Ok(slots)
    }

    fn slot_state(&self, bytes: &[u8]) -> SlotState {
        match SealedFile::split(bytes, FileKind::KeySlot, self.id()).and_then(|file| SlotPublic::decode(file.public)) {
            Ok(public) => SlotState::Good(public.kdf),
            Err(error) if error.is_too_new() => SlotState::Newer,
            Err(error) => SlotState::Unreadable(error.to_string()),
        }
    }

    /// Adds a password and returns its slot's name. It is opened once from where it lies before this says that it is there.
    pub fn add_password(&self, password: &[u8], label: &str, strength: SlotStrength) -> Result<StoredName, RepoError> {
        let master = self.sealing()?.master().ok_or_else(|| RepoError::KeyForPlain { place: self.store.place() })?;
        let (file, bytes) = new_slot(&self.surroundings, self.id(), master, password, label, strength)?;
        put_twice(&*self.store, &file, &bytes)?;
        self.store.sync()?;
        let read = read_either(&*self.store, &file)?.map_err(|_| RepoError::Verification)?;
        let (opened, _) = open_slot(&read.bytes, self.id(), password).map_err(|_| RepoError::Verification)?;
        if opened.key_check() == master.key_check() { Ok(file.hash) } else { Err(RepoError::Verification) }
    }

    /// Writes a slot's tombstone: it does not exist from then on, wherever it lies. Needs the key, as whoever reads it would not believe it else.
    pub fn remove_slot(&self, name: StoredName) -> Result<(), RepoError> {
        self.bury(TombstoneTarget::KeySlot(name))
    }

    /// Adds a slot that nobody can open: no slot at all then goes on to mean that slots were lost.
    pub fn add_nobody(&self, strength: SlotStrength) -> Result<StoredName, RepoError> {
        let nobody: [u8; 32] = self.surroundings.entropy.bytes().map_err(RepoError::not_made("a new key slot"))?;
        self.add_password(&nobody, "no password", strength)
    }
}
