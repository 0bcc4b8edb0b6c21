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

/// First byte of a part, first byte behind it, role.
type Cut = (u64, u64, Role);

/// Where samples are to be cut, metadata left aside.
const CUTS: [(&str, &[Cut]); 20] = [
    ("motion-photos/PXL_20200710_061629144.MP.jpg", &[(26_632, 2_728_123, Role::Picture), (2_731_355, 4_045_406, Role::Film)]),
    ("motion-photos/image-isom-avc1.jpg", &[(832, 23_209, Role::Picture), (23_257, 29_651, Role::Film)]),
    ("jpeg/multi-picture/apple_gainmap_new.jpg", &[(3_470, 44_821, Role::Picture), (45_583, 50_824, Role::Auxiliary)]),
    ("jpeg/multi-picture/apple_gainmap_old.jpg", &[(3_470, 44_821, Role::Picture), (45_501, 50_742, Role::Auxiliary)]),
    ("jpeg/multi-picture/gain-map.jpg", &[(1_672, 1_158_931, Role::Picture), (1_159_502, 1_190_669, Role::Auxiliary)]),
    ("jpeg/multi-picture/frozenpond.mpo", &[(7_464, 82_451, Role::Picture), (89_952, 166_209, Role::Auxiliary)]),
    ("jpeg/multi-picture/sugarshack.mpo", &[(6_170, 60_007, Role::Picture), (66_134, 120_198, Role::Auxiliary)]),
    ("jpeg/multi-picture/Android_Depth_Map.jpg", &[(522_623, 605_282, Role::Picture)]),
    ("jpeg/multi-picture/ultrahdr.jpg", &[(47_594, 48_197, Role::Picture)]),
    ("jpeg/cameras/DSCN0010.jpg", &[(15_933, 161_713, Role::Picture)]),
    ("hostile/jpeg/truncated.jpg", &[(20, 10_000, Role::Picture)]),
    ("png/screenshot.png", &[(953, 17_294, Role::Picture)]),
    ("png/paris_icc_exif_xmp_at_end.png", &[(431, 151_474, Role::Picture)]),
    ("hostile/other/truncated.png", &[(33, 10_000, Role::Picture)]),
    ("webp/denali.webp", &[(6_960, 111_432, Role::Picture)]),
    ("webp/simple_xmp.webp", &[(30, 44_794, Role::Picture)]),
    ("webp/Alpha_Lossless_2.webp", &[(12, 29_360, Role::Picture)]),
    ("jxl/chicken8.jxl", &[(0, 30_603, Role::Picture)]),
    ("jxl/compressed_metadata.jxl", &[(5_528, 102_577, Role::Picture)]),
    ("jxl/orientation6.jxl", &[(40, 13_702, Role::Picture)]),
];

/// Samples before and after an edit of what is said about them.
const PAIRS: [(&str, &str); 6] = [
    ("jpeg/cameras/DSCN0010.jpg", "edited-pairs/DSCN0010-keywords-added.jpg"),
    ("jpeg/cameras/DSCN0010.jpg", "edited-pairs/DSCN0010-date-shifted.jpg"),
    ("jpeg/metadata/paris_exif_xmp_icc.jpg", "jpeg/metadata/paris_exif_xmp_modified_icc.jpg"),
    ("jpeg/multi-picture/apple_gainmap_old.jpg", "jpeg/multi-picture/apple_gainmap_new.jpg"),
    ("jpeg/multi-picture/paris_exif_xmp_gainmap_bigendian.jpg", "jpeg/multi-picture/paris_exif_xmp_gainmap_littleendian.jpg"),
    ("png/screenshot.png", "edited-pairs/screenshot-xmp-added.png"),
];

fn root() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/photos");
    if !root.is_dir() {
        eprintln!("SKIP: no sample files");
        return None;
    }
    Some(root)
}

fn pictures(path: &Path) -> (Vec<u8>, Vec<Part>) {
    let bytes = std::fs::read(path).unwrap();
    let mut parts = layout(&mut Bytes(&bytes)).unwrap_or_else(|why| panic!("{}: {why}", path.display())).parts;
    parts.retain(|part| part.role != Role::Metadata);
    (bytes, parts)
}

#[test]
fn samples_are_cut_where_their_pictures_begin_and_end() {
    let Some(root) = root() else { return };
    for (name, expected) in CUTS {
        let (_, parts) = pictures(&root.join(name));
        assert_eq!(parts.iter().map(|part| (part.offset, part.end(), part.role)).collect::<Vec<_>>(), expected, "{name}");
    }
}

#[test]
fn edits_leave_the_parts_of_samples_alone() {
    let Some(root) = root() else { return };
    for (before, after) in PAIRS {
        let of = |name: &str| {
            let (bytes, parts) = pictures(&root.join(name));
            let place = |at: u64| usize::try_from(at).unwrap();
            parts.iter().map(|part| (part.role, bytes[place(part.offset)..place(part.end())].to_vec())).collect::<Vec<_>>()
        };
        assert!(of(before) == of(after), "{before} and {after}");
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
    let Some(root) = root() else { return };
    let mut paths = Vec::new();
    files_below(&root, &mut paths);
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
