//! Owns packing of what is held by the million: rows in memory, and in this machine's caches. None of it is part of the repository's format.

use bincode::{BorrowDecode, config};
pub use bincode::{Decode, Encode};

/// Adds a value to what is packed.
pub fn pack(value: impl Encode, into: &mut Vec<u8>) {
    // Writing to memory does not fail, and nothing that is packed is of a kind that cannot be encoded.
    let written = bincode::encode_into_std_write(value, into, config::standard());
    debug_assert!(written.is_ok());
}

/// The value that `packed` begins with, and how many bytes it takes. `None`: it begins with no such value.
pub fn unpack<'p, T: BorrowDecode<'p, ()>>(packed: &'p [u8]) -> Option<(T, usize)> {
    bincode::borrow_decode_from_slice(packed, config::standard()).ok()
}
