//! Owns writing needs pages again that `check` found lost in both places: what their snapshots need is found by walking their trees.
//!
//! A page is written only if what was found has its name: a guess is never stored.

use crate::ops::Error;
use crate::ops::objects::RepoObjects;
use crate::repo::{
    Known, Ledger, Loaded, Manifest, NeededPack, Notices, ObjectReader, PackName, RepoError, Repository, SnapshotList, StoredName,
};
use crate::tree::{self, ObjectId, TreeError};
use std::collections::BTreeSet;

/// Tries once for each page that the ledger calls lost. Returns the names that were written.
///
/// Cost: nothing where none is lost; else every manifest is read, and the trees of those that name a lost page are walked.
pub(super) fn write_lost_pages(
    repository: &Repository,
    known: &Known,
    reader: &ObjectReader<'_>,
    notices: &Notices,
    ledger: &mut Ledger,
) -> Result<Vec<String>, Error> {
    // Whatever comes of it: the next check notes again what is still lost.
    let mut lost: BTreeSet<StoredName> = std::mem::take(&mut ledger.lost_pages).into_keys().collect();
    let mut written = Vec::new();
    if lost.is_empty() {
        return Ok(written);
    }
    let list = SnapshotList::take(&**repository.store(), notices)?;
    for (file, _) in list.newest_first() {
        if lost.is_empty() {
            break;
        }
        let Loaded::Good(manifest) = repository.load_manifest(&file)? else { continue };
        if !manifest.public.needs.pages.iter().any(|page| lost.contains(page)) {
            continue;
        }
        if let Some(folded) = folded_of(repository, known, reader, &manifest)? {
            written.extend(repository.write_pages_named(&folded, &mut lost)?);
        }
    }
    Ok(written)
}

/// The packs that a manifest's pages must have named, as far as its trees tell. `None` if they cannot be walked.
fn folded_of(
    repository: &Repository,
    known: &Known,
    reader: &ObjectReader<'_>,
    manifest: &Manifest,
) -> Result<Option<BTreeSet<NeededPack>>, Error> {
    let Some(sealed) = &manifest.sealed else { return Ok(None) };
    let stated: BTreeSet<PackName> = repository.read_needs(&manifest.public.needs)?.packs.into_iter().map(|pack| pack.name).collect();
    let mut found: BTreeSet<NeededPack> = BTreeSet::new();
    let mut visit = |_, id: ObjectId| {
        // Of several packs that hold it, one that the manifest still names.
        found.extend(known.packs_of(id).min_by_key(|pack| (!stated.contains(&pack.name), pack.name)));
        true
    };
    for source in &sealed.sources {
        let objects = RepoObjects(reader);
        let reached = tree::reach(&objects, &source.root, &mut visit).and_then(|()| match source.report {
            Some(report) => tree::reach_report(&objects, report, &mut visit),
            None => Ok(()),
        });
        match reached {
            Ok(()) => {}
            Err(TreeError::Load(error @ (RepoError::Store(_) | RepoError::Interrupted))) => return Err(error.into()),
            Err(_) => return Ok(None),
        }
    }
    let tail: BTreeSet<PackName> = manifest.public.needs.tail.iter().map(|pack| pack.name).collect();
    found.retain(|pack| !tail.contains(&pack.name));
    Ok(Some(found))
}
