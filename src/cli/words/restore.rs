//! Owns the words of `restore`: what came back and what did not, the number first, what to do next last.

use crate::cli::human::{self, Local, bytes, counted};
use crate::cli::wording;
use crate::ops::restore::{Foreseen, LeftOut, NotSet, Renamed, RestoreReport, RestoredSnapshot};
use crate::ops::{Problem, Severity};
use std::fmt::{Result, Write};

/// Lines of left-out things that are shown; all of them stand in the JSON.
const SHOWN_MAX: usize = 20;

/// Says what a restore did.
pub(crate) fn restore_words(report: &RestoreReport, out: &mut dyn Write) -> Result {
    let local = Local::system();
    let named =
        |snapshot: &RestoredSnapshot| format!("{} of {}", snapshot.id.get(..8).unwrap_or(&snapshot.id), local.minute(snapshot.seconds));
    let snapshots: Vec<String> = report.snapshots.iter().map(named).collect();
    let from = if snapshots.len() == 1 { "snapshot" } else { "snapshots" };
    write!(out, "restored  {}, {}", counted(report.files, "file", "files"), bytes(report.bytes))?;
    if report.symlinks > 0 {
        write!(out, ", {}", counted(report.symlinks, "link", "links"))?;
    }
    writeln!(out, " from {from} {} into {}", snapshots.join(", "), report.target)?;
    if report.files_already_there > 0 {
        let why = if report.gone_on { "there from the interrupted restore, or before it" } else { "there already" };
        writeln!(out, "kept      {} {why}", counted(report.files_already_there, "file", "files"))?;
    }
    if report.left_out_count > 0 {
        writeln!(out, "left out  {} not restored:", human::count(report.left_out_count))?;
        left_out_words(&report.left_out, report.left_out_count, out)?;
    }
    renamed_words(&report.renamed, out)?;
    if report.removed > 0 {
        writeln!(out, "removed   {} that the snapshot does not have", human::count(report.removed))?;
    }
    not_set_words(&report.not_set, out)?;
    problem_words(&report.problems, &report.left_out, out)
}

fn left_out_words(left_out: &[LeftOut], count: u64, out: &mut dyn Write) -> Result {
    for left_out in left_out.iter().take(SHOWN_MAX) {
        let path = if left_out.path.is_empty() { "(the root)" } else { &left_out.path };
        write!(out, "            {path}   {}", wording::message(wording::of_pack(&left_out.reason)))?;
        if let Some(kept) = &left_out.kept_as {
            write!(out, "   what could be read is in {kept}")?;
        }
        writeln!(out)?;
    }
    let shown = u64::try_from(left_out.len().min(SHOWN_MAX)).unwrap_or(u64::MAX);
    if count > shown {
        writeln!(out, "            and {} more; --json lists all", human::count(count - shown))?;
    }
    Ok(())
}

/// The problems that are not in the list of what was left out, then the advice of all of them.
fn problem_words(problems: &[Problem], left_out: &[LeftOut], out: &mut dyn Write) -> Result {
    let is_listed = |problem: &Problem| problem.code == "name-changed" || left_out.iter().any(|left_out| left_out.code == problem.code);
    for problem in problems.iter().filter(|problem| !is_listed(problem)) {
        writeln!(out, "{:<9} {}", severity(problem.severity), wording::message(&problem.message))?;
    }
    let mut hints: Vec<&str> = Vec::new();
    for hint in problems.iter().filter_map(|problem| problem.hint.as_deref()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    hints.into_iter().try_for_each(|hint| writeln!(out, "  {hint}"))
}

/// Says what a restore would do.
pub(crate) fn plan_words(foreseen: &Foreseen, out: &mut dyn Write) -> Result {
    let plan = &foreseen.plan;
    let verb = if plan.going_on { "would go on restoring" } else { "would restore" };
    write!(out, "{verb} {}, {}", counted(plan.files, "file", "files"), bytes(plan.bytes))?;
    write!(out, ", {}", counted(plan.folders, "folder", "folders"))?;
    if plan.symlinks > 0 {
        write!(out, ", {}", counted(plan.symlinks, "link", "links"))?;
    }
    writeln!(out, " into {}", plan.target)?;
    for (count, what) in [
        (plan.skip_existing, "there already: would be left as they are"),
        (plan.overwrite, "there already: would be replaced"),
        (plan.compare, "there already: would be compared, and replaced where they differ"),
        (plan.compare_and_keep, "there already: would be compared, and left as they are where they differ"),
        (plan.renamed, "would get another name, since the target cannot hold theirs or tell it from another"),
    ] {
        if count > 0 {
            writeln!(out, "  {} {what}", human::count(count))?;
        }
    }
    if plan.delete > 0 {
        writeln!(
            out,
            "  {} would be removed ({}), which the snapshot does not have:",
            human::count(plan.delete),
            bytes(plan.delete_bytes)
        )?;
        for path in plan.delete_paths.iter().take(SHOWN_MAX) {
            writeln!(out, "            {path}")?;
        }
        let shown = u64::try_from(plan.delete_paths.len().min(SHOWN_MAX)).unwrap_or(u64::MAX);
        if plan.delete > shown {
            writeln!(out, "            and {} more; --json lists 1,000", human::count(plan.delete - shown))?;
        }
    }
    if foreseen.left_out_count > 0 {
        writeln!(out, "left out  {} would not be restored:", human::count(foreseen.left_out_count))?;
        left_out_words(&foreseen.left_out, foreseen.left_out_count, out)?;
    }
    problem_words(&foreseen.problems, &foreseen.left_out, out)?;
    writeln!(out, "nothing was written, and no photo was read: damage that nobody has met yet stays unseen")
}

/// Lists what has another name.
fn renamed_words(renamed: &[Renamed], out: &mut dyn Write) -> Result {
    if renamed.is_empty() {
        return Ok(());
    }
    writeln!(out, "renamed   {} in the target:", human::count(u64::try_from(renamed.len()).unwrap_or(u64::MAX)))?;
    for one in renamed.iter().take(SHOWN_MAX) {
        writeln!(out, "            {} is {} here   {}", one.path, one.is_now, one.reason)?;
    }
    match renamed.len().checked_sub(SHOWN_MAX) {
        Some(more @ 1..) => {
            writeln!(out, "            and {} more; --json lists all", human::count(u64::try_from(more).unwrap_or(u64::MAX)))
        }
        _ => Ok(()),
    }
}

fn not_set_words(not_set: &NotSet, out: &mut dyn Write) -> Result {
    let counts = [
        (not_set.owner, "owner", "owners", "only root can set others' than its own"),
        (not_set.special_bits, "setuid, setgid or sticky bit", "setuid, setgid or sticky bits", "left out on purpose"),
        (not_set.times_rounded, "time to the last digit", "times to the last digit", "right within 2 s"),
        (not_set.privileged_xattrs, "attribute that gives programs rights", "attributes that give programs rights", "left out on purpose"),
        (not_set.birth, "time of making", "times of making", "the system cannot set them"),
    ];
    for (count, one, many, why) in counts.into_iter().filter(|(count, ..)| *count > 0) {
        writeln!(out, "not set   {} ({why})", counted(count, one, many))?;
    }
    Ok(())
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Damaged => "damaged",
        Severity::Incomplete => "missing",
        Severity::Bookkeeping | Severity::Notice | Severity::Note | Severity::Known => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::{plan_words, restore_words};
    use crate::cli::human::Local;
    use crate::ops::restore::{Foreseen, LeftOut, PlanSummary, RestoreReport, RestoredSnapshot};
    use crate::ops::{Problem, Severity};

    #[test]
    fn the_number_comes_first_and_what_to_do_last() {
        let left_out = LeftOut { path: "2019/a.jpg".into(), code: "file-damaged", reason: "its bytes are wrong".into(), kept_as: None };
        let problem = Problem::of_path("file-damaged", Severity::Damaged, "2019/a.jpg", "one").with_hint("look at another copy");
        let snapshot = |short: &str, seconds| RestoredSnapshot { id: short.repeat(8), seconds, ..RestoredSnapshot::default() };
        let report = RestoreReport {
            snapshots: vec![snapshot("5f3a91c2", 1_795_370_640), snapshot("0011aabb", 1_795_000_000)],
            target: "out".into(),
            files: 18_412,
            bytes: 214_612_345_678,
            left_out: vec![left_out],
            left_out_count: 1,
            problems: vec![problem],
            ..RestoreReport::default()
        };
        let mut text = String::new();
        restore_words(&report, &mut text).unwrap();
        assert_eq!(
            text,
            format!(
                "restored  18,412 files, 214.6 GB from snapshots 5f3a91c2 of {}, 0011aabb of {} into out\n\
                 left out  1 not restored:\n            2019/a.jpg   its bytes are wrong\n  look at another copy\n",
                Local::system().minute(1_795_370_640),
                Local::system().minute(1_795_000_000),
            )
        );
        let mut text = String::new();
        let plan = PlanSummary { files: 1, bytes: 12, target: "out".into(), ..PlanSummary::default() };
        plan_words(&Foreseen { plan, ..Foreseen::default() }, &mut text).unwrap();
        assert!(
            text.starts_with("would restore 1 file, 12 bytes, 0 folders into out\nnothing was written, and no photo was read"),
            "{text}"
        );
    }
}
