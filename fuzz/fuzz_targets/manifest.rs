//! Both parts of manifests.
#![no_main]

mod seed;

use libfuzzer_sys::fuzz_target;
use tintype::format::{ManifestPublic, ManifestSealed};

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    seed::same(bytes, ManifestPublic::decode(bytes), ManifestPublic::encode);
    seed::same(bytes, ManifestSealed::decode(bytes), ManifestSealed::encode);
});
