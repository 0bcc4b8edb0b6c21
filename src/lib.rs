//! Point-in-time snapshots of photos.

pub mod ops;
