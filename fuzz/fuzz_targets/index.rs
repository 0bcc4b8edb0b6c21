//! Index segments.
#![no_main]

mod seed;

use libfuzzer_sys::fuzz_target;
use tintype::format::IndexSegment;

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    seed::same(bytes, IndexSegment::decode(bytes), IndexSegment::encode);
});
