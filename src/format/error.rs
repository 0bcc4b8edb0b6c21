//! Owns [`FormatError`]: why bytes are not what `format-spec/` says.

use super::header::FileKind;
use thiserror::Error;

/// The part of reading that refuses. The vectors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The first 128 bytes.
    Header,
    /// The last 64 bytes, and lengths that they state.
    Trailer,
    /// The encoding of a value: integers, lengths, counts.
    Decode,
    /// What a decoded value may say.
    Value,
    /// The hash of what a value repeats.
    Hash,
}

impl Stage {
    /// The stage's word in the vectors.
    pub fn word(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Trailer => "trailer",
            Self::Decode => "decode",
            Self::Value => "value",
            Self::Hash => "hash",
        }
    }
}

/// Why bytes were refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Fewer bytes than the smallest file of any kind.
    #[error("{length_bytes} bytes are too few for a header and a trailer")]
    Short {
        /// What there was.
        length_bytes: u64,
    },
    /// The first bytes are not ours.
    #[error("the file does not begin as a tintype file")]
    HeaderMagic,
    /// A kind that this version does not know.
    #[error("kind {0} is of a newer version")]
    KindTooNew(u8),
    /// Needs a newer reader.
    #[error("{field} {found} is of a newer version")]
    TooNew {
        /// The header's field.
        field: &'static str,
        /// What stands there.
        found: u32,
    },
    /// A good header of another kind.
    #[error("expected a {expected}, found a {found}")]
    WrongKind {
        /// What was asked for.
        expected: FileKind,
        /// What it is.
        found: FileKind,
    },
    /// Belongs to another repository.
    #[error("the file belongs to another repository")]
    WrongRepository,
    /// Header bytes that must be zero are not.
    #[error("{0} must be zero")]
    HeaderNotZero(&'static str),
    /// There is no trailer: the file is short, whatever its length.
    #[error("the file has no trailer: it is not whole")]
    TrailerMissing,
    /// The trailer contradicts the file.
    #[error("the trailer's {0} is wrong")]
    TrailerMismatch(&'static str),
    /// The value does not decode.
    #[error("{what} does not decode: {reason}")]
    Decode {
        /// What was being decoded.
        what: &'static str,
        /// The decoder's words.
        reason: String,
    },
    /// The value has more than one encoding and this is not the shortest.
    #[error("{what} is not encoded in the one right way")]
    NotCanonical {
        /// What was decoded.
        what: &'static str,
    },
    /// Bytes stand after the value.
    #[error("{what} is followed by bytes that are not zero")]
    Tail {
        /// What was decoded.
        what: &'static str,
    },
    /// A count or length is beyond its limit.
    #[error("{what}: {found} is over the limit of {limit}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// What there was.
        found: u64,
    },
    /// The value says something that it may not.
    #[error("{what}: {why}")]
    Invalid {
        /// What was decoded.
        what: &'static str,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// What a value repeats is not what its hash says.
    #[error("{what} does not hash to what it is named by")]
    HashMismatch {
        /// What is repeated.
        what: &'static str,
    },
    /// A section that a reader must know.
    #[error("{what} has a section {tag} that a newer version wrote and that must be understood")]
    SectionTooNew {
        /// Where it stands.
        what: &'static str,
        /// Its tag.
        tag: u32,
    },
}

impl FormatError {
    /// The stable code, as in `format-spec/limits.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Short { .. } | Self::TrailerMissing => "file-short",
            Self::HeaderMagic => "header-magic",
            Self::KindTooNew(_) | Self::TooNew { .. } | Self::SectionTooNew { .. } => "format-too-new",
            Self::WrongKind { .. } => "wrong-kind",
            Self::WrongRepository => "wrong-repository",
            Self::HeaderNotZero(_) => "header-not-zero",
            Self::TrailerMismatch(_) => "trailer-mismatch",
            Self::Decode { .. } => "not-decodable",
            Self::NotCanonical { .. } => "not-canonical",
            Self::Tail { .. } => "tail-not-zero",
            Self::Limit { .. } => "over-limit",
            Self::Invalid { .. } => "not-allowed",
            Self::HashMismatch { .. } => "hash-mismatch",
        }
    }

    /// The part of reading that refused.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Short { .. } | Self::TrailerMissing | Self::TrailerMismatch(_) => Stage::Trailer,
            Self::HeaderMagic
            | Self::KindTooNew(_)
            | Self::TooNew { .. }
            | Self::WrongKind { .. }
            | Self::WrongRepository
            | Self::HeaderNotZero(_) => Stage::Header,
            Self::Decode { .. } | Self::NotCanonical { .. } | Self::Tail { .. } => Stage::Decode,
            Self::Limit { .. } | Self::Invalid { .. } | Self::SectionTooNew { .. } => Stage::Value,
            Self::HashMismatch { .. } => Stage::Hash,
        }
    }

    /// Made by a newer version, rather than wrong.
    pub fn is_too_new(&self) -> bool {
        self.code() == "format-too-new"
    }
}
