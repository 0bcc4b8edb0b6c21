//! Gives out the bytes of one file of a snapshot: each piece verified before it is written, the whole at the end.
//!
//! One piece is in memory at a time. A file on a target has its name only after all of its bytes were verified.

use super::objects::RepoObjects;
use super::restore::{Existing, Room, Target, TargetError};
use super::snapshots::rfc3339;
use super::{Error, Outcome, Problem, Severity, SnapshotRef, resolve, resolve_path, time_ahead, used};
use crate::progress::Observer;
use crate::repo::{Manifest, ObjectReader, RepoError, Repository, SnapshotList};
use crate::scan::escaped;
use crate::tree::{self, Content, Entry, Facts, FileContent, ObjectKind, TreeError, hex};
use serde::Serialize;
use std::io::Write;

/// Which file.
#[derive(Debug, Clone)]
pub struct DumpOptions {
    /// Of which snapshot.
    pub snapshot: SnapshotRef,
    /// Its path in it.
    pub path: Vec<u8>,
}

/// What was given out.
#[derive(Debug, Clone, Serialize)]
pub struct DumpReport {
    /// The snapshot's whole id.
    pub snapshot: String,
    /// The time that it states, RFC 3339 in UTC.
    pub time: String,
    /// The file's path in it, printable.
    pub path: String,
    /// BLAKE3 of the file's bytes, 64 hexadecimal digits.
    pub blake3: String,
    /// The file's length.
    pub bytes: u64,
    /// How many bytes were written, each verified; 0 if a file on a target got no name.
    pub written_bytes: u64,
    /// What is wrong; nothing of that kind if the file was written whole.
    pub problems: Vec<Problem>,
}

impl DumpReport {
    /// The exit code that the problems add up to.
    pub fn exit_code(&self) -> u8 {
        Outcome::of(&self.problems).exit_code()
    }
}

/// Writes a file's bytes to a stream, as far as they are good.
///
/// Errors: there is no such snapshot or path, it is no file, the repository is locked, the place fails; or [`Error::Output`], also
/// where whoever reads the stream has read enough. A damaged or absent piece is a problem in the report, and nothing follows it.
pub fn dump(repository: &Repository, options: &DumpOptions, out: &mut dyn Write, observer: &dyn Observer) -> Result<DumpReport, Error> {
    let found = Found::find(repository, options)?;
    let mut report = found.report();
    let written = found.each_piece(observer, &mut |bytes| out.write_all(bytes).map_err(|source| Error::Output { source }))?;
    out.flush().map_err(|source| Error::Output { source })?;
    found.finish(repository, written, &mut report)?;
    Ok(report)
}

/// Writes a file of a snapshot to a file of a target, with its mode and its time, over nothing.
///
/// Errors: as with [`dump`], and where something has the name already.
pub fn dump_to(
    repository: &Repository,
    options: &DumpOptions,
    target: &dyn Target,
    name: &[u8],
    observer: &dyn Observer,
) -> Result<DumpReport, Error> {
    let of_target = |source| match source {
        TargetError::Exists { .. } | TargetError::Blocked { .. } => there_already(name),
        source => Error::Target { place: target.place(), source },
    };
    if target.stat(name).map_err(of_target)?.is_some() {
        return Err(there_already(name));
    }
    let found = Found::find(repository, options)?;
    let mut report = found.report();
    let mut file = target.create(name, found.file.length_bytes, Room::Ahead).map_err(of_target)?;
    let mut offset = 0_u64;
    let written = found.each_piece(observer, &mut |bytes| {
        file.write_at(offset, bytes).map_err(of_target)?;
        offset = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
        Ok(())
    })?;
    if written.problem.is_none() {
        let facts = Facts { mode: found.entry.facts.mode, mtime: found.entry.facts.mtime, ..Facts::default() };
        file.finish(&facts, Existing::Refuse).map_err(of_target)?;
        target.sync().map_err(of_target)?;
        found.finish(repository, written, &mut report)?;
    } else {
        found.finish(repository, Written { bytes: 0, ..written }, &mut report)?;
    }
    Ok(report)
}

fn there_already(name: &[u8]) -> Error {
    Error::Usage { what: escaped(name), why: "something has this name already, and nothing is written over".to_owned() }
}

/// How far writing came, and what ended it before the end.
struct Written {
    bytes: u64,
    problem: Option<Problem>,
}

/// A file that was found in a snapshot.
struct Found<'r> {
    manifest: Manifest,
    reader: ObjectReader<'r>,
    entry: Entry,
    file: FileContent,
    shown: String,
    notes: Vec<Problem>,
}

impl<'r> Found<'r> {
    fn find(repository: &'r Repository, options: &DumpOptions) -> Result<Self, Error> {
        repository.sealing()?;
        let list = SnapshotList::take(&**repository.store(), &repository.notices()?)?;
        let manifest = resolve(repository, &list, &options.snapshot)?;
        let reader = ObjectReader::with_segments(repository, &manifest.public.segments)?;
        let found = resolve_path(&RepoObjects(&reader), &manifest, &options.path)?;
        let refused = |why: &str| {
            let what = if options.path.is_empty() { "the whole snapshot".to_owned() } else { escaped(&options.path) };
            Err(Error::Usage { what, why: why.to_owned() })
        };
        let [one] = found.as_slice() else { return refused("name one file of it, as in latest:2019/07/IMG_0412.HEIC") };
        let file = match &one.entry.content {
            Content::File(file) => file.clone(),
            Content::Folder(_) => return refused("it is a folder: `tintype restore` brings it back, `tintype ls` shows what is in it"),
            Content::Symlink(target) => return refused(&format!("it is a link to {}, and has no bytes of its own", escaped(target))),
        };
        let mut notes = Vec::new();
        if options.snapshot == SnapshotRef::Latest(0) {
            notes.extend(used::newer_in_second(&list, &manifest));
        }
        notes.extend(time_ahead([&manifest], repository.surroundings().clock.now()));
        let shown = escaped(if one.path.is_empty() { &one.entry.name } else { &one.path });
        Ok(Self { entry: one.entry.clone(), file, shown, notes, manifest, reader })
    }

    fn report(&self) -> DumpReport {
        DumpReport {
            snapshot: self.manifest.name.hex(),
            time: rfc3339(self.manifest.public.time),
            path: self.shown.clone(),
            blake3: hex(&self.file.hash.0),
            bytes: self.file.length_bytes,
            written_bytes: 0,
            problems: self.notes.clone(),
        }
    }

    /// Hands on one piece after the other, and compares the whole.
    fn each_piece(&self, observer: &dyn Observer, write: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<Written, Error> {
        let pieces = match tree::pieces(&RepoObjects(&self.reader), &self.file) {
            Ok(pieces) => pieces,
            Err(TreeError::Load(error)) => return self.stopped(0, error),
            Err(other) => return Ok(self.wrong(0, &other.to_string())),
        };
        let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0_u64);
        for piece in &pieces {
            if observer.interrupted() {
                return Err(RepoError::Interrupted.into());
            }
            let raw = match self.reader.load(ObjectKind::Chunk, piece.id) {
                Ok(raw) => raw,
                Err(error) => return self.stopped(bytes, error),
            };
            if u32::try_from(raw.len()) != Ok(piece.length_bytes) {
                return Ok(self.wrong(bytes, "a piece has another length than the snapshot says"));
            }
            hasher.update(&raw);
            write(&raw)?;
            bytes = bytes.saturating_add(piece.length_bytes.into());
            observer.advance(0, piece.length_bytes.into());
        }
        if hasher.finalize().as_bytes() != &self.file.hash.0 {
            return Ok(self.wrong(bytes, "its pieces are whole, and together they are not the file that the snapshot names"));
        }
        Ok(Written { bytes, problem: None })
    }

    fn stopped(&self, bytes: u64, error: RepoError) -> Result<Written, Error> {
        let error = Error::from(error);
        let severity = match error.exit_code() {
            5 => Severity::Damaged,
            6 => Severity::Incomplete,
            _ => return Err(error),
        };
        Ok(Written { bytes, problem: Some(Problem::of_path(error.code(), severity, self.shown.clone(), error.to_string())) })
    }

    fn wrong(&self, bytes: u64, why: &str) -> Written {
        let message = format!("{}: {why}", self.shown);
        Written { bytes, problem: Some(Problem::of_path("file-damaged", Severity::Damaged, self.shown.clone(), message)) }
    }

    fn finish(&self, repository: &Repository, written: Written, report: &mut DumpReport) -> Result<(), Error> {
        self.reader.note_damage()?;
        report.written_bytes = written.bytes;
        report.problems.extend(written.problem);
        report.problems.extend(used::copies(repository, [&self.manifest], Some(&self.reader)));
        report.problems.extend(used::segments(&self.reader));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{DumpOptions, dump, dump_to};
    use crate::ops::looking_tests::World;
    use crate::ops::restore::{MemoryLimits, MemoryTarget, Target};
    use crate::ops::{Error, SnapshotRef};
    use crate::progress::Silent;
    use crate::repo::PackKind;
    use crate::scan::{Content, generate};

    const FILM_BYTES: usize = 9_000_000;

    fn options(path: &str) -> DumpOptions {
        DumpOptions { snapshot: SnapshotRef::Latest(0), path: path.as_bytes().to_vec() }
    }

    fn world() -> (World, Vec<u8>) {
        let world = World::new();
        let mut film = vec![0; FILM_BYTES];
        generate(5, 0, &mut film);
        world.source.add_file("2019/film.mov", Content::Generated { seed: 5, length_bytes: FILM_BYTES as u64 });
        world.source.add_file("empty", "").add_symlink("link", "empty");
        world.snap();
        (world, film)
    }

    #[test]
    fn the_bytes_come_out_to_a_stream_and_to_a_file() {
        let (world, film) = world();
        let mut out = Vec::new();
        let report = dump(&world.repository, &options("2019/film.mov"), &mut out, &Silent).unwrap();
        assert!(out == film && report.written_bytes == report.bytes && report.exit_code() == 0, "{report:?}");
        let target = MemoryTarget::new(MemoryLimits::default());
        let report = dump_to(&world.repository, &options("2019/film.mov"), &target, b"out.mov", &Silent).unwrap();
        assert!(target.bytes(b"out.mov") == Some(film) && report.exit_code() == 0, "{report:?}");
        let again = dump_to(&world.repository, &options("empty"), &target, b"out.mov", &Silent).unwrap_err();
        assert_eq!((again.code(), again.exit_code()), ("usage", 2));
        dump_to(&world.repository, &options("empty"), &target, b"nothing", &Silent).unwrap();
        assert_eq!(target.bytes(b"nothing"), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let (world, _) = world();
        for path in ["2019", "", "link"] {
            let refused = dump(&world.repository, &options(path), &mut Vec::new(), &Silent).unwrap_err();
            assert_eq!((refused.code(), refused.exit_code()), ("usage", 2), "{path}");
        }
        assert_eq!(dump(&world.repository, &options("absent"), &mut Vec::new(), &Silent).unwrap_err().code(), "no-such-path");
    }

    #[test]
    fn damage_ends_it_and_what_was_written_is_good() {
        let (world, film) = world();
        let pack = world.packs(PackKind::Data)[0].path();
        let mut bytes = world.store.bytes_of(&pack).unwrap();
        // In the last of its pieces.
        let place = bytes.len() - 300_000;
        bytes[place] ^= 1;
        world.store.set_bytes(&pack, bytes);
        let mut out = Vec::new();
        let report = dump(&world.repository, &options("2019/film.mov"), &mut out, &Silent).unwrap();
        assert_eq!((report.exit_code(), report.written_bytes), (5, out.len() as u64), "{report:?}");
        assert!(!out.is_empty() && out.len() < film.len() && film.starts_with(&out));
        let target = MemoryTarget::new(MemoryLimits::default());
        let report = dump_to(&world.repository, &options("2019/film.mov"), &target, b"out.mov", &Silent).unwrap();
        assert_eq!((report.exit_code(), report.written_bytes, target.stat(b"out.mov").unwrap()), (5, 0, None));
    }

    #[test]
    fn a_stream_that_takes_nothing_is_an_error_of_the_stream() {
        struct Full;
        impl std::io::Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let (world, _) = world();
        let error = dump(&world.repository, &options("2019/film.mov"), &mut Full, &Silent).unwrap_err();
        assert!(matches!(&error, Error::Output { source } if source.kind() == std::io::ErrorKind::StorageFull));
        assert_eq!((error.code(), error.exit_code()), ("output", 1));
    }
}
