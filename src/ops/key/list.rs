//! Owns saying which key slots there are, and which one opened the repository.

use crate::ops::{Error, Problem};
use crate::repo::{RepoError, Repository, Slot, SlotRemoved, SlotState};
use serde::Serialize;

/// What opened the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenedBy {
    /// Nothing did: it is locked.
    Nothing,
    /// A password.
    Password,
    /// The recovery code.
    RecoveryCode,
}

impl OpenedBy {
    pub(super) fn of(repository: &Repository) -> Self {
        if repository.opened_slot().is_some() {
            Self::Password
        } else if repository.is_opened_by_code() {
            Self::RecoveryCode
        } else {
            Self::Nothing
        }
    }
}

/// One key slot. A slot carries no time, and its label is sealed with its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedSlot {
    /// Its name, 64 hexadecimal digits.
    pub slot: String,
    /// `good`, `newer`, `unreadable`, `removed`, or `unverified`: a tombstone names it that nobody can tell from a false one without the key.
    pub state: &'static str,
    /// It opened the repository just now.
    pub opened: bool,
    /// What the person calls its password; known only of the one that opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What each guess costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<Strength>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Argon2id's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Strength {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// The key slots.
#[derive(Debug, Clone, Serialize)]
pub struct KeyListReport {
    /// What was done: `list`.
    pub action: &'static str,
    /// All of them, sorted by name.
    pub slots: Vec<ListedSlot>,
    /// What opened the repository.
    pub opened_by: OpenedBy,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

/// Lists the key slots; also those of a locked repository.
///
/// Errors: the repository is plain, or the place fails.
pub fn key_list(repository: &Repository) -> Result<KeyListReport, Error> {
    refuse_plain(repository)?;
    let slots = repository.slots()?.into_iter().map(|slot| listed(repository, slot)).collect();
    Ok(KeyListReport { action: "list", slots, opened_by: OpenedBy::of(repository), problems: Vec::new() })
}

fn listed(repository: &Repository, slot: Slot) -> ListedSlot {
    let opened = repository.opened_slot().filter(|opened| opened.name == slot.name);
    let (strength, why) = match &slot.state {
        SlotState::Good(kdf) => (Some(Strength { memory_kib: kdf.memory_kib, passes: kdf.passes, lanes: kdf.lanes }), None),
        SlotState::Newer => (None, Some("a newer version made it".to_owned())),
        SlotState::Unreadable(why) => (None, Some(why.clone())),
    };
    let state = match (slot.removed, &slot.state) {
        (SlotRemoved::Yes, _) => "removed",
        (SlotRemoved::Unverified, _) => "unverified",
        (SlotRemoved::No, SlotState::Good(_)) => "good",
        (SlotRemoved::No, SlotState::Newer) => "newer",
        (SlotRemoved::No, SlotState::Unreadable(_)) => "unreadable",
    };
    let label = opened.map(|opened| opened.label.clone());
    ListedSlot { slot: slot.name.hex(), state, opened: opened.is_some(), label, strength, why }
}

/// What opened the repository.
#[derive(Debug, Clone, Serialize)]
pub struct KeyTestReport {
    /// What was done: `test`.
    pub action: &'static str,
    /// By what.
    pub opened_by: OpenedBy,
    /// The password's slot, 64 hexadecimal digits.
    pub slot: Option<String>,
    /// What the person calls the password.
    pub label: Option<String>,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

/// Says what opened a repository: that it is open is the test.
///
/// Errors: the repository is plain, or locked.
pub fn key_test(repository: &Repository) -> Result<KeyTestReport, Error> {
    refuse_plain(repository)?;
    repository.sealing()?;
    let opened = repository.opened_slot();
    Ok(KeyTestReport {
        action: "test",
        opened_by: OpenedBy::of(repository),
        slot: opened.map(|opened| opened.name.hex()),
        label: opened.map(|opened| opened.label.clone()),
        problems: Vec::new(),
    })
}

/// Where a recovery sheet was written to.
#[derive(Debug, Clone, Serialize)]
pub struct KeySheetReport {
    /// What was done: `sheet`.
    pub action: &'static str,
    /// The file, as text.
    pub recovery_sheet: String,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

impl KeySheetReport {
    /// Of the file at a path.
    pub fn of(path: &std::path::Path) -> Self {
        Self { action: "sheet", recovery_sheet: crate::scan::escaped(path.as_os_str().as_encoded_bytes()), problems: Vec::new() }
    }
}

fn refuse_plain(repository: &Repository) -> Result<(), Error> {
    if repository.is_encrypted() {
        return Ok(());
    }
    Err(RepoError::KeyForPlain { place: repository.store().place() }.into())
}
