//! Owns the tests that need real files: every one of these kinds among the samples, and where it is to be cut.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::super::{Bytes, Family, Kind, Layout, NoLayout, Reader, Role, kind_of};
use super::{assert_sound, films_in, layout_of, part};

/// First byte of a part, first byte behind it, role.
type Cut = (u64, u64, Role);

/// Where samples are to be cut.
const CUTS: [(&str, &[Cut]); 18] = [
    ("motion-photos/samsung-one-ui-6.heic", &[(32, 439_888, Role::Picture), (452_316, 3_676_419, Role::Film)]),
    (
        "camera-roll/DCIM/103APPLE/IMG_3582.HEIC",
        &[
            (1_946, 30_386, Role::Metadata),
            (42_755, 58_796, Role::Auxiliary),
            (58_796, 1_763_695, Role::Picture),
            (1_763_695, 2_020_333, Role::Auxiliary),
        ],
    ),
    ("camera-roll/DCIM/103APPLE/IMG_3582.MOV", &[(36, 2_970_203, Role::Film)]),
    ("heif/apple/IMG_2682.heic", &[(3_995, 20_300, Role::Auxiliary), (22_444, 880_703, Role::Picture)]),
    ("heif/apple/iphone_7.heic", &[(7_682, 785_743, Role::Picture)]),
    ("heif/apple/IMG_2927.HEIC", &[(7_985, 721_093, Role::Picture)]),
    ("heif/conformance/C002.heic", &[(343, 111_897, Role::Picture)]),
    ("avif/seine_sdr_gainmap_srgb.avif", &[(58_591, 89_668, Role::Auxiliary), (89_668, 129_631, Role::Picture)]),
    ("video/sample_mpeg4.mp4", &[(3_094, 245_779, Role::Film)]),
    ("video/metadata.mp4", &[(19_129, 20_399, Role::Film)]),
    ("video/bipbop_nonfragment_header.mp4", &[]),
    ("video/quicktime-hvc1.mov", &[(36, 702_677, Role::Film)]),
    ("video/with-gps.mov", &[(36, 433_807, Role::Film)]),
    ("video/xmp480qt.mov", &[(36, 318_986, Role::Film)]),
    ("video/mp42-hvc1.mp4", &[(44, 216_046, Role::Film)]),
    ("video/with-gps.mp4", &[(32, 241_428, Role::Film)]),
    ("video/isom-avc1.mp4", &[(48, 6_442, Role::Film)]),
    ("live-photos/pairedVideo.MOV", &[(36, 571_368, Role::Film)]),
];

/// Samples before and after an edit of what is said about them.
const PAIRS: [(&str, &str); 3] = [
    ("heif/conformance/C002.heic", "edited-pairs/C002-gps-added.heic"),
    ("heif/apple/IMG_2927.HEIC", "edited-pairs/exif-at-eof.heic"),
    ("video/with-gps.mov", "edited-pairs/with-gps-title-added.mov"),
];

/// Whole samples whose picture or film is not most of them.
const THIN: [(&str, &str); 11] = [
    ("avif/colors_hdr_p3.avif", "a small picture and two large XMP packets"),
    ("avif/seine_sdr_gainmap_srgb.avif", "Exif and XMP of 58 KB, and a gain map"),
    ("heif/cameras/Sony.HIF", "padded Exif and XMP of 98 KB, a picture of 37 KB"),
    ("heif/conformance/C005.heic", "the thumbnail is the primary item, the picture is another"),
    ("heif/conformance/C017.heic", "two pictures of one size"),
    ("heif/conformance/C025.heic", "a grid of small tiles, each beside one that is not of it"),
    ("heif/conformance/C053.heic", "two pictures of one size"),
    ("heif/conformance/lightning_mini.heif", "a box of another form holds all"),
    ("heif/conformance/with-alpha-512x512.heic", "two small pictures"),
    ("video/metadata.mp4", "a long list of tags and a short film"),
    ("video/bipbop_nonfragment_header.mp4", "no film"),
];

fn root() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/photos");
    if !root.is_dir() {
        eprintln!("SKIP: no sample files");
        return None;
    }
    Some(root)
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn row(name: &str, length: usize, found: &Result<Layout, NoLayout>) -> String {
    match found {
        Ok(layout) => {
            let part = |part: &super::Part| format!("{}+{} {:?}", part.offset, part.length_bytes, part.role);
            let parts: Vec<String> = layout.parts.iter().map(part).collect();
            format!("{name}\t{length}\t{:?}\t{}", layout.kind, parts.join(", "))
        }
        Err(reason) => format!("{name}\t{length}\t{reason}"),
    }
}

#[test]
fn samples_are_mostly_picture_or_film() {
    let Some(root) = root() else { return };
    let mut paths = Vec::new();
    files_below(&root, &mut paths);
    paths.sort();
    let (mut cut, mut uncut, mut failed) = (0, 0, 0);
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        if kind_of(&bytes[..bytes.len().min(32)]) != Some(Family::Bmff) {
            continue;
        }
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        assert_sound(&bytes);
        let found = layout_of(&bytes);
        println!("{}", row(&name, bytes.len(), &found));
        match &found {
            Ok(layout) if layout.parts.is_empty() => uncut += 1,
            Ok(_) => cut += 1,
            Err(_) => failed += 1,
        }
        let is_whole = !["hostile/", "raw/"].iter().any(|folder| name.starts_with(folder));
        if is_whole && bytes.len() >= 8 << 10 {
            let parts = found.unwrap_or_else(|reason| panic!("{name}: {reason}")).parts;
            let picture = parts.iter().filter(|part| part.role != Role::Auxiliary).map(|part| part.length_bytes).sum::<u64>();
            let is_thin = THIN.iter().any(|(thin, _)| *thin == name);
            assert_eq!(picture * 2 <= u64::try_from(bytes.len()).unwrap(), is_thin, "{name}: {picture} bytes of picture or film");
        }
    }
    println!("{cut} cut, {uncut} without parts, {failed} not understood");
}

#[test]
fn samples_are_cut_where_their_pictures_begin_and_end() {
    let Some(root) = root() else { return };
    for (name, expected) in CUTS {
        let found = layout_of(&fs::read(root.join(name)).unwrap()).unwrap_or_else(|reason| panic!("{name}: {reason}"));
        let parts: Vec<_> = found.parts.iter().map(|part| (part.offset, part.offset + part.length_bytes, part.role)).collect();
        assert_eq!(parts, expected, "{name}");
    }
    let pieces = fs::read(root.join("video/sample_fragmented.mp4")).unwrap();
    let found = super::super::layout(&mut Reader::new(&mut Bytes(&pieces), 1 << 20)).unwrap();
    assert_eq!((found.kind, found.parts.len()), (Kind::Mp4, 8), "pieces of a film, each too short to be kept");
}

#[test]
fn films_behind_sample_pictures_are_found() {
    let Some(root) = root() else { return };
    let phone = fs::read(root.join("motion-photos/PXL_20200710_061629144.MP.jpg")).unwrap();
    let films = films_in(&phone, 2_728_123, 4_045_406).unwrap();
    assert!(films.len() == 1 && films[0].length_bytes > 1_300_000, "{films:?}");
    let small = fs::read(root.join("motion-photos/image-isom-avc1.jpg")).unwrap();
    assert_eq!(films_in(&small, 23_209, u64::MAX), Ok(vec![part(23_209 + 48, 6_394, Role::Film)]));
    assert_eq!(films_in(&small, 0, u64::MAX), Err(NoLayout::Truncated));
}

#[test]
fn parts_of_samples_stay_the_same_when_what_is_said_about_them_changes() {
    let Some(root) = root() else { return };
    let parts = |name: &str| -> Vec<Vec<u8>> {
        let bytes = fs::read(root.join(name)).unwrap();
        let within = |offset: u64, length: u64| usize::try_from(offset).unwrap()..usize::try_from(offset + length).unwrap();
        layout_of(&bytes).unwrap().parts.iter().map(|part| bytes[within(part.offset, part.length_bytes)].to_vec()).collect()
    };
    for (before, after) in PAIRS {
        assert!(!parts(before).is_empty());
        assert!(parts(before) == parts(after), "{before}, {after}");
    }
}
