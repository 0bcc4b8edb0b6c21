//! Owns the check that the reader in Python brings back the same real photos as the program.
//!
//! Once as it runs on this machine, with what it finds installed, and a smaller part with nothing but Python.

use super::corpus::{Program, copied, facts_of, shared};
use super::world::{World, code, stderr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Bytes of the part that plain Python restores.
const PURE_BYTES_MAX: u64 = 20 << 20;

fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|done| done.status.success());
    if !found {
        println!("SKIP: python3 is not here");
    }
    found
}

/// Restores the newest snapshot by the reader that stands beside the format's text, and compares.
fn restored_alike(world: &World, options: &[&str], source: &Path, is_pure: bool, words: &str) {
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec/reader/tintype_reader.py");
    let mut command = Command::new("python3");
    command.arg(reader).args(options).args(["restore", "repo", "--target", "restored"]).current_dir(world.path(""));
    if is_pure {
        command.env("TINTYPE_READER_PURE", "1");
    }
    let begun = Instant::now();
    let output = command.stdin(Stdio::null()).output().expect("python3 runs");
    let seconds = begun.elapsed().as_secs_f64();
    // 3: facts that the target does not hold, such as owners, which are compared below as far as they can be set.
    assert!(matches!(code(&output), 0 | 3), "{words}: {output:?}");
    let (before, after) = (facts_of(source), facts_of(&world.path("restored")));
    for (path, facts) in &before {
        assert_eq!(after.get(path), Some(facts), "{words}: {}", String::from_utf8_lossy(path));
    }
    assert_eq!(before.len(), after.len(), "{words}: nothing but what was snapped");
    let bytes: u64 = before.keys().map(|path| length_of(&source.join(as_path(path)))).sum();
    let means = stderr(&output).lines().find(|line| line.starts_with("using")).unwrap_or_default().to_owned();
    let rate = f64::from(u32::try_from(bytes >> 10).expect("a small corpus")) * 1.024e-3 / seconds;
    println!(
        "{words}: {} entries, {bytes} bytes, all identical by the second reader, {seconds:.1} s, {rate:.1} MB/s; {means}",
        before.len()
    );
}

fn as_path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(name))
}

/// Of a file; nothing of anything else.
fn length_of(path: &Path) -> u64 {
    std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file).map_or(0, |stat| stat.len())
}

/// Takes files away, largest first, until what is left is as small as stated.
fn cut_down(folder: &Path, bytes_max: u64) {
    let mut files: Vec<(u64, PathBuf)> =
        facts_of(folder).into_keys().map(|name| folder.join(as_path(&name))).map(|path| (length_of(&path), path)).collect();
    files.sort();
    let mut total: u64 = files.iter().map(|(length, _)| length).sum();
    while let Some((length, path)) = files.pop().filter(|_| total > bytes_max) {
        std::fs::remove_file(path).expect("a copy is removed");
        total -= length;
    }
}

fn there_and_back(encrypted: bool, source: impl Fn(&Path) -> Option<PathBuf>, is_pure: bool, words: &str) {
    let program = Program::new(encrypted);
    let Some(source) = source(&program.world.path("")) else { return };
    if is_pure {
        cut_down(&source, PURE_BYTES_MAX);
    }
    program.json(&["snap", "--no-default-excludes", "source"], &[0, 3]);
    let options: &[&str] = if encrypted { &["--password-file", "password"] } else { &[] };
    let words = format!("{words}, {}{}", if encrypted { "encrypted" } else { "plain" }, if is_pure { ", Python alone" } else { "" });
    restored_alike(&program.world, options, &source, is_pure, &words);
}

#[test]
fn the_second_reader_restores_real_photos() {
    for encrypted in [false, true] {
        if has_python() {
            there_and_back(encrypted, |folder| Some(copied(&shared("corpus/photos")?, folder)), false, "photos");
        }
    }
}

#[test]
fn the_second_reader_restores_real_libraries() {
    for encrypted in [false, true] {
        if has_python() {
            there_and_back(encrypted, super::corpus::unpacked_libraries, false, "Photos libraries");
        }
    }
}

#[test]
fn the_second_reader_restores_a_part_with_python_alone() {
    if has_python() {
        there_and_back(false, |folder| Some(copied(&shared("corpus/photos")?, folder)), true, "a part of the photos");
    }
}

/// A source that is one file has no name but its label, alone and beside others; as `format-spec/reading.md` says.
#[test]
fn a_source_that_is_one_file_has_the_name_of_its_label_in_both_readers() {
    let program = Program::new(false);
    let world = &program.world;
    world.write("IMG_0412.JPG", b"one photo");
    world.write("folder/note.txt", b"a note");
    program.json(&["snap", "IMG_0412.JPG", "--label", "the beach"], &[0, 3]);
    program.json(&["snap", "IMG_0412.JPG", "--label", "the beach"], &[0, 3]);
    let paths = |of: &str| -> Vec<String> {
        let listed = program.json(&["ls", of], &[0, 3]);
        let entries = listed["entries"].as_array().expect("entries");
        entries.iter().map(|entry| entry["path"].as_str().expect("a path").to_owned()).collect()
    };
    for of in ["latest", "latest:the beach", "latest:/"] {
        assert_eq!(paths(of), ["the beach"], "{of}");
    }
    let mut ways: Vec<(&str, i32, &[&str])> =
        vec![("latest", 0, &["the beach"]), ("latest:the beach", 0, &["the beach"]), ("latest:IMG_0412.JPG", 2, &[])];
    let compare = |ways: &[(&str, i32, &[&str])], round: usize| {
        for (number, (snapshot, expected, names)) in ways.iter().enumerate() {
            for is_python in [false, true].into_iter().filter(|is_python| !is_python || has_python()) {
                let target = format!("restored {round} {number} {is_python}");
                let words = ["restore", snapshot, "--target", &target];
                let output = if is_python {
                    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec/reader/tintype_reader.py");
                    let mut command = Command::new("python3");
                    command.arg(reader).args(["restore", "repo"]).args(&words[1..]).current_dir(world.path(""));
                    command.stdin(Stdio::null()).output().expect("python3 runs")
                } else {
                    world.run(&[&["-r", "repo", "--progress", "none"], &words[..]].concat())
                };
                // 3: owners, which a restore without the privilege does not set.
                let found = code(&output);
                assert!(found == *expected || *expected == 0 && found == 3, "{snapshot}, Python: {is_python}: {output:?}");
                if *expected == 2 {
                    continue;
                }
                let found = facts_of(&world.path(&target)).into_keys().map(|name| String::from_utf8_lossy(&name).into_owned());
                assert_eq!(found.collect::<Vec<_>>(), *names, "{snapshot}, Python: {is_python}");
                for name in names.iter().filter(|name| **name == "the beach") {
                    assert_eq!(std::fs::read(world.path(&target).join(name)).expect("it is there"), b"one photo");
                }
            }
        }
    };
    compare(&ways, 1);
    program.json(&["snap", "IMG_0412.JPG", "folder"], &[0, 3]);
    assert_eq!(paths("latest"), ["folder", "the beach"]);
    ways = vec![("latest", 0, &["folder", "folder/note.txt", "the beach"]), ("latest:the beach", 0, &["the beach"])];
    compare(&ways, 2);
}
