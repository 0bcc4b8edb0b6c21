//! Tests of the verdict by objects: with the key the trees of every snapshot are walked, also in a quick audit.

use super::support::{Machine, NOW, Packed, Sample, Writer, photo};
use crate::format::{Content, Counts, Entry, Facts, FileContent, FileHash, Folder, FolderPage, ObjectKind, PackKind, Page, Pieces};
use crate::ops::SnapshotRef;
use crate::ops::check::{CheckOptions, CheckReport, Depth, SnapshotState};
use crate::ops::restore::{MemoryLimits, MemoryTarget, RestoreOptions, plan_restore};
use crate::ops::snapshots::{SnapshotsOptions, snapshots};
use crate::progress::Silent;
use crate::repo::{Credentials, Repository};
use crate::store::MemoryStore;
use std::sync::Arc;

fn check(store: &MemoryStore, key: &Credentials, depth: Depth) -> (u8, Vec<&'static str>) {
    let report = Machine::new().check(Arc::new(store.clone()), key, depth).unwrap();
    (report.exit_code, codes(&report))
}

fn codes(report: &CheckReport) -> Vec<&'static str> {
    let mut codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
    codes.dedup();
    codes
}

/// The same at every depth.
fn says(store: &MemoryStore, key: &Credentials, expected: (u8, &[&str]), context: &str) {
    for depth in [Depth::Quick, Depth::ReadData] {
        let (exit, codes) = check(store, key, depth);
        assert_eq!((exit, &codes[..]), expected, "{context}, {depth:?}");
    }
}

fn flip(store: &MemoryStore, path: &str) {
    let mut bytes = store.bytes_of(path).unwrap();
    bytes[130] ^= 1;
    store.set_bytes(path, bytes);
}

fn file(name: &str, raw: &[u8]) -> Entry {
    let hash = FileHash(*blake3::hash(raw).as_bytes());
    let content = FileContent { length_bytes: raw.len() as u64, hash, pieces: Pieces::One, picture: Vec::new(), link_group: None };
    Entry { name: name.into(), content: Content::File(content), facts: Facts::default(), sections: Vec::new() }
}

/// A root folder of these pages, as they are.
fn root_of(writer: &mut Writer, pages: &[Vec<Entry>]) -> (Packed, Entry) {
    let mut objects = Vec::new();
    let mut folder = Folder::default();
    let mut counts = Counts { folders: 1, ..Counts::default() };
    for entries in pages {
        let raw = Page { entries: entries.clone() }.encode();
        let (id, first) = (ObjectKind::Page.id_of(&raw), entries[0].name.clone());
        folder.pages.push(FolderPage { id, first, entry_count: entries.len() as u32 });
        objects.push((ObjectKind::Page, raw));
        for entry in entries {
            let Content::File(file) = &entry.content else { continue };
            counts.files += 1;
            counts.bytes += file.length_bytes;
        }
    }
    let raw = folder.encode();
    let id = ObjectKind::Folder.id_of(&raw);
    objects.push((ObjectKind::Folder, raw));
    writer.counts.insert(id, counts);
    let root = Entry { name: b"Pictures".to_vec(), content: Content::Folder(id), facts: Facts::default(), sections: Vec::new() };
    (writer.pack(PackKind::Meta, &objects), root)
}

#[test]
fn trees_that_are_wrong_wherever_they_lie_are_damage_to_a_quick_audit() {
    let sample = Sample::new(true);
    let key = sample.writer.key();
    let meta = sample.meta[1].file();
    let store = sample.store();
    flip(&store, &meta.path());
    assert_eq!(check(&store, &key, Depth::Quick), (4, vec!["copy-damaged"]));
    flip(&store, &meta.in_second().path());
    let report = Machine::new().check(Arc::new(store.clone()), &key, Depth::Quick).unwrap();
    assert_eq!((report.exit_code, codes(&report)), (5, vec!["object-damaged"]));
    assert_eq!(report.snapshots.iter().map(|one| one.state).collect::<Vec<_>>(), [SnapshotState::Complete, SnapshotState::Damaged]);
    assert_eq!(check(&store, &Credentials::None, Depth::Quick), (0, vec![]), "without the key nobody can tell");
    let store = sample.store();
    flip(&store, &meta.path());
    store.delete(&meta.in_second().path());
    assert_eq!(check(&store, &key, Depth::Quick), (5, vec!["object-damaged", "copy-missing"]));
}

#[test]
fn names_and_pages_that_are_not_allowed_are_found_by_every_audit() {
    let (a, b) = (photo(0), photo(1));
    let cases = [
        ("good pages", vec![vec![file("a", &a)], vec![file("b", &b)]], (0, &[][..])),
        ("a forbidden name", vec![vec![file("../a", &a)], vec![file("b", &b)]], (5, &["tree-damaged"][..])),
        ("overlapping pages", vec![vec![file("a", &a), file("c", &b)], vec![file("b", &b)]], (5, &["tree-damaged"][..])),
    ];
    for (context, pages, expected) in cases {
        let mut writer = Writer::new(true);
        let data = writer.data(&[&a, &b]);
        let (meta, root) = root_of(&mut writer, &pages);
        let segment = writer.segment(&[&data, &meta]);
        writer.manifest(NOW - 9, &root, None, &[&data, &meta], &[&segment], &[]);
        says(&writer.store, &writer.key(), expected, context);
    }
}

#[test]
fn a_snapshot_is_judged_by_its_objects_whichever_packs_hold_them() {
    let photos = [photo(0), photo(1)];
    // Whether the second photo's pack is here, listed by a segment, and named by the manifest.
    for (here, listed, named, expected) in [
        (true, true, true, (0, &[][..])),
        (true, false, true, (0, &[])),
        (true, true, false, (4, &["needs-wrong"][..])),
        (true, false, false, (4, &["needs-wrong"])),
        (false, false, false, (5, &["object-missing"])),
        (false, true, false, (5, &["object-missing"])),
        (false, true, true, (6, &["pack-incomplete"])),
    ] {
        let mut writer = Writer::new(true);
        let packs = [writer.data(&[&photos[0]]), writer.data(&[&photos[1]])];
        let (meta, root) = writer.tree(&[("a", &photos[0]), ("b", &photos[1])]);
        let mut in_segment = vec![&packs[0], &meta];
        let mut in_needs = in_segment.clone();
        in_segment.extend(listed.then_some(&packs[1]));
        in_needs.extend(named.then_some(&packs[1]));
        let segment = writer.segment(&in_segment);
        let manifest = writer.manifest(NOW - 9, &root, None, &in_needs, &[&segment], &[]);
        if !here {
            writer.store.delete(&packs[1].file().path());
        }
        let context = format!("here {here}, listed {listed}, named {named}");
        says(&writer.store, &writer.key(), expected, &context);
        for depth in [Depth::Quick, Depth::ReadData] {
            let options = CheckOptions { snapshots: vec![SnapshotRef::Id(manifest.hash.hex())], depth };
            let report = Machine::new().check_with(Arc::new(writer.store.clone()), &writer.key(), &options).unwrap();
            assert_eq!((report.exit_code, &codes(&report)[..]), expected, "{context}, this snapshot alone, {depth:?}");
        }
    }
}

#[test]
fn only_the_snapshot_that_names_too_few_packs_is_said_to() {
    let mut writer = Writer::new(true);
    let raw = photo(0);
    let data = writer.data(&[&raw]);
    let (meta, root) = writer.tree(&[("a", &raw)]);
    let segment = writer.segment(&[&data, &meta]);
    let older = writer.manifest(NOW - 99, &root, None, &[&meta], &[&segment], &[]);
    writer.manifest(NOW - 9, &root, None, &[&data, &meta], &[&segment], &[older]);
    let report = Machine::new().check(Arc::new(writer.store.clone()), &writer.key(), Depth::Quick).unwrap();
    let said: Vec<_> = report.problems.iter().map(|problem| (problem.code, problem.object.clone())).collect();
    assert_eq!(said, [("needs-wrong", Some(older.path()))], "the newer one was walked first, and its tree is the same");
}

#[test]
fn a_replaced_pack_whose_replacements_no_segment_lists_sets_no_code() {
    let mut sample = Sample::new(true);
    let halves = [sample.writer.data(&[&photo(2)]), sample.writer.data(&[&photo(3)])];
    sample.writer.instead(&sample.data[1], &[&halves[0], &halves[1]]);
    let (store, key) = (sample.store(), sample.writer.key());
    store.delete(&sample.data[1].file().path());
    says(&store, &key, (0, &[]), "replaced");
    let report = Machine::new().check(Arc::new(store.clone()), &key, Depth::ReadData).unwrap();
    assert_eq!(report.replaced_packs, 1);
}

#[test]
fn counts_that_are_not_those_of_the_tree_are_damage() {
    type Change = fn(&mut Counts);
    let changes: [(&str, Change, bool); 9] = [
        ("none", |_| {}, true),
        ("skipped", |counts| counts.skipped += 1, true),
        ("a file more", |counts| counts.files += 1, false),
        ("a file less", |counts| counts.files -= 1, false),
        ("a folder more", |counts| counts.folders += 1, false),
        ("no folder", |counts| counts.folders = 0, false),
        ("a link", |counts| counts.symlinks += 1, false),
        ("a byte less", |counts| counts.bytes -= 1, false),
        ("all bytes there are", |counts| counts.bytes = u64::MAX, false),
    ];
    for (context, change, right) in changes {
        let mut writer = Writer::new(false);
        let (a, b) = (photo(0), photo(1));
        let data = writer.data(&[&a, &b]);
        let (meta, root) = writer.tree(&[("a", &a), ("b", &b)]);
        writer.counts.values_mut().for_each(change);
        let segment = writer.segment(&[&data, &meta]);
        writer.manifest(NOW - 9, &root, None, &[&data, &meta], &[&segment], &[]);
        let expected: (u8, &[&str]) = if right { (0, &[]) } else { (5, &["tree-damaged"]) };
        says(&writer.store, &writer.key(), expected, context);
    }
}

#[test]
fn a_tree_that_contains_itself_again_and_again_is_counted_in_no_time() {
    let mut writer = Writer::new(false);
    let mut objects = Vec::new();
    let raw = Folder::default().encode();
    let mut id = ObjectKind::Folder.id_of(&raw);
    objects.push((ObjectKind::Folder, raw));
    for _ in 0..100 {
        let entry = |name: &str| Entry { name: name.into(), content: Content::Folder(id), facts: Facts::default(), sections: Vec::new() };
        let raw = Page { entries: vec![entry("a"), entry("b")] }.encode();
        let folder = Folder { pages: vec![FolderPage { id: ObjectKind::Page.id_of(&raw), first: b"a".to_vec(), entry_count: 2 }] };
        objects.push((ObjectKind::Page, raw));
        let raw = folder.encode();
        id = ObjectKind::Folder.id_of(&raw);
        objects.push((ObjectKind::Folder, raw));
    }
    let meta = writer.pack(PackKind::Meta, &objects);
    let segment = writer.segment(&[&meta]);
    writer.counts.insert(id, Counts { folders: 201, ..Counts::default() });
    let root = Entry { name: b"Pictures".to_vec(), content: Content::Folder(id), facts: Facts::default(), sections: Vec::new() };
    writer.manifest(NOW - 9, &root, None, &[&meta], &[&segment], &[]);
    says(&writer.store, &writer.key(), (5, &["tree-damaged"]), "2 to the 100th folders");
}

#[test]
fn check_and_restore_agree_about_a_pack_that_is_not_whole() {
    let sample = Sample::new(true);
    let key = sample.writer.key();
    let data = sample.data[1].file().path();
    for harm in ["absent", "short", "zeros"] {
        for (saw, expected) in [(false, 6), (true, 5)] {
            let (store, machine) = (sample.store(), Machine::new());
            if saw {
                assert_eq!(machine.exit(&store, &key, Depth::Quick), 0);
            }
            let bytes = store.bytes_of(&data).unwrap();
            match harm {
                "absent" => _ = store.delete(&data),
                "short" => store.set_bytes(&data, bytes[..bytes.len() / 3].to_vec()),
                _ => store.set_bytes(&data, vec![0; bytes.len()]),
            }
            let repository = Repository::open(Arc::new(store.clone()), &key, machine.surroundings()).unwrap();
            let target = Arc::new(MemoryTarget::new(MemoryLimits::default()));
            let plan = plan_restore(&repository, target, &RestoreOptions::default(), &Silent).unwrap();
            let restored = plan.run(&Silent).unwrap();
            let checked = machine.exit(&store, &key, Depth::ReadData);
            assert_eq!((restored.exit_code(), checked), (expected, expected), "{harm}, saw {saw}: {:?}", restored.problems);
            let code = if saw { "file-damaged" } else { "object-missing" };
            assert!(restored.left_out.iter().any(|left_out| left_out.code == code), "{harm}: {:?}", restored.left_out);
        }
    }
}

#[test]
fn a_needs_page_that_is_read_from_its_second_place_is_said_by_the_list_of_snapshots() {
    let sample = Sample::new(true);
    let (machine, store, key) = (Machine::new(), sample.store(), sample.writer.key());
    store.delete(&sample.manifests[1].path());
    for (absent, code) in [(false, "copy-damaged"), (true, "copy-missing")] {
        match absent {
            true => _ = store.delete(&sample.page.path()),
            false => flip(&store, &sample.page.path()),
        }
        let repository = Repository::open(Arc::new(store.clone()), &key, machine.surroundings()).unwrap();
        let report = snapshots(&repository, &SnapshotsOptions::default()).unwrap();
        assert!(report.problems.iter().any(|problem| (problem.code, problem.object.as_deref()) == (code, Some(&sample.page.path()))));
        assert_eq!(report.exit_code(), 4);
    }
}
