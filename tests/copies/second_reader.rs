//! Owns the check that this program and the reader in Python say the same of copies that are half done.
//!
//! Both see the same files and neither has seen them before. The file that came last is cut off now and then, as tools leave it that
//! copy in place, with or without the room for the rest.

use super::support::{Machine, Protection, a_minute_later, create, snap_library};
use super::{Random, write_below};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use tintype::repo::Credentials;
use tintype::scan::{Content, MemorySource};
use tintype::store::{MemoryStore, Store};

/// Orders of each protection, and prefixes judged of each.
const ORDERS: usize = 25;
const PREFIXES: usize = 8;

/// One judgement: the copy, whether the key is given, whether every byte is read.
struct Question {
    copy: PathBuf,
    code_file: Option<PathBuf>,
    read_data: bool,
    words: String,
}

impl Question {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        if let Some(path) = &self.code_file {
            arguments.extend(["--recovery-code-file".to_owned(), path.display().to_string()]);
        }
        arguments.extend(["--json".to_owned(), "check".to_owned()]);
        if self.read_data {
            arguments.push("--read-data".to_owned());
        }
        arguments
    }
}

/// What both say in the same words: exit code, and the state, packs and place of each snapshot; then the codes of what is wrong.
fn verdict(report: &Value) -> (String, BTreeSet<String>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let snapshots: BTreeMap<String, String> = list(&report["snapshots"])
        .iter()
        .map(|snapshot| {
            let said = format!("{} of {} packs, second only {}", text(&snapshot["state"]), snapshot["packs"], snapshot["second_only"]);
            (text(&snapshot["id"]).chars().take(8).collect(), said)
        })
        .collect();
    let mut codes: BTreeSet<String> = list(&report["problems"]).iter().map(|problem| text(&problem["code"])).collect();
    codes.extend(report["error"]["code"].as_str().map(str::to_owned));
    (format!("exit {}, {snapshots:?}", report["exit_code"]), codes)
}

fn program(question: &Question, state: &Path) -> Value {
    // A state folder of its own each time: a machine that never saw this copy.
    _ = std::fs::remove_dir_all(state);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tintype"));
    command.arg("-r").arg(&question.copy).args(["--progress", "none"]).args(question.arguments());
    command.env("TINTYPE_CACHE_DIR", state).env("TINTYPE_STATE_DIR", state).stdin(Stdio::null());
    let output = command.output().expect("the program runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(report["exit_code"].as_i64(), output.status.code().map(i64::from));
    report
}

/// Every question to one process of the second reader.
fn second_reader(questions: &[Question]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/second_reader.py");
    let mut command = Command::new("python3");
    command.arg(script).env("PYTHONUTF8", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut reader = command.spawn().expect("python3 runs");
    let mut stdin = reader.stdin.take().expect("it is piped");
    let stdout = reader.stdout.take().expect("it is piped");
    let said = std::thread::scope(|scope| {
        scope.spawn(move || {
            for question in questions {
                let words = [question.arguments(), vec![question.copy.display().to_string(), "--jobs".to_owned(), "1".to_owned()]].concat();
                writeln!(stdin, "{}", words.join("\t")).expect("the second reader reads");
            }
        });
        BufReader::new(stdout).lines().map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON")).collect::<Vec<_>>()
    });
    assert!(reader.wait().expect("it ends").success());
    assert_eq!(said.len(), questions.len());
    said
}

/// Photos so small that plain Python reads them in no time.
fn small_edit(source: &MemorySource, round: u64) {
    source.add_file(format!("20{:02}/IMG_0001.JPG", 19 + round), Content::Generated { seed: round, length_bytes: 9_000 });
    source.add_file("edited.json", format!("{{\"round\": {round}}}").as_str());
    source.add_file("copy.JPG", Content::Generated { seed: 0, length_bytes: 9_000 });
}

/// Copies of one repository, each at some moments, and the questions about them.
fn questions(folder: &Path, protection: Protection) -> Vec<Question> {
    let whole = MemoryStore::new();
    let machine = Machine::without_state(1);
    let (repository, credentials) = create(Arc::new(whole.clone()), &machine, protection);
    let source = Arc::new(MemorySource::new());
    for round in 0..3 {
        small_edit(&source, round);
        a_minute_later(&machine);
        snap_library(&repository, &source).expect("a snap");
    }
    // Only the program knows what the guides for people should say: they are in every copy from the start.
    let is_guide = |name: &String| name == "README.txt" || name.starts_with("spec/") || name.starts_with("reader/");
    let names: Vec<String> = whole.list("").expect("names").into_iter().map(|listed| listed.name).collect();
    let (guides, names): (Vec<String>, Vec<String>) = names.into_iter().partition(is_guide);
    let guide_folder = folder.join(format!("{protection:?} guides"));
    for name in &guides {
        write_below(&guide_folder, name, &whole.bytes_of(name).expect("it is there"));
    }
    let code_file = match &credentials {
        Credentials::Code(code) => {
            let path = folder.join(format!("{protection:?} code"));
            std::fs::write(&path, code.text().as_bytes()).expect("the code");
            Some(path)
        }
        _ => None,
    };
    let mut random = Random(0x2ead_e125);
    let mut questions = Vec::new();
    for order in 0..ORDERS {
        let mut rest = names.clone();
        rest.sort_by_cached_key(|_| random.below(1 << 30));
        for moment in 0..PREFIXES {
            // The last moment is the finished copy.
            let count = if moment + 1 == PREFIXES { names.len() } else { 1 + random.below(names.len()) };
            let copy = folder.join(format!("{protection:?}-{order}-{moment}"));
            let is_cut = count < names.len() && random.below(3) == 0;
            for name in &guides {
                let linked = copy.join(name);
                std::fs::create_dir_all(linked.parent().expect("a folder")).expect("a folder");
                std::fs::hard_link(guide_folder.join(name), linked).expect("a hard link");
            }
            for (place, name) in rest.iter().take(count).enumerate() {
                let mut bytes = whole.bytes_of(name).expect("it is there");
                if is_cut && place + 1 == count {
                    let length = bytes.len();
                    bytes.truncate(random.below(length));
                    // Some tools reserve the space before they copy.
                    bytes.resize(if random.below(2) == 0 { length } else { bytes.len() }, 0);
                }
                write_below(&copy, name, &bytes);
            }
            let last = &rest[count - 1];
            let mut ask = |code_file: Option<PathBuf>, read_data: bool| {
                let words = format!(
                    "{protection:?}, order {order}, {count} of {} files, key {}, every byte {read_data}, last {last}{}",
                    names.len(),
                    code_file.is_some(),
                    if is_cut { " cut off" } else { "" }
                );
                questions.push(Question { copy: copy.clone(), code_file, read_data, words });
            };
            let read_data = random.below(4) == 0;
            ask(code_file.clone(), read_data);
            if protection == Protection::Encrypted {
                ask(None, read_data);
            }
        }
    }
    questions
}

#[test]
fn both_readers_say_the_same_of_partial_copies() {
    if !Command::new("python3").arg("--version").output().is_ok_and(|done| done.status.success()) {
        println!("SKIP: python3 is not here");
        return;
    }
    let begun = Instant::now();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut asked = questions(folder.path(), Protection::Plain);
    asked.extend(questions(folder.path(), Protection::Encrypted));
    let questions = asked;
    let made = begun.elapsed().as_secs_f64();
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| second_reader(&questions));
        let state = folder.path().join("state");
        let first: Vec<_> = questions.iter().map(|question| program(question, &state)).collect();
        (first, second.join().expect("the second reader ends"))
    });
    let (mut exits, mut wrong, mut other_codes) = (BTreeMap::new(), Vec::new(), 0);
    for (question, (first, second)) in questions.iter().zip(first.iter().zip(&second)) {
        *exits.entry(first["exit_code"].as_i64().unwrap_or(-1)).or_insert(0_u32) += 1;
        let ((first, codes), (second, second_codes)) = (verdict(first), verdict(second));
        if first != second {
            wrong
                .push(format!("{}:\n  the program       {first} {codes:?}\n  the second reader {second} {second_codes:?}", question.words));
        }
        if codes != second_codes {
            other_codes += 1;
        }
    }
    println!(
        "{} verdicts of {} partial copies compared, exit codes {exits:?}; {} disagreements, {other_codes} where one names more of what is wrong; made in {made:.1} s, all in {:.1} s",
        questions.len(),
        2 * ORDERS * PREFIXES,
        wrong.len(),
        begun.elapsed().as_secs_f64()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
