//! Ctrl-C where the program asks: a shell sees 130, and nothing is left half made. A terminal is made by Python's `pty`.

use super::world::{World, code, tree};
use std::process::{Command, Stdio};

/// Runs a program on a terminal of its own: waits for each text in turn, types what stands beside it, and prints all that was on the
/// screen. Ends as the program did, as a shell would tell it.
const TERMINAL: &str = r"
import os, pty, select, sys, time
steps = [(sys.argv[i].encode(), sys.argv[i + 1].encode().decode('unicode_escape').encode()) for i in range(2, 2 + 2 * int(sys.argv[1]), 2)]
words = sys.argv[2 + 2 * int(sys.argv[1]):]
child, terminal = pty.fork()
if child == 0:
    os.execv(words[0], words)
seen, end = b'', time.monotonic() + 60
while time.monotonic() < end:
    if not select.select([terminal], [], [], 1)[0]:
        continue
    try:
        part = os.read(terminal, 65536)
    except OSError:
        part = b''
    if not part:
        break
    seen += part
    sys.stdout.buffer.write(part)
    if steps and steps[0][0] in seen:
        # Who hides what is typed may still be about to.
        time.sleep(0.3)
        os.write(terminal, steps.pop(0)[1])
        seen = b''
else:
    os.kill(child, 9)
status = os.waitpid(child, 0)[1]
sys.stdout.flush()
sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
";

pub(super) fn has_pty() -> bool {
    let found = Command::new("python3").args(["-c", "import pty; pty.openpty()"]).output().is_ok_and(|done| done.status.success());
    if !found {
        println!("SKIP: python3 with pty is not here");
    }
    found
}

/// The exit code that a shell sees, and what stood on the terminal.
fn on_terminal(world: &World, words: &[&str], steps: &[(&str, &str)]) -> (i32, String) {
    on_terminal_with(world, &[("TERM", "dumb")], words, steps)
}

/// The same with these variables set.
pub(super) fn on_terminal_with(world: &World, variables: &[(&str, &str)], words: &[&str], steps: &[(&str, &str)]) -> (i32, String) {
    let mut command = Command::new("python3");
    command.args(["-c", TERMINAL, &steps.len().to_string()]).current_dir(world.path(""));
    for (wait, typed) in steps {
        command.args([wait, typed]);
    }
    command.arg(env!("CARGO_BIN_EXE_tintype")).args(words).env_clear();
    command
        .env("HOME", world.path("home"))
        .env("PATH", "/usr/bin:/bin")
        .env("TZ", "UTC")
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    let output = command.output().expect("python3 runs");
    (code(&output), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn ctrl_c_at_a_password_ends_with_130_and_makes_nothing() {
    if !has_pty() {
        return;
    }
    let world = World::new();
    let asked: [&[(&str, &str)]; 2] =
        [&[("The new password: ", "\\x03")], &[("The new password: ", "secret\\n"), ("Once more: ", "\\x03")]];
    for steps in asked {
        let (exit, screen) = on_terminal(&world, &["-r", "repo", "init"], steps);
        assert_eq!(exit, 130, "{screen}");
        assert!(!world.path("repo").exists(), "{screen}");
    }
}

#[test]
fn ctrl_c_at_the_password_of_a_repository_changes_nothing() {
    if !has_pty() {
        return;
    }
    let world = World::new();
    world.write("photos/a.jpg", b"a");
    world.write("password", b"secret\n");
    assert_eq!(code(&world.run(&["-r", "repo", "init", "--password-file", "password"])), 0);
    let before = tree(&world.path("repo"));
    for words in [&["snap", "photos"][..], &["restore", "--target", "back"]] {
        let (exit, screen) = on_terminal(&world, &[&["-r", "repo"], words].concat(), &[("assword", "\\x03")]);
        assert_eq!(exit, 130, "{words:?}: {screen}");
        assert_eq!(tree(&world.path("repo")), before, "{words:?}");
    }
    assert!(!world.path("back").exists());
}

#[test]
fn ctrl_c_where_the_code_is_asked_back_leaves_a_whole_repository() {
    if !has_pty() {
        return;
    }
    let world = World::new();
    world.write("photos/a.jpg", b"a");
    world.write("password", b"secret\n");
    let steps = [("The new password: ", "secret\\n"), ("Once more: ", "secret\\n"), ("group ", "\\x03")];
    let (exit, screen) = on_terminal(&world, &["-r", "repo", "init"], &steps);
    assert!(exit == 130 && screen.contains("The repository is made and whole"), "{exit}: {screen}");
    let opened = world.run(&["-r", "repo", "snap", "photos", "--password-file", "password"]);
    assert_eq!(code(&opened), 0, "{opened:?}\n{screen}");
    assert_eq!(code(&world.run(&["-r", "repo", "check", "--password-file", "password"])), 0);
}

#[test]
fn a_code_that_was_written_down_wrong_is_asked_for_three_times_and_then_said() {
    if !has_pty() {
        return;
    }
    let world = World::new();
    world.write("password", b"secret\n");
    let init = ["-r", "repo", "init", "--password-file", "password", "--recovery-sheet", "sheet.html"];
    let (exit, screen) = on_terminal(&world, &init, &[("group ", "wrong\\n"), ("group ", "\\n"), ("group ", "WRONG\\n")]);
    assert_eq!(exit, 0, "{screen}");
    assert_eq!(screen.matches("of the recovery code:").count(), 3, "{screen}");
    assert!(screen.contains("What you wrote down has another group") && screen.contains("The repository is made and whole"), "{screen}");
    assert_eq!(code(&world.run(&["-r", "repo", "key", "test", "--password-file", "password"])), 0);
    assert!(world.path("sheet.html").exists());
}
