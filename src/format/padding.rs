//! Owns Padmé: the rounding of lengths that hides what is stored among neighbours of like size.
//! Source: "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs" (PETS 2019), section 4.

/// The smallest Padmé length that is at least `length`: at most 12 % more, and few of them.
pub fn padme(length: u64) -> u64 {
    if length < 2 {
        return length;
    }
    let exponent = length.ilog2();
    let significant = exponent.checked_ilog2().map_or(1, |bits| bits.saturating_add(1));
    let free = exponent.saturating_sub(significant);
    let mask = 1_u64.checked_shl(free).unwrap_or(1).saturating_sub(1);
    length.saturating_add(mask) & !mask
}

#[cfg(test)]
mod tests {
    use super::padme;

    #[test]
    fn values_of_the_paper_s_rule() {
        for (length, padded) in [(0, 0), (1, 1), (2, 2), (9, 10), (200, 208), (1_000, 1_024), (3_100_000, 3_145_728)] {
            assert_eq!(padme(length), padded, "of {length}");
        }
        for length in 16..100_000_u64 {
            let padded = padme(length);
            assert!(padded >= length && (padded - length) * 100 <= length * 12, "{length} to {padded}");
            assert_eq!(padme(padded), padded);
        }
    }
}
