//! Owns the tests of walking: order, problems, mounts, hard links, and that real and imagined sources agree.

use super::{EntryKind, SkipReason, Walk, WalkOptions, walk};
use crate::progress::{Silent, StopFlag};
use crate::scan::{Fault, FileSystem, Kind, MemorySource, OsSource, Source, Special};
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

fn options(threads: usize) -> WalkOptions {
    WalkOptions { threads, ..WalkOptions::default() }
}

fn walked(source: &dyn Source) -> Walk {
    walk(source, &options(3), &Silent).unwrap()
}

fn paths(found: &Walk) -> Vec<String> {
    found.folders.iter().map(|folder| String::from_utf8_lossy(&folder.path).into_owned()).collect()
}

fn file_system(name: &str, pseudo: bool) -> FileSystem {
    FileSystem { pseudo, network: false, keeps_owner: true, ctime_means_change: true, name: name.to_owned() }
}

#[test]
fn folders_come_in_order_of_names_whatever_the_threads() {
    let source = MemorySource::new();
    for year in 0..20 {
        for month in 0..12 {
            source.add_file(format!("{year}/{month}/x.jpg"), "x").add_file(format!("{year}/{month}.txt"), "y");
        }
    }
    source.add_folder("b!").add_folder("b/c").add_symlink("s", "b");
    let alone = walk(&source, &options(1), &Silent).unwrap();
    for threads in 2..6 {
        assert_eq!(walk(&source, &options(threads), &Silent).unwrap(), alone);
    }
    let found = paths(&alone);
    assert_eq!(&found[..4], ["", "0", "0/0", "0/1"]);
    assert_eq!(&found[found.len() - 3..], ["b", "b/c", "b!"]);
    assert_eq!((alone.counts.files, alone.counts.bytes, alone.counts.folders, alone.counts.symlinks), (480, 480, 264, 1));
    for (place, folder) in alone.folders.iter().enumerate() {
        for entry in &folder.entries {
            if let EntryKind::Folder { index } = entry.kind {
                assert!(index > place && alone.folders[index].path.ends_with(entry.name));
            }
        }
    }
}

#[test]
fn what_cannot_be_listed_or_looked_at_is_a_problem_and_no_end() {
    let source = MemorySource::new();
    source
        .add_file("shut/a.jpg", "a")
        .add_file("broken/b.jpg", "b")
        .add_file("gone/c.jpg", "c")
        .add_file("good/d.jpg", "d")
        .add_file("good/e.jpg", "e");
    source.fail("shut", Fault::PermissionDenied).fail("broken", Fault::BadSector { offset: 0 });
    source.fail("gone", Fault::Vanishes).fail("good/d.jpg", Fault::StatDenied);
    let found = walked(&source);
    assert_eq!(paths(&found), ["", "broken", "gone", "good", "shut"]);
    let codes: Vec<_> = found.folders.iter().map(|folder| folder.problem.as_ref().map(super::ScanError::code)).collect();
    assert_eq!(codes, [None, Some("source-read-failed"), Some("source-vanished"), None, Some("source-unreadable")]);
    assert_eq!(found.folders[3].problems[0].name, b"d.jpg");
    assert_eq!(found.folders[3].problems[0].error.path(), b"good/d.jpg");
    assert_eq!((found.counts.files, found.counts.problems), (1, 4));
    source.fail("", Fault::PermissionDenied);
    assert_eq!(walk(&source, &options(2), &Silent).unwrap_err().code(), "source-unreadable");
}

#[test]
fn specials_rules_and_pseudo_file_systems_are_passed_over_with_a_reason() {
    let source = MemorySource::new();
    source.add_special("pipe", Special::Fifo).add_file("cache/x", "x").add_file("proc/1", "x").add_file("keep", "x");
    source.set_file_system("proc", 7, file_system("proc", true));
    let mut options = options(2);
    options.skip = Arc::new(|path, stat| (path == b"cache" && stat.kind == Kind::Folder).then(|| SkipReason::Excluded("cache".to_owned())));
    let found = walk(&source, &options, &Silent).unwrap();
    let reasons: Vec<String> = found.folders[0].skipped.iter().map(|entry| entry.reason.to_string()).collect();
    assert_eq!(reasons, ["left out by the rule cache", "named pipe", "pseudo file system (proc)"]);
    assert_eq!((found.folders.len(), found.counts.skipped, found.counts.problems), (1, 3, 0));
}

#[test]
fn a_root_made_by_the_kernel_is_refused() {
    let source = MemorySource::new();
    source.set_file_system("", 7, file_system("proc", true));
    assert_eq!(walk(&source, &options(2), &Silent).unwrap_err().to_string(), "walking memory:photos: a pseudo file system (proc)");
}

#[test]
fn twenty_thousand_files_are_imagined_quickly_and_all_found() {
    let source = MemorySource::new();
    for number in 0..20_000 {
        source.add_file(format!("{}/{number}.jpg", number % 40), "x");
    }
    assert_eq!(walked(&source).counts.files, 20_000);
    source.remove("7");
    assert_eq!(walked(&source).counts.files, 19_500);
}

#[test]
fn mounts_are_crossed_and_flagged() {
    let source = MemorySource::new();
    source.add_file("drive/deep/a.jpg", "a").add_folder("plain");
    source.set_file_system("drive", 9, file_system("ext4", false));
    let found = walked(&source);
    let flags: Vec<bool> = found.folders.iter().map(|folder| folder.mount_point).collect();
    assert_eq!(
        (paths(&found), flags),
        (vec!["".into(), "drive".into(), "drive/deep".into(), "plain".into()], vec![false, true, false, false])
    );
    assert_eq!((found.folders[2].file_system.name.as_str(), found.folders[3].file_system.name.as_str()), ("ext4", "memory"));
}

#[test]
fn hard_links_are_grouped_under_their_first_path() {
    let source = MemorySource::new();
    source.add_file("z.jpg", "z").add_hard_link("z.jpg", "a/z.jpg").add_hard_link("z.jpg", "b.jpg").add_file("single", "s");
    let found = walked(&source);
    assert_eq!(found.hard_links.len(), 1);
    assert_eq!((found.hard_links[0].first_path.as_slice(), found.hard_links[0].name_count), (b"a/z.jpg".as_slice(), 3));
    let (folder, entry) = found.hard_links[0].first;
    let first = found.folders[folder].entries.iter().nth(entry).unwrap();
    assert_eq!((folder, first.kind), (1, EntryKind::File { hard_link: Some(0) }));
    let alone = found.folders[0].entries.iter().find(|entry| entry.name == b"single").unwrap();
    assert_eq!(alone.kind, EntryKind::File { hard_link: None });
}

#[test]
fn depth_is_bounded() {
    let source = MemorySource::new();
    source.add_file("a/b/c/d/e", "x");
    let found = walk(&source, &WalkOptions { depth_max: 2, ..options(2) }, &Silent).unwrap();
    assert_eq!(paths(&found), ["", "a", "a/b", "a/b/c"]);
    assert_eq!(found.folders[3].problem.as_ref().unwrap().code(), "source-too-deep");
    assert_eq!((found.counts.files, found.counts.problems), (0, 1));
}

#[test]
fn a_walk_can_be_interrupted() {
    let source = MemorySource::new();
    source.add_file("a/b", "x");
    let flag = StopFlag::default();
    flag.stop();
    assert_eq!(walk(&source, &options(3), &flag).unwrap_err().code(), "interrupted");
}

#[test]
fn a_root_that_is_a_file_has_no_folders() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.jpg"), "one").unwrap();
    let found = walked(&OsSource::open(&folder.path().join("one.jpg")).unwrap());
    assert_eq!((found.folders.len(), found.counts.files, found.counts.bytes), (0, 1, 3));
}

/// What must be the same on a disk and in memory: names, kinds, lengths, modes, links, reasons, groups.
fn shape(found: &Walk) -> Vec<String> {
    let mut lines = Vec::new();
    for folder in &found.folders {
        lines.push(format!("{:?} {:o} {}", folder.path, folder.stat.mode, folder.mount_point));
        for entry in &folder.entries {
            let links = if entry.stat.kind == Kind::File { entry.stat.links } else { 0 };
            lines.push(format!("  {:?} {:?} {:o} {} {links}", entry.name, entry.kind, entry.stat.mode, entry.stat.length_bytes));
        }
        lines.extend(folder.skipped.iter().map(|entry| format!("  {:?} {}", entry.name, entry.reason)));
    }
    lines.push(format!("{:?} {:?}", found.hard_links, found.counts));
    lines
}

#[test]
fn disk_and_memory_agree() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let memory = MemorySource::new();
    for (path, content) in [("2019/a.jpg", "aa"), ("2019/b/c.jpg", ""), ("2019.txt", "notes"), ("\u{e4}", "x")] {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        memory.add_file(path, content);
    }
    let odd = b"\xff\x01";
    fs::create_dir(root.join(std::ffi::OsStr::from_bytes(odd))).unwrap();
    memory.add_folder(odd);
    for path in ["", "2019", "2019/b"] {
        fs::set_permissions(root.join(path), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(root.join(std::ffi::OsStr::from_bytes(odd)), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("2019/a.jpg", root.join("link")).unwrap();
    memory.add_symlink("link", "2019/a.jpg");
    fs::hard_link(root.join("2019/a.jpg"), root.join("twin.jpg")).unwrap();
    memory.add_hard_link("2019/a.jpg", "twin.jpg");
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    memory.add_special("socket", Special::Socket);
    let disk = OsSource::open(root).unwrap();
    assert_eq!(shape(&walked(&disk)), shape(&walked(&memory)));
    for path in [b"2019/x".as_slice(), b"2019.txt/x", b"link/x", b"nowhere/x", b"socket"] {
        let codes =
            |source: &dyn Source| (source.open(path).err().map(|error| error.code()), source.list(path).err().map(|error| error.code()));
        assert_eq!(codes(&disk), codes(&memory), "{path:?}");
    }
    assert_eq!(disk.read_link(b"link").unwrap(), memory.read_link(b"link").unwrap());
}

#[test]
fn a_walk_of_a_disk_holds_still_and_follows_no_loop() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    symlink("../..", folder.path().join("a/b/up")).unwrap();
    let source = OsSource::open(folder.path()).unwrap();
    let found = walked(&source);
    assert_eq!((found.counts.folders, found.counts.symlinks), (3, 1));
    assert_eq!(found, walk(&source, &options(1), &Silent).unwrap());
}
