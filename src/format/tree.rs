//! Owns folders, pages, entries, piece lists and reports. Implements `format-spec/trees.md`.

use super::{FileHash, FormatError, ObjectId, Section, SnapshotName, check_sections, codec, limits};
use bincode::{Decode, Encode};

/// A point in time: seconds since 1970-01-01T00:00:00Z and nanoseconds after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
pub struct Time {
    /// Whole seconds, negative before 1970.
    pub seconds: i64,
    /// 0 to 999,999,999.
    pub nanoseconds: u32,
}

impl Time {
    pub(super) fn validate(&self, what: &'static str) -> Result<(), FormatError> {
        if self.nanoseconds < 1_000_000_000 {
            Ok(())
        } else {
            Err(FormatError::Invalid { what, why: "a time has under 1,000,000,000 nanoseconds" })
        }
    }
}

/// Who owns an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Owner {
    /// Number of the user.
    pub uid: u32,
    /// Number of the group.
    pub gid: u32,
    /// Name of the user, empty if not known.
    pub user: String,
    /// Name of the group, empty if not known.
    pub group: String,
}

/// An extended attribute.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Xattr {
    /// Its name.
    pub name: Vec<u8>,
    /// Its value.
    pub value: XattrValue,
}

/// The value of an extended attribute.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum XattrValue {
    /// Up to 1 KiB.
    Inline(Vec<u8>),
    /// Longer: chunks.
    Pieces(Vec<Piece>),
}

/// What the file system said of an entry. What it does not keep is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Facts {
    /// The low 12 bits of the mode.
    pub mode: Option<u32>,
    /// User and group.
    pub owner: Option<Owner>,
    /// Last change of content.
    pub mtime: Option<Time>,
    /// When it was made.
    pub birth: Option<Time>,
    /// Extended attributes, sorted by name.
    pub xattrs: Vec<Xattr>,
}

/// A run of a file's bytes: a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Piece {
    /// The chunk.
    pub id: ObjectId,
    /// Its raw length, in bytes.
    pub length_bytes: u32,
}

/// The pieces of a file, in order.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Pieces {
    /// The file is empty.
    Empty,
    /// One piece: its id is the file's hash.
    One,
    /// 2 to 64 pieces.
    Inline(Vec<Piece>),
    /// A piece list.
    List(ObjectId),
    /// A list of piece lists.
    Lists(ObjectId),
}

/// Pieces that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PieceRun {
    /// The first, counted from 0.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FileContent {
    /// Its length, in bytes.
    pub length_bytes: u64,
    /// BLAKE3 of all of it.
    pub hash: FileHash,
    /// Where its bytes are.
    pub pieces: Pieces,
    /// Which pieces are the picture, or the film, that the file is about.
    pub picture: Vec<PieceRun>,
    /// Names of one file share this: the hash of the first of their paths.
    pub link_group: Option<FileHash>,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Content {
    /// A file.
    File(FileContent),
    /// A folder object.
    Folder(ObjectId),
    /// A symbolic link and the bytes that it holds.
    Symlink(Vec<u8>),
}

/// One line of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    /// Raw bytes, 1 to 1,024; not `.` or `..`; no `/` and no NUL.
    pub name: Vec<u8>,
    /// File, folder or link.
    pub content: Content,
    /// Its facts.
    pub facts: Facts,
    /// Optional facts, sorted by tag.
    pub sections: Vec<Section>,
}

/// A folder: the list of its pages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Folder {
    /// The pages, in the order of the names in them.
    pub pages: Vec<FolderPage>,
}

/// A page as its folder names it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FolderPage {
    /// The page object.
    pub id: ObjectId,
    /// The name of its first entry: to find one name, one page is read.
    pub first: Vec<u8>,
    /// Entries in the page.
    pub entry_count: u32,
}

/// A run of a folder's entries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Page {
    /// The entries, strictly sorted by the raw bytes of their names.
    pub entries: Vec<Entry>,
}

/// Checks a name: 1 to 1,024 bytes, not `.` or `..`, no `/` and no NUL.
pub fn check_name(what: &'static str, name: &[u8]) -> Result<(), FormatError> {
    limits::check_count("length of a name", name.len(), limits::NAME_BYTES_MAX)?;
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') || name.contains(&0) {
        return Err(FormatError::Invalid { what, why: "a name is not empty, not . or .., and has no / and no NUL" });
    }
    Ok(())
}

/// Whether a page of `encoded_bytes` ends after the entry `name`.
pub fn page_is_full(encoded_bytes: usize, name: &[u8]) -> bool {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(name).as_bytes();
    encoded_bytes >= limits::PAGE_BYTES_MIN && u64::from_le_bytes([a, b, c, d, e, f, g, h]) & (limits::PAGE_END_MODULUS - 1) == 0
}

fn check_pieces(what: &'static str, pieces: &[Piece]) -> Result<u64, FormatError> {
    let mut total = 0_u64;
    for piece in pieces {
        limits::check("length of a piece", piece.length_bytes.into(), limits::OBJECT_BYTES_MAX.into())?;
        if piece.length_bytes == 0 {
            return Err(FormatError::Invalid { what, why: "a piece has at least one byte" });
        }
        total = total.saturating_add(piece.length_bytes.into());
    }
    Ok(total)
}

impl Facts {
    fn validate(&self) -> Result<(), FormatError> {
        let invalid = |why| FormatError::Invalid { what: "entry", why };
        if self.mode.is_some_and(|mode| mode > 0o7777) {
            return Err(invalid("a mode has 12 bits"));
        }
        for time in [self.mtime, self.birth].into_iter().flatten() {
            time.validate("entry")?;
        }
        for name in self.owner.iter().flat_map(|owner| [&owner.user, &owner.group]) {
            limits::check_count("name of an owner", name.len(), limits::TEXT_BYTES_MAX)?;
        }
        limits::check_count("extended attributes", self.xattrs.len(), limits::XATTRS_MAX)?;
        if !self.xattrs.windows(2).all(|pair| matches!(pair, [one, next] if one.name < next.name)) {
            return Err(invalid("extended attributes must be sorted by name, each once"));
        }
        for xattr in &self.xattrs {
            limits::check_count("name of an extended attribute", xattr.name.len(), limits::NAME_BYTES_MAX)?;
            match &xattr.value {
                XattrValue::Inline(value) => {
                    limits::check_count("value of an extended attribute", value.len(), limits::XATTR_INLINE_BYTES_MAX)?
                }
                XattrValue::Pieces(pieces) => {
                    limits::check_count("pieces", pieces.len(), limits::INLINE_PIECES_MAX)?;
                    check_pieces("extended attribute", pieces)?;
                }
            }
        }
        Ok(())
    }
}

impl FileContent {
    fn validate(&self) -> Result<(), FormatError> {
        let invalid = |why| Err(FormatError::Invalid { what: "entry", why });
        match &self.pieces {
            Pieces::Empty if self.length_bytes != 0 => return invalid("a file without pieces has no bytes"),
            Pieces::Empty if self.hash.0 != *blake3::hash(&[]).as_bytes() => {
                return invalid("the hash of an empty file is that of no bytes");
            }
            Pieces::One if self.length_bytes == 0 => return invalid("a file of one piece has at least one byte"),
            Pieces::One => limits::check("length of a piece", self.length_bytes, limits::OBJECT_BYTES_MAX.into())?,
            Pieces::Inline(pieces) => {
                limits::check_count("pieces", pieces.len(), limits::INLINE_PIECES_MAX)?;
                if pieces.len() < 2 {
                    return invalid("a list in an entry has at least 2 pieces");
                }
                if check_pieces("entry", pieces)? != self.length_bytes {
                    return invalid("the pieces' lengths must add up to the file's");
                }
            }
            Pieces::Empty | Pieces::List(_) | Pieces::Lists(_) => {}
        }
        limits::check_count("runs of a picture", self.picture.len(), limits::PICTURE_RUNS_MAX)
    }
}

impl Entry {
    /// Checks all that one entry may say.
    pub fn validate(&self) -> Result<(), FormatError> {
        check_name("entry", &self.name)?;
        self.facts.validate()?;
        check_sections("entry", &self.sections)?;
        match &self.content {
            Content::File(file) => file.validate(),
            Content::Folder(_) => Ok(()),
            Content::Symlink(target) => {
                limits::check_count("target of a link", target.len(), limits::LINK_BYTES_MAX)?;
                if target.is_empty() || target.contains(&0) {
                    return Err(FormatError::Invalid { what: "entry", why: "a link's target is not empty and has no NUL" });
                }
                Ok(())
            }
        }
    }

    /// Length of its encoding, in bytes.
    pub fn encoded_bytes(&self) -> usize {
        codec::encode(self).len()
    }
}

macro_rules! object {
    ($name:ident, $what:literal) => {
        impl $name {
            /// Encodes the object.
            pub fn encode(&self) -> Vec<u8> {
                codec::encode(self)
            }

            /// Decodes the object and checks all that it may say on its own.
            pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
                limits::check_count("length of an object", bytes.len(), usize::try_from(limits::OBJECT_BYTES_MAX).unwrap_or(usize::MAX))?;
                let value: Self = codec::decode($what, bytes)?;
                value.validate()?;
                Ok(value)
            }
        }
    };
}

object!(Folder, "folder");
object!(Page, "page");
object!(PieceList, "piece list");
object!(PieceListList, "list of piece lists");
object!(Report, "report");
object!(ReportPage, "report page");

impl Folder {
    fn validate(&self) -> Result<(), FormatError> {
        for page in &self.pages {
            check_name("folder", &page.first)?;
            if page.entry_count == 0 {
                return Err(FormatError::Invalid { what: "folder", why: "a page has at least one entry" });
            }
        }
        if !self.pages.windows(2).all(|pair| matches!(pair, [one, next] if one.first < next.first)) {
            return Err(FormatError::Invalid { what: "folder", why: "pages must stand in the order of their first names" });
        }
        Ok(())
    }
}

impl Page {
    fn validate(&self) -> Result<(), FormatError> {
        if self.entries.is_empty() {
            return Err(FormatError::Invalid { what: "page", why: "a page has at least one entry" });
        }
        if !self.entries.windows(2).all(|pair| matches!(pair, [one, next] if one.name < next.name)) {
            return Err(FormatError::Invalid { what: "page", why: "entries must be sorted by name, each once" });
        }
        self.entries.iter().try_for_each(Entry::validate)
    }
}

/// The pieces of one long file, or of one run of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PieceList {
    /// At most 65,536 pieces.
    pub pieces: Vec<Piece>,
}

impl PieceList {
    fn validate(&self) -> Result<(), FormatError> {
        limits::check_count("pieces of a list", self.pieces.len(), limits::LIST_PIECES_MAX)?;
        check_pieces("piece list", &self.pieces).map(|_| ())
    }
}

/// The piece lists of one very long file.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PieceListList {
    /// At most 65,536 lists.
    pub lists: Vec<PieceListRef>,
}

/// A piece list as a list of lists names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PieceListRef {
    /// The piece list.
    pub id: ObjectId,
    /// Sum of its pieces' lengths, in bytes.
    pub length_bytes: u64,
}

impl PieceListList {
    fn validate(&self) -> Result<(), FormatError> {
        limits::check_count("lists of a list", self.lists.len(), limits::LIST_PIECES_MAX)
    }
}

/// What a snapshot did not keep as it was: the list of its pages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Report {
    /// Report pages, in the order of the paths in them.
    pub pages: Vec<ObjectId>,
}

/// A run of a report's lines, sorted by path.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReportPage {
    /// The lines.
    pub items: Vec<ReportItem>,
}

/// One thing that was not kept as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct ReportItem {
    /// Where, relative to the source's root, parts joined by `/`.
    pub path: Vec<u8>,
    /// What was the matter.
    pub what: ReportWhat,
    /// Why, in a few words for a person.
    pub reason: String,
    /// The snapshot whose entry was carried instead; `None`: nothing is kept.
    pub carried_from: Option<SnapshotName>,
}

/// What can be the matter. New ones are appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum ReportWhat {
    /// A socket, FIFO or device; or left out by a rule.
    Skipped,
    /// A file or folder that could not be read.
    Unreadable,
    /// There when the folder was listed, gone when it was read.
    Vanished,
    /// Its bytes are only in a cloud.
    CloudOnly,
    /// It changed while it was read, twice; kept as it was read.
    ChangedWhileRead,
    /// Stored before, and now neither in a reliable pack nor readable.
    Lost,
    /// A whole source that was absent or empty.
    Absent,
}

impl Report {
    fn validate(&self) -> Result<(), FormatError> {
        Ok(())
    }
}

impl ReportPage {
    fn validate(&self) -> Result<(), FormatError> {
        for item in &self.items {
            limits::check_count("length of a path", item.path.len(), limits::PATH_BYTES_MAX)?;
            limits::check_count("length of a reason", item.reason.len(), limits::TEXT_BYTES_MAX)?;
        }
        if !self.items.windows(2).all(|pair| matches!(pair, [one, next] if (&one.path, one.what) < (&next.path, next.what))) {
            return Err(FormatError::Invalid { what: "report page", why: "lines must be sorted by path, each once" });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Entry, Facts, FileContent, Page, Pieces};
    use crate::format::FileHash;

    fn entry(name: &[u8]) -> Entry {
        let content = FileContent {
            length_bytes: 0,
            hash: FileHash(*blake3::hash(&[]).as_bytes()),
            pieces: Pieces::Empty,
            picture: Vec::new(),
            link_group: None,
        };
        Entry { name: name.to_vec(), content: Content::File(content), facts: Facts::default(), sections: Vec::new() }
    }

    #[test]
    fn pages_are_sorted_and_names_are_names() {
        let page = Page { entries: vec![entry(b"a"), entry(b"b")] };
        assert_eq!(Page::decode(&page.encode()), Ok(page));
        for names in [[&b"b"[..], b"a"], [b"a", b"a"], [b"..", b"a"], [b"", b"a"], [b"a/b", b"c"], [b"a\0", b"c"]] {
            let page = Page { entries: names.into_iter().map(entry).collect() };
            assert_eq!(Page::decode(&page.encode()).map_err(|error| error.code()), Err("not-allowed"));
        }
    }

    #[test]
    fn a_file_s_pieces_must_add_up() {
        let mut wrong = entry(b"a");
        if let Content::File(file) = &mut wrong.content {
            file.pieces = Pieces::One;
        }
        assert_eq!(wrong.validate().map_err(|error| error.code()), Err("not-allowed"));
    }
}
