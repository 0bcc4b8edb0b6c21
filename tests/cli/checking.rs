//! Checking, and the tour that ends with it.

use crate::world::{World, code, stderr, stdout};

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
