//! Owns tests of what a repository makes of slots, headers, lists of packs and notices that are not as they should be.

use super::inventory::Seen;
use super::needs::page_file;
use super::{Credentials, Entropy, Local, NewProtection, ObjectReader, PackTail, Packs, RepoError, Repository, Surroundings};
use crate::clock::{ManualClock, Timestamp};
use crate::crypto::{Sealing, SlotStrength};
use crate::format::{
    Directory, FileKind, Header, NameFolder, NeededPack, Needs, ObjectId, ObjectKind, PackKind, PackName, Record, RecordObject, SealedFile,
    StoredFile, StoredName, TombstoneTarget,
};
use crate::progress::Silent;
use crate::store::{MemoryStore, Store};
use std::sync::Arc;

fn surroundings() -> Surroundings {
    Surroundings {
        clock: Arc::new(ManualClock::at(Timestamp::from_seconds(1_795_370_640))),
        entropy: Arc::new(Entropy::seeded(3)),
        local: Arc::new(Local::default()),
        threads: 1,
    }
}

fn create(store: &MemoryStore, encrypted: bool) -> Repository {
    let password = Some(b"first".to_vec().into());
    let protection = if encrypted { NewProtection::Encrypted { password, strength: SlotStrength::Test } } else { NewProtection::Plain };
    Repository::create(Arc::new(store.clone()), &protection, surroundings()).expect("a new repository").0
}

fn open(store: &MemoryStore, password: &str) -> Result<Repository, RepoError> {
    Repository::open(Arc::new(store.clone()), &Credentials::Password(password.as_bytes().to_vec().into()), surroundings())
}

fn code(opened: Result<Repository, RepoError>) -> &'static str {
    opened.map_or_else(|error| error.code(), |_| "open")
}

#[test]
fn a_removed_slot_hides_no_other_slot_of_the_same_password() {
    let store = MemoryStore::new();
    let repository = create(&store, true);
    let mut slots = [1, 2, 3].map(|_| repository.add_password(b"same", "", SlotStrength::Test).expect("a slot"));
    slots.sort();
    for slot in slots {
        assert_eq!(code(open(&store, "same")), "open");
        repository.bury(TombstoneTarget::KeySlot(slot)).expect("a tombstone");
    }
    assert_eq!(code(open(&store, "same")), "wrong-password");
    assert_eq!(code(open(&store, "first")), "open");
}

#[test]
fn files_that_are_no_slots_do_not_count_as_tried() {
    let store = MemoryStore::new();
    let repository = create(&store, true);
    let slot = |bytes: &[u8]| StoredFile::first(NameFolder::Keys, StoredName(*blake3::hash(bytes).as_bytes()));
    for number in 0..100_u8 {
        let mut name = StoredName([0; 32]);
        name.0[31] = number;
        store.set_bytes(&StoredFile::first(NameFolder::Keys, name).path(), vec![number; 300]);
        let other = [&[number; 300][..], b"well named, and no slot"].concat();
        store.set_bytes(&slot(&other).path(), other);
    }
    assert_eq!(code(open(&store, "first")), "open");
    assert_eq!(code(open(&store, "other")), "wrong-password");
    for name in store.names().iter().filter(|name| name.contains("keys/")) {
        store.delete(name);
    }
    assert_eq!(code(open(&store, "first")), "no-key-slots");
    let mut newer = Header { kind: FileKind::KeySlot, version: 1, repository: repository.id(), salt: [1; 32], key_check: [2; 32] }.encode();
    newer[10] = 2;
    let header = Header::decode(&[&newer[..10], &[1], &newer[11..]].concat()).expect("a header");
    let bytes = SealedFile::join(&header, &newer, &[0; 40]);
    store.set_bytes(&slot(&bytes).path(), bytes);
    assert_eq!(code(open(&store, "first")), "format-too-new");
}

const PHOTO: &[u8] = b"one photo";

/// A data pack of one photo, changed after it was sealed, under the name of its bytes.
fn put_pack(repository: &Repository, store: &MemoryStore, change: impl Fn(&mut Vec<u8>)) -> (StoredFile, u64) {
    let sealing = repository.sealing().expect("the key is here");
    let seal = sealing.create(FileKind::DataPack, repository.id(), [5; 32]).expect("a seal");
    let mut record = PHOTO.to_vec();
    seal.seal_record(0, &mut record).expect("sealed");
    let id = ObjectKind::Chunk.id_of(PHOTO);
    let directory = Directory {
        records: vec![Record {
            codec: 0,
            stored_bytes: u32::try_from(record.len()).expect("short"),
            raw_bytes: 9,
            objects: vec![RecordObject { id, kind: ObjectKind::Chunk, length_bytes: 9 }],
        }],
    };
    let mut sealed = directory.encode();
    seal.seal_directory(&mut sealed).expect("sealed");
    let mut bytes = SealedFile::join(seal.header(), &[&seal.header_bytes()[..], &record].concat(), &sealed);
    change(&mut bytes);
    let file = StoredFile::first(NameFolder::Packs, StoredName(*blake3::hash(&bytes).as_bytes()));
    let length_bytes = u64::try_from(bytes.len()).expect("short");
    store.set_bytes(&file.path(), bytes);
    (file, length_bytes)
}

fn photo() -> ObjectId {
    ObjectKind::Chunk.id_of(PHOTO)
}

#[test]
fn a_pack_with_another_header_than_its_key_makes_is_damaged_and_still_readable() {
    for encrypted in [false, true] {
        // The writer's version, a byte of the zeros, the kind, the magic, the smallest reader version.
        for (place, value) in [(9, 2), (100, 1), (8, 2), (0, 0), (10, 2)] {
            let store = MemoryStore::new();
            let repository = create(&store, encrypted);
            let (file, length_bytes) = put_pack(&repository, &store, |bytes| bytes[place] = value);
            let name = PackName::from(file.hash);
            let context = format!("encrypted: {encrypted}, byte {place}");
            let seen = Seen { length_bytes, stamp: None, placeholder: false };
            assert!(repository.read_directory(name, seen).expect("the place is here").is_err(), "{context}");
            let packs = Packs::list(&store).expect("a listing");
            let relied_on = repository.load_index(&packs).expect("an index");
            assert_eq!((relied_on.index.position(name), relied_on.bad_packs.len()), (None, 1), "{context}");
            let verdict = repository.verify_pack(&file, length_bytes, &|_| None, &Silent).expect("a verdict");
            assert!(verdict.name_agrees && !verdict.is_good() && verdict.objects_are_good(), "{context}: {verdict:?}");
            assert!(verdict.reason.is_some_and(|reason| reason.contains("header")), "{context}");
            let reader = ObjectReader::with_segments(&repository, &[]).expect("a reader");
            assert_eq!(&*reader.load(ObjectKind::Chunk, photo()).expect("the photo"), PHOTO, "{context}");
        }
        let store = MemoryStore::new();
        let repository = create(&store, encrypted);
        let (file, length_bytes) = put_pack(&repository, &store, |_| {});
        assert!(repository.verify_pack(&file, length_bytes, &|_| None, &Silent).expect("a verdict").is_good());
        assert!(repository.load_index(&Packs::list(&store).expect("a listing")).expect("an index").bad_packs.is_empty());
    }
}

#[test]
fn only_a_header_says_that_a_pack_is_of_a_newer_version() {
    let store = MemoryStore::new();
    let repository = create(&store, false);
    let trailer_kind = |bytes: &mut Vec<u8>| {
        let place = bytes.len() - 56;
        bytes[place] = 20;
    };
    let (file, length_bytes) = put_pack(&repository, &store, trailer_kind);
    assert_eq!(repository.pack_tail(&file, length_bytes).expect("the place is here"), PackTail::Wrong);
    let (file, length_bytes) = put_pack(&repository, &store, |bytes| {
        trailer_kind(bytes);
        bytes[8] = 20;
    });
    let tail = repository.pack_tail(&file, length_bytes).expect("the place is here");
    assert!(matches!(&tail, PackTail::Unreadable(words) if words.contains("newer version")), "{tail:?}");
}

#[test]
fn pages_out_of_order_and_packs_named_twice_contradict_the_manifest() {
    let store = MemoryStore::new();
    let repository = create(&store, false);
    let pack = |number: u8| NeededPack { name: PackName([number; 32]), length_bytes: 10, kind: PackKind::Data };
    let page = |packs: &[NeededPack]| {
        let (file, bytes) = page_file(&repository, packs);
        store.set_bytes(&file.path(), bytes);
        file.hash
    };
    let (low, high) = (page(&[pack(1), pack(2)]), page(&[pack(3), pack(4)]));
    let agrees = |pages: Vec<StoredName>, tail: Vec<NeededPack>, pack_count: u64| {
        let needs = Needs { pages, tail, pack_count, pack_bytes: pack_count * 10 };
        repository.read_needs(&needs).expect("the place is here").agrees_with(&needs)
    };
    assert!(agrees(vec![low, high], vec![pack(5)], 5));
    assert!(!agrees(vec![low, high], vec![pack(5)], 4));
    assert!(!agrees(vec![high, low], vec![pack(5)], 5));
    assert!(!agrees(vec![low, low, high], vec![pack(5)], 5));
    assert!(!agrees(vec![low, high], vec![pack(4)], 4));
}

#[test]
fn a_notice_that_is_proved_and_says_nothing_known_is_unreadable() {
    let store = MemoryStore::new();
    let repository = create(&store, true);
    let header = Header::public(FileKind::Tombstone, repository.id()).encode();
    let public = [&[3][..], &[7; 32]].concat();
    let Ok(Sealing::Encrypted(master)) = repository.sealing() else { panic!("it is encrypted") };
    let hash = master.notice_hash(FileKind::Tombstone, &header, &public).expect("a notice");
    let bytes = SealedFile::join(&Header::public(FileKind::Tombstone, repository.id()), &[&header[..], &public].concat(), &hash);
    let file = StoredFile::first(NameFolder::Tombstones, StoredName(*blake3::hash(&bytes).as_bytes()));
    store.put(&file.path(), &bytes).expect("written");
    let notices = repository.notices().expect("the place is here");
    assert_eq!((notices.unreadable.len(), notices.false_ones.len()), (1, 0));
}
