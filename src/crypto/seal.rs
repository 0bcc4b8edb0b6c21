//! Owns sealing and opening: one key per file, derived from its salt; AES-256-GCM behind a small trait.
//!
//! A plain repository has the same layout with no tags: every caller is written once.

use super::{CryptoError, MasterKey};
use crate::format::{FileKind, HEADER_BYTES, Header, RepositoryId, SealedFile, VERSION};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, UnboundKey};
use zeroize::Zeroizing;

/// Length of a tag, in bytes.
pub const TAG_BYTES: usize = 16;

/// The number that is used once under a file's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonce {
    /// Of a pack's record, by its ordinal.
    Record(u32),
    /// Of a pack's directory: the top bit set.
    Directory,
    /// Of a file that has one seal.
    Whole,
}

impl Nonce {
    /// Its 96 bits, little endian.
    pub fn bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        match self {
            Self::Record(ordinal) => {
                let [a, b, c, d] = ordinal.to_le_bytes();
                bytes = [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0];
            }
            Self::Directory => bytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80],
            Self::Whole => {}
        }
        bytes
    }
}

/// Authenticated encryption with a 12-byte nonce and a 16-byte tag. Every implementation makes the same bytes.
pub trait Aead: Send + Sync {
    /// Encrypts in place and returns the tag.
    fn seal(&self, nonce: Nonce, covered: &[u8], bytes: &mut [u8]) -> Result<[u8; TAG_BYTES], CryptoError>;
    /// Decrypts `bytes`, ciphertext and tag, in place; the plaintext is all but the last 16 bytes.
    fn open(&self, nonce: Nonce, covered: &[u8], bytes: &mut [u8]) -> Result<(), CryptoError>;
}

/// AES-256-GCM by the `ring` crate.
struct AesGcm(LessSafeKey);

impl AesGcm {
    fn new(key: &[u8; 32]) -> Result<Self, CryptoError> {
        UnboundKey::new(&AES_256_GCM, key)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| CryptoError::Derivation("AES-256-GCM refuses the key".to_owned()))
    }
}

impl Aead for AesGcm {
    fn seal(&self, nonce: Nonce, covered: &[u8], bytes: &mut [u8]) -> Result<[u8; TAG_BYTES], CryptoError> {
        let nonce = ring::aead::Nonce::assume_unique_for_key(nonce.bytes());
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(covered), bytes).map_err(|_| CryptoError::NotAuthentic)?;
        let mut sixteen = [0; TAG_BYTES];
        sixteen.copy_from_slice(tag.as_ref());
        Ok(sixteen)
    }

    fn open(&self, nonce: Nonce, covered: &[u8], bytes: &mut [u8]) -> Result<(), CryptoError> {
        let nonce = ring::aead::Nonce::assume_unique_for_key(nonce.bytes());
        self.0.open_in_place(nonce, Aad::from(covered), bytes).map(|_| ()).map_err(|_| CryptoError::NotAuthentic)
    }
}

/// How a repository protects its files, decided once by `tintype.json`.
#[derive(Debug, Clone)]
pub enum Sealing {
    /// Not encrypted: names alone catch accidents.
    Plain,
    /// Encrypted under this key.
    Encrypted(MasterKey),
}

impl Sealing {
    /// Begins a new sealed file.
    pub fn create(&self, kind: FileKind, repository: RepositoryId, salt: [u8; 32]) -> Result<FileSeal, CryptoError> {
        match self {
            Self::Plain => Ok(FileSeal::plain(Header { kind, version: VERSION, repository, salt, key_check: [0; 32] })),
            Self::Encrypted(master) => FileSeal::with_secret(master.bytes(), kind, repository, salt),
        }
    }

    /// Makes ready to open a file with this header.
    ///
    /// Errors: [`CryptoError::WrongKey`] if the file is sealed with another key, or plain where it must not be, or sealed in a plain repository.
    pub fn open(&self, header: &Header) -> Result<FileSeal, CryptoError> {
        let seal = self.create(header.kind, header.repository, header.salt)?;
        // The check is public; comparing it in constant time would protect nothing.
        if seal.header.key_check != header.key_check {
            return Err(CryptoError::WrongKey);
        }
        // The seal covers the header as it stands, also when a later version wrote it.
        Ok(FileSeal { header: *header, header_bytes: header.encode(), ..seal })
    }

    /// The master key, if there is one.
    pub fn master(&self) -> Option<&MasterKey> {
        match self {
            Self::Plain => None,
            Self::Encrypted(master) => Some(master),
        }
    }

    /// Writes a whole file of one seal.
    pub fn seal_file(
        &self,
        kind: FileKind,
        repository: RepositoryId,
        salt: [u8; 32],
        public: &[u8],
        body: Vec<u8>,
    ) -> Result<Vec<u8>, CryptoError> {
        self.create(kind, repository, salt)?.seal_file(public, body)
    }

    /// Opens the body of a file of one seal.
    pub fn open_file(&self, file: &SealedFile<'_>) -> Result<Vec<u8>, CryptoError> {
        self.open(&file.header)?.open_file(file)
    }

    /// Bytes that a seal adds.
    pub fn tag_bytes(&self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Encrypted(_) => TAG_BYTES,
        }
    }
}

/// The key of one file, and its header.
pub struct FileSeal {
    header: Header,
    header_bytes: [u8; HEADER_BYTES],
    aead: Option<Box<dyn Aead>>,
}

impl std::fmt::Debug for FileSeal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FileSeal({}, encrypted: {})", self.header.kind, self.aead.is_some())
    }
}

impl FileSeal {
    fn plain(header: Header) -> Self {
        Self { header_bytes: header.encode(), header, aead: None }
    }

    /// File key and key check are the first 64 bytes of `derive_key(context of the kind, secret || salt)`.
    pub(super) fn with_secret(secret: &[u8; 32], kind: FileKind, repository: RepositoryId, salt: [u8; 32]) -> Result<Self, CryptoError> {
        let context = kind.key_context().ok_or(CryptoError::WrongKey)?;
        let mut material = Zeroizing::new([0_u8; 64]);
        blake3::Hasher::new_derive_key(context).update(secret).update(&salt).finalize_xof().fill(material.as_mut_slice());
        let mut key = Zeroizing::new([0_u8; 32]);
        let mut key_check = [0_u8; 32];
        let (front, back) = material.split_at(32);
        key.copy_from_slice(front);
        key_check.copy_from_slice(back);
        let header = Header { kind, version: VERSION, repository, salt, key_check };
        Ok(Self { header_bytes: header.encode(), header, aead: Some(Box::new(AesGcm::new(&key)?)) })
    }

    /// The file's header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The header's 128 bytes.
    pub fn header_bytes(&self) -> &[u8; HEADER_BYTES] {
        &self.header_bytes
    }

    /// Bytes that each seal adds.
    pub fn tag_bytes(&self) -> usize {
        if self.aead.is_some() { TAG_BYTES } else { 0 }
    }

    fn record_covered(&self, ordinal: u32) -> [u8; HEADER_BYTES + 4] {
        let mut covered = [0; HEADER_BYTES + 4];
        let (front, back) = covered.split_at_mut(HEADER_BYTES);
        front.copy_from_slice(&self.header_bytes);
        back.copy_from_slice(&ordinal.to_le_bytes());
        covered
    }

    /// Seals a pack's record in place: `bytes` grows by the tag.
    pub fn seal_record(&self, ordinal: u32, bytes: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.seal(Nonce::Record(ordinal), &self.record_covered(ordinal), bytes)
    }

    /// Opens a pack's record in place and returns the length of what was sealed, in bytes.
    pub fn open_record(&self, ordinal: u32, bytes: &mut [u8]) -> Result<usize, CryptoError> {
        self.open(Nonce::Record(ordinal), &self.record_covered(ordinal), bytes)
    }

    /// Seals a pack's directory.
    pub fn seal_directory(&self, bytes: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.seal(Nonce::Directory, &self.header_bytes, bytes)
    }

    /// Opens a pack's directory in place and returns the length of what was sealed, in bytes.
    pub fn open_directory(&self, bytes: &mut [u8]) -> Result<usize, CryptoError> {
        self.open(Nonce::Directory, &self.header_bytes, bytes)
    }

    /// Pads, seals and puts together a file of one seal.
    pub fn seal_file(&self, public: &[u8], mut body: Vec<u8>) -> Result<Vec<u8>, CryptoError> {
        if self.aead.is_some() {
            let padding = SealedFile::padding_bytes(public.len(), body.len(), TAG_BYTES);
            body.resize(body.len().saturating_add(padding), 0);
        }
        let mut covered = self.header_bytes.to_vec();
        covered.extend_from_slice(public);
        self.seal(Nonce::Whole, &covered, &mut body)?;
        Ok(SealedFile::join(&self.header, &covered, &body))
    }

    /// Opens the body of a file of one seal.
    pub fn open_file(&self, file: &SealedFile<'_>) -> Result<Vec<u8>, CryptoError> {
        let mut body = file.sealed.to_vec();
        let length = self.open(Nonce::Whole, file.covered, &mut body)?;
        body.truncate(length);
        Ok(body)
    }

    fn seal(&self, nonce: Nonce, covered: &[u8], bytes: &mut Vec<u8>) -> Result<(), CryptoError> {
        if let Some(aead) = &self.aead {
            let tag = aead.seal(nonce, covered, bytes)?;
            bytes.extend_from_slice(&tag);
        }
        Ok(())
    }

    fn open(&self, nonce: Nonce, covered: &[u8], bytes: &mut [u8]) -> Result<usize, CryptoError> {
        match &self.aead {
            None => Ok(bytes.len()),
            Some(aead) => {
                let length = bytes.len().checked_sub(TAG_BYTES).ok_or(CryptoError::NotAuthentic)?;
                aead.open(nonce, covered, bytes)?;
                Ok(length)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MasterKey, Sealing};
    use crate::crypto::CryptoError;
    use crate::format::{FileKind, RepositoryId, SealedFile};

    #[test]
    fn a_sealed_file_opens_only_unchanged_and_with_its_key() {
        let repository = RepositoryId([1; 16]);
        let sealing = Sealing::Encrypted(MasterKey::from_bytes([5; 32]));
        let bytes = sealing.seal_file(FileKind::Manifest, repository, [9; 32], b"public", b"body".to_vec()).unwrap();
        let file = SealedFile::split(&bytes, FileKind::Manifest, repository).unwrap();
        assert_eq!(sealing.open_file(&file).unwrap().get(..4), Some(&b"body"[..]));
        let other = Sealing::Encrypted(MasterKey::from_bytes([6; 32]));
        assert_eq!(other.open_file(&file), Err(CryptoError::WrongKey));
        assert_eq!(Sealing::Plain.open_file(&file), Err(CryptoError::WrongKey));
        for place in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[place] ^= 1;
            let opened = SealedFile::split(&wrong, FileKind::Manifest, repository)
                .map_err(CryptoError::from)
                .and_then(|file| sealing.open_file(&file));
            assert!(opened.is_err(), "byte {place}");
        }
    }

    #[test]
    fn records_are_bound_to_their_place() {
        let sealing = Sealing::Encrypted(MasterKey::from_bytes([5; 32]));
        let seal = sealing.create(FileKind::DataPack, RepositoryId([1; 16]), [2; 32]).unwrap();
        let mut record = b"photo".to_vec();
        seal.seal_record(3, &mut record).unwrap();
        assert_eq!(seal.open_record(4, &mut record.clone()), Err(CryptoError::NotAuthentic));
        assert_eq!(seal.open_record(3, &mut record), Ok(5));
    }
}
