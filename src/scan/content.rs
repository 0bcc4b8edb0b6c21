//! Owns what files of an imagined source hold: bytes, or noise that is made when it is read.
//!
//! The same seed gives the same bytes for ever, however they are read.

use std::sync::Arc;

/// What a file holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// These bytes.
    Bytes(Arc<[u8]>),
    /// As many bytes as wanted without the memory for them; see [`generate`].
    Generated {
        /// What the bytes depend on.
        seed: u64,
        /// How many there are.
        length_bytes: u64,
    },
}

impl Content {
    /// How many bytes there are.
    pub(super) fn length_bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Generated { length_bytes, .. } => *length_bytes,
        }
    }

    /// Copies what lies at `offset` and says how much that is.
    pub(super) fn read_at(&self, offset: u64, into: &mut [u8]) -> usize {
        let left = usize::try_from(self.length_bytes().saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = into.len().min(left);
        let into = into.get_mut(..count).unwrap_or_default();
        match self {
            Self::Bytes(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                into.copy_from_slice(bytes.get(from..from.saturating_add(count)).unwrap_or_default());
            }
            Self::Generated { seed, .. } => generate(*seed, offset, into),
        }
        count
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Bytes(text.as_bytes().into())
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// Fills `into` with the bytes that a generated file of `seed` has from `offset` on: even noise that does not compress.
pub fn generate(seed: u64, offset: u64, into: &mut [u8]) {
    let mut word_index = u64::MAX;
    let mut word = [0; 8];
    for (place, byte) in (offset..).zip(into.iter_mut()) {
        if place / 8 != word_index {
            word_index = place / 8;
            // SplitMix64, whose n-th word needs no words before it.
            let mut mixed = seed.wrapping_add(word_index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word = (mixed ^ (mixed >> 31)).to_le_bytes();
        }
        *byte = word.get((place % 8) as usize).copied().unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, generate};

    #[test]
    fn generated_bytes_do_not_depend_on_how_they_are_read() {
        let mut whole = [0; 100];
        generate(7, 3, &mut whole);
        let mut part = [0; 40];
        generate(7, 53, &mut part);
        assert_eq!(part, whole[50..90]);
        let content = Content::Generated { seed: 7, length_bytes: 50 };
        let mut buffer = [0; 100];
        assert_eq!(content.read_at(3, &mut buffer), 47);
        assert_eq!(buffer[..47], whole[..47]);
    }
}
