//! Owns the words of reports: one file per command, each writing what a person reads of a report.

pub(super) mod check;
pub(super) mod diff;
pub(super) mod dump;
pub(super) mod duplicates;
pub(super) mod find;
pub(super) mod init;
pub(super) mod inspect;
pub(super) mod key;
pub(super) mod ls;
pub(super) mod man;
pub(super) mod problems;
pub(super) mod reader;
pub(super) mod restore;
pub(super) mod snap;
pub(super) mod snapshots;
pub(super) mod stats;
pub(super) mod welcome;
