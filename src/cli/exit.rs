//! Owns how a command ends without a result: what could not be done, why, what to do next, and the exit code.

use super::console::Console;
use super::human::Local;
use super::{json, sanitize, wording};
use crate::clock::{Clock, SystemClock};
use crate::ops::{Error, RepoError};
use std::error::Error as _;
use std::io::Write;

/// Why a command did not give a result.
#[derive(Debug)]
pub(super) struct Failure {
    doing: String,
    code: &'static str,
    message: String,
    hint: Option<String>,
    exit_code: u8,
}

impl Failure {
    /// The thing `doing` ("open the repository at …") failed.
    pub(super) fn new(doing: impl Into<String>, code: &'static str, message: impl Into<String>, exit_code: u8) -> Self {
        Self { doing: doing.into(), code, message: message.into(), hint: None, exit_code }
    }

    /// What was said cannot be done as it was said.
    pub(super) fn refused(doing: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(doing, "usage", message, 2)
    }

    /// The same with what to do.
    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same in words that fit better.
    pub(super) fn with_message(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// Its stable code.
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    /// An operation's error.
    pub(super) fn of(doing: impl Into<String>, error: impl Into<Error>) -> Self {
        let error: Error = error.into();
        Self {
            doing: doing.into(),
            code: error.code(),
            message: in_local_time(&error).or_else(|| of_whole_source(&error)).unwrap_or_else(|| whole_message(&error)),
            hint: error.hint().map(str::to_owned),
            exit_code: error.exit_code(),
        }
    }

    /// Says it, and returns the exit code.
    pub(super) fn tell(&self, console: &Console, command: &str) -> u8 {
        if console.json {
            let error = json::ErrorObject { code: self.code, message: format!("cannot {}", self.whole()), hint: self.hint.clone() };
            console.print_error(command, self.exit_code, error);
        }
        if self.exit_code == 130 {
            let what_now = if self.message == RepoError::Interrupted.to_string() {
                "what was done counts, the same command goes on from there"
            } else {
                &self.message
            };
            console.say(&format!("interrupted while trying to {}: {what_now}", self.doing));
            return self.exit_code;
        }
        console.say_error(&format!("cannot {}", wording::message(&self.whole())));
        if let Some(hint) = &self.hint {
            console.say(&format!("  {hint}"));
        }
        self.exit_code
    }

    fn whole(&self) -> String {
        sanitize::line(&format!("{}: {}", self.doing, self.message))
    }
}

/// The words of errors that name times, which the layers below know in UTC alone.
fn in_local_time(error: &Error) -> Option<String> {
    let Error::Repository(RepoError::NoneSoEarly { seconds, oldest }) = error else { return None };
    let local = Local::system();
    let words = format!("no snapshot was taken at or before {}", local.minute(*seconds));
    Some(match oldest {
        None => format!("{words}: there is no snapshot here yet"),
        Some((name, seconds)) => format!("{words}; the oldest is {} of {}", name.short(), local.minute(*seconds)),
    })
}

/// A source as a whole has no name within itself: it is called what the person calls it.
fn of_whole_source(error: &Error) -> Option<String> {
    let Error::Source { place, source } = error else { return None };
    source.path().is_empty().then(|| format!("{place} cannot be read: {}", source.reason()))
}

/// What the system says of a file that a person named.
pub(super) fn of_file(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// The error and, where its own words leave it out, what lies beneath it.
fn whole_message(error: &Error) -> String {
    let mut message = error.to_string();
    let mut beneath = error.source();
    while let Some(source) = beneath {
        let words = source.to_string();
        if !message.contains(&words) {
            message = format!("{message}: {words}");
        }
        beneath = source.source();
    }
    message
}

/// Turns results of operations into failures that say what was being done.
pub(super) trait Doing<T> {
    /// `doing` as it reads after "cannot".
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: Into<Error>> Doing<T> for Result<T, E> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::of(doing(), error))
    }
}

/// Ends a command line that could not be understood, or that asked for help.
pub(super) fn of_usage(error: &clap::Error, wants_json: bool, command: &str) -> u8 {
    use clap::error::ErrorKind;
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that closed the pipe has read enough.
        _ = error.print();
        return 0;
    }
    if wants_json {
        let hint = if command == "error" { "see tintype --help".to_owned() } else { format!("see tintype {command} --help") };
        let object = json::ErrorObject { code: "usage", message: usage_message(&error.render().to_string()), hint: Some(hint) };
        let now = SystemClock::default().now();
        _ = std::io::stdout().write_all(json::error(command, 2, now, 0.0, object).as_bytes());
    }
    _ = error.print();
    2
}

/// What was not understood, as one line; how to use the command is in its help.
fn usage_message(words: &str) -> String {
    let words = words.strip_prefix("error: ").unwrap_or(words);
    let told = words.split("\n\nUsage:").next().unwrap_or_default().split("\n\nFor more information").next().unwrap_or_default();
    let paragraphs: Vec<String> = told.trim().split("\n\n").map(|lines| lines.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    paragraphs.join("; ")
}

#[cfg(test)]
mod tests {
    use super::{Failure, usage_message};
    use crate::ops::{RepoError, StoreError};

    #[test]
    fn what_was_not_understood_is_one_line() {
        let words = "error: unexpected argument '--recursiv' found\n\n  tip: a similar argument exists: '--recursive'\n\nUsage: x\n";
        assert_eq!(usage_message(words), "unexpected argument '--recursiv' found; tip: a similar argument exists: '--recursive'");
        let words = "error: the following required arguments were not provided:\n  <PATH>...\n\nFor more information, try '--help'.\n";
        assert_eq!(usage_message(words), "the following required arguments were not provided: <PATH>...");
    }

    #[test]
    fn what_lies_beneath_is_said_once() {
        let source = std::io::Error::from_raw_os_error(28);
        let path = std::path::PathBuf::from("/state/ledger");
        let failure = Failure::of("take a snapshot", RepoError::Local { path, source });
        assert_eq!(failure.message.matches("os error 28").count(), 1);
        assert_eq!((failure.exit_code, failure.code), (1, "local-files"));
        let bad = StoreError::BadName { name: "x".to_owned(), reason: "y" };
        assert_eq!(Failure::of("look", RepoError::Store(bad)).exit_code, 1);
    }

    #[test]
    fn names_cannot_move_the_cursor() {
        let failure = Failure::refused("open the repository at a\x1b[2Jb", "no");
        assert_eq!(failure.whole(), "open the repository at a\\u{1b}[2Jb: no");
    }
}
