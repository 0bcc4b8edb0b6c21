//! Owns what a walk remembers of the entries of one folder: packed, about 60 bytes for a photo, since a library may have a million of them.

use super::source::{Kind, Stat};
use super::walk::{EntryKind, WalkEntry};
use crate::packed::{pack, unpack};

/// The entries of one folder in the order of their raw names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entries {
    /// Name and facts of one entry after the other.
    packed: Vec<u8>,
    count: usize,
    /// Place of an entry, and what it leads to: a folder of the walk, or a group of hard links. Sorted.
    leads: Vec<(usize, usize)>,
}

impl Entries {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All of them.
    pub fn iter(&self) -> Iter<'_> {
        Iter { entries: self, at: 0, place: 0, leads: &self.leads }
    }

    /// Name and facts of the entry whose [`WalkEntry::at`] this is.
    pub fn at(&self, at: usize) -> Option<(&[u8], Stat)> {
        self.unpack(at).map(|(name, stat, _)| (name, stat))
    }

    /// Adds one behind all others.
    pub(super) fn push(&mut self, name: &[u8], stat: &Stat) {
        pack((name, stat), &mut self.packed);
        self.count += 1;
    }

    /// What entries lead to, in their order.
    pub(super) fn leads(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.leads.iter().map(|(_, index)| *index)
    }

    /// Notes what entries lead to, by their places.
    pub(super) fn lead(&mut self, leads: impl IntoIterator<Item = (usize, usize)>) {
        self.leads.extend(leads);
        self.leads.sort_unstable();
    }

    /// Changes what entries lead to.
    pub(super) fn lead_elsewhere(&mut self, to: impl Fn(usize) -> usize) {
        self.leads.iter_mut().for_each(|(_, index)| *index = to(*index));
    }

    /// Gives back what more entries would have needed.
    pub(super) fn shrink(&mut self) {
        self.packed.shrink_to_fit();
    }

    /// The same entries with other facts.
    pub fn with_stats(&self, change: impl Fn(Stat) -> Stat) -> Self {
        let mut changed = Self { leads: self.leads.clone(), ..Self::default() };
        for entry in self {
            changed.push(entry.name, &change(entry.stat));
        }
        changed
    }

    fn unpack(&self, at: usize) -> Option<(&[u8], Stat, usize)> {
        let ((name, stat), length) = unpack(self.packed.get(at..)?)?;
        Some((name, stat, at + length))
    }
}

impl<'e> IntoIterator for &'e Entries {
    type Item = WalkEntry<'e>;
    type IntoIter = Iter<'e>;

    fn into_iter(self) -> Iter<'e> {
        self.iter()
    }
}

/// Goes through the entries of a folder.
#[derive(Debug, Clone)]
pub struct Iter<'e> {
    entries: &'e Entries,
    at: usize,
    place: usize,
    leads: &'e [(usize, usize)],
}

impl<'e> Iterator for Iter<'e> {
    type Item = WalkEntry<'e>;

    fn next(&mut self) -> Option<WalkEntry<'e>> {
        let (name, stat, next) = self.entries.unpack(self.at)?;
        let lead = match self.leads.split_first() {
            Some(((place, index), rest)) if *place == self.place => {
                self.leads = rest;
                Some(*index)
            }
            _ => None,
        };
        let kind = match stat.kind {
            Kind::Folder => EntryKind::Folder { index: lead.unwrap_or(0) },
            Kind::Symlink => EntryKind::Symlink,
            Kind::File | Kind::Special(_) => EntryKind::File { hard_link: lead },
        };
        let entry = WalkEntry { name, stat, kind, at: self.at };
        (self.at, self.place) = (next, self.place + 1);
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::Entries;
    use crate::clock::Timestamp;
    use crate::scan::{EntryKind, Kind, Stat};

    fn stat(kind: Kind, number: u64) -> Stat {
        let time = |seconds: i64| Timestamp { seconds, nanoseconds: 999_999_999 };
        Stat {
            kind,
            length_bytes: number,
            stored_bytes: number.checked_sub(1),
            mode: 0o7777,
            uid: u32::MAX,
            gid: 0,
            mtime: time(i64::MIN),
            ctime: time(i64::MAX),
            birth: number.is_multiple_of(2).then(|| time(-1)),
            inode: u64::MAX - number,
            device: number,
            links: 1 + number,
            placeholder: number == 3,
        }
    }

    #[test]
    fn entries_come_back_with_what_they_lead_to_and_where_they_stand() {
        let kinds = [Kind::File, Kind::Folder, Kind::Symlink, Kind::File, Kind::Folder];
        let mut entries = Entries::default();
        for (name, kind) in kinds.into_iter().enumerate() {
            entries.push(&vec![b'a' + name as u8; name * 100], &stat(kind, name as u64));
        }
        entries.lead([(4, 7), (1, 5)]);
        entries.lead([(3, 2)]);
        entries.lead_elsewhere(|index| index + 1);
        entries.shrink();
        let found: Vec<_> = entries.iter().collect();
        let expected = [
            EntryKind::File { hard_link: None },
            EntryKind::Folder { index: 6 },
            EntryKind::Symlink,
            EntryKind::File { hard_link: Some(3) },
            EntryKind::Folder { index: 8 },
        ];
        assert_eq!(found.iter().map(|entry| entry.kind).collect::<Vec<_>>(), expected);
        for (number, (entry, kind)) in found.iter().zip(kinds).enumerate() {
            assert_eq!((entry.name, &entry.stat), (&vec![b'a' + number as u8; number * 100][..], &stat(kind, number as u64)));
            assert_eq!(entries.at(entry.at), Some((entry.name, entry.stat.clone())));
        }
        assert_eq!((entries.len(), entries.is_empty(), entries.at(1 << 40)), (5, false, None));
        let later = entries.with_stats(|stat| Stat { length_bytes: 1, ..stat });
        assert!(
            later.iter().zip(&found).all(|(now, before)| now.stat.length_bytes == 1 && (now.name, now.kind) == (before.name, before.kind))
        );
    }
}
