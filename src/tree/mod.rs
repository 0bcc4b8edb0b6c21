//! Stub.
pub use crate::format::{Facts, Owner, Time};
