//! Snaps of what is not connected: drives mounted in a source, whole sources, and what was kept of them and is lost.

use super::hardship::{exit, source};
use super::{World, fill};
use crate::ops::Severity;
use crate::ops::objects::RepoObjects;
use crate::ops::snap::{SnapOptions, SnapReport, SnapSource, snap};
use crate::progress::Silent;
use crate::repo::{NewProtection, ObjectReader, SourceRecord};
use crate::scan::{Content as Bytes, Fault, FileSystem, MemorySource, Source, Special};
use crate::tree::{self, Bounds, Carried, Content, Counts, Entry, Next, ReportItem, ReportWhat, Step, tags};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const DRIVE: u64 = 2;

fn file_system(source: &MemorySource) -> FileSystem {
    source.file_system(b"").unwrap()
}

/// Photos with a drive mounted among them.
fn with_drive(world: &World) {
    world.source.add_file("a.jpg", "a");
    for photo in ["drive/2019/one", "drive/2019/two", "drive/2020/three", "drive/top"] {
        world.source.add_file(photo, format!("bytes of {photo}").as_str());
    }
    world.source.set_file_system("drive", DRIVE, file_system(&world.source));
}

/// Takes the drive away; below its mount point lies nothing.
fn unmount(source: &MemorySource) {
    let file_system = file_system(source);
    source.remove("drive").add_folder("drive").set_file_system("drive", 1, file_system);
}

fn paths(world: &World) -> Vec<String> {
    world.files().into_keys().map(|path| String::from_utf8(path).unwrap()).collect()
}

/// The records of the newest snapshot: their counts agree with their trees, and the lists of what was not saved with both.
fn records(world: &World) -> Vec<(SourceRecord, BTreeMap<String, Entry>, Vec<ReportItem>)> {
    let manifest = world.newest();
    let reader = ObjectReader::with_segments(&world.repository, &manifest.public.segments).unwrap();
    let mut records = Vec::new();
    for record in manifest.sealed.unwrap().sources {
        let (mut found, mut entries) = (Counts { ..record.counts }, BTreeMap::new());
        (found.files, found.folders, found.symlinks, found.bytes) = (0, 0, 0, 0);
        tree::walk(&RepoObjects(&reader), &record.root, b"", Bounds::of_depth(), &mut |step| {
            if let Step::Entry { path, entry } = step {
                match &entry.content {
                    Content::File(file) => (found.files, found.bytes) = (found.files + 1, found.bytes + file.length_bytes),
                    Content::Folder(_) => found.folders += 1,
                    Content::Symlink(_) => found.symlinks += 1,
                }
                entries.insert(String::from_utf8(path.to_vec()).unwrap(), entry.clone());
            }
            Next::On
        });
        assert_eq!(found, record.counts);
        let items = record.report.map_or_else(Vec::new, |report| tree::report_items(&RepoObjects(&reader), report).unwrap());
        let of = |matters: &[ReportWhat]| items.iter().filter(|item| matters.contains(&item.what)).count() as u64;
        assert_eq!(of(&[ReportWhat::Unreadable, ReportWhat::Absent, ReportWhat::Lost]), record.counts.unreadable, "{items:?}");
        assert_eq!(items.iter().filter(|item| item.carried_from.is_some()).count() as u64, record.counts.carried, "{items:?}");
        records.push((record, entries, items));
    }
    records
}

fn is_mount(entry: &Entry) -> bool {
    entry.sections.iter().any(|section| section.tag == tags::MOUNT_POINT)
}

fn new_files(world: &World, before: &[String]) -> Vec<String> {
    world.store.names().into_iter().filter(|name| !before.contains(name)).collect()
}

#[test]
fn a_drive_that_is_away_keeps_what_was_on_it_beside_what_was_left_in_its_folder() {
    let world = World::new(&NewProtection::Plain, 1);
    with_drive(&world);
    let first = world.snap();
    unmount(&world.source);
    world.source.add_file("drive/2019/two", "another two").add_file("drive/stray", "stray");
    let report = world.snap();
    let told = &report.sources[0].not_saved;
    assert_eq!((exit(&report), told.len(), told[0].path.as_str()), (3, 1, "drive"), "{:?}", report.problems);
    assert!(told[0].reason.starts_with("the drive that was mounted here is not connected; "), "{}", told[0].reason);
    assert_eq!(told[0].kept_from.as_ref(), Some(&first.time));
    assert_eq!((report.sources[0].gone_files, report.sources[0].new_files, report.sources[0].changed_files), (0, 1, 1));
    let all = ["a.jpg", "drive/2019/one", "drive/2019/two", "drive/2020/three", "drive/stray", "drive/top"];
    assert_eq!(paths(&world), all);
    assert_eq!(world.files()[&b"drive/2019/two"[..]], b"another two");
    let (record, entries, items) = records(&world).remove(0);
    assert_eq!((record.counts.files, record.counts.carried, items.len()), (6, 1, 1));
    assert!(is_mount(&entries["drive"]) && Carried::of(&entries["drive"].sections).is_none());
    assert!(Carried::of(&entries["drive/2019/one"].sections).is_some() && Carried::of(&entries["drive/stray"].sections).is_none());
    // The next run does the same, and stores its manifest alone.
    let before = world.store.names();
    let again = world.snap();
    assert_eq!((exit(&again), again.sources[0].not_saved[0].kept_from.as_ref()), (0, Some(&first.time)), "{:?}", again.problems);
    assert_eq!((new_files(&world, &before).len(), records(&world).remove(0).1), (2, entries));
}

#[test]
fn a_drive_that_is_back_or_let_go_is_taken_as_it_is() {
    for let_go in [false, true] {
        let world = World::new(&NewProtection::Plain, 1);
        with_drive(&world);
        world.snap();
        unmount(&world.source);
        world.source.add_file("drive/stray", "stray");
        world.snap();
        if !let_go {
            world.source.remove("drive");
            with_drive(&world);
        }
        world.clock.advance(Duration::from_secs(60));
        let options = SnapOptions { allow_empty: let_go, ..SnapOptions::default() };
        let report = snap(&world.repository, &[source(&world.source, "/home/photos")], &options, &Silent).unwrap();
        let expected: &[&str] = if let_go {
            &["a.jpg", "drive/stray"]
        } else {
            &["a.jpg", "drive/2019/one", "drive/2019/two", "drive/2020/three", "drive/top"]
        };
        assert_eq!((paths(&world), report.sources[0].not_saved_count), (expected.iter().map(|path| (*path).to_owned()).collect(), 0));
        assert_eq!(report.sources[0].gone_files, if let_go { 4 } else { 1 });
        let (_, entries, _) = records(&world).remove(0);
        assert_eq!(is_mount(&entries["drive"]), !let_go);
        assert!(entries.values().all(|entry| Carried::of(&entry.sections).is_none()));
    }
}

#[test]
fn a_drive_whose_photos_were_moved_to_where_it_was_mounted_is_not_missed() {
    let world = World::new(&NewProtection::Plain, 1);
    with_drive(&world);
    world.snap();
    let file_system = file_system(&world.source);
    world.source.set_file_system("drive", 1, file_system);
    let report = world.snap();
    assert_eq!((exit(&report), report.sources[0].not_saved_count), (0, 0), "{:?}", report.problems);
    assert!(!is_mount(&records(&world).remove(0).1["drive"]));
    world.source.remove("drive/top");
    assert_eq!(world.snap().sources[0].gone_files, 1);
}

#[test]
fn a_folder_that_waits_for_its_drive_is_a_drive_that_is_away() {
    let world = World::new(&NewProtection::Plain, 1);
    with_drive(&world);
    world.snap();
    unmount(&world.source);
    let waiting = FileSystem { pseudo: true, name: "autofs".to_owned(), ..file_system(&world.source) };
    world.source.set_file_system("drive", 9, waiting);
    for expected in [3, 0] {
        let report = world.snap();
        assert_eq!((exit(&report), report.sources[0].gone_files, paths(&world).len()), (expected, 0, 5), "{:?}", report.problems);
        assert!(is_mount(&records(&world).remove(0).1["drive"]));
    }
}

#[test]
fn a_drive_within_a_drive_is_kept_with_it_and_told_with_it() {
    let world = World::new(&NewProtection::Plain, 1);
    with_drive(&world);
    world.source.add_file("drive/inner/deep", "deep");
    world.source.set_file_system("drive/inner", 3, file_system(&world.source));
    world.snap();
    unmount(&world.source);
    world.source.add_file("drive/inner/stray", "stray").set_file_system("drive/inner", 1, file_system(&world.source));
    let report = world.snap();
    assert_eq!((report.sources[0].not_saved_count, report.sources[0].gone_files), (1, 0), "{:?}", report.sources[0].not_saved);
    let (_, entries, _) = records(&world).remove(0);
    assert!(is_mount(&entries["drive"]) && is_mount(&entries["drive/inner"]) && entries.contains_key("drive/inner/deep"));
    // The inner drive alone is back: it is taken as it is.
    world.source.remove("drive/inner").add_file("drive/inner/other", "other");
    world.source.set_file_system("drive/inner", 3, file_system(&world.source));
    world.snap();
    let paths = paths(&world);
    assert!(paths.contains(&"drive/inner/other".to_owned()) && paths.contains(&"drive/top".to_owned()), "{paths:?}");
    assert!(!paths.contains(&"drive/inner/deep".to_owned()), "{paths:?}");
}

#[test]
fn a_source_that_is_a_drive_itself_keeps_what_was_on_it() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    let mounted = file_system(&world.source);
    world.source.set_parent_device(1).set_file_system("", DRIVE, mounted.clone());
    let first = world.snap();
    assert!(is_mount(&records(&world)[0].0.root));
    for name in ["a.jpg", "b.mov", "2019", "empty", "link"] {
        world.source.remove(name);
    }
    world.source.add_file("stray", "left here").add_special("socket", Special::Socket).set_file_system("", 1, mounted);
    for expected in [3, 0] {
        let report = world.snap();
        let told = &report.sources[0].not_saved;
        assert_eq!((exit(&report), told.len(), told[0].path.as_str()), (expected, 1, "/home/photos"), "{:?}", report.problems);
        assert_eq!((told[0].kept_from.as_ref(), report.sources[0].gone_files), (Some(&first.time), 0));
        let (record, entries, _) = records(&world).remove(0);
        assert!(is_mount(&record.root) && entries.contains_key("stray") && entries.contains_key("link"));
        assert_eq!((record.counts.files, record.counts.symlinks), (7, 1));
    }
    // In another place it is another folder, which is what it is.
    world.clock.advance(Duration::from_secs(60));
    let options = SnapOptions { continue_from: Some(world.newest().name), ..SnapOptions::default() };
    snap(&world.repository, &[source(&world.source, "/moved")], &options, &Silent).unwrap();
    assert_eq!(paths(&world), ["stray"]);
}

fn letters(world: &World) -> Arc<MemorySource> {
    let other = Arc::new(MemorySource::new());
    other.set_clock(world.clock.clone());
    other.add_file("letter", Bytes::Generated { seed: 77, length_bytes: 2_000_000 });
    other
}

fn both(world: &World, other: &Arc<MemorySource>) -> [SnapSource; 2] {
    [source(&world.source, "/photos"), source(other, "/letters")]
}

fn absence(report: &SnapReport) -> (&str, Severity) {
    let problem = report.problems.iter().find(|problem| problem.code == "source-absent").expect("it is said");
    (&problem.message, problem.severity)
}

#[test]
fn an_absent_source_names_the_snapshot_in_which_it_was_last_read() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    let other = letters(&world);
    let first = world.snap_all(&both(&world, &other));
    other.remove("letter");
    let mut roots = Vec::new();
    for severity in [Severity::Notice, Severity::Known, Severity::Known] {
        let before = world.store.names();
        let report = world.snap_all(&both(&world, &other));
        let (message, said) = absence(&report);
        assert!(message.ends_with(&format!("kept as it was on {}", first.time)) && said == severity, "{message}");
        let source = &report.sources[1];
        assert_eq!((source.absent, source.kept_from.as_ref(), source.files), (true, Some(&first.time), 1));
        assert_eq!(new_files(&world, &before).len(), 2);
        roots.push(records(&world).remove(0).0.root);
    }
    let carried = Carried::of(&roots[0].sections).expect("it says when it was read");
    assert_eq!(crate::ops::snap::rfc3339(world_time(&world, carried.read_in)), first.time);
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]));
    other.add_file("letter", Bytes::Generated { seed: 77, length_bytes: 2_000_000 });
    world.snap_all(&both(&world, &other));
    assert!(records(&world).remove(0).0.root.sections.is_empty());
}

fn world_time(world: &World, name: crate::repo::SnapshotName) -> tree::Time {
    let list = crate::repo::SnapshotList::take(&world.store, &world.repository.notices().unwrap()).unwrap();
    match world.repository.load_manifest(&list.first[&name.into()].0).unwrap() {
        crate::repo::Loaded::Good(manifest) => manifest.public.time,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_in_a_folder_that_was_carried_names_the_snapshot_in_which_the_folder_was_read() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    let first = world.snap();
    world.source.fail("2019", Fault::PermissionDenied);
    world.snap();
    world.source.heal("2019").touch("2019/07/IMG_1.json").fail("2019/07/IMG_1.json", Fault::PermissionDenied);
    let report = world.snap();
    assert_eq!(report.sources[0].not_saved[0].kept_from.as_ref(), Some(&first.time));
    records(&world);
}

#[test]
fn what_was_kept_and_is_lost_is_named_as_lost_and_counted() {
    let world = World::new(&NewProtection::Plain, 1);
    world.source.add_file("film", Bytes::Generated { seed: 1, length_bytes: 2_000_000 }).add_file("note", "a note");
    world.snap();
    world.source.fail("film", Fault::PermissionDenied).touch("film").fail("2020", Fault::PermissionDenied);
    world.packs(false).iter().for_each(|pack| _ = world.store.delete(pack));
    for expected in [3, 0, 0] {
        let report = world.snap();
        let told = &report.sources[0].not_saved;
        let words = "it could not be read (permission denied), and what was kept of it is lost";
        assert_eq!((exit(&report), told.len(), told[0].reason.as_str()), (expected, 1, words), "{:?}", report.problems);
        assert!(told[0].lost && told[0].kept_from.is_none());
        let problem = report.problems.iter().find(|problem| problem.code == "source-unreadable").unwrap();
        assert_eq!(problem.message, words);
        assert_eq!((report.sources[0].files, report.sources[0].lost), (1, u64::from(expected == 3)));
        let (_, _, items) = records(&world).remove(0);
        assert_eq!((items.len(), items[0].path.as_slice(), items[0].what), (1, &b"film"[..], ReportWhat::Lost));
        assert_eq!(paths(&world), ["note"]);
    }
    world.source.heal("film");
    assert_eq!((exit(&world.snap()), paths(&world).len(), records(&world)[0].2.len()), (0, 2, 0));
}

#[test]
fn what_is_lost_below_a_drive_that_is_away_stays_named() {
    let world = World::new(&NewProtection::Plain, 1);
    with_drive(&world);
    world.snap();
    let first = world.packs(false);
    world.source.add_file("drive/2019/film", Bytes::Generated { seed: 1, length_bytes: 2_000_000 });
    world.snap();
    let second: Vec<String> = world.packs(false).into_iter().filter(|pack| !first.contains(pack)).collect();
    second.iter().for_each(|pack| _ = world.store.delete(pack));
    unmount(&world.source);
    for expected in [3, 0] {
        let report = world.snap();
        let told: Vec<(&str, bool)> = report.sources[0].not_saved.iter().map(|told| (told.path.as_str(), told.lost)).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.contains(&("drive", false)) && told.contains(&("drive/2019/film", true)), "{told:?}");
        assert_eq!((exit(&report), records(&world).remove(0).0.counts.files), (expected, 5), "{:?}", report.problems);
    }
}

#[test]
fn what_is_lost_of_an_absent_source_is_not_called_kept() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    let other = letters(&world);
    world.snap_all(&both(&world, &other));
    world.packs(false).iter().for_each(|pack| _ = world.store.delete(pack));
    other.remove("letter");
    for severity in [Severity::Notice, Severity::Known] {
        let report = world.snap_all(&both(&world, &other));
        let (message, said) = absence(&report);
        assert!(message.ends_with("what was kept of it is lost") && said == severity, "{message}");
        assert_eq!((report.sources[1].files, report.sources[1].kept_from.is_none()), (0, true));
        assert_eq!((report.sources[1].not_saved[0].path.as_str(), report.sources[1].not_saved[0].lost), ("letter", true));
        let (record, _, items) = records(&world).remove(0);
        assert_eq!((record.counts.unreadable, items[0].what), (1, ReportWhat::Lost));
        assert_eq!(exit(&report), if severity == Severity::Notice { 3 } else { 0 }, "{:?}", report.problems);
    }
}

#[test]
fn a_path_that_was_never_saved_leaves_nothing_behind() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    let typo = |path: &str| SnapSource {
        source: Arc::new(crate::scan::MissingSource::not_found(path.into())),
        path: path.into(),
        label: None,
        repository_inside: None,
    };
    for _ in 0..2 {
        let report = world.snap_all(&[typo("/typo/photos"), source(&world.source, "/good/photos")]);
        let (message, severity) = absence(&report);
        assert!(message.starts_with("/typo/photos cannot be read") && message.ends_with("was never saved"), "{message}");
        assert_eq!((exit(&report), severity, report.sources.len()), (3, Severity::Notice, 1));
        assert_eq!((report.sources[0].label.as_str(), records(&world).len()), ("photos", 1));
    }
}

#[test]
fn sources_of_one_name_are_told_apart_by_the_folders_they_lie_in() {
    let world = World::new(&NewProtection::Plain, 1);
    let sources: Vec<SnapSource> = ["/a/p", "/b/p", "/c/b/p", "/p"]
        .iter()
        .zip([1, 2, 3, 4])
        .map(|(path, seed)| {
            let each = Arc::new(MemorySource::new());
            each.set_clock(world.clock.clone());
            each.add_file("photo", Bytes::Generated { seed, length_bytes: 1_000 });
            source(&each, path)
        })
        .collect();
    let report = world.snap_all(&sources);
    let labels: Vec<&str> = report.sources.iter().map(|source| source.label.as_str()).collect();
    assert_eq!(labels, ["p", "p (b)", "p (mac)", "p (mac) 2"]);
}

/// Where the system makes a folder when a drive is plugged in, it removes it when the drive is pulled out.
#[test]
fn a_mount_point_that_went_with_its_drive_is_a_drive_that_is_away() {
    let world = World::new(&NewProtection::Plain, 1);
    with_drive(&world);
    world.snap();
    world.source.remove("drive");
    for expected in [3, 0] {
        let report = world.snap();
        assert_eq!((exit(&report), report.sources[0].gone_files, paths(&world).len()), (expected, 0, 5), "{:?}", report.problems);
        assert_eq!(report.sources[0].not_saved[0].path, "drive");
        assert!(is_mount(&records(&world).remove(0).1["drive"]));
    }
    let options = SnapOptions { allow_empty: true, ..SnapOptions::default() };
    let report = snap(&world.repository, &[source(&world.source, "/home/photos")], &options, &Silent).unwrap();
    assert_eq!((report.sources[0].gone_files, paths(&world)), (4, vec!["a.jpg".to_owned()]));
}
