//! Owns lists of packs: what a snapshot cannot do without, and what a long run announces. Implements `format-spec/needs.md`.

use super::{FormatError, PackName, StoredName, codec, limits};
use bincode::de::{BorrowDecoder, Decoder};
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{BorrowDecode, Decode, Encode};

/// The two kinds of packs. The number stands in lists: 1 data, 2 meta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackKind {
    /// Chunks.
    Data,
    /// Trees, lists, reports; stands twice.
    Meta,
}

impl PackKind {
    /// The kind in the header of such a pack.
    pub fn file_kind(self) -> super::FileKind {
        match self {
            Self::Data => super::FileKind::DataPack,
            Self::Meta => super::FileKind::MetaPack,
        }
    }
}

impl Encode for PackKind {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.file_kind().number().encode(encoder)
    }
}

impl<Context> Decode<Context> for PackKind {
    fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        match u8::decode(decoder)? {
            1 => Ok(Self::Data),
            2 => Ok(Self::Meta),
            _ => Err(DecodeError::Other("a pack kind that is not known")),
        }
    }
}

impl<'de, Context> BorrowDecode<'de, Context> for PackKind {
    fn borrow_decode<D: BorrowDecoder<'de, Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        <Self as Decode<Context>>::decode(decoder)
    }
}

/// A pack in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct NeededPack {
    /// Its name.
    pub name: PackName,
    /// Its length, in bytes.
    pub length_bytes: u64,
    /// Data or meta.
    pub kind: PackKind,
}

/// The list of packs in a manifest's public part: pages by name, then the tail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Needs {
    /// Needs pages, in the order of the names in them.
    pub pages: Vec<StoredName>,
    /// Packs that are not in a page, sorted by raw name.
    pub tail: Vec<NeededPack>,
    /// Packs in pages and tail.
    pub pack_count: u64,
    /// Sum of their lengths, in bytes.
    pub pack_bytes: u64,
}

/// Checks that packs are sorted by raw name, each once, and of a possible length.
fn check_sorted(what: &'static str, packs: &[NeededPack]) -> Result<(), FormatError> {
    if !packs.windows(2).all(|pair| matches!(pair, [one, next] if one.name < next.name)) {
        return Err(FormatError::Invalid { what, why: "packs must be sorted by name, each once" });
    }
    packs.iter().try_for_each(|pack| limits::check("length of a pack", pack.length_bytes, limits::PACK_BYTES_MAX))
}

impl Needs {
    /// Checks what can be judged without the pages.
    pub(super) fn validate(&self) -> Result<(), FormatError> {
        limits::check_count("packs in a manifest", self.tail.len(), limits::NEEDS_TAIL_MAX)?;
        check_sorted("needs", &self.tail)?;
        if self.pages.is_empty() {
            let bytes: u64 = self.tail.iter().map(|pack| pack.length_bytes).fold(0, u64::saturating_add);
            if self.pack_count != limits::to_u64(self.tail.len()) || self.pack_bytes != bytes {
                return Err(FormatError::Invalid { what: "needs", why: "count and bytes must be those of the packs listed" });
            }
        }
        Ok(())
    }
}

/// Whether a needs page may end after `name`: its last 8 bytes, little endian, are 0 modulo 512.
pub fn page_ends_after(name: &PackName) -> bool {
    let [.., a, b, c, d, e, f, g, h] = name.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h]) & (limits::NEEDS_PAGE_MODULUS - 1) == 0
}

/// Cuts a sorted set of packs into pages, in the one right way.
pub fn canonical_pages(packs: &[NeededPack]) -> Vec<&[NeededPack]> {
    let mut pages = Vec::new();
    let mut rest = packs;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .zip(1_usize..)
            .find(|(pack, count)| {
                *count >= limits::NEEDS_PAGE_NAMES_MAX || (*count >= limits::NEEDS_PAGE_NAMES_MIN && page_ends_after(&pack.name))
            })
            .map_or(rest.len(), |(_, count)| count);
        let (page, after) = rest.split_at(end.min(rest.len()));
        pages.push(page);
        rest = after;
    }
    pages
}

/// The public part of a needs page.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct NeedsPage {
    /// The packs, sorted by raw name.
    pub packs: Vec<NeededPack>,
}

impl NeedsPage {
    /// Encodes it.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes the public part of a needs page.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let page: Self = codec::decode("needs page", bytes)?;
        limits::check_count("packs in a needs page", page.packs.len(), limits::NEEDS_PAGE_NAMES_MAX)?;
        if page.packs.is_empty() {
            return Err(FormatError::Invalid { what: "needs page", why: "a page names at least one pack" });
        }
        check_sorted("needs page", &page.packs)?;
        Ok(page)
    }
}

/// The public part of an announcement: what a run that has taken long relies on and has written.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Announcement {
    /// When, by the writer's clock.
    pub time: super::Time,
    /// The packs, sorted by raw name.
    pub packs: Vec<NeededPack>,
}

impl Announcement {
    /// Encodes it.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes the public part of an announcement.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let announcement: Self = codec::decode("announcement", bytes)?;
        limits::check_count("packs in an announcement", announcement.packs.len(), limits::ANNOUNCEMENT_NAMES_MAX)?;
        announcement.time.validate("announcement")?;
        check_sorted("announcement", &announcement.packs)?;
        Ok(announcement)
    }
}

#[cfg(test)]
mod tests {
    use super::{NeededPack, PackKind, canonical_pages};
    use crate::format::PackName;

    fn packs(count: u32) -> Vec<NeededPack> {
        let mut packs: Vec<_> = (0..count)
            .map(|number| NeededPack {
                name: PackName(*blake3::hash(&number.to_le_bytes()).as_bytes()),
                length_bytes: 1,
                kind: PackKind::Data,
            })
            .collect();
        packs.sort();
        packs
    }

    #[test]
    fn pages_depend_on_what_is_in_them_alone() {
        let all = packs(20_000);
        let pages = canonical_pages(&all);
        assert_eq!(pages.concat(), all);
        assert!(pages.iter().rev().skip(1).all(|page| (128..=2048).contains(&page.len())));
        let mut fewer = all.clone();
        fewer.remove(10_000);
        let kept = canonical_pages(&fewer).iter().filter(|page| pages.contains(page)).count();
        assert!(kept + 3 >= pages.len(), "{kept} of {} pages kept", pages.len());
    }
}
