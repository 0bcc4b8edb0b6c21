//! Streams that are closed, full or not there: never a panic, and the exit code is the result's own.

use crate::world::{World, code, stderr};
use std::process::{Output, Stdio};

/// Runs the program below a shell that closes or redirects something.
fn below_shell(world: &World, redirections: &str, words: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_tintype");
    let mut command = std::process::Command::new("sh");
    command.arg("-c").arg(format!("'{program}' {words} {redirections}")).current_dir(world.path(""));
    command.env("HOME", world.path("home")).stdin(Stdio::null()).output().expect("a shell")
}

#[test]
fn closed_streams_change_nothing() {
    for redirections in [">&-", "2>&-", "<&-", ">&- 2>&- <&-", "2>/dev/full"] {
        let world = World::with_repository();
        for words in ["-r repo snap photos", "-r repo snapshots", "-r repo ls -R", "-r repo snapshots --json", "--help", ""] {
            let output = below_shell(&world, redirections, words);
            assert_eq!(code(&output), 0, "{words} {redirections}: {}", stderr(&output));
        }
        let output = below_shell(&world, redirections, "-r absent snapshots");
        assert_eq!(code(&output), 2, "{redirections}: {}", stderr(&output));
    }
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    for words in ["ls -R", "ls --b3sums", "snapshots --json"] {
        let program = env!("CARGO_BIN_EXE_tintype");
        // The reader is gone before the program starts.
        let script = format!("(sleep 0.3; '{program}' -r repo {words}; echo $? >code) | true; sleep 0.6; cat code");
        let mut shell = std::process::Command::new("sh");
        let output = shell.arg("-c").arg(script).current_dir(world.path("")).env("HOME", world.path("home")).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "0", "{words}: {}", stderr(&output));
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
    }
}

#[test]
fn a_full_disk_behind_stdout_is_said() {
    let world = World::with_repository();
    // What a command did is done, and its verdict counts; a list or a document is nothing until it has arrived.
    let cases = [("snap photos", 0), ("check", 0), ("restore -t back", 0), ("snapshots", 1), ("ls", 1), ("check --json", 1)];
    for (words, expected) in cases {
        let output = below_shell(&world, ">/dev/full", &format!("-r repo {words}"));
        assert_eq!(code(&output), expected, "{words}");
        assert!(stderr(&output).contains("standard output"), "{words}: {}", stderr(&output));
    }
    assert!(world.path("back/b.jpg").is_file());
}
