//! Owns telling what a file is by its first bytes. Parsers that look further into a file take their place here once there are some.

/// Bytes of a file's front that are looked at.
pub(super) const FRONT_BYTES: usize = 64;

/// What a file is by its first bytes; `None` if they say nothing that is known here. One word, as it stands in reports.
pub(super) fn kind_of(front: &[u8]) -> Option<&'static str> {
    let at = |offset: usize, bytes: &[u8]| front.get(offset..).is_some_and(|rest| rest.starts_with(bytes));
    if at(4, b"ftyp") {
        return Some(iso_kind(front));
    }
    let found = TABLE.iter().find(|(_, signature)| signature.iter().all(|(offset, bytes)| at(*offset, bytes)));
    found.map(|(kind, _)| *kind)
}

type Signature = &'static [(usize, &'static [u8])];

/// The first that fits counts: a camera's raw picture is a TIFF too.
const TABLE: [(&str, Signature); 24] = [
    ("jpeg", &[(0, b"\xff\xd8\xff")]),
    ("png", &[(0, b"\x89PNG\r\n\x1a\n")]),
    ("gif", &[(0, b"GIF8")]),
    ("webp", &[(0, b"RIFF"), (8, b"WEBP")]),
    ("avi", &[(0, b"RIFF"), (8, b"AVI ")]),
    ("wav", &[(0, b"RIFF"), (8, b"WAVE")]),
    ("cr2", &[(0, b"II*\0"), (8, b"CR")]),
    ("rw2", &[(0, b"IIU\0")]),
    ("orf", &[(0, b"IIRO")]),
    ("raf", &[(0, b"FUJIFILMCCD-RAW")]),
    ("tiff", &[(0, b"II*\0")]),
    ("tiff", &[(0, b"MM\0*")]),
    ("jpeg-xl", &[(0, b"\xff\x0a")]),
    ("jpeg-xl", &[(0, b"\0\0\0\x0cJXL ")]),
    ("photoshop", &[(0, b"8BPS")]),
    ("quicktime", &[(4, b"moov")]),
    ("quicktime", &[(4, b"wide")]),
    ("matroska", &[(0, b"\x1a\x45\xdf\xa3")]),
    ("pdf", &[(0, b"%PDF-")]),
    ("zip", &[(0, b"PK\x03\x04")]),
    ("sqlite", &[(0, b"SQLite format 3\0")]),
    ("plist", &[(0, b"bplist00")]),
    ("flac", &[(0, b"fLaC")]),
    ("mp3", &[(0, b"ID3")]),
];

/// Files of boxes name their kind in the first one.
fn iso_kind(front: &[u8]) -> &'static str {
    let brand = front.get(8..12).unwrap_or_default();
    match brand {
        b"qt  " => "quicktime",
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => "heic",
        b"avif" | b"avis" => "avif",
        b"crx " => "cr3",
        b"M4A " | b"M4B " => "m4a",
        _ => "mp4",
    }
}

#[cfg(test)]
mod tests {
    use super::kind_of;

    #[test]
    fn first_bytes_tell_the_kind() {
        let cases: [(&[u8], Option<&str>); 12] = [
            (b"\xff\xd8\xff\xe1\0\x10Exif", Some("jpeg")),
            (b"\x89PNG\r\n\x1a\n\0", Some("png")),
            (b"\0\0\0\x18ftypheic\0", Some("heic")),
            (b"\0\0\0\x14ftypqt  \0", Some("quicktime")),
            (b"\0\0\0\x18ftypmp42\0", Some("mp4")),
            (b"\0\0\0\x18ftyp", Some("mp4")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("webp")),
            (b"RIFF\x10\0\0\0", None),
            (b"II*\0\x10\0\0\0CR\x02", Some("cr2")),
            (b"II*\0\x08\0\0\0", Some("tiff")),
            (b"hello", None),
            (b"", None),
        ];
        for (front, kind) in cases {
            assert_eq!(kind_of(front), kind, "{front:?}");
        }
    }
}
