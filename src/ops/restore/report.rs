//! Owns what `restore` reports: the same struct feeds the words and the JSON.

use super::names::Renamed;
use crate::ops::snapshots::rfc3339;
use crate::ops::{Outcome, Problem};
use crate::repo::Manifest;
use serde::Serialize;

/// What a restore did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RestoreReport {
    /// The first snapshot's whole id, 64 hexadecimal digits.
    pub snapshot: String,
    /// The snapshots, each once, in the order asked for.
    pub snapshots: Vec<RestoredSnapshot>,
    /// The target in words, such as its path.
    pub target: String,
    /// An interrupted restore was gone on with.
    pub gone_on: bool,
    /// Files that were written, second names included.
    pub files: u64,
    /// Folders that were made.
    pub folders: u64,
    /// Symbolic links that were made.
    pub symlinks: u64,
    /// Sum of the lengths of the files that were written.
    pub bytes: u64,
    /// Files and links that were there already: with the right bytes, or left as they were because that was asked for.
    pub files_already_there: u64,
    /// What is not in the target, or not whole, worst first.
    pub left_out: Vec<LeftOut>,
    /// How many those are.
    pub left_out_count: u64,
    /// What has another name in the target than in the snapshot.
    pub renamed: Vec<Renamed>,
    /// Files, links and folders that were removed from the target.
    pub removed: u64,
    /// Their paths, printable.
    pub removed_paths: Vec<String>,
    /// Facts that the target could not keep.
    pub not_set: NotSet,
    /// Files of the repository whose second copy had to be read.
    pub read_from_second: Vec<String>,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

impl RestoreReport {
    /// The exit code that the problems add up to.
    pub fn exit_code(&self) -> u8 {
        Outcome::of(&self.problems).exit_code()
    }
}

/// A snapshot that things were restored from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RestoredSnapshot {
    /// Its whole id, 64 hexadecimal digits.
    pub id: String,
    /// The time that it states, RFC 3339 in UTC.
    pub time: String,
    /// The same in seconds since the epoch.
    #[serde(skip)]
    pub seconds: i64,
}

impl RestoredSnapshot {
    pub(super) fn of(manifest: &Manifest) -> Self {
        let time = manifest.public.time;
        Self { id: manifest.name.hex(), time: rfc3339(time), seconds: time.seconds }
    }
}

/// Something that was asked for and is not in the target as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its path in the target, printable.
    pub path: String,
    /// Why, as a stable code.
    pub code: &'static str,
    /// Why, for a person.
    pub reason: String,
    /// Where what could be read of it lies, printable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_as: Option<String>,
}

/// How many files, folders and links lack a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct NotSet {
    /// Another user or group.
    pub owner: u64,
    /// Other permission bits.
    pub mode: u64,
    /// Setuid, setgid or sticky bits that were left out on purpose.
    pub special_bits: u64,
    /// Another time of last change.
    pub times: u64,
    /// A time of last change that is right within the target's tick of up to 2 s.
    pub times_rounded: u64,
    /// No time of making.
    pub birth: u64,
    /// Extended attributes, each counted.
    pub xattrs: u64,
    /// Extended attributes that give a program rights: left out on purpose.
    pub privileged_xattrs: u64,
}
