//! Owns judging packs by name, length and trailer: which are whole, short, wrong, absent, replaced or placeholders.

use super::audit::Audit;
use super::manifests::Judged;
use super::needs::Pages;
use super::workers::for_each;
use crate::ops::{Error, Problem, Severity};
use crate::repo::{NameFolder, NeededPack, PackKind, PackName, PackTail, PackVerdict, Seen, StoredFile};
use std::collections::{BTreeMap, BTreeSet};

/// How one copy of a pack stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// The right length, and a trailer.
    Whole,
    /// Not there.
    Absent,
    /// Without a trailer.
    Short,
    /// Wrong bytes.
    Wrong(String),
    /// This user may not read it: no sign of damage.
    Denied(String),
    /// A placeholder.
    Elsewhere,
}

/// How a pack stands, both copies taken together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PackState {
    /// Here.
    Whole,
    /// Not here; other packs hold all of it, as `instead` says.
    Replaced,
    /// A placeholder at best.
    Elsewhere,
    /// Absent or short, and never seen whole here.
    Incomplete,
    /// Wrong, not to be read, or lost since it was seen whole here: the code, and why.
    Damaged(&'static str, String),
}

/// What is known of one pack.
#[derive(Debug, Clone)]
pub(super) struct PackLook {
    /// As the snapshots name it; `None`: none of those judged needs it.
    pub(super) needed: Option<NeededPack>,
    /// Stands twice.
    pub(super) is_meta: bool,
    /// Both copies as they are listed.
    pub(super) listed: [Option<Seen>; 2],
    /// Both copies; the second only of meta packs.
    pub(super) copies: [Condition; 2],
    /// What reading the copies whole gave.
    pub(super) verdicts: [Option<PackVerdict>; 2],
}

impl PackLook {
    /// One copy at least is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.copies.contains(&Condition::Whole)
    }

    /// Whether a record was read and found right in some copy.
    pub(super) fn has_good_record(&self, ordinal: u32) -> bool {
        self.verdicts.iter().flatten().any(|verdict| verdict.records_judged && !verdict.bad_records.contains(&ordinal))
    }

    /// Whether it was read whole with the key and every object of it was right in some copy.
    pub(super) fn objects_are_good(&self) -> bool {
        let mut judged = self.verdicts.iter().flatten().filter(|verdict| verdict.records_judged).map(|verdict| &verdict.bad_records);
        let Some(first) = judged.next() else { return false };
        judged.fold(first.clone(), |bad, other| &bad & other).is_empty()
    }
}

/// Every pack in question.
#[derive(Debug, Default)]
pub(super) struct Looks {
    pub(super) packs: BTreeMap<PackName, PackLook>,
    replaced: BTreeSet<PackName>,
    seen_before: BTreeSet<PackName>,
    /// What the judged snapshots need.
    pub(super) needed: BTreeMap<PackName, NeededPack>,
}

impl Looks {
    /// How a pack stands.
    pub(super) fn state(&self, name: PackName) -> PackState {
        let Some(look) = self.packs.get(&name) else { return PackState::Incomplete };
        if look.is_whole() {
            return PackState::Whole;
        }
        if self.replaced.contains(&name) {
            return PackState::Replaced;
        }
        if let Some(Condition::Wrong(reason)) = look.copies.iter().find(|copy| matches!(copy, Condition::Wrong(_))) {
            return PackState::Damaged("pack-damaged", reason.clone());
        }
        if let Some(Condition::Denied(reason)) = look.copies.iter().find(|copy| matches!(copy, Condition::Denied(_))) {
            return PackState::Damaged("pack-denied", reason.clone());
        }
        if look.copies.contains(&Condition::Elsewhere) {
            return PackState::Elsewhere;
        }
        if !self.seen_before.contains(&name) {
            return PackState::Incomplete;
        }
        if look.copies.contains(&Condition::Short) {
            PackState::Damaged("pack-short", "it was whole here once and is short now".to_owned())
        } else {
            PackState::Damaged("pack-missing", "it was whole here once and is gone".to_owned())
        }
    }

    /// Needed packs that are not here and whose content is.
    pub(super) fn replaced_count(&self) -> u64 {
        let replaced = self.needed.keys().filter(|name| self.state(**name) == PackState::Replaced).count();
        u64::try_from(replaced).unwrap_or(u64::MAX)
    }

    /// Finds out again which packs are replaced, after conditions changed.
    pub(super) fn find_replaced(&mut self, audit: &Audit<'_>) {
        self.replaced = audit.notices.here(|name| self.packs.get(&name).is_some_and(PackLook::is_whole));
    }
}

impl Audit<'_> {
    /// Gathers what the snapshots need, and looks at it; and at every other pack that lies here, if all is audited.
    pub(super) fn look_at_packs(&mut self, judged: &mut [Judged], pages: &Pages) -> Result<Looks, Error> {
        let mut looks = Looks { seen_before: self.ledger.packs.keys().copied().collect(), ..Looks::default() };
        let mut contradicted = Vec::new();
        let mut add = |pack: &NeededPack| {
            let known = looks.needed.entry(pack.name).or_insert(*pack);
            if known != pack {
                contradicted.push(*pack);
            }
        };
        pages.names().flat_map(|page| pages.get(page)).for_each(&mut add);
        // What a run that died meant to need is looked at below, as what nobody needs: it is no snapshot.
        let manifests = judged.iter().filter_map(|one| one.manifest.as_ref());
        manifests.flat_map(|manifest| &manifest.public.needs.tail).for_each(&mut add);
        for pack in contradicted {
            let path = StoredFile::first(NameFolder::Packs, pack.name).path();
            let words = "two lists of needed packs state different lengths or kinds for it";
            self.note(Problem::of_object("needs-contradictory", Severity::Damaged, path, words));
        }
        let mut names: BTreeSet<PackName> = looks.needed.keys().copied().collect();
        names.extend(self.notices.instead.values().flatten().flatten().map(|pack| pack.name));
        if self.all {
            names.extend(self.listed_packs());
        }
        self.look_at(&mut looks, names)?;
        looks.find_replaced(self);
        if self.all {
            self.note_forgotten_packs(&looks, judged, pages);
        }
        Ok(looks)
    }

    /// Looks at every pack that lies here as well: to find objects that were stored again.
    pub(super) fn look_at_all(&mut self, looks: &mut Looks) -> Result<(), Error> {
        let names = self.listed_packs().filter(|name| !looks.packs.contains_key(name)).collect();
        self.look_at(looks, names)?;
        looks.find_replaced(self);
        Ok(())
    }

    fn listed_packs(&self) -> impl Iterator<Item = PackName> + use<> {
        let names: Vec<PackName> = [false, true]
            .iter()
            .flat_map(|second| self.inventory.files(NameFolder::Packs, *second))
            .map(|(file, _)| PackName::from(file.hash))
            .collect();
        names.into_iter()
    }

    fn look_at(&mut self, looks: &mut Looks, names: BTreeSet<PackName>) -> Result<(), Error> {
        let mut asked: Vec<(StoredFile, Seen)> = Vec::new();
        let listed_of = |audit: &Self, name: PackName| {
            [false, true].map(|second| audit.inventory.get(NameFolder::Packs, second, name.into()).map(|(_, seen)| *seen))
        };
        for name in &names {
            for (second, seen) in [false, true].into_iter().zip(listed_of(self, *name)) {
                let Some(seen) = seen.filter(|seen| !seen.placeholder) else { continue };
                let known = !second && self.ledger.is_whole(*name, seen);
                if !known {
                    let file = StoredFile::first(NameFolder::Packs, *name);
                    asked.push((if second { file.in_second() } else { file }, seen));
                }
            }
        }
        let repository = self.repository;
        let (tails, error) = for_each(repository.surroundings().threads.clamp(1, 16), &asked, |(file, seen)| {
            if self.observer.interrupted() {
                return Err(crate::repo::RepoError::Interrupted);
            }
            repository.pack_tail(file, seen.length_bytes)
        });
        if let Some(error) = error {
            return Err(error);
        }
        let tails: BTreeMap<StoredFile, PackTail> = asked.iter().zip(tails).filter_map(|((file, _), tail)| Some((*file, tail?))).collect();
        if tails.values().any(|tail| matches!(tail, PackTail::Unreadable(_) | PackTail::Denied(_))) {
            repository.check_place()?;
        }
        for name in names {
            let needed = looks.needed.get(&name).copied();
            let listed = listed_of(self, name);
            let first = StoredFile::first(NameFolder::Packs, name);
            let copies = [first, first.in_second()];
            let tail_is_meta = copies.iter().any(|file| tails.get(file) == Some(&PackTail::Whole(PackKind::Meta)));
            let is_meta = needed.map_or(listed[1].is_some() || tail_is_meta, |needed| needed.kind == PackKind::Meta);
            let condition = |second: usize| self.condition(name, needed, listed[second], tails.get(&copies[second]), second == 1);
            let copies = [condition(0), if is_meta { condition(1) } else { Condition::Absent }];
            if let (Some(seen), Condition::Whole, true) = (listed[0], &copies[0], needed.is_some() || tails.contains_key(&first)) {
                self.ledger.saw_whole(name, seen);
            }
            looks.packs.insert(name, PackLook { needed, is_meta, listed, copies, verdicts: [None, None] });
        }
        Ok(())
    }

    fn condition(
        &self,
        name: PackName,
        needed: Option<NeededPack>,
        seen: Option<Seen>,
        tail: Option<&PackTail>,
        second: bool,
    ) -> Condition {
        let Some(seen) = seen else { return Condition::Absent };
        if seen.placeholder {
            return Condition::Elsewhere;
        }
        let length = needed.map_or(seen.length_bytes, |needed| needed.length_bytes);
        let other_length = || Condition::Wrong(format!("it has {} bytes instead of {length}", seen.length_bytes));
        match tail {
            Some(PackTail::Absent) => Condition::Absent,
            Some(PackTail::Short) => Condition::Short,
            Some(PackTail::Wrong) => Condition::Wrong("its last bytes contradict its length".to_owned()),
            Some(PackTail::Unreadable(reason)) => Condition::Wrong(reason.clone()),
            Some(PackTail::Denied(reason)) => Condition::Denied(reason.clone()),
            _ if seen.length_bytes != length => other_length(),
            Some(PackTail::Whole(kind)) if needed.is_some_and(|needed| needed.kind != *kind) => {
                Condition::Wrong("it is a pack of the other kind".to_owned())
            }
            _ if if second { self.ledger.is_damaged_second(name, seen) } else { self.ledger.is_damaged(name, seen) } => {
                Condition::Wrong("its bytes were wrong when they were last read, and it has not changed since".to_owned())
            }
            _ => Condition::Whole,
        }
    }

    /// Says which needed packs a tombstone names: they may be deleted any time.
    fn note_forgotten_packs(&mut self, looks: &Looks, judged: &[Judged], pages: &Pages) {
        let mut named = BTreeSet::new();
        for manifest in judged.iter().filter(|one| one.is_judged()).filter_map(|one| one.manifest.as_ref()) {
            let (packs, _) = pages.of(&manifest.public.needs);
            named.extend(packs.map(|pack| pack.name).filter(|name| self.notices.packs.contains(name)));
        }
        for name in named.into_iter().filter(|name| looks.state(*name) == PackState::Whole) {
            let path = StoredFile::first(NameFolder::Packs, name).path();
            let words =
                "a tombstone names it, and a snapshot needs it: it may be deleted; the next `tintype snap` stores its content again";
            self.note(Problem::of_object("needed-pack-forgotten", Severity::Notice, path, words));
        }
    }

    /// Says where one copy of a needed meta pack is not good and the other is.
    pub(super) fn note_pack_copies(&mut self, looks: &Looks) {
        for (name, look) in looks.packs.iter().filter(|(_, look)| look.is_meta && look.is_whole()) {
            if look.needed.is_none() && !self.all {
                continue;
            }
            let first = StoredFile::first(NameFolder::Packs, *name);
            for (file, copy) in [first, first.in_second()].into_iter().zip(&look.copies) {
                match copy {
                    Condition::Whole | Condition::Elsewhere => {}
                    // What nobody needs may have been cut off between its two copies.
                    Condition::Absent | Condition::Short if look.needed.is_none() => {}
                    Condition::Absent => self.bad_copies.note("copy-missing", file.path(), "this copy is absent; the other is whole"),
                    Condition::Short => self.bad_copies.note("copy-damaged", file.path(), "this copy is short; the other is whole"),
                    Condition::Wrong(reason) | Condition::Denied(reason) => {
                        self.bad_copies.note("copy-damaged", file.path(), format!("{reason}; the other copy is whole"));
                    }
                }
            }
        }
    }
}
