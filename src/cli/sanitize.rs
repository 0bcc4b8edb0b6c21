//! Owns making text safe for a terminal: nothing that a file is called can move the cursor, hide letters or turn the text around.

use crate::ops::escaped;
use std::path::Path;

/// A path from the system as one line.
pub(super) fn path(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    escaped(path.as_os_str().as_bytes())
}

/// Text that was put together from several parts, some of which may be names. Backslashes stay: parts that are paths have
/// their own escapes already. Line ends stay.
pub(super) fn text(text: &str) -> String {
    let is_harmless = |character: char| !character.is_control() || character == '\n';
    if text.is_ascii() && text.chars().all(is_harmless) {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        let mut buffer = [0; 4];
        match character {
            '\\' | '\n' => safe.push(character),
            _ => safe.push_str(&escaped(character.encode_utf8(&mut buffer).as_bytes())),
        }
    }
    safe
}

/// The same as one line: a line end is escaped too.
pub(super) fn line(line: &str) -> String {
    text(line).replace('\n', "\\n")
}

/// A word as it can be pasted into a shell, whatever is in it. What could harm a terminal is written in escapes that the shell reads.
pub(super) fn quoted(word: &[u8]) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+,:@~".contains(byte);
    if !word.is_empty() && word.first() != Some(&b'~') && word.iter().all(is_plain) {
        return String::from_utf8_lossy(word).into_owned();
    }
    match std::str::from_utf8(word) {
        Ok(words) if line(words) == words => format!("'{}'", words.replace('\'', "'\\''")),
        _ => quoted_with_escapes(word),
    }
}

/// `$'…'`, which bash, zsh, ksh and POSIX since 2024 read.
fn quoted_with_escapes(word: &[u8]) -> String {
    let mut quoted = String::from("$'");
    for chunk in word.utf8_chunks() {
        for character in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let encoded = character.encode_utf8(&mut buffer);
            match character {
                '\'' | '\\' => quoted.extend(['\\', character]),
                '\n' => quoted.push_str("\\n"),
                _ if line(encoded) == *encoded => quoted.push(character),
                _ => octal(&mut quoted, encoded.as_bytes()),
            }
        }
        octal(&mut quoted, chunk.invalid());
    }
    quoted.push('\'');
    quoted
}

/// Three octal digits a byte: unlike `\x`, which takes as many digits as follow in some shells, this ends by itself.
fn octal(quoted: &mut String, bytes: &[u8]) {
    for byte in bytes {
        quoted.push_str(&format!("\\{byte:03o}"));
    }
}

#[cfg(test)]
mod tests {
    use super::{line, quoted, text};

    #[test]
    fn what_is_pasted_into_a_shell_is_the_same_word() {
        let cases: [(&[u8], &str); 8] = [
            (b"/media/red/photos", "/media/red/photos"),
            (b"latest~1:2019/07", "latest~1:2019/07"),
            (b"~ann", "'~ann'"),
            (b"", "''"),
            (b"re'po $HOME `x` \"y\" \\", "'re'\\''po $HOME `x` \"y\" \\'"),
            ("Grüße".as_bytes(), "'Grüße'"),
            (b"a\nb'\x1b[2J\\", "$'a\\nb\\'\\033[2J\\\\'"),
            (b"a\xff1", "$'a\\3771'"),
        ];
        for (word, expected) in cases {
            assert_eq!(quoted(word), expected);
            let shell = std::process::Command::new("bash").arg("-c").arg(format!("printf %s {expected}")).output();
            // Where there is no bash, the texts above must do.
            assert!(shell.is_err() || shell.is_ok_and(|output| output.stdout == word), "{expected}");
        }
        assert_eq!(line("a\nb"), "a\\nb");
    }

    #[test]
    fn only_what_is_dangerous_is_escaped() {
        assert_eq!(text("Grüße\\x1b"), "Grüße\\x1b");
        assert_eq!(text("a\x1b[31m\u{202e}b\r\nc"), "a\\u{1b}[31m\\u{202e}b\\r\nc");
    }
}
