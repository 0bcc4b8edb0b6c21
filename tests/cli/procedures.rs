//! The procedures that the README gives for lost and leaked keys: each block runs as it is written, by `sh`, without a terminal.

use super::world::{World, code, stderr, stdout, tree};
use std::process::{Command, Output, Stdio};

/// The lines of the code block behind `<!-- procedure: NAME -->`.
fn procedure(name: &str) -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README is read");
    let marker = format!("<!-- procedure: {name} -->\n```sh\n");
    let (_, behind) = readme.split_once(&marker).unwrap_or_else(|| panic!("README.md has no block `{name}`"));
    behind.split_once("```").expect("the block ends").0.to_owned()
}

/// An encrypted repository with a snapshot of `Pictures`, and the files that the procedures speak of.
fn world() -> World {
    let world = World::new();
    world.write("home/Pictures/2019/a.jpg", &[7; 40_000]);
    world.write("home/Pictures/b.jpg", b"a small one");
    world.write("password.txt", b"the old password\n");
    world.write("new-password.txt", b"the new password\n");
    let (exit, report) = world.json(&["-r", "repo", "--password-file", "password.txt", "init"]);
    assert_eq!(exit, 0, "{report}");
    world.write("code.txt", format!("{}\n", report["recovery_code"].as_str().expect("a code")).as_bytes());
    assert_eq!(code(&world.run(&["-r", "repo", "--password-file", "password.txt", "snap", "home/Pictures"])), 0);
    world
}

/// Runs a block of the README: the first line that fails ends it.
fn run(world: &World, name: &str) -> Output {
    let program = world.path("bin/tintype");
    std::fs::create_dir_all(world.path("bin")).expect("a folder");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tintype"), &program).expect("a link to the program");
    let mut sh = Command::new("sh");
    sh.args(["-e", "-c", &procedure(name)]).current_dir(world.path("")).env_clear().stdin(Stdio::null());
    sh.env("PATH", format!("{}:{}", world.path("bin").display(), std::env::var("PATH").unwrap_or_default()));
    sh.env("HOME", world.path("home")).env("TZ", "UTC").env("TINTYPE_REPO", world.path("repo"));
    let output = sh.output().expect("sh runs");
    assert_eq!(code(&output), 0, "{name}:\n{}{}", stdout(&output), stderr(&output));
    output
}

fn opens(world: &World, key: &str) -> bool {
    code(&world.run(&["-r", "repo", key, "key", "test"])) == 0
}

#[test]
fn a_forgotten_password() {
    let world = world();
    run(&world, "forgotten-password");
    assert!(opens(&world, "--password-file=new-password.txt") && opens(&world, "--password-file=password.txt"));
}

#[test]
fn a_lost_slot_folder() {
    let world = world();
    for folder in ["repo/keys", "repo/second/keys"] {
        std::fs::remove_dir_all(world.path(folder)).expect("the folder goes");
    }
    assert!(!opens(&world, "--password-file=password.txt"));
    let words = stdout(&run(&world, "lost-slots"));
    assert!(words.contains("no key slot is here"), "{words}");
    assert!(opens(&world, "--password-file=new-password.txt"));
}

#[test]
fn a_lost_code() {
    let world = world();
    run(&world, "lost-code");
    let restored = world.run(&["-r", "home/new-repository", "--password-file", "new-password.txt", "restore", "--target", "restored"]);
    assert_eq!(code(&restored), 0, "{}", stderr(&restored));
    assert_eq!(tree(&world.path("restored")), tree(&world.path("home/Pictures")));
    assert!(world.path("home/new-sheet.html").exists());
}

#[test]
fn a_leaked_password() {
    let world = world();
    run(&world, "leaked-password");
    assert!(opens(&world, "--password-file=new-password.txt") && !opens(&world, "--password-file=password.txt"));
    assert!(opens(&world, "--recovery-code-file=code.txt"));
}

#[test]
fn a_found_drive() {
    if !Command::new("python3").arg("--version").output().is_ok_and(|done| done.status.success()) {
        println!("SKIP: python3 is not here");
        return;
    }
    let world = world();
    let before = tree(&world.path("repo"));
    run(&world, "found-drive");
    assert_eq!(tree(&world.path("restored")), tree(&world.path("home/Pictures")));
    assert_eq!(tree(&world.path("repo")), before, "reading leaves nothing behind");
}

#[test]
fn every_procedure_of_the_readme_is_run_here() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README is read");
    let here = include_str!("procedures.rs");
    let named: Vec<&str> =
        readme.split("<!-- procedure: ").skip(1).filter_map(|part| part.split_once(" -->").map(|(name, _)| name)).collect();
    assert!(named.len() >= 5, "{named:?}");
    for name in named {
        assert!(here.contains(&format!("run(&world, \"{name}\")")), "{name}");
    }
}
