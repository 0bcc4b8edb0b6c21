//! Owns reading objects of trees: entries of a folder, one path, the pieces of a file, the lines of a report.

use crate::format::{
    Content, Entry, FileContent, Folder, FolderPage, FormatError, ObjectId, ObjectKind, Page, Piece, PieceList, PieceListList, PieceRun,
    Pieces, ReportItem, ReportPage, XattrValue, limits,
};
use std::ops::Deref;
use thiserror::Error;

/// Where objects come from, verified against their ids.
pub trait Objects {
    /// Their bytes.
    type Bytes: Deref<Target = [u8]>;
    /// Why one cannot be had.
    type Error: std::error::Error + 'static;
    /// Reads one object.
    fn load(&self, kind: ObjectKind, id: ObjectId) -> Result<Self::Bytes, Self::Error>;
}

/// Why a tree cannot be read on from somewhere.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TreeError<E: std::error::Error + 'static> {
    /// An object cannot be had.
    #[error(transparent)]
    Load(E),
    /// An object's bytes are verified and say what they may not.
    #[error("object {id}: {source}")]
    Decode {
        /// The object.
        id: ObjectId,
        /// What is wrong.
        source: FormatError,
    },
    /// Folders within folders without end.
    #[error("more than {0} folders within each other")]
    TooDeep(usize),
    /// More entries than the manifest states.
    #[error("more than the {0} entries that the manifest states")]
    TooMany(u64),
    /// More bytes than the manifest states.
    #[error("files of more than the {0} bytes that the manifest states")]
    TooManyBytes(u64),
    /// Few folders that stand in one another so often that nobody can go through them all.
    #[error("the same folders stand in more than {0} places")]
    TooOften(u64),
    /// A file in more pieces than any has.
    #[error("a file of more than {0} pieces")]
    TooManyPieces(usize),
    /// The pieces of a file do not add up to its length.
    #[error("the file's pieces do not add up to its length")]
    Pieces,
    /// Nothing has this name.
    #[error("there is nothing of this name in the snapshot")]
    NotFound,
}

fn load<O: Objects, T>(
    objects: &O,
    kind: ObjectKind,
    id: ObjectId,
    decode: fn(&[u8]) -> Result<T, FormatError>,
) -> Result<T, TreeError<O::Error>> {
    let bytes = objects.load(kind, id).map_err(TreeError::Load)?;
    decode(&bytes).map_err(|source| TreeError::Decode { id, source })
}

/// A folder's entries, and what could not be read of it.
pub type Listing<E> = (Vec<Entry>, Vec<TreeError<E>>);

/// Whether a page has the first name and as many entries as its folder says.
fn stands_for(stated: &FolderPage, entries: &[Entry]) -> bool {
    entries.first().is_some_and(|first| first.name == stated.first) && u32::try_from(entries.len()) == Ok(stated.entry_count)
}

/// The error for a page that is not as its folder says.
pub fn contradicts<E: std::error::Error + 'static>(page: ObjectId) -> TreeError<E> {
    TreeError::Decode { id: page, source: FormatError::Invalid { what: "page", why: "it is not the one that its folder states" } }
}

/// The entries of a folder, in order, and what could not be read of it: one bad page does not hide the others.
pub fn list<O: Objects>(objects: &O, folder: ObjectId) -> Result<Listing<O::Error>, TreeError<O::Error>> {
    let folder_object = load(objects, ObjectKind::Folder, folder, Folder::decode)?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut problems = Vec::new();
    for page in &folder_object.pages {
        match load(objects, ObjectKind::Page, page.id, Page::decode) {
            Ok(read) => {
                let in_order = match (entries.last(), read.entries.first()) {
                    (Some(last), Some(first)) => last.name < first.name,
                    _ => true,
                };
                if !in_order || !stands_for(page, &read.entries) {
                    problems.push(contradicts(page.id));
                } else {
                    entries.extend(read.entries);
                }
            }
            Err(error) => problems.push(error),
        }
    }
    Ok((entries, problems))
}

/// What a folder says of its pages, in order.
pub fn stated_pages<O: Objects>(objects: &O, folder: ObjectId) -> Result<Vec<FolderPage>, TreeError<O::Error>> {
    Ok(load(objects, ObjectKind::Folder, folder, Folder::decode)?.pages)
}

/// The entries of one page, compared with what its folder says of it.
pub fn stated_page_entries<O: Objects>(objects: &O, stated: &FolderPage) -> Result<Vec<Entry>, TreeError<O::Error>> {
    let entries = page_entries(objects, stated.id)?;
    if stands_for(stated, &entries) { Ok(entries) } else { Err(contradicts(stated.id)) }
}

/// The entries of one page, which is not compared with what any folder says of it.
pub fn page_entries<O: Objects>(objects: &O, page: ObjectId) -> Result<Vec<Entry>, TreeError<O::Error>> {
    Ok(load(objects, ObjectKind::Page, page, Page::decode)?.entries)
}

/// The ids of a folder's pages.
pub fn folder_pages<O: Objects>(objects: &O, folder: ObjectId) -> Result<Vec<ObjectId>, TreeError<O::Error>> {
    Ok(stated_pages(objects, folder)?.into_iter().map(|page| page.id).collect())
}

/// Finds one path below `root`, parts joined by `/`; empty is the root itself. Reads one page a level.
pub fn find<O: Objects>(objects: &O, root: &Entry, path: &[u8]) -> Result<Entry, TreeError<O::Error>> {
    let mut at = root.clone();
    for name in path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
        let Content::Folder(id) = at.content else { return Err(TreeError::NotFound) };
        let folder = load(objects, ObjectKind::Folder, id, Folder::decode)?;
        let after = folder.pages.partition_point(|page| page.first.as_slice() <= name);
        let stated = after.checked_sub(1).and_then(|position| folder.pages.get(position)).ok_or(TreeError::NotFound)?;
        let page = load(objects, ObjectKind::Page, stated.id, Page::decode)?;
        if !stands_for(stated, &page.entries) {
            return Err(contradicts(stated.id));
        }
        at = page.entries.into_iter().find(|entry| entry.name == name).ok_or(TreeError::NotFound)?;
    }
    Ok(at)
}

/// The pieces of a file, in order, lists resolved; their lengths add up to the file's.
pub fn pieces<O: Objects>(objects: &O, file: &FileContent) -> Result<Vec<Piece>, TreeError<O::Error>> {
    let pieces = match &file.pieces {
        Pieces::Empty => Vec::new(),
        Pieces::One => {
            vec![Piece { id: ObjectId(file.hash.0), length_bytes: u32::try_from(file.length_bytes).map_err(|_| TreeError::Pieces)? }]
        }
        Pieces::Inline(pieces) => pieces.clone(),
        Pieces::List(id) => load(objects, ObjectKind::PieceList, *id, PieceList::decode)?.pieces,
        Pieces::Lists(id) => {
            let lists = load(objects, ObjectKind::PieceListList, *id, PieceListList::decode)?;
            let stated = lists.lists.iter().map(|list| list.length_bytes).fold(0, u64::saturating_add);
            // Checked before the lists are read: 65,536 times 65,536 pieces would be too many to hold.
            if stated != file.length_bytes {
                return Err(TreeError::Pieces);
            }
            let mut pieces = Vec::new();
            let mut total = 0_u64;
            for list in &lists.lists {
                let run = load(objects, ObjectKind::PieceList, list.id, PieceList::decode)?.pieces;
                let run_bytes = run.iter().map(|piece| u64::from(piece.length_bytes)).fold(0, u64::saturating_add);
                total = total.saturating_add(run_bytes);
                // Lists may repeat: 2^32 pieces take no more than two objects.
                if pieces.len().saturating_add(run.len()) > limits::FILE_PIECES_MAX {
                    return Err(TreeError::TooManyPieces(limits::FILE_PIECES_MAX));
                }
                if run_bytes != list.length_bytes || total > file.length_bytes {
                    return Err(TreeError::Pieces);
                }
                pieces.extend(run);
            }
            pieces
        }
    };
    let total = pieces.iter().map(|piece| u64::from(piece.length_bytes)).fold(0, u64::saturating_add);
    if total == file.length_bytes { Ok(pieces) } else { Err(TreeError::Pieces) }
}

/// The picture, or film, that a file is about: the ids of its pieces, sorted, as parts may change their order. `None`: none is known.
/// Two files of one picture differ in what is said about it, or in what lies beside it.
pub fn picture<O: Objects>(objects: &O, file: &FileContent) -> Result<Option<Vec<ObjectId>>, TreeError<O::Error>> {
    if file.picture.is_empty() {
        return Ok(None);
    }
    Ok(picture_among(&file.picture, &pieces(objects, file)?))
}

/// The same of a file whose pieces are at hand.
pub fn picture_among(picture: &[PieceRun], pieces: &[Piece]) -> Option<Vec<ObjectId>> {
    let mut ids = Vec::new();
    for run in picture {
        let first = usize::try_from(run.first).unwrap_or(usize::MAX);
        let end = first.saturating_add(usize::try_from(run.count).unwrap_or(usize::MAX));
        // What it says may be wrong, and cannot be long: runs that overlap say each piece once more, and there are few runs.
        ids.extend(pieces.get(first..end).unwrap_or_default().iter().map(|piece| piece.id));
    }
    ids.sort_unstable();
    Some(ids).filter(|ids| !ids.is_empty())
}

/// The lines of a report, in order.
pub fn report_items<O: Objects>(objects: &O, report: ObjectId) -> Result<Vec<ReportItem>, TreeError<O::Error>> {
    let report = load(objects, ObjectKind::Report, report, super::decode_report)?;
    let mut items = Vec::new();
    for page in report.pages {
        items.extend(load(objects, ObjectKind::ReportPage, page, ReportPage::decode)?.items);
    }
    Ok(items)
}

/// Visits every object that an entry reaches, each time that it is reached: folders, pages, lists, chunks. `visit` says whether to go into a folder.
///
/// Errors: the first object that cannot be had or decoded.
pub fn reach<O: Objects>(
    objects: &O,
    entry: &Entry,
    visit: &mut dyn FnMut(ObjectKind, ObjectId) -> bool,
) -> Result<(), TreeError<O::Error>> {
    reach_below(objects, entry, visit, 0)
}

fn reach_below<O: Objects>(
    objects: &O,
    entry: &Entry,
    visit: &mut dyn FnMut(ObjectKind, ObjectId) -> bool,
    depth: usize,
) -> Result<(), TreeError<O::Error>> {
    if depth > limits::DEPTH_MAX {
        return Err(TreeError::TooDeep(limits::DEPTH_MAX));
    }
    for xattr in &entry.facts.xattrs {
        if let XattrValue::Pieces(pieces) = &xattr.value {
            pieces.iter().for_each(|piece| _ = visit(ObjectKind::Chunk, piece.id));
        }
    }
    match &entry.content {
        Content::Symlink(_) => Ok(()),
        Content::File(file) => reach_file(objects, file, visit),
        Content::Folder(id) => {
            if !visit(ObjectKind::Folder, *id) {
                return Ok(());
            }
            for page in load(objects, ObjectKind::Folder, *id, Folder::decode)?.pages {
                visit(ObjectKind::Page, page.id);
                for child in load(objects, ObjectKind::Page, page.id, Page::decode)?.entries {
                    reach_below(objects, &child, visit, depth + 1)?;
                }
            }
            Ok(())
        }
    }
}

/// Visits every object of one file: its lists and its chunks.
pub fn reach_file<O: Objects>(
    objects: &O,
    file: &FileContent,
    visit: &mut dyn FnMut(ObjectKind, ObjectId) -> bool,
) -> Result<(), TreeError<O::Error>> {
    match &file.pieces {
        Pieces::List(id) => _ = visit(ObjectKind::PieceList, *id),
        Pieces::Lists(id) => {
            visit(ObjectKind::PieceListList, *id);
            for list in load(objects, ObjectKind::PieceListList, *id, PieceListList::decode)?.lists {
                visit(ObjectKind::PieceList, list.id);
            }
        }
        Pieces::Empty | Pieces::One | Pieces::Inline(_) => {}
    }
    for piece in pieces(objects, file)? {
        visit(ObjectKind::Chunk, piece.id);
    }
    Ok(())
}

/// Visits a report and its pages.
pub fn reach_report<O: Objects>(
    objects: &O,
    report: ObjectId,
    visit: &mut dyn FnMut(ObjectKind, ObjectId) -> bool,
) -> Result<(), TreeError<O::Error>> {
    visit(ObjectKind::Report, report);
    for page in load(objects, ObjectKind::Report, report, super::decode_report)?.pages {
        visit(ObjectKind::ReportPage, page);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Objects, TreeError, find, list};
    use crate::format::{Content, Entry, Facts, Folder, FolderPage, ObjectId, ObjectKind, Page};
    use std::collections::BTreeMap;

    #[derive(Default)]
    struct Held(BTreeMap<ObjectId, Vec<u8>>);

    impl Held {
        fn put(&mut self, kind: ObjectKind, bytes: Vec<u8>) -> ObjectId {
            let id = kind.id_of(&bytes);
            self.0.insert(id, bytes);
            id
        }
    }

    impl Objects for Held {
        type Bytes = Vec<u8>;
        type Error = std::io::Error;

        fn load(&self, _: ObjectKind, id: ObjectId) -> Result<Vec<u8>, std::io::Error> {
            self.0.get(&id).cloned().ok_or_else(|| std::io::ErrorKind::NotFound.into())
        }
    }

    #[test]
    fn a_page_that_is_not_as_its_folder_states_is_refused() {
        let entry = |name: &[u8], content| Entry { name: name.to_vec(), content, facts: Facts::default(), sections: Vec::new() };
        let mut held = Held::default();
        let link = || Content::Symlink(b"x".to_vec());
        let id = held.put(ObjectKind::Page, Page { entries: vec![entry(b"a", link()), entry(b"b", link())] }.encode());
        for (first, entry_count, right) in [(b"a", 2, true), (b"a", 1, false), (b"a", 3, false), (b"B", 2, false)] {
            let folder = Folder { pages: vec![FolderPage { id, first: first.to_vec(), entry_count }] };
            let folder = held.put(ObjectKind::Folder, folder.encode());
            let (entries, problems) = list(&held, folder).unwrap();
            assert_eq!((entries.len(), problems.len()), if right { (2, 0) } else { (0, 1) }, "{entry_count} from {first:?}");
            let found = find(&held, &entry(b"root", Content::Folder(folder)), b"b");
            assert_eq!(matches!(found, Err(TreeError::Decode { .. })), !right, "{entry_count} from {first:?}");
        }
    }
}
