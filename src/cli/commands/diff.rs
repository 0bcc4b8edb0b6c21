//! Compares two snapshots.

use super::names::snapshot;
use crate::cli::args::DiffArgs;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open};
use crate::cli::words::diff::diff_words;
use crate::ops::diff::{DiffOptions, diff};

pub(in crate::cli) fn run(console: &Console, args: &DiffArgs) -> Result<u8, Failure> {
    let options = DiffOptions { before: snapshot(&args.before)?, after: snapshot(&args.after)? };
    let repository = open(console, Need::Key)?;
    let report = diff(&repository, &options).doing(|| "compare the snapshots".to_owned())?;
    Ok(console.finish("diff", report.exit_code(), &report, |out| diff_words(&report, console.global.verbose > 0, out)))
}
