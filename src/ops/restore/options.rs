//! Owns how to restore: what of which snapshots, and what to do with what lies in the target already.

use crate::ops::SnapshotRef;
use crate::repo::SourceId;
use serde::Serialize;

/// How to restore. The default restores all of `latest` into an empty target.
#[derive(Debug, Clone, Default)]
pub struct RestoreOptions {
    /// Snapshots, each with the path in it that is wanted, raw bytes; `None`: all of it. Empty: all of `latest`.
    pub snapshots: Vec<(SnapshotRef, Option<Vec<u8>>)>,
    /// Only files that these patterns name, in the form of a `.gitignore`, over paths in the snapshot. Empty: all.
    pub include: Vec<String>,
    /// Nothing that these patterns name.
    pub exclude: Vec<String>,
    /// Only this source, its paths without its label: it goes back to where it was.
    pub only_source: Option<SourceId>,
    /// What to do with what is there; `None`: the target must be empty, or this very restore was interrupted there. Then it goes on as it
    /// was begun.
    pub overwrite: Option<Overwrite>,
    /// Remove what lies in folders that are restored, and is in none of the snapshots.
    pub delete: bool,
    /// The newest files first, in place of the order in which they are read fastest.
    pub newest_first: bool,
    /// Write what can be read of a damaged file as `NAME.damaged`, what cannot as zeros.
    pub keep_damaged: bool,
    /// Read every restored file back and compare it once more.
    pub verify: bool,
}

/// What to do with a file or link that has a name which the restore wants. Folders are always merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overwrite {
    /// Leave what is there, whatever it holds.
    Never,
    /// Replace it if its bytes are others; if only its facts are, set them.
    IfDifferent,
    /// Replace it.
    Always,
}

/// What the options and the target together come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The target is empty.
    Fresh,
    /// The same restore was begun in an empty folder and interrupted: what is right is kept, and what it did not write is let be.
    GoOn,
    /// The person said what to do.
    Over(Overwrite),
}
