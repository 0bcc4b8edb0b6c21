//! Owns gathering what is to be restored: walks the trees, looks at what lies in the target, and decides for each thing.
//!
//! Nothing is written here. What cannot be read of a tree is a problem with its path, and the rest is gathered.

use super::file::{Failure, of_target, of_tree, other_content};
use super::item_list::ItemList;
use super::names::{NameRules, Names};
use super::options::{Mode, Overwrite};
use super::select::{Selection, Wanted};
use super::tally::{Tally, Why};
use super::target::{FoundKind, Target};
use crate::ops::objects::RepoObjects;
use crate::ops::{Error, InSnapshot, Severity};
use crate::packed::{Decode, Encode};
use crate::progress::Observer;
use crate::repo::{ObjectReader, RepoError, SourceRecord};
use crate::tree::{self, Bounds, Content, Entry, Facts, FileContent, FileHash, Holes, Next, Step, TreeError};
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use unicode_normalization::UnicodeNormalization;

/// A file or a link to restore.
#[derive(Debug, Clone, Encode, Decode)]
pub(super) struct Item {
    /// Its path in the target.
    pub(super) path: Vec<u8>,
    pub(super) facts: Facts,
    /// Runs of zeros that took no place where a file came from: offset and length, in bytes.
    pub(super) holes: Vec<(u64, u64)>,
    pub(super) what: What,
    pub(super) here: Here,
}

/// What an item is.
#[derive(Debug, Clone, Encode, Decode)]
pub(super) enum What {
    File(FileContent),
    Symlink(Vec<u8>),
}

/// What is done about what lies at an item's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(super) enum Here {
    /// Nothing is there: if something appears, it is not touched.
    Nothing,
    /// It is left as it is.
    Leave,
    /// It is compared, and replaced if it differs.
    Compare,
    /// It is compared, and left as it is and named if it differs.
    Confirm,
    /// It is replaced.
    Replace,
}

/// A folder to make, and to give its facts in the end.
#[derive(Debug, Clone)]
pub(super) struct FolderItem {
    /// `None`: it only leads to what was asked for, and its own facts could not be read.
    pub(super) facts: Option<Facts>,
    /// It is part of what was asked for, and does not only lead there.
    pub(super) wanted: bool,
    /// It was there when the restore was planned.
    pub(super) was_there: bool,
}

/// All that is to be restored.
#[derive(Debug)]
pub(super) struct Items {
    /// By path, so that a folder comes before what is in it; the root is the empty path.
    pub(super) folders: BTreeMap<Vec<u8>, FolderItem>,
    pub(super) items: ItemList,
    pub(super) tally: Tally,
    /// The paths in the target that are given out, also to what is left out.
    pub(super) names: Names,
}

/// A hard link's group: the selection, the group in the tree, and the content, since a tree may claim anything.
type LinkKey = (usize, FileHash, FileHash, u64);

/// Gathers selection after selection.
pub(super) struct Gather<'a> {
    pub(super) reader: &'a ObjectReader<'a>,
    pub(super) target: &'a dyn Target,
    pub(super) observer: &'a dyn Observer,
    pub(super) mode: Mode,
    pub(super) gathered: Items,
    selection: usize,
    wanted: &'a Selection,
    rules: NameRules,
    /// Folders that lead to where the walk is, with their facts, none of which is wanted so far.
    leading: Vec<(Vec<u8>, Facts)>,
    /// The folder that cannot be had in the target, with the slash behind it, and why.
    blocked: Option<(Vec<u8>, Why)>,
    links: HashMap<LinkKey, usize>,
}

impl<'a> Gather<'a> {
    pub(super) fn new(
        reader: &'a ObjectReader<'a>,
        target: &'a dyn Target,
        observer: &'a dyn Observer,
        mode: Mode,
        wanted: &'a Selection,
    ) -> Self {
        let rules = target.name_rules();
        let gathered = Items { folders: BTreeMap::new(), items: ItemList::default(), tally: Tally::default(), names: Names::new(rules) };
        let (leading, links) = (Vec::new(), HashMap::new());
        Self { reader, target, observer, mode, gathered, selection: 0, wanted, rules, leading, blocked: None, links }
    }

    /// Gathers one selection: an entry, all below it, and the folders that lead to it.
    pub(super) fn select(&mut self, source: &SourceRecord, found: &InSnapshot) -> Result<(), Error> {
        self.selection += 1;
        self.blocked = None;
        self.leading.clear();
        let at = &found.path;
        self.ancestors(source, found, at)?;
        let bounds = Bounds::of(&source.counts);
        let (mut failed, mut too_often) = (None, false);
        let (reader, items_before) = (self.reader, self.gathered.items.len());
        tree::walk(&RepoObjects(reader), &found.entry, at, bounds, &mut |step| {
            too_often |= matches!(step, Step::Problem { error: TreeError::TooOften(_), .. });
            self.step(step).unwrap_or_else(|error| {
                failed = Some(error);
                Next::Stop
            })
        });
        if too_often {
            // A part of what has no end is of no use to anybody: some hundred thousand folders that hold one another.
            self.gathered.items.truncate(items_before);
            let is_below = |path: &[u8]| at.is_empty() || path.strip_prefix(&at[..]).is_some_and(|rest| rest.first() == Some(&b'/'));
            self.gathered.folders.retain(|path, _| path.is_empty() || !is_below(path));
        }
        failed.map_or(Ok(()), Err)
    }

    /// The folders above what was asked for, with the facts that the tree has of them.
    fn ancestors(&mut self, source: &SourceRecord, found: &InSnapshot, at: &[u8]) -> Result<(), Error> {
        // Paths begin with a label where there are several sources; behind it the path within the source follows.
        let label_parts = usize::from(found.path.len() > found.source_path.len());
        let parts: Vec<&[u8]> = at.split(|byte| *byte == b'/').collect();
        for count in 1..parts.len() {
            let path = parts.get(..count).unwrap_or_default().join(&b'/');
            if self.gathered.folders.contains_key(&self.gathered.names.folder(&path)) {
                continue;
            }
            let within = parts.get(label_parts.min(count)..count).unwrap_or_default().join(&b'/');
            let facts = tree::find(&RepoObjects(self.reader), &source.root, &within).ok().map(|entry| entry.facts);
            self.folder(&path, facts, false)?;
        }
        Ok(())
    }

    fn step(&mut self, step: Step<'_, RepoError>) -> Result<Next, Error> {
        if self.observer.interrupted() {
            return Err(RepoError::Interrupted.into());
        }
        match step {
            Step::Leave { .. } => {}
            Step::Problem { path, error } => {
                match of_tree(if matches!(error, TreeError::Load(_)) { "folder-damaged" } else { "tree-damaged" }, error) {
                    Failure::LeftOut(why) => {
                        let reason = format!("not everything in this folder can be read: {}", why.reason);
                        self.gathered.tally.leave_out(path, Why { reason, ..why });
                    }
                    Failure::Fatal(error) => return Err(error),
                }
            }
            Step::Entry { path, entry } => return self.chosen(path, entry),
        }
        Ok(Next::On)
    }

    /// Gathers an entry if it is wanted, and then the folders that lead to it.
    fn chosen(&mut self, path: &[u8], entry: &Entry) -> Result<Next, Error> {
        self.leading.retain(|(folder, _)| folder.is_empty() || path.strip_prefix(&folder[..]).is_some_and(|rest| rest.starts_with(b"/")));
        match self.wanted.wants(path, matches!(entry.content, Content::Folder(_))) {
            Wanted::No => return Ok(Next::Over),
            Wanted::PerhapsWithin => {
                self.leading.push((path.to_vec(), entry.facts.clone()));
                return Ok(Next::On);
            }
            Wanted::Yes => {}
        }
        for (folder, facts) in std::mem::take(&mut self.leading) {
            self.folder(&folder, Some(facts), false)?;
        }
        self.entry(path, entry)?;
        Ok(Next::On)
    }

    fn entry(&mut self, path: &[u8], entry: &Entry) -> Result<(), Error> {
        if let Some(why) = self.is_blocked(path) {
            if !matches!(entry.content, Content::Folder(_)) {
                self.gathered.tally.leave_out(path, why);
            }
            return Ok(());
        }
        let what = match &entry.content {
            Content::Folder(_) => return self.folder(path, Some(entry.facts.clone()), true),
            Content::File(content) => What::File(content.clone()),
            Content::Symlink(to) => What::Symlink(to.clone()),
        };
        let placed = self.gathered.names.place(path);
        let here = match self.look(&placed, &what) {
            Ok(here) => here,
            Err(Failure::LeftOut(why)) => {
                self.gathered.tally.leave_out(path, why);
                return Ok(());
            }
            Err(Failure::Fatal(error)) => return Err(error),
        };
        let position = self.gathered.items.len();
        let link = match &what {
            What::File(FileContent { link_group: Some(group), hash, length_bytes, .. }) => {
                let first = *self.links.entry((self.selection, *group, *hash, *length_bytes)).or_insert(position);
                // Names of one file have one set of facts; where a tree says otherwise they become files of their own.
                let same = first == position || self.gathered.items.get(first).is_some_and(|item| item.facts == entry.facts);
                same.then_some(first)
            }
            _ => None,
        };
        let holes = match &what {
            What::File(content) => Holes::of(&entry.sections, content.length_bytes).map(|holes| holes.runs).unwrap_or_default(),
            What::Symlink(_) => Vec::new(),
        };
        self.gathered.items.push(&Item { path: placed, facts: entry.facts.clone(), holes, what, here }, link);
        Ok(())
    }

    fn is_blocked(&self, path: &[u8]) -> Option<Why> {
        self.blocked.as_ref().filter(|(prefix, _)| path.starts_with(prefix)).map(|(_, why)| why.clone())
    }

    fn folder(&mut self, path: &[u8], facts: Option<Facts>, wanted: bool) -> Result<(), Error> {
        if self.is_blocked(path).is_some() {
            return Ok(());
        }
        let placed = self.gathered.names.folder(path);
        let found = if self.mode == Mode::Fresh && !path.is_empty() { Ok(None) } else { self.target.stat(&placed) };
        let why = match found.map_err(|error| of_target(self.target, error)) {
            Ok(Some(found)) if found.kind != FoundKind::Folder => {
                Why::new("target-blocked", Severity::Notice, format!("{} is in its place", found.kind.words()))
            }
            Ok(found) => {
                let folder = FolderItem { facts, wanted, was_there: found.is_some() };
                self.gathered.folders.insert(placed, folder);
                return Ok(());
            }
            Err(Failure::LeftOut(why)) => why,
            Err(Failure::Fatal(error)) => return Err(error),
        };
        self.block(path, why);
        Ok(())
    }

    /// Leaves a folder out, and with it all that would lie in it.
    fn block(&mut self, path: &[u8], why: Why) {
        self.gathered.tally.leave_out(path, why.clone());
        self.blocked = Some(([path, b"/"].concat(), Why { reason: "its folder cannot be made in the target".to_owned(), ..why }));
    }

    /// Decides what is done about what lies at a path.
    fn look(&self, path: &[u8], what: &What) -> Result<Here, Failure> {
        if let What::File(content) = what
            && content.length_bytes > self.rules.file_bytes_max
        {
            let reason = "it is longer than files can be on this file system";
            return Err(Failure::LeftOut(Why::new("target-cannot-hold", Severity::Notice, reason)));
        }
        if self.mode == Mode::Fresh {
            return Ok(Here::Nothing);
        }
        let Some(found) = self.target.stat(path).map_err(|error| of_target(self.target, error))? else { return Ok(Here::Nothing) };
        let left_out = |code, reason: String| Err(Failure::LeftOut(Why::new(code, Severity::Notice, reason)));
        let same_kind = match what {
            What::File(_) => found.kind == FoundKind::File,
            What::Symlink(_) => found.kind == FoundKind::Symlink,
        };
        match self.mode {
            _ if found.kind == FoundKind::Folder => left_out("target-blocked", "a folder is in its place".to_owned()),
            Mode::Over(Overwrite::Never) => Ok(Here::Leave),
            Mode::Over(Overwrite::Always) => Ok(Here::Replace),
            // An interrupted restore makes no such thing: somebody else did.
            Mode::GoOn if !same_kind => left_out("target-exists", format!("{} has its name", found.kind.words())),
            Mode::Over(Overwrite::IfDifferent) if !same_kind => Ok(Here::Replace),
            _ => match what {
                // Files get their names whole: one of other bytes was changed since, or is none of this restore's, and not ours to replace.
                What::File(content) if content.length_bytes != found.length_bytes && self.mode == Mode::GoOn => {
                    Err(Failure::LeftOut(other_content()))
                }
                _ if self.mode == Mode::GoOn => Ok(Here::Confirm),
                What::File(content) if content.length_bytes != found.length_bytes => Ok(Here::Replace),
                _ => Ok(Here::Compare),
            },
        }
    }

    /// Everything, with the items marked whose paths some file systems take for one.
    pub(super) fn finish(self) -> Items {
        let mut gathered = self.gathered;
        let mut first_of: HashMap<u64, usize> = HashMap::with_capacity(gathered.items.len());
        let mut pairs = Vec::new();
        for (position, item) in gathered.items.iter() {
            // Two paths that meet by chance in 64 bits are written one after the other, which harms nothing.
            let first = *first_of.entry(folded(&item.path)).or_insert(position);
            if first != position {
                pairs.push((first, position));
            }
        }
        pairs.into_iter().for_each(|(first, position)| gathered.items.are_alike(first, position));
        gathered
    }
}

/// A number that is equal for paths that differ by case or by how letters are composed.
fn folded(path: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().nfd().flat_map(char::to_lowercase).nfc() {
            character.hash(&mut hasher);
        }
        chunk.invalid().hash(&mut hasher);
    }
    hasher.finish()
}
