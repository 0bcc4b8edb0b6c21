//! Owns the recovery code: 160 random bits that a person can write down, type and be corrected on.
//! Implements `format-spec/keys.md`, section "Recovery code".
//!
//! 8 groups of 4 characters of data and 1 check character. The check is a weighted sum over GF(32) plus a constant of the
//! group's place: one wrong character, two neighbours swapped, or a group in the wrong place never pass.

use super::{CryptoError, Entropy};
use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS: usize = 8;
const GROUP_CHARACTERS: usize = 5;

/// A repository's recovery code.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<[u8; 20]>);

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RecoveryCode(not shown)")
    }
}

/// Multiplies in GF(32) with the polynomial x^5 + x^2 + 1. Both factors are below 32.
fn multiply(a: u8, b: u8) -> u8 {
    let mut product = 0;
    let mut shifted = a;
    for bit in 0..5 {
        if b >> bit & 1 == 1 {
            product ^= shifted;
        }
        shifted <<= 1;
        if shifted & 32 != 0 {
            shifted ^= 0b10_0101;
        }
    }
    product
}

/// The check of group `place` (0 to 7): 2·v0 + 3·v1 + 4·v2 + 5·v3 + (place + 1).
fn check(place: u8, values: [u8; 4]) -> u8 {
    [2, 3, 4, 5].into_iter().zip(values).fold(place + 1, |sum, (weight, value)| sum ^ multiply(weight, value))
}

impl RecoveryCode {
    /// Draws a new code.
    pub fn generate(entropy: &Entropy) -> Result<Self, CryptoError> {
        Ok(Self(Zeroizing::new(entropy.bytes()?)))
    }

    /// The code of these bytes.
    pub fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its 20 bytes.
    pub(crate) fn bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// As people see it: 8 groups, joined by dashes.
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(48));
        for (place, values) in (0_u8..).zip(self.groups()) {
            if place > 0 {
                text.push('-');
            }
            for value in values.into_iter().chain([check(place, values)]) {
                text.push(char::from(*ALPHABET.get(usize::from(value)).unwrap_or(&b'?')));
            }
        }
        text
    }

    /// The data values of each group: 20 bits, most significant first, 5 to a character.
    fn groups(&self) -> [[u8; 4]; GROUPS] {
        let mut groups = [[0; 4]; GROUPS];
        for (group, pair) in groups.chunks_exact_mut(2).zip(self.0.chunks_exact(5)) {
            let bits = pair.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for (index, value) in group.iter_mut().flatten().enumerate() {
                // Masked to five bits.
                *value = u8::try_from(bits >> (35 - 5 * index) & 31).unwrap_or(0);
            }
        }
        groups
    }

    /// Reads what a person typed: any case, `O` as 0, `I` and `L` as 1, blanks and dashes anywhere.
    ///
    /// Errors: [`CryptoError::CodeGroup`] names the first group, counted from 1, that is mistyped or in the wrong place.
    pub fn parse(text: &str) -> Result<Self, CryptoError> {
        let mut values = Zeroizing::new(Vec::with_capacity(GROUPS * GROUP_CHARACTERS));
        for character in text.chars().filter(|character| !character.is_whitespace() && !matches!(character, '-' | '\u{2010}'..='\u{2015}'))
        {
            let upper = match character.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value = ALPHABET.iter().zip(0_u8..).find(|(letter, _)| char::from(**letter) == upper);
            values.push(value.ok_or(CryptoError::CodeCharacter(character))?.1);
        }
        if values.len() != GROUPS * GROUP_CHARACTERS {
            return Err(CryptoError::CodeLength(values.len()));
        }
        let mut bytes = Zeroizing::new([0; 20]);
        for (pair, (place, two)) in bytes.chunks_exact_mut(5).zip((0_u8..).step_by(2).zip(values.chunks_exact(2 * GROUP_CHARACTERS))) {
            let mut bits = 0_u64;
            for (place, group) in (place..).zip(two.chunks_exact(GROUP_CHARACTERS)) {
                let [a, b, c, d, given] = group else { return Err(CryptoError::CodeLength(values.len())) };
                if check(place, [*a, *b, *c, *d]) != *given {
                    return Err(CryptoError::CodeGroup(usize::from(place) + 1));
                }
                bits = [*a, *b, *c, *d].into_iter().fold(bits, |bits, value| bits << 5 | u64::from(value));
            }
            let [_, _, _, forty @ ..] = bits.to_be_bytes();
            pair.copy_from_slice(&forty);
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{ALPHABET, RecoveryCode};
    use crate::crypto::{CryptoError, Entropy};

    #[test]
    fn every_single_wrong_character_and_every_swap_of_groups_is_caught() {
        let entropy = Entropy::seeded(1);
        let mut wrong_characters = 0;
        let mut swaps = 0;
        for _ in 0..50 {
            let code = RecoveryCode::generate(&entropy).unwrap();
            let text = code.text();
            assert_eq!(RecoveryCode::parse(&text), Ok(code.clone()));
            for place in (0..text.len()).filter(|place| text.as_bytes()[*place] != b'-') {
                for letter in ALPHABET.iter().filter(|letter| **letter != text.as_bytes()[place]) {
                    let mut wrong = text.as_bytes().to_vec();
                    wrong[place] = *letter;
                    let group = place / 6 + 1;
                    assert_eq!(RecoveryCode::parse(std::str::from_utf8(&wrong).unwrap()), Err(CryptoError::CodeGroup(group)));
                    wrong_characters += 1;
                }
            }
            let groups: Vec<&str> = text.split('-').collect();
            for one in 0..8 {
                for other in one + 1..8 {
                    let mut swapped = groups.clone();
                    swapped.swap(one, other);
                    if groups[one] != groups[other] {
                        assert_eq!(RecoveryCode::parse(&swapped.join(" ")), Err(CryptoError::CodeGroup(one + 1)));
                        swaps += 1;
                    }
                }
            }
        }
        println!("{wrong_characters} wrong characters and {swaps} swapped groups: all caught");
        assert!(wrong_characters >= 50 * 40 * 31 && swaps > 1_000);
    }

    #[test]
    fn people_type_as_they_like() {
        let code = RecoveryCode::from_bytes([0x08; 20]);
        let text = code.text().to_lowercase().replace('-', "  ").replace('1', "l").replace('0', "o");
        assert_eq!(RecoveryCode::parse(&text), Ok(code));
        assert_eq!(RecoveryCode::parse("AB"), Err(CryptoError::CodeLength(2)));
        assert_eq!(RecoveryCode::parse("U"), Err(CryptoError::CodeCharacter('U')));
    }
}
