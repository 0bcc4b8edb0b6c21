//! Restores: plans what a target lacks of a snapshot, then writes it, each byte verified before it gets its name.
//!
//! Where things lie in the target:
//! - a whole snapshot of one source: what is in its root lies directly in the target, and the target gets the root's own facts;
//! - a whole snapshot of several sources: each in a folder of its label;
//! - `SNAP:PATH`: the path inside the snapshot is kept, so `latest:2019/07` comes to lie in `TARGET/2019/07`: several paths never
//!   collide, and where a thing came from can be seen.
//!
//! Invariants: no file has its final name before all of its bytes were compared with the hash in the tree; folders get their facts
//! after all that is in them, links are made after all files; the file [`MARKER`] lies in the target from before the first write until
//! everything is durable, so that the same restore goes on where it was interrupted and no other does. Going on replaces nothing that
//! differs, unless the first run was told to or this one is: it may have been changed in between.

mod extra;
mod file;
mod foresee;
mod item_list;
mod items;
mod marker;
pub mod memory_target;
pub mod names;
mod options;
mod original;
mod os_facts;
mod os_file;
mod os_folder;
mod os_names;
pub mod os_target;
mod os_unnamed;
mod plan;
mod report;
mod run;
mod select;
mod tally;
pub mod target;
#[cfg(test)]
mod target_hostile_tests;
#[cfg(test)]
mod target_tests;
#[cfg(test)]
mod tests;

pub use foresee::Foreseen;
pub use marker::MARKER;
pub use memory_target::{AttributeSupport, Case, HardLinks, MemoryLimits, MemoryTarget};
pub use names::{Alike, Letters, NameLength, NameRules, Renamed};
pub use options::{Overwrite, RestoreOptions};
pub use original::{Original, originals};
pub use os_target::OsTarget;
pub use plan::{PlanSummary, RestorePlan, plan_restore};
pub use report::{LeftOut, NotSet, RestoreReport, RestoredSnapshot};
pub use target::{Existing, FactsSet, Found, FoundKind, Rights, Room, Target, TargetError, TargetFile, TargetRead};
