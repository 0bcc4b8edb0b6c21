//! Owns removing a key slot, and changing a password, which is adding one and then removing one.

use super::add::{KeyAddOptions, key_add};
use super::list::OpenedBy;
use crate::ops::{Error, Problem};
use crate::repo::{RepoError, Repository, Slot, SlotRemoved, SlotStrength, StoredName};
use serde::Serialize;

/// What was removed.
#[derive(Debug, Clone, Serialize)]
pub struct KeyRemoveReport {
    /// What was done: `remove`.
    pub action: &'static str,
    /// The slot, 64 hexadecimal digits.
    pub slot: String,
    /// It was the one that opened the repository just now.
    pub was_opened_by_it: bool,
    /// It had been removed before.
    pub was_removed_already: bool,
    /// Slots that are left for passwords.
    pub slots_left: usize,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

/// Writes a tombstone for a slot, in both places: from then on it does not exist, wherever it lies.
///
/// Errors: [`Error::NoSuchSlot`]; [`Error::LastSlot`] unless `force`; the repository is plain or locked, or the place fails.
pub fn key_remove(repository: &Repository, slot: &str, force: bool) -> Result<KeyRemoveReport, Error> {
    refuse_without_key(repository)?;
    repository.refuse_newer_rules("write")?;
    let slots = repository.slots()?;
    let slot = slot_named(&slots, slot)?;
    let slots_left = slots.iter().filter(|other| other.is_live() && other.name != slot.name).count();
    if slot.is_live() && slots_left == 0 {
        if !force {
            return Err(Error::LastSlot { slot: slot.name.short() });
        }
        // No slot at all means that slots were lost: one that nobody can open says that this was meant.
        repository.add_nobody(SlotStrength::Standard)?;
    }
    repository.remove_slot(slot.name)?;
    Ok(KeyRemoveReport {
        action: "remove",
        slot: slot.name.hex(),
        was_opened_by_it: repository.opened_slot().is_some_and(|opened| opened.name == slot.name),
        was_removed_already: slot.removed == SlotRemoved::Yes,
        slots_left,
        problems: Vec::new(),
    })
}

/// The slot that the first digits of its name mean.
///
/// Errors: [`Error::NoSuchSlot`].
fn slot_named<'s>(slots: &'s [Slot], digits: &str) -> Result<&'s Slot, Error> {
    let wanted = digits.to_ascii_lowercase();
    let mut fitting = slots.iter().filter(|slot| !wanted.is_empty() && slot.name.hex().starts_with(&wanted));
    match (fitting.next(), fitting.next()) {
        (Some(slot), None) => Ok(slot),
        (None, _) => Err(Error::NoSuchSlot { what: format!("no key slot begins with {digits:?}") }),
        (Some(_), Some(_)) => Err(Error::NoSuchSlot { what: format!("more than one key slot begins with {digits}") }),
    }
}

/// The password to put in another's place.
#[derive(Debug, Clone)]
pub struct KeyChangeOptions {
    /// Its bytes.
    pub password: zeroize::Zeroizing<Vec<u8>>,
    /// What the person calls it; `None` keeps what the one that opened is called.
    pub label: Option<String>,
    /// What guessing shall cost.
    pub strength: SlotStrength,
    /// The first digits of the slot that goes; `None` is the one that opened, or the only one.
    pub slot: Option<String>,
}

/// What was changed.
#[derive(Debug, Clone, Serialize)]
pub struct KeyChangeReport {
    /// What was done: `change`.
    pub action: &'static str,
    /// The new slot, 64 hexadecimal digits.
    pub slot: String,
    /// What the person calls its password.
    pub label: String,
    /// The slot that went, 64 hexadecimal digits.
    pub removed: String,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

/// The slot that a change would remove.
///
/// Errors: [`Error::NoSuchSlot`], also where it cannot be told which is meant.
pub fn slot_to_change(repository: &Repository, slot: Option<&str>) -> Result<StoredName, Error> {
    refuse_without_key(repository)?;
    let slots = repository.slots()?;
    if let Some(slot) = slot {
        return slot_named(&slots, slot).map(|slot| slot.name);
    }
    if let Some(opened) = repository.opened_slot() {
        return Ok(opened.name);
    }
    let mut live = slots.iter().filter(|slot| slot.is_live());
    match (live.next(), live.next()) {
        (Some(slot), None) => Ok(slot.name),
        (None, _) => Err(Error::NoSuchSlot { what: "there is no password to change: add one (`tintype key add`)".to_owned() }),
        (Some(_), Some(_)) => {
            Err(Error::NoSuchSlot { what: "the recovery code does not say which password is to go: give --slot".to_owned() })
        }
    }
}

/// Adds a password, opens its slot once, and only then removes the other.
///
/// Errors: as [`key_add`] and [`slot_to_change`]; after an error both passwords may open the repository, never neither.
pub fn key_change(repository: &Repository, options: &KeyChangeOptions) -> Result<KeyChangeReport, Error> {
    let goes = slot_to_change(repository, options.slot.as_deref())?;
    let label = options.label.clone().unwrap_or_else(|| match repository.opened_slot() {
        Some(opened) if opened.name == goes => opened.label.clone(),
        _ => String::new(),
    });
    let added = key_add(repository, &KeyAddOptions { password: options.password.clone(), label, strength: options.strength })?;
    repository.remove_slot(goes)?;
    Ok(KeyChangeReport { action: "change", slot: added.slot, label: added.label, removed: goes.hex(), problems: Vec::new() })
}

fn refuse_without_key(repository: &Repository) -> Result<(), Error> {
    let place = || repository.store().place();
    match OpenedBy::of(repository) {
        _ if !repository.is_encrypted() => Err(RepoError::KeyForPlain { place: place() }.into()),
        OpenedBy::Nothing => Err(RepoError::KeyNeeded { place: place() }.into()),
        OpenedBy::Password | OpenedBy::RecoveryCode => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyChangeOptions, key_change, key_remove};
    use crate::ops::key::{OpenedBy, key_list, key_test};
    use crate::repo::{Credentials, NewProtection, Repository, SlotStrength, Surroundings};
    use crate::store::MemoryStore;
    use std::sync::Arc;

    fn made() -> (MemoryStore, Repository) {
        let store = MemoryStore::new();
        let protection = NewProtection::Encrypted { password: Some(b"one".to_vec().into()), strength: SlotStrength::Test };
        let (repository, _) = Repository::create(Arc::new(store.clone()), &protection, Surroundings::plain()).unwrap();
        (store, repository)
    }

    fn open(store: &MemoryStore, password: &str) -> Result<Repository, &'static str> {
        let credentials = Credentials::Password(password.as_bytes().to_vec().into());
        Repository::open(Arc::new(store.clone()), &credentials, Surroundings::plain()).map_err(|error| error.code())
    }

    #[test]
    fn a_changed_password_takes_the_place_of_the_one_that_opened() {
        let (store, _) = made();
        let options = |slot| KeyChangeOptions { password: b"two".to_vec().into(), label: None, strength: SlotStrength::Test, slot };
        let report = key_change(&open(&store, "one").unwrap(), &options(None)).unwrap();
        assert_eq!(open(&store, "one").unwrap_err(), "wrong-password");
        let repository = open(&store, "two").unwrap();
        assert_eq!(key_test(&repository).unwrap().slot, Some(report.slot.clone()));
        let listed = key_list(&repository).unwrap();
        let mut states: Vec<_> = listed.slots.iter().map(|slot| (slot.slot == report.slot, slot.state, slot.opened)).collect();
        states.sort_unstable();
        assert_eq!(states, [(false, "removed", false), (true, "good", true)]);
        let refused = key_change(&repository, &options(Some("0123456789abcdef".to_owned()))).unwrap_err();
        assert_eq!(refused.code(), "no-such-slot");
    }

    #[test]
    fn the_last_slot_goes_only_by_force_and_leaves_a_sign_that_it_was_meant() {
        let (store, by_code) = made();
        let slot = by_code.slots().unwrap()[0].name.hex();
        assert_eq!(key_remove(&by_code, &slot, false).unwrap_err().code(), "last-slot");
        assert!(open(&store, "one").is_ok());
        let report = key_remove(&by_code, &slot[..10], true).unwrap();
        assert_eq!((report.slots_left, report.was_removed_already, report.was_opened_by_it), (0, false, false));
        assert_eq!(open(&store, "one").unwrap_err(), "wrong-password");
        let listed = key_list(&by_code).unwrap();
        assert_eq!(listed.slots.iter().filter(|slot| slot.state == "good").count(), 1, "a slot that nobody can open");
        assert_eq!(listed.opened_by, OpenedBy::RecoveryCode);
        assert!(key_remove(&by_code, &slot, false).unwrap().was_removed_already);
    }
}
