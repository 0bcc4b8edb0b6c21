//! Owns the arguments of the commands that give out what lies in every repository for people: the written format and the reader.

use clap::Args as ClapArgs;
use std::path::PathBuf;

/// Print the written format of repositories
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype spec
  tintype spec trees
  tintype spec --list

The same text lies in the folder spec/ of every repository.

Exit codes: 0 printed; 2 there is no such chapter")]
pub(in crate::cli) struct SpecArgs {
    /// One chapter; default: all of them
    #[arg(value_name = "CHAPTER")]
    pub(in crate::cli) chapter: Option<String>,
    /// Only the names of the chapters
    #[arg(long, conflicts_with = "chapter")]
    pub(in crate::cli) list: bool,
}

/// Show or write out the second program that reads repositories
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype reader
  tintype reader --extract ~/tintype-reader
  python3 ~/tintype-reader/tintype_reader.py restore /media/red/photos --target ~/photos-back

It is written in Python, needs nothing installed, and lies in the folder reader/ of every repository. Where `check` says that somebody
changed the one there, take this one.

Exit codes: 0 done; 1 the folder cannot be written; 2 the folder is not empty")]
pub(in crate::cli) struct ReaderArgs {
    /// Write it into this new or empty folder; default: only list its files and their hashes
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) extract: Option<PathBuf>,
}
