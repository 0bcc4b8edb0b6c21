//! Owns the made-up library of the golden repositories: its names, its rounds of edits, and what its files are, read directly.

use super::cuts::stream;
use serde_json::{Value, json};
use std::sync::Arc;
use tintype::chunk::{Cutter, MAX_BYTES};
use tintype::clock::Timestamp;
use tintype::scan::{Kind, MemorySource, Source};

/// Two sources of one family.
pub(crate) struct Library {
    pub(crate) photos: Arc<MemorySource>,
    pub(crate) phone: Arc<MemorySource>,
}

/// Names that some program or system trips over.
const ODD: [&[u8]; 14] = [
    b"caf\xe9 in Latin 1.jpg",
    b"\xff\xfe",
    b"line\nbreak and bell\x07.jpg",
    b"\x1b[31mred\x7f",
    b"\"quotes\" 'and' `more` $HOME \\ %s.jpg",
    "composed \u{e9}".as_bytes(),
    "decomposed e\u{301}".as_bytes(),
    "same \u{e9}".as_bytes(),
    "same e\u{301}".as_bytes(),
    b"-rf",
    b"trailing dot.",
    b"trailing space ",
    b"CON",
    "\u{1f3d4} \u{202e}gpj.exe".as_bytes(),
];

impl Library {
    /// The library as it is before the first snapshot.
    pub(crate) fn new() -> Self {
        let (photos, phone) = (Arc::new(MemorySource::new()), Arc::new(MemorySource::new()));
        for number in 1..=6_u32 {
            photos.add_file(format!("2019/07/IMG_{number:04}.HEIC"), stream(&format!("heic {number}"), 3_000 + number as usize * 700));
            photos.add_file(format!("2019/07/IMG_{number:04}.json"), format!("{{\"title\": \"IMG_{number:04}.HEIC\"}}\n").as_str());
        }
        photos.add_file("2020/film.mov", stream("film", 20_000));
        photos.add_hard_link("2020/film.mov", "2020/the same film.mov").add_hard_link("2020/film.mov", "again.mov");
        photos.add_file("copy.HEIC", stream("heic 1", 3_700)).add_file("empty", "").add_file("hidden/.nomedia", "");
        photos.add_folder("nothing here").add_symlink("newest", "2020/film.mov").add_symlink("dangling", b"\xff/not here");
        for (number, name) in ODD.iter().enumerate() {
            photos.add_file([b"odd/", *name].concat(), format!("odd {number}\n").as_str());
        }
        photos.add_file([&b"odd/"[..], &[b'x'; 255]].concat(), "255 bytes\n").add_folder([&b"odd/-"[..], &[b'y'; 254]].concat());
        photos.edit_stat("2019/07/IMG_0001.HEIC", |stat| stat.mode = 0o400);
        photos.edit_stat("2019/07/IMG_0002.HEIC", |stat| stat.mode = 0o755).edit_stat("2020", |stat| stat.mode = 0o700);
        photos.edit_stat("2020/film.mov", |stat| stat.mtime = Timestamp { seconds: 1_577_836_800, nanoseconds: 123_456_789 });
        photos.edit_stat("copy.HEIC", |stat| stat.mtime = Timestamp { seconds: -631_152_000, nanoseconds: 500_000_000 });
        photos.edit_stat("empty", |stat| stat.mtime = Timestamp { seconds: 0, nanoseconds: 0 });
        photos.edit_stat("nothing here", |stat| stat.mtime = Timestamp { seconds: -1, nanoseconds: 999_999_999 });
        photos.edit_stat("newest", |stat| stat.mtime = Timestamp { seconds: 951_782_400, nanoseconds: 1 });
        Self { photos, phone }
    }

    /// A caption is edited, photos come, one goes, a folder is renamed.
    pub(crate) fn second_round(&self) {
        self.photos.add_file("2019/07/IMG_0002.json", "{\"title\": \"by the lake\"}\n").remove("2019/07/IMG_0003.HEIC");
        self.photos.rename("2019/07", "2019/July").add_file("2021/IMG_0100.JPG", stream("jpg 100", 9_000));
        self.photos.rename("copy.HEIC", "kept/copy.HEIC");
    }

    /// A phone joins, and a film of many pieces.
    pub(crate) fn third_round(&self) {
        self.photos.add_file("2021/long.mov", long_film());
        self.phone.add_file("DCIM/100/IMG_0001.JPG", stream("phone 1", 8_000)).add_file("DCIM/100/IMG_0002.JPG", stream("phone 2", 6_000));
        self.phone.add_file("DCIM/same.HEIC", stream("heic 1", 3_700)).add_hard_link("DCIM/100/IMG_0001.JPG", "DCIM/linked.JPG");
    }

    /// The film goes; what was empty is filled; a link becomes a file.
    pub(crate) fn fourth_round(&self) {
        self.photos.remove("2021/long.mov").add_file("empty", "no longer\n").remove("newest").add_file("newest", "a file now\n");
        self.photos.add_file("2019/July/IMG_0200.HEIC", stream("heic 200", 5_000)).remove("odd/-rf");
    }
}

/// 21 MiB of one run of 64 KiB, again and again: cut in more than 64 pieces, of which only the first and the last differ from the others.
fn long_film() -> Vec<u8> {
    // Of four letters, so that its records are compressed.
    let next_bytes = |cutter: &mut Cutter, window: &[u8]| cutter.next_piece(window).map_or(0, |cut| cut.length_bytes);
    let letter = |byte: u8| b"ACGT"[usize::from(byte & 3)];
    let run = |number: u32| stream(&format!("golden run {number}"), 64 << 10).into_iter().map(letter).collect::<Vec<_>>();
    let first_cut = |bytes: &[u8]| next_bytes(&mut Cutter::plain(), &bytes.repeat(MAX_BYTES / bytes.len()));
    // A run in which content-defined cutting finds a place to cut, once: nearly every piece is then five runs long.
    let found = (0..).map(run).find(|run| first_cut(run) < 320 << 10).expect("one of a few dozen");
    let bytes = found.repeat(21 * 16);
    let (mut cutter, mut at, mut pieces) = (Cutter::plain(), 0, Vec::new());
    while at < bytes.len() {
        let length = next_bytes(&mut cutter, &bytes[at..bytes.len().min(at + MAX_BYTES)]);
        pieces.push(blake3::hash(&bytes[at..at + length]).to_hex());
        at += length;
    }
    assert!(pieces.len() > 64 && pieces[1..pieces.len() - 1].iter().all(|piece| *piece == pieces[1]), "{}", pieces.len());
    bytes
}

/// What sources hold below their places in a target, without the roots themselves.
pub(crate) fn tree(sources: &[(&str, &Arc<MemorySource>)]) -> Value {
    let mut entries = Vec::new();
    for (place, source) in sources {
        if !place.is_empty() {
            entries.push(entry(source, b"", place.trim_end_matches('/').as_bytes()));
        }
        let mut folders = vec![Vec::new()];
        while let Some(folder) = folders.pop() {
            for (name, stat) in source.list(&folder).expect("a folder of the library") {
                let path = if folder.is_empty() { name } else { [&folder[..], b"/", &name].concat() };
                entries.push(entry(source, &path, &[place.as_bytes(), &path].concat()));
                if stat.expect("facts").kind == Kind::Folder {
                    folders.push(path);
                }
            }
        }
    }
    entries.sort_by_key(|entry| entry["path_base64"].as_str().map(str::to_owned));
    json!(entries)
}

/// One file, folder or link.
fn entry(source: &MemorySource, path: &[u8], shown: &[u8]) -> Value {
    let stat = source.stat(path).expect("facts");
    let mut entry = json!({
        "path": shown.escape_ascii().to_string(),
        "path_base64": base64(shown),
        "mode": format!("{:04o}", stat.mode),
        "mtime": format!("{}+{:09}", stat.mtime.seconds, stat.mtime.nanoseconds),
    });
    match stat.kind {
        Kind::File => {
            let bytes = bytes(source, path);
            assert_eq!(bytes.len() as u64, stat.length_bytes);
            entry["kind"] = json!("file");
            entry["length"] = json!(stat.length_bytes);
            entry["blake3"] = json!(blake3::hash(&bytes).to_hex().as_str());
            if stat.links > 1 {
                // Names with one number are one file.
                entry["linked"] = json!(stat.inode);
            }
        }
        Kind::Folder => entry["kind"] = json!("folder"),
        Kind::Symlink => {
            entry["kind"] = json!("symlink");
            entry["target_base64"] = json!(base64(&source.read_link(path).expect("a link")));
        }
        Kind::Special(_) => panic!("nothing special is in the library"),
    }
    entry
}

fn bytes(source: &MemorySource, path: &[u8]) -> Vec<u8> {
    let mut file = source.open(path).expect("a file of the library");
    let (mut bytes, mut window) = (Vec::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut window).expect("bytes of the library") {
            0 => return bytes,
            count => bytes.extend_from_slice(&window[..count]),
        }
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648, section 4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let three = |group: &[u8]| {
        let number = (0..3).fold(0_usize, |number, at| number << 8 | usize::from(group.get(at).copied().unwrap_or_default()));
        let digit = |at: usize| if at > group.len() { '=' } else { char::from(DIGITS[number >> (18 - 6 * at) & 63]) };
        (0..4).map(digit).collect::<String>()
    };
    bytes.chunks(3).map(three).collect()
}

/// The bytes of such text.
pub(crate) fn from_base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| DIGITS.iter().position(|digit| *digit == byte).unwrap_or_default();
    let four = |group: &[u8]| {
        let number = group.iter().fold(0_usize, |number, byte| number << 6 | value(*byte));
        let count = 3 - group.iter().filter(|byte| **byte == b'=').count();
        (0..count).map(|at| (number >> (16 - 8 * at)).to_le_bytes()[0]).collect::<Vec<_>>()
    };
    text.as_bytes().chunks(4).flat_map(four).collect()
}
