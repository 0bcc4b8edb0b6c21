//! Owns the options that every command has.

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args as ClapArgs, ValueEnum};
use std::path::PathBuf;

/// Options that stand before or after any command.
#[derive(Debug, Clone, ClapArgs)]
pub(in crate::cli) struct Global {
    /// The repository: a folder
    #[arg(short, long, value_name = "PLACE", env = "TINTYPE_REPO", value_parser = path(), hide_env_values = true, global = true, help_heading = REPOSITORY)]
    pub(in crate::cli) repo: Option<PathBuf>,
    /// The password is the first line of this file (or set TINTYPE_PASSWORD)
    #[arg(long, value_name = "FILE", global = true, help_heading = REPOSITORY, conflicts_with_all = ["password_command", "recovery_code_file"])]
    pub(in crate::cli) password_file: Option<PathBuf>,
    /// The password is the first line that this command prints
    #[arg(long, value_name = "COMMAND", global = true, help_heading = REPOSITORY, conflicts_with = "recovery_code_file")]
    pub(in crate::cli) password_command: Option<String>,
    /// The recovery code is the first line of this file
    #[arg(long, value_name = "FILE", global = true, help_heading = REPOSITORY)]
    pub(in crate::cli) recovery_code_file: Option<PathBuf>,

    /// One JSON object on standard output instead of words
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(in crate::cli) json: bool,
    /// Progress on standard error: auto, none, plain (a line every 30 s) or json (events as lines)
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Progress::Auto, hide_default_value = true, hide_possible_values = true, global = true, help_heading = OUTPUT)]
    pub(in crate::cli) progress: Progress,
    /// Fewer words
    #[arg(short, long, global = true, help_heading = OUTPUT, conflicts_with = "verbose")]
    pub(in crate::cli) quiet: bool,
    /// More words: -v each file, -vv also why
    #[arg(short, long, action = clap::ArgAction::Count, global = true, help_heading = OUTPUT)]
    pub(in crate::cli) verbose: u8,
    /// Colour: auto, always or never (or set NO_COLOR)
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, hide_default_value = true, hide_possible_values = true, global = true, help_heading = OUTPUT)]
    pub(in crate::cli) color: Color,

    /// Where this machine keeps what it can do without
    #[arg(long, value_name = "DIR", env = "TINTYPE_CACHE_DIR", value_parser = path(), hide_env_values = true, global = true, help_heading = MACHINE)]
    pub(in crate::cli) cache_dir: Option<PathBuf>,
    /// Where this machine remembers which copies it saw
    #[arg(long, value_name = "DIR", env = "TINTYPE_STATE_DIR", value_parser = path(), hide_env_values = true, global = true, help_heading = MACHINE)]
    pub(in crate::cli) state_dir: Option<PathBuf>,
    /// Threads that work at once; default: all cores
    #[arg(long, value_name = "N", global = true, help_heading = MACHINE, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(in crate::cli) threads: Option<u16>,
}

/// A path that may be empty: an environment variable that is set to nothing counts as not set.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

const REPOSITORY: &str = "The repository, and how to open it";
const OUTPUT: &str = "Output";
const MACHINE: &str = "This machine";

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Progress {
    /// A moving line on a terminal, a line every 30 s elsewhere.
    Auto,
    /// Not at all.
    None,
    /// A line every 30 s.
    Plain,
    /// Events as lines.
    Json,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
