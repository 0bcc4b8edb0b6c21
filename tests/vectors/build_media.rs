//! Owns the vectors of where pictures and films begin and end: small files of each kind, with the places that the text gives them.

use super::cuts::stream;
use super::vector::Vector;

/// All of them.
pub(crate) fn all() -> Vec<Vector> {
    [jpegs(), chunked(), boxes(), items(), tiffs()].concat()
}

fn layout(name: &str, comment: &str, bytes: Vec<u8>, value: &str) -> Vector {
    Vector::ok("layout", name, comment, bytes).with("value", value)
}

/// Bytes without `ff`: coded data in which no marker can be seen.
fn coded(length: usize) -> Vec<u8> {
    stream("coded data", length).into_iter().map(|byte| byte & 0x7f).collect()
}

fn segment(code: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).expect("a short body");
    [&[0xff, code][..], &length.to_be_bytes(), body].concat()
}

/// A picture's data, of 140 bytes: tables, a scan with all that is no marker, the end.
fn data() -> Vec<u8> {
    let scan = [&coded(50)[..], &[0xff, 0x00, 0xff, 0xd3, 0xff, 0xff, 0x00], &coded(8)].concat();
    let bytes = [segment(0xdb, &[1; 41]), segment(0xda, &[0; 10]), scan, segment(0xc4, &[2; 10]), vec![0xff, 0xd9]];
    bytes.concat()
}

fn jpegs() -> Vec<Vector> {
    let exif = segment(0xe1, &[&b"Exif\0\0"[..], &[0xff, 0xd8, 0xff, 0xdb, 0xff, 0xd9]].concat());
    let xmp = segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x/>");
    let jpeg = |front: &[&[u8]], data: &[u8]| [&[0xff, 0xd8][..], &front.concat(), data].concat();
    let data = data();
    let n = data.len();
    let long_exif = segment(0xe1, &[&b"Exif\0\0"[..], &[7; 5_000]].concat());
    let one = jpeg(&[&exif], &data);
    let gain_map = jpeg(&[&xmp], &[segment(0xdb, &coded(4_100)), vec![0xff, 0xd9]].concat());
    let film = [&b"\0\0\0\x10ftypmp42\0\0\0\0\0\0\x10\x0cmdat"[..], &coded(4_100), b"\0\0\0\x08moov"].concat();
    vec![
        layout("jpeg", "a marker in a thumbnail, data with ff", one.clone(), &format!("jpeg; picture 18 {n}")),
        layout(
            "jpeg_app_behind_tables",
            "the picture begins behind the last APPn before its scan",
            jpeg(&[&exif, &segment(0xdb, &[1; 20]), &xmp], &data),
            &format!("jpeg; picture {} {n}", 18 + 24 + 37),
        ),
        layout("jpeg_fill_bytes", "ff before a marker fill", jpeg(&[&exif, &[0xff, 0xff]], &data), &format!("jpeg; picture 20 {n}")),
        layout("jpeg_litter", "bytes before a marker", jpeg(&[&exif, b"litter"], &data), &format!("jpeg; picture 24 {n}")),
        layout(
            "jpeg_exif_and_xmp",
            "Exif of 4 KiB and more is a part",
            jpeg(&[&long_exif, &xmp], &data),
            &format!("jpeg; metadata 0 5012; picture 5049 {n}"),
        ),
        layout(
            "jpeg_without_end",
            "the picture goes to the end of the file",
            one[..one.len() - 2].to_vec(),
            &format!("jpeg; picture 18 {}", n - 2),
        ),
        layout(
            "jpeg_gain_map_and_film",
            "a stray byte, another picture, a trailer, a film",
            [&one[..], &[0], &gain_map, b"a trailer", &film].concat(),
            &format!("jpeg; picture 18 {n}; auxiliary {} 4106; film {} 4100", 18 + n + 1 + 39, 18 + n + 1 + gain_map.len() + 9 + 24),
        ),
        layout("jpeg_without_picture", "nothing but metadata", jpeg(&[&exif], &[0xff, 0xd9]), "none"),
        layout("jpeg_length_1", "a segment that is shorter than its length", jpeg(&[&[0xff, 0xe1, 0, 1]], &data), "none"),
        layout("jpeg_cut_off", "a segment that leads out of the file", one[..12].to_vec(), "none"),
    ]
}

fn chunked() -> Vec<Vector> {
    let chunk = |name: &[u8; 4], body: &[u8]| [&u32::try_from(body.len()).expect("short").to_be_bytes()[..], name, body, b"crc!"].concat();
    let png = |chunks: &[Vec<u8>]| [&b"\x89PNG\r\n\x1a\n"[..], &chunks.concat()].concat();
    let (head, text, idat) = (chunk(b"IHDR", &[0; 13]), chunk(b"tEXt", b"a caption"), chunk(b"IDAT", &coded(30)));
    let end = chunk(b"IEND", b"");
    let whole = png(&[head.clone(), text.clone(), idat.clone(), idat.clone(), text.clone(), end.clone(), idat.clone()]);
    let frames = png(&[head.clone(), idat.clone(), chunk(b"fcTL", &[0; 26]), chunk(b"fdAT", &coded(20)), text.clone(), end.clone()]);
    let riff = |name: &[u8; 4], body: &[u8]| {
        let odd = body.len() % 2;
        [&name[..], &u32::try_from(body.len()).expect("short").to_le_bytes(), body, &[0][..odd]].concat()
    };
    let webp = [
        b"RIFF\0\0\0\0WEBP".to_vec(),
        riff(b"VP8X", &[0; 10]),
        riff(b"ICCP", &[1; 9]),
        riff(b"ALPH", &coded(11)),
        riff(b"VP8 ", &coded(30)),
        riff(b"EXIF", &[2; 20]),
    ];
    vec![
        layout("png", "from the first data to the last before the end", whole.clone(), "png; picture 54 84"),
        layout("png_frames", "a moving picture", frames, "png; picture 33 112"),
        layout("png_cut_off", "the picture goes to the end of the file", whole[..80].to_vec(), "png; picture 54 26"),
        layout("png_without_picture", "no data", png(&[head, text, end]), "none"),
        layout("webp", "an odd length has a byte more", webp.concat(), "webp; picture 48 58"),
        layout("webp_without_picture", "metadata alone", [&webp[0][..], &webp[5]].concat(), "none"),
    ]
}

fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 8).expect("short").to_be_bytes()[..], name, body].concat()
}

fn full(name: &[u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
    boxed(name, &[&[version, 0, 0, 0][..], body].concat())
}

fn boxes() -> Vec<Vector> {
    let ftyp = |brand: &[u8; 4]| boxed(b"ftyp", &[&brand[..], &[0; 4], b"mp41"].concat());
    let (qt, mp4) = (ftyp(b"qt  "), ftyp(b"isom"));
    let (mdat, moov) = (boxed(b"mdat", &coded(60)), boxed(b"moov", &[1; 30]));
    let wide = [&1_u32.to_be_bytes()[..], b"mdat", &76_u64.to_be_bytes(), &coded(60)].concat();
    let fragment = |length: usize| [boxed(b"moof", &[3; 20]), boxed(b"mdat", &coded(length))].concat();
    let endless = [&0_u32.to_be_bytes()[..], b"mdat", &coded(60)].concat();
    let bare = [&[0xff, 0x0a][..], &coded(40)].concat();
    let jxl = [boxed(b"JXL ", b"\r\n\x87\n"), boxed(b"ftyp", b"jxl \0\0\0\0jxl "), boxed(b"Exif", &[1; 10])].concat();
    let numbered = |number: u8, length: usize| boxed(b"jxlp", &[&[0, 0, 0, number][..], &coded(length)].concat());
    vec![
        layout("mov", "the film between, its head behind", [&qt[..], &boxed(b"wide", b""), &mdat, &moov].concat(), "mov; film 36 60"),
        layout("mp4_head_first", "the head before the film", [&mp4[..], &moov, &mdat].concat(), "mp4; film 66 60"),
        layout("mov_without_kind", "older than kinds are", [&mdat[..], &moov].concat(), "mov; film 8 60"),
        layout("mp4_long_length", "a length of 64 bits", [&mp4[..], &wide, &moov].concat(), "mp4; film 36 60"),
        layout("mp4_to_the_end", "a length of 0", [&mp4[..], &endless].concat(), "mp4; film 28 60"),
        layout(
            "mp4_fragments",
            "parts under 4 KiB are dropped, but for the longest",
            [&mp4[..], &moov, &fragment(5_000), &fragment(100), &fragment(4_096)].concat(),
            "mp4; film 94 5000; film 5266 4096",
        ),
        layout("mp4_cut_off", "the film is longer than the file", [&mp4[..], &moov, &mdat[..30]].concat(), "none"),
        layout("mp4_then_garbage", "what was found before stands", [&mp4[..], &mdat, &[0, 0, 0, 3], b"oops"].concat(), "mp4; film 28 60"),
        layout("cr3", "pictures of a camera", [&ftyp(b"crx ")[..], &moov, &mdat].concat(), "cr3; picture 66 60"),
        layout("jxl_alone", "the whole file", bare.clone(), "jxl; picture 0 42"),
        layout("jxl_in_a_box", "the same bytes within", [&jxl[..], &boxed(b"jxlc", &bare)].concat(), "jxl; picture 58 42"),
        layout(
            "jxl_in_parts",
            "each without its number; one is under 4 KiB",
            [&jxl[..], &numbered(0, 5_000), &numbered(0x81, 50)].concat(),
            "jxl; picture 62 5000",
        ),
    ]
}

/// A picture file: kind of it, items (number, kind, length), the primary one, what it is made of; and behind how many bytes its items lie.
fn heif(brand: &[u8; 4], items: &[(u16, &[u8; 4], usize)], primary: Option<u16>, made_of: &[u16], properties: usize) -> (Vec<u8>, usize) {
    let ftyp = boxed(b"ftyp", &[&brand[..], &[0; 4], b"mif1"].concat());
    let number = |value: usize| u32::try_from(value).expect("short").to_be_bytes();
    let count = |value: usize| u16::try_from(value).expect("few").to_be_bytes();
    let infe = |(item, kind, _): &(u16, &[u8; 4], usize)| full(b"infe", 2, &[&item.to_be_bytes()[..], &[0; 2], &kind[..], b"\0"].concat());
    let iinf = full(b"iinf", 0, &[&count(items.len())[..], &items.iter().flat_map(infe).collect::<Vec<_>>()].concat());
    let references: Vec<u8> = made_of.iter().flat_map(|item| item.to_be_bytes()).collect();
    let dimg = primary
        .filter(|_| !made_of.is_empty())
        .map(|primary| boxed(b"dimg", &[&primary.to_be_bytes()[..], &count(made_of.len()), &references].concat()));
    let iref = full(b"iref", 0, &dimg.unwrap_or_default());
    let pitm = primary.map(|item| full(b"pitm", 0, &item.to_be_bytes())).unwrap_or_default();
    let iprp = boxed(b"iprp", &coded(properties));
    let meta = |first: usize| {
        let mut at = first;
        let places = items.iter().flat_map(|(item, _, length)| {
            let place = [&item.to_be_bytes()[..], &[0; 4], &count(1), &number(at), &number(*length)].concat();
            at += length;
            place
        });
        let iloc = full(b"iloc", 1, &[&[0x44, 0][..], &count(items.len()), &places.collect::<Vec<_>>()].concat());
        full(b"meta", 0, &[&pitm[..], &iinf, &iref, &iprp, &iloc].concat())
    };
    let first = ftyp.len() + meta(0).len() + 8;
    let payload: usize = items.iter().map(|(_, _, length)| length).sum();
    ([ftyp, meta(first), boxed(b"mdat", &coded(payload))].concat(), first)
}

fn items() -> Vec<Vector> {
    let tiles: &[(u16, &[u8; 4], usize)] =
        &[(9, b"Exif", 20), (1, b"hvc1", 3_000), (2, b"hvc1", 2_000), (10, b"mime", 30), (3, b"hvc1", 6_000)];
    let (grid, first) = heif(b"heic", tiles, Some(7), &[1, 2], 40);
    let (alone, first_alone) = heif(b"avif", &[(9, b"Exif", 20), (1, b"av01", 300), (2, b"av01", 100)], Some(1), &[], 40);
    let (none_primary, first_none) = heif(b"heic", tiles, None, &[], 5_000);
    let (only_talk, first_talk) = heif(b"heic", &[(9, b"Exif", 5_000)], Some(1), &[], 40);
    let film = [&b"\0\0\0\x10ftypmp42\0\0\0\0\0\0\x10\x0cmdat"[..], &coded(4_100)].concat();
    let with_film = [&grid[..], &boxed(b"mpvd", &film)].concat();
    let moving = [&grid[..], &boxed(b"moov", &[1; 30])].concat();
    vec![
        layout(
            "heif_grid",
            "a picture of two items, and another one",
            grid.clone(),
            &format!("heif; picture {} 5000; auxiliary {} 6000", first + 20, first + 5_050),
        ),
        layout("avif", "of a small picture the longest run", alone, &format!("avif; picture {} 300", first_alone + 20)),
        layout(
            "heif_without_primary",
            "then all are the picture; properties of 4 KiB and more are a part",
            none_primary,
            &format!(
                "heif; metadata {} 5000; picture {} 5000; picture {} 6000",
                first_none - 8 - 96 - 5_000,
                first_none + 20,
                first_none + 5_050
            ),
        ),
        layout("heif_without_items", "no picture among the items: what is in mdat", only_talk, &format!("heif; picture {first_talk} 5000")),
        layout(
            "heif_with_film",
            "a Motion Photo",
            with_film,
            &format!("heif; picture {} 5000; auxiliary {} 6000; film {} 4100", first + 20, first + 5_050, grid.len() + 32),
        ),
        layout("heif_moving", "a moving picture: what is in mdat", moving, &format!("heif; picture {first} 11050")),
    ]
}

fn tiffs() -> Vec<Vector> {
    // Entries of a classic TIFF, low byte first: tag, type 4, values; values that do not fit lie at `place`.
    let entry = |tag: u16, value: u32| [&tag.to_le_bytes()[..], &4_u16.to_le_bytes(), &1_u32.to_le_bytes(), &value.to_le_bytes()].concat();
    let many = |tag: u16, count: u32, place: u32| {
        [&tag.to_le_bytes()[..], &4_u16.to_le_bytes(), &count.to_le_bytes(), &place.to_le_bytes()].concat()
    };
    let directory = |entries: &[Vec<u8>], next: u32| {
        [&u16::try_from(entries.len()).expect("few").to_le_bytes()[..], &entries.concat(), &next.to_le_bytes()].concat()
    };
    let words = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    let strip = directory(&[entry(0x0111, 38), entry(0x0117, 60)], 0);
    let simple = [&b"II*\0\x08\0\0\0"[..], &strip, &coded(60)].concat();
    // Two strips with 64 bytes between, the picture; a preview below it, in a directory of its own.
    let sub = directory(&[entry(0x00fe, 1), entry(0x0201, 20_000), entry(0x0202, 5_000)], 0);
    let main = directory(&[many(0x0111, 2, 300), many(0x0117, 2, 308), entry(0x014a, 100)], 0);
    let mut raw = [&b"II*\0\x08\0\0\0"[..], &main].concat();
    raw.resize(100, 0);
    raw.extend(sub);
    raw.resize(300, 0);
    raw.extend(words(&[1_000, 7_064, 6_000, 7_000]));
    raw.extend(coded(30_000 - 316));
    let mut looped = directory(&[entry(0x0111, 38), entry(0x0117, 60)], 8);
    looped.extend(coded(60));
    let mut raf = b"FUJIFILMCCD-RAW 0201".to_vec();
    raf.resize(84, 0);
    raf.extend([108_u32, 200, 0, 0, 400, 5_000].iter().flat_map(|value| value.to_be_bytes()));
    raf.extend([&[0xff, 0xd8][..], &segment(0xe1, &[1; 20]), &data()].concat());
    raf.resize(400, 0);
    raf.extend(coded(5_000));
    vec![
        layout("tiff", "one strip", simple, "tiff; picture 38 60"),
        layout("tiff_preview", "strips with a gap, and a preview below", raw, "tiff; picture 1000 13064; auxiliary 20000 5000"),
        layout(
            "tiff_loop",
            "a directory that names itself as the next",
            [&b"II*\0\x08\0\0\0"[..], &looped].concat(),
            "tiff; picture 38 60",
        ),
        layout("tiff_cut_off", "a directory that leads out of the file", b"II*\0\x08\0\0\0\xff\xff".to_vec(), "none"),
        layout("raf", "the sensor's data; the preview is short", raf, "raf; picture 400 5000"),
        layout("unknown", "no kind that is known", b"just a text\n".to_vec(), "none"),
    ]
}
