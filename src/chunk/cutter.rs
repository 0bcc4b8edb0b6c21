//! Owns the cutting of one file: one piece after the other, from a window of its bytes.

use super::cdc;
use crate::media::{self, Kind, NoLayout, Part, Ranges, Role};

/// Picture data up to this length is one piece, in bytes; longer data is cut as everything else is.
pub const PICTURE_BYTES_MAX: usize = 16 << 20;

/// Cuts one file from its beginning to its end.
///
/// What is cut depends on the file's bytes alone, never on how they were buffered: where a picture or film begins or ends a piece ends, and
/// content-defined cutting begins anew.
#[derive(Debug, Default)]
pub struct Cutter {
    parts: std::collections::VecDeque<Part>,
    offset: u64,
    is_coded: bool,
}

/// A piece as it was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Its length.
    pub length_bytes: usize,
    /// Of what it is a part; `None`: of what stands around pictures, or of a file of which nothing is known.
    pub role: Option<Role>,
    /// It is of a kind that is compressed already.
    pub is_coded: bool,
}

/// Bytes up to the next place where a piece must end.
#[derive(Debug, Clone, Copy)]
struct Run {
    left_bytes: u64,
    role: Option<Role>,
    /// All of it is one piece.
    is_one: bool,
}

impl Cutter {
    /// Begins a file of which nothing is known.
    pub fn plain() -> Self {
        Self::default()
    }

    /// Begins a file that is read by `ranges` to find out what it is; says also that, or why nothing was found.
    pub fn of(ranges: &mut dyn Ranges) -> (Self, Result<Kind, NoLayout>) {
        match media::layout(ranges) {
            Ok(layout) => (Self { parts: layout.parts.into(), offset: 0, is_coded: layout.kind.is_coded() }, Ok(layout.kind)),
            Err(why) => (Self::plain(), Err(why)),
        }
    }

    /// Bytes that [`Cutter::next_piece`] wants to see unless the file ends before. At most [`PICTURE_BYTES_MAX`].
    pub fn wants_bytes(&self) -> usize {
        let run = self.run();
        let left = usize::try_from(run.left_bytes).unwrap_or(usize::MAX);
        if run.is_one { left } else { left.min(cdc::MAX_BYTES) }
    }

    /// The next piece: `window` begins where the last one ended and holds at least [`Cutter::wants_bytes`] or all that is left.
    /// `None` only for an empty window.
    pub fn next_piece(&mut self, window: &[u8]) -> Option<Cut> {
        let run = self.run();
        let window = usize::try_from(run.left_bytes).ok().and_then(|left| window.get(..left)).unwrap_or(window);
        let length_bytes = if run.is_one { window.len() } else { cdc::first_chunk_bytes(window) };
        if length_bytes == 0 {
            return None;
        }
        self.offset += u64::try_from(length_bytes).unwrap_or(0);
        while self.parts.front().is_some_and(|part| part.end() <= self.offset) {
            self.parts.pop_front();
        }
        Some(Cut { length_bytes, role: run.role, is_coded: self.is_coded && run.role.is_some_and(|role| role != Role::Metadata) })
    }

    fn run(&self) -> Run {
        match self.parts.front() {
            None => Run { left_bytes: u64::MAX, role: None, is_one: false },
            Some(part) if self.offset < part.offset => Run { left_bytes: part.offset - self.offset, role: None, is_one: false },
            Some(part) => Run {
                left_bytes: part.end().saturating_sub(self.offset),
                role: Some(part.role),
                is_one: usize::try_from(part.length_bytes).is_ok_and(|length| length <= PICTURE_BYTES_MAX),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cut, Cutter, PICTURE_BYTES_MAX};
    use crate::media::{Bytes, Kind, NoLayout, Role};

    fn noise(length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(b"cutter").finalize_xof().fill(&mut bytes);
        bytes
    }

    fn film(front: &[u8], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
        let front_size = u32::try_from(front.len() + 8).unwrap().to_be_bytes();
        [&[0, 0, 0, 16][..], b"ftypqt  ", &[0; 4], &front_size, b"free", front, &size, b"mdat", body, &[0, 0, 0, 8], b"moov"].concat()
    }

    fn cuts(bytes: &[u8]) -> Vec<Cut> {
        let (mut cutter, kind) = Cutter::of(&mut Bytes(bytes));
        assert_eq!(kind, Ok(Kind::Mov));
        let (mut at, mut cuts) = (0, Vec::new());
        loop {
            let wanted = cutter.wants_bytes();
            assert!(wanted <= PICTURE_BYTES_MAX);
            let Some(cut) = cutter.next_piece(&bytes[at..bytes.len().min(at + wanted)]) else { return cuts };
            at += cut.length_bytes;
            cuts.push(cut);
        }
    }

    #[test]
    fn what_stands_in_front_does_not_move_the_cuts_of_a_film() {
        for body_bytes in [100_000, PICTURE_BYTES_MAX, PICTURE_BYTES_MAX + 1] {
            let body = noise(body_bytes);
            let of_film = |bytes: &[u8]| cuts(bytes).into_iter().filter(|cut| cut.role == Some(Role::Film)).collect::<Vec<_>>();
            let (plain, edited) = (film(b"", &body), film(&noise(300_001), &body));
            assert_eq!(of_film(&plain), of_film(&edited));
            assert_eq!(of_film(&plain).len() == 1, body_bytes <= PICTURE_BYTES_MAX);
            assert_eq!(of_film(&plain).iter().map(|cut| cut.length_bytes).sum::<usize>(), body_bytes);
            assert!(of_film(&plain).iter().all(|cut| cut.is_coded));
            assert_eq!(cuts(&edited).iter().map(|cut| cut.length_bytes).sum::<usize>(), edited.len());
        }
    }

    #[test]
    fn a_file_that_ends_earlier_than_it_did_is_cut_to_its_end() {
        let whole = film(b"", &noise(5_000_000));
        let (mut cutter, _) = Cutter::of(&mut Bytes(&whole));
        assert_eq!(cutter.next_piece(&whole[..32]).map(|cut| cut.length_bytes), Some(32));
        let cut = cutter.next_piece(&whole[32..4_000]).unwrap();
        assert_eq!((cut.length_bytes, cut.role), (3_968, Some(Role::Film)));
        assert_eq!(cutter.next_piece(&[]), None);
        let (mut cutter, why) = Cutter::of(&mut Bytes(b"text"));
        assert_eq!((why, cutter.next_piece(b"text").map(|cut| cut.length_bytes)), (Err(NoLayout::Unknown), Some(4)));
    }
}
