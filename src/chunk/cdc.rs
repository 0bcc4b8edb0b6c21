//! Owns content-defined cutting: FastCDC 2020 with normalisation level 2. Source: Xia et al., "The Design of Fast Content-Defined
//! Chunking for Data Deduplication Based Storage Systems" (IEEE TPDS 2020).
//!
//! The crate is pinned and called through its stateless function with masks given as literals: its definition is ours, and golden cuts guard it.

use fastcdc::v2020;
use std::sync::LazyLock;

/// No chunk but a file's last is shorter, in bytes.
pub const MIN_BYTES: usize = 256 << 10;
/// The length that cuts aim at, in bytes.
pub const AVERAGE_BYTES: usize = 1 << 20;
/// No chunk is longer, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// Up to the average length a cut must match this: 22 bits.
const MASK_STRICT: u64 = 0x0000_d937_6753_7000;
/// Beyond it, this: 18 bits.
const MASK_RELAXED: u64 = 0x0000_d907_0753_7000;

static GEAR: LazyLock<(Vec<u64>, Vec<u64>)> = LazyLock::new(|| {
    let (gear, shifted) = v2020::get_gear_with_seed(0);
    (gear.into_owned(), shifted.into_owned())
});

/// Length of the first chunk of `window`, in bytes. `window` holds at least [`MAX_BYTES`], or all that is left of the file.
pub(super) fn first_chunk_bytes(window: &[u8]) -> usize {
    if window.len() <= MIN_BYTES {
        return window.len();
    }
    let (gear, shifted) = &*GEAR;
    let (Ok(gear), Ok(shifted)) = (<&[u64; 256]>::try_from(gear.as_slice()), <&[u64; 256]>::try_from(shifted.as_slice())) else {
        return window.len().min(MAX_BYTES);
    };
    let (_, length) = v2020::cut_gear(
        window,
        MIN_BYTES,
        AVERAGE_BYTES,
        MAX_BYTES,
        MASK_STRICT,
        MASK_RELAXED,
        MASK_STRICT << 1,
        MASK_RELAXED << 1,
        gear,
        shifted,
    );
    length
}

#[cfg(test)]
mod tests {
    use super::{AVERAGE_BYTES, MASK_RELAXED, MASK_STRICT, MAX_BYTES, MIN_BYTES, first_chunk_bytes};
    use fastcdc::v2020;

    #[test]
    fn the_masks_are_those_of_level_2() {
        assert_eq!(v2020::select_masks(AVERAGE_BYTES, v2020::Normalization::Level2), (MASK_STRICT, MASK_RELAXED));
    }

    #[test]
    fn golden_cuts() {
        let mut bytes = vec![0; 16 << 20];
        blake3::Hasher::new_derive_key("tintype 2026 cutting vector").finalize_xof().fill(&mut bytes);
        let mut cuts = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let length = first_chunk_bytes(&bytes[at..]);
            assert!(length <= MAX_BYTES && (length >= MIN_BYTES || at + length == bytes.len()));
            at += length;
            cuts.push(at);
        }
        assert_eq!(cuts, GOLDEN, "cuts of 16 MiB of the derive_key stream");
        assert_eq!(first_chunk_bytes(&vec![0; 8 << 20]), MAX_BYTES);
        assert_eq!(first_chunk_bytes(&[1, 2, 3]), 3);
    }

    const GOLDEN: [usize; 15] = [
        1_375_149, 2_618_297, 3_866_180, 5_135_645, 6_519_579, 7_829_195, 9_127_599, 10_300_729, 11_413_995, 13_045_831, 13_700_355,
        14_175_719, 15_548_290, 16_676_731, 16_777_216,
    ];
}
