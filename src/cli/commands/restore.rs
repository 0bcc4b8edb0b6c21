//! Restores: opens the target, plans, and either says what would be done or does it.

use super::names::snapshot_and_path;
use crate::cli::args::RestoreArgs;
use crate::cli::bar::Bar;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open, place};
use crate::cli::sanitize;
use crate::cli::words::problems::problem_lines;
use crate::cli::words::restore::{plan_words, restore_words};
use crate::ops::restore::{MemoryLimits, MemoryTarget, OsTarget, RestoreOptions, Target, TargetError, plan_restore};
use crate::ops::{Error, Problem};
use std::path::Path;
use std::sync::Arc;

pub(in crate::cli) fn run(console: &Console, args: &RestoreArgs) -> Result<u8, Failure> {
    let shown = sanitize::path(&args.target);
    let doing = || format!("restore into {shown}");
    let mut snapshots = Vec::new();
    for words in &args.snapshots {
        snapshots.push(snapshot_and_path(words)?);
    }
    let options =
        RestoreOptions { snapshots, overwrite: args.overwrite.map(Into::into), keep_damaged: args.keep_damaged, verify: args.verify };
    if args.target.metadata().is_ok_and(|facts| !facts.is_dir()) {
        return Err(Failure::refused(doing(), "this is a file, not a folder"));
    }
    let repository_place = place(console)?;
    let repository = open(console, Need::Key)?;
    let inside = std::fs::canonicalize(&args.target).ok().filter(|target| lies_in(target, &repository_place));
    if inside.is_some() {
        return Err(Failure::refused(doing(), "this folder lies inside the repository"));
    }
    let is_new = args.target.symlink_metadata().is_err();
    let bar = Bar::start(console);
    let target = if args.dry_run { look_at(&args.target) } else { OsTarget::create_or_open(&args.target).map(as_target) };
    let target = target.map_err(|source| Error::Target { place: shown.clone(), source }).doing(doing)?;
    let plan = plan_restore(&repository, target, &options, &bar).doing(doing).inspect_err(|_| {
        if is_new && !args.dry_run {
            // What was refused leaves nothing behind. Only an empty folder goes away by this.
            _ = std::fs::remove_dir(&args.target);
        }
    })?;
    if args.dry_run {
        drop(bar);
        let mut summary = plan.summary();
        summary.target.clone_from(&shown);
        return Ok(console.finish("restore", 0, &DryRun { dry_run: true, plan: &summary, problems: plan.notes() }, |out| {
            // Writing into a String cannot fail.
            _ = plan_words(&summary, out);
            problem_lines(plan.notes(), out);
            *out = sanitize::text(out);
        }));
    }
    let report = plan.run(&bar).doing(doing);
    drop(bar);
    let report = report?;
    Ok(console.finish("restore", report.exit_code(), &report, |out| {
        _ = restore_words(&report, out);
        *out = sanitize::text(out);
    }))
}

/// What a dry run reports.
#[derive(Debug, serde::Serialize)]
struct DryRun<'a> {
    dry_run: bool,
    plan: &'a crate::ops::restore::PlanSummary,
    problems: &'a [Problem],
}

fn as_target(target: OsTarget) -> Arc<dyn Target> {
    Arc::new(target)
}

/// The target of a dry run. One that is absent is not made: an empty one in memory stands in for it.
fn look_at(path: &Path) -> Result<Arc<dyn Target>, TargetError> {
    if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Ok(Arc::new(MemoryTarget::new(MemoryLimits::default())));
    }
    OsTarget::open_root(path).map(as_target)
}

fn lies_in(target: &Path, repository: &Path) -> bool {
    std::fs::canonicalize(repository).is_ok_and(|repository| target.starts_with(repository))
}
