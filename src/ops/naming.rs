//! Owns how people name snapshots and paths in them: `latest`, `latest~2`, `5f3a91c2`, `2026-11-01T18:00`, `@Pictures`, `latest:2019/07`.

use super::Error;
use crate::repo::{Heads, Loaded, Manifest, RepoError, Repository, SnapshotList};
use crate::scan::escaped;
use crate::tree::{self, Entry, Objects, TreeError};

/// A snapshot as a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotRef {
    /// The newest head, or so many *previous* links before it.
    Latest(u32),
    /// An id, or its first 4 or more digits.
    Id(String),
    /// The newest one not after this time, in seconds since the epoch.
    NotAfter(i64),
    /// The newest one of the source with this label.
    Label(String),
}

impl SnapshotRef {
    /// Reads a name. `to_seconds` reads dates and times such as `2026-11-01` and `2026-11-01T18:00` in the person's own time zone;
    /// a date stands for its last second.
    pub fn parse(text: &str, to_seconds: impl Fn(&str) -> Option<i64>) -> Result<Self, Error> {
        if let Some(label) = text.strip_prefix('@') {
            return Ok(Self::Label(label.to_owned()));
        }
        if text == "latest" {
            return Ok(Self::Latest(0));
        }
        if let Some(steps) = text.strip_prefix("latest~").and_then(|steps| steps.parse().ok()) {
            return Ok(Self::Latest(steps));
        }
        if text.len() >= 4 && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self::Id(text.to_ascii_lowercase()));
        }
        if let Some(seconds) = to_seconds(text) {
            return Ok(Self::NotAfter(seconds));
        }
        let why = "not the name of a snapshot: say latest, latest~2, an id, a date such as 2026-11-01, or @label".to_owned();
        Err(Error::Usage { what: text.to_owned(), why })
    }

    /// Splits `SNAP:PATH`; without a colon all of it is the snapshot, and an empty snapshot is `latest`.
    /// A time such as `2026-11-01T18:00` keeps its colon.
    pub fn split(text: &str) -> (&str, Option<&str>) {
        let colons = text.match_indices(':').map(|(place, _)| place);
        let is_time = |place: usize| {
            let before = text.get(..place).unwrap_or_default();
            let after = text.get(place + 1..).unwrap_or_default();
            before.len() >= 13
                && before.contains('T')
                && before.bytes().take(4).all(|byte| byte.is_ascii_digit())
                && after.bytes().take(2).filter(u8::is_ascii_digit).count() == 2
        };
        for place in colons {
            if !is_time(place) {
                return (text.get(..place).unwrap_or_default(), text.get(place + 1..));
            }
        }
        (text, None)
    }
}

fn no_such(name: &str) -> Error {
    RepoError::NoSuchSnapshot { name: name.to_owned() }.into()
}

fn load(repository: &Repository, list: &SnapshotList, name: crate::repo::SnapshotName, asked: &str) -> Result<Manifest, Error> {
    let Some((file, _)) = list.first.get(&name.into()) else { return Err(no_such(asked)) };
    match repository.load_manifest(file)? {
        Loaded::Good(manifest) => Ok(*manifest),
        Loaded::TooNew(file) => Err(RepoError::TooNew { name: file.path() }.into()),
        Loaded::Bad { file, reason, .. } => Err(RepoError::ManifestDamaged { name: file.path(), reason }.into()),
    }
}

/// Finds the snapshot that a person means.
///
/// Errors: [`RepoError::NoSuchSnapshot`], [`RepoError::Ambiguous`], or the manifest is damaged in both places.
pub fn resolve(repository: &Repository, list: &SnapshotList, name: &SnapshotRef) -> Result<Manifest, Error> {
    match name {
        SnapshotRef::Latest(steps) => {
            let mut at = repository.latest(list)?.ok_or_else(|| no_such("latest"))?;
            for _ in 0..*steps {
                let previous =
                    at.sealed.as_ref().and_then(|sealed| sealed.sources.first()).and_then(|source| source.previous.first().copied());
                at = load(repository, list, previous.ok_or_else(|| no_such(&format!("latest~{steps}")))?, &format!("latest~{steps}"))?;
            }
            Ok(at)
        }
        SnapshotRef::Id(digits) => {
            let mut matching = list.first.values().filter(|(file, _)| file.hash.hex().starts_with(digits));
            match (matching.next(), matching.count()) {
                (Some((file, _)), 0) => load(repository, list, file.hash.into(), digits),
                (Some(_), more) => Err(RepoError::Ambiguous { name: digits.clone(), count: more + 1 }.into()),
                (None, _) => Err(no_such(digits)),
            }
        }
        SnapshotRef::NotAfter(seconds) => {
            let not_after = list.newest_first().into_iter().find(|(file, _)| file.stated_seconds.is_some_and(|stated| stated <= *seconds));
            let (file, _) = not_after.ok_or_else(|| no_such("that time"))?;
            load(repository, list, file.hash.into(), "that time")
        }
        SnapshotRef::Label(label) => {
            let heads: Heads = repository.heads(list)?;
            let of_label = heads.manifests.values().filter(|manifest| {
                manifest.sealed.as_ref().is_some_and(|sealed| sealed.sources.iter().any(|source| source.label == *label))
            });
            of_label.max_by_key(|manifest| (manifest.public.time, manifest.name)).cloned().ok_or_else(|| no_such(&format!("@{label}")))
        }
    }
}

/// What a path in a snapshot stands for.
#[derive(Debug, Clone)]
pub struct InSnapshot {
    /// The path in front of everything below, as people see it: with the source's label where a snapshot has several sources.
    pub path: Vec<u8>,
    /// Position of the source in the manifest.
    pub source: usize,
    /// The path within the source.
    pub source_path: Vec<u8>,
    /// The entry.
    pub entry: Entry,
}

/// Finds what a path names; an empty path names every source's root. Paths begin with the source's label only where there are several;
/// with one source the label may stand there too.
pub fn resolve_path<O: Objects<Error = RepoError>>(objects: &O, manifest: &Manifest, path: &[u8]) -> Result<Vec<InSnapshot>, Error> {
    let sealed = manifest.sealed.as_ref().ok_or_else(|| RepoError::KeyNeeded { place: manifest.file.path() })?;
    let missing = || Error::NoSuchPath { path: escaped(path), snapshot: manifest.name.short() };
    let trimmed: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    let several = sealed.sources.len() > 1;
    if trimmed.is_empty() {
        let all = sealed.sources.iter().enumerate().map(|(position, source)| InSnapshot {
            path: if several { source.label.clone().into_bytes() } else { Vec::new() },
            source: position,
            source_path: Vec::new(),
            entry: source.root.clone(),
        });
        return Ok(all.collect());
    }
    let by_label = |label: &[u8]| sealed.sources.iter().position(|source| source.label.as_bytes() == label);
    let mut attempts = Vec::new();
    if let (false, Some(_)) = (several, sealed.sources.first()) {
        attempts.push((0, trimmed.as_slice()));
    }
    if let Some((label, rest)) = trimmed.split_first()
        && let Some(position) = by_label(label)
    {
        attempts.push((position, rest));
    }
    for (position, parts) in attempts {
        let Some(source) = sealed.sources.get(position) else { continue };
        let source_path = parts.join(&b'/');
        match tree::find(objects, &source.root, &source_path) {
            Ok(entry) => {
                let mut shown = if several { source.label.clone().into_bytes() } else { Vec::new() };
                if several && !source_path.is_empty() {
                    shown.push(b'/');
                }
                shown.extend_from_slice(&source_path);
                return Ok(vec![InSnapshot { path: shown, source: position, source_path, entry }]);
            }
            Err(TreeError::NotFound) => {}
            Err(TreeError::Load(error)) => return Err(error.into()),
            Err(other) => return Err(RepoError::ManifestDamaged { name: manifest.file.path(), reason: other.to_string() }.into()),
        }
    }
    Err(missing())
}

#[cfg(test)]
mod tests {
    use super::SnapshotRef;

    #[test]
    fn names_of_snapshots() {
        let to_seconds = |text: &str| (text == "2026-11-01").then_some(1);
        assert_eq!(SnapshotRef::parse("latest~2", to_seconds).ok(), Some(SnapshotRef::Latest(2)));
        assert_eq!(SnapshotRef::parse("5F3a", to_seconds).ok(), Some(SnapshotRef::Id("5f3a".to_owned())));
        assert_eq!(SnapshotRef::parse("@Pictures", to_seconds).ok(), Some(SnapshotRef::Label("Pictures".to_owned())));
        assert_eq!(SnapshotRef::parse("2026-11-01", to_seconds).ok(), Some(SnapshotRef::NotAfter(1)));
        assert!(SnapshotRef::parse("5f3", to_seconds).is_err());
        assert_eq!(SnapshotRef::split("latest:2019/07"), ("latest", Some("2019/07")));
        assert_eq!(SnapshotRef::split("2026-11-01T18:00:a/b"), ("2026-11-01T18:00", Some("a/b")));
        assert_eq!(SnapshotRef::split(":a:b"), ("", Some("a:b")));
    }
}
