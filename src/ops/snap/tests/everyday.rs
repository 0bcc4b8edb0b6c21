//! What nobody misses, what is only in a cloud, clocks and rot.

use super::{World, fill};
use crate::clock::Timestamp;
use crate::ops::Outcome;
use crate::ops::snap::{SnapOptions, SnapReport, SnapSource, snap};
use crate::progress::Silent;
use crate::repo::{Credentials, Entropy, Local, NewProtection, Repository, Surroundings};
use crate::scan::{Fault, FileSystem, Source};
use std::sync::Arc;
use std::time::Duration;

fn snap_with(world: &World, options: &SnapOptions) -> SnapReport {
    world.clock.advance(Duration::from_secs(60));
    let source = SnapSource { source: world.source.clone(), path: b"/home/photos".to_vec(), label: None, repository_inside: None };
    snap(&world.repository, &[source], options, &Silent).unwrap()
}

fn codes(report: &SnapReport) -> Vec<&'static str> {
    report.problems.iter().map(|problem| problem.code).collect()
}

fn exit_code(report: &SnapReport) -> u8 {
    Outcome::of(&report.problems).exit_code()
}

fn plain() -> World {
    World::new(&NewProtection::Plain, 1)
}

#[test]
fn what_systems_strew_is_left_out_counted_and_not_called_gone() {
    let world = plain();
    world.source.add_file("a.jpg", "a").add_file(".DS_Store", "12345").add_file("2019/.DS_Store", "123");
    world.source.add_file("$RECYCLE.BIN/x/old.jpg", "old").add_file("Fotos.photoslibrary/database/Photos.sqlite-shm", "shm");
    world.source.add_file("Fotos.photoslibrary/resources/.DS_Store", "kept");
    let all = snap_with(&world, &SnapOptions { no_default_excludes: true, ..SnapOptions::default() });
    assert_eq!((all.sources[0].files, all.sources[0].excluded.len()), (6, 0));
    let report = snap_with(&world, &SnapOptions::default());
    let source = &report.sources[0];
    assert_eq!((source.files, source.gone_files, exit_code(&report)), (2, 0, 0), "{report:?}");
    let excluded: Vec<(&str, u64, u64, u64)> =
        source.excluded.iter().map(|rule| (rule.rule.as_str(), rule.entries, rule.files, rule.bytes)).collect();
    assert_eq!(excluded, [("$RECYCLE.BIN", 1, 1, 3), ("*-shm", 1, 1, 3), (".DS_Store", 2, 2, 8)]);
    assert!(world.files().contains_key(&b"Fotos.photoslibrary/resources/.DS_Store"[..]));
}

#[test]
fn a_persons_rules_come_from_the_command_and_from_a_file() {
    let world = plain();
    world.source.add_file("a.jpg", "a").add_file("a.tmp", "t").add_file("raw/b.cr2", "b").add_file(".tintypeignore", "/raw/\n[\n");
    let report = snap_with(&world, &SnapOptions { exclude: vec!["*.tmp".to_owned()], ..SnapOptions::default() });
    assert_eq!(world.files().into_keys().collect::<Vec<_>>(), [b".tintypeignore".to_vec(), b"a.jpg".to_vec()]);
    assert_eq!((codes(&report), exit_code(&report)), (vec!["rule-not-understood"], 3));
    let source = SnapSource { source: world.source.clone(), path: b"/home/photos".to_vec(), label: None, repository_inside: None };
    let wrong = SnapOptions { exclude: vec!["[".to_owned()], ..SnapOptions::default() };
    assert_eq!(snap(&world.repository, &[source], &wrong, &Silent).unwrap_err().code(), "usage");
}

#[test]
fn what_is_only_in_a_cloud_is_not_read_but_carried_or_named() {
    let world = plain();
    world.source.add_file("kept.heic", "was here").add_file("evicted.heic", "was here too").add_file("c.jpg", "c");
    world.snap();
    // One is evicted in place, of one a small file is left, and one was never here.
    world.source.set_placeholder("evicted.heic", true);
    world.source.remove("kept.heic").add_file(".kept.heic.icloud", "bplist00").add_file(".never.heic.icloud", "bplist00");
    let read_before = world.source.read_bytes();
    let report = world.snap();
    assert_eq!(world.source.read_bytes(), read_before, "nothing was downloaded");
    let source = &report.sources[0];
    assert_eq!((exit_code(&report), source.not_saved_count, source.gone_files, source.files), (3, 3, 0, 3), "{report:?}");
    assert!(source.cloud_only == 3 && source.not_saved.iter().all(|not_saved| not_saved.cloud_only), "{report:?}");
    let kept: Vec<(&str, bool)> =
        source.not_saved.iter().map(|not_saved| (not_saved.path.as_str(), not_saved.kept_from.is_some())).collect();
    assert!(
        kept.contains(&("evicted.heic", true)) && kept.contains(&("kept.heic", true)) && kept.contains(&("never.heic", false)),
        "{kept:?}"
    );
    assert!(source.not_saved.iter().all(|not_saved| not_saved.reason.contains("cloud")), "{:?}", source.not_saved);
    assert_eq!(world.files()[&b"kept.heic"[..]], b"was here");
    let again = world.snap();
    assert_eq!(exit_code(&again), 0, "known by now: {:?}", again.problems);
    let report = snap_with(&world, &SnapOptions { download_placeholders: true, ..SnapOptions::default() });
    assert_eq!(report.sources[0].not_saved_count, 2, "what can be read by reading is: {report:?}");
}

/// A card: times in the zone of who looks, and a ctime that says nothing.
fn card(world: &World) -> FileSystem {
    let card =
        FileSystem { keeps_owner: false, ctime_means_change: false, name: "vfat".to_owned(), ..world.source.file_system(b"").unwrap() };
    world.source.set_file_system("", 1, card.clone());
    card
}

fn shift(world: &World, paths: &[&str], seconds: i64) {
    for path in paths {
        world.source.edit_stat(path, |stat| stat.mtime = Timestamp { seconds: stat.mtime.seconds + seconds, ..stat.mtime });
    }
}

#[test]
fn summer_time_on_a_card_is_a_clock_and_not_a_change() {
    let world = plain();
    card(&world);
    let paths = ["DCIM/a.jpg", "DCIM/b.jpg", "DCIM", ""];
    world.source.add_file("DCIM/a.jpg", "a").add_file("DCIM/b.jpg", "b");
    let first = world.snap();
    // The ninetieth that is due on a day is read on any day: here none of the two is.
    shift(&world, &paths, 3600);
    let report = world.snap();
    let source = &report.sources[0];
    assert_eq!((source.read_files, source.clock_shift_seconds, exit_code(&report)), (0, 3600, 0), "{report:?}");
    assert_eq!(codes(&report), ["clock-shifted"]);
    assert_eq!(report.stored.packs, 0, "not even a folder is written anew");
    // A photo that is taken in summer is new, and goes on to be known when winter comes.
    world.source.add_file("DCIM/c.jpg", "c");
    assert_eq!(world.snap().sources[0].new_files, 1);
    assert_eq!(world.snap().sources[0].read_files, 0);
    shift(&world, &["DCIM/a.jpg", "DCIM/b.jpg", "DCIM/c.jpg", "DCIM", ""], -3600);
    let winter = world.snap();
    assert_eq!((winter.sources[0].read_files, winter.sources[0].clock_shift_seconds), (0, 0), "{winter:?}");
    assert_eq!(first.sources[0].clock_shift_seconds, 0);
}

#[test]
fn one_file_an_hour_later_or_all_by_odd_times_is_a_change() {
    let world = plain();
    card(&world);
    world.source.add_file("a.jpg", "a").add_file("b.jpg", "b");
    world.snap();
    shift(&world, &["a.jpg"], 3600);
    assert_eq!(world.snap().sources[0].read_files, 1);
    shift(&world, &["a.jpg", "b.jpg"], 1000);
    assert_eq!(world.snap().sources[0].read_files, 2);
}

#[test]
fn other_bytes_under_the_same_facts_are_an_alarm_and_both_are_kept() {
    let world = plain();
    world.source.add_file("a.jpg", "a good picture").add_file("b.jpg", "b");
    let before = world.snap();
    let stat = world.source.stat(b"a.jpg").unwrap();
    world.source.add_file("a.jpg", "a good pictur?").edit_stat("a.jpg", |now| *now = stat.clone());
    assert_eq!(world.snap().sources[0].read_files, 0, "nothing says that it changed");
    let report = snap_with(&world, &SnapOptions { reread: true, ..SnapOptions::default() });
    assert_eq!((codes(&report), exit_code(&report), report.sources[0].rotten_files), (vec!["source-rotten"], 3, 1), "{report:?}");
    assert_eq!(world.files()[&b"a.jpg"[..]], b"a good pictur?");
    let heads = world.heads();
    let sealed = heads.latest().unwrap().sealed.as_ref().unwrap();
    assert_eq!(sealed.keep.len(), 1, "the snapshot with the earlier version is kept");
    assert_ne!(sealed.keep[0].snapshot.hex(), report.snapshot);
    assert_ne!(before.snapshot, report.snapshot);
    world.snap();
    assert_eq!(world.heads().latest().unwrap().sealed.as_ref().unwrap().keep.len(), 1, "and goes on to be kept");
    // Somebody who writes is no rot.
    world.source.add_file("b.jpg", "c");
    assert!(codes(&snap_with(&world, &SnapOptions { reread: true, ..SnapOptions::default() })).is_empty());
}

#[test]
fn on_a_card_every_file_is_read_again_within_ninety_days_and_rot_is_found() {
    let world = plain();
    card(&world);
    for number in 0..200 {
        world.source.add_file(format!("{number}.jpg"), format!("picture {number}").as_str());
    }
    world.snap();
    let stat = world.source.stat(b"7.jpg").unwrap();
    world.source.add_file("7.jpg", "pictur? 7").edit_stat("7.jpg", |now| *now = stat.clone());
    let (mut read, mut alarms) = (0, 0);
    for _ in 0..90 {
        world.clock.advance(Duration::from_secs(86_400));
        let report = world.snap();
        read += report.sources[0].read_files;
        alarms += report.sources[0].rotten_files;
    }
    println!("90 nights: {read} of 200 files were read again, {alarms} alarm");
    assert_eq!((read, alarms), (200, 1));
}

#[test]
fn the_repository_is_known_by_what_it_holds_wherever_it_lies_in_a_source() {
    let world = plain();
    let file = world.store.bytes_of("tintype.json").unwrap();
    world.source.add_file("a.jpg", "a");
    for (folder, bytes) in [("way/repo", &file[..]), ("other", b"{}")] {
        world.source.add_file(format!("{folder}/tintype.json"), bytes).add_file(format!("{folder}/packs/x"), "x");
        world.source.add_file(format!("{folder}/snapshots/y"), "y");
    }
    // A copy of the one file among photos makes no repository of them.
    world.source.add_file("photos/tintype.json", &file[..]).add_file("photos/b.jpg", "b");
    let report = snap_with(&world, &SnapOptions::default());
    assert_eq!(report.sources[0].repository_inside.as_deref(), Some("way/repo"));
    let files = world.files();
    assert!(!files.contains_key(&b"way/repo/packs/x"[..]) && files.contains_key(&b"other/packs/x"[..]));
    assert!(files.contains_key(&b"photos/b.jpg"[..]) && files.contains_key(&b"photos/tintype.json"[..]));
    let whole = crate::scan::MemorySource::new();
    whole.add_file("tintype.json", &file[..]).add_file("packs/x", "x").add_file("snapshots/y", "y");
    let source = SnapSource { source: std::sync::Arc::new(whole), path: b"/mnt/repo".to_vec(), label: None, repository_inside: None };
    let refused = snap(&world.repository, &[source], &SnapOptions::default(), &Silent).unwrap_err();
    assert_eq!((refused.code(), refused.exit_code()), ("source-in-repository", 2));
}

/// Somebody comes back after a year, with a machine that knows nothing any more: what is there is known again by its bytes, what is gone
/// is told as gone since that day, and what could not be read then is news once more.
#[test]
fn after_a_year_on_a_machine_without_state_it_goes_on() {
    let mut world = World::new(&NewProtection::Plain, 2);
    fill(&world.source);
    world.source.add_file("never", "never").fail("never", Fault::PermissionDenied);
    let first = world.snap();
    assert_eq!(exit_code(&world.snap()), 0);
    let files = world.files();
    let local = tempfile::tempdir().unwrap();
    let dirs = Local {
        cache_dir: Some(local.path().join("cache")),
        state_dir: Some(local.path().join("state")),
        host: "mac".to_owned(),
        ..Local::default()
    };
    let surroundings =
        Surroundings { clock: world.clock.clone(), entropy: Arc::new(Entropy::seeded(8)), local: Arc::new(dirs), threads: 2 };
    world.repository = Repository::open(Arc::new(world.store.clone()), &Credentials::None, surroundings).unwrap();
    world.clock.advance(Duration::from_secs(365 * 86_400));
    world.source.remove("2019/08");
    let report = world.snap();
    let source = &report.sources[0];
    assert_eq!((exit_code(&report), source.not_saved[0].known_since.as_ref()), (3, None), "{:?}", report.problems);
    assert_eq!((source.since.as_ref().is_some_and(|since| *since >= first.time), source.new_files, source.gone_files), (true, 0, 1));
    assert_eq!((source.changed_files, source.new_bytes), (0, 0));
    assert_eq!(world.files().len(), files.len() - 1);
    assert_eq!(exit_code(&world.snap()), 0);
}

/// What was well in between is news when it happens again.
#[test]
fn a_second_loss_and_a_second_refusal_are_news_again() {
    let world = plain();
    let names: Vec<String> = (0..12).map(|number| format!("{number}.jpg")).collect();
    let put = || names.iter().for_each(|name| _ = world.source.add_file(name, name.as_str()));
    let take = || names.iter().take(8).for_each(|name| _ = world.source.remove(name));
    put();
    world.snap();
    for _ in 0..2 {
        take();
        assert_eq!(exit_code(&world.snap()), 3);
        assert_eq!(exit_code(&world.snap()), 0);
        put();
        assert_eq!(exit_code(&world.snap()), 0);
    }
    for edited in ["once", "twice"] {
        world.source.add_file("1.jpg", edited).fail("1.jpg", Fault::PermissionDenied);
        assert_eq!((exit_code(&world.snap()), exit_code(&world.snap())), (3, 0));
        world.source.heal("1.jpg");
        assert_eq!(exit_code(&world.snap()), 0);
    }
}
