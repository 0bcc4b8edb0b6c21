//! Owns the contract that every [`Store`] keeps, as one function that a test calls: [`contract`].
//!
//! It lies in the library, and not among the tests, so that a store that lives elsewhere can be held to the same contract.
//! It is test code: a broken contract is a panic with the reason.

mod uploads;

use super::{Operation, Put, Store, StoreError, Upload};
use uploads::{dropped_upload, large, unaligned_uploads, uploads};

/// Everything is done below this folder; what else the store holds stays untouched.
const FOLDER: &str = "contract";

/// Holds `store` to the contract of [`Store`]. Panics with the reason where it is broken.
///
/// Writes below the folder `contract`, which is absent or empty, and empties it again. Needs 64 MiB there and some 256 MiB of memory.
pub fn contract(store: &dyn Store) {
    assert!(!store.place().is_empty(), "a place can be named");
    assert_eq!(list(store, FOLDER), [] as [String; 0], "an absent folder is empty");
    whole_files(store);
    empty_and_removed_files(store);
    ranges(store);
    lists(store);
    names(store);
    uploads(store);
    unaligned_uploads(store);
    dropped_upload(store);
    replacing(store);
    one_name_from_many_threads(store);
    large(store);
    for name in list(store, FOLDER) {
        ok(Operation::Remove, store.remove(&name));
    }
    ok(Operation::Sync, store.sync());
    assert_eq!(list(store, FOLDER), [] as [String; 0], "everything was removed");
}

#[track_caller]
fn ok<T>(operation: Operation, result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{operation} must succeed, but: {error} ({error:?})"),
    }
}

#[track_caller]
fn code<T: std::fmt::Debug>(result: Result<T, StoreError>) -> &'static str {
    match result {
        Ok(value) => panic!("an error was due, but it gave {value:?}"),
        Err(error) => error.code(),
    }
}

#[track_caller]
fn list(store: &dyn Store, folder: &str) -> Vec<String> {
    ok(Operation::List, store.list(folder)).into_iter().map(|file| file.name).collect()
}

#[track_caller]
fn put(store: &dyn Store, name: &str, bytes: &[u8]) -> Put {
    ok(Operation::Put, store.put(name, bytes))
}

#[track_caller]
fn get(store: &dyn Store, name: &str) -> Vec<u8> {
    ok(Operation::Get, store.get(name, u64::MAX))
}

/// Bytes in which every page differs, to notice pieces in the wrong place.
fn pattern(length: usize, salt: u8) -> Vec<u8> {
    (0..length).map(|index| (index as u8).wrapping_add((index >> 8) as u8).wrapping_mul(31).wrapping_add(salt)).collect()
}

fn whole_files(store: &dyn Store) {
    let name = "contract/whole/a";
    assert_eq!(code(store.get(name, 9)), "not-found", "an absent file cannot be read");
    assert_eq!(ok(Operation::Stat, store.stat(name)), None, "an absent file has no facts");
    assert_eq!(put(store, name, b"first"), Put::Stored, "a free name takes bytes");
    assert_eq!(get(store, name), b"first", "what was put is there");
    assert_eq!(put(store, name, b"first"), Put::AlreadyThere, "the same bytes again are no change");
    assert_eq!(put(store, name, b"other"), Put::Differs, "a name is never given other bytes of the same length");
    assert_eq!(put(store, name, b"longer bytes"), Put::Differs, "a name is never given other bytes");
    assert_eq!(put(store, name, b""), Put::Differs, "a name is never emptied");
    assert_eq!(get(store, name), b"first", "a refused put changes nothing");
    assert_eq!(list(store, "contract/whole"), [name], "a refused put leaves nothing behind");
    assert_eq!(ok(Operation::Get, store.get(name, 5)), b"first", "a file may be exactly as long as allowed");
    assert_eq!(code(store.get(name, 4)), "too-long", "a longer file is not read");
    let facts = ok(Operation::Stat, store.stat(name));
    assert_eq!(facts.map(|file| (file.name, file.length_bytes)), Some((name.to_owned(), 5)), "the facts fit the file");
}

fn empty_and_removed_files(store: &dyn Store) {
    let name = "contract/whole/a";
    let empty = "contract/whole/empty";
    assert_eq!(put(store, empty, b""), Put::Stored, "a file may be empty");
    assert_eq!(put(store, empty, b""), Put::AlreadyThere, "an empty file is a file");
    assert_eq!(put(store, empty, b"x"), Put::Differs, "an empty file is not a free name");
    assert_eq!(ok(Operation::Get, store.get(empty, 0)), b"", "an empty file can be read");
    ok(Operation::Remove, store.remove(name));
    ok(Operation::Remove, store.remove(name));
    assert_eq!(code(store.get(name, 9)), "not-found", "a removed file is gone");
    assert_eq!(put(store, name, b"other"), Put::Stored, "a removed name is free");
    assert_eq!(get(store, name), b"other", "a name taken again has its new bytes");
}

fn ranges(store: &dyn Store) {
    let name = "contract/ranges/r";
    let bytes = pattern(10_000, 1);
    put(store, name, &bytes);
    for (offset, length) in [(0, 10_000), (0, 1), (9_999, 1), (4_095, 2), (1_234, 5_678)] {
        let mut part = vec![0; length];
        ok(Operation::GetRange, store.get_range(name, offset as u64, &mut part));
        assert!(part == bytes[offset..offset + length], "the range of {length} bytes from {offset} has the file's bytes");
    }
    let mut part = [0; 2];
    assert_eq!(code(store.get_range(name, 9_999, &mut part)), "short", "a range over the end is short");
    assert_eq!(code(store.get_range(name, 10_000, &mut part)), "short", "a range at the end is short");
    assert_eq!(code(store.get_range(name, u64::MAX - 1, &mut part)), "short", "a range far past the end is short");
    match store.get_range(name, 9_999, &mut part) {
        Err(StoreError::Short { length_bytes, offset, wanted_bytes, .. }) => {
            assert_eq!((length_bytes, offset, wanted_bytes), (10_000, 9_999, 2), "short says how long the file is");
        }
        other => panic!("a range over the end must be short, not {other:?}"),
    }
    ok(Operation::GetRange, store.get_range(name, 0, &mut []));
    assert_eq!(code(store.get_range("contract/ranges/absent", 0, &mut [])), "not-found", "no range of an absent file");
    assert_eq!(code(store.get_range("contract/ranges", 0, &mut part)), "not-found", "a folder is no file");
}

fn lists(store: &dyn Store) {
    let names = ["contract/l/a/2", "contract/l/b", "contract/l/a/1", "contract/l/a.b", "contract/l2/x", "contract/l/a/d/e/f"];
    for name in names {
        put(store, name, name.as_bytes());
    }
    let below = ["contract/l/a.b", "contract/l/a/1", "contract/l/a/2", "contract/l/a/d/e/f", "contract/l/b"];
    assert_eq!(list(store, "contract/l"), below, "a listing is sorted by name and holds all below the folder, and only that");
    assert_eq!(list(store, "contract/l/a"), below[1..4], "a deeper folder can be listed");
    assert_eq!(list(store, "contract/l/a/zzz"), [] as [String; 0], "an absent folder is empty");
    let top = list(store, "");
    assert!(names.iter().all(|name| top.iter().any(|found| found == name)), "the empty folder name lists everything");
    assert!(top.is_sorted(), "the whole listing is sorted");
    for file in ok(Operation::List, store.list("contract/l")) {
        assert_eq!(file.length_bytes, file.name.len() as u64, "a listing gives the length of {}", file.name);
        assert!(!file.placeholder, "{} is no placeholder", file.name);
        let alone = ok(Operation::Stat, store.stat(&file.name));
        assert_eq!(alone.as_ref(), Some(&file), "one file's facts are those of the listing");
    }
    assert_eq!(ok(Operation::Stat, store.stat("contract/l/a")), None, "a folder is no file");
    ok(Operation::Remove, store.remove("contract/l/a/1"));
    assert_eq!(list(store, "contract/l/a"), below[2..4], "a removed file is in no listing");
}

fn refused_names(store: &dyn Store) {
    let too_long = format!("contract/{}", "n".repeat(201));
    let bad = ["", "/contract/x", "contract/", "contract//x", ".", "..", "contract/../x", "contract/./x", "contract/a b"];
    let more = ["contract/ä", "contract/a\\b", "contract/a\0b", "contract/a:b", "contract/a\n", too_long.as_str()];
    for name in bad.into_iter().chain(more) {
        let mut part = [0];
        assert_eq!(code(store.put(name, b"x")), "bad-name", "put refuses {name:?}");
        assert_eq!(code(store.get(name, 9)), "bad-name", "get refuses {name:?}");
        assert_eq!(code(store.get_range(name, 0, &mut part)), "bad-name", "get_range refuses {name:?}");
        assert_eq!(code(store.stat(name)), "bad-name", "stat refuses {name:?}");
        assert_eq!(code(store.replace(name, b"x")), "bad-name", "replace refuses {name:?}");
        assert_eq!(code(store.remove(name)), "bad-name", "remove refuses {name:?}");
        if !name.is_empty() {
            assert_eq!(code(store.list(name)), "bad-name", "list refuses {name:?}");
            assert_eq!(code(store.begin(name)), "bad-name", "begin refuses {name:?}");
        }
        let upload = begin(store, "contract/names");
        assert_eq!(code(upload.finish(name, 0)), "bad-name", "finish refuses {name:?}");
    }
    for name in ["contract/elsewhere", "contract/names2/x", "x"] {
        let upload = begin(store, "contract/names");
        assert_eq!(code(upload.finish(name, 0)), "bad-name", "finish refuses {name:?} outside its folder");
    }
}

fn names(store: &dyn Store) {
    let long = format!("contract/names/{}.Z_-9", "n".repeat(150));
    assert_eq!(put(store, &long, b"long"), Put::Stored, "a name of 155 bytes is taken");
    assert_eq!(get(store, &long), b"long", "a name of 155 bytes is found");
    assert_eq!(list(store, "contract/names"), std::slice::from_ref(&long), "a name of 155 bytes is listed whole");
    refused_names(store);
    assert_eq!(list(store, "contract/names"), [long], "refused names leave nothing behind");
}

#[track_caller]
fn begin(store: &dyn Store, folder: &str) -> Box<dyn Upload> {
    ok(Operation::Begin, store.begin(folder))
}

fn replacing(store: &dyn Store) {
    let name = "contract/replace/x";
    put(store, name, b"wrong bytes");
    let before = ok(Operation::Stat, store.stat(name));
    ok(Operation::Replace, store.replace(name, b"right"));
    assert_eq!(get(store, name), b"right", "replace heals");
    let after = ok(Operation::Stat, store.stat(name));
    let stamps = (before.and_then(|file| file.stamp), after.and_then(|file| file.stamp));
    assert!(stamps.0.is_none() || stamps.0 != stamps.1, "a file that was replaced has another stamp");
    ok(Operation::Replace, store.replace(name, b"right"));
    ok(Operation::Replace, store.replace("contract/replace/new", b"new"));
    assert_eq!(get(store, "contract/replace/new"), b"new", "replace stores an absent name");
    assert_eq!(list(store, "contract/replace"), ["contract/replace/new", name], "replace leaves nothing behind");
}

fn one_name_from_many_threads(store: &dyn Store) {
    for round in 0..4 {
        let name = format!("contract/threads/{round}/x");
        let bytes = pattern(100_000 + round, 5);
        let results: Vec<Put> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| put(store, &name, &bytes))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a thread that puts does not panic")).collect()
        });
        // Where there is no rename without replacing, two may both find the name free: they bring the same bytes.
        assert!(results.contains(&Put::Stored), "one of four threads stores: {results:?}");
        assert!(!results.contains(&Put::Differs), "nobody sees half a file: {results:?}");
        assert!(get(store, &name) == bytes, "the file is whole");
    }
    assert_eq!(list(store, "contract/threads").len(), 4, "no thread leaves anything behind");
}
