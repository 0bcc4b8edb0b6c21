//! Owns saying what a restore would come to: all that can be known by names, lengths and what this machine remembers of the repository.
//!
//! Nothing is written, and no photo is read: damage inside of packs that nobody has read yet stays unseen.

use super::file::{Failure, of_repository, of_tree};
use super::items::{Here, Item, What};
use super::names::Renamed;
use super::plan::{PlanSummary, RestorePlan};
use super::report::{LeftOut, RestoreReport};
use super::run::{bookkeeping, names_changed, stop_if_asked};
use crate::ops::objects::RepoObjects;
use crate::ops::{Error, Outcome, Problem, Severity};
use crate::progress::Observer;
use crate::repo::{Expected, NameFolder, Outlook, PackName, StoredFile};
use crate::tree::{self, FileContent, ObjectKind};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a restore would come to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Foreseen {
    /// What it would write; what cannot be had is not counted.
    pub plan: PlanSummary,
    /// What would not be in the target, worst first.
    pub left_out: Vec<LeftOut>,
    /// How many those are.
    pub left_out_count: u64,
    /// What would have another name in the target.
    pub renamed: Vec<Renamed>,
    /// Files of the repository whose second copy had to be read.
    pub read_from_second: Vec<String>,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

impl Foreseen {
    /// The exit code that running it would end with, as far as can be known.
    pub fn exit_code(&self) -> u8 {
        Outcome::of(&self.problems).exit_code()
    }
}

pub(super) fn foresee(plan: &RestorePlan<'_>, observer: &dyn Observer) -> Result<Foreseen, Error> {
    let mut summary = plan.summary();
    let mut tally = plan.items.tally.clone();
    let mut outlook = Outlook::new(&plan.reader)?;
    let mut in_damaged: BTreeMap<PackName, (u64, Vec<u8>)> = BTreeMap::new();
    for (_, item) in plan.items.items.iter() {
        stop_if_asked(observer)?;
        // What is there may have the right bytes already: only reading it would tell.
        let (What::File(content), Here::Nothing | Here::Replace) = (&item.what, item.here) else { continue };
        match of_file(plan, &mut outlook, content) {
            Ok(None) => {}
            Ok(Some(pack)) => in_damaged.entry(pack).or_insert((0, item.path.clone())).0 += 1,
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::LeftOut(why)) => {
                tally.leave_out(&item.path, why);
                discount(&mut summary, &item, content);
            }
        }
    }
    if tally.has_damage() {
        // A drive that was pulled out is no damage.
        plan.repository.check_place()?;
    }
    for (pack, (files, example)) in in_damaged {
        tally.problem(known_damage(pack, files, &example));
    }
    for pack in outlook.odd_packs() {
        let path = StoredFile::first(NameFolder::Packs, *pack).path();
        let message = format!("{path} has another length than it should have; all that is not listed as left out seems to be in it");
        tally.problem(Problem::of_object("pack-incomplete", Severity::Note, path, message));
    }
    no_room(plan).into_iter().for_each(|problem| tally.problem(problem));
    let read_from_second = bookkeeping(plan, &mut tally);
    let mut report = RestoreReport::default();
    tally.finish(&mut report);
    report.problems.extend(names_changed(&plan.items.names.renamed));
    report.problems.extend(plan.notes.iter().cloned());
    summary.blocked = report.left_out_count;
    Ok(Foreseen {
        plan: summary,
        left_out: report.left_out,
        left_out_count: report.left_out_count,
        renamed: plan.items.names.renamed.clone(),
        read_from_second,
        problems: report.problems,
    })
}

/// Where the target has less room than the files take that are not there yet. What is replaced gives about as much room as it takes, and
/// so does what is removed.
fn no_room(plan: &RestorePlan<'_>) -> Option<Problem> {
    let free_bytes = plan.target.free_bytes()?;
    let new_files = plan.items.items.iter().map(|(_, item)| item).filter(|item| item.here == Here::Nothing);
    let lengths = new_files.map(|item| match &item.what {
        What::File(content) => content.length_bytes,
        What::Symlink(_) => 0,
    });
    let needed_bytes = lengths.fold(0, u64::saturating_add);
    let removed_bytes = plan.summary().delete_bytes;
    if needed_bytes <= free_bytes.saturating_add(removed_bytes) {
        return None;
    }
    let message = format!("the target has room for {free_bytes} bytes, and {needed_bytes} bytes are to be written");
    let hint = "make room, choose another target, or restore folder by folder (SNAP:FOLDER)";
    Some(Problem::of_object("disk-full", Severity::Notice, plan.target.place(), message).with_hint(hint))
}

/// Whether a file can be had; of one that lies in a pack that is known as damaged, in which.
fn of_file(plan: &RestorePlan<'_>, outlook: &mut Outlook<'_, '_>, content: &FileContent) -> Result<Option<PackName>, Failure> {
    let pieces = tree::pieces(&RepoObjects(&plan.reader), content).map_err(|error| of_tree("file-damaged", error))?;
    let mut damaged = None;
    for piece in &pieces {
        match outlook.of(ObjectKind::Chunk, piece.id).map_err(|error| Failure::Fatal(error.into()))? {
            Expected::Here => {}
            Expected::InDamaged(pack) => damaged = Some(pack),
            Expected::Lost(error) => return Err(of_repository("file-damaged", error)),
        }
    }
    Ok(damaged)
}

fn discount(summary: &mut PlanSummary, item: &Item, content: &FileContent) {
    summary.files = summary.files.saturating_sub(1);
    summary.bytes = summary.bytes.saturating_sub(content.length_bytes);
    summary.overwrite = summary.overwrite.saturating_sub(u64::from(item.here == Here::Replace));
}

fn known_damage(pack: PackName, files: u64, example: &[u8]) -> Problem {
    let path = StoredFile::first(NameFolder::Packs, pack).path();
    let example = crate::scan::escaped(example);
    let lie = if files == 1 { format!("{example} lies") } else { format!("{files} files lie, e.g. {example},") };
    let message = format!("in {path} {lie}: its bytes were wrong when they were last read, so not all may come back");
    let hint = "`tintype check --read-data` says what is damaged; another copy of the repository may have it whole";
    Problem::of_object("pack-damaged", Severity::Damaged, path, message).with_hint(hint)
}
