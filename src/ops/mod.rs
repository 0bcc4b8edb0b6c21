//! Stub.
pub mod restore;
