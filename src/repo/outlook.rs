//! Owns what can be told of objects without reading them: by the index, by which packs are here and how long they are, and by what this
//! machine remembers of them.
//!
//! Invariant: no byte of a pack's records is read.

use super::index::{Found, PackFacts};
use super::inventory::{Files, Packs, Seen, list_folder};
use super::reader::worse;
use super::{Index, ObjectReader, RepoError};
use crate::format::{NameFolder, ObjectId, ObjectKind, PackKind, PackName};
use std::collections::BTreeSet;

/// What lies where, looked at once.
#[derive(Debug)]
pub struct Outlook<'a, 'r> {
    reader: &'a ObjectReader<'r>,
    /// `None`: the folder cannot be listed, so nothing can be told.
    packs: Option<(Packs, Files)>,
    /// Packs of another length than they should have, in which what was asked for seems to be all the same.
    odd: BTreeSet<PackName>,
}

/// What is to be expected of reading an object.
#[derive(Debug)]
pub enum Expected {
    /// It is here, as far as can be told.
    Here,
    /// The only copy lies in a pack whose bytes were wrong when they were last read; not every object of it need be hit.
    InDamaged(PackName),
    /// It cannot be had: with the error that reading it would give.
    Lost(RepoError),
}

/// How one copy of a pack stands, as far as one of its records is concerned.
enum Copy {
    Here,
    Damaged,
    Short,
    Absent,
}

impl<'a, 'r> Outlook<'a, 'r> {
    /// Lists the packs. Cost: one listing of each of the two folders.
    pub fn new(reader: &'a ObjectReader<'r>) -> Result<Self, RepoError> {
        let store = &**reader.repository().store();
        let packs = Packs::list(store).and_then(|first| Ok((first, list_folder(store, NameFolder::Packs, true)?)));
        let packs = match packs {
            Ok(packs) => Some(packs),
            Err(RepoError::Store(error)) if error.is_of_one_file() => None,
            Err(error) => return Err(error),
        };
        Ok(Self { reader, packs, odd: BTreeSet::new() })
    }

    /// What to expect of an object. The outer error is the place being gone.
    pub fn of(&mut self, kind: ObjectKind, id: ObjectId) -> Result<Expected, RepoError> {
        let mut damaged = None;
        loop {
            let (index, is_everything) = (self.reader.index(), self.reader.is_widened());
            let mut worst = None;
            for found in index.find(id).filter(|found| found.place.kind == kind) {
                match self.of_found(&index, &found) {
                    Expected::Here => return Ok(Expected::Here),
                    Expected::InDamaged(pack) => damaged = Some(pack),
                    Expected::Lost(error) => worst = Some(worse(worst.take(), error)),
                }
            }
            if is_everything {
                let lost = || Expected::Lost(worst.unwrap_or_else(|| self.reader.nowhere(id)));
                return Ok(damaged.map_or_else(lost, Expected::InDamaged));
            }
            self.reader.widen()?;
        }
    }

    /// Packs of another length than they should have that were come across, in which what was asked for seems to be all the same.
    pub fn odd_packs(&self) -> &BTreeSet<PackName> {
        &self.odd
    }

    fn of_found(&mut self, index: &Index, found: &Found) -> Expected {
        let id = found.place.id;
        let Some(pack) = index.pack(found.pack) else { return Expected::Lost(RepoError::ObjectMissing { id }) };
        let Some((first, second)) = &self.packs else { return Expected::Here };
        let ledger = self.reader.ledger();
        let one = first.files.get(&pack.name).copied();
        let mut copies = vec![copy(pack, found, one, |seen| ledger.is_damaged(pack.name, seen))];
        if pack.kind == PackKind::Meta {
            let other = second.get(&pack.name.into()).map(|(_, seen)| *seen);
            copies.push(copy(pack, found, other, |seen| ledger.is_damaged_second(pack.name, seen)));
        }
        if copies.iter().any(|copy| matches!(copy, Copy::Here)) {
            if one.is_some_and(|seen| seen.length_bytes != pack.length_bytes) {
                self.odd.insert(pack.name);
            }
            return Expected::Here;
        }
        if copies.iter().any(|copy| matches!(copy, Copy::Damaged)) {
            return Expected::InDamaged(pack.name);
        }
        let how = if copies.iter().any(|copy| matches!(copy, Copy::Short)) { "short" } else { "gone" };
        Expected::Lost(if self.reader.was_here(pack) {
            let reason = format!("it was whole here once and is {how} now");
            RepoError::ObjectDamaged { id, pack: pack.name, reason, denied: false }
        } else {
            RepoError::ObjectMissing { id }
        })
    }
}

fn copy(pack: &PackFacts, found: &Found, seen: Option<Seen>, is_damaged: impl Fn(Seen) -> bool) -> Copy {
    let Some(seen) = seen else { return Copy::Absent };
    let record_end = found.place.record_offset.saturating_add(found.place.stored_bytes.into());
    if seen.length_bytes < pack.length_bytes && seen.length_bytes < record_end {
        return Copy::Short;
    }
    if is_damaged(seen) { Copy::Damaged } else { Copy::Here }
}
