//! Owns reading names of snapshots, and of files in them, from the command line.

use crate::cli::exit::{Doing, Failure};
use crate::cli::human::Local;
use crate::ops::SnapshotRef;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Reads `SNAP`. An empty one is refused: it is what a shell makes of a variable that was never set.
pub(super) fn snapshot(text: &str) -> Result<SnapshotRef, Failure> {
    if text.is_empty() {
        let hint = "say latest, latest~2, an id, a date such as 2026-11-01, or @label";
        return Err(Failure::refused("tell which snapshot is meant", "the name is empty").with_hint(hint));
    }
    let local = Local::system();
    SnapshotRef::parse(text, |time| local.parse(time)).doing(|| "tell which snapshot is meant".to_owned())
}

/// Reads `SNAP[:PATH]`; `:PATH` is of the latest snapshot. The path's bytes are taken as they are: it may be no UTF-8.
pub(super) fn snapshot_and_path(words: &OsStr) -> Result<(SnapshotRef, Option<Vec<u8>>), Failure> {
    let bytes = words.as_bytes();
    // Names of snapshots are UTF-8; what follows the first bytes that are not can only be part of a path.
    let (text, rest) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, &[][..]),
        Err(error) => {
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            (std::str::from_utf8(valid).unwrap_or_default(), rest)
        }
    };
    let (name, path) = SnapshotRef::split(text);
    if path.is_none() && !rest.is_empty() {
        return Err(Failure::refused("tell which snapshot is meant", "the name of a snapshot is not text"));
    }
    let path = path.map(|path| [path.as_bytes(), rest].concat());
    let snapshot = if name.is_empty() && path.is_some() { SnapshotRef::Latest(0) } else { snapshot(name)? };
    Ok((snapshot, path))
}

#[cfg(test)]
mod tests {
    use super::snapshot_and_path;
    use crate::ops::SnapshotRef;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn snapshots_and_paths() {
        let read = |bytes: &[u8]| snapshot_and_path(OsStr::from_bytes(bytes)).ok();
        assert_eq!(read(b"latest"), Some((SnapshotRef::Latest(0), None)));
        assert_eq!(read(b":2019"), Some((SnapshotRef::Latest(0), Some(b"2019".to_vec()))));
        assert_eq!(read(b":"), Some((SnapshotRef::Latest(0), Some(Vec::new()))));
        assert_eq!(read(b""), None, "an unset variable of a shell is no snapshot");
        assert_eq!(read(b"latest~1:a:b"), Some((SnapshotRef::Latest(1), Some(b"a:b".to_vec()))));
        assert_eq!(read(b"latest:a\xff/b"), Some((SnapshotRef::Latest(0), Some(b"a\xff/b".to_vec()))));
        assert_eq!(read(b"la\xfftest"), None);
        assert!(matches!(read(b"2026-11-01T18:00:a"), Some((SnapshotRef::NotAfter(_), Some(path))) if path == b"a"));
    }
}
