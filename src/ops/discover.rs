//! Finds folders that look as if photos lay in them, for somebody who has not said which ones to snap.

use crate::progress::Observer;
use crate::scan::{EntryKind, OsSource, WalkOptions, walk};
use std::path::PathBuf;

/// A folder that somebody may want to snap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its path, links resolved.
    pub path: PathBuf,
    /// Photos libraries in it.
    pub libraries: u64,
    /// Files in it, at any depth.
    pub files: u64,
    /// Sum of their lengths, in bytes.
    pub bytes: u64,
}

/// Those of `places` that are folders with files in them, each once; one that lies in another is part of it.
pub fn candidates(places: &[PathBuf], observer: &dyn Observer) -> Vec<Candidate> {
    let mut paths: Vec<PathBuf> =
        places.iter().filter_map(|place| std::fs::canonicalize(place).ok()).filter(|path| path.is_dir()).collect();
    paths.sort();
    paths.dedup();
    let outer = paths.clone();
    paths.retain(|path| !outer.iter().any(|other| other != path && path.starts_with(other)));
    let mut candidates = Vec::new();
    for path in paths {
        let Ok(source) = OsSource::open(&path) else { continue };
        let Ok(walk) = walk(&source, &WalkOptions::default(), observer) else { continue };
        let mut candidate = Candidate { path, libraries: 0, files: 0, bytes: 0 };
        for entry in walk.folders.iter().flat_map(|folder| &folder.entries) {
            match entry.kind {
                EntryKind::File { .. } => {
                    candidate.files += 1;
                    candidate.bytes = candidate.bytes.saturating_add(entry.stat.length_bytes);
                }
                EntryKind::Folder { .. } => candidate.libraries += u64::from(entry.name.to_ascii_lowercase().ends_with(b".photoslibrary")),
                EntryKind::Symlink => {}
            }
        }
        candidates.extend((candidate.files > 0).then_some(candidate));
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::candidates;
    use crate::progress::Silent;

    #[test]
    fn folders_with_files_are_found_once_and_outermost() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        std::fs::create_dir_all(at("Pictures/Photos Library.photoslibrary/originals")).unwrap();
        std::fs::create_dir_all(at("Empty")).unwrap();
        std::fs::write(at("Pictures/Photos Library.photoslibrary/originals/a.heic"), b"12345").unwrap();
        std::fs::write(at("Pictures/b.jpg"), b"123").unwrap();
        std::os::unix::fs::symlink(at("Pictures"), at("Bilder")).unwrap();
        let places = ["Pictures", "Bilder", "Pictures/Photos Library.photoslibrary", "Empty", "none"].map(at);
        let found = candidates(&places, &Silent);
        let [one] = &found[..] else { panic!("{found:?}") };
        assert_eq!((one.libraries, one.files, one.bytes), (1, 2, 8));
        assert_eq!(one.path, std::fs::canonicalize(at("Pictures")).unwrap());
    }
}
