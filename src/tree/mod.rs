//! Owns folders as people know them, over the objects that hold them: building, walking, finding, comparing. Implements `format-spec/trees.md`.
//!
//! Where objects come from is an argument ([`Objects`]); nothing here knows of packs or files.

mod build;
mod compare;
mod read;
mod walk;

pub use crate::format::{
    Carried, Content, Counts, Entry, Facts, FileContent, FileHash, FolderPage, FormatError, Holes, ObjectId, ObjectKind, Owner, Piece,
    PieceRun, Pieces, Report, ReportItem, ReportPage, ReportWhat, Section, Time, Xattr, XattrValue, check_name, hex, must_stay_as_it_is,
    tags,
};
pub use build::{BuiltFolder, RawObject, build_folder, build_pieces, build_report, decode_report};
pub use compare::{Change, Difference, Fact, Side, compare};
pub use read::{
    Listing, Objects, TreeError, contradicts, find, folder_pages, list, page_entries, picture, picture_among, pieces, reach, reach_file,
    reach_report, report_items, stated_page_entries, stated_pages,
};
pub use walk::{Bounds, Next, Places, Step, walk};
