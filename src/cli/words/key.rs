//! Owns the words of `key`.

use crate::cli::sanitize;
use crate::ops::key::{KeyAddReport, KeyChangeReport, KeyListReport, KeyRemoveReport, KeyTestReport, ListedSlot, OpenedBy};
use std::fmt::Write;

/// Who is not locked out by a removal, and what can be done then.
const NOT_LOCKED_OUT: &str = "\
note      whoever has a copy of its key slot and knows the password is not locked out: the key of the photos stays the same
          if the password has leaked, make a new repository (`tintype init`), snap into that, and give the old copies to nobody
";

fn short(slot: &str) -> &str {
    slot.get(..8).unwrap_or(slot)
}

/// A label as it stands behind a slot; nothing for an empty one.
fn called(label: &str) -> String {
    if label.is_empty() { String::new() } else { format!(" ({})", sanitize::line(label)) }
}

/// What was added, and what that does not do.
pub(in crate::cli) fn key_add_words(report: &KeyAddReport, out: &mut String) {
    // Writing into a String cannot fail.
    let (slot, label) = (short(&report.slot), called(&report.label));
    _ = writeln!(out, "added     password {slot}{label}: it opens the repository from now on, beside those that did before");
}

/// One line for each slot.
pub(in crate::cli) fn key_list_words(report: &KeyListReport, out: &mut String) {
    for slot in &report.slots {
        slot_words(slot, out);
    }
    let usable = report.slots.iter().any(|slot| matches!(slot.state, "good" | "newer" | "unverified"));
    if !usable {
        let none = if report.slots.is_empty() { "no key slot is here" } else { "no key slot is left" };
        _ = writeln!(out, "note      {none}: only the recovery code opens the repository; `tintype key add` makes a new password");
    }
    match report.opened_by {
        OpenedBy::Nothing => _ = writeln!(out, "note      nothing was given that opens the repository: which slot is whose cannot be told"),
        OpenedBy::RecoveryCode => _ = writeln!(out, "opened by the recovery code, which needs no slot"),
        OpenedBy::Password => {}
    }
}

fn slot_words(slot: &ListedSlot, out: &mut String) {
    let mut words = match slot.state {
        "good" | "newer" => "password".to_owned(),
        "removed" => "removed: it opens nothing any more".to_owned(),
        "unverified" => "password, removed if its tombstone is genuine: that cannot be told without the key".to_owned(),
        _ => "unreadable".to_owned(),
    };
    if let (Some(strength), "good") = (slot.strength, slot.state) {
        let passes = if strength.passes == 1 { "pass" } else { "passes" };
        let memory =
            if strength.memory_kib < 1024 { format!("{} KiB", strength.memory_kib) } else { format!("{} MiB", strength.memory_kib / 1024) };
        // Writing into a String cannot fail.
        _ = write!(words, ", each guess costs {memory} and {} {passes}", strength.passes);
    }
    if let (Some(why), "unreadable" | "newer") = (&slot.why, slot.state) {
        _ = write!(words, ": {}", sanitize::line(why));
    }
    if slot.opened {
        let label = slot.label.as_deref().map(called).unwrap_or_default();
        _ = write!(words, "  <- opened just now{label}");
    }
    _ = writeln!(out, "{}  {words}", short(&slot.slot));
}

/// What went and what came, and who is not locked out.
pub(in crate::cli) fn key_change_words(report: &KeyChangeReport, out: &mut String) {
    let label = called(&report.label);
    _ = writeln!(
        out,
        "changed   password {} opens the repository from now on{label}; {} does not any more",
        short(&report.slot),
        short(&report.removed)
    );
    out.push_str(NOT_LOCKED_OUT);
}

/// What went, what is left, and who is not locked out.
pub(in crate::cli) fn key_remove_words(report: &KeyRemoveReport, out: &mut String) {
    let slot = short(&report.slot);
    if report.was_removed_already {
        _ = writeln!(out, "removed   password {slot}: it was already");
        return;
    }
    let which = if report.was_opened_by_it { ", the one that was just given," } else { "" };
    _ = writeln!(out, "removed   password {slot}{which} does not open this repository any more");
    match report.slots_left {
        0 => _ = writeln!(out, "note      no password is left: only the recovery code opens the repository"),
        1 => _ = writeln!(out, "note      one key slot is left: try its password with `tintype key test`"),
        more => _ = writeln!(out, "note      {more} key slots are left"),
    }
    out.push_str(NOT_LOCKED_OUT);
}

/// What opened.
pub(in crate::cli) fn key_test_words(report: &KeyTestReport, out: &mut String) {
    match (&report.slot, report.label.as_deref()) {
        (Some(slot), label) => {
            _ = writeln!(out, "opens     the password of key slot {}{}", short(slot), called(label.unwrap_or_default()));
        }
        (None, _) => _ = writeln!(out, "opens     the recovery code, which needs no key slot"),
    }
}

/// Where a recovery sheet lies, and where it belongs.
pub(in crate::cli) fn sheet_words(path: &str, out: &mut String) {
    _ = writeln!(out, "sheet     {}: print it, keep the paper elsewhere than the drive, then delete the file", sanitize::line(path));
}
