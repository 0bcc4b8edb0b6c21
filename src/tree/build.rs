//! Owns making objects: pages and folders from sorted entries, lists from pieces, reports from lines.

use crate::format::{
    Entry, FileHash, Folder, FolderPage, FormatError, ObjectId, ObjectKind, Page, Piece, PieceList, PieceListList, PieceListRef, Pieces,
    Report, ReportItem, ReportPage, limits, page_is_full,
};

/// An object before it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawObject {
    /// Its id.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// Its raw bytes.
    pub raw: Vec<u8>,
}

impl RawObject {
    fn new(kind: ObjectKind, raw: Vec<u8>) -> Self {
        Self { id: kind.id_of(&raw), kind, raw }
    }
}

/// A folder's objects: its pages, then itself.
#[derive(Debug, Clone)]
pub struct BuiltFolder {
    /// The folder object's id.
    pub id: ObjectId,
    /// All objects of it, sub folders apart.
    pub objects: Vec<RawObject>,
}

/// Cuts sorted entries into pages, by the hashes of names, so that one new entry rewrites one page.
pub fn build_folder(entries: Vec<Entry>) -> BuiltFolder {
    let mut folder = Folder::default();
    let mut objects = Vec::new();
    let mut page = Page::default();
    let mut encoded_bytes = 0;
    let mut close = |page: &mut Page, encoded_bytes: &mut usize| {
        let Some(first) = page.entries.first() else { return };
        let first = first.name.clone();
        let entry_count = u32::try_from(page.entries.len()).unwrap_or(u32::MAX);
        let object = RawObject::new(ObjectKind::Page, std::mem::take(page).encode());
        folder.pages.push(FolderPage { id: object.id, first, entry_count });
        objects.push(object);
        *encoded_bytes = 0;
    };
    for entry in entries {
        let entry_bytes = entry.encoded_bytes();
        if encoded_bytes + entry_bytes > limits::PAGE_BYTES_MAX {
            close(&mut page, &mut encoded_bytes);
        }
        encoded_bytes += entry_bytes;
        let ends = page_is_full(encoded_bytes, &entry.name);
        page.entries.push(entry);
        if ends {
            close(&mut page, &mut encoded_bytes);
        }
    }
    close(&mut page, &mut encoded_bytes);
    let object = RawObject::new(ObjectKind::Folder, folder.encode());
    let id = object.id;
    objects.push(object);
    BuiltFolder { id, objects }
}

/// Says where a file's bytes are, in the shortest form; long forms come with their list objects.
pub fn build_pieces(hash: FileHash, pieces: Vec<Piece>) -> (Pieces, Vec<RawObject>) {
    match pieces.as_slice() {
        [] => (Pieces::Empty, Vec::new()),
        [one] if one.id.0 == hash.0 => (Pieces::One, Vec::new()),
        few if few.len() <= limits::INLINE_PIECES_MAX => (Pieces::Inline(pieces), Vec::new()),
        many if many.len() <= limits::LIST_PIECES_MAX => {
            let list = RawObject::new(ObjectKind::PieceList, PieceList { pieces }.encode());
            (Pieces::List(list.id), vec![list])
        }
        many => {
            let mut objects = Vec::new();
            let mut lists = Vec::new();
            for run in many.chunks(limits::LIST_PIECES_MAX) {
                let list = RawObject::new(ObjectKind::PieceList, PieceList { pieces: run.to_vec() }.encode());
                lists.push(PieceListRef { id: list.id, length_bytes: run.iter().map(|piece| u64::from(piece.length_bytes)).sum() });
                objects.push(list);
            }
            let list = RawObject::new(ObjectKind::PieceListList, PieceListList { lists }.encode());
            let id = list.id;
            objects.push(list);
            (Pieces::Lists(id), objects)
        }
    }
}

/// Lines of one report page, by their encoded length.
const REPORT_PAGE_BYTES: usize = 64 << 10;

/// Makes a report of sorted lines; `None` if there are none. The same lines give the same id.
pub fn build_report(mut items: Vec<ReportItem>) -> Option<(ObjectId, Vec<RawObject>)> {
    items.sort();
    items.dedup_by(|one, other| (&one.path, one.what) == (&other.path, other.what));
    if items.is_empty() {
        return None;
    }
    let mut report = Report::default();
    let mut objects = Vec::new();
    let mut close = |items: Vec<ReportItem>| {
        let object = RawObject::new(ObjectKind::ReportPage, ReportPage { items }.encode());
        report.pages.push(object.id);
        objects.push(object);
    };
    let mut page = Vec::new();
    let mut page_bytes = 0;
    for item in items {
        page_bytes += item.path.len() + item.reason.len() + 40;
        let ends = page_is_full(page_bytes, &item.path) || page_bytes > REPORT_PAGE_BYTES;
        page.push(item);
        if ends {
            close(std::mem::take(&mut page));
            page_bytes = 0;
        }
    }
    if !page.is_empty() {
        close(page);
    }
    let object = RawObject::new(ObjectKind::Report, report.encode());
    let id = object.id;
    objects.push(object);
    Some((id, objects))
}

/// Decodes a report object.
pub fn decode_report(raw: &[u8]) -> Result<Report, FormatError> {
    Report::decode(raw)
}

#[cfg(test)]
mod tests {
    use super::{build_folder, build_pieces};
    use crate::format::{Content, Entry, Facts, FileContent, FileHash, ObjectId, Piece, Pieces};

    fn entries(count: u32) -> Vec<Entry> {
        (0..count)
            .map(|number| {
                let hash = FileHash(*blake3::hash(&number.to_le_bytes()).as_bytes());
                let content = FileContent { length_bytes: 7, hash, pieces: Pieces::One, picture: Vec::new(), link_group: None };
                Entry {
                    name: format!("IMG_{number:06}.JPG").into_bytes(),
                    content: Content::File(content),
                    facts: Facts::default(),
                    sections: Vec::new(),
                }
            })
            .collect()
    }

    #[test]
    fn one_new_photo_in_20_000_rewrites_one_page_and_the_folder() {
        let all = entries(20_000);
        let before = build_folder(all.clone());
        let mut more = all;
        let mut new = more[7_000].clone();
        new.name.push(b'x');
        more.insert(7_001, new);
        let after = build_folder(more);
        let new_bytes: usize = after.objects.iter().filter(|object| !before.objects.contains(object)).map(|object| object.raw.len()).sum();
        let new_count = after.objects.iter().filter(|object| !before.objects.contains(object)).count();
        let longest = before.objects.iter().map(|object| object.raw.len()).max().unwrap_or(0);
        println!("{} objects, longest {longest} bytes; one new photo: {new_count} new objects, {new_bytes} bytes", before.objects.len());
        assert!(new_count <= 2 && longest <= 256 << 10);
    }

    #[test]
    fn pieces_take_the_shortest_form() {
        let piece = |number: u32| Piece { id: ObjectId(*blake3::hash(&number.to_le_bytes()).as_bytes()), length_bytes: 1 };
        let hash = FileHash(piece(0).id.0);
        assert!(matches!(build_pieces(hash, vec![]), (Pieces::Empty, objects) if objects.is_empty()));
        assert!(matches!(build_pieces(hash, vec![piece(0)]), (Pieces::One, objects) if objects.is_empty()));
        assert!(matches!(build_pieces(hash, (0..64).map(piece).collect()), (Pieces::Inline(_), objects) if objects.is_empty()));
        assert!(matches!(build_pieces(hash, (0..65).map(piece).collect()), (Pieces::List(_), objects) if objects.len() == 1));
        assert!(matches!(build_pieces(hash, (0..70_000).map(piece).collect()), (Pieces::Lists(_), objects) if objects.len() == 3));
    }
}
