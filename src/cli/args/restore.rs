//! Owns the arguments of `restore`.

use crate::ops::restore::Overwrite;
use clap::{Args as ClapArgs, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Bring back a snapshot, or a part of one
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos restore --target ~/restored
  tintype -r /media/red/photos restore latest~1:2019/07/IMG_0412.HEIC --target ~/restored
  tintype -r /media/red/photos restore 2026-11-01 -t ~/Pictures --overwrite if-different --dry-run
  tintype -r /media/red/photos restore latest~1:2019 --target original --dry-run
  tintype -r /media/red/photos restore -t ~/restored --include '*.heic' --exclude '/Screenshots/'

A path keeps its folders: latest:2019/07 comes to lie in TARGET/2019/07. A restore that was interrupted goes on where it stopped, and \
with what was said about --overwrite, unless something else is said now. What was changed in between is kept and named.

--target original brings everything back to the folders that it was taken from, on the same machine: what is there is kept unless \
--overwrite says otherwise, and the plan is shown first. Patterns are as in a .gitignore; upper and lower case are the same. Names that \
the target cannot hold or tell apart are changed, and listed.

Exit codes: 0 all is back; 3 done, and the target cannot keep some fact, or something else there \
has a name and is kept; 5 something is damaged and left out; 6 something is not \
here (yet) and left out; 1 failed; 2 no such snapshot or path, or the target is not empty; 130 interrupted")]
pub(in crate::cli) struct RestoreArgs {
    /// Snapshots, or folders and files in them; default: all of latest
    #[arg(value_name = "SNAP[:PATH]")]
    pub(in crate::cli) snapshots: Vec<OsString>,
    /// Folder to restore into, or "original": back to where it was taken from
    #[arg(short, long, value_name = "DIR")]
    pub(in crate::cli) target: PathBuf,
    /// What to do with files that are there: never, if-different or always replace them
    #[arg(long, value_name = "WHEN", value_enum, hide_possible_values = true, help_heading = "What is written")]
    pub(in crate::cli) overwrite: Option<OverwriteArg>,
    /// Only files and folders that this pattern names; may be given several times
    #[arg(long, value_name = "GLOB", help_heading = "What is brought back")]
    pub(in crate::cli) include: Vec<String>,
    /// Nothing that this pattern names; may be given several times
    #[arg(long, value_name = "GLOB", help_heading = "What is brought back")]
    pub(in crate::cli) exclude: Vec<String>,
    /// The newest files first, else films last
    #[arg(long, help_heading = "What is brought back")]
    pub(in crate::cli) newest_first: bool,
    /// Also set setuid bits and attributes that give programs rights: only if you trust whoever wrote the repository
    #[arg(long, help_heading = "What is brought back")]
    pub(in crate::cli) privileged: bool,
    /// Remove from restored folders what the snapshot does not have
    #[arg(long, requires = "overwrite", conflicts_with_all = ["include", "exclude"], help_heading = "What is written")]
    pub(in crate::cli) delete: bool,
    /// Do not ask before something is written in place or removed
    #[arg(long, help_heading = "What is written")]
    pub(in crate::cli) yes: bool,
    /// Say what would be done and what is known to be missing; nothing is written, and no photo is read
    #[arg(long, help_heading = "What is written")]
    pub(in crate::cli) dry_run: bool,
    /// Read every restored file back and compare it once more
    #[arg(long, help_heading = "What is written")]
    pub(in crate::cli) verify: bool,
    /// Write what can be read of a damaged file as NAME.damaged
    #[arg(long, help_heading = "What is written")]
    pub(in crate::cli) keep_damaged: bool,
}

/// When a file that is there is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum OverwriteArg {
    /// Leave it.
    Never,
    /// Replace it if its bytes differ.
    IfDifferent,
    /// Replace it.
    Always,
}

impl From<OverwriteArg> for Overwrite {
    fn from(argument: OverwriteArg) -> Self {
        match argument {
            OverwriteArg::Never => Self::Never,
            OverwriteArg::IfDifferent => Self::IfDifferent,
            OverwriteArg::Always => Self::Always,
        }
    }
}
