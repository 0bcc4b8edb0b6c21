//! The rules on the tree around the source: sizes, the change log, links of the specification, dependencies, and words of a workplace.

use std::{collections::BTreeSet, fs, path::Path};

const TEST_FILES_MAX: usize = 7;
const FILE_BYTES_MAX: u64 = 256 * 1024;
const GROUPS: &[&str] = &["Format", "Security", "Fixed", "Added", "Changed", "Performance"];
/// Written by tools, never committed.
const SKIPPED: &[&str] = &["target", ".git", "fuzz/target", "fuzz/artifacts", "fuzz/coverage"];
/// Paths of the machines on which the project is written, in two parts so that this file does not hold them.
const WORKPLACES: &[(&str, &str)] = &[("/wo", "rk/"), ("/tmp/bash", "_jobs"), ("/root", "/."), ("helper", "-common"), ("127.0.0.1:", "80")];

/// A file of the tree: its path from the top, with `/`, and its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) length_bytes: u64,
}

/// Every file that belongs to the project, sorted by path.
pub(crate) fn walk(top: &Path) -> Vec<Found> {
    let (mut files, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(top.join(&folder)).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let Ok(facts) = entry.metadata() else { continue };
            if SKIPPED.contains(&path.as_str()) || name == "__pycache__" {
                continue;
            }
            if facts.is_dir() {
                folders.push(path);
            } else {
                files.push(Found { path, length_bytes: facts.len() });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Each file directly in `tests/` is a program that is linked on its own.
pub(crate) fn test_programs(files: &[Found]) -> Vec<String> {
    let count = files.iter().filter_map(|file| file.path.strip_prefix("tests/")).filter(|name| !name.contains('/')).count();
    if count <= TEST_FILES_MAX { vec![] } else { vec![format!("tests/: {count} files, {TEST_FILES_MAX} at most: make modules below them")] }
}

pub(crate) fn file_sizes(files: &[Found]) -> Vec<String> {
    let exempt = |path: &str| path == "Cargo.lock" || path.starts_with("tests/data/");
    let large = files.iter().filter(|file| file.length_bytes > FILE_BYTES_MAX && !exempt(&file.path));
    large.map(|file| format!("{}: {} bytes, {FILE_BYTES_MAX} at most", file.path, file.length_bytes)).collect()
}

pub(crate) fn changelog(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let first = text.lines().find_map(|line| line.strip_prefix("## ")).unwrap_or_default();
    if first.trim() != "Unreleased" && first.trim() != "[Unreleased]" {
        wrong.push(format!("CHANGELOG.md: `{first}` is on top, not `Unreleased`"));
    }
    let groups = text.lines().filter_map(|line| line.strip_prefix("### ")).map(str::trim);
    wrong.extend(
        groups.filter(|group| !GROUPS.contains(group)).map(|group| format!("CHANGELOG.md: `{group}` is none of {}", GROUPS.join(", "))),
    );
    wrong
}

/// Pages of the specification that its first page does not link to.
pub(crate) fn unlinked_pages<'a>(readme: &str, pages: impl Iterator<Item = &'a str>) -> Vec<String> {
    let linked = |page: &str| {
        ["(", "(./", "<"].iter().any(|open| [")", "#", ">"].iter().any(|close| readme.contains(&format!("{open}{page}{close}"))))
    };
    pages
        .filter(|page| *page != "README.md" && !linked(page))
        .map(|page| format!("format-spec/{page}: format-spec/README.md has no link to it"))
        .collect()
}

/// Names in the dependency tables of `Cargo.toml`.
pub(crate) fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = table.ends_with("dependencies");
            names.extend(table.split_once("dependencies.").map(|(_, name)| name.to_owned()));
        } else if inside && !line.starts_with('#') {
            names.extend(
                line.split_once('=').map(|(name, _)| name.trim().split('.').next().unwrap_or_default().trim_matches('"').to_owned()),
            );
        }
    }
    names
}

/// Dependencies without a row in the table of the contributing page, and rows without a dependency.
pub(crate) fn dependency_table(manifest: &str, page: &str) -> Vec<String> {
    let section = page.split("\n## ").find(|section| section.starts_with("Dependencies")).unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows: BTreeSet<String> = rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name.to_owned()).collect();
    let used = dependencies(manifest);
    let missing = used.difference(&rows).map(|name| format!("Cargo.toml: `{name}` has no row in the table of .github/CONTRIBUTING.md"));
    missing.chain(rows.difference(&used).map(|name| format!(".github/CONTRIBUTING.md: `{name}` is no dependency"))).collect()
}

/// Words that name the machine on which something was written.
pub(crate) fn workplace_words(path: &str, text: &str) -> Vec<String> {
    let words = WORKPLACES.iter().map(|(start, end)| format!("{start}{end}"));
    words.filter(|word| text.contains(word)).map(|word| format!("{path}: names a workplace: `{word}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, length_bytes: u64) -> Found {
        Found { path: path.to_owned(), length_bytes }
    }

    #[test]
    fn too_many_test_programs() {
        let mut files: Vec<Found> = (0..7).map(|number| file(&format!("tests/{number}.rs"), 1)).collect();
        files.push(file("tests/cli/damage.rs", 1));
        assert_eq!(test_programs(&files).len(), 0);
        files.push(file("tests/more.rs", 1));
        assert_eq!(test_programs(&files).len(), 1);
    }

    #[test]
    fn large_files() {
        let files = [file("a.bin", FILE_BYTES_MAX), file("tests/data/v1/a", 1 << 30), file("Cargo.lock", 1 << 30)];
        assert_eq!(file_sizes(&files).len(), 0);
        assert_eq!(file_sizes(&[file("a.bin", FILE_BYTES_MAX + 1)]).len(), 1);
    }

    #[test]
    fn shape_of_the_changelog() {
        assert_eq!(changelog("# Changes\n\n## Unreleased\n\n### Added\n\n- a\n\n## 0.1.0\n\n### Fixed\n").len(), 0);
        assert_eq!(changelog("## 0.1.0\n## Unreleased\n### Fixed\n").len(), 1);
        assert_eq!(changelog("## Unreleased\n### Refactored\n").len(), 1);
        assert_eq!(changelog("").len(), 1);
    }

    #[test]
    fn pages_without_a_link() {
        let readme = "[packs](pack.md), [keys](./keys.md#slots) and tree.md";
        assert_eq!(unlinked_pages(readme, ["README.md", "pack.md", "keys.md"].into_iter()).len(), 0);
        assert_eq!(unlinked_pages(readme, ["tree.md"].into_iter()).len(), 1);
    }

    #[test]
    fn dependencies_without_a_row() {
        let manifest = "[package]\nname = \"a\"\n[dependencies]\n# not = \"this\"\nrayon = \"1\"\nring.workspace = true\n[dev-dependencies.proptest]\nversion = \"1\"\n[lints.rust]\nunsafe_code = \"deny\"\n";
        assert_eq!(dependencies(manifest).into_iter().collect::<Vec<_>>(), ["proptest", "rayon", "ring"]);
        let page = "# A\n\n## Rules\n\n| `ring` | no |\n\n## Dependencies\n\n| Name | Why |\n|---|---|\n| `rayon` | a |\n| `proptest` | b |\n| `zstd` | c |\n";
        assert_eq!(dependency_table(manifest, page).len(), 2);
        assert_eq!(dependency_table(manifest, &format!("{}| `ring` | d |\n", page.replace("| `zstd` | c |\n", ""))).len(), 0);
    }

    #[test]
    fn words_of_a_workplace() {
        for (start, end) in WORKPLACES {
            assert_eq!(workplace_words("a.md", &format!("see {start}{end}x")).len(), 1);
        }
        assert_eq!(workplace_words("a.md", "the work of a day").len(), 0);
    }
}
