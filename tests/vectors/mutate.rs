//! Owns the check that no change of a vector's bytes breaks a decoder: it refuses, or gives a value that encodes to the same bytes.
//!
//! The changes follow from fixed numbers: a failure names vector and number, and comes again.

use super::read;
use super::vector::Vector;
use std::collections::BTreeMap;

/// Changed vectors of each kind.
const CHANGES: u64 = 4000;
/// The encoding's own marks, and values around its limits.
const BYTES: [u8; 14] = [0, 1, 2, 3, 4, 5, 16, 0x7f, 0x80, 0xfa, 0xfb, 0xfc, 0xfd, 0xff];
/// Their bytes are text or names that a test reads with `expect`, or Argon2id would run with whatever memory the bytes say.
const LEFT_OUT: [&str; 9] =
    ["padme", "cuts", "layout", "needs-page-end", "recovery-code", "key-check", "object-id", "page-end", "key-slot"];
/// Taken by their first bytes, or of fixed length.
pub(crate) const OF_FIXED_LENGTH: [&str; 2] = ["header", "trailer"];

/// Numbers that look random (splitmix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).expect("a length");
        usize::try_from(self.next() % end).expect("below a length")
    }
}

/// One change. Most are small: what is far from any vector is refused at once.
pub(crate) fn change(numbers: &mut Numbers, bytes: &mut Vec<u8>, fixed: bool) {
    let place = numbers.below(bytes.len());
    let run = 1 + numbers.below(40);
    let end = bytes.len().min(place + run);
    match numbers.below(if fixed { 3 } else { 10 }) {
        0 if place < bytes.len() => bytes[place] ^= 1 << numbers.below(8),
        1 if place < bytes.len() => bytes[place] = BYTES[numbers.below(BYTES.len())],
        2 if place < bytes.len() => bytes[place] = bytes[place].wrapping_add(1),
        3 => _ = bytes.drain(place..end),
        4 => bytes.truncate(place),
        5 => {
            let copied = bytes[place..end].to_vec();
            _ = bytes.splice(place..place, copied);
        }
        6 => bytes.extend(vec![0; run]),
        7 => bytes.push(BYTES[numbers.below(BYTES.len())]),
        8 => {
            // A count, longer than needed or of more than there is.
            let [a, b, c, d, e, f, g, h] = (numbers.next() >> numbers.below(64)).to_le_bytes();
            let (mark, width) = [(0xfb, 3), (0xfc, 5), (0xfd, 9)][numbers.below(3)];
            let replaced = usize::from(place < bytes.len());
            _ = bytes.splice(place..place + replaced, [mark, a, b, c, d, e, f, g, h].into_iter().take(width));
        }
        _ => bytes[place..end].reverse(),
    }
}

#[test]
fn every_changed_vector_is_refused_or_encodes_again_to_the_same_bytes() {
    let mut kinds: BTreeMap<String, Vec<Vector>> = BTreeMap::new();
    for (name, bytes) in super::generated() {
        let vector = Vector::decode(&name, &bytes).without("name");
        if !LEFT_OUT.contains(&vector.kind()) && vector.bytes.len() < 8 << 10 {
            kinds.entry(vector.kind().to_owned()).or_default().push(vector);
        }
    }
    assert!(kinds.len() > 25, "{}", kinds.len());
    for (kind, vectors) in kinds {
        let fixed = OF_FIXED_LENGTH.contains(&kind.as_str());
        let (mut read_well, mut first_bytes) = (0_u32, None);
        for number in 0..CHANGES {
            let mut numbers = Numbers(number << 8);
            let mut vector = vectors[numbers.below(vectors.len())].clone();
            for _ in 0..1 + numbers.below(3) {
                change(&mut numbers, &mut vector.bytes, fixed);
            }
            let outcome = std::panic::catch_unwind(|| read::read(&vector)).unwrap_or_else(|_| panic!("{}: change {number}", vector.path()));
            if outcome.is_ok() {
                read_well += 1;
                first_bytes.get_or_insert(number);
            }
        }
        println!("{kind}: {read_well} of {CHANGES} changed vectors are values still, the first is change {first_bytes:?}");
    }
}
