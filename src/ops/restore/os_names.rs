//! Owns finding out what names a folder of this machine can hold: by the kind of its file system, else by trying.

use super::names::{Alike, Letters, NameLength, NameRules};
use super::os_folder::with_part_name;
use crate::scan::file_system_of;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags};

/// Whether names may be tried: that makes and removes empty files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    Yes,
    No,
}

/// The rules of the file system that a folder lies on. What cannot be found out is taken for as on Linux, and refused then.
pub(super) fn rules(root: &OwnedFd, may_try: Try) -> NameRules {
    let Ok(facts) = rustix::fs::fstatfs(root) else { return NameRules::LINUX };
    let kind = file_system_of(&facts).name;
    let known = NameRules::of_kind(&kind).or_else(|| is_block_fuse(root).then_some(NameRules::NTFS));
    match known {
        Some(rules) => rules,
        None if may_try == Try::Yes => tried(root),
        None => NameRules::LINUX,
    }
}

/// Whether a FUSE program serves it from a disk: on Linux those are exFAT's and NTFS's.
fn is_block_fuse(root: &OwnedFd) -> bool {
    let Ok(stat) = rustix::fs::fstat(root) else { return false };
    let device = format!("{}:{}", rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return false };
    mounts.lines().any(|mount| {
        let kind = mount.split_once(" - ").and_then(|(_, rest)| rest.split(' ').next());
        mount.split(' ').nth(2) == Some(&device) && kind == Some("fuseblk")
    })
}

/// What a few empty files tell, which are removed again.
fn tried(root: &OwnedFd) -> NameRules {
    let is_refused = |suffix: &[u8]| !holds(root, suffix, suffix);
    let windows = is_refused(b":*?") || holds(root, b"x.", b"x");
    let alike = match (holds(root, "\u{e9}x".as_bytes(), "e\u{301}x".as_bytes()), holds(root, b"x", b"X")) {
        (true, _) => Alike::CaseAndForm,
        (false, true) => Alike::Case,
        (false, false) => Alike::Bytes,
    };
    let is_utf16 = holds(root, "\u{e9}".repeat(200).as_bytes(), "\u{e9}".repeat(200).as_bytes());
    let letters = match (is_refused(b"\xff"), is_refused("\u{e9}".as_bytes())) {
        (false, _) => Letters::Any,
        (true, false) => Letters::Text,
        (true, true) => Letters::Ascii,
    };
    NameRules {
        letters,
        windows,
        alike,
        length_max: if is_utf16 { NameLength::Utf16(255) } else { NameLength::Bytes(255) },
        ..NameRules::LINUX
    }
}

/// Whether a file made under a name that ends in `made` is found under the same name with `asked` for its end.
fn holds(root: &OwnedFd, made: &[u8], asked: &[u8]) -> bool {
    let name = |part: &str, end: &[u8]| [part.as_bytes(), end].concat();
    let create = |part: &str| {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(root, name(part, made), flags, Mode::RUSR | Mode::WUSR).map(drop)
    };
    let Ok(((), part)) = with_part_name(made, create) else { return false };
    let is_found = rustix::fs::statat(root, name(&part, asked), AtFlags::SYMLINK_NOFOLLOW).is_ok();
    // It was made just now under a name that nobody else has.
    _ = rustix::fs::unlinkat(root, name(&part, made), AtFlags::empty());
    is_found
}

#[cfg(test)]
mod tests {
    use super::{NameRules, Try, holds, rules, tried};
    use rustix::fs::{Mode, OFlags};

    #[test]
    fn this_machine_s_folder_is_as_linux_has_it_and_nothing_stays_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = rustix::fs::open(folder.path(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        if rules(&root, Try::No) != NameRules::LINUX {
            println!("SKIP: temporary files lie on a file system of other rules");
            return;
        }
        assert_eq!(tried(&root), NameRules::LINUX);
        assert!(holds(&root, b"a", b"a") && !holds(&root, b"a", b"A") && holds(&root, b":*?", b":*?"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
