//! Names in a repository: what is ours has one spelling.
#![no_main]

#[allow(dead_code, reason = "this target encodes nothing")]
mod seed;

use libfuzzer_sys::fuzz_target;
use tintype::format::Class;

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    let Ok(name) = std::str::from_utf8(bytes) else { return };
    if let Class::Stored(file) = Class::of(name) {
        assert_eq!(file.path(), name);
    }
});
