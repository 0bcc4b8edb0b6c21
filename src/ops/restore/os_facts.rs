//! Owns setting owner, attributes, mode, access lists and times on a real file system, and reading them back: what did not take is noted,
//! never an error.
//!
//! That is the order: a change of owner clears bits of the mode, a mode may forbid to set attributes, an access list refines the mode, and
//! the times stand last.

use super::os_folder::{look, look_at};
use super::target::{FactsSet, Found, FoundKind, Rights, TargetError, bits_to_set, is_privileged_xattr, note_time};
use crate::tree::{Facts, Owner, Time, XattrValue};
use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, Gid, Mode, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags};
use rustix::io::Errno;

/// Sets the facts of an open file or folder, which was just looked at.
pub(super) fn set_open(file: BorrowedFd<'_>, before: &Found, facts: &Facts, path: &[u8], rights: Rights) -> Result<FactsSet, TargetError> {
    let kind = before.kind;
    let mut set = FactsSet { birth_not_set: facts.birth.is_some(), ..FactsSet::default() };
    let is_owned = |owner: &&Owner| (owner.uid, owner.gid) == (before.uid, before.gid);
    if let Some(owner) = facts.owner.as_ref().filter(|owner| !is_owned(owner)) {
        // What could not be set is found out below, by reading back.
        let _ = set_owner(owner, before.uid, |user, group| rustix::fs::fchown(file, user, group));
    }
    set_xattrs(file, facts, before, Which::BeforeMode, rights, &mut set);
    if let Some(mode) = facts.mode {
        let bits = bits_to_set(mode, kind, rights);
        set.special_bits_left_out = bits != mode & 0o7777;
        set.mode_not_set = rustix::fs::fchmod(file, Mode::from_raw_mode(raw_mode(bits))).is_err();
    }
    set_xattrs(file, facts, before, Which::AfterMode, rights, &mut set);
    if let Some(times) = timestamps(facts) {
        set.time_not_set = rustix::fs::futimens(file, &times).is_err();
    }
    let after = look_at(file, path)?;
    set.mode_not_set |= facts.mode.is_some_and(|mode| bits_to_set(mode, kind, rights) != after.mode);
    note_owner_and_time(&mut set, facts, after.uid, after.gid, after.mtime);
    Ok(set)
}

/// Sets the facts of a symbolic link itself. Links have no mode of their own.
pub(super) fn set_link(folder: BorrowedFd<'_>, name: &[u8], facts: &Facts, path: &[u8]) -> Result<FactsSet, TargetError> {
    let gone = || TargetError::blocked(path, "something else than the link that was there");
    let link = |found: &Found| found.kind == FoundKind::Symlink;
    let mut set = FactsSet {
        birth_not_set: facts.birth.is_some(),
        xattrs_not_set: u32::try_from(facts.xattrs.len()).unwrap_or(u32::MAX),
        ..FactsSet::default()
    };
    let before = look(folder, name, path)?.filter(link).ok_or_else(gone)?;
    if let Some(owner) = &facts.owner {
        let _ = set_owner(owner, before.uid, |user, group| rustix::fs::chownat(folder, name, user, group, AtFlags::SYMLINK_NOFOLLOW));
    }
    if let Some(times) = timestamps(facts) {
        set.time_not_set = rustix::fs::utimensat(folder, name, &times, AtFlags::SYMLINK_NOFOLLOW).is_err();
    }
    let after = look(folder, name, path)?.filter(link).ok_or_else(gone)?;
    note_owner_and_time(&mut set, facts, after.uid, after.gid, after.mtime);
    Ok(set)
}

/// Which attributes: an access list is set after the mode, since each changes the other and the list says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    BeforeMode,
    AfterMode,
}

/// Sets the attributes that are not there yet as wanted.
fn set_xattrs(file: BorrowedFd<'_>, facts: &Facts, before: &Found, which: Which, rights: Rights, set: &mut FactsSet) {
    let mut is_opened = false;
    for xattr in &facts.xattrs {
        let is_list = xattr.name.starts_with(b"system.");
        if is_list != (which == Which::AfterMode) {
            continue;
        }
        if rights == Rights::LeftOut && is_privileged_xattr(&xattr.name) {
            set.privileged_xattrs_left_out = set.privileged_xattrs_left_out.saturating_add(1);
            continue;
        }
        let is_set = match &xattr.value {
            XattrValue::Pieces(_) => false,
            XattrValue::Inline(value) if has_xattr(file, &xattr.name, value) => true,
            XattrValue::Inline(value) => {
                if which == Which::BeforeMode && !is_opened && before.mode & 0o200 == 0 {
                    // A file that its owner may not write takes no attributes either. The mode is set after this.
                    is_opened = rustix::fs::fchmod(file, Mode::from_raw_mode(raw_mode(before.mode & 0o777 | 0o200))).is_ok();
                }
                let outcome = rustix::fs::fsetxattr(file, xattr.name.as_slice(), value, XattrFlags::empty());
                outcome.is_ok() && has_xattr(file, &xattr.name, value)
            }
        };
        set.xattrs_not_set = set.xattrs_not_set.saturating_add(u32::from(!is_set));
    }
    if is_opened && facts.mode.is_none() {
        let _ = rustix::fs::fchmod(file, Mode::from_raw_mode(raw_mode(before.mode)));
    }
}

/// Whether an attribute has just this value.
fn has_xattr(file: BorrowedFd<'_>, name: &[u8], value: &[u8]) -> bool {
    let mut found = vec![0; value.len().saturating_add(1)];
    rustix::fs::fgetxattr(file, name, &mut found).is_ok_and(|length| found.get(..length) == Some(value))
}

fn note_owner_and_time(set: &mut FactsSet, facts: &Facts, uid: u32, gid: u32, mtime: Time) {
    set.owner_not_set = facts.owner.as_ref().is_some_and(|owner| (owner.uid, owner.gid) != (uid, gid));
    if let Some(wanted) = facts.mtime {
        note_time(set, wanted, mtime);
        // A failed call may still leave a time within the tick, and a time far off is no rounding.
        set.time_rounded &= !set.time_not_set;
    }
}

fn set_owner(owner: &Owner, uid_now: u32, change: impl Fn(Option<Uid>, Option<Gid>) -> Result<(), Errno>) -> Result<(), Errno> {
    // All ones mean "leave as it is" to the system, and are nobody's number.
    if owner.uid == u32::MAX || owner.gid == u32::MAX {
        return Err(Errno::INVAL);
    }
    let (user, group) = (Uid::from_raw(owner.uid), Gid::from_raw(owner.gid));
    if rustix::process::geteuid().is_root() {
        change(Some(user), Some(group))
    } else if owner.uid == uid_now {
        change(None, Some(group))
    } else {
        Err(Errno::PERM)
    }
}

/// The times to set; `None` if there is none, or one that no file can have.
fn timestamps(facts: &Facts) -> Option<Timestamps> {
    // Numbers of a billion and more are commands to the system ("now", "leave it"), not times.
    let mtime = facts.mtime.filter(|time| time.nanoseconds < 1_000_000_000)?;
    Some(Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: mtime.seconds, tv_nsec: mtime.nanoseconds.into() },
    })
}

#[allow(clippy::useless_conversion, reason = "the width differs by system")]
fn raw_mode(bits: u32) -> rustix::fs::RawMode {
    rustix::fs::RawMode::try_from(bits).unwrap_or(0)
}
