//! The rules on the source text: layers, lengths, and words that belong to one place. Each takes one file and answers with what is wrong.

use crate::source::{Source, is_name, item_end, leading_name};

/// Who may import whom. `ops` reaches `format`, `crypto` and `store` only through what `repo` and `tree` re-export.
const LAYERS: &[(&str, &[&str])] = &[
    ("cli", &["ops"]),
    ("ops", &["photos", "scan", "repo", "tree"]),
    ("photos", &["media", "tree"]),
    ("scan", &["tree", "chunk"]),
    ("repo", &["format", "crypto", "store"]),
    ("tree", &["format"]),
    ("chunk", &["media"]),
    ("crypto", &["format"]),
    ("media", &[]),
    ("format", &[]),
    ("store", &[]),
    ("progress", &[]),
    ("clock", &[]),
    ("sys", &[]),
    ("packed", &[]),
];

/// Leaf files that every layer may import.
const LEAVES: &[&str] = &["progress", "clock", "sys", "packed"];

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// Words that belong to one place: the word, the paths under which it may stand, and why.
const WORDS: &[(&str, &[&str], &str)] = &[
    ("println!", &["src/cli/", "src/main.rs"], "the library does not print"),
    ("eprintln!", &["src/cli/", "src/main.rs"], "the library does not print"),
    ("print!", &["src/cli/", "src/main.rs"], "the library does not print"),
    ("eprint!", &["src/cli/", "src/main.rs"], "the library does not print"),
    ("dbg!", &["src/cli/", "src/main.rs"], "the library does not print"),
    ("bincode", &["src/format/", "src/packed.rs"], "the encoding is known to the format alone, and to what is packed on this machine"),
    ("unsafe", &["src/sys/mod.rs"], "unsafe calls stand in one audited place"),
    ("std::env", &["src/cli/"], "the library does not read its surroundings"),
];

/// Every rule of this file on one source.
pub(crate) fn problems(source: &Source) -> Vec<String> {
    [module_doc(source), layering(source), globs(source), words(source), file_length(source), function_lengths(source)].concat()
}

fn module_doc(source: &Source) -> Vec<String> {
    if source.raw.starts_with("//! ") {
        vec![]
    } else {
        vec![format!("{}: does not begin with a `//!` line that says what it owns", source.path)]
    }
}

pub(crate) fn layering(source: &Source) -> Vec<String> {
    if source.is_test_file() {
        return vec![];
    }
    if source.path == "src/main.rs" {
        return imports(source, "tintype")
            .into_iter()
            .filter(|(_, name)| name != "cli")
            .map(|(at, name)| edge(source, at, "main", &name))
            .collect();
    }
    let Some(layer) = source.layer() else { return vec![] };
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{}: `{layer}` is no layer of the table in tests/tidy/rules.rs", source.path)];
    };
    let reached = [imports(source, "crate"), climbs(source)].concat();
    let may = |name: &str| name == layer || LEAVES.contains(&name) || allowed.contains(&name);
    reached.into_iter().filter(|(_, name)| name != "*" && !may(name)).map(|(at, name)| edge(source, at, layer, &name)).collect()
}

fn edge(source: &Source, at: usize, from: &str, to: &str) -> String {
    format!("{}:{}: `{from}` must not import `{to}`", source.path, source.line_at(at))
}

/// What stands directly under `root` in paths such as `crate::a::b` and `use crate::{a, b::c}`.
fn imports(source: &Source, root: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in source.words(root) {
        if let Some(rest) = source.after(at + root.len()).strip_prefix("::") {
            found.extend(heads(rest).into_iter().map(|name| (at, name)));
        }
    }
    found
}

/// What is reached by climbing with `super::` as far as the crate itself.
fn climbs(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in source.words("super") {
        if source.code[..at].trim_end().ends_with("super::") {
            continue;
        }
        let (mut rest, mut steps) = (&source.code[at..], 0);
        while let Some(next) = rest.strip_prefix("super").and_then(|rest| rest.trim_start().strip_prefix("::")) {
            (rest, steps) = (next.trim_start(), steps + 1);
        }
        if steps >= source.depth() {
            found.extend(heads(rest).into_iter().map(|name| (at, name)));
        }
    }
    found
}

/// The first names of a path's rest: one, or each of a group in braces. A glob is `*`.
fn heads(rest: &str) -> Vec<String> {
    let rest = rest.trim_start();
    let Some(group) = rest.strip_prefix('{') else {
        return vec![if rest.starts_with('*') { "*".to_owned() } else { leading_name(rest).to_owned() }];
    };
    let (mut depth, mut names, mut start) = (0, Vec::new(), 0);
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b',' | b'}' if depth == 0 => {
                names.push(leading_name(group[start..at].trim_start()).to_owned());
                start = at + 1;
                if byte == b'}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty() && name != "self");
    names
}

fn globs(source: &Source) -> Vec<String> {
    if source.is_test_file() {
        return vec![];
    }
    let hidden = ["crate", "super"].into_iter().flat_map(|root| source.words(root).into_iter().map(move |at| (root, at)));
    hidden
        .filter(|(root, at)| source.after(at + root.len()).starts_with("::*"))
        .map(|(root, at)| format!("{}:{}: `{root}::*` hides who depends on whom", source.path, source.line_at(at)))
        .collect()
}

fn words(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    for (word, places, reason) in WORDS {
        if source.is_test_file() || places.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        let bare = word.trim_end_matches('!');
        let mut found = source.words(bare);
        found.retain(|at| bare == *word || source.code[at + bare.len()..].starts_with('!'));
        if *word == "std::env" {
            found.extend(source.words("std").into_iter().filter(|at| names_env_in_group(source, *at)));
        }
        wrong.extend(found.into_iter().map(|at| format!("{}:{}: `{word}` here: {reason}", source.path, source.line_at(at))));
    }
    wrong
}

/// `use std::{env, fs}` at the offset of its `std`.
fn names_env_in_group(source: &Source, at: usize) -> bool {
    source.code[at..].strip_prefix("std::").is_some_and(|rest| rest.starts_with('{') && heads(rest).iter().any(|name| name == "env"))
}

pub(crate) fn file_length(source: &Source) -> Vec<String> {
    let count = source.line_count();
    if source.is_test_file() || count <= FILE_LINES_MAX {
        vec![]
    } else {
        vec![format!("{}: {count} lines outside its tests, {FILE_LINES_MAX} at most", source.path)]
    }
}

pub(crate) fn function_lengths(source: &Source) -> Vec<String> {
    let raw: Vec<&str> = source.raw.lines().collect();
    let mut wrong = Vec::new();
    for at in source.words("fn") {
        let name = leading_name(source.after(at + 2));
        if name.is_empty() || source.is_test_file() {
            continue;
        }
        let end = item_end(source.code.as_bytes(), at);
        let (first, count) = (source.line_at(at), source.code[at..end].lines().count());
        if count > FUNCTION_LINES_MAX && !has_reason(&raw[..first - 1]) {
            wrong.push(format!(
                "{}:{first}: `{name}` has {count} lines, {FUNCTION_LINES_MAX} at most without a `// long:` that says why",
                source.path
            ));
        }
    }
    wrong
}

/// Whether the comments and attributes right above a function hold `// long:` and a reason.
fn has_reason(above: &[&str]) -> bool {
    let near = above.iter().rev().map(|line| line.trim()).take_while(|line| line.starts_with("//") || line.starts_with("#["));
    near.filter_map(|line| line.strip_prefix("// long:")).any(|reason| reason.bytes().any(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, code: &str) -> Vec<String> {
        problems(&Source::new(path, &format!("//! What it owns.\n{code}\n")))
    }

    #[test]
    fn upward_imports_are_found() {
        assert_eq!(found("src/store/local.rs", "use crate::ops;"), ["src/store/local.rs:2: `store` must not import `ops`"]);
        assert_eq!(found("src/tree/page.rs", "fn a() { crate::repo::b() }").len(), 1);
        assert_eq!(
            found("src/ops/snap.rs", "use crate::{\n    repo::{Index, crypto},\n    store::{Store, self},\n    clock,\n};").len(),
            1
        );
        assert_eq!(found("src/ops/snap.rs", "pub(in crate::format) fn a() {}").len(), 1);
        assert_eq!(found("src/store/mod.rs", "use super::format::Id;").len(), 1);
        assert_eq!(found("src/store/local.rs", "use super::super::format::Id;").len(), 1);
        assert_eq!(found("src/util.rs", "").len(), 1);
        assert_eq!(found("src/main.rs", "fn main() { tintype::cli::run(); tintype::ops::snap() }").len(), 1);
    }

    #[test]
    fn downward_imports_pass() {
        for (path, code) in [
            ("src/cli/args.rs", "use crate::ops::{self, SnapOptions};\nuse crate::{clock::Clock, progress};"),
            ("src/repo/index.rs", "use crate::{crypto, format::Id, repo::error::RepoError, store};\nuse super::error;"),
            ("src/store/local.rs", "use super::Store; // crate::ops\nconst A: &str = \"crate::ops\";"),
            ("src/store/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::ops;\n    use super::*;\n}"),
            ("src/store/tests.rs", "use crate::repo;"),
            ("src/lib.rs", "pub use crate::ops::snap;"),
            ("src/main.rs", "fn main() { tintype::cli::run() }"),
        ] {
            assert_eq!(found(path, code), Vec::<String>::new(), "{path}");
        }
    }

    #[test]
    fn every_file_says_what_it_owns() {
        assert_eq!(module_doc(&Source::new("src/a.rs", "use std::fs;\n//! late")).len(), 1);
    }

    #[test]
    fn globs_are_found() {
        assert_eq!(found("src/store/local.rs", "use crate::*;").len(), 1);
        assert_eq!(found("src/store/local.rs", "use super::*;").len(), 1);
        assert_eq!(found("src/store/local.rs", "use rayon::prelude::*;").len(), 0);
    }

    #[test]
    fn words_keep_to_their_place() {
        for word in ["println!(\"a\")", "eprint!(\"a\")", "dbg!(1)", "unsafe { a() }", "bincode::encode()", "std::env::var(\"A\")"] {
            assert_eq!(found("src/store/local.rs", &format!("fn a() {{ {word}; }}")).len(), 1, "{word}");
        }
        assert_eq!(found("src/store/local.rs", "use std::{env, fs};").len(), 1);
        assert_eq!(found("src/store/local.rs", "use std::{fs, env::vars};").len(), 1);
        assert_eq!(found("src/cli/human.rs", "fn a() { println!(\"a\"); std::env::args(); }").len(), 0);
        assert_eq!(found("src/format/id.rs", "use bincode::Encode;").len(), 0);
        assert_eq!(found("src/sys/mod.rs", "#![allow(unsafe_code)]\nfn a() { unsafe { b() } }").len(), 0);
        assert_eq!(found("src/store/local.rs", "#![deny(unsafe_code)]\nfn fingerprint() { let env = 1; blueprint!(env); }").len(), 0);
    }

    #[test]
    fn long_files_and_functions_are_found() {
        let long = format!("fn a(b: [u8; 3]) {{\n{}}}", "    b();\n".repeat(FUNCTION_LINES_MAX - 1));
        assert_eq!(
            found("src/store/local.rs", &long),
            ["src/store/local.rs:2: `a` has 71 lines, 70 at most without a `// long:` that says why"]
        );
        assert_eq!(found("src/store/local.rs", &format!("// long: one table, one line each\n#[inline]\n{long}")).len(), 0);
        assert_eq!(found("src/store/local.rs", &format!("// long:\n{long}")).len(), 1);
        assert_eq!(found("src/store/local.rs", &long.replacen("    b();\n", "", 1)).len(), 0);
        assert_eq!(found("src/store/local.rs", &"const A: u8 = 1;\n".repeat(FILE_LINES_MAX)).len(), 1);
        let tested = format!("#[cfg(test)]\nmod tests {{\n{}}}", "    const A: u8 = 1;\n\n".repeat(FILE_LINES_MAX));
        assert_eq!(found("src/store/local.rs", &tested).len(), 0);
    }
}
