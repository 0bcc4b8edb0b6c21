//! Owns the things a person does, one file each.

pub mod demo;
