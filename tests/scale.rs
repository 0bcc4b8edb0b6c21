//! A repository of 1,000 snapshots and 20,000 packs: what an unchanged snap writes, and what restoring one photo asks the store for.

mod support;

use std::sync::Arc;
use std::time::Duration;
use support::{Machine, Protection, create};
use tintype::ops::SnapshotRef;
use tintype::ops::restore::{MemoryLimits, MemoryTarget, RestoreOptions, plan_restore};
use tintype::ops::snap::{SnapOptions, SnapSource, snap};
use tintype::progress::Silent;
use tintype::repo::{Expect, PackKind, PackRun, Repository};
use tintype::scan::{Content, MemorySource, generate};
use tintype::store::MemoryStore;
use tintype::tree::ObjectKind;

const SNAPSHOTS: u64 = 1_000;
const PHOTO_BYTES: u64 = 600;

/// Content of a photo that no other has.
fn photo(number: u64) -> Content {
    Content::Generated { seed: number + 1, length_bytes: PHOTO_BYTES }
}

/// Puts photos into packs of their own, as an interrupted run leaves them: the next snap finds and uses them.
fn write_packs(repository: &Repository, numbers: std::ops::Range<u64>) {
    PackRun::run(repository, 1, Vec::new(), |run| {
        for number in numbers {
            let mut bytes = vec![0; usize::try_from(PHOTO_BYTES).expect("small")];
            generate(number + 1, 0, &mut bytes);
            let mut packer = run.packer(PackKind::Data);
            packer.add(ObjectKind::Chunk, ObjectKind::Chunk.id_of(&bytes), &bytes, Expect::Unknown)?;
            packer.finish()?;
        }
        Ok(())
    })
    .expect("packs can be written");
}

#[test]
fn twenty_thousand_packs() {
    let store = MemoryStore::new();
    let machine = Machine::new(1);
    let (repository, credentials) = create(Arc::new(store.clone()), &machine, Protection::Encrypted);
    let source = Arc::new(MemorySource::new());
    source.set_clock(machine.clock.clone());
    let snap_now = |repository: &Repository| {
        machine.clock.advance(Duration::from_secs(3_600));
        let source = SnapSource { source: source.clone(), path: b"/home/ann/Pictures".to_vec(), label: None, repository_inside: None };
        snap(repository, &[source], &SnapOptions::default(), &Silent).expect("a snap")
    };
    let mut end = 0;
    for round in 0..SNAPSHOTS {
        // Most packs come late: the test then takes seconds instead of minutes, and what stands at the end is the same.
        let numbers = end..end + if round < SNAPSHOTS - 50 { 1 } else { 362 };
        end = numbers.end;
        write_packs(&repository, numbers.clone());
        for number in numbers {
            source.add_file(format!("{}/{:02}/IMG_{number:06}.HEIC", 2000 + round / 100, round % 100), photo(number));
        }
        let report = snap_now(&repository);
        assert_eq!(report.stored.new_chunks, 0, "packs of an interrupted run are used");
    }
    let packs = store.names().iter().filter(|name| name.starts_with("packs/")).count();
    assert!(packs >= 20_000, "{packs} packs");

    let before = store.names();
    let unchanged = snap_now(&repository);
    let new: Vec<String> = store.names().into_iter().filter(|name| !before.contains(name)).collect();
    let longest = new.iter().filter_map(|name| store.bytes_of(name)).map(|bytes| bytes.len()).max().unwrap_or(0);
    println!(
        "{packs} packs: an unchanged snap wrote {} files of at most {longest} bytes, {} bytes in all",
        new.len(),
        unchanged.stored_bytes
    );
    assert!(new.len() == 2 && new.iter().all(|name| name.contains("snapshots/")) && longest <= 12 << 10, "{new:?}");

    let cold = Machine::without_state(2);
    store.reset_requests();
    let repository = cold.open(Arc::new(store.clone()), &credentials).expect("it opens");
    let target = Arc::new(MemoryTarget::new(MemoryLimits::default()));
    let path = b"2009/76/IMG_010450.HEIC".to_vec();
    let options = RestoreOptions { snapshots: vec![(SnapshotRef::Latest(0), Some(path.clone()))], ..RestoreOptions::default() };
    let report = plan_restore(&repository, target.clone(), &options, &Silent).expect("a plan").run(&Silent).expect("a restore");
    let requests = store.requests();
    println!("one photo of {} snapshots and {packs} packs, cold cache: {} store requests", SNAPSHOTS + 1, requests.len());
    let mut bytes = vec![0; usize::try_from(PHOTO_BYTES).expect("small")];
    generate(10_451, 0, &mut bytes);
    assert_eq!((report.files, target.bytes(&path)), (1, Some(bytes)));
    let list: Vec<String> =
        requests.iter().map(|request| format!("{:?} {}", request.operation, request.name.get(..24).unwrap_or(&request.name))).collect();
    assert!(requests.len() <= 32, "{list:#?}");
}
