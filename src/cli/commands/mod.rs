//! Owns what lies between arguments and operations: one file per command, which opens, runs, and hands the report to the words.

pub(super) mod check;
pub(super) mod completions;
pub(super) mod demo;
pub(super) mod diff;
pub(super) mod dump;
pub(super) mod duplicates;
pub(super) mod find;
pub(super) mod init;
pub(super) mod inspect;
pub(super) mod key;
pub(super) mod ls;
pub(super) mod man;
mod names;
pub(super) mod reader;
pub(super) mod restore;
pub(super) mod snap;
pub(super) mod snapshots;
pub(super) mod spec;
pub(super) mod stats;
