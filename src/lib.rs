//! Point-in-time snapshots of a family's photos.

pub mod chunk;
pub mod clock;
pub mod crypto;
pub mod format;
pub mod ops;
pub mod progress;
pub mod repo;
pub mod scan;
pub mod store;
pub mod tree;
