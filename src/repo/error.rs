//! Owns [`RepoError`]: what can go wrong with a repository, and the stable code of each.

use crate::clock::Timestamp;
use crate::crypto::CryptoError;
use crate::format::{FormatError, ObjectId, PackName, SnapshotName};
use crate::store::StoreError;
use std::path::PathBuf;
use thiserror::Error;

fn utc(seconds: i64) -> String {
    Timestamp::from_seconds(seconds).rfc3339()
}

/// Why something could not be done with a repository.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RepoError {
    /// The place failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file is not what it should be.
    #[error("{name}: {source}")]
    File {
        /// The file's name in the repository.
        name: String,
        /// What is wrong with it.
        source: CryptoError,
    },
    /// Something new could not be made: no random numbers, a key derivation that refuses, more than the format holds. Nothing is damaged.
    #[error("cannot make {what}: {source}")]
    NotMade {
        /// What was to be made.
        what: String,
        /// Why it could not.
        source: CryptoError,
    },
    /// There is no repository.
    #[error("there is no tintype repository")]
    NotFound {
        /// Where.
        place: String,
    },
    /// Neither copy of `tintype.json` is here, though other files of a repository are.
    #[error("files of a repository are here, but neither copy of tintype.json is (yet)")]
    RepositoryFileMissing {
        /// Where.
        place: String,
    },
    /// Both copies of `tintype.json` are wrong.
    #[error("both copies of tintype.json are damaged")]
    RepositoryFileDamaged {
        /// Where.
        place: String,
    },
    /// There is a repository already.
    #[error("there is a tintype repository already")]
    AlreadyThere {
        /// Where.
        place: String,
    },
    /// The folder for a new repository has files in it.
    #[error("the folder is not empty")]
    NotEmpty {
        /// Where.
        place: String,
    },
    /// A newer version made a rule that this one does not know.
    #[error("this repository was made by a newer version: it has the rule {rule}")]
    NewerRules {
        /// The rule's file name.
        rule: String,
    },
    /// A file or the whole repository is of a newer version.
    #[error("{name} was made by a newer version")]
    TooNew {
        /// The file.
        name: String,
    },
    /// The repository is encrypted and nothing to open it was given.
    #[error("the repository is encrypted, and neither a password nor the recovery code was given")]
    KeyNeeded {
        /// Where.
        place: String,
    },
    /// No slot opens with the password.
    #[error("the password is wrong for {}", if *slots == 1 { "the one key slot".to_owned() } else { format!("all {slots} key slots") })]
    WrongPassword {
        /// How many were tried.
        slots: usize,
    },
    /// A password was given and there is no slot to try it on.
    #[error("no key slot is here (yet) that a password could open")]
    NoSlots,
    /// The recovery code is well formed and belongs to another repository.
    #[error("the recovery code belongs to another repository")]
    OtherCode,
    /// A password or code was given for a plain repository.
    #[error("the repository is not encrypted: it has no password")]
    KeyForPlain {
        /// Where.
        place: String,
    },
    /// This machine knew the repository as encrypted.
    #[error("the repository was encrypted when this machine last saw it, and now claims to be plain")]
    ClaimsToBePlain {
        /// Where.
        place: String,
    },
    /// An object that a snapshot needs is in no pack that is here.
    #[error("a pack is missing: object {}… is in none that is here", id.short())]
    ObjectMissing {
        /// The object.
        id: ObjectId,
    },
    /// An object is listed, and its bytes are wrong wherever it lies.
    #[error("object {id} in pack {pack}: {reason}")]
    ObjectDamaged {
        /// The object.
        id: ObjectId,
        /// The last pack that was tried.
        pack: PackName,
        /// What is wrong.
        reason: String,
        /// This user may not read the pack: no sign of damage.
        denied: bool,
    },
    /// A pack's directory cannot be read.
    #[error("pack {pack}: {reason}")]
    PackUnreadable {
        /// The pack.
        pack: PackName,
        /// Why.
        reason: String,
    },
    /// What was just encoded does not decode to the same bytes: memory, processor or library are at fault.
    #[error(
        "a record did not decode to the bytes that it was made from: this machine's memory or processor may be faulty; nothing of this run counts"
    )]
    Verification,
    /// The needed packs were not all in place when looked at, three times.
    #[error("{} not in place when looked at again", if *missing == 1 { "a pack that the snapshot needs was".to_owned() } else { format!("{missing} packs that the snapshot needs were") })]
    LookFailed {
        /// How many.
        missing: usize,
    },
    /// The local cache of the index had wrong bytes. It was thrown away: the next look reads everything from the repository.
    #[error("this machine's own index of the repository was damaged; it was thrown away, and is made again from the repository")]
    CacheDamaged,
    /// No snapshot answers to the name.
    #[error("{reason}")]
    NoSuchSnapshot {
        /// What was asked for.
        name: String,
        /// Why nothing answers to it.
        reason: String,
    },
    /// Every snapshot was taken later.
    #[error("no snapshot was taken at or before {}{}", utc(*seconds), oldest.map(|(name, seconds)| format!("; the oldest is {} of {}", name.short(), utc(seconds))).unwrap_or_default())]
    NoneSoEarly {
        /// The time that was asked for, in seconds since the epoch.
        seconds: i64,
        /// The oldest snapshot and the time in its name.
        oldest: Option<(SnapshotName, i64)>,
    },
    /// The recovery code could not be shown, so nothing was made that it would open.
    #[error("the recovery code could not be shown ({source}), so nothing was made")]
    CodeNotShown {
        /// What the system said.
        source: std::io::Error,
    },
    /// More than one does.
    #[error("{count} snapshots begin with {name}")]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// How many.
        count: usize,
    },
    /// A manifest cannot be read in either place.
    #[error("the manifest {name} is damaged in both places: {reason}")]
    ManifestDamaged {
        /// Its name in the repository.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the local cache or state failed.
    #[error("{path}: {source}")]
    Local {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The operation was asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// Another thread failed first; its error is the one to tell.
    #[error("stopped after an earlier error")]
    Stopped,
}

impl RepoError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::File { source, .. } | Self::NotMade { source, .. } => source.code(),
            Self::NotFound { .. } => "repository-not-found",
            Self::RepositoryFileMissing { .. } => "repository-file-missing",
            Self::RepositoryFileDamaged { .. } => "repository-file-damaged",
            Self::AlreadyThere { .. } => "repository-exists",
            Self::NotEmpty { .. } => "folder-not-empty",
            Self::NewerRules { .. } => "newer-rules",
            Self::TooNew { .. } => "format-too-new",
            Self::KeyNeeded { .. } => "key-needed",
            Self::WrongPassword { .. } => "wrong-password",
            Self::NoSlots => "no-key-slots",
            Self::OtherCode => "wrong-recovery-code",
            Self::KeyForPlain { .. } => "key-for-plain",
            Self::ClaimsToBePlain { .. } => "claims-to-be-plain",
            Self::ObjectMissing { .. } => "object-missing",
            Self::ObjectDamaged { denied: true, .. } => "pack-denied",
            Self::ObjectDamaged { .. } => "object-damaged",
            Self::PackUnreadable { .. } => "pack-damaged",
            Self::Verification => "verification-failed",
            Self::LookFailed { .. } => "look-failed",
            Self::CacheDamaged => "cache-damaged",
            Self::NoSuchSnapshot { .. } | Self::NoneSoEarly { .. } => "no-such-snapshot",
            Self::CodeNotShown { .. } => "recovery-code-not-shown",
            Self::Ambiguous { .. } => "ambiguous",
            Self::ManifestDamaged { .. } => "manifest-damaged",
            Self::Local { .. } => "local-files",
            Self::Interrupted => "interrupted",
            Self::Stopped => "stopped",
        }
    }

    /// Bytes that the repository holds are wrong, as far as this error can tell: what is only absent, of a newer version, refused to a wrong
    /// password or code, or not to be had from this machine is no damage.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::File { source, .. } => !matches!(
                source,
                CryptoError::NoRandom
                    | CryptoError::Derivation(_)
                    | CryptoError::WrongPassword
                    | CryptoError::CodeGroup(_)
                    | CryptoError::CodeLength(_)
                    | CryptoError::CodeCharacter(_)
            ),
            Self::RepositoryFileDamaged { .. }
            | Self::ManifestDamaged { .. }
            | Self::ObjectDamaged { .. }
            | Self::PackUnreadable { .. } => true,
            _ => false,
        }
    }

    /// The error of making something new.
    pub(crate) fn not_made(what: &str) -> impl FnOnce(CryptoError) -> Self {
        move |source| Self::NotMade { what: what.to_owned(), source }
    }

    /// A file's error with its name.
    pub(super) fn of_file(name: impl Into<String>) -> impl FnOnce(CryptoError) -> Self {
        let name = name.into();
        move |source| match &source {
            CryptoError::Format(error) if error.is_too_new() => Self::TooNew { name },
            _ => Self::File { name, source },
        }
    }

    /// A format error with the file's name.
    pub(super) fn of_format(name: impl Into<String>) -> impl FnOnce(FormatError) -> Self {
        let of_file = Self::of_file(name);
        move |source| of_file(CryptoError::Format(source))
    }
}

#[cfg(test)]
mod tests {
    use super::RepoError;
    use crate::crypto::CryptoError;
    use crate::format::FormatError;

    #[test]
    fn what_could_not_be_made_is_no_damage_and_wrong_bytes_are() {
        let no_random = RepoError::not_made("a new pack")(CryptoError::NoRandom);
        assert_eq!((no_random.code(), no_random.is_damage()), ("no-random", false));
        let wrong = RepoError::of_file("packs/x")(CryptoError::NotAuthentic);
        assert_eq!((wrong.code(), wrong.is_damage()), ("not-authentic", true));
        let newer = RepoError::of_format("packs/x")(FormatError::KindTooNew(20));
        assert_eq!((newer.code(), newer.is_damage()), ("format-too-new", false));
    }
}
