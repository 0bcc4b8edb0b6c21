//! Stub.
pub mod memory_target;
mod os_facts;
mod os_file;
mod os_folder;
pub mod os_target;
pub mod target;
#[cfg(test)]
mod target_hostile_tests;
#[cfg(test)]
mod target_tests;

pub use memory_target::{Case, HardLinks, MemoryLimits, MemoryTarget};
pub use os_target::OsTarget;
pub use target::{Existing, FactsSet, Found, FoundKind, Target, TargetError, TargetFile, TargetRead};
