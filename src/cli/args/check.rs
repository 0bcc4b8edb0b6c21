//! Owns the arguments of `check`.

use clap::Args as ClapArgs;

/// See whether a repository is complete and undamaged
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tintype -r /media/red/photos check
  tintype -r /media/red/photos check --read-data
  tintype -r /media/red/photos check --read-data-subset 1/12      a twelfth each month

Names and lengths are looked at without a password; with --read-data every byte is read and hashed.
The codes in problems[].code of --json are listed in spec/limits.md, which lies in every repository.

Exit codes: 0 complete and undamaged; 3 there is something new that you should know; 4 photos whole, bookkeeping not: the next snap \
heals it; 5 damaged; 6 incomplete; 1 failed; 2 not a repository, or a wrong password; 130 interrupted")]
pub(in crate::cli) struct CheckArgs {
    /// Only these snapshots
    #[arg(value_name = "SNAP")]
    pub(in crate::cli) snapshots: Vec<String>,
    /// Read every byte and compare it
    #[arg(long, help_heading = "What is read", conflicts_with = "read_data_subset")]
    pub(in crate::cli) read_data: bool,
    /// Read a part: the Nth of M parts (3/12), a percentage (5%), or a size (20GB)
    #[arg(long, value_name = "PART", help_heading = "What is read")]
    pub(in crate::cli) read_data_subset: Option<String>,
}
