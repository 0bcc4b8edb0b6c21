//! Restores: opens the target, plans, and either says what would be done or does it.

use super::names::snapshot_and_path;
use crate::cli::args::RestoreArgs;
use crate::cli::awake::Awake;
use crate::cli::bar::Bar;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open, place};
use crate::cli::sanitize;
use crate::cli::words::restore::{plan_words, restore_words};
use crate::ops::restore::{
    Foreseen, MemoryLimits, MemoryTarget, OsTarget, Overwrite, RestoreOptions, Rights, Target, TargetError, originals, plan_restore,
};
use crate::ops::{Error, Outcome, Repository};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The word for `--target` that means: where it was taken from.
const ORIGINAL: &str = "original";

/// One folder to restore into.
struct Place {
    path: PathBuf,
    options: RestoreOptions,
}

pub(in crate::cli) fn run(console: &Console, args: &RestoreArgs) -> Result<u8, Failure> {
    let in_place = args.target.as_os_str() == ORIGINAL;
    let mut snapshots = Vec::new();
    for words in &args.snapshots {
        snapshots.push(snapshot_and_path(words)?);
    }
    let options = RestoreOptions {
        snapshots,
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        only_source: None,
        overwrite: args.overwrite.map(Into::into).or(in_place.then_some(Overwrite::Never)),
        delete: args.delete,
        newest_first: args.newest_first,
        keep_damaged: args.keep_damaged,
        verify: args.verify,
    };
    if args.target.as_os_str().is_empty() {
        return Err(Failure::refused("restore", "the folder to restore into has no name").with_hint("give a new or an empty folder"));
    }
    let repository_place = place(console)?;
    let repository = open(console, Need::Key)?;
    let places = if in_place { original_places(&repository, &options)? } else { vec![Place { path: args.target.clone(), options }] };
    let (mut plans, mut reports) = (Vec::new(), Vec::new());
    for place in &places {
        let shown = sanitize::path(&place.path);
        let doing = || format!("restore into {shown}");
        if lies_in(&place.path, &repository_place) {
            return Err(Failure::refused(doing(), "this folder is the repository, or lies inside it"));
        }
        let is_new = place.path.symlink_metadata().is_err();
        let bar = Bar::start(console);
        let target = if args.dry_run { look_at(&place.path) } else { open_target(&place.path, args.privileged) };
        let target = target.map_err(|source| Error::Target { place: shown.clone(), source }).doing(doing)?;
        let tidy = || {
            if is_new && !args.dry_run {
                // What was refused leaves nothing behind. Only an empty folder goes away by this.
                _ = std::fs::remove_dir(&place.path);
            }
        };
        let plan = plan_restore(&repository, target, &place.options, &bar).doing(doing).inspect_err(|_| tidy())?;
        let must_ask = (in_place || args.delete) && !args.yes;
        if args.dry_run || must_ask {
            let mut foreseen = plan.foresee(&bar).doing(doing).inspect_err(|_| tidy())?;
            foreseen.plan.target.clone_from(&shown);
            if args.dry_run {
                plans.push(DryRun { dry_run: true, foreseen });
                continue;
            }
            drop(bar);
            may_write(console, &foreseen, doing).inspect_err(|_| tidy())?;
        } else {
            drop(bar);
        }
        let _awake = Awake::hold("photos are being restored");
        let bar = Bar::start(console);
        reports.push(plan.run(&bar).doing(doing)?);
    }
    if args.dry_run {
        let problems = plans.iter().flat_map(|plan| &plan.foreseen.problems);
        let exit_code = Outcome::of(problems).exit_code();
        return Ok(said(console, &plans, exit_code, |plan, out| {
            // Writing into a String cannot fail.
            _ = plan_words(&plan.foreseen, out);
        }));
    }
    let problems = reports.iter().flat_map(|report| &report.problems);
    let exit_code = Outcome::of(problems).exit_code();
    Ok(said(console, &reports, exit_code, |report, out| _ = restore_words(report, out)))
}

/// Says one report of each place: a single one as it is.
fn said<T: serde::Serialize>(console: &Console, reports: &[T], exit_code: u8, words: impl Fn(&T, &mut String)) -> u8 {
    let in_words = |out: &mut String| {
        reports.iter().for_each(|report| words(report, out));
        *out = sanitize::text(out);
    };
    match reports {
        [report] => console.finish("restore", exit_code, report, in_words),
        _ => console.finish("restore", exit_code, &Several { places: reports }, in_words),
    }
}

/// The folders that things were taken from.
fn original_places(repository: &Repository, options: &RestoreOptions) -> Result<Vec<Place>, Failure> {
    let mut places = Vec::new();
    for original in originals(repository, options).doing(|| "restore".to_owned())? {
        let path = PathBuf::from(OsStr::from_bytes(&original.path));
        let shown = sanitize::path(&path);
        let refused = |why: &str| {
            Failure::refused(format!("restore into {shown}"), why).with_hint("--target DIR restores into a folder of your choice")
        };
        if !original.is_this_machine {
            return Err(refused(&format!("{} was taken on another machine, {}", original.label, original.host)));
        }
        if !original.is_folder {
            return Err(refused(&format!("{} is a single file", original.label)));
        }
        if !path.parent().is_some_and(Path::is_dir) {
            return Err(refused("the folder above it is not there: is a drive not connected?"));
        }
        places.push(Place { path, options: RestoreOptions { only_source: Some(original.source), ..options.clone() } });
    }
    Ok(places)
}

/// Shows the plan and asks whether it may be done.
fn may_write(console: &Console, foreseen: &Foreseen, doing: impl Fn() -> String) -> Result<(), Failure> {
    if !console.can_ask() {
        return Err(Failure::refused(doing(), "this writes where photos are, and there is no terminal to ask on")
            .with_hint("look at --dry-run, then give --yes"));
    }
    let mut words = String::new();
    _ = plan_words(foreseen, &mut words);
    // The last line says that nothing was written.
    words.lines().rev().skip(1).collect::<Vec<_>>().into_iter().rev().for_each(|line| console.say(line));
    if console.asks_yes("go on?") {
        return Ok(());
    }
    Err(Failure::refused(doing(), "nothing was written, since the answer was not yes"))
}

/// What a dry run reports.
#[derive(Debug, serde::Serialize)]
struct DryRun {
    dry_run: bool,
    #[serde(flatten)]
    foreseen: Foreseen,
}

/// What a restore to several places reports.
#[derive(Debug, serde::Serialize)]
struct Several<'a, T> {
    places: &'a [T],
}

fn as_target(target: OsTarget) -> Arc<dyn Target> {
    Arc::new(target)
}

fn open_target(path: &Path, privileged: bool) -> Result<Arc<dyn Target>, TargetError> {
    let rights = if privileged { Rights::Set } else { Rights::LeftOut };
    OsTarget::create_or_open(path).map(|target| as_target(target.with_rights(rights)))
}

/// The target of a dry run. One that is absent is not made: an empty one in memory stands in for it.
fn look_at(path: &Path) -> Result<Arc<dyn Target>, TargetError> {
    Ok(OsTarget::look_before(path)?.map_or_else(|| Arc::new(MemoryTarget::new(MemoryLimits::default())) as Arc<dyn Target>, as_target))
}

/// Whether a folder, made already or not, is or would be in the repository.
pub(super) fn lies_in(target: &Path, repository: &Path) -> bool {
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
