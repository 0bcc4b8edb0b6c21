//! Owns the cutting of one file: one piece after the other, from a window of its bytes.

use super::cdc;

/// Cuts one file from its beginning to its end.
///
/// What is cut depends on the file's bytes alone, never on how they were buffered. Media-aware cuts are decided here, before
/// content-defined cutting takes over, so callers do not change when a kind of file becomes known.
#[derive(Debug, Default)]
pub struct Cutter {}

impl Cutter {
    /// Begins a file.
    pub fn new() -> Self {
        Self {}
    }

    /// Bytes that [`Cutter::next_piece`] wants to see unless the file ends before.
    pub const WINDOW_BYTES: usize = cdc::MAX_BYTES;

    /// Length of the next piece, in bytes: `window` begins where the last piece ended and holds at least
    /// [`Cutter::WINDOW_BYTES`] or all that is left. 0 only for an empty window.
    pub fn next_piece(&mut self, window: &[u8]) -> usize {
        cdc::first_chunk_bytes(window)
    }
}
