//! Owns what a manifest says: its public part, readable by anyone, and its sealed part. Implements `format-spec/manifest.md`.

use super::{
    Content, Entry, FormatError, MachineId, Needs, ObjectId, Section, SnapshotName, SourceId, StoredName, Time, check_sections, codec,
    limits,
};
use bincode::{Decode, Encode};

/// The public part of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ManifestPublic {
    /// When, by the writer's clock.
    pub time: Time,
    /// BLAKE3 of `tintype.json`.
    pub repository_file: StoredName,
    /// The packs that the snapshot cannot do without.
    pub needs: Needs,
    /// The index segments that cover them.
    pub segments: Vec<StoredName>,
}

/// The sealed part of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ManifestSealed {
    /// `tintype.json`, byte for byte.
    pub repository_file: Vec<u8>,
    /// Name and version of the program that wrote it.
    pub tool: String,
    /// What the person wrote.
    pub note: String,
    /// What was snapped.
    pub sources: Vec<SourceRecord>,
    /// Snapshots to keep, and why.
    pub keep: Vec<Kept>,
    /// The newest manifests that the writer knew of sources that are not in this one.
    pub other_heads: Vec<Head>,
    /// Optional facts, sorted by tag.
    pub sections: Vec<Section>,
}

/// A snapshot to keep.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Kept {
    /// Its manifest.
    pub snapshot: SnapshotName,
    /// Why.
    pub reason: String,
}

/// The newest manifest of a source, as its writer knew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    /// The source.
    pub source: SourceId,
    /// The manifest.
    pub snapshot: SnapshotName,
    /// The time that it states.
    pub time: Time,
}

/// How many of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Counts {
    /// Files.
    pub files: u64,
    /// Folders, the root included.
    pub folders: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Sum of the files' lengths, in bytes.
    pub bytes: u64,
    /// Left out because they hold no bytes, or by a rule.
    pub skipped: u64,
    /// Could not be read.
    pub unreadable: u64,
    /// Vanished between listing and reading.
    pub vanished: u64,
    /// Taken over from an earlier snapshot.
    pub carried: u64,
    /// Only in a cloud.
    pub cloud_only: u64,
    /// Changed while they were read.
    pub changed_while_read: u64,
}

/// One source of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SourceRecord {
    /// Its id, the same in every snapshot of it.
    pub id: SourceId,
    /// Its name in snapshots.
    pub label: String,
    /// Its path on the machine, raw bytes.
    pub path: Vec<u8>,
    /// The machine's id.
    pub machine: MachineId,
    /// The machine's name.
    pub host: String,
    /// The volume's own id where it is not the system's: the path is then relative to it.
    pub volume: Option<String>,
    /// The root as an entry; its name is the last part of the path, or `root`.
    pub root: Entry,
    /// How many of what, the root included.
    pub counts: Counts,
    /// What was not kept as it was: a report object.
    pub report: Option<ObjectId>,
    /// The heads of this source when it was snapped.
    pub previous: Vec<SnapshotName>,
}

impl ManifestPublic {
    /// Encodes it.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes the public part of a manifest.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let public: Self = codec::decode("public part of the manifest", bytes)?;
        public.time.validate("manifest")?;
        public.needs.validate()?;
        Ok(public)
    }
}

impl ManifestSealed {
    /// Encodes it.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes the opened body of a manifest; zeros may follow the value.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let invalid = |why| FormatError::Invalid { what: "manifest", why };
        let sealed: Self = codec::decode_padded("manifest", bytes)?;
        super::RepositoryFile::decode(&sealed.repository_file)?;
        limits::check_count("sources", sealed.sources.len(), limits::SOURCES_MAX)?;
        limits::check_count("heads of other sources", sealed.other_heads.len(), limits::OTHER_HEADS_MAX)?;
        check_sections("manifest", &sealed.sections)?;
        for text in [&sealed.tool, &sealed.note] {
            limits::check_count("length of a text", text.len(), limits::TEXT_BYTES_MAX)?;
        }
        if sealed.sources.is_empty() {
            return Err(invalid("a snapshot has at least one source"));
        }
        if !sealed.sources.windows(2).all(|pair| matches!(pair, [one, next] if one.label < next.label)) {
            return Err(invalid("sources must be sorted by label, each once"));
        }
        for source in &sealed.sources {
            super::check_name("label of a source", source.label.as_bytes())?;
            limits::check_count("path of a source", source.path.len(), limits::PATH_BYTES_MAX)?;
            limits::check_count("length of a text", source.host.len(), limits::TEXT_BYTES_MAX)?;
            source.root.validate()?;
            if matches!(source.root.content, Content::Symlink(_)) {
                return Err(invalid("the root of a source is a folder or a file"));
            }
        }
        for kept in &sealed.keep {
            limits::check_count("reason to keep a snapshot", kept.reason.len(), limits::TEXT_BYTES_MAX)?;
        }
        sealed.other_heads.iter().try_for_each(|head| head.time.validate("head of another source"))?;
        Ok(sealed)
    }

    /// Checks that the `tintype.json` repeated here is the one that the public part names.
    pub fn check_repository_file(&self, public: &ManifestPublic) -> Result<(), FormatError> {
        let same = blake3::hash(&self.repository_file).as_bytes() == &public.repository_file.0;
        if same { Ok(()) } else { Err(FormatError::HashMismatch { what: "the tintype.json that the manifest repeats" }) }
    }
}
