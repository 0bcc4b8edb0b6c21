//! Owns the buffers that packs are written from: aligned, reused, and few. When the pool is empty, writers wait: it is the ration.

use crate::store::ALIGNMENT_BYTES;
use crossbeam_channel::{Receiver, Sender, bounded};

/// Room in one buffer, in bytes: 1 to 4 MiB were equally fast to write, larger gained nothing.
pub(super) const BUFFER_BYTES: usize = 4 << 20;

/// Room for bytes at an aligned address.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    begin: usize,
    filled: usize,
}

impl Buffer {
    fn new() -> Self {
        let bytes = vec![0; BUFFER_BYTES + ALIGNMENT_BYTES];
        let begin = bytes.as_ptr().align_offset(ALIGNMENT_BYTES).min(ALIGNMENT_BYTES);
        Self { bytes, begin, filled: 0 }
    }

    /// Takes as much of `bytes` as there is room for and returns the rest.
    pub(super) fn fill<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (front, rest) = bytes.split_at(bytes.len().min(BUFFER_BYTES - self.filled));
        let begin = self.begin + self.filled;
        if let Some(room) = self.bytes.get_mut(begin..begin + front.len()) {
            room.copy_from_slice(front);
            self.filled += front.len();
        }
        rest
    }

    pub(super) fn is_full(&self) -> bool {
        self.filled == BUFFER_BYTES
    }

    pub(super) fn filled(&self) -> &[u8] {
        self.bytes.get(self.begin..self.begin + self.filled).unwrap_or_default()
    }
}

/// A pool of buffers. They are made when first asked for.
pub(super) struct Pool {
    free: Receiver<Buffer>,
    back: Sender<Buffer>,
    unmade: std::sync::atomic::AtomicUsize,
}

impl Pool {
    pub(super) fn new(buffers_max: usize) -> Self {
        let (back, free) = bounded(buffers_max);
        Self { free, back, unmade: std::sync::atomic::AtomicUsize::new(buffers_max) }
    }

    /// An empty buffer, waiting for one if all are in use.
    pub(super) fn take(&self) -> Buffer {
        use std::sync::atomic::Ordering;
        if let Ok(buffer) = self.free.try_recv() {
            return buffer;
        }
        if self.unmade.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |unmade| unmade.checked_sub(1)).is_ok() {
            return Buffer::new();
        }
        // The pool holds a sender itself, so this never fails; a fresh buffer would be right all the same.
        self.free.recv().unwrap_or_else(|_| Buffer::new())
    }

    pub(super) fn give_back(&self, mut buffer: Buffer) {
        buffer.filled = 0;
        _ = self.back.try_send(buffer);
    }
}
