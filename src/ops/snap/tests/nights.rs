//! Thirty nights in a family: what each snap said stands in `nights.txt`, and whatever was ever readable is in the newest snapshot.
//!
//! `TINTYPE_BLESS=1` writes the transcript anew; look at what changed.

use super::World;
use crate::clock::Timestamp;
use crate::ops::Outcome;
use crate::ops::snap::{SnapOptions, SnapReport, SnapSource, snap};
use crate::progress::Silent;
use crate::repo::NewProtection;
use crate::scan::{Fault, FileSystem, MemorySource, MissingSource, Source};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// A home with pictures, a drive with older ones, and a card whose times are kept in the zone of the day.
struct Family {
    world: World,
    drive: Arc<MemorySource>,
    card: Arc<MemorySource>,
    drive_is_here: bool,
    /// What the newest snapshot must have: the last bytes that could be read of each file that nobody deleted.
    expected: BTreeMap<Vec<u8>, Vec<u8>>,
    transcript: String,
    codes: Vec<u8>,
}

impl Family {
    fn new() -> Self {
        let world = World::new(&NewProtection::Plain, 1);
        let (drive, card) = (Arc::new(MemorySource::new()), Arc::new(MemorySource::new()));
        drive.set_clock(world.clock.clone());
        card.set_clock(world.clock.clone());
        let mut family =
            Self { world, drive, card, drive_is_here: true, expected: BTreeMap::new(), transcript: String::new(), codes: Vec::new() };
        for number in 1..=12 {
            family.adds(&format!("2019/IMG_{number:02}.HEIC"), &format!("summer {number}"));
        }
        family.adds("2020/film.mov", "a film");
        for number in 1..=4 {
            family.keeps(&family.drive.clone(), &format!("scans/{number}.tif"), &format!("scan {number}"));
            family.keeps(&family.card.clone(), &format!("DCIM/{number}.jpg"), &format!("card {number}"));
        }
        let file_system = family.card.file_system(b"").unwrap();
        let fat = FileSystem { ctime_means_change: false, keeps_owner: false, name: "vfat".to_owned(), ..file_system };
        family.card.set_file_system("", 3, fat);
        family
    }

    fn keeps(&mut self, source: &MemorySource, path: &str, bytes: &str) {
        source.add_file(path, bytes);
        self.expected.insert(path.as_bytes().to_vec(), bytes.as_bytes().to_vec());
    }

    fn adds(&mut self, path: &str, bytes: &str) {
        let home = self.world.source.clone();
        self.keeps(&home, path, bytes);
    }

    /// A person deletes a file, on purpose or not.
    fn deletes(&mut self, path: &str) {
        self.world.source.remove(path);
        self.expected.remove(path.as_bytes());
    }

    fn night(&mut self, what: &str) -> SnapReport {
        self.world.clock.advance(DAY);
        let source = |source: Arc<dyn Source>, path: &str| SnapSource { source, path: path.into(), label: None, repository_inside: None };
        let drive: Arc<dyn Source> = match self.drive_is_here {
            true => self.drive.clone(),
            false => Arc::new(MissingSource::not_found(b"/media/drive".to_vec())),
        };
        let sources =
            [source(self.world.source.clone(), "/home/Pictures"), source(drive, "/media/drive"), source(self.card.clone(), "/media/card")];
        let report = snap(&self.world.repository, &sources, &SnapOptions::default(), &Silent).unwrap();
        self.tell(what, &report);
        assert_eq!(self.world.files(), self.expected, "night {}: {what}", self.codes.len());
        report
    }

    fn tell(&mut self, what: &str, report: &SnapReport) {
        let code = Outcome::of(&report.problems).exit_code();
        self.codes.push(code);
        let out = &mut self.transcript;
        _ = writeln!(out, "night {}: {what}\n  exit {code}", self.codes.len());
        for source in &report.sources {
            let changed = [(source.new_files, "new"), (source.changed_files, "changed"), (source.gone_files, "gone")];
            let changed: Vec<String> =
                changed.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
            if !changed.is_empty() {
                _ = writeln!(out, "  {}: {}", source.label, changed.join(", "));
            }
            for one in &source.not_saved {
                let kept = one.kept_from.as_deref().map_or("not kept", |_| "kept as it was");
                let known = if one.known_since.is_some() { ", known" } else { "" };
                _ = writeln!(out, "  not saved: {} ({}): {kept}{known}", one.path, one.reason);
            }
        }
        for problem in &report.problems {
            // Days differ from run to run of the program's own release; the words do not.
            _ = writeln!(out, "  {:?}: {}: {}", problem.severity, problem.code, without_times(&problem.message));
        }
    }
}

/// The words of a message, with every time in it replaced.
fn without_times(message: &str) -> String {
    let is_time =
        |word: &str| word.len() >= 10 && word.as_bytes().first().is_some_and(u8::is_ascii_digit) && word.matches('-').count() == 2;
    let words = message.split(' ').map(|word| if is_time(word.trim_end_matches([',', ')', ';', ':'])) { "TIME" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn expected_codes() -> Vec<u8> {
    let mut codes = vec![0; 32];
    // A file that cannot be read, one that is evicted, an absent drive, rot, an emptied folder, and what is said again after 30 days.
    for night in [4, 7, 10, 15, 19, 22, 32] {
        codes[night - 1] = 3;
    }
    codes
}

#[test]
// long: a month, night by night.
fn thirty_nights() {
    let mut family = Family::new();
    let home = family.world.source.clone();
    family.night("the first snapshot");
    family.night("nothing happened");
    family.adds("2026/IMG_90.HEIC", "new tonight");
    family.night("a photo was taken");
    home.fail("2019/IMG_02.HEIC", Fault::PermissionDenied).touch("2019/IMG_02.HEIC");
    family.night("a photo cannot be read");
    family.night("it still cannot");
    home.heal("2019/IMG_02.HEIC");
    family.night("it can again");
    home.set_placeholder("2020/film.mov", true);
    family.night("the film is only in the cloud now");
    family.night("and stays there");
    home.set_placeholder("2020/film.mov", false);
    family.night("it was downloaded");
    family.drive_is_here = false;
    family.night("the drive is not connected");
    family.night("still not");
    family.adds("2026/IMG_91.HEIC", "taken meanwhile");
    family.night("still not, and a photo was taken");
    family.drive_is_here = true;
    family.night("the drive is back");
    let paths = ["DCIM/1.jpg", "DCIM/2.jpg", "DCIM/3.jpg", "DCIM/4.jpg", "DCIM", ""];
    for path in paths {
        family.card.edit_stat(path, |stat| stat.mtime = Timestamp { seconds: stat.mtime.seconds + 3600, ..stat.mtime });
    }
    family.night("winter time on the card");
    home.fail("2019", Fault::PermissionDenied);
    family.night("a folder cannot be listed");
    family.night("still not");
    home.heal("2019");
    family.night("it can again");
    home.rename("2019/IMG_03.HEIC", "2020/beach.HEIC");
    let moved = family.expected.remove(&b"2019/IMG_03.HEIC"[..]).unwrap();
    family.expected.insert(b"2020/beach.HEIC".to_vec(), moved);
    family.night("a photo was renamed");
    for number in 4..=12 {
        family.deletes(&format!("2019/IMG_{number:02}.HEIC"));
    }
    family.night("most of a summer was deleted");
    family.night("nothing happened");
    family.night("nothing happened");
    home.fail("2019/IMG_01.HEIC", Fault::PermissionDenied).touch("2019/IMG_01.HEIC");
    family.night("another photo cannot be read");
    for _ in 23..=30 {
        family.night("it still cannot");
    }
    assert_eq!(family.codes.len(), 30);
    family.night("the night after");
    family.world.clock.advance(DAY * 22);
    family.night("three weeks later it is said again");
    println!("{}", family.transcript);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops/snap/tests/nights.txt");
    if std::env::var_os("TINTYPE_BLESS").is_some() {
        std::fs::write(&path, &family.transcript).unwrap();
    }
    assert_eq!(family.codes, expected_codes(), "{}", family.transcript);
    assert_eq!(family.transcript, std::fs::read_to_string(&path).unwrap_or_default(), "TINTYPE_BLESS=1 writes it anew");
}
