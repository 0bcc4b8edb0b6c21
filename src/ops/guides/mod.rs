//! Owns the guides that lie in every repository: what the folder is, the written format, and a second program that reads it.
//!
//! They are copies of what this program was built with; nothing ever reads them to decide anything about photos.

mod judge;
mod reader;

pub(crate) use judge::{GuidesState, judge, write_absent};
pub use reader::{ReaderFile, ReaderReport, describe, extract};

/// One file for people: its name in a repository, and its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guide {
    /// Relative to the repository.
    pub name: &'static str,
    /// All of it.
    pub text: &'static str,
}

macro_rules! format_spec {
    ($($file:literal),* $(,)?) => { &[$((concat!("spec/", $file, ".md"), include_str!(concat!("../../../format-spec/", $file, ".md")))),*] };
}

macro_rules! format_reader {
    ($($file:literal),* $(,)?) => { &[$((concat!("reader/", $file), include_str!(concat!("../../../format-spec/reader/", $file)))),*] };
}

/// The chapters of the written format, in the order in which they read best.
const SPEC: &[(&str, &str)] = format_spec![
    "README",
    "life",
    "repository",
    "files",
    "packs",
    "trees",
    "manifest",
    "needs",
    "index",
    "keys",
    "notices",
    "reading",
    "writing",
    "cutting",
    "cutting-table",
    "media",
    "limits",
    "vectors",
];

/// The second program.
const READER: &[(&str, &str)] = format_reader![
    "tintype_reader.py",
    "tintype_format.py",
    "tintype_data.py",
    "tintype_repo.py",
    "tintype_check.py",
    "tintype_restore.py",
    "tintype_work.py",
    "primitives/__init__.py",
    "primitives/aes_gcm.py",
    "primitives/argon2.py",
    "primitives/blake3.py",
    "primitives/errors.py",
    "primitives/known.py",
    "primitives/native.py",
    "primitives/zstd.py",
];

const README: &[(&str, &str)] = &[("README.txt", include_str!("readme.txt"))];

fn guides(table: &'static [(&'static str, &'static str)]) -> impl Iterator<Item = Guide> {
    table.iter().map(|(name, text)| Guide { name, text })
}

/// Every guide: README, written format, reader.
pub fn all() -> impl Iterator<Item = Guide> {
    guides(README).chain(chapters()).chain(reader())
}

/// The chapters of the written format; the first is the way in.
pub fn chapters() -> impl Iterator<Item = Guide> {
    guides(SPEC)
}

/// The files of the second program.
pub fn reader() -> impl Iterator<Item = Guide> {
    guides(READER)
}

/// One chapter, by its name with or without `.md`.
pub fn chapter(name: &str) -> Option<Guide> {
    let wanted = name.strip_suffix(".md").unwrap_or(name);
    chapters().find(|guide| chapter_name(guide).eq_ignore_ascii_case(wanted))
}

/// What a chapter is called.
pub fn chapter_name(guide: &Guide) -> &'static str {
    guide.name.strip_prefix("spec/").and_then(|name| name.strip_suffix(".md")).unwrap_or(guide.name)
}

#[cfg(test)]
mod tests {
    use super::{all, chapter};
    use std::collections::BTreeSet;
    use std::path::Path;

    fn files_below(folder: &Path, prefix: &str, ending: &str, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                // What Python leaves behind, and the test vectors, are no guides.
                if name != "vectors" && name != "reader" && name != "__pycache__" {
                    files_below(&entry.path(), &format!("{prefix}{name}/"), ending, found);
                }
            } else if name.ends_with(ending) && !name.starts_with("test_") {
                found.insert(format!("{prefix}{name}"));
            }
        }
    }

    #[test]
    fn every_page_of_the_format_and_every_file_of_the_reader_is_a_guide() {
        let format = Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec");
        let mut files = BTreeSet::from(["README.txt".to_owned()]);
        files_below(&format, "spec/", ".md", &mut files);
        files_below(&format.join("reader"), "reader/", ".py", &mut files);
        let guides: BTreeSet<String> = all().map(|guide| guide.name.to_owned()).collect();
        assert_eq!(guides, files);
    }

    #[test]
    fn chapters_are_found_by_name() {
        assert_eq!(chapter("trees").map(|guide| guide.name), Some("spec/trees.md"));
        assert_eq!(chapter("readme.md").map(|guide| guide.name), Some("spec/README.md"));
        assert_eq!(chapter("../README.txt"), None);
    }
}
