//! Recovery codes as people type them: what is shown again reads as the same code.
#![no_main]

#[allow(dead_code, reason = "this target encodes nothing")]
mod seed;

use libfuzzer_sys::fuzz_target;
use tintype::crypto::RecoveryCode;

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    if let Ok(bytes) = <[u8; 20]>::try_from(bytes) {
        let code = RecoveryCode::from_bytes(bytes);
        assert!(RecoveryCode::parse(&code.text()) == Ok(code));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(code) = RecoveryCode::parse(text) {
        assert!(RecoveryCode::parse(&code.text()) == Ok(code));
    }
});
