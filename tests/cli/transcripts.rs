//! Sessions as they stand on a screen: every word of `transcripts/*.md` is what the program says.
//!
//! In a block of `console`, a line after `$ ` is run by a shell in a folder of its own, and what follows is all that is then seen, on
//! both streams, with `(exit N)` at the end where that is not 0. What differs from run to run has a placeholder; `[..]` stands for anything.
//! With `TINTYPE_BLESS=1` the pages are written anew, and keep the lines that still fit.

use super::world::{World, code};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// A user who may not read everything, so that a session can meet a photo that cannot be read.
const NOBODY: u32 = 65_534;

/// With more of them photos would lie in packs in another order each time, and be hit by other damage.
const ONE_THREAD: &str = r#"tintype() { command tintype --threads 1 "$@"; }"#;

/// Whether a text is something that a placeholder stands for.
type StandsFor = fn(&str) -> bool;

/// What stands for something that varies, and what it stands for. The first that fits is taken when pages are written.
const PLACEHOLDERS: [(&str, StandsFor); 8] = [
    ("[code]", |text| text.len() == 47 && text.split('-').all(|group| group.len() == 5)),
    ("[time]", |text| is_shaped(text, "0000-00-00 00:00 +00:00") || is_shaped(text, "0000-00-00 00:00")),
    ("[day]", |text| is_shaped(text, "0000-00-00")),
    ("[clock]", |text| is_shaped(text, "00:00") || text == "yesterday"),
    ("[took]", |text| text.strip_suffix(" ms").or_else(|| text.strip_suffix(" s")).is_some_and(|number| number.parse::<f64>().is_ok())),
    ("[id]", |text| text.len() == 8 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))),
    ("[size]", |text| text.split_once(' ').is_some_and(|(number, unit)| number.parse::<f64>().is_ok() && UNITS.contains(&unit))),
    ("[..]", |_| true),
];

/// So many of them can be nothing else.
const CERTAIN: usize = 6;
const UNITS: [&str; 4] = ["bytes", "kB", "MB", "GB"];

/// Digits where the shape has zeros.
fn is_shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, is)| if is == b'0' { byte.is_ascii_digit() } else { byte == is })
}

/// Every place in a text where a character begins, and its end.
fn ends(text: &str) -> impl DoubleEndedIterator<Item = usize> {
    (0..=text.len()).filter(|end| text.is_char_boundary(*end))
}

fn fits(pattern: &str, line: &str) -> bool {
    for (name, stands_for) in PLACEHOLDERS {
        if let Some(rest) = pattern.strip_prefix(name) {
            return ends(line).any(|end| stands_for(&line[..end]) && fits(rest, &line[end..]));
        }
    }
    match (pattern.chars().next(), line.chars().next()) {
        (Some(one), Some(other)) if one == other => fits(&pattern[one.len_utf8()..], &line[one.len_utf8()..]),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// A line with placeholders for what they certainly stand for.
fn with_placeholders(line: &str) -> String {
    let (mut written, mut rest) = (String::new(), line);
    while let Some(first) = rest.chars().next() {
        let at_word = !written.ends_with(|before: char| before.is_alphanumeric());
        let is_whole = |end: usize| !rest[end..].starts_with(|after: char| after.is_alphanumeric());
        let found = PLACEHOLDERS.iter().take(CERTAIN).find_map(|(name, stands_for)| {
            ends(rest).rev().find(|end| at_word && is_whole(*end) && stands_for(&rest[..*end])).map(|end| (*name, end))
        });
        let (shown, end) = found.map_or((&rest[..first.len_utf8()], first.len_utf8()), |(name, end)| (name, end));
        written.push_str(shown);
        rest = &rest[end..];
    }
    written
}

/// What is seen, in the words of the page as far as they fit.
fn in_words_of(page: &[&str], seen: &[String]) -> Vec<String> {
    let mut at = 0;
    let mut line_of = |line: &String| match page[at..].iter().position(|pattern| fits(pattern, line)) {
        Some(further) => {
            at += further + 1;
            page[at - 1].to_owned()
        }
        None => with_placeholders(line),
    };
    seen.iter().map(&mut line_of).collect()
}

/// A shell's folder: a few photos, old enough to be taken for unchanged, and nothing else.
fn home() -> World {
    let world = World::new();
    let taken = SystemTime::UNIX_EPOCH + Duration::from_secs(1_563_120_300);
    for (name, length) in [("2019/07/IMG_0412.HEIC", 700_000), ("2019/07/IMG_0413.HEIC", 600_000), ("2020/film.MOV", 3_000_000)] {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(name.as_bytes()).finalize_xof().fill(&mut bytes);
        let name = format!("Pictures/{name}");
        world.write(&name, &bytes);
        let file = std::fs::File::options().write(true).open(world.path(&name)).expect("a photo");
        file.set_modified(taken).expect("a time");
    }
    if rustix::process::geteuid().is_root() {
        give_to_nobody(&world.path(""));
    }
    world
}

fn give_to_nobody(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("an owner");
    if path.is_dir() {
        std::fs::read_dir(path).expect("a folder").flatten().for_each(|entry| give_to_nobody(&entry.path()));
    }
}

/// What `snap` saves by knowing what it reads: a file that was written a moment ago is read again, and how long a moment is nobody knows here.
fn is_of_reading_again(line: &str) -> bool {
    line.strip_prefix("saved     ").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// Runs one line; all that is seen of it.
fn run(world: &World, line: &str) -> Vec<String> {
    let folder = world.path("").canonicalize().expect("a folder");
    let programs = Path::new(env!("CARGO_BIN_EXE_tintype")).parent().expect("a folder");
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("{ONE_THREAD}; exec 2>&1; {line}")]).current_dir(&folder).stdin(Stdio::null()).env_clear();
    shell.env("PATH", format!("{}:/usr/bin:/bin", programs.display())).env("HOME", &folder).env("TZ", "UTC");
    if rustix::process::geteuid().is_root() {
        shell.uid(NOBODY).gid(NOBODY);
    }
    let output = shell.output().expect("bash runs");
    let folder = folder.display().to_string();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter(|line| !is_of_reading_again(line));
    let mut seen: Vec<String> = lines.map(|line| line.trim_end().replace(&folder, "/home/ann")).collect();
    if code(&output) != 0 {
        seen.push(format!("(exit {})", code(&output)));
    }
    seen
}

/// The page with what is seen now in the place of what stood there.
fn played(page: &str) -> String {
    let world = home();
    let mut written = String::new();
    let mut lines = page.lines().peekable();
    let mut is_session = false;
    while let Some(line) = lines.next() {
        written.push_str(&format!("{line}\n"));
        if line.starts_with("```") {
            is_session = line == "```console";
        }
        if let Some(command) = line.strip_prefix("$ ").filter(|_| is_session) {
            let mut expected = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ") && *line != "```") {
                expected.push(line);
            }
            let seen = in_words_of(&expected, &run(&world, command));
            seen.iter().for_each(|line| written.push_str(&format!("{line}\n")));
        }
    }
    written
}

#[test]
fn sessions_read_as_their_pages_say() {
    if !Command::new("bash").args(["-c", "truncate --version"]).output().is_ok_and(|done| done.status.success()) {
        return println!("SKIP: bash and truncate are not here");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/transcripts");
    let mut pages: Vec<_> = std::fs::read_dir(&folder).expect("the pages").flatten().map(|entry| entry.path()).collect();
    pages.sort();
    assert!(pages.len() >= 8, "{pages:?}");
    let mut wrong = String::new();
    for path in pages {
        let page = std::fs::read_to_string(&path).expect("a page");
        let now = played(&page);
        if now != page && std::env::var_os("TINTYPE_BLESS").is_some() {
            std::fs::write(&path, &now).expect("the page is written");
        } else if now != page {
            let is_other = |(old, new): &(&str, &str)| old != new;
            let (old, new) = page.lines().zip(now.lines()).find(is_other).unwrap_or(("another number of lines", ""));
            wrong.push_str(&format!("\n{}\n  - {old}\n  + {new}\nall of it now:\n{now}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "TINTYPE_BLESS=1 writes these pages anew, if they should read so:{wrong}");
}

#[test]
fn placeholders_stand_for_what_they_say() {
    let line = "snapshot 5f3a91c2 taken 2026-11-22 18:04 in 0.9 s; since 18:04 of 2026-11-22";
    let pattern = "snapshot [id] taken [time] in [took]; since [clock] of [day]";
    assert_eq!(with_placeholders(line), pattern);
    assert!(fits(pattern, line) && fits("snapshot [..] since [..]", line) && !fits("snapshot [day] [..]", line));
    assert_eq!(in_words_of(&["x", "a [..] c"], &["new".to_owned(), "a b c".to_owned()]), ["new", "a [..] c"]);
}
