//! Owns the check that the program reads every file below `format-spec/vectors/` as that file says, and every golden repository below
//! `tests/data/` as `expected.json` says there, and makes those files.
//!
//! `TINTYPE_BLESS=1 cargo test --test vectors` writes them anew. What is sealed or hashed in them is made here by hand,
//! apart from the program's own writers, so that a mistake in both ways at once would have to be made twice.

#[path = "vectors/build_files.rs"]
mod build_files;
#[path = "vectors/build_media.rs"]
mod build_media;
#[path = "vectors/build_packs.rs"]
mod build_packs;
#[path = "vectors/build_trees.rs"]
mod build_trees;
#[path = "vectors/build_values.rs"]
mod build_values;
#[path = "vectors/cuts.rs"]
mod cuts;
#[path = "vectors/dumps.rs"]
mod dumps;
#[path = "vectors/golden_build.rs"]
mod golden_build;
#[path = "vectors/golden_hand.rs"]
mod golden_hand;
#[path = "vectors/golden_library.rs"]
mod golden_library;
#[path = "vectors/golden_python.rs"]
mod golden_python;
#[path = "vectors/golden_read.rs"]
mod golden_read;
#[path = "vectors/golden_rich.rs"]
mod golden_rich;
#[path = "vectors/life.rs"]
mod life;
#[path = "vectors/mutate.rs"]
mod mutate;
#[path = "vectors/read.rs"]
mod read;
#[path = "vectors/read_pack.rs"]
mod read_pack;
#[path = "vectors/seal.rs"]
mod seal;
#[path = "vectors/second_reader.rs"]
mod second_reader;
mod support;
#[path = "vectors/vector.rs"]
mod vector;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use vector::Vector;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec/vectors")
}

fn generated() -> BTreeMap<String, Vec<u8>> {
    let all = [build_values::all(), build_media::all(), build_files::all(), build_packs::all(), build_trees::all(), life::all()].concat();
    let count = all.len();
    let files: BTreeMap<_, _> = all.into_iter().map(|vector| (vector.path(), vector.encode())).collect();
    assert_eq!(files.len(), count, "two vectors have one name");
    files
}

fn on_disk() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for kind in std::fs::read_dir(folder()).expect("the folder of vectors is listed") {
        let kind = kind.expect("a folder of vectors is listed").path();
        for file in std::fs::read_dir(&kind).expect("a folder of vectors is listed") {
            let path = file.expect("a vector is listed").path();
            let name = path.strip_prefix(folder()).expect("a vector lies in the folder").to_string_lossy().replace('\\', "/");
            files.insert(name, std::fs::read(&path).expect("a vector is read"));
        }
    }
    files
}

#[test]
fn every_vector_is_what_the_generator_makes_and_is_read_as_it_says() {
    let generated = generated();
    if std::env::var_os("TINTYPE_BLESS").is_some() {
        let _ = std::fs::remove_dir_all(folder());
        for (name, bytes) in &generated {
            let path = folder().join(name);
            std::fs::create_dir_all(path.parent().expect("a vector lies in a folder")).expect("a folder of vectors is made");
            std::fs::write(path, bytes).expect("a vector is written");
        }
    }
    let files = on_disk();
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&files), names(&generated), "TINTYPE_BLESS=1 makes the vectors anew");
    assert!(files.len() >= 60);
    let mut wrong = Vec::new();
    for (name, bytes) in &files {
        if generated.get(name) != Some(bytes) {
            wrong.push(format!("{name}: differs from what the generator makes"));
        }
        let vector = Vector::decode(name, bytes);
        let outcome = read::read(&vector);
        if outcome != vector.expected() {
            wrong.push(format!("{name}: expected {:?}, found {outcome:?}", vector.expected()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} vectors:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

#[test]
fn every_problem_code_and_limit_of_the_program_stands_in_the_spec() {
    let limits = Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec/limits.md");
    let text = std::fs::read_to_string(limits).expect("limits.md is read");
    for bytes in generated().values() {
        if let Err(refused) = Vector::decode("x/x.vec", bytes).expected() {
            assert!(text.contains(&format!("`{}`", refused.code)), "{} is not in limits.md", refused.code);
        }
    }
    let source = include_str!("../src/format/limits.rs");
    let mut numbers = BTreeMap::new();
    for line in source.lines().filter_map(|line| line.strip_prefix("pub const ")).filter(|line| !line.starts_with("fn ")) {
        let (name, rest) = line.split_once(':').expect("a name and a type");
        let expression = rest.split_once("= ").and_then(|(_, rest)| rest.strip_suffix(';')).expect("an expression");
        let number = |text: &str| text.parse::<u64>().unwrap_or_else(|_| numbers.get(text).copied().expect("a number or a name before"));
        let value = expression.split_once(" << ").map_or_else(|| number(expression), |(base, shift)| number(base) << number(shift));
        numbers.insert(name, value);
    }
    assert!(numbers.len() > 30);
    for (name, value) in numbers {
        let row =
            text.lines().find(|line| line.ends_with(&format!("| `{name}` |"))).unwrap_or_else(|| panic!("{name} is not in limits.md"));
        let stated: String = row.split('|').nth(1).expect("a number").chars().filter(char::is_ascii_digit).collect();
        assert_eq!(stated, value.to_string(), "{name} in limits.md");
    }
}

/// Codes in `source`: what an error's `fn code` answers, what a problem is made with, and in the layers that report (`reports`)
/// every string of several words in kebab-case: a code also travels through tables, tuples and arguments.
fn codes_in(source: &str, reports: bool) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for (position, _) in source.match_indices("fn code(") {
        let body = source[position..].split("\n    }\n").next().unwrap_or_default();
        found.extend(body.lines().filter_map(|line| line.split_once("=> \"")?.1.split_once('"')).map(|(code, _)| code.to_owned()));
    }
    for call in ["Problem::of_object(", "Problem::of_path(", "Why::new(", "tell("] {
        let calls = source.split(call).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split_once('"'));
        found.extend(calls.map(|(code, _)| code.to_owned()));
    }
    if reports {
        let lines = source.lines().filter(|line| !line.trim_start().starts_with("//") && !line.contains("rename_all"));
        let strings = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
        let is_code = |text: &&str| {
            text.contains('-') && text.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        };
        found.extend(strings.filter(is_code).map(str::to_owned));
    }
    found
}

#[test]
fn every_code_of_the_program_stands_in_the_spec_with_its_exit_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("format-spec/limits.md")).expect("limits.md is read");
    let (_, of_check) = text.split_once("## Codes of a program's check").expect("a table of check's codes");
    let (of_check, _) = of_check.split_once("\n## ").expect("a table after it");
    for known in tintype::ops::check::PROBLEM_CODES {
        let row = of_check.lines().find(|line| line.starts_with(&format!("| `{}` |", known.code)));
        let row = row.unwrap_or_else(|| panic!("{} is not in limits.md's table of check", known.code));
        let exits: Vec<u8> =
            row.split('|').nth(2).expect("exit codes").split(',').map(|exit| exit.trim().parse().expect("a number")).collect();
        assert_eq!(exits.first(), Some(&known.severity.exit_code()), "{} in limits.md", known.code);
    }
    let mut folders = vec![root.join("src")];
    let mut codes = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of sources is listed") {
            let path = entry.expect("a source is listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.to_string_lossy().contains("tests") {
                let source = std::fs::read_to_string(&path).expect("a source is read");
                let reports = ["ops", "scan"].iter().any(|layer| path.starts_with(root.join("src").join(layer)));
                codes.extend(codes_in(&source, reports).into_iter().map(|code| (code, path.clone())));
            }
        }
    }
    // A page of the specification, kinds of files, what `stats` counts and what state a slot is in: no codes.
    let words = ["cutting-table", "jpeg-xl", "packs-data", "packs-meta", "piece-list", "piece-list-list", "report-page"];
    for word in words {
        assert!(codes.remove(word).is_some(), "{word} is no word of the program any more");
    }
    for through_a_table in ["folder-damaged", "xattrs-not-kept", "tree-damaged", "pack-lost-objects-elsewhere", "index-missing"] {
        assert!(codes.contains_key(through_a_table), "{through_a_table} is not found in the sources");
    }
    assert!(codes.len() > 100, "{}", codes.len());
    let missing: Vec<_> = codes.iter().filter(|(code, _)| !text.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "not in limits.md: {missing:?}");
}

#[test]
fn every_dump_in_the_written_format_shows_its_vector() {
    let count = dumps::check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec")).unwrap_or_else(|wrong| panic!("{wrong}"));
    println!("{count} dumps");
    assert!(count >= 9);
}
