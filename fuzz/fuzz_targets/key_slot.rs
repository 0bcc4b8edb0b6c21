//! Key slots. Whole files are opened only where that costs little.
#![no_main]

mod seed;

use libfuzzer_sys::fuzz_target;
use tintype::crypto::open_slot;
use tintype::format::{FileKind, RepositoryId, SealedFile, SlotPublic, SlotSealed};

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    seed::same(bytes, SlotPublic::decode(bytes), SlotPublic::encode);
    seed::same(bytes, SlotSealed::decode(bytes), SlotSealed::encode);
    let repository = RepositoryId(bytes.get(16..32).and_then(|id| id.try_into().ok()).unwrap_or_default());
    let public = SealedFile::split(bytes, FileKind::KeySlot, repository).and_then(|file| SlotPublic::decode(file.public));
    if public.is_ok_and(|public| public.kdf.memory_kib <= 64 && public.kdf.passes <= 2) {
        let _ = open_slot(bytes, repository, b"gr\xc3\xbcne Wolke");
    }
});
