//! A folder of its own for each test, and the program run in it without terminal and without the person's own settings.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) struct World {
    folder: tempfile::TempDir,
}

impl World {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// With a plain repository at `repo` and two photos in `photos`.
    pub(crate) fn with_repository() -> Self {
        let world = Self::new();
        world.write("photos/2019/a.jpg", &[7; 40_000]);
        world.write("photos/b.jpg", b"a small one");
        let made = world.run(&["-r", "repo", "init", "--no-encryption"]);
        assert_eq!(made.status.code(), Some(0), "{made:?}");
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a name has a parent here")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tintype"));
        command.args(words).current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.path("home")).env("PATH", "/usr/bin:/bin").env("TZ", "UTC").stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program runs")
    }

    /// Runs with `--json`; gives the exit code and the one object that stdout has.
    pub(crate) fn json(&self, words: &[&str]) -> (i32, Value) {
        let output = self.command(words).arg("--json").output().expect("the program runs");
        let text = String::from_utf8(output.stdout).expect("JSON is text");
        assert_eq!(text.lines().count(), 1, "{text}");
        let value: Value = serde_json::from_str(&text).expect("one JSON object");
        let code = output.status.code().expect("an exit code");
        assert_eq!(value["exit_code"], code, "{value}");
        (code, value)
    }
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("not killed by a signal")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file below a folder, by path, with its bytes.
pub(crate) fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).expect("a folder").flatten() {
            if entry.file_type().expect("a kind").is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path().strip_prefix(folder).expect("below the folder").to_path_buf();
                files.push((path, std::fs::read(entry.path()).expect("a file")));
            }
        }
    }
    files.sort();
    files
}
