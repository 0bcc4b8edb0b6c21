//! Tests of the audit, on repositories that a second, simple writer made.

mod cases;
mod healing;
mod support;
mod table;
mod trees;
