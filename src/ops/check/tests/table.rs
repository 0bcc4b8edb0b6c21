//! The table: what is done to which file, on which machine, seen with which key, gives which exit code.

use super::support::{Machine, Sample};
use crate::ops::check::Depth;
use crate::repo::Credentials;
use crate::store::MemoryStore;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    Absent,
    Truncated,
    Flipped,
    Swapped,
    Zeroed,
}

const HARMS: [Harm; 5] = [Harm::Absent, Harm::Truncated, Harm::Flipped, Harm::Swapped, Harm::Zeroed];

fn do_harm(store: &MemoryStore, path: &str, other: &str, harm: Harm) {
    let mut bytes = store.bytes_of(path).unwrap();
    let middle = bytes.len() / 2;
    match harm {
        Harm::Absent => {
            store.delete(path);
            return;
        }
        Harm::Truncated => bytes.truncate(middle),
        Harm::Flipped => bytes[middle] ^= 1,
        Harm::Swapped => bytes = store.bytes_of(other).unwrap(),
        Harm::Zeroed => bytes.fill(0),
    }
    store.set_bytes(path, bytes);
}

/// Files that suffer together, and the exit codes of [fresh with key, fresh locked, saw with key, saw locked] for each harm.
struct Row {
    what: &'static str,
    paths: Vec<String>,
    other: String,
    expected: [[u8; 4]; 5],
}

const LOST: [[u8; 4]; 5] = [[6, 6, 5, 5], [6, 6, 5, 5], [5; 4], [5; 4], [6, 6, 5, 5]];
const HEALS: [[u8; 4]; 5] = [[4; 4]; 5];

fn rows(sample: &Sample) -> Vec<Row> {
    let both = |path: String| vec![path.clone(), format!("second/{path}")];
    let data = sample.data[1].file().path();
    let paged = sample.data[0].file().path();
    let meta = sample.meta[1].file().path();
    let newer = sample.manifests[1].path();
    let older = sample.manifests[0].path();
    let key = {
        use crate::store::Store;
        sample.writer.store.list("keys").unwrap()[0].name.clone()
    };
    let needs = sample.page.path();
    let json = "tintype.json".to_owned();
    let row = |what, paths: Vec<String>, other: &str, expected| Row { what, paths, other: other.to_owned(), expected };
    let second = |path: &str| vec![format!("second/{path}")];
    vec![
        row("data pack", vec![data.clone()], &paged, LOST),
        row("data pack of a page", vec![paged.clone()], &data, LOST),
        row("meta pack first", vec![meta.clone()], &data, HEALS),
        row("meta pack second", second(&meta), &data, HEALS),
        row("meta pack both", both(meta.clone()), &data, LOST),
        row("index", vec![sample.segment.path()], &older, HEALS),
        row("needs first", vec![needs.clone()], &older, HEALS),
        row("needs second", second(&needs), &older, HEALS),
        row("needs both", both(needs), &older, [[4, 6, 4, 6]; 5]),
        row("manifest first", vec![newer.clone()], &older, HEALS),
        row("manifest second", second(&newer), &older, HEALS),
        row("manifest both", both(newer), &older, [[0, 0, 5, 5], [6, 6, 5, 5], [5; 4], [5; 4], [6, 6, 5, 5]]),
        row("tintype.json first", vec![json.clone()], &older, HEALS),
        row("tintype.json second", second(&json), &older, HEALS),
        row("tintype.json both", both(json), &older, [[2; 4], [4, 5, 4, 5], [4, 5, 4, 5], [4, 5, 4, 5], [4, 5, 4, 5]]),
        row("key slot first", vec![key.clone()], &older, HEALS),
        row("key slot second", second(&key), &older, HEALS),
        row("key slot both", both(key), &older, [[4; 4], [4; 4], [4; 4], [4; 4], [4; 4]]),
    ]
}

#[test]
fn every_harm_has_its_exit_code() {
    let sample = Sample::new(true);
    let key = sample.writer.key();
    for depth in [Depth::Quick, Depth::ReadData] {
        let report = Machine::new().check(std::sync::Arc::new(sample.store()), &key, depth).unwrap();
        assert_eq!((report.exit_code, report.problems), (0, Vec::new()), "nothing was harmed yet");
    }
    let mut wrong = Vec::new();
    println!("{:22} {:10} {:>5} {:>6} {:>5} {:>6}", "", "", "fresh", "locked", "saw", "locked");
    for row in rows(&sample) {
        for (harm, expected) in HARMS.into_iter().zip(row.expected) {
            let mut got = [0; 4];
            for (column, (saw, locked)) in [(false, false), (false, true), (true, false), (true, true)].into_iter().enumerate() {
                let credentials = if locked { Credentials::None } else { key.clone() };
                let (store, machine) = (sample.store(), Machine::new());
                if saw {
                    assert_eq!(machine.exit(&store, &credentials, Depth::Quick), 0);
                }
                for path in &row.paths {
                    do_harm(&store, path, &row.other, harm);
                }
                got[column] = machine.exit(&store, &credentials, Depth::ReadData);
                if got[column] != expected[column] {
                    let report = machine.check(std::sync::Arc::new(store), &credentials, Depth::ReadData);
                    println!("{report:#?}");
                }
            }
            let [one, two, three, four] = got;
            let mark = if got == expected { "" } else { "  <- wrong" };
            println!("{:22} {:10} {one:>5} {two:>6} {three:>5} {four:>6}{mark}", row.what, format!("{harm:?}"));
            if got != expected {
                wrong.push((row.what, harm, got, expected));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
