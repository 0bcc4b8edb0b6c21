//! Real photos, hostile files, odd names and real Photos libraries (as the plain folders that they are), through the program and back.

use super::world::{World, code, tree};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What is compared of one entry: all that the system lets this user set.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    kind: &'static str,
    mode: u32,
    owner: (u32, u32),
    mtime: (i64, i64),
    content: String,
    link_count: u64,
}

pub(crate) fn facts_of(root: &Path) -> BTreeMap<Vec<u8>, Facts> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            let stat = std::fs::symlink_metadata(&path).expect("its facts");
            let kind = stat.file_type();
            let (kind, content) = if kind.is_dir() {
                folders.push(path.clone());
                ("folder", String::new())
            } else if kind.is_symlink() {
                ("link", format!("{:?}", std::fs::read_link(&path).expect("its target")))
            } else if kind.is_file() {
                ("file", blake3::hash(&std::fs::read(&path).expect("its bytes")).to_hex().to_string())
            } else {
                continue;
            };
            let name = path.strip_prefix(root).expect("below the root").as_os_str().as_encoded_bytes().to_vec();
            let link_count = if kind == "file" { stat.nlink() } else { 1 };
            // The system keeps no mode of a link of its own, and setuid and setgid are left out on purpose.
            let mode = if kind == "link" { 0 } else { stat.mode() & 0o1777 };
            found.insert(
                name,
                Facts { kind, mode, owner: (stat.uid(), stat.gid()), mtime: (stat.mtime(), stat.mtime_nsec()), content, link_count },
            );
        }
    }
    found
}

/// A world with a repository, and the options that open it.
pub(crate) struct Program {
    pub(crate) world: World,
    options: Vec<&'static str>,
}

impl Program {
    pub(crate) fn new(encrypted: bool) -> Self {
        let world = World::new();
        let mut options = vec!["-r", "repo", "--progress", "none"];
        if encrypted {
            world.write("password", b"the first summer\n");
            options.extend(["--password-file", "password"]);
        }
        let mut words = options.clone();
        words.push("init");
        if !encrypted {
            words.push("--no-encryption");
        }
        assert_eq!(code(&world.run(&words)), 0);
        Self { world, options }
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let words: Vec<&str> = self.options.iter().copied().chain(words.iter().copied()).collect();
        self.world.command(&words)
    }

    pub(crate) fn json(&self, words: &[&str], codes: &[i32]) -> Value {
        let words: Vec<&str> = self.options.iter().copied().chain(words.iter().copied()).collect();
        let (code, value) = self.world.json(&words);
        assert!(codes.contains(&code), "{words:?}: {code}: {value}");
        value
    }

    fn repository_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        tree(&self.world.path("repo"))
    }
}

/// Snap, unchanged snap, check, restore, compare.
fn there_and_back(program: &Program, source: &Path, words: &str) {
    let begun = Instant::now();
    let report = program.json(&["snap", "--no-default-excludes", "source"], &[0, 3]);
    let files = report["sources"][0]["files"].as_u64().expect("a count");
    let before = program.repository_files();
    let again = program.json(&["snap", "--no-default-excludes", "source"], &[0, 3]);
    let new: Vec<_> = program.repository_files().into_iter().filter(|file| !before.contains(file)).collect();
    let longest = new.iter().map(|(_, bytes)| bytes.len()).max().unwrap_or(0);
    assert!(new.len() == 2 && longest <= 12 << 10, "{words}: an unchanged snap wrote {} files", new.len());
    assert_eq!(again["sources"][0]["read_files"].as_u64(), Some(0), "{words}: unchanged files were read");
    let check = program.json(&["check", "--read-data"], &[0]);
    let restored = program.json(&["restore", "--target", "restored"], &[0]);
    assert_eq!(restored["files"].as_u64(), Some(files), "{words}");
    let (before, after) = (facts_of(source), facts_of(&program.world.path("restored")));
    for (path, facts) in &before {
        assert_eq!(after.get(path), Some(facts), "{words}: {}", String::from_utf8_lossy(path));
    }
    assert_eq!(before.len(), after.len(), "{words}: nothing but what was snapped");
    println!(
        "{words}: {files} files, {} bytes, stored {}, unchanged snap 2 files of at most {longest} bytes, {} bytes read by check; all identical, {:.1} s",
        report["sources"][0]["bytes"],
        report["stored_bytes"],
        check["bytes_read"],
        begun.elapsed().as_secs_f64()
    );
}

/// A copy of a read-only corpus whose files are old enough to be taken for unchanged, and which nobody else has open.
pub(crate) fn copied(source: &Path, into: &Path) -> PathBuf {
    let target = into.join("source");
    let status = Command::new("cp").arg("-a").arg(source).arg(&target).status().expect("cp runs");
    assert!(status.success());
    target
}

fn both_ways(source: impl Fn(&Path) -> Option<PathBuf>, words: &str) {
    for encrypted in [false, true] {
        let program = Program::new(encrypted);
        let Some(source) = source(&program.world.path("")) else { return };
        // Files that changed less than three seconds ago are read again: wait until none is that young.
        std::thread::sleep(std::time::Duration::from_millis(3_200));
        there_and_back(&program, &source, &format!("{words}, {}", if encrypted { "encrypted" } else { "plain" }));
    }
}

pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if !found.exists() {
        println!("SKIP: ../shared/{path} is not here");
        return None;
    }
    Some(found)
}

/// The libraries that lie packed in the corpus, unpacked.
pub(crate) fn unpacked_libraries(folder: &Path) -> Option<PathBuf> {
    let script = shared("corpus/libraries/unpack.sh")?;
    let target = folder.join("source");
    let unpacked = Command::new("sh").arg(&script).arg(&target).status();
    if !unpacked.is_ok_and(|status| status.success()) {
        println!("SKIP: the libraries cannot be unpacked: are zstd and tar installed?");
        return None;
    }
    Some(target)
}

#[test]
fn real_photos() {
    both_ways(|folder| Some(copied(&shared("corpus/photos")?, folder)), "photos");
}

#[test]
fn real_libraries_as_plain_folders() {
    both_ways(unpacked_libraries, "Photos libraries as plain folders");
}

#[test]
fn odd_names() {
    both_ways(
        |folder| {
            let script = shared("corpus/photos/names/make_names.py")?;
            let target = folder.join("source");
            let made = Command::new("python3").arg(&script).arg(&target).output();
            if !made.as_ref().is_ok_and(|made| made.status.success()) {
                println!("SKIP: names cannot be made: is python3 installed?");
                return None;
            }
            Some(target)
        },
        "odd names",
    );
}
