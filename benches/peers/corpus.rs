//! Owns the library that is snapped: made the same on every machine, measured, and read once before a step so that all find it in memory.

use crate::Fallible;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

const PHOTO_COUNT: u64 = 110;
const FILM_COUNT: u64 = 2;
const FILM_BYTES: u64 = 50 << 20;
const SIDECAR_COUNT: u64 = 2000;
const READ_BYTES: usize = 1 << 20;

/// Makes a library of about 500 MB: photos of 2 to 5 MB, every tenth of them twice and every tenth with another caption, films, sidecars.
///
/// Photos and films are bytes that nothing can shorten, as cameras nearly write them.
pub(crate) fn make(library: &Path) -> Fallible<()> {
    for number in 0..PHOTO_COUNT {
        let length_bytes = 2_000_000 + number * 7_919_993 % 3_000_000;
        let (year, name) = (2015 + number % 10, format!("IMG_{number:04}.JPG"));
        write(&library.join(format!("{year}/{name}")), b"first caption", ("photo", number), length_bytes, number)?;
        if number.is_multiple_of(10) {
            write(&library.join(format!("albums/best/{name}")), b"first caption", ("photo", number), length_bytes, number)?;
        }
        if number % 10 == 5 {
            write(&library.join(format!("albums/edited/{name}")), b"another, longer caption", ("photo", number), length_bytes, number)?;
        }
    }
    for number in 0..FILM_COUNT {
        write(&library.join(format!("films/MVI_{number:04}.MOV")), b"", ("film", number), FILM_BYTES, number)?;
    }
    for number in 0..SIDECAR_COUNT {
        let text = format!(
            "{{\n  \"title\": \"IMG_{number:04}.JPG\",\n  \"description\": \"\",\n  \"photoTakenTime\": {{ \"timestamp\": \"{}\" }},\n  \
             \"geoData\": {{ \"latitude\": {}.5, \"longitude\": {}.25, \"altitude\": 0.0 }},\n  \"people\": [{{ \"name\": \"Ann\" }}]\n}}\n",
            1_500_000_000 + number * 4801,
            number % 90,
            number % 180,
        );
        write(&library.join(format!("sidecars/{}/IMG_{number:04}.JPG.json", number % 20)), text.as_bytes(), ("", 0), 0, number)?;
    }
    Ok(())
}

/// A file of `head`, then `length_bytes` of the stream that is named.
fn write(path: &Path, head: &[u8], stream: (&str, u64), length_bytes: u64, day: u64) -> Fallible<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(head)?;
    let mut hasher = blake3::Hasher::new_derive_key("tintype 2026 bench library");
    hasher.update(stream.0.as_bytes()).update(&stream.1.to_le_bytes());
    std::io::copy(&mut hasher.finalize_xof().take(length_bytes), &mut file)?;
    let modified = UNIX_EPOCH + Duration::from_secs(1_500_000_000 + day * 86_400);
    file.into_inner()?.set_modified(modified)?;
    Ok(())
}

/// All files below `folder`, and the sum of their lengths in bytes.
fn files(folder: &Path) -> Fallible<(Vec<PathBuf>, u64)> {
    let mut files = Vec::new();
    let mut length_bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                length_bytes += entry.metadata()?.len();
                files.push(entry.path());
            }
        }
    }
    Ok((files, length_bytes))
}

/// How many files are below `folder`, and how many bytes they have.
pub(crate) fn measure(folder: &Path) -> Fallible<(usize, u64)> {
    files(folder).map(|(files, length_bytes)| (files.len(), length_bytes))
}

/// Reads and hashes every file once, on all cores.
pub(crate) fn hash_all(folder: &Path) -> Fallible<()> {
    let (files, _) = files(folder)?;
    let next = AtomicUsize::new(0);
    let hash_some = || -> std::io::Result<()> {
        let mut buffer = vec![0; READ_BYTES];
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut hasher = blake3::Hasher::new();
            let mut file = File::open(path)?;
            loop {
                match file.read(&mut buffer)? {
                    0 => break,
                    length => hasher.update(&buffer[..length]),
                };
            }
            std::hint::black_box(hasher.finalize());
        }
        Ok(())
    };
    let threads = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(hash_some)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| "a thread panicked")?.map_err(Box::<dyn std::error::Error>::from))
    })
}
