//! Says what a snap would do: walks and compares as it does, and reads no photo and writes nothing.

use super::plan::{FilePlan, Plan};
use super::run::{Found, looked, planned};
use super::summary::excluded_by_rule;
use super::{ExcludedRule, SnapOptions, SnapSource};
use crate::ops::Error;
use crate::progress::{Observer, Stage};
use crate::repo::{Ledger, Repository};
use crate::scan::{EntryKind, EntryProblem, ScanError, escaped};
use serde::Serialize;

/// What a snap would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SnapPreview {
    /// By source.
    pub sources: Vec<SourcePreview>,
    /// Files that would be read.
    pub read_files: u64,
    /// Their length, in bytes: no more than this would be stored, besides the trees.
    pub read_bytes: u64,
}

/// What a snap would do with one source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SourcePreview {
    /// Its name in snapshots.
    pub label: String,
    /// Its path, printable.
    pub path: String,
    /// This would be its first snapshot.
    pub is_first: bool,
    /// It is absent, empty or cannot be read: what the last snapshot has of it would be kept; why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// Files that are there.
    pub files: u64,
    /// Sum of their lengths, in bytes.
    pub bytes: u64,
    /// Files whose path the last snapshot did not have.
    pub new_files: u64,
    /// Their length, in bytes.
    pub new_bytes: u64,
    /// Files that the last snapshot has and that would be read again.
    pub read_again_files: u64,
    /// Their length, in bytes.
    pub read_again_bytes: u64,
    /// Files of the last snapshot whose path has no file now: gone, renamed or moved.
    pub gone_files: u64,
    /// Folders and files that could not be looked at.
    pub unreadable: u64,
    /// Where drives were mounted that are not connected, printable: what was on them would be kept as it was.
    pub drives_away: Vec<String>,
    /// How many of them are files that are only in the cloud.
    pub cloud_only: u64,
    /// What rules would leave out.
    pub excluded: Vec<ExcludedRule>,
}

impl SnapPreview {
    /// 3 if something could not be looked at or a drive is away, else 0.
    pub fn exit_code(&self) -> u8 {
        if self.sources.iter().any(|source| source.absent.is_some() || source.unreadable > 0 || !source.drives_away.is_empty()) {
            3
        } else {
            0
        }
    }
}

/// What [`super::snap`] would do with the same sources and options.
///
/// Errors: as with [`super::snap`], as far as they come up before anything is written.
pub fn preview(
    repository: &Repository,
    sources: &[SnapSource],
    options: &SnapOptions,
    observer: &dyn Observer,
) -> Result<SnapPreview, Error> {
    super::refuse_odd(repository, sources, options)?;
    let mut ledger = Ledger::load(&repository.surroundings().local, &repository.copy_identity());
    let notices = repository.notices()?;
    observer.stage(Stage::Opening, 0);
    let opened = looked(repository, &mut ledger, &notices)?;
    observer.stage(Stage::Walking, 0);
    let (found, sources, plans, units) = planned(repository, sources, options, observer, &opened)?;
    let read_files = u64::try_from(units.len()).unwrap_or(u64::MAX);
    let mut preview = SnapPreview { read_files, read_bytes: units.bytes(), sources: Vec::new() };
    for ((source, found), plan) in sources.iter().zip(&found).zip(&plans) {
        preview.sources.push(of_source(source, found, plan.as_ref(), opened.is_first(found)));
    }
    Ok(preview)
}

fn of_source(source: &SnapSource, found: &Found, plan: Option<&Plan>, is_first: bool) -> SourcePreview {
    let mut preview =
        SourcePreview { label: found.identity.label.clone(), path: escaped(&source.path), is_first, ..SourcePreview::default() };
    let walk = match &found.walk {
        Ok(walk) => walk,
        Err(error) => {
            preview.absent = Some(error.reason());
            return preview;
        }
    };
    preview.excluded = excluded_by_rule(walk);
    let Some(plan) = plan else { return preview };
    let here = |path: &[u8]| if path.is_empty() { escaped(&source.path) } else { escaped(path) };
    preview.drives_away = plan.unmounted.away(walk).map(here).collect();
    preview.gone_files = u64::try_from(plan.gone.len()).unwrap_or(u64::MAX);
    let mut count = |length_bytes: u64, file: Option<&FilePlan>| {
        preview.files += 1;
        preview.bytes = preview.bytes.saturating_add(length_bytes);
        if let Some(FilePlan::Read { was_there, .. }) = file {
            let (files, bytes) = match was_there {
                true => (&mut preview.read_again_files, &mut preview.read_again_bytes),
                false => (&mut preview.new_files, &mut preview.new_bytes),
            };
            *files += 1;
            *bytes = bytes.saturating_add(length_bytes);
        }
    };
    if walk.folders.is_empty() {
        count(walk.root.length_bytes, plan.root_file.as_ref());
    }
    for (folder, files) in walk.folders.iter().zip(&plan.files) {
        // Of a folder that is taken over as it is there is no plan.
        for (place, entry) in folder.entries.iter().enumerate() {
            if matches!(entry.kind, EntryKind::File { .. }) {
                count(entry.stat.length_bytes, files.get(place).and_then(Option::as_ref));
            }
        }
    }
    let problems = walk.folders.iter().map(|folder| folder.problems.len() + usize::from(folder.problem.is_some()));
    preview.unreadable = u64::try_from(problems.sum::<usize>()).unwrap_or(u64::MAX);
    let cloud_only = |problem: &&EntryProblem| matches!(problem.error, ScanError::Placeholder { .. });
    let cloud_only = walk.folders.iter().map(|folder| folder.problems.iter().filter(cloud_only).count());
    preview.cloud_only = u64::try_from(cloud_only.sum::<usize>()).unwrap_or(u64::MAX);
    preview
}
