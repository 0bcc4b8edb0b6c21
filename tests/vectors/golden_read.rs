//! Owns the check that the program reads every golden repository as `expected.json` says, on a machine that never saw it.

use super::golden_build::{expected, folder, on_disk};
use super::golden_library::from_base64;
use super::support::{Machine, check_all};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use tintype::ops::check::Depth;
use tintype::ops::restore::{AttributeSupport, FoundKind, MemoryLimits, MemoryTarget, RestoreOptions, Target, plan_restore};
use tintype::ops::{Error, SnapshotRef, guides};
use tintype::progress::Silent;
use tintype::repo::{Credentials, RecoveryCode, Repository};
use tintype::store::MemoryStore;

/// A repository with the guides of this release, which are not kept with golden ones.
pub(crate) fn store(place: &Path) -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    for (name, bytes) in on_disk(place) {
        store.set_bytes(&name, bytes);
    }
    for guide in guides::all() {
        store.set_bytes(guide.name, guide.text.as_bytes().to_vec());
    }
    Arc::new(store)
}

/// In how many ways a repository opens.
fn keys(facts: &Value) -> Vec<Credentials> {
    let text = |name: &str| facts[name].as_str();
    let (Some(password), Some(code)) = (text("password"), text("recovery_code")) else { return vec![Credentials::None] };
    let code = RecoveryCode::parse(code).expect("a recovery code");
    vec![Credentials::Code(code), Credentials::Password(password.as_bytes().to_vec().into())]
}

fn open(store: &Arc<MemoryStore>, key: &Credentials) -> Result<Repository, Error> {
    Ok(Machine::without_state(9).open(Arc::<MemoryStore>::clone(store), key)?)
}

pub(crate) fn check(store: &Arc<MemoryStore>, key: &Credentials, depth: Depth) -> (u8, String) {
    match open(store, key).and_then(|repository| check_all(&repository, depth)) {
        Ok(report) => (report.exit_code, format!("{:?}", report.problems)),
        Err(error) => (error.exit_code(), error.to_string()),
    }
}

pub(crate) fn restore(store: &Arc<MemoryStore>, key: &Credentials, name: &SnapshotRef) -> (u8, String, Arc<MemoryTarget>) {
    // As on Linux, where not every name of an attribute can be set: what is expected says so.
    let limits = MemoryLimits { attributes: AttributeSupport::Refused, ..MemoryLimits::default() };
    let target = Arc::new(MemoryTarget::new(limits));
    let options = RestoreOptions { snapshots: vec![(name.clone(), None)], ..RestoreOptions::default() };
    let run = || -> Result<_, Error> { plan_restore(&open(store, key)?, target.clone(), &options, &Silent)?.run(&Silent) };
    let (code, words) = match run() {
        Ok(report) => (report.exit_code(), format!("{:?}", report.problems)),
        Err(error) => (error.exit_code(), error.to_string()),
    };
    (code, words, target)
}

/// Everything that differs between a tree of `expected.json` and a target.
pub(crate) fn differences(tree: &[Value], left_out: &[Value], target: &MemoryTarget) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut found: BTreeMap<_, _> = target.everything().into_iter().collect();
    let mut inodes_of = BTreeMap::<u64, BTreeSet<u64>>::new();
    let wanted: Vec<_> = tree.iter().filter(|entry| !left_out.contains(&entry["path_base64"])).collect();
    for entry in &wanted {
        let shown = entry["path"].as_str().expect("a path");
        let path = from_base64(entry["path_base64"].as_str().expect("a path"));
        let Some(here) = found.remove(&path) else {
            wrong.push(format!("{shown}: absent"));
            continue;
        };
        let kind = match here.kind {
            FoundKind::File => "file",
            FoundKind::Folder => "folder",
            FoundKind::Symlink => "symlink",
            FoundKind::Other => "other",
        };
        let mut is = serde_json::json!({
            "kind": kind,
            "mtime": format!("{}+{:09}", here.mtime.seconds, here.mtime.nanoseconds),
            "mode": if kind == "symlink" { entry["mode"].clone() } else { format!("{:04o}", here.mode).into() },
        });
        if let Some(bytes) = target.bytes(&path) {
            is["length"] = bytes.len().into();
            is["blake3"] = blake3::hash(&bytes).to_hex().as_str().into();
            let linked = entry["linked"].as_u64();
            let names = linked.map_or(1, |_| wanted.iter().filter(|other| other["linked"] == entry["linked"]).count());
            if here.link_count != names as u64 {
                wrong.push(format!("{shown}: {} names, not {names}", here.link_count));
            }
            linked.map(|number| inodes_of.entry(number).or_default().insert(here.inode));
        }
        if kind == "symlink" {
            is["target_base64"] = super::golden_library::base64(&target.read_link(&path).expect("a link")).into();
        }
        let facts = is.as_object().expect("an object").iter();
        wrong.extend(
            facts.filter(|(name, is)| entry[name] != **is).map(|(name, is)| format!("{shown}: {name} is {is}, not {}", entry[name])),
        );
    }
    wrong.extend(found.keys().map(|path| format!("{}: should not be here", path.escape_ascii())));
    wrong.extend(
        inodes_of.iter().filter(|(_, inodes)| inodes.len() > 1).map(|(number, _)| format!("the names of {number} are several files")),
    );
    wrong
}

#[test]
fn golden_repositories_are_checked_as_expected() {
    let mut wrong = Vec::new();
    for (name, facts) in expected()["repositories"].as_object().expect("repositories") {
        let store = store(&folder().join(name));
        let mut compare = |what: &str, (code, words): (u8, String)| {
            if facts[what] != code {
                wrong.push(format!("{name}: {what} is {code}, not {}: {words}", facts[what]));
            }
        };
        for key in keys(facts) {
            compare("check", check(&store, &key, Depth::Quick));
            compare("check_read_data", check(&store, &key, Depth::ReadData));
        }
        compare("check_locked", check(&store, &Credentials::None, Depth::Quick));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn golden_repositories_are_restored_as_expected() {
    let (expected, mut wrong, mut count) = (expected(), Vec::new(), 0);
    for (name, facts) in expected["repositories"].as_object().expect("repositories") {
        let store = store(&folder().join(name));
        let snapshots = facts["snapshots"].as_array().expect("snapshots");
        for key in keys(facts) {
            let latest = restore(&store, &key, &SnapshotRef::Latest(0));
            let code = snapshots.last().map_or(2, |snapshot| snapshot["restore"].as_u64().expect("a code"));
            if u64::from(latest.0) != code {
                wrong.push(format!("{name}: restoring latest is {}, not {code}: {}", latest.0, latest.1));
            }
            for snapshot in snapshots {
                let id = snapshot["id"].as_str().expect("an id");
                let (code, words, target) = restore(&store, &key, &SnapshotRef::Id(id.to_owned()));
                let at = format!("{name}, snapshot {}", &id[..8]);
                if snapshot["restore"] != code {
                    wrong.push(format!("{at}: {code}, not {}: {words}", snapshot["restore"]));
                }
                let tree = if code == 2 { None } else { expected["trees"][snapshot["tree"].as_str().expect("a tree")].as_array() };
                let left_out = snapshot["left_out"].as_array().expect("paths");
                let differing = differences(tree.map_or(&[][..], Vec::as_slice), left_out, &target);
                wrong.extend(differing.into_iter().map(|text| format!("{at}: {text}")));
                count += target.everything().len();
            }
        }
    }
    println!("{count} files, folders and links restored");
    assert!(wrong.is_empty() && count > 300, "{}", wrong.join("\n"));
}

/// Everything in an index can be made again from the packs, also that of packs which no manifest names: they stand for one that is gone.
#[test]
fn golden_repositories_are_restored_without_any_index() {
    let expected = expected();
    for name in ["plain", "encrypted"] {
        let facts = &expected["repositories"][name];
        let store = store(&folder().join(name));
        for index in store.names().iter().filter(|name| name.starts_with("index/")) {
            store.delete(index);
        }
        for snapshot in facts["snapshots"].as_array().expect("snapshots").iter().filter(|snapshot| snapshot["restore"] != 2) {
            let id = snapshot["id"].as_str().expect("an id").to_owned();
            let (code, words, target) = restore(&store, &keys(facts)[0], &SnapshotRef::Id(id));
            assert!(matches!(code, 0 | 4), "{name}: {code}: {words}");
            let tree = expected["trees"][snapshot["tree"].as_str().expect("a tree")].as_array().expect("a tree");
            assert_eq!(differences(tree, &[], &target), Vec::<String>::new(), "{name}: {words}");
        }
    }
}
