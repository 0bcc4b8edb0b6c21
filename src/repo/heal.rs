//! Owns healing: putting right bytes under a name that has none or wrong ones. Nothing is ever removed for want of good bytes.

use super::file::{FileState, read_file};
use super::inventory::{Files, Seen, list_folder};
use super::{Known, Ledger, Loaded, Notices, RepoError, Repository};
use crate::format::{FileKind, Header, NameFolder, PackKind, PackName, StoredFile, StoredName};
use crate::store::{Put, Store, StoreError};
use std::collections::BTreeSet;

/// What came of putting right bytes under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Written,
    /// They were there.
    Good,
    /// What is there stays: a locked bucket, or a folder that stands in the file's place.
    Refused,
}

/// What was healed, and what could not be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Healing {
    /// Files that were written.
    pub healed: Vec<String>,
    /// Files that are wrong or absent, and whose place takes no others.
    pub refused: Vec<String>,
}

impl Healing {
    pub(super) fn put(&mut self, store: &dyn Store, name: String, bytes: &[u8]) -> Result<(), RepoError> {
        match put_or_replace(store, &name, bytes)? {
            Outcome::Written => self.healed.push(name),
            Outcome::Good => {}
            Outcome::Refused => self.refused.push(name),
        }
        Ok(())
    }
}

/// Puts a file in place if it is absent, and over wrong bytes.
pub(super) fn put_or_replace(store: &dyn Store, name: &str, bytes: &[u8]) -> Result<Outcome, RepoError> {
    let put = match store.put(name, bytes) {
        // What is there may not be read, and so not compared.
        Err(StoreError::Denied { .. }) => Put::Differs,
        put => put?,
    };
    match put {
        Put::Stored => Ok(Outcome::Written),
        Put::AlreadyThere => Ok(Outcome::Good),
        Put::Differs => match store.replace(name, bytes) {
            Ok(()) => Ok(Outcome::Written),
            Err(StoreError::ReplaceRefused { .. }) => Ok(Outcome::Refused),
            Err(error) => Err(error.into()),
        },
    }
}

/// Small files that stand twice, manifests apart: those are judged by what they need, so all else comes first.
const TWICE: [NameFolder; 3] = [NameFolder::Keys, NameFolder::Tombstones, NameFolder::Needs];

impl Repository {
    /// Puts right what can be copied: `tintype.json`, small files that stand twice, meta packs.
    ///
    /// What was read once and has not changed since is not read again. A manifest in `second/` alone is published after a look of its own.
    pub fn heal(&self, known: &Known, notices: &Notices, ledger: &mut Ledger) -> Result<Healing, RepoError> {
        let mut healed = self.heal_repository_file()?;
        for folder in TWICE {
            self.heal_folder(folder, notices, ledger, &mut healed)?;
        }
        self.heal_meta_packs(known, ledger, &mut healed)?;
        self.heal_folder(NameFolder::Snapshots, notices, ledger, &mut healed)?;
        Ok(healed)
    }

    fn heal_folder(&self, folder: NameFolder, notices: &Notices, ledger: &mut Ledger, healed: &mut Healing) -> Result<(), RepoError> {
        let first = list_folder(&*self.store, folder, false)?;
        let second = list_folder(&*self.store, folder, true)?;
        let names: BTreeSet<StoredName> = first.keys().chain(second.keys()).copied().collect();
        names.into_iter().try_for_each(|name| self.heal_small(name, (&first, &second), notices, ledger, healed))
    }

    fn heal_small(
        &self,
        name: StoredName,
        (first, second): (&Files, &Files),
        notices: &Notices,
        ledger: &mut Ledger,
        healed: &mut Healing,
    ) -> Result<(), RepoError> {
        let (one, other) = (first.get(&name), second.get(&name));
        let Some((file, _)) = one.or(other) else { return Ok(()) };
        let is_verified =
            |ledger: &Ledger, copy: Option<&(StoredFile, Seen)>| copy.is_some_and(|(file, seen)| ledger.is_verified(&file.path(), *seen));
        if is_verified(ledger, one) && is_verified(ledger, other) {
            return Ok(());
        }
        // What a tombstone names need not be kept whole.
        if notices.manifests.contains(&name) || notices.slots.contains(&name) {
            return Ok(());
        }
        let mut good = None;
        let mut wrong = Vec::new();
        for (copy, listed) in [(file.in_first(), one), (file.in_second(), other)] {
            match listed.map(|_| read_file(&*self.store, &copy)).transpose()? {
                Some(FileState::Good(bytes)) => {
                    if let Some((_, seen)) = listed {
                        ledger.read_file(&copy.path(), *seen, true);
                    }
                    good.get_or_insert(bytes);
                }
                _ => wrong.push(copy),
            }
        }
        let Some(bytes) = good else { return Ok(()) };
        let is_announcement = Header::decode(&bytes).is_ok_and(|header| header.kind == FileKind::Announcement);
        if is_announcement || (file.folder == NameFolder::Snapshots && one.is_none() && !self.may_publish(file, notices, ledger)?) {
            return Ok(());
        }
        for copy in wrong {
            healed.put(&*self.store, copy.path(), &bytes)?;
        }
        Ok(())
    }

    /// Whether a manifest that lies in `second/` alone may be copied to `snapshots/`: only after a look that found everything.
    fn may_publish(&self, file: &StoredFile, notices: &Notices, ledger: &mut Ledger) -> Result<bool, RepoError> {
        let Loaded::Good(manifest) = self.load_manifest(file)? else { return Ok(false) };
        if notices.manifests.contains(&file.hash) {
            return Ok(false);
        }
        let needs = self.read_needs(&manifest.public.needs)?;
        if !needs.lost.is_empty() || !needs.agrees_with(&manifest.public.needs) {
            return Ok(false);
        }
        Ok(self.look(&needs.packs, ledger)?.is_empty())
    }

    fn heal_meta_packs(&self, known: &Known, ledger: &mut Ledger, healed: &mut Healing) -> Result<(), RepoError> {
        let second = list_folder(&*self.store, NameFolder::Packs, true)?;
        let known_meta =
            known.index.packs().iter().filter(|pack| pack.kind == PackKind::Meta && known.packs.files.contains_key(&pack.name));
        let names: BTreeSet<PackName> = second.keys().map(|name| PackName::from(*name)).chain(known_meta.map(|pack| pack.name)).collect();
        for name in names {
            let one = known.packs.files.get(&name).copied();
            let other = second.get(&name.into()).map(|(_, seen)| *seen);
            let file = StoredFile::first(NameFolder::Packs, name);
            let length_bytes = known.index.position(name).and_then(|position| known.index.pack(position)).map(|pack| pack.length_bytes);
            let right = |seen: &Seen| length_bytes.is_none_or(|length| length == seen.length_bytes) && !seen.placeholder;
            let one_right = match one.filter(right) {
                Some(seen) => ledger.is_whole(name, seen) && !ledger.is_damaged(name, seen) || self.sees_whole(&file, seen, ledger)?,
                None => false,
            };
            let other_right = match other.filter(right) {
                Some(seen) => ledger.is_whole_second(name, seen) || self.sees_whole(&file.in_second(), seen, ledger)?,
                None => false,
            };
            let (from, to) = match (one_right, other_right) {
                (true, false) => (file, file.in_second()),
                (false, true) => (file.in_second(), file),
                _ => continue,
            };
            if let FileState::Good(bytes) = read_file(&*self.store, &from)? {
                healed.put(&*self.store, to.path(), &bytes)?;
            }
        }
        Ok(())
    }

    /// Puts first copies of meta packs right that had to be read from their second. Returns the names that were written, and the packs that stay as they are.
    pub fn heal_first_copies(&self, packs: &BTreeSet<PackName>) -> Result<(Vec<String>, BTreeSet<PackName>), RepoError> {
        let (mut healed, mut left) = (Vec::new(), BTreeSet::new());
        for name in packs {
            let first = StoredFile::first(NameFolder::Packs, *name);
            match read_file(&*self.store, &first.in_second())? {
                FileState::Good(bytes) if put_or_replace(&*self.store, &first.path(), &bytes)? != Outcome::Refused => {
                    healed.push(first.path())
                }
                _ => _ = left.insert(*name),
            }
        }
        Ok((healed, left))
    }

    /// Reads the trailer of a pack that was not seen whole since it last changed, and notes it.
    fn sees_whole(&self, file: &StoredFile, seen: Seen, ledger: &mut Ledger) -> Result<bool, RepoError> {
        let name = PackName::from(file.hash);
        let is_damaged = if file.second { ledger.is_damaged_second(name, seen) } else { ledger.is_damaged(name, seen) };
        if is_damaged || self.with_whole_trailers(&[(*file, seen.length_bytes)])?.is_empty() {
            return Ok(false);
        }
        if file.second {
            ledger.saw_whole_second(name, seen)
        } else {
            ledger.saw_whole(name, seen)
        }
        Ok(true)
    }
}
