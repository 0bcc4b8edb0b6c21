//! Owns sets of packs, small enough to keep one for each part of a tree: which packs hold what the part uses.

use std::collections::BTreeSet;

const WORD_BITS: u32 = u64::BITS;

/// Packs by their positions in an index; and for what lies in several packs the alternatives, one of which is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PackSet {
    /// Position of the first word: what lies together in a tree mostly lies together in the index.
    base: usize,
    words: Vec<u64>,
    either: BTreeSet<Vec<u32>>,
}

impl PackSet {
    /// Adds where one object lies.
    pub(super) fn insert(&mut self, mut places: impl Iterator<Item = u32>) {
        match (places.next(), places.next()) {
            (Some(one), None) => *self.word(place(one).0) |= place(one).1,
            (Some(one), Some(other)) => {
                let several: BTreeSet<u32> = [one, other].into_iter().chain(places).collect();
                self.either.insert(several.into_iter().collect());
            }
            (None, _) => {}
        }
    }

    /// Adds all of another.
    pub(super) fn add(&mut self, other: &Self) {
        for (position, word) in other.words() {
            *self.word(position) |= word;
        }
        if !other.either.is_empty() {
            self.either.extend(other.either.iter().cloned());
        }
    }

    /// Whether all of it lies in `others`.
    pub(super) fn lies_in(&self, others: &Self) -> bool {
        let holds = |pack: &u32| others.get(place(*pack).0) & place(*pack).1 != 0;
        self.words().all(|(position, word)| word & !others.get(position) == 0) && self.either.iter().all(|packs| packs.iter().any(holds))
    }

    fn words(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        (self.base..).zip(self.words.iter().copied())
    }

    fn get(&self, position: usize) -> u64 {
        position.checked_sub(self.base).and_then(|at| self.words.get(at)).copied().unwrap_or(0)
    }

    fn word(&mut self, position: usize) -> &mut u64 {
        if self.words.is_empty() {
            self.base = position;
        }
        if position < self.base {
            let before = self.base - position;
            self.words.splice(..0, std::iter::repeat_n(0, before));
            self.base = position;
        }
        let at = position - self.base;
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        &mut self.words[at]
    }
}

/// The word that a pack's bit stands in, and the bit.
fn place(pack: u32) -> (usize, u64) {
    (usize::try_from(pack / WORD_BITS).unwrap_or(usize::MAX), 1 << (pack % WORD_BITS))
}

#[cfg(test)]
mod tests {
    use super::PackSet;

    fn set(packs: &[&[u32]]) -> PackSet {
        let mut set = PackSet::default();
        packs.iter().for_each(|packs| set.insert(packs.iter().copied()));
        set
    }

    #[test]
    fn of_alternatives_one_is_enough() {
        let needed = set(&[&[3], &[700], &[64]]);
        for (packs, lies_in) in [
            (&[&[3][..], &[64], &[700]][..], true),
            (&[&[700], &[3]], true),
            (&[], true),
            (&[&[4]], false),
            (&[&[3], &[65]], false),
            (&[&[4, 64]], true),
            (&[&[3, 700], &[64, 5000, 1]], true),
            (&[&[4, 5]], false),
            (&[&[5000]], false),
        ] {
            assert_eq!(set(packs).lies_in(&needed), lies_in, "{packs:?}");
            let mut both = set(&[&[3]]);
            both.add(&set(packs));
            assert_eq!(both.lies_in(&needed), lies_in, "{packs:?}");
        }
    }
}
