//! Owns making a repository as large as nobody wants to wait for: real index segments, pack directories and trailers over holes instead of photos.
//!
//! `cargo bench --bench growth -- make FOLDER OBJECTS` fills a folder, which `benches/growth.py` then measures commands on. Nothing is asserted
//! about times.

use std::error::Error;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use tintype::crypto::Sealing;
use tintype::format::{
    Directory, FileKind, IndexSegment, IndexedPack, NameFolder, ObjectId, ObjectKind, PackKind, PackName, Record, RecordObject, StoredFile,
    StoredName, Trailer,
};
use tintype::repo::{NewProtection, Repository, Surroundings};
use tintype::store::{LocalStore, OsDisk};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Objects of a pack, and the bytes that each pretends to have: a pack of 64 MB.
const PACK_OBJECTS: u64 = 1000;
const OBJECT_BYTES: u32 = 64_000;
/// Packs of one segment: of these a segment is full.
const SEGMENT_PACKS: usize = 400;

fn main() -> Fallible<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.as_slice() {
        [make, folder, objects] if make == "make" => fill(Path::new(folder), objects.parse()?),
        // `cargo test --all-targets` starts benches too.
        _ => {
            println!("growth: run it with cargo bench --bench growth -- make FOLDER OBJECTS");
            Ok(())
        }
    }
}

/// 32 bytes that depend on a word and a number alone.
fn derived(word: &str, number: u64) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("tintype 2026 growth bench");
    *hasher.update(word.as_bytes()).update(&number.to_le_bytes()).finalize().as_bytes()
}

fn fill(folder: &Path, objects: u64) -> Fallible<()> {
    let store = Arc::new(LocalStore::create(Arc::new(OsDisk), folder.to_owned(), "bench")?);
    let (repository, _) = Repository::create(store, &NewProtection::Plain, Surroundings::plain())?;
    let (id, sealing) = (repository.id(), Sealing::Plain);
    let mut segment = Vec::new();
    for number in 0..objects / PACK_OBJECTS {
        let salt = derived("salt", number);
        let of_pack = (number * PACK_OBJECTS)..((number + 1) * PACK_OBJECTS);
        let record = |object| Record {
            codec: 0,
            stored_bytes: OBJECT_BYTES,
            raw_bytes: OBJECT_BYTES,
            objects: vec![RecordObject { id: ObjectId(derived("object", object)), kind: ObjectKind::Chunk, length_bytes: OBJECT_BYTES }],
        };
        let directory = Directory { records: of_pack.map(record).collect() };
        let seal = sealing.create(FileKind::DataPack, id, salt)?;
        let header = seal.header_bytes();
        let records_end = header.len() as u64 + PACK_OBJECTS * u64::from(OBJECT_BYTES);
        let mut body = directory.encode();
        seal.seal_directory(&mut body)?;
        let sealed_bytes = u32::try_from(body.len())?;
        let file_bytes = records_end + u64::from(sealed_bytes) + tintype::format::TRAILER_BYTES as u64;
        let trailer = Trailer { kind: FileKind::DataPack, sealed_bytes, file_bytes, sealed_offset: records_end, salt };
        // No pack has this hash: nobody reads one whole here.
        let name = PackName(derived("pack", number));
        let path = folder.join(StoredFile::first(NameFolder::Packs, name).path());
        fs::create_dir_all(path.parent().ok_or("a pack lies in a folder")?)?;
        let mut file = File::create(path)?;
        file.write_all(header)?;
        file.seek(SeekFrom::Start(records_end))?;
        file.write_all(&body)?;
        file.write_all(&trailer.encode())?;
        segment.push(IndexedPack { name, length_bytes: file_bytes, kind: PackKind::Data, salt, records_end, directory });
        if segment.len() == SEGMENT_PACKS {
            write_segment(folder, &sealing, &repository, std::mem::take(&mut segment))?;
        }
    }
    write_segment(folder, &sealing, &repository, segment)
}

fn write_segment(folder: &Path, sealing: &Sealing, repository: &Repository, packs: Vec<IndexedPack>) -> Fallible<()> {
    let Some(first) = packs.first() else { return Ok(()) };
    let salt = first.salt;
    let mut sorted = packs;
    sorted.sort_by_key(|pack| pack.name);
    let bytes = sealing.seal_file(FileKind::Index, repository.id(), salt, &[], IndexSegment { packs: sorted }.encode())?;
    let file = StoredFile::first(NameFolder::Index, StoredName(*blake3::hash(&bytes).as_bytes()));
    let path = folder.join(file.path());
    fs::create_dir_all(path.parent().ok_or("a segment lies in a folder")?)?;
    fs::write(path, bytes)?;
    Ok(())
}
