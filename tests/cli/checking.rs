//! Checking, and the tour that ends with it.

use crate::world::{World, code, stderr, stdout, tree};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn a_good_repository_is_complete_with_and_without_its_key() {
    let world = World::new();
    world.write("photos/a.jpg", &[7; 40_000]);
    world.write("password", b"secret\n");
    let open = ["-r", "repo", "--password-file", "password"];
    assert_eq!(code(&world.run(&[&open[..], &["init"]].concat())), 0);
    assert_eq!(code(&world.run(&[&open[..], &["snap", "photos"]].concat())), 0);
    for words in [&open[..], &open[..2]] {
        for depth in [&["check"][..], &["check", "--read-data"], &["check", "--read-data-subset", "1/1"]] {
            let (exit, report) = world.json(&[words, depth].concat());
            assert_eq!((exit, &report["schema"]), (0, &"tintype/check/1".into()), "{report}");
            assert_eq!((report["snapshots"].as_array().map(Vec::len), &report["snapshots"][0]["state"]), (Some(1), &"complete".into()));
        }
    }
    assert_eq!(code(&world.run(&[&open[..], &["check", "--read-data-subset", "2/1"]].concat())), 2);
}

#[test]
fn a_changed_byte_is_damage() {
    let world = World::with_repository();
    // Bytes that no compression makes smaller than the pack of trees, which has a second copy.
    let noise: Vec<u8> = (0_u32..4_000).flat_map(|number| *blake3::hash(&number.to_le_bytes()).as_bytes()).collect();
    world.write("photos/c.jpg", &noise);
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    let packs = crate::world::tree(&world.path("repo/packs"));
    let (name, bytes) = packs.iter().max_by_key(|(_, bytes)| bytes.len()).expect("a pack");
    let mut wrong = bytes.clone();
    wrong[200] ^= 1;
    std::fs::write(world.path("repo/packs").join(name), wrong).unwrap();
    let (exit, report) = world.json(&["-r", "repo", "check", "--read-data"]);
    assert_eq!((exit, &report["snapshots"][0]["state"]), (5, &"damaged".into()), "{report}");
}

#[test]
fn the_tour_ends_well() {
    let world = World::new();
    let output = world.run(&["demo", "tour"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let words = stdout(&output);
    for expected in ["$ tintype -r tour/repository", "1 gone since", "all the same", "recovery-code.txt", "check --read-data"] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    assert_eq!(code(&world.run(&["demo", "tour"])), 2);
    let by_code = world.run(&["-r", "tour/repository", "--recovery-code-file", "tour/recovery-code.txt", "snapshots"]);
    assert_eq!((code(&by_code), stdout(&by_code).lines().count()), (0, 2));
}

/// A file of the repository, by what its path begins and ends with.
fn one_of(world: &World, begins: &str, ends: &str) -> PathBuf {
    let mut files = tree(&world.path("repo")).into_iter().map(|(path, _)| path);
    files.find(|path| path.starts_with(begins) && path.to_string_lossy().ends_with(ends)).expect("a file of this kind")
}

#[test]
fn a_folder_in_a_file_s_place_is_said_and_heals_once_it_is_moved_away() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    let meta = one_of(&world, "second/packs", ".pack").strip_prefix("second").expect("a prefix").to_path_buf();
    for path in [
        PathBuf::from("tintype.json"),
        "second/tintype.json".into(),
        meta.clone(),
        Path::new("second").join(&meta),
        one_of(&world, "snapshots", ".snapshot"),
        one_of(&world, "second/snapshots", ".snapshot"),
    ] {
        let at = world.path("repo").join(&path);
        let shown = path.display().to_string();
        std::fs::remove_file(&at).expect("a file goes");
        std::fs::create_dir(&at).expect("a folder comes");
        std::fs::write(at.join("mine.txt"), b"mine").expect("something in it");
        let (exit, report) = world.json(&["-r", "repo", "check"]);
        let said = report["problems"].as_array().expect("a list").iter().any(|problem| {
            let (message, hint) = (problem["message"].as_str().unwrap_or_default(), problem["hint"].as_str().unwrap_or_default());
            message.ends_with(&format!("a folder stands where {shown} should be")) && hint.starts_with("move it away")
        });
        assert!(exit == 4 && said, "{shown}: {report}");
        if has_python() {
            let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("format-spec/reader/tintype_reader.py");
            let read = Command::new("python3").arg(reader).arg("check").arg(world.path("repo")).output().expect("python3 runs");
            assert_eq!(code(&read), 4, "{shown}: {read:?}");
        }
        let (exit, report) = world.json(&["-r", "repo", "snap", "photos"]);
        assert!(exit == 3 && report["problems"].to_string().contains("not-healed"), "{shown}: {report}");
        assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0, "{shown}: known");
        assert_eq!(std::fs::read(at.join("mine.txt")).expect("it is there"), b"mine");
        std::fs::rename(&at, world.path(&format!("moved-{}", path.to_string_lossy().replace('/', "-")))).expect("it is moved away");
        assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0, "{shown}");
        assert_eq!(code(&world.run(&["-r", "repo", "check", "--read-data"])), 0, "{shown}");
    }
}

fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|done| done.status.success());
    if !found {
        println!("SKIP: python3 is not here");
    }
    found
}

/// Whoever met damage tells the next: a check, a snap that stores the photo again as long as it is there, and a dry run.
#[test]
fn damage_that_a_restore_met_is_known_from_then_on() {
    for meet in [&["restore", "--target", "out"][..], &["dump", "latest:a.jpg", "-o", "out.jpg"]] {
        let world = World::with_repository();
        let mut noise = vec![0; 300_000];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        world.write("photos/a.jpg", &noise);
        assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
        let packs = tree(&world.path("repo/packs"));
        let (name, bytes) = packs.iter().max_by_key(|(_, bytes)| bytes.len()).expect("a pack");
        let mut wrong = bytes.clone();
        wrong[bytes.len() / 2] ^= 1;
        std::fs::write(world.path("repo/packs").join(name), wrong).expect("the pack is changed");
        assert_eq!(code(&world.run(&[&["-r", "repo"], meet].concat())), 5);
        assert_eq!(code(&world.run(&["-r", "repo", "check"])), 5);
        assert_eq!(code(&world.run(&["-r", "repo", "restore", "--dry-run", "--target", "other"])), 5);
        assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 3, "it is stored again, and said");
        assert_eq!(code(&world.run(&["-r", "repo", "restore", "--target", "whole"])), 0);
        assert_eq!(std::fs::read(world.path("whole/a.jpg")).expect("the photo"), noise);
    }
}
