//! Owns the use of `bincode`: the one encoding of sealed and public bodies.
//! Implements `format-spec/README.md`, section "Encoding of values". No other file names the crate's functions.
//!
//! `bincode` alone accepts integers that are longer than needed and ignores what follows a value; both are refused here
//! by encoding the value again and comparing.

use super::FormatError;
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode, config};

/// Encodes a value. Format types hold nothing that can fail to encode.
pub(super) fn encode<T: Encode>(value: &T) -> Vec<u8> {
    bincode::encode_to_vec(value, config::standard()).unwrap_or_default()
}

/// As [`encode`], into bytes that do not move until they are longer than `room_bytes`: no copy of a secret is left where they were.
pub(super) fn encode_in_place<T: Encode>(value: &T, room_bytes: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(room_bytes);
    match bincode::encode_into_std_write(value, &mut bytes, config::standard()) {
        Ok(_) => bytes,
        Err(_) => Vec::new(),
    }
}

/// Decodes a value that fills `bytes` exactly.
pub(super) fn decode<T: Encode + Decode<()>>(what: &'static str, bytes: &[u8]) -> Result<T, FormatError> {
    let (value, used) = decode_front(what, bytes)?;
    if used == bytes.len() { Ok(value) } else { Err(FormatError::Tail { what }) }
}

/// Decodes a value that may be followed by zeros.
pub(super) fn decode_padded<T: Encode + Decode<()>>(what: &'static str, bytes: &[u8]) -> Result<T, FormatError> {
    let (value, used) = decode_front(what, bytes)?;
    let tail = bytes.get(used..).unwrap_or_default();
    if tail.iter().all(|byte| *byte == 0) { Ok(value) } else { Err(FormatError::Tail { what }) }
}

/// Bytes of memory that a value may claim for each of its encoded bytes. Integers claim at most 8 for one. An item of a list claims
/// its size in memory: most is that of an entry, whose shortest encoding has [`ENTRY_BYTES_MIN`] bytes. At any moment the items
/// that are still to come claim for bytes that are still to come, so the larger of both is enough.
const CLAIM_PER_BYTE: usize = 32;
/// A link of one byte: name 2, choice 1, target 2, facts 5, sections 1.
const ENTRY_BYTES_MIN: usize = 11;
/// As [`CLAIM_PER_BYTE`], beyond the length of an object: only directories are longer. Their shortest item is a padding record of 4 bytes.
const CLAIM_PER_BYTE_LONG: usize = 12;
const RECORD_BYTES_MIN: usize = 4;
const _: () = assert!(size_of::<super::Entry>() <= CLAIM_PER_BYTE * ENTRY_BYTES_MIN, "the longest legal page must decode");
const _: () = assert!(size_of::<super::Xattr>() <= CLAIM_PER_BYTE * 3 && size_of::<super::Section>() <= CLAIM_PER_BYTE * 2);
const _: () = assert!(size_of::<super::ReportItem>() <= CLAIM_PER_BYTE * 4);
const _: () = assert!(size_of::<super::Record>() <= CLAIM_PER_BYTE_LONG * RECORD_BYTES_MIN);
const _: () =
    assert!(size_of::<super::IndexedPack>() <= CLAIM_PER_BYTE_LONG * 68 && size_of::<super::RecordObject>() <= CLAIM_PER_BYTE_LONG * 34);

/// The limit bounds what a hostile count can make the decoder reserve: for each encoded byte at most four times the claim of a legal
/// value, 512 MiB for an object, 3 GiB for an index segment. It must be a constant of the type, so there are steps.
fn decode_bounded<T: Decode<()>>(bytes: &[u8]) -> Result<(T, usize), DecodeError> {
    macro_rules! within {
        ($length:literal, $claim:expr) => {
            bincode::decode_from_slice(bytes, config::standard().with_limit::<{ $length * $claim }>())
        };
    }
    match bytes.len() {
        0..=0xfff => within!(0x1000, CLAIM_PER_BYTE),
        0x1000..=0x3fff => within!(0x4000, CLAIM_PER_BYTE),
        0x4000..=0xffff => within!(0x1_0000, CLAIM_PER_BYTE),
        0x1_0000..=0x3_ffff => within!(0x4_0000, CLAIM_PER_BYTE),
        0x4_0000..=0xf_ffff => within!(0x10_0000, CLAIM_PER_BYTE),
        0x10_0000..=0x3f_ffff => within!(0x40_0000, CLAIM_PER_BYTE),
        0x40_0000..=0x100_0000 => within!(0x100_0000, CLAIM_PER_BYTE),
        0x100_0001..=0x400_0000 => within!(0x400_0000, CLAIM_PER_BYTE_LONG),
        0x400_0001..=0x1000_0000 => within!(0x1000_0000, CLAIM_PER_BYTE_LONG),
        _ => Err(DecodeError::LimitExceeded),
    }
}

fn decode_front<T: Encode + Decode<()>>(what: &'static str, bytes: &[u8]) -> Result<(T, usize), FormatError> {
    let (value, used) = decode_bounded::<T>(bytes).map_err(|error| FormatError::Decode { what, reason: error.to_string() })?;
    let mut rest = Compare(bytes.get(..used).unwrap_or_default());
    let same = bincode::encode_into_writer(&value, &mut rest, config::standard()).is_ok() && rest.0.is_empty();
    if same { Ok((value, used)) } else { Err(FormatError::NotCanonical { what }) }
}

/// Takes an encoding only if it is that of these bytes: no second copy is made, of a secret neither.
struct Compare<'a>(&'a [u8]);

impl Writer for Compare<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0 = self.0.strip_prefix(bytes).ok_or(EncodeError::Other("another encoding"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_padded, encode};
    use crate::format::{
        Announcement, Content, Directory, Entry, Facts, FormatError, IndexSegment, IndexedPack, NeededPack, NeedsPage, ObjectId, PackKind,
        PackName, Page, Piece, PieceList, Record, Time,
    };

    #[test]
    fn integers_have_one_encoding() {
        for (value, bytes) in [
            (0_u64, vec![0]),
            (250, vec![0xfa]),
            (251, vec![0xfb, 0xfb, 0]),
            (65_535, vec![0xfb, 0xff, 0xff]),
            (65_536, vec![0xfc, 0, 0, 1, 0]),
            (1 << 32, vec![0xfd, 0, 0, 0, 0, 1, 0, 0, 0]),
        ] {
            assert_eq!(encode(&value), bytes);
            assert_eq!(decode::<u64>("number", &bytes), Ok(value));
        }
        assert_eq!(decode::<u64>("number", &[0xfb, 5, 0]), Err(FormatError::NotCanonical { what: "number" }));
        assert_eq!(encode(&-1_i64), vec![1]);
        assert_eq!(encode(&-126_i64), vec![0xfb, 0xfb, 0]);
    }

    #[test]
    fn tails_are_refused_or_zero() {
        assert_eq!(decode::<u8>("byte", &[7, 0]), Err(FormatError::Tail { what: "byte" }));
        assert_eq!(decode_padded::<u8>("byte", &[7, 0, 0]), Ok(7));
        assert_eq!(decode_padded::<u8>("byte", &[7, 0, 1]), Err(FormatError::Tail { what: "byte" }));
    }

    #[test]
    fn a_hostile_count_reserves_nothing() {
        let claim = [0xfd, 0, 0, 0, 0, 16, 0, 0, 0];
        assert!(matches!(decode::<Vec<u8>>("bytes", &claim), Err(FormatError::Decode { .. })));
    }

    /// The shortest entries there are, by their number: links of one byte, names of up to three bytes without `/` and NUL.
    fn links(count: u32) -> Page {
        let digit = |value: u32| u8::try_from(value % 200).map_or(0xff, |digit| digit.saturating_add(0x30));
        let entry = |number: u32| Entry {
            name: vec![digit(number / 40_000), digit(number / 200), digit(number)],
            content: Content::Symlink(vec![b'x']),
            facts: Facts::default(),
            sections: Vec::new(),
        };
        Page { entries: (0..count).map(entry).collect() }
    }

    #[test]
    fn the_longest_legal_values_of_the_smallest_items_decode() {
        // 13 bytes each, and the count; every step of the decoder's bound has its longest page.
        for limit in [0xfff_u32, 0x3fff, 0xffff, 0x3_ffff, 0xf_ffff, 0x3f_ffff, 0x100_0000] {
            let page = links((limit - 5) / 13);
            let bytes = page.encode();
            assert!(u32::try_from(bytes.len()).unwrap() > limit - 20, "{} of {limit}", bytes.len());
            assert!(Page::decode(&bytes).unwrap() == page, "{limit}");
        }
        let piece = |number: u32| Piece { id: ObjectId([7; 32]), length_bytes: number % 200 + 1 };
        let list = PieceList { pieces: (0..65_536).map(piece).collect() };
        assert!(PieceList::decode(&list.encode()).unwrap() == list);
        let packs: Vec<_> = (0..2048_u32).map(pack).collect();
        assert_eq!(NeedsPage::decode(&NeedsPage { packs: packs.clone() }.encode()), Ok(NeedsPage { packs }));
        let announcement = Announcement { time: Time::default(), packs: (0..131_072).map(pack).collect() };
        assert!(Announcement::decode(&announcement.encode()).unwrap() == announcement);
    }

    #[test]
    fn the_longest_legal_directories_and_segments_of_the_smallest_records_decode() {
        let empty = Record { codec: 0, stored_bytes: 0, raw_bytes: 0, objects: Vec::new() };
        let full = Directory { records: vec![empty; 1 << 20] };
        assert!(Directory::decode(&full.encode(), PackKind::Data, 128).unwrap() == full);
        let indexed = |number: u32| IndexedPack {
            name: pack(number).name,
            length_bytes: 200,
            kind: PackKind::Data,
            salt: [0; 32],
            records_end: 128,
            directory: Directory::default(),
        };
        let many = IndexSegment { packs: (0..250_000).map(indexed).collect() };
        assert!(IndexSegment::decode(&many.encode()).unwrap() == many);
        let deep = IndexSegment { packs: (0..5).map(|number| IndexedPack { directory: full.clone(), ..indexed(number) }).collect() };
        let bytes = deep.encode();
        assert!(bytes.len() > 0x100_0000, "{}", bytes.len());
        assert!(IndexSegment::decode(&bytes).unwrap() == deep);
    }

    fn pack(number: u32) -> NeededPack {
        let mut name = [0; 32];
        name[..4].copy_from_slice(&number.to_be_bytes());
        NeededPack { name: PackName(name), length_bytes: 1, kind: PackKind::Data }
    }
}
