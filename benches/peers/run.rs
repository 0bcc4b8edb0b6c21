//! Owns running one command and measuring it: wall time here, processor time as `bash` sees it.

use crate::Fallible;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

/// A program and its arguments.
pub(crate) struct Command(Vec<OsString>);

/// What one run took and printed.
pub(crate) struct Outcome {
    /// Seconds until it ended, and until a `sync` after it ended if that was asked for.
    pub(crate) wall: f64,
    /// Of these, the seconds of the `sync`.
    pub(crate) sync: f64,
    /// Seconds of processor time, in the program and in the kernel for it.
    pub(crate) processor: f64,
    /// Its standard output.
    pub(crate) output: String,
}

impl Command {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self(vec![program.as_ref().to_owned()])
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.push(argument.as_ref().to_owned());
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.0.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Runs it after a `sync`, so that nobody pays for what was written before. Any exit code but 0 is an error.
    pub(crate) fn run(&self, folder: &Path, with_sync: bool) -> Fallible<Outcome> {
        sync()?;
        let errors = folder.join("errors");
        let begin = Instant::now();
        // The standard library does not tell the processor time of a child; bash does, on its own standard error.
        let script = "errors=$1; shift; TIMEFORMAT='%U %S'; time \"$@\" 2>\"$errors\"";
        let shell =
            std::process::Command::new("bash").args(["-c", script, "bash"]).arg(&errors).args(&self.0).stdin(Stdio::null()).output()?;
        let ran = begin.elapsed().as_secs_f64();
        if !shell.status.success() {
            let words = [shell.stdout, std::fs::read(&errors).unwrap_or_default()].concat();
            return Err(format!("{:?} ended with {}: {}", self.0, shell.status, String::from_utf8_lossy(&words)).into());
        }
        if with_sync {
            sync()?;
        }
        let wall = if with_sync { begin.elapsed().as_secs_f64() } else { ran };
        let times = String::from_utf8(shell.stderr)?;
        // Some locales write a comma.
        let seconds = times.split_whitespace().map(|word| word.replace(',', ".").parse::<f64>());
        let processor = seconds.sum::<Result<f64, _>>()?;
        Ok(Outcome { wall, sync: wall - ran, processor, output: String::from_utf8_lossy(&shell.stdout).into_owned() })
    }
}

fn sync() -> Fallible<()> {
    let status = std::process::Command::new("sync").status()?;
    if status.success() { Ok(()) } else { Err("sync failed".into()) }
}
