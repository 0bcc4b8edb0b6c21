//! What lies in every repository for people, and what the program gives out of it.

use crate::world::{World, code, stderr, stdout, tree};

#[test]
fn a_changed_reader_is_said_and_never_mixed_with_ours() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    assert_eq!(code(&world.run(&["-r", "repo", "check"])), 0);
    for (name, bytes) in
        [("repo/reader/tintype_reader.py", &b"import os"[..]), ("repo/reader/json.py", b""), ("repo/spec/packs.md", b"lies")]
    {
        let before = std::fs::read(world.path(name)).ok();
        world.write(name, bytes);
        let (exit, report) = world.json(&["-r", "repo", "check"]);
        assert_eq!((exit, &report["problems"][0]["code"]), (3, &"guide-strange".into()), "{name}: {report}");
        assert!(report["problems"][0]["message"].as_str().unwrap().contains("do not run"), "{report}");
        // What was said is known, and a snap neither hides nor mends it: nothing is ever changed in place.
        assert_eq!(world.json(&["-r", "repo", "check"]).0, 0);
        assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
        assert_eq!(std::fs::read(world.path(name)).unwrap(), bytes);
        match before {
            Some(before) => world.write(name, &before),
            None => std::fs::remove_file(world.path(name)).unwrap(),
        }
        assert_eq!(world.json(&["-r", "repo", "check"]).0, 0);
    }
}

#[test]
fn guides_that_are_absent_are_written_by_the_next_snap() {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    let whole = tree(&world.path("repo/reader"));
    std::fs::remove_file(world.path("repo/README.txt")).unwrap();
    let (exit, report) = world.json(&["-r", "repo", "check"]);
    assert_eq!((exit, &report["guides_absent"]), (0, &serde_json::json!(["README.txt"])));
    std::fs::remove_dir_all(world.path("repo/reader")).unwrap();
    let (exit, report) = world.json(&["-r", "repo", "check"]);
    assert_eq!((exit, &report["problems"][0]["code"]), (3, &"guide-missing".into()));
    let (exit, report) = world.json(&["-r", "repo", "snap", "photos"]);
    assert_eq!(exit, 0, "{report}");
    assert_eq!(tree(&world.path("repo/reader")), whole);
    let (exit, report) = world.json(&["-r", "repo", "check"]);
    assert_eq!((exit, &report["guides_absent"]), (0, &serde_json::json!([])));
}

#[test]
fn the_program_gives_out_the_format_and_the_reader() {
    let world = World::with_repository();
    let whole = stdout(&world.run(&["spec"]));
    for (name, bytes) in tree(&world.path("repo/spec")) {
        let text = String::from_utf8(bytes).unwrap();
        assert!(whole.contains(&text), "{}", name.display());
        assert_eq!(stdout(&world.run(&["spec", name.to_str().unwrap()])), text);
    }
    let none = world.run(&["spec", "pcaks"]);
    assert_eq!(code(&none), 2);
    assert!(stderr(&none).contains("packs"), "{}", stderr(&none));
    assert_eq!(code(&world.run(&["reader", "--extract", "out/reader"])), 0);
    assert_eq!(tree(&world.path("out/reader")), tree(&world.path("repo/reader")));
    assert_eq!(code(&world.run(&["reader", "--extract", "out"])), 2);
    let (exit, report) = world.json(&["reader"]);
    assert_eq!((exit, report["files"].as_array().unwrap().len()), (0, tree(&world.path("repo/reader")).len()));
}
