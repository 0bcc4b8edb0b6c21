//! Prints the completions of a shell, made from the same arguments that are parsed.

use crate::cli::args::{Args, CompletionsArgs};
use crate::cli::console::Console;
use crate::cli::exit::Failure;
use clap::CommandFactory;
use serde::Serialize;

#[derive(Serialize)]
struct CompletionsReport {
    shell: String,
    script: String,
    problems: [(); 0],
}

pub(in crate::cli) fn run(console: &Console, args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "tintype", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let report = CompletionsReport { shell: args.shell.to_string(), script, problems: [] };
    Ok(console.finish("completions", 0, &report, |out| out.push_str(&report.script)))
}
