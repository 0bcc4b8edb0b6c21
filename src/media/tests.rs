//! Owns the tests of all kinds together: what every parser must bear, what `settle` promises, and a table over real files.

use super::{Bytes, Family, NoLayout, PARTS_MAX, Part, Role, kind_of, layout, settle};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Cut off after every byte, and with each byte changed: no panic, and parts lie within the file, apart and in order.
pub(super) fn assert_robust(bytes: &[u8]) {
    (0..bytes.len()).for_each(|end| assert_sound(&bytes[..end]));
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() {
        for flip in [0xff, 0x01, 0x80] {
            bytes[at] ^= flip;
            assert_sound(&bytes);
            bytes[at] ^= flip;
        }
    }
}

fn assert_sound(bytes: &[u8]) {
    let Ok(found) = layout(&mut Bytes(bytes)) else { return };
    let mut end = 0;
    for part in &found.parts {
        assert!(part.offset >= end && part.length_bytes > 0, "{found:?}");
        end = part.offset.checked_add(part.length_bytes).unwrap();
    }
    assert!(end <= u64::try_from(bytes.len()).unwrap() && found.parts.len() <= PARTS_MAX, "{found:?}");
}

#[test]
fn parts_are_settled() {
    let part = |offset, length_bytes, role| Part { offset, length_bytes, role };
    let parts = vec![
        part(50_000, 10_000, Role::Picture),
        part(0, 5_000, Role::Film),
        part(4_000, 6_000, Role::Auxiliary),
        part(60_000, 10_000, Role::Picture),
        part(20_000, 4_095, Role::Picture),
        part(90_000, u64::MAX, Role::Film),
    ];
    let settled = settle(parts, 100_000);
    let expected = [
        part(0, 5_000, Role::Film),
        part(5_000, 5_000, Role::Auxiliary),
        part(50_000, 20_000, Role::Picture),
        part(90_000, 10_000, Role::Film),
    ];
    assert_eq!(settled, expected);
    let many = (0..1_000).map(|number| part(number * 10_000, 5_000 + number, Role::Picture)).collect();
    let kept = settle(many, u64::MAX);
    assert!(kept.len() == PARTS_MAX && kept.iter().all(|part| part.length_bytes >= 5_000 + 969));
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&path, found),
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}

/// Whole files that have no parts, each for its reason.
const UNCUT: [(&str, &str); 11] = [
    ("audio/stub-QuickTime.m4a", "a stub without media"),
    ("camera-roll/DCIM/101APPLE/IMG_0001.MOV", "a stub without media"),
    ("heif/conformance/lightning_mini.heif", "a box of another form holds all"),
    ("motion-photos/motion_photo_pixel_synth.jpg", "no picture, and a film within a segment"),
    ("raw/truncated/IMG_1361_ProRAW.dng", "cut off"),
    ("raw/truncated/canon-r6.cr3", "cut off"),
    ("raw/truncated/fixture.cr3", "cut off"),
    ("raw/truncated/fujifilm_x_t1_01.raf", "cut off"),
    ("video/bipbop_nonfragment_header.mp4", "the head of a film alone"),
    ("video/sony-a7-xavc.MP4", "a stub without media"),
    ("video/stub-QuickTime.mov", "a stub without media"),
];

#[test]
fn every_whole_file_of_a_known_kind_among_the_samples_is_cut() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/photos");
    let mut paths = Vec::new();
    files_below(&root, &mut paths);
    if paths.is_empty() {
        eprintln!("SKIP: no sample files");
        return;
    }
    paths.sort();
    let mut table: BTreeMap<&'static str, (u32, u32, BTreeMap<String, u32>)> = BTreeMap::new();
    let mut uncut = Vec::new();
    for path in &paths {
        let bytes = std::fs::read(path).unwrap();
        assert_sound(&bytes);
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let family = kind_of(&bytes);
        let (kind, why) = match layout(&mut Bytes(&bytes)) {
            Ok(found) if !found.parts.is_empty() => (found.kind.name(), None),
            Ok(found) => (found.kind.name(), Some("it holds no picture and no film".to_owned())),
            Err(NoLayout::Unknown) if family.is_none() => ("other", Some("no kind that is known".to_owned())),
            Err(why) => (family.map_or("other", family_name), Some(why.to_string())),
        };
        let row = table.entry(kind).or_default();
        row.0 += 1;
        match why {
            None => row.1 += 1,
            Some(why) => {
                *row.2.entry(why.clone()).or_default() += 1;
                if family.is_some() {
                    uncut.push(format!("{name}: {why}"));
                }
            }
        }
    }
    for (kind, (files, cut, why)) in &table {
        println!("{kind:<6} {files:>4} files, {cut:>4} cut  {why:?}");
    }
    println!("not cut:\n{}", uncut.join("\n"));
    let whole: Vec<_> =
        uncut.iter().filter(|line| !line.starts_with("hostile/") && !UNCUT.iter().any(|(name, _)| line.starts_with(name))).collect();
    assert!(whole.is_empty(), "{whole:#?}");
}

fn family_name(family: Family) -> &'static str {
    match family {
        Family::Jpeg => "jpeg",
        Family::Png => "png",
        Family::Riff => "webp",
        Family::Bmff => "boxes",
        Family::JxlCodestream | Family::JxlContainer => "jxl",
        Family::Tiff => "tiff",
        Family::Raf => "raf",
    }
}
