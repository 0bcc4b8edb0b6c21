//! Counts what a repository holds.

use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open};
use crate::cli::words::stats::stats_words;
use crate::ops::stats::stats;

pub(in crate::cli) fn run(console: &Console) -> Result<u8, Failure> {
    let repository = open(console, Need::Key)?;
    let report = stats(&repository).doing(|| "count what the repository holds".to_owned())?;
    Ok(console.finish("stats", report.exit_code(), &report, |out| stats_words(&report, out)))
}
