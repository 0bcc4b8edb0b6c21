//! Owns the arguments of the commands that fit the program into a system: completions for a shell, and manual pages.

use clap::Args as ClapArgs;
use std::path::PathBuf;

/// Print what makes a shell complete commands and options
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype completions bash > ~/.local/share/bash-completion/completions/tintype
  tintype completions zsh > ~/.zfunc/_tintype      with ~/.zfunc in fpath, before compinit
  tintype completions fish > ~/.config/fish/completions/tintype.fish

Shells: bash, zsh, fish, elvish, powershell. It counts from the next shell on.

Exit codes: 0 printed; 2 no such shell")]
pub(in crate::cli) struct CompletionsArgs {
    /// bash, zsh, fish, elvish or powershell
    #[arg(value_name = "SHELL", value_enum, hide_possible_values = true)]
    pub(in crate::cli) shell: clap_complete::Shell,
}

/// Write the manual pages, one for each command
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype man ~/.local/share/man/man1      then: man tintype-restore
  tintype man pages                        then: man -l pages/tintype-restore.1

Only tintype.1 and tintype-COMMAND.1 are written, over earlier ones too; whatever else is in the folder stays.

Exit codes: 0 written; 1 the folder cannot be written")]
pub(in crate::cli) struct ManArgs {
    /// A folder; made if it is not there
    #[arg(value_name = "DIR")]
    pub(in crate::cli) folder: PathBuf,
}
