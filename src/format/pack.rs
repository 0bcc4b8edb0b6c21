//! Owns what a pack's directory says. Implements `format-spec/packs.md`.
//!
//! Records tile the space between header and directory, and objects tile the raw bytes of their record: offsets are sums, never stored.

use super::header::HEADER_BYTES;
use super::{FormatError, ObjectId, ObjectKind, PackKind, codec, limits};
use bincode::{Decode, Encode};

/// How a record's raw bytes were made smaller before they were sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Not at all.
    Stored,
    /// One zstd frame (RFC 8878), window at most 16 MiB.
    Zstd,
    /// A distance, then a zstd frame of differences: of each byte to the one this far before it. For pixels that nothing compressed yet.
    Differences,
}

impl Codec {
    /// The number in a directory.
    pub fn number(self) -> u8 {
        match self {
            Self::Stored => 0,
            Self::Zstd => 1,
            Self::Differences => 2,
        }
    }

    /// The codec of this number; larger ones are of later versions.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Stored),
            1 => Some(Self::Zstd),
            2 => Some(Self::Differences),
            _ => None,
        }
    }
}

/// One object within its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct RecordObject {
    /// Its id.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// Its raw length, in bytes.
    pub length_bytes: u32,
}

/// What was compressed and sealed in one go.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// A [`Codec`] number; unknown ones are kept, and refused when the record is read.
    pub codec: u8,
    /// Length in the pack, tag included, in bytes.
    pub stored_bytes: u32,
    /// Length after decoding, in bytes.
    pub raw_bytes: u32,
    /// The objects, one after the other; none in the padding record.
    pub objects: Vec<RecordObject>,
}

/// All records of a pack, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Directory {
    /// The records.
    pub records: Vec<Record>,
}

/// Where an object lies: enough to read it with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectPlace {
    /// The object.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// The record's number in its pack, which is its nonce.
    pub ordinal: u32,
    /// The record's codec number.
    pub codec: u8,
    /// Where the record begins in the pack, in bytes.
    pub record_offset: u64,
    /// The record's length in the pack, in bytes.
    pub stored_bytes: u32,
    /// The record's raw length, in bytes.
    pub raw_bytes: u32,
    /// Where the object begins in the record's raw bytes.
    pub object_offset: u32,
    /// The object's raw length, in bytes.
    pub object_bytes: u32,
}

impl Directory {
    /// Encodes it.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes the directory of a pack of `kind` whose records end at `records_end`; zeros may follow the value.
    pub fn decode(bytes: &[u8], kind: PackKind, records_end: u64) -> Result<Self, FormatError> {
        limits::check("length of a directory", limits::to_u64(bytes.len()), limits::DIRECTORY_BYTES_MAX)?;
        let directory: Self = codec::decode_padded("directory", bytes)?;
        directory.validate(kind, records_end)?;
        Ok(directory)
    }

    /// Checks all that a directory may say of a pack whose records end at `records_end`.
    pub fn validate(&self, kind: PackKind, records_end: u64) -> Result<(), FormatError> {
        let invalid = |why| FormatError::Invalid { what: "directory", why };
        limits::check_count("records", self.records.len(), limits::RECORDS_MAX)?;
        let mut end = limits::to_u64(HEADER_BYTES);
        for record in &self.records {
            end = end.checked_add(record.stored_bytes.into()).ok_or(invalid("lengths of records overflow"))?;
            limits::check("stored length of a record", record.stored_bytes.into(), limits::RECORD_STORED_BYTES_MAX.into())?;
            limits::check("raw length of a record", record.raw_bytes.into(), limits::RECORD_RAW_BYTES_MAX.into())?;
            if record.objects.is_empty() {
                if record.codec != Codec::Stored.number() {
                    return Err(invalid("a padding record must not be compressed"));
                }
                continue;
            }
            let mut raw = 0_u32;
            for object in &record.objects {
                if (object.kind == ObjectKind::Chunk) != (kind == PackKind::Data) {
                    return Err(invalid("data packs hold chunks, meta packs all other objects"));
                }
                if object.length_bytes == 0 {
                    return Err(invalid("an object has at least one byte"));
                }
                raw = raw.checked_add(object.length_bytes).ok_or(invalid("lengths of objects overflow"))?;
            }
            if raw != record.raw_bytes {
                return Err(invalid("objects must fill their record exactly"));
            }
        }
        if end != records_end {
            return Err(invalid("records must fill the space before the directory exactly"));
        }
        Ok(())
    }

    /// Every object with its place, in order. Only for a validated directory: sums saturate.
    pub fn places(&self) -> impl Iterator<Item = ObjectPlace> + '_ {
        let mut offset = limits::to_u64(HEADER_BYTES);
        self.records.iter().zip(0_u32..).flat_map(move |(record, ordinal)| {
            let record_offset = offset;
            offset = offset.saturating_add(record.stored_bytes.into());
            let mut object_offset = 0_u32;
            record.objects.iter().map(move |object| {
                let place = ObjectPlace {
                    id: object.id,
                    kind: object.kind,
                    ordinal,
                    codec: record.codec,
                    record_offset,
                    stored_bytes: record.stored_bytes,
                    raw_bytes: record.raw_bytes,
                    object_offset,
                    object_bytes: object.length_bytes,
                };
                object_offset = object_offset.saturating_add(object.length_bytes);
                place
            })
        })
    }

    /// Where each record begins in the pack, and the record.
    pub fn record_offsets(&self) -> impl Iterator<Item = (u64, &Record)> + '_ {
        self.records.iter().scan(limits::to_u64(HEADER_BYTES), |offset, record| {
            let begin = *offset;
            *offset = begin.saturating_add(record.stored_bytes.into());
            Some((begin, record))
        })
    }
}
