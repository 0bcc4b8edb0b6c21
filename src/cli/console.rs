//! Owns the two streams: results to stdout, everything else to stderr, each in words or as JSON.
//!
//! Invariant: a stream that is closed is no error: who closed it has read enough. A full disk behind stdout is one, and is said at the end.

use super::args::{Color, Global};
use super::{json, sanitize};
use crate::clock::{Clock, SystemClock, Timestamp};
use serde::Serialize;
use std::io::{self, ErrorKind, IsTerminal, Write};
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
            Color::Auto => io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        Self {
            global: global.clone(),
            json: global.json,
            started: clock.now(),
            begun: clock.elapsed(),
            clock,
            colors_errors,
            output_error: Mutex::new(None),
            capture,
        }
    }

    /// Writes to stdout as it is.
    pub(super) fn print(&self, text: &str) {
        if let Some(capture) = &self.capture {
            capture.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        }
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
            && error.kind() != ErrorKind::BrokenPipe
        {
            self.output_error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
        }
    }

    /// Why stdout could not be written, if it was not just closed.
    pub(super) fn output_error(&self) -> Option<String> {
        self.output_error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A line on stderr.
    pub(super) fn say(&self, line: &str) {
        _ = writeln!(io::stderr().lock(), "{}", sanitize::text(line));
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
        _ = writeln!(io::stderr().lock(), "{on}error:{off} {}", sanitize::text(line));
    }

    /// Ends a command that has none, in JSON.
    pub(super) fn print_error(&self, command: &str, exit_code: u8, error: json::ErrorObject) {
        let seconds = self.clock.elapsed().saturating_sub(self.begun).as_secs_f64();
        self.print(&json::error(command, exit_code, self.started, seconds, error));
    }

    /// Ends a command that has a result: its report as JSON, or in words.
    pub(super) fn finish<T: Serialize>(&self, command: &str, exit_code: u8, report: &T, words: impl FnOnce(&mut String)) -> u8 {
        if self.json {
            let seconds = self.clock.elapsed().saturating_sub(self.begun).as_secs_f64();
            self.print(&json::report(command, exit_code, self.started, seconds, report));
        } else {
            let mut text = String::new();
            words(&mut text);
            self.print(&text);
        }
        exit_code
    }

    /// Somebody is there who can be asked.
    pub(super) fn can_ask(&self) -> bool {
        self.capture.is_none() && io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}
