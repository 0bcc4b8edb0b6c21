//! Owns the golden repositories below `tests/data/`: how they are made, and what is expected of them.
//!
//! They are the same bytes each time. What `expected.json` says of files comes from the sources, and its exit codes are written down here:
//! neither is learned from reading the repositories.

use super::cuts::stream;
use super::golden_hand::{Hand, Raw, load, needed};
use super::golden_library::{Library, tree};
use super::golden_rich;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tintype::clock::{ManualClock, Timestamp};
use tintype::format::{Carried, Content, Folder, NeededPack, Needs, ObjectKind, PackKind, Page, Section, Time};
use tintype::ops::snap::{SnapOptions, SnapSource, snap};
use tintype::progress::Silent;
use tintype::repo::{Entropy, Local, Manifest, NewProtection, RecoveryCode, Repository, SlotStrength, Surroundings};
use tintype::scan::MemorySource;
use tintype::store::MemoryStore;

/// The password of `tests/data/encrypted/`.
pub(crate) const PASSWORD: &str = "gr\u{fc}ne Wolke";
/// The program that makes them: another release names itself in its manifests, and makes other bytes.
const MADE_BY: &str = concat!("tintype ", env!("CARGO_PKG_VERSION"));
/// 2026-02-01T09:00:00Z, when the first snapshot is taken.
const BEGIN: i64 = 1_769_936_400;
/// A tag that no release knows, to be passed over.
const UNKNOWN_TAG: u32 = 400;

/// A repository, and what is expected of it.
struct Golden {
    name: &'static str,
    store: MemoryStore,
    facts: Value,
}

/// A repository that is being made.
struct Making {
    store: MemoryStore,
    repository: Repository,
    code: Option<RecoveryCode>,
    clock: Arc<ManualClock>,
    _state: tempfile::TempDir,
}

impl Making {
    fn begin(seed: u64, protection: &NewProtection) -> Self {
        let state = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(BEGIN)));
        let local = Local {
            state_dir: Some(state.path().to_owned()),
            host: "golden".to_owned(),
            release_seconds: BEGIN - 86_400,
            ..Local::default()
        };
        let surroundings =
            Surroundings { clock: clock.clone(), entropy: Arc::new(Entropy::seeded(seed)), local: Arc::new(local), threads: 1 };
        let store = MemoryStore::new();
        let (repository, code) = Repository::create(Arc::new(store.clone()), protection, surroundings).expect("a new repository");
        Self { store, repository, code, clock, _state: state }
    }

    /// Takes a snapshot a week later, and gives its id.
    fn snap(&self, note: &str, sources: &[(&str, &Arc<MemorySource>)]) -> String {
        self.clock.advance(Duration::from_secs(7 * 86_400));
        let source = |(label, source): &(&str, &Arc<MemorySource>)| SnapSource {
            source: Arc::<MemorySource>::clone(source),
            path: format!("/home/ann/{label}").into_bytes(),
            label: None,
            repository_inside: None,
        };
        let sources: Vec<_> = sources.iter().map(source).collect();
        let options = SnapOptions { note: note.to_owned(), ..SnapOptions { no_default_excludes: true, ..SnapOptions::default() } };
        let report = snap(&self.repository, &sources, &options, &Silent).expect("a snapshot");
        // The long film goes on purpose.
        assert!(report.problems.iter().all(|problem| problem.code == "source-shrank"), "{:?}", report.problems);
        report.snapshot
    }

    fn done(self, name: &'static str, facts: Value) -> Golden {
        // What lies there for people changes with every release.
        for guide in tintype::ops::guides::all() {
            self.store.delete(guide.name);
        }
        Golden { name, store: self.store, facts }
    }
}

/// A source named by its label, and its tree below the target.
fn facts(check: u8, read_data: u8, locked: u8, snapshots: &[Value]) -> Value {
    json!({ "check": check, "check_read_data": read_data, "check_locked": locked, "snapshots": snapshots })
}

fn snapshot(id: &str, tree: &str, restore: u8) -> Value {
    json!({ "id": id, "tree": tree, "restore": restore, "left_out": [] })
}

/// The long history, and what releases of other times may have left in it.
fn history(name: &'static str, seed: u64, protection: &NewProtection, trees: &mut BTreeMap<String, Value>) -> Golden {
    let making = Making::begin(seed, protection);
    let library = Library::new();
    let (photos, phone) = (&library.photos, &library.phone);
    let mut ids = vec![making.snap("the first", &[("photos", photos)])];
    trees.insert("round 1".to_owned(), tree(&[("", photos)]));
    library.second_round();
    ids.push(making.snap("", &[("photos", photos)]));
    library.third_round();
    ids.push(making.snap("with a long film", &[("photos", photos), ("phone", phone)]));
    trees.insert("round 3".to_owned(), tree(&[("photos/", photos), ("phone/", phone)]));
    library.fourth_round();
    ids.push(making.snap("", &[("photos", photos)]));
    trees.insert("round 4".to_owned(), tree(&[("", photos)]));

    let mut hand = Hand::new(&making.repository, &making.store);
    replace_a_data_pack(&mut hand, &load(&making.repository, &ids[0]));
    hand.bury(&load(&making.repository, &ids[1]));
    let [first, third, fourth] = [0, 2, 3].map(|at| load(&making.repository, &ids[at]));
    ids.push(a_snapshot_of_another_release(&mut hand, &fourth, &first));
    spoil_a_meta_pack(&hand, &third, &fourth);

    let trees_of = ["round 1", "", "round 3", "round 4", "round 4"];
    let mut snapshots: Vec<_> = ids.iter().zip(trees_of).map(|(id, tree)| snapshot(id, tree, 0)).collect();
    snapshots[1]["restore"] = json!(2);
    snapshots[3]["restore"] = json!(4);
    snapshots[4]["restore"] = json!(4);
    // The wrong byte of a first copy of trees shows where they are read: with the key always.
    let mut facts = facts(4, 4, if making.code.is_some() { 0 } else { 4 }, &snapshots);
    if let Some(code) = &making.code {
        facts["password"] = json!(PASSWORD);
        facts["recovery_code"] = json!(code.text().as_str());
    }
    making.done(name, facts)
}

/// The first data pack of a snapshot gives way to two others.
fn replace_a_data_pack(hand: &mut Hand<'_>, manifest: &Manifest) {
    let pack = manifest.public.needs.tail.iter().find(|pack| pack.kind == PackKind::Data).expect("a data pack");
    let directory = hand.directory(pack);
    let objects = directory.records.iter().flat_map(|record| &record.objects);
    let raws: Vec<Raw> = objects.map(|object| (object.kind, hand.object(manifest, object.kind, object.id))).collect();
    let (one, two) = raws.split_at(raws.len() / 2);
    assert!(!one.is_empty() && !two.is_empty());
    let packs = [hand.pack(PackKind::Data, one), hand.pack(PackKind::Data, two)];
    hand.replace(pack.name, &packs);
    // Who replaces packs lists the new ones; no manifest of before names this segment.
    hand.segment(packs.to_vec());
}

/// The newest snapshot once more, with sections that no release knows, an entry that was carried, and a needs page.
fn a_snapshot_of_another_release(hand: &mut Hand<'_>, last: &Manifest, first: &Manifest) -> String {
    let mut sealed = last.sealed.clone().expect("the repository is open");
    let unknown = Section { tag: UNKNOWN_TAG, bytes: b"of a later release".to_vec() };
    let source = &mut sealed.sources[0];
    let Content::Folder(root) = source.root.content else { panic!("a root that is no folder") };
    let mut folder = Folder::decode(&hand.object(last, ObjectKind::Folder, root)).expect("a folder");
    let raw = hand.object(last, ObjectKind::Page, folder.pages[0].id);
    let mut page = Page::decode(&raw).expect("a page");
    let files: Vec<_> = (0..page.entries.len()).filter(|at| matches!(page.entries[*at].content, Content::File(_))).take(2).collect();
    let carried = Carried { read_in: first.name, reason: "it could not be read".to_owned() };
    page.entries[files[0]].sections = vec![carried.section(), unknown.clone()];
    page.entries[files[1]].sections = vec![unknown.clone()];
    let page = page.encode();
    folder.pages[0].id = ObjectKind::Page.id_of(&page);
    let folder = folder.encode();
    source.root.content = Content::Folder(ObjectKind::Folder.id_of(&folder));
    source.root.sections = vec![unknown.clone()];
    source.previous = vec![last.name];
    source.counts.carried = 1;
    sealed.tool = "tintype 9.9.9".to_owned();
    sealed.sections = vec![unknown];

    let meta = hand.pack(PackKind::Meta, &[(ObjectKind::Page, page), (ObjectKind::Folder, folder)]);
    let mut public = last.public.clone();
    public.time = Time { seconds: last.public.time.seconds + 86_400, nanoseconds: 999_999_999 };
    public.needs = paged(hand, &last.public.needs, needed(&meta));
    public.segments.push(hand.segment(vec![meta]));
    hand.manifest(&public, &sealed).name.hex()
}

/// All packs but the new one in a page.
fn paged(hand: &Hand<'_>, last: &Needs, new: NeededPack) -> Needs {
    assert!(last.pages.is_empty());
    Needs {
        pages: vec![hand.needs_page(&last.tail)],
        tail: vec![new],
        pack_count: last.pack_count + 1,
        pack_bytes: last.pack_bytes + new.length_bytes,
    }
}

/// The first copy of the meta pack that only the last two snapshots need gets a wrong byte in its first record.
fn spoil_a_meta_pack(hand: &Hand<'_>, older: &Manifest, newer: &Manifest) {
    let (older, newer) = (&older.public.needs.tail, &newer.public.needs.tail);
    let pack = newer.iter().find(|pack| pack.kind == PackKind::Meta && !older.contains(pack)).expect("a new meta pack");
    let hash = pack.name.hex();
    hand.spoil(&format!("packs/{}/{hash}.pack", &hash[..2]), 140);
}

/// A repository of one snapshot of three photos that nothing makes smaller.
fn small(seed: u64, trees: &mut BTreeMap<String, Value>) -> (Making, String) {
    let making = Making::begin(seed, &NewProtection::Plain);
    let source = Arc::new(MemorySource::new());
    for number in 1..=3 {
        source.add_file(format!("IMG_{number}.JPG"), stream(&format!("golden photo {number}"), 3_000));
    }
    let id = making.snap("", &[("photos", &source)]);
    trees.insert("small".to_owned(), tree(&[("", &source)]));
    (making, id)
}

fn data_pack(making: &Making, id: &str) -> String {
    let manifest = load(&making.repository, id);
    let hash = manifest.public.needs.tail.iter().find(|pack| pack.kind == PackKind::Data).expect("a data pack").name.hex();
    format!("packs/{}/{hash}.pack", &hash[..2])
}

/// All golden repositories and `expected.json`: names below `tests/data/`, and bytes.
pub(crate) fn generated() -> BTreeMap<String, Vec<u8>> {
    let trees = &mut BTreeMap::new();
    let encrypted = NewProtection::Encrypted { password: Some(PASSWORD.as_bytes().to_vec().into()), strength: SlotStrength::Test };
    let mut all = vec![history("plain", 1, &NewProtection::Plain, trees), history("encrypted", 2, &encrypted, trees)];
    let (making, id) = small(3, trees);
    making.store.set_bytes("rules/x.read", b"read with a later release\n".to_vec());
    all.push(making.done("rule-read", facts(2, 2, 2, &[snapshot(&id, "small", 2)])));

    let every: Vec<_> = trees["small"].as_array().expect("files").iter().map(|file| file["path_base64"].clone()).collect();
    let (making, id) = small(4, trees);
    making.store.delete(&data_pack(&making, &id));
    let mut without = snapshot(&id, "small", 6);
    without["left_out"] = json!(every);
    all.push(making.done("incomplete", facts(6, 6, 6, &[without])));

    let (making, id) = small(5, trees);
    Hand::new(&making.repository, &making.store).spoil(&data_pack(&making, &id), 128 + 4_500);
    let mut without = snapshot(&id, "small", 5);
    without["left_out"] = json!([every[1]]);
    all.push(making.done("damaged", facts(0, 5, 0, &[without])));
    let (making, first) = small(7, trees);
    let (id, tree) = golden_rich::write(&mut Hand::new(&making.repository, &making.store), &load(&making.repository, &first));
    trees.insert("rich".to_owned(), tree);
    // 3: extended attributes that the target does not keep.
    all.push(making.done("rich", facts(0, 0, 0, &[snapshot(&first, "small", 0), snapshot(&id, "rich", 3)])));
    all.push(Making::begin(6, &NewProtection::Plain).done("empty", facts(0, 0, 0, &[])));

    let mut files = BTreeMap::new();
    let mut repositories = BTreeMap::new();
    for golden in all {
        repositories.insert(golden.name, golden.facts);
        for name in golden.store.names() {
            files.insert(format!("{}/{name}", golden.name), golden.store.bytes_of(&name).expect("it is there"));
        }
    }
    let expected = json!({ "made_by": MADE_BY, "trees": trees, "repositories": repositories });
    let text = serde_json::to_string_pretty(&expected).expect("text") + "\n";
    files.insert("expected.json".to_owned(), text.into_bytes());
    files
}

/// The folder of golden repositories.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// Files that belong to no repository and are written by people.
const BESIDE: [&str; 4] = ["README.md", ".gitattributes", "compare.py", "writer.py"];

/// Everything below `folder` but what people wrote: names with `/`, and bytes.
pub(crate) fn on_disk(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder of golden files is listed") {
            let path = entry.expect("a golden file is listed").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("below the folder").to_string_lossy().replace('\\', "/");
            if !BESIDE.contains(&name.as_str()) {
                files.insert(name, std::fs::read(&path).expect("a golden file is read"));
            }
        }
    }
    files
}

/// What `expected.json` says.
pub(crate) fn expected() -> Value {
    let text = std::fs::read(folder().join("expected.json")).expect("expected.json is read");
    serde_json::from_slice(&text).expect("expected.json is JSON")
}

#[test]
fn golden_repositories_are_what_the_generator_makes() {
    let path = folder().join("expected.json");
    let known = std::fs::read(path).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let is_of_this_release = known.is_none_or(|known| known["made_by"] == MADE_BY);
    if std::env::var_os("TINTYPE_BLESS").is_some() && is_of_this_release {
        let generated = generated();
        for name in on_disk(&folder()).keys().filter(|name| !generated.contains_key(*name)) {
            std::fs::remove_file(folder().join(name)).expect("an old golden file is removed");
        }
        for (name, bytes) in &generated {
            let path = folder().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
            std::fs::write(path, bytes).expect("a golden file is written");
        }
    }
    let files = on_disk(&folder());
    let total_bytes: usize = files.values().map(Vec::len).sum();
    println!("{} files, {total_bytes} bytes", files.len());
    assert!(total_bytes < 1_500_000, "{total_bytes} bytes of golden repositories");
    if !is_of_this_release {
        println!("SKIP: they are of {}: they are read, not made anew", expected()["made_by"]);
        return;
    }
    let generated = generated();
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&files), names(&generated), "TINTYPE_BLESS=1 makes them anew");
    let other: Vec<_> = files.iter().filter(|(name, bytes)| generated.get(*name) != Some(bytes)).map(|(name, _)| name).collect();
    assert!(other.is_empty(), "not as the generator makes them (TINTYPE_BLESS=1): {other:?}");
    let page = std::fs::read_to_string(folder().join("README.md")).expect("README.md is read");
    let encrypted = &expected()["repositories"]["encrypted"];
    for secret in ["password", "recovery_code"] {
        let secret = encrypted[secret].as_str().expect("text");
        assert!(page.contains(secret), "README.md does not name {secret}");
    }
}
