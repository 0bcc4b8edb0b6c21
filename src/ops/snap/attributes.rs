//! Owns storing extended attributes: short values in the entry, long ones as chunks; and those of folders, which no worker reads.

use super::SnapSource;
use super::run::Found;
use crate::repo::{Expect, Known, PackKind, PackRun, RepoError, limits};
use crate::scan::{Attribute, Attributes};
use crate::tree::{ObjectId, ObjectKind, Piece, Xattr, XattrValue};
use std::collections::BTreeMap;

/// A long value is stored in pieces of this, in bytes: 64 of them are more than any value that is kept.
const PIECE_BYTES: usize = 4 << 20;

/// Extended attributes whose long values are stored.
#[derive(Debug, Clone, Default)]
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

/// Reads and stores the attributes of all folders, source by source. Afterwards the packs that hold them are finished.
pub(super) fn store_folders(
    sources: &[SnapSource],
    found: &[Found],
    known: &Known,
    run: &PackRun<'_>,
) -> Result<Vec<FolderAttributes>, RepoError> {
    let mut packer = None;
    let mut all = Vec::with_capacity(found.len());
    for (source, found) in sources.iter().zip(found) {
        let mut of_source = FolderAttributes::new();
        let folders = found.walk.iter().flat_map(|walk| walk.folders.iter().enumerate());
        for (position, folder) in folders.filter(|(_, folder)| folder.problem.is_none()) {
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
