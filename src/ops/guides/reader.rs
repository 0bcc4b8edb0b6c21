//! Owns the second program as files: what it consists of, and writing it into a folder for whoever does not trust the one in a repository.

use super::{Guide, judge, reader};
use crate::ops::Error;
use crate::repo::RepoError;
use serde::Serialize;
use std::fs;
use std::io;
use std::path::Path;

/// The second program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderReport {
    /// Its files.
    pub files: Vec<ReaderFile>,
    /// Bytes of all.
    pub bytes: u64,
    /// BLAKE3 of the lines `<hash>  <path>`, sorted: one number to compare, 64 hexadecimal digits.
    pub hash: String,
    /// Where it was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Nothing can be wrong with it.
    pub problems: Vec<crate::ops::Problem>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderFile {
    /// Relative to the reader's folder.
    pub path: &'static str,
    /// Length in bytes.
    pub bytes: u64,
    /// BLAKE3, 64 hexadecimal digits.
    pub b3: String,
}

fn path_of(guide: &Guide) -> &'static str {
    guide.name.strip_prefix("reader/").unwrap_or(guide.name)
}

/// What the second program consists of.
pub fn describe() -> ReaderReport {
    let files: Vec<ReaderFile> = reader()
        .map(|guide| ReaderFile {
            path: path_of(&guide),
            bytes: guide.text.len().try_into().unwrap_or(u64::MAX),
            b3: blake3::hash(guide.text.as_bytes()).to_hex().to_string(),
        })
        .collect();
    let hash = judge::set_hash(reader().map(|guide| (path_of(&guide), guide.text.as_bytes()))).hex();
    ReaderReport { bytes: files.iter().map(|file| file.bytes).sum(), files, hash, folder: None, problems: Vec::new() }
}

/// Writes the second program into `folder`, which is made if it is absent and must be empty.
///
/// Errors: [`Error::TargetNotEmpty`], or the folder cannot be written.
pub fn extract(folder: &Path) -> Result<ReaderReport, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| Error::from(RepoError::Local { path, source })
    };
    let place = folder.display().to_string();
    fs::create_dir_all(folder).map_err(failed(folder))?;
    if fs::read_dir(folder).map_err(failed(folder))?.next().is_some() {
        return Err(Error::TargetNotEmpty { place });
    }
    for guide in reader() {
        let path = folder.join(path_of(&guide));
        if let Some(above) = path.parent() {
            fs::create_dir_all(above).map_err(failed(above))?;
        }
        fs::write(&path, guide.text).map_err(failed(&path))?;
    }
    Ok(ReaderReport { folder: Some(place), ..describe() })
}

#[cfg(test)]
mod tests {
    use super::{describe, extract};

    #[test]
    fn the_reader_is_written_into_an_empty_folder_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("new/reader");
        let report = extract(&below).unwrap();
        for file in &report.files {
            assert_eq!(blake3::hash(&std::fs::read(below.join(file.path)).unwrap()).to_hex().as_str(), file.b3);
        }
        assert_eq!(report.hash, describe().hash);
        assert_eq!(extract(&below).unwrap_err().code(), "target-not-empty");
    }
}
