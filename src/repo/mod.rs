//! Owns repositories: opening, packs, index, needs, manifests, the look, healing, ledger and cache.
//!
//! Invariants: stored files never change after they appear; write order is packs, index, needs, manifest in `second/`, look, manifest;
//! a snapshot exists when its manifest lies in `snapshots/`; an index can always be rebuilt; what is listed is believed only with the right length and trailer.

mod announce;
mod audit;
mod buffer;
mod cache;
mod claims;
mod directory;
mod error;
mod file;
mod heal;
mod index;
mod index_run;
mod inventory;
mod known;
mod ledger;
mod local;
mod manifest;
mod needs;
mod notices;
mod outlook;
mod pack_run;
mod packer;
mod publish;
mod reader;
mod record;
mod repository;
mod slots;
#[cfg(test)]
mod tests;
mod verify;

pub use crate::crypto::{CryptoError, Entropy, RecoveryCode, SlotStrength};
pub use crate::format::Codec;
pub use crate::format::{
    Class, FileKind, Head, IndexSegment, IndexedPack, Kept, MachineId, ManifestPublic, ManifestSealed, NameFolder, NeededPack, Needs,
    PackKind, PackName, RepositoryId, SnapshotName, SourceId, SourceRecord, StoredFile, StoredName, Time, limits,
};
pub use crate::store::{Listed, LocalStore, OsDisk, Store, StoreError};
pub use audit::PackTail;
pub use directory::LoadedIndex;
pub use error::RepoError;
pub use file::{FileState, Read, read_either, read_file};
pub use heal::Healing;
pub use index::{Found, Index, PackFacts};
pub use inventory::{Files, Inventory, Packs, Seen, list_folder};
pub use known::{Known, Lack, Marks};
pub use ledger::{Ledger, PackMemory, Said, Turn};
pub use local::{KnownPlace, Local};
pub use manifest::{Heads, Loaded, Manifest, SnapshotList};
pub use needs::ReadNeeds;
pub use notices::{Notices, Trust};
pub use outlook::{Expected, Outlook};
pub use pack_run::{PackRun, PackSums};
pub use packer::{Group, Packer};
pub use publish::{Publication, Published};
pub use reader::{ObjectBytes, ObjectReader};
pub use record::{Encoder, Expect, Packed};
pub use repository::{Credentials, NewProtection, OpenedSlot, Repository, RepositoryFileState, Surroundings};
pub use slots::{Slot, SlotRemoved, SlotState};
pub use verify::PackVerdict;
