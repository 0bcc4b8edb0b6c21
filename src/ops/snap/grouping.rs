//! Owns how a piece is written: alone or with others of its like, and whether trying to compress it is worth the time.

use crate::repo::{Expect, Group};
use crate::scan::CutPiece;

/// Pieces up to this length are stored in groups, in bytes.
const SMALL_BYTES: usize = 64 << 10;

/// How a piece is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum Writing {
    /// As a record of its own.
    Alone(Expect),
    /// In a record with others.
    Grouped(Group),
}

/// Pictures and films are compressed by what they are; all else is tried.
pub(in crate::ops) fn writing(piece: &CutPiece<'_>) -> Writing {
    match piece.raw.len() <= SMALL_BYTES {
        // Small pictures share their tables.
        true => Writing::Grouped(if piece.is_coded { Group::Picture } else { group_of(piece) }),
        false => Writing::Alone(if piece.is_coded { Expect::Coded } else { Expect::Unknown }),
    }
}

/// What a small piece compresses best with, by its first bytes.
fn group_of(piece: &CutPiece<'_>) -> Group {
    let head = piece.raw.get(..piece.raw.len().min(512)).unwrap_or_default();
    // A JPEG that was not understood; of others only the front is a piece of its own.
    if piece.is_only && head.starts_with(&[0xff, 0xd8, 0xff]) {
        Group::Picture
    } else if is_text(head) {
        Group::Text
    } else {
        Group::Other
    }
}

/// UTF-8 without control characters; the last of it may be cut off.
fn is_text(head: &[u8]) -> bool {
    let is_utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    is_utf8 && head.iter().all(|byte| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::{Writing, writing};
    use crate::repo::{Expect, Group};
    use crate::scan::{CutPiece, Role};

    #[test]
    fn pictures_are_not_tried_and_small_pieces_lie_with_their_like() {
        let noise: Vec<u8> = (0..100_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let piece = |raw, role, is_coded| writing(&CutPiece { raw, is_only: false, role, is_coded });
        assert_eq!(piece(&noise, Some(Role::Picture), true), Writing::Alone(Expect::Coded));
        assert_eq!(piece(&noise, Some(Role::Picture), false), Writing::Alone(Expect::Unknown));
        assert_eq!(piece(&noise, None, false), Writing::Alone(Expect::Unknown));
        assert_eq!(piece(&noise[..100], Some(Role::Film), true), Writing::Grouped(Group::Picture));
        assert_eq!(piece(b"\xff\xd8\xff\xe1 Exif", None, false), Writing::Grouped(Group::Other));
        assert_eq!(piece(b"{\"title\": 1}\n", None, false), Writing::Grouped(Group::Text));
        let whole = CutPiece { raw: b"\xff\xd8\xff\xe1 Exif", is_only: true, role: None, is_coded: false };
        assert_eq!(writing(&whole), Writing::Grouped(Group::Picture));
    }
}
