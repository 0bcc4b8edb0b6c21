//! Owns the verdict: what bad packs mean for the snapshots that need them, and for a person.

use super::audit::Audit;
use super::bookkeeping::BuiltIndex;
use super::manifests::{Judged, Origin};
use super::needs::Pages;
use super::pack_set::PackSet;
use super::packs::{Looks, PackState};
use super::photos::{Found, View, Walked, walk_all};
use super::report::SnapshotState;
use super::{plural, plural_u64};
use crate::ops::problem::DENIED_HINT;
use crate::ops::{Error, Problem, Severity};
use crate::repo::{Manifest, NameFolder, PackName, StoredFile, StoredName};
use crate::scan::escaped;
use std::collections::{BTreeMap, BTreeSet};

/// So many damaged packs are said one by one.
const SINGLE_MAX: usize = 1000;

/// What is not whole of what a snapshot needs.
type BadPacks = BTreeMap<usize, BTreeSet<PackName>>;

impl Audit<'_> {
    /// Judges every snapshot by its packs, and with the key by its objects; says what is bad once, whichever snapshots it hits.
    pub(super) fn judge_snapshots(
        &mut self,
        judged: &mut [Judged],
        pages: &Pages,
        looks: &mut Looks,
        built: BuiltIndex,
    ) -> Result<(), Error> {
        let mut bad = bad_packs(judged, pages, looks);
        let lacks_page = |one: &Judged| one.manifest.as_ref().is_some_and(|manifest| !pages.of(&manifest.public.needs).1);
        let mut walked = Walked::default();
        if self.has_key() {
            let in_doubt = |(position, one): (usize, &Judged)| {
                let packs = bad.get(&position).into_iter().flatten();
                one.counts() && (lacks_page(one) || packs.map(|pack| looks.state(*pack)).any(|state| state != PackState::Elsewhere))
            };
            let doubts = judged.iter().enumerate().any(in_doubt);
            if !doubts {
                walked = self.walk(judged, pages, looks, &built)?;
            }
            if doubts || walked.views.values().any(|view| view.missing || view.unreadable) {
                // Nothing is called lost before everything that lies here was asked for it.
                self.look_at_all(looks)?;
                let wide = self.widen_index(&built, looks)?;
                walked = self.walk(judged, pages, looks, &wide)?;
                bad = bad_packs(judged, pages, looks);
            }
            for pack in &walked.from_second {
                let path = StoredFile::first(NameFolder::Packs, *pack).path();
                self.bad_copies.note("copy-damaged", path, "a record of it is wrong; the other copy is good");
            }
        }
        let Walked { views, found, .. } = walked;
        let mut lost: BadPacks = bad.iter().map(|(position, packs)| (*position, lost_packs(packs, views.get(position)))).collect();
        for (position, view) in &views {
            lost.entry(*position).or_default().extend(&view.relied);
        }
        self.judge_states(judged, looks, &lost, &views, &found, &lacks_page);
        self.report_lost_pages(judged, pages, &|position| views.get(&position).is_some_and(View::is_sound));
        self.report_packs(judged, looks, &bad, &lost, &found);
        self.report_found(judged, found);
        self.report_second_only(judged, &bad, &lacks_page_of(judged, pages));
        Ok(())
    }

    fn walk(&self, judged: &[Judged], pages: &Pages, looks: &Looks, built: &BuiltIndex) -> Result<Walked, Error> {
        let chosen = judged.iter().enumerate().rev().filter(|(_, one)| one.counts());
        let manifests = chosen.filter_map(|(position, one)| Some((position, one.manifest.as_ref()?)));
        walk_all(self.repository, built, looks, self.observer, manifests, &|manifest| self.allowed(manifest, pages, built))
    }

    /// The packs that a snapshot may take objects from: those that it needs, and those that stand for one of them. `None`: not all are known.
    fn allowed(&self, manifest: &Manifest, pages: &Pages, built: &BuiltIndex) -> Option<PackSet> {
        let (packs, known) = pages.of(&manifest.public.needs);
        let mut allowed = PackSet::default();
        let mut add = |name: PackName| allowed.insert(built.index.position(name).into_iter());
        let (mut instead, mut seen) = (Vec::new(), BTreeSet::new());
        for pack in packs {
            add(pack.name);
            instead.extend(self.notices.instead.get(&pack.name));
        }
        while let Some(lists) = instead.pop() {
            for pack in lists.iter().flatten().filter(|pack| seen.insert(pack.name)) {
                add(pack.name);
                instead.extend(self.notices.instead.get(&pack.name));
            }
        }
        known.then_some(allowed)
    }

    fn judge_states(
        &mut self,
        judged: &mut [Judged],
        looks: &Looks,
        lost: &BadPacks,
        views: &BTreeMap<usize, View>,
        found: &Found,
        lacks_page: &dyn Fn(&Judged) -> bool,
    ) {
        let mut unexplained = 0_usize;
        for (position, one) in judged.iter_mut().enumerate() {
            let packs = lost.get(&position);
            for pack in packs.into_iter().flatten() {
                let state = match looks.state(*pack) {
                    PackState::Whole | PackState::Replaced => continue,
                    PackState::Elsewhere => SnapshotState::Elsewhere,
                    PackState::Incomplete => SnapshotState::Incomplete,
                    PackState::Damaged(..) => SnapshotState::Damaged,
                };
                if state == SnapshotState::Damaged {
                    one.report.packs_damaged += 1
                } else {
                    one.report.packs_missing += 1
                }
                one.worsen(state);
            }
            let Some(view) = views.get(&position) else { continue };
            let explained = packs.is_some_and(|packs| !packs.is_empty());
            if view.missing && !explained && !lacks_page(one) {
                unexplained += 1;
            }
            if view.broken {
                one.worsen(SnapshotState::Damaged);
            }
            if (view.missing || view.unreadable) && !explained {
                one.worsen(if lacks_page(one) && !view.unreadable { SnapshotState::Incomplete } else { SnapshotState::Damaged });
            }
        }
        if unexplained > 0 {
            let words = format!(
                "{} that {} use lie in no pack here, e.g. for {}",
                plural_u64(found.missing.count, "object"),
                plural(unexplained, "snapshot"),
                escaped(found.missing.example.as_deref().unwrap_or_default())
            );
            let path = escaped(found.missing.example.as_deref().unwrap_or_default());
            self.note(Problem::of_path("object-missing", Severity::Damaged, path, words));
        }
    }

    fn report_packs(&mut self, judged: &[Judged], looks: &Looks, bad: &BadPacks, lost: &BadPacks, found: &Found) {
        let counted = |packs: &BadPacks| {
            let mut counts: BTreeMap<PackName, usize> = BTreeMap::new();
            for (_, names) in packs.iter().filter(|(position, _)| judged.get(**position).is_some_and(Judged::counts)) {
                names.iter().for_each(|name| *counts.entry(*name).or_default() += 1);
            }
            counts
        };
        let (needing, losing) = (counted(bad), counted(lost));
        let (mut incomplete, mut elsewhere, mut damaged) = (Vec::new(), Vec::new(), 0_usize);
        let names: BTreeSet<PackName> = needing.keys().chain(losing.keys()).copied().collect();
        for name in &names {
            let path = StoredFile::first(NameFolder::Packs, *name).path();
            let snapshots = losing.get(name).copied().unwrap_or(0);
            match looks.state(*name) {
                PackState::Whole | PackState::Replaced => {}
                state if snapshots == 0 => {
                    let how = match state {
                        PackState::Damaged("pack-damaged", _) => "damaged",
                        PackState::Elsewhere => "a placeholder",
                        _ => "lost",
                    };
                    let words = format!("this pack is {how}, and everything in it that is used lies in other packs as well");
                    self.note(Problem::of_object("pack-lost-objects-elsewhere", Severity::Bookkeeping, path, words));
                }
                PackState::Elsewhere => elsewhere.push(path),
                PackState::Incomplete => incomplete.push(path),
                PackState::Damaged(code, reason) => {
                    damaged += 1;
                    if damaged <= SINGLE_MAX {
                        let readable = looks.packs.get(name).is_some_and(|look| look.objects_are_good());
                        let words = damage_words(*name, &reason, snapshots, found, self.has_key(), readable);
                        let hint = match code {
                            "pack-denied" => DENIED_HINT,
                            _ => "heal it from another copy of this repository, or run `tintype snap` while the photos are still there",
                        };
                        self.note(Problem::of_object(code, Severity::Damaged, path, words).with_hint(hint));
                    }
                }
            }
        }
        if damaged > SINGLE_MAX {
            let words = format!("{} more packs are damaged", damaged - SINGLE_MAX);
            self.note(Problem::of_object("pack-damaged", Severity::Damaged, "packs", words));
        }
        let all = looks.needed.len();
        if let Some(first) = incomplete.first() {
            let verb = if incomplete.len() == 1 { "is" } else { "are" };
            let words = format!(
                "{} of {} {verb} not here (yet), e.g. {first}{}",
                incomplete.len(),
                plural(all, "pack"),
                hit_words(found, &incomplete)
            );
            self.note(
                Problem::of_object("pack-incomplete", Severity::Incomplete, first.clone(), words)
                    .with_hint("if this copy is still arriving, wait; else copy again"),
            );
        }
        if let Some(first) = elsewhere.first() {
            let words = format!("{} of {} are placeholders, e.g. {first}", elsewhere.len(), plural(all, "pack"));
            self.note(
                Problem::of_object("elsewhere", Severity::Incomplete, first.clone(), words).with_hint("let the sync tool download them"),
            );
        }
        self.report_unneeded(looks, &names);
    }

    /// Says which packs are wrong that no snapshot needs.
    fn report_unneeded(&mut self, looks: &Looks, said: &BTreeSet<PackName>) {
        for (name, _) in looks.packs.iter().filter(|(name, look)| !said.contains(name) && !look.is_whole()) {
            if let (PackState::Damaged("pack-damaged" | "pack-denied", reason), true) = (looks.state(*name), self.all) {
                let path = StoredFile::first(NameFolder::Packs, *name).path();
                self.note(Problem::of_object("unneeded-damaged", Severity::Notice, path, format!("no snapshot needs it: {reason}")));
            }
        }
    }

    fn report_found(&mut self, judged: &[Judged], found: Found) {
        self.problems.extend(found.problems);
        let outside: Vec<StoredFile> = found.outside.iter().filter_map(|position| Some(judged.get(*position)?.file)).collect();
        if let Some(newest) = outside.first() {
            let snapshots = plural(outside.len(), "snapshot");
            let words = format!("objects of {snapshots} lie in none of the packs that it says it needs, e.g. {}", newest.hash.short());
            self.problems.push(Problem::of_object("needs-wrong", Severity::Bookkeeping, newest.path(), words));
        }
    }

    /// Says what lies in `second/` alone, and what is gone from `snapshots/`.
    fn report_second_only(&mut self, judged: &mut [Judged], bad: &BadPacks, lacks_page: &BTreeSet<StoredName>) {
        for (position, one) in judged.iter_mut().enumerate() {
            if one.manifest.is_none() || one.origin == Origin::First || one.report.forgotten {
                continue;
            }
            let whole = bad.get(&position).is_none_or(BTreeSet::is_empty) && !lacks_page.contains(&one.file.hash);
            if !whole {
                one.report.state = one.report.state.max(SnapshotState::Incomplete);
            }
            let path = one.file.in_second().path();
            if one.origin == Origin::Gone {
                let severity = if whole { Severity::Bookkeeping } else { Severity::Damaged };
                let words = "the snapshot was in snapshots/ and is in second/ alone now";
                let hint = if whole {
                    "the next `tintype snap` here heals it"
                } else {
                    "bring what it needs back from another copy of this repository"
                };
                self.note(Problem::of_object("manifest-missing", severity, path, words).with_hint(hint));
                continue;
            }
            // Who asks for it by name hears of it each time.
            let first_seen = self.ledger.second_only.get(&one.file.hash).copied().filter(|_| !one.asked);
            let since = first_seen.unwrap_or(self.now);
            let severity = Severity::of_second_only(whole, since, self.now);
            let words = if whole {
                "its manifest is in second/ alone; all that it needs is here"
            } else {
                "its manifest is in second/ alone, and not all that it needs is here: still arriving, or a run that was interrupted"
            };
            self.note(Problem::of_object("manifest-only-second", severity, path, words));
        }
    }
}

fn lacks_page_of(judged: &[Judged], pages: &Pages) -> BTreeSet<StoredName> {
    let lacking = judged.iter().filter(|one| one.manifest.as_ref().is_some_and(|manifest| !pages.of(&manifest.public.needs).1));
    lacking.map(|one| one.file.hash).collect()
}

/// For each snapshot the packs that it needs and that are not here. What a page lacks is found once.
fn bad_packs(judged: &[Judged], pages: &Pages, looks: &Looks) -> BadPacks {
    let is_bad = |name: &PackName| !matches!(looks.state(*name), PackState::Whole | PackState::Replaced);
    let of_page: BTreeMap<StoredName, Vec<PackName>> =
        pages.names().map(|page| (*page, pages.get(page).iter().map(|pack| pack.name).filter(is_bad).collect())).collect();
    let mut bad = BadPacks::new();
    for (position, one) in judged.iter().enumerate() {
        let Some(manifest) = &one.manifest else { continue };
        let needs = &manifest.public.needs;
        let paged = needs.pages.iter().filter_map(|page| of_page.get(page)).flatten().copied();
        let packs: BTreeSet<PackName> = paged.chain(needs.tail.iter().map(|pack| pack.name).filter(is_bad)).collect();
        bad.insert(position, packs);
    }
    bad
}

/// Which of a snapshot's bad packs it really misses: with a view of its trees those that it relies on, as long as nothing stayed unseen.
fn lost_packs(bad: &BTreeSet<PackName>, view: Option<&View>) -> BTreeSet<PackName> {
    match view {
        Some(view) if !view.missing && !view.unreadable => view.relied.clone(),
        _ => bad.clone(),
    }
}

fn damage_words(name: PackName, reason: &str, snapshots: usize, found: &Found, has_key: bool, readable: bool) -> String {
    let in_snapshots = plural(snapshots, "snapshot");
    let short = name.short();
    match found.hits.get(&name) {
        Some(hits) => {
            let mut what = Vec::new();
            if !hits.files.is_empty() {
                what.push(plural(hits.files.len(), "photo"));
            }
            if hits.lists > 0 {
                what.push(plural_u64(hits.lists, "list of folders and files"));
            }
            let example = escaped(hits.example.as_deref().unwrap_or_default());
            let example = if example.is_empty() { "the top folder".to_owned() } else { example };
            format!("pack {short}…: {} in {in_snapshots}, e.g. {example} ({reason})", what.join(" and "))
        }
        None if readable => format!("pack {short}…, needed by {in_snapshots}: {reason}; its photos are still readable"),
        None if has_key => format!("pack {short}…, needed by {in_snapshots}: {reason}; no photo that relies on it was found"),
        None => format!("pack {short}…, needed by {in_snapshots}: {reason}"),
    }
}

fn hit_words(found: &Found, paths: &[String]) -> String {
    let hit = |name: &PackName| paths.contains(&StoredFile::first(NameFolder::Packs, *name).path());
    let mut example = None;
    let mut files = BTreeSet::new();
    for (_, hits) in found.hits.iter().filter(|(name, _)| hit(name)) {
        files.extend(hits.files.iter().map(|hash| hash.0));
        example = example.or(hits.example.as_deref());
    }
    match example {
        Some(example) if !files.is_empty() => {
            let inside = if paths.len() == 1 { "it" } else { "them" };
            format!("; {} in {inside}, e.g. {}", plural(files.len(), "photo"), escaped(example))
        }
        _ => String::new(),
    }
}
