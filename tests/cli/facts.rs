//! A tree with every fact that a file system of this machine keeps, through the program and back.

use super::corpus::Program;
use super::world::code;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT, XattrFlags};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

/// Somebody without rights, where the tests run as root.
const NOBODY: u32 = 65_534;

/// The facts of one entry, each by its name.
type Facts = BTreeMap<String, Vec<u8>>;

fn xattrs_of(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut names = vec![0; 64 << 10];
    let length = rustix::fs::llistxattr(path, &mut names).unwrap_or(0);
    names.truncate(length);
    let mut found = Vec::new();
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0; 64 << 10];
        let length = rustix::fs::lgetxattr(path, name, &mut value).expect("a value");
        value.truncate(length);
        found.push((String::from_utf8_lossy(name).into_owned(), value));
    }
    found
}

/// Everything below a folder, by path, with every fact that can be set.
fn facts_of(root: &Path) -> BTreeMap<PathBuf, Facts> {
    let (mut found, mut waiting) = (BTreeMap::new(), vec![root.to_path_buf()]);
    while let Some(path) = waiting.pop() {
        let stat = std::fs::symlink_metadata(&path).expect("facts");
        let mut facts = Facts::new();
        let mut put = |name: &str, value: String| _ = facts.insert(name.to_owned(), value.into_bytes());
        put("kind", format!("{:?}", stat.file_type()));
        put("owner", format!("{}:{}", stat.uid(), stat.gid()));
        put("mtime", format!("{}.{:09}", stat.mtime(), stat.mtime_nsec()));
        if stat.is_symlink() {
            put("target", format!("{:?}", std::fs::read_link(&path).expect("a link")));
        } else {
            put("mode", format!("{:o}", stat.mode() & 0o7777));
        }
        if stat.is_file() {
            put("bytes", blake3::hash(&std::fs::read(&path).expect("bytes")).to_string());
            put("names", stat.nlink().to_string());
            put("has holes", (stat.blocks() * 512 + (64 << 10) < stat.len()).to_string());
        }
        for (name, value) in xattrs_of(&path) {
            facts.insert(name, value);
        }
        if stat.is_dir() {
            waiting.extend(std::fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        }
        found.insert(path.strip_prefix(root).expect("below").to_path_buf(), facts);
    }
    found
}

/// An access list: `rw-` for the owner, `r--` for the user 12345 and the group, nothing for others.
fn access_list() -> Vec<u8> {
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, who) in [(1_u16, 6_u16, u32::MAX), (2, 4, 12_345), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)] {
        list.extend_from_slice(&tag.to_le_bytes());
        list.extend_from_slice(&rights.to_le_bytes());
        list.extend_from_slice(&who.to_le_bytes());
    }
    list
}

fn set_time(path: &Path, seconds: i64, nanoseconds: i64) {
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: seconds, tv_nsec: nanoseconds },
    };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).expect("a time");
}

/// Makes the tree. What this file system refuses of it is left out, and said by the count that is printed.
fn make(root: &Path) {
    let file = |name: &OsStr, bytes: &[u8]| {
        let path = root.join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    };
    std::fs::create_dir(root).expect("a folder");
    for byte in (1..=255_u8).filter(|byte| *byte != b'/') {
        file(OsStr::from_bytes(&[b'n', byte]), &[byte]);
    }
    file(OsStr::from_bytes(&[b'x'; 255]), b"a long name");
    file(OsStr::new("caf\u{e9}"), b"composed");
    file(OsStr::new("cafe\u{301}"), b"decomposed");
    let mut deep = root.join("deep");
    (0..199).for_each(|_| deep.push("d"));
    std::fs::create_dir_all(&deep).expect("200 levels");
    std::fs::write(deep.join("bottom"), "deep down").expect("a file");
    for mode in 0..0o1000 {
        let path = file(OsStr::new(&format!("mode {mode:03o}")), b"m");
        // Its owner must be able to read it, or it is not saved, which is another test's matter.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode | 0o400)).expect("a mode");
    }
    for (number, length) in [0, 1, 10, 100, 1000, 1024, 1025, 3000, 60_000].into_iter().enumerate() {
        for path in [file(OsStr::new(&format!("attribute of {length}")), b"a"), root.join(format!("folder with one of {length}"))] {
            _ = std::fs::create_dir(&path);
            let value: Vec<u8> = (0..length).map(|at| u8::try_from((at * 7 + number) % 251).expect("small")).collect();
            // File systems differ in how long a value may be.
            _ = rustix::fs::lsetxattr(&path, "user.comment", &value, XattrFlags::empty());
            _ = rustix::fs::lsetxattr(&path, "user.com.apple.metadata:_kMDItemUserTags", b"red", XattrFlags::empty());
        }
    }
    let listed = file(OsStr::new("access list"), b"for some");
    _ = rustix::fs::lsetxattr(&listed, "system.posix_acl_access", &access_list(), XattrFlags::empty());
    let read_only = file(OsStr::new("read-only with an attribute"), b"r");
    _ = rustix::fs::lsetxattr(&read_only, "user.comment", b"mine", XattrFlags::empty());
    std::fs::set_permissions(read_only, std::fs::Permissions::from_mode(0o444)).expect("a mode");
    let inherited = root.join("inherited list");
    std::fs::create_dir(&inherited).expect("a folder");
    _ = rustix::fs::lsetxattr(&inherited, "system.posix_acl_default", &access_list(), XattrFlags::empty());
    std::fs::write(inherited.join("heir"), "h").expect("a file");
    let mut sparse = File::create(root.join("sparse")).expect("a file");
    for offset in [0, 300 << 20, 999 << 20] {
        sparse.seek(SeekFrom::Start(offset)).expect("a place");
        sparse.write_all(b"data").expect("bytes");
    }
    sparse.set_len(1 << 30).expect("a length");
    File::create(root.join("nothing but a hole")).expect("a file").set_len(50 << 20).expect("a length");
    for (name, target) in
        [("relative", "2019/a.jpg"), ("absolute", "/etc/hostname"), ("up", "../../.."), ("loop", "loop"), ("odd", "\u{7f}\n")]
    {
        symlink(target, root.join(name)).expect("a link");
    }
    symlink("t/".repeat(2000), root.join("long link")).expect("a link");
    let first = file(OsStr::new("one of three"), b"the same file");
    std::fs::hard_link(&first, root.join("deep/two of three")).expect("a second name");
    std::fs::hard_link(&first, deep.join("three of three")).expect("a third name");
    std::fs::create_dir(root.join("empty folder")).expect("a folder");
    file(OsStr::new("empty"), b"");
    // 1901, before 1970, the turns of 32 bits, and 2400.
    let times = [-2_147_483_648, -1, 0, 1, 2_147_483_647, 2_147_483_648, 4_294_967_296, 13_569_465_600];
    for (number, seconds) in times.into_iter().enumerate() {
        set_time(&file(OsStr::new(&format!("of {seconds}")), b"t"), seconds, 123_456_789 + number as i64);
    }
    set_time(&root.join("loop"), 1_000_000_000, 1);
    set_time(&inherited, -86_400, 999_999_999);
    let closed = root.join("read-only folder");
    std::fs::create_dir(&closed).expect("a folder");
    std::fs::write(closed.join("in it"), "i").expect("a file");
    std::fs::set_permissions(closed, std::fs::Permissions::from_mode(0o555)).expect("a mode");
    set_time(root, 1_234_567_890, 987_654_321);
}

fn give_all_to(root: &Path, owner: u32) {
    for path in facts_of(root).into_keys() {
        rustix::fs::chownat(
            CWD,
            root.join(path),
            Some(rustix::fs::Uid::from_raw(owner)),
            Some(rustix::fs::Gid::from_raw(owner)),
            AtFlags::SYMLINK_NOFOLLOW,
        )
        .expect("an owner");
    }
}

fn there_and_back(encrypted: bool, nobody: bool) {
    let program = Program::new(encrypted);
    let source = program.world.path("source");
    make(&source);
    if nobody {
        give_all_to(&source, NOBODY);
        give_all_to(&program.world.path("repo"), NOBODY);
        std::fs::set_permissions(program.world.path(""), std::fs::Permissions::from_mode(0o777)).expect("a mode");
        std::fs::create_dir_all(program.world.path("home")).expect("a folder");
        give_all_to(&program.world.path("home"), NOBODY);
    }
    let run = |words: &[&str]| {
        let mut command = program.command(words);
        if nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().expect("the program runs");
        assert_eq!(code(&output), 0, "{words:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    run(&["snap", "source"]);
    run(&["check", "--read-data"]);
    let said = run(&["restore", "--target", "restored", "--verify"]);
    let (before, after) = (facts_of(&source), facts_of(&program.world.path("restored")));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let (mut compared, mut differ) = (0, Vec::new());
    for (path, facts) in &before {
        let names = facts.keys().chain(after[path].keys()).collect::<std::collections::BTreeSet<_>>();
        for name in names {
            compared += 1;
            if facts.get(name) != after[path].get(name) {
                differ.push(format!("{name} of {}", path.display()));
            }
        }
    }
    let words = format!("{}, {}", if encrypted { "encrypted" } else { "plain" }, if nobody { "another user" } else { "this user" });
    println!("{words}: {} entries, facts compared {compared}, differ {}", before.len(), differ.len());
    assert!(differ.is_empty(), "{differ:?}");
    assert!(said.contains("times of making"), "birth times are counted in words: {said}");
}

#[test]
fn every_fact_comes_back() {
    for encrypted in [false, true] {
        there_and_back(encrypted, false);
        if rustix::process::geteuid().is_root() {
            there_and_back(encrypted, true);
        } else {
            println!("SKIP: run as another user: needs root");
        }
    }
}
