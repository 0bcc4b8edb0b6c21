//! Owns the part of the contract that is about uploads and large objects.
//!
//! Test code, like the whole suite: a broken contract is a panic with the reason.

use super::{begin, code, get, list, ok, pattern, put};
use crate::store::{ALIGNMENT_BYTES, Operation, Put, Store};

const LARGE_BYTES: usize = 64 << 20;

#[track_caller]
fn upload(store: &dyn Store, name: &str, bytes: &[u8], length: usize) -> Put {
    let upload = begin(store, "contract/up");
    ok(Operation::WriteAt, upload.write_at(0, bytes));
    ok(Operation::Finish, upload.finish(name, length as u64))
}

pub(super) fn uploads(store: &dyn Store) {
    let name = "contract/up/ab/u";
    let bytes = pattern(3 * ALIGNMENT_BYTES, 2);
    let pending = begin(store, "contract/up");
    let thirds: Vec<&[u8]> = bytes.chunks(ALIGNMENT_BYTES).collect();
    for index in [2, 0, 1] {
        ok(Operation::WriteAt, pending.write_at((index * ALIGNMENT_BYTES) as u64, thirds[index]));
    }
    assert_eq!(ok(Operation::Stat, store.stat(name)), None, "an unfinished upload has no name");
    assert_eq!(ok(Operation::Finish, pending.finish(name, bytes.len() as u64)), Put::Stored, "a finished upload is stored");
    ok(Operation::Sync, store.sync());
    assert!(get(store, name) == bytes, "pieces written in any order stand in their places");
    assert_eq!(list(store, "contract/up"), [name], "a finished upload leaves nothing but its file");

    assert_eq!(upload(store, name, &bytes, bytes.len()), Put::AlreadyThere, "a name with a file of this length is kept");
    assert_eq!(upload(store, name, b"other", 5), Put::Differs, "a name with a file of another length is kept and said");
    assert!(get(store, name) == bytes, "an upload never changes a file");
    assert_eq!(list(store, "contract/up"), [name], "an upload that was not needed leaves nothing");
    upload_lengths(store);
}

fn upload_lengths(store: &dyn Store) {
    assert_eq!(upload(store, "contract/up/cut", b"0123456789", 4), Put::Stored, "an upload can be cut");
    assert_eq!(get(store, "contract/up/cut"), b"0123", "a cut upload ends where it was cut");
    assert_eq!(upload(store, "contract/up/none", b"", 0), Put::Stored, "an upload may be empty");
    assert_eq!(get(store, "contract/up/none"), b"", "an empty upload is an empty file");
    let short = begin(store, "contract/up");
    ok(Operation::WriteAt, short.write_at(0, b"abc"));
    assert_eq!(code(short.finish("contract/up/zeros", 4)), "short", "bytes that were never written are not made up");
    let at_top = begin(store, "");
    ok(Operation::WriteAt, at_top.write_at(0, b"top"));
    ok(Operation::Finish, at_top.finish("contract/top", 3));
    assert_eq!(get(store, "contract/top"), b"top", "an upload begun at the top can go anywhere");
}

pub(super) fn unaligned_uploads(store: &dyn Store) {
    // Large enough that aligned pieces between unaligned ones go another way in stores that bypass the page cache.
    let bytes = pattern(20 * ALIGNMENT_BYTES + 777, 3);
    let cuts = [0, 1, 4096, 8192, 8195, 12_288, 40_960, 40_961, 65_536, 80_000, bytes.len()];
    let name = "contract/unaligned";
    let upload = begin(store, "contract");
    std::thread::scope(|scope| {
        for pair in cuts.windows(2).rev() {
            let (upload, part) = (&upload, &bytes[pair[0]..pair[1]]);
            scope.spawn(move || ok(Operation::WriteAt, upload.write_at(pair[0] as u64, &aligned(part)[..])));
        }
    });
    assert_eq!(ok(Operation::Finish, upload.finish(name, bytes.len() as u64)), Put::Stored, "an unaligned upload is stored");
    assert!(get(store, name) == bytes, "aligned and unaligned pieces from many threads stand in their places");
}

/// A copy of `bytes` at an aligned address.
fn aligned(bytes: &[u8]) -> Aligned {
    let mut memory = vec![0; bytes.len() + ALIGNMENT_BYTES];
    let start = memory.as_ptr().align_offset(ALIGNMENT_BYTES).min(ALIGNMENT_BYTES);
    memory[start..start + bytes.len()].copy_from_slice(bytes);
    Aligned { memory, start, length: bytes.len() }
}

struct Aligned {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl std::ops::Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}

pub(super) fn dropped_upload(store: &dyn Store) {
    let before = list(store, "");
    let upload = begin(store, "contract/dropped");
    ok(Operation::WriteAt, upload.write_at(0, b"never finished"));
    drop(upload);
    assert_eq!(list(store, ""), before, "an upload that is dropped leaves nothing");
    assert_eq!(ok(Operation::RemoveStale, store.remove_stale_temporaries()), 0, "and nothing to clear away later");
}

pub(super) fn large(store: &dyn Store) {
    let bytes = aligned(&pattern(LARGE_BYTES, 7));
    let name = "contract/large";
    assert_eq!(put(store, name, &bytes), Put::Stored, "64 MiB can be put");
    assert!(get(store, name)[..] == bytes[..], "64 MiB come back");
    assert_eq!(put(store, name, &bytes), Put::AlreadyThere, "64 MiB are compared");
    ok(Operation::Remove, store.remove(name));
    assert_eq!(upload(store, "contract/up/large", &bytes, LARGE_BYTES), Put::Stored, "64 MiB can be uploaded");
    let mut part = vec![0; 1 << 20];
    let offset = LARGE_BYTES - part.len();
    ok(Operation::GetRange, store.get_range("contract/up/large", offset as u64, &mut part));
    assert!(part == bytes[offset..], "the end of 64 MiB comes back");
    assert!(get(store, "contract/up/large")[..] == bytes[..], "64 uploaded MiB come back");
}
