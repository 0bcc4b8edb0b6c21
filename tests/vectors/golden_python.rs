//! Owns the check that the reader in Python reads every golden repository as `expected.json` says, and that the program reads what the
//! writer in Python writes. Both know the written format alone.

use super::golden_build::{expected, folder, on_disk};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What runs Python, or `None` with a printed reason.
fn python() -> Option<Command> {
    if Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success()) {
        let mut command = Command::new("python3");
        command.arg("-B").env_remove("TINTYPE_PASSWORD").stdin(std::process::Stdio::null());
        return Some(command);
    }
    println!("SKIP: python3 is not here");
    None
}

fn reader() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec/reader/tintype_reader.py")
}

/// Runs the reader; its exit code and all that it says.
fn run(key: &[String], arguments: &[&str]) -> (i32, String) {
    let output = python().expect("it was there").arg(reader()).args(key).args(arguments).output().expect("python3 runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

/// A copy of a golden repository, as it is kept.
fn copy(name: &str, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for (name, bytes) in on_disk(&folder().join(name)) {
        let path = to.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }
}

/// The arguments that open a repository, in each way.
fn keys(facts: &Value, place: &Path) -> Vec<Vec<String>> {
    let options = [("password", "--password-file"), ("recovery_code", "--recovery-code-file")];
    let given = options.iter().filter_map(|(name, option)| Some((*option, name, facts[name].as_str()?)));
    let mut keys: Vec<_> = given
        .map(|(option, name, text)| {
            let path = place.join(name);
            std::fs::write(&path, format!("{text}\n")).expect("a file");
            vec![option.to_owned(), path.to_string_lossy().into_owned()]
        })
        .collect();
    if keys.is_empty() {
        keys.push(Vec::new());
    }
    keys
}

/// Compares what lies in `target` with a tree of `expected.json`, by the words of Python on the file system: no code of the program.
fn differences(tree: &Value, left_out: &Value, target: &Path, place: &Path) -> String {
    let path = place.join("tree.json");
    std::fs::write(&path, json!({ "tree": tree, "left_out": left_out }).to_string()).expect("a file");
    let script = folder().join("compare.py");
    let output = python().expect("it was there").arg(script).arg(reader().parent().expect("a folder")).arg(&path).arg(target).output();
    let output = output.expect("python3 runs");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "other systems refuse some of the names")]
fn golden_repositories_are_read_by_the_reader_as_expected() {
    if python().is_none() {
        return;
    }
    let (expected, place, mut wrong) = (expected(), tempfile::tempdir().expect("a temporary folder"), Vec::new());
    for (name, facts) in expected["repositories"].as_object().expect("repositories") {
        let repository = place.path().join(name);
        copy(name, &repository);
        let repository = repository.to_str().expect("a path");
        let mut runs = vec![("check_locked", vec![], vec!["check"])];
        for key in keys(facts, place.path()) {
            runs.push(("check", key.clone(), vec!["check"]));
            runs.push(("check_read_data", key, vec!["check", "--read-data"]));
        }
        for (what, key, mut arguments) in runs {
            arguments.push(repository);
            let (code, said) = run(&key, &arguments);
            if facts[what] != code {
                wrong.push(format!("{name}: {what} {key:?} is {code}, not {}:\n{said}", facts[what]));
            }
        }
        let snapshots = facts["snapshots"].as_array().expect("snapshots");
        for (way, key) in keys(facts, place.path()).into_iter().enumerate() {
            let latest = json!("latest");
            let none = json!({ "id": "latest", "tree": "", "restore": 2, "left_out": [] });
            let (last, earlier) = snapshots.split_last().unwrap_or((&none, &[]));
            // One way to open it is enough for all but the newest.
            let runs = earlier.iter().filter(|_| way == 0).map(|snapshot| (snapshot, &snapshot["id"])).chain([(last, &latest)]);
            for (snapshot, id) in runs {
                let id = id.as_str().expect("an id");
                let target = tempfile::tempdir_in(place.path()).expect("a temporary folder");
                let (code, said) = run(&key, &["restore", repository, id, "--target", target.path().to_str().expect("a path")]);
                let at = format!("{name}, {key:?}, snapshot {id:.8}");
                if snapshot["restore"] != code {
                    wrong.push(format!("{at}: {code}, not {}:\n{said}", snapshot["restore"]));
                }
                let tree = if code == 2 { &json!([]) } else { &expected["trees"][snapshot["tree"].as_str().expect("a tree")] };
                let differing = differences(tree, &snapshot["left_out"], target.path(), place.path());
                if !differing.is_empty() {
                    wrong.push(format!("{at}: {differing}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
