//! Finds files in all snapshots.

use super::check::parse_bytes;
use super::names::snapshot;
use crate::cli::args::FindArgs;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::human::Local;
use crate::cli::open::{Need, open};
use crate::cli::words::find::find_words;
use crate::ops::find::{FindOptions, find};

pub(in crate::cli) fn run(console: &Console, args: &FindArgs) -> Result<u8, Failure> {
    let doing = || "find files".to_owned();
    let local = Local::system();
    let time = |option: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => local.first_second(text).map(Some).ok_or_else(|| {
            let hint = "say a day such as 2026-11-01, or a time such as 2026-11-01T18:00";
            Failure::refused(doing(), format!("--{option} {text}: not a time")).with_hint(hint)
        }),
    };
    let larger_than_bytes = match &args.larger {
        None => None,
        Some(text) => Some(parse_bytes(text).ok_or_else(|| {
            Failure::refused(doing(), format!("--larger {text}: not a size")).with_hint("say a size such as 500kB, 20MB or 2GB")
        })?),
    };
    let options = FindOptions {
        text: args.text.clone(),
        name: args.name.clone(),
        path: args.path.clone(),
        hash: args.hash.clone(),
        from_seconds: time("after", &args.after)?,
        before_seconds: time("before", &args.before)?,
        larger_than_bytes,
        snapshot: args.snapshot.as_deref().map(snapshot).transpose()?,
    };
    let repository = open(console, Need::Key)?;
    let report = find(&repository, &options).doing(doing)?;
    Ok(console.finish("find", report.exit_code(), &report, |out| find_words(&report, out)))
}
