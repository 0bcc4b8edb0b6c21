//! Owns which source of earlier snapshots a source continues. Implements `format-spec/manifest.md`, section "Sources and their ids".

use super::SnapSource;
use crate::ops::Error;
use crate::ops::objects::RepoObjects;
use crate::repo::{Heads, MachineId, Manifest, ObjectReader, RepoError, Repository, SnapshotName, SourceId, SourceRecord};
use crate::scan::{EntryKind, Walk, escaped};
use crate::tree::{Bounds, Content, Next, Step, walk};
use std::collections::{BTreeSet, HashSet};

/// Who a source is.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) id: SourceId,
    pub(super) label: String,
    /// Its heads, newest first.
    pub(super) heads: Vec<SnapshotName>,
}

/// What a source is recognised by.
pub(super) struct Candidate<'a> {
    pub(super) source: &'a SnapSource,
    /// What was found in it; `None` if it cannot be read now.
    pub(super) walk: Option<&'a Walk>,
}

/// The newest record of every source that is known.
fn newest_records(heads: &Heads) -> Vec<(&Manifest, &SourceRecord)> {
    let record = |id: SourceId| {
        let manifest = *heads.of(id).first()?;
        Some((manifest, manifest.sealed.as_ref()?.sources.iter().find(|record| record.id == id)?))
    };
    heads.sources().into_iter().filter_map(record).collect()
}

/// Finds out who each source is. No two of one run are the same.
pub(super) fn identify(
    repository: &Repository,
    reader: &ObjectReader<'_>,
    heads: &Heads,
    candidates: &[Candidate<'_>],
    machine: MachineId,
    continue_from: Option<SnapshotName>,
) -> Result<Vec<Identity>, Error> {
    let records = newest_records(heads);
    let mut taken: BTreeSet<SourceId> = BTreeSet::new();
    let mut labels: BTreeSet<String> = BTreeSet::new();
    let mut identities = Vec::new();
    for candidate in candidates {
        let wanted = candidate.source.label.clone();
        let free = |(manifest, record): &(&Manifest, &SourceRecord)| {
            let named = continue_from.is_none_or(|name| manifest.name == name || record.previous.contains(&name));
            !taken.contains(&record.id) && named
        };
        let found = find_record(repository, reader, &records, candidate, machine, continue_from.is_some(), &free)?;
        let id = match found {
            Some((_, record)) => record.id,
            None => SourceId(repository.surroundings().entropy.bytes().map_err(no_random)?),
        };
        let label = match (wanted, found) {
            (Some(label), None) if records.iter().any(|(_, record)| record.label == label) => {
                let reason = "belongs to another source; choose another, or say --continue SNAP if they are the same".to_owned();
                return Err(Error::Label { label, reason });
            }
            (Some(label), _) => label,
            (None, Some((_, record))) => record.label.clone(),
            (None, None) => free_label(candidate.source, repository, &records, &labels),
        };
        // What cannot be read and was never saved, such as a typing error, makes no record: it takes no label away from another.
        let is_recorded = found.is_some() || candidate.walk.is_some();
        if is_recorded && !labels.insert(label.clone()) {
            return Err(Error::Label { label, reason: "would stand for two sources; name them with --label".to_owned() });
        }
        taken.insert(id);
        let heads = heads.of(id).iter().map(|manifest| manifest.name).collect();
        identities.push(Identity { id, label, heads });
    }
    Ok(identities)
}

fn no_random(error: crate::repo::CryptoError) -> RepoError {
    RepoError::NotMade { what: "a new source".to_owned(), source: error }
}

type Record<'h> = (&'h Manifest, &'h SourceRecord);

fn find_record<'h>(
    repository: &Repository,
    reader: &ObjectReader<'_>,
    records: &[Record<'h>],
    candidate: &Candidate<'_>,
    machine: MachineId,
    is_continued: bool,
    free: &dyn Fn(&Record<'h>) -> bool,
) -> Result<Option<Record<'h>>, Error> {
    let path = &candidate.source.path;
    let label = candidate.source.label.as_ref();
    let mut open: Vec<Record<'h>> = records.iter().copied().filter(|record| free(record)).collect();
    if is_continued {
        open.sort_by_key(|(_, record)| (record.path != *path, label.is_some_and(|label| record.label != *label)));
        return Ok(open.first().copied());
    }
    if let Some(same) = open.iter().find(|(_, record)| record.machine == machine && record.path == *path && record.volume.is_none()) {
        return Ok(Some(*same));
    }
    let host = &repository.surroundings().local.host;
    for (manifest, record) in open {
        let alike = (record.host == *host && record.path == *path) || label.is_some_and(|label| record.label == *label);
        if alike && candidate.walk.is_some_and(|walk| overlaps(reader, record, walk)) {
            return Ok(Some((manifest, record)));
        }
    }
    Ok(None)
}

/// At least half of the smaller side's files agree in path and size.
fn overlaps(reader: &ObjectReader<'_>, record: &SourceRecord, found: &Walk) -> bool {
    let mut now: HashSet<(Vec<u8>, u64)> = HashSet::new();
    for folder in &found.folders {
        for entry in folder.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::File { .. })) {
            now.insert((join(&folder.path, entry.name), entry.stat.length_bytes));
        }
    }
    let (mut then_count, mut common) = (0_usize, 0_usize);
    walk(&RepoObjects(reader), &record.root, b"", Bounds::of(&record.counts), &mut |step| {
        if let Step::Entry { path, entry } = step
            && let Content::File(file) = &entry.content
        {
            then_count += 1;
            common += usize::from(now.contains(&(path.to_vec(), file.length_bytes)));
        }
        Next::On
    });
    let smaller = then_count.min(now.len());
    smaller > 0 && common * 2 >= smaller
}

/// A path within a source.
pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

/// How many characters of a name stand in brackets behind a label.
const BRACKETS_CHARACTERS_MAX: usize = 60;

/// The last part of the path, made different from the labels of other sources: by the folder that it lies in, by the host, by a number.
fn free_label(source: &SnapSource, repository: &Repository, records: &[Record<'_>], labels: &BTreeSet<String>) -> String {
    let plain_part = |part: &[u8], characters_max| -> String {
        escaped(part).chars().filter(|character| *character != '/').take(characters_max).collect()
    };
    let mut parts = source.path.rsplit(|byte| *byte == b'/').filter(|part| !part.is_empty());
    let plain = plain_part(parts.next().unwrap_or(b"root"), 200);
    let plain = if matches!(plain.as_str(), "" | "." | "..") { "source".to_owned() } else { plain };
    let is_taken = |label: &str| labels.contains(label) || records.iter().any(|(_, record)| record.label == label);
    let host = plain_part(repository.surroundings().local.host.as_bytes(), BRACKETS_CHARACTERS_MAX);
    // The same path on another machine: there the folder tells nothing apart.
    let is_elsewhere = records.iter().any(|(_, record)| record.label == plain && record.path == source.path);
    let folder = parts.next().filter(|_| !is_elsewhere).map(|part| plain_part(part, BRACKETS_CHARACTERS_MAX));
    let with_folder = folder.map(|folder| format!("{plain} ({folder})"));
    let with_host = if host.is_empty() { plain.clone() } else { format!("{plain} ({host})") };
    let numbered = (2..).map(|number: u32| format!("{with_host} {number}"));
    let candidates = [Some(plain), with_folder, Some(with_host.clone())].into_iter().flatten();
    candidates.chain(numbered).find(|label| !is_taken(label)).unwrap_or(with_host)
}
