//! Owns the tests of names that a target cannot hold or tell apart: all that they name is restored, and what was renamed is listed.

use super::support::{Thing, facts, file, make};
use super::{MemoryLimits, MemoryTarget, NewProtection, Overwrite, RestoreOptions, all, over, restore};
use crate::ops::restore::names::unescaped;
use crate::ops::restore::{Alike, FoundKind, HardLinks, NameRules};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const RULES: [(&str, NameRules); 5] = [
    ("ext4", NameRules::LINUX),
    ("exFAT", NameRules::EXFAT),
    ("FAT32", NameRules::FAT32),
    ("NTFS", NameRules::NTFS),
    ("macOS", NameRules::MAC),
];

/// Names that are hard to hold, none of them twice. The repository under test has text only, so bytes are added where rules are asked.
fn hard_names() -> Vec<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for stem in ["CON", "con", "Nul.jpg", "aux.tar.gz", "COM1", "com¹.txt", "LPT9.heic", "CONIN$", "PRN ", "COM10", "console"] {
        names.insert(stem.to_owned());
    }
    for byte in (1..0x20_u8).chain([0x7f]).chain(*b"\"*:<>?\\|%&'~ ") {
        names.insert(format!("a{}b.jpg", char::from(byte)));
        names.insert(format!("{}", char::from(byte)));
    }
    for name in ["IMG_1.JPG", "img_1.jpg", "Img_1.jpg", "IMG_1.jpg", "img_1 (2).jpg", "a%3Ab", "a:b", "a%b", "a%25b", "%"] {
        names.insert(name.to_owned());
    }
    for name in ["\u{e9}.jpg", "e\u{301}.jpg", "\u{c9}.jpg", "E\u{301}.JPG", "\u{212b}", "\u{e5}", "\u{17f}", "s", "S", "\u{df}", "SS"] {
        names.insert(name.to_owned());
    }
    for name in ["dot.", "dots...", "space ", "dot. .", "...", ". ", " lead", "-rf", "~", ".hidden", "\u{202e}gpj.exe", "\u{feff}"] {
        names.insert(name.to_owned());
    }
    for (letter, count) in
        [("x", 255), ("x", 256), ("x", 300), ("\u{e9}", 127), ("\u{e9}", 128), ("\u{e9}", 255), ("\u{1f4f7}", 127), ("\u{1f4f7}", 128)]
    {
        names.insert(letter.repeat(count));
        names.insert(format!("{}.jpg", letter.repeat(count)));
        names.insert(format!("{}.JPG", letter.repeat(count)));
    }
    for number in 0..60 {
        names.insert(format!("{}{number}.jpg", "y".repeat(256)));
    }
    names.retain(|name| name.len() <= 1024);
    names.into_iter().collect()
}

#[test]
fn whatever_the_names_nothing_is_lost_and_the_list_is_right() {
    let names = hard_names();
    assert!(names.len() >= 200, "{}", names.len());
    let things = names.iter().enumerate().map(|(number, name)| {
        // Every third is a folder with a file in it.
        let path = if number % 3 == 0 { format!("{name}/in: it") } else { name.clone() };
        (path, file(name.as_bytes()), facts(0o644, 5))
    });
    let made = make(&NewProtection::Plain, 1, vec![("Pictures", things.collect())]);
    for (kind, rules) in RULES {
        let limits = MemoryLimits { names: Some(rules), hard_links: HardLinks::Refused, ..MemoryLimits::default() };
        let target = Arc::new(MemoryTarget::new(limits));
        for (round, options) in [all(), over(Overwrite::IfDifferent), over(Overwrite::Never)].iter().enumerate() {
            let report = restore(&made.repository, &target, options).expect("a restore");
            assert_eq!(report.left_out, [], "{kind}");
            let renamed: BTreeMap<&str, &str> = report.renamed.iter().map(|one| (one.path.as_str(), one.is_now.as_str())).collect();
            let there = target.everything();
            let files: BTreeMap<Vec<u8>, Vec<u8>> = there
                .iter()
                .filter(|(_, found)| found.kind == FoundKind::File)
                .map(|(path, _)| (path.clone(), target.bytes(path).expect("its bytes")))
                .collect();
            let contents: BTreeSet<&[u8]> = files.values().map(Vec::as_slice).collect();
            assert_eq!(contents, names.iter().map(String::as_bytes).collect(), "{kind}: each content is there once");
            assert_eq!(files.len(), names.len(), "{kind}");
            for (path, content) in &files {
                // The first part of the path is the name that the content tells, unless it is listed.
                let name = path.split(|byte| *byte == b'/').next().unwrap_or_default();
                let listed = renamed.get(crate::scan::escaped(content).as_str());
                assert_eq!(listed.is_some(), name != content.as_slice(), "{kind}: {}", crate::scan::escaped(content));
                assert!(listed.is_none_or(|now| *now == crate::scan::escaped(name)), "{kind}");
            }
            let changed = if rules == NameRules::LINUX { "too long" } else { "refused, too long, or alike" };
            if round == 0 {
                println!("{kind}: {} names, {} restored, {} renamed ({changed}), 0 lost", names.len(), files.len(), report.renamed.len());
            }
            assert_eq!(report.exit_code(), 3, "{kind}: somebody should know");
        }
    }
}

#[test]
fn what_is_escaped_can_be_given_back() {
    for name in [&b"a:b"[..], b"\xff\xfe.jpg", b"100%: all", b"CON.txt", b"end.", b"tab\tend ", b"%3A:"] {
        let (escaped, _) = NameRules::NTFS.fit(name).expect("a name that must be changed");
        assert!(NameRules::NTFS.can_hold(&escaped), "{escaped:?}");
        assert_eq!(unescaped(&escaped), name);
    }
    for name in [&b"a%3Ab"[..], b"plain.jpg", b"com10", b" x"] {
        assert_eq!(NameRules::NTFS.fit(name), None);
    }
    assert!(NameRules::LINUX.can_hold(b"\xff:?") && !NameRules::MAC.can_hold(b"\xff") && NameRules::MAC.can_hold(b"a:b?"));
    assert_eq!(NameRules::LINUX.alike, Alike::Bytes);
}

#[test]
fn a_film_that_is_too_long_for_fat_is_left_out_and_named() {
    let long = NameRules { file_bytes_max: 2_000, ..NameRules::FAT32 };
    let things = [("a.mov", 2_001), ("b.jpg", 2_000)].map(|(path, length)| (path.to_owned(), file(&vec![7; length]), facts(0o644, 5)));
    let made = make(&NewProtection::Plain, 1, vec![("Pictures", things.to_vec())]);
    let target = Arc::new(MemoryTarget::new(MemoryLimits { names: Some(long), ..MemoryLimits::default() }));
    let report = restore(&made.repository, &target, &RestoreOptions::default()).expect("a restore");
    let left_out: Vec<_> = report.left_out.iter().map(|one| (one.path.as_str(), one.code)).collect();
    assert_eq!((left_out, report.files, report.exit_code()), (vec![("a.mov", "target-cannot-hold")], 1, 3));
}

#[test]
fn two_folders_that_are_one_in_the_target_are_kept_apart() {
    let things = [("DCIM/a.jpg", "one"), ("dcim/a.jpg", "two"), ("Dcim/b.jpg", "three")];
    let things = things.map(|(path, bytes)| (path.to_owned(), file(bytes.as_bytes()), facts(0o644, 5)));
    let made =
        make(&NewProtection::Plain, 1, vec![("Pictures", [&things[..], &[("x".to_owned(), Thing::Folder, facts(0o755, 5))]].concat())]);
    let target = Arc::new(MemoryTarget::new(MemoryLimits { names: Some(NameRules::EXFAT), ..MemoryLimits::default() }));
    let report = restore(&made.repository, &target, &all()).expect("a restore");
    assert_eq!((report.files, report.left_out_count, report.renamed.len()), (3, 0, 2));
    for (path, bytes) in [("DCIM/a.jpg", "one"), ("Dcim (2)/b.jpg", "three"), ("dcim (3)/a.jpg", "two")] {
        assert_eq!(target.bytes(path.as_bytes()).as_deref(), Some(bytes.as_bytes()), "{path}");
    }
}
