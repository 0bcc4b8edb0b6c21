//! Owns judging what can be made again or stands twice: `tintype.json`, key slots, tombstones, index segments; and files that nobody needs.

use super::audit::Audit;
use super::copies::{Copy, Lost};
use super::manifests::Judged;
use super::packs::{Condition, Looks};
use crate::ops::{Error, Problem, Severity};
use crate::repo::{FileState, Index, IndexSegment, IndexedPack, NameFolder, PackName, RepositoryFileState, StoredFile, StoredName};
use std::collections::BTreeSet;
use std::sync::Arc;

const HEALS: &str = "the next `tintype snap` here makes it again";
/// So many false notices are said one by one.
const FALSE_SINGLE_MAX: usize = 8;

/// The index as the segments say that it is, and how many objects each pack has in it.
#[derive(Debug, Default)]
pub(super) struct BuiltIndex {
    pub(super) index: Arc<Index>,
    pub(super) object_counts: Vec<u64>,
}

impl BuiltIndex {
    fn of(index: Index) -> Self {
        let mut object_counts = vec![0_u64; index.packs().len()];
        for found in index.iter() {
            if let Some(count) = usize::try_from(found.pack).ok().and_then(|position| object_counts.get_mut(position)) {
                *count += 1;
            }
        }
        Self { index: Arc::new(index), object_counts }
    }

    /// The index and, if it lists the pack at all, whether it says of it what the pack's own directory says.
    pub(super) fn agrees(&self, pack: &IndexedPack) -> bool {
        let Some(position) = self.index.position(pack.name) else { return true };
        let mut count = 0_u64;
        let all = pack.directory.places().all(|place| {
            count += 1;
            self.index.find(place.id).any(|found| found.pack == position && found.place == place)
        });
        let counted = usize::try_from(position).ok().and_then(|position| self.object_counts.get(position));
        all && counted == Some(&count)
    }
}

impl Audit<'_> {
    /// Judges both copies of `tintype.json`.
    pub(super) fn check_repository_file(&mut self) {
        let states = self.repository.repository_file_states();
        for (path, state) in ["tintype.json", "second/tintype.json"].into_iter().zip(states) {
            match state {
                RepositoryFileState::Good => {}
                RepositoryFileState::Absent => self.bad_copies.note("copy-missing", path.to_owned(), "this copy is absent"),
                RepositoryFileState::Damaged => self.bad_copies.note("copy-damaged", path.to_owned(), "this copy is wrong"),
            }
        }
    }

    /// Judges key slots and tombstones, both of which stand twice, and `instead` files.
    pub(super) fn check_slots_and_notices(&mut self) -> Result<(), Error> {
        let (mut slots, mut good) = (0_usize, 0_usize);
        for hash in self.hashes(NameFolder::Keys) {
            if self.notices.slots.contains(&hash) || self.notices.unverified.contains(&hash) {
                continue;
            }
            slots += 1;
            let pair = self.read_pair(NameFolder::Keys, hash)?;
            let wrong = match pair.bytes() {
                Some(bytes) => self.repository.judge_key_slot(bytes).err(),
                None => Some(words_of(&pair.lost())),
            };
            match wrong {
                None => good += 1,
                Some(reason) => {
                    let path = StoredFile::first(NameFolder::Keys, hash).path();
                    let hint = "the recovery code opens the repository; `tintype key add` makes a new password";
                    self.note(Problem::of_object("key-slot-damaged", Severity::Bookkeeping, path, reason).with_hint(hint));
                }
            }
        }
        if self.repository.is_encrypted() && good == 0 {
            let words = if slots == 0 { "no key slot is here" } else { "no key slot is good" };
            let words = format!("{words}: only the recovery code opens the repository");
            self.note(
                Problem::of_object("key-slots-missing", Severity::Bookkeeping, "keys", words)
                    .with_hint("`tintype key add` makes a new password"),
            );
        }
        for hash in self.hashes(NameFolder::Tombstones) {
            self.read_pair(NameFolder::Tombstones, hash)?;
        }
        for (path, state) in self.notices.unreadable.clone() {
            let reason = match state {
                // It was listed, and is gone: somebody else's doing, this moment.
                FileState::Absent => continue,
                FileState::Short => "it is short".to_owned(),
                FileState::Damaged(reason) => reason,
                FileState::Good(_) => "it is not what its name says".to_owned(),
            };
            let words = format!("it cannot be read, so nobody obeys it: {reason}");
            self.note(Problem::of_object("notice-damaged", Severity::Notice, path, words));
        }
        self.note_false_notices();
        Ok(())
    }

    fn note_false_notices(&mut self) {
        let hint = "somebody without the key wrote it; find out who can write here";
        let false_ones = &self.notices.false_ones;
        let mut problems: Vec<Problem> = Vec::new();
        for path in false_ones.iter().take(FALSE_SINGLE_MAX) {
            let words = "it carries a wrong hash: nobody obeys it";
            problems.push(Problem::of_object("tombstone-false", Severity::Notice, path, words).with_hint(hint));
        }
        if let Some(more) = false_ones.len().checked_sub(FALSE_SINGLE_MAX).filter(|more| *more > 0) {
            let words = format!("{} more carry a wrong hash: nobody obeys them", super::plural(more, "file"));
            problems.push(Problem::of_object("tombstone-false", Severity::Notice, "tombstones", words).with_hint(hint));
        }
        self.problems.extend(problems);
    }

    /// The hashes that a folder has in either place.
    pub(super) fn hashes(&self, folder: NameFolder) -> BTreeSet<StoredName> {
        [false, true].iter().flat_map(|second| self.inventory.files(folder, *second)).map(|(file, _)| file.hash).collect()
    }

    /// Reads every index segment in question and builds the index of them; and takes in the directories of needed packs, and of those that stand for others, that none lists.
    pub(super) fn check_index(&mut self, judged: &[Judged], looks: &mut Looks) -> Result<BuiltIndex, Error> {
        let manifests = judged.iter().filter(|one| one.counts()).filter_map(|one| one.manifest.as_ref());
        // Without the key nobody can tell what a segment lists: the newest manifest's are those that a reader goes by.
        let skipped = if self.has_key() { 0 } else { manifests.clone().count().saturating_sub(1) };
        let named: BTreeSet<StoredName> = manifests.skip(skipped).flat_map(|manifest| manifest.public.segments.iter().copied()).collect();
        let mut names = named.clone();
        let mut bad = Vec::new();
        if self.all {
            names.extend(self.hashes(NameFolder::Index));
        }
        let mut segments: Vec<(StoredName, IndexSegment)> = Vec::new();
        for name in names {
            self.go_on()?;
            let listed = self.inventory.get(NameFolder::Index, false, name).copied();
            let (code, reason) = match self.read_copy(listed)? {
                Copy::Good(bytes) if self.has_key() => match self.repository.decode_segment(&bytes) {
                    Ok(segment) => {
                        segments.push((name, segment));
                        continue;
                    }
                    Err(reason) => ("index-damaged", reason),
                },
                Copy::Good(bytes) => match self.repository.judge_segment(&bytes) {
                    Ok(()) => continue,
                    Err(reason) => ("index-damaged", reason),
                },
                Copy::Absent => ("index-missing", "a manifest names this index segment, and it is absent".to_owned()),
                Copy::Elsewhere => ("index-missing", "this index segment is a placeholder".to_owned()),
                Copy::Short => ("index-damaged", "this index segment is short".to_owned()),
                Copy::Damaged(reason) => ("index-damaged", reason),
            };
            let path = StoredFile::first(NameFolder::Index, name).path();
            bad.push(if self.has_key() || named.contains(&name) {
                Problem::of_object(code, Severity::Bookkeeping, path, reason).with_hint(HEALS)
            } else {
                Problem::of_object(code, Severity::Notice, path, format!("{reason}; the newest snapshot does without it"))
            });
        }
        if !self.has_key() {
            self.problems.extend(bad);
            return Ok(BuiltIndex::default());
        }
        let index = Index::default().extended(&segments, &[]);
        drop(segments);
        // Where good segments list every needed pack that lies here, nobody misses the bad ones.
        let is_here = |name: &PackName| looks.packs.get(name).is_none_or(|look| look.copies != [Condition::Absent, Condition::Absent]);
        if looks.needed.keys().all(|name| index.position(*name).is_some() || !is_here(name)) {
            bad.retain(|problem| problem.code == "index-damaged");
            for problem in &mut bad {
                (problem.severity, problem.hint) = (Severity::Notice, None);
                problem.message.push_str("; other segments list every pack that is needed");
            }
        }
        self.problems.extend(bad);
        let mut wanted: BTreeSet<PackName> = looks.needed.keys().copied().collect();
        wanted.extend(self.notices.instead.values().flatten().flatten().map(|pack| pack.name));
        let wanted: Vec<PackName> = wanted.into_iter().collect();
        Ok(BuiltIndex::of(self.with_directories(index, looks, &wanted)?))
    }

    /// Takes in the directories of every pack that lies here and is in no segment.
    pub(super) fn widen_index(&mut self, built: &BuiltIndex, looks: &mut Looks) -> Result<BuiltIndex, Error> {
        let names: Vec<PackName> = looks.packs.keys().copied().collect();
        let index = built.index.extended(&[], &[]);
        Ok(BuiltIndex::of(self.with_directories(index, looks, &names)?))
    }

    fn with_directories(&mut self, index: Index, looks: &mut Looks, names: &[PackName]) -> Result<Index, Error> {
        let mut directories = Vec::new();
        for name in names {
            let Some(look) = looks.packs.get_mut(name) else { continue };
            if index.position(*name).is_some() || !look.is_whole() {
                continue;
            }
            self.go_on()?;
            let seen = if look.copies[0] == Condition::Whole { look.listed[0] } else { look.listed[1] };
            let Some(seen) = seen else { continue };
            match self.repository.read_directory(*name, seen)? {
                Ok(directory) => directories.push(directory),
                // Nothing says any more what lies where in it: a pack that is whole by length and trailer, and of no use.
                Err(reason) => {
                    let words = format!("no index lists it, and its directory cannot be read: {reason}");
                    look.copies = [Condition::Wrong(words.clone()), Condition::Wrong(words)];
                }
            }
        }
        Ok(if directories.is_empty() { index } else { index.extended(&[], &directories) })
    }

    /// Reads every small file that nothing above had a reason to read.
    pub(super) fn read_unneeded(&mut self, read: &BTreeSet<StoredName>) -> Result<(), Error> {
        for folder in [NameFolder::Needs, NameFolder::Instead, NameFolder::Snapshots] {
            for second in [false, true] {
                let files: Vec<_> = self.inventory.files(folder, second).copied().collect();
                for (file, seen) in files.into_iter().filter(|(file, _)| !read.contains(&file.hash)) {
                    self.go_on()?;
                    let reason = match self.read_copy(Some((file, seen)))? {
                        Copy::Good(bytes) => match self.repository.judge_header(&bytes, folder) {
                            Ok(()) => continue,
                            Err(reason) => reason,
                        },
                        Copy::Damaged(reason) => reason,
                        Copy::Absent | Copy::Short | Copy::Elsewhere => continue,
                    };
                    self.note(Problem::of_object(
                        "unneeded-damaged",
                        Severity::Notice,
                        file.path(),
                        format!("no snapshot needs it: {reason}"),
                    ));
                }
            }
        }
        Ok(())
    }
}

fn words_of(lost: &Lost) -> String {
    match lost {
        Lost::Incomplete => "it is short in every place".to_owned(),
        Lost::Elsewhere => "it is a placeholder".to_owned(),
        Lost::Damaged(reason) => format!("it is wrong in every place: {reason}"),
    }
}
