//! Owns getting at the password or the recovery code: from a file, a command, the environment, or a person at a terminal.
//!
//! Nothing of it is ever printed, and it is wiped from memory where that can be done.

use super::args::Global;
use super::bar::without_sigint;
use super::console::Console;
use super::exit::{Failure, of_file};
use super::sanitize;
use crate::ops::{Credentials, RecoveryCode};
use std::fs::File;
use std::io::{BufRead, ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// A password's bytes.
pub(super) type Password = Zeroizing<Vec<u8>>;

/// No secret is longer; whoever names a photo as password file hears so at once.
const SECRET_FILE_BYTES_MAX: u64 = 1 << 20;

/// What was given without asking; `None` if nothing was.
pub(super) fn given(global: &Global) -> Result<Option<Credentials>, Failure> {
    if let Some(path) = &global.recovery_code_file {
        return code_file(path).map(|code| Some(Credentials::Code(code)));
    }
    Ok(given_password(global)?.map(Credentials::Password))
}

/// The password that was given without asking.
pub(super) fn given_password(global: &Global) -> Result<Option<Password>, Failure> {
    if let Some(path) = &global.password_file {
        return password_file(path).map(Some);
    }
    if let Some(command) = &global.password_command {
        return run(command).map(Some);
    }
    let value = std::env::var_os("TINTYPE_PASSWORD").filter(|value| !value.is_empty());
    Ok(value.map(|value| Zeroizing::new(value.into_encoded_bytes())))
}

/// A password from a file's first line.
pub(super) fn password_file(path: &Path) -> Result<Password, Failure> {
    let doing = format!("read the password from {}", sanitize::path(path));
    let line = first_line(read_file(path, &doing)?);
    if line.is_empty() { Err(Failure::refused(doing, "its first line is empty")) } else { Ok(line) }
}

fn code_file(path: &Path) -> Result<RecoveryCode, Failure> {
    let doing = format!("read the recovery code from {}", sanitize::path(path));
    let line = first_line(read_file(path, &doing)?);
    let text = std::str::from_utf8(&line).map_err(|_| Failure::new(&doing, "wrong-recovery-code", "its first line is not text", 2))?;
    RecoveryCode::parse(text).map_err(|error| Failure::new(&doing, error.code(), error.to_string(), 2))
}

fn read_file(path: &Path, doing: &str) -> Result<Password, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(SECRET_FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if u64::try_from(bytes.len()).is_ok_and(|length| length <= SECRET_FILE_BYTES_MAX) => Ok(bytes),
        Ok(_) => Err(Failure::refused(doing, "this file is too long to hold a secret")),
        Err(error) => Err(Failure::refused(doing, of_file(&error))),
    }
}

fn run(command: &str) -> Result<Password, Failure> {
    let doing = "get the password from --password-command";
    let failed = |error: std::io::Error| Failure::refused(doing, error.to_string());
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::inherit()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = shell.spawn().map_err(failed)?;
    let mut printed = Zeroizing::new(Vec::new());
    let read = match child.stdout.take() {
        Some(stdout) => stdout.take(SECRET_FILE_BYTES_MAX + 1).read_to_end(&mut printed),
        None => Ok(0),
    };
    // Whoever goes on printing finds nobody listening any more, and ends.
    let status = child.wait().map_err(failed)?;
    read.map_err(failed)?;
    if u64::try_from(printed.len()).is_ok_and(|length| length > SECRET_FILE_BYTES_MAX) {
        return Err(Failure::refused(doing, "the command printed too much to be a secret"));
    }
    if !status.success() {
        let why = status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"));
        return Err(Failure::refused(doing, format!("the command failed: {why}")));
    }
    let is_nothing = printed.trim_ascii().is_empty();
    let line = first_line(printed);
    match (line.is_empty(), is_nothing) {
        (false, _) => Ok(line),
        (true, true) => Err(Failure::refused(doing, "the command printed nothing")),
        (true, false) => Err(Failure::refused(doing, "its first line is empty")),
    }
}

/// The first line, without its line end, nor the mark that some editors put before UTF-8.
fn first_line(bytes: Password) -> Password {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Zeroizing::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
}

/// Asks without echo. An empty answer is `None`.
pub(super) fn ask(console: &Console, prompt: &str) -> Result<Option<Password>, Failure> {
    if !console.can_ask() {
        return Ok(None);
    }
    let answer = match without_sigint(|| rpassword::prompt_password(sanitize::line(prompt))) {
        Ok(answer) => answer,
        // Ctrl-D: somebody who does not want to answer.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            console.say("");
            return Ok(None);
        }
        Err(error) if error.kind() == ErrorKind::Interrupted => {
            console.say("");
            return Err(Failure::new("ask for a password", "interrupted", "nothing was done", 130));
        }
        Err(error) => return Err(Failure::refused("ask for a password", error.to_string())),
    };
    Ok(Some(Zeroizing::new(answer.into_bytes())).filter(|answer| !answer.is_empty()))
}

/// Asks for a line that everybody may see. An empty answer, or none, is `None`.
pub(super) fn ask_line(console: &Console, prompt: &str) -> Result<Option<String>, Failure> {
    if !console.can_ask() {
        return Ok(None);
    }
    // Nothing is under way: Ctrl-C may end the program where it stands.
    _ = std::io::stderr().lock().write_all(sanitize::line(prompt).as_bytes());
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) => console.say(""),
        Ok(_) => {}
        Err(error) => return Err(Failure::refused("read what was typed", error.to_string())),
    }
    Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty()))
}

/// What a person typed where either would do. No password is a recovery code by accident: eight check characters must agree.
pub(super) fn credentials_of(answer: Password) -> Credentials {
    match std::str::from_utf8(&answer).ok().and_then(|text| RecoveryCode::parse(text).ok()) {
        Some(code) => Credentials::Code(code),
        None => Credentials::Password(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::{credentials_of, first_line, run};
    use crate::ops::{Credentials, RecoveryCode};

    #[test]
    fn a_line_end_is_no_part_of_a_password() {
        for text in ["secret", "secret\n", "secret\r\n", "secret\nmore\n", "\u{feff}secret\r\n"] {
            assert_eq!(first_line(text.as_bytes().to_vec().into()).as_slice(), b"secret");
        }
        assert_eq!(first_line(b" a b \n".to_vec().into()).as_slice(), b" a b ");
        assert!(first_line(Vec::new().into()).is_empty());
    }

    #[test]
    fn a_command_that_fails_or_says_nothing_or_too_much_gives_no_password() {
        assert_eq!(run("printf 'secret\\r\\nmore'").unwrap().as_slice(), b"secret");
        for command in ["exit 3", "true", "echo", "kill -9 $$", "exec cat /dev/zero"] {
            assert!(run(command).is_err(), "{command}");
        }
    }

    #[test]
    fn a_code_is_taken_where_a_password_was_asked_for() {
        let code = RecoveryCode::from_bytes([7; 20]).text();
        assert!(matches!(credentials_of(code.as_bytes().to_vec().into()), Credentials::Code(_)));
        assert!(matches!(credentials_of(b"secret".to_vec().into()), Credentials::Password(_)));
    }
}
