//! Owns writing a recovery sheet to where it was asked for: claimed before anything else is made, readable by its owner alone.
//!
//! Invariant: a file that was there is never touched, and no sheet stays behind whose code opens nothing.

use super::exit::Failure;
use super::human::Local;
use super::{console::Console, sanitize, volume};
use crate::clock::Clock;
use crate::ops::sheet::{SheetFacts, sheet};
use crate::ops::{RecoveryCode, escaped};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A sheet's file, empty so far. Unless it is kept it goes away again.
#[derive(Debug)]
pub(super) struct SheetFile {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl Drop for SheetFile {
    fn drop(&mut self) {
        if !self.kept {
            _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Refuses early what [`SheetFile::claim`] would refuse after a person has typed a password twice.
pub(super) fn refuse_taken(path: &Path, place: &Path) -> Result<(), Failure> {
    let doing = doing(path);
    if path.symlink_metadata().is_ok() {
        return Err(Failure::refused(doing, "there is a file of this name already").with_hint("give a new name: nothing is overwritten"));
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(above) = above.canonicalize() else { return Err(Failure::refused(doing, "there is no such folder")) };
    let place = match (place.canonicalize(), place.parent(), place.file_name()) {
        (Ok(place), ..) => Some(place),
        // It is not made yet.
        (Err(_), Some(above), Some(name)) => {
            let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
            above.canonicalize().ok().map(|above| above.join(name))
        }
        (Err(_), ..) => None,
    };
    if place.is_some_and(|place| above.starts_with(place)) {
        return Err(Failure::refused(doing, "it would lie inside the repository: whoever has the drive would have the code"));
    }
    Ok(())
}

fn doing(path: &Path) -> String {
    format!("write the recovery sheet {}", sanitize::path(path))
}

impl SheetFile {
    /// Makes the file, readable by its owner alone.
    pub(super) fn claim(path: &Path, place: &Path) -> Result<Self, Failure> {
        refuse_taken(path, place)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|error| Failure::new(doing(path), "output", error.to_string(), 1))?;
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Ok(Self { file, path, kept: false })
    }

    /// Writes it, for good.
    pub(super) fn write(&mut self, console: &Console, code: &RecoveryCode, repository: String, place: &Path, host: &str) -> io::Result<()> {
        let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
        let facts = SheetFacts {
            repository,
            place: escaped(place.as_os_str().as_bytes()),
            volume: volume::label(&place),
            host: host.to_owned(),
            date: Local::system().day(console.clock.now().seconds),
        };
        self.file.write_all(sheet(code, &facts).as_bytes())?;
        self.file.sync_all()
    }

    /// It stays; where it lies.
    pub(super) fn keep(mut self) -> PathBuf {
        self.kept = true;
        self.path.clone()
    }
}
