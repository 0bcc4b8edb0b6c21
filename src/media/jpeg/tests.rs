//! Owns the tests of JPEG files: made-up ones, for every rule.

use crate::media::{Bytes, Kind, Layout, NoLayout, Part, Role, layout};

fn segment(code: u8, body: &[u8]) -> Vec<u8> {
    [&[0xff, code][..], &u16::try_from(body.len() + 2).unwrap().to_be_bytes(), body].concat()
}

/// Coded data with everything in it that is no marker, and no compressed picture.
fn coded(bytes: usize) -> Vec<u8> {
    [0x11, 0xff, 0x00, 0x22, 0xff, 0xd3, 0x33].into_iter().cycle().take(bytes / 7 * 7).collect()
}

/// A picture with `front` in front of its data: its bytes, and how many of them are its data.
fn picture(front: &[Vec<u8>], coded_bytes: usize) -> (Vec<u8>, u64) {
    let data = [
        segment(0xdb, &[1; 64]),
        segment(0xc0, &[2; 15]),
        segment(0xda, &[3; 10]),
        coded(coded_bytes),
        segment(0xc4, &[4; 30]),
        segment(0xda, &[3; 10]),
        coded(700),
        vec![0xff, 0xd9],
    ]
    .concat();
    let length_bytes = u64::try_from(data.len()).unwrap();
    ([vec![0xff, 0xd8], front.concat(), data].concat(), length_bytes)
}

fn exif() -> Vec<u8> {
    // A thumbnail in it has markers of its own.
    segment(0xe1, &[&b"Exif\0\0"[..], &[0xff, 0xd8, 0xff, 0xdb, 0xff, 0xd9]].concat())
}

fn found(bytes: &[u8]) -> Layout {
    layout(&mut Bytes(bytes)).unwrap()
}

fn at(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap()
}

#[test]
fn from_the_first_table_to_the_end_marker() {
    let (bytes, length_bytes) = picture(&[exif(), segment(0xfe, b"a comment"), vec![0xff, 0xff]], 7_000);
    let offset = at(&bytes) - length_bytes;
    let whole = found(&bytes);
    assert_eq!((whole.kind, whole.parts), (Kind::Jpeg, vec![Part { offset, length_bytes, role: Role::Picture }]));
    let with_tail = [bytes.clone(), vec![0; 5_000]].concat();
    assert_eq!(found(&with_tail).parts, [Part { offset, length_bytes, role: Role::Picture }]);
    let cut_off = &bytes[..bytes.len() - 2];
    assert_eq!(found(cut_off).parts, [Part { offset, length_bytes: length_bytes - 2, role: Role::Picture }]);
    let empty = [vec![0xff, 0xd8], exif(), vec![0xff, 0xd9]].concat();
    assert_eq!(layout(&mut Bytes(&empty)), Err(NoLayout::Malformed("a JPEG without a picture")));
    assert_eq!(layout(&mut Bytes(&bytes[..30])), Err(NoLayout::Truncated));
    let exif_end = 2 + exif().len();
    let littered = [&bytes[..exif_end], b"left behind", &bytes[exif_end..]].concat();
    assert_eq!(found(&littered).parts, [Part { offset: offset + 11, length_bytes, role: Role::Picture }]);
}

#[test]
fn what_is_said_behind_the_tables_is_no_part_of_the_picture() {
    let (bytes, length_bytes) = picture(&[exif(), segment(0xdb, &[9; 64]), segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0")], 7_000);
    assert_eq!(found(&bytes).parts, [Part { offset: at(&bytes) - length_bytes, length_bytes, role: Role::Picture }]);
}

#[test]
fn what_stands_behind_it_has_parts_of_its_own() {
    let (first, first_bytes) = picture(&[exif()], 7_000);
    let (gain_map, map_bytes) = picture(&[segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0 its own")], 5_000);
    let ftyp = [&[0, 0, 0, 16][..], b"ftypmp42", &[0; 4]].concat();
    let film = [ftyp, vec![0, 0, 0x13, 0x90], b"mdat".to_vec(), vec![7; 5_000], vec![0, 0, 0, 8], b"moov".to_vec()].concat();
    let bytes = [first.clone(), vec![0], gain_map.clone(), b"a trailer of a camera's own".to_vec(), film].concat();
    let map_end = at(&first) + 1 + at(&gain_map);
    let expected = [
        Part { offset: at(&first) - first_bytes, length_bytes: first_bytes, role: Role::Picture },
        Part { offset: map_end - map_bytes, length_bytes: map_bytes, role: Role::Auxiliary },
        Part { offset: map_end + 27 + 24, length_bytes: 5_000, role: Role::Film },
    ];
    assert_eq!(found(&bytes).parts, expected);
    // The film is gone: the pictures are the same.
    assert_eq!(found(&bytes[..usize::try_from(map_end).unwrap()]).parts, expected[..2]);
}

#[test]
fn damage_at_any_byte_is_borne() {
    let (bytes, _) = picture(&[exif()], 7_000);
    crate::media::tests::assert_robust(&bytes);
}
