//! Owns what `check` reports: the same struct feeds the words and the JSON.

use crate::clock::Timestamp;
use crate::ops::Problem;
use serde::Serialize;

/// How a snapshot stands at this place. The worse is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotState {
    /// Every pack that it needs is here, or every object of it.
    #[default]
    Complete,
    /// Made by a newer version: not judged.
    Unforeseen,
    /// Something that it needs is a placeholder.
    Elsewhere,
    /// Something that it needs is absent or short, and was never seen whole on this copy.
    Incomplete,
    /// Bytes are wrong, or lost since they were seen whole here.
    Damaged,
}

/// One snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckedSnapshot {
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// The time that it states, RFC 3339 in UTC; the one in its name if it cannot be read.
    pub time: String,
    /// How it stands.
    pub state: SnapshotState,
    /// It lies in `second/` alone: no snapshot yet, or no more.
    pub second_only: bool,
    /// A tombstone names it, which cannot be verified without the key.
    pub forgotten: bool,
    /// Packs that it needs.
    pub packs: u64,
    /// Of these absent or short, and nowhere else.
    pub packs_missing: u64,
    /// Of these damaged.
    pub packs_damaged: u64,
}

/// A snapshot by id and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastComplete {
    /// Its id.
    pub id: String,
    /// The time that it states, RFC 3339 in UTC.
    pub time: String,
}

/// What `check` found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CheckReport {
    /// 0, 3, 4, 5 or 6.
    pub exit_code: u8,
    /// The snapshots that were judged, oldest first.
    pub snapshots: Vec<CheckedSnapshot>,
    /// Packs that the judged snapshots need, second copies not counted.
    pub packs: u64,
    /// Their length, in bytes, as the snapshots state it.
    pub pack_bytes: u64,
    /// Packs that were read whole and compared.
    pub packs_read: u64,
    /// Bytes that were read from packs to compare them.
    pub bytes_read: u64,
    /// Objects that were opened and hashed.
    pub objects_read: u64,
    /// Every pack in question was read whole.
    pub read_all: bool,
    /// What is not as it should be, the worst first.
    pub problems: Vec<Problem>,
    /// Snapshots that tombstones name.
    pub forgotten: u64,
    /// Snapshots that tombstones name which cannot be verified without the key.
    pub forgotten_not_verified: u64,
    /// Tombstones and `instead` files that carry a wrong hash.
    pub false_notices: u64,
    /// Needed packs that are absent and whose content lies in other packs, as `instead` says.
    pub replaced_packs: u64,
    /// Guides for people that are not here: README.txt, chapters of the format, files of the reader. The next snap writes them.
    pub guides_absent: Vec<String>,
    /// The earlier release whose guides are here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guides_release: Option<String>,
    /// Files that are none of ours.
    pub foreign: u64,
    /// Unfinished files of writers.
    pub temporaries: u64,
    /// Opened without its key.
    pub locked: bool,
    /// What could not be seen without the key, in words.
    pub could_not_see: Vec<String>,
    /// The newest snapshot that is complete.
    pub last_complete: Option<LastComplete>,
    /// Since when every needed pack was read and compared on this copy at least once, RFC 3339 in UTC; `None`: some never was.
    pub verified_since: Option<String>,
    /// What is weak about the place, in words.
    pub weaknesses: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// A time as RFC 3339 in UTC.
pub(super) fn rfc3339(seconds: i64, nanoseconds: u32) -> String {
    Timestamp { seconds, nanoseconds }.rfc3339()
}
