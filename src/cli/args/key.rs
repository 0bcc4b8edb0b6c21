//! Owns the options of `key` and of what lies below it.

use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

/// Passwords: add, list, change, remove or try one
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos key list
  tintype -r /media/red/photos key change
  tintype -r /media/red/photos --recovery-code-file code.txt key add      # the password is forgotten
  tintype -r /media/red/photos --recovery-code-file code.txt key test     # is it the right code?

Exit codes: 0 done; 1 the place failed; 2 refused: wrong password or code, or the repository is not encrypted")]
pub(in crate::cli) struct KeyArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: KeyCommand,
}

/// What to do with passwords.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum KeyCommand {
    Add(KeyAddArgs),
    List(KeyListArgs),
    Change(KeyChangeArgs),
    Remove(KeyRemoveArgs),
    Test(KeyTestArgs),
    Sheet(KeySheetArgs),
}

/// Add a password; those that are there go on to work
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos --recovery-code-file code.txt key add
  tintype -r /media/red/photos --password-file old key add --new-password-file new --label laptop

Exit codes: 0 added; 1 the place failed; 2 refused")]
pub(in crate::cli) struct KeyAddArgs {
    /// The new password is the first line of this file; default: ask
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) new_password_file: Option<PathBuf>,
    /// What to call it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(in crate::cli) label: String,
}

/// List the key slots, one for each password
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos key list
  tintype -r /media/red/photos --password-file password key list --json

Without a password it lists what can be seen without. A label is sealed with its password: only that of the one that opened is shown.

Exit codes: 0 listed; 1 the place failed; 2 refused")]
pub(in crate::cli) struct KeyListArgs {}

/// Put a new password in the place of the one that opened
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos key change
  tintype -r /media/red/photos --password-file old key change --new-password-file new
  tintype -r /media/red/photos --recovery-code-file code.txt key change --slot 1a2b3c4d --new-password-file new

The new one is opened once before the old one goes. Whoever has a copy of the old key slot and knows its password is not locked out.

Exit codes: 0 changed; 1 the place failed, both passwords may work; 2 refused")]
pub(in crate::cli) struct KeyChangeArgs {
    /// The new password is the first line of this file; default: ask
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) new_password_file: Option<PathBuf>,
    /// The first digits of the key slot that goes; default: the one that opened, or the only one
    #[arg(long, value_name = "SLOT")]
    pub(in crate::cli) slot: Option<String>,
    /// What to call it; default: as the one that opened
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) label: Option<String>,
}

/// Remove a password: it does not open this repository any more, nor any copy that the removal reaches
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos key list
  tintype -r /media/red/photos key remove 1a2b3c4d

Whoever has a copy of its key slot and knows the password is not locked out: the key of the photos stays the same. If the password has \
leaked, make a new repository with `init` and snap into that.

Exit codes: 0 removed; 1 the place failed; 2 refused: no such slot, or the last one")]
pub(in crate::cli) struct KeyRemoveArgs {
    /// The first digits of its key slot, as `key list` has them
    #[arg(value_name = "SLOT")]
    pub(in crate::cli) slot: String,
    /// Ask nothing, and remove even the last one: then only the recovery code opens the repository
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

/// Does this password, or this recovery code, open the repository?
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos key test
  tintype -r /media/red/photos --password-file password key test
  tintype -r /media/red/photos --recovery-code-file code.txt key test

Exit codes: 0 it does; 2 it does not")]
pub(in crate::cli) struct KeyTestArgs {}

/// Write the recovery sheet again: a page to print, with the code and how to restore with nothing but it
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos --recovery-code-file code.txt key sheet ~/sheet.html

It needs the code itself: a password does not tell it. Print the page, keep the paper elsewhere than the drive, then delete the file.

Exit codes: 0 written; 1 it could not be written; 2 refused: wrong code, or there is a file of this name already")]
pub(in crate::cli) struct KeySheetArgs {
    /// A new file
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
}
