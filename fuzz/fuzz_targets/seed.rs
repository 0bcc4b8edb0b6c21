//! Owns the reading of a seed: a vector without its lines of text, or any bytes.

use tintype::format::FormatError;

/// The kind that a vector names, and its bytes; any other input has no kind.
pub fn split(data: &[u8]) -> (Option<&str>, &[u8]) {
    let end = data.starts_with(b"expect: ").then(|| data.windows(2).position(|pair| pair == b"\n\n")).flatten();
    let Some((text, rest)) = end.and_then(|end| data.split_at_checked(end)) else { return (None, data) };
    let kind = std::str::from_utf8(text).ok().and_then(|text| text.lines().find_map(|line| line.strip_prefix("kind: ")));
    (kind, rest.get(2..).unwrap_or_default())
}

/// What decoded must encode to the same bytes; zeros may follow in padded places.
#[allow(dead_code, reason = "only targets of the format encode again")]
pub fn same<T>(bytes: &[u8], decoded: Result<T, FormatError>, encode: impl Fn(&T) -> Vec<u8>) {
    if let Ok(value) = decoded {
        let again = encode(&value);
        let tail = bytes.strip_prefix(&again[..]).expect("the value encodes to other bytes");
        assert!(tail.iter().all(|byte| *byte == 0));
    }
}
