//! Objects: by the vector's kind, else by the first byte.
#![no_main]

mod seed;

use libfuzzer_sys::fuzz_target;
use tintype::format::{Folder, Page, PieceList, PieceListList, Report, ReportPage};

const KINDS: [&str; 6] = ["folder", "page", "piece-list", "list-of-piece-lists", "report", "report-page"];

fuzz_target!(|data: &[u8]| {
    let (kind, bytes) = match (seed::split(data), data.split_first()) {
        ((Some(kind), bytes), _) => (kind, bytes),
        (_, Some((first, bytes))) => (KINDS[usize::from(*first) % KINDS.len()], bytes),
        _ => return,
    };
    match kind {
        "folder" => seed::same(bytes, Folder::decode(bytes), Folder::encode),
        "page" => seed::same(bytes, Page::decode(bytes), Page::encode),
        "piece-list" => seed::same(bytes, PieceList::decode(bytes), PieceList::encode),
        "list-of-piece-lists" => seed::same(bytes, PieceListList::decode(bytes), PieceListList::encode),
        "report" => seed::same(bytes, Report::decode(bytes), Report::encode),
        _ => seed::same(bytes, ReportPage::decode(bytes), ReportPage::encode),
    }
});
