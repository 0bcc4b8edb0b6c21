//! Owns cutting as `format-spec/cutting.md` writes it, one byte at a time, beside the crate that the program uses.

use fastcdc::v2020::{FastCDC, Normalization};

const MIN: usize = 256 << 10;
const AVERAGE: usize = 1 << 20;
const MAX: usize = 4 << 20;
const MASK_SMALL: u64 = 0x0000_d937_6753_7000;
const MASK_LARGE: u64 = 0x0000_d907_0753_7000;

/// The table of `cutting-table.md`, read from there.
fn gear() -> Vec<u64> {
    let text = include_str!("../../format-spec/cutting-table.md");
    let words = text.split_whitespace().filter(|word| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
    words.map(|word| u64::from_str_radix(word, 16).expect("hexadecimal digits")).collect()
}

/// Length of the first piece of `bytes`.
fn first(bytes: &[u8], gear: &[u64]) -> usize {
    if bytes.len() <= MIN {
        return bytes.len();
    }
    let end = bytes.len().min(MAX);
    let mut hash = 0_u64;
    // An odd last byte is never a place to cut: pairs are tested.
    for place in MIN..end & !1 {
        hash = (hash << 1).wrapping_add(gear[usize::from(bytes[place])]);
        let mask = if place < AVERAGE.min(end & !1) { MASK_SMALL } else { MASK_LARGE };
        if hash & mask == 0 {
            return place;
        }
    }
    end
}

/// `length` bytes that anyone can make: the extended output of BLAKE3 over `seed`.
pub(crate) fn stream(seed: &str, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// The lengths of the pieces, in two ways that must agree.
pub(crate) fn cuts(bytes: &[u8]) -> Vec<usize> {
    let gear = gear();
    assert_eq!(gear.len(), 256);
    let (mut lengths, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let length = first(rest, &gear);
        lengths.push(length);
        rest = &rest[length..];
    }
    let by_crate: Vec<usize> = FastCDC::with_level(bytes, MIN, AVERAGE, MAX, Normalization::Level2).map(|chunk| chunk.length).collect();
    assert_eq!(lengths, by_crate, "the spec's way of cutting and the crate's differ");
    lengths
}
