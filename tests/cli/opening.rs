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
fn a_password_file_of_any_editor_opens() {
    let world = World::new();
    world.write("unix", b"secret\n");
    assert_eq!(code(&world.run(&["-r", "repo", "--password-file", "unix", "init"])), 0);
    for bytes in [&b"secret"[..], b"secret\r\n", b"\xef\xbb\xbfsecret\r\n", b"secret\nnotes\n"] {
        world.write("other", bytes);
        assert_eq!(code(&world.run(&["-r", "repo", "--password-file", "other", "snapshots"])), 0, "{bytes:?}");
    }
}

#[test]
fn an_error_says_each_thing_once() {
    let world = World::with_repository();
    world.write("password", b"secret\n");
    world.write("wrong", b"wrong\n");
    assert_eq!(code(&world.run(&["-r", "enc", "--password-file", "password", "init"])), 0);
    let first = |words: &[&str]| stderr(&world.run(words)).lines().next().unwrap_or_default().to_owned();
    let cases: [(&[&str], &str); 11] = [
        (
            &["-r", "enc", "snapshots"],
            "error: cannot open the repository at enc: it is encrypted, and neither a password nor the recovery code was given",
        ),
        (
            &["-r", "enc", "snapshots", "--password-file", "wrong"],
            "error: cannot open the repository at enc: the password is wrong for the one key slot",
        ),
        (&["-r", "a\nb", "snapshots"], "error: cannot open the repository at a\\nb: there is no such folder"),
        (&["-r", "enc", "init", "--no-encryption"], "error: cannot make a repository at enc: there is a tintype repository already"),
        (&["-r", "repo", "restore", "--target", "photos"], "error: cannot restore into photos: there is no snapshot here yet"),
        (&["-r", "absent/repo", "init", "--no-encryption"], "error: cannot make a repository at absent/repo: there is no folder absent"),
        (&["-r", "wrong", "init", "--no-encryption"], "error: cannot make a repository at wrong: this is a file, not a folder"),
        (&["-r", "repo", "restore", "--target", "wrong"], "error: cannot restore into wrong: \"wrong\" is a file, not a folder"),
        (
            &["-r", "repo", "key", "add", "--new-password-file", "wrong"],
            "error: cannot add a password to the repository: it is not encrypted",
        ),
        (&["-r", "repo", "restore", "--target", "new"], "error: cannot restore into new: there is no snapshot here yet"),
        (&["-r", "photos", "init", "--no-encryption"], "error: cannot make a repository at photos: the folder is not empty"),
    ];
    for (words, expected) in cases {
        assert_eq!(first(words), expected);
    }
    assert!(!world.path("new").exists(), "what is refused leaves nothing behind");
    let absent = first(&["-r", "repo", "snap", "no photos"]);
    assert!(absent.starts_with("error: cannot take a snapshot: opening /") && absent.ends_with("/no photos: not there"), "{absent}");
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    assert_eq!(stdout(&world.run(&["-r", "repo", "snapshots", "--source", "x"])), "no snapshot has a source with the label x\n");
    let early = first(&["-r", "repo", "ls", "1999-11-01T18:00"]);
    assert!(
        early.starts_with("error: cannot list the snapshot: no snapshot was taken at or before 1999-11-01 18:00; the oldest is "),
        "{early}"
    );
}

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set() {
    let world = World::with_repository();
    let mut command = world.command(&["snapshots"]);
    let output = command.env("TINTYPE_REPO", "").env("TINTYPE_STATE_DIR", "").env("TINTYPE_CACHE_DIR", "").output().unwrap();
    assert!(code(&output) == 2 && stderr(&output).contains("no place was given"), "{}", stderr(&output));
    let mut command = world.command(&["snapshots", "-r", "repo"]);
    assert_eq!(code(&command.env("TINTYPE_REPO", "").env("TINTYPE_STATE_DIR", "").output().unwrap()), 0);
}

#[test]
fn every_document_has_the_same_head() {
    let world = World::with_repository();
    world.write("password", b"secret\n");
    let made = world.json(&["-r", "enc", "--password-file", "password", "init"]);
    let added = world.json(&["-r", "enc", "--password-file", "password", "key", "add", "--new-password-file", "password"]);
    let snapped = world.json(&["-r", "repo", "snap", "photos"]);
    let documents = [
        (made, 0, "init"),
        (added, 0, "key"),
        (snapped, 0, "snap"),
        (world.json(&["-r", "repo", "ls"]), 0, "ls"),
        (world.json(&["-r", "repo", "snapshots"]), 0, "snapshots"),
        (world.json(&["-r", "repo", "check"]), 0, "check"),
        (world.json(&["-r", "repo", "restore", "-t", "out"]), 0, "restore"),
        (world.json(&["-r", "repo", "restore", "-t", "out2", "--dry-run"]), 0, "restore"),
        (world.json(&[]), 2, "error"),
        (world.json(&["demo", "tour"]), 2, "demo"),
        (world.json(&["snpa"]), 2, "error"),
        (world.json(&["-r", "repo", "key"]), 2, "key"),
        (world.json(&["-r", "check", "ls", "--recursiv"]), 2, "ls"),
        (world.json(&["restore"]), 2, "restore"),
        (world.json(&["-r", "absent", "check"]), 2, "check"),
    ];
    for ((exit, report), expected, command) in documents {
        assert_eq!((exit, &report["schema"]), (expected, &format!("tintype/{command}/1").into()), "{report}");
        assert!(report["started"].is_string() && report["seconds"].is_number() && report["problems"].is_array(), "{report}");
        assert_eq!(report["error"]["message"].is_string(), exit == 2, "{report}");
        assert!(!report["error"]["message"].as_str().unwrap_or_default().contains('\n'), "{report}");
    }
}

#[test]
fn a_restore_into_the_repository_is_refused_whatever_it_is_called() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::with_repository();
    let place = std::ffi::OsStr::from_bytes(b"re\xffpo");
    std::fs::rename(world.path("repo"), world.path("").join(place)).unwrap();
    assert_eq!(code(&world.command(&["snap", "photos", "-r"]).arg(place).output().unwrap()), 0);
    let output = world.command(&["restore", "-t"]).arg(place).arg("-r").arg(place).output().unwrap();
    assert!(code(&output) == 2 && stderr(&output).contains("lies inside it"), "{}", stderr(&output));
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

#[test]
fn a_drive_that_is_not_connected_is_not_taken_for_a_place_without_repository() {
    let world = World::new();
    world.write("photos/a.jpg", b"a");
    std::fs::create_dir(world.path("drive")).expect("a folder");
    let run = |words: &[&str]| world.run(&[&["-r", "drive/repo", "--state-dir", "state"], words].concat());
    assert_eq!(code(&run(&["snap", "photos"])), 2, "nothing was ever there");
    let made = run(&["-q", "init", "--no-encryption"]);
    assert!(code(&made) == 0 && stdout(&made).is_empty(), "{}", stdout(&made));
    assert_eq!(code(&run(&["snap", "photos"])), 0);
    std::fs::rename(world.path("drive/repo"), world.path("away")).expect("it is pulled out");
    for is_empty_folder in [false, true] {
        if is_empty_folder {
            std::fs::create_dir(world.path("drive/repo")).expect("a folder");
        }
        for words in [&["snap", "photos"][..], &["check"], &["restore", "--target", "out"]] {
            let output = run(words);
            let said = stderr(&output);
            assert!(
                code(&output) == 1 && said.contains("one was last seen here on 20") && said.contains("is the drive connected?"),
                "{said}"
            );
        }
        let output = run(&["init", "--no-encryption"]);
        let said = stderr(&output);
        assert!(code(&output) == 2 && said.contains("is its drive not connected?") && said.contains("/places/"), "{said}");
    }
    std::fs::remove_dir_all(world.path("state/places")).expect("the knowledge goes");
    assert_eq!(code(&run(&["init", "--no-encryption"])), 0);
}

#[test]
fn a_state_that_cannot_be_kept_is_said_once() {
    let world = World::with_repository();
    world.write("file", b"");
    for words in [&["snap", "photos"][..], &["check"]] {
        let output = world.run(&[&["-r", "repo", "--state-dir", "file/below"], words].concat());
        let said = stderr(&output);
        assert!(code(&output) == 0 && said.matches("cannot be kept in ").count() == 1, "{said}");
        assert_eq!(stderr(&world.run(&[&["-q", "-r", "repo", "--state-dir", "file/below"], words].concat())), "");
    }
}

#[test]
fn a_quiet_init_prints_the_code_and_nothing_else() {
    let world = World::new();
    let made = world.run(&["-q", "-r", "repo", "init", "--no-password"]);
    let printed = stdout(&made);
    assert!(code(&made) == 0 && printed.lines().count() == 1 && printed.trim_end().len() == 47, "{printed}");
}
