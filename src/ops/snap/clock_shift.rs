//! Owns telling a clock from a change: where a file system keeps times in a zone of its own (FAT cards), all of them move by whole hours
//! when the zone or summer time changes.

use super::SnapSource;
use super::run::Found;
use super::stat_cache::StatCache;
use crate::clock::Timestamp;
use crate::scan::{Adjusted, Adjustment, EntryKind, Walk};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Zones differ by quarters of an hour, in seconds.
const STEP_SECONDS: i64 = 900;
/// And by at most this, in seconds: 26 hours lie between the first and the last.
const SHIFT_SECONDS_MAX: i64 = 26 * 3600;
/// One file may well have been touched by hand, just an hour later.
const FILES_MIN: u64 = 2;

/// Takes from all times by how much a clock is off, also of what is read from now on.
pub(super) fn put_right(found: &mut Found, source: SnapSource) -> SnapSource {
    let Some((shift_seconds, shifted_devices)) = found.walk.as_ref().ok().and_then(|walk| find(walk, &found.cache)) else {
        return source;
    };
    let adjustment = Adjustment { shift_seconds, shifted_devices, ..Adjustment::default() };
    if let Ok(walk) = &mut found.walk {
        walk.root = adjustment.of(walk.root.clone());
        for folder in &mut walk.folders {
            folder.stat = adjustment.of(folder.stat.clone());
            folder.entries = folder.entries.with_stats(|stat| adjustment.of(stat));
        }
    }
    found.shift_seconds = shift_seconds;
    SnapSource { source: Arc::new(Adjusted::new(Arc::clone(&source.source), adjustment)), ..source }
}

/// By how much the times of a walk lie ahead of those that were seen when its files were read; and on which devices.
///
/// Only file systems whose ctime proves nothing are asked. `None`: they do not all lie ahead by the same number of quarters of an hour.
fn find(walk: &Walk, cache: &StatCache) -> Option<(i64, BTreeSet<u64>)> {
    let mut shifts: BTreeMap<i64, u64> = BTreeMap::new();
    let mut devices = BTreeSet::new();
    for folder in walk.folders.iter().filter(|folder| !folder.file_system.ctime_means_change) {
        devices.insert(folder.stat.device);
        for entry in folder.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::File { .. })) {
            let path = super::identity::join(&folder.path, entry.name);
            if let Some(key) = cache.get(&path).filter(|key| key.length_bytes == entry.stat.length_bytes) {
                *shifts.entry(ahead(key.mtime, entry.stat.mtime).unwrap_or(0)).or_default() += 1;
            }
        }
    }
    let (shift, count) = shifts.iter().max_by_key(|(_, count)| **count)?;
    let is_all = shifts.values().sum::<u64>() == *count;
    (*shift != 0 && is_all && *count >= FILES_MIN).then_some((*shift, devices))
}

/// Whole quarters of an hour between two times, in seconds; `None`: something else lies between them.
fn ahead(before: Timestamp, now: Timestamp) -> Option<i64> {
    let shift = now.seconds.checked_sub(before.seconds)?;
    (before.nanoseconds == now.nanoseconds && shift % STEP_SECONDS == 0 && shift.abs() <= SHIFT_SECONDS_MAX).then_some(shift)
}
