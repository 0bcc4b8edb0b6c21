//! Owns the demo: a made-up photo folder on which the commands can be tried.

mod pictures;

use super::Error;
use crate::repo::RepoError;
use std::fs::{self, File, FileTimes};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Which pictures are drawn.
const SEED: u64 = 1839;

/// A folder of made-up photos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoLibrary {
    /// Paths below the folder, with `/`, in the order in which they were taken.
    pub paths: Vec<String>,
    /// Sum of their lengths.
    pub bytes: u64,
}

/// Draws the demo's photos into `folder`, which is made if it is absent. Files are dated to when they were "taken".
pub fn make_library(folder: &Path) -> Result<DemoLibrary, Error> {
    let mut library = DemoLibrary { paths: Vec::new(), bytes: 0 };
    for picture in pictures::pictures(SEED) {
        let path = folder.join(&picture.path);
        write_dated(&path, &picture.bytes, picture.taken).map_err(|source| failed(path, source))?;
        library.bytes += u64::try_from(picture.bytes.len()).unwrap_or(0);
        library.paths.push(picture.path);
    }
    Ok(library)
}

fn write_dated(path: &Path, bytes: &[u8], taken: i64) -> io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    fs::write(path, bytes)?;
    let taken = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(taken).unwrap_or(0));
    File::options().write(true).open(path)?.set_times(FileTimes::new().set_modified(taken))
}

fn failed(path: PathBuf, source: io::Error) -> Error {
    RepoError::Local { path, source }.into()
}

#[cfg(test)]
mod tests {
    use super::make_library;

    #[test]
    fn the_photos_lie_in_folders_and_have_old_dates() {
        let folder = tempfile::tempdir().unwrap();
        let library = make_library(folder.path()).unwrap();
        assert_eq!(library.paths.len(), 26);
        let first = folder.path().join(&library.paths[0]);
        let taken = first.metadata().unwrap().modified().unwrap();
        assert!(taken.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() < 1_600_000_000);
        assert!(make_library(&folder.path().join("2019")).is_ok());
    }
}
