//! Lists what is in a snapshot: one folder, or everything below it. Reads trees only, never a photo.

use super::objects::RepoObjects;
use super::snapshots::rfc3339;
use super::{Error, Outcome, Problem, Severity, SnapshotRef, resolve, resolve_path, time_ahead, unsaved, used};
use crate::repo::{ObjectReader, RepoError, Repository, SnapshotList};
use crate::scan::escaped;
use crate::tree::{Bounds, Content, Entry, Next, Step, TreeError, hex, walk};
use serde::Serialize;

/// How deep to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Below {
    /// What lies directly in the folder.
    #[default]
    Directly,
    /// All that lies below it.
    All,
}

/// What to list.
#[derive(Debug, Clone)]
pub struct LsOptions {
    /// Of which snapshot.
    pub snapshot: SnapshotRef,
    /// Which folder or file in it; empty: its sources.
    pub path: Vec<u8>,
    /// How deep.
    pub below: Below,
}

/// What is there.
#[derive(Debug, Clone, Serialize)]
pub struct LsReport {
    /// The snapshot's whole id.
    pub snapshot: String,
    /// The time that it states, RFC 3339 in UTC.
    pub time: String,
    /// The entries, in the order of their names; folders before what is in them.
    pub entries: Vec<LsEntry>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl LsReport {
    /// The exit code that the problems add up to.
    pub fn exit_code(&self) -> u8 {
        Outcome::of(&self.problems).exit_code()
    }
}

/// One file, folder or link.
#[derive(Debug, Clone, Serialize)]
pub struct LsEntry {
    /// Its path in the snapshot, printable.
    pub path: String,
    /// Its path, raw bytes.
    #[serde(skip)]
    pub raw_path: Vec<u8>,
    /// The path's bytes in base64, where `path` had to escape something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_base64: Option<String>,
    /// `file`, `folder` or `symlink`.
    pub kind: &'static str,
    /// A file's length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The permission bits, where the source kept them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// When its content last changed, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtime: Option<String>,
    /// The same in seconds since the epoch.
    #[serde(skip)]
    pub mtime_seconds: Option<i64>,
    /// BLAKE3 of a file's bytes, 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blake3: Option<String>,
    /// What a link holds, printable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// Lists a folder of a snapshot; of a file or link, itself.
///
/// Errors: there is no such snapshot or path, the repository is locked, or the place fails. What cannot be read of the
/// tree is a problem in the report, and the rest is listed.
pub fn ls(repository: &Repository, options: &LsOptions) -> Result<LsReport, Error> {
    repository.sealing()?;
    let notices = repository.notices()?;
    let list = SnapshotList::take(&**repository.store(), &notices)?;
    let manifest = resolve(repository, &list, &options.snapshot)?;
    let reader = ObjectReader::with_segments(repository, &manifest.public.segments)?;
    let objects = RepoObjects(&reader);
    let mut report =
        LsReport { snapshot: manifest.name.hex(), time: rfc3339(manifest.public.time), entries: Vec::new(), problems: Vec::new() };
    if options.snapshot == SnapshotRef::Latest(0) {
        report.problems.extend(used::newer_in_second(&list, &manifest));
    }
    report.problems.extend(used::only_in_second(repository, &list, &notices, [&manifest])?);
    report.problems.extend(time_ahead([&manifest], repository.surroundings().clock.now()));
    let sources = manifest.sealed.as_ref().map(|sealed| sealed.sources.as_slice()).unwrap_or_default();
    let found = resolve_path(&objects, &manifest, &options.path)?;
    let several = found.len() > 1;
    for start in &found {
        let counts = sources.get(start.source).map(|source| source.counts).unwrap_or_default();
        let bounds = Bounds::of(&counts);
        // Of several sources each is a line of its own; of one folder its content is wanted.
        let shows_start = several || !matches!(start.entry.content, Content::Folder(_));
        let goes_in = !several || options.below == Below::All;
        let mut failure = None;
        walk(&objects, &start.entry, &start.path, bounds, &mut |step| {
            step_into(step, &start.path, options.below, (shows_start, goes_in), &mut report, &mut failure)
        });
        if let Some(error) = failure {
            return Err(error);
        }
    }
    report.problems.extend(found.iter().filter_map(|found| unsaved::not_in_snapshot(&reader, &manifest, found)));
    report.problems.extend(used::copies(repository, [&manifest], Some(&reader)));
    report.problems.extend(used::segments(&reader));
    Ok(report)
}

fn step_into(
    step: Step<'_, RepoError>,
    start: &[u8],
    below: Below,
    (shows_start, goes_in): (bool, bool),
    report: &mut LsReport,
    failure: &mut Option<Error>,
) -> Next {
    match step {
        Step::Entry { path, entry } if path == start => {
            if shows_start {
                report.entries.push(line(path, entry));
            }
            if goes_in { Next::On } else { Next::Over }
        }
        Step::Entry { path, entry } => {
            report.entries.push(line(path, entry));
            if below == Below::All { Next::On } else { Next::Over }
        }
        Step::Leave { .. } => Next::On,
        Step::Problem { path, error } => match tree_problem(path, error) {
            Ok(problem) => {
                report.problems.push(problem);
                Next::On
            }
            Err(error) => {
                *failure = Some(error);
                Next::Stop
            }
        },
    }
}

/// A problem of the tree; an error if it is one of the place.
pub(super) fn tree_problem(path: &[u8], error: TreeError<RepoError>) -> Result<Problem, Error> {
    let shown = if path.is_empty() { "the snapshot's root".to_owned() } else { escaped(path) };
    let of =
        |code, severity, why: String| Ok(Problem::of_path(code, severity, shown.clone(), format!("not all of it can be listed: {why}")));
    match error {
        TreeError::Load(error) => {
            let error = Error::from(error);
            let why = error.to_string();
            match error.exit_code() {
                5 => of(error.code(), Severity::Damaged, why),
                6 => of(error.code(), Severity::Incomplete, why),
                _ => Err(error),
            }
        }
        other => of("tree-damaged", Severity::Damaged, other.to_string()),
    }
}

fn line(path: &[u8], entry: &Entry) -> LsEntry {
    let shown = escaped(path);
    let (kind, bytes, blake3, target) = match &entry.content {
        Content::File(file) => ("file", Some(file.length_bytes), Some(hex(&file.hash.0)), None),
        Content::Folder(_) => ("folder", None, None, None),
        Content::Symlink(target) => ("symlink", None, None, Some(escaped(target))),
    };
    LsEntry {
        path_base64: (shown.as_bytes() != path).then(|| base64(path)),
        path: shown,
        raw_path: path.to_vec(),
        kind,
        bytes,
        mode: entry.facts.mode,
        mtime: entry.facts.mtime.map(rfc3339),
        mtime_seconds: entry.facts.mtime.map(|time| time.seconds),
        blake3,
        target,
    }
}

/// Base64 as in RFC 4648, section 4, with padding.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, place| bits << 8 | usize::from(group.get(place).copied().unwrap_or(0)));
        for place in 0..4 {
            let digit = ALPHABET.get(bits >> (18 - 6 * place) & 63).copied().unwrap_or(b'=');
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_as_in_the_rfc() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (raw, encoded) in cases {
            assert_eq!(base64(raw.as_bytes()), encoded);
        }
        assert_eq!(base64(&[0xff, 0xfe]), "//4=");
    }
}
