//! Owns reading past the page cache: what lies in memory is taken from there, the rest from the drive, and neither displaces what others use.
//!
//! Packs and photos are read once in a while and whole. Through the cache each page of them would cost more than hashing it, and push out
//! what is in use.

use super::{ALIGNMENT_BYTES, AlignedBytes, cached_bytes};
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Shorter reads go through the cache, in bytes: what comes after them may be wanted soon.
const DIRECT_BYTES_MIN: usize = 256 << 10;
/// Room for what is read to an address or from an offset that is not aligned, in bytes.
const BOUNCE_BYTES: usize = 4 << 20;

thread_local! {
    static BOUNCE: RefCell<Option<AlignedBytes>> = const { RefCell::new(None) };
}

/// Reads the front of what is asked for from the drive, as far as that can be done. `file` is in nobody else's hands meanwhile.
///
/// Returns how many bytes came; the rest is to be read as usual. Errors are the drive's.
pub fn read(file: &File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
    let wanted_bytes = into.len() as u64;
    // Where the system does not say what is cached, the cache is the safe choice: it is never slower than twice.
    let is_on_drive =
        into.len() >= DIRECT_BYTES_MIN && cached_bytes(file, offset, wanted_bytes).is_some_and(|cached| cached < wanted_bytes / 2);
    if !is_on_drive {
        return Ok(0);
    }
    let Ok(flags) = rustix::fs::fcntl_getfl(file) else { return Ok(0) };
    // File systems that cannot do it refuse the flag, or the first read.
    if rustix::fs::fcntl_setfl(file, flags | OFlags::DIRECT).is_err() {
        return Ok(0);
    }
    let is_aligned = offset.is_multiple_of(ALIGNMENT_BYTES as u64) && into.as_ptr().align_offset(ALIGNMENT_BYTES) == 0;
    let outcome = if is_aligned { read_aligned(file, offset, into) } else { read_by_bounce(file, offset, into) };
    rustix::fs::fcntl_setfl(file, flags)?;
    match outcome {
        Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::INVAL | Errno::NOTSUP)) => Ok(0),
        outcome => outcome,
    }
}

/// Fills whole sectors of `into`.
fn read_aligned(file: &File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
    let whole = into.len() / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
    let mut done = 0;
    // A read that ends elsewhere than at a sector's end is the end of the file.
    while done < whole && done.is_multiple_of(ALIGNMENT_BYTES) {
        match file.read_at(into.get_mut(done..whole).unwrap_or_default(), offset + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

fn read_by_bounce(file: &File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
    BOUNCE.with_borrow_mut(|bounce| {
        let bounce = bounce.get_or_insert_with(|| AlignedBytes::new(BOUNCE_BYTES));
        let mut done = 0;
        while done < into.len() {
            let at = offset + done as u64;
            let before = usize::try_from(at % ALIGNMENT_BYTES as u64).unwrap_or(0);
            let room = (before + into.len() - done).next_multiple_of(ALIGNMENT_BYTES).min(BOUNCE_BYTES);
            let came = read_aligned(file, at - before as u64, bounce.get_mut(..room).unwrap_or_default())?;
            let fresh = bounce.get(before..came).unwrap_or_default();
            let rest = into.get_mut(done..).unwrap_or_default();
            let count = fresh.len().min(rest.len());
            if let (Some(rest), Some(fresh)) = (rest.get_mut(..count), fresh.get(..count)) {
                rest.copy_from_slice(fresh);
            }
            done += count;
            if came < room {
                break;
            }
        }
        Ok(done)
    })
}
