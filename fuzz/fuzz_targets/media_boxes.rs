//! Files of boxes: HEIF, AVIF, QuickTime, MP4, CR3; JPEG XL in a container.
#![no_main]

mod media;
mod seed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    media::look(bytes, b"ftyp", 4);
    media::look(bytes, b"JXL \r\n\x87\n", 4);
});
