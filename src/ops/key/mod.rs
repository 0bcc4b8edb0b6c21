//! Owns what a person does with passwords: add one, list the key slots, remove one, change one, try one.
//!
//! Invariant: no slot is removed before the one that takes its place was opened from where it lies, and the last is not removed unasked.

mod add;
mod list;
mod remove;

pub use add::{KeyAddOptions, KeyAddReport, key_add};
pub use list::{KeyListReport, KeySheetReport, KeyTestReport, ListedSlot, OpenedBy, Strength, key_list, key_test};
pub use remove::{KeyChangeOptions, KeyChangeReport, KeyRemoveReport, key_change, key_remove, slot_to_change};
