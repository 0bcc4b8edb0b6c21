//! Owns where pictures lie in TIFF and in what cameras make in its form, and in Fujifilm's RAF.
//!
//! Directories, notes of makers and everything else that speaks about a picture stay outside the parts. Bounded: [`DIRECTORIES_MAX`]
//! directories, each read once, [`ENTRIES_MAX`] entries of each, and [`VALUES_MAX`] values in all of a file.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Kind, Layout, NoLayout, PART_BYTES_MIN, Part, Reader, Role, keep_large};

/// Directories that are read of one file; what later ones tell is left.
const DIRECTORIES_MAX: usize = 64;
/// Entries that are read of one directory.
const ENTRIES_MAX: u64 = 4096;
/// Values that are read of one file: offsets and lengths of strips and tiles.
const VALUES_MAX: u64 = 1_000_000;
/// How far below the chain a directory is still read: a camera's pictures lie one below, a picture's reduced ones another.
const DEPTH_MAX: u8 = 2;
/// Between two strips of one picture this much may lie without parting them, in bytes.
const GAP_BYTES_MAX: u64 = 64;
/// From this length on a file's runs count only if they have [`RUN_BYTES_MIN`].
const FILE_BYTES_SMALL: u64 = 256 << 10;
/// The smallest run that is a part of a file that is not small.
const RUN_BYTES_MIN: u64 = 16 << 10;
/// Segments that are passed at the start of an embedded JPEG.
const SEGMENTS_MAX: u32 = 64;

const NEW_SUBFILE_TYPE: u16 = 0x00fe;
const WIDTH: u16 = 0x0100;
const HEIGHT: u16 = 0x0101;
const COMPRESSION: u16 = 0x0103;
const SUB_DIRECTORIES: u16 = 0x014a;
/// Offsets and lengths of strips, of tiles, and of one JPEG.
const PAYLOADS: [(u16, u16); 3] = [(0x0111, 0x0117), (0x0144, 0x0145), (0x0201, 0x0202)];
/// DNG: the camera's own file, embedded whole.
const ORIGINAL_RAW: u16 = 0xc68c;
/// Panasonic: a JPEG as the camera would have written it, notes and all.
const PANASONIC_JPEG: u16 = 0x002e;
/// Panasonic: where the picture begins; it goes on to the end of the file.
const PANASONIC_RAW: u16 = 0x0118;

/// From one byte of the file up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    begin: u64,
    end: u64,
}

/// How numbers are written in a file.
#[derive(Debug, Clone, Copy)]
struct Form {
    big_endian: bool,
    /// BigTIFF: counts and offsets have 8 bytes.
    wide: bool,
    panasonic: bool,
}

impl Form {
    fn number(self, bytes: &[u8]) -> u64 {
        let join = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        if self.big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) }
    }

    /// A 16-bit number at `at` in an entry.
    fn short(self, bytes: &[u8], at: usize) -> u16 {
        bytes.get(at..at.saturating_add(2)).and_then(|bytes| u16::try_from(self.number(bytes)).ok()).unwrap_or(0)
    }
}

/// An entry of a directory: what kind of values, how many, and the values themselves or where they are.
#[derive(Debug, Clone, Copy)]
struct Field {
    value_kind: u16,
    count: u64,
    inline: [u8; 8],
}

/// A picture that one directory describes.
#[derive(Debug, Default)]
struct Picture {
    runs: Vec<Run>,
    /// What the directory says it is, if it does.
    subfile_type: Option<u64>,
    width: Option<u64>,
    height: Option<u64>,
    compression: Option<u64>,
}

impl Picture {
    fn length_bytes(&self) -> u64 {
        self.runs.iter().fold(0, |sum, run| sum.saturating_add(run.end - run.begin))
    }

    /// Whether it is a picture that the file is about, if `largest` is one: said so (a whole picture, a page), or of the same form.
    fn stands_beside(&self, largest: &Picture) -> bool {
        match self.subfile_type {
            Some(subfile_type) => subfile_type == 0 || subfile_type == 2,
            None => {
                self.width.is_some() && (self.width, self.height, self.compression) == (largest.width, largest.height, largest.compression)
            }
        }
    }
}

/// What is known of a file while its directories are read.
struct Walk<'r, 'f> {
    reader: &'r mut Reader<'f>,
    form: Form,
    values_left: u64,
    pictures: Vec<Picture>,
    /// Runs that no directory describes as a picture: embedded files.
    embedded: Vec<Run>,
    /// The first thing that is wrong. It matters only if no part is found.
    flaw: Option<NoLayout>,
}

/// Finds the parts of a TIFF.
pub(super) fn layout(reader: &mut Reader<'_>) -> Result<Layout, NoLayout> {
    let (form, first) = header(reader)?;
    let mut walk = Walk { reader, form, values_left: VALUES_MAX, pictures: Vec::new(), embedded: Vec::new(), flaw: None };
    walk.directories(first)?;
    let Walk { reader, pictures, embedded, flaw, .. } = walk;
    let found_none = embedded.is_empty() && pictures.iter().all(|picture| picture.runs.is_empty());
    match flaw {
        Some(flaw) if found_none => Err(flaw),
        _ => Ok(Layout { kind: Kind::Tiff, parts: parts(&pictures, &embedded, reader.length_bytes()) }),
    }
}

/// Finds the parts of a RAF: the picture of its sensor, and the JPEG in it from where notes end.
pub(super) fn raf_layout(reader: &mut Reader<'_>) -> Result<Layout, NoLayout> {
    let length_bytes = reader.length_bytes();
    let form = Form { big_endian: true, wide: false, panasonic: false };
    let header: [u8; 24] = reader.array(84)?;
    let at = |index: usize| header.get(index..index + 4).map_or(0, |bytes| form.number(bytes));
    let (jpeg, sensor) = ((at(0), at(4)), (at(16), at(20)));
    if sensor.0 == 0 || sensor.1 == 0 {
        return Err(NoLayout::Malformed("a RAF that has no picture of its sensor"));
    }
    let sensor = run(sensor.0, sensor.1, length_bytes).ok_or(NoLayout::Truncated)?;
    let mut found = vec![(sensor, Role::Picture)];
    if let Some(jpeg) = run(jpeg.0, jpeg.1, length_bytes)
        && let Some(payload) = jpeg_payload(reader, jpeg)?
    {
        found.push((payload, Role::Auxiliary));
    }
    Ok(Layout { kind: Kind::Raf, parts: large_enough(found, length_bytes) })
}

/// How numbers are written, and where the first directory is.
fn header(reader: &mut Reader<'_>) -> Result<(Form, u64), NoLayout> {
    let start: [u8; 8] = reader.array(0)?;
    let big_endian = match start.get(..2) {
        Some(b"II") => false,
        Some(b"MM") => true,
        _ => return Err(NoLayout::Unknown),
    };
    let form = Form { big_endian, wide: false, panasonic: false };
    let first = form.number(start.get(4..8).unwrap_or_default());
    // 42, 43 for BigTIFF, Olympus' two letters, Panasonic's one.
    match form.short(&start, 2) {
        42 | 0x4f52 | 0x5352 => Ok((form, first)),
        0x55 => Ok((Form { panasonic: true, ..form }, first)),
        43 if form.short(&start, 4) == 8 && form.short(&start, 6) == 0 => {
            let first: [u8; 8] = reader.array(8)?;
            Ok((Form { wide: true, ..form }, form.number(&first)))
        }
        43 => Err(NoLayout::Malformed("a BigTIFF whose offsets have not 8 bytes")),
        _ => Err(NoLayout::Unknown),
    }
}

impl Walk<'_, '_> {
    /// Reads the chain from `first` on and what hangs below it. Ends: each directory is read once, at most [`DIRECTORIES_MAX`].
    fn directories(&mut self, first: u64) -> Result<(), NoLayout> {
        let mut waiting = VecDeque::from([(first, 0)]);
        let mut seen = BTreeSet::new();
        while let Some((offset, depth)) = waiting.pop_front() {
            if offset == 0 || !seen.insert(offset) {
                continue;
            }
            if seen.len() > DIRECTORIES_MAX {
                break;
            }
            let Some((fields, next)) = self.allow_flaw(|walk| walk.directory(offset))? else { continue };
            if depth == 0 {
                waiting.push_back((next, 0));
            }
            if depth < DEPTH_MAX {
                let below = self.allow_flaw(|walk| walk.values(&fields, SUB_DIRECTORIES))?.unwrap_or_default();
                waiting.extend(below.into_iter().take(DIRECTORIES_MAX).map(|offset| (offset, depth + 1)));
            }
            let Some(picture) = self.allow_flaw(|walk| walk.picture(&fields))? else { continue };
            self.pictures.push(picture);
            self.allow_flaw(|walk| walk.embedded_files(&fields))?;
        }
        Ok(())
    }

    /// What `read` finds. What is wrong in one place does not hinder others, except that nothing can be read of the file.
    fn allow_flaw<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, NoLayout>) -> Result<Option<T>, NoLayout> {
        match read(self) {
            Ok(found) => Ok(Some(found)),
            Err(NoLayout::Unreadable) => Err(NoLayout::Unreadable),
            Err(flaw) => {
                self.flaw.get_or_insert(flaw);
                Ok(None)
            }
        }
    }

    /// The entries of a directory, the first of each tag, and where the next directory is (0 for none).
    fn directory(&mut self, offset: u64) -> Result<(BTreeMap<u16, Field>, u64), NoLayout> {
        let (count, entries) = if self.form.wide {
            let count: [u8; 8] = self.reader.array(offset)?;
            (self.form.number(&count), offset.checked_add(8))
        } else {
            let count: [u8; 2] = self.reader.array(offset)?;
            (self.form.number(&count), offset.checked_add(2))
        };
        if count == 0 {
            return Err(NoLayout::Malformed("a directory of pictures that has no entries"));
        }
        let (entry_bytes, offset_bytes) = if self.form.wide { (20, 8) } else { (12, 4) };
        let entries = entries.ok_or(NoLayout::Truncated)?;
        let end = count.checked_mul(entry_bytes).and_then(|bytes| entries.checked_add(bytes)).ok_or(NoLayout::Truncated)?;
        if end > self.reader.length_bytes() {
            return Err(NoLayout::Truncated);
        }
        let mut fields = BTreeMap::new();
        for index in 0..count.min(ENTRIES_MAX) {
            let (tag, field) = self.entry(entries.saturating_add(index.saturating_mul(entry_bytes)))?;
            fields.entry(tag).or_insert(field);
        }
        let mut next = [0; 8];
        let next = next.get_mut(..offset_bytes).unwrap_or_default();
        // The last directory of some files ends without saying that it is the last.
        let complete = self.reader.read_some(end, next)? == offset_bytes;
        Ok((fields, if complete { self.form.number(next) } else { 0 }))
    }

    fn entry(&mut self, offset: u64) -> Result<(u16, Field), NoLayout> {
        let mut bytes = [0; 20];
        let entry_bytes = if self.form.wide { 20 } else { 12 };
        let bytes = bytes.get_mut(..entry_bytes).unwrap_or_default();
        if self.reader.read_some(offset, bytes)? < entry_bytes {
            return Err(NoLayout::Truncated);
        }
        let count_end = if self.form.wide { 12 } else { 8 };
        let count = self.form.number(bytes.get(4..count_end).unwrap_or_default());
        let mut inline = [0; 8];
        for (into, byte) in inline.iter_mut().zip(bytes.get(count_end..).unwrap_or_default()) {
            *into = *byte;
        }
        Ok((self.form.short(bytes, 0), Field { value_kind: self.form.short(bytes, 2), count, inline }))
    }

    /// Where a field says that its values are, if they do not stand in it.
    fn place(&self, field: &Field) -> u64 {
        self.form.number(field.inline.get(..if self.form.wide { 8 } else { 4 }).unwrap_or_default())
    }

    /// The whole numbers of a field; none if it is not there or holds no whole numbers.
    fn values(&mut self, fields: &BTreeMap<u16, Field>, tag: u16) -> Result<Vec<u64>, NoLayout> {
        let Some(field) = fields.get(&tag) else { return Ok(Vec::new()) };
        let value_bytes: usize = match field.value_kind {
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return Ok(Vec::new()),
        };
        let step = u64::try_from(value_bytes).unwrap_or(8);
        let bytes = field.count.checked_mul(step).ok_or(NoLayout::Truncated)?;
        if bytes <= if self.form.wide { 8 } else { 4 } {
            let count = usize::try_from(field.count).unwrap_or(0);
            return Ok(field.inline.chunks_exact(value_bytes).take(count).map(|value| self.form.number(value)).collect());
        }
        let offset = self.place(field);
        if offset.checked_add(bytes).is_none_or(|end| end > self.reader.length_bytes()) {
            return Err(NoLayout::Truncated);
        }
        // Only what lies in the file is counted and kept, so that a claim alone costs nothing.
        self.values_left = self.values_left.checked_sub(field.count).ok_or(NoLayout::TooMuch)?;
        let mut values = Vec::new();
        let mut value = [0; 8];
        let value = value.get_mut(..value_bytes).unwrap_or_default();
        for index in 0..field.count {
            if self.reader.read_some(offset.saturating_add(index.saturating_mul(step)), value)? < value_bytes {
                return Err(NoLayout::Truncated);
            }
            values.push(self.form.number(value));
        }
        Ok(values)
    }

    fn picture(&mut self, fields: &BTreeMap<u16, Field>) -> Result<Picture, NoLayout> {
        let length_bytes = self.reader.length_bytes();
        let mut runs = Vec::new();
        for (offsets, lengths) in PAYLOADS {
            let offsets = self.values(fields, offsets)?;
            let lengths = self.values(fields, lengths)?;
            for (offset, length) in offsets.into_iter().zip(lengths) {
                match run(offset, length, length_bytes) {
                    Some(run) => runs.push(run),
                    None if length > 0 => _ = self.flaw.get_or_insert(NoLayout::Truncated),
                    None => {}
                }
            }
        }
        if self.form.panasonic {
            let begins = self.values(fields, PANASONIC_RAW)?;
            runs.extend(begins.first().and_then(|begin| run(*begin, length_bytes, length_bytes)));
        }
        let mut first = |tag| self.values(fields, tag).map(|values| values.first().copied());
        Ok(Picture {
            runs: merged(runs),
            subfile_type: first(NEW_SUBFILE_TYPE)?,
            width: first(WIDTH)?,
            height: first(HEIGHT)?,
            compression: first(COMPRESSION)?,
        })
    }

    fn embedded_files(&mut self, fields: &BTreeMap<u16, Field>) -> Result<(), NoLayout> {
        let length_bytes = self.reader.length_bytes();
        // Undefined bytes: the count is the length.
        let bytes = |tag| fields.get(&tag).filter(|field| field.value_kind == 7).map(|field| (self.place(field), field.count));
        let whole = bytes(ORIGINAL_RAW).and_then(|(offset, length)| run(offset, length, length_bytes));
        let jpeg = bytes(PANASONIC_JPEG).filter(|_| self.form.panasonic).and_then(|(offset, length)| run(offset, length, length_bytes));
        self.embedded.extend(whole);
        if let Some(jpeg) = jpeg {
            let payload = jpeg_payload(self.reader, jpeg)?;
            self.embedded.extend(payload);
        }
        Ok(())
    }
}

/// What a picture's offset and length come to within the file; nothing if it begins behind the file's end or is empty.
fn run(offset: u64, length: u64, length_bytes: u64) -> Option<Run> {
    let end = offset.saturating_add(length).min(length_bytes);
    // Nothing lies at 0 but the header: it stands for "not here".
    (offset > 0 && offset < end).then_some(Run { begin: offset, end })
}

/// Sorts runs and joins those that follow one another closely.
fn merged(mut runs: Vec<Run>) -> Vec<Run> {
    runs.sort_unstable();
    let mut merged: Vec<Run> = Vec::new();
    for run in runs {
        match merged.last_mut() {
            Some(last) if run.begin <= last.end.saturating_add(GAP_BYTES_MAX) => last.end = last.end.max(run.end),
            _ => merged.push(run),
        }
    }
    merged
}

/// Gives the pictures their roles: the one with the most bytes, and those like it, are what the file is about.
fn parts(pictures: &[Picture], embedded: &[Run], length_bytes: u64) -> Vec<Part> {
    let mut found: Vec<(Run, Role)> = embedded.iter().map(|run| (*run, Role::Auxiliary)).collect();
    // Of equals the first.
    let largest = pictures.iter().enumerate().max_by_key(|(index, picture)| (picture.length_bytes(), std::cmp::Reverse(*index)));
    if let Some((largest_index, largest)) = largest {
        for (index, picture) in pictures.iter().enumerate() {
            let about = index == largest_index || picture.stands_beside(largest);
            let role = if about { Role::Picture } else { Role::Auxiliary };
            found.extend(picture.runs.iter().map(|run| (*run, role)));
        }
    }
    large_enough(found, length_bytes)
}

fn large_enough(found: Vec<(Run, Role)>, length_bytes: u64) -> Vec<Part> {
    let part_bytes_min = if length_bytes > FILE_BYTES_SMALL { RUN_BYTES_MIN } else { PART_BYTES_MIN };
    let parts = found.into_iter().map(|(run, role)| Part { offset: run.begin, length_bytes: run.end - run.begin, role });
    let mut parts = parts.collect();
    keep_large(&mut parts, part_bytes_min);
    parts
}

/// An embedded JPEG without what is said about it: from the first segment on that is neither an application's nor a comment.
/// Nothing if it is no JPEG, or says more than [`SEGMENTS_MAX`] segments.
fn jpeg_payload(reader: &mut Reader<'_>, jpeg: Run) -> Result<Option<Run>, NoLayout> {
    let mut start = [0; 2];
    if reader.read_some(jpeg.begin, &mut start)? < 2 || start != [0xff, 0xd8] {
        return Ok(None);
    }
    let mut at = jpeg.begin.saturating_add(2);
    for _ in 0..SEGMENTS_MAX {
        let mut segment = [0; 4];
        let count = match reader.read_some(at, &mut segment) {
            // The sensor's picture is found without.
            Err(NoLayout::TooMuch | NoLayout::Truncated) => return Ok(None),
            other => other?,
        };
        let next = match segment {
            _ if count < segment.len() || at >= jpeg.end => return Ok(None),
            // Padding before a segment.
            [0xff, 0xff, ..] => at.saturating_add(1),
            [0xff, 0xe0..=0xef | 0xfe, high, low] => match u64::from(u16::from_be_bytes([high, low])) {
                0 | 1 => return Ok(None),
                length => at.saturating_add(2).saturating_add(length),
            },
            [0xff, ..] => return Ok(Some(Run { begin: at, end: jpeg.end })),
            _ => return Ok(None),
        };
        at = next;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Bytes, READ_BYTES_MAX, layout as layout_of};

    /// A tag, the kind of its values and the values; of undefined bytes (7) where they are and how many.
    type Entry<'a> = (u16, u16, &'a [u64]);

    /// Writes a small TIFF.
    struct Maker {
        bytes: Vec<u8>,
        big_endian: bool,
        wide: bool,
        /// Where the offset of the next directory belongs.
        link: usize,
    }

    impl Maker {
        fn new(magic: &[u8]) -> Self {
            let wide = magic.contains(&43);
            let mut maker = Self { bytes: magic.to_vec(), big_endian: magic[0] == b'M', wide, link: if wide { 8 } else { 4 } };
            if wide {
                maker.bytes.extend(maker.number(8, 2).into_iter().chain([0; 2]));
            }
            maker.bytes.extend(vec![0; maker.wide_or(8, 4)]);
            maker
        }

        fn wide_or(&self, wide: usize, classic: usize) -> usize {
            if self.wide { wide } else { classic }
        }

        fn number(&self, number: u64, size: usize) -> Vec<u8> {
            if self.big_endian { number.to_be_bytes()[8 - size..].to_vec() } else { number.to_le_bytes()[..size].to_vec() }
        }

        fn data(&mut self, length: usize) -> u64 {
            self.bytes.extend((0..length).map(|at| (at % 251) as u8 | 1));
            (self.bytes.len() - length) as u64
        }

        /// Appends a directory without linking it; returns where it is and where its link to the next is.
        fn directory(&mut self, entries: &[Entry<'_>]) -> (u64, usize) {
            let place_bytes = self.wide_or(8, 4);
            let mut written = self.number(entries.len() as u64, self.wide_or(8, 2));
            for (tag, kind, values) in entries {
                let size = [0, 1, 1, 2, 4, 8, 1, 1, 1, 2, 4, 4, 8, 4, 0, 0, 8, 8, 8][usize::from(*kind)];
                let mut array: Vec<u8> = values.iter().flat_map(|value| self.number(*value, size)).collect();
                let count = if *kind == 7 { values[1] } else { values.len() as u64 };
                if *kind == 7 {
                    array = self.number(values[0], place_bytes);
                } else if array.len() > place_bytes {
                    let place = self.number(self.bytes.len() as u64, place_bytes);
                    self.bytes.extend(std::mem::replace(&mut array, place));
                }
                array.resize(place_bytes, 0);
                written.extend([self.number(u64::from(*tag), 2), self.number(u64::from(*kind), 2)].concat());
                written.extend([self.number(count, place_bytes), array].concat());
            }
            let begin = self.bytes.len() as u64;
            self.bytes.extend(written.into_iter().chain(vec![0; place_bytes]));
            (begin, self.bytes.len() - place_bytes)
        }

        fn link(&mut self, offset: u64) {
            let link = self.number(offset, self.wide_or(8, 4));
            self.bytes[self.link..self.link + link.len()].copy_from_slice(&link);
        }

        fn chained(mut self, entries: &[Entry<'_>]) -> Self {
            let (begin, next) = self.directory(entries);
            self.link(begin);
            self.link = next;
            self
        }
    }

    const MAGICS: [&[u8]; 7] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIRO", b"IIRS", b"MMOR"];

    fn part(offset: u64, length_bytes: u64, role: Role) -> Part {
        Part { offset, length_bytes, role }
    }

    fn parts_of(bytes: &[u8]) -> Result<Vec<Part>, NoLayout> {
        let found = layout_of(&mut Bytes(bytes))?.parts;
        assert!(found.iter().all(|part| part.length_bytes > 0 && part.offset + part.length_bytes <= bytes.len() as u64));
        Ok(found)
    }

    /// A preview in strips, a picture in tiles one below, a thumbnail two below, and a JPEG next in the chain.
    fn camera_file(magic: &[u8]) -> (Vec<u8>, Vec<Part>) {
        let mut maker = Maker::new(magic);
        let (strips, tiles, reduced, jpeg) = (maker.data(9000), maker.data(20_000), maker.data(5000), maker.data(6000));
        let (two_below, _) = maker.directory(&[(0xfe, 4, &[1]), (0x111, 4, &[reduced]), (0x117, 3, &[5000])]);
        let tile_places = [tiles + 10_040, tiles];
        let below: &[Entry<'_>] = &[(0xfe, 4, &[0]), (0x144, 4, &tile_places), (0x145, 3, &[9960, 10_000]), (0x14a, 13, &[two_below])];
        let (below, _) = maker.directory(below);
        let strip_places = [strips, strips + 3000, strips + 6000];
        let maker = maker.chained(&[(0xfe, 4, &[1]), (0x111, 4, &strip_places), (0x117, 3, &[3000; 3]), (0x14a, 4, &[below])]);
        let maker = maker.chained(&[(0x103, 3, &[6]), (0x201, 4, &[jpeg]), (0x202, 4, &[6000])]);
        let reduced = part(reduced, 11_000, Role::Auxiliary);
        (maker.bytes, vec![part(strips, 9000, Role::Auxiliary), part(tiles, 20_000, Role::Picture), reduced])
    }

    #[test]
    fn strips_tiles_and_jpegs_are_found_in_every_form() {
        for magic in MAGICS {
            let (bytes, parts) = camera_file(magic);
            assert_eq!(layout_of(&mut Bytes(&bytes)), Ok(Layout { kind: Kind::Tiff, parts }), "{magic:?}");
        }
    }

    #[test]
    fn pages_are_pictures_and_small_runs_of_large_files_no_parts() {
        let size: [Entry<'_>; 2] = [(0x100, 3, &[100]), (0x101, 3, &[90])];
        let page = |at: &[u64], length: &[u64]| {
            Maker::new(b"II*\0").chained(&[size[0], size[1], (0x111, 4, at), (0x117, 4, length)]).chained(&[
                size[0],
                size[1],
                (0x111, 4, &[6000]),
                (0x117, 4, &[4200]),
            ])
        };
        let mut small = page(&[1000], &[5000]).bytes;
        small.resize(250_000, 0);
        assert_eq!(parts_of(&small), Ok(vec![part(1000, 9200, Role::Picture)]));
        small.resize(300_000, 0);
        // But for the largest, without which there would be none.
        assert_eq!(parts_of(&small), Ok(vec![part(1000, 5000, Role::Picture)]));
        // A gap of 64 bytes joins, one of 65 does not; what lies behind the end is left, what goes beyond is cut.
        let mut gaps = page(&[20_000, 30_064, 40_129], &[10_000, 10_000, 10_000]).bytes;
        gaps.resize(45_129, 0);
        assert_eq!(parts_of(&gaps).unwrap()[1..], [part(20_000, 20_064, Role::Picture), part(40_129, 5000, Role::Picture)]);
    }

    #[test]
    fn embedded_files_are_parts_and_a_jpeg_begins_behind_its_notes() {
        let mut maker = Maker::new(b"IIU\0");
        let jpeg = maker.data(6000);
        let notes = [&[0xff, 0xd8, 0xff, 0xe1, 0, 10][..], &[7; 8], &[0xff, 0xfe, 0, 3, 7, 0xff, 0xff, 0xdb]].concat();
        maker.bytes[8..8 + notes.len()].copy_from_slice(&notes);
        let mut maker = maker.chained(&[(0x2e, 7, &[jpeg, 6000]), (0x111, 4, &[0xffff_ffff]), (0x117, 4, &[1]), (0x118, 4, &[7000])]);
        maker.data(9000);
        let length = maker.bytes.len() as u64;
        assert_eq!(parts_of(&maker.bytes), Ok(vec![part(28, 5980, Role::Auxiliary), part(7000, length - 7000, Role::Picture)]));
        maker = Maker::new(b"MM\0*");
        let (raw, strip) = (maker.data(7000), maker.data(8000));
        maker = maker.chained(&[(0x111, 4, &[strip]), (0x117, 4, &[8000]), (0xc68c, 7, &[raw, 7000])]);
        assert_eq!(parts_of(&maker.bytes), Ok(vec![part(raw, 7000, Role::Auxiliary), part(strip, 8000, Role::Picture)]));
        let mut raf = b"FUJIFILMCCD-RAW".to_vec();
        raf.resize(84, b'0');
        raf.extend([200_u32, 5000, 5200, 10, 5300, 9000].iter().flat_map(|number| number.to_be_bytes()));
        raf.resize(14_300, 1);
        raf[200..200 + notes.len()].copy_from_slice(&notes);
        let sensor = part(5300, 9000, Role::Picture);
        assert_eq!(parts_of(&raf), Ok(vec![part(220, 4980, Role::Auxiliary), sensor]));
        raf[201] = 0;
        assert_eq!(parts_of(&raf), Ok(vec![sensor]), "what is no JPEG is left");
        assert_eq!(parts_of(&raf[..5300]), Err(NoLayout::Truncated));
        raf[100..104].fill(0);
        assert!(matches!(parts_of(&raf), Err(NoLayout::Malformed(_))));
    }

    #[test]
    fn defects_are_told_and_do_not_hinder_what_is_sound() {
        let strip: Entry<'_> = (0x111, 4, &[8]);
        assert_eq!(parts_of(b"II*\0\0\0\0"), Err(NoLayout::Truncated));
        assert_eq!(parts_of(b"II*\0\xff\0\0\0"), Err(NoLayout::Truncated));
        assert_eq!(parts_of(b"II*\0\0\0\0\0"), Ok(vec![]));
        assert!(matches!(parts_of(b"II+\0\x04\0\0\0"), Err(NoLayout::Malformed(_))));
        assert!(matches!(parts_of(&Maker::new(b"II*\0").chained(&[]).bytes), Err(NoLayout::Malformed(_))));
        let behind = Maker::new(b"II*\0").chained(&[(0x111, 4, &[9999]), (0x117, 4, &[9999])]);
        assert_eq!(parts_of(&behind.bytes), Err(NoLayout::Truncated));
        // A second directory that is nowhere, one that is the first again, and a tree that claims more than there is.
        let mut maker = Maker::new(b"II*\0");
        maker.data(5000);
        let mut maker = maker.chained(&[strip, (0x117, 4, &[5000]), (0x14a, 4, &[8, 5008, 5020, 0xffff_ffff])]);
        for next in [0xffff_fff0, 5024, 5000] {
            maker.link(next);
            assert_eq!(parts_of(&maker.bytes), Ok(vec![part(8, 5000, Role::Picture)]));
        }
        // Values beyond what is read of one file: the same million and one for each of two directories.
        let places = vec![8; 600_000];
        let maker = Maker::new(b"II*\0").chained(&[(0x111, 4, &places), (0x117, 4, &places)]);
        assert_eq!(parts_of(&maker.bytes), Err(NoLayout::TooMuch));
    }

    #[test]
    fn more_directories_than_are_read_are_left() {
        let with_directories = |count: usize| {
            let mut maker = Maker::new(b"MM\0*");
            let strip = maker.data(5000);
            let maker = (1..count).fold(maker, |maker, _| maker.chained(&[(0x100, 3, &[1])]));
            (maker.chained(&[(0x111, 4, &[strip]), (0x117, 4, &[5000])]), vec![part(strip, 5000, Role::Picture)])
        };
        let (last, parts) = with_directories(DIRECTORIES_MAX);
        assert_eq!(parts_of(&last.bytes), Ok(parts.clone()));
        assert_eq!(parts_of(&last.bytes[..last.link]), Ok(parts), "the last directory may lack its link");
        assert_eq!(parts_of(&with_directories(DIRECTORIES_MAX + 1).0.bytes), Ok(vec![]));
    }

    #[test]
    fn no_cut_and_no_flipped_byte_leads_out_of_the_file() {
        for magic in MAGICS {
            let (bytes, _) = camera_file(magic);
            let directories = bytes.len() - 700;
            // Every length for one form, for the others those that cut what is read.
            for length in (0..bytes.len()).filter(|length| magic == MAGICS[3] || *length < 64 || *length > directories) {
                _ = parts_of(&bytes[..length]);
            }
            for at in (0..16).chain(directories..bytes.len()) {
                for flip in [0xff, 0x80, 1] {
                    let mut bytes = bytes.clone();
                    bytes[at] ^= flip;
                    _ = parts_of(&bytes);
                    _ = layout(&mut Reader::new(&mut Bytes(&bytes), READ_BYTES_MAX));
                    _ = raf_layout(&mut Reader::new(&mut Bytes(&bytes), READ_BYTES_MAX));
                }
            }
        }
    }

    /// Every file below a folder whose first bytes are a TIFF's or a RAF's.
    fn files_below(folder: &std::path::Path, found: &mut Vec<(String, Vec<u8>)>) {
        let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                files_below(&path, found);
            } else if let Ok(bytes) = std::fs::read(&path)
                && matches!(crate::media::kind_of(&bytes), Some(crate::media::Family::Tiff | crate::media::Family::Raf))
            {
                found.push((path.display().to_string(), bytes));
            }
        }
    }

    #[test]
    fn pictures_of_real_files_are_found() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/photos");
        if !folder.is_dir() {
            println!("SKIP: no sample files");
            return;
        }
        let mut files = Vec::new();
        files_below(&folder, &mut files);
        for (path, bytes) in &files {
            let name = path.rsplit_once("photos/").map_or(path.as_str(), |(_, name)| name);
            let found = parts_of(bytes);
            println!(
                "{name} {} {}",
                bytes.len(),
                match &found {
                    Ok(parts) => parts.iter().map(|part| format!("({}, {}, {:?})", part.offset, part.length_bytes, part.role)).collect(),
                    Err(reason) => reason.to_string(),
                }
            );
            let whole = name.starts_with("tiff/") || name.starts_with("raw/whole/");
            // Tables and a colour profile are most of one of them.
            if whole && bytes.len() >= 8192 && !name.ends_with("tiff_strip_cmyk_jpeg.tif") {
                let pictures = found.iter().flatten().filter(|part| part.role == Role::Picture).map(|part| part.length_bytes);
                assert!(pictures.sum::<u64>() * 2 > bytes.len() as u64, "{name}");
            }
            match name {
                "raw/whole/RAW_NIKON_D1.NEF" => {
                    assert_eq!(found, Ok(vec![part(1280, 57_600, Role::Auxiliary), part(59_642, 3_995_832, Role::Picture)]));
                }
                "tiff/fax4.tiff" => assert_eq!(found, Ok(vec![part(8, 30_820, Role::Picture)])),
                _ => {}
            }
        }
    }
}
