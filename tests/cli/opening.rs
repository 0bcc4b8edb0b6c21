//! Opening repositories: keys, places that are none, and machines without a home.

use crate::world::{World, code, stderr, stdout};

#[test]
fn keys_that_do_not_fit() {
    let world = World::new();
    world.write("password", b"right\n");
    world.write("wrong", b"wrong\n");
    world.write("empty", b"\n");
    world.write("code", b"00000-00000-00000-00000-00000-00000-00000-00000\n");
    assert_eq!(code(&world.run(&["-r", "repo", "--password-file", "password", "init"])), 0);
    let refused = |words: &[&str], error: &str| {
        let (exit, report) = world.json(&[&["-r", "repo", "snapshots"], words].concat());
        assert_eq!((exit, &report["error"]["code"]), (2, &error.into()), "{report}");
    };
    refused(&["--password-file", "wrong"], "wrong-password");
    refused(&["--password-file", "empty"], "usage");
    refused(&["--password-file", "absent"], "usage");
    refused(&["--password-command", "exit 3"], "usage");
    refused(&["--recovery-code-file", "code"], "wrong-recovery-code");
    refused(&[], "key-needed");
    let output = world.run(&["-r", "repo", "snapshots", "--recovery-code-file", "code"]);
    assert!(stderr(&output).contains("group 1 of the recovery code"), "{}", stderr(&output));
    let output = world.run(&["-r", "repo", "snapshots", "--password-file", "wrong"]);
    assert!(stderr(&output).starts_with("error: cannot open the repository at repo: the password is wrong"), "{}", stderr(&output));
    assert!(stderr(&output).lines().nth(1).is_some_and(|hint| hint.starts_with("  try another password")), "{}", stderr(&output));
}

#[test]
fn a_plain_repository_takes_no_password() {
    let world = World::with_repository();
    world.write("password", b"x\n");
    let (exit, report) = world.json(&["-r", "repo", "snapshots", "--password-file", "password"]);
    assert_eq!((exit, &report["error"]["code"]), (2, &"key-for-plain".into()));
}

#[test]
fn places_that_are_no_repository() {
    let world = World::new();
    world.write("folder/file", b"x");
    for place in ["folder", "absent"] {
        let (exit, report) = world.json(&["-r", place, "snapshots"]);
        assert_eq!((exit, &report["error"]["code"]), (2, &"repository-not-found".into()), "{report}");
    }
    assert_ne!(code(&world.run(&["-r", "folder/file", "snapshots"])), 0);
    let output = world.run(&["snapshots"]);
    assert!(code(&output) == 2 && stderr(&output).contains("--repo"), "{}", stderr(&output));
    let by_environment = world.command(&["snapshots"]).env("TINTYPE_REPO", "folder").output().unwrap();
    assert!(stderr(&by_environment).contains("no tintype repository"), "{}", stderr(&by_environment));
}

#[test]
fn without_a_home_everything_works_and_nothing_is_remembered() {
    let world = World::with_repository();
    let run = |words: &[&str]| world.command(words).env_remove("HOME").output().unwrap();
    let snap = run(&["-r", "repo", "snap", "photos", "-v"]);
    assert_eq!(code(&snap), 0, "{}", stderr(&snap));
    assert!(stderr(&snap).contains("no home folder"), "{}", stderr(&snap));
    assert!(stdout(&run(&["-r", "repo", "ls"])).contains("b.jpg"));
    let quiet = run(&["-r", "repo", "snapshots"]);
    assert_eq!((code(&quiet), stderr(&quiet)), (0, String::new()));
}

#[test]
fn words_that_are_not_understood() {
    let world = World::new();
    let output = world.run(&["snpa"]);
    assert!(code(&output) == 2 && stderr(&output).contains("'snap'"), "{}", stderr(&output));
    assert_eq!(code(&world.run(&["ls", "--recursiv"])), 2);
    let output = world.run(&["ls", "--recursiv", "--json"]);
    assert!(code(&output) == 2 && stdout(&output).contains("\"code\":\"usage\""), "{}", stdout(&output));
    let output = world.run(&[]);
    assert!(code(&output) == 0 && stdout(&output).contains("tintype demo"));
    for words in [&["--help"][..], &["snap", "--help"], &["--version"]] {
        assert_eq!(code(&world.run(words)), 0);
    }
}
