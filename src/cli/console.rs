//! Owns the two streams: results to stdout, everything else to stderr, each in words or as JSON.
//!
//! Invariant: a stream that is closed is no error: who closed it has read enough. A full disk behind stdout is one, and is said at the end.

use super::args::{Color, Global};
use super::{json, sanitize};
use crate::clock::{Clock, SystemClock, Timestamp};
use serde::Serialize;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where a command says what it has to say.
#[derive(Debug)]
pub(super) struct Console {
    pub(super) global: Global,
    pub(super) json: bool,
    pub(super) clock: Arc<SystemClock>,
    started: Timestamp,
    begun: Duration,
    colors_errors: bool,
    output_error: Mutex<Option<String>>,
    /// The field that the JSON document was begun with.
    begun_with: Mutex<Option<&'static str>>,
    capture: Option<Capture>,
}

/// Keeps what a command printed to stdout.
#[derive(Debug, Clone, Default)]
pub(super) struct Capture(Arc<Mutex<String>>);

impl Capture {
    /// All that was printed so far.
    pub(super) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Console {
    pub(super) fn new(global: &Global, capture: Option<Capture>) -> Self {
        let clock = Arc::new(SystemClock::default());
        let colors_errors = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                io::stderr().is_terminal() && !is_dumb_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Self {
            global: global.clone(),
            json: global.json,
            started: clock.now(),
            begun: clock.elapsed(),
            clock,
            colors_errors,
            output_error: Mutex::new(None),
            begun_with: Mutex::new(None),
            capture,
        }
    }

    /// Writes to stdout as it is.
    pub(super) fn print(&self, text: &str) {
        if let Some(capture) = &self.capture {
            capture.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        }
        if let Err(error) = write_out(text)
            && error.kind() != ErrorKind::BrokenPipe
        {
            self.output_error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
        }
    }

    /// Whether all that is said is thrown away: stdout and stderr were closed, or somebody sent them to the null device.
    pub(super) fn is_all_thrown_away(&self) -> bool {
        self.is_output_thrown_away() && is_null_device(&io::stderr())
    }

    fn is_output_thrown_away(&self) -> bool {
        self.capture.is_none() && is_null_device(&io::stdout())
    }

    /// Shows what is shown this once, in `words`, or as the first field of the JSON document.
    ///
    /// Where stdout leads nowhere it goes to stderr, in words. Unlike with [`Console::print`] it is an error if nobody can have read it.
    pub(super) fn show_once(&self, words: &str, field: &'static str, value: &str) -> io::Result<()> {
        if self.is_all_thrown_away() {
            return Err(io::Error::new(ErrorKind::BrokenPipe, "standard output and standard error are closed, or thrown away"));
        }
        if self.is_output_thrown_away() {
            return io::stderr().lock().write_all(words.as_bytes());
        }
        if !self.json {
            if let Some(capture) = &self.capture {
                capture.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(words);
                _ = write_out(words);
                return Ok(());
            }
            return write_out(words).and_then(|()| sync_out());
        }
        write_out(&json::opening(field, value)).and_then(|()| sync_out())?;
        *self.begun_with.lock().unwrap_or_else(PoisonError::into_inner) = Some(field);
        Ok(())
    }

    fn print_document(&self, document: &str) {
        match self.begun_with.lock().unwrap_or_else(PoisonError::into_inner).take() {
            None => self.print(document),
            Some(field) => self.print(&json::rest(document, field)),
        }
    }

    /// Why stdout could not be written, if it was not just closed.
    pub(super) fn output_error(&self) -> Option<String> {
        self.output_error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A line on stderr.
    pub(super) fn say(&self, line: &str) {
        write_line(&sanitize::text(line));
    }

    /// A line on stderr that only somebody who asked for more words wants: `-v` is 1, `-vv` is 2.
    pub(super) fn say_at(&self, verbosity: u8, line: &str) {
        if self.global.verbose >= verbosity {
            self.say(line);
        }
    }

    /// An error on stderr.
    pub(super) fn say_error(&self, line: &str) {
        let (on, off) = if self.colors_errors { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        write_line(&format!("{on}error:{off} {}", sanitize::text(line)));
    }

    /// Ends a command that has none, in JSON.
    pub(super) fn print_error(&self, command: &str, exit_code: u8, error: json::ErrorObject) {
        let seconds = self.clock.elapsed().saturating_sub(self.begun).as_secs_f64();
        self.print_document(&json::error(command, exit_code, self.started, seconds, error));
    }

    /// Ends a command that has a result: its report as JSON, or in words.
    pub(super) fn finish<T: Serialize>(&self, command: &str, exit_code: u8, report: &T, words: impl FnOnce(&mut String)) -> u8 {
        if self.json {
            let seconds = self.clock.elapsed().saturating_sub(self.begun).as_secs_f64();
            self.print_document(&json::report(command, exit_code, self.started, seconds, report));
        } else {
            let mut text = String::new();
            words(&mut text);
            self.print(&text);
        }
        exit_code
    }

    /// Asks a question; only a yes is one.
    pub(super) fn asks_yes(&self, question: &str) -> bool {
        matches!(self.ask_line(&format!("{question} [y/N]")).trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Asks for a line; what cannot be read is an empty one.
    pub(super) fn ask_line(&self, question: &str) -> String {
        self.say(question);
        let mut answer = String::new();
        _ = io::stdin().lock().read_line(&mut answer);
        answer
    }

    /// Somebody is there who can be asked.
    pub(super) fn can_ask(&self) -> bool {
        self.capture.is_none() && io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}

/// One line to stderr in one write: of two programs that share it, neither cuts the other's lines.
fn write_line(line: &str) {
    _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// A terminal that only prints: it neither moves its cursor nor knows colours.
pub(super) fn is_dumb_terminal() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

fn write_out(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
}

/// A file behind stdout has the text for good when this returns; pipes and terminals have nothing to wait for.
fn sync_out() -> io::Result<()> {
    let is_file = rustix::fs::fstat(io::stdout()).is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file());
    if is_file { rustix::fs::fsync(io::stdout()).map_err(io::Error::from) } else { Ok(()) }
}

/// A closed stream is the null device too: that is what the standard library opens in its place.
fn is_null_device(stream: &impl AsFd) -> bool {
    match (rustix::fs::fstat(stream), rustix::fs::stat("/dev/null")) {
        (Ok(found), Ok(null)) => rustix::fs::FileType::from_raw_mode(found.st_mode).is_char_device() && found.st_rdev == null.st_rdev,
        (Ok(_), Err(_)) => false,
        (Err(_), _) => true,
    }
}
