//! Shows how a file would be stored.

use crate::cli::args::InspectArgs;
use crate::cli::bar::Bar;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open};
use crate::cli::sanitize;
use crate::cli::words::inspect::inspect_words;
use crate::ops::inspect::inspect;
use crate::ops::{Error, OsSource};

pub(in crate::cli) fn run(console: &Console, args: &InspectArgs) -> Result<u8, Failure> {
    let shown = sanitize::path(&args.file);
    let doing = || format!("inspect {shown}");
    let is_given = console.global.repo.as_ref().is_some_and(|place| !place.as_os_str().is_empty());
    let repository = if is_given { Some(open(console, Need::Key)?) } else { None };
    let source = OsSource::open(&args.file).map_err(|source| Error::Source { place: shown.clone(), source }).doing(doing)?;
    let bar = Bar::start(console);
    let report = inspect(&source, b"", repository.as_ref(), &*console.clock, &bar).doing(doing);
    drop(bar);
    let report = report?;
    Ok(console.finish("inspect", report.exit_code(), &report, |out| inspect_words(&report, console.global.verbose > 0, out)))
}
