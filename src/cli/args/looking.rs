//! Owns the arguments of the commands that look into a repository and write nothing there: `diff`, `dump`, `find`, `duplicates`, `stats`,
//! `inspect`.

use clap::Args as ClapArgs;
use std::ffi::OsString;
use std::path::PathBuf;

/// See what changed between two snapshots
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos diff latest~1
  tintype -r /media/red/photos diff 2026-11-01 2026-11-22 -v
  tintype -r /media/red/photos diff 5f3a91c2 --json

A file with the same bytes under another name is renamed, in another folder moved. SNAP is as in tintype ls --help.

Exit codes: 0 compared, whether or not something differs; 2 no such snapshot; 5, 6 compared, and a part of a tree is damaged, \
is not here: it is named and not compared")]
pub(in crate::cli) struct DiffArgs {
    /// Snapshot to compare from
    #[arg(value_name = "SNAP")]
    pub(in crate::cli) before: String,
    /// Snapshot to compare with; default: latest
    #[arg(value_name = "SNAP", default_value = "latest", hide_default_value = true)]
    pub(in crate::cli) after: String,
}

/// Write one file of a snapshot to standard output
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos dump latest:2019/07/IMG_0412.json | less
  tintype -r /media/red/photos dump latest~3:2019/07/IMG_0412.HEIC -o ~/IMG_0412.HEIC

Every byte is verified before it is written. With -o the file appears only when it is whole, and nothing is written over.

Exit codes: 0 written; 2 no such snapshot or file, it is a folder, FILE is there already, or standard output is a terminal; 5, 6 the \
file is damaged, is not here: what was written before is good, and counted; 1 it could not be written; 130 interrupted")]
pub(in crate::cli) struct DumpArgs {
    /// Snapshot, and the file in it
    #[arg(value_name = "SNAP:FILE")]
    pub(in crate::cli) file: OsString,
    /// Write it into this new file instead
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
}

/// Find files in all snapshots
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos find img_0412
  tintype -r /media/red/photos find --path '2019/**/*.heic' --larger 5MB
  tintype -r /media/red/photos find --name '*.mov' --after 2019-07-01 --before 2019-08-01

Each file is listed once with the days of the first and the last snapshot that have it, and as the last one has it: what stands there \
can be given to tintype restore and tintype dump. Capitals do not matter. In a GLOB * is anything but /, ** is folders, ? one \
character, [a-z] one of them, {a,b} either.

Exit codes: 0 looked, also where nothing is found; 2 no such snapshot, or nothing was said to look for; 5, 6 looked, and a part of a \
tree is damaged, is not here")]
pub(in crate::cli) struct FindArgs {
    /// A part of the name
    #[arg(value_name = "TEXT")]
    pub(in crate::cli) text: Option<String>,
    /// The whole name
    #[arg(long, value_name = "GLOB", help_heading = "What to look for")]
    pub(in crate::cli) name: Option<String>,
    /// The whole path in its source
    #[arg(long, value_name = "GLOB", help_heading = "What to look for")]
    pub(in crate::cli) path: Option<String>,
    /// The file's BLAKE3, or its first 4 or more digits
    #[arg(long, value_name = "HEX", help_heading = "What to look for")]
    pub(in crate::cli) hash: Option<String>,
    /// Last changed at this time or later
    #[arg(long, value_name = "DATE", help_heading = "What to look for")]
    pub(in crate::cli) after: Option<String>,
    /// Last changed before this time
    #[arg(long, value_name = "DATE", help_heading = "What to look for")]
    pub(in crate::cli) before: Option<String>,
    /// Larger than this, such as 500kB or 2GB
    #[arg(long, value_name = "SIZE", help_heading = "What to look for")]
    pub(in crate::cli) larger: Option<String>,
    /// Only in this snapshot
    #[arg(long = "in", value_name = "SNAP", help_heading = "Where to look")]
    pub(in crate::cli) snapshot: Option<String>,
}

/// Find files that a snapshot has several times
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos duplicates
  tintype -r /media/red/photos duplicates latest:Downloads -v

Listed are files with the same bytes, and pictures and films that differ only in what is said about them: captions, keywords, places, \
dates, ratings. The repository holds each once; what they take more is said of the drive with the photos. Nothing is deleted.

Exit codes: 0 looked, also where nothing is found; 2 no such snapshot or path; 5, 6 looked, and a part of the tree is damaged, is not here")]
pub(in crate::cli) struct DuplicatesArgs {
    /// Snapshot, and a folder in it
    #[arg(value_name = "SNAP[:PATH]", default_value = "latest", hide_default_value = true)]
    pub(in crate::cli) snapshot: OsString,
}

/// See what a repository holds, and what it saves
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos stats
  tintype -r /media/red/photos stats --json

Photos are not read for it: lists of files and of what lies where are enough.

Exit codes: 0 counted; 2 not a repository, or no password; 3, 4, 5, 6 counted as far as it goes, and something is new, has one bad \
copy, is damaged, is not here")]
pub(in crate::cli) struct StatsArgs {}

/// See how a file would be stored
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype inspect ~/Pictures/IMG_0412.HEIC
  tintype -r /media/red/photos inspect ~/Pictures/film.mov -v

Nothing is written. With a repository it says which pieces are there already.

Exit codes: 0 done; 1 the file cannot be read; 2 it is no file, or the repository cannot be opened; 3 it changed while it was read")]
pub(in crate::cli) struct InspectArgs {
    /// A file of this machine
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
}
