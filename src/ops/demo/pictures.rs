//! Owns the pictures of the demo: small landscapes that are drawn, not photographed, as files that any viewer opens.
//!
//! The same seed gives the same bytes on every machine: only integers and the four basic operations on `f32` are used, no
//! `sin` or `powf`, whose last bit differs between systems.

use jiff::{civil::DateTime, tz::TimeZone};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Dimensions in pixels, from small to large.
const SIZES: [(u16, u16); 4] = [(640, 480), (800, 600), (1024, 768), (1280, 960)];
const QUALITY_PERCENT: u8 = 90;

/// Days on which the imagined family took pictures: folder, first moment, number of pictures.
const OUTINGS: [(&str, [i16; 5], u8); 6] = [
    ("2019/07", [2019, 7, 14, 17, 5], 6),
    ("2019/12", [2019, 12, 24, 15, 40], 3),
    ("2020/05", [2020, 5, 2, 9, 12], 4),
    ("2021/08", [2021, 8, 9, 19, 31], 5),
    ("2022/10", [2022, 10, 16, 11, 3], 3),
    ("2023/06", [2023, 6, 3, 20, 48], 3),
];

/// One file of the demo's photo folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Path below the folder, with `/`, such as `2019/07/IMG_0412.JPG`.
    pub(crate) path: String,
    /// The whole file.
    pub(crate) bytes: Vec<u8>,
    /// When it was taken, in seconds since 1970 (UTC).
    pub(crate) taken: i64,
}

/// Draws the demo's folder: 24 photos, one of them a second time under another name, and one caption beside a photo.
pub(crate) fn pictures(seed: u64) -> Vec<Picture> {
    let mut random = Random::new(seed);
    let mut pictures = Vec::new();
    let mut number = 412 + random.below(500);
    for (folder, [year, month, day, hour, minute], count) in OUTINGS {
        let mut taken = moment(year, month, day, hour, minute);
        for _ in 0..count {
            let (width, height) = SIZES[random.below(SIZES.len() as u32) as usize];
            let bytes = photo(&Scene::choose(&mut random), width, height, taken, &mut random);
            pictures.push(Picture { path: format!("{folder}/IMG_{number:04}.JPG"), bytes, taken });
            number += 1 + random.below(3);
            taken += 40 + i64::from(random.below(1500));
        }
    }
    if let [first, second, ..] = pictures.as_slice() {
        let copy = Picture { path: "For grandma/summer.jpg".to_owned(), ..second.clone() };
        let beside = first.path.replace(".JPG", ".txt");
        let caption = Picture {
            path: beside,
            bytes: b"The first evening of the holidays. The dog is just outside the picture.\n".to_vec(),
            taken: first.taken,
        };
        pictures.extend([copy, caption]);
    }
    pictures
}

fn moment(year: i16, month: i16, day: i16, hour: i16, minute: i16) -> i64 {
    let civil = DateTime::new(year, month as i8, day as i8, hour as i8, minute as i8, 0, 0);
    civil.and_then(|civil| civil.to_zoned(TimeZone::UTC)).map_or(0, |zoned| zoned.timestamp().as_second())
}

/// A picture with its Exif segment in front, as cameras write it.
fn photo(scene: &Scene, width: u16, height: u16, taken: i64, random: &mut Random) -> Vec<u8> {
    let pixels = scene.draw(width, height, random);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, QUALITY_PERCENT);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.add_exif_metadata(&exif(taken)).expect("the segment is far below 64 KiB");
    encoder
        .encode(&pixels, width, height, ColorType::Rgb)
        .expect("the buffer has the stated dimensions, and memory does not refuse writes");
    bytes
}

/// A big-endian TIFF block: first directory with make, model and a pointer, second directory with the moment.
fn exif(taken: i64) -> Vec<u8> {
    const ASCII: u16 = 2;
    const LONG: u16 = 4;
    // Offsets count from the block's start: header 8, first directory 2 + 3 * 12 + 4, second 2 + 12 + 4, then the texts.
    let (second_at, texts_at) = (8 + 42_u32, 8 + 42 + 18_u32);
    let (make, model) = (b"tintype\0", b"demo\0\0");
    let moment = jiff::Timestamp::from_second(taken).unwrap_or_default().to_zoned(TimeZone::UTC);
    let mut original = moment.strftime("%Y:%m:%d %H:%M:%S").to_string().into_bytes();
    original.push(0);

    let mut block = b"MM\0\x2a\0\0\0\x08".to_vec();
    let mut entry = |fields: &[(u16, u16, u32, u32)]| {
        block.extend((fields.len() as u16).to_be_bytes());
        for (tag, kind, count, value) in fields {
            block.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
            block.extend([count.to_be_bytes(), value.to_be_bytes()].concat());
        }
        block.extend([0; 4]);
    };
    let model_at = texts_at + make.len() as u32;
    entry(&[(0x010f, ASCII, 8, texts_at), (0x0110, ASCII, 5, model_at), (0x8769, LONG, 1, second_at)]);
    entry(&[(0x9003, ASCII, original.len() as u32, model_at + model.len() as u32)]);
    block.extend(make);
    block.extend(model);
    block.extend(original);
    block
}

type Colour = [f32; 3];

/// What a picture shows: a sky, the sun, hills one behind the other, and water or a meadow.
#[derive(Debug)]
struct Scene {
    zenith: Colour,
    horizon: Colour,
    ground: Colour,
    /// Height of the horizon, as a part of the picture from the top.
    horizon_at: f32,
    sun: [f32; 2],
    hill_count: u32,
    is_water: bool,
}

/// Zenith, horizon, ground: dusk, noon, winter, autumn, blue hour.
const PALETTES: [[Colour; 3]; 5] = [
    [[58.0, 52.0, 110.0], [250.0, 160.0, 92.0], [44.0, 38.0, 62.0]],
    [[74.0, 138.0, 214.0], [206.0, 228.0, 240.0], [74.0, 122.0, 58.0]],
    [[138.0, 160.0, 190.0], [236.0, 232.0, 228.0], [196.0, 206.0, 216.0]],
    [[120.0, 150.0, 196.0], [244.0, 214.0, 170.0], [142.0, 88.0, 40.0]],
    [[16.0, 26.0, 64.0], [112.0, 128.0, 176.0], [20.0, 30.0, 48.0]],
];

impl Scene {
    fn choose(random: &mut Random) -> Self {
        let palette = PALETTES[random.below(PALETTES.len() as u32) as usize];
        let [zenith, horizon, ground] = palette.map(|colour| colour.map(|part| part + random.part() * 24.0 - 12.0));
        let horizon_at = 0.5 + random.part() * 0.2;
        let sun = [0.15 + random.part() * 0.7, horizon_at * (0.4 + random.part() * 0.5)];
        Self { zenith, horizon, ground, horizon_at, sun, hill_count: 2 + random.below(3), is_water: random.below(2) == 0 }
    }

    fn draw(&self, width: u16, height: u16, random: &mut Random) -> Vec<u8> {
        let (across, down) = (f32::from(width), f32::from(height));
        let hills: Vec<Vec<f32>> = (0..self.hill_count).map(|hill| self.ridge(hill, width, random)).collect();
        let (clouds, waves) = (random.next() as u32, random.next() as u32);
        let mut pixels = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
        for row in 0..height {
            let y = f32::from(row) / down;
            // Water shows the sky upside down, pulled apart by waves.
            let sway = (noise(waves, 0.5, y * y * 160.0) - 0.5) * 0.05;
            for (column, x) in (0..width).map(|column| (usize::from(column), f32::from(column) / across)) {
                let mut colour = if y < self.horizon_at {
                    self.sky(x, y, across / down, clouds)
                } else if self.is_water {
                    let mirrored = (self.horizon_at * 2.0 - y).max(0.0);
                    mix(self.sky(x + sway, mirrored, across / down, clouds), self.ground, 0.35 + (y - self.horizon_at) * 0.6)
                } else {
                    let blade = noise(waves, x * 90.0, y * 140.0) * 0.5 + noise(waves, x * 24.0, y * 40.0) * 0.5;
                    mix(self.ground, self.horizon, blade * 0.3).map(|part| part * (0.75 + blade * 0.4))
                };
                for (hill, ridge) in hills.iter().enumerate() {
                    if y < self.horizon_at && ridge.get(column).is_some_and(|top| y > *top) {
                        // Far hills take on the colour of the air before them.
                        colour = mix(self.horizon, self.ground, (hill + 1) as f32 / self.hill_count as f32 * 0.8);
                    }
                }
                let grain = random.part() * 13.0 - 6.5;
                pixels.extend(colour.map(|part| (part + grain).clamp(0.0, 255.0) as u8));
            }
        }
        pixels
    }

    fn sky(&self, x: f32, y: f32, aspect: f32, clouds: u32) -> Colour {
        let blue = mix(self.zenith, self.horizon, y / self.horizon_at);
        let veil = noise(clouds, x * 5.0, y * 16.0) * 0.6 + noise(clouds, x * 17.0, y * 48.0) * 0.4;
        let clouded = mix(blue, [250.0, 246.0, 242.0], ((veil - 0.5) * 1.6).clamp(0.0, 0.7));
        let (from_x, from_y) = ((x - self.sun[0]) * aspect, y - self.sun[1]);
        let distance = from_x * from_x + from_y * from_y;
        if distance < 0.0018 { [255.0, 246.0, 214.0] } else { mix(clouded, [255.0, 226.0, 160.0], 0.006 / (distance + 0.006)) }
    }

    /// Upper edge of a hill for each column, as a part of the height; nearer hills are lower and rougher.
    fn ridge(&self, hill: u32, width: u16, random: &mut Random) -> Vec<f32> {
        let seed = random.next() as u32;
        let base = self.horizon_at * (0.62 + 0.34 * (hill + 1) as f32 / self.hill_count as f32);
        let rough = (hill + 2) as f32;
        let height =
            |x: f32| noise(seed, x * rough, 0.0) * 0.16 + noise(seed, x * rough * 4.0, 9.0) * 0.05 + noise(seed, x * 70.0, 5.0) * 0.012;
        (0..width).map(|column| base - height(f32::from(column) / f32::from(width)) + 0.06).collect()
    }
}

fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    let share = share.clamp(0.0, 1.0);
    [0, 1, 2].map(|part: usize| from[part] + (to[part] - from[part]) * share)
}

/// Smooth noise from 0 to 1: random values on a grid of whole numbers, blended between them.
fn noise(seed: u32, x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let smooth = |part: f32| part * part * (3.0 - 2.0 * part);
    let (right_share, bottom_share) = (smooth(x - left), smooth(y - top));
    let corner = |dx: i32, dy: i32| {
        let mut hash = seed
            ^ (left as i32 + dx).cast_unsigned().wrapping_mul(0x9e37_79b1)
            ^ (top as i32 + dy).cast_unsigned().wrapping_mul(0x85eb_ca77);
        hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
        hash = (hash ^ (hash >> 12)).wrapping_mul(0x297a_2d39);
        (hash >> 8) as f32 / 16_777_216.0
    };
    let upper = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * right_share;
    let lower = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * right_share;
    upper + (lower - upper) * bottom_share
}

/// xorshift64*: small, and the same everywhere. Not for secrets.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // The state must not be zero; the multiplication spreads seeds that lie close together.
        Self(seed.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number from 0 to `end`, without `end`, which must not be 0.
    fn below(&mut self, end: u32) -> u32 {
        (self.next() % u64::from(end)) as u32
    }

    /// A number from 0 to 1, without 1.
    fn part(&mut self) -> f32 {
        (self.next() & 0xff_ffff) as f32 / 16_777_216.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Marker and payload of each segment up to the start of the scan.
    fn segments(bytes: &[u8]) -> Vec<(u8, &[u8])> {
        assert_eq!(bytes[..2], [0xff, 0xd8]);
        assert_eq!(bytes[bytes.len() - 2..], [0xff, 0xd9]);
        let (mut at, mut found) = (2, Vec::new());
        loop {
            assert_eq!(bytes[at], 0xff);
            let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
            found.push((bytes[at + 1], &bytes[at + 4..at + 2 + length]));
            if bytes[at + 1] == 0xda {
                return found;
            }
            at += 2 + length;
        }
    }

    fn number(tiff: &[u8], at: usize, length: usize) -> usize {
        tiff[at..at + length].iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    /// Text of a field of the directory at `at`, or the number that stands in its place.
    fn field(tiff: &[u8], at: usize, tag: usize) -> (usize, &[u8]) {
        let entries = (0..number(tiff, at, 2)).map(|entry| at + 2 + entry * 12);
        let entry = entries.into_iter().find(|entry| number(tiff, *entry, 2) == tag).expect("the tag is there");
        let (count, value) = (number(tiff, entry + 4, 4), number(tiff, entry + 8, 4));
        (value, if number(tiff, entry + 2, 2) == 2 { &tiff[value..value + count] } else { &[] })
    }

    #[test]
    fn photos_are_whole_and_dated() {
        let all = pictures(1);
        let photos: Vec<&Picture> = all.iter().filter(|picture| !picture.path.ends_with(".txt")).collect();
        assert_eq!(photos.len(), 25);
        for picture in photos {
            let segments = segments(&picture.bytes);
            let exif = segments.iter().find_map(|(marker, body)| (*marker == 0xe1).then_some(body)?.strip_prefix(b"Exif\0\0")).unwrap();
            assert_eq!(exif[..8], *b"MM\0\x2a\0\0\0\x08");
            assert_eq!(field(exif, 8, 0x010f).1, b"tintype\0");
            assert_eq!(field(exif, 8, 0x0110).1, b"demo\0");
            let civil = jiff::Timestamp::from_second(picture.taken).unwrap().to_zoned(TimeZone::UTC).datetime();
            let original = String::from_utf8(field(exif, field(exif, 8, 0x8769).0, 0x9003).1.to_vec()).unwrap();
            assert_eq!(original.trim_end_matches('\0'), civil.strftime("%Y:%m:%d %H:%M:%S").to_string());
            let frame = segments.iter().find(|(marker, _)| *marker == 0xc0).unwrap().1;
            let size = (number(frame, 3, 2) as u16, number(frame, 1, 2) as u16);
            assert!(SIZES.contains(&size), "{size:?}");
            assert!((40_000..400_000).contains(&picture.bytes.len()), "{}: {} bytes", picture.path, picture.bytes.len());
        }
    }

    #[test]
    fn one_photo_stands_twice_and_the_rest_differ() {
        let all = pictures(1);
        let paths: BTreeSet<&str> = all.iter().map(|picture| picture.path.as_str()).collect();
        let contents: BTreeSet<&[u8]> = all.iter().map(|picture| picture.bytes.as_slice()).collect();
        assert_eq!((all.len(), paths.len(), contents.len()), (26, 26, 25));
    }

    #[test]
    fn the_seed_decides() {
        let (one, again, two) = (pictures(7), pictures(7), pictures(8));
        assert_eq!(one, again);
        assert_ne!(one[0].bytes, two[0].bytes);
    }
}
