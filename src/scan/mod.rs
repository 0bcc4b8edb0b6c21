//! Owns how photos are found and read: walking, facts of files, reading them safely. It changes nothing in a source.
//!
//! Everything goes through the trait [`Source`]: [`OsSource`] is the real file system, [`MemorySource`] one of the mind for tests.
//! A file that cannot be read is a [`ScanError`] in a list, never the end of a walk.

mod adjusted;
mod attributes;
mod content;
mod entries;
mod error;
mod file_system;
mod memory;
mod missing;
mod os;
mod os_facts;
mod owners;
mod pieces;
mod placeholders;
mod read;
mod rules;
mod source;
mod walk;

pub use crate::chunk::{MediaKind, NoLayout, Role};
pub use adjusted::{Adjusted, Adjustment};
pub use attributes::{Attribute, Attributes, is_kept};
pub use content::{Content, generate};
pub use entries::{Entries, Iter as EntriesIter};
pub use error::{Operation, ScanError, escaped};
pub use file_system::classify as file_system_of;
pub use memory::{Fault, MemorySource};
pub use missing::MissingSource;
pub use os::OsSource;
pub use pieces::{CutPiece, LARGE_WINDOW_BYTES, LargeWindows, OnPiece, ReadFile, WINDOW_BYTES, Window, read_pieces};
pub use read::{CarefulFile, Freshness, Seen, StatKey, compare, is_unmoved};
pub use rules::{IGNORE_FILE, IGNORE_FILE_BYTES_MAX, Rules};
pub use source::{FileSystem, Hole, Kind, Listed, Source, SourceFile, Special, Stat};
pub use walk::{
    EntryKind, EntryProblem, Folder, HardLink, LeftOutSize, SkipReason, SkipRule, SkippedEntry, Walk, WalkCounts, WalkEntry, WalkOptions,
    walk,
};
