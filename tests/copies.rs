//! A repository copied file by file in any order, by a tool that knows nothing of it: at every moment the verdict is right.
//!
//! At each prefix, with and without the key: 0, 4, 6, or 2 while `tintype.json` is not here; never damage, never a 0 that is not true.

#[path = "copies/second_reader.rs"]
mod second_reader;
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use support::{Machine, Protection, check_all, create, edit_library, files_of, restore, snap_library, snapshots};
use tintype::ops::check::Depth;
use tintype::ops::{Error, SnapshotRef};
use tintype::repo::{Credentials, NewProtection, Repository, SlotStrength};
use tintype::scan::MemorySource;
use tintype::store::{LocalStore, MemoryStore, OsDisk, Store};

/// A small generator, so that a failing order can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).expect("small")).expect("small")
    }
}

/// Writes a file of a copy, and the folders above it.
fn write_below(copy: &Path, name: &str, bytes: &[u8]) {
    let target = copy.join(name);
    std::fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
    std::fs::write(target, bytes).expect("a file of a copy");
}

/// What a check of a prefix says.
fn verdict(store: &MemoryStore, credentials: &Credentials, depth: Depth) -> u8 {
    let machine = Machine::without_state(5);
    let repository = match machine.open(Arc::new(store.clone()), credentials) {
        Ok(repository) => repository,
        Err(error) => return Error::from(error).exit_code(),
    };
    match check_all(&repository, depth) {
        Ok(report) => report.exit_code,
        Err(error) => error.exit_code(),
    }
}

/// Whether everything that exists in this prefix restores.
fn is_whole(store: &MemoryStore, credentials: &Credentials) -> bool {
    let Ok(repository) = Machine::without_state(6).open(Arc::new(store.clone()), credentials) else { return false };
    snapshots(&repository).iter().all(|name| restore(&repository, name).is_ok_and(|(report, _)| matches!(report.exit_code(), 0 | 4)))
}

#[test]
fn copied_in_a_thousand_random_orders() {
    let orders = 1_000;
    for protection in [Protection::Plain, Protection::Encrypted] {
        let whole = MemoryStore::new();
        let machine = Machine::without_state(1);
        let (repository, credentials) = create(Arc::new(whole.clone()), &machine, protection);
        let source = Arc::new(MemorySource::new());
        for round in 0..3 {
            edit_library(&source, round);
            support::a_minute_later(&machine);
            snap_library(&repository, &source).expect("a snap");
        }
        let files = files_of(&source);
        let names = whole.names();
        let mut seen = BTreeSet::new();
        let mut prefixes = 0_u64;
        let mut random = Random(0x5eed_1234_5678_9abc);
        for order in 0..orders / 2 {
            let mut rest = names.clone();
            let copy = MemoryStore::new();
            while !rest.is_empty() {
                let name = rest.swap_remove(random.below(rest.len()));
                copy.set_bytes(&name, whole.bytes_of(&name).expect("it is there"));
                prefixes += 1;
                let with_key = verdict(&copy, &credentials, Depth::Quick);
                assert!(matches!(with_key, 0 | 2 | 4 | 6), "order {order}, {} files to come: {with_key} with the key", rest.len());
                seen.insert(with_key);
                if with_key == 0 || with_key == 4 {
                    assert!(is_whole(&copy, &credentials), "order {order}, {} files to come: {with_key} is not true", rest.len());
                }
                if protection == Protection::Encrypted {
                    let locked = verdict(&copy, &Credentials::None, Depth::Quick);
                    assert!(matches!(locked, 0 | 2 | 4 | 6), "order {order}, {} files to come: {locked} without the key", rest.len());
                    // Without the key a missing earlier snapshot cannot be noticed; what is here must be whole all the same.
                    assert!(locked != 0 || is_whole(&copy, &credentials), "order {order}: 0 without the key is not true");
                }
            }
            assert_eq!(verdict(&copy, &credentials, Depth::ReadData), 0, "the finished copy");
            let repository = Machine::without_state(7).open(Arc::new(copy), &credentials).expect("the finished copy opens");
            let (report, restored) = restore(&repository, &SnapshotRef::Latest(0)).expect("the finished copy restores");
            assert!(report.exit_code() == 0 && restored == files);
        }
        println!(
            "{protection:?}: {} files in {} orders, {prefixes} prefixes judged, verdicts {seen:?}: never damage, never a false 0",
            names.len(),
            orders / 2
        );
    }
}

/// The same through the program, on a real disk.
#[test]
fn copied_in_twenty_orders_through_the_program() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("whole")).expect("a folder");
    let whole: Arc<dyn Store> = Arc::new(LocalStore::open(Arc::new(OsDisk), path("whole"), "tester").expect("a place"));
    let machine = Machine::without_state(1);
    let new = NewProtection::Encrypted { password: Some(b"secret".to_vec().into()), strength: SlotStrength::Test };
    let (repository, code) = Repository::create(whole.clone(), &new, machine.surroundings.clone()).expect("a new repository");
    std::fs::write(path("code"), code.expect("it is encrypted").text().as_bytes()).expect("the code");
    let source = Arc::new(MemorySource::new());
    for round in 0..3 {
        edit_library(&source, round);
        support::a_minute_later(&machine);
        snap_library(&repository, &source).expect("a snap");
    }
    let names: Vec<String> = whole.list("").expect("names").into_iter().map(|listed| listed.name).collect();
    let check = |order: usize, with_key: bool| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tintype"));
        command.arg("-r").arg(path(&format!("copy-{order}"))).args(["--progress", "none"]);
        if with_key {
            command.arg("--recovery-code-file").arg(path("code"));
        }
        // A state folder of its own each time: a machine that never saw this copy.
        let state = path(&format!("state-{order}"));
        _ = std::fs::remove_dir_all(&state);
        command.arg("check").env("TINTYPE_CACHE_DIR", &state).env("TINTYPE_STATE_DIR", &state).stdin(std::process::Stdio::null());
        command.output().expect("the program runs").status.code().expect("an exit code")
    };
    let mut random = Random(0x0dd_ba11);
    let mut judged = 0;
    let mut seen = BTreeSet::new();
    for order in 0..20 {
        let mut rest = names.clone();
        while !rest.is_empty() {
            let name = rest.swap_remove(random.below(rest.len()));
            write_below(&path(&format!("copy-{order}")), &name, &std::fs::read(path("whole").join(&name)).expect("a file"));
            for with_key in [true, false] {
                let code = check(order, with_key);
                assert!(matches!(code, 0 | 2 | 4 | 6), "order {order}, {} files to come, key {with_key}: {code}", rest.len());
                seen.insert(code);
                judged += 1;
            }
        }
        assert_eq!((check(order, true), check(order, false)), (0, 0), "the finished copy");
    }
    println!("20 orders of {} files through the program, {judged} verdicts {seen:?}", names.len());
}
