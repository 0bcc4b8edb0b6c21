//! Owns what lies in a target and in none of the snapshots, for a restore that is to leave nothing else there.
//!
//! Only folders that are restored whole are looked into. What the snapshots have is never removed, whether or not it could be restored.
//! Nor is what no snapshot could have had: a repository, other file systems that are mounted there, what rules leave out, what could not be
//! read when the snapshot was taken or cannot be now, what is only in a cloud, and what is no file, folder or link.

use super::items::Items;
use super::marker::is_marker;
use super::target::{Found, FoundKind, Target, TargetError, is_part_name};
use crate::ops::{Problem, Severity};
use crate::scan::{IGNORE_FILE, IGNORE_FILE_BYTES_MAX, Kind, Rules, escaped};
use std::collections::BTreeSet;

/// What is kept is named so often; more is counted.
const NAMED_MAX: usize = 3;

/// Something to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extra {
    pub(super) path: Vec<u8>,
    pub(super) is_folder: bool,
    pub(super) length_bytes: u64,
}

/// What is to be removed, what is in a folder before it; and paths that are in none of the snapshots and stay.
#[derive(Debug, Default)]
pub(super) struct Extras {
    pub(super) removed: Vec<Extra>,
    kept: BTreeSet<Vec<u8>>,
}

impl Extras {
    /// What to say of what stays.
    pub(super) fn note(&self) -> Option<Problem> {
        let first = escaped(self.kept.first()?);
        let named: Vec<String> = self.kept.iter().take(NAMED_MAX).map(|path| escaped(path)).collect();
        let more = self.kept.len().saturating_sub(NAMED_MAX);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let message = format!("not in the snapshot, and left where it is, since no snapshot would have it: {}{more}", named.join(", "));
        Some(Problem::of_path("left-in-target", Severity::Note, first, message))
    }
}

/// Looks for what is to be removed. `not_saved`: paths in the target of what the snapshots say that they do not hold.
pub(super) fn find(target: &dyn Target, items: &Items, not_saved: BTreeSet<Vec<u8>>) -> Result<Extras, TargetError> {
    let Some(root) = target.stat(b"")? else { return Ok(Extras::default()) };
    let mut looking = Looking { target, device: root.device, rules: rules(target), not_saved, found: Extras::default() };
    for (path, _) in items.folders.iter().filter(|(_, folder)| folder.wanted && folder.was_there) {
        // A folder of the snapshot may be where a drive is mounted now.
        if target.stat(path)?.is_none_or(|found| found.device != root.device) {
            continue;
        }
        for (name, found) in target.list(path)? {
            let path = join(path, &name);
            if !items.names.is_taken(&path) && !is_marker(&path) && !is_part_name(&name) {
                looking.look_at(path, &found)?;
            }
        }
    }
    let Extras { mut removed, kept } = looking.found;
    let holds_kept =
        |folder: &[u8]| kept.range([folder, b"/"].concat()..).next().is_some_and(|path| path.starts_with(&[folder, b"/"].concat()));
    removed.retain(|extra| !(extra.is_folder && holds_kept(&extra.path)));
    Ok(Extras { removed, kept })
}

/// What a snap of the target would leave out.
fn rules(target: &dyn Target) -> Rules {
    let ignore_file = read_ignore_file(target);
    Rules::new(target.place().as_bytes(), true, &[], ignore_file.as_deref()).map_or_else(|_| Rules::none(), |(rules, _)| rules)
}

fn read_ignore_file(target: &dyn Target) -> Option<String> {
    let mut file = target.open(IGNORE_FILE.as_bytes()).ok()?;
    let length = usize::try_from(file.found().length_bytes.min(IGNORE_FILE_BYTES_MAX)).ok()?;
    let (mut bytes, mut filled) = (vec![0; length], 0);
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(filled as u64, rest).ok()? {
            0 => break,
            count => filled += count,
        }
    }
    bytes.truncate(filled);
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

struct Looking<'t> {
    target: &'t dyn Target,
    device: u64,
    rules: Rules,
    not_saved: BTreeSet<Vec<u8>>,
    found: Extras,
}

impl Looking<'_> {
    /// Looks at something that no snapshot has, and at all below it.
    fn look_at(&mut self, path: Vec<u8>, found: &Found) -> Result<(), TargetError> {
        // Folders wait on a stack of their own, so that no depth can exhaust this one's.
        let (first, mut waiting) = (self.found.removed.len(), Vec::new());
        self.judge(path, found, &mut waiting);
        while let Some(folder) = waiting.pop() {
            match self.target.list(&folder) {
                Ok(listed) => {
                    for (name, found) in listed {
                        self.judge(join(&folder, &name), &found, &mut waiting);
                    }
                    self.found.removed.push(Extra { path: folder, is_folder: true, length_bytes: 0 });
                }
                Err(TargetError::Denied { .. } | TargetError::Gone { .. }) => _ = self.found.kept.insert(folder),
                Err(error) => return Err(error),
            }
        }
        // The longest path first: a folder's own comes after all in it.
        if let Some(found) = self.found.removed.get_mut(first..) {
            found.sort_by(|one, other| other.path.cmp(&one.path));
        }
        Ok(())
    }

    fn judge(&mut self, path: Vec<u8>, found: &Found, waiting: &mut Vec<Vec<u8>>) {
        if self.stays(&path, found) {
            self.found.kept.insert(path);
        } else if found.kind == FoundKind::Folder {
            waiting.push(path);
        } else {
            self.found.removed.push(Extra { path, is_folder: false, length_bytes: found.length_bytes });
        }
    }

    fn stays(&self, path: &[u8], found: &Found) -> bool {
        let kind = match found.kind {
            FoundKind::File => Kind::File,
            FoundKind::Folder => Kind::Folder,
            FoundKind::Symlink => Kind::Symlink,
            FoundKind::Other => return true,
        };
        found.device != self.device
            || self.not_saved.contains(path)
            || path.ends_with(b".icloud")
            || self.rules.may_leave_out(path, kind)
            || (kind == Kind::Folder && self.is_repository(path))
            || (kind == Kind::File && matches!(self.target.open(path), Err(TargetError::Denied { .. })))
    }

    /// Whether a folder is a repository, this one or any other.
    fn is_repository(&self, folder: &[u8]) -> bool {
        let is = |name: &[u8], kind| matches!(self.target.stat(&join(folder, name)), Ok(Some(found)) if found.kind == kind);
        is(b"tintype.json", FoundKind::File) && is(b"packs", FoundKind::Folder) && is(b"snapshots", FoundKind::Folder)
            || is(b"second", FoundKind::Folder) && is(b"packs", FoundKind::Folder) && is(b"snapshots", FoundKind::Folder)
    }
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

/// Removes one; `false`: it was left, since something else stands there now or came into it.
pub(super) fn remove(target: &dyn Target, extra: &Extra) -> Result<bool, TargetError> {
    let removed = if extra.is_folder { target.remove_folder(&extra.path) } else { target.remove(&extra.path) };
    match removed {
        Ok(()) => Ok(true),
        Err(TargetError::Blocked { .. } | TargetError::Gone { .. } | TargetError::Denied { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
