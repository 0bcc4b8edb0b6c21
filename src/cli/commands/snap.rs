//! Takes a snapshot: turns paths into sources, and finds out how they lie towards the repository.

use super::names::snapshot;
use crate::cli::args::SnapArgs;
use crate::cli::awake::Awake;
use crate::cli::bar::Bar;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::folders::{Given, without_paths};
use crate::cli::open::{Need, open, place};
use crate::cli::removable::is_removable;
use crate::cli::words;
use crate::ops::snap::{ReadBack, SnapOptions, SnapPreview, SnapSource, preview, snap};
use crate::ops::{Error, MissingSource, OsSource, Outcome, Repository, SnapshotList, SnapshotName, Source, escaped, resolve};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(in crate::cli) fn run(console: &Console, args: &SnapArgs) -> Result<u8, Failure> {
    let doing = || "take a snapshot".to_owned();
    if args.label.is_some() && args.paths.len() > 1 {
        return Err(Failure::refused(doing(), "--label names one source, and several were given")
            .with_hint("take a snapshot of each by itself, or leave --label away: the last part of each path is its label"));
    }
    let place = place(console)?;
    let mut given: Vec<Given> = args.paths.iter().map(|path| Given { path: path.clone(), label: args.label.clone() }).collect();
    // Paths that cannot be are refused before anybody is asked for a password.
    sources(&place, &given).doing(doing)?;
    let repository = open(console, Need::Key)?;
    if given.is_empty() {
        given = without_paths(console, &repository)?;
    }
    let sources = sources(&place, &given).doing(doing)?;
    let continue_from = match &args.continue_from {
        None => None,
        Some(name) => Some(whole_name(&repository, name)?),
    };
    let options = SnapOptions {
        note: args.note.clone(),
        allow_empty: args.allow_empty,
        reread: args.reread,
        exclude: args.exclude.clone(),
        no_default_excludes: args.no_default_excludes,
        download_placeholders: args.download_placeholders,
        read_back: match (args.verify, is_removable(&place)) {
            (true, _) => ReadBack::All,
            (false, true) => ReadBack::Sample,
            (false, false) => ReadBack::None,
        },
        continue_from,
    };
    if args.dry_run {
        let bar = Bar::start(console);
        let preview = preview(&repository, &sources, &options, &bar).doing(doing);
        drop(bar);
        let preview = preview?;
        let report = DryRun { dry_run: true, preview: &preview };
        return Ok(console.finish("snap", preview.exit_code(), &report, |out| words::snap::preview_words(&preview, out)));
    }
    let _awake = Awake::hold("a snapshot is being taken");
    let bar = Bar::start(console);
    let report = snap(&repository, &sources, &options, &bar).doing(doing);
    drop(bar);
    let report = report?;
    let exit_code = Outcome::of(&report.problems).exit_code();
    let now = repository.surroundings().clock.now();
    Ok(console.finish("snap", exit_code, &report, |out| {
        words::snap::snap_words(&report, now, console.global.quiet, out);
        if args.timings {
            words::snap::timing_words(&report.timings, out);
        }
    }))
}

/// What a dry run reports.
#[derive(Debug, serde::Serialize)]
struct DryRun<'a> {
    dry_run: bool,
    #[serde(flatten)]
    preview: &'a SnapPreview,
}

fn whole_name(repository: &Repository, name: &str) -> Result<SnapshotName, Failure> {
    let name = snapshot(name)?;
    let find = || -> Result<SnapshotName, Error> {
        let list = SnapshotList::take(&**repository.store(), &repository.notices()?)?;
        Ok(resolve(repository, &list, &name)?.name)
    };
    find().doing(|| "find the snapshot to continue".to_owned())
}

/// The sources that the paths name. A link is resolved once, here. One that cannot be opened stays in the list and fails when it is read.
fn sources(repository: &Path, given: &[Given]) -> Result<Vec<SnapSource>, Error> {
    // An absent repository is told by whoever opens it.
    let repository = std::fs::canonicalize(repository).unwrap_or_else(|_| absolute(repository));
    let mut sources: Vec<SnapSource> = Vec::new();
    for one in given {
        let (path, source): (PathBuf, Arc<dyn Source>) = match std::fs::canonicalize(&one.path) {
            Err(_) => {
                let path = absolute(&one.path);
                let error = OsSource::open(&path).err();
                let raw = path.as_os_str().as_bytes().to_vec();
                let missing = error.map_or_else(|| MissingSource::not_found(raw.clone()), |error| MissingSource::new(raw.clone(), error));
                (path, Arc::new(missing))
            }
            Ok(path) => match OsSource::open(&path) {
                Ok(source) => (path, Arc::new(source)),
                Err(error) => {
                    let missing = MissingSource::new(path.as_os_str().as_bytes().to_vec(), error);
                    (path, Arc::new(missing))
                }
            },
        };
        let raw = path.as_os_str().as_bytes().to_vec();
        if path.starts_with(&repository) {
            return Err(Error::SourceInRepository { path: escaped(&raw) });
        }
        if sources.iter().any(|other| other.path == raw) {
            return Err(Error::GivenTwice { path: escaped(&raw) });
        }
        let repository_inside = repository.strip_prefix(&path).ok().map(|inside| inside.as_os_str().as_bytes().to_vec());
        sources.push(SnapSource { source, path: raw, label: one.label.clone(), repository_inside });
    }
    Ok(sources)
}

/// The path from the root on, without looking at the disk.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
