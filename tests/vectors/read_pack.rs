//! Owns the reading of a whole pack as `format-spec/packs.md` orders it: trailer, header, key, directory, records, objects.

use super::read::{same, sealing};
use super::seal::REPOSITORY;
use super::vector::{Outcome, Refused, Vector};
use tintype::format::{Codec, Directory, FileKind, PackKind, Record, SealedFile};

/// Reads a vector of kind `pack` or `directory`.
pub(crate) fn read(vector: &Vector) -> Outcome {
    let kind = match vector.line("pack") {
        Some("data") => PackKind::Data,
        Some("meta") => PackKind::Meta,
        other => panic!("{other:?}: not a kind of packs"),
    };
    if vector.kind() == "directory" {
        let end = vector.line("records-end").and_then(|text| text.parse().ok()).expect("where the records end");
        let directory = Directory::decode(&vector.bytes, kind, end)?;
        return same(&vector.bytes, &directory.encode());
    }
    if let Some(name) = vector.line("name")
        && blake3::hash(&vector.bytes).to_hex().as_str() != name
    {
        return Err(Refused::new("hash-mismatch", "name"));
    }
    pack(vector, kind.file_kind(), kind)
}

fn pack(vector: &Vector, file_kind: FileKind, kind: PackKind) -> Outcome {
    let file = SealedFile::split(&vector.bytes, file_kind, REPOSITORY)?;
    let seal = sealing(vector).open(&file.header)?;
    let mut body = file.sealed.to_vec();
    let length = seal.open_directory(&mut body)?;
    body.truncate(length);
    let records_end = u64::try_from(file.covered.len()).expect("short");
    let directory = Directory::decode(&body, kind, records_end)?;
    for (ordinal, (offset, record)) in (0_u32..).zip(directory.record_offsets()) {
        let from = usize::try_from(offset).expect("short");
        let mut stored = file.covered[from..from + usize::try_from(record.stored_bytes).expect("short")].to_vec();
        let length = seal.open_record(ordinal, &mut stored)?;
        stored.truncate(length);
        objects(record, &decoded(record, stored)?)?;
    }
    same(&body, &directory.encode())
}

fn decoded(record: &Record, stored: Vec<u8>) -> Result<Vec<u8>, Refused> {
    let raw_bytes = usize::try_from(record.raw_bytes).expect("short");
    let raw = match Codec::from_number(record.codec) {
        Some(Codec::Differences) => {
            let Some((distance @ 1..=16, frame)) = stored.split_first() else {
                return Err(Refused::new("record-not-decodable", "codec"));
            };
            let mut raw = decoded(&Record { codec: 1, ..record.clone() }, frame.to_vec())?;
            for at in usize::from(*distance)..raw.len() {
                raw[at] = raw[at].wrapping_add(raw[at - usize::from(*distance)]);
            }
            raw
        }
        None => return Err(Refused::new("format-too-new", "codec")),
        Some(Codec::Stored) => stored,
        Some(Codec::Zstd) => {
            // The library would take several frames in a row.
            if zstd::zstd_safe::find_frame_compressed_size(&stored) != Ok(stored.len()) {
                return Err(Refused::new("record-not-decodable", "codec"));
            }
            // A window of its own is stated where the frame is not of a single segment: exponent and eighths.
            let (flags, window) = (stored[4], stored[5]);
            if flags >> 5 & 1 == 0 && ((1_u64 << (window >> 3)) << 10) / 8 * u64::from(8 + (window & 7)) > 16 << 20 {
                return Err(Refused::new("record-not-decodable", "codec"));
            }
            let mut raw = vec![0; raw_bytes];
            let length = zstd::bulk::Decompressor::new()
                .and_then(|mut zstd| zstd.decompress_to_buffer(&stored, &mut raw))
                .map_err(|_| Refused::new("record-not-decodable", "codec"))?;
            raw.truncate(length);
            raw
        }
    };
    if raw.len() == raw_bytes { Ok(raw) } else { Err(Refused::new("record-not-decodable", "codec")) }
}

fn objects(record: &Record, raw: &[u8]) -> Result<(), Refused> {
    if record.objects.is_empty() && raw.iter().any(|byte| *byte != 0) {
        return Err(Refused::new("tail-not-zero", "decode"));
    }
    let mut rest = raw;
    for object in &record.objects {
        let (bytes, after) = rest.split_at(usize::try_from(object.length_bytes).expect("short"));
        rest = after;
        if object.kind.id_of(bytes) != object.id {
            return Err(Refused::new("hash-mismatch", "hash"));
        }
    }
    Ok(())
}
