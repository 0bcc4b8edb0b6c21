//! Needs pages, announcements and notices.
#![no_main]

mod seed;

use libfuzzer_sys::fuzz_target;
use tintype::format::{Announcement, Instead, NeedsPage, Tombstone, canonical_pages};

fuzz_target!(|data: &[u8]| {
    let (_, bytes) = seed::split(data);
    if let Ok(page) = NeedsPage::decode(bytes) {
        assert_eq!(canonical_pages(&page.packs).concat(), page.packs);
    }
    seed::same(bytes, NeedsPage::decode(bytes), NeedsPage::encode);
    seed::same(bytes, Announcement::decode(bytes), Announcement::encode);
    seed::same(bytes, Tombstone::decode(bytes), Tombstone::encode);
    seed::same(bytes, Instead::decode(bytes), Instead::encode);
});
