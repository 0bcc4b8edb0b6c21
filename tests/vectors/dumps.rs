//! Owns the check that the annotated dumps in the written format show the bytes of the vectors that they name.
//!
//! A dump is a code block after the words "(vector `kind/name`)". A line has an offset or none, bytes, three blanks or more, and words.
//! `5a (32 times)` is a repeated byte; after `…` only the last bytes of the field stand, up to where the next line begins.

use super::vector::Vector;
use std::path::Path;

/// One line of a dump.
struct Line {
    offset: Option<usize>,
    front: Vec<u8>,
    /// What stands after `…`.
    back: Option<Vec<u8>>,
    /// `(32 bytes)`.
    length: Option<usize>,
}

fn line(text: &str) -> Line {
    let (offset, rest) = match text.split_once("  ") {
        Some((offset, rest)) if offset.len() == 3 && !rest.starts_with("  ") => (usize::from_str_radix(offset, 16).ok(), rest),
        _ => (None, text),
    };
    let bytes = rest.split("   ").next().unwrap_or_default();
    let mut parsed = Line { offset, front: Vec::new(), back: None, length: None };
    let mut words = bytes.split_whitespace().peekable();
    while let Some(word) = words.next() {
        match word {
            "…" => parsed.back = Some(Vec::new()),
            _ if word.starts_with('(') => {
                let count: usize = word.trim_start_matches('(').parse().expect("a count in brackets");
                match words.next() {
                    Some("times)") => parsed.front = vec![*parsed.front.first().expect("a byte to repeat"); count],
                    Some("bytes)") => parsed.length = Some(count),
                    other => panic!("{other:?} after a count in: {text}"),
                }
            }
            _ => {
                let byte = u8::from_str_radix(word, 16).unwrap_or_else(|_| panic!("{word} is no byte in: {text}"));
                parsed.back.as_mut().unwrap_or(&mut parsed.front).push(byte);
            }
        }
    }
    parsed
}

/// Compares a dump with the bytes, which it must show from the first to the last; what differs, in words.
fn compare(lines: &[Line], bytes: &[u8]) -> Result<(), String> {
    let mut at = 0;
    for (position, line) in lines.iter().enumerate() {
        if line.offset.is_some_and(|offset| offset != at) {
            return Err(format!("line {}: the field before it ends at {at:03x}", position + 1));
        }
        let next = lines.get(position + 1).map_or(Some(bytes.len()), |next| next.offset);
        let length = match (&line.back, line.length, next) {
            (None, ..) => line.front.len(),
            (Some(_), Some(length), _) => length,
            (Some(_), None, Some(next)) => next.saturating_sub(at),
            (Some(_), None, None) => return Err(format!("line {}: how long is it?", position + 1)),
        };
        let field = bytes.get(at..at + length).ok_or_else(|| format!("line {}: past the end", position + 1))?;
        if !field.starts_with(&line.front) || !field.ends_with(line.back.as_deref().unwrap_or_default()) {
            return Err(format!("line {} at {at:03x}: the vector has {field:02x?}", position + 1));
        }
        at += length;
    }
    if at == bytes.len() { Ok(()) } else { Err(format!("it ends at {at:03x} of {:03x}", bytes.len())) }
}

/// Compares every dump; returns how many there are.
pub(crate) fn check(format: &Path) -> Result<usize, String> {
    let (mut count, mut wrong) = (0, Vec::new());
    for file in std::fs::read_dir(format).expect("the written format is listed") {
        let path = file.expect("a page is listed").path();
        if path.extension().is_none_or(|ending| ending != "md") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a page is read");
        for (place, marker) in text.match_indices("(vector `") {
            let after = &text[place + marker.len()..];
            let (name, rest) = after.split_once("`)").expect("the name of a vector");
            let block = rest.split("```\n").nth(1).unwrap_or_else(|| panic!("a dump of {name}"));
            let file = format!("{name}.vec");
            let bytes = std::fs::read(format.join("vectors").join(&file)).unwrap_or_else(|_| panic!("a vector {name}"));
            let lines: Vec<Line> = block.lines().filter(|line| !line.is_empty()).map(line).collect();
            count += 1;
            if let Err(why) = compare(&lines, &Vector::decode(&file, &bytes).bytes) {
                wrong.push(format!("{}, {name}: {why}", path.display()));
            }
        }
    }
    if wrong.is_empty() { Ok(count) } else { Err(wrong.join("\n")) }
}
