//! Owns the seam where a restore writes: the trait [`Target`], what it finds, what it could not keep, and why it refuses.
//!
//! Whatever a repository says and whatever already lies in the target, nothing outside the target's root is written, changed or removed:
//! every part of a path is checked as a name, and no call follows a link in any part of a path.

use super::names::NameRules;
use crate::tree::{Facts, Time};
use std::fmt::Debug;
use std::io;
use thiserror::Error;

/// Where restored files go. Paths are raw bytes relative to the target's root, parts joined by `/`; empty is the root.
///
/// All calls may come from many threads at once. A part of a path that is no name (1 to 1,024 bytes, not `.` or `..`, no NUL) is
/// [`TargetError::BadName`]; a parent that is a link or no folder is [`TargetError::Blocked`]; a parent that is absent is
/// [`TargetError::Gone`] except where a call says otherwise.
pub trait Target: Send + Sync + Debug {
    /// The place in words for messages, such as a path.
    fn place(&self) -> String;

    /// What names it can hold, and which of them it takes for one.
    fn name_rules(&self) -> NameRules;

    /// What lies at `path`, links not followed; `None` if nothing does or if a parent is absent.
    fn stat(&self, path: &[u8]) -> Result<Option<Found>, TargetError>;

    /// Whether nothing at all lies in the root.
    fn is_empty(&self) -> Result<bool, TargetError>;

    /// The names in a folder, sorted, with what lies there.
    fn list(&self, path: &[u8]) -> Result<Vec<(Vec<u8>, Found)>, TargetError>;

    /// Makes one level of folder, for its owner alone until [`Target::set_facts`]. A folder that is there already is fine;
    /// anything else that is there, a link to a folder included, is [`TargetError::Blocked`].
    fn make_folder(&self, path: &[u8]) -> Result<(), TargetError>;

    /// Begins a file of exactly `length_bytes` under a temporary name in the folder that it will lie in. What is never written of it is zeros.
    fn create(&self, path: &[u8], length_bytes: u64, room: Room) -> Result<Box<dyn TargetFile>, TargetError>;

    /// Opens a regular file to compare it. Anything else is [`TargetError::Blocked`], at once: a FIFO does not wait.
    fn open(&self, path: &[u8]) -> Result<Box<dyn TargetRead>, TargetError>;

    /// The raw bytes that a symbolic link holds. Anything else is [`TargetError::Blocked`].
    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, TargetError>;

    /// Makes a symbolic link that holds `to`, which may say anything: nothing here ever follows it.
    fn make_symlink(&self, path: &[u8], to: &[u8], existing: Existing) -> Result<(), TargetError>;

    /// Gives the regular file `first` one more name. [`TargetError::Unsupported`] where the target cannot: the caller writes a copy.
    fn make_hard_link(&self, first: &[u8], path: &[u8], existing: Existing) -> Result<(), TargetError>;

    /// Sets the facts of what lies at `path`, which must be of `kind`; for folders (after all that lies in them), links, and files that
    /// were there with the right bytes. A file or link with more than one name is [`TargetError::Blocked`], because another of its
    /// names may lie outside the target: write it anew with [`Existing::Replace`].
    ///
    /// Values of attributes stand in the facts themselves: one that is said to be in pieces counts as not set.
    fn set_facts(&self, path: &[u8], kind: FoundKind, facts: &Facts) -> Result<FactsSet, TargetError>;

    /// Removes a file, a link or anything else that is not a folder; an absent one is no error.
    fn remove(&self, path: &[u8]) -> Result<(), TargetError>;

    /// Removes an empty folder; an absent one is no error, one that is not empty is [`TargetError::Blocked`].
    fn remove_folder(&self, path: &[u8]) -> Result<(), TargetError>;

    /// Writes a small file durably, whole or not at all, over whatever file lies there.
    fn put_small(&self, path: &[u8], bytes: &[u8]) -> Result<(), TargetError>;

    /// Bytes that this user may still write here; `None`: nobody can tell.
    fn free_bytes(&self) -> Option<u64>;

    /// Makes everything that was finished durable.
    fn sync(&self) -> Result<(), TargetError>;

    /// Removes what an interrupted restore left under temporary names (files and links, nothing else) anywhere below the root,
    /// without following links or leaving the root's file system. Returns how many.
    fn remove_stale_parts(&self) -> Result<u64, TargetError>;
}

/// A file being written. Dropping it without [`TargetFile::finish`] removes it.
pub trait TargetFile: Send + Debug {
    /// Writes `bytes` at `offset`, within the length that [`Target::create`] was told; any size, any order.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), TargetError>;

    /// Sets the facts (owner, mode, attributes, and times last), reads them back, and gives the file its name. Durable after [`Target::sync`].
    ///
    /// A length other than the one announced is an error, and so is a parent folder that is no longer the one the file was begun in.
    fn finish(self: Box<Self>, facts: &Facts, existing: Existing) -> Result<FactsSet, TargetError>;
}

/// A regular file of the target, open for comparing.
pub trait TargetRead: Send + Debug {
    /// What was found when it was opened.
    fn found(&self) -> Found;

    /// Reads at most `into.len()` bytes at `offset`; 0 is the end.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, TargetError>;
}

/// Whether room for a file is asked for before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// All of it: a full disk is known before the bytes are fetched.
    Ahead,
    /// Only for what is written: it has holes.
    AsWritten,
}

/// What to do when the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// [`TargetError::Exists`], and nothing changes.
    Refuse,
    /// Take the name over in one step. A folder is never replaced: [`TargetError::Blocked`].
    Replace,
}

/// What a name in the target stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FoundKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Symlink,
    /// A FIFO, socket, device or anything else.
    Other,
}

impl FoundKind {
    /// The kind in words for a person.
    pub fn words(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Symlink => "a symbolic link",
            Self::Other => "neither a file, a folder nor a link",
        }
    }
}

/// What lies at a path, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// File, folder, link or other.
    pub kind: FoundKind,
    /// Length in bytes; 0 for anything but a file.
    pub length_bytes: u64,
    /// Last change of content.
    pub mtime: Time,
    /// The low 12 bits of the mode.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// The system's number of it on its device.
    pub inode: u64,
    /// The device that it lies on.
    pub device: u64,
    /// How many names it has.
    pub link_count: u64,
}

/// What could not be kept, also when it seemed to be set and reads back otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FactsSet {
    /// User or group is another: without the privilege, or the file system keeps none.
    pub owner_not_set: bool,
    /// The permission bits are others.
    pub mode_not_set: bool,
    /// Setuid, setgid, or sticky on a file, were left out on purpose.
    pub special_bits_left_out: bool,
    /// The time of last change is another.
    pub time_not_set: bool,
    /// The time of last change is right within 2 s, the widest tick of a file system (FAT).
    pub time_rounded: bool,
    /// The time when it was made cannot be set here.
    pub birth_not_set: bool,
    /// How many extended attributes were not set.
    pub xattrs_not_set: u32,
    /// How many that give a program rights were left out on purpose.
    pub privileged_xattrs_left_out: u32,
    /// How many could not be had from the repository because their bytes are wrong.
    pub xattrs_damaged: u32,
    /// How many could not be had because a pack is missing.
    pub xattrs_missing: u32,
}

/// Why the target refuses or fails. Paths are as asked for, bytes that are not UTF-8 replaced.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// A part of the path is no name that a restore may write.
    #[error("{} is not a path that may be restored: {why}", named(.path))]
    BadName {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Something lies where a folder, or something else than it, is needed. It was left alone.
    #[error("{} is blocked by {by}", named(.path))]
    Blocked {
        /// The path at which it lies.
        path: String,
        /// What lies there.
        by: &'static str,
    },
    /// The name is taken.
    #[error("{} exists already", named(.path))]
    Exists {
        /// The path.
        path: String,
    },
    /// The file system of the target cannot hold this name or thing.
    #[error("the target cannot hold {}: {reason}", named(.path))]
    CannotHold {
        /// The path.
        path: String,
        /// Why.
        reason: &'static str,
    },
    /// The target has no hard links, or not this one.
    #[error("{} cannot be a second name of a file here", named(.path))]
    Unsupported {
        /// The path.
        path: String,
    },
    /// Something that is no folder stands where the target is to be, or on the way to it.
    #[error("{} is {by}, not a folder", named(.path))]
    NotFolder {
        /// What stands there.
        path: String,
        /// What it is.
        by: &'static str,
    },
    /// No space, or a quota.
    #[error("no room for {}", named(.path))]
    Full {
        /// The path.
        path: String,
    },
    /// No permission.
    #[error("no permission to {doing} {}", named(.path))]
    Denied {
        /// What was being done.
        doing: &'static str,
        /// The path.
        path: String,
    },
    /// The target cannot be written.
    #[error("the target is read-only, at {}", named(.path))]
    ReadOnly {
        /// The path.
        path: String,
    },
    /// The place, or a parent folder, is not there, or no more.
    #[error("{} is gone, could not {doing} it", named(.path))]
    Gone {
        /// What was being done.
        doing: &'static str,
        /// The path.
        path: String,
    },
    /// The system failed in another way.
    #[error("could not {doing} {}", named(.path))]
    Other {
        /// What was being done.
        doing: &'static str,
        /// The path.
        path: String,
        /// The system's words.
        #[source]
        source: io::Error,
    },
}

impl TargetError {
    /// The error's permanent name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadName { .. } => "name-not-allowed",
            Self::Blocked { .. } => "target-blocked",
            Self::Exists { .. } => "target-exists",
            Self::CannotHold { .. } => "target-cannot-hold",
            Self::Unsupported { .. } => "target-no-hard-link",
            Self::NotFolder { .. } => "target-not-folder",
            Self::Full { .. } => "disk-full",
            Self::Denied { .. } => "target-denied",
            Self::ReadOnly { .. } => "target-read-only",
            Self::Gone { .. } => "target-gone",
            Self::Other { .. } => "target-failed",
        }
    }

    pub(super) fn blocked(path: &[u8], by: &'static str) -> Self {
        Self::Blocked { path: words(path), by }
    }

    pub(super) fn other(doing: &'static str, path: &[u8], kind: io::ErrorKind, why: &'static str) -> Self {
        Self::Other { doing, path: words(path), source: io::Error::new(kind, why) }
    }
}

/// A path as it reads in a message, so that control characters do nothing: the empty one is the root.
fn named(path: &str) -> String {
    if path.is_empty() { "the target itself".to_owned() } else { format!("{path:?}") }
}

/// A path as text for messages.
pub(super) fn words(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// Longest name that an entry may have, in bytes.
const NAME_BYTES_MAX: usize = 1024;

/// Checks every part of a path by the rule for names, so that no path can leave the root; the empty path is the root.
///
/// Entries were checked when they were decoded. This is the second of the two locks, beside the door itself.
pub(super) fn check_path(path: &[u8]) -> Result<(), TargetError> {
    let bad = |why| Err(TargetError::BadName { path: words(path), why });
    for name in parts(path) {
        match name {
            b"" => return bad("it has an empty part"),
            b"." | b".." => return bad("a part is . or .."),
            _ if name.len() > NAME_BYTES_MAX => return bad("a part is over 1,024 bytes long"),
            _ if name.contains(&0) => return bad("it has a NUL byte"),
            _ => {}
        }
    }
    Ok(())
}

/// The names of a path that are to be walked, none for the root.
pub(super) fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|_| !path.is_empty())
}

/// The checked path's parent and its last name. The root has neither.
pub(super) fn split(path: &[u8]) -> Result<(&[u8], &[u8]), TargetError> {
    check_path(path)?;
    if path.is_empty() {
        return Err(TargetError::BadName { path: String::new(), why: "the root itself cannot be written" });
    }
    Ok(match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash.saturating_add(1)..).unwrap_or_default()),
        None => (b"", path),
    })
}

/// Checks what a symbolic link is to hold: anything but nothing, and no NUL.
pub(super) fn check_link(path: &[u8], to: &[u8]) -> Result<(), TargetError> {
    if to.is_empty() || to.contains(&0) {
        return Err(TargetError::BadName { path: words(path), why: "a link holds at least one byte and no NUL" });
    }
    Ok(())
}

const PART_PREFIX: &[u8] = b".tintype-";
const PART_SUFFIX: &[u8] = b".part";
const PART_DIGITS: usize = 16;

/// A temporary name for the random number `number`: `.tintype-` and 16 hexadecimal digits and `.part`.
pub(super) fn part_name(number: u64) -> String {
    format!(".tintype-{number:016x}.part")
}

/// Whether a name is exactly of the form that [`part_name`] makes.
pub(super) fn is_part_name(name: &[u8]) -> bool {
    name.strip_prefix(PART_PREFIX)
        .and_then(|rest| rest.strip_suffix(PART_SUFFIX))
        .is_some_and(|digits| digits.len() == PART_DIGITS && digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')))
}

/// How far a time may be off and still count as the file system's rounding, in nanoseconds: FAT counts in steps of 2 s.
const TICK_NANOSECONDS_MAX: i128 = 2_000_000_000;

/// Compares the time that was wanted with the one that reads back, and notes the difference.
pub(super) fn note_time(set: &mut FactsSet, wanted: Time, found: Time) {
    let total = |time: Time| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds);
    match total(wanted).abs_diff(total(found)) {
        0 => {}
        off if off <= TICK_NANOSECONDS_MAX.unsigned_abs() => set.time_rounded = true,
        _ => set.time_not_set = true,
    }
}

/// What is done about facts that give programs rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rights {
    /// They are left out and counted: a file that the repository calls setuid would be a program with another's rights on the machine
    /// that restores.
    #[default]
    LeftOut,
    /// They are set as far as the system lets this user: the person trusts the repository with this machine.
    Set,
}

/// The permission bits that are set, of those wanted: setuid and setgid only where that was asked for, sticky else for folders only.
pub(super) fn bits_to_set(mode: u32, kind: FoundKind, rights: Rights) -> u32 {
    mode & match (rights, kind) {
        (Rights::Set, _) => 0o7777,
        (Rights::LeftOut, FoundKind::Folder) => 0o1777,
        (Rights::LeftOut, _) => 0o777,
    }
}

/// Attributes of these names give a program rights, or are believed by the system: set from a repository they would be an attack.
pub(super) fn is_privileged_xattr(name: &[u8]) -> bool {
    name.starts_with(b"security.") || name.starts_with(b"trusted.")
}

#[cfg(test)]
mod tests {
    use super::{check_path, is_part_name, part_name, split};

    #[test]
    fn paths_are_names_joined_by_slashes() {
        for good in [&b""[..], b"a", b"a/b", b"...", b"a/..b", &[b'x'; 1024]] {
            check_path(good).expect("a good path");
        }
        for bad in [&b"/"[..], b"/a", b"a/", b"a//b", b".", b"..", b"a/..", b"../a", b"a/./b", b"a\0", &[b'x'; 1025]] {
            assert_eq!(check_path(bad).map_err(|error| error.code()), Err("name-not-allowed"));
        }
        assert_eq!(split(b"a/b/c").expect("a path"), (&b"a/b"[..], &b"c"[..]));
        assert!(split(b"").is_err());
    }

    #[test]
    fn temporary_names_have_one_form() {
        assert!(is_part_name(part_name(0).as_bytes()) && is_part_name(part_name(u64::MAX).as_bytes()));
        for other in
            [".tintype-.part", ".tintype-00000000000000000.part", ".tintype-000000000000000G.part", "x.tintype-0000000000000000.part"]
        {
            assert!(!is_part_name(other.as_bytes()), "{other}");
        }
    }
}
