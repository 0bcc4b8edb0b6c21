//! The program itself, killed with SIGKILL at random points of a snap: no manual step, and every snapshot that exists restores.

use crate::support::{Machine, check_all, restore, snapshots};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tintype::ops::check::Depth;
use tintype::repo::Credentials;
use tintype::scan::generate;
use tintype::store::{LocalStore, OsDisk, Store};

const KILLS: u64 = 200;

fn tintype(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tintype"));
    command.arg("-r").arg(folder.join("repository")).arg("--progress").arg("none");
    command.env("TINTYPE_CACHE_DIR", folder.join("cache")).env("TINTYPE_STATE_DIR", folder.join("state"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn write_photo(folder: &Path, number: u64, seed: u64) {
    let mut bytes = vec![0; 300_000];
    generate(seed, 0, &mut bytes);
    let path = folder.join(format!("photos/{:02}/IMG_{number:04}.JPG", number % 7));
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for photos");
    std::fs::write(path, bytes).expect("a photo");
}

fn snap(folder: &Path) -> Command {
    let mut command = tintype(folder);
    command.arg("snap").arg(folder.join("photos"));
    command
}

/// Everything that exists restores, and nothing is damaged.
fn all_is_well(folder: &Path, context: &str) -> usize {
    let store = LocalStore::open(Arc::new(OsDisk), folder.join("repository"), "tester").expect("the repository is there");
    let repository = Machine::without_state(1).open(Arc::new(store) as Arc<dyn Store>, &Credentials::None).expect("it opens");
    let report = check_all(&repository, Depth::ReadData).expect("a check");
    assert!(matches!(report.exit_code, 0 | 4), "{context}: check says {}: {:?}", report.exit_code, report.problems);
    let names = snapshots(&repository);
    // The newest ones hold what the last kills hit; older ones share their packs, which were all read above.
    for name in names.iter().take(5) {
        let (report, _) = restore(&repository, name).unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(report.exit_code(), 0, "{context}: {report:?}");
    }
    names.len()
}

#[test]
fn killed_two_hundred_times() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    (0..40).for_each(|number| write_photo(folder, number, number + 1));
    assert!(tintype(folder).args(["init", "--no-encryption"]).status().expect("init runs").success());
    let begun = Instant::now();
    assert!(snap(folder).status().expect("snap runs").success());
    let whole = begun.elapsed();
    let mut random = 0x1234_5678_9abc_def1_u64;
    let (mut killed, mut finished) = (0, 0);
    let mut seed = 1_000;
    while killed < KILLS {
        for _ in 0..12 {
            seed += 1;
            write_photo(folder, seed % 40, seed);
        }
        let mut child = snap(folder).spawn().expect("snap runs");
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let micros = u64::try_from(whole.as_micros()).expect("short");
        std::thread::sleep(Duration::from_micros(random % (micros + micros / 4)));
        if child.try_wait().expect("it can be asked").is_some() {
            finished += 1;
            assert!(finished < 5 * KILLS, "hardly any run lives long enough to be killed");
            continue;
        }
        child.kill().expect("SIGKILL");
        child.wait().expect("it ends");
        killed += 1;
        if killed % 20 == 0 {
            all_is_well(folder, &format!("after {killed} kills"));
        }
    }
    assert!(snap(folder).status().expect("snap runs").success(), "the next run goes on by itself");
    let count = all_is_well(folder, "at the end");
    let left = std::fs::read_dir(folder.join("repository/packs")).expect("packs").flatten();
    let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with("tmp-")).count();
    println!("killed {killed} times ({finished} runs were too fast), {count} snapshots: all restore; {left} temporary files left");
    assert_eq!(left, 0, "temporary files of dead runs are removed");
}
