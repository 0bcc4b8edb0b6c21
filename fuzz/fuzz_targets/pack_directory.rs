//! Directories of packs. The end of the records is taken from the directory itself, so that more inputs are valid.
#![no_main]

mod seed;

use libfuzzer_sys::fuzz_target;
use tintype::format::{Directory, FormatError, PackKind};

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    let (end, bytes) = match bytes.split_first_chunk::<2>() {
        Some((end, rest)) if data.len() == bytes.len() => (u64::from(u16::from_le_bytes(*end)) + 128, rest),
        _ => (147, bytes),
    };
    for kind in [PackKind::Data, PackKind::Meta] {
        let decoded: Result<Directory, FormatError> = Directory::decode(bytes, kind, end);
        if let Ok(directory) = &decoded {
            assert!(directory.places().all(|place| place.record_offset + u64::from(place.stored_bytes) <= end));
        }
        seed::same(bytes, decoded, Directory::encode);
    }
});
