//! Takes a snapshot: walks, compares with the last one, stores what is new, builds trees, and publishes a manifest once everything that it needs was seen in place.

mod absent;
mod attributes;
mod carry;
mod changes;
mod clock_shift;
mod cut_file;
mod files;
mod grouping;
mod identity;
mod kept;
mod lost;
mod pages;
mod plan;
mod preview;
mod readback;
mod repeat;
mod report;
mod run;
mod stat_cache;
mod summary;
#[cfg(test)]
mod tests;
mod trees;
mod units;
mod unmounted;
mod walking;
mod when;

pub(super) use grouping::{Writing, writing};
pub use preview::{SnapPreview, SourcePreview, preview};
pub use readback::ReadBack;
pub use repeat::{LastSource, last_sources};
pub use report::{ExcludedRule, NotSaved, SkippedKind, SnapReport, SourceReport, Stored, ThreadTimings, Timings};

use super::Error;
use crate::clock::Timestamp;
use crate::progress::Observer;
use crate::repo::{Ledger, Notices, RepoError, Repository};
use crate::scan::{Rules, Source};
use crate::tree::Time;
use std::sync::Arc;

/// One thing to snap.
#[derive(Debug, Clone)]
pub struct SnapSource {
    /// Its files.
    pub source: Arc<dyn Source>,
    /// Its absolute path on this machine, raw bytes, links resolved.
    pub path: Vec<u8>,
    /// Its name in snapshots; `None`: the last part of the path.
    pub label: Option<String>,
    /// Where the repository lies in it, relative to it, if it does: left out, and said.
    pub repository_inside: Option<Vec<u8>>,
}

/// How to snap.
#[derive(Debug, Clone, Default)]
pub struct SnapOptions {
    /// What the person wants to remember of this snapshot.
    pub note: String,
    /// Take it even if a source is empty or absent.
    pub allow_empty: bool,
    /// Read every file again, also where size and times say that it did not change.
    pub reread: bool,
    /// What to leave out, as patterns in the form of a `.gitignore`, relative to each source.
    pub exclude: Vec<String>,
    /// Keep also what systems and programs strew between photos.
    pub no_default_excludes: bool,
    /// Read files that are only in a cloud, which downloads them.
    pub download_placeholders: bool,
    /// Which new packs are read back from the medium before the snapshot names them.
    pub read_back: ReadBack,
    /// Take these sources for continuations of those in this snapshot, whatever machine and path say.
    pub continue_from: Option<crate::repo::SnapshotName>,
}

/// A note is a short text, in bytes.
const NOTE_BYTES_MAX: usize = 4096;

/// How often packs that a look does not find in place are stored anew.
const ROUNDS_MAX: usize = 3;

/// Takes a snapshot of `sources` together.
///
/// Errors: nothing of the sources could be read, or the repository failed; whatever was stored counts for the next run.
/// What could not be saved of a source is no error: it stands in the report and in the snapshot.
pub fn snap(repository: &Repository, sources: &[SnapSource], options: &SnapOptions, observer: &dyn Observer) -> Result<SnapReport, Error> {
    refuse_odd(repository, sources, options)?;
    let local = &repository.surroundings().local;
    let identity = repository.copy_identity();
    let mut ledger = Ledger::load(local, &identity);
    repository.store().remove_stale_temporaries().map_err(RepoError::from)?;
    let mut so_far = run::SoFar::default();
    let mut last_missing = 0;
    let mut looks_failed = 0;
    let mut was_cache_damaged = false;
    while looks_failed < ROUNDS_MAX {
        let notices: Notices = repository.notices()?;
        match run::round(repository, sources, options, observer, &mut ledger, &notices, &mut so_far) {
            Ok(run::Round::Done(report)) => {
                ledger.store(local, &identity);
                return Ok(*report);
            }
            Ok(run::Round::NotInPlace(packs)) => {
                looks_failed += 1;
                last_missing = packs.len();
                so_far.distrusted.extend(packs);
            }
            // The next round reads it from the repository.
            Err(Error::Repository(RepoError::CacheDamaged)) if !was_cache_damaged => was_cache_damaged = true,
            // Each such round distrusts at least one pack more, so they come to an end.
            Ok(run::Round::Damaged(packs)) => so_far.distrusted.extend(packs),
            Err(error) => {
                ledger.store(local, &identity);
                return Err(error);
            }
        }
    }
    Err(RepoError::LookFailed { missing: last_missing }.into())
}

/// Refuses what makes no sense, before anything is looked at.
fn refuse_odd(repository: &Repository, sources: &[SnapSource], options: &SnapOptions) -> Result<(), Error> {
    repository.refuse_newer_rules("write")?;
    repository.sealing()?;
    for (position, source) in sources.iter().enumerate() {
        if sources.iter().take(position).any(|other| other.path == source.path) {
            return Err(Error::GivenTwice { path: crate::scan::escaped(&source.path) });
        }
    }
    for (what, text) in sources.iter().filter_map(|source| Some(("--label", source.label.as_ref()?))).chain([("--note", &options.note)]) {
        let is_label = what == "--label";
        if is_label && crate::tree::check_name("label", text.as_bytes()).is_err() {
            let why = "a label has 1 to 1,024 bytes, is not . or .., and has no /".to_owned();
            return Err(Error::Usage { what: what.to_owned(), why });
        }
        if text.len() > NOTE_BYTES_MAX {
            return Err(Error::Usage { what: what.to_owned(), why: format!("at most {NOTE_BYTES_MAX} bytes are kept") });
        }
    }
    if let Err(why) = Rules::new(b"", true, &options.exclude, None) {
        return Err(Error::Usage { what: "--exclude".to_owned(), why });
    }
    Ok(())
}

/// A time as reports have it: RFC 3339 in UTC.
pub(super) fn rfc3339(time: Time) -> String {
    Timestamp { seconds: time.seconds, nanoseconds: time.nanoseconds }.rfc3339()
}
