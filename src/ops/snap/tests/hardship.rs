//! Snaps of a repository that lost something, and of a source that does not hold still.

use super::{World, encrypted, fill};
use crate::clock::Timestamp;
use crate::ops::snap::identity::Identity;
use crate::ops::snap::run::refuse_to_follow;
use crate::ops::snap::{SnapOptions, SnapReport, SnapSource, snap};
use crate::ops::{Outcome, Severity};
use crate::progress::Silent;
use crate::repo::{Group, NewProtection, PackKind, PackRun, Publication, SnapshotList};
use crate::scan::{Content as Bytes, Fault, FileSystem, Listed, MemorySource, ScanError, Source, SourceFile, Special, Stat};
use crate::tree::{self, Content, Entry, Section, build_folder};
use std::sync::Arc;
use std::time::Duration;

pub(super) fn exit(report: &SnapReport) -> u8 {
    Outcome::of(&report.problems).exit_code()
}

pub(super) fn source(source: &Arc<MemorySource>, path: &str) -> SnapSource {
    SnapSource { source: source.clone(), path: path.as_bytes().to_vec(), label: None, repository_inside: None }
}

impl World {
    pub(super) fn snap_all(&self, sources: &[SnapSource]) -> SnapReport {
        self.clock.advance(Duration::from_secs(60));
        snap(&self.repository, sources, &SnapOptions::default(), &Silent).unwrap()
    }

    pub(super) fn packs(&self, second: bool) -> Vec<String> {
        let meta: Vec<String> =
            self.store.names().into_iter().filter_map(|name| Some(name.strip_prefix("second/packs/")?.to_owned())).collect();
        let names = self.store.names().into_iter().filter(|name| name.starts_with("packs/"));
        names.filter(|name| meta.iter().any(|meta| name.ends_with(meta.as_str())) == second).collect()
    }

    fn flip(&self, name: &str, at: usize) {
        let mut bytes = self.store.bytes_of(name).unwrap();
        bytes[at] ^= 1;
        self.store.set_bytes(name, bytes);
    }

    /// The newest manifest and its only source's root.
    pub(super) fn newest(&self) -> crate::repo::Manifest {
        let list = SnapshotList::take(&self.store, &self.repository.notices().unwrap()).unwrap();
        self.repository.latest(&list).unwrap().unwrap()
    }
}

#[test]
fn a_pack_that_is_gone_is_said_once_and_then_known() {
    let world = World::new(&encrypted(), 1);
    fill(&world.source);
    world.snap();
    world.store.delete(&world.packs(false)[0]);
    let report = world.snap();
    let problem = report.problems.iter().find(|problem| problem.code == "pack-missing").expect("it is said");
    assert_eq!((exit(&report), problem.severity), (3, Severity::Notice), "{problem:?}");
    assert!(problem.message.contains("of the last snapshots depended on it, and all of that was stored again"), "{}", problem.message);
    let again = world.snap();
    let problem = again.problems.iter().find(|problem| problem.code == "pack-missing").expect("it is repeated");
    assert!(exit(&again) == 0 && problem.message.contains("known since"), "{problem:?}");
    world.clock.advance(Duration::from_secs(31 * 86_400));
    assert_eq!(exit(&world.snap()), 3);
}

#[test]
fn what_depended_on_a_lost_pack_and_is_no_longer_in_the_source_is_counted() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    world.snap();
    world.source.remove("b.mov");
    world.packs(false).iter().for_each(|pack| _ = world.store.delete(pack));
    let report = world.snap();
    let problem = report.problems.iter().find(|problem| problem.code == "pack-missing").unwrap();
    assert!(problem.message.contains("1 file could not be"), "{}", problem.message);
}

#[test]
fn a_short_pack_is_said() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    world.snap();
    let pack = &world.packs(false)[0];
    let bytes = world.store.bytes_of(pack).unwrap();
    world.store.set_bytes(pack, bytes[..bytes.len() - 7].to_vec());
    let report = world.snap();
    assert!(exit(&report) == 3 && report.problems.iter().any(|problem| problem.code == "pack-short"), "{:?}", report.problems);
}

#[test]
fn a_meta_pack_that_is_read_from_its_second_copy_is_healed_and_said() {
    let world = World::new(&encrypted(), 1);
    fill(&world.source);
    world.snap();
    let pack = world.packs(true)[0].clone();
    let good = world.store.bytes_of(&pack).unwrap();
    world.flip(&pack, 200);
    world.source.add_file("2019/07/new.jpg", "new");
    let report = world.snap();
    assert!(report.healed.contains(&pack), "{:?}", report.healed);
    assert_eq!(world.store.bytes_of(&pack).unwrap(), good);
    assert_eq!(world.files().len(), 7);
}

/// The tree of an unchanged folder has the id of the damaged one: it must be stored again, not taken for stored.
#[test]
fn trees_that_are_damaged_in_both_copies_are_stored_again() {
    let world = World::new(&encrypted(), 1);
    fill(&world.source);
    world.snap();
    let files = world.files();
    for pack in world.packs(true) {
        world.flip(&pack, 200);
        world.flip(&format!("second/{pack}"), 200);
    }
    let report = world.snap();
    assert!(exit(&report) == 3 && report.problems.iter().any(|problem| problem.code == "pack-damaged"), "{:?}", report.problems);
    assert_eq!(world.files(), files);
    assert_eq!(exit(&world.snap()), 0);
}

#[test]
fn one_lost_photo_does_not_cost_the_folder_that_cannot_be_read() {
    let world = World::new(&NewProtection::Plain, 1);
    world.source.add_file("film", Bytes::Generated { seed: 1, length_bytes: 2_000_000 });
    world.snap();
    let first = world.packs(false);
    world.source.rename("film", "2019/film");
    world.source.add_file("2019/other", Bytes::Generated { seed: 2, length_bytes: 2_000_000 });
    world.snap();
    first.iter().for_each(|pack| _ = world.store.delete(pack));
    world.source.fail("2019", Fault::PermissionDenied);
    let report = world.snap();
    let files = world.files();
    assert!(files.contains_key(&b"2019/other"[..]) && !files.contains_key(&b"2019/film"[..]), "{:?}", files.keys());
    let lost = report.sources[0].not_saved.iter().find(|not_saved| not_saved.path == "2019/film").expect("it is named");
    assert!(lost.reason.ends_with("is lost"), "{}", lost.reason);
    assert_eq!(report.sources[0].files, 1);
}

#[test]
fn damage_to_an_absent_source_does_not_stop_the_others() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    let other = Arc::new(MemorySource::new());
    other.set_clock(world.clock.clone());
    other.add_file("letter", Bytes::Generated { seed: 77, length_bytes: 2_000_000 });
    other.add_file("other", Bytes::Generated { seed: 78, length_bytes: 2_000_000 });
    world.snap_all(&[source(&world.source, "/photos"), source(&other, "/letters")]);
    world.packs(false).iter().for_each(|pack| _ = world.store.delete(pack));
    other.remove("letter").remove("other");
    let report = world.snap_all(&[source(&world.source, "/photos"), source(&other, "/letters")]);
    assert_eq!((exit(&report), report.sources[1].files, report.sources[1].not_saved_count), (3, 0, 2), "{:?}", report.problems);
    assert_eq!(world.files().len(), 6);
}

#[test]
fn a_file_of_two_names_is_saved_by_the_one_that_can_be_read() {
    let world = World::new(&NewProtection::Plain, 2);
    world.source.add_file("a", "photo").add_hard_link("a", "b").add_hard_link("a", "c");
    world.source.fail("a", Fault::Vanishes);
    let report = world.snap();
    let names: Vec<Vec<u8>> = world.files().into_keys().collect();
    assert_eq!(names, [b"b".to_vec(), b"c".to_vec()]);
    assert_eq!(report.sources[0].vanished, 1);
}

#[test]
fn what_was_mounted_and_is_gone_is_carried_and_said() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    world.source.add_file("drive/photo", "photo");
    let file_system = world.source.file_system(b"").unwrap();
    world.source.set_file_system("drive", 2, file_system.clone());
    world.snap();
    world.source.remove("drive/photo").set_file_system("drive", 1, file_system);
    let report = world.snap();
    assert_eq!((exit(&report), report.sources[0].gone_files), (3, 0), "{:?}", report.problems);
    assert!(world.files().contains_key(&b"drive/photo"[..]));
    let options = SnapOptions { allow_empty: true, ..SnapOptions::default() };
    world.clock.advance(Duration::from_secs(60));
    snap(&world.repository, &[source(&world.source, "/home/photos")], &options, &Silent).unwrap();
    assert!(!world.files().contains_key(&b"drive/photo"[..]));
}

#[test]
fn a_file_that_moves_is_kept_as_read_and_not_called_unsaved() {
    let world = World::new(&NewProtection::Plain, 1);
    world.source.add_file("log", "x").change_while_read("log", 2);
    world.source.add_special("socket", Special::Socket);
    let report = world.snap();
    let moved = &report.sources[0].not_saved[0];
    assert!(moved.kept_as_read && report.problems.iter().all(|problem| !problem.message.contains("never saved")), "{moved:?}");
    assert_eq!((exit(&report), report.problems[0].code), (3, "changed-while-read"));
    assert_eq!((report.sources[0].skipped_kinds[0].what.as_str(), report.sources[0].skipped_kinds[0].count), ("socket", 1));
    assert_eq!(world.files().len(), 1);
}

/// Publishes the newest snapshot again, with a section of a later version on its entry `name`.
fn publish_with_section(world: &World, name: &[u8]) -> Vec<Entry> {
    let manifest = world.newest();
    let sealed = manifest.sealed.clone().unwrap();
    let repository = &world.repository;
    let reader = crate::repo::ObjectReader::with_segments(repository, &manifest.public.segments).unwrap();
    let Content::Folder(root) = sealed.sources[0].root.content else { panic!("a folder") };
    let (mut entries, _) = tree::list(&crate::ops::objects::RepoObjects(&reader), root).unwrap();
    let section = Section { tag: 4 * 1000 + 1, bytes: vec![1, 2, 3] };
    entries.iter_mut().filter(|entry| entry.name == name).for_each(|entry| entry.sections.push(section.clone()));
    let built = build_folder(entries.clone());
    let ((), packs) = PackRun::run(repository, 1, Vec::new(), |run| {
        let mut packer = run.packer(PackKind::Meta);
        for object in &built.objects {
            packer.add_small(Group::Meta, object.kind, object.id, &object.raw)?;
        }
        packer.finish()
    })
    .unwrap();
    let identity = repository.copy_identity();
    let mut ledger = crate::repo::Ledger::load(&repository.surroundings().local, &identity);
    let list = SnapshotList::take(&world.store, &repository.notices().unwrap()).unwrap();
    let heads = repository.heads(&list).unwrap();
    let mut record = sealed.sources[0].clone();
    record.root.content = Content::Folder(built.id);
    record.previous = vec![manifest.name];
    let mut needed = repository.read_needs(&manifest.public.needs).unwrap().packs;
    needed.extend(packs.packs.iter().map(|pack| crate::repo::NeededPack {
        name: pack.name,
        length_bytes: pack.length_bytes,
        kind: pack.kind,
    }));
    let known = repository.known(&mut ledger, &Default::default(), Default::default()).unwrap();
    let publication = Publication {
        keep: Vec::new(),
        sources: vec![record],
        note: String::new(),
        tool: "later".to_owned(),
        needed: needed.into_iter().collect(),
        new_packs: &packs.packs,
        known: &known,
        heads: &heads,
    };
    repository.publish(publication, &mut ledger).unwrap();
    ledger.store(&repository.surroundings().local, &identity);
    entries
}

fn root_entries(world: &World) -> Vec<Entry> {
    let manifest = world.newest();
    let reader = crate::repo::ObjectReader::with_segments(&world.repository, &manifest.public.segments).unwrap();
    let Content::Folder(root) = manifest.sealed.unwrap().sources[0].root.content else { panic!("a folder") };
    tree::list(&crate::ops::objects::RepoObjects(&reader), root).unwrap().0
}

#[test]
fn an_entry_that_a_later_version_forbids_to_change_is_carried_byte_for_byte() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    world.snap();
    world.clock.advance(Duration::from_secs(60));
    let entries = publish_with_section(&world, b"a.jpg");
    let marked = entries.iter().find(|entry| entry.name == b"a.jpg").unwrap();
    world.source.fail("a.jpg", Fault::PermissionDenied);
    let report = world.snap();
    assert_eq!((exit(&report), report.sources[0].not_saved_count), (3, 1));
    assert!(root_entries(&world).contains(marked));
    // Read anew it is an entry of its own, which takes nothing from the other.
    world.source.heal("a.jpg");
    world.snap();
    let now = root_entries(&world);
    let now = now.iter().find(|entry| entry.name == b"a.jpg").unwrap();
    assert!(now.sections.is_empty() && now.content == marked.content);
}

#[test]
fn a_manifest_that_a_later_version_forbids_to_change_is_not_followed() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    world.snap();
    let mut manifest = world.newest();
    let sealed = manifest.sealed.as_mut().unwrap();
    let record = &sealed.sources[0];
    let identity = Identity { id: record.id, label: record.label.clone(), heads: vec![manifest.name] };
    let heads = |manifest: &crate::repo::Manifest| crate::repo::Heads {
        manifests: [(manifest.name, manifest.clone())].into(),
        ..crate::repo::Heads::default()
    };
    sealed.sections.push(Section { tag: 4 * 1000, bytes: Vec::new() });
    assert!(refuse_to_follow(&heads(&manifest), &identity).is_ok());
    manifest.sealed.as_mut().unwrap().sections.push(Section { tag: 4 * 1000 + 1, bytes: Vec::new() });
    assert_eq!(refuse_to_follow(&heads(&manifest), &identity).unwrap_err().code(), "format-too-new");
}

/// A source of which a folder is taken away when the first file is opened: the walk has seen all of it.
#[derive(Debug)]
struct TakenAway(Arc<MemorySource>, &'static str);

impl Source for TakenAway {
    fn place(&self) -> Vec<u8> {
        self.0.place()
    }

    fn stat(&self, path: &[u8]) -> Result<Stat, ScanError> {
        self.0.stat(path)
    }

    fn list(&self, path: &[u8]) -> Result<Vec<Listed>, ScanError> {
        self.0.list(path)
    }

    fn open(&self, path: &[u8]) -> Result<Box<dyn SourceFile>, ScanError> {
        self.0.remove(self.1);
        self.0.open(path)
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, ScanError> {
        self.0.read_link(path)
    }

    fn file_system(&self, path: &[u8]) -> Result<FileSystem, ScanError> {
        self.0.file_system(path)
    }

    fn owner_names(&self, uid: u32, gid: u32) -> (String, String) {
        self.0.owner_names(uid, gid)
    }
}

#[test]
fn a_folder_that_disappears_while_it_is_walked_or_read_is_carried_and_said() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    world.snap();
    let before = world.files();
    // Listed, and gone when it is listed itself.
    world.source.fail("2019", Fault::Vanishes);
    let report = world.snap();
    assert_eq!((exit(&report), report.sources[0].files, world.files()), (3, 6, before.clone()), "{:?}", report.problems);
    assert!(report.sources[0].not_saved.iter().any(|one| one.path == "2019" && one.kept_from.is_some()), "{:?}", report.sources[0]);
    assert_eq!(exit(&world.snap()), 0, "it is known then");
    // Seen whole by the walk, and gone when its changed files are to be read.
    world.source.heal("2019");
    world.snap();
    for path in ["2019/07/IMG_1.HEIC", "2019/07/IMG_1.json", "2019/08/copy of a.jpg"] {
        world.source.touch(path);
    }
    world.source.add_file("0.jpg", "read first");
    let taken = SnapSource { source: Arc::new(TakenAway(world.source.clone(), "2019")), ..source(&world.source, "/home/photos") };
    let report = world.snap_all(&[taken]);
    assert_eq!((exit(&report), report.sources[0].files), (3, 7), "{:?}", report.problems);
    let mut after = world.files();
    assert_eq!(after.remove(&b"0.jpg"[..]).as_deref(), Some(&b"read first"[..]));
    assert_eq!(after, before);
    let kept: Vec<_> = report.sources[0].not_saved.iter().filter(|one| one.path.starts_with("2019/")).collect();
    assert!(kept.len() == 3 && kept.iter().all(|one| one.kept_from.is_some()), "{:?}", report.sources[0].not_saved);
}

#[test]
fn snapshots_in_quick_succession_do_not_make_the_clock_wrong() {
    let world = World::new(&NewProtection::Plain, 1);
    fill(&world.source);
    let at_once =
        || snap(&world.repository, &[source(&world.source, "/home/photos")], &SnapOptions::default(), &Silent).expect("a snapshot");
    let said = |report: &SnapReport| report.problems.iter().any(|problem| problem.code == "clock-not-followed");
    let reports: Vec<_> = (0..5).map(|_| at_once()).collect();
    assert!(reports.iter().all(|report| exit(report) == 0 && !said(report)), "{:?}", reports.last());
    let times: Vec<_> = reports.iter().map(|report| report.time.clone()).collect();
    assert!(times.is_sorted_by(|one, next| one[..19] < next[..19]), "each is a second later: {times:?}");
    // Set back by ten minutes it is behind.
    world.clock.set(Timestamp::from_seconds(1_795_370_640 - 600));
    assert!(said(&at_once()));
}
