//! Owns the guides that lie in every repository: what the folder is, and the written format, for whoever finds it in twenty years.
//!
//! They are copies of what this program was built with; nothing ever reads them to decide anything.

/// Name in the repository and text of each guide.
pub(crate) const GUIDES: &[(&str, &str)] = &[
    ("README.txt", README),
    ("spec/README.md", include_str!("../../format-spec/README.md")),
    ("spec/cutting-table.md", include_str!("../../format-spec/cutting-table.md")),
    ("spec/cutting.md", include_str!("../../format-spec/cutting.md")),
    ("spec/files.md", include_str!("../../format-spec/files.md")),
    ("spec/index.md", include_str!("../../format-spec/index.md")),
    ("spec/keys.md", include_str!("../../format-spec/keys.md")),
    ("spec/limits.md", include_str!("../../format-spec/limits.md")),
    ("spec/manifest.md", include_str!("../../format-spec/manifest.md")),
    ("spec/needs.md", include_str!("../../format-spec/needs.md")),
    ("spec/notices.md", include_str!("../../format-spec/notices.md")),
    ("spec/packs.md", include_str!("../../format-spec/packs.md")),
    ("spec/reading.md", include_str!("../../format-spec/reading.md")),
    ("spec/repository.md", include_str!("../../format-spec/repository.md")),
    ("spec/trees.md", include_str!("../../format-spec/trees.md")),
    ("spec/vectors.md", include_str!("../../format-spec/vectors.md")),
    ("spec/writing.md", include_str!("../../format-spec/writing.md")),
];

const README: &str = "\
This folder is a tintype repository: snapshots of somebody's photos.

Please leave every file as it is. Nothing here is a photo that can be opened by itself, and nothing here may be renamed,
edited or sorted away. The whole folder may be copied to another drive with any program; the copy is as good as this one.

To get the photos back
  1. Get the program tintype, on any computer.
  2. Connect this drive, and open a terminal.
  3. Say:   tintype --repo THIS-FOLDER restore --target A-NEW-FOLDER

It may ask for a password. The recovery code opens the repository as well: 8 groups of 5 characters, written down when the
repository was made, perhaps kept with other important papers.

To see whether everything is here and undamaged, without any password:   tintype --repo THIS-FOLDER check --read-data

If the program no longer exists
  The folder spec/ says how every byte here is laid out, so that somebody who writes programs can read the photos without
  tintype. Every file that is named by 64 digits has the BLAKE3 hash of its own bytes as its name.
";

#[cfg(test)]
mod tests {
    use super::GUIDES;
    use std::collections::BTreeSet;

    #[test]
    fn every_page_of_the_format_is_a_guide() {
        let pages = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/format-spec")).unwrap();
        let pages: BTreeSet<String> = pages
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".md"))
            .map(|name| format!("spec/{name}"))
            .collect();
        let guides: BTreeSet<String> = GUIDES.iter().map(|(name, _)| (*name).to_owned()).filter(|name| name.starts_with("spec/")).collect();
        assert_eq!(guides, pages);
    }
}
