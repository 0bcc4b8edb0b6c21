//! Owns what can go wrong with a source: one error type, which names the path, what was being done and why it failed.
//!
//! Paths are raw bytes and are only ever printed escaped: a file name can neither move the cursor nor turn the text around.

use std::fmt;
use std::fmt::Write as _;
use std::io;

/// What was being done when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Asking for the facts of an entry.
    Stat,
    /// Listing a folder.
    List,
    /// Opening a file.
    Open,
    /// Reading a file's bytes.
    Read,
    /// Reading what a symbolic link holds.
    ReadLink,
    /// Asking which file system holds a folder.
    FileSystem,
    /// Going through a source as a whole.
    Walk,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stat => "looking at",
            Self::List => "listing",
            Self::Open => "opening",
            Self::Read => "reading",
            Self::ReadLink => "reading the link",
            Self::FileSystem => "finding the file system of",
            Self::Walk => "walking",
        })
    }
}

/// Why something of a source could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// It is not there, or no more.
    #[error("{operation} {}: {}", named(.path), self.reason())]
    NotFound {
        /// Relative to the root, or the root as it was given.
        path: Vec<u8>,
        /// What was being done.
        operation: Operation,
    },
    /// The system does not let this user.
    #[error("{operation} {}: {}", named(.path), self.reason())]
    PermissionDenied {
        /// Relative to the root, or the root as it was given.
        path: Vec<u8>,
        /// What was being done.
        operation: Operation,
    },
    /// It, or a folder above it, is not (or no longer) of the kind that was asked for, such as a link where a file was.
    #[error("{operation} {}: {}", named(.path), self.reason())]
    NotAFile {
        /// Relative to the root, or the root as it was given.
        path: Vec<u8>,
        /// What was being done.
        operation: Operation,
    },
    /// The medium or the connection to it failed, such as a bad sector or a pulled cable.
    #[error("{operation} {}: {}", named(.path), self.reason())]
    ReadFailed {
        /// Relative to the root, or the root as it was given.
        path: Vec<u8>,
        /// What was being done.
        operation: Operation,
        /// The system's number for the failure.
        errno: i32,
    },
    /// Deeper than walks go.
    #[error("{operation} {}: {}", named(.path), self.reason())]
    TooDeep {
        /// Relative to the root.
        path: Vec<u8>,
        /// What was being done.
        operation: Operation,
        /// How many folders below the root are entered.
        depth_max: usize,
    },
    /// Its bytes are only in a cloud; reading would download them.
    #[error("{operation} {}: {}", named(.path), self.reason())]
    Placeholder {
        /// Relative to the root.
        path: Vec<u8>,
        /// What was being done.
        operation: Operation,
    },
    /// The root lies on a file system that the kernel makes up, where nothing is kept.
    #[error("{operation} {}: {}", named(.path), self.reason())]
    PseudoFileSystem {
        /// The root as it was given.
        path: Vec<u8>,
        /// What was being done.
        operation: Operation,
        /// The system's name for it.
        name: String,
    },
    /// The observer asked to stop.
    #[error("{operation} {}: {}", named(.path), self.reason())]
    Interrupted {
        /// Where the walk was.
        path: Vec<u8>,
        /// What was being done.
        operation: Operation,
    },
    /// Anything else that the system says.
    #[error("{operation} {}: {}", named(.path), self.reason())]
    Other {
        /// Relative to the root, or the root as it was given.
        path: Vec<u8>,
        /// What was being done.
        operation: Operation,
        /// The class of the failure.
        kind: io::ErrorKind,
        /// The system's number for the failure; 0 where it has none.
        errno: i32,
    },
}

impl ScanError {
    /// Classes what the system said about `path`.
    pub fn from_io(path: &[u8], operation: Operation, error: &io::Error) -> Self {
        use rustix::io::Errno;
        let path = path.to_vec();
        let errno = error.raw_os_error().unwrap_or(0);
        // Numbers that no system call gives would not fit.
        let number = if (1..4096).contains(&errno) { Errno::from_raw_os_error(errno) } else { Errno::INVAL };
        match number {
            Errno::NOENT => return Self::NotFound { path, operation },
            Errno::ACCESS | Errno::PERM => return Self::PermissionDenied { path, operation },
            // Links are refused, not followed: LOOP says that one stands where something else was, NXIO that a socket or FIFO does.
            Errno::LOOP | Errno::NOTDIR | Errno::ISDIR | Errno::NXIO => return Self::NotAFile { path, operation },
            Errno::IO | Errno::NODEV | Errno::BADMSG | Errno::TIMEDOUT => return Self::ReadFailed { path, operation, errno },
            Errno::STALE | Errno::NOTCONN | Errno::HOSTUNREACH | Errno::HOSTDOWN => return Self::ReadFailed { path, operation, errno },
            _ => {}
        }
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path, operation },
            io::ErrorKind::PermissionDenied => Self::PermissionDenied { path, operation },
            kind => Self::Other { path, operation, kind, errno },
        }
    }

    /// The permanent name of this failure, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "source-vanished",
            Self::PermissionDenied { .. } | Self::PseudoFileSystem { .. } | Self::Other { .. } => "source-unreadable",
            Self::NotAFile { .. } => "source-changed-kind",
            Self::ReadFailed { .. } => "source-read-failed",
            Self::TooDeep { .. } => "source-too-deep",
            Self::Placeholder { .. } => "source-elsewhere",
            Self::Interrupted { .. } => "interrupted",
        }
    }

    /// Why, in short words for a person.
    pub fn reason(&self) -> String {
        match self {
            Self::NotFound { .. } => "not there".to_owned(),
            Self::PermissionDenied { .. } => "permission denied".to_owned(),
            Self::NotAFile { .. } => "not a file or folder, or no longer what it was".to_owned(),
            Self::ReadFailed { errno, .. } | Self::Other { errno, .. } if *errno != 0 => system_words(*errno),
            Self::ReadFailed { .. } => "input/output error".to_owned(),
            Self::TooDeep { depth_max, .. } => format!("more than {depth_max} folders deep"),
            Self::Placeholder { .. } => "only in the cloud".to_owned(),
            Self::PseudoFileSystem { name, .. } => format!("a pseudo file system ({name})"),
            Self::Interrupted { .. } => "interrupted".to_owned(),
            Self::Other { kind, .. } => kind.to_string(),
        }
    }

    /// The path as raw bytes.
    pub fn path(&self) -> &[u8] {
        match self {
            Self::NotFound { path, .. }
            | Self::PermissionDenied { path, .. }
            | Self::NotAFile { path, .. }
            | Self::ReadFailed { path, .. }
            | Self::TooDeep { path, .. }
            | Self::Placeholder { path, .. }
            | Self::PseudoFileSystem { path, .. }
            | Self::Interrupted { path, .. }
            | Self::Other { path, .. } => path,
        }
    }

    /// True for what was there and is no more: it was not kept from us, it was taken away.
    pub fn is_vanished(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

/// The system's words for a number, in lower case and without the number itself.
fn system_words(errno: i32) -> String {
    let words = io::Error::from_raw_os_error(errno).to_string();
    match words.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => words.to_lowercase(),
    }
}

/// A path as it reads in a message: the empty one is the root itself.
fn named(path: &[u8]) -> String {
    if path.is_empty() { "the source's own folder".to_owned() } else { escaped(path) }
}

/// Raw bytes of a path as text that is safe on a terminal: control characters, characters that turn the direction of writing,
/// invisible ones, and bytes that are not UTF-8 as escapes; a backslash doubled, so that no two paths print alike.
pub fn escaped(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                _ if must_escape(character) => text.extend(character.escape_unicode()),
                _ => text.push(character),
            }
        }
        for byte in chunk.invalid() {
            // Writing into a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

fn must_escape(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{061c}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

#[cfg(test)]
mod tests {
    use super::{Operation, ScanError, escaped};
    use std::io;

    #[test]
    fn paths_are_printed_escaped() {
        assert_eq!(escaped("Grüße/été.jpg".as_bytes()), "Grüße/été.jpg");
        assert_eq!(escaped(b"a\x1b[2Jb\n\xffc\\"), "a\\u{1b}[2Jb\\n\\xffc\\\\");
        assert_eq!(escaped("gpj\u{202e}.exe".as_bytes()), "gpj\\u{202e}.exe");
    }

    #[test]
    fn numbers_of_the_system_are_classed() {
        let class = |errno: rustix::io::Errno| ScanError::from_io(b"a\nb", Operation::Read, &io::Error::from(errno));
        let bad_sector = class(rustix::io::Errno::IO);
        assert_eq!(bad_sector.code(), "source-read-failed");
        assert_eq!(bad_sector.to_string(), "reading a\\nb: input/output error");
        assert_eq!(class(rustix::io::Errno::ACCESS).reason(), "permission denied");
        assert_eq!(class(rustix::io::Errno::NOENT).code(), "source-vanished");
        assert_eq!(class(rustix::io::Errno::LOOP).code(), "source-changed-kind");
        assert_eq!(class(rustix::io::Errno::MFILE).code(), "source-unreadable");
        let root = ScanError::from_io(b"", Operation::FileSystem, &io::Error::from(rustix::io::Errno::ACCESS));
        assert_eq!(root.to_string(), "finding the file system of the source's own folder: permission denied");
        let without = ScanError::from_io(b"a", Operation::Open, &io::Error::from(io::ErrorKind::InvalidInput));
        assert_eq!(without.to_string(), "opening a: invalid input parameter");
        let absurd = ScanError::from_io(b"a", Operation::Open, &io::Error::from_raw_os_error(-7));
        assert_eq!(absurd.code(), "source-unreadable");
    }
}
