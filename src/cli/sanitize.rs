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

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn only_what_is_dangerous_is_escaped() {
        assert_eq!(text("Grüße\\x1b"), "Grüße\\x1b");
        assert_eq!(text("a\x1b[31m\u{202e}b\r\nc"), "a\\u{1b}[31m\\u{202e}b\\r\nc");
    }
}
