//! Point-in-time snapshots of a family's photos.

pub mod clock;
pub mod format;
pub mod ops;
pub mod progress;
pub mod tree;
