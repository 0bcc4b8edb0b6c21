//! Owns the command line: arguments, words on screen, progress, exit codes. The only part that prints, asks, and reads its surroundings.
//!
//! Invariants: results go to stdout and all else to stderr; a closed stdout or stderr never panics and never changes the exit code;
//! nothing is asked without a terminal.

mod args;
mod bar;
mod commands;
mod console;
mod exit;
mod human;
mod json;
mod open;
mod sanitize;
mod secret;
mod words;

use args::{Args, Command};
use clap::Parser;
use console::{Capture, Console};
use exit::Failure;
use std::ffi::OsString;

/// Runs the program with its own arguments and returns its exit code.
pub fn main() -> u8 {
    run_on(std::env::args_os().collect(), None)
}

/// Runs one command line, the program's name first. With a capture nobody is asked, and what goes to stdout is kept as well.
fn run_on(words: Vec<OsString>, capture: Option<Capture>) -> u8 {
    let wants_json = words.iter().any(|word| word == "--json");
    match Args::try_parse_from(words) {
        Ok(args) => dispatch(args, capture),
        Err(error) => exit::of_usage(&error, wants_json),
    }
}

fn dispatch(args: Args, capture: Option<Capture>) -> u8 {
    let console = Console::new(&args.global, capture);
    let Some(command) = args.command else {
        console.print(words::welcome::WELCOME);
        return 0;
    };
    let name = command.name();
    let result = match command {
        Command::Init(args) => commands::init::run(&console, &args),
        Command::Snap(args) => commands::snap::run(&console, &args),
        Command::Snapshots(args) => commands::snapshots::run(&console, &args),
        Command::Key(args) => commands::key::run(&console, &args),
        Command::Ls(args) => commands::ls::run(&console, &args),
        Command::Restore(args) => commands::restore::run(&console, &args),
        Command::Check(args) => commands::check::run(&console, &args),
        Command::Demo(args) => commands::demo::run(&console, &args),
        Command::Spec(args) => commands::spec::run(&console, &args),
        Command::Reader(args) => commands::reader::run(&console, &args),
    };
    let result = result.and_then(|exit_code| match console.output_error() {
        None => Ok(exit_code),
        Some(why) => Err(Failure::new("write the result to standard output", "output", why, 1)),
    });
    result.unwrap_or_else(|failure| failure.tell(&console, name))
}
