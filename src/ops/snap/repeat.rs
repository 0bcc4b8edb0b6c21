//! Owns what a machine snapped last, so that a person need not say it again.

use crate::ops::Error;
use crate::repo::{Repository, SnapshotList};

/// A source of the last run of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSource {
    /// Its absolute path, raw bytes.
    pub path: Vec<u8>,
    /// Its name in snapshots.
    pub label: String,
}

/// The sources of this machine's newest snapshot, in the order of their labels; none if it never took one here.
///
/// Errors: the repository is locked or fails.
pub fn last_sources(repository: &Repository) -> Result<Vec<LastSource>, Error> {
    repository.sealing()?;
    let machine = repository.surroundings().local.machine_id(&repository.surroundings().entropy)?;
    let list = SnapshotList::take(&**repository.store(), &repository.notices()?)?;
    let heads = repository.heads(&list)?;
    let mut manifests: Vec<_> = heads.manifests.values().collect();
    manifests.sort_by_key(|manifest| std::cmp::Reverse((manifest.public.time, manifest.name)));
    let of_this_machine = manifests.into_iter().find_map(|manifest| {
        let records = manifest.sealed.as_ref()?.sources.iter().filter(|record| record.machine == machine);
        let sources: Vec<LastSource> =
            records.map(|record| LastSource { path: record.path.clone(), label: record.label.clone() }).collect();
        (!sources.is_empty()).then_some(sources)
    });
    Ok(of_this_machine.unwrap_or_default())
}
