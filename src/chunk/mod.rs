//! Owns cutting: where a file's bytes are divided into pieces. Implements `format-spec/cutting.md`.
//!
//! Boundaries are the writer's free choice, made by content and never by name; no reader depends on them.

mod cdc;
mod cutter;

// What whoever cuts has to give, and what it is told.
pub use crate::media::{Bytes, Kind as MediaKind, NoLayout, RangeError, Ranges, Role};
pub use cdc::{AVERAGE_BYTES, MAX_BYTES, MIN_BYTES};
pub use cutter::{Cut, Cutter, PICTURE_BYTES_MAX};
