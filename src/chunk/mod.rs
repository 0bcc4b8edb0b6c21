//! Owns cutting: where a file's bytes are divided into pieces. Implements `format-spec/cutting.md`.
//!
//! Boundaries are the writer's free choice, made by content and never by name; no reader depends on them.

mod cdc;
mod cutter;

pub use cdc::{AVERAGE_BYTES, MAX_BYTES, MIN_BYTES};
pub use cutter::Cutter;
