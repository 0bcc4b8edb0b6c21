//! Taking, listing, looking into and bringing back snapshots.

use crate::world::{World, code, stderr, stdout, tree};

#[test]
fn a_photo_that_was_deleted_comes_back() {
    let world = World::with_repository();
    let (exit, first) = world.json(&["-r", "repo", "snap", "photos", "--note", "one"]);
    assert_eq!((exit, &first["schema"], &first["sources"][0]["files"]), (0, &"tintype/snap/1".into(), &2.into()));
    assert_eq!(first["snapshot"].as_str().map(str::len), Some(64));
    let before = tree(&world.path("photos"));
    std::fs::remove_file(world.path("photos/2019/a.jpg")).unwrap();
    let second = world.run(&["-r", "repo", "snap", "photos"]);
    assert!(code(&second) == 0 && stdout(&second).contains("1 gone since"), "{}", stdout(&second));

    let (_, listed) = world.json(&["-r", "repo", "snapshots"]);
    let listed = listed["snapshots"].as_array().unwrap();
    assert_eq!((listed.len(), &listed[1]["id"], &listed[1]["note"]), (2, &first["snapshot"], &"one".into()));
    assert_eq!((&listed[0]["sources"][0]["label"], &listed[0]["files"]), (&"photos".into(), &1.into()));
    let words = stdout(&world.run(&["-r", "repo", "snapshots", "--long"]));
    assert!(words.contains("note: one") && words.contains("+00:00"), "{words}");
    assert_eq!(stdout(&world.run(&["-r", "repo", "ls", "latest~1", "-R"])), "2019/\n2019/a.jpg\nb.jpg\n");
    assert_eq!(stdout(&world.run(&["-r", "repo", "ls", "latest~1:2019"])), "a.jpg\n");

    let id = first["snapshot"].as_str().unwrap();
    let (exit, report) = world.json(&["-r", "repo", "restore", &id[..8], "--target", "back"]);
    assert_eq!((exit, &report["files"]), (0, &2.into()), "{report}");
    assert_eq!(tree(&world.path("back")), before);
    assert_eq!(code(&world.run(&["-r", "repo", "restore", "--target", "back"])), 2);
    let (exit, plan) = world.json(&["-r", "repo", "restore", "--target", "not made", "--dry-run"]);
    assert_eq!((exit, &plan["plan"]["files"], world.path("not made").exists()), (0, &1.into(), false));
    assert_eq!(code(&world.run(&["-r", "repo", "restore", "--target", "repo/packs"])), 2);
}

#[test]
fn sums_are_those_of_b3sum() {
    let world = World::with_repository();
    let odd = "od\\d\nname.jpg";
    world.write(&format!("photos/{odd}"), b"odd");
    world.run(&["-r", "repo", "snap", "photos"]);
    let sums = stdout(&world.run(&["-r", "repo", "ls", "--b3sums"]));
    let expected = |name: &str, bytes: &[u8]| format!("{}  {name}", blake3::hash(bytes).to_hex());
    assert!(sums.lines().any(|line| line == expected("b.jpg", b"a small one")), "{sums}");
    assert!(sums.lines().any(|line| line == format!("\\{}", expected("od\\\\d\\nname.jpg", b"odd"))), "{sums}");
    assert_eq!(sums.lines().count(), 3);
}

#[test]
fn sources_that_are_refused() {
    let world = World::with_repository();
    let refused = |words: &[&str], exit: i32, error: &str| {
        let (code, report) = world.json(&[&["-r", "repo", "snap"], words].concat());
        assert_eq!((code, &report["error"]["code"]), (exit, &error.into()), "{report}");
    };
    std::os::unix::fs::symlink(world.path("photos"), world.path("link")).unwrap();
    refused(&["photos", "photos/../photos"], 2, "given-twice");
    refused(&["photos", "link"], 2, "given-twice");
    refused(&["repo"], 2, "source-in-repository");
    refused(&["repo/packs", "photos"], 2, "source-in-repository");
    refused(&["photos", "repo", "--label", "x"], 2, "usage");
    std::fs::create_dir(world.path("empty")).unwrap();
    refused(&["empty"], 1, "sources-empty");
    refused(&["absent"], 1, "source-vanished");
    assert_eq!(code(&world.run(&["-r", "repo", "snap"])), 2);
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "empty", "--allow-empty"])), 0);
}

#[test]
fn an_absent_source_does_not_stop_the_others() {
    let world = World::with_repository();
    let (exit, report) = world.json(&["-r", "repo", "snap", "photos", "absent"]);
    assert_eq!((exit, &report["problems"][0]["code"]), (3, &"source-absent".into()), "{report}");
    std::fs::create_dir(world.path("drive")).unwrap();
    world.write("drive/c.jpg", b"another");
    world.run(&["-r", "repo", "snap", "photos", "drive"]);
    std::fs::remove_dir_all(world.path("drive")).unwrap();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos", "drive"])), 3);
    let output = world.run(&["-r", "repo", "snap", "photos", "drive"]);
    assert!(code(&output) == 0 && stdout(&output).contains("absent"), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&world.run(&["-r", "repo", "ls", "-R"])).contains("drive/c.jpg"));
}

#[test]
fn a_mistyped_path_beside_a_good_one_is_never_something_known() {
    let world = World::with_repository();
    for _ in 0..2 {
        let output = world.run(&["-r", "repo", "snap", "photos", "mistyped"]);
        let words = stdout(&output);
        assert!(code(&output) == 3 && words.contains("was never saved") && words.contains("is the path right?"), "{words}");
    }
    let (exit, report) = world.json(&["-r", "repo", "snap", "mistyped", "--allow-empty"]);
    assert_eq!((exit, &report["error"]["code"]), (1, &"source-vanished".into()), "{report}");
}

#[test]
fn pipes_and_the_repository_itself_are_left_out_in_words() {
    let world = World::with_repository();
    let socket = std::os::unix::net::UnixListener::bind(world.path("photos/socket")).unwrap();
    std::fs::rename(world.path("repo"), world.path("photos/repo")).unwrap();
    let output = world.run(&["-r", "photos/repo", "snap", "photos"]);
    let words = stdout(&output);
    assert!(code(&output) == 0 && words.contains("1 socket: it holds no data"), "{words}");
    assert!(words.contains("repo: it is this repository"), "{words}");
    drop(socket);
}

#[test]
fn a_repository_among_the_photos_is_left_out() {
    let world = World::with_repository();
    let (exit, report) = world.json(&["-r", "repo", "snap", "."]);
    assert!(exit == 0 || exit == 3, "{report}");
    let names = stdout(&world.run(&["-r", "repo", "ls", "-R"]));
    assert!(names.contains("photos/b.jpg") && !names.contains("repo/tintype.json"), "{names}");
}

#[test]
fn names_of_snapshots_that_are_not_there() {
    let world = World::with_repository();
    assert_eq!(stdout(&world.run(&["-r", "repo", "snapshots"])), "no snapshot here\n");
    assert_eq!(code(&world.run(&["-r", "repo", "ls"])), 2);
    world.run(&["-r", "repo", "snap", "photos"]);
    for name in ["latest~1", "ffffffff", "@Nobody", "1999-01-01", "not a name", "latest:nothing"] {
        let (exit, report) = world.json(&["-r", "repo", "ls", name]);
        assert_eq!(exit, 2, "{name}: {report}");
    }
    for name in ["latest", "@photos", "2999-01-01", ":2019/a.jpg", "latest:photos/b.jpg"] {
        assert_eq!(code(&world.run(&["-r", "repo", "ls", name])), 0, "{name}");
    }
}

#[test]
fn progress_as_events_stays_off_stdout() {
    let world = World::with_repository();
    let output = world.run(&["-r", "repo", "snap", "photos", "--progress", "json", "-v", "--json"]);
    assert_eq!(code(&output), 0);
    let events: Vec<serde_json::Value> = stderr(&output).lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert!(events.iter().any(|event| event["event"] == "stage" && event["stage"] == "storing"), "{events:?}");
    assert_eq!(stdout(&output).lines().count(), 1);
}

#[test]
fn a_source_that_is_one_file_is_listed_by_its_name() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos/b.jpg"])), 0);
    let sums = stdout(&world.run(&["-r", "repo", "ls", "-R", "--b3sums"]));
    assert_eq!(sums, format!("{}  b.jpg\n", blake3::hash(b"a small one").to_hex()));
    assert_eq!(stdout(&world.run(&["-r", "repo", "ls"])), "b.jpg\n");
}

#[test]
fn without_a_path_the_last_sources_are_snapped_again() {
    let world = World::with_repository();
    let refused = world.run(&["-r", "repo", "snap"]);
    assert!(code(&refused) == 2 && stderr(&refused).contains("none that looks like photos was found"), "{}", stderr(&refused));
    world.write("home/Pictures/c.jpg", b"found");
    let refused = world.run(&["-r", "repo", "snap"]);
    let said = stderr(&refused);
    assert!(code(&refused) == 2 && said.contains("/home/Pictures   1 file, 5 bytes") && said.contains("no terminal to ask on"), "{said}");
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "home/Pictures", "--label", "mine"])), 0);
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos", "home/Pictures"])), 0);
    world.write("photos/new.jpg", b"new");
    let (exit, report) = world.json(&["-r", "repo", "snap"]);
    let labels: Vec<&str> =
        report["sources"].as_array().expect("a list").iter().map(|source| source["label"].as_str().expect("text")).collect();
    assert_eq!((exit, labels, &report["sources"][1]["new_files"]), (0, vec!["mine", "photos"], &1.into()), "{report}");
    // Another machine has snapped nothing.
    assert_eq!(code(&world.run(&["-r", "repo", "--state-dir", "elsewhere", "snap"])), 2);
}

#[test]
fn a_dry_run_tells_what_would_be_read_and_writes_nothing() {
    let world = World::with_repository();
    let snap = ["-r", "repo", "snap", "photos"];
    let before = crate::world::tree(&world.path("repo"));
    let first = world.run(&[&snap[..], &["--dry-run"]].concat());
    let words = stdout(&first);
    assert!(code(&first) == 0 && words.contains("photos    2 files, 40 kB  ·  2 new (40 kB)\n"), "{words}");
    assert_eq!(crate::world::tree(&world.path("repo")), before);
    assert_eq!(code(&world.run(&snap)), 0);
    let before = crate::world::tree(&world.path("repo"));
    world.write("photos/new.jpg", b"new");
    world.write("photos/b.jpg", b"edited, and longer than before");
    world.write("photos/.DS_Store", b"12345");
    std::fs::remove_file(world.path("photos/2019/a.jpg")).expect("the test's own file");
    let (exit, report) = world.json(&[&snap[..], &["--dry-run"]].concat());
    let source = &report["sources"][0];
    assert_eq!(
        (exit, &source["new_files"], &source["read_again_files"], &source["gone_files"]),
        (0, &1.into(), &1.into(), &1.into()),
        "{report}"
    );
    assert_eq!((&report["read_files"], &report["read_bytes"], &source["excluded"][0]["bytes"]), (&2.into(), &33.into(), &5.into()));
    assert_eq!(crate::world::tree(&world.path("repo")), before);
    let (exit, done) = world.json(&snap);
    assert_eq!((exit, &done["sources"][0]["read_bytes"]), (0, &33.into()), "it did what it said");
    let (exit, verified) = world.json(&[&snap[..], &["--verify", "--reread"]].concat());
    assert_eq!((exit, &verified["packs_read_back"]), (0, &0.into()), "nothing new was stored");
    world.write("photos/more.jpg", &[3; 9_000]);
    let (exit, verified) = world.json(&[&snap[..], &["--verify"]].concat());
    // One pack of photos, one of trees and its second copy.
    assert_eq!((exit, &verified["packs_read_back"]), (0, &3.into()), "{verified}");
}
