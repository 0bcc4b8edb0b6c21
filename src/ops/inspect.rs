//! Shows how a file would be stored: what it is, where it is cut, how each piece would be written. Writes nothing.
//!
//! It reads, cuts and decides by the same code as `snap`.

use super::magic::{FRONT_BYTES, kind_of};
use super::snap::{Writing, writing};
use super::{Error, Outcome, Problem, Severity};
use crate::clock::Clock;
use crate::progress::Observer;
use crate::repo::{Codec, Encoder, Expect, Group, Known, Ledger, RepoError, Repository};
use crate::scan::{CutPiece, Kind, LargeWindows, Role, Source, Window, escaped, read_pieces};
use crate::tree::{ObjectKind, hex};
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};

/// How a file would be stored.
#[derive(Debug, Clone, Default, Serialize)]
pub struct InspectReport {
    /// The file, printable.
    pub path: String,
    /// Its length, as it was read.
    pub bytes: u64,
    /// What it is by its first bytes, such as `jpeg`; absent if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// The kind of picture or film that it was cut as, such as `heif`; absent if it was cut as any other file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_as: Option<&'static str>,
    /// Why it was cut as any other file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_cut_as: Option<String>,
    /// BLAKE3 of its bytes, 64 hexadecimal digits.
    pub blake3: String,
    /// Its pieces, in order.
    pub pieces: Vec<InspectPiece>,
    /// Sum of what the pieces would take, each once, before they are sealed; less those that are there already.
    pub new_bytes: u64,
    /// Sum of the raw lengths of pieces that are there already; absent without a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub there_bytes: Option<u64>,
    /// How long reading, cutting, hashing and trying to compress took.
    pub elapsed_ms: u64,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

impl InspectReport {
    /// The exit code that the problems add up to.
    pub fn exit_code(&self) -> u8 {
        Outcome::of(&self.problems).exit_code()
    }
}

/// A piece of a file.
#[derive(Debug, Clone, Serialize)]
pub struct InspectPiece {
    /// Where in the file it begins.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// `picture`, `auxiliary` (another picture in it), `film` or `metadata` (a part of it that edits leave alone); absent: what stands around them, or of a file of which nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<&'static str>,
    /// `zstd`, `differences` (of pixels, then zstd) or `stored`: how it would be written.
    pub codec: &'static str,
    /// What it would take, before it is sealed. Of a small file alone: with others of its like it takes less.
    pub stored_bytes: u64,
    /// A small file shares a record with others of its like: `text`, `picture` or `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grouped_with: Option<&'static str>,
    /// The same piece stands further ahead in the file.
    pub repeated: bool,
    /// It is in the repository already; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub there: Option<bool>,
}

/// Reads a file of a source (an empty path: the source itself is one) and says how it would be stored; with a repository, also which
/// pieces are there.
///
/// Errors: it is no file or cannot be read, or the repository is locked or fails. A file that changed while it was read is a problem.
pub fn inspect(
    source: &dyn Source,
    path: &[u8],
    repository: Option<&Repository>,
    clock: &dyn Clock,
    observer: &dyn Observer,
) -> Result<InspectReport, Error> {
    let place = escaped(&if path.is_empty() { source.place() } else { path.to_vec() });
    let of_source = |error| Error::Source { place: place.clone(), source: error };
    if source.stat(path).map_err(of_source)?.kind != Kind::File {
        return Err(Error::Usage { what: place, why: "not a file: name one file".to_owned() });
    }
    let known = repository.map(what_is_there).transpose()?;
    let begun = clock.elapsed();
    let mut report = InspectReport { path: place.clone(), there_bytes: known.is_some().then_some(0), ..InspectReport::default() };
    let mut pieces = Pieces { encoder: Encoder::new(), seen: HashSet::new(), known, report: &mut report };
    let (mut hasher, mut window) = (blake3::Hasher::new(), Window::new(LargeWindows::new(1)));
    let seen = read_pieces(source, path, &mut window, &mut |piece| {
        if observer.interrupted() {
            return Err(RepoError::Interrupted);
        }
        hasher.update(piece.raw);
        pieces.add(&piece);
        Ok(())
    })?;
    report.blake3 = hex(hasher.finalize().as_bytes());
    report.elapsed_ms = u64::try_from(clock.elapsed().saturating_sub(begun).as_millis()).unwrap_or(u64::MAX);
    let read = seen.map_err(of_source)?;
    match read.media {
        Ok(kind) => report.cut_as = Some(kind.name()),
        Err(why) => report.not_cut_as = Some(why.to_string()),
    }
    if read.seen.changed {
        let message = format!("{place} changed while it was read");
        report.problems.push(Problem::of_path("changed-while-read", Severity::Notice, place, message));
    }
    Ok(report)
}

/// What a snap would rely on now.
fn what_is_there(repository: &Repository) -> Result<Known, Error> {
    repository.sealing()?;
    let mut ledger = Ledger::load(&repository.surroundings().local, &repository.copy_identity());
    Ok(repository.known(&mut ledger, &BTreeSet::new(), BTreeSet::new())?)
}

struct Pieces<'a> {
    encoder: Encoder,
    seen: HashSet<[u8; 32]>,
    known: Option<Known>,
    report: &'a mut InspectReport,
}

impl Pieces<'_> {
    fn add(&mut self, piece: &CutPiece<'_>) {
        let raw = piece.raw;
        let length = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        let id = ObjectKind::Chunk.id_of(raw);
        let (group, expect) = match writing(piece) {
            Writing::Grouped(group) => (Some(group), Expect::Smaller),
            Writing::Alone(expect) => (None, expect),
        };
        let (codec, stored_bytes) = match self.encoder.encode(raw, expect) {
            Some(packed) if packed.codec == Codec::Differences => ("differences", length(packed.bytes.len())),
            Some(packed) => ("zstd", length(packed.bytes.len())),
            None => ("stored", length(raw.len())),
        };
        let (there, repeated) = (self.known.as_ref().map(|known| known.has(id)), !self.seen.insert(id.0));
        let report = &mut *self.report;
        if report.pieces.is_empty() {
            report.kind = kind_of(raw.get(..FRONT_BYTES).unwrap_or(raw));
        }
        if let (Some(true), Some(there_bytes)) = (there, &mut report.there_bytes) {
            *there_bytes += length(raw.len());
        } else if !repeated {
            report.new_bytes += stored_bytes;
        }
        report.pieces.push(InspectPiece {
            offset: report.bytes,
            bytes: length(raw.len()),
            id: id.hex(),
            part: piece.role.map(|role| match role {
                Role::Picture => "picture",
                Role::Auxiliary => "auxiliary",
                Role::Film => "film",
                Role::Metadata => "metadata",
            }),
            codec,
            stored_bytes,
            grouped_with: group.map(|group| match group {
                Group::Text => "text",
                Group::Picture => "picture",
                Group::Meta | Group::Other => "other",
            }),
            repeated,
            there,
        });
        report.bytes += length(raw.len());
    }
}

#[cfg(test)]
mod tests {
    use super::{InspectReport, inspect};
    use crate::ops::looking_tests::World;
    use crate::progress::Silent;
    use crate::repo::Repository;
    use crate::scan::{Content, MemorySource};

    fn inspected(content: impl Into<Content>, repository: Option<&Repository>) -> InspectReport {
        let source = MemorySource::new();
        source.add_file("a", content);
        inspect(&source, b"a", repository, &crate::clock::SystemClock::default(), &Silent).unwrap()
    }

    #[test]
    fn pieces_tile_the_file_and_say_how_they_would_be_written() {
        let film = || Content::Generated { seed: 3, length_bytes: 9_000_000 };
        let report = inspected(film(), None);
        assert_eq!((report.bytes, report.kind, report.there_bytes, report.exit_code()), (9_000_000, None, None, 0));
        let mut offset = 0;
        for piece in &report.pieces {
            assert_eq!((piece.offset, piece.codec, piece.stored_bytes, piece.grouped_with), (offset, "stored", piece.bytes, None));
            offset += piece.bytes;
        }
        assert!(offset == 9_000_000 && report.new_bytes == offset && report.pieces.len() > 3);
        let text = inspected("{\"title\": \"on the beach\"}\n".repeat(100).as_str(), None);
        let [piece] = text.pieces.as_slice() else { panic!("{text:?}") };
        assert!(piece.codec == "zstd" && piece.grouped_with == Some("text") && piece.stored_bytes < 100, "{piece:?}");
        let zeros = inspected(vec![0; 12 << 20], None);
        assert!(zeros.pieces.len() == 3 && zeros.pieces[2].repeated && zeros.new_bytes == zeros.pieces[0].stored_bytes, "{zeros:?}");
        assert!(inspected("", None).pieces.is_empty());
    }

    #[test]
    fn what_a_repository_has_is_the_same_as_a_snap_would_find() {
        let world = World::new();
        let film = |length_bytes| Content::Generated { seed: 3, length_bytes };
        world.source.add_file("film.mov", film(9_000_000));
        let before = inspected(film(9_000_000), Some(&world.repository));
        assert_eq!((before.there_bytes, before.new_bytes), (Some(0), 9_000_000));
        world.snap();
        let after = inspected(film(9_000_000), Some(&world.repository));
        assert_eq!((after.there_bytes, after.new_bytes), (Some(9_000_000), 0));
        let longer = inspected(film(9_500_000), Some(&world.repository));
        assert!(longer.pieces[0].there == Some(true) && longer.pieces.last().unwrap().there == Some(false));
    }

    #[test]
    fn a_folder_is_refused() {
        let source = MemorySource::new();
        source.add_file("a", "1");
        let error = inspect(&source, b"", None, &crate::clock::SystemClock::default(), &Silent).unwrap_err();
        assert_eq!((error.code(), error.exit_code()), ("usage", 2));
    }
}
