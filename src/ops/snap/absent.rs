//! Owns taking over the last record of a source that is absent now, and saying when it was last really read.
//!
//! A record that is taken over again stays as it is: the first time marks its root as carried, and what is lost of it stands in its report.

use super::carry::Carrying;
use super::identity::Identity;
use super::kept::{lost_words, mark_carried};
use super::when::Moments;
use crate::ops::objects::RepoObjects;
use crate::repo::{ObjectReader, RepoError, SnapshotName, SourceRecord};
use crate::tree::{
    Carried, Content, Counts, Entry, ObjectId, ReportItem, ReportWhat, build_folder, build_report, reach_report, report_items,
};
use std::collections::BTreeSet;

/// The last state of a source that is absent now.
pub(super) struct CarriedSource {
    pub(super) record: SourceRecord,
    /// Paths of what was kept of it and is lost, and in what words.
    pub(super) lost: Vec<(Vec<u8>, String)>,
    /// How many of them are lost since the last snapshot.
    pub(super) lost_now: u64,
    /// When it was last really read; `None`: nothing of it is kept.
    pub(super) kept_from: Option<String>,
}

/// Takes over the last record of a source. Of one whose root is lost nothing but the lost is left.
pub(super) fn carry_source(
    carrying: &mut Carrying<'_, '_, '_, '_>,
    (name, record): (SnapshotName, &SourceRecord),
    identity: &Identity,
    reason: &str,
    moments: &mut Moments<'_>,
) -> Result<CarriedSource, RepoError> {
    let root = carrying.take(&record.root, b"")?;
    let lost_now = std::mem::take(&mut carrying.lost);
    let mut record = SourceRecord { previous: identity.heads.clone(), ..record.clone() };
    if !lost_now.is_empty() || root.is_none() {
        let taken = carrying.counts;
        record.counts =
            Counts { files: taken.files, folders: taken.folders, symlinks: taken.symlinks, bytes: taken.bytes, ..record.counts };
    }
    let before = Carried::of(&record.root.sections);
    let from = before.unwrap_or(Carried { read_in: name, reason: reason.to_owned() });
    record.root = match root {
        Some(root) => root,
        None => {
            let empty = build_folder(Vec::new());
            carrying.store(&empty.objects)?;
            record.counts.folders = 1;
            Entry { content: Content::Folder(empty.id), sections: Vec::new(), ..record.root }
        }
    };
    mark_carried(&mut record.root, &from);
    let mut kept_from = Some(moments.words(from.read_in)?);
    let items = take_report(carrying, &mut record, &lost_now, reason)?;
    let lost: Vec<_> = items.into_iter().filter(|item| item.what == ReportWhat::Lost).map(|item| (item.path, item.reason)).collect();
    // An empty folder in the place of a root that was lost is nothing that is kept.
    if lost.iter().any(|(path, _)| path.is_empty()) || record.counts.files == 0 && !lost.is_empty() {
        kept_from = None;
    }
    Ok(CarriedSource { record, lost, lost_now: u64::try_from(lost_now.len()).unwrap_or(0), kept_from })
}

/// Takes over the record's report with what is lost now added to it. Returns its lines.
fn take_report(
    carrying: &mut Carrying<'_, '_, '_, '_>,
    record: &mut SourceRecord,
    lost_now: &[Vec<u8>],
    reason: &str,
) -> Result<Vec<ReportItem>, RepoError> {
    let mut items = Vec::new();
    if let Some(report) = record.report {
        let mut ids = Vec::new();
        let reached = reach_report(&RepoObjects(carrying.reader), report, &mut |_, id| {
            ids.push(id);
            true
        });
        // A report that cannot be had is let go: it was about an earlier snapshot.
        match report_items(&RepoObjects(carrying.reader), report) {
            Ok(found) if reached.is_ok() && ids.iter().all(|id| carrying.marks.has(*id)) => items = found,
            _ => record.report = None,
        }
        if lost_now.is_empty() && record.report.is_some() {
            ids.into_iter().for_each(|id| _ = carrying.marks.mark(id));
        }
    }
    if !lost_now.is_empty() {
        let words = lost_words(reason);
        record.counts.unreadable += u64::try_from(lost_now.len()).unwrap_or(0);
        items.extend(lost_now.iter().map(|path| ReportItem {
            path: path.clone(),
            what: ReportWhat::Lost,
            reason: words.clone(),
            carried_from: None,
        }));
        record.report = match build_report(items.clone()) {
            Some((id, objects)) => {
                carrying.store(&objects)?;
                Some(id)
            }
            None => None,
        };
    }
    Ok(items)
}

/// Paths that a report calls lost; none if it cannot be had.
pub(super) fn lost_in(reader: &ObjectReader<'_>, report: ObjectId) -> BTreeSet<Vec<u8>> {
    let items = report_items(&RepoObjects(reader), report).unwrap_or_default();
    items.into_iter().filter(|item| item.what == ReportWhat::Lost).map(|item| item.path).collect()
}
