//! Owns the tests of files of boxes: made-up ones here, for every rule and defect, and real ones (`samples`).

mod samples;

use super::super::{Bytes, Kind, Layout, NoLayout, Part, RangeError, Ranges, Reader, Role};

fn layout_of(bytes: &[u8]) -> Result<Layout, NoLayout> {
    super::super::layout(&mut Bytes(bytes))
}

fn films_in(bytes: &[u8], begin: u64, end: u64) -> Result<Vec<Part>, NoLayout> {
    super::film_parts(&mut Reader::new(&mut Bytes(bytes), 1 << 20), begin, end)
}

fn part(offset: u64, length_bytes: u64, role: Role) -> Part {
    Part { offset, length_bytes, role }
}

fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes()[..], name, body].concat()
}

fn long_boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u64::try_from(body.len() + 16).unwrap();
    [&1_u32.to_be_bytes()[..], name, &size.to_be_bytes(), body].concat()
}

fn endless_box(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&0_u32.to_be_bytes()[..], name, body].concat()
}

fn ftyp(brands: &[&[u8; 4]]) -> Vec<u8> {
    let mut body = [&brands[0][..], &[0; 4]].concat();
    body.extend(brands[1..].iter().flat_map(|brand| brand.iter()));
    boxed(b"ftyp", &body)
}

/// A film whose body begins at byte 24.
fn film(body_bytes: usize) -> Vec<u8> {
    [ftyp(&[b"qt  "]), boxed(b"mdat", &vec![7; body_bytes]), boxed(b"moov", &[1; 100])].concat()
}

fn number(value: usize, size_bytes: usize) -> Vec<u8> {
    u64::try_from(value).unwrap().to_be_bytes()[8 - size_bytes..].to_vec()
}

/// An item: its number, kind and bytes.
type Item = (usize, &'static [u8; 4], usize);

/// A picture file to be made: items lie one behind the other in `mdat`.
#[derive(Clone)]
struct Heif {
    brands: Vec<&'static [u8; 4]>,
    iloc_version: u8,
    wide_numbers: bool,
    meta_last: bool,
    items: Vec<Item>,
    primary: Option<usize>,
    made_of: Vec<(usize, Vec<usize>)>,
    tail: Vec<u8>,
}

impl Heif {
    /// As a phone makes it: tiles of the picture, a map of its own, metadata between.
    fn phone() -> Self {
        let items: Vec<Item> = vec![
            (50, b"Exif", 900),
            (1, b"hvc1", 20_000),
            (2, b"hvc1", 20_001),
            (60, b"mime", 500),
            (3, b"hvc1", 17_000),
            (4, b"hvc1", 17_000),
            (5, b"hvc1", 3_000),
        ];
        Self {
            brands: vec![b"heic", b"mif1"],
            iloc_version: 1,
            wide_numbers: false,
            meta_last: false,
            items,
            primary: Some(10),
            made_of: vec![(10, vec![1, 2]), (20, vec![3, 4])],
            tail: Vec::new(),
        }
    }

    /// The smallest that is worth a cut.
    fn small() -> Self {
        Self { items: vec![(50, b"Exif", 60), (1, b"hvc1", 4_200)], primary: Some(1), made_of: vec![(1, vec![1])], ..Self::phone() }
    }

    fn id_bytes(&self) -> usize {
        if self.wide_numbers { 4 } else { 2 }
    }

    fn meta(&self, first_item: usize) -> Vec<u8> {
        let id_bytes = self.id_bytes();
        let wide = u8::from(self.wide_numbers);
        let mut body = [vec![0; 4], boxed(b"hdlr", &[0; 24])].concat();
        if let Some(primary) = self.primary {
            body.extend(boxed(b"pitm", &[vec![wide, 0, 0, 0], number(primary, id_bytes)].concat()));
        }
        let kind_of = |(item, kind, _): &Item| {
            boxed(b"infe", &[vec![2 + wide, 0, 0, 0], number(*item, id_bytes), vec![0; 2], kind.to_vec(), vec![0]].concat())
        };
        let kinds: Vec<u8> = self.items.iter().flat_map(kind_of).collect();
        body.extend(boxed(b"iinf", &[vec![wide, 0, 0, 0], number(self.items.len(), id_bytes), kinds].concat()));
        body.extend(boxed(b"iloc", &self.iloc(first_item)));
        let reference = |(item, others): &(usize, Vec<usize>)| {
            let others_bytes: Vec<u8> = others.iter().flat_map(|other| number(*other, id_bytes)).collect();
            boxed(b"dimg", &[number(*item, id_bytes), number(others.len(), 2), others_bytes].concat())
        };
        let references: Vec<u8> = self.made_of.iter().flat_map(reference).collect();
        body.extend(boxed(b"iref", &[vec![wide, 0, 0, 0], references].concat()));
        boxed(b"meta", &body)
    }

    fn iloc(&self, first_item: usize) -> Vec<u8> {
        let (count_bytes, base_bytes) = if self.iloc_version < 2 { (2, 4) } else { (4, 8) };
        let sizes = if self.iloc_version < 2 { [0x44, 0x40] } else { [0x48, 0x84] };
        let mut body = [vec![self.iloc_version, 0, 0, 0], sizes.to_vec(), number(self.items.len(), count_bytes)].concat();
        let mut offset = 0;
        for (item, _, bytes) in &self.items {
            body.extend(number(*item, count_bytes));
            if self.iloc_version > 0 {
                body.extend([0, 0]);
            }
            body.extend([0, 0]);
            body.extend(number(first_item, base_bytes));
            body.extend(number(1, 2));
            if self.iloc_version == 2 {
                body.extend([0; 4]);
            }
            body.extend(number(offset, 4));
            body.extend(number(*bytes, base_bytes));
            offset += bytes;
        }
        body
    }

    /// The file, and where its first item lies.
    fn file(&self) -> (Vec<u8>, u64) {
        let ftyp = ftyp(&self.brands);
        let item_bytes = self.items.iter().map(|(_, _, bytes)| bytes).sum();
        let mdat = boxed(b"mdat", &vec![9; item_bytes]);
        let first_item = ftyp.len() + 8 + if self.meta_last { 0 } else { self.meta(0).len() };
        let meta = self.meta(first_item);
        let boxes = if self.meta_last { [mdat, meta] } else { [meta, mdat] };
        ([ftyp, boxes.concat(), self.tail.clone()].concat(), u64::try_from(first_item).unwrap())
    }

    fn phone_parts(first_item: u64) -> Vec<Part> {
        vec![part(first_item + 900, 40_001, Role::Picture), part(first_item + 41_401, 37_000, Role::Auxiliary)]
    }
}

#[test]
fn a_film_is_what_is_within_mdat() {
    assert_eq!(layout_of(&film(5_000)), Ok(Layout { kind: Kind::Mov, parts: vec![part(24, 5_000, Role::Film)] }));
    let long = [ftyp(&[b"isom"]), boxed(b"moov", &[1; 100]), long_boxed(b"mdat", &[7; 6_000])].concat();
    assert_eq!(layout_of(&long), Ok(Layout { kind: Kind::Mp4, parts: vec![part(16 + 108 + 16, 6_000, Role::Film)] }));
    let endless = [boxed(b"wide", &[]), endless_box(b"mdat", &[7; 5_000])].concat();
    assert_eq!(layout_of(&endless), Ok(Layout { kind: Kind::Mov, parts: vec![part(16, 5_000, Role::Film)] }));
    let raw = [ftyp(&[b"crx ", b"isom"]), boxed(b"mdat", &[7; 5_000])].concat();
    assert_eq!(layout_of(&raw), Ok(Layout { kind: Kind::Cr3, parts: vec![part(28, 5_000, Role::Picture)] }));
    let header_only = [ftyp(&[b"isom"]), boxed(b"moov", &[1; 100])].concat();
    assert_eq!(layout_of(&header_only), Ok(Layout { kind: Kind::Mp4, parts: vec![] }));
}

#[test]
fn a_film_in_pieces_has_a_part_for_each() {
    let pieces: Vec<u8> = (0..3).flat_map(|_| [boxed(b"moof", &[2; 92]), boxed(b"mdat", &[7; 5_000])].concat()).collect();
    let parts = (0..3).map(|index| part(16 + index * 5_108 + 108, 5_000, Role::Film)).collect();
    assert_eq!(layout_of(&[ftyp(&[b"iso5"]), pieces].concat()), Ok(Layout { kind: Kind::Mp4, parts }));
}

#[test]
fn brands_tell_the_kind() {
    let kind = |brands: &[&[u8; 4]]| layout_of(&[ftyp(brands), boxed(b"free", &[])].concat()).map(|found| found.kind);
    assert_eq!(kind(&[b"qt  ", b"heic"]), Ok(Kind::Mov));
    assert_eq!(kind(&[b"mif1", b"avif", b"miaf"]), Ok(Kind::Avif));
    assert_eq!(kind(&[b"mif1", b"heic"]), Ok(Kind::Heif));
    assert_eq!(kind(&[b"heix"]), Ok(Kind::Heif));
    assert_eq!(kind(&[b"odd!", b"mif1"]), Ok(Kind::Heif));
    assert_eq!(kind(&[b"3gp5", b"isom"]), Ok(Kind::Mp4));
    assert_eq!(layout_of(&boxed(b"ftyp", &[])).map(|found| found.kind), Ok(Kind::Mov), "no brand at all");
}

#[test]
fn a_picture_is_its_items_without_what_is_said_about_it() {
    for iloc_version in 0..3 {
        for (wide_numbers, meta_last) in [(false, false), (true, false), (false, true)] {
            let (file, first_item) = Heif { iloc_version, wide_numbers, meta_last, ..Heif::phone() }.file();
            assert_eq!(
                layout_of(&file),
                Ok(Layout { kind: Kind::Heif, parts: Heif::phone_parts(first_item) }),
                "iloc version {iloc_version}"
            );
        }
    }
}

#[test]
fn short_runs_of_items_are_parts_only_where_there_is_no_other() {
    let items: Vec<Item> = vec![(7, b"hvc1", 4_000), (50, b"Exif", 100), (1, b"hvc1", 30_000)];
    let (file, first_item) = Heif { items, ..Heif::phone() }.file();
    assert_eq!(layout_of(&file).unwrap().parts, [part(first_item + 4_100, 30_000, Role::Picture)]);
    let (file, first_item) = Heif::small().file();
    assert_eq!(layout_of(&file).unwrap().parts, [part(first_item + 60, 4_200, Role::Picture)]);
}

#[test]
fn without_a_primary_item_all_are_picture() {
    let (file, first_item) = Heif { primary: None, ..Heif::phone() }.file();
    let parts: Vec<Part> = Heif::phone_parts(first_item).into_iter().map(|part| Part { role: Role::Picture, ..part }).collect();
    assert_eq!(layout_of(&file).unwrap().parts, parts);
}

#[test]
fn items_made_of_each_other_come_to_an_end() {
    let (file, first_item) = Heif { made_of: vec![(10, vec![1, 2]), (1, vec![10]), (20, vec![20])], ..Heif::phone() }.file();
    assert_eq!(layout_of(&file).unwrap().parts, Heif::phone_parts(first_item));
}

#[test]
fn a_film_within_a_picture_file_is_a_film() {
    let (before, first_item) = Heif::phone().file();
    let tail = [boxed(b"mpvd", &film(6_000)), boxed(b"sefd", &[3; 190])].concat();
    let (file, _) = Heif { tail, ..Heif::phone() }.file();
    let mut parts = Heif::phone_parts(first_item);
    parts.push(part(u64::try_from(before.len()).unwrap() + 8 + 24, 6_000, Role::Film));
    assert_eq!(layout_of(&file), Ok(Layout { kind: Kind::Heif, parts }));
    let broken = Heif { tail: boxed(b"mpvd", b"no film at all"), ..Heif::phone() }.file();
    assert_eq!(layout_of(&broken.0).unwrap().parts, Heif::phone_parts(first_item));
}

#[test]
fn mdat_stands_for_items_that_cannot_be_told() {
    let (file, first_item) = Heif::phone().file();
    let whole = vec![part(first_item, 78_401, Role::Picture)];
    let damaged = |name: &[u8], skip: usize, value: u8| {
        let mut file = file.clone();
        let at = file.windows(4).position(|window| window == name).unwrap();
        file[at + skip] = value;
        layout_of(&file).map(|found| found.parts)
    };
    assert_eq!(damaged(b"iloc", 4, 3), Ok(whole.clone()), "version of iloc");
    assert_eq!(damaged(b"iloc", 8, 0x40), Ok(whole.clone()), "no lengths");
    assert_eq!(damaged(b"iloc", 8, 0x54), Ok(whole.clone()), "an odd size");
    assert_eq!(damaged(b"iloc", 11, 200), Ok(whole.clone()), "more items than there is room for");
    assert_eq!(damaged(b"iloc", 0, b'I'), Ok(whole.clone()), "no iloc");
    assert_eq!(damaged(b"iinf", 0, b'I'), Ok(whole.clone()), "no kinds");
    let moving = Heif { tail: boxed(b"moov", &[0; 20]), ..Heif::phone() }.file();
    assert_eq!(layout_of(&moving.0).unwrap().parts, whole, "a sequence");
    let plain = [ftyp(&[b"avis"]), boxed(b"mdat", &[9; 5_000])].concat();
    assert_eq!(layout_of(&plain), Ok(Layout { kind: Kind::Avif, parts: vec![part(24, 5_000, Role::Picture)] }));
}

#[test]
fn items_elsewhere_are_passed_over() {
    let items: Vec<Item> = vec![(1, b"hvc1", 30_000), (2, b"hvc1", 30_000)];
    let (mut file, first_item) = Heif { items, ..Heif::phone() }.file();
    file.truncate(file.len() - 1);
    assert_eq!(layout_of(&file).unwrap().parts, [part(first_item, 30_000, Role::Picture)], "an item that the file ends within");
}

#[test]
fn a_defect_is_told_where_nothing_was_found() {
    let head = ftyp(&[b"isom"]);
    let with = |rest: &[u8]| layout_of(&[&head[..], rest].concat());
    assert_eq!(with(&boxed(b"mdat", &[7; 5_000])[..4_000]), Err(NoLayout::Truncated));
    assert_eq!(with(b"\0\0\0\x07mdat....."), Err(NoLayout::Malformed("a box is smaller than its own header")));
    assert_eq!(with(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x0f"), Err(NoLayout::Malformed("a box is smaller than its own header")));
    assert_eq!(with(b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"), Err(NoLayout::Truncated));
    assert_eq!(with(b"\0\0\0\x01mdat\0\0"), Err(NoLayout::Truncated));
    assert_eq!(with(&boxed(b"free", &[]).repeat(super::BOXES_MAX)), Err(NoLayout::TooMuch));
    // What stands behind the last box is somebody else's.
    let trailer = [boxed(b"mdat", &[7; 5_000]), b"\xff\xff\xff\xffTRAILER".to_vec()].concat();
    assert_eq!(with(&trailer).unwrap().parts, [part(head.len() as u64 + 8, 5_000, Role::Film)]);
}

#[test]
fn a_film_within_another_file_is_found_where_it_is() {
    let file = [vec![0xff; 1_000], film(5_000), b"SEFT".to_vec()].concat();
    let end = u64::try_from(file.len()).unwrap();
    let parts = vec![part(1_024, 5_000, Role::Film)];
    assert_eq!(films_in(&file, 1_000, end), Ok(parts.clone()));
    assert_eq!(films_in(&file, 1_000, u64::MAX), Ok(parts.clone()));
    assert_eq!(films_in(&file, 1_000, 1_024 + 5_000), Ok(parts));
    assert_eq!(films_in(&file, 1_000, 1_024 + 4_999), Err(NoLayout::Truncated));
    assert_eq!(films_in(&file, 1_024, end), Err(NoLayout::Truncated), "no box begins there");
    assert_eq!(films_in(&file, end, end), Err(NoLayout::Unknown));
    assert_eq!(films_in(&file, u64::MAX, 0), Err(NoLayout::Unknown));
}

#[test]
fn tables_without_end_are_given_up() {
    let entries: u32 = super::items::ENTRIES_MAX;
    let iinf = boxed(b"iinf", &[vec![0; 6], boxed(b"infe", &[]).repeat(entries.try_into().unwrap())].concat());
    let file = [ftyp(&[b"heic"]), boxed(b"meta", &[vec![0; 4], iinf].concat()), boxed(b"mdat", &[9; 5_000])].concat();
    let begin = u64::try_from(file.len()).unwrap() - 5_000;
    assert_eq!(layout_of(&file).unwrap().parts, [part(begin, 5_000, Role::Picture)]);
}

/// Whatever the bytes are: no panic, and every part within the file, in order.
fn assert_sound(bytes: &[u8]) {
    if let Ok(found) = layout_of(bytes) {
        let mut end = 0;
        for part in found.parts {
            assert!(part.offset >= end && part.length_bytes > 0);
            end = part.offset.checked_add(part.length_bytes).unwrap();
        }
        assert!(end <= u64::try_from(bytes.len()).unwrap());
    }
}

#[test]
fn damage_at_any_byte_is_borne() {
    let (picture, _) = Heif { tail: boxed(b"mpvd", &film(4_100)), iloc_version: 2, ..Heif::small() }.file();
    for mut file in [film(4_100), picture] {
        for end in 0..file.len() {
            assert_sound(&file[..end]);
        }
        for at in 0..file.len() {
            for flip in [0xff, 0x01, 0x80] {
                file[at] ^= flip;
                assert_sound(&file);
                file[at] ^= flip;
            }
        }
    }
}

/// A file of 2^40 bytes that are zero but for the first, and how much of it was read.
struct Vast {
    head: Vec<u8>,
    bytes_read: usize,
}

impl Ranges for Vast {
    fn length_bytes(&self) -> u64 {
        1 << 40
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, RangeError> {
        self.bytes_read += into.len();
        into.fill(0);
        Bytes(&self.head).read_at(offset, into)?;
        Ok(into.len())
    }
}

#[test]
fn what_is_within_mdat_is_not_read() {
    let body_bytes: u64 = (1 << 40) - 1_000;
    let mut vast = Vast { head: [ftyp(&[b"qt  "]), boxed(b"wide", &[]), long_boxed(b"mdat", &[])].concat(), bytes_read: 0 };
    vast.head[28..40].copy_from_slice(&[&b"mdat"[..], &(body_bytes + 16).to_be_bytes()].concat());
    let found = super::super::layout(&mut vast);
    assert_eq!(found, Ok(Layout { kind: Kind::Mov, parts: vec![part(40, body_bytes, Role::Film)] }));
    assert!(vast.bytes_read <= 256 << 10, "{} bytes read", vast.bytes_read);
}
