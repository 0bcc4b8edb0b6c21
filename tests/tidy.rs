//! The habits of the project as a test: it reads the tree, and says every place that differs, with the line.

use std::{env, fs, path::PathBuf};

#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/tree.rs"]
mod tree;

use source::Source;

fn top() -> PathBuf {
    PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()))
}

/// The text of a file of the tree; says that the rule is skipped if it is absent.
fn text(path: &str) -> Option<String> {
    let text = fs::read_to_string(top().join(path)).ok();
    if text.is_none() {
        println!("tidy: skipped, there is no {path} yet");
    }
    text
}

fn sources() -> Vec<Source> {
    let files = tree::walk(&top()).into_iter().filter(|file| file.path.starts_with("src/") && file.path.ends_with(".rs"));
    files.map(|file| Source::new(&file.path, &fs::read_to_string(top().join(&file.path)).expect("the file was just listed"))).collect()
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} to put right:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn sources_keep_the_rules() {
    let sources = sources();
    let mut counts: Vec<usize> = sources.iter().map(Source::line_count).collect();
    counts.sort_unstable();
    let functions: usize = sources.iter().map(|source| source.words("fn").len()).sum();
    let (median, longest) = (counts.get(counts.len() / 2).unwrap_or(&0), counts.last().unwrap_or(&0));
    println!("tidy: {} files, median {median} lines, longest {longest}, {functions} functions", sources.len());
    assert!(!sources.is_empty(), "no sources found under {}", top().display());
    assert_none(&sources.iter().flat_map(rules::problems).collect::<Vec<_>>());
}

#[test]
fn tests_and_sizes_are_small() {
    let files = tree::walk(&top());
    assert_none(&[tree::test_programs(&files), tree::file_sizes(&files)].concat());
}

#[test]
fn changelog_has_its_shape() {
    assert_none(&tree::changelog(&text("CHANGELOG.md").expect("the change log is part of the project")));
}

#[test]
fn pages_of_the_format_are_linked() {
    let Some(readme) = text("format-spec/README.md") else { return };
    let files = tree::walk(&top());
    let pages =
        files.iter().filter_map(|file| file.path.strip_prefix("format-spec/")).filter(|page| page.ends_with(".md") && !page.contains('/'));
    assert_none(&tree::unlinked_pages(&readme, pages));
}

#[test]
fn dependencies_are_explained() {
    let manifest = text("Cargo.toml").expect("there is no crate without it");
    let page = text(".github/CONTRIBUTING.md").expect("the page is part of the project");
    assert!(tree::dependencies(&manifest).len() > 3, "no dependencies were found in Cargo.toml");
    assert_none(&tree::dependency_table(&manifest, &page));
}

#[test]
fn readme_names_the_test_command() {
    let Some(readme) = text("README.md") else { return };
    let after = readme.split_once("<!-- test-command -->").map(|(_, after)| after.trim_start()).unwrap_or_default();
    assert!(after.starts_with("```"), "README.md: no code block after the line `<!-- test-command -->`, which .ci/run looks for");
}

#[test]
fn texts_speak_of_the_project_alone() {
    let files = tree::walk(&top());
    let texts = files.iter().filter_map(|file| Some((&file.path, fs::read_to_string(top().join(&file.path)).ok()?)));
    assert_none(&texts.flat_map(|(path, text)| tree::workplace_words(path, &text)).collect::<Vec<_>>());
}
