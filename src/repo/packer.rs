//! Owns filling packs: records are encoded, sealed, decoded again and compared, hashed and handed to the writers.
//! Implements `format-spec/packs.md`.
//!
//! Each record is opened, decoded and re-hashed before it counts: a pack with a record that does not come back is never finished.

use super::RepoError;
use super::buffer::Buffer;
use super::pack_run::{PackFiles, PackRun};
use super::record::{Decoder, Encoder, Expect, open_and_compare};
use crate::crypto::{CryptoError, FileSeal};
use crate::format::{
    Codec, Directory, IndexedPack, ObjectId, ObjectKind, PackKind, PackName, Record, RecordObject, TRAILER_BYTES, Trailer, limits, padme,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A pack is finished before it would be longer, in bytes.
const TARGET_BYTES: u64 = 64 << 20;
/// Packs shorter than this are padded in encrypted repositories, in bytes: the last ones of a run, whose lengths would tell how much was new.
/// Others end where the next record would not fit, which may be one of 17 MiB.
const PADDED_BELOW_BYTES: u64 = 46 << 20;
/// Room for a record that a packer keeps between records, in bytes: larger ones are rare, and it is given back after them. Most photos fit;
/// memory that is given back and asked for again for each of them would cost more than sealing it.
const KEPT_BYTES: usize = 8 << 20;
/// Room in a directory for one object and for one record, in bytes: generous.
const DIRECTORY_OBJECT_BYTES: u64 = 39;
const DIRECTORY_RECORD_BYTES: u64 = 16;

/// What small objects are grouped by: like compresses best with like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Trees, lists, reports.
    Meta,
    /// Text of any kind: JSON, XMP, AAE.
    Text,
    /// Small pictures: thumbnails share their tables.
    Picture,
    /// Anything else.
    Other,
}

#[derive(Debug, Default)]
struct Pending {
    raw: Vec<u8>,
    objects: Vec<RecordObject>,
}

struct OpenPack {
    seal: FileSeal,
    files: Arc<PackFiles>,
    hasher: blake3::Hasher,
    directory: Directory,
    /// Bytes so far, header included.
    length_bytes: u64,
    directory_bytes: u64,
    buffer: Buffer,
    buffer_offset: u64,
}

/// Fills one pack after the other.
pub struct Packer<'p, 'r> {
    run: &'p PackRun<'r>,
    kind: PackKind,
    open: Option<OpenPack>,
    groups: [Pending; 4],
    encoder: Encoder,
    decoder: Decoder,
    sealed: Vec<u8>,
    raw: Vec<u8>,
}

impl std::fmt::Debug for Packer<'_, '_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Packer({:?})", self.kind)
    }
}

impl<'p, 'r> Packer<'p, 'r> {
    pub(super) fn new(run: &'p PackRun<'r>, kind: PackKind) -> Self {
        let (encoder, decoder) = (Encoder::new(), Decoder::new());
        Self { run, kind, open: None, groups: Default::default(), encoder, decoder, sealed: Vec::new(), raw: Vec::new() }
    }

    /// Stores one object as a record of its own.
    pub fn add(&mut self, kind: ObjectKind, id: ObjectId, raw: &[u8], expect: Expect) -> Result<(), RepoError> {
        let object = RecordObject { id, kind, length_bytes: length(raw)? };
        self.add_record(raw, vec![object], expect)
    }

    /// Stores a small object together with others of its like.
    pub fn add_small(&mut self, group: Group, kind: ObjectKind, id: ObjectId, raw: &[u8]) -> Result<(), RepoError> {
        let object = RecordObject { id, kind, length_bytes: length(raw)? };
        let limit = usize::try_from(limits::GROUP_RAW_BYTES_MAX).unwrap_or(usize::MAX);
        let position = group_position(group);
        if self.groups.get(position).is_some_and(|pending| !pending.raw.is_empty() && pending.raw.len() + raw.len() > limit) {
            self.flush(position)?;
        }
        if let Some(pending) = self.groups.get_mut(position) {
            pending.raw.extend_from_slice(raw);
            pending.objects.push(object);
        }
        Ok(())
    }

    fn flush(&mut self, position: usize) -> Result<(), RepoError> {
        let Some(pending) = self.groups.get_mut(position) else { return Ok(()) };
        if pending.objects.is_empty() {
            return Ok(());
        }
        let (mut raw, mut objects) = (std::mem::take(&mut pending.raw), std::mem::take(&mut pending.objects));
        // They are kept until the run ends.
        objects.shrink_to_fit();
        let expect = if position == group_position(Group::Picture) { Expect::Pictures } else { Expect::Smaller };
        self.add_record(&raw, objects, expect)?;
        raw.clear();
        if let Some(pending) = self.groups.get_mut(position) {
            pending.raw = raw;
        }
        Ok(())
    }

    /// Stores what is pending and finishes the open pack.
    pub fn finish(mut self) -> Result<(), RepoError> {
        for position in 0..self.groups.len() {
            self.flush(position)?;
        }
        self.finish_pack()
    }

    /// Bytes that the open pack holds so far; 0 if none is open.
    pub fn filled_bytes(&self) -> u64 {
        self.open.as_ref().map_or(0, |pack| pack.length_bytes)
    }

    fn add_record(&mut self, raw: &[u8], objects: Vec<RecordObject>, expect: Expect) -> Result<(), RepoError> {
        self.run.check()?;
        self.sealed.clear();
        let codec = match self.encoder.encode(raw, expect) {
            Some(packed) => {
                self.sealed.extend_from_slice(packed.bytes);
                packed.codec
            }
            None => {
                self.sealed.extend_from_slice(raw);
                Codec::Stored
            }
        };
        let saved = raw.len().saturating_sub(self.sealed.len());
        self.run.totals.saved_bytes.fetch_add(u64::try_from(saved).unwrap_or(0), Ordering::Relaxed);
        let more_directory = DIRECTORY_RECORD_BYTES + DIRECTORY_OBJECT_BYTES * u64::try_from(objects.len()).unwrap_or(0);
        let more = u64::try_from(self.sealed.len()).unwrap_or(0) + more_directory + 2048;
        if self.open.as_ref().is_some_and(|pack| pack.length_bytes + pack.directory_bytes + more > TARGET_BYTES) {
            self.finish_pack()?;
        }
        if self.open.is_none() {
            self.open = Some(self.begin(raw)?);
        }
        let Some(pack) = self.open.as_mut() else { return Err(RepoError::Stopped) };
        let ordinal = u32::try_from(pack.directory.records.len()).unwrap_or(u32::MAX);
        pack.seal.seal_record(ordinal, &mut self.sealed).map_err(in_pack)?;
        let record = Record { codec: codec.number(), stored_bytes: length(&self.sealed)?, raw_bytes: length(raw)?, objects };
        pack.append(self.run, &self.sealed)?;
        // Opened where it was sealed, which spares a copy: what is on its way to the drive gets no name if this fails.
        if open_and_compare(&pack.seal, ordinal, &record, &mut self.sealed, &mut self.raw, &mut self.decoder).is_err() {
            return Err(RepoError::Verification);
        }
        pack.directory_bytes += more_directory;
        pack.directory.records.push(record);
        for room in [&mut self.sealed, &mut self.raw] {
            room.clear();
            room.shrink_to(KEPT_BYTES);
        }
        self.encoder.shrink_to(KEPT_BYTES);
        Ok(())
    }

    fn begin(&self, first_record: &[u8]) -> Result<OpenPack, RepoError> {
        let repository = self.run.repository;
        let salt = repository.salt(first_record)?;
        let seal = repository.sealing()?.create(self.kind.file_kind(), repository.id(), salt).map_err(in_pack)?;
        let header = *seal.header_bytes();
        let mut pack = OpenPack {
            seal,
            files: self.run.begin(self.kind)?,
            hasher: blake3::Hasher::new(),
            directory: Directory::default(),
            length_bytes: 0,
            directory_bytes: 0,
            buffer: self.run.buffer(),
            buffer_offset: 0,
        };
        pack.append(self.run, &header)?;
        Ok(pack)
    }

    fn finish_pack(&mut self) -> Result<(), RepoError> {
        let Some(mut pack) = self.open.take() else { return Ok(()) };
        let tag_bytes = pack.seal.tag_bytes();
        let is_encrypted = tag_bytes > 0;
        let with_tag = pack.length_bytes + u64::try_from(tag_bytes).unwrap_or(0);
        if is_encrypted && with_tag < PADDED_BELOW_BYTES {
            let zeros = usize::try_from(padme(with_tag) - with_tag).unwrap_or(0);
            let mut padding = vec![0; zeros];
            let raw_bytes = length(&padding)?;
            let ordinal = u32::try_from(pack.directory.records.len()).unwrap_or(u32::MAX);
            pack.seal.seal_record(ordinal, &mut padding).map_err(in_pack)?;
            let record = Record { codec: Codec::Stored.number(), stored_bytes: length(&padding)?, raw_bytes, objects: Vec::new() };
            pack.append(self.run, &padding)?;
            pack.directory.records.push(record);
        }
        let records_end = pack.length_bytes;
        let mut body = pack.directory.encode();
        if is_encrypted {
            let padded = padme(u64::try_from(body.len()).unwrap_or(0));
            body.resize(usize::try_from(padded).unwrap_or(body.len()), 0);
        }
        pack.seal.seal_directory(&mut body).map_err(in_pack)?;
        let file_bytes = records_end + u64::from(length(&body)?) + limits::to_u64(TRAILER_BYTES);
        let header = *pack.seal.header();
        let trailer =
            Trailer { kind: header.kind, sealed_bytes: length(&body)?, file_bytes, sealed_offset: records_end, salt: header.salt };
        pack.append(self.run, &body)?;
        pack.append(self.run, &trailer.encode())?;
        let OpenPack { files, hasher, directory, buffer, buffer_offset, .. } = pack;
        if buffer.filled().is_empty() {
            self.run.pool.give_back(buffer);
        } else {
            self.run.write(&files, buffer_offset, buffer)?;
        }
        let name = PackName(*hasher.finalize().as_bytes());
        let indexed = IndexedPack { name, length_bytes: file_bytes, kind: self.kind, salt: header.salt, records_end, directory };
        self.run.finish(files, indexed)
    }
}

impl Drop for Packer<'_, '_> {
    fn drop(&mut self) {
        // An error left the pack unfinished: its upload removes itself, its buffer goes back to whoever waits for one.
        if let Some(pack) = self.open.take() {
            self.run.pool.give_back(pack.buffer);
        }
    }
}

impl OpenPack {
    fn append(&mut self, run: &PackRun<'_>, bytes: &[u8]) -> Result<(), RepoError> {
        self.hasher.update(bytes);
        self.length_bytes += u64::try_from(bytes.len()).unwrap_or(0);
        let mut rest = self.buffer.fill(bytes);
        while self.buffer.is_full() {
            let written = u64::try_from(self.buffer.filled().len()).unwrap_or(0);
            let full = std::mem::replace(&mut self.buffer, run.buffer());
            run.write(&self.files, self.buffer_offset, full)?;
            self.buffer_offset += written;
            rest = self.buffer.fill(rest);
        }
        Ok(())
    }
}

fn group_position(group: Group) -> usize {
    match group {
        Group::Meta => 0,
        Group::Text => 1,
        Group::Picture => 2,
        Group::Other => 3,
    }
}

fn length(bytes: &[u8]) -> Result<u32, RepoError> {
    let over = || crate::format::FormatError::Limit {
        what: "length of a record",
        limit: limits::PACK_BYTES_MAX,
        found: limits::to_u64(bytes.len()),
    };
    u32::try_from(bytes.len()).map_err(|_| in_pack(CryptoError::Format(over())))
}

fn in_pack(error: CryptoError) -> RepoError {
    RepoError::not_made("a new pack")(error)
}
