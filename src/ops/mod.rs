//! Owns what a person does: one file or folder per deed, each with options, a report and one function.
//!
//! Operations never print and never ask: they take values, tell an observer, and return a report. Problems are collected, errors returned.

pub mod check;
pub mod demo;
mod error;
mod naming;
mod objects;
mod problem;
pub mod restore;
pub mod snap;

pub use error::Error;
pub use naming::{InSnapshot, SnapshotRef, resolve, resolve_path};
pub use problem::{Outcome, Problem, Severity};
