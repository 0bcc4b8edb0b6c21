//! Owns the use of `bincode`: the one encoding of sealed and public bodies.
//! Implements `format-spec/README.md`, section "Encoding of values". No other file names the crate's functions.
//!
//! `bincode` alone accepts integers that are longer than needed and ignores what follows a value; both are refused here
//! by encoding the value again and comparing.

use super::FormatError;
use bincode::{Decode, Encode, config};

/// Encodes a value. Format types hold nothing that can fail to encode.
pub(super) fn encode<T: Encode>(value: &T) -> Vec<u8> {
    bincode::encode_to_vec(value, config::standard()).unwrap_or_default()
}

/// Decodes a value that fills `bytes` exactly.
pub(super) fn decode<T: Encode + Decode<()>>(what: &'static str, bytes: &[u8]) -> Result<T, FormatError> {
    let (value, used) = decode_front(what, bytes)?;
    if used == bytes.len() { Ok(value) } else { Err(FormatError::Tail { what }) }
}

/// Decodes a value that may be followed by zeros.
pub(super) fn decode_padded<T: Encode + Decode<()>>(what: &'static str, bytes: &[u8]) -> Result<T, FormatError> {
    let (value, used) = decode_front(what, bytes)?;
    let tail = bytes.get(used..).unwrap_or_default();
    if tail.iter().all(|byte| *byte == 0) { Ok(value) } else { Err(FormatError::Tail { what }) }
}

fn decode_front<T: Encode + Decode<()>>(what: &'static str, bytes: &[u8]) -> Result<(T, usize), FormatError> {
    // The limit bounds what a hostile count can make the decoder reserve; it must be a constant of the type, so there are steps.
    let decoded = match bytes.len() {
        0..=0xfff => bincode::decode_from_slice(bytes, config::standard().with_limit::<0x2_0000>()),
        0x1000..=0xffff => bincode::decode_from_slice(bytes, config::standard().with_limit::<0x20_0000>()),
        0x1_0000..=0xf_ffff => bincode::decode_from_slice(bytes, config::standard().with_limit::<0x200_0000>()),
        0x10_0000..=0x100_0000 => bincode::decode_from_slice(bytes, config::standard().with_limit::<0x1000_0000>()),
        _ => bincode::decode_from_slice(bytes, config::standard().with_limit::<0x4000_0000>()),
    };
    let (value, used): (T, usize) = decoded.map_err(|error| FormatError::Decode { what, reason: error.to_string() })?;
    if bytes.get(..used) == Some(encode(&value).as_slice()) { Ok((value, used)) } else { Err(FormatError::NotCanonical { what }) }
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_padded, encode};
    use crate::format::FormatError;

    #[test]
    fn integers_have_one_encoding() {
        for (value, bytes) in [
            (0_u64, vec![0]),
            (250, vec![0xfa]),
            (251, vec![0xfb, 0xfb, 0]),
            (65_535, vec![0xfb, 0xff, 0xff]),
            (65_536, vec![0xfc, 0, 0, 1, 0]),
            (1 << 32, vec![0xfd, 0, 0, 0, 0, 1, 0, 0, 0]),
        ] {
            assert_eq!(encode(&value), bytes);
            assert_eq!(decode::<u64>("number", &bytes), Ok(value));
        }
        assert_eq!(decode::<u64>("number", &[0xfb, 5, 0]), Err(FormatError::NotCanonical { what: "number" }));
        assert_eq!(encode(&-1_i64), vec![1]);
        assert_eq!(encode(&-126_i64), vec![0xfb, 0xfb, 0]);
    }

    #[test]
    fn tails_are_refused_or_zero() {
        assert_eq!(decode::<u8>("byte", &[7, 0]), Err(FormatError::Tail { what: "byte" }));
        assert_eq!(decode_padded::<u8>("byte", &[7, 0, 0]), Ok(7));
        assert_eq!(decode_padded::<u8>("byte", &[7, 0, 1]), Err(FormatError::Tail { what: "byte" }));
    }

    #[test]
    fn a_hostile_count_reserves_nothing() {
        let claim = [0xfd, 0, 0, 0, 0, 16, 0, 0, 0];
        assert!(matches!(decode::<Vec<u8>>("bytes", &claim), Err(FormatError::Decode { .. })));
    }
}
