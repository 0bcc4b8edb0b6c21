//! A drive that lost `snapshots/`, and a snapshot that lost its first manifest: this program and the reader in Python bring the photos back
//! from `second/`, and say the same.

use super::world::{World, code, stdout, tree};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|done| done.status.success());
    if !found {
        println!("SKIP: python3 is not here");
    }
    found
}

fn second_reader(world: &World, words: &[&str]) -> (i32, Value) {
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec/reader/tintype_reader.py");
    let mut command = Command::new("python3");
    command.arg(reader).args(words).args(["--json", "--jobs", "1"]).current_dir(world.path("")).env("TZ", "UTC").stdin(Stdio::null());
    let output = command.output().expect("python3 runs");
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (code(&output), report)
}

fn codes(report: &Value) -> Vec<String> {
    let problems = report["problems"].as_array().cloned().unwrap_or_default();
    problems.iter().filter_map(|problem| Some(problem["code"].as_str()?.to_owned())).collect()
}

/// Restores, lists and checks `name` by both programs: all end with the same code, and say it of the manifest.
fn all_agree(world: &World, name: &str, expected: i32, photos: &str) {
    let mut answers = Vec::new();
    for words in [&["restore", name, "--target", "back"][..], &["ls", name], &["check", name]] {
        answers.push((format!("{words:?}"), world.json(&[&["-r", "repo"], words].concat())));
        if words[0] == "restore" && expected == 4 {
            assert_eq!(tree(&world.path("back")), tree(&world.path(photos)), "{name}");
        }
    }
    std::fs::remove_dir_all(world.path("back")).expect("it was made");
    if has_python() {
        for words in [&["restore", "repo", name, "--target", "back"][..], &["check", "repo", name]] {
            answers.push((format!("second reader {words:?}"), second_reader(world, words)));
        }
        if expected == 4 {
            assert_eq!(tree(&world.path("back")), tree(&world.path(photos)), "{name}");
        }
        std::fs::remove_dir_all(world.path("back")).expect("it was made");
    }
    for (words, (exit, report)) in answers {
        assert_eq!(exit, expected, "{words}: {report}");
        // `check` knows better where this machine saw the snapshot in its first place.
        let is_it = |code: &String| code == "manifest-only-second" || code == "manifest-missing" && words.contains("check");
        assert!(codes(&report).iter().any(is_it), "{words}: {report}");
    }
}

fn two_snapshots() -> (World, [String; 2]) {
    let world = World::with_repository();
    let snap = |source: &str| {
        let (exit, report) = world.json(&["-r", "repo", "snap", source]);
        assert_eq!(exit, 0, "{report}");
        report["snapshot"].as_str().expect("an id")[..8].to_owned()
    };
    let first = snap("photos");
    let copied = Command::new("cp").args(["-a", "photos", "old"]).current_dir(world.path("")).status();
    assert!(copied.is_ok_and(|status| status.success()));
    world.write("photos/new.jpg", b"a new one");
    let newest = snap("photos");
    (world, [first, newest])
}

#[test]
fn a_drive_that_lost_its_snapshots_gives_the_photos_back() {
    let (world, [first, newest]) = two_snapshots();
    std::fs::remove_dir_all(world.path("repo/snapshots")).expect("it goes");
    for (name, photos) in
        [("latest", "photos"), ("latest~1", "old"), (&*newest, "photos"), (&*first, "old"), ("2099-01-01", "photos"), ("@photos", "photos")]
    {
        all_agree(&world, name, 4, photos);
    }
    let words = stdout(&world.run(&["-r", "repo", "restore", "--target", "back"]));
    assert!(words.contains(&format!("note      snapshot {newest} lies in second/ alone")), "{words}");
    assert!(words.contains("all that it needs is here"), "{words}");
    // The next snap brings both back, and nothing is left to say.
    assert_eq!(world.json(&["-r", "repo", "snap", "photos"]).0, 0);
    assert_eq!(world.json(&["-r", "repo", "check"]).0, 0);
}

#[test]
fn one_snapshot_in_second_alone_is_had_by_its_id_or_time_and_is_never_latest() {
    let (world, [_, newest]) = two_snapshots();
    let files = tree(&world.path("repo/snapshots"));
    let (manifest, _) = files.into_iter().find(|(name, _)| name.to_string_lossy().contains(&newest)).expect("its manifest");
    std::fs::remove_file(world.path("repo/snapshots").join(manifest)).expect("it goes");
    all_agree(&world, &newest, 4, "photos");
    all_agree(&world, "2099-01-01", 4, "photos");
    // The older one, and a word about the newer.
    let (exit, report) = world.json(&["-r", "repo", "restore", "--target", "latest"]);
    assert_eq!((exit, codes(&report)), (4, vec!["manifest-only-second".to_owned()]));
    assert_eq!(tree(&world.path("latest")), tree(&world.path("old")));
    if has_python() {
        let (exit, report) = second_reader(&world, &["restore", "repo", "--target", "latest2"]);
        assert_eq!((exit, codes(&report)), (4, vec!["manifest-only-second".to_owned()]));
        assert_eq!(tree(&world.path("latest2")), tree(&world.path("old")));
    }
}

#[test]
fn what_is_not_all_here_is_said_of_a_snapshot_in_second_alone() {
    let (world, [_, newest]) = two_snapshots();
    std::fs::remove_dir_all(world.path("repo/snapshots")).expect("it goes");
    // A machine that saw the packs calls them damaged; one that did not, incomplete.
    std::fs::remove_dir_all(world.path("home")).expect("the state");
    let packs = tree(&world.path("repo/packs"));
    // Meta packs stand twice.
    for (data, _) in packs.iter().filter(|(path, _)| !world.path("repo/second/packs").join(path).exists()) {
        std::fs::remove_file(world.path("repo/packs").join(data)).expect("it goes");
    }
    all_agree(&world, &newest, 6, "photos");
}
