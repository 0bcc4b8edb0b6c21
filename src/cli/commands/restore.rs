//! Restores: opens the target, plans, and either says what would be done or does it.

use super::names::snapshot_and_path;
use crate::cli::args::RestoreArgs;
use crate::cli::bar::Bar;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open, place};
use crate::cli::sanitize;
use crate::cli::words::restore::{plan_words, restore_words};
use crate::ops::Error;
use crate::ops::restore::{Foreseen, MemoryLimits, MemoryTarget, OsTarget, RestoreOptions, Target, TargetError, plan_restore};
use std::path::{Component, Path, PathBuf};
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
    if args.target.as_os_str().is_empty() {
        return Err(Failure::refused("restore", "the folder to restore into has no name").with_hint("give a new or an empty folder"));
    }
    let repository_place = place(console)?;
    let repository = open(console, Need::Key)?;
    if lies_in(&args.target, &repository_place) {
        return Err(Failure::refused(doing(), "this folder is the repository, or lies inside it"));
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
        let foreseen = plan.foresee(&bar).doing(doing);
        drop(bar);
        let mut foreseen = foreseen?;
        foreseen.plan.target.clone_from(&shown);
        return Ok(console.finish("restore", foreseen.exit_code(), &DryRun { dry_run: true, foreseen: &foreseen }, |out| {
            // Writing into a String cannot fail.
            _ = plan_words(&foreseen, out);
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
    #[serde(flatten)]
    foreseen: &'a Foreseen,
}

fn as_target(target: OsTarget) -> Arc<dyn Target> {
    Arc::new(target)
}

/// The target of a dry run. One that is absent is not made: an empty one in memory stands in for it.
fn look_at(path: &Path) -> Result<Arc<dyn Target>, TargetError> {
    Ok(OsTarget::look_before(path)?.map_or_else(|| Arc::new(MemoryTarget::new(MemoryLimits::default())) as Arc<dyn Target>, as_target))
}

/// Whether a folder, made already or not, is or would be in the repository.
fn lies_in(target: &Path, repository: &Path) -> bool {
    let (Ok(repository), Some(target)) = (std::fs::canonicalize(repository), resolved(target)) else { return false };
    target.starts_with(repository)
}

/// Where a path leads once all of it is made: links are followed as far as it is there, the rest is folders to come.
fn resolved(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find_map(|part| Some((part, std::fs::canonicalize(part).ok()?)));
    let (part, mut resolved) = there?;
    for component in path.strip_prefix(part).ok()?.components() {
        match component {
            Component::ParentDir => _ = resolved.pop(),
            Component::Normal(name) => resolved.push(name),
            _ => {}
        }
    }
    Some(resolved)
}

#[cfg(test)]
mod tests {
    use super::lies_in;

    #[test]
    fn a_folder_to_come_lies_where_its_links_and_steps_back_lead() {
        let base = tempfile::tempdir().unwrap();
        let (repository, beside) = (base.path().join("repo"), base.path().join("beside"));
        std::fs::create_dir_all(repository.join("packs")).unwrap();
        std::fs::create_dir(&beside).unwrap();
        std::os::unix::fs::symlink(&repository, beside.join("way")).unwrap();
        for inside in ["repo", "repo/packs", "repo/new", "repo/new/deep", "beside/way/new", "beside/way", "none/../repo/new"] {
            assert!(lies_in(&base.path().join(inside), &repository), "{inside}");
        }
        for outside in ["beside", "repo2", "new/deep", "repo/new/../../other", "repo/packs/../../other"] {
            assert!(!lies_in(&base.path().join(outside), &repository), "{outside}");
        }
    }
}
