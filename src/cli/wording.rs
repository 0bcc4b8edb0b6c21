//! Owns what words of the layers below become on a screen: times are this machine's own, to the minute, lengths are in units, and names of
//! stored files are short enough to be read.
//!
//! Only whole words change that can be nothing else: a time as reports have it, the name of a stored file, an id behind the word for
//! what it names. JSON has all of them as they are.

use super::human::{self, Local, seconds_of};
use std::sync::atomic::{AtomicBool, Ordering};

/// Somebody asked for more words (`-v`): names stay whole.
static WHOLE_NAMES: AtomicBool = AtomicBool::new(false);

/// How many digits of a name are shown.
const SHOWN: usize = 8;
/// The digits of a hash.
const DIGITS: usize = 64;
/// What stored files' names end in.
const EXTENSIONS: [&str; 7] = ["pack", "snapshot", "needs", "index", "key", "tombstone", "instead"];

/// From now on names stay whole, or are shortened.
pub(super) fn show_whole_names(whole: bool) {
    WHOLE_NAMES.store(whole, Ordering::Relaxed);
}

/// What is said of an object in a pack, said of the pack: that is what `check` names, and a person can look for.
pub(super) fn of_pack(message: &str) -> &str {
    match message.strip_prefix("object ").and_then(|rest| rest.split_once(" in pack ")) {
        Some((object, _)) => message.get("object ".len() + object.len() + " in ".len()..).unwrap_or(message),
        None => message,
    }
}

/// A message as people read it.
pub(super) fn message(message: &str) -> String {
    rewritten(message, &Local::system(), WHOLE_NAMES.load(Ordering::Relaxed))
}

fn rewritten(message: &str, local: &Local, whole_names: bool) -> String {
    let mut words = String::with_capacity(message.len());
    let mut before = "";
    let mut parts = message.split_inclusive([' ', '(', ')', ',', ';', '\n']).peekable();
    while let Some(part) = parts.next() {
        if let Some(length_bytes) = long_length(part, parts.peek().copied()) {
            words.push_str(&human::bytes(length_bytes));
            before = parts.next().unwrap_or_default();
            words.push_str(before.strip_prefix("bytes").unwrap_or_default());
            continue;
        }
        let end = part.trim_end_matches([' ', '(', ')', ',', ';', '\n', ':', '.', '…']).len();
        let (word, rest) = part.split_at(end);
        if let Some(seconds) = time(word) {
            words.push_str(&local.minute(seconds));
        } else if let Some((head, hash, tail)) = name(word, before).filter(|_| !whole_names) {
            let ellipsis = if rest.starts_with('…') { "" } else { "…" };
            words.push_str(&format!("{head}{}{ellipsis}{tail}", hash.get(..SHOWN).unwrap_or(hash)));
        } else {
            words.push_str(word);
        }
        words.push_str(rest);
        before = word;
    }
    words
}

/// The number, if this is one of four digits or more and `bytes` is what follows.
fn long_length(part: &str, next: Option<&str>) -> Option<u64> {
    let digits = part.strip_suffix(' ').filter(|digits| digits.len() > 3 && digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let after = next?.strip_prefix("bytes")?;
    (!after.starts_with(|character: char| character.is_alphanumeric())).then(|| digits.parse().ok())?
}

/// The seconds of `2026-11-22T18:04:00.123Z`, if that is what the word is.
fn time(word: &str) -> Option<i64> {
    let is_time = word.ends_with('Z') && word.contains('T') && !word.contains('/');
    if is_time { seconds_of(word) } else { None }
}

/// What stands before, in and behind the hash of a stored file's name, or of an id.
fn name<'w>(word: &'w str, before: &str) -> Option<(&'w str, &'w str, &'w str)> {
    let is_hash = |hash: &str| hash.len() == DIGITS && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if is_hash(word) {
        return matches!(before, "object" | "pack" | "snapshot").then_some(("", word, ""));
    }
    let (stem, extension) = word.rsplit_once('.').filter(|(_, extension)| EXTENSIONS.contains(extension))?;
    let begin = stem.len().checked_sub(DIGITS)?;
    let (head, hash) = (stem.get(..begin)?, stem.get(begin..)?);
    let tail = word.get(word.len() - extension.len() - 1..)?;
    (is_hash(hash) && head.ends_with(['/', '-'])).then_some((head, hash, tail))
}

#[cfg(test)]
mod tests {
    use super::{of_pack, rewritten};
    use crate::cli::human::Local;

    fn hash() -> String {
        "5f3a91c2".repeat(8)
    }

    #[test]
    fn times_are_local_and_to_the_minute() {
        let local = Local::utc();
        let said = |words| rewritten(words, &local, false);
        assert_eq!(said("kept as it was on 2026-11-22T18:04:00.123456789Z"), "kept as it was on 2026-11-22 18:04");
        assert_eq!(said("damaged (known since 2026-11-22T18:04:59Z): a"), "damaged (known since 2026-11-22 18:04): a");
        for same in ["2019/2026-11-22T18:04:00Z is left out", "2026-11-22T18:04:00Z.jpg", "TZ", "Zürich 2026-11-22"] {
            assert_eq!(said(same), same);
        }
    }

    #[test]
    fn long_lengths_are_in_units() {
        let local = Local::utc();
        let said = |words| rewritten(words, &local, false);
        assert_eq!(said("had 3 files, 4300000 bytes in the last, and 1500 bytes"), "had 3 files, 4.3 MB in the last, and 2 kB");
        for same in ["0 bytes now", "999 bytes", "2019 photos", "4300000 bytesize", "a4300 bytes", "4300"] {
            assert_eq!(said(same), same);
        }
        assert_eq!(of_pack("object 12 in pack 34: it is short now"), "pack 34: it is short now");
        assert_eq!(of_pack("its bytes are wrong"), "its bytes are wrong");
    }

    #[test]
    fn names_of_stored_files_are_short_unless_more_words_are_wanted() {
        let local = Local::utc();
        let said = |words: &str| rewritten(&words.replace('#', &hash()), &local, false);
        assert_eq!(
            said("packs/5f/#.pack is absent, e.g. packs/5f/#.pack"),
            "packs/5f/5f3a91c2….pack is absent, e.g. packs/5f/5f3a91c2….pack"
        );
        assert_eq!(
            said("second/snapshots/2026-11/20261122T180400Z-#.snapshot: it"),
            "second/snapshots/2026-11/20261122T180400Z-5f3a91c2….snapshot: it"
        );
        assert_eq!(said("object # in pack #: wrong"), "object 5f3a91c2… in pack 5f3a91c2…: wrong");
        assert_eq!(said("pack 5f3a91c2…: 3 photos"), "pack 5f3a91c2…: 3 photos");
        for same in ["cache/#.jpg is left out", "# is left out", "x#.pack"] {
            assert_eq!(said(same), same.replace('#', &hash()));
        }
        let whole = format!("packs/5f/{}.pack is absent", hash());
        assert_eq!(rewritten(&whole, &local, true), whole);
    }
}
