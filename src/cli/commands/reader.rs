//! Shows the second program, or writes it into a folder.

use crate::cli::args::ReaderArgs;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::{sanitize, words};
use crate::ops::guides::{describe, extract};

pub(in crate::cli) fn run(console: &Console, args: &ReaderArgs) -> Result<u8, Failure> {
    let report = match &args.extract {
        None => describe(),
        Some(folder) => extract(folder)
            .doing(|| format!("write the reader into {}", sanitize::path(folder)))
            .map_err(|failure| failure.with_hint("choose a new or empty folder"))?,
    };
    Ok(console.finish("reader", 0, &report, |out| words::reader::reader_words(&report, out)))
}
