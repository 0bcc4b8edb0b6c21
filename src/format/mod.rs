//! Owns the bytes: encodes and decodes every file of `format-spec/`, pure, bounded, never panicking.
//!
//! A value that decodes encodes again to the same bytes: there is one encoding of each value.

#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod codec;
mod container;
mod error;
mod header;
mod id;
mod index;
mod key;
pub mod limits;
mod manifest;
mod name;
mod needs;
mod notice;
mod pack;
mod padding;
mod repository;
mod section;
mod tree;

pub use container::{SealedFile, TrailerState, trailer_state};
pub use error::{FormatError, Stage};
pub use header::{FileKind, HEADER_BYTES, Header, TRAILER_BYTES, Trailer, VERSION};
pub use id::{FileHash, MachineId, ObjectId, ObjectKind, PackName, RepositoryId, SnapshotName, SourceId, StoredName, hex};
pub use index::{IndexSegment, IndexedPack};
pub use key::{SlotKdf, SlotPublic, SlotSealed};
pub use manifest::{Counts, Head, Kept, ManifestPublic, ManifestSealed, SourceRecord};
pub use name::{Civil, Class, Folder as NameFolder, StoredFile};
pub use needs::{Announcement, NeededPack, Needs, NeedsPage, PackKind, canonical_pages, page_ends_after};
pub use notice::{Instead, Tombstone, TombstoneTarget};
pub use pack::{Codec, Directory, ObjectPlace, Record, RecordObject};
pub use padding::padme;
pub use repository::{Encryption, RepositoryFile};
pub use section::{Carried, Holes, Policy, Section, check_sections, must_stay_as_it_is, tags};
pub use tree::{
    Content, Entry, Facts, FileContent, Folder, FolderPage, Owner, Page, Piece, PieceList, PieceListList, PieceListRef, PieceRun, Pieces,
    Report, ReportItem, ReportPage, ReportWhat, Time, Xattr, XattrValue, check_name, page_is_full,
};
