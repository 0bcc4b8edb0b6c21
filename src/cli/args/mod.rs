//! Owns the arguments: what can be said on the command line, and the help that says so.

mod check;
mod global;
mod guides;
mod key;
mod looking;
mod restore;
mod shell;

pub(super) use check::CheckArgs;
pub(super) use global::{Color, Global, Progress};
pub(super) use guides::{ReaderArgs, SpecArgs};
pub(super) use key::{KeyAddArgs, KeyArgs, KeyChangeArgs, KeyCommand, KeyRemoveArgs, KeySheetArgs};
pub(super) use looking::{DiffArgs, DumpArgs, DuplicatesArgs, FindArgs, InspectArgs, StatsArgs};
pub(super) use restore::RestoreArgs;
pub(super) use shell::{CompletionsArgs, ManArgs};

use clap::{Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;

/// Point-in-time snapshots of a family's photos
#[derive(Debug, Parser)]
#[command(name = "tintype", version, disable_help_subcommand = true, after_help = AFTER, propagate_version = false)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

const AFTER: &str = "\
Each command has its own help: tintype COMMAND --help

Exit codes:
  0    done, nothing new to say
  1    failed: could not be done; nothing is lost
  2    refused: wrong arguments or password, not a repository, folder not empty
  3    done, and there is something new that you should know
  4    photos whole, bookkeeping not: the next snap heals it
  5    damaged
  6    incomplete: something needed is not here (yet)
  130  interrupted";

/// One thing to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(InitArgs),
    Snap(SnapArgs),
    Snapshots(SnapshotsArgs),
    Key(KeyArgs),
    Ls(LsArgs),
    Find(FindArgs),
    Diff(DiffArgs),
    Dump(DumpArgs),
    Restore(RestoreArgs),
    Check(CheckArgs),
    Duplicates(DuplicatesArgs),
    Stats(StatsArgs),
    Inspect(InspectArgs),
    Demo(DemoArgs),
    Spec(SpecArgs),
    Reader(ReaderArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

impl Command {
    /// Its name, as typed and as in the schema of its report.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::Snap(_) => "snap",
            Self::Snapshots(_) => "snapshots",
            Self::Key(_) => "key",
            Self::Ls(_) => "ls",
            Self::Find(_) => "find",
            Self::Diff(_) => "diff",
            Self::Dump(_) => "dump",
            Self::Restore(_) => "restore",
            Self::Check(_) => "check",
            Self::Duplicates(_) => "duplicates",
            Self::Stats(_) => "stats",
            Self::Inspect(_) => "inspect",
            Self::Demo(_) => "demo",
            Self::Spec(_) => "spec",
            Self::Reader(_) => "reader",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }
}

/// Make a repository in an empty or new folder
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos init
  tintype -r /media/red/photos init --password-file ~/.photo-password
  tintype -r /media/red/photos init --recovery-sheet sheet.html
  tintype -r /media/red/for-the-heirs init --no-encryption

The recovery code is shown once. Write it down: it opens the repository when the password is forgotten, and it cannot be changed.

Exit codes: 0 made; 1 the place failed; 2 there is a repository already, or the folder is not empty")]
pub(super) struct InitArgs {
    /// Do not encrypt: whoever has the drive can read the photos
    #[arg(long, help_heading = "Protection", conflicts_with_all = ["no_password", "password_file", "password_command"])]
    pub(super) no_encryption: bool,
    /// Encrypt, with the recovery code as the only key
    #[arg(long, help_heading = "Protection", conflicts_with_all = ["password_file", "password_command"])]
    pub(super) no_password: bool,
    /// Write a page to print to this new file: the recovery code, and how to restore with nothing but it
    #[arg(long, value_name = "FILE", help_heading = "Protection")]
    pub(super) recovery_sheet: Option<PathBuf>,
}

/// Take a snapshot of folders of photos
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos snap ~/Pictures
  tintype -r /media/red/photos snap ~/Pictures ~/Movies --note \"before the move\"
  tintype -r /media/red/photos snap /media/sdcard --label Camera

Only what is not in the repository yet is stored. What could not be read is kept from the last snapshot, and named.

Exit codes: 0 taken; 3 taken, and something new was not saved or is not as it should be; 1 failed, no snapshot, but what was stored \
counts for the next run; 2 refused; 130 interrupted")]
pub(super) struct SnapArgs {
    /// Folders or files to snap; default: what this machine snapped last
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Name of the source in snapshots; default: the last part of its path
    #[arg(long, value_name = "LABEL", help_heading = "The snapshot")]
    pub(super) label: Option<String>,
    /// Something to remember this snapshot by
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, help_heading = "The snapshot")]
    pub(super) note: String,
    /// Take these folders for the ones in this snapshot, though path or machine changed
    #[arg(long = "continue", value_name = "SNAP", help_heading = "The snapshot")]
    pub(super) continue_from: Option<String>,
    /// Leave out what this pattern names, as in a .gitignore; may be given several times
    #[arg(long, value_name = "GLOB", help_heading = "What is read")]
    pub(super) exclude: Vec<String>,
    /// Keep also what systems strew between photos (.DS_Store, Thumbs.db, trash folders and the like)
    #[arg(long, help_heading = "What is read")]
    pub(super) no_default_excludes: bool,
    /// Read files that are only in the cloud, which downloads them
    #[arg(long, help_heading = "What is read")]
    pub(super) download_placeholders: bool,
    /// Read every file again, also where size and times did not change
    #[arg(long, help_heading = "What is read")]
    pub(super) reread: bool,
    /// Say what would be read and stored, and write nothing
    #[arg(long, help_heading = "The snapshot")]
    pub(super) dry_run: bool,
    /// Read every new pack back from the drive before the snapshot names it; on removable drives a part is read in any case
    #[arg(long, help_heading = "The snapshot")]
    pub(super) verify: bool,
    /// Say where the time went
    #[arg(long, help_heading = "The snapshot")]
    pub(super) timings: bool,
    /// Let go of what a folder held that is there and empty now, or where a drive was mounted; what is absent stays kept
    #[arg(long, help_heading = "What is read")]
    pub(super) allow_empty: bool,
}

/// List the snapshots, newest first
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos snapshots
  tintype -r /media/red/photos snapshots --source Pictures --long

Exit codes: 0 listed; 3, 4, 5, 6 listed, and a snapshot's manifest is of a newer version, has one bad copy, is damaged, is incomplete; \
2 not a repository, or no password")]
pub(super) struct SnapshotsArgs {
    /// Only snapshots of the source with this label
    #[arg(long, value_name = "LABEL")]
    pub(super) source: Option<String>,
    /// Also what is new with each and whether all of it is here, what was not saved, the packs, the machine, the note
    #[arg(long)]
    pub(super) long: bool,
}

/// List what is in a snapshot
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos ls
  tintype -r /media/red/photos ls latest~1:2019/07 -l
  tintype -r /media/red/photos ls 2026-11-01 --b3sums > photos.b3
  b3sum -c ~/photos.b3      in the folder where they were restored: are they the same?

SNAP is latest (default), latest~2, the first digits of an id, a date or time such as 2026-11-01T18:00 (the newest not after it), or \
@label.

Exit codes: 0 listed; 2 no such snapshot or path; 5, 6 listed, and a part of the tree is damaged, is not here")]
pub(super) struct LsArgs {
    /// Snapshot, and a folder or file in it
    #[arg(value_name = "SNAP[:PATH]", default_value = "latest", hide_default_value = true)]
    pub(super) snapshot: std::ffi::OsString,
    /// Mode, size, time and name
    #[arg(short = 'l', long = "long", conflicts_with = "b3sums")]
    pub(super) long: bool,
    /// All that lies below
    #[arg(short = 'R', long)]
    pub(super) recursive: bool,
    /// Hash and path of every file below, as `b3sum` prints them
    #[arg(long)]
    pub(super) b3sums: bool,
}

/// Go on a tour with made-up photos
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype demo
  tintype demo /tmp/tintype-demo

It makes a small folder of drawn pictures and a repository, and shows each command that it runs. Nothing else is touched.

Exit codes: 0 shown; 2 the folder is not empty; 1 failed")]
pub(super) struct DemoArgs {
    /// A new or empty folder
    #[arg(value_name = "DIR", default_value = "tintype-demo")]
    pub(super) folder: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::{Args, Command};
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_arguments_are_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn options_may_stand_before_and_after_the_command() {
        let before = Args::try_parse_from(["tintype", "-r", "repo", "--json", "snapshots"]).unwrap();
        let after = Args::try_parse_from(["tintype", "snapshots", "--repo", "repo", "--json"]).unwrap();
        assert_eq!((before.global.repo, before.global.json), (after.global.repo, after.global.json));
        assert!(matches!(after.command, Some(Command::Snapshots(_))));
    }

    #[test]
    fn one_key_at_a_time() {
        let two = ["tintype", "ls", "--password-file", "a", "--recovery-code-file", "b"];
        assert!(Args::try_parse_from(two).is_err());
        assert!(Args::try_parse_from(["tintype", "init", "--no-encryption", "--password-file", "a"]).is_err());
        assert!(Args::try_parse_from(["tintype", "ls", "--threads", "0"]).is_err());
    }

    #[test]
    fn every_command_shows_examples_and_exit_codes() {
        let mut all = Args::command();
        all.build();
        for command in all.get_subcommands_mut() {
            let help = command.render_help().to_string();
            assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
        }
    }
}
