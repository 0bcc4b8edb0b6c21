//! Owns `tintype.json`: the public facts of a repository. Implements `format-spec/repository.md`.

use super::{FormatError, RepositoryId, StoredName};
use serde::{Deserialize, Serialize};

/// Whether the repository is encrypted: decided once, here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    /// Plain: anyone with the files can read the photos.
    #[serde(rename = "none")]
    None,
    /// AES-256-GCM under keys derived from the master key.
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
}

/// What `tintype.json` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFile {
    /// The repository's id.
    pub repository: RepositoryId,
    /// Whether it is encrypted.
    pub encryption: Encryption,
    /// Which master key: `derive_key("tintype 2026 key check", master)`. Absent in a plain repository.
    /// A mistyped drive or a code of another repository is found out before anything is written.
    pub key_check: Option<[u8; 32]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    format: String,
    version: u32,
    repository: String,
    encryption: Encryption,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_check: Option<String>,
}

/// Only the version, so that a newer file is recognised before anything else is judged.
#[derive(Deserialize)]
struct VersionOnly {
    format: String,
    version: u64,
}

const FORMAT: &str = "tintype repository";

impl RepositoryFile {
    /// The file's bytes: one line per member, in this order, ending in a line feed.
    pub fn encode(&self) -> Vec<u8> {
        let encryption = match self.encryption {
            Encryption::None => "none",
            Encryption::Aes256Gcm => "aes-256-gcm",
        };
        let key_check = self.key_check.map_or_else(String::new, |check| format!(",\n  \"key_check\": \"{}\"", super::hex(&check)));
        format!(
            "{{\n  \"format\": \"{FORMAT}\",\n  \"version\": 1,\n  \"repository\": \"{}\",\n  \"encryption\": \"{encryption}\"{key_check}\n}}\n",
            self.repository.hex()
        )
        .into_bytes()
    }

    /// Reads the file. Version 1 has one spelling: what [`RepositoryFile::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        const WHAT: &str = "tintype.json";
        let decode = |error: serde_json::Error| FormatError::Decode { what: WHAT, reason: error.to_string() };
        super::limits::check("length of tintype.json", super::limits::to_u64(bytes.len()), super::limits::REPOSITORY_FILE_BYTES_MAX)?;
        let version: VersionOnly = serde_json::from_slice(bytes).map_err(decode)?;
        if version.format != FORMAT {
            return Err(FormatError::HeaderMagic);
        }
        if version.version > 1 {
            return Err(FormatError::TooNew {
                field: "version of the repository",
                found: u32::try_from(version.version).unwrap_or(u32::MAX),
            });
        }
        let text: Text = serde_json::from_slice(bytes).map_err(decode)?;
        let repository = RepositoryId::from_hex(&text.repository)
            .ok_or(FormatError::Invalid { what: WHAT, why: "the repository's id is not 32 hexadecimal digits" })?;
        let key_check = match &text.key_check {
            None => None,
            Some(digits) => {
                let check = StoredName::from_hex(digits)
                    .ok_or(FormatError::Invalid { what: WHAT, why: "the key check is not 64 hexadecimal digits" })?;
                Some(check.0)
            }
        };
        if key_check.is_some() != (text.encryption == Encryption::Aes256Gcm) {
            return Err(FormatError::Invalid { what: WHAT, why: "a key check stands in an encrypted repository, and only there" });
        }
        let file = Self { repository, encryption: text.encryption, key_check };
        if file.encode() != bytes {
            return Err(FormatError::NotCanonical { what: WHAT });
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::{Encryption, RepositoryFile};
    use crate::format::RepositoryId;

    #[test]
    fn the_file_has_one_spelling() {
        let file = RepositoryFile { repository: RepositoryId([7; 16]), encryption: Encryption::Aes256Gcm, key_check: Some([3; 32]) };
        let bytes = file.encode();
        assert_eq!(RepositoryFile::decode(&bytes), Ok(file));
        for place in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[place] ^= 1;
            assert!(RepositoryFile::decode(&wrong).map_or(true, |other| other.encode() == wrong), "byte {place}");
        }
        let newer = String::from_utf8(bytes).unwrap().replace("\"version\": 1", "\"version\": 2");
        assert_eq!(RepositoryFile::decode(newer.as_bytes()).unwrap_err().code(), "format-too-new");
    }
}
