//! Owns the names of things: hashes of contents and of files, and random ids, each its own type.
//! Implements `format-spec/README.md`, section "Names and ids".

use bincode::de::{BorrowDecoder, Decoder};
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{BorrowDecode, Decode, Encode};

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(*DIGITS.get(usize::from(nibble)).unwrap_or(&b'?'));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let digits = text.as_bytes();
    if digits.len() != N.checked_mul(2)? {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

/// Upper-case digits are refused: names have one spelling.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a').and_then(|letter| letter.checked_add(10)),
        _ => None,
    }
}

macro_rules! bytes_type {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Its lower-case hexadecimal digits.
            pub fn hex(&self) -> String {
                hex(&self.0)
            }

            /// Reads exactly its lower-case hexadecimal digits.
            pub fn from_hex(text: &str) -> Option<Self> {
                from_hex(text).map(Self)
            }

            /// The first 8 digits, as people see it.
            pub fn short(&self) -> String {
                let mut text = self.hex();
                text.truncate(8);
                text
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, concat!(stringify!($name), "({}…)"), self.short())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.hex())
            }
        }
    };
}

bytes_type!(
    /// Names an object by its raw bytes; which hash it is depends on the object's kind.
    ObjectId, 32
);
bytes_type!(
    /// BLAKE3 of the whole content of a person's file.
    FileHash, 32
);
bytes_type!(
    /// BLAKE3 of a pack's stored bytes.
    PackName, 32
);
bytes_type!(
    /// BLAKE3 of a manifest's stored bytes.
    SnapshotName, 32
);
bytes_type!(
    /// BLAKE3 of the stored bytes of any other hash-named file: needs page, index segment, key slot, notice.
    StoredName, 32
);
bytes_type!(
    /// Random, drawn by `init`; the same in every copy of a repository.
    RepositoryId, 16
);
bytes_type!(
    /// Random, drawn when a source is first snapped.
    SourceId, 16
);
bytes_type!(
    /// Random, drawn by a machine for itself.
    MachineId, 16
);

macro_rules! via_stored {
    ($($name:ident),*) => {$(
        impl From<StoredName> for $name {
            fn from(name: StoredName) -> Self {
                Self(name.0)
            }
        }
        impl From<$name> for StoredName {
            fn from(name: $name) -> Self {
                Self(name.0)
            }
        }
    )*};
}
via_stored!(PackName, SnapshotName);

/// What an object is. The number stands in pack directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A run of a file's bytes, or a long attribute's value.
    Chunk,
    /// A folder: the list of its pages.
    Folder,
    /// A run of a folder's entries.
    Page,
    /// The pieces of one long file.
    PieceList,
    /// The piece lists of one very long file.
    PieceListList,
    /// What a snapshot did not keep: the list of its pages.
    Report,
    /// A run of a report's lines.
    ReportPage,
}

impl ObjectKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Chunk, Self::Folder, Self::Page, Self::PieceList, Self::PieceListList, Self::Report, Self::ReportPage];

    /// The number in a directory.
    pub fn number(self) -> u8 {
        match self {
            Self::Chunk => 1,
            Self::Folder => 2,
            Self::Page => 3,
            Self::PieceList => 4,
            Self::PieceListList => 5,
            Self::Report => 6,
            Self::ReportPage => 7,
        }
    }

    /// The kind of this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The id of `raw` as an object of this kind: BLAKE3 of a chunk, `derive_key` with a context of the kind's own for all others.
    pub fn id_of(self, raw: &[u8]) -> ObjectId {
        match self.context() {
            None => ObjectId(*blake3::hash(raw).as_bytes()),
            Some(context) => ObjectId(blake3::derive_key(context, raw)),
        }
    }

    /// The `derive_key` context; `None` for a chunk.
    pub fn context(self) -> Option<&'static str> {
        match self {
            Self::Chunk => None,
            Self::Folder => Some("tintype 2026 object folder"),
            Self::Page => Some("tintype 2026 object page"),
            Self::PieceList => Some("tintype 2026 object piece list"),
            Self::PieceListList => Some("tintype 2026 object list of piece lists"),
            Self::Report => Some("tintype 2026 object report"),
            Self::ReportPage => Some("tintype 2026 object report page"),
        }
    }
}

impl Encode for ObjectKind {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.number().encode(encoder)
    }
}

impl<Context> Decode<Context> for ObjectKind {
    fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::from_number(u8::decode(decoder)?).ok_or(DecodeError::Other("an object kind that is not known"))
    }
}

impl<'de, Context> BorrowDecode<'de, Context> for ObjectKind {
    fn borrow_decode<D: BorrowDecoder<'de, Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        <Self as Decode<Context>>::decode(decoder)
    }
}

#[cfg(test)]
mod tests {
    use super::{ObjectKind, RepositoryId, hex};

    #[test]
    fn hexadecimal_has_one_spelling() {
        let id = RepositoryId([0xab; 16]);
        assert_eq!(RepositoryId::from_hex(&id.hex()), Some(id));
        assert_eq!(RepositoryId::from_hex(&id.hex().to_uppercase()), None);
        assert_eq!(RepositoryId::from_hex("ab"), None);
        assert_eq!(hex(&[0, 255]), "00ff");
    }

    #[test]
    fn no_content_can_pose_as_another_kind() {
        let ids: std::collections::BTreeSet<_> = ObjectKind::ALL.iter().map(|kind| kind.id_of(b"same")).collect();
        assert_eq!(ids.len(), ObjectKind::ALL.len());
    }
}
