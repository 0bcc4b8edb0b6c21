//! Owns how a running operation tells what it is doing and learns that it should stop. The library never prints.

use std::sync::atomic::{AtomicBool, Ordering};

/// The part of an operation that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Listing the repository and reading what is known of it.
    Opening,
    /// Walking the sources.
    Walking,
    /// Reading and storing files.
    Storing,
    /// Writing trees, index, needs and manifest.
    Finishing,
    /// Planning a restore.
    Planning,
    /// Writing restored files.
    Restoring,
    /// Looking at names, lengths and bookkeeping.
    Auditing,
    /// Reading stored bytes back.
    Verifying,
}

/// Hears of progress, and may ask the operation to stop. Called from many threads.
pub trait Observer: Send + Sync {
    /// A new stage begins; `total_bytes` is what it will go through, 0 if not known.
    fn stage(&self, _stage: Stage, _total_bytes: u64) {}
    /// `bytes` more were gone through, in `files` more finished files.
    fn advance(&self, _files: u64, _bytes: u64) {}
    /// A file is being worked on; `path` is raw bytes as the source has them.
    fn file(&self, _path: &[u8]) {}
    /// Something that a person should hear at once; it stands in the report as well.
    fn note(&self, _text: &str) {}
    /// True once the operation should wind up: it finishes what is in hand and returns *interrupted*.
    fn interrupted(&self) -> bool {
        false
    }
}

/// An observer that hears nothing and never interrupts.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// An observer that only carries a request to stop.
#[derive(Debug, Default)]
pub struct StopFlag(AtomicBool);

impl StopFlag {
    /// Asks the operation to stop.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Observer for StopFlag {
    fn interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
