//! Owns comparing two trees: what one of them lacks, and what changed. Pure over [`Objects`].
//!
//! Invariant: what could not be read on one side is never taken for absent there. Folders and pages with the same id are equal and
//! are not read.

use super::read::{Objects, TreeError, contradicts, stated_page_entries, stated_pages};
use super::walk::{Bounds, Next, Places, Step, walk};
use crate::format::{Content, Entry, FolderPage, ObjectId, Section, tags};
use std::cmp::Ordering;
use std::collections::HashSet;

/// One of the two trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The first.
    Before,
    /// The second.
    After,
}

/// A fact that an entry may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// When its content last changed.
    Time,
    /// Permission bits.
    Mode,
    /// User and group.
    Owner,
    /// Extended attributes.
    Attributes,
    /// When it was made.
    Birth,
    /// Which other names the same file has.
    HardLinks,
    /// Something in a section, such as a mount point.
    Other,
}

impl Fact {
    /// The fact in one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Attributes => "attributes",
            Self::Birth => "birth",
            Self::HardLinks => "hard-links",
            Self::Other => "other",
        }
    }
}

/// How an entry that both trees have under one path differs. Whether a file's picture is the same, [`super::picture`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The bytes of a file, or what a link holds.
    Content,
    /// Facts alone, sorted.
    Facts(Vec<Fact>),
    /// A file, a folder or a link became another of these.
    Kind,
}

/// What a comparison comes to. Paths are raw bytes relative to the roots, parts joined by `/`; empty is the root.
#[derive(Debug)]
pub enum Difference<'a, E: std::error::Error + 'static> {
    /// An entry that one side alone has; of a folder before what is in it.
    Only {
        /// Which side.
        side: Side,
        /// Its path.
        path: &'a [u8],
        /// Itself.
        entry: &'a Entry,
    },
    /// An entry that both have, not the same.
    Changed {
        /// Its path.
        path: &'a [u8],
        /// As the first tree has it.
        before: &'a Entry,
        /// As the second tree has it.
        after: &'a Entry,
        /// How they differ.
        change: Change,
    },
    /// Something below this path cannot be read, and is not compared.
    Problem {
        /// Which side.
        side: Side,
        /// The folder's path.
        path: &'a [u8],
        /// What is wrong.
        error: TreeError<E>,
    },
}

/// Compares what lies below two roots, whose own names do not count. `visit` answers whether to go on. `bounds` are those of either
/// side; only what is read counts. Returns false if the visitor stopped it, or a bound.
pub fn compare<O: Objects>(
    objects: &O,
    (before, after): (&Entry, &Entry),
    (of_before, of_after): (Bounds, Bounds),
    visit: &mut dyn FnMut(Difference<'_, O::Error>) -> bool,
) -> bool {
    let left = [Left::new(of_before), Left::new(of_after)];
    Comparison { objects, left, visit }.pair(before, after, &mut Vec::new(), 0)
}

/// What a side may still go through.
struct Left {
    bounds: Bounds,
    entries: u64,
    bytes: u64,
    places: Places,
}

impl Left {
    fn new(bounds: Bounds) -> Self {
        Self { bounds, entries: bounds.entries_max, bytes: bounds.bytes_max, places: Places::default() }
    }

    fn take<E: std::error::Error + 'static>(&mut self, entry: &Entry) -> Result<(), TreeError<E>> {
        self.entries = self.entries.checked_sub(1).ok_or(TreeError::TooMany(self.bounds.entries_max))?;
        self.places.go()?;
        if let Content::File(file) = &entry.content {
            self.bytes = self.bytes.checked_sub(file.length_bytes).ok_or(TreeError::TooManyBytes(self.bounds.bytes_max))?;
        }
        Ok(())
    }
}

/// Entries of a folder less those of equal pages, and the runs of names that could not be read: from a name to the next page's first.
#[derive(Default)]
struct Names {
    entries: Vec<Entry>,
    unread: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Names {
    fn may_hold(&self, name: &[u8]) -> bool {
        self.unread.iter().any(|(first, next)| first.as_slice() <= name && next.as_ref().is_none_or(|next| name < next.as_slice()))
    }
}

struct Comparison<'a, O: Objects> {
    objects: &'a O,
    left: [Left; 2],
    visit: &'a mut dyn FnMut(Difference<'_, O::Error>) -> bool,
}

impl<O: Objects> Comparison<'_, O> {
    fn left(&mut self, side: Side) -> &mut Left {
        let [before, after] = &mut self.left;
        if side == Side::Before { before } else { after }
    }

    fn problem(&mut self, side: Side, path: &[u8], error: TreeError<O::Error>) -> bool {
        (self.visit)(Difference::Problem { side, path, error })
    }

    fn pair(&mut self, before: &Entry, after: &Entry, path: &mut Vec<u8>, depth: usize) -> bool {
        for (side, entry) in [(Side::Before, before), (Side::After, after)] {
            if let Err(error) = self.left(side).take(entry) {
                self.problem(side, path, error);
                return false;
            }
        }
        let change = change(before, after);
        let is_other_kind = change == Some(Change::Kind);
        if let Some(change) = change
            && !(self.visit)(Difference::Changed { path, before, after, change })
        {
            return false;
        }
        match (&before.content, &after.content) {
            (Content::Folder(one), Content::Folder(other)) if one != other => self.folders(*one, *other, path, depth),
            _ if is_other_kind => self.below(Side::Before, before, path, depth) && self.below(Side::After, after, path, depth),
            _ => true,
        }
    }

    fn folders(&mut self, before: ObjectId, after: ObjectId, path: &mut Vec<u8>, depth: usize) -> bool {
        for side in [Side::Before, Side::After] {
            let depth_max = self.left(side).bounds.depth_max;
            if depth >= depth_max {
                return self.problem(side, path, TreeError::TooDeep(depth_max));
            }
        }
        let mut pages = Vec::new();
        for (side, id) in [(Side::Before, before), (Side::After, after)] {
            match stated_pages(self.objects, id) {
                Ok(stated) => pages.push(stated),
                Err(error) => return self.problem(side, path, error),
            }
        }
        let [before_pages, after_pages] = pages.as_slice() else { return true };
        let ids = |pages: &[FolderPage]| pages.iter().map(|page| page.id).collect::<HashSet<ObjectId>>();
        let equal: HashSet<ObjectId> = ids(before_pages).intersection(&ids(after_pages)).copied().collect();
        let Some(before) = self.names(Side::Before, before_pages, &equal, path) else { return false };
        let Some(after) = self.names(Side::After, after_pages, &equal, path) else { return false };
        self.merge(&before, &after, path, depth + 1)
    }

    /// Reads the pages that only one side has. `None`: the visitor has enough.
    fn names(&mut self, side: Side, pages: &[FolderPage], equal: &HashSet<ObjectId>, path: &[u8]) -> Option<Names> {
        let mut names = Names::default();
        for (position, stated) in pages.iter().enumerate() {
            if equal.contains(&stated.id) {
                continue;
            }
            let in_order = |entries: &[Entry]| match (names.entries.last(), entries.first()) {
                (Some(last), Some(first)) => last.name < first.name,
                _ => true,
            };
            let error = match stated_page_entries(self.objects, stated) {
                Ok(entries) if in_order(&entries) => {
                    self.left(side).places.read(stated.id, entries.len());
                    names.entries.extend(entries);
                    continue;
                }
                Ok(_) => contradicts(stated.id),
                Err(error) => error,
            };
            let next = pages.get(position + 1).map(|next| next.first.clone());
            match names.unread.last_mut() {
                // One run: a folder may name hundreds of thousands of pages, all of them wrong.
                Some((_, end)) if end.as_ref() == Some(&stated.first) => *end = next,
                _ => names.unread.push((stated.first.clone(), next)),
            }
            if !self.problem(side, path, error) {
                return None;
            }
        }
        Some(names)
    }

    fn merge(&mut self, before: &Names, after: &Names, path: &mut Vec<u8>, depth: usize) -> bool {
        let (mut ours, mut theirs) = (before.entries.iter().peekable(), after.entries.iter().peekable());
        loop {
            let order = match (ours.peek(), theirs.peek()) {
                (None, None) => return true,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) => one.name.cmp(&other.name),
            };
            let one = if order.is_le() { ours.next() } else { None };
            let other = if order.is_ge() { theirs.next() } else { None };
            let Some(name) = one.or(other).map(|entry| entry.name.as_slice()) else { return true };
            let length = path.len();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            let goes_on = match (one, other) {
                (Some(one), Some(other)) => self.pair(one, other, path, depth),
                (Some(one), None) if !after.may_hold(name) => self.only(Side::Before, one, path, depth, true),
                (None, Some(other)) if !before.may_hold(name) => self.only(Side::After, other, path, depth, true),
                _ => true,
            };
            path.truncate(length);
            if !goes_on {
                return false;
            }
        }
    }

    fn below(&mut self, side: Side, entry: &Entry, path: &[u8], depth: usize) -> bool {
        !matches!(entry.content, Content::Folder(_)) || self.only(side, entry, path, depth, false)
    }

    /// Everything from an entry on; itself only if `itself` says so: else it was counted already.
    fn only(&mut self, side: Side, entry: &Entry, at: &[u8], depth: usize, itself: bool) -> bool {
        let objects = self.objects;
        let depth_max = self.left(side).bounds.depth_max.saturating_sub(depth);
        let bounds = Bounds { depth_max, ..Bounds::of_depth() };
        let mut goes_on = true;
        walk(objects, entry, at, bounds, &mut |step| {
            goes_on = match step {
                Step::Entry { path, .. } if path == at && !itself => true,
                Step::Entry { path, entry } => match self.left(side).take(entry) {
                    Ok(()) => (self.visit)(Difference::Only { side, path, entry }),
                    Err(error) => {
                        self.problem(side, path, error);
                        false
                    }
                },
                Step::Leave { .. } => true,
                Step::Problem { path, error } => self.problem(side, path, error),
            };
            if goes_on { Next::On } else { Next::Stop }
        });
        goes_on
    }
}

/// How two entries of one path differ. Of a folder whose content differs the time says nothing more.
fn change(before: &Entry, after: &Entry) -> Option<Change> {
    let mut facts = Vec::new();
    let mut time_counts = true;
    match (&before.content, &after.content) {
        (Content::File(one), Content::File(other)) if one.hash != other.hash => return Some(Change::Content),
        (Content::Symlink(one), Content::Symlink(other)) if one != other => return Some(Change::Content),
        (Content::File(one), Content::File(other)) if one.link_group != other.link_group => facts.push(Fact::HardLinks),
        (Content::Folder(one), Content::Folder(other)) => time_counts = one == other,
        (Content::File(_), Content::File(_)) | (Content::Symlink(_), Content::Symlink(_)) => {}
        _ => return Some(Change::Kind),
    }
    let (one, other) = (&before.facts, &after.facts);
    let differing = [
        (Fact::Time, time_counts && one.mtime != other.mtime),
        (Fact::Mode, one.mode != other.mode),
        (Fact::Owner, one.owner != other.owner),
        (Fact::Attributes, one.xattrs != other.xattrs),
        (Fact::Birth, one.birth != other.birth),
        (Fact::Other, !kept(&before.sections).eq(kept(&after.sections))),
    ];
    facts.extend(differing.into_iter().filter(|(_, differs)| *differs).map(|(fact, _)| fact));
    facts.sort_unstable();
    if facts.is_empty() { None } else { Some(Change::Facts(facts)) }
}

/// Sections that tell of the entry; others tell how it was snapped, or what its content says already.
fn kept(sections: &[Section]) -> impl Iterator<Item = &Section> {
    sections.iter().filter(|section| !matches!(section.tag, tags::CARRIED | tags::CHANGED_WHILE_READ | tags::MEDIA))
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Change, Difference, Fact, Side, compare};
    use crate::format::{Content, Entry, Facts, FileContent, FileHash, ObjectId, ObjectKind, Pieces, Time};
    use crate::tree::{Objects, TreeError, build_folder};
    use std::cell::RefCell;
    use std::collections::{BTreeMap, BTreeSet};

    #[derive(Default)]
    struct Held {
        objects: BTreeMap<ObjectId, Vec<u8>>,
        absent: BTreeSet<ObjectId>,
        loads: RefCell<Vec<ObjectKind>>,
    }

    impl Held {
        fn folder(&mut self, name: &str, entries: Vec<Entry>) -> Entry {
            let built = build_folder(entries);
            self.objects.extend(built.objects.into_iter().map(|object| (object.id, object.raw)));
            entry(name, Content::Folder(built.id))
        }

        fn compared(&self, before: &Entry, after: &Entry, bounds: Bounds) -> Vec<String> {
            let mut said = Vec::new();
            self.loads.borrow_mut().clear();
            compare(self, (before, after), (bounds, bounds), &mut |difference| {
                let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
                said.push(match difference {
                    Difference::Only { side: Side::Before, path, .. } => format!("-{}", text(path)),
                    Difference::Only { side: Side::After, path, .. } => format!("+{}", text(path)),
                    Difference::Changed { path, change, .. } => format!("{}: {change:?}", text(path)),
                    Difference::Problem { side, path, error } => {
                        let limit = matches!(error, TreeError::TooMany(_) | TreeError::TooDeep(_));
                        format!("{side:?} {} {}", text(path), if limit { "limit" } else { "problem" })
                    }
                });
                true
            });
            said
        }
    }

    impl Objects for Held {
        type Bytes = Vec<u8>;
        type Error = std::io::Error;

        fn load(&self, kind: ObjectKind, id: ObjectId) -> Result<Vec<u8>, std::io::Error> {
            self.loads.borrow_mut().push(kind);
            let held = self.objects.get(&id).filter(|_| !self.absent.contains(&id));
            held.cloned().ok_or_else(|| std::io::ErrorKind::NotFound.into())
        }
    }

    fn entry(name: &str, content: Content) -> Entry {
        Entry { name: name.as_bytes().to_vec(), content, facts: Facts::default(), sections: Vec::new() }
    }

    fn file(name: &str, bytes: &str) -> Entry {
        let hash = FileHash(*blake3::hash(bytes.as_bytes()).as_bytes());
        let length_bytes = bytes.len() as u64;
        entry(name, Content::File(FileContent { length_bytes, hash, pieces: Pieces::One, picture: Vec::new(), link_group: None }))
    }

    #[test]
    fn each_kind_of_difference_is_told() {
        let mut held = Held::default();
        let same = held.folder("same", vec![file("x", "x")]);
        let was_folder = held.folder("kind", vec![file("inside", "1")]);
        let mut touched = file("touched", "t");
        touched.facts = Facts { mode: Some(0o600), mtime: Some(Time { seconds: 5, nanoseconds: 0 }), ..Facts::default() };
        let link = |to: &str| entry("link", Content::Symlink(to.as_bytes().to_vec()));
        let before = vec![file("edited", "1"), file("gone", "g"), was_folder, link("a"), same.clone(), file("touched", "t")];
        let new = held.folder("new", vec![file("in it", "n")]);
        let after = vec![file("edited", "2"), file("kind", "k"), link("b"), new, same, touched];
        let (before, mut after) = (held.folder("Pictures", before), held.folder("Photos", after));
        after.facts.mtime = Some(Time { seconds: 9, nanoseconds: 0 });
        let said = held.compared(&before, &after, Bounds::of_depth());
        let facts = format!("touched: {:?}", Change::Facts(vec![Fact::Time, Fact::Mode]));
        let expected = ["edited: Content", "-gone", "kind: Kind", "-kind/inside", "link: Content", "+new", "+new/in it", facts.as_str()];
        assert_eq!(said, expected);
        assert!(held.compared(&before, &before, Bounds::of_depth()).is_empty() && held.loads.borrow().is_empty());
        let few = Bounds { entries_max: 3, ..Bounds::of_depth() };
        assert!(held.compared(&before, &after, few).last().is_some_and(|last| last.ends_with(" limit")));
        let flat = Bounds { depth_max: 0, ..Bounds::of_depth() };
        assert_eq!(held.compared(&before, &after, flat).last().map(String::as_str), Some("Before  limit"));
    }

    #[test]
    fn of_a_large_folder_only_the_page_that_differs_is_read() {
        let mut held = Held::default();
        let all: Vec<Entry> = (0..20_000).map(|number| file(&format!("IMG_{number:06}.JPG"), &number.to_string())).collect();
        let mut more = all.clone();
        more.insert(7_001, file("IMG_007000.JPGx", "new"));
        let (before, after) = (held.folder("a", all), held.folder("a", more));
        assert_eq!(held.compared(&before, &after, Bounds::of_depth()), ["+IMG_007000.JPGx"]);
        assert_eq!(held.loads.borrow().len(), 4);
    }

    #[test]
    fn folders_within_folders_end_somewhere() {
        let mut held = Held::default();
        let mut nested = |innermost: &str| {
            let mut entry = file("f", innermost);
            for _ in 0..600 {
                entry = held.folder("d", vec![entry]);
            }
            entry
        };
        let (before, after) = (nested("1"), nested("2"));
        let said = held.compared(&before, &after, Bounds::of_depth());
        assert!(matches!(said.as_slice(), [one] if one.starts_with("Before d/") && one.ends_with(" limit")), "{said:?}");
        let empty = held.folder("d", Vec::new());
        let said = held.compared(&empty, &after, Bounds::of_depth());
        assert!(said.last().is_some_and(|last| last.starts_with("After d/") && last.ends_with(" limit")), "{}", said.len());
    }

    #[test]
    fn what_cannot_be_read_on_one_side_is_not_gone() {
        let mut held = Held::default();
        let (before, after) = (held.folder("a", vec![file("one", "1"), file("two", "2")]), held.folder("a", vec![file("one", "x")]));
        let Content::Folder(id) = after.content else { panic!("a folder") };
        let page = crate::tree::folder_pages(&held, id).unwrap()[0];
        held.absent.insert(page);
        assert_eq!(held.compared(&before, &after, Bounds::of_depth()), ["After  problem"]);
        held.absent = BTreeSet::from([id]);
        assert_eq!(held.compared(&before, &after, Bounds::of_depth()), ["After  problem"]);
    }
}
