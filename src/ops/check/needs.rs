//! Owns reading what snapshots need: the tail in a manifest, and the pages that it names, each once.

use super::audit::Audit;
use super::copies::Lost;
use super::manifests::Judged;
use super::report::SnapshotState;
use crate::ops::{Error, Problem, Severity};
use crate::repo::{NameFolder, NeededPack, Needs, StoredName};
use std::collections::BTreeMap;

/// The pages that the judged snapshots name; `None` for one that is lost in both places.
#[derive(Debug, Default)]
pub(super) struct Pages(BTreeMap<StoredName, Result<Vec<NeededPack>, Lost>>);

impl Pages {
    /// Every pack that a manifest needs, as far as it is known; and whether all of it is known.
    pub(super) fn of<'a>(&'a self, needs: &'a Needs) -> (impl Iterator<Item = &'a NeededPack> + Clone, bool) {
        let known = needs.pages.iter().all(|page| matches!(self.0.get(page), Some(Ok(_))));
        let paged = needs.pages.iter().filter_map(|page| self.0.get(page)?.as_ref().ok()).flatten();
        (paged.chain(&needs.tail), known)
    }

    /// Pages by name.
    pub(super) fn get(&self, page: &StoredName) -> &[NeededPack] {
        self.0.get(page).and_then(|page| page.as_ref().ok()).map_or(&[], Vec::as_slice)
    }

    /// Names of all pages that could be read.
    pub(super) fn names(&self) -> impl Iterator<Item = &StoredName> {
        self.0.keys()
    }
}

impl Audit<'_> {
    /// Reads every page that the manifests name, and compares what they state with what they list.
    pub(super) fn read_needs(&mut self, judged: &mut [Judged]) -> Result<Pages, Error> {
        let mut pages = Pages::default();
        for one in judged.iter_mut() {
            let Some(manifest) = &one.manifest else { continue };
            for page in &manifest.public.needs.pages {
                if !pages.0.contains_key(page) {
                    self.go_on()?;
                    let read = self.read_page(*page)?;
                    match &read {
                        Ok(_) => _ = self.ledger.lost_pages.remove(page),
                        Err(Lost::Elsewhere) => {}
                        Err(_) => _ = self.ledger.lost_pages.insert(*page, self.now),
                    }
                    pages.0.insert(*page, read);
                }
            }
            if let Some(why) = contradiction(&pages, &manifest.public.needs) {
                one.report.state = one.report.state.max(SnapshotState::Damaged);
                self.note(Problem::of_object("needs-contradictory", Severity::Damaged, one.file.path(), why));
            }
        }
        Ok(pages)
    }

    fn read_page(&mut self, page: StoredName) -> Result<Result<Vec<NeededPack>, Lost>, Error> {
        let pair = self.read_pair(NameFolder::Needs, page)?;
        Ok(match pair.bytes() {
            Some(bytes) => self.repository.decode_needs_page(bytes).map_err(Lost::Damaged),
            None => Err(pair.lost()),
        })
    }

    /// Says which snapshots have lost a page, going by what became of them. `found` tells for each whether every object of it was found.
    pub(super) fn report_lost_pages(&mut self, judged: &mut [Judged], pages: &Pages, found: &dyn Fn(usize) -> bool) {
        let mut lost: BTreeMap<StoredName, (usize, bool)> = BTreeMap::new();
        for (position, one) in judged.iter_mut().enumerate() {
            let Some(manifest) = &one.manifest else { continue };
            let mut lacks = false;
            for page in manifest.public.needs.pages.iter().filter(|page| matches!(pages.0.get(page), Some(Err(_)))) {
                lacks = true;
                if one.counts() {
                    let (count, all_found) = lost.entry(*page).or_insert((0, true));
                    *count += 1;
                    *all_found &= found(position);
                }
            }
            if lacks && !found(position) {
                one.worsen(SnapshotState::Incomplete);
            }
        }
        for (page, (count, all_found)) in lost {
            let path = crate::repo::StoredFile::first(NameFolder::Needs, page).path();
            let snapshots = super::plural(count, "snapshot");
            let problem = if all_found {
                let words = format!("lost in both places; everything that {snapshots} need was found without it");
                Problem::of_object("needs-missing", Severity::Bookkeeping, path, words)
                    .with_hint("the next `tintype snap` here writes it again")
            } else {
                let words = format!("lost in both places (or still arriving): what {snapshots} need is not known");
                Problem::of_object("needs-missing", Severity::Incomplete, path, words)
            };
            self.note(problem);
        }
    }
}

/// What a manifest states against what its pages and tail list; only if all of them could be read.
fn contradiction(pages: &Pages, needs: &Needs) -> Option<&'static str> {
    let (packs, known) = pages.of(needs);
    if !known {
        return None;
    }
    let count = packs.clone().count();
    let bytes = packs.clone().map(|pack| pack.length_bytes).fold(0, u64::saturating_add);
    if u64::try_from(count) != Ok(needs.pack_count) || bytes != needs.pack_bytes {
        return Some("it states another number of packs or bytes than its pages and itself list");
    }
    let paged = || needs.pages.iter().flat_map(|page| pages.get(page));
    if !paged().zip(paged().skip(1)).all(|(one, next)| one.name < next.name) {
        return Some("its needs pages are not in order");
    }
    let twice =
        |pack: &NeededPack| needs.pages.iter().any(|page| pages.get(page).binary_search_by_key(&pack.name, |paged| paged.name).is_ok());
    needs.tail.iter().any(twice).then_some("it names a pack twice")
}
