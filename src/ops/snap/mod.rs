//! Takes a snapshot: walks, compares with the last one, stores what is new, builds trees, and publishes a manifest once everything that it needs was seen in place.

mod report;

pub use report::{NotSaved, SnapReport, SourceReport, Stored, Timings};

use crate::scan::Source;
use std::sync::Arc;

/// One thing to snap.
#[derive(Debug, Clone)]
pub struct SnapSource {
    /// Its files.
    pub source: Arc<dyn Source>,
    /// Its absolute path on this machine, raw bytes, links resolved.
    pub path: Vec<u8>,
    /// Its name in snapshots; `None`: the last part of the path.
    pub label: Option<String>,
    /// Where the repository lies in it, relative to it, if it does: left out, and said.
    pub repository_inside: Option<Vec<u8>>,
}

/// How to snap.
#[derive(Debug, Clone, Default)]
pub struct SnapOptions {
    /// What the person wants to remember of this snapshot.
    pub note: String,
    /// Take it even if a source is empty or absent.
    pub allow_empty: bool,
    /// Read every file again, also where size and times say that it did not change.
    pub reread: bool,
    /// Take these sources for continuations of those in this snapshot, whatever machine and path say.
    pub continue_from: Option<crate::repo::SnapshotName>,
}
