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
