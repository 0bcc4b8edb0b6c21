//! Owns what stands in a tree for what could not be read: the last snapshot's entry, or a name in the list of what is lost or was never saved.
//!
//! Nothing is left out in silence, and nothing is called kept that is not there.

use super::NotSaved;
use super::carry::count;
use super::identity::join;
use super::trees::{Building, Gathered, InFolder, item};
use super::unmounted::{self, Present};
use crate::repo::{RepoError, SnapshotName};
use crate::scan::{ScanError, escaped};
use crate::tree::{Carried, Counts, Entry, ReportWhat, must_stay_as_it_is, tags};

impl Building<'_, '_, '_, '_> {
    /// What becomes of a path that could not be read, in the folder at `position`.
    pub(super) fn carry_unread(
        &mut self,
        position: usize,
        path: &[u8],
        error: &ScanError,
        base: Option<&Entry>,
        gathered: &mut Gathered,
    ) -> Result<Option<Entry>, RepoError> {
        let what = match error {
            ScanError::Placeholder { .. } => ReportWhat::CloudOnly,
            error if error.is_vanished() => ReportWhat::Vanished,
            _ => ReportWhat::Unreadable,
        };
        self.carry(position, path, what, &error.reason(), base, gathered)
    }

    /// Takes over what the last snapshot had at a path that cannot be had now, or names it as not saved.
    pub(super) fn carry(
        &mut self,
        position: usize,
        path: &[u8],
        what: ReportWhat,
        reason: &str,
        base: Option<&Entry>,
        gathered: &mut Gathered,
    ) -> Result<Option<Entry>, RepoError> {
        let Some(base) = base else {
            if self.lost_before.contains(path) {
                name_lost(path, reason, false, gathered);
                return Ok(None);
            }
            count_matter(what, &mut gathered.counts);
            if what == ReportWhat::Vanished {
                gathered.vanished += 1;
                gathered.items.push(item(path, what, reason, None));
            } else {
                leave_out(path, what, reason, gathered);
            }
            return Ok(None);
        };
        let Some((carried, read_in)) = self.take_over(position, path, reason, base, gathered)? else { return Ok(None) };
        count_matter(what, &mut gathered.counts);
        self.name_kept(path, what, reason, read_in, gathered)?;
        Ok(Some(carried))
    }

    /// Names a path that is kept as an earlier snapshot had it.
    fn name_kept(
        &mut self,
        path: &[u8],
        what: ReportWhat,
        reason: &str,
        read_in: SnapshotName,
        gathered: &mut Gathered,
    ) -> Result<(), RepoError> {
        gathered.counts.carried += 1;
        gathered.items.push(item(path, what, reason, Some(read_in)));
        let kept_from = Some(self.moments.words(read_in)?);
        // The root has no name within itself.
        let path = if path.is_empty() { escaped(&self.source.path) } else { escaped(path) };
        gathered.not_saved.push(NotSaved {
            path,
            reason: reason.to_owned(),
            kept_as_read: false,
            cloud_only: what == ReportWhat::CloudOnly,
            lost: false,
            kept_from,
            known_since: None,
        });
        Ok(())
    }

    /// Takes over an entry without naming it, and says in which snapshot it was last really read. What is lost of it is named.
    fn take_over(
        &mut self,
        position: usize,
        path: &[u8],
        reason: &str,
        base: &Entry,
        gathered: &mut Gathered,
    ) -> Result<Option<(Entry, SnapshotName)>, RepoError> {
        let mut carrying = self.carrying();
        let taken = carrying.take(base, path)?;
        let (lost, taken_counts) = (carrying.lost, carrying.counts);
        for path in &lost {
            name_lost(path, reason, true, gathered);
        }
        let (Some(mut carried), Some(previous)) = (taken, self.previous) else { return Ok(None) };
        let below = [path, b"/"].concat();
        for path in self.lost_before.iter().filter(|path| path.starts_with(&below)) {
            name_lost(path, reason, false, gathered);
        }
        let above = || self.plan.carried.get(position).cloned().flatten();
        let from = Carried::of(&carried.sections).or_else(above).unwrap_or(Carried { read_in: previous, reason: reason.to_owned() });
        mark_carried(&mut carried, &from);
        add_below(&taken_counts, &carried, &mut gathered.counts);
        Ok(Some((carried, from.read_in)))
    }

    /// Takes over what the last snapshot had in a folder whose drive, mounted at `top`, is not connected, and that is not there now.
    pub(super) fn take_over_missing(
        &mut self,
        here: &InFolder<'_>,
        top: usize,
        entries: &mut Vec<Entry>,
        gathered: &mut Gathered,
    ) -> Result<(), RepoError> {
        let InFolder { position, folder, base, .. } = here;
        let position = *position;
        let plan = self.plan;
        let present = Present::of(folder);
        if let Some(id) = plan.partly_listed.get(&position)
            && !self.carrying().is_listed(*id)?
        {
            name_lost(&join(&folder.path, b"?"), unmounted::REASON, true, gathered);
        }
        let mut missing: Vec<&Entry> = base.values().filter(|before| !present.is_there(&before.name)).collect();
        missing.sort_by(|one, other| one.name.cmp(&other.name));
        for before in missing {
            let path = join(&folder.path, &before.name);
            if let Some((carried, read_in)) = self.take_over(position, &path, unmounted::REASON, before, gathered)? {
                gathered.kept_in.entry(top).or_default().insert(read_in);
                entries.push(carried);
            }
        }
        for path in self.lost_before {
            let (above, name) = path
                .iter()
                .rposition(|byte| *byte == b'/')
                .map_or((&b""[..], &path[..]), |slash| (path.get(..slash).unwrap_or_default(), path.get(slash + 1..).unwrap_or_default()));
            if above == folder.path && !name.is_empty() && !present.is_there(name) {
                name_lost(path, unmounted::REASON, false, gathered);
            }
        }
        Ok(())
    }

    /// Names the folder at `top`, where the drive was mounted, once for all that is kept there.
    pub(super) fn name_unmounted(&mut self, top: usize, path: &[u8], gathered: &mut Gathered) -> Result<(), RepoError> {
        let mut newest = None;
        for read_in in gathered.kept_in.remove(&top).unwrap_or_default() {
            newest = newest.max(Some((self.moments.of(read_in)?, read_in)));
        }
        // Where nothing could be kept, what is lost has its own lines.
        let Some((_, read_in)) = newest else { return Ok(()) };
        count_matter(ReportWhat::Absent, &mut gathered.counts);
        self.name_kept(path, ReportWhat::Absent, unmounted::REASON, read_in, gathered)
    }
}

fn count_matter(what: ReportWhat, counts: &mut Counts) {
    match what {
        ReportWhat::CloudOnly => counts.cloud_only += 1,
        ReportWhat::Vanished => counts.vanished += 1,
        _ => counts.unreadable += 1,
    }
}

pub(super) fn leave_out(path: &[u8], what: ReportWhat, reason: &str, gathered: &mut Gathered) {
    gathered.items.push(item(path, what, reason, None));
    gathered.not_saved.push(NotSaved {
        path: escaped(path),
        reason: reason.to_owned(),
        kept_as_read: false,
        cloud_only: what == ReportWhat::CloudOnly,
        lost: what == ReportWhat::Lost,
        kept_from: None,
        known_since: None,
    });
}

/// Names what could not be read and is not kept any more either, once; as long as nothing else is known of it also in later snapshots.
fn name_lost(path: &[u8], reason: &str, is_new: bool, gathered: &mut Gathered) {
    if !gathered.lost_paths.insert(path.to_vec()) {
        return;
    }
    gathered.counts.unreadable += 1;
    gathered.lost += u64::from(is_new);
    leave_out(path, ReportWhat::Lost, &lost_words(reason), gathered);
}

/// Why nothing stands where something was.
pub(super) fn lost_words(reason: &str) -> String {
    format!("it could not be read ({reason}), and what was kept of it is lost")
}

/// Marks an entry as carried. One that must stay as it is gets no mark; the report names it all the same.
pub(super) fn mark_carried(entry: &mut Entry, from: &Carried) {
    if must_stay_as_it_is(&entry.sections) {
        return;
    }
    entry.sections.retain(|section| section.tag != tags::CARRIED);
    entry.sections.push(from.section());
    entry.sections.sort_by_key(|section| section.tag);
}

/// Adds what was taken over below `top`; `top` itself is counted with its folder.
fn add_below(taken: &Counts, top: &Entry, counts: &mut Counts) {
    let mut itself = Counts::default();
    count(top, &mut itself);
    counts.files += taken.files - itself.files;
    counts.folders += taken.folders - itself.folders;
    counts.symlinks += taken.symlinks - itself.symlinks;
    counts.bytes = counts.bytes.saturating_add(taken.bytes - itself.bytes);
}
