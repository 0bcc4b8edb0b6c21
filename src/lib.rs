//! Point-in-time snapshots of a family's photos.
pub mod clock;
pub mod progress;
pub mod store;
