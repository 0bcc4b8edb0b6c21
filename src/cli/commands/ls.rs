//! Lists what is in a snapshot.

use super::names::snapshot_and_path;
use crate::cli::args::LsArgs;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open};
use crate::cli::words::ls::{Style, ls_words};
use crate::cli::words::problems::problem_lines;
use crate::ops::ls::{Below, LsOptions, ls};
use std::io::IsTerminal;

pub(in crate::cli) fn run(console: &Console, args: &LsArgs) -> Result<u8, Failure> {
    let (snapshot, path) = snapshot_and_path(&args.snapshot)?;
    let repository = open(console, Need::Key)?;
    let below = if args.recursive || args.b3sums { Below::All } else { Below::Directly };
    let options = LsOptions { snapshot, path: path.unwrap_or_default(), below };
    let report = ls(&repository, &options).doing(|| "list the snapshot".to_owned())?;
    let style = match (args.b3sums, args.long) {
        (true, _) if std::io::stdout().is_terminal() => Style::SumsOnTerminal,
        (true, _) => Style::Sums,
        (false, true) => Style::Long,
        (false, false) => Style::Names,
    };
    let exit_code = report.exit_code();
    console.finish("ls", exit_code, &report, |out| ls_words(&report, style, below, out));
    if !console.json {
        let mut lines = String::new();
        problem_lines(&report.problems, &mut lines);
        for line in lines.lines() {
            console.say(line);
        }
    }
    Ok(exit_code)
}
