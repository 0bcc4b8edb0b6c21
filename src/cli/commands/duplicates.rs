//! Finds what a snapshot has several times.

use super::names::snapshot_and_path;
use crate::cli::args::DuplicatesArgs;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open};
use crate::cli::words::duplicates::duplicates_words;
use crate::ops::duplicates::{DuplicatesOptions, duplicates};

pub(in crate::cli) fn run(console: &Console, args: &DuplicatesArgs) -> Result<u8, Failure> {
    let (snapshot, path) = snapshot_and_path(&args.snapshot)?;
    let repository = open(console, Need::Key)?;
    let options = DuplicatesOptions { snapshot, path: path.unwrap_or_default() };
    let report = duplicates(&repository, &options).doing(|| "look for duplicates".to_owned())?;
    Ok(console.finish("duplicates", report.exit_code(), &report, |out| duplicates_words(&report, console.global.verbose > 0, out)))
}
