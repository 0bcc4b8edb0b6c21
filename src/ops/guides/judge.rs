//! Owns comparing the guides of a repository with those of this program, and writing those that are absent.

use super::{Guide, all};
use crate::repo::{Listed, RepoError, Store, StoreError, StoredName};

/// The guides of earlier releases: the release, and [`set_hash`] of its guides. A release adds its own when the next one begins.
const RELEASES: &[(&str, &str)] = &[];

/// How the guides of a repository compare with this program's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GuidesState {
    /// Those that are not here.
    pub(crate) absent: Vec<&'static str>,
    /// Those whose bytes are others, and files that a reader run from here might take for its own.
    pub(crate) strange: Vec<String>,
    /// They are all as this earlier release wrote them.
    pub(crate) release: Option<&'static str>,
}

impl GuidesState {
    /// Whether nothing of the reader is here.
    pub(crate) fn reader_is_absent(&self) -> bool {
        super::reader().all(|guide| self.absent.contains(&guide.name)) && !self.strange.iter().any(|name| name.starts_with("reader/"))
    }
}

/// One hash over names and contents of guides, in any order.
pub(super) fn set_hash<'a>(guides: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> StoredName {
    let mut lines: Vec<String> = guides.into_iter().map(|(name, bytes)| format!("{}  {name}\n", blake3::hash(bytes).to_hex())).collect();
    lines.sort_unstable();
    StoredName(*blake3::hash(lines.concat().as_bytes()).as_bytes())
}

/// Compares. `listed` are the files in the place of guides.
pub(crate) fn judge(store: &dyn Store, listed: &[Listed]) -> Result<GuidesState, RepoError> {
    judge_with(store, listed, RELEASES)
}

fn judge_with(store: &dyn Store, listed: &[Listed], releases: &'static [(&'static str, &'static str)]) -> Result<GuidesState, RepoError> {
    let mut state = GuidesState::default();
    let mut contents = Vec::new();
    for guide in all() {
        let Some(found) = listed.iter().find(|listed| listed.name == guide.name) else {
            state.absent.push(guide.name);
            continue;
        };
        let bytes = match store.get(guide.name, GUIDE_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(StoreError::NotFound { .. }) => Vec::new(),
            Err(error) if error.is_damage_candidate() || found.length_bytes > GUIDE_BYTES_MAX => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        if bytes != guide.text.as_bytes() {
            state.strange.push(guide.name.to_owned());
        }
        contents.push((guide.name.to_owned(), bytes));
    }
    for stranger in listed.iter().filter(|listed| can_be_imported(&listed.name) && !all().any(|guide| guide.name == listed.name)) {
        state.strange.push(stranger.name.clone());
        contents.push((stranger.name.clone(), store.get(&stranger.name, GUIDE_BYTES_MAX).unwrap_or_default()));
    }
    if !state.strange.is_empty() {
        let found = set_hash(contents.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))).hex();
        state.release = releases.iter().find(|(_, hash)| *hash == found).map(|(release, _)| *release);
    }
    Ok(state)
}

/// A longer file is none of ours.
const GUIDE_BYTES_MAX: u64 = 1 << 20;

/// Whether a file could be run with the reader, in place of one of its modules or of Python's own. What systems and sync tools leave
/// behind (`.DS_Store`, `tintype_reader (1).py`) has names that no program imports.
fn can_be_imported(name: &str) -> bool {
    let is_identifier = |part: &str| {
        let stem = part.split('.').next().unwrap_or_default();
        !stem.is_empty() && !stem.starts_with(|first: char| first.is_ascii_digit()) && stem.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let is_code = [".py", ".pyc", ".pyd", ".so"].iter().any(|ending| name.ends_with(ending));
    is_code && name.strip_prefix("reader/").is_some_and(|below| below.split('/').all(is_identifier))
}

/// The files in the place of guides.
fn listed(store: &dyn Store) -> Result<Vec<Listed>, StoreError> {
    let mut listed = store.list("spec")?;
    listed.extend(store.list("reader")?);
    listed.extend(store.stat("README.txt")?);
    Ok(listed)
}

/// The guides that a repository lacks.
fn absent(store: &dyn Store) -> Result<Vec<Guide>, StoreError> {
    let listed = listed(store)?;
    Ok(all().filter(|guide| !listed.iter().any(|listed| listed.name == guide.name)).collect())
}

/// Writes what is absent, unless those that are there are another release's or nobody's: a mixture helps no one. Returns what was written.
pub(crate) fn write_absent(store: &dyn Store) -> Result<Vec<String>, RepoError> {
    let absent = absent(store)?;
    if absent.is_empty() || !judge(store, &listed(store)?)?.strange.is_empty() {
        return Ok(Vec::new());
    }
    for guide in &absent {
        store.put(guide.name, guide.text.as_bytes())?;
    }
    Ok(absent.iter().map(|guide| guide.name.to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::{all, judge, judge_with, listed, set_hash, write_absent};
    use crate::repo::Store;
    use crate::store::MemoryStore;

    fn filled() -> MemoryStore {
        let store = MemoryStore::new();
        assert_eq!(write_absent(&store).unwrap().len(), all().count());
        store
    }

    #[test]
    fn absent_guides_are_written_again() {
        let store = filled();
        assert_eq!(judge(&store, &listed(&store).unwrap()).unwrap(), super::GuidesState::default());
        for name in ["README.txt", "spec/packs.md", "reader/tintype_reader.py"] {
            store.remove(name).unwrap();
        }
        assert_eq!(judge(&store, &listed(&store).unwrap()).unwrap().absent.len(), 3);
        assert_eq!(write_absent(&store).unwrap().len(), 3);
        assert_eq!(write_absent(&store).unwrap().len(), 0);
    }

    #[test]
    fn other_bytes_and_files_between_them_are_strange_and_nothing_is_mixed_with_them() {
        for (name, bytes) in [
            ("reader/tintype_reader.py", &b"print()"[..]),
            ("reader/json.py", b""),
            ("reader/json/__init__.py", b""),
            ("reader/zlib.so", b"x"),
        ] {
            let store = filled();
            store.replace(name, bytes).unwrap();
            store.remove("README.txt").unwrap();
            let state = judge(&store, &listed(&store).unwrap()).unwrap();
            assert_eq!((state.strange.as_slice(), state.release), (&[name.to_owned()][..], None));
            assert!(write_absent(&store).unwrap().is_empty());
        }
    }

    #[test]
    fn what_systems_leave_behind_is_no_guide() {
        let store = filled();
        for litter in [
            "spec/.DS_Store",
            "spec/extra.md",
            "reader/._tintype_reader.py",
            "reader/conflicted-copy.py",
            "reader/desktop.ini",
            "reader/tintype_reader.py.1",
        ] {
            store.put(litter, b"litter").unwrap();
        }
        assert_eq!(judge(&store, &listed(&store).unwrap()).unwrap(), super::GuidesState::default());
    }

    #[test]
    fn the_guides_of_an_earlier_release_are_recognised() {
        let store = MemoryStore::new();
        let guides = [("README.txt", &b"an older text"[..]), ("spec/README.md", b"older"), ("reader/old.py", b"older still")];
        for (name, bytes) in guides {
            store.put(name, bytes).unwrap();
        }
        let hash: &'static str = set_hash(guides).hex().leak();
        let releases: &'static [(&str, &str)] = vec![("0.0.9", hash)].leak();
        assert_eq!(judge_with(&store, &listed(&store).unwrap(), releases).unwrap().release, Some("0.0.9"));
        store.replace("reader/old.py", b"changed").unwrap();
        assert_eq!(judge_with(&store, &listed(&store).unwrap(), releases).unwrap().release, None);
    }
}
