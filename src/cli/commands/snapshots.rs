//! Lists snapshots.

use crate::cli::args::SnapshotsArgs;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open};
use crate::cli::words;
use crate::ops::snapshots::{Detail, SnapshotsOptions, snapshots};

pub(in crate::cli) fn run(console: &Console, args: &SnapshotsArgs) -> Result<u8, Failure> {
    let repository = open(console, Need::KeyIfAsked)?;
    let options = SnapshotsOptions { source: args.source.clone(), detail: if args.long { Detail::Packs } else { Detail::Stated } };
    let report = snapshots(&repository, &options).doing(|| "list the snapshots".to_owned())?;
    let exit_code = report.exit_code();
    Ok(console.finish("snapshots", exit_code, &report, |out| words::snapshots::snapshots_words(&report, args, out)))
}
