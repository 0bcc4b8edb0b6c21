//! Passwords of a repository: listed, added, changed, removed, tried; and what each of the two programs opens afterwards.

use super::world::{World, code, stderr, stdout};
use serde_json::Value;
use std::process::Command;

/// With an encrypted repository at `repo`, the passwords `one` and `two` in files of that name, and the code in `code`.
fn encrypted() -> World {
    let world = World::new();
    world.write("one", b"one\n");
    world.write("two", b"two\n");
    world.write("photos/a.jpg", b"a photo");
    let (exit, report) = world.json(&["-r", "repo", "--password-file", "one", "init"]);
    assert_eq!(exit, 0, "{report}");
    world.write("code", report["recovery_code"].as_str().expect("a code").as_bytes());
    world
}

fn key(world: &World, words: &[&str]) -> (i32, Value) {
    world.json(&[&["-r", "repo", "key"], words].concat())
}

/// What the second program says of a password: its exit code. `None` without Python.
fn second_reader(world: &World, password: &str) -> Option<i32> {
    let reader = world.path("repo/reader/tintype_reader.py");
    let mut command = Command::new("python3");
    command.arg("-B").arg(reader).arg("list").arg(world.path("repo")).arg("--password-file").arg(world.path(password));
    match command.output() {
        Ok(output) => Some(code(&output)),
        Err(_) => {
            println!("SKIP: python3 is not here");
            None
        }
    }
}

#[test]
fn a_removed_password_opens_with_neither_program() {
    let world = encrypted();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos", "--password-file", "one"])), 0);
    let (_, added) = key(&world, &["add", "--password-file", "one", "--new-password-file", "two", "--label", "phone"]);
    let slot = added["slot"].as_str().expect("a slot");
    let (exit, tested) = key(&world, &["test", "--password-file", "two"]);
    assert_eq!((exit, &tested["slot"], &tested["label"], &tested["opened_by"]), (0, &added["slot"], &"phone".into(), &"password".into()));
    let kept = std::fs::read(world.path("repo/keys").join(format!("{slot}.key"))).expect("a slot");
    let (exit, removed) = key(&world, &["remove", &slot[..8], "--password-file", "one"]);
    assert_eq!((exit, &removed["slots_left"], &removed["was_opened_by_it"]), (0, &1.into(), &false.into()), "{removed}");
    // A copy that brings the slot back changes nothing.
    std::fs::write(world.path("repo/keys").join(format!("{slot}.key")), kept).expect("it is brought back");
    let (exit, refused) = key(&world, &["test", "--password-file", "two"]);
    assert_eq!((exit, &refused["error"]["code"]), (2, &"wrong-password".into()));
    assert_eq!(second_reader(&world, "one").unwrap_or(0), 0);
    assert_eq!(second_reader(&world, "two").unwrap_or(2), 2);
    let checked = world.run(&["-r", "repo", "check", "--read-data", "--password-file", "one"]);
    assert_eq!(code(&checked), 0, "{}{}", stdout(&checked), stderr(&checked));
}

#[test]
fn the_last_password_goes_only_by_force() {
    let world = encrypted();
    let (_, listed) = key(&world, &["list", "--password-file", "one"]);
    let slot = listed["slots"][0]["slot"].as_str().expect("a slot");
    assert_eq!((&listed["slots"][0]["opened"], &listed["slots"][0]["state"]), (&true.into(), &"good".into()));
    let (exit, refused) = key(&world, &["remove", slot, "--password-file", "one"]);
    assert_eq!((exit, &refused["error"]["code"]), (2, &"last-slot".into()));
    let (exit, refused) = key(&world, &["remove", "zz", "--password-file", "one"]);
    assert_eq!((exit, &refused["error"]["code"]), (2, &"no-such-slot".into()));
    let output = world.run(&["-r", "repo", "key", "remove", slot, "--force", "--password-file", "one"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("only the recovery code") && stdout(&output).contains("is not locked out"), "{}", stdout(&output));
    assert_eq!(key(&world, &["test", "--password-file", "one"]).0, 2);
    let (exit, tested) = key(&world, &["test", "--recovery-code-file", "code"]);
    assert_eq!((exit, &tested["opened_by"]), (0, &"recovery-code".into()));
    assert_eq!(code(&world.run(&["-r", "repo", "check", "--recovery-code-file", "code"])), 0, "no slot was lost: one was removed");
}

#[test]
fn a_changed_password_replaces_the_one_that_opened() {
    let world = encrypted();
    let (exit, changed) = key(&world, &["change", "--password-file", "one", "--new-password-file", "two"]);
    assert_eq!(exit, 0, "{changed}");
    assert_eq!(key(&world, &["test", "--password-file", "one"]).0, 2);
    let (exit, tested) = key(&world, &["test", "--password-file", "two"]);
    assert_eq!((exit, &tested["slot"]), (0, &changed["slot"]));
    // With the code there is one that can be meant, and then there are two.
    world.write("three", b"three\n");
    assert_eq!(key(&world, &["change", "--recovery-code-file", "code", "--new-password-file", "three"]).0, 0);
    assert_eq!(key(&world, &["add", "--recovery-code-file", "code", "--new-password-file", "two"]).0, 0);
    let (exit, refused) = key(&world, &["change", "--recovery-code-file", "code", "--new-password-file", "one"]);
    assert_eq!((exit, &refused["error"]["code"]), (2, &"no-such-slot".into()));
    let (_, tested) = key(&world, &["test", "--password-file", "two"]);
    let slot = tested["slot"].as_str().expect("a slot");
    let (exit, _) = key(&world, &["change", "--recovery-code-file", "code", "--new-password-file", "one", "--slot", slot]);
    assert_eq!((exit, key(&world, &["test", "--password-file", "two"]).0), (0, 2));
    for password in ["one", "three"] {
        assert_eq!(key(&world, &["test", "--password-file", password]).0, 0);
    }
}

#[test]
fn slots_are_listed_without_the_key_and_where_they_are_lost() {
    let world = encrypted();
    let (exit, listed) = key(&world, &["list"]);
    assert_eq!((exit, &listed["opened_by"], &listed["slots"][0]["opened"]), (0, &"nothing".into(), &false.into()));
    let words = stdout(&world.run(&["-r", "repo", "key", "list", "--password-file", "one"]));
    assert!(words.contains("64 MiB") && words.contains("opened just now"), "{words}");
    for folder in ["repo/keys", "repo/second/keys"] {
        std::fs::remove_dir_all(world.path(folder)).expect("slots are lost");
    }
    let words = stdout(&world.run(&["-r", "repo", "key", "list", "--recovery-code-file", "code"]));
    assert!(words.contains("only the recovery code"), "{words}");
    let (exit, refused) = key(&world, &["test", "--password-file", "one"]);
    assert_eq!((exit, &refused["error"]["code"]), (2, &"no-key-slots".into()));
}

#[test]
fn of_a_plain_repository_there_are_no_passwords() {
    let world = World::with_repository();
    for words in [&["list"][..], &["test"], &["remove", "1a"], &["change"]] {
        let (exit, refused) = key(&world, words);
        assert_eq!((exit, &refused["error"]["code"]), (2, &"key-for-plain".into()), "{words:?}");
    }
}

#[test]
fn a_password_comes_from_a_command_as_keyrings_have_them() {
    let world = encrypted();
    let test = |command: &str| world.run(&["-r", "repo", "key", "test", "--password-command", command]);
    for command in ["cat one", "printf one", "printf 'one\\r\\n'", "printf 'one\\nlogin: me\\nurl: x\\n'"] {
        assert_eq!(code(&test(command)), 0, "{command}");
    }
    let refused = [
        ("exit 3", "the command failed: exit code 3"),
        ("true", "the command printed nothing"),
        ("echo; echo one", "its first line is empty"),
        ("no-such-keyring lookup", "the command failed: exit code 127"),
        ("printf two", "the password is wrong"),
    ];
    for (command, words) in refused {
        let output = test(command);
        assert!(code(&output) == 2 && stderr(&output).contains(words), "{command}: {}", stderr(&output));
    }
}
