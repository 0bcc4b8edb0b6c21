//! JPEG, and what stands behind its picture.
#![no_main]

mod media;
mod seed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    media::look(bytes, b"\xff\xd8\xff", 0);
});
