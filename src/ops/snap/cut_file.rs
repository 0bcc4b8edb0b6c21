//! Owns what is known of a file by the time that it is cut: its pieces, its hash, which of the pieces are its picture, and how much was new.

use crate::scan::{CutPiece, Role};
use crate::tree::{FileHash, ObjectId, Piece, PieceRun};

/// What of one file was there, and what was not, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) new_bytes: u64,
    pub(super) there_bytes: u64,
    /// Of the picture or film that it is about.
    pub(super) picture_new_bytes: u64,
    pub(super) picture_there_bytes: u64,
}

impl Found {
    pub(super) fn count(&mut self, piece: &CutPiece<'_>, is_new: bool) {
        let bytes = u64::try_from(piece.raw.len()).unwrap_or(0);
        let is_picture = matches!(piece.role, Some(Role::Picture | Role::Film));
        let (sum, of_picture) = if is_new {
            (&mut self.new_bytes, &mut self.picture_new_bytes)
        } else {
            (&mut self.there_bytes, &mut self.picture_there_bytes)
        };
        *sum += bytes;
        if is_picture {
            *of_picture += bytes;
        }
    }
}

/// A file as it is cut, piece by piece.
#[derive(Debug, Default)]
pub(super) struct CutFile {
    pieces: Vec<Piece>,
    pictures: Vec<PieceRun>,
    films: Vec<PieceRun>,
    whole: blake3::Hasher,
    pub(super) found: Found,
}

impl CutFile {
    pub(super) fn add(&mut self, piece: &CutPiece<'_>, id: ObjectId) {
        // A file of one piece is hashed once: its id is its hash.
        if !piece.is_only {
            self.whole.update(piece.raw);
        }
        let first = u32::try_from(self.pieces.len()).unwrap_or(u32::MAX);
        let runs = match piece.role {
            Some(Role::Picture) => Some(&mut self.pictures),
            Some(Role::Film) => Some(&mut self.films),
            Some(Role::Auxiliary | Role::Metadata) | None => None,
        };
        if let Some(runs) = runs {
            match runs.last_mut().filter(|run| run.first + run.count == first) {
                Some(run) => run.count += 1,
                None => runs.push(PieceRun { first, count: 1 }),
            }
        }
        self.pieces.push(Piece { id, length_bytes: u32::try_from(piece.raw.len()).unwrap_or(u32::MAX) });
    }

    /// Its hash, its pieces, and which of them it is about: its film only where it has no picture.
    pub(super) fn finish(self) -> (FileHash, Vec<Piece>, Vec<PieceRun>) {
        let hash = match self.pieces.as_slice() {
            [one] => FileHash(one.id.0),
            _ => FileHash(*self.whole.finalize().as_bytes()),
        };
        (hash, self.pieces, if self.pictures.is_empty() { self.films } else { self.pictures })
    }
}
