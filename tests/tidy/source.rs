//! Reading Rust text well enough to judge it: which characters are code, and where items end. It knows tokens, not the grammar.

/// One file, in three forms with the same lines and offsets.
#[derive(Debug)]
pub(crate) struct Source {
    /// Path from the top of the tree, with `/`.
    pub(crate) path: String,
    /// The file as it is.
    pub(crate) raw: String,
    /// Comments and the insides of strings blanked, and items under `#[cfg(test)]` as well.
    pub(crate) code: String,
    test_line_count: usize,
}

impl Source {
    pub(crate) fn new(path: &str, raw: &str) -> Self {
        let (code, test_line_count) = without_tests(&without_text(raw));
        Self { path: path.to_owned(), raw: raw.to_owned(), code, test_line_count }
    }

    /// The first part of the module path, such as `store`; none for `lib.rs` and `main.rs`.
    pub(crate) fn layer(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let first = inside.split('/').next()?;
        let name = first.strip_suffix(".rs").unwrap_or(first);
        (name != "lib" && name != "main").then_some(name)
    }

    /// How many names the module path has below the crate: 2 for `src/store/local.rs`, 1 for `src/store/mod.rs`.
    pub(crate) fn depth(&self) -> usize {
        let names = self.path.split('/').count() - 1;
        if self.path.ends_with("/mod.rs") || self.path == "src/lib.rs" || self.path == "src/main.rs" { names - 1 } else { names }
    }

    /// A file that holds nothing but tests, declared under `#[cfg(test)]` elsewhere.
    pub(crate) fn is_test_file(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }

    /// Lines that are not part of a test item.
    pub(crate) fn line_count(&self) -> usize {
        self.raw.lines().count() - self.test_line_count
    }

    /// Number of the line, from 1, in which the byte at `offset` lies.
    pub(crate) fn line_at(&self, offset: usize) -> usize {
        self.code.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// Offsets at which `word` stands in the code as a word of its own.
    pub(crate) fn words(&self, word: &str) -> Vec<usize> {
        let bytes = self.code.as_bytes();
        let found = self.code.match_indices(word).map(|(at, _)| at);
        found.filter(|&at| (at == 0 || !is_name(bytes[at - 1])) && bytes.get(at + word.len()).is_none_or(|byte| !is_name(*byte))).collect()
    }

    /// The code from `offset` on, with leading white space removed.
    pub(crate) fn after(&self, offset: usize) -> &str {
        self.code[offset..].trim_start()
    }
}

pub(crate) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The name at the start of `text`, empty if there is none.
pub(crate) fn leading_name(text: &str) -> &str {
    let end = text.bytes().position(|byte| !is_name(byte)).unwrap_or(text.len());
    &text[..end]
}

/// Blanks comments and the insides of strings and characters; lines and offsets stay.
pub(crate) fn without_text(raw: &str) -> String {
    let bytes = raw.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => line_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => block_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'\'' => character_end(bytes, at),
            b'r' | b'b' | b'c' if at == 0 || !is_name(bytes[at - 1]) => raw_string_end(bytes, at).unwrap_or(at),
            _ => at,
        };
        out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end.max(at + 1);
    }
    String::from_utf8(out).unwrap_or_default()
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn block_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(bytes.len())
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// End of `r"…"`, `r#"…"#` and their `br` and `cr` forms; none if no raw string begins here.
fn raw_string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let r = if bytes[start] == b'r' { start } else { start + 1 };
    if bytes.get(r) != Some(&b'r') {
        return None;
    }
    let hashes = bytes[r + 1..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(r + 1 + hashes) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let inside = r + 2 + hashes;
    let length = bytes[inside..].windows(close.len()).position(|window| window == close);
    Some(length.map_or(bytes.len(), |length| inside + length + close.len()))
}

/// End of a character such as `'x'` or `'\n'`; `at` itself for a lifetime.
fn character_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') {
        return bytes.get(at + 3..).and_then(|rest| rest.iter().position(|byte| *byte == b'\'')).map_or(at, |length| at + 4 + length);
    }
    let lead = bytes.get(at + 1).copied().unwrap_or_default();
    let width = if lead < 0x80 { 1 } else { (!lead).leading_zeros() as usize };
    if bytes.get(at + 1 + width) == Some(&b'\'') { at + 2 + width } else { at }
}

/// Blanks every item under `#[cfg(test)]`, and counts their lines.
fn without_tests(code: &str) -> (String, usize) {
    let mut out = code.as_bytes().to_vec();
    let (mut done, mut line_count) = (0, 0);
    for (start, _) in code.match_indices("#[cfg(test)]") {
        if start < done {
            continue;
        }
        done = item_end(code.as_bytes(), start);
        line_count += code[start..done].lines().count();
        out[start..done].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }
    (String::from_utf8(out).unwrap_or_default(), line_count)
}

/// End of the item at `start`: past its closing brace, or past its semicolon.
pub(crate) fn item_end(bytes: &[u8], start: usize) -> usize {
    let (mut round, mut curly) = (0_i32, 0_i32);
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => round += 1,
            b')' | b']' => round -= 1,
            b'{' => curly += 1,
            b'}' => curly -= 1,
            _ => {}
        }
        let ends = match byte {
            b';' => round == 0 && curly == 0,
            b'}' => round == 0 && curly <= 0,
            _ => false,
        };
        if ends {
            return at + 1;
        }
    }
    bytes.len()
}

#[test]
fn text_is_not_code() {
    let raw = "let a = \"use crate::ops; \\\" {\"; // crate::ops\n/* a /* crate::ops */ { */ let b = r#\"crate::\"ops\"#; let c = '{'; let d = '\\''; fn e<'a>() {}";
    let code = without_text(raw);
    assert_eq!(code.len(), raw.len());
    assert!(!code.contains("ops"), "{code}");
    assert!(code.contains("let b =") && code.contains("let d =") && code.contains("fn e<'a>() {}"), "{code}");
    assert_eq!(code.matches('{').count(), 1);
}

#[test]
fn test_items_are_not_code() {
    let source = Source::new(
        "src/store/mod.rs",
        "//! x\nfn a() {}\n#[cfg(test)]\nmod tests {\n    use crate::ops;\n    fn b([u8; 3]) {}\n}\nfn c() {}\n",
    );
    assert!(!source.code.contains("ops") && source.code.contains("fn c()"));
    assert_eq!(source.line_count(), 3);
    let declared = Source::new("src/store/mod.rs", "#[cfg(test)]\nmod suite;\nfn c() {}\n");
    assert!(declared.code.contains("fn c()"));
}

#[test]
fn modules_know_their_place() {
    let place = |path| {
        let source = Source::new(path, "");
        (source.layer().map(str::to_owned), source.depth())
    };
    assert_eq!(place("src/lib.rs"), (None, 0));
    assert_eq!(place("src/clock.rs"), (Some("clock".to_owned()), 1));
    assert_eq!(place("src/store/mod.rs"), (Some("store".to_owned()), 1));
    assert_eq!(place("src/ops/demo/pictures.rs"), (Some("ops".to_owned()), 3));
}
