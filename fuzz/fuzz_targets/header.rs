//! Headers, trailers, whole files of one seal, and `tintype.json`.
#![no_main]

mod seed;

use libfuzzer_sys::fuzz_target;
use tintype::format::{FileKind, Header, RepositoryFile, RepositoryId, SealedFile, Trailer};

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    // A smallest reader version of 0 is read and never written.
    if let (Ok(header), Some(1)) = (Header::decode(bytes), bytes.get(10)) {
        assert_eq!(bytes.get(..128), Some(&header.encode()[..]));
    }
    if let Some((front, last)) = bytes.split_last_chunk::<64>() {
        let file_bytes = front.len() as u64 + 64;
        seed::same(last, Trailer::decode(last, file_bytes), |trailer| trailer.encode().to_vec());
    }
    seed::same(bytes, RepositoryFile::decode(bytes), RepositoryFile::encode);
    let repository = bytes.get(16..32).and_then(|id| id.try_into().ok()).unwrap_or_default();
    for kind in FileKind::ALL {
        if let Ok(file) = SealedFile::split(bytes, kind, RepositoryId(repository)) {
            assert_eq!([file.covered, file.sealed].concat(), bytes[..bytes.len() - 64]);
        }
    }
});
