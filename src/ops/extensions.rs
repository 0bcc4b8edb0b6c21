//! Owns which kind of file a name promises: one table of extensions. What a file really is, its bytes say.

use serde::Serialize;

/// A kind of file, as people sort them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileGroup {
    /// Pictures that anything shows.
    Pictures,
    /// Films.
    Films,
    /// What a camera's sensor saw.
    Raw,
    /// Sound.
    Sound,
    /// Documents, and files that stand beside a picture and tell of it.
    Documents,
    /// Anything else.
    Other,
}

impl FileGroup {
    /// All groups, in the order in which they are told.
    pub const ALL: [Self; 6] = [Self::Pictures, Self::Films, Self::Raw, Self::Sound, Self::Documents, Self::Other];

    /// The group that a file's name says.
    pub fn of(name: &[u8]) -> Self {
        let Some(dot) = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0) else { return Self::Other };
        let extension = name.get(dot + 1..).unwrap_or_default().to_ascii_lowercase();
        let extension = std::str::from_utf8(&extension).unwrap_or_default();
        TABLE.iter().find(|(_, extensions)| extensions.contains(&extension)).map_or(Self::Other, |(group, _)| *group)
    }

    /// The group in a word or two.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pictures => "pictures",
            Self::Films => "films",
            Self::Raw => "raw pictures",
            Self::Sound => "sound",
            Self::Documents => "documents, sidecars",
            Self::Other => "other files",
        }
    }
}

const TABLE: [(FileGroup, &[&str]); 5] = [
    (
        FileGroup::Pictures,
        &[
            "jpg", "jpeg", "jpe", "jfif", "heic", "heif", "hif", "avif", "png", "gif", "webp", "tif", "tiff", "bmp", "jxl", "jp2", "psd",
            "psb", "insp", "mpo", "ico",
        ],
    ),
    (
        FileGroup::Films,
        &[
            "mov", "mp4", "m4v", "avi", "mkv", "webm", "mpg", "mpeg", "mts", "m2ts", "m2t", "mod", "tod", "3gp", "3g2", "wmv", "flv",
            "vob", "dv", "insv", "lrv", "braw", "r3d", "ogv",
        ],
    ),
    (
        FileGroup::Raw,
        &[
            "dng", "cr2", "cr3", "crw", "nef", "nrw", "arw", "srf", "sr2", "orf", "ori", "rw2", "raf", "pef", "srw", "raw", "rwl", "iiq",
            "3fr", "fff", "x3f", "erf", "mef", "mos", "kdc", "dcr", "gpr",
        ],
    ),
    (FileGroup::Sound, &["mp3", "m4a", "wav", "aac", "flac", "ogg", "oga", "opus", "aif", "aiff", "caf", "amr", "wma", "mid"]),
    (
        FileGroup::Documents,
        &[
            "xmp", "aae", "json", "thm", "xml", "plist", "txt", "md", "csv", "html", "htm", "pdf", "doc", "docx", "odt", "rtf", "xls",
            "xlsx", "ods", "ppt", "pptx", "pages", "numbers", "key", "gpx", "kml", "srt", "dop", "pp3", "cos", "vcf", "ics",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::{FileGroup, TABLE};
    use std::collections::BTreeSet;

    #[test]
    fn names_say_what_they_promise() {
        let cases = [
            ("IMG_0412.HEIC", FileGroup::Pictures),
            ("a.b.mov", FileGroup::Films),
            ("DSC1.ARW", FileGroup::Raw),
            ("memo.m4a", FileGroup::Sound),
            ("IMG_0412.JPG.json", FileGroup::Documents),
            ("no extension", FileGroup::Other),
            (".jpg", FileGroup::Other),
            ("a.", FileGroup::Other),
            ("Photos.sqlite", FileGroup::Other),
        ];
        for (name, group) in cases {
            assert_eq!(FileGroup::of(name.as_bytes()), group, "{name}");
        }
        let all: Vec<&str> = TABLE.iter().flat_map(|(_, extensions)| extensions.iter().copied()).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "an extension stands twice");
    }
}
