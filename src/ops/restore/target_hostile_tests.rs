//! Owns the proof that a restore cannot write outside its target: hostile names, links in every place, and names swapped while running.
//!
//! Each case has a folder of its own with a canary tree beside the target; afterwards all that is not the target is as it was.

use super::os_target::OsTarget;
use super::target::{Existing, FoundKind, Room, Target, TargetError};
use crate::tree::{Facts, Owner, Time};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder with a target in it and everything that must not change around it.
struct Scene {
    base: TempDir,
    before: BTreeMap<PathBuf, String>,
}

impl Scene {
    fn new(plant: impl FnOnce(&Path)) -> Self {
        let base = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| base.path().join(name);
        fs::create_dir_all(at("canary/sub/deep")).expect("a folder");
        fs::create_dir_all(at("target/sub/sub2")).expect("a folder");
        for name in ["canary/a", "canary/sub/b", "canary/new-not", "canary/sub/deep/c", "beside"] {
            fs::write(at(name), format!("canary {name}")).expect("a file");
        }
        symlink("sub", at("canary/link")).expect("a link");
        plant(&at("target"));
        for name in ["canary/a", "canary/sub", "canary/sub/b", "canary"] {
            let mode = if name.ends_with('a') { 0o640 } else { 0o750 };
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).expect("a mode");
        }
        let before = outside(base.path());
        Self { base, before }
    }

    fn target(&self) -> OsTarget {
        OsTarget::create_or_open(&self.base.path().join("target")).expect("the target")
    }

    /// The target, where files have names from the start, or get them in the end.
    fn target_that_names(&self, naming: Naming) -> OsTarget {
        match naming {
            Naming::InTheEnd => self.target(),
            Naming::FromTheStart => self.target().named_from_the_start(),
        }
    }

    fn assert_untouched(&self, case: &str) {
        assert_eq!(self.before, outside(self.base.path()), "{case} changed something outside");
        for stray in ["/tintype-hostile", "/tmp/tintype-hostile"] {
            assert!(fs::symlink_metadata(stray).is_err(), "{case} wrote {stray}");
        }
    }
}

/// When a file gets a name, its own or a temporary one.
#[derive(Debug, Clone, Copy)]
enum Naming {
    InTheEnd,
    FromTheStart,
}

const NAMINGS: [Naming; 2] = [Naming::InTheEnd, Naming::FromTheStart];

/// Kind, mode, owner, times and bytes of all that lies below `base`, but for what is in the target and the base's own times.
fn outside(base: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![base.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).expect("a listing") {
            let path = entry.expect("an entry").path();
            let facts = fs::symlink_metadata(&path).expect("facts");
            if path == base.join("target") {
                all.insert(path, "the target".to_owned());
                continue;
            }
            let content = match facts.file_type() {
                kind if kind.is_dir() => {
                    waiting.push(path.clone());
                    Vec::new()
                }
                kind if kind.is_symlink() => fs::read_link(&path).expect("a link").as_os_str().as_bytes().to_vec(),
                _ => fs::read(&path).expect("a file"),
            };
            let line = format!("{:o} {}:{} {}.{} {content:?}", facts.mode(), facts.uid(), facts.gid(), facts.mtime(), facts.mtime_nsec());
            all.insert(path, line);
        }
    }
    all
}

fn hostile_facts() -> Facts {
    Facts {
        mode: Some(0o7777),
        owner: Some(Owner { uid: 12_345, gid: 54_321, user: "../../etc".to_owned(), group: String::new() }),
        mtime: Some(Time { seconds: 1, nanoseconds: 2 }),
        birth: Some(Time { seconds: i64::MIN, nanoseconds: u32::MAX }),
        xattrs: Vec::new(),
    }
}

/// Does everything that a restore can do at `path`; returns what each refused with.
fn do_everything(target: &dyn Target, path: &[u8]) -> Vec<Option<TargetError>> {
    let facts = hostile_facts();
    let mut refusals = Vec::new();
    for existing in [Existing::Refuse, Existing::Replace] {
        refusals.push(write(target, path, existing).err());
        refusals.push(target.make_symlink(path, b"../canary", existing).err());
        refusals.push(target.make_hard_link(b"first", path, existing).err());
        refusals.push(target.make_hard_link(path, b"second", existing).err());
    }
    for kind in [FoundKind::File, FoundKind::Folder, FoundKind::Symlink, FoundKind::Other] {
        refusals.push(target.set_facts(path, kind, &facts).err());
    }
    refusals.push(target.put_small(path, b"small").err());
    refusals.push(target.open(path).err());
    refusals.push(target.read_link(path).err());
    refusals.push(target.stat(path).err());
    refusals.push(target.remove(path).err());
    refusals.push(target.make_folder(path).err());
    let below = [path, b"/a"].concat();
    refusals.push(write(target, &below, Existing::Replace).err());
    refusals.push(target.make_folder(&[path, b"/sub"].concat()).err());
    refusals.push(target.remove(&below).err());
    refusals.push(target.remove_stale_parts().err());
    refusals.push(target.sync().err());
    refusals
}

fn write(target: &dyn Target, path: &[u8], existing: Existing) -> Result<(), TargetError> {
    let mut file = target.create(path, 7, Room::Ahead)?;
    file.write_at(0, b"hostile")?;
    file.finish(&hostile_facts(), existing).map(drop)
}

fn hostile_names(base: &Path) -> Vec<Vec<u8>> {
    let canary = base.join("canary/a");
    let canary = canary.as_os_str().as_bytes();
    let mut names: Vec<Vec<u8>> = Vec::new();
    let tails: [&[u8]; 13] = [
        b"..",
        b"../canary",
        b"../canary/a",
        b"../canary/sub/b",
        b"../new",
        b"../../tintype-hostile",
        b"..//..//canary/a",
        b"./../canary/a",
        b".",
        b"../target/../canary/a",
        b"../beside",
        b"../canary/link/b",
        b"x/../../canary/a",
    ];
    for before in [&b""[..], b"/", b"//", b"./", b"sub/", b"sub/sub2/../", b"sub/sub2/../../", b"sub//", b"absent/"] {
        names.extend(tails.iter().map(|tail| [before, tail].concat()));
    }
    for name in [
        "/",
        "//",
        "/tintype-hostile",
        "/tmp/tintype-hostile",
        "a/",
        "a//b",
        "a\0b",
        "\0",
        "../canary/a\0.jpg",
        "a\0/../../canary/a",
        "..\0",
        "..\\canary\\a",
        "..\\..\\canary\\a",
        "C:\\tintype-hostile",
        "C:",
        "\\\\server\\share",
        "%2e%2e%2fcanary%2fa",
        "..%2fcanary",
        "..;/canary",
        "~",
        "~root",
        "$HOME",
        "`id`",
        "$(touch new)",
        "; touch new",
        "| tee new",
        "-rf",
        "--help",
        "*",
        "?",
        "CON",
        "NUL.jpg",
        "aux",
        "COM1",
        "...",
        "....",
        ". .",
        ".. ",
        " ..",
        "..\t",
        "..\n",
        "\n",
        "\r\n..",
        "\u{7f}",
        "\u{1b}[2J",
        "\u{202e}gpj.a",
        "\u{2025}",
        "\u{ff0e}\u{ff0e}",
        "\u{2024}\u{2024}",
        "\u{2215}canary",
        "\u{ff0f}canary",
        "\u{29f8}",
        "\u{200b}",
        "\u{feff}",
        "e\u{301}",
        "\u{e9}",
        ".tintype-0123456789abcdef.part",
        ".tintype-.part",
        "lost+found",
        ".Trash-0",
        ".git/config",
        "name:stream",
        "trailing.",
        "trailing ",
        "first/../../canary/a",
        "/proc/self/root/tintype-hostile",
        "proc/self/cwd",
        "dev/null",
    ] {
        names.push(name.as_bytes().to_vec());
    }
    names.push(canary.to_vec());
    names.push([b"/", canary].concat());
    names.push([b"sub", canary].concat());
    names.push(vec![0xff, 0xfe]);
    names.push(b"\xc0\xae\xc0\xae".to_vec());
    names.push(b"\xc0\xae\xc0\xae/\xc0\xae\xc0\xae/canary/a".to_vec());
    names.push(b"\xc0\xafcanary".to_vec());
    names.push(b"\xe0\x80\xaf".to_vec());
    for length in [255, 256, 1023, 1024, 1025, 4095, 4096, 65_536] {
        names.push(vec![b'x'; length]);
    }
    names.push(b"../".repeat(2000));
    names.push([b"a/".repeat(3000).as_slice(), &b"../".repeat(3002), b"canary/a"].concat());
    names.push(b"sub/".repeat(3000));
    names
}

#[test]
fn no_name_leads_outside() {
    let scene = Scene::new(|target| fs::write(target.join("first"), "first").expect("a file"));
    let names = hostile_names(scene.base.path());
    let mut refused_count = 0;
    for (name, naming) in names.iter().flat_map(|name| NAMINGS.map(|naming| (name, naming))) {
        let target = scene.target_that_names(naming);
        write(&target, b"first", Existing::Replace).expect("a file");
        let refusals = do_everything(&target, name);
        scene.assert_untouched(&String::from_utf8_lossy(name));
        let walks_up = name.split(|byte| *byte == b'/').any(|part| part == b"..") || name.starts_with(b"/") || name.contains(&0);
        let all_bad = refusals.iter().filter(|refusal| matches!(refusal, Some(TargetError::BadName { .. }))).count();
        if walks_up {
            // All but sweeping and syncing, which take no path.
            assert_eq!(all_bad, refusals.len() - 2, "{:?}: {refusals:?}", String::from_utf8_lossy(name));
            refused_count += 1;
        }
    }
    println!("names: 0 of {} cases wrote outside, {refused_count} refused as no names", 2 * names.len());
    assert!(names.len() >= 100);
}

#[test]
fn no_link_leads_outside() {
    let links: [(&str, &str); 14] = [
        ("relative", "../canary"),
        ("relative from below", "../../canary"),
        ("relative from two below", "../../../canary"),
        ("absolute", "BASE/canary"),
        ("file", "BASE/canary/a"),
        ("relative file", "../canary/a"),
        ("dangling", "../new"),
        ("dangling absolute", "BASE/new"),
        ("itself", "trap"),
        ("here", "."),
        ("up", ".."),
        ("root", "/"),
        ("real folder inside", "BASE/target/sub"),
        ("link to a link", "BASE/canary/link"),
    ];
    let places = ["trap", "sub/trap", "sub/sub2/trap"];
    let mut case_count = 0;
    for (what, to) in links {
        for place in places {
            let tails = ["", "/a", "/sub", "/sub/b", "/new", "/sub/deep/c"];
            for (tail, naming) in tails.into_iter().flat_map(|tail| NAMINGS.map(|naming| (tail, naming))) {
                let scene = Scene::new(|target| {
                    let base = target.parent().expect("a parent").display().to_string();
                    symlink(to.replace("BASE", &base), target.join(place)).expect("a link");
                });
                let target = scene.target_that_names(naming);
                write(&target, b"first", Existing::Replace).expect("a file");
                let path = format!("{place}{tail}");
                let refusals = do_everything_but_remove(&target, path.as_bytes(), tail.is_empty());
                scene.assert_untouched(&format!("link {what} at {path}"));
                if !tail.is_empty() {
                    let through = refusals.iter().flatten().filter(|error| error.code() == "target-blocked").count();
                    assert_eq!(through, refusals.len() - 2, "{what} at {path}: {refusals:?}");
                }
                case_count += 1;
            }
        }
    }
    println!("links: 0 of {case_count} cases wrote outside");
    assert!(case_count >= 30);
}

/// Through a link everything is refused; at the link itself, first what must leave it alone.
fn do_everything_but_remove(target: &OsTarget, path: &[u8], at_link: bool) -> Vec<Option<TargetError>> {
    if at_link {
        let code = |result: Result<(), TargetError>| result.map_err(|error| error.code());
        assert_eq!(code(target.make_folder(path)), Err("target-blocked"));
        assert_eq!(code(write(target, path, Existing::Refuse)), Err("target-exists"));
        assert_eq!(code(target.make_symlink(path, b"x", Existing::Refuse)), Err("target-exists"));
        assert_eq!(code(target.make_hard_link(path, b"second", Existing::Replace)), Err("target-blocked"));
        assert_eq!(code(target.make_hard_link(b"first", path, Existing::Refuse)), Err("target-exists"));
        assert_eq!(code(target.open(path).map(drop)), Err("target-blocked"));
        for kind in [FoundKind::File, FoundKind::Folder] {
            assert_eq!(code(target.set_facts(path, kind, &hostile_facts()).map(drop)), Err("target-blocked"));
        }
        target.set_facts(path, FoundKind::Symlink, &hostile_facts()).expect("the link's own facts");
        assert_eq!(target.stat(path).expect("a stat").map(|found| found.kind), Some(FoundKind::Symlink));
    }
    do_everything(target, path)
}

#[test]
fn a_file_with_another_name_outside_is_not_changed_through_it() {
    NAMINGS.into_iter().for_each(shared_file);
}

fn shared_file(naming: Naming) {
    let scene = Scene::new(|target| {
        fs::hard_link(target.join("../canary/a"), target.join("shared")).expect("a hard link");
        fs::hard_link(target.join("../canary/link"), target.join("shared-link")).expect("a hard link");
    });
    let target = scene.target_that_names(naming);
    let blocked = target.set_facts(b"shared", FoundKind::File, &hostile_facts()).map_err(|error| error.code());
    assert_eq!(blocked, Err("target-blocked"));
    assert!(target.set_facts(b"shared-link", FoundKind::Symlink, &hostile_facts()).is_err());
    scene.assert_untouched("facts of a shared file");
    write(&target, b"shared", Existing::Replace).expect("a new file in its place");
    target.put_small(b"shared", b"small").expect("a small file");
    write(&target, b"shared-link", Existing::Replace).expect("a new file in its place");
    scene.assert_untouched("replacing a shared file");
}

#[test]
fn nothing_stale_is_removed_through_links() {
    let part = ".tintype-0123456789abcdef.part";
    let scene = Scene::new(|target| {
        fs::write(target.join("../canary").join(part), "not ours").expect("a file");
        fs::create_dir(target.join("sub/.tintype-00000000000000ff.part")).expect("a folder");
        symlink("../canary", target.join("trap")).expect("a link");
        for folder in ["", "sub", "sub/sub2", "sub/.tintype-00000000000000ff.part"] {
            fs::write(target.join(folder).join(part), "stale").expect("a file");
        }
        fs::write(target.join(".tintype-0123456789ABCDEF.part"), "kept").expect("a file");
    });
    assert_eq!(scene.target().remove_stale_parts().expect("a sweep"), 4);
    scene.assert_untouched("sweeping");
    assert!(scene.base.path().join("target/.tintype-0123456789ABCDEF.part").exists());
    assert!(scene.base.path().join("target/trap").is_symlink());
}

#[test]
fn a_root_swapped_for_a_link_is_not_followed() {
    let scene = Scene::new(|_| ());
    let target = scene.target();
    let at = |name: &str| scene.base.path().join(name);
    fs::rename(at("target"), at("moved")).expect("a move");
    symlink("canary", at("target")).expect("a link");
    do_everything(&target, b"sub/b");
    do_everything(&target, b"a");
    fs::remove_file(at("target")).expect("the link");
    fs::rename(at("moved"), at("target")).expect("a move");
    scene.assert_untouched("a swapped root");
}

#[test]
fn a_folder_moved_away_while_a_file_is_written_does_not_get_it() {
    NAMINGS.into_iter().for_each(folder_moved);
}

fn folder_moved(naming: Naming) {
    let scene = Scene::new(|_| ());
    let target = scene.target_that_names(naming);
    let at = |name: &str| scene.base.path().join(name);
    let mut file = target.create(b"sub/photo", 7, Room::Ahead).expect("a file");
    file.write_at(0, b"hostile").expect("a write");
    fs::rename(at("target/sub"), at("taken")).expect("a move");
    fs::create_dir(at("target/sub")).expect("a folder");
    let refused = file.finish(&Facts::default(), Existing::Replace).map_err(|error| error.code());
    assert_eq!(refused, Err("target-blocked"));
    assert_eq!(fs::read_dir(at("taken")).expect("a listing").count(), 1, "only what was there before");
}

/// Swaps two names of the target, in one step each time, until told to stop.
fn swap_until(stop: &AtomicBool, target: &Path, pairs: &[(&str, &str)]) -> u64 {
    let root = fs::File::open(target).expect("the target");
    let mut swap_count = 0;
    while !stop.load(Ordering::Relaxed) {
        for (one, two) in pairs {
            rustix::fs::renameat_with(&root, *one, &root, *two, rustix::fs::RenameFlags::EXCHANGE).expect("a swap");
            swap_count += 1;
        }
    }
    swap_count
}

#[test]
fn names_swapped_while_running_lead_nowhere() {
    NAMINGS.into_iter().for_each(swapped_names);
}

fn swapped_names(naming: Naming) {
    let scene = Scene::new(|target| {
        fs::create_dir(target.join("sub/sub")).expect("a folder");
        fs::write(target.join("sub/a"), "inside").expect("a file");
        fs::write(target.join("file"), "inside").expect("a file");
        symlink("../canary", target.join("trap")).expect("a link");
        symlink("../canary/a", target.join("file-trap")).expect("a link");
    });
    let (stop, target) = (AtomicBool::new(false), scene.target_that_names(naming));
    write(&target, b"first", Existing::Replace).expect("a file");
    let path = scene.base.path().join("target");
    let facts = Facts { owner: None, ..hostile_facts() };
    let (mut done_count, mut refused_count) = (0_u64, 0_u64);
    let swap_count = std::thread::scope(|scope| {
        let swapper = scope.spawn(|| swap_until(&stop, &path, &[("sub", "trap"), ("file", "file-trap")]));
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1500) {
            let results = [
                write(&target, b"sub/a", Existing::Replace),
                write(&target, b"sub/sub/b", Existing::Replace),
                target.put_small(b"sub/new", b"small"),
                target.make_folder(b"sub/sub/deep"),
                target.make_folder(b"sub/made"),
                target.make_symlink(b"sub/new-not", b"x", Existing::Replace),
                target.make_hard_link(b"first", b"sub/linked", Existing::Replace),
                target.make_hard_link(b"sub/a", b"taken", Existing::Replace),
                target.make_hard_link(b"file", b"taken", Existing::Replace),
                target.set_facts(b"sub", FoundKind::Folder, &facts).map(drop),
                target.set_facts(b"file", FoundKind::File, &facts).map(drop),
                target.set_facts(b"sub/a", FoundKind::File, &facts).map(drop),
                target.remove(b"sub/a"),
                target.remove(b"sub/new"),
                target.remove_stale_parts().map(drop),
            ];
            done_count += results.iter().filter(|result| result.is_ok()).count() as u64;
            refused_count += results.iter().filter(|result| result.is_err()).count() as u64;
        }
        stop.store(true, Ordering::Relaxed);
        swapper.join().expect("the swapper")
    });
    println!("swapped {swap_count} times: {done_count} calls done inside, {refused_count} refused, 0 wrote outside");
    scene.assert_untouched("swapping");
    assert!(done_count > 0 && refused_count > 0 && swap_count > 0);
}

#[test]
fn a_path_deeper_than_any_call_takes_can_be_written() {
    let scene = Scene::new(|_| ());
    let target = scene.target();
    let mut path = Vec::new();
    for level in 0..60 {
        if level > 0 {
            path.push(b'/');
        }
        path.extend_from_slice(OsStr::new(&"d".repeat(200)).as_bytes());
        target.make_folder(&path).expect("a folder");
    }
    path.extend_from_slice(b"/photo");
    assert!(path.len() > 8192);
    write(&target, &path, Existing::Refuse).expect("a file");
    assert_eq!(target.stat(&path).expect("a stat").map(|found| found.length_bytes), Some(7));
    assert_eq!(target.remove_stale_parts().expect("a sweep"), 0);
    scene.assert_untouched("a deep path");
}
