//! Owns what the fuzz targets of media share: one file, looked at as one kind; what must hold of every answer; and the slowest so far.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tintype::media::{Bytes, PARTS_MAX, layout};

/// Shorter files say more about the clock than about a parser.
const TIMED_BYTES_MIN: usize = 1024;
/// Faster than this is not worth a line, in nanoseconds for each byte.
const SLOW_NANOSECONDS: u64 = 100;

static SLOWEST: AtomicU64 = AtomicU64::new(SLOW_NANOSECONDS);

/// Looks at `data` as it is, and again with `magic` at its start (`at`), so that it reaches one parser.
pub fn look(data: &[u8], magic: &[u8], at: usize) {
    once(data);
    let mut bytes = data.to_vec();
    if let Some(start) = bytes.get_mut(at..at + magic.len()) {
        start.copy_from_slice(magic);
        once(&bytes);
    }
}

fn once(bytes: &[u8]) {
    let begun = Instant::now();
    let found = layout(&mut Bytes(bytes));
    let nanoseconds = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    if bytes.len() >= TIMED_BYTES_MIN {
        let each = nanoseconds / bytes.len() as u64;
        if each > SLOWEST.fetch_max(each, Ordering::Relaxed) {
            eprintln!("slowest so far: {each} ns for each of {} bytes", bytes.len());
        }
    }
    let Ok(found) = found else { return };
    assert!(found.parts.len() <= PARTS_MAX);
    let mut end = 0;
    for part in &found.parts {
        assert!(part.offset >= end && part.length_bytes > 0, "{found:?}");
        end = part.offset.checked_add(part.length_bytes).expect("an end");
    }
    assert!(end <= bytes.len() as u64, "{found:?}");
}
