//! Owns the command line: arguments, words on screen, progress, exit codes. The only part that prints, asks, and reads its surroundings.
//!
//! Invariants: results go to stdout and all else to stderr; a closed stdout or stderr never panics and never changes the exit code;
//! nothing is asked without a terminal.

mod args;
mod awake;
mod bar;
mod commands;
mod console;
mod exit;
mod folders;
mod human;
mod json;
mod open;
mod removable;
mod sanitize;
mod secret;
mod sheet;
mod volume;
mod wording;
mod words;

use args::{Args, Command};
use clap::{ColorChoice, CommandFactory, FromArgMatches};
use console::{Capture, Console};
use exit::Failure;
use std::ffi::OsString;

/// Runs the program with its own arguments and returns its exit code.
pub fn main() -> u8 {
    run_on(std::env::args_os().collect(), None)
}

/// Runs one command line, the program's name first. With a capture nobody is asked, and what goes to stdout is kept as well.
fn run_on(words: Vec<OsString>, capture: Option<Capture>) -> u8 {
    let command = Args::command().color(color_of(&words));
    match command.try_get_matches_from(&words).and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => dispatch(args, capture),
        Err(error) => {
            let wants_json = words.iter().take_while(|word| *word != "--").any(|word| word == "--json");
            exit::of_usage(&error, wants_json, &command_of(words))
        }
    }
}

/// What is said about colour, before anything else is understood: help and refusals of the command line follow it too.
fn color_of(words: &[OsString]) -> ColorChoice {
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).take_while(|word| *word != "--").collect();
    let after = words.windows(2).filter_map(|pair| (pair.first() == Some(&"--color")).then(|| pair.last().copied())?);
    let said = words.iter().filter_map(|word| word.strip_prefix("--color=")).chain(after).last();
    match said {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// The command that was meant by words that could not be understood; `error` if none was.
fn command_of(words: Vec<OsString>) -> String {
    let matches = Args::command().ignore_errors(true).try_get_matches_from(words).ok();
    matches.and_then(|matches| matches.subcommand_name().map(str::to_owned)).unwrap_or_else(|| "error".to_owned())
}

fn dispatch(args: Args, capture: Option<Capture>) -> u8 {
    let console = Console::new(&args.global, capture);
    wording::show_whole_names(args.global.verbose > 0);
    let Some(command) = args.command else {
        if console.json {
            let failure = Failure::refused("tell what to do", "no command was given").with_hint("see tintype --help");
            return failure.tell(&console, "error");
        }
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
        Command::Find(args) => commands::find::run(&console, &args),
        Command::Diff(args) => commands::diff::run(&console, &args),
        Command::Dump(args) => commands::dump::run(&console, &args),
        Command::Restore(args) => commands::restore::run(&console, &args),
        Command::Check(args) => commands::check::run(&console, &args),
        Command::Duplicates(args) => commands::duplicates::run(&console, &args),
        Command::Stats(_) => commands::stats::run(&console),
        Command::Inspect(args) => commands::inspect::run(&console, &args),
        Command::Demo(args) => commands::demo::run(&console, &args),
        Command::Spec(args) => commands::spec::run(&console, &args),
        Command::Reader(args) => commands::reader::run(&console, &args),
        Command::Completions(args) => commands::completions::run(&console, &args),
        Command::Man(args) => commands::man::run(&console, &args),
    };
    let result = result.and_then(|exit_code| match console.output_error() {
        None => Ok(exit_code),
        // What was done is done, and its verdict counts; a list, or a document that a program waits for, is nothing until it is there.
        Some(why) if matches!(name, "snap" | "restore" | "check" | "key") && !console.json => {
            console.say(&format!("warning: the result could not be written to standard output: {why}"));
            Ok(exit_code)
        }
        Some(why) => Err(Failure::new("write the result to standard output", "output", why, 1)),
    });
    result.unwrap_or_else(|failure| failure.tell(&console, name))
}
