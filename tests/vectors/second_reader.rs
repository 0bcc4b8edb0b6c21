//! Owns the check that two programs agree about every changed vector: this one, and the reader in Python, written from the text alone.
//!
//! Each vector that is changed by chance is read by both, and both say the same word: read well and what, or refused. A disagreement
//! is a fault of one of the two, or of the text; it names kind, vector and number, and comes again.

use super::mutate::{Numbers, OF_FIXED_LENGTH, change};
use super::read;
use super::seal::REPOSITORY;
use super::vector::Vector;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use tintype::format::{FileKind, SealedFile, SlotPublic, hex};

/// Changed vectors of all kinds together; the second number where everything is to be tried.
const CHANGES: (usize, usize) = (100_000, 400_000);
/// Their bytes are text: what is not is left out of the comparison, since no text says what reading it comes to.
const OF_TEXT: [&str; 3] = ["name", "recovery-code", "key-check"];
/// Each costs a hundred times what others cost.
const COSTLY: [(&str, usize); 2] = [("key-slot", 200), ("cuts", 12)];
/// Codes of stage header that they have besides are of values in them: the kind of a slot, a `tintype.json`.
const UNORDERED: [&str; 5] = ["slot-public", "key-slot", "repository-file", "manifest-sealed", "manifest"];
/// Characters that readers of text take for others, or for none.
const ODD: [&str; 20] = [
    " ", "\t", "-", "\u{2010}", "\u{2015}", "\u{2016}", "\u{a0}", "\u{1c}", "\u{85}", "\u{200b}", "\u{3000}", "\u{131}", "\u{17f}",
    "\u{661}", "\u{ff11}", "o", "l", "U", "/", "\n",
];

/// One vector that both read.
struct Case {
    vector: Vector,
    number: usize,
}

/// What one reader says, in one line.
type Verdict = String;

/// Puts the lengths of the file right in its trailer, so that a change of length is not all that is seen.
fn mend_trailer(bytes: &mut [u8]) {
    let length = bytes.len();
    let Some(trailer) = length.checked_sub(64).and_then(|from| bytes.get_mut(from..)) else { return };
    let file_bytes = u64::try_from(length).expect("a length");
    trailer[16..24].copy_from_slice(&file_bytes.to_le_bytes());
    let from = u64::from_le_bytes(trailer[24..32].try_into().expect("8 bytes"));
    if let Some(sealed) = file_bytes.checked_sub(64).and_then(|end| end.checked_sub(from)).and_then(|bytes| u32::try_from(bytes).ok()) {
        trailer[12..16].copy_from_slice(&sealed.to_le_bytes());
    }
}

/// Argon2id runs with whatever memory the bytes say: no more than one that costs nothing.
fn is_cheap(vector: &Vector) -> bool {
    let Ok(file) = SealedFile::split(&vector.bytes, FileKind::KeySlot, REPOSITORY) else { return true };
    SlotPublic::decode(file.public).is_ok_and(|public| public.kdf.memory_kib * public.kdf.passes <= 64)
}

/// A vector made or changed by chance, or none where its bytes would not be of its kind.
fn changed(kind: &str, vectors: &[Vector], number: usize) -> Option<Vector> {
    let mut numbers = Numbers((u64::try_from(number).expect("a number") << 8) + 1);
    let mut vector = vectors[numbers.below(vectors.len())].clone();
    match kind {
        "padme" => vector.bytes = (numbers.next() >> (2 + numbers.below(62))).to_string().into_bytes(),
        "cuts" => vector.bytes = numbers.below(3 << 20).to_string().into_bytes(),
        "needs-page-end" => {
            let word = numbers.next().to_le_bytes();
            let end = [word[0], if numbers.below(2) == 0 { 0 } else { word[1] & 3 }].map(|byte| byte & word[7]);
            vector.bytes = hex(&[word.repeat(3), word[..6].to_vec(), vec![end[1], end[0]]].concat()).into_bytes();
        }
        _ => {
            for _ in 0..1 + numbers.below(3) {
                if OF_TEXT.contains(&kind) && numbers.below(2) == 0 {
                    let place = numbers.below(vector.bytes.len());
                    let end = (place + numbers.below(2)).min(vector.bytes.len());
                    vector.bytes.splice(place..end, ODD[numbers.below(ODD.len())].bytes());
                } else {
                    change(&mut numbers, &mut vector.bytes, OF_FIXED_LENGTH.contains(&kind));
                }
            }
        }
    }
    if vector.bytes.windows(8).any(|bytes| bytes == b"EPYTNIT\x89") && kind != "trailer" && numbers.below(2) == 0 {
        mend_trailer(&mut vector.bytes);
    }
    let is_text = std::str::from_utf8(&vector.bytes).is_ok() || !OF_TEXT.contains(&kind);
    // Each language shows what no screen shows in its own way.
    let shown = |character: char| character.is_alphanumeric() || character.is_ascii_graphic() || character == char::REPLACEMENT_CHARACTER;
    let is_shown = kind != "string" || String::from_utf8_lossy(vector.bytes.get(1..).unwrap_or_default()).chars().all(shown);
    (is_text && is_shown && (kind != "key-slot" || is_cheap(&vector))).then_some(vector)
}

fn cases(count: usize) -> Vec<Case> {
    let mut kinds: BTreeMap<String, Vec<Vector>> = BTreeMap::new();
    for (name, bytes) in super::generated() {
        let vector = Vector::decode(&name, &bytes).without("name");
        if vector.bytes.len() < 8 << 10 {
            kinds.entry(vector.kind().to_owned()).or_default().push(vector);
        }
    }
    let each = count.div_ceil(kinds.len() - COSTLY.len());
    let mut cases = Vec::new();
    for (kind, vectors) in kinds {
        let each = COSTLY.iter().find(|(costly, _)| *costly == kind).map_or(each, |(_, most)| each.min(*most));
        let made = (0..).filter_map(|number| changed(&kind, &vectors, number).map(|vector| Case { vector, number }));
        cases.extend(made.take(each));
    }
    cases
}

/// What the program says.
fn verdict(vector: &Vector) -> Verdict {
    match std::panic::catch_unwind(|| read::read(vector)) {
        Err(_) => "crash".to_owned(),
        Ok(Err(refused)) => format!("{} {}", refused.code, refused.stage),
        Ok(Ok(None)) => "ok".to_owned(),
        Ok(Ok(Some(value))) => format!("ok {value}"),
    }
}

/// What the second reader says of each.
fn second_verdicts(cases: &[Case]) -> Vec<Verdict> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec/reader/test_reader.py");
    let mut command = Command::new("python3");
    command.arg(script).arg("--verdicts").env("PYTHONUTF8", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut reader = command.spawn().expect("python3 runs");
    let mut stdin = reader.stdin.take().expect("it is piped");
    let stdout = reader.stdout.take().expect("it is piped");
    let lines = std::thread::scope(|scope| {
        scope.spawn(move || {
            for case in cases {
                let bytes = case.vector.encode();
                let length = u32::try_from(bytes.len()).expect("short").to_le_bytes();
                stdin.write_all(&[&length[..], &bytes].concat()).expect("the second reader reads");
            }
        });
        BufReader::new(stdout).lines().map(|line| line.expect("the second reader writes UTF-8")).collect::<Vec<_>>()
    });
    assert!(reader.wait().expect("it ends").success());
    assert_eq!(lines.len(), cases.len(), "one line for each vector");
    lines
}

/// How far the two agree about one vector.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Agreement {
    Value,
    Code,
    /// Both refuse, each by another of several rules that are broken: `limits.md` leaves the choice. It leaves none where a text
    /// says in which order a header and a file are judged.
    OtherCode,
    None,
}

fn agreement(kind: &str, first: &str, second: &str) -> Agreement {
    let is_value = |verdict: &str| verdict == "ok" || verdict.starts_with("ok ");
    let is_ordered = |verdict: &str| verdict.ends_with(" trailer") || verdict.ends_with(" header");
    if first.starts_with("crash") || second.starts_with("crash") {
        Agreement::None
    } else if first == second {
        if is_value(first) { Agreement::Value } else { Agreement::Code }
    } else if is_value(first) || is_value(second) {
        Agreement::None
    } else {
        let ordered = [first, second].into_iter().filter(|verdict| is_ordered(verdict)).count();
        if ordered == 2 || ordered == 1 && !UNORDERED.contains(&kind) { Agreement::None } else { Agreement::OtherCode }
    }
}

#[test]
fn both_readers_say_the_same_of_every_changed_vector() {
    if !Command::new("python3").arg("--version").output().is_ok_and(|done| done.status.success()) {
        println!("SKIP: python3 is not here");
        return;
    }
    let begun = Instant::now();
    let cases = cases(if std::env::var_os("TINTYPE_LONG").is_some() { CHANGES.1 } else { CHANGES.0 });
    let (first, second) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| second_verdicts(&cases));
        let first: Vec<_> = cases.iter().map(|case| verdict(&case.vector)).collect();
        (first, reader.join().expect("the second reader ends"))
    });
    let mut table: BTreeMap<&str, BTreeMap<Agreement, u32>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (case, (first, second)) in cases.iter().zip(first.iter().zip(&second)) {
        let kind = case.vector.kind();
        let agreement = agreement(kind, first, second);
        *table.entry(kind).or_default().entry(agreement).or_default() += 1;
        if agreement == Agreement::None {
            let (path, number, bytes) = (case.vector.path(), case.number, case.vector.bytes.get(..100).unwrap_or(&case.vector.bytes));
            wrong.push(format!("{path}, change {number}: the program says {first}, the second reader {second}: {}", bytes.escape_ascii()));
        }
    }
    println!("{:20} {:>10} {:>14} {:>16} {:>13}", "kind", "same value", "same refusal", "other of several", "disagreements");
    for (kind, row) in &table {
        let count = |agreement| row.get(&agreement).copied().unwrap_or_default();
        let [value, code, other, none] = [Agreement::Value, Agreement::Code, Agreement::OtherCode, Agreement::None].map(count);
        println!("{kind:20} {value:>10} {code:>14} {other:>16} {none:>13}");
    }
    println!("{} changed vectors, {} disagreements, {:.1} s", cases.len(), wrong.len(), begun.elapsed().as_secs_f64());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
