//! Repositories made by somebody who knows the key and means harm: every seal is valid, and what is sealed is evil.
//!
//! Whatever they hold: no panic, bounded memory and time, nothing written outside the target, nothing on a terminal that moves its cursor.

#[path = "hostile/cases.rs"]
mod cases;
#[path = "hostile/writer.rs"]
mod writer;

use super::world::{World, tree};
use cases::CASES;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Argon2 is not among it: encrypted repositories are opened by their recovery code.
const MEMORY_MAX_KIB: u64 = 256 << 10;
/// Also of a debug build on a slow machine.
const TIME_MAX: Duration = Duration::from_secs(20);

/// What one run came to.
struct Ran {
    code: i32,
    text: String,
    peak_kib: u64,
    time: Duration,
}

/// The most memory that a process had so far; `None` once it ended.
fn peak_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()
}

/// The first 4 MiB of what is said; the rest is read so that the program does not wait.
fn beginning(mut from: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    _ = from.by_ref().take(4 << 20).read_to_end(&mut kept);
    _ = std::io::copy(&mut from, &mut std::io::sink());
    kept
}

fn run(mut command: Command) -> Ran {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let (out, err) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let (code, mut text, peak_kib) = std::thread::scope(|scope| {
        let out = scope.spawn(move || beginning(out));
        let err = scope.spawn(move || beginning(err));
        let mut peak = 0;
        let status = loop {
            peak = peak.max(peak_kib(child.id()).unwrap_or(0));
            match child.try_wait().expect("a child") {
                Some(status) => break status,
                // A bomb that went off does not take the machine with it.
                None if begun.elapsed() > 3 * TIME_MAX || peak > 8 * MEMORY_MAX_KIB => _ = child.kill(),
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        let text = [out.join().expect("no panic"), err.join().expect("no panic")].concat();
        (status.code().unwrap_or_else(|| -status.signal().unwrap_or(0)), text, peak)
    });
    Ran { code, text: String::from_utf8_lossy(&std::mem::take(&mut text)).into_owned(), peak_kib, time: begun.elapsed() }
}

/// What moves a terminal's cursor or turns its text around.
fn is_evil(sign: char) -> bool {
    (sign.is_control() && sign != '\n')
        || matches!(sign, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffd}')
}

const COMMANDS: [(&str, &[&str]); 10] = [
    ("restore", &["restore", "latest", "--target", "outer/target"]),
    ("check", &["check", "--read-data"]),
    ("ls", &["ls", "-R", "-l"]),
    ("snapshots", &["snapshots", "--long"]),
    ("stats", &["stats"]),
    ("find", &["find", "--name", "*", "-v"]),
    ("dump", &["dump", "latest:Pictures/bomb", "-o", "outer/dumped"]),
    ("snap on", &["snap", "more", "--continue", "latest", "-v"]),
    ("diff", &["diff", "latest~1", "-v"]),
    ("snap", &["snap", "photos", "-v"]),
];

/// Runs everything over one case; gives what was not as it should be.
fn judge(case: &cases::Case, encrypted: bool) -> Vec<String> {
    let world = World::new();
    world.write("photos/IMG_1.jpg", b"a new photo");
    world.write("more/a", b"a photo");
    world.write("outer/canary/a", b"canary");
    let mut evil = writer::Evil::new(encrypted);
    let root = (case.make)(&mut evil);
    let code = evil.write(root, &world.path("repo"));
    world.write("code", code.as_deref().unwrap_or_default().as_bytes());
    let mut wrong = Vec::new();
    for (command, words) in COMMANDS {
        let mut all = vec!["-r", "repo", "--color", "never"];
        if encrypted {
            all.extend(["--recovery-code-file", "code"]);
        }
        all.extend(words);
        let name = format!("{}{}: {command}", case.name, if encrypted { " (encrypted)" } else { "" });
        let ran = run(world.command(&all));
        println!("{name:60} {:>4} {:>6} MiB {:>7.2} s", ran.code, ran.peak_kib >> 10, ran.time.as_secs_f64());
        if std::env::var_os("TINTYPE_HOSTILE_TEXT").is_some() {
            println!("{}", ran.text.chars().take(1500).collect::<String>());
        }
        let mut expect = |right: bool, what: String| {
            if !right {
                wrong.push(format!("{name}: {what}"));
            }
        };
        expect(ran.peak_kib < MEMORY_MAX_KIB, format!("{} MiB", ran.peak_kib >> 10));
        expect(ran.time < TIME_MAX, format!("{:?}", ran.time));
        expect(!ran.text.contains("panicked") && ran.code >= 0, format!("code {}: {}", ran.code, ran.text));
        expect(!ran.text.contains(is_evil), format!("signs of control in {:?}", ran.text.chars().take(3000).collect::<String>()));
        let expected = match command {
            "restore" => Some(case.restore),
            "check" => Some(case.check),
            _ => None,
        };
        expect(
            expected.is_none_or(|expected| expected == ran.code),
            format!("code {}, not {expected:?}: {}", ran.code, ran.text.chars().take(3000).collect::<String>()),
        );
    }
    let mut beside: Vec<_> = std::fs::read_dir(world.path("outer")).expect("a folder").flatten().map(|one| one.file_name()).collect();
    beside.retain(|name| name != "target" && name != "dumped");
    if beside != ["canary"] || tree(&world.path("outer/canary")) != [("a".into(), b"canary".to_vec())] {
        wrong.push(format!("{}: something outside the target changed: {beside:?}", case.name));
    }
    wrong
}

fn judge_all(encrypted: bool) {
    let only = std::env::var("TINTYPE_HOSTILE_ONLY").unwrap_or_default();
    let wrong: Vec<String> = CASES.iter().filter(|case| case.name.contains(&only)).flat_map(|case| judge(case, encrypted)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn evil_under_a_valid_seal_is_refused_within_bounds() {
    judge_all(false);
}

#[test]
fn evil_under_a_valid_seal_is_refused_within_bounds_where_it_is_encrypted() {
    judge_all(true);
}
