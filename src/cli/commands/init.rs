//! Makes a repository: refuses early, asks for the password twice, shows the recovery code once and asks two groups of it back.

use crate::cli::args::InitArgs;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::secret::Password;
use crate::cli::{open, sanitize, secret, words};
use crate::ops::init::{InitOptions, init, refuse_existing};
use crate::ops::{NewProtection, Outcome, SlotStrength};
use std::io::BufRead;

/// What answers where nobody can be asked.
const NO_TERMINAL: &str =
    "give --password-file, --password-command or TINTYPE_PASSWORD; or --no-password (recovery code only), or --no-encryption";

/// How often two groups of the code are asked back.
const ASKED_BACK_MAX: usize = 3;

pub(in crate::cli) fn run(console: &Console, args: &InitArgs) -> Result<u8, Failure> {
    let place = open::place(console)?;
    let doing = format!("make a repository at {}", sanitize::path(&place));
    open::refuse_recovery_code(console, &doing)?;
    let surroundings = open::surroundings(console);
    if place.is_dir() {
        let store = open::store_at(&place, &surroundings).doing(|| doing.clone())?;
        refuse_existing(&*store).doing(|| doing.clone())?;
    }
    let options = InitOptions { protection: protection(console, args, &doing)? };
    let store = open::store_made_at(&place, &surroundings).doing(|| doing.clone())?;
    let (_, report) = init(store, &options, surroundings).doing(|| doing)?;
    let exit_code = Outcome::of(&report.problems).exit_code();
    let exit_code = console.finish("init", exit_code, &report, |out| words::init::init_words(&report, out));
    if let Some(code) = report.recovery_code.as_deref().filter(|_| !console.json && console.can_ask()) {
        ask_back(console, code);
    }
    Ok(exit_code)
}

fn protection(console: &Console, args: &InitArgs, doing: &str) -> Result<NewProtection, Failure> {
    if args.no_encryption {
        return Ok(NewProtection::Plain);
    }
    let strength = SlotStrength::Standard;
    if args.no_password {
        return Ok(NewProtection::Encrypted { password: None, strength });
    }
    let password = match secret::given_password(&console.global)? {
        Some(password) => password,
        None => ask_twice(console, doing, NO_TERMINAL)?,
    };
    Ok(NewProtection::Encrypted { password: Some(password), strength })
}

/// Asks for a new password, twice. `hint` says what to give where nobody can be asked.
pub(super) fn ask_twice(console: &Console, doing: &str, hint: &str) -> Result<Password, Failure> {
    if !console.can_ask() {
        return Err(Failure::new(doing, "key-needed", "a new password is needed, and there is no terminal to ask on", 2).with_hint(hint));
    }
    loop {
        let Some(one) = secret::ask(console, "The new password: ")? else {
            return Err(Failure::refused(doing, "no password was given")
                .with_hint("without a password only the recovery code opens a repository (`init --no-password`)"));
        };
        if secret::ask(console, "Once more: ")?.is_some_and(|two| *two == *one) {
            return Ok(one);
        }
        console.say("the two differ");
    }
}

/// Asks for two groups of the code: somebody who did not write it down finds out now, while it is on the screen.
fn ask_back(console: &Console, code: &str) {
    let groups: Vec<&str> = code.split('-').collect();
    // Which two does not matter to anybody but a person who would write down only those.
    let pick = code.bytes().map(usize::from).sum::<usize>() % 6;
    for (place, group) in [(pick, groups.get(pick)), (pick + 2, groups.get(pick + 2))] {
        let Some(group) = group else { continue };
        for _ in 0..ASKED_BACK_MAX {
            console.say(&format!("From what you wrote down, group {} of the recovery code:", place + 1));
            let mut line = String::new();
            if !matches!(std::io::stdin().lock().read_line(&mut line), Ok(1..)) {
                return;
            }
            if line.trim().eq_ignore_ascii_case(group) {
                break;
            }
            console.say("that is not it: compare with the code above");
        }
    }
}
