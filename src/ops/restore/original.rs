//! Owns where things were taken from, for bringing them back there.

use super::options::RestoreOptions;
use crate::ops::objects::RepoObjects;
use crate::ops::{Error, SnapshotRef, resolve, resolve_path};
use crate::repo::{ObjectReader, Repository, SnapshotList, SourceId};
use crate::tree::Content;

/// A source that something is to be restored of, and where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its id, for [`RestoreOptions::only_source`].
    pub source: SourceId,
    /// Its name in snapshots.
    pub label: String,
    /// The absolute path that it was taken from, raw bytes.
    pub path: Vec<u8>,
    /// The machine that it was taken on, as it calls itself.
    pub host: String,
    /// It is this machine.
    pub is_this_machine: bool,
    /// It is a folder, not a single file.
    pub is_folder: bool,
}

/// The sources that `options` ask for, each once, in the order asked for.
///
/// Errors: there is no such snapshot or path, or the repository is locked.
pub fn originals(repository: &Repository, options: &RestoreOptions) -> Result<Vec<Original>, Error> {
    let list = SnapshotList::take(&**repository.store(), &repository.notices()?)?;
    let machine = repository.surroundings().local.machine_id(&repository.surroundings().entropy)?;
    let latest = [(SnapshotRef::Latest(0), None)];
    let wanted = if options.snapshots.is_empty() { &latest[..] } else { &options.snapshots };
    let mut originals: Vec<Original> = Vec::new();
    for (name, path) in wanted {
        let manifest = resolve(repository, &list, name)?;
        let reader = ObjectReader::with_segments(repository, &manifest.public.segments)?;
        let found = resolve_path(&RepoObjects(&reader), &manifest, path.as_deref().unwrap_or_default())?;
        let sources = manifest.sealed.as_ref().map(|sealed| sealed.sources.as_slice()).unwrap_or_default();
        for source in found.iter().filter_map(|found| sources.get(found.source)) {
            if originals.iter().all(|original| original.source != source.id) {
                originals.push(Original {
                    source: source.id,
                    label: source.label.clone(),
                    path: source.path.clone(),
                    host: source.host.clone(),
                    is_this_machine: source.machine == machine,
                    is_folder: matches!(source.root.content, Content::Folder(_)),
                });
            }
        }
    }
    Ok(originals)
}
