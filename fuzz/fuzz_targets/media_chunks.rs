//! PNG and WebP.
#![no_main]

mod media;
mod seed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    media::look(bytes, b"\x89PNG\r\n\x1a\n", 0);
    media::look(bytes, b"WEBP", 8);
    media::look(bytes, b"RIFF", 0);
});
