//! Adds a password.

use super::init::ask_twice;
use crate::cli::args::{KeyArgs, KeyCommand};
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open};
use crate::cli::{secret, words};
use crate::ops::SlotStrength;
use crate::ops::key::{KeyAddOptions, key_add};

pub(in crate::cli) fn run(console: &Console, args: &KeyArgs) -> Result<u8, Failure> {
    let KeyCommand::Add(add) = &args.command;
    let repository = open(console, Need::Key)?;
    let doing = "add a password to the repository";
    if !repository.is_encrypted() {
        return Err(Failure::new(doing, "key-for-plain", "it is not encrypted", 2)
            .with_hint("whether a repository is encrypted is chosen when it is made: `tintype init`"));
    }
    let password = match &add.new_password_file {
        Some(path) => secret::password_file(path)?,
        None => ask_twice(console, doing, "give --new-password-file")?,
    };
    let options = KeyAddOptions { password, label: add.label.clone(), strength: SlotStrength::Standard };
    let report = key_add(&repository, &options).doing(|| doing.to_owned())?;
    Ok(console.finish("key", 0, &report, |out| words::key::key_add_words(&report, out)))
}
