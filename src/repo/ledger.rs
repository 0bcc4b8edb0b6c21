//! Owns the ledger: what this machine saw of one copy, when. Its loss costs knowledge, never data.
//!
//! It is what tells *damaged* (seen whole here once, now absent or short) from *incomplete* (never seen whole: still arriving).

use super::inventory::Seen;
use super::local::Local;
use crate::format::{PackName, StoredName, hex};
use std::collections::BTreeMap;

const MAGIC: [u8; 16] = *b"tintype ledger 3";
const NONE: i64 = i64::MIN;

/// What is known of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackMemory {
    /// Its length when it was seen whole, in bytes.
    pub length_bytes: u64,
    /// Its stamp then.
    pub stamp: Option<i64>,
    /// When every byte of it was last read and found right, in seconds since the epoch.
    pub verified_seconds: Option<i64>,
    /// Its bytes were found wrong, read twice, and it has not changed since.
    pub damaged: bool,
}

/// What was told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// When it was first told, in seconds since the epoch.
    pub first_seconds: i64,
    /// When it was last told as news.
    pub last_seconds: i64,
    /// When the last snapshot was taken of which it was so.
    pub heard_seconds: i64,
}

/// Where in a row of snapshots something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Now.
    pub now_seconds: i64,
    /// What the snapshot states that says it.
    pub this_seconds: i64,
    /// What the one before states; [`i64::MIN`] if there is none.
    pub last_seconds: i64,
}

/// The ledger of one copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Packs that were seen whole.
    pub packs: BTreeMap<PackName, PackMemory>,
    /// Second copies of meta packs that were seen whole.
    pub second_packs: BTreeMap<PackName, PackMemory>,
    /// Small files whose bytes were read and found right: a hash of the whole name and the length, and the stamp then.
    pub files: BTreeMap<StoredName, i64>,
    /// Manifests that were seen whole in `snapshots/`, and when first, in seconds since the epoch.
    pub manifests: BTreeMap<StoredName, i64>,
    /// Manifests that were seen in `second/` alone, and when first.
    pub second_only: BTreeMap<StoredName, i64>,
    /// What was told, by a hash of its words.
    pub said: BTreeMap<StoredName, Said>,
    /// Needs pages that a check found lost in both places, and when: the next snap tries to write them again.
    pub lost_pages: BTreeMap<StoredName, i64>,
}

/// For how long what was told is not news again, in seconds.
const SAID_FOR_SECONDS: i64 = 30 * 86_400;

impl Ledger {
    fn name(identity: &[u8; 32]) -> String {
        format!("copies/{}/ledger", hex(identity.get(..16).unwrap_or_default()))
    }

    /// Reads the ledger of a copy; empty if there is none that is whole.
    pub fn load(local: &Local, identity: &[u8; 32]) -> Self {
        local.read_state(&Self::name(identity)).ok().flatten().and_then(|bytes| Self::decode(&bytes, identity)).unwrap_or_default()
    }

    /// Writes it, if it changed.
    pub fn store(&self, local: &Local, identity: &[u8; 32]) {
        let bytes = self.encode(identity);
        let name = Self::name(identity);
        if local.read_state(&name).ok().flatten().as_deref() != Some(&bytes) {
            _ = local.write_state(&name, &bytes);
        }
    }

    /// Notes that a pack was seen whole: its length, and a trailer that agrees.
    pub fn saw_whole(&mut self, pack: PackName, seen: Seen) {
        let known = self.packs.get(&pack).filter(|memory| memory.length_bytes == seen.length_bytes && memory.stamp == seen.stamp);
        let memory = known.copied().unwrap_or(PackMemory {
            length_bytes: seen.length_bytes,
            stamp: seen.stamp,
            verified_seconds: self.packs.get(&pack).and_then(|memory| memory.verified_seconds),
            damaged: false,
        });
        self.packs.insert(pack, memory);
    }

    /// Whether a pack was seen whole with this length and stamp.
    pub fn is_whole(&self, pack: PackName, seen: Seen) -> bool {
        self.packs
            .get(&pack)
            .is_some_and(|memory| memory.length_bytes == seen.length_bytes && memory.stamp == seen.stamp && seen.stamp.is_some())
    }

    /// Whether a pack's bytes were found wrong and it has not changed since.
    pub fn is_damaged(&self, pack: PackName, seen: Seen) -> bool {
        self.packs.get(&pack).is_some_and(|memory| memory.damaged && memory.stamp == seen.stamp)
    }

    /// Notes the outcome of reading every byte of a pack.
    pub fn read_all(&mut self, pack: PackName, seen: Seen, good: bool, now_seconds: i64) {
        self.saw_whole(pack, seen);
        if let Some(memory) = self.packs.get_mut(&pack) {
            memory.damaged = !good;
            if good {
                memory.verified_seconds = Some(now_seconds);
            }
        }
    }

    /// Notes the outcome of reading every byte of a meta pack's second copy.
    pub fn read_all_second(&mut self, pack: PackName, seen: Seen, good: bool, now_seconds: i64) {
        let verified_seconds =
            if good { Some(now_seconds) } else { self.second_packs.get(&pack).and_then(|memory| memory.verified_seconds) };
        let memory = PackMemory { length_bytes: seen.length_bytes, stamp: seen.stamp, verified_seconds, damaged: !good };
        self.second_packs.insert(pack, memory);
    }

    /// Notes that a meta pack's second copy was seen whole.
    pub fn saw_whole_second(&mut self, pack: PackName, seen: Seen) {
        let verified_seconds = self.second_packs.get(&pack).and_then(|memory| memory.verified_seconds);
        let memory = PackMemory { length_bytes: seen.length_bytes, stamp: seen.stamp, verified_seconds, damaged: false };
        self.second_packs.insert(pack, memory);
    }

    /// Whether a meta pack's second copy was seen whole with this length and stamp, and not damaged since.
    pub fn is_whole_second(&self, pack: PackName, seen: Seen) -> bool {
        let memory = self.second_packs.get(&pack);
        memory.is_some_and(|memory| {
            memory.length_bytes == seen.length_bytes && memory.stamp == seen.stamp && seen.stamp.is_some() && !memory.damaged
        })
    }

    /// Whether the bytes of a meta pack's second copy were found wrong and it has not changed since.
    pub fn is_damaged_second(&self, pack: PackName, seen: Seen) -> bool {
        self.second_packs.get(&pack).is_some_and(|memory| memory.damaged && memory.stamp == seen.stamp)
    }

    /// A length that changed is another file, even where the stamp is too coarse to tell.
    fn file_key(path: &str, seen: Seen) -> StoredName {
        StoredName(blake3::derive_key("tintype 2026 local name of a file", format!("{} {path}", seen.length_bytes).as_bytes()))
    }

    /// Whether a small file was read, found right, and has not changed since.
    pub fn is_verified(&self, path: &str, seen: Seen) -> bool {
        seen.stamp.is_some() && self.files.get(&Self::file_key(path, seen)).copied() == seen.stamp
    }

    /// Notes the outcome of reading a small file.
    pub fn read_file(&mut self, path: &str, seen: Seen, good: bool) {
        match (good, seen.stamp) {
            (true, Some(stamp)) => _ = self.files.insert(Self::file_key(path, seen), stamp),
            _ => _ = self.files.remove(&Self::file_key(path, seen)),
        }
    }

    /// Asks whether something is news: not told in the last 30 days. Notes that it is told now. Returns when it was first told, if it is not news.
    pub fn tell(&mut self, words: &str, now_seconds: i64) -> Option<i64> {
        self.tell_in_turn(words, Turn { now_seconds, this_seconds: now_seconds, last_seconds: i64::MIN })
    }

    /// The same of something that each of a row of snapshots may say: what the one before did not say is news again.
    pub fn tell_in_turn(&mut self, words: &str, turn: Turn) -> Option<i64> {
        let key = StoredName(blake3::derive_key("tintype 2026 local words", words.as_bytes()));
        let Turn { now_seconds, this_seconds, last_seconds } = turn;
        let said = self.said.entry(key).or_insert(Said { first_seconds: now_seconds, last_seconds: i64::MIN, heard_seconds: i64::MIN });
        let went_on = said.heard_seconds >= last_seconds && said.last_seconds != i64::MIN;
        said.heard_seconds = this_seconds;
        if went_on && now_seconds.saturating_sub(said.last_seconds) < SAID_FOR_SECONDS {
            return Some(said.first_seconds);
        }
        if !went_on {
            said.first_seconds = now_seconds;
        }
        said.last_seconds = now_seconds;
        None
    }

    fn encode(&self, identity: &[u8; 32]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(identity);
        let mut push = |slices: &[&[u8]]| slices.iter().for_each(|slice| bytes.extend_from_slice(slice));
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX).to_le_bytes();
        for packs in [&self.packs, &self.second_packs] {
            push(&[&count(packs.len())]);
            for (pack, memory) in packs {
                let (stamp, verified) = (memory.stamp.unwrap_or(NONE), memory.verified_seconds.unwrap_or(NONE));
                push(&[
                    &pack.0,
                    &memory.length_bytes.to_le_bytes(),
                    &stamp.to_le_bytes(),
                    &verified.to_le_bytes(),
                    &[memory.damaged.into()],
                ]);
            }
        }
        for times in [&self.manifests, &self.second_only, &self.files] {
            push(&[&count(times.len())]);
            for (name, seconds) in times {
                push(&[&name.0, &seconds.to_le_bytes()]);
            }
        }
        push(&[&count(self.said.len())]);
        for (name, said) in &self.said {
            push(&[&name.0, &said.first_seconds.to_le_bytes(), &said.last_seconds.to_le_bytes(), &said.heard_seconds.to_le_bytes()]);
        }
        push(&[&count(self.lost_pages.len())]);
        for (name, seconds) in &self.lost_pages {
            push(&[&name.0, &seconds.to_le_bytes()]);
        }
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        bytes
    }

    fn decode(bytes: &[u8], identity: &[u8; 32]) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<32>()?;
        if blake3::hash(body).as_bytes() != checksum {
            return None;
        }
        let mut take = Take(body.strip_prefix(&MAGIC)?.strip_prefix(identity)?);
        let some = |number: i64| (number != NONE).then_some(number);
        let mut ledger = Self::default();
        for packs in [&mut ledger.packs, &mut ledger.second_packs] {
            for _ in 0..take.u64()? {
                let name = PackName(take.bytes()?);
                let memory = PackMemory {
                    length_bytes: take.u64()?,
                    stamp: some(take.i64()?),
                    verified_seconds: some(take.i64()?),
                    damaged: take.bytes::<1>()? != [0],
                };
                packs.insert(name, memory);
            }
        }
        for times in [&mut ledger.manifests, &mut ledger.second_only, &mut ledger.files] {
            for _ in 0..take.u64()? {
                times.insert(StoredName(take.bytes()?), take.i64()?);
            }
        }
        for _ in 0..take.u64()? {
            let name = StoredName(take.bytes()?);
            ledger.said.insert(name, Said { first_seconds: take.i64()?, last_seconds: take.i64()?, heard_seconds: take.i64()? });
        }
        // A ledger that an earlier version wrote ends here.
        for _ in 0..if take.0.is_empty() { 0 } else { take.u64()? } {
            ledger.lost_pages.insert(StoredName(take.bytes()?), take.i64()?);
        }
        take.0.is_empty().then_some(ledger)
    }
}

struct Take<'a>(&'a [u8]);

impl Take<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*front)
    }

    fn u64(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.bytes().map(i64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ledger, Turn};
    use crate::format::{PackName, StoredName};
    use crate::repo::inventory::Seen;

    #[test]
    fn a_ledger_goes_round_and_a_torn_one_is_empty() {
        let seen = Seen { length_bytes: 10, stamp: Some(5), placeholder: false };
        let mut ledger = Ledger::default();
        ledger.read_all(PackName([1; 32]), seen, true, 99);
        ledger.manifests.insert(StoredName([2; 32]), 7);
        ledger.lost_pages.insert(StoredName([3; 32]), 8);
        assert_eq!(ledger.tell("words", 1_000), None);
        assert_eq!(ledger.tell("words", 1_000 + 86_400), Some(1_000));
        assert_eq!(ledger.tell("words", 1_000 + 31 * 86_400), None);
        // In a row of snapshots what one of them did not say is news again.
        let turn = |this_seconds, last_seconds| Turn { now_seconds: this_seconds, this_seconds, last_seconds };
        assert_eq!(ledger.tell_in_turn("half is gone", turn(100, 50)), None);
        assert_eq!(ledger.tell_in_turn("half is gone", turn(200, 100)), Some(100));
        assert_eq!(ledger.tell_in_turn("half is gone", turn(400, 300)), None);
        assert_eq!(ledger.tell_in_turn("half is gone", turn(500, 400)), Some(400));
        let bytes = ledger.encode(&[3; 32]);
        assert_eq!(Ledger::decode(&bytes, &[3; 32]), Some(ledger.clone()));
        assert_eq!(Ledger::decode(&bytes, &[4; 32]), None);
        assert_eq!(Ledger::decode(&bytes[..bytes.len() - 1], &[3; 32]), None);
        assert!(ledger.is_whole(PackName([1; 32]), seen) && !ledger.is_whole(PackName([1; 32]), Seen { stamp: Some(6), ..seen }));
    }
}
