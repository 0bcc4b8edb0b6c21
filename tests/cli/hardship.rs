//! What a bad day does to a run: full and read-only places, broken local state, strange names, damage by hand.

use crate::world::{World, code, stderr, stdout, tree};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ENOUGH: usize = 20_000_000;

/// Bytes that do not compress, the same each time.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A small file system of its own, where this user may mount one.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(at: PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir_all(&at).expect("a folder");
        let option = format!("size={size}");
        let mounted = mount(&["-t", "tmpfs", "-o", &option, "tmpfs"], &at);
        if !mounted {
            println!("SKIP: mount is not possible here");
        }
        mounted.then(|| Self(at))
    }

    fn again(&self, option: &str) {
        assert!(mount(&["-o", &format!("remount,{option}")], &self.0), "remounting with {option}");
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).stdin(Stdio::null()).output();
    }
}

fn mount(words: &[&str], at: &Path) -> bool {
    Command::new("mount").args(words).arg(at).stdin(Stdio::null()).output().is_ok_and(|done| done.status.success())
}

/// The one pack that holds most of the bytes.
fn largest_pack(world: &World, repository: &str) -> PathBuf {
    let packs = world.path(repository).join("packs");
    let (name, _) = tree(&packs).into_iter().max_by_key(|(_, bytes)| bytes.len()).expect("a pack");
    packs.join(name)
}

fn copy(world: &World, from: &str, to: &str) {
    for (name, bytes) in tree(&world.path(from)) {
        world.write(&format!("{to}/{}", name.display()), &bytes);
    }
}

#[test]
fn a_full_drive_ends_with_1_and_goes_on_when_there_is_room() {
    let world = World::new();
    let Some(drive) = Tmpfs::mount(world.path("drive"), "8m") else { return };
    world.write("photos/a.jpg", &noise(ENOUGH, 3));
    assert_eq!(code(&world.run(&["-r", "drive/repo", "init", "--no-encryption"])), 0);
    let full = world.run(&["-r", "drive/repo", "snap", "photos"]);
    assert_eq!(code(&full), 1, "{}", stderr(&full));
    assert!(stderr(&full).contains("make room"), "{}", stderr(&full));
    drive.again("size=100m");
    let snapped = world.run(&["-r", "drive/repo", "snap", "photos"]);
    assert_eq!(code(&snapped), 0, "{}", stderr(&snapped));
    assert_eq!(code(&world.run(&["-r", "drive/repo", "check", "--read-data"])), 0);
    assert_eq!(code(&world.run(&["-r", "drive/repo", "restore", "--target", "out"])), 0);
    assert_eq!(tree(&world.path("photos")), tree(&world.path("out")));
}

#[test]
fn a_restore_into_a_full_place_goes_on_when_there_is_room() {
    let world = World::with_repository();
    let Some(place) = Tmpfs::mount(world.path("place"), "8m") else { return };
    for number in 0..10 {
        world.write(&format!("photos/{number}.jpg"), &noise(ENOUGH / 10, number + 5));
    }
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    for _ in 0..2 {
        let full = world.run(&["-r", "repo", "restore", "--target", "place"]);
        assert_eq!(code(&full), 1, "{}", stderr(&full));
        assert!(stderr(&full).contains("make room"), "{}", stderr(&full));
    }
    place.again("size=100m");
    let restored = world.run(&["-r", "repo", "restore", "--target", "place"]);
    assert_eq!(code(&restored), 0, "{}", stderr(&restored));
    assert_eq!(tree(&world.path("photos")), tree(&world.path("place")));
}

#[test]
fn a_read_only_repository_is_checked_and_restored_and_refuses_a_snap_with_1() {
    let world = World::new();
    let Some(drive) = Tmpfs::mount(world.path("drive"), "20m") else { return };
    world.write("photos/a.jpg", &noise(100_000, 3));
    assert_eq!(code(&world.run(&["-r", "drive/repo", "init", "--no-encryption"])), 0);
    assert_eq!(code(&world.run(&["-r", "drive/repo", "snap", "photos"])), 0);
    drive.again("ro");
    assert_eq!(code(&world.run(&["-r", "drive/repo", "check", "--read-data"])), 0);
    assert_eq!(code(&world.run(&["-r", "drive/repo", "restore", "--target", "out"])), 0);
    assert_eq!(tree(&world.path("photos")), tree(&world.path("out")));
    let snapped = world.run(&["-r", "drive/repo", "snap", "photos"]);
    assert_eq!(code(&snapped), 1, "{}", stdout(&snapped));
    assert!(stderr(&snapped).contains("Read-only"), "{}", stderr(&snapped));
}

#[test]
fn a_drive_that_is_not_connected_keeps_what_was_on_it_beside_a_stray_file() {
    let world = World::with_repository();
    // Mounted within a source, and as a source of its own.
    for (source, mounted) in [("photos", "photos/drive"), ("drive", "drive")] {
        let Some(drive) = Tmpfs::mount(world.path(mounted), "8m") else { return };
        world.write(&format!("{mounted}/2020/one.jpg"), b"one");
        assert_eq!(code(&world.run(&["-r", "repo", "snap", source])), 0);
        drop(drive);
        world.write(&format!("{mounted}/stray.jpg"), b"stray");
        for expected in [3, 0] {
            let snapped = world.run(&["-r", "repo", "snap", source]);
            let words = stdout(&snapped);
            assert_eq!(code(&snapped), expected, "{words}");
            assert!(words.contains("the drive that was mounted here is not connected; --allow-empty lets it go"), "{words}");
            assert!(!words.contains("gone since"), "{words}");
        }
        let listed = stdout(&world.run(&["-r", "repo", "ls", "-R"]));
        assert!(listed.contains("2020/one.jpg") && listed.contains("stray.jpg"), "{listed}");
        assert_eq!(code(&world.run(&["-r", "repo", "snap", source, "--allow-empty"])), 0);
        let listed = stdout(&world.run(&["-r", "repo", "ls", "-R"]));
        assert!(!listed.contains("2020/one.jpg") && listed.contains("stray.jpg"), "{listed}");
    }
}

#[test]
fn a_cache_and_a_state_that_cannot_be_written_cost_nothing() {
    let world = World::with_repository();
    world.write("file", b"");
    for place in ["file", "file/below", "/proc/nowhere"] {
        let snapped = world.run(&["-r", "repo", "--cache-dir", place, "--state-dir", place, "snap", "photos"]);
        assert_eq!(code(&snapped), 0, "{place}: {}", stderr(&snapped));
        let checked = world.run(&["-r", "repo", "--cache-dir", place, "--state-dir", place, "check", "--read-data"]);
        assert_eq!(code(&checked), 0, "{place}: {}", stderr(&checked));
    }
}

#[test]
fn a_cache_and_a_state_of_garbage_cost_nothing() {
    let world = World::with_repository();
    let local = ["-r", "repo", "--cache-dir", "cache", "--state-dir", "state"];
    assert_eq!(code(&world.run(&[&local[..], &["snap", "photos"]].concat())), 0);
    type Spoil = fn(&[u8]) -> Vec<u8>;
    let ways: [Spoil; 4] = [
        |bytes| noise(bytes.len().max(5_000), 9),
        |_| Vec::new(),
        |bytes| bytes[..bytes.len() / 2].to_vec(),
        |bytes| {
            let mut bytes = bytes.to_vec();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0xff;
            bytes
        },
    ];
    for (number, spoil) in ways.iter().enumerate() {
        for folder in ["cache", "state"] {
            for (name, bytes) in tree(&world.path(folder)) {
                world.write(&format!("{folder}/{}", name.display()), &spoil(&bytes));
            }
        }
        world.write("photos/new.jpg", &noise(1_000, number as u64 + 70));
        let snapped = world.run(&[&local[..], &["snap", "photos"]].concat());
        assert_eq!(code(&snapped), 0, "way {number}: {}{}", stdout(&snapped), stderr(&snapped));
        let checked = world.run(&[&local[..], &["check", "--read-data"]].concat());
        assert_eq!(code(&checked), 0, "way {number}: {}{}", stdout(&checked), stderr(&checked));
        let out = format!("out{number}");
        assert_eq!(code(&world.run(&[&local[..], &["restore", "--target", &out]].concat())), 0);
        assert_eq!(tree(&world.path("photos")), tree(&world.path(&out)), "way {number}");
    }
}

#[test]
fn a_source_given_twice_in_other_words_is_refused() {
    let world = World::with_repository();
    std::os::unix::fs::symlink("photos", world.path("link")).expect("a link");
    for other in ["photos/", "link", "./photos/../photos", "photos/2019/.."] {
        let snapped = world.run(&["-r", "repo", "snap", "photos", other]);
        assert_eq!(code(&snapped), 2, "{other}: {}", stdout(&snapped));
        assert!(stderr(&snapped).contains("given twice"), "{other}: {}", stderr(&snapped));
    }
}

#[test]
fn a_source_inside_the_repository_is_refused_and_a_repository_inside_the_source_is_left_out() {
    let world = World::with_repository();
    for source in ["repo", "repo/packs"] {
        assert_eq!(code(&world.run(&["-r", "repo", "snap", source])), 2, "{source}");
    }
    assert_eq!(code(&world.run(&["-r", "photos/repo", "init", "--no-encryption"])), 0);
    assert_eq!(code(&world.run(&["-r", "photos/repo", "snap", "photos"])), 0);
    assert!(!stdout(&world.run(&["-r", "photos/repo", "ls", "-R"])).contains("repo"));
}

#[test]
fn names_of_any_bytes_come_back_and_print_escaped() {
    let world = World::with_repository();
    let names: [&[u8]; 7] = [b"new\nline", b"esc\x1b[31m", b"bad\xff\xfe", "rtl\u{202e}gpj".as_bytes(), b" spaces ", b"-dash", b"a:b"];
    for name in names {
        let path = world.path("photos").join(std::ffi::OsStr::from_bytes(name));
        if std::fs::write(path, name).is_err() {
            println!("SKIP: this file system refuses {:?}", String::from_utf8_lossy(name));
        }
    }
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    assert_eq!(code(&world.run(&["-r", "repo", "restore", "--target", "out"])), 0);
    assert_eq!(tree(&world.path("photos")), tree(&world.path("out")));
    let listed = world.run(&["-r", "repo", "ls", "-R"]).stdout;
    let listed = String::from_utf8(listed).expect("escaped names are text");
    assert!(!listed.contains(['\u{1b}', '\u{202e}']), "{listed:?}");
    let (_, json) = world.json(&["-r", "repo", "ls", "-R"]);
    assert!(json.to_string().contains("path_base64"), "{json}");
}

#[test]
fn two_snaps_at_once_both_count() {
    let world = World::with_repository();
    for round in 0..5 {
        world.write("photos/new.jpg", &noise(300_000, round + 1));
        world.write("films/new.mov", &noise(300_000, round + 1));
        for other in ["films", "photos"] {
            let start = |source| world.command(&["-r", "repo", "snap", source]).stdout(Stdio::null()).spawn().expect("it starts");
            let mut both = [start("photos"), start(other)];
            for run in &mut both {
                assert_eq!(run.wait().expect("it ends").code(), Some(0), "round {round}, {other}");
            }
        }
    }
    let (checked, report) = world.json(&["-r", "repo", "check", "--read-data"]);
    assert_eq!(checked, 0, "{report}");
    let snapshots = report["snapshots"].as_array().expect("a list");
    assert_eq!(snapshots.len(), 20);
    for snapshot in snapshots {
        let id = snapshot["id"].as_str().expect("an id");
        assert_eq!(code(&world.run(&["-r", "repo", "restore", id, "--target", &format!("out/{id}")])), 0, "{id}");
    }
}

#[test]
fn of_two_inits_at_once_one_is_refused() {
    let world = World::new();
    for round in 0..5 {
        let place = format!("repo{round}");
        let start = || {
            let mut command = world.command(&["-r", &place, "init", "--no-encryption"]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
        };
        let mut both = [start(), start()];
        let mut codes = [0; 2];
        for (run, code) in both.iter_mut().zip(&mut codes) {
            *code = run.wait().expect("it ends").code().expect("an exit code");
        }
        codes.sort_unstable();
        assert_eq!(codes, [0, 2]);
        assert_eq!(code(&world.run(&["-r", &place, "check"])), 0);
    }
}

#[test]
fn without_second_the_next_snap_makes_it_again() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    std::fs::remove_dir_all(world.path("repo/second")).expect("it goes");
    assert_eq!(code(&world.run(&["-r", "repo", "check"])), 4);
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    assert_eq!(code(&world.run(&["-r", "repo", "check", "--read-data"])), 0);
}

#[test]
fn a_pack_that_is_a_folder_or_cut_or_zeroed_harms_nothing_but_itself() {
    let world = World::with_repository();
    world.write("photos/c.jpg", &noise(500_000, 7));
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    for way in ["folder", "empty", "zeros"] {
        copy(&world, "repo", way);
        let pack = largest_pack(&world, way);
        let length = std::fs::metadata(&pack).expect("it is there").len();
        std::fs::remove_file(&pack).expect("it goes");
        match way {
            "folder" => std::fs::create_dir(&pack).expect("a folder"),
            "empty" => std::fs::write(&pack, b"").expect("a file"),
            _ => std::fs::write(&pack, vec![0; length as usize]).expect("a file"),
        }
        assert_eq!(code(&world.run(&["-r", way, "check"])), 6, "{way}");
        // What it could not rely on is said once, then known.
        assert_eq!(code(&world.run(&["-r", way, "snap", "photos"])), 3, "{way}");
        assert_eq!(code(&world.run(&["-r", way, "snap", "photos"])), 0, "{way}");
        let out = format!("out-{way}");
        assert_eq!(code(&world.run(&["-r", way, "restore", "--target", &out])), 0, "{way}");
        assert_eq!(tree(&world.path("photos")), tree(&world.path(&out)), "{way}");
    }
}

#[test]
fn foreign_files_everywhere_are_counted_and_left() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    for (name, bytes) in tree(&world.path("repo")) {
        let (folder, stem) = (name.parent().expect("a folder"), name.file_name().expect("a name").to_string_lossy());
        for other in [".DS_Store".to_owned(), format!("{stem} (1)"), format!("x (conflicted copy) {stem}"), format!("._{stem}")] {
            world.write(&format!("repo/{}/{other}", folder.display()), &bytes);
        }
    }
    let before = tree(&world.path("repo"));
    let (checked, report) = world.json(&["-r", "repo", "check", "--read-data"]);
    assert_eq!(checked, 0, "{report}");
    assert_eq!(code(&world.run(&["-r", "repo", "restore", "--target", "out"])), 0);
    assert_eq!(tree(&world.path("photos")), tree(&world.path("out")));
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    let after = tree(&world.path("repo"));
    assert!(before.iter().all(|file| after.contains(file)), "a file was changed or removed");
}

#[test]
fn a_restore_leaves_what_blocks_it_and_follows_no_link() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    world.write("elsewhere/keep", b"mine");
    world.write("target/b.jpg/inside", b"mine");
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("target/2019")).expect("a link");
    let restored = world.run(&["-r", "repo", "restore", "--target", "target", "--overwrite", "always"]);
    assert_eq!(code(&restored), 3, "{}", stderr(&restored));
    assert_eq!(tree(&world.path("elsewhere")), [(PathBuf::from("keep"), b"mine".to_vec())]);
    assert_eq!(std::fs::read(world.path("target/b.jpg/inside")).expect("it is there"), b"mine");
}

#[test]
fn a_target_that_is_no_folder_or_lies_in_the_repository_is_refused_with_2() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    world.write("file", b"mine");
    std::os::unix::fs::symlink("nowhere", world.path("dangling")).expect("a link");
    let before = tree(&world.path("repo"));
    for target in ["file", "file/below", "file/far/below", "dangling", "", "repo", "repo/packs/new", "repo/new", "photos/../repo/new"] {
        for words in [&["-r", "repo", "restore", "--target", target][..], &["-r", "repo", "restore", "--dry-run", "--target", target]] {
            let refused = world.run(words);
            assert_eq!(code(&refused), 2, "{words:?}: {}{}", stdout(&refused), stderr(&refused));
        }
    }
    let refused = stderr(&world.run(&["-r", "repo", "restore", "--target", "file/below"]));
    assert!(refused.contains("\"file\" is a file, not a folder"), "{refused}");
    assert_eq!((tree(&world.path("repo")), std::fs::read(world.path("file")).expect("it is there")), (before, b"mine".to_vec()));
    assert!(!world.path("repo/new").exists() && !world.path("nowhere").exists());
}

#[test]
fn a_restore_without_a_name_of_a_snapshot_is_refused_and_a_path_alone_is_of_latest() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    assert_eq!(code(&world.run(&["-r", "repo", "restore", "", "--target", "out"])), 2);
    assert!(!world.path("out").exists());
    let restored = world.run(&["-r", "repo", "restore", ":b.jpg", ":2019", "--target", "out"]);
    assert_eq!(code(&restored), 0, "{}", stderr(&restored));
    let (words, (_, listed)) = (stdout(&restored), world.json(&["-r", "repo", "snapshots"]));
    let id = listed["snapshots"][0]["id"].as_str().expect("an id");
    assert_eq!(words.matches(&id[..8]).count(), 1, "{words}");
    assert!(words.contains(&format!("from snapshot {} of 20", &id[..8])), "{words}");
}

#[test]
fn a_read_only_target_ends_with_1_and_says_what_to_do() {
    let world = World::with_repository();
    let Some(place) = Tmpfs::mount(world.path("place"), "8m") else { return };
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    place.again("ro");
    for target in ["place", "place/new"] {
        let refused = world.run(&["-r", "repo", "restore", "--target", target]);
        assert_eq!(code(&refused), 1, "{}", stderr(&refused));
        assert!(stderr(&refused).contains("choose another folder"), "{}", stderr(&refused));
    }
}

#[test]
fn the_part_to_read_is_understood_or_refused() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    for part in ["1/3", "3/3", "50%", "0.5%", "1MB"] {
        assert_eq!(code(&world.run(&["-r", "repo", "check", "--read-data-subset", part])), 0, "{part}");
    }
    for part in ["0/3", "4/3", "1/0", "1/3/4", "0%", "101%", "NaN%", "0", "abc", "", "99999999999999999999GB"] {
        assert_eq!(code(&world.run(&["-r", "repo", "check", "--read-data-subset", part])), 2, "{part}");
    }
}

#[test]
fn folders_within_each_other_are_saved_as_deep_as_they_come_back() {
    let world = World::with_repository();
    for levels in [509_usize, 510, 511, 512, 530] {
        // Made from the bottom up: no path of the system is as long as all of it.
        let name = format!("deep{levels}");
        std::fs::create_dir(world.path("top")).expect("a folder");
        std::fs::write(world.path("top/photo"), b"x").expect("a file");
        for _ in 1..levels {
            std::fs::create_dir(world.path("above")).expect("a folder");
            std::fs::rename(world.path("top"), world.path("above/d")).expect("it moves");
            std::fs::rename(world.path("above"), world.path("top")).expect("it moves");
        }
        std::fs::rename(world.path("top"), world.path(&name)).expect("it moves");
        let (exit, report) = world.json(&["-r", "repo", "snap", &name]);
        let is_saved = report["sources"][0]["files"] == 1;
        assert_eq!((exit, is_saved), if levels <= 511 { (0, true) } else { (3, false) }, "{levels}: {report}");
        assert_eq!(code(&world.run(&["-r", "repo", "check", "--read-data"])), 0, "{levels}");
        let (exit, restored) = world.json(&["-r", "repo", "restore", "--target", &format!("out{levels}")]);
        assert_eq!((exit, restored["files"] == 1), (0, is_saved), "{levels}: {restored}");
    }
}

#[test]
fn a_source_that_turns_into_a_file_or_loses_half_of_its_bytes_is_said() {
    let world = World::with_repository();
    for photo in 0..12 {
        world.write(&format!("many/{photo}.jpg"), &noise(1_000, photo));
    }
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "many"])), 0);
    for photo in 0..12 {
        world.write(&format!("many/{photo}.jpg"), b"");
    }
    let (exit, report) = world.json(&["-r", "repo", "snap", "many"]);
    assert_eq!((exit, &report["problems"][0]["code"]), (3, &"source-shrank".into()), "{report}");
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    std::fs::rename(world.path("photos"), world.path("away")).expect("it moves");
    world.write("photos", b"a file now");
    let (exit, report) = world.json(&["-r", "repo", "snap", "photos"]);
    assert_eq!((exit, &report["problems"][0]["code"]), (3, &"source-shrank".into()), "{report}");
}

#[test]
fn a_plain_repository_file_in_the_place_of_an_encrypted_ones_is_not_written_by() {
    let world = World::new();
    world.write("photos/a.jpg", b"a photo");
    world.write("password", b"secret\n");
    assert_eq!(code(&world.run(&["-r", "repo", "init", "--password-file", "password"])), 0);
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos", "--password-file", "password"])), 0);
    let text = std::fs::read_to_string(world.path("repo/tintype.json")).expect("it is there");
    let id = text.split("\"repository\": ").nth(1).and_then(|rest| rest.get(1..33)).expect("an id").to_owned();
    let plain = format!(
        "{{\n  \"format\": \"tintype repository\",\n  \"version\": 1,\n  \"repository\": \"{id}\",\n  \"encryption\": \"none\"\n}}\n"
    );
    world.write("repo/tintype.json", plain.as_bytes());
    world.write("repo/second/tintype.json", plain.as_bytes());
    std::fs::remove_dir_all(world.path("home")).expect("what this machine knows goes");
    world.write("photos/b.jpg", b"another one");
    let before = tree(&world.path("repo/packs"));
    let (exit, report) = world.json(&["-r", "repo", "snap", "photos"]);
    assert_eq!((exit, &report["error"]["code"]), (5, &"repository-file-damaged".into()), "{report}");
    assert_eq!(tree(&world.path("repo/packs")), before);
}

#[test]
fn a_newest_snapshot_that_is_gone_is_said_by_whoever_takes_an_older_one_for_the_latest() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    world.write("photos/new.jpg", b"a new one");
    let (_, report) = world.json(&["-r", "repo", "snap", "photos"]);
    let newest = report["snapshot"].as_str().expect("an id").to_owned();
    let path = |place: &str| {
        let files = tree(&world.path(&format!("repo/{place}")));
        let (name, _) = files.into_iter().find(|(name, _)| name.to_string_lossy().contains(&newest)).expect("its manifest");
        world.path(&format!("repo/{place}")).join(name)
    };
    std::fs::remove_file(path("snapshots")).expect("it goes");
    for (words, expected) in [(&["restore", "--target", "one"][..], 4), (&["ls"], 4), (&["snapshots"], 4), (&["check"], 4)] {
        let (exit, report) = world.json(&[&["-r", "repo"], words].concat());
        assert_eq!(exit, expected, "{words:?}: {report}");
        assert!(report["problems"].to_string().contains(&newest), "{words:?}: {report}");
    }
    std::fs::remove_file(path("second/snapshots")).expect("it goes");
    for (words, expected) in
        [(&["restore", "--target", "two"][..], 3), (&["snapshots"], 3), (&["check"], 5), (&["snap", "photos"], 3), (&["snap", "photos"], 0)]
    {
        let (exit, report) = world.json(&[&["-r", "repo"], words].concat());
        assert_eq!(exit, expected, "{words:?}: {report}");
        assert!(report["problems"].to_string().contains(&newest), "{words:?}: {report}");
    }
}

/// What is carried says since when, and a dry run tells of it too.
#[test]
fn an_absent_source_is_shown_as_it_was_last_read() {
    let world = World::with_repository();
    world.write("more/c.jpg", b"c");
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos", "more"])), 0);
    let (_, first) = world.json(&["-r", "repo", "snapshots"]);
    std::fs::rename(world.path("more"), world.path("away")).expect("it is taken away");
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos", "more"])), 3);
    let (_, listed) = world.json(&["-r", "repo", "snapshots"]);
    let newest = listed["snapshots"][0]["sources"].as_array().expect("sources");
    let carried: Vec<_> = newest.iter().filter_map(|source| source.get("carried_from")).collect();
    assert_eq!(carried, [&first["snapshots"][0]["id"]], "{listed}");
    let words = String::from_utf8_lossy(&world.run(&["-r", "repo", "snapshots", "--long"]).stdout).into_owned();
    assert!(words.contains("; absent, kept as snapshot "), "{words}");
}
