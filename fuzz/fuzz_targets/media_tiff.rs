//! TIFF, BigTIFF and what cameras make in its form; RAF.
#![no_main]

mod media;
mod seed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    media::look(bytes, b"II*\0", 0);
    media::look(bytes, b"MM\0+\0\x08\0\0", 0);
    media::look(bytes, b"FUJIFILMCCD-RAW", 0);
});
