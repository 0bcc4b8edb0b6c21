//! Owns the demo: a made-up photo folder on which the commands can be tried.

#[allow(dead_code, reason = "the command that draws them is written next to this")]
mod pictures;
