//! Owns the file that says which restore is under way in a target.
//!
//! It holds the repository's id, what is restored and what was said about overwriting, and is compared byte for byte: a restore of
//! anything else is another one.

use super::options::Overwrite;
use super::target::{FoundKind, Target, TargetError};
use crate::repo::{RepositoryId, SnapshotName};
use crate::scan::escaped;
use serde::Serialize;

/// The marker's name in the target's root.
pub const MARKER: &str = ".tintype-restore";

/// A longer file is none of ours.
const MARKER_BYTES_MAX: u64 = 4 << 20;

#[derive(Serialize)]
struct Marker {
    schema: &'static str,
    repository: String,
    parts: Vec<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overwrite: Option<Overwrite>,
}

#[derive(Serialize)]
struct Part {
    snapshot: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// A restore that was interrupted in a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Begun {
    /// What was said about overwriting; `None`: nothing, and the target was empty.
    pub(super) overwrite: Option<Overwrite>,
}

/// The marker's bytes for a restore of these parts of these snapshots.
pub(super) fn encode(repository: RepositoryId, parts: &[(SnapshotName, Option<Vec<u8>>)], overwrite: Option<Overwrite>) -> Vec<u8> {
    let parts = parts.iter().map(|(snapshot, path)| Part { snapshot: snapshot.hex(), path: path.as_deref().map(escaped) }).collect();
    let marker = Marker { schema: "tintype/restore-marker/1", repository: repository.hex(), parts, overwrite };
    serde_json::to_vec_pretty(&marker).unwrap_or_default()
}

/// What the target says of just this restore, if it was interrupted in it. `encoded` gives the marker's bytes by what was said
/// about overwriting.
pub(super) fn find(target: &dyn Target, encoded: impl Fn(Option<Overwrite>) -> Vec<u8>) -> Result<Option<Begun>, TargetError> {
    let Some(found) = target.stat(MARKER.as_bytes())? else { return Ok(None) };
    if found.kind != FoundKind::File || found.length_bytes > MARKER_BYTES_MAX {
        return Ok(None);
    }
    let mut file = target.open(MARKER.as_bytes())?;
    let (mut bytes, mut run) = (Vec::new(), [0; 4096]);
    loop {
        let offset = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let length = file.read_at(offset, &mut run)?;
        bytes.extend_from_slice(run.get(..length).unwrap_or_default());
        if length == 0 || offset > MARKER_BYTES_MAX {
            break;
        }
    }
    let said = [None, Some(Overwrite::Never), Some(Overwrite::IfDifferent), Some(Overwrite::Always)];
    Ok(said.into_iter().find(|overwrite| encoded(*overwrite) == bytes).map(|overwrite| Begun { overwrite }))
}

/// Whether a path in the target is the marker's, also where case does not count.
pub(super) fn is_marker(path: &[u8]) -> bool {
    path.eq_ignore_ascii_case(MARKER.as_bytes())
}
