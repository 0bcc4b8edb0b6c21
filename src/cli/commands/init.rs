//! Makes a repository: refuses early, asks for the password twice, shows the recovery code once and asks two groups of it back.

use crate::cli::args::InitArgs;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::secret::Password;
use crate::cli::sheet::{SheetFile, refuse_taken};
use crate::cli::{bar, human, open, sanitize, secret, words};
use crate::ops::init::{InitOptions, init_showing, refuse_existing};
use crate::ops::ls::base64;
use crate::ops::{Error, NewProtection, Outcome, RecoveryCode, RepositoryId, SlotStrength, escaped};
use std::io::{BufRead, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What answers where nobody can be asked.
const NO_TERMINAL: &str =
    "give --password-file, --password-command or TINTYPE_PASSWORD; or --no-password (recovery code only), or --no-encryption";

/// How often two groups of the code are asked back.
const ASKED_BACK_MAX: usize = 3;

pub(in crate::cli) fn run(console: &Console, args: &InitArgs) -> Result<u8, Failure> {
    let place = open::place(console)?;
    let doing = format!("make a repository at {}", sanitize::path(&place));
    open::refuse_recovery_code(console, &doing)?;
    if !args.no_encryption && console.is_all_thrown_away() {
        let why = "all output is closed or thrown away, and the recovery code is shown in it, once";
        let hint = "run it on a terminal, or let its output go to a file that you print and keep";
        return Err(Failure::new(doing, "recovery-code-not-shown", why, 1).with_hint(hint));
    }
    refuse_odd_place(&place, &doing)?;
    if let Some(path) = &args.recovery_sheet {
        if args.no_encryption {
            return Err(Failure::of(doing, Error::NothingToRecover));
        }
        refuse_taken(path, &place)?;
    }
    let surroundings = open::surroundings(console);
    if let (Some(known), Some(file)) = (open::seen_before(&place, &surroundings), surroundings.local.place_file(&open::absolute(&place))) {
        let seen = human::Local::system().minute(known.seen_seconds);
        let why = format!("a repository was last seen here on {seen}: is its drive not connected?");
        let hint = format!("connect the drive, or choose another folder; if it is gone for good, remove {}", sanitize::path(&file));
        return Err(Failure::refused(doing, why).with_hint(hint));
    }
    let is_new = !place.is_dir();
    if !is_new {
        let store = open::store_at(&place, &surroundings).doing(|| doing.clone())?;
        refuse_existing(&*store).doing(|| doing.clone())?;
    }
    let options = InitOptions { protection: protection(console, args, &doing)? };
    let mut sheet = args.recovery_sheet.as_deref().map(|path| SheetFile::claim(path, &place)).transpose()?;
    let store = open::store_made_at(&place, &surroundings).doing(|| doing.clone())?;
    let host = surroundings.local.host.clone();
    let has_password = matches!(options.protection, NewProtection::Encrypted { password: Some(_), .. });
    let mut was_shown = false;
    let show = &mut |code: &RecoveryCode, id: RepositoryId| {
        // First, since a code that was shown counts as shown.
        if let Some(sheet) = &mut sheet {
            sheet.write(console, code, id.hex(), &place, &host)?;
        }
        let words = words::init::code_words(&code.text(), has_password, console.global.quiet);
        console.show_once(&words, "recovery_code", &code.text())?;
        was_shown = true;
        Ok(())
    };
    let made = init_showing(store, &options, surroundings, show).doing(|| doing);
    if is_new && made.as_ref().is_err_and(|failure| failure.code() == "recovery-code-not-shown") {
        // Nothing but an empty folder goes away by this.
        _ = std::fs::remove_dir(&place);
    }
    if made.as_ref().is_err_and(|failure| was_shown && failure.code() != "repository-exists") && place.join("tintype.json").exists() {
        // The code may open what is there.
        _ = sheet.take().map(SheetFile::keep);
    }
    let (_, mut report) = made.map_err(|failure| failure_after_code(failure, was_shown))?;
    let place = std::fs::canonicalize(&place).unwrap_or(place);
    let raw = place.as_os_str().as_bytes();
    report.place = escaped(raw);
    report.recovery_sheet = sheet.map(|sheet| escaped(sheet.keep().as_os_str().as_bytes()));
    report.place_base64 = (report.place.as_bytes() != raw).then(|| base64(raw));
    let exit_code = Outcome::of(&report.problems).exit_code();
    let exit_code = console.finish("init", exit_code, &report, |out| words::init::init_words(&report, &place, console.global.quiet, out));
    if let Some(code) = report.recovery_code.as_deref().filter(|_| !console.json && console.can_ask()) {
        ask_back(console, code);
    }
    Ok(exit_code)
}

/// A place that cannot become a folder, said in words that fit better than those of a drive that fails.
fn refuse_odd_place(place: &Path, doing: &str) -> Result<(), Failure> {
    if place.metadata().is_ok_and(|facts| !facts.is_dir()) {
        return Err(Failure::refused(doing, "this is a file, not a folder"));
    }
    let above = place.parent().filter(|above| !above.as_os_str().is_empty());
    match above {
        Some(above) if !above.exists() => {
            let why = format!("there is no folder {}", sanitize::path(above));
            Err(Failure::new(doing, "not-found", why, 1).with_hint("is the drive connected? If the path is right, make that folder first"))
        }
        _ => Ok(()),
    }
}

/// Says what becomes of a code that was shown before the repository could not be made.
fn failure_after_code(failure: Failure, was_shown: bool) -> Failure {
    match (was_shown, failure.code()) {
        (false, _) => failure,
        (true, "repository-exists") => failure.with_hint("the recovery code above opens nothing: throw it away"),
        (true, _) => failure.with_hint("run it again when this is mended; the recovery code above counts only if a repository was made"),
    }
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
///
/// The repository stands whatever is answered: who gives up, or does not answer, hears so and goes on.
fn ask_back(console: &Console, code: &str) {
    let groups: Vec<&str> = code.split('-').collect();
    // Which two does not matter to anybody but a person who would write down only those.
    let pick = code.bytes().map(usize::from).sum::<usize>() % 6;
    let stands = "\nThe repository is made and whole; the recovery code above opens it. Write the code down before it leaves the screen.";
    let say = move || _ = std::io::stderr().lock().write_all(format!("{stands}\n").as_bytes());
    bar::saying_at_sigint(say, || {
        for (place, group) in [(pick, groups.get(pick)), (pick + 2, groups.get(pick + 2))] {
            let Some(group) = group else { continue };
            match ask_group(console, place + 1, group) {
                Answer::Right => {}
                Answer::None => return console.say(stands.trim_start()),
                Answer::Wrong => {
                    console.say(&format!("What you wrote down has another group {}. {}", place + 1, stands.trim_start()));
                    return;
                }
            }
        }
        console.say("That is right: keep it somewhere else than the drive.");
    });
}

/// How a group was answered.
enum Answer {
    Right,
    Wrong,
    None,
}

fn ask_group(console: &Console, number: usize, group: &str) -> Answer {
    for left in (0..ASKED_BACK_MAX).rev() {
        console.say(&format!("From what you wrote down, group {number} of the recovery code:"));
        let mut line = String::new();
        if !matches!(std::io::stdin().lock().read_line(&mut line), Ok(1..)) {
            return Answer::None;
        }
        if line.trim().eq_ignore_ascii_case(group) {
            return Answer::Right;
        }
        if left > 0 {
            console.say("that is not it: compare with the code above");
        }
    }
    Answer::Wrong
}
