//! Owns deciding whether a file is one that is looked for. Capitals do not matter, nor how accents are written.

use super::FindOptions;
use crate::ops::Error;
use crate::tree::{FileContent, Time, hex};
use globset::{GlobBuilder, GlobMatcher};
use unicode_normalization::UnicodeNormalization;

/// What is looked for, ready to be compared.
#[derive(Debug)]
pub(super) struct Wanted {
    text: Option<String>,
    name: Option<GlobMatcher>,
    path: Option<GlobMatcher>,
    hash: Option<String>,
    from_seconds: Option<i64>,
    before_seconds: Option<i64>,
    larger_than_bytes: Option<u64>,
}

impl Wanted {
    /// Reads what a person wants.
    ///
    /// Errors: a glob or a hash that is none, or nothing at all.
    pub(super) fn of(options: &FindOptions) -> Result<Self, Error> {
        let FindOptions { text, name, path, hash, from_seconds, before_seconds, larger_than_bytes, snapshot: _ } = options;
        let usage = |what: &str, why: &str| Error::Usage { what: what.to_owned(), why: why.to_owned() };
        let is_nothing = [text, name, path, hash].into_iter().all(Option::is_none)
            && from_seconds.is_none()
            && before_seconds.is_none()
            && larger_than_bytes.is_none();
        if is_nothing {
            return Err(usage("nothing was named", "give a part of a name, or one of --name, --path, --hash, --after, --before, --larger"));
        }
        if let Some(digits) = hash.as_ref().filter(|digits| !is_hash(digits)) {
            return Err(usage(digits, "not 4 to 64 hexadecimal digits"));
        }
        Ok(Self {
            text: text.as_deref().map(|text| folded(text.as_bytes())),
            name: name.as_deref().map(glob).transpose()?,
            path: path.as_deref().map(glob).transpose()?,
            hash: hash.as_deref().map(str::to_ascii_lowercase),
            from_seconds: *from_seconds,
            before_seconds: *before_seconds,
            larger_than_bytes: *larger_than_bytes,
        })
    }

    /// Whether a file is wanted: all that was said is true of it.
    pub(super) fn is(&self, name: &[u8], path: &[u8], file: &FileContent, mtime: Option<Time>) -> bool {
        // Cheap questions first: names have to be put into one form.
        self.larger_than_bytes.is_none_or(|bytes| file.length_bytes > bytes)
            && self.from_seconds.is_none_or(|from| mtime.is_some_and(|time| time.seconds >= from))
            && self.before_seconds.is_none_or(|before| mtime.is_some_and(|time| time.seconds < before))
            && self.hash.as_ref().is_none_or(|digits| hex(&file.hash.0).starts_with(digits))
            && self.text.as_ref().is_none_or(|text| folded(name).contains(text))
            && self.name.as_ref().is_none_or(|glob| glob.is_match(folded(name)))
            && self.path.as_ref().is_none_or(|glob| glob.is_match(folded(path)))
    }
}

fn is_hash(digits: &str) -> bool {
    (4..=64).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Small letters, composed. Bytes that are no text stand as the replacement character.
fn folded(name: &[u8]) -> String {
    if name.is_ascii() {
        return String::from_utf8_lossy(name).to_ascii_lowercase();
    }
    String::from_utf8_lossy(name).to_lowercase().nfc().collect()
}

fn glob(text: &str) -> Result<GlobMatcher, Error> {
    let built = GlobBuilder::new(&folded(text.as_bytes())).literal_separator(true).build();
    let built = built.map_err(|error| Error::Usage { what: text.to_owned(), why: format!("not a glob: {}", error.kind()) })?;
    Ok(built.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::Wanted;
    use crate::ops::find::FindOptions;
    use crate::tree::{FileContent, FileHash, Pieces, Time};

    fn is(options: FindOptions, path: &str) -> bool {
        let file =
            FileContent { length_bytes: 1_000, hash: FileHash([0xab; 32]), pieces: Pieces::One, picture: Vec::new(), link_group: None };
        let name = path.rsplit('/').next().unwrap();
        let mtime = Some(Time { seconds: 100, nanoseconds: 0 });
        Wanted::of(&options).unwrap().is(name.as_bytes(), path.as_bytes(), &file, mtime)
    }

    #[test]
    fn capitals_and_accents_do_not_matter() {
        let text = |text: &str| FindOptions { text: Some(text.to_owned()), ..FindOptions::default() };
        assert!(is(text("img_04"), "2019/IMG_0412.HEIC") && !is(text("2019"), "2019/IMG_0412.HEIC"));
        // Composed in what is looked for, in two parts in the name, as a Mac writes it.
        assert!(is(text("GR\u{fc}\u{df}e"), "Gru\u{308}\u{df}e.jpg"));
    }

    #[test]
    fn globs_are_of_the_whole_name_or_path() {
        let name = |glob: &str| FindOptions { name: Some(glob.to_owned()), ..FindOptions::default() };
        let path = |glob: &str| FindOptions { path: Some(glob.to_owned()), ..FindOptions::default() };
        assert!(is(name("*.heic"), "2019/07/IMG_0412.HEIC") && !is(name("IMG"), "2019/07/IMG_0412.HEIC"));
        assert!(is(name("IMG_041[1-3].{jpg,heic}"), "IMG_0412.HEIC") && !is(name("IMG_????"), "IMG_0412.HEIC"));
        assert!(is(path("2019/**/*.heic"), "2019/07/a/b.HEIC") && !is(path("2019/*.heic"), "2019/07/b.heic"));
        assert_eq!(Wanted::of(&name("a[")).unwrap_err().code(), "usage");
    }

    #[test]
    fn hash_time_and_length() {
        let none = FindOptions::default;
        assert!(is(FindOptions { hash: Some("ABab".to_owned()), ..none() }, "a") && Wanted::of(&none()).is_err());
        for wrong in ["abc", "xyzw", &"a".repeat(65)] {
            assert!(Wanted::of(&FindOptions { hash: Some(wrong.to_owned()), ..none() }).is_err());
        }
        let between = |from, before| FindOptions { from_seconds: Some(from), before_seconds: Some(before), ..none() };
        assert_eq!([(100, 101), (99, 100), (101, 200)].map(|(from, before)| is(between(from, before), "a")), [true, false, false]);
        let larger = |bytes| FindOptions { larger_than_bytes: Some(bytes), ..none() };
        assert!(is(larger(999), "a") && !is(larger(1_000), "a"));
    }
}
