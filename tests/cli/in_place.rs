//! Restoring parts, and back to where photos were taken from.

use crate::world::{World, code, stderr, stdout};

fn snapped() -> World {
    let world = World::with_repository();
    world.write("photos/2019/c.jpg", &[9; 30_000]);
    world.write("photos/2019/film.mov", &[8; 50_000]);
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    world
}

#[test]
fn deleted_photos_come_back_to_where_they_were() {
    let world = snapped();
    std::fs::remove_file(world.path("photos/2019/c.jpg")).expect("the test's own files");
    world.write("photos/2019/a.jpg", b"edited since");
    let refused = world.run(&["-r", "repo", "restore", "--target", "original"]);
    assert!(code(&refused) == 2 && stderr(&refused).contains("no terminal to ask on"), "{}", stderr(&refused));
    assert!(!world.path("photos/2019/c.jpg").exists());
    let planned = world.run(&["-r", "repo", "restore", ":2019", "--target", "original", "--dry-run"]);
    assert!(code(&planned) == 0 && stdout(&planned).starts_with("would restore 1 file, 30 kB"), "{}", stdout(&planned));
    let (exit, report) = world.json(&["-r", "repo", "restore", ":2019", "--target", "original", "--yes"]);
    assert_eq!((exit, &report["files"], &report["files_already_there"]), (0, &1.into(), &2.into()), "{report}");
    assert_eq!(std::fs::read(world.path("photos/2019/c.jpg")).expect("it is back"), [9; 30_000]);
    assert_eq!(std::fs::read(world.path("photos/2019/a.jpg")).expect("it is there"), b"edited since", "what is there is kept");
    let words = ["-r", "repo", "restore", "-t", "original", "--yes", "--overwrite", "if-different"];
    assert_eq!(code(&world.run(&words)), 0);
    assert_eq!(std::fs::read(world.path("photos/2019/a.jpg")).expect("it is there"), [7; 40_000]);
    assert!(!world.path("photos/.tintype-restore").exists() && !world.path("original").exists());
}

#[test]
fn what_is_extra_is_removed_only_with_a_yes() {
    let world = snapped();
    assert_eq!(code(&world.run(&["-r", "repo", "restore", "-t", "out"])), 0);
    world.write("out/2019/extra.txt", b"extra");
    let delete = ["-r", "repo", "restore", "-t", "out", "--overwrite", "if-different", "--delete"];
    assert_eq!((code(&world.run(&delete)), code(&world.run(&delete[..5]))), (2, 2));
    let planned = world.run(&[&delete[..], &["--dry-run"]].concat());
    assert!(
        stdout(&planned).contains("1 would be removed (5 bytes)") && stdout(&planned).contains("2019/extra.txt"),
        "{}",
        stdout(&planned)
    );
    assert!(world.path("out/2019/extra.txt").exists());
    let removed = world.run(&[&delete[..], &["--yes"]].concat());
    assert!(code(&removed) == 0 && stdout(&removed).contains("removed   1 that the snapshot does not have"), "{}", stdout(&removed));
    assert!(!world.path("out/2019/extra.txt").exists() && world.path("out/2019/c.jpg").exists());
    assert_eq!(code(&world.run(&["-r", "repo", "restore", "-t", "new", "--delete"])), 2, "without --overwrite");
}

#[test]
fn patterns_choose() {
    let world = snapped();
    assert_eq!(code(&world.run(&["-r", "repo", "restore", "-t", "out", "--include", "*.JPG", "--exclude", "b.*"])), 0);
    assert!(world.path("out/2019/c.jpg").exists() && !world.path("out/2019/film.mov").exists() && !world.path("out/b.jpg").exists());
    assert_eq!(code(&world.run(&["-r", "repo", "restore", "-t", "none", "--include", "["])), 2);
    assert!(!world.path("none").exists());
    assert_eq!(code(&world.run(&["-r", "repo", "restore", "-t", "newest", "--newest-first"])), 0);
}

#[test]
fn the_machine_stays_awake_while_a_restore_runs_and_not_longer() {
    use std::os::unix::fs::PermissionsExt;
    let world = snapped();
    let script = format!("#!/bin/sh\necho \"$@\" > {0}\ncat > /dev/null\necho ended >> {0}\n", world.path("said").display());
    world.write("bin/systemd-inhibit", script.as_bytes());
    std::fs::set_permissions(world.path("bin/systemd-inhibit"), std::fs::Permissions::from_mode(0o755)).expect("a program");
    if cfg!(target_os = "macos") {
        println!("SKIP: here caffeinate does it");
        return;
    }
    let path = format!("{}:/usr/bin:/bin", world.path("bin").display());
    let restored = world.command(&["-r", "repo", "restore", "-t", "out"]).env("PATH", path).output().expect("the program runs");
    assert_eq!(code(&restored), 0);
    // Nobody waits for it, so it may end a little later.
    let read = || std::fs::read_to_string(world.path("said")).unwrap_or_default();
    for _ in 0..1_000 {
        if read().ends_with("ended\n") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(read(), "--what=idle --who=tintype --mode=block --why=photos are being restored cat\nended\n");
}

/// What no snapshot of the target would have is not removed from it: the repository above all.
#[test]
fn what_no_snapshot_would_have_is_never_removed() {
    let world = World::new();
    for (path, bytes) in [("m/a.jpg", "a"), ("m/trip/b.jpg", "b"), ("m/ex/private.jpg", "p"), ("m/.tintypeignore", "/ex/\n")] {
        world.write(path, bytes.as_bytes());
    }
    world.write("m/trip/x.raw", b"raw");
    world.write("m/trip/.IMG_9.HEIC.icloud", b"a stand-in");
    world.write("m/trip/Thumbs.db", b"thumbs");
    assert_eq!(code(&world.run(&["-r", "m/repo", "init", "--no-encryption"])), 0);
    for _ in 0..2 {
        world.run(&["-r", "m/repo", "snap", "m", "--exclude", "*.raw"]);
    }
    world.write("m/stray/deep/c.jpg", b"stray");
    world.write("m/late/ex/d.jpg", b"stray");
    world.write("m/late/other/tintype.json", b"{}");
    for folder in ["packs", "snapshots"] {
        std::fs::create_dir_all(world.path("m/late/other").join(folder)).expect("a folder");
    }
    let words = ["-r", "m/repo", "restore", "--target", "original", "--delete", "--overwrite", "if-different", "--yes"];
    let (exit, plan) = world.json(&[&words[..], &["--dry-run"]].concat());
    let says_what_stays = |report: &serde_json::Value| report["problems"].to_string().contains("left-in-target");
    assert_eq!((exit, plan["plan"]["delete"].as_u64(), says_what_stays(&plan)), (0, Some(5), true), "{plan}");
    let (exit, report) = world.json(&words);
    assert_eq!((exit, report["removed"].as_u64(), says_what_stays(&report)), (0, Some(5), true), "{report}");
    for kept in
        ["ex/private.jpg", "trip/x.raw", "trip/.IMG_9.HEIC.icloud", "trip/Thumbs.db", "repo/tintype.json", "late/other/tintype.json"]
    {
        assert!(world.path("m").join(kept).exists(), "{kept}");
    }
    assert!(!world.path("m/stray").exists() && !world.path("m/late/ex").exists());
    assert_eq!(code(&world.run(&["-r", "m/repo", "check"])), 0);
}
