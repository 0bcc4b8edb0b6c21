//! Owns how an audit reads on screen: what is wrong first, with photos and snapshots, then what is well.

use crate::cli::{human, wording};
use crate::ops::Severity;
use crate::ops::check::{CheckReport, CheckedSnapshot, SnapshotState};
use std::fmt::{Result, Write};

/// So many problems are written out; `--json` has all of them.
const SHOWN_MAX: usize = 40;

/// Writes the report as plain text.
pub(crate) fn check_words(report: &CheckReport, out: &mut dyn Write) -> Result {
    for problem in report.problems.iter().take(SHOWN_MAX) {
        let word = match problem.severity {
            Severity::Known => "known",
            Severity::Notice | Severity::Note => "note",
            Severity::Bookkeeping => "to heal",
            Severity::Incomplete => "incomplete",
            Severity::Damaged => "damaged",
        };
        let subject = problem.path.as_deref().or(problem.object.as_deref()).unwrap_or_default();
        if subject.is_empty() || problem.names_its_subject() || problem.message.starts_with("pack ") {
            writeln!(out, "{word:<10} {}", wording::message(&problem.message))?;
        } else {
            writeln!(out, "{word:<10} {}", wording::message(&format!("{subject}: {}", problem.message)))?;
        }
        if let Some(hint) = &problem.hint {
            writeln!(out, "{:<10} {hint}", "")?;
        }
    }
    if let Some(more) = report.problems.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        writeln!(out, "{:<10} and {more} more (`--json` has them all)", "")?;
    }
    side_notes(report, out)?;
    totals(report, out)?;
    snapshots(report, out)
}

fn side_notes(report: &CheckReport, out: &mut dyn Write) -> Result {
    let mut notes = Vec::new();
    if report.replaced_packs > 0 {
        notes.push(format!("{} replaced", counted(report.replaced_packs, "pack")));
    }
    if report.forgotten > 0 {
        notes.push(format!("{} forgotten", counted(report.forgotten, "snapshot")));
    }
    if report.forgotten_not_verified > 0 {
        notes.push(format!("{} forgotten, not verified", counted(report.forgotten_not_verified, "snapshot")));
    }
    if report.foreign > 0 {
        notes.push(format!("{} that {} not ours", counted(report.foreign, "file"), if report.foreign == 1 { "is" } else { "are" }));
    }
    if report.temporaries > 0 {
        notes.push(counted(report.temporaries, "unfinished file"));
    }
    if !report.guides_absent.is_empty() {
        let guides = count_of(report.guides_absent.len());
        notes.push(format!("{} for people not here: the next snap writes them", human::counted(guides, "guide", "guides")));
    }
    if let Some(release) = &report.guides_release {
        notes.push(format!("README.txt, spec/ and reader/ of release {release}"));
    }
    if !notes.is_empty() {
        writeln!(out, "{:<10} {}", "also here", notes.join(", "))?;
    }
    for weakness in &report.weaknesses {
        writeln!(out, "{:<10} {weakness}", "note")?;
    }
    for (position, unseen) in report.could_not_see.iter().enumerate() {
        writeln!(out, "{:<10} {unseen}", if position == 0 { "not seen" } else { "" })?;
    }
    Ok(())
}

/// The snapshots that were judged: those that exist, and those in `second/` alone that were asked for. Nothing else has packs that it needs.
fn judged(report: &CheckReport) -> impl Iterator<Item = &CheckedSnapshot> {
    let exist = report.snapshots.iter().any(|snapshot| !snapshot.second_only);
    let asked = !exist && report.packs > 0;
    report.snapshots.iter().filter(move |snapshot| asked || !snapshot.second_only)
}

fn totals(report: &CheckReport, out: &mut dyn Write) -> Result {
    let existing = count_of(judged(report).count());
    if existing == 0 {
        return writeln!(out, "no snapshot here");
    }
    write!(out, "{}, {}, {}", counted(existing, "snapshot"), counted(report.packs, "pack"), human::bytes(report.pack_bytes))?;
    if report.read_all {
        write!(out, ": every byte read and compared in {}", human::duration(report.seconds))?;
    } else if report.packs_read > 0 {
        write!(
            out,
            ": {} ({}) read and compared in {}",
            counted(report.packs_read, "pack"),
            human::bytes(report.bytes_read),
            human::duration(report.seconds)
        )?;
    } else if let Some(since) = &report.verified_since {
        write!(out, ": names and lengths looked at; every byte was last read and compared since {}", wording::message(since))?;
    } else {
        write!(out, ": names and lengths looked at (`--read-data` reads every byte)")?;
    }
    writeln!(out)
}

fn snapshots(report: &CheckReport, out: &mut dyn Write) -> Result {
    let existing: Vec<_> = judged(report).collect();
    let in_state = |state| count_of(existing.iter().filter(|snapshot| snapshot.state == state).count());
    let all = count_of(existing.len());
    if all == 0 {
        return Ok(());
    }
    let complete = in_state(SnapshotState::Complete);
    if complete == all {
        let whole = if report.read_all && report.exit_code != 5 { " and undamaged" } else { "" };
        let subject = match all {
            1 => "the snapshot is".to_owned(),
            2 => "both snapshots".to_owned(),
            _ => format!("all {} snapshots", human::count(all)),
        };
        return writeln!(out, "{subject} complete{whole}");
    }
    let words = [
        (SnapshotState::Damaged, "damaged"),
        (SnapshotState::Incomplete, "incomplete"),
        (SnapshotState::Elsewhere, "elsewhere (placeholders)"),
        (SnapshotState::Unforeseen, "of a newer version"),
    ];
    if let ([only], Some((_, word))) = (&existing[..], words.iter().find(|(state, _)| in_state(*state) == 1)) {
        return writeln!(
            out,
            "the only snapshot here, {} of {}, is {word}",
            only.id.get(..8).unwrap_or(&only.id),
            wording::message(&only.time)
        );
    }
    let mut parts = Vec::new();
    for (state, word) in words {
        match in_state(state) {
            0 => {}
            count => parts.push(format!("{} {word}", human::count(count))),
        }
    }
    writeln!(out, "of {}: {}; {} complete", counted(all, "snapshot"), parts.join(", "), human::count(complete))?;
    match &report.last_complete {
        Some(last) => writeln!(out, "last complete: {} of {}", last.id.get(..8).unwrap_or(&last.id), wording::message(&last.time)),
        None => writeln!(out, "no snapshot here is complete"),
    }
}

fn count_of(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A count and its noun, which takes an s.
fn counted(count: u64, word: &str) -> String {
    human::counted(count, word, &format!("{word}s"))
}

#[cfg(test)]
mod tests {
    use super::check_words;
    use crate::ops::check::{CheckReport, CheckedSnapshot, LastComplete, SnapshotState};
    use crate::ops::{Problem, Severity};

    fn words(report: &CheckReport) -> String {
        let mut text = String::new();
        check_words(report, &mut text).unwrap();
        text
    }

    #[test]
    fn a_whole_repository_takes_two_lines() {
        let snapshots = vec![CheckedSnapshot::default(); 42];
        let report =
            CheckReport { snapshots, packs: 3_380, pack_bytes: 214_900_000_000, read_all: true, seconds: 192.0, ..CheckReport::default() };
        assert_eq!(
            words(&report),
            "42 snapshots, 3,380 packs, 214.9 GB: every byte read and compared in 3 min 12 s\nall 42 snapshots complete and undamaged\n"
        );
        assert_eq!(words(&CheckReport::default()), "no snapshot here\n");
    }

    #[test]
    fn damage_comes_first_with_what_to_do() {
        let mut snapshots = vec![CheckedSnapshot::default(); 3];
        snapshots[0].state = SnapshotState::Damaged;
        let message = "pack 91c2aabb…: 12 photos in 1 snapshot, e.g. 2019/07/IMG_0412.HEIC";
        let problem = Problem::of_object("pack-damaged", Severity::Damaged, "packs/91/91c2.pack", message).with_hint("heal it");
        let last_complete = Some(LastComplete { id: "5f3a91c2".to_owned(), time: "2026-11-22T18:04:00Z".to_owned() });
        let report = CheckReport {
            snapshots,
            problems: vec![problem],
            packs: 2,
            pack_bytes: 999,
            exit_code: 5,
            last_complete,
            ..CheckReport::default()
        };
        let text = words(&report);
        assert!(text.starts_with("damaged    pack 91c2aabb…: 12 photos"), "{text}");
        assert!(
            text.contains("           heal it\n") && text.contains("of 3 snapshots: 1 damaged; 2 complete\nlast complete: 5f3a91c2"),
            "{text}"
        );
    }
}
