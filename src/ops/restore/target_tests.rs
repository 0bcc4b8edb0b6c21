//! Owns the tests of what a target keeps: bytes, facts, replacing, and that [`MemoryTarget`] behaves as [`OsTarget`].

use super::memory_target::{AttributeSupport, Case, HardLinks, MemoryLimits, MemoryTarget};
use super::os_target::OsTarget;
use super::target::{Existing, FactsSet, FoundKind, Room, Target, TargetError};
use crate::tree::{Facts, Owner, Time};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use tempfile::TempDir;

fn fresh() -> (TempDir, OsTarget) {
    let base = tempfile::tempdir().expect("a temporary folder");
    let target = OsTarget::create_or_open(&base.path().join("new/target")).expect("the target");
    (base, target)
}

fn facts(mode: u32, seconds: i64, nanoseconds: u32) -> Facts {
    Facts { mode: Some(mode), mtime: Some(Time { seconds, nanoseconds }), ..Facts::default() }
}

fn write(target: &dyn Target, path: &str, bytes: &[u8], facts: &Facts, existing: Existing) -> Result<FactsSet, TargetError> {
    let mut file = target.create(path.as_bytes(), bytes.len() as u64, Room::Ahead)?;
    // Backwards in odd runs: the order of writes is the caller's choice.
    for (index, run) in bytes.chunks(100_003).enumerate().rev() {
        file.write_at(index as u64 * 100_003, run)?;
    }
    file.finish(facts, existing)
}

fn read(target: &dyn Target, path: &str) -> Vec<u8> {
    let mut file = target.open(path.as_bytes()).expect("a file");
    let (mut bytes, mut run) = (Vec::new(), [0; 4096]);
    loop {
        match file.read_at(bytes.len() as u64, &mut run).expect("a read") {
            0 => return bytes,
            length => bytes.extend_from_slice(&run[..length]),
        }
    }
}

#[test]
fn times_before_1970_and_after_2038_are_kept_to_the_nanosecond() {
    let (_base, target) = fresh();
    for (seconds, nanoseconds) in [(-2_147_483_647, 1), (-1, 999_999_999), (0, 0), (2_147_483_648, 5), (7_258_118_400, 123_456_789)] {
        let facts = facts(0o640, seconds, nanoseconds);
        let set = write(&target, "photo", b"x", &facts, Existing::Replace).expect("a file");
        assert_eq!(set, FactsSet::default(), "{seconds}");
        target.make_folder(b"folder").expect("a folder");
        assert_eq!(target.set_facts(b"folder", FoundKind::Folder, &facts).expect("facts"), FactsSet::default());
        target.make_symlink(b"link", b"nowhere", Existing::Replace).expect("a link");
        assert_eq!(target.set_facts(b"link", FoundKind::Symlink, &facts).expect("facts"), FactsSet::default());
        for path in [&b"photo"[..], b"folder", b"link"] {
            assert_eq!(target.stat(path).expect("a stat").map(|found| found.mtime), facts.mtime);
        }
    }
    // Beyond what the file system counts: said, and the file is there all the same.
    let set = write(&target, "far", b"x", &facts(0o600, i64::MAX, 0), Existing::Refuse).expect("a file");
    let kept = target.stat(b"far").expect("a stat").is_some_and(|found| found.mtime.seconds == i64::MAX);
    assert!(set.time_not_set != kept && !set.time_rounded);
    let command = facts(0o600, 1, 1_073_741_823);
    assert!(write(&target, "now", b"x", &command, Existing::Refuse).expect("a file").time_not_set);
}

#[test]
fn modes_are_kept_and_special_bits_left_out() {
    let (base, target) = fresh();
    for (mode, kept) in [(0o644, 0o644), (0o400, 0o400), (0o777, 0o777), (0, 0), (0o6755, 0o755), (0o1644, 0o644)] {
        let set = write(&target, "photo", b"x", &facts(mode, 1, 0), Existing::Replace).expect("a file");
        assert_eq!(target.stat(b"photo").expect("a stat").map(|found| found.mode), Some(kept));
        assert_eq!((set.special_bits_left_out, set.mode_not_set), (mode != kept, false));
    }
    target.make_folder(b"folder").expect("a folder");
    let set = target.set_facts(b"folder", FoundKind::Folder, &facts(0o3755, 1, 0)).expect("facts");
    assert_eq!(target.stat(b"folder").expect("a stat").map(|found| found.mode), Some(0o1755));
    assert!(set.special_bits_left_out);
    // Without a mode a file stays its owner's alone.
    write(&target, "private", b"x", &Facts::default(), Existing::Refuse).expect("a file");
    assert_eq!(fs::metadata(base.path().join("new/target/private")).expect("facts").mode() & 0o7777, 0o600);
}

#[test]
fn owners_are_set_by_number_or_counted() {
    let (_base, target) = fresh();
    let owned = |uid, gid| Facts { owner: Some(Owner { uid, gid, user: String::new(), group: String::new() }), ..facts(0o640, 1, 0) };
    let root = rustix::process::geteuid().is_root();
    let set = write(&target, "photo", b"x", &owned(12_345, 54_321), Existing::Refuse).expect("a file");
    let found = target.stat(b"photo").expect("a stat").expect("a file");
    assert_eq!(set.owner_not_set, (found.uid, found.gid) != (12_345, 54_321));
    assert!(!root || !set.owner_not_set);
    let own = owned(rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    assert_eq!(write(&target, "own", b"x", &own, Existing::Refuse).expect("a file"), FactsSet::default());
    assert!(write(&target, "nobody", b"x", &owned(u32::MAX, 0), Existing::Refuse).expect("a file").owner_not_set);
    target.make_symlink(b"link", b"x", Existing::Refuse).expect("a link");
    let set = target.set_facts(b"link", FoundKind::Symlink, &owned(12_345, 54_321)).expect("facts");
    assert!(set.owner_not_set != root);
}

#[test]
fn a_read_only_folder_gets_its_mode_last() {
    let (base, target) = fresh();
    target.make_folder(b"folder").expect("a folder");
    write(&target, "folder/photo", b"x", &facts(0o444, 5, 5), Existing::Refuse).expect("a file");
    let set = target.set_facts(b"folder", FoundKind::Folder, &facts(0o555, -5, 5)).expect("facts");
    assert_eq!(set, FactsSet::default());
    let found = target.stat(b"folder").expect("a stat").expect("a folder");
    assert_eq!((found.mode, found.mtime.seconds), (0o555, -5));
    fs::set_permissions(base.path().join("new/target/folder"), fs::Permissions::from_mode(0o755)).expect("a mode");
}

#[cfg(target_os = "linux")]
#[test]
fn a_fifo_does_not_wait() {
    let (base, target) = fresh();
    let fifo = base.path().join("new/target/fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).expect("a fifo");
    assert_eq!(target.open(b"fifo").map(drop).map_err(|error| error.code()), Err("target-blocked"));
    assert!(target.set_facts(b"fifo", FoundKind::File, &facts(0o777, 1, 1)).is_err());
    assert_eq!(target.make_folder(b"fifo").map_err(|error| error.code()), Err("target-blocked"));
    assert_eq!(target.stat(b"fifo/below").map_err(|error| error.code()), Err("target-blocked"));
    write(&target, "fifo", b"photo", &Facts::default(), Existing::Replace).expect("a file in its place");
    assert_eq!(read(&target, "fifo"), b"photo");
}

#[test]
fn unfinished_files_leave_nothing() {
    unfinished(fresh(), 0);
    let (base, target) = fresh();
    // It lies there under a temporary name, and does not count: a run that was killed may have left it.
    unfinished((base, target.named_from_the_start()), 1);
}

fn unfinished((base, target): (TempDir, OsTarget), while_it_is_written: usize) {
    let files = || std::fs::read_dir(base.path().join("new/target")).expect("a listing").count();
    let mut file = target.create(b"photo", 4 << 20, Room::Ahead).expect("a file");
    file.write_at(1 << 20, &[7; 1000]).expect("a write");
    assert!(file.write_at((4 << 20) - 1, &[7; 2]).is_err() && file.write_at(u64::MAX, &[7]).is_err());
    assert_eq!(target.stat(b"photo").expect("a stat"), None);
    assert!(files() == while_it_is_written && target.is_empty().expect("a listing"));
    assert_eq!(file.finish(&Facts::default(), Existing::Refuse).map_err(|error| error.code()), Err("target-failed"));
    assert_eq!(files(), 0);
    // Lengths that no disk has, as a hostile repository may state them.
    for length_bytes in [u64::MAX, i64::MAX.unsigned_abs(), 1 << 62] {
        let code = target.create(b"photo", length_bytes, Room::Ahead).map(drop).map_err(|error| error.code());
        // Longer than any file there can be, or than there is room for: which it is depends on the file system.
        assert!(matches!(code, Err("target-cannot-hold" | "disk-full")), "{code:?}");
    }
    assert_eq!(files(), 0);
}

/// A small restore with everything in it; what each step answered, in words.
fn scenario(target: &dyn Target) -> Vec<String> {
    let mut said = vec![format!("empty {:?}", target.is_empty().ok())];
    let mut say = |step: &str, result: Result<String, TargetError>| {
        said.push(format!("{step}: {}", result.unwrap_or_else(|error| error.code().to_owned())));
    };
    let plain = facts(0o4640, -7, 8);
    let big: Vec<u8> = (0..3_000_000_u32).map(|index| (index % 251) as u8).collect();
    say("root", target.make_folder(b"").map(|()| "ok".into()));
    say("folder", target.make_folder(b"2019").map(|()| "ok".into()));
    say("again", target.make_folder(b"2019").map(|()| "ok".into()));
    say("no parent", target.make_folder(b"2020/may").map(|()| "ok".into()));
    for (path, bytes) in
        [("2019/a.jpg", &big[..]), ("2019/empty", b""), ("b", b"bee"), ("2019", b"x"), ("b/c", b"x"), ("none/c", b"x"), ("", b"x")]
    {
        for existing in [Existing::Refuse, Existing::Replace] {
            say(path, write(target, path, bytes, &plain, existing).map(|set| format!("{set:?}")));
        }
    }
    say("link", target.make_symlink(b"link", b"../outside", Existing::Refuse).map(|()| "ok".into()));
    say("link again", target.make_symlink(b"link", b"x", Existing::Refuse).map(|()| "ok".into()));
    say("link anew", target.make_symlink(b"link", b"y", Existing::Replace).map(|()| "ok".into()));
    say("link empty", target.make_symlink(b"link2", b"", Existing::Replace).map(|()| "ok".into()));
    say("link over folder", target.make_symlink(b"2019", b"y", Existing::Replace).map(|()| "ok".into()));
    say("held", target.read_link(b"link").map(|to| format!("{to:?}")));
    say("held by a file", target.read_link(b"b").map(|to| format!("{to:?}")));
    say("through", write(target, "link/c", b"x", &plain, Existing::Replace).map(|set| format!("{set:?}")));
    say("folder at link", target.make_folder(b"link").map(|()| "ok".into()));
    for (first, path) in [("b", "twin"), ("b", "twin"), ("twin", "twin"), ("b", "2019"), ("2019", "x"), ("link", "x"), ("none", "x")] {
        for existing in [Existing::Refuse, Existing::Replace] {
            say(path, target.make_hard_link(first.as_bytes(), path.as_bytes(), existing).map(|()| "ok".into()));
        }
    }
    say("twin's facts", target.set_facts(b"twin", FoundKind::File, &plain).map(|set| format!("{set:?}")));
    say("small", target.put_small(b".running", b"1").map(|()| "ok".into()));
    say("small again", target.put_small(b".running", b"22").map(|()| "ok".into()));
    say("stale", write(target, ".tintype-00000000000000aa.part", b"x", &plain, Existing::Refuse).map(|set| format!("{set:?}")));
    say("sweep", target.remove_stale_parts().map(|count| count.to_string()));
    for path in ["2019", "none", "none/x", "b/x", ".running", "../x"] {
        say(path, target.remove(path.as_bytes()).map(|()| "removed".into()));
    }
    for (path, kind) in [
        ("2019", FoundKind::Folder),
        ("link", FoundKind::Symlink),
        ("link", FoundKind::Folder),
        ("none", FoundKind::File),
        ("", FoundKind::Folder),
    ] {
        say(path, target.set_facts(path.as_bytes(), kind, &facts(0o4750, -7, 8)).map(|set| format!("{set:?}")));
    }
    for path in ["", "2019", "2019/a.jpg", "2019/empty", "b", "twin", "link", "none", "b/x", "link/x", ".running"] {
        let found = |found: super::target::Found| {
            let mode = if found.kind == FoundKind::Symlink { 0 } else { found.mode };
            let links = if found.kind == FoundKind::Folder { 0 } else { found.link_count };
            format!("{:?} {} {:?} {mode:o} {links}", found.kind, found.length_bytes, found.mtime)
        };
        say(path, target.stat(path.as_bytes()).map(|here| here.map_or("nothing".to_owned(), found)));
        say(path, target.open(path.as_bytes()).map(|file| file.found().length_bytes.to_string()));
    }
    assert_eq!(read(target, "2019/a.jpg"), big);
    say("sync", target.sync().map(|()| "ok".into()));
    said
}

#[test]
fn memory_behaves_as_the_system_does() {
    let ((_base, target), (_other_base, other)) = (fresh(), fresh());
    let (by_system, by_memory) = (scenario(&target), scenario(&MemoryTarget::default()));
    let from_the_start = scenario(&other.named_from_the_start());
    for (system, memory) in by_system.iter().chain(&from_the_start).zip(by_memory.iter().chain(&by_memory)) {
        assert_eq!(system, memory);
    }
    assert_eq!((by_system.len(), from_the_start.len()), (by_memory.len(), by_memory.len()));
    println!("{} answers agree", 2 * by_system.len());
}

#[test]
fn memory_can_be_as_poor_as_fat() {
    let limits = MemoryLimits {
        names: None,
        stored_bytes_max: Some(10),
        case: Case::Insensitive,
        hard_links: HardLinks::Refused,
        attributes: AttributeSupport::Refused,
        tick_nanoseconds: 2_000_000_000,
    };
    let target = MemoryTarget::new(limits);
    let set = write(&target, "IMG_1.JPG", b"12345", &facts(0o644, -3, 1), Existing::Refuse).expect("a file");
    assert!(set.time_rounded && !set.time_not_set);
    assert_eq!(target.stat(b"img_1.jpg").expect("a stat").map(|found| found.mtime.seconds), Some(-4));
    let code = |result: Result<FactsSet, TargetError>| result.map_err(|error| error.code());
    assert_eq!(code(write(&target, "img_1.jpg", b"1", &Facts::default(), Existing::Refuse)), Err("target-exists"));
    assert_eq!(code(write(&target, "other", b"123456", &Facts::default(), Existing::Refuse)), Err("disk-full"));
    assert_eq!(code(write(&target, "other", b"12345", &Facts::default(), Existing::Refuse)), Ok(FactsSet::default()));
    let refused = target.make_hard_link(b"other", b"twin", Existing::Refuse).map_err(|error| error.code());
    assert_eq!(refused, Err("target-no-hard-link"));
    target.remove(b"OTHER").expect("removed");
    drop(target.create(b"third", 5, Room::Ahead).expect("room again"));
    assert_eq!(target.everything().len(), 1);
    assert_eq!(target.bytes(b"img_1.jpg").as_deref(), Some(&b"12345"[..]));
}
