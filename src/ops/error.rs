//! Owns [`Error`]: why an operation could not go on, its stable code and its exit code.
//!
//! Codes are permanent once released. `format-spec/limits.md` lists them beside those of problems.

use super::problem::DENIED_HINT;
use super::restore::TargetError;
use crate::repo::RepoError;
use crate::scan::ScanError;
use thiserror::Error;

/// Why an operation could not be done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The repository.
    #[error(transparent)]
    Repository(#[from] RepoError),
    /// A source as a whole.
    #[error("{source}")]
    Source {
        /// The source as the person wrote it.
        place: String,
        /// What is wrong with it.
        source: ScanError,
    },
    /// The folder to restore into, as a whole.
    #[error("{source}")]
    Target {
        /// The target.
        place: String,
        /// What is wrong with it.
        source: TargetError,
    },
    /// The folder to restore into has files in it.
    #[error("the folder is not empty")]
    TargetNotEmpty {
        /// The target.
        place: String,
    },
    /// Every source is absent or empty.
    #[error("{place} is empty{}: nothing to snap", if *.others { ", and so is every other source" } else { "" })]
    SourcesEmpty {
        /// The first of them.
        place: String,
        /// There are others.
        others: bool,
    },
    /// A path was given twice.
    #[error("{path} is given twice")]
    GivenTwice {
        /// The path.
        path: String,
    },
    /// Two sources would have one label, or a label is taken.
    #[error("the label {label} {reason}")]
    Label {
        /// The label.
        label: String,
        /// Why it cannot be had.
        reason: String,
    },
    /// A source lies inside the repository.
    #[error("{path} is the repository, or lies inside it")]
    SourceInRepository {
        /// The source.
        path: String,
    },
    /// There is nothing of this name in the snapshot.
    #[error("there is no {path} in snapshot {snapshot}{}", why.map(|why| format!(": {why}")).unwrap_or_default())]
    NoSuchPath {
        /// What was asked for.
        path: String,
        /// The snapshot, shortened.
        snapshot: String,
        /// Why the snapshot does not hold it, where it says so.
        why: Option<&'static str>,
    },
    /// No key slot, or more than one, is meant by what was given.
    #[error("{what}")]
    NoSuchSlot {
        /// What is wrong with what was given.
        what: String,
    },
    /// The last key slot would go.
    #[error("{slot} is the last key slot")]
    LastSlot {
        /// The slot, shortened.
        slot: String,
    },
    /// Of a plain repository there is nothing that a recovery sheet could hold.
    #[error("nothing to recover: without encryption there is no recovery code")]
    NothingToRecover,
    /// What was asked for cannot be written to where it should go.
    #[error("{source}")]
    Output {
        /// The system's words.
        source: std::io::Error,
    },
    /// What was given cannot be understood.
    #[error("{what}: {why}")]
    Usage {
        /// What was given.
        what: String,
        /// Why it cannot be used.
        why: String,
    },
}

impl Error {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Repository(error) => error.code(),
            Self::Source { source, .. } => source.code(),
            Self::Target { source, .. } => source.code(),
            Self::TargetNotEmpty { .. } => "target-not-empty",
            Self::SourcesEmpty { .. } => "sources-empty",
            Self::GivenTwice { .. } => "given-twice",
            Self::Label { .. } => "label-taken",
            Self::SourceInRepository { .. } => "source-in-repository",
            Self::NoSuchPath { .. } => "no-such-path",
            Self::NoSuchSlot { .. } => "no-such-slot",
            Self::LastSlot { .. } => "last-slot",
            Self::NothingToRecover => "key-for-plain",
            Self::Output { .. } => "output",
            Self::Usage { .. } => "usage",
        }
    }

    /// The exit code: 2 refused, 1 failed, 5 and 6 where the verdict is about the whole repository, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Repository(error) => match error {
                RepoError::Interrupted => 130,
                RepoError::RepositoryFileDamaged { .. } | RepoError::ManifestDamaged { .. } | RepoError::ObjectDamaged { .. } => 5,
                RepoError::ObjectMissing { .. } => 6,
                RepoError::Store(_)
                | RepoError::Verification
                | RepoError::LookFailed { .. }
                | RepoError::CacheDamaged
                | RepoError::Local { .. }
                | RepoError::CodeNotShown { .. }
                | RepoError::NotMade { .. }
                | RepoError::Stopped => 1,
                RepoError::File { .. } | RepoError::PackUnreadable { .. } => 5,
                _ => 2,
            },
            Self::Source { source: ScanError::Interrupted { .. }, .. } => 130,
            Self::Target { source: TargetError::NotFolder { .. }, .. } => 2,
            Self::Source { .. } | Self::Target { .. } | Self::SourcesEmpty { .. } | Self::Output { .. } => 1,
            _ => 2,
        }
    }

    /// What the person can do next, if there is something.
    pub fn hint(&self) -> Option<&'static str> {
        if let Self::Target { source, .. } = self
            && let Some(hint) = target_hint(source)
        {
            return Some(hint);
        }
        Some(match self.code() {
            _ if matches!(self, Self::Source { source: ScanError::PermissionDenied { .. }, .. }) => {
                "let this user read it, or run as a user who may; on a Mac the terminal needs Full Disk Access"
            }
            _ if matches!(self, Self::NothingToRecover) => "leave --recovery-sheet away: whoever has the drive can read the photos",
            "wrong-password" => "try another password, or the recovery code (`--recovery-code-file`)",
            "key-needed" => "give --password-file, --password-command, TINTYPE_PASSWORD or --recovery-code-file",
            "key-for-plain" => "leave the password away: a plain repository opens without one",
            "wrong-recovery-code" => "compare the code with what was written down when the repository was made",
            "no-key-slots" => "use the recovery code (`--recovery-code-file`); then `tintype key add` makes a new password",
            "no-such-slot" => "`tintype key list` names them",
            "last-slot" => {
                "add another password first (`tintype key add`), or say --force: then only the recovery code opens the repository"
            }
            "repository-not-found" => "look for the folder that holds tintype.json, or make a repository with `tintype init`",
            "repository-file-missing" => "if this copy is still arriving, wait until it is complete",
            "newer-rules" | "format-too-new" => "use a newer version of tintype",
            "repository-exists" => "it can be used as it is: `tintype snap` takes a snapshot into it",
            "folder-not-empty" => "choose a new or an empty folder: a repository has one of its own",
            "target-not-folder" => "give a new or an empty folder",
            "target-read-only" => "choose another folder, or one on a drive that can be written",
            "permission-denied" | "pack-denied" => DENIED_HINT,
            "target-not-empty" => "choose a new folder, or say --overwrite never|if-different|always",
            "source-vanished" => "is the path right, and the drive with the photos connected?",
            "sources-empty" => "is the drive with the photos connected? If they are really gone, say --allow-empty",
            "disk-full" => "make room, then run the same command again: what was stored counts",
            "claims-to-be-plain" => "somebody may have put another repository in its place; compare with another copy",
            "place-gone" => "connect the drive again, then run the same command again: what was done counts",
            "manifest-damaged" => "`tintype snapshots` lists the others; restore one of them by its id",
            "cache-damaged" => "run the same command again",
            "recovery-code-not-shown" => "run it on a terminal, or let its output go to a file or a printer",
            "verification-failed" => "test this machine's memory before you trust it with photos",
            _ => return None,
        })
    }
}

/// What can be done about the folder to restore into, where that is something else than for a repository.
fn target_hint(error: &TargetError) -> Option<&'static str> {
    match error {
        TargetError::Full { .. } => Some("make room there, then run the same command again: the files that were restored count"),
        TargetError::Gone { .. } => Some("connect the drive again, then run the same command again: the files that were restored count"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Error;
    use crate::repo::{CryptoError, RepoError};
    use crate::scan::{Operation, ScanError};

    #[test]
    fn a_walk_that_was_interrupted_is_no_failure() {
        let source = ScanError::Interrupted { path: Vec::new(), operation: Operation::Walk };
        assert_eq!(Error::Source { place: "/photos".to_owned(), source }.exit_code(), 130);
    }

    #[test]
    fn what_could_not_be_made_is_no_damage() {
        let name = || "a file".to_owned();
        assert_eq!(Error::from(RepoError::NotMade { what: name(), source: CryptoError::NoRandom }).exit_code(), 1);
        assert_eq!(Error::from(RepoError::File { name: name(), source: CryptoError::NotAuthentic }).exit_code(), 5);
    }
}
