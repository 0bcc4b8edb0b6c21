//! Passwords: adds, lists, changes, removes and tries them.

use super::init::ask_twice;
use crate::cli::args::{KeyAddArgs, KeyArgs, KeyChangeArgs, KeyCommand, KeyRemoveArgs, KeySheetArgs};
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open, place};
use crate::cli::secret::Password;
use crate::cli::sheet::{SheetFile, refuse_taken};
use crate::cli::words::key as words;
use crate::cli::{sanitize, secret};
use crate::ops::key::{
    KeyAddOptions, KeyChangeOptions, KeySheetReport, key_add, key_change, key_list, key_remove, key_test, slot_to_change,
};
use crate::ops::{Credentials, Repository, SlotStrength};
use std::path::Path;

pub(in crate::cli) fn run(console: &Console, args: &KeyArgs) -> Result<u8, Failure> {
    match &args.command {
        KeyCommand::Add(args) => add(console, args),
        KeyCommand::List(_) => list(console),
        KeyCommand::Change(args) => change(console, args),
        KeyCommand::Remove(args) => remove(console, args),
        KeyCommand::Test(_) => test(console),
        KeyCommand::Sheet(args) => sheet(console, args),
    }
}

fn add(console: &Console, args: &KeyAddArgs) -> Result<u8, Failure> {
    let doing = "add a password to the repository";
    let repository = open_encrypted(console, Need::Key, doing)?;
    let password = new_password(console, args.new_password_file.as_deref(), doing)?;
    let options = KeyAddOptions { password, label: args.label.clone(), strength: SlotStrength::Standard };
    let report = key_add(&repository, &options).doing(|| doing.to_owned())?;
    Ok(console.finish("key", 0, &report, |out| words::key_add_words(&report, out)))
}

fn list(console: &Console) -> Result<u8, Failure> {
    let doing = "list the key slots";
    let repository = open_encrypted(console, Need::Bytes, doing)?;
    let report = key_list(&repository).doing(|| doing.to_owned())?;
    Ok(console.finish("key", 0, &report, |out| words::key_list_words(&report, out)))
}

fn change(console: &Console, args: &KeyChangeArgs) -> Result<u8, Failure> {
    let doing = "change a password of the repository";
    let repository = open_encrypted(console, Need::Key, doing)?;
    let mut slot = args.slot.clone();
    if slot.is_none() && slot_to_change(&repository, None).is_err() && console.can_ask() && !console.json {
        let listed = key_list(&repository).doing(|| doing.to_owned())?;
        let mut words = String::new();
        words::key_list_words(&listed, &mut words);
        console.say(words.trim_end());
        slot = secret::ask_line(console, "Which one is to go? Its first digits: ")?;
    }
    // Before anybody types a new password twice.
    slot_to_change(&repository, slot.as_deref()).doing(|| doing.to_owned())?;
    let password = new_password(console, args.new_password_file.as_deref(), doing)?;
    let options = KeyChangeOptions { password, label: args.label.clone(), strength: SlotStrength::Standard, slot };
    let report = key_change(&repository, &options).doing(|| doing.to_owned())?;
    Ok(console.finish("key", 0, &report, |out| words::key_change_words(&report, out)))
}

fn remove(console: &Console, args: &KeyRemoveArgs) -> Result<u8, Failure> {
    let doing = format!("remove the password of key slot {}", sanitize::line(&args.slot));
    let repository = open_encrypted(console, Need::Key, &doing)?;
    if !args.force && console.can_ask() && !console.json {
        let goes = slot_to_change(&repository, Some(&args.slot)).doing(|| doing.clone())?;
        let opened = repository.opened_slot().is_some_and(|opened| opened.name == goes);
        let which = if opened { "the password that you have just given" } else { "the password" };
        let asked = format!("Shall {which} of key slot {} not open this repository any more? [y/N] ", goes.short());
        let answer = secret::ask_line(console, &asked)?.unwrap_or_default();
        if !matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes") {
            return Err(Failure::refused(doing, "you did not say yes: nothing was removed"));
        }
    }
    let report = key_remove(&repository, &args.slot, args.force).doing(|| doing)?;
    Ok(console.finish("key", 0, &report, |out| words::key_remove_words(&report, out)))
}

fn test(console: &Console) -> Result<u8, Failure> {
    let doing = "try the password";
    let repository = open_encrypted(console, Need::Key, doing)?;
    let report = key_test(&repository).doing(|| doing.to_owned())?;
    Ok(console.finish("key", 0, &report, |out| words::key_test_words(&report, out)))
}

fn sheet(console: &Console, args: &KeySheetArgs) -> Result<u8, Failure> {
    let doing = "write the recovery sheet";
    let place = place(console)?;
    refuse_taken(&args.file, &place)?;
    let Some(Credentials::Code(code)) = secret::given(&console.global)? else {
        return Err(Failure::new(doing, "key-needed", "the recovery code is needed: a password does not tell it", 2)
            .with_hint("give --recovery-code-file"));
    };
    let repository = open_encrypted(console, Need::Key, doing)?;
    let mut file = SheetFile::claim(&args.file, &place)?;
    file.write(console, &code, repository.id().hex(), &place, &repository.surroundings().local.host)
        .map_err(|error| Failure::new(doing, "output", error.to_string(), 1))?;
    let report = KeySheetReport::of(&file.keep());
    Ok(console.finish("key", 0, &report, |out| words::sheet_words(&report.recovery_sheet, out)))
}

fn open_encrypted(console: &Console, need: Need, doing: &str) -> Result<Repository, Failure> {
    let repository = open(console, need)?;
    if repository.is_encrypted() {
        return Ok(repository);
    }
    Err(Failure::new(doing, "key-for-plain", "it is not encrypted", 2)
        .with_hint("whether a repository is encrypted is chosen when it is made: `tintype init`"))
}

fn new_password(console: &Console, file: Option<&Path>, doing: &str) -> Result<Password, Failure> {
    match file {
        Some(path) => secret::password_file(path),
        None => ask_twice(console, doing, "give --new-password-file"),
    }
}
