//! x
pub mod clock;
pub mod progress;
pub mod scan;
