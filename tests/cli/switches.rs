//! What every command has in common: one JSON object, events as lines, fewer words, and no colour where none was wanted.

use super::prompts::{has_pty, on_terminal_with};
use super::world::{World, code, stderr, stdout};
use serde_json::Value;
use std::collections::BTreeSet;

/// Each command once, as it succeeds; `key` is refused for a plain repository, and `demo` has no JSON.
const COMMANDS: [&[&str]; 18] = [
    &["-r", "new", "init", "--no-encryption"],
    &["-r", "repo", "snap", "photos"],
    &["-r", "repo", "snapshots"],
    &["-r", "repo", "key", "list"],
    &["-r", "repo", "ls"],
    &["-r", "repo", "find", "jpg"],
    &["-r", "repo", "diff", "latest~1"],
    &["-r", "repo", "dump", ":b.jpg", "-o", "out.jpg"],
    &["-r", "repo", "restore", "--target", "back"],
    &["-r", "repo", "check", "--read-data"],
    &["-r", "repo", "stats"],
    &["-r", "repo", "duplicates"],
    &["inspect", "photos/b.jpg"],
    &["demo", "tour"],
    &["spec", "--list"],
    &["reader"],
    &["completions", "bash"],
    &["man", "pages"],
];

/// The command's own name: the first word that is neither an option nor its value.
fn name_of(words: &[&'static str]) -> &'static str {
    if words[0] == "-r" { words[2] } else { words[0] }
}

fn two_snapshots() -> World {
    let world = World::with_repository();
    for round in 0..2 {
        world.write(&format!("photos/{round}.jpg"), format!("photo {round}").as_bytes());
        assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    }
    world
}

/// Every command that `--help` lists.
pub(super) fn listed(world: &World) -> BTreeSet<String> {
    let help = stdout(&world.run(&["--help"]));
    let commands = help.split("\nCommands:\n").nth(1).expect("a list of commands").split("\n\n").next().unwrap_or_default();
    commands.lines().filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn no_command_is_forgotten_here() {
    let world = World::new();
    assert_eq!(COMMANDS.map(|words| name_of(words).to_owned()).into_iter().collect::<BTreeSet<_>>(), listed(&world));
}

#[test]
fn with_json_stdout_is_one_object_whatever_happens() {
    let world = two_snapshots();
    let wrong: [&[&str]; 4] =
        [&["-r", "absent", "ls"], &["snap", "--lable", "x"], &["-r", "repo", "restore"], &["-r", "repo", "ls", "latest~9"]];
    for words in COMMANDS.into_iter().chain(wrong) {
        let (exit, object) = world.json(words);
        let name = name_of(words);
        assert_eq!(object["schema"], format!("tintype/{name}/1"), "{words:?}: {object}");
        let (started, seconds) = (object["started"].as_str().unwrap_or_default(), object["seconds"].as_f64());
        assert!(started.contains('T') && started.ends_with('Z') && seconds.is_some() && object["problems"].is_array(), "{object}");
        let is_refused = wrong.contains(&words) || ["key", "demo"].contains(&name);
        assert_eq!((exit, object["error"]["code"].is_string()), (if is_refused { 2 } else { 0 }, is_refused), "{object}");
    }
}

#[test]
fn with_json_progress_every_line_of_it_is_an_event_with_the_fields_that_are_documented() {
    let world = two_snapshots();
    let stages = ["opening", "walking", "storing", "finishing", "planning", "restoring", "auditing", "verifying"];
    for words in COMMANDS {
        let output = world.run(&[words, &["--progress", "json", "-v"]].concat());
        let lines = stderr(&output);
        let is_refused = name_of(words) == "key";
        let mut events = BTreeSet::new();
        for line in lines.lines().filter(|line| !is_refused || line.starts_with('{')) {
            let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{words:?}: {line}: {error}"));
            let fields: Vec<&str> = event.as_object().expect("an object").keys().map(String::as_str).collect();
            let kind = event["event"].as_str().expect("a kind");
            let expected: &[&str] = match kind {
                "stage" => &["event", "stage", "total_bytes"],
                "progress" => &["bytes", "event", "files", "stage", "total_bytes"],
                "file" => &["event", "path"],
                "note" => &["event", "message"],
                other => panic!("{other} is not documented"),
            };
            assert_eq!(fields.iter().copied().collect::<BTreeSet<_>>(), expected.iter().copied().collect(), "{line}");
            assert!(event.get("stage").is_none_or(|stage| stages.contains(&stage.as_str().unwrap_or_default())), "{line}");
            events.insert(kind.to_owned());
        }
        let has_progress = ["snap", "restore", "check", "demo"].contains(&name_of(words));
        assert!(!has_progress || events.contains("stage"), "{words:?}: {lines}");
    }
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the page");
    assert!(stages.iter().all(|stage| readme.contains(&format!("`{stage}`"))), "README.md names every stage");
}

#[test]
fn fewer_words_are_no_more_words_and_nothing_goes_to_stderr_where_all_is_well() {
    let (plain, quiet) = (two_snapshots(), two_snapshots());
    for words in COMMANDS {
        let all = plain.run(&[words, &["--progress", "none"]].concat());
        let few = quiet.run(&[words, &["-q"]].concat());
        assert_eq!(code(&all), code(&few), "{words:?}: {few:?}");
        assert!(stdout(&few).lines().count() <= stdout(&all).lines().count(), "{words:?}: {}", stdout(&few));
        if name_of(words) != "key" {
            assert_eq!((stderr(&all).as_str(), stderr(&few).as_str()), ("", ""), "{words:?}");
        }
    }
    assert_eq!(code(&plain.run(&["-q", "-v", "-r", "repo", "ls"])), 2);
}

/// Whether there is a sequence that sets colour or weight.
fn is_coloured(text: &str) -> bool {
    text.split("\x1b[")
        .skip(1)
        .any(|rest| rest.trim_start_matches(|character: char| character.is_ascii_digit() || character == ';').starts_with('m'))
}

#[test]
fn without_a_terminal_nothing_is_coloured_unless_it_is_wanted_always() {
    let world = two_snapshots();
    let more: [&[&str]; 4] = [&["--help"], &["snap", "--help"], &["snap", "--lable"], &["-r", "absent", "ls"]];
    for words in COMMANDS.into_iter().chain(more) {
        for how in ["auto", "never"] {
            let output = world.run(&[words, &["--color", how]].concat());
            assert!(!stdout(&output).contains('\x1b') && !stderr(&output).contains('\x1b'), "{words:?} --color {how}: {output:?}");
        }
    }
    for words in [&["-r", "absent", "ls"][..], &["snap", "--lable"]] {
        let output = world.run(&[&["--color=always"], words].concat());
        assert!(is_coloured(&stderr(&output)), "{words:?}: {}", stderr(&output));
    }
}

#[test]
fn on_a_terminal_errors_and_help_are_coloured_unless_somebody_said_no() {
    if !has_pty() {
        return;
    }
    let world = two_snapshots();
    let coloured = |words: &[&str], no_color: &str| {
        let (_, screen) = on_terminal_with(&world, &[("TERM", "xterm"), ("NO_COLOR", no_color)], words, &[]);
        assert!(!screen.is_empty(), "{words:?}");
        is_coloured(&screen)
    };
    for words in [&["-r", "absent", "ls"][..], &["snap", "--lable"], &["snap", "--help"]] {
        assert!(coloured(words, ""), "{words:?}");
        assert!(!coloured(words, "1"), "{words:?} with NO_COLOR");
        assert!(!coloured(&[words, &["--color", "never"]].concat(), ""), "{words:?} --color never");
        assert!(coloured(&[words, &["--color", "always"]].concat(), "1"), "{words:?} --color always, whatever NO_COLOR says");
    }
    for words in COMMANDS {
        let (_, screen) = on_terminal_with(&world, &[("TERM", "xterm"), ("NO_COLOR", "1")], words, &[]);
        assert!(!is_coloured(&screen), "{words:?}: {screen}");
    }
}
