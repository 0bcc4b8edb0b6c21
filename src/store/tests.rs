//! Tests of the store layer: the contract over every store, crashes after every operation, and faults of the system.

use super::suite::contract;
use super::{Disk, FaultyStore, LocalStore, MemoryStore, Operation, OsDisk, Personality, Put, SimulatedDisk, Store, StoreError, Torn};
use rustix::io::Errno;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn store_on(disk: &SimulatedDisk) -> LocalStore {
    LocalStore::create(Arc::new(disk.clone()), PathBuf::from("/repo"), "m1").unwrap()
}

fn local(root: &Path) -> LocalStore {
    LocalStore::open(Arc::new(OsDisk), root.to_owned(), "m1").unwrap()
}

fn refused(errno: Errno) -> impl FnOnce(&mut Personality) {
    move |personality| {
        personality.file_sync_refused = Some(errno);
        personality.folder_sync_refused = Some(errno);
        personality.noreplace_refused = true;
        personality.bypass_refused = true;
    }
}

#[test]
fn memory_keeps_the_contract() {
    contract(&MemoryStore::new());
}

#[test]
fn faulty_without_faults_keeps_the_contract() {
    contract(&FaultyStore::new(Arc::new(MemoryStore::new())));
    let behind: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let _compiles: FaultyStore = FaultyStore::new(behind);
}

#[test]
fn local_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let store = local(folder.path());
    contract(&store);
    assert_eq!(store.weaknesses(), [] as [String; 0]);
    assert!(store.device().is_some());
}

#[test]
fn simulated_keeps_the_contract() {
    let disk = SimulatedDisk::new(1);
    let store = store_on(&disk);
    contract(&store);
    assert!(disk.bypassed_bytes() >= 64 << 20, "uploads bypass the page cache");
    assert_eq!(store.weaknesses(), [] as [String; 0]);
}

#[test]
fn weak_disks_keep_the_contract() {
    let disk = SimulatedDisk::new(1);
    disk.set(refused(Errno::INVAL));
    let store = store_on(&disk);
    contract(&store);
    assert_eq!(store.weaknesses().len(), 2, "each weakness is said once: {:?}", store.weaknesses());
}

#[test]
fn every_refusal_of_a_sync_is_tolerated_and_said() {
    for errno in [Errno::NOTSUP, Errno::INVAL, Errno::NOTTY, Errno::NOSYS, Errno::BADF] {
        let disk = SimulatedDisk::new(1);
        disk.set(refused(errno));
        let store = store_on(&disk);
        assert_eq!(store.put("a/b", b"x").unwrap(), Put::Stored, "{errno:?}");
        let upload = store.begin("packs").unwrap();
        upload.write_at(0, b"bytes").unwrap();
        assert_eq!(upload.finish("packs/ab/p", 3).unwrap(), Put::Stored, "{errno:?}");
        store.sync().unwrap();
        assert_eq!(store.weaknesses().len(), 2, "{errno:?}");
    }
    let disk = SimulatedDisk::new(1);
    let store = store_on(&disk);
    disk.set(|personality| personality.file_sync_refused = Some(Errno::IO));
    assert_eq!(store.put("a/b", b"x").unwrap_err().code(), "write-error", "a failed sync is not a refused one");
    assert_eq!(store.stat("a/b").unwrap(), None);
}

/// What is on the disk under `name` after a crash: nothing, or exactly `bytes`.
fn check_whole_or_absent(store: &dyn Store, name: &str, bytes: &[u8], promised: bool, context: &str) {
    match store.get(name, u64::MAX) {
        Ok(found) => assert!(found == bytes, "{name} has other bytes after a crash ({context})"),
        Err(StoreError::NotFound { .. }) => {
            assert!(!promised, "{name} was promised and is lost ({context})")
        }
        Err(error) => panic!("{name} is unreadable after a crash: {error} ({context})"),
    }
}

#[test]
fn a_crash_never_loses_what_was_promised_nor_leaves_halves() {
    let bytes: Vec<u8> = (0..20_000_u32).map(|index| (index % 251) as u8 + 1).collect();
    let mut all_promised_count = 0;
    for seed in 0..20 {
        for stop in 0..40 {
            let disk = SimulatedDisk::new(seed);
            let store = store_on(&disk);
            disk.set(|personality| personality.operations_left = Some(stop));
            let first = matches!(store.put("needs/ab/n", &bytes), Ok(Put::Stored));
            let upload = store.begin("packs").and_then(|upload| {
                upload.write_at(8192, &bytes[8192..])?;
                upload.write_at(0, &bytes[..8192])?;
                upload.finish("packs/cd/p", bytes.len() as u64)
            });
            let second = upload.is_ok() && store.sync().is_ok();
            let third = matches!(store.put("packs/cd/q", &bytes), Ok(Put::Stored));
            all_promised_count += u32::from(first && second && third);
            disk.crash();
            let context = format!("seed {seed}, stopped after {stop}");
            let store = store_on(&disk);
            check_whole_or_absent(&store, "needs/ab/n", &bytes, first, &context);
            check_whole_or_absent(&store, "packs/cd/p", &bytes, second, &context);
            check_whole_or_absent(&store, "packs/cd/q", &bytes, third, &context);
            // The next run gets everything done, whatever was left, and clears the rest away.
            assert_ne!(store.put("needs/ab/n", &bytes).unwrap(), Put::Differs, "{context}");
            for file in store.list("").unwrap() {
                assert!(file.name.contains("/tmp-m1-") || file.length_bytes == 20_000, "{} ({context})", file.name);
            }
        }
    }
    assert!(all_promised_count > 20, "the last stops come after everything was done");
}

#[test]
fn a_put_into_a_folder_that_a_killed_run_made_is_durable() {
    for seed in 0..50 {
        let disk = SimulatedDisk::new(seed);
        store_on(&disk);
        disk.create_folder(Path::new("/repo/needs")).unwrap();
        disk.create_folder(Path::new("/repo/needs/ab")).unwrap();
        // Seen only by name, and the bytes of "whole" were synced by nobody.
        disk.create_new(Path::new("/repo/needs/ab/whole"), super::Caching::Buffered).unwrap().write_at(0, b"whole").unwrap();
        let store = store_on(&disk);
        assert_eq!(store.put("needs/ab/new", b"new").unwrap(), Put::Stored);
        assert_eq!(store.put("needs/ab/whole", b"whole").unwrap(), Put::AlreadyThere);
        disk.create_folder(Path::new("/repo/packs")).unwrap();
        disk.create_folder(Path::new("/repo/packs/ab")).unwrap();
        let upload = store.begin("packs").unwrap();
        upload.write_at(0, b"pack").unwrap();
        upload.finish("packs/ab/p", 4).unwrap();
        store.sync().unwrap();
        disk.crash();
        let store = store_on(&disk);
        assert_eq!(store.get("needs/ab/new", 9).unwrap(), b"new", "seed {seed}");
        assert_eq!(store.get("packs/ab/p", 9).unwrap(), b"pack", "seed {seed}");
        assert_eq!(store.get("needs/ab/whole", 9).unwrap(), b"whole", "seed {seed}");
    }
}

#[test]
fn a_crash_while_healing_leaves_the_old_or_the_right_bytes() {
    for seed in 0..20 {
        for stop in 0..12 {
            let disk = SimulatedDisk::new(seed);
            let store = store_on(&disk);
            store.put("packs/ab/p", b"wrong bytes").unwrap();
            disk.set(|personality| personality.operations_left = Some(stop));
            let healed = store.replace("packs/ab/p", b"right").is_ok();
            disk.crash();
            let found = store_on(&disk).get("packs/ab/p", 99).unwrap();
            assert!(found == b"right" || (!healed && found == b"wrong bytes"), "seed {seed}, stop {stop}: {found:?}");
        }
    }
}

#[test]
fn an_unsynced_file_can_come_back_as_zeros_in_the_simulation() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let disk = SimulatedDisk::new(seed);
        disk.create_new(Path::new("/f"), super::Caching::Buffered).unwrap().write_at(0, &[7; 9000]).unwrap();
        disk.sync_folder(Path::new("/")).unwrap();
        disk.crash();
        let mut bytes = vec![1; 9000];
        let count = disk.open(Path::new("/f")).unwrap().read_at(0, &mut bytes).unwrap();
        bytes.truncate(count);
        kinds.insert((count, bytes.iter().all(|byte| *byte == 0), bytes.iter().all(|byte| *byte == 7)));
    }
    let wanted = [(0, true, true), (9000, true, false), (9000, false, true), (9000, false, false)];
    assert!(wanted.iter().all(|kind| kinds.contains(kind)), "nothing, zeros, all and some pages: {kinds:?}");
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let disk = SimulatedDisk::new(1);
    let store = store_on(&disk);
    disk.set(|personality| personality.free_bytes = Some(10_000));
    assert_eq!(store.put("a", &[1; 20_000]).unwrap_err().code(), "disk-full");
    let upload = store.begin("packs").unwrap();
    upload.write_at(0, &[1; 8192]).unwrap();
    assert_eq!(upload.write_at(8192, &[1; 8192]).unwrap_err().code(), "disk-full");
    drop(upload);
    assert!(store.list("").unwrap().is_empty());
    assert_eq!(store.put("a", &[1; 10_000]).unwrap(), Put::Stored, "the room of what failed is free again");
}

#[test]
fn a_place_that_may_not_be_written_is_said() {
    let disk = SimulatedDisk::new(1);
    let store = store_on(&disk);
    store.put("packs/ab/p", b"wrong").unwrap();
    disk.set(|personality| personality.write_refused = Some(Errno::ROFS));
    assert_eq!(store.put("a", b"x").unwrap_err().code(), "read-only");
    assert_eq!(store.remove("packs/ab/p").unwrap_err().code(), "read-only");
    disk.set(|personality| {
        personality.write_refused = None;
        personality.replace_refused = true;
    });
    assert_eq!(store.replace("packs/ab/p", b"right").unwrap_err().code(), "replace-refused");
    assert_eq!(store.get("packs/ab/p", 9).unwrap(), b"wrong");
    assert_eq!(store.list("").unwrap().len(), 1, "the right bytes are not left behind under a temporary name");
}

#[test]
fn a_bad_sector_is_a_read_error_and_can_be_healed() {
    let disk = SimulatedDisk::new(1);
    let store = store_on(&disk);
    store.put("packs/ab/p", &[1; 9000]).unwrap();
    disk.set(|personality| personality.unreadable.push((PathBuf::from("/repo/packs/ab/p"), 4096..4097)));
    let mut part = [0; 4096];
    store.get_range("packs/ab/p", 0, &mut part).unwrap();
    let error = store.get_range("packs/ab/p", 4096, &mut part).unwrap_err();
    assert_eq!((error.code(), error.is_damage_candidate()), ("read-error", true));
    store.replace("packs/ab/p", &[1; 9000]).unwrap();
    disk.set(|personality| personality.unreadable.clear());
    assert_eq!(store.get("packs/ab/p", 9000).unwrap(), [1; 9000]);
}

#[test]
fn a_drive_that_is_gone_is_not_an_empty_place() {
    let above = tempfile::tempdir().unwrap();
    let root = above.path().join("drive");
    fs::create_dir(&root).unwrap();
    let store = local(&root);
    store.put("packs/ab/p", b"x").unwrap();
    fs::rename(&root, above.path().join("elsewhere")).unwrap();
    let upload = |store: &LocalStore| store.begin("packs").map(|_| ()).unwrap_err().code();
    for _ in 0..2 {
        assert_eq!(store.list("packs").unwrap_err().code(), "place-gone");
        assert_eq!(store.list("absent").unwrap_err().code(), "place-gone");
        assert_eq!(store.stat("packs/ab/p").unwrap_err().code(), "place-gone");
        assert_eq!(store.get("packs/ab/p", 9).unwrap_err().code(), "place-gone");
        assert_eq!(store.put("top", b"x").unwrap_err().code(), "place-gone");
        assert_eq!(store.replace("top", b"x").unwrap_err().code(), "place-gone");
        assert_eq!(store.remove("top").unwrap_err().code(), "place-gone");
        assert_eq!(upload(&store), "place-gone");
        assert_eq!(store.sync().unwrap_err().code(), "place-gone");
        // The second round: the empty mount point stands there.
        let _ = fs::create_dir(&root);
    }
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0, "nothing was written to the mount point");
    let error = LocalStore::open(Arc::new(OsDisk), above.path().join("never"), "m1").unwrap_err();
    assert_eq!(error.code(), "place-gone");
}

#[test]
fn foreign_things_do_not_disturb_a_listing() {
    let folder = tempfile::tempdir().unwrap();
    let store = local(folder.path());
    store.put("packs/ab/p", b"x").unwrap();
    fs::write(folder.path().join("packs/.DS_Store"), b"d").unwrap();
    fs::write(folder.path().join("packs/p (1).pack"), b"d").unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("packs/loop")).unwrap();
    std::os::unix::fs::symlink("ab/p", folder.path().join("packs/link")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join("packs/pipe"), rustix::fs::Mode::RWXU).unwrap();
    let odd = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"odd\xff");
    fs::write(folder.path().join("packs").join(odd), b"d").unwrap();
    let names: Vec<String> = store.list("packs").unwrap().into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["packs/.DS_Store", "packs/ab/p", "packs/odd\u{fffd}", "packs/p (1).pack"]);
    for name in ["packs/link", "packs/pipe", "packs/loop"] {
        assert_eq!(store.stat(name).unwrap(), None, "{name}");
        assert_eq!(store.get(name, 99).unwrap_err().code(), "not-found", "{name}");
        assert_eq!(store.put(name, b"x").unwrap(), Put::Differs, "{name}");
    }
    assert_eq!(store.list("packs/loop").unwrap_err().code(), "read-error", "a link in place of a folder is not an empty folder");
}

#[test]
fn only_temporary_files_of_dead_processes_of_this_machine_are_cleared() {
    let disk = SimulatedDisk::new(1);
    let store = store_on(&disk);
    disk.set(|personality| personality.alive_processes.push(0x77));
    let own = format!("packs/tmp-m1-{:x}-0123456789abcdef", std::process::id());
    let kept = [
        own.as_str(),
        "packs/tmp-m1-77-0123456789abcdef",
        "packs/tmp-m2-99-0123456789abcdef",
        "packs/tmp-m1-99-0123456789abcde",
        "packs/tmp-m1-99-0123456789abcdef.pack",
        "packs/tmp-m1-5-99-0123456789abcdef",
    ];
    for name in kept.into_iter().chain(["packs/tmp-m1-99-0123456789abcdef", "snapshots/2026-11/tmp-m1-99-0000000000000000"]) {
        store.put(name, b"x").unwrap();
    }
    assert_eq!(store.remove_stale_temporaries().unwrap(), 2);
    let mut left: Vec<String> = store.list("").unwrap().into_iter().map(|file| file.name).collect();
    let mut wanted: Vec<String> = kept.iter().map(|name| (*name).to_owned()).collect();
    left.sort();
    wanted.sort();
    assert_eq!(left, wanted);
    assert!(OsDisk.process_is_alive(std::process::id()));
    assert!(!OsDisk.process_is_alive(0));
}

#[test]
fn a_stopped_store_is_dead_and_may_leave_a_torn_file() {
    for (torn, left) in [(None, vec![1, 2, 3, 4]), (Some(Torn::Short), vec![1, 2]), (Some(Torn::Zeros), vec![1, 2, 0, 0])] {
        let memory = Arc::new(MemoryStore::new());
        let store = FaultyStore::new(Arc::clone(&memory));
        store.put("a", b"a").unwrap();
        store.stop_after(1);
        if let Some(torn) = torn {
            store.tear(torn);
        }
        assert_eq!(store.put("b", &[1, 2, 3, 4]).is_ok(), torn.is_none());
        assert_eq!(memory.bytes_of("b").unwrap(), left);
        assert_eq!(store.get("a", 9).unwrap_err().code(), "injected");
        assert_eq!(store.put("c", b"c").unwrap_err().code(), "injected");
        assert!(store.is_stopped() && store.change_count() == 2);
        store.heal();
        assert_eq!(store.get("a", 9).unwrap(), b"a");
    }
    for (torn, left) in [(Torn::Short, vec![1, 2]), (Torn::Zeros, vec![0; 4])] {
        let memory = Arc::new(MemoryStore::new());
        let store = FaultyStore::new(Arc::clone(&memory));
        store.stop_after(3);
        store.tear(torn);
        let upload = store.begin("packs").unwrap();
        upload.write_at(0, &[1, 2, 3, 4]).unwrap();
        assert_eq!(upload.finish("packs/p", 4).unwrap_err().code(), "injected");
        assert_eq!(memory.bytes_of("packs/p").unwrap(), left);
    }
}

#[test]
fn faults_of_reading_room_and_listing() {
    let store = FaultyStore::new(Arc::new(MemoryStore::new()));
    store.put("a", &[1; 100]).unwrap();
    store.fail_reads("a", 50..51);
    let mut part = [0; 50];
    store.get_range("a", 0, &mut part).unwrap();
    assert_eq!(store.get_range("a", 50, &mut part).unwrap_err().code(), "read-error");
    assert_eq!(store.get("a", 100).unwrap_err().code(), "read-error");
    store.hide("a");
    assert!(store.list("").unwrap().is_empty());
    assert!(store.stat("a").unwrap().is_some());
    store.fill_after(10);
    store.put("b", &[1; 10]).unwrap();
    assert_eq!(store.put("c", &[1; 1]).unwrap_err().code(), "disk-full");
}

#[test]
fn memory_counts_requests_and_can_be_damaged() {
    let store = MemoryStore::new();
    store.put("a", b"abc").unwrap();
    store.reset_requests();
    store.get("a", 9).unwrap();
    store.get("a", 9).unwrap();
    assert_eq!(store.request_count(Operation::Get), 2);
    assert_eq!(store.requests().len(), 2);
    let copy = store.deep_clone();
    store.set_bytes("a", b"abd".to_vec());
    assert_eq!(copy.bytes_of("a").unwrap(), b"abc");
    assert!(store.delete("a") && !store.delete("a"));
    assert_eq!(copy.names(), ["a"]);
}
