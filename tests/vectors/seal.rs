//! Owns the making of sealed files by hand: derivations, seals and the recovery code, apart from the program's own.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use tintype::format::{FileKind, HEADER_BYTES, Header, RepositoryId, SlotPublic, SlotSealed, Trailer, VERSION, padme};

/// The repository of all vectors.
pub(crate) const REPOSITORY: RepositoryId =
    RepositoryId([0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f]);
/// The 20 bytes of the recovery code of all encrypted vectors.
pub(crate) const CODE: [u8; 20] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19];
/// A salt for files that need one.
pub(crate) const SALT: [u8; 32] = [0x5a; 32];
/// The password of the key slots.
pub(crate) const PASSWORD: &str = "gr\u{fc}ne Wolke";

pub(crate) fn master() -> [u8; 32] {
    blake3::derive_key("tintype 2026 master key", &CODE)
}

/// What `tintype.json` says of a master key.
pub(crate) fn key_check(master: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("tintype 2026 key check", master)
}

/// Shifts and adds, one bit at a time.
fn times(weight: u8, value: u8) -> u8 {
    let mut product = 0_u16;
    for bit in 0..5 {
        if value >> bit & 1 == 1 {
            product ^= u16::from(weight) << bit;
        }
    }
    for bit in (5..10).rev() {
        if product >> bit & 1 == 1 {
            product ^= 0b10_0101 << (bit - 5);
        }
    }
    product.to_le_bytes()[0]
}

/// The recovery code of 20 bytes, as text.
pub(crate) fn code_text(code: &[u8; 20]) -> String {
    let bits: Vec<u8> = code.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let values: Vec<u8> = bits.chunks(5).map(|five| five.iter().fold(0, |value, bit| value << 1 | bit)).collect();
    let letter = |value: u8| char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[usize::from(value)]);
    let groups: Vec<String> = (1_u8..)
        .zip(values.chunks(4))
        .map(|(constant, four)| {
            let check = (2_u8..).zip(four).fold(constant, |sum, (weight, value)| sum ^ times(weight, *value));
            four.iter().chain([&check]).map(|value| letter(*value)).collect()
        })
        .collect();
    groups.join("-")
}

/// File key and key check.
pub(crate) fn file_key(secret: &[u8; 32], kind: FileKind, salt: &[u8; 32]) -> [u8; 64] {
    let mut material = [0; 64];
    let context = kind.key_context().expect("a sealed kind");
    blake3::Hasher::new_derive_key(context).update(&[&secret[..], salt].concat()).finalize_xof().fill(&mut material);
    material
}

/// Ciphertext and tag.
pub(crate) fn aes(key: &[u8], nonce: [u8; 12], covered: &[u8], plain: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes"));
    let mut bytes = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(covered), &mut bytes).expect("short enough");
    bytes
}

/// A file's 32 bytes of key, if it is encrypted, and its header.
pub(crate) fn begin(kind: FileKind, secret: Option<&[u8; 32]>) -> (Option<[u8; 32]>, Header) {
    let mut header = Header { kind, version: VERSION, repository: REPOSITORY, salt: SALT, key_check: [0; 32] };
    let key = secret.map(|secret| {
        let material = file_key(secret, kind, &SALT);
        header.key_check.copy_from_slice(&material[32..]);
        let mut key = [0; 32];
        key.copy_from_slice(&material[..32]);
        key
    });
    (key, header)
}

/// Header, middle, sealed body and trailer in one.
pub(crate) fn join(header: &Header, covered: &[u8], sealed: &[u8]) -> Vec<u8> {
    let file_bytes = u64::try_from(covered.len() + sealed.len() + 64).expect("short");
    let trailer = Trailer {
        kind: header.kind,
        sealed_bytes: u32::try_from(sealed.len()).expect("short"),
        file_bytes,
        sealed_offset: u64::try_from(covered.len()).expect("short"),
        salt: header.salt,
    };
    [covered, sealed, &trailer.encode()].concat()
}

/// A whole file of one seal; `None`: of a plain repository.
pub(crate) fn one_seal(kind: FileKind, secret: Option<&[u8; 32]>, public: &[u8], body: &[u8]) -> Vec<u8> {
    let (key, header) = begin(kind, secret);
    let covered = [&header.encode()[..], public].concat();
    let sealed = match key {
        None => body.to_vec(),
        Some(key) => {
            let total = covered.len() + body.len() + 16 + 64;
            let padded = usize::try_from(padme(u64::try_from(total).expect("short"))).expect("short");
            let body = [body, &vec![0; padded - total]].concat();
            aes(&key, [0; 12], &covered, &body)
        }
    };
    join(&header, &covered, &sealed)
}

/// A file of a public kind, with a keyed hash of `context` if there is one.
pub(crate) fn public(kind: FileKind, public: &[u8], context: Option<&str>) -> Vec<u8> {
    let header = Header::public(kind, REPOSITORY);
    let covered = [&header.encode()[..], public].concat();
    assert_eq!(covered.len(), HEADER_BYTES + public.len());
    let hash = context.map(|context| {
        let key = blake3::derive_key(context, &master());
        blake3::keyed_hash(&key, &covered).as_bytes().to_vec()
    });
    join(&header, &covered, &hash.unwrap_or_default())
}

/// A key slot.
pub(crate) fn slot(public: &SlotPublic, sealed: &SlotSealed) -> Vec<u8> {
    let parameters = argon2::Params::new(public.kdf.memory_kib, public.kdf.passes, public.kdf.lanes, Some(32)).expect("good parameters");
    let mut secret = [0; 32];
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters)
        .hash_password_into(PASSWORD.as_bytes(), &SALT, &mut secret)
        .expect("Argon2id runs");
    one_seal(FileKind::KeySlot, Some(&secret), &public.encode(), &sealed.encode())
}
