//! Owns what is left out of a snapshot because nobody misses it: what systems and programs strew between photos, and what the person said.
//!
//! Nothing is left out in silence: every rule has a name, and what it left out is counted under it. Inside a photo library nothing but
//! `*-shm` and `*.lock` is left out by default, whatever its name.

use super::source::{FileSystem, Kind, Stat};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A file of this name in the root of a source names what is left out of it, in the form of a `.gitignore`. It is itself stored.
pub const IGNORE_FILE: &str = ".tintypeignore";
/// An ignore file longer than this, in bytes, is not read.
pub const IGNORE_FILE_BYTES_MAX: u64 = 1 << 20;

/// What a default rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Files,
    Folders,
    Both,
}
use About::{Both, Files, Folders};

/// Names that are left out; a `*` stands for any bytes, case of ASCII letters does not count. What holds albums or originals is not here.
const DEFAULTS: &[(&str, About)] = &[
    // macOS
    (".DS_Store", Files),
    (".apdisk", Files),
    (".VolumeIcon.icns", Files),
    (".localized", Files),
    ("Icon\r", Files),
    (".Spotlight-V100", Folders),
    (".fseventsd", Folders),
    (".Trashes", Folders),
    (".TemporaryItems", Folders),
    (".DocumentRevisions-V100*", Folders),
    // Windows
    ("Thumbs.db", Files),
    ("ehthumbs.db", Files),
    ("ehthumbs_vista.db", Files),
    ("desktop.ini", Files),
    ("$RECYCLE.BIN", Folders),
    ("System Volume Information", Folders),
    // Linux and Android
    ("lost+found", Folders),
    (".Trash-*", Folders),
    (".thumbnails", Folders),
    (".nomedia", Files),
    // Drives on a network
    ("@eaDir", Folders),
    ("SYNOFILE_THUMB_*", Both),
    ("#recycle", Folders),
    ("@__thumb", Folders),
    ("@Recycle", Folders),
    (".@__thumb", Folders),
    // Programs that synchronise or download
    (".stfolder", Folders),
    (".stversions", Folders),
    (".sync", Folders),
    (".dropbox*", Both),
    (".tmp.drive*", Both),
    ("*.crdownload", Files),
    ("*.part", Files),
    ("*.partial", Files),
    // Programs that have a file open
    ("~$*", Files),
    (".~lock.*#", Files),
    ("*.lrcat.lock", Files),
    ("*.lrcat-shm", Files),
    // What photo programs make again
    (".photostructure", Folders),
    (".photoprism", Folders),
    ("* Previews.lrdata", Folders),
];
/// What only this machine and this moment need of a library that is open.
const IN_LIBRARY: &[(&str, About)] = &[("*-shm", Files), ("*.lock", Files)];
const LIBRARIES: [&str; 3] = ["*.photoslibrary", "*.photolibrary", "*.aplibrary"];
const CAPTURE_ONE: &str = "*.cocatalog";
const CAPTURE_ONE_CACHE: &str = "Cache";
const APPLE_DOUBLE: &[u8] = b"._";

/// An entry of a folder that may be left out.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    /// Relative to the root.
    pub(super) path: &'a [u8],
    pub(super) stat: &'a Stat,
    /// What holds it.
    pub(super) file_system: &'a FileSystem,
    /// Whether its folder has an entry of a name.
    pub(super) has_sibling: &'a dyn Fn(&[u8]) -> bool,
}

/// What is left out of one source.
#[derive(Debug, Clone)]
pub struct Rules {
    defaults: bool,
    /// What the person said, or nothing.
    own: Option<Gitignore>,
    /// The source's own path has a library in it.
    root_in_library: bool,
}

impl Rules {
    /// Nothing is left out.
    pub fn none() -> Self {
        Self { defaults: false, own: None, root_in_library: false }
    }

    /// The rules of a source at `root`. `exclude` are patterns as in a `.gitignore`, `ignore_file` the content of one.
    ///
    /// Errors: a pattern of `exclude` that is none, with the reason. Lines of the file that are none are returned beside the rules.
    pub fn new(root: &[u8], defaults: bool, exclude: &[String], ignore_file: Option<&str>) -> Result<(Self, Vec<String>), String> {
        let mut builder = GitignoreBuilder::new("");
        builder.allow_unclosed_class(false);
        let mut wrong = Vec::new();
        for line in ignore_file.into_iter().flat_map(str::lines) {
            if let Err(error) = builder.add_line(Some(IGNORE_FILE.into()), line) {
                wrong.push(format!("{line}: {}", in_words(&error)));
            }
        }
        // Later patterns win: those of the command line over those of the file.
        for pattern in exclude {
            builder.add_line(None, pattern).map_err(|error| format!("{pattern}: {}", in_words(&error)))?;
        }
        let own = builder.build().map_err(|error| in_words(&error))?;
        let own = (!own.is_empty()).then_some(own);
        let root_in_library = parts(root).any(is_library);
        Ok((Self { defaults, own, root_in_library }, wrong))
    }

    /// The name of the rule that leaves it out, if one does.
    pub(super) fn left_out_by(&self, candidate: &Candidate<'_>) -> Option<String> {
        self.by_own(candidate.path, candidate.stat.kind).or_else(|| if self.defaults { self.by_default(candidate) } else { None })
    }

    /// Whether something of this name may be left out, as far as that can be told without looking around it.
    pub fn may_leave_out(&self, path: &[u8], kind: Kind) -> bool {
        let Some(name) = parts(path).last() else { return false };
        let attributes_of_another = kind == Kind::File && name.starts_with(APPLE_DOUBLE);
        let by_default = self.defaults && (attributes_of_another || self.by_name(path, kind).is_some());
        by_default || self.by_own(path, kind).is_some()
    }

    fn by_own(&self, path: &[u8], kind: Kind) -> Option<String> {
        let matched = self.own.as_ref()?.matched(Path::new(OsStr::from_bytes(path)), kind == Kind::Folder);
        let glob = matched.inner().filter(|_| matched.is_ignore())?;
        Some(match glob.from() {
            Some(_) => format!("{IGNORE_FILE}: {}", glob.original()),
            None => format!("--exclude {}", glob.original()),
        })
    }

    fn by_default(&self, candidate: &Candidate<'_>) -> Option<String> {
        let name = parts(candidate.path).last()?;
        let in_library = self.root_in_library || parts(candidate.path).rev().skip(1).any(is_library);
        if !in_library
            && candidate.stat.kind == Kind::File
            && let Some(companion) = name.strip_prefix(APPLE_DOUBLE)
            // Where attributes cannot lie in the file itself, such a file holds them.
            && candidate.file_system.keeps_owner
            && !companion.is_empty()
            && (candidate.has_sibling)(companion)
        {
            return Some("._*".to_owned());
        }
        self.by_name(candidate.path, candidate.stat.kind)
    }

    /// The default rule that its name and those above it fall under.
    fn by_name(&self, path: &[u8], kind: Kind) -> Option<String> {
        let name = parts(path).last()?;
        let is_about = |about: About| match kind {
            Kind::File => about != Folders,
            Kind::Folder => about != Files,
            Kind::Symlink | Kind::Special(_) => false,
        };
        let named = |rules: &[(&str, About)]| {
            let rule = rules.iter().find(|(pattern, about)| is_about(*about) && fits(pattern, name));
            rule.map(|(pattern, _)| pattern.trim_end().to_owned())
        };
        let mut above = parts(path).rev().skip(1);
        if self.root_in_library || above.clone().any(is_library) {
            return named(IN_LIBRARY);
        }
        if fits(CAPTURE_ONE_CACHE, name) && kind == Kind::Folder && above.next().is_some_and(|name| fits(CAPTURE_ONE, name)) {
            return Some(format!("{CAPTURE_ONE}/{CAPTURE_ONE_CACHE}"));
        }
        named(DEFAULTS)
    }
}

fn in_words(error: &ignore::Error) -> String {
    error.to_string()
}

fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> + Clone {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty())
}

fn is_library(name: &[u8]) -> bool {
    LIBRARIES.iter().any(|pattern| fits(pattern, name))
}

/// Whether a name is as a pattern with any number of `*` says.
fn fits(pattern: &str, name: &[u8]) -> bool {
    let mut fixed = pattern.as_bytes().split(|byte| *byte == b'*');
    let first = fixed.next().unwrap_or_default();
    let Some(mut rest) = name.split_at_checked(first.len()).filter(|(head, _)| head.eq_ignore_ascii_case(first)).map(|(_, rest)| rest)
    else {
        return false;
    };
    let Some(last) = fixed.next_back() else { return rest.is_empty() };
    for part in fixed {
        let found = rest.windows(part.len().max(1)).position(|window| window.eq_ignore_ascii_case(part));
        let Some(at) = found else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.len().checked_sub(last.len()).and_then(|at| rest.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(last))
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Rules, fits};
    use crate::scan::{MemorySource, Source};

    fn left_out(rules: &Rules, path: &str, is_folder: bool, siblings: &[&str]) -> Option<String> {
        let source = MemorySource::new();
        if is_folder {
            source.add_folder(path)
        } else {
            source.add_file(path, "x")
        };
        let stat = source.stat(path.as_bytes()).unwrap();
        let file_system = source.file_system(b"").unwrap();
        let has_sibling = |name: &[u8]| siblings.iter().any(|sibling| sibling.as_bytes() == name);
        rules.left_out_by(&Candidate { path: path.as_bytes(), stat: &stat, file_system: &file_system, has_sibling: &has_sibling })
    }

    fn rules(root: &str, exclude: &[&str]) -> Rules {
        let exclude: Vec<String> = exclude.iter().map(|pattern| (*pattern).to_owned()).collect();
        Rules::new(root.as_bytes(), true, &exclude, None).unwrap().0
    }

    #[test]
    fn patterns_are_whole_names() {
        for (pattern, name, fit) in [
            ("Thumbs.db", "thumbs.DB", true),
            ("Thumbs.db", "Thumbs.db2", false),
            ("*.part", "film.mov.part", true),
            ("*.part", "part", false),
            ("~$*", "~$Letter.docx", true),
            (".~lock.*#", ".~lock.a.odt#", true),
            (".~lock.*#", ".~lock.#", true),
            (".~lock.*#", ".~lock#", false),
            ("* Previews.lrdata", "Photos Smart Previews.lrdata", true),
            ("*.photoslibrary", "Photos Library.photoslibrary", true),
        ] {
            assert_eq!(fits(pattern, name.as_bytes()), fit, "{pattern} {name}");
        }
    }

    #[test]
    fn what_systems_strew_is_left_out_and_what_holds_albums_is_not() {
        let rules = rules("/home/anna/Pictures", &[]);
        for (path, is_folder) in [
            ("a/.DS_Store", false),
            ("$RECYCLE.BIN", true),
            ("@eaDir", true),
            ("x.crdownload", false),
            ("Icon\r", false),
            ("c.cocatalog/Cache", true),
        ] {
            assert!(left_out(&rules, path, is_folder, &[]).is_some(), "{path}");
        }
        for (path, is_folder) in [
            (".picasa.ini", false),
            (".picasaoriginals", true),
            ("Icon", false),
            ("Thumbs.db", true),
            ("a.lrcat", false),
            ("Cache", true),
            ("a.xmp", false),
        ] {
            assert_eq!(left_out(&rules, path, is_folder, &[]), None, "{path}");
        }
        assert_eq!(left_out(&rules, "._a.jpg", false, &["a.jpg"]).as_deref(), Some("._*"));
        assert_eq!(left_out(&rules, "._a.jpg", false, &["b.jpg"]), None, "alone it may hold all that is left");
    }

    #[test]
    fn of_a_library_only_what_is_of_the_moment_is_left_out() {
        let inside = "Photos.photoslibrary/database/";
        let outer = rules("/home/anna/Pictures", &[]);
        let library = rules("/home/anna/Pictures/Photos.photoslibrary", &[]);
        for name in [".DS_Store", "Thumbs.db", "x.part", "Photos.sqlite", "Photos.sqlite-wal"] {
            assert_eq!(left_out(&outer, &format!("{inside}{name}"), false, &[]), None, "{name}");
            assert_eq!(left_out(&library, name, false, &[]), None, "{name}");
        }
        for name in ["Photos.sqlite-shm", "Photos.sqlite.lock"] {
            assert!(left_out(&outer, &format!("{inside}{name}"), false, &[]).is_some(), "{name}");
            assert!(left_out(&library, name, false, &[]).is_some(), "{name}");
        }
    }

    #[test]
    fn a_persons_own_patterns_are_as_in_a_gitignore() {
        let own = rules("/x", &["*.tmp", "/raw/", "!keep.tmp"]);
        assert_eq!(left_out(&own, "a/b.tmp", false, &[]).as_deref(), Some("--exclude *.tmp"));
        assert_eq!(left_out(&own, "raw", true, &[]).as_deref(), Some("--exclude /raw/"));
        assert_eq!((left_out(&own, "a/raw", true, &[]), left_out(&own, "keep.tmp", false, &[])), (None, None));
        let (file, wrong) = Rules::new(b"/x", false, &[], Some("# mine\n*.bak\n\n[\n")).unwrap();
        assert_eq!(left_out(&file, "a.bak", false, &[]).as_deref(), Some(".tintypeignore: *.bak"));
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert_eq!(left_out(&file, ".DS_Store", false, &[]), None, "defaults are off");
        assert!(Rules::new(b"/x", true, &["[".to_owned()], None).is_err());
    }
}
