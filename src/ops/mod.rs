//! Owns what a person does: one file or folder per deed, each with options, a report and one function.
//!
//! Operations never print and never ask: they take values, tell an observer, and return a report. Problems are collected, errors returned.

pub mod check;
pub mod demo;
pub mod diff;
pub mod discover;
pub mod dump;
pub mod duplicates;
mod error;
pub mod extensions;
pub mod find;
pub mod guides;
pub mod init;
pub mod inspect;
pub mod key;
#[cfg(test)]
mod looking_tests;
pub mod ls;
mod magic;
mod naming;
mod needed;
mod objects;
mod problem;
pub mod restore;
pub mod sheet;
pub mod snap;
pub mod snapshots;
pub mod stats;
mod unsaved;
mod used;

pub use error::Error;
use naming::no_such;
pub use naming::{InSnapshot, SnapshotRef, resolve, resolve_path, time_ahead};
pub use problem::{Outcome, Problem, Severity};

// The few lower types that a command line needs to say what it wants done.
pub use crate::repo::{
    Credentials, CryptoError, Entropy, KnownPlace, Local, LocalStore, MachineId, NewProtection, OpenedSlot, OsDisk, RecoveryCode,
    RepoError, Repository, RepositoryId, SlotStrength, SnapshotList, SnapshotName, Store, StoreError, Surroundings,
};
pub use crate::scan::{MissingSource, OsSource, ScanError, Source, escaped};
