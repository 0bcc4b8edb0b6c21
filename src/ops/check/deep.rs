//! Owns `--read-data`: choosing packs and reading them whole, several at once.

use super::audit::Audit;
use super::bookkeeping::BuiltIndex;
use super::packs::{Condition, Looks, PackLook};
use super::workers::for_each;
use super::{Depth, Subset};
use crate::ops::{Error, Problem, Severity};
use crate::progress::Stage;
use crate::repo::{IndexedPack, NameFolder, PackName, PackVerdict, RepoError, Seen, StoredFile};

/// Threads that read at most: each holds a block, a record and what it decodes to, 36 MiB at worst.
const READERS_MAX: usize = 4;

/// One copy of a pack to read.
struct Task {
    name: PackName,
    file: StoredFile,
    seen: Seen,
}

/// What reading came to, over all packs.
#[derive(Debug, Default)]
pub(super) struct DeepTotals {
    pub(super) packs: u64,
    pub(super) bytes: u64,
    pub(super) objects: u64,
    pub(super) all: bool,
}

impl Audit<'_> {
    /// Reads packs whole as deep as was asked for, and notes in `looks` and in the ledger what that gave.
    ///
    /// Errors: the place is gone, with nothing noted; or interrupted, with what was read noted.
    pub(super) fn read_packs(&mut self, looks: &mut Looks, built: &BuiltIndex, depth: &Depth) -> Result<DeepTotals, Error> {
        let names = self.choose(looks, depth);
        let mut totals = DeepTotals { all: matches!(depth, Depth::ReadData), ..DeepTotals::default() };
        let tasks = tasks(looks, &names);
        let total_bytes = tasks.iter().map(|task| task.seen.length_bytes).fold(0, u64::saturating_add);
        self.observer.stage(Stage::Verifying, total_bytes);
        let repository = self.repository;
        let known = |name: PackName| -> Option<IndexedPack> {
            let position = built.index.position(name)?;
            let (segment, _) = built.index.memberships().iter().find(|(_, pack)| *pack == position)?;
            repository.directory_in_segment(*built.index.segments().get(usize::try_from(*segment).ok()?)?, name)
        };
        // Twice as many as there are cores: one of two waits for the drive.
        let threads = repository.surroundings().threads;
        let threads = if threads > 1 { threads.saturating_mul(2).min(READERS_MAX) } else { 1 };
        let (results, error) = for_each(threads, &tasks, |task| {
            let mut verdict = repository.verify_pack(&task.file, task.seen.length_bytes, &known, self.observer)?;
            if verdict.read_error.is_some() {
                repository.check_place()?;
            }
            // Directories are compared at once: those of all packs together would not fit.
            let agrees = verdict.directory.take().is_none_or(|directory| built.agrees(&directory));
            self.observer.advance(1, 0);
            Ok((verdict, agrees))
        });
        let interrupted = matches!(error, Some(Error::Repository(RepoError::Interrupted)));
        if let (Some(error), false) = (error, interrupted) {
            return Err(error);
        }
        for (task, result) in tasks.iter().zip(results) {
            let Some((verdict, agrees)) = result else { continue };
            totals.bytes = totals.bytes.saturating_add(verdict.bytes_read);
            totals.objects = totals.objects.saturating_add(verdict.good_objects);
            totals.packs += u64::from(!task.file.second);
            self.take_verdict(looks, task, verdict, agrees);
        }
        if interrupted {
            self.remember();
            return Err(RepoError::Interrupted.into());
        }
        looks.find_replaced(self);
        Ok(totals)
    }

    fn take_verdict(&mut self, looks: &mut Looks, task: &Task, verdict: PackVerdict, agrees: bool) {
        let Some(look) = looks.packs.get_mut(&task.name) else { return };
        let copy = usize::from(task.file.second);
        let right_length = look.needed.is_none_or(|needed| needed.length_bytes == task.seen.length_bytes);
        let condition = if verdict.absent {
            Condition::Absent
        } else if verdict.denied {
            Condition::Denied(words_of(&verdict))
        } else if !verdict.is_good() {
            Condition::Wrong(words_of(&verdict))
        } else if right_length {
            Condition::Whole
        } else {
            look.copies[copy].clone()
        };
        let good = condition == Condition::Whole;
        match task.file.second {
            // Nothing was learned of its bytes: once it may be read again, this must not stand against it.
            _ if verdict.absent || verdict.denied => {}
            false => self.ledger.read_all(task.name, task.seen, good, self.now),
            true => self.ledger.read_all_second(task.name, task.seen, good, self.now),
        }
        if !agrees && condition == Condition::Whole {
            let words = "an index segment says something else than its own directory";
            let hint = "the next `tintype snap` here makes the index again";
            self.note(Problem::of_object("index-wrong", Severity::Bookkeeping, task.file.path(), words).with_hint(hint));
        }
        look.copies[copy] = condition;
        look.verdicts[copy] = Some(verdict);
    }

    /// The packs to read.
    fn choose(&self, looks: &Looks, depth: &Depth) -> Vec<PackName> {
        let names: Vec<PackName> =
            looks.packs.iter().filter(|(_, look)| self.all || look.needed.is_some()).map(|(name, _)| *name).collect();
        let length =
            |name: &PackName| looks.packs.get(name).map_or(0, |look| tasks_of(*name, look).map(|task| task.seen.length_bytes).sum());
        let bytes_max = match depth {
            Depth::Quick => return Vec::new(),
            Depth::ReadData => return names,
            Depth::Subset(Subset::Part { part, parts }) => {
                // By name, not by position: the same pack is in the same part however many others come.
                let part_of = |name: &PackName| {
                    let [a, b, c, d, e, f, g, h, ..] = name.0;
                    (u128::from(u64::from_be_bytes([a, b, c, d, e, f, g, h])) * u128::from(*parts)) >> 64
                };
                return names.into_iter().filter(|name| part_of(name) + 1 == u128::from(*part)).collect();
            }
            Depth::Subset(Subset::Bytes(bytes)) => *bytes,
            Depth::Subset(Subset::Percent(percent)) => {
                let total: u64 = names.iter().map(length).fold(0, u64::saturating_add);
                percent_of(total, *percent)
            }
        };
        let mut names = names;
        // Least lately verified first; among equals by name, which is as good as at random.
        names.sort_by_key(|name| (self.ledger.packs.get(name).and_then(|memory| memory.verified_seconds), *name));
        let mut bytes = 0_u64;
        let taken = names.into_iter().take_while(|name| {
            let goes_on = bytes < bytes_max;
            bytes = bytes.saturating_add(length(name));
            goes_on
        });
        taken.collect()
    }
}

/// A percentage of a number of bytes, rounded up: whole packs are read anyway.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::as_conversions,
    reason = "a share of the bytes need not be exact, and float casts saturate"
)]
fn percent_of(total: u64, percent: f64) -> u64 {
    (total as f64 * percent.clamp(0.0, 100.0) / 100.0).ceil() as u64
}

fn tasks_of(name: PackName, look: &PackLook) -> impl Iterator<Item = Task> + '_ {
    let first = StoredFile::first(NameFolder::Packs, name);
    [first, first.in_second()].into_iter().enumerate().filter_map(move |(copy, file)| {
        let readable = matches!(look.copies.get(copy), Some(Condition::Whole | Condition::Wrong(_)));
        let seen = look.listed.get(copy).copied().flatten()?;
        readable.then_some(Task { name, file, seen })
    })
}

fn tasks(looks: &Looks, names: &[PackName]) -> Vec<Task> {
    names.iter().filter_map(|name| Some((*name, looks.packs.get(name)?))).flat_map(|(name, look)| tasks_of(name, look)).collect()
}

fn words_of(verdict: &PackVerdict) -> String {
    let mut words = match (&verdict.read_error, &verdict.reason) {
        (Some(error), _) => error.clone(),
        (None, Some(reason)) => reason.clone(),
        (None, None) => "its bytes do not hash to its name".to_owned(),
    };
    if verdict.objects_are_good() {
        words.push_str("; every object in it is readable");
    }
    words
}
