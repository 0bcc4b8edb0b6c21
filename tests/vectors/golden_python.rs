//! Owns the check that the reader in Python reads every golden repository as `expected.json` says, and that the program reads what the
//! writer in Python writes. Both know the written format alone.

use super::golden_build::{expected, folder, on_disk};
use super::golden_read;
use super::support::{Machine, snapshots};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use tintype::ops::check::Depth;
use tintype::ops::{SnapshotRef, guides};
use tintype::repo::Credentials;

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

/// Puts a golden repository and the guides of this release into a folder.
fn copy(name: &str, to: &Path) {
    for (name, bytes) in on_disk(&folder().join(name)) {
        write(&to.join(name), &bytes);
    }
    write_guides(to);
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("a file");
}

fn write_guides(to: &Path) {
    for guide in guides::all() {
        write(&to.join(guide.name), guide.text.as_bytes());
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

/// One byte of the header of every data pack is wrong, and no index says what lies in them.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "other systems refuse some of the names")]
fn packs_whose_header_is_wrong_are_restored_by_the_reader() {
    if python().is_none() {
        return;
    }
    let (expected, place) = (expected(), tempfile::tempdir().expect("a temporary folder"));
    for name in ["plain", "encrypted"] {
        let facts = &expected["repositories"][name];
        let latest = facts["snapshots"].as_array().and_then(|all| all.last()).expect("a snapshot");
        let tree = &expected["trees"][latest["tree"].as_str().expect("a tree")];
        let key = keys(facts, place.path()).remove(0);
        for at in [0, 8, 9, 10, 13, 16, 31, 40, 90, 127] {
            let (repository, target) = (place.path().join(format!("{name} {at}")), place.path().join(format!("{name} out {at}")));
            copy(name, &repository);
            let packs: Vec<_> = on_disk(&repository).into_iter().filter(|(name, _)| name.starts_with("packs/")).collect();
            for (pack, mut bytes) in packs {
                if bytes[8] == 1 {
                    bytes[at] ^= 3;
                    write(&repository.join(pack), &bytes);
                }
            }
            let index = repository.join("index");
            let [repository, target] = [&repository, &target].map(|path| path.to_str().expect("a path"));
            // Lengths and trailers say nothing of headers; a directory that has to be read does.
            let checked = at == 40 && run(&key, &["check", repository]).0 != facts["check"];
            std::fs::remove_dir_all(index).expect("the index is removed");
            let checked_anew = at == 40 && run(&key, &["check", repository]).0 != 5;
            assert!(!checked && !checked_anew, "{name}: a check differs: {checked} {checked_anew}");
            let (code, said) = run(&key, &["restore", repository, "latest", "--target", target]);
            assert!(matches!(code, 0 | 4), "{name}, byte {at}: {code}: {said}");
            assert_eq!(differences(tree, &json!([]), Path::new(target), place.path()), "", "{name}, byte {at}: {said}");
        }
    }
}

#[test]
fn a_second_writer_made_from_the_format_alone_is_read() {
    let Some(mut command) = python() else { return };
    let place = tempfile::tempdir().expect("a temporary folder");
    let (repository, target) = (place.path().join("repository"), place.path().join("target"));
    command.arg(folder().join("writer.py")).arg(reader().parent().expect("a folder")).arg(&repository);
    let output = command.output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(written["packs"].as_u64().expect("a number") > 128);

    let store = golden_read::store(&repository);
    for depth in [Depth::Quick, Depth::ReadData] {
        let (code, words) = golden_read::check(&store, &Credentials::None, depth);
        assert_eq!(code, 0, "{words}");
    }
    let opened = Machine::without_state(9).open(store.clone(), &Credentials::None).expect("it opens");
    let id = written["id"].as_str().expect("an id").to_owned();
    assert_eq!(snapshots(&opened), [SnapshotRef::Id(id.clone())]);
    let (code, words, restored) = golden_read::restore(&store, &Credentials::None, &SnapshotRef::Latest(0));
    let tree = written["tree"].as_array().expect("a tree");
    assert_eq!((code, golden_read::differences(tree, &[], &restored)), (0, Vec::new()), "{words}");

    if cfg!(target_os = "linux") {
        write_guides(&repository);
        let [repository, target] = [&repository, &target].map(|path| path.to_str().expect("a path"));
        for arguments in [vec!["check", "--read-data", repository], vec!["restore", repository, &id[..8], "--target", target]] {
            let (code, said) = run(&[], &arguments);
            assert_eq!(code, 0, "{arguments:?}: {said}");
        }
        assert_eq!(differences(&written["tree"], &json!([]), Path::new(target), place.path()), "");
    }
}
