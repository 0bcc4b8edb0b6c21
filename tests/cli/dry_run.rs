//! What `restore --dry-run` says is what the restore then comes to, and how names and times read on a screen.

use super::world::{World, code, stderr, stdout, tree};
use std::process::Command;

fn with_snapshot() -> World {
    let world = World::with_repository();
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos"])), 0);
    world
}

/// The data pack that holds most of the photos: meta packs stand twice.
fn data_pack(world: &World) -> String {
    let packs = tree(&world.path("repo/packs"));
    let data = packs.into_iter().filter(|(path, _)| !world.path("repo/second/packs").join(path).exists());
    let (path, _) = data.max_by_key(|(_, bytes)| bytes.len()).expect("a pack");
    format!("packs/{}", path.display())
}

/// The exit codes of the dry run and of the restore, and what the dry run says.
fn both(world: &World, target: &str) -> (i32, i32, String) {
    let said = world.run(&["-r", "repo", "restore", "--target", target, "--dry-run"]);
    let done = world.run(&["-r", "repo", "restore", "--target", target]);
    (code(&said), code(&done), stdout(&said) + &stderr(&said))
}

#[test]
fn packs_that_are_gone_or_known_as_damaged_are_told_before_anything_is_written() {
    let world = with_snapshot();
    let (said, done, words) = both(&world, "good");
    assert_eq!((said, done), (0, 0), "{words}");
    assert!(words.contains("would restore 2 files") && words.contains("no photo was read"), "{words}");
    let pack = data_pack(&world);
    let path = world.path(&format!("repo/{pack}"));
    let good = std::fs::read(&path).expect("the pack");
    // Nobody has read the wrong byte yet: that is said to be unseen.
    let mut bad = good.clone();
    for byte in &mut bad[130..134] {
        *byte ^= 1;
    }
    std::fs::write(&path, &bad).expect("wrong bytes");
    assert_eq!(code(&world.run(&["-r", "repo", "restore", "--target", "unread", "--dry-run"])), 0);
    assert_eq!(code(&world.run(&["-r", "repo", "check", "--read-data"])), 5);
    let (said, done, words) = both(&world, "damaged");
    assert_eq!((said, done), (5, 5), "{words}");
    // The name is short, unless more words are wanted.
    let short = format!("{}….pack", &pack[..pack.len() - 5 - 56]);
    assert!(words.contains(&short) && !words.contains(&pack), "{words}");
    let whole = stdout(&world.run(&["-r", "repo", "restore", "--target", "damaged2", "--dry-run", "-v"]));
    assert!(whole.contains(&pack), "{whole}");
    std::fs::remove_file(&path).expect("it goes");
    // This machine saw it here; another one, or one that forgot, would wait for it.
    let (said, done, words) = both(&world, "gone");
    assert_eq!((said, done), (5, 5), "{words}");
    std::fs::remove_dir_all(world.path("home")).expect("the state");
    let (said, done, words) = both(&world, "missing");
    assert_eq!((said, done), (6, 6), "{words}");
    assert!(words.contains("would not be restored:") && words.contains("2019/a.jpg   a pack that holds it"), "{words}");
    assert!(!world.path("not made").exists());
    let (exit, report) = world.json(&["-r", "repo", "restore", "--target", "not made", "--dry-run"]);
    assert_eq!((exit, &report["dry_run"], &report["left_out_count"]), (6, &true.into(), &2.into()), "{report}");
}

#[test]
fn what_is_in_the_way_and_a_target_that_cannot_be_are_told() {
    let world = with_snapshot();
    world.write("mine/2019", b"a file where a folder belongs");
    world.write("mine/b.jpg", b"another");
    let words = ["-r", "repo", "restore", "--target", "mine", "--overwrite", "never"];
    let said = world.run(&[&words[..], &["--dry-run"]].concat());
    assert_eq!(code(&said), 3, "{said:?}");
    let told = stdout(&said);
    assert!(told.contains("1 there already: would be left as they are") && told.contains("2019   "), "{told}");
    assert_eq!(code(&world.run(&words)), 3);
    let (said, done, _) = both(&world, "mine");
    assert_eq!((said, done), (2, 2), "it is not empty");
    let (said, done, _) = both(&world, "photos/b.jpg/below");
    assert_eq!((said, done), (2, 2), "a file stands on the way");
}

#[test]
fn times_on_the_screen_are_local_and_to_the_minute() {
    let world = with_snapshot();
    world.write("other/c.jpg", b"another source");
    assert_eq!(code(&world.run(&["-r", "repo", "snap", "photos", "other"])), 0);
    std::fs::remove_dir_all(world.path("other")).expect("it goes");
    std::fs::remove_file(world.path(&format!("repo/{}", data_pack(&world)))).expect("it goes");
    let mut said = String::new();
    for _ in 0..2 {
        for words in
            [&["snap", "photos", "other"][..], &["snap", "photos", "other", "-v"], &["check"], &["restore", "no such", "--target", "x"]]
        {
            let output: std::process::Output = run_at(&world, words);
            said.push_str(&(stdout(&output) + &stderr(&output)));
        }
    }
    let output = run_at(&world, &["ls", "2001-01-01"]);
    said.push_str(&stderr(&output));
    assert!(said.contains("kept as it was on 20") && said.contains("no snapshot was taken at or before 2001-01-01 23:59"), "{said}");
    // Neither the T nor the Z of RFC 3339 stands behind a digit anywhere.
    let is_rfc3339 = |word: &str| word.len() > 19 && word.as_bytes()[4] == b'-' && word.as_bytes()[10] == b'T';
    let found: Vec<&str> = said.split([' ', '(', ')', '\n']).filter(|word| word.is_ascii() && is_rfc3339(word)).collect();
    assert!(found.is_empty(), "{found:?}\n{said}");
}

fn run_at(world: &World, words: &[&str]) -> std::process::Output {
    let mut command: Command = world.command(&[&["-r", "repo"], words].concat());
    command.output().expect("the program runs")
}
