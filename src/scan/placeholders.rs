//! Owns telling files whose bytes are only in a cloud, so that no snapshot downloads a library by reading it.
//!
//! There are two kinds: the system says so of the file itself ([`Stat::placeholder`]: evicted files of macOS), or a small hidden file
//! stands in its place (`.NAME.icloud`, macOS 13 and older).

use super::source::{Kind, Stat};

/// Such a file is a property list of a few hundred bytes.
const STAND_IN_BYTES_MAX: u64 = 64 << 10;

/// The name of the file that an entry stands in for.
pub(super) fn stands_in_for<'n>(name: &'n [u8], stat: &Stat) -> Option<&'n [u8]> {
    let inner = name.strip_prefix(b".")?.strip_suffix(b".icloud")?;
    (stat.kind == Kind::File && stat.length_bytes <= STAND_IN_BYTES_MAX && !inner.is_empty()).then_some(inner)
}
