//! Owns storing extended attributes: short values in the entry, long ones as chunks; and those of folders, which no worker reads.

use super::SnapSource;
use super::plan::Plan;
use super::run::Found;
use crate::repo::{Expect, Known, PackKind, PackRun, RepoError, limits};
use crate::scan::{Attribute, Attributes, EntryKind, Walk};
use crate::tree::{ObjectId, ObjectKind, Piece, Xattr, XattrValue};
use std::collections::{BTreeMap, BTreeSet};

/// A long value is stored in pieces of this, in bytes: 64 of them are more than any value that is kept.
const PIECE_BYTES: usize = 4 << 20;

/// Extended attributes whose long values are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StoredAttributes {
    pub(super) xattrs: Vec<Xattr>,
    /// How many could not be kept.
    pub(super) unread_count: u32,
}

/// Stores one piece of a value.
type StoreValue<'a> = &'a mut dyn FnMut(ObjectId, &[u8]) -> Result<(), RepoError>;

/// Hands the long values of attributes to `store`, as chunks.
pub(super) fn store_attributes(attributes: Attributes, store: StoreValue<'_>) -> Result<StoredAttributes, RepoError> {
    let mut xattrs = Vec::with_capacity(attributes.kept.len());
    for Attribute { name, value } in attributes.kept {
        let value = if value.len() <= limits::XATTR_INLINE_BYTES_MAX {
            XattrValue::Inline(value)
        } else {
            let mut pieces = Vec::new();
            for raw in value.chunks(PIECE_BYTES) {
                let id = ObjectKind::Chunk.id_of(raw);
                store(id, raw)?;
                pieces.push(Piece { id, length_bytes: u32::try_from(raw.len()).unwrap_or(u32::MAX) });
            }
            XattrValue::Pieces(pieces)
        };
        xattrs.push(Xattr { name, value });
    }
    Ok(StoredAttributes { xattrs, unread_count: attributes.unread_count })
}

/// The attributes of folders by their place in the walk; of those that have none there is no entry.
pub(super) type FolderAttributes = BTreeMap<usize, StoredAttributes>;

/// The root, and the folders in those that are not taken over as they are: their attributes stand in entries that are made anew.
fn listed_anew(walk: &Walk, plan: &Plan) -> BTreeSet<usize> {
    let is_reused = |position: usize| plan.reused.get(position).is_some_and(Option::is_some);
    let built = walk.folders.iter().enumerate().filter(|(position, _)| !is_reused(*position));
    let entries = built.flat_map(|(_, folder)| &folder.entries);
    let below = entries.filter_map(|entry| match entry.kind {
        EntryKind::Folder { index } => Some(index),
        EntryKind::File { .. } | EntryKind::Symlink => None,
    });
    below.chain([0]).collect()
}

/// Reads and stores the attributes of all folders whose entries are made anew, source by source. Afterwards the packs that hold them are finished.
pub(super) fn store_folders(
    sources: &[SnapSource],
    found: &[Found],
    compared: &[Option<Plan>],
    known: &Known,
    run: &PackRun<'_>,
) -> Result<Vec<FolderAttributes>, RepoError> {
    let mut packer = None;
    let mut all = Vec::with_capacity(found.len());
    for ((source, found), compared) in sources.iter().zip(found).zip(compared) {
        let mut of_source = FolderAttributes::new();
        let folders = found.walk.iter().flat_map(|walk| walk.folders.iter().enumerate());
        let wanted = found.walk.as_ref().ok().zip(compared.as_ref()).map(|(walk, plan)| listed_anew(walk, plan)).unwrap_or_default();
        for (position, folder) in folders.filter(|(position, folder)| folder.problem.is_none() && wanted.contains(position)) {
            let attributes = source.source.attributes(&folder.path);
            if attributes == Attributes::default() {
                continue;
            }
            let stored = store_attributes(attributes, &mut |id, raw| {
                if known.has(id) || !run.claim(id) {
                    return Ok(());
                }
                packer.get_or_insert_with(|| run.packer(PackKind::Data)).add(ObjectKind::Chunk, id, raw, Expect::Unknown)
            })?;
            of_source.insert(position, stored);
        }
        all.push(of_source);
    }
    packer.map_or(Ok(()), crate::repo::Packer::finish)?;
    Ok(all)
}
