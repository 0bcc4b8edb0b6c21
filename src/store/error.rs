//! Owns [`StoreError`]: what can go wrong at a place, told apart by what its user does next.
//!
//! There is no `From<std::io::Error>`: an error of a source can never turn into one of the repository by a `?`.

use rustix::io::Errno;
use std::fmt;
use std::io;

/// Where it happened: a file, or the whole place if `name` is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The store's place in words.
    pub place: String,
    /// The file's or folder's name in the store; empty for the place itself.
    pub name: String,
}

impl fmt::Display for At {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => formatter.write_str(&self.place),
            name => write!(formatter, "{name} in {}", self.place),
        }
    }
}

/// What a store was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Taking up a place.
    Open,
    /// [`Store::list`](crate::store::Store::list).
    List,
    /// [`Store::stat`](crate::store::Store::stat).
    Stat,
    /// [`Store::get`](crate::store::Store::get).
    Get,
    /// [`Store::get_range`](crate::store::Store::get_range).
    GetRange,
    /// [`Store::put`](crate::store::Store::put).
    Put,
    /// [`Store::begin`](crate::store::Store::begin).
    Begin,
    /// [`Upload::write_at`](crate::store::Upload::write_at).
    WriteAt,
    /// [`Upload::finish`](crate::store::Upload::finish).
    Finish,
    /// [`Store::replace`](crate::store::Store::replace).
    Replace,
    /// [`Store::remove`](crate::store::Store::remove).
    Remove,
    /// [`Store::sync`](crate::store::Store::sync).
    Sync,
    /// [`Store::remove_stale_temporaries`](crate::store::Store::remove_stale_temporaries).
    RemoveStale,
}

impl Operation {
    /// The operation as it reads in a message after "while".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Open => "opening",
            Self::List => "listing",
            Self::Stat => "looking at",
            Self::Get | Self::GetRange => "reading",
            Self::Put | Self::WriteAt => "writing",
            Self::Begin => "beginning a file in",
            Self::Finish => "finishing",
            Self::Replace => "replacing",
            Self::Remove => "removing",
            Self::Sync => "syncing",
            Self::RemoveStale => "clearing old temporary files of",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.words())
    }
}

/// What went wrong at a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no regular file of this name. The place itself is there.
    #[error("{at} is not there")]
    NotFound {
        /// Which file.
        at: At,
    },
    /// The file is longer than anything that may be read whole under this name.
    #[error("{at} has {length_bytes} bytes, more than the {length_bytes_max} that are read at most")]
    TooLong {
        /// Which file.
        at: At,
        /// How long it is.
        length_bytes: u64,
        /// How long it may be.
        length_bytes_max: u64,
    },
    /// The file ends before the bytes that were asked for, or an upload was finished longer than what was written to it.
    #[error("{at} ends at {length_bytes} bytes, before the {wanted_bytes} bytes from {offset} on")]
    Short {
        /// Which file.
        at: At,
        /// Where reading was to begin.
        offset: u64,
        /// How many bytes were wanted.
        wanted_bytes: u64,
        /// How long the file is.
        length_bytes: u64,
    },
    /// No room: disk full, quota used up, or the file longer than the file system allows.
    #[error("no room while {operation} {at}")]
    DiskFull {
        /// What was done.
        operation: Operation,
        /// To which file.
        at: At,
        /// What the system said.
        source: io::Error,
    },
    /// The place does not let this user write.
    #[error("not allowed to write while {operation} {at}")]
    ReadOnly {
        /// What was done.
        operation: Operation,
        /// To which file.
        at: At,
        /// What the system said.
        source: io::Error,
    },
    /// The file is there and this user may not read it: no sign of damage.
    #[error("permission denied while {operation} {at}")]
    Denied {
        /// What was done.
        operation: Operation,
        /// To which file.
        at: At,
        /// What the system said.
        source: io::Error,
    },
    /// Reading failed although the place is there: perhaps damage.
    #[error("read error while {operation} {at}")]
    Read {
        /// What was done.
        operation: Operation,
        /// To which file.
        at: At,
        /// What the system said.
        source: io::Error,
    },
    /// Writing failed for a reason that has no variant of its own.
    #[error("write error while {operation} {at}")]
    Write {
        /// What was done.
        operation: Operation,
        /// To which file.
        at: At,
        /// What the system said.
        source: io::Error,
    },
    /// What was written came back as other bytes.
    #[error("{at} came back with other bytes than were written")]
    ReadBack {
        /// Which file; the wrong bytes never got this name unless the place swapped them later.
        at: At,
    },
    /// Drive unplugged, network place not reachable, or another file system where the place was.
    #[error("{} is no longer reachable (noticed while {operation} {})", at.place, if at.name.is_empty() { "it" } else { &at.name })]
    PlaceGone {
        /// What was done.
        operation: Operation,
        /// To which file.
        at: At,
        /// What the system said; none if another folder now stands there.
        source: Option<io::Error>,
    },
    /// This process or machine is out of memory or open files; says nothing about the file.
    #[error("too little memory or too many open files while {operation} {at}")]
    OutOfResources {
        /// What was done.
        operation: Operation,
        /// To which file.
        at: At,
        /// What the system said.
        source: io::Error,
    },
    /// The place does not let a name be taken over. It is unchanged.
    #[error("{at} may not be replaced at this place")]
    ReplaceRefused {
        /// Which file.
        at: At,
        /// What the system said.
        source: io::Error,
    },
    /// Not a name that a store takes.
    #[error("{name:?} is not a name for a stored file: {reason}")]
    BadName {
        /// The name, as given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A store made to fail did so: the process that writes counts as dead.
    #[error("stopped on purpose while {operation} {at}")]
    Injected {
        /// What was done.
        operation: Operation,
        /// To which file.
        at: At,
    },
}

impl StoreError {
    /// The permanent name of this kind of error, for reports.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-found",
            Self::TooLong { .. } => "too-long",
            Self::Short { .. } => "short",
            Self::DiskFull { .. } => "disk-full",
            Self::ReadOnly { .. } => "read-only",
            Self::Denied { .. } => "permission-denied",
            Self::Read { .. } => "read-error",
            Self::Write { .. } => "write-error",
            Self::ReadBack { .. } => "not-kept",
            Self::PlaceGone { .. } => "place-gone",
            Self::OutOfResources { .. } => "out-of-resources",
            Self::ReplaceRefused { .. } => "replace-refused",
            Self::BadName { .. } => "bad-name",
            Self::Injected { .. } => "injected",
        }
    }

    /// Whether this may be damage of this one file: to be read again, and then said.
    pub const fn is_damage_candidate(&self) -> bool {
        matches!(self, Self::Read { .. } | Self::Short { .. } | Self::TooLong { .. })
    }

    /// Whether this one file cannot be read though the place is there: perhaps damaged, or kept from this user. Others may be readable.
    pub const fn is_of_one_file(&self) -> bool {
        self.is_damage_candidate() || matches!(self, Self::Denied { .. })
    }

    /// Sorts a system error that came while reading.
    pub(super) fn reading(operation: Operation, at: At, source: io::Error) -> Self {
        match Errno::from_io_error(&source) {
            // A link or a folder under one of our names is none of our files.
            Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ISDIR) => Self::NotFound { at },
            Some(Errno::ACCESS | Errno::PERM) => Self::Denied { operation, at, source },
            _ => Self::either(operation, at, source).unwrap_or_else(|(operation, at, source)| Self::Read { operation, at, source }),
        }
    }

    /// Sorts a system error that came while writing.
    pub(super) fn writing(operation: Operation, at: At, source: io::Error) -> Self {
        match Errno::from_io_error(&source) {
            Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => Self::DiskFull { operation, at, source },
            Some(Errno::ROFS | Errno::ACCESS | Errno::PERM) => Self::ReadOnly { operation, at, source },
            _ => Self::either(operation, at, source).unwrap_or_else(|(operation, at, source)| Self::Write { operation, at, source }),
        }
    }

    fn either(operation: Operation, at: At, source: io::Error) -> Result<Self, (Operation, At, io::Error)> {
        match Errno::from_io_error(&source) {
            Some(
                Errno::NODEV
                | Errno::NXIO
                | Errno::STALE
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::NETDOWN
                | Errno::NETUNREACH
                | Errno::NOTCONN
                | Errno::CONNRESET
                | Errno::CONNABORTED
                | Errno::TIMEDOUT,
            ) => Ok(Self::PlaceGone { operation, at, source: Some(source) }),
            Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS) => Ok(Self::OutOfResources { operation, at, source }),
            _ => Err((operation, at, source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> At {
        At { place: "/mnt/blue".into(), name: "packs/ab/x.pack".into() }
    }

    #[test]
    fn system_errors_are_sorted_by_what_to_do_next() {
        let cases = [
            (Errno::NOSPC, "disk-full"),
            (Errno::DQUOT, "disk-full"),
            (Errno::FBIG, "disk-full"),
            (Errno::ROFS, "read-only"),
            (Errno::ACCESS, "read-only"),
            (Errno::PERM, "read-only"),
            (Errno::NODEV, "place-gone"),
            (Errno::STALE, "place-gone"),
            (Errno::MFILE, "out-of-resources"),
            (Errno::IO, "write-error"),
        ];
        for (errno, code) in cases {
            assert_eq!(StoreError::writing(Operation::Put, at(), errno.into()).code(), code, "{errno:?}");
        }
        let cases = [
            (Errno::IO, "read-error"),
            (Errno::NOENT, "not-found"),
            (Errno::LOOP, "not-found"),
            (Errno::ACCESS, "permission-denied"),
            (Errno::NXIO, "place-gone"),
            (Errno::NFILE, "out-of-resources"),
        ];
        for (errno, code) in cases {
            assert_eq!(StoreError::reading(Operation::Get, at(), errno.into()).code(), code, "{errno:?}");
        }
    }

    #[test]
    fn messages_name_the_operation_and_the_file() {
        let error = StoreError::writing(Operation::Finish, at(), Errno::NOSPC.into());
        assert_eq!(error.to_string(), "no room while finishing packs/ab/x.pack in /mnt/blue");
        let error = StoreError::PlaceGone { operation: Operation::Open, at: At { name: String::new(), ..at() }, source: None };
        assert_eq!(error.to_string(), "/mnt/blue is no longer reachable (noticed while opening it)");
    }
}
