//! Owns judging manifests: which there are, how both copies stand, which were here once, and which name a previous one that is not.

use super::audit::Audit;
use super::copies::{Copy, Lost, Pair};
use super::report::{CheckedSnapshot, SnapshotState, rfc3339};
use crate::ops::{Error, Problem, Severity, SnapshotRef, no_such, resolve};
use crate::repo::{Loaded, Manifest, NameFolder, RepoError, SnapshotList, StoredFile, StoredName, Time};
use std::collections::BTreeSet;

/// Where a manifest was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// In `snapshots/`: the snapshot exists.
    First,
    /// In `second/` alone, as far as this machine ever saw.
    SecondOnly,
    /// This machine saw it in `snapshots/`, and it is there no more.
    Gone,
}

/// One manifest under judgement.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) file: StoredFile,
    pub(super) origin: Origin,
    /// If it is good in either place.
    pub(super) manifest: Option<Manifest>,
    /// A person named it: it is judged wherever its manifest lies.
    pub(super) asked: bool,
    pub(super) report: CheckedSnapshot,
}

impl Judged {
    /// Its state is at least this bad.
    pub(super) fn worsen(&mut self, state: SnapshotState) {
        self.report.state = self.report.state.max(state);
    }

    /// What it needs is looked at: it is a snapshot, or one was asked for by this name.
    pub(super) fn is_judged(&self) -> bool {
        self.origin == Origin::First || self.asked
    }

    /// What it lacks counts: nothing says that it was forgotten either.
    pub(super) fn counts(&self) -> bool {
        self.is_judged() && !self.report.forgotten
    }
}

impl Audit<'_> {
    /// Reads every manifest in question, oldest first.
    pub(super) fn read_manifests(&mut self, names: &[SnapshotRef]) -> Result<Vec<Judged>, Error> {
        let list = self.snapshot_list();
        let mut wanted: Vec<(StoredFile, Origin)> = Vec::new();
        if self.all {
            wanted.extend(list.first.values().map(|(file, _)| (*file, Origin::First)));
            let known = self.ledger.manifests.clone();
            let gone = |hash: &StoredName| known.contains_key(hash) && !self.notices.unverified.contains(hash);
            wanted.extend(list.second_only.values().map(|(file, _)| {
                let origin = if gone(&file.hash) { Origin::Gone } else { Origin::SecondOnly };
                (*file, origin)
            }));
            let nowhere = |hash: &&StoredName| {
                !list.first.contains_key(hash) && !list.second_only.contains_key(hash) && !self.notices.manifests.contains(hash)
            };
            let lost = known.keys().filter(nowhere).filter(|hash| gone(hash));
            wanted.extend(lost.map(|hash| (StoredFile::first(NameFolder::Snapshots, *hash), Origin::Gone)));
        } else {
            for name in names {
                let file = self.find_named(&list, name)?;
                if !wanted.iter().any(|(other, _)| other.hash == file.hash) {
                    let is_gone = self.ledger.manifests.contains_key(&file.hash) && !self.notices.unverified.contains(&file.hash);
                    let origin = match file.second {
                        false => Origin::First,
                        true if is_gone => Origin::Gone,
                        true => Origin::SecondOnly,
                    };
                    wanted.push((file, origin));
                }
            }
        }
        wanted.sort_by_key(|(file, _)| (file.stated_seconds, file.hash));
        let mut judged = Vec::new();
        for (file, origin) in wanted {
            self.go_on()?;
            judged.push(self.judge(file, origin)?);
        }
        if self.all {
            let second_only: BTreeSet<StoredName> =
                judged.iter().filter(|one| one.origin == Origin::SecondOnly).map(|one| one.file.hash).collect();
            self.ledger.second_only.retain(|hash, _| second_only.contains(hash));
            self.ledger.manifests.retain(|hash, _| !self.notices.manifests.contains(hash));
        }
        Ok(judged)
    }

    fn snapshot_list(&self) -> SnapshotList {
        let exists = |hash: &StoredName| !self.notices.manifests.contains(hash);
        let side = |second: bool| {
            let side = if second { &self.inventory.second } else { &self.inventory.first };
            side.get(&NameFolder::Snapshots).cloned().unwrap_or_default()
        };
        let (first, second) = (side(false), side(true));
        let listed = first.len() + second.keys().filter(|hash| !first.contains_key(hash)).count();
        let second_only: crate::repo::Files = second.into_iter().filter(|(hash, _)| !first.contains_key(hash) && exists(hash)).collect();
        let first: crate::repo::Files = first.into_iter().filter(|(hash, _)| exists(hash)).collect();
        let forgotten = u64::try_from(listed - first.len() - second_only.len()).unwrap_or(0);
        SnapshotList { first, second_only, forgotten }
    }

    /// How many manifests that lie here are named by tombstones.
    pub(super) fn forgotten_count(&self) -> u64 {
        self.snapshot_list().forgotten
    }

    fn find_named(&self, list: &SnapshotList, name: &SnapshotRef) -> Result<StoredFile, Error> {
        // An id names a file, whatever state it is in; other names need manifests that can be read.
        if let SnapshotRef::Id(digits) = name {
            let all = list.first.values().chain(list.second_only.values());
            let mut matching = all.filter(|(file, _)| file.hash.hex().starts_with(digits));
            if let (Some((file, _)), None) = (matching.next(), matching.next()) {
                return Ok(*file);
            }
        }
        let hash: StoredName = resolve(self.repository, list, name)?.name.into();
        let found = list.first.get(&hash).or_else(|| list.second_only.get(&hash));
        found.map(|(file, _)| *file).ok_or_else(|| no_such(&hash.hex()))
    }

    fn judge(&mut self, file: StoredFile, origin: Origin) -> Result<Judged, Error> {
        let hash = file.hash;
        let pair = match origin {
            Origin::First => self.read_pair(NameFolder::Snapshots, hash)?,
            Origin::SecondOnly | Origin::Gone => {
                let listed = self.inventory.get(NameFolder::Snapshots, true, hash).copied();
                Pair { first: Copy::Absent, second: self.read_copy(listed)? }
            }
        };
        let report = CheckedSnapshot {
            id: hash.hex(),
            time: rfc3339(file.stated_seconds.unwrap_or(0), 0),
            second_only: origin != Origin::First,
            forgotten: self.notices.unverified.contains(&hash),
            ..CheckedSnapshot::default()
        };
        let mut judged = Judged { file, origin, manifest: None, asked: !self.all, report };
        if origin == Origin::SecondOnly {
            self.ledger.second_only.entry(hash).or_insert(self.now);
        }
        let Some(bytes) = pair.bytes() else {
            self.note_lost_manifest(&mut judged, &pair.lost());
            return Ok(judged);
        };
        match self.repository.judge_manifest(&file, bytes, None) {
            Loaded::Good(manifest) => {
                judged.report.time = rfc3339(manifest.public.time.seconds, manifest.public.time.nanoseconds);
                judged.report.packs = manifest.public.needs.pack_count;
                self.compare_time(&file, manifest.public.time);
                if matches!(pair.first, Copy::Good(_)) {
                    self.ledger.manifests.entry(hash).or_insert(self.now);
                }
                judged.manifest = Some(*manifest);
            }
            Loaded::TooNew(_) if !self.all => return Err(RepoError::TooNew { name: file.path() }.into()),
            Loaded::TooNew(_) => {
                judged.worsen(SnapshotState::Unforeseen);
                let words = "it was made by a newer version and was not judged";
                self.note(
                    Problem::of_object("manifest-too-new", Severity::Notice, file.path(), words)
                        .with_hint("use a newer version of tintype"),
                );
            }
            Loaded::Bad { reason, .. } => self.note_lost_manifest(&mut judged, &Lost::Damaged(reason)),
        }
        Ok(judged)
    }

    fn compare_time(&mut self, file: &StoredFile, time: Time) {
        let named = StoredFile::snapshot(file.hash, time);
        if named.stated_seconds != file.stated_seconds {
            let words = format!("it states {} inside, which counts", rfc3339(time.seconds, 0));
            self.note(Problem::of_object("time-contradicts-name", Severity::Notice, file.path(), words));
        }
    }

    fn note_lost_manifest(&mut self, judged: &mut Judged, lost: &Lost) {
        let name = if judged.file.stated_seconds.is_some() { judged.file.path() } else { judged.file.hash.hex() };
        let was_here = self.ledger.manifests.contains_key(&judged.file.hash);
        let (code, state, words) = match (lost, judged.origin) {
            (Lost::Damaged(reason), _) => ("manifest-damaged", SnapshotState::Damaged, format!("the manifest cannot be used: {reason}")),
            (_, Origin::Gone) => (
                "manifest-missing",
                SnapshotState::Damaged,
                "this machine saw the snapshot here; it is gone, and nothing says that it was forgotten".to_owned(),
            ),
            (Lost::Elsewhere, _) => ("elsewhere", SnapshotState::Elsewhere, "the manifest is a placeholder".to_owned()),
            (Lost::Incomplete, _) if was_here => {
                ("manifest-damaged", SnapshotState::Damaged, "the manifest was whole here once and is short now".to_owned())
            }
            (Lost::Incomplete, _) => {
                ("manifest-incomplete", SnapshotState::Incomplete, "the manifest is short: still arriving?".to_owned())
            }
        };
        judged.worsen(state);
        if judged.report.forgotten && state != SnapshotState::Damaged {
            return;
        }
        let severity = if state == SnapshotState::Damaged { Severity::Damaged } else { Severity::Incomplete };
        let hint = match code {
            "manifest-missing" => {
                "copy snapshots/ and what is new in packs/ back from another copy of this repository; \
                 if it was removed on purpose: this is said for as long as this machine's state remembers it"
            }
            "manifest-damaged" => "copy this file back from another copy of this repository; other snapshots do not depend on it",
            "manifest-incomplete" => "if this copy is still arriving, wait; else copy it again",
            _ => "let the sync tool download it",
        };
        self.note(Problem::of_object(code, severity, name, words).with_hint(hint));
    }

    /// Says which manifests name a previous one that is neither here nor forgotten. One in `second/` alone proves as well as a snapshot
    /// that there was an earlier one.
    pub(super) fn check_previous(&mut self, judged: &[Judged]) {
        let mut said = BTreeSet::new();
        for one in judged.iter().filter(|one| !one.report.forgotten) {
            let Some(sealed) = one.manifest.as_ref().and_then(|manifest| manifest.sealed.as_ref()) else { continue };
            for previous in sealed.sources.iter().flat_map(|source| &source.previous) {
                let hash = StoredName::from(*previous);
                let here = [false, true].iter().any(|second| self.inventory.get(NameFolder::Snapshots, *second, hash).is_some());
                let told = self.notices.manifests.contains(&hash) || self.ledger.manifests.contains_key(&hash);
                if here || told || !said.insert(hash) {
                    continue;
                }
                let words = format!("manifest {} follows it, and it is neither here nor forgotten: still arriving?", one.file.hash.short());
                self.problems.push(Problem::of_object("previous-missing", Severity::Incomplete, hash.hex(), words));
            }
        }
    }
}
