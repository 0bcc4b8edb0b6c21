//! Owns what lies in a target and in none of the snapshots, for a restore that is to leave nothing else there.
//!
//! Only folders that are restored whole are looked into. What the snapshots have is never removed, whether or not it could be restored;
//! other file systems that are mounted in the target are not entered.

use super::items::Items;
use super::marker::is_marker;
use super::target::{Found, FoundKind, Target, TargetError, is_part_name};

/// Something to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extra {
    pub(super) path: Vec<u8>,
    pub(super) is_folder: bool,
    pub(super) length_bytes: u64,
}

/// What is to be removed: what is in a folder comes before it.
pub(super) fn find(target: &dyn Target, items: &Items) -> Result<Vec<Extra>, TargetError> {
    let Some(root) = target.stat(b"")? else { return Ok(Vec::new()) };
    let mut extras = Vec::new();
    for (path, _) in items.folders.iter().filter(|(_, folder)| folder.wanted && folder.was_there) {
        for (name, found) in target.list(path)? {
            let path = if path.is_empty() { name.clone() } else { [&path[..], b"/", &name].concat() };
            if !items.names.is_taken(&path) && !is_marker(&path) && !is_part_name(&name) {
                gather(target, path, &found, root.device, &mut extras)?;
            }
        }
    }
    Ok(extras)
}

fn gather(target: &dyn Target, path: Vec<u8>, found: &Found, device: u64, extras: &mut Vec<Extra>) -> Result<(), TargetError> {
    let is_folder = found.kind == FoundKind::Folder;
    if is_folder {
        if found.device != device {
            return Ok(());
        }
        // Folders wait on a stack of their own, so that no depth can exhaust this one's.
        let first = extras.len();
        let mut waiting = vec![path];
        while let Some(folder) = waiting.pop() {
            for (name, found) in target.list(&folder)? {
                let path = [&folder[..], b"/", &name].concat();
                match found.kind {
                    FoundKind::Folder if found.device != device => {}
                    FoundKind::Folder => waiting.push(path),
                    _ => extras.push(Extra { path, is_folder: false, length_bytes: found.length_bytes }),
                }
            }
            extras.push(Extra { path: folder, is_folder: true, length_bytes: 0 });
        }
        // The longest path first: a folder's own comes after all in it.
        if let Some(found) = extras.get_mut(first..) {
            found.sort_by(|one, other| other.path.cmp(&one.path));
        }
        return Ok(());
    }
    extras.push(Extra { path, is_folder, length_bytes: found.length_bytes });
    Ok(())
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
