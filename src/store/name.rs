//! Owns which names a store takes: relative, ASCII, parts joined by `/`, never `.` or `..`.
//!
//! A name that passes here can be joined to a folder's path without ever leaving that folder.

use super::StoreError;

/// The longest part of a name, in bytes: what FAT, exFAT and every Unix file system hold, with room for a sync tool's suffix.
pub(super) const PART_BYTES_MAX: usize = 200;
/// The longest name, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 800;

/// Refuses what is no name of a file.
pub(super) fn check_name(name: &str) -> Result<(), StoreError> {
    match fault(name) {
        None => Ok(()),
        Some(reason) => Err(StoreError::BadName { name: name.to_owned(), reason }),
    }
}

/// Refuses what is no name of a folder; the empty name is the whole store.
pub(super) fn check_folder(folder: &str) -> Result<(), StoreError> {
    if folder.is_empty() { Ok(()) } else { check_name(folder) }
}

/// Refuses a `name` that does not lie in `folder` or below it.
pub(super) fn check_below(name: &str, folder: &str) -> Result<(), StoreError> {
    check_name(name)?;
    if is_below(name, folder) {
        return Ok(());
    }
    Err(StoreError::BadName { name: name.to_owned(), reason: "it lies outside the folder in which it was begun" })
}

/// Whether `name` lies in `folder` or below it.
pub(super) fn is_below(name: &str, folder: &str) -> bool {
    folder.is_empty() || name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The folder that holds `name`; empty for the top.
pub(super) fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `part` inside `folder`.
pub(super) fn join(folder: &str, part: &str) -> String {
    if folder.is_empty() { part.to_owned() } else { format!("{folder}/{part}") }
}

/// Whether a folder of this name may be one of ours: system folders of other programs have other characters or begin with a dot.
pub(super) fn may_be_ours(part: &str) -> bool {
    !part.starts_with('.') && part_fault(part).is_none()
}

/// What is wrong with one part of a name.
pub(super) fn part_fault(part: &str) -> Option<&'static str> {
    match part {
        "" => return Some("it has an empty part"),
        "." | ".." => return Some("a part is . or .."),
        _ => {}
    }
    if part.len() > PART_BYTES_MAX {
        return Some("a part is longer than 200 bytes");
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if part.bytes().all(allowed) { None } else { Some("only 0-9 A-Z a-z . _ - are allowed") }
}

fn fault(name: &str) -> Option<&'static str> {
    if name.len() > NAME_BYTES_MAX {
        return Some("it is longer than 800 bytes");
    }
    name.split('/').find_map(part_fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_the_place_are_refused() {
        for name in ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a\\b", "a b", "ä", "a\0", "a:b", "~/a/\n"] {
            assert!(check_name(name).is_err(), "{name:?} must be refused");
        }
        for name in ["a", "packs/ab/0f.pack", "..a", ".hidden", "A_b-c.d/e"] {
            assert!(check_name(name).is_ok(), "{name:?} must be taken");
        }
    }

    #[test]
    fn below_means_whole_parts() {
        assert!(is_below("packs/ab/x", "packs"));
        assert!(is_below("x", ""));
        assert!(!is_below("packs2/x", "packs"));
        assert!(!is_below("packs", "packs"));
    }
}
