//! Looking into a repository: what changed, one file, finding files, what is held, and how a file would be stored.

use crate::world::{World, code, stderr, stdout, tree};
use std::process::Stdio;

/// Two snapshots: a photo was moved, one edited, one deleted, one is new.
fn two_snapshots() -> World {
    let world = World::with_repository();
    world.write("photos/2019/c.jpg", &[9; 30_000]);
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos", "--note", "before"])), 0);
    std::fs::create_dir(world.path("photos/2020")).expect("the test's own files");
    std::fs::rename(world.path("photos/2019/a.jpg"), world.path("photos/2020/a.jpg")).expect("the test's own files");
    std::fs::remove_file(world.path("photos/2019/c.jpg")).expect("the test's own files");
    world.write("photos/b.jpg", b"edited, and longer than before");
    world.write("photos/new.jpg", b"another");
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    world
}

fn flip_a_byte_of_each(world: &World, is_wanted: impl Fn(&std::path::Path) -> bool) {
    for (path, mut bytes) in tree(&world.path("repo")) {
        if is_wanted(&path) {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(world.path("repo").join(path), bytes).expect("the test's own files");
        }
    }
}

fn is_pack(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|extension| extension == "pack")
}

#[test]
fn diff_says_numbers_first_and_then_which() {
    let world = two_snapshots();
    let output = world.run(&["-r", "repo", "diff", "latest~1"]);
    let words = stdout(&output);
    assert!(code(&output) == 0 && words.starts_with("photos    1 new, 1 moved, 1 changed, 1 gone, 1 folder new  ·  from "), "{words}");
    assert!(words.contains("\nmoved     2019/a.jpg → 2020/a.jpg\n") && words.contains("\ngone      2019/c.jpg   30 kB\n"), "{words}");
    assert!(words.contains("\nchanged   b.jpg   11 bytes → 30 bytes\n"), "{words}");
    let (exit, report) = world.json(&["-r", "repo", "diff", "latest", "latest~1"]);
    assert_eq!((exit, &report["schema"], &report["left_out"]), (0, &"tintype/diff/1".into(), &0.into()));
    assert_eq!((&report["sources"][0]["counts"]["gone"], &report["sources"][0]["present_in"]), (&1.into(), &"both".into()));
    let kinds: Vec<&str> = report["sources"][0]["changes"].as_array().unwrap().iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["new", "moved", "content-changed", "gone", "gone"], "{report}");
    assert!(stdout(&world.run(&["-r", "repo", "diff", "latest"])).contains("nothing changed"));
    assert_eq!(code(&world.run(&["-r", "repo", "diff", "latest~7"])), 2);
    assert_eq!(code(&world.run(&["-r", "repo", "diff"])), 2);
    flip_a_byte_of_each(&world, is_pack);
    let (exit, report) = world.json(&["-r", "repo", "diff", "latest~1"]);
    assert!(exit == 5 && !report["problems"].as_array().unwrap().is_empty(), "{report}");
}

#[test]
fn dump_gives_the_bytes_and_nothing_else() {
    let world = two_snapshots();
    let output = world.run(&["-r", "repo", "dump", "latest~1:2019/a.jpg"]);
    assert!(code(&output) == 0 && output.stdout == [7; 40_000] && output.stderr.is_empty(), "{}", stderr(&output));
    let (exit, report) = world.json(&["-r", "repo", "dump", ":new.jpg", "-o", "out.jpg"]);
    assert_eq!((exit, &report["written_bytes"], &report["path"]), (0, &7.into(), &"new.jpg".into()), "{report}");
    assert_eq!(std::fs::read(world.path("out.jpg")).unwrap(), b"another");
    for refused in [
        &["dump", ":new.jpg", "-o", "out.jpg"][..],
        &["dump", ":2020"],
        &["dump", "latest"],
        &["dump", ":absent"],
        &["dump", ":new.jpg", "--json"],
        &["dump", ":new.jpg", "-o", "absent/"],
        &["dump", ":new.jpg", "-o", "repo/packs/out.jpg"],
    ] {
        let output = world.run(&[&["-r", "repo"], refused].concat());
        assert!(code(&output) == 2 && !stderr(&output).is_empty(), "{refused:?}: {output:?}");
    }
    assert_eq!(code(&world.run(&["-r", "repo", "dump", ":new.jpg", "-o", "absent/out.jpg"])), 1);
    assert_eq!(std::fs::read(world.path("out.jpg")).unwrap(), b"another", "nothing is written over");
}

#[test]
fn dump_to_who_has_read_enough_is_no_failure() {
    let world = World::with_repository();
    let film: Vec<u8> = (0..3_000_000_u32).flat_map(|number| blake3::hash(&number.to_le_bytes()).as_bytes()[..4].to_vec()).collect();
    world.write("photos/film.mov", &film);
    world.run(&["-r", "repo", "snap", "photos"]);
    let mut child = world.command(&["-r", "repo", "dump", ":film.mov"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(code(&output) == 0 && output.stderr.is_empty(), "{}", stderr(&output));
    // Of a file that is damaged far behind, the front comes out, and it is said how much.
    flip_a_byte_of_each(&world, |path| is_pack(path) && std::fs::metadata(world.path("repo").join(path)).unwrap().len() > 1_000_000);
    let output = world.run(&["-r", "repo", "dump", ":film.mov"]);
    let said = stderr(&output);
    assert!(code(&output) == 5 && film.starts_with(&output.stdout) && output.stdout.len() < film.len(), "{said}");
    assert!(said.contains("of 12,000,000 bytes were written; those are good"), "{said}");
    let output = world.run(&["-r", "repo", "dump", ":film.mov", "-o", "out.mov"]);
    assert!(code(&output) == 5 && stdout(&output).contains("nothing was written to out.mov"), "{}", stdout(&output));
    assert!(!world.path("out.mov").exists());
}

#[test]
fn dump_refuses_a_terminal() {
    let world = two_snapshots();
    let tintype = format!("{} -r repo dump :new.jpg", env!("CARGO_BIN_EXE_tintype"));
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &tintype, "/dev/null"]).current_dir(world.path(".")).env("HOME", world.path("home")).stdin(Stdio::null());
    let Ok(output) = script.output() else {
        println!("SKIP: there is no `script` here to make a terminal");
        return;
    };
    let words = stdout(&output);
    assert!(code(&output) == 2 && words.contains("say -o FILE") && !words.contains("another"), "{words}");
}

#[test]
fn find_looks_through_all_snapshots() {
    let world = two_snapshots();
    let words = stdout(&world.run(&["-r", "repo", "find", "A.JPG"]));
    let lines: Vec<&str> = words.lines().collect();
    assert!(lines.len() == 2 && lines[0].ends_with(":2020/a.jpg") && lines[1].ends_with(":2019/a.jpg"), "{words}");
    let named = lines[1].split_whitespace().last().unwrap();
    assert_eq!(world.run(&["-r", "repo", "dump", named]).stdout, [7; 40_000], "what is listed can be asked for");
    let hash = blake3::hash(&[7; 40_000]).to_hex();
    let (exit, report) = world.json(&["-r", "repo", "find", "--hash", &hash[..12], "--in", "latest~1"]);
    assert_eq!((exit, &report["snapshots"], &report["found"][0]["path"]), (0, &1.into(), &"2019/a.jpg".into()), "{report}");
    let (_, report) = world.json(&["-r", "repo", "find", "--path", "20*/*", "--larger", "30kB", "--after", "2020-01-01"]);
    assert_eq!(report["found"].as_array().unwrap().len(), 2, "{report}");
    let (_, report) = world.json(&["-r", "repo", "find", "--name", "*.jpg", "--before", "2020-01-01"]);
    assert_eq!(report["found"], serde_json::json!([]));
    let nothing = world.run(&["-r", "repo", "find", "nowhere"]);
    assert_eq!((code(&nothing), stdout(&nothing).as_str()), (0, "nothing found in 2 snapshots\n"));
    for refused in
        [&["find"][..], &["find", "--larger", "x"], &["find", "--after", "then"], &["find", "--name", "["], &["find", "--hash", "x"]]
    {
        assert_eq!(code(&world.run(&[&["-r", "repo"], refused].concat())), 2, "{refused:?}");
    }
}

#[test]
fn snapshots_in_length_say_what_is_new_and_whether_all_is_here() {
    let world = two_snapshots();
    let words = stdout(&world.run(&["-r", "repo", "snapshots", "--long"]));
    assert!(words.matches(" new; complete; needs ").count() == 2 && words.contains("note: before"), "{words}");
    let (_, report) = world.json(&["-r", "repo", "snapshots", "--long"]);
    let newest = &report["snapshots"][0];
    assert!(newest["new_bytes"].as_u64().unwrap() < newest["needs_bytes"].as_u64().unwrap(), "{report}");
    assert_eq!((&newest["state"], &newest["not_saved"]["unreadable"]), (&"complete".into(), &0.into()));
    let (_, short) = world.json(&["-r", "repo", "snapshots"]);
    assert!(short["snapshots"][0].get("state").is_none());
}

#[test]
fn stats_count_every_file_of_the_repository() {
    let world = two_snapshots();
    let (exit, report) = world.json(&["-r", "repo", "stats"]);
    let files = tree(&world.path("repo"));
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!((exit, &report["files"], &report["bytes"]), (0, &files.len().into(), &bytes.into()), "{report}");
    assert_eq!((&report["snapshots"], &report["deduplication"]["distinct_files"]), (&2.into(), &5.into()), "{report}");
    assert_eq!((&report["kinds"][0]["kind"], &report["kinds"][0]["files"]), (&"pictures".into(), &3.into()));
    let words = stdout(&world.run(&["-r", "repo", "stats"]));
    assert!(words.starts_with("2 snapshots of 1 source: ") && words.contains("packs of photos") && words.contains("saved"), "{words}");
    assert_eq!(code(&world.run(&["stats"])), 2);
}

#[test]
fn inspect_needs_no_repository() {
    let world = World::with_repository();
    let jpeg = [&b"\xff\xd8\xff\xe0"[..], &[5; 200_000]].concat();
    world.write("photos/real.jpg", &jpeg);
    let (exit, report) = world.json(&["inspect", "photos/real.jpg"]);
    assert_eq!((exit, &report["kind"], &report["bytes"]), (0, &"jpeg".into(), &200_004.into()), "{report}");
    assert_eq!(report["blake3"], blake3::hash(&jpeg).to_hex().as_str());
    assert!(report["pieces"][0]["codec"] == "zstd" && report.get("there_bytes").is_none(), "{report}");
    world.run(&["-r", "repo", "snap", "photos"]);
    let words = stdout(&world.run(&["-r", "repo", "inspect", "photos/real.jpg"]));
    assert!(words.contains("200 kB of it are there already") && words.contains("  is there"), "{words}");
    assert_eq!(code(&world.run(&["inspect", "photos"])), 2);
    assert_eq!(code(&world.run(&["inspect", "absent.jpg"])), 1);
}
