//! Writes one file of a snapshot to standard output, or into a new file.

use super::names::snapshot_and_path;
use super::restore::lies_in;
use crate::cli::args::DumpArgs;
use crate::cli::bar::Bar;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open, place};
use crate::cli::sanitize;
use crate::cli::words::dump::dump_words;
use crate::ops::dump::{DumpOptions, dump, dump_to};
use crate::ops::restore::OsTarget;
use crate::ops::{Error, Repository};
use std::io::{ErrorKind, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub(in crate::cli) fn run(console: &Console, args: &DumpArgs) -> Result<u8, Failure> {
    let (snapshot, path) = snapshot_and_path(&args.file)?;
    let doing = || format!("write {}", sanitize::path(Path::new(&args.file)));
    if args.output.is_none() && console.json {
        return Err(Failure::refused(doing(), "with --json standard output is for the report").with_hint("say -o FILE"));
    }
    if args.output.is_none() && std::io::stdout().is_terminal() {
        let hint = "say -o FILE, or send it on: tintype … dump … | less";
        return Err(Failure::refused(doing(), "a terminal shows no photos, and a file's bytes can confuse it").with_hint(hint));
    }
    let Some(path) = path else {
        let hint = "name it after a colon, as in latest:2019/07/IMG_0412.HEIC";
        return Err(Failure::refused(doing(), "no file was named").with_hint(hint));
    };
    let options = DumpOptions { snapshot, path };
    match &args.output {
        Some(output) => to_file(console, &options, output),
        None => to_stdout(console, &open(console, Need::Key)?, &options).map_err(|error| Failure::of(doing(), error)),
    }
}

fn to_file(console: &Console, options: &DumpOptions, output: &Path) -> Result<u8, Failure> {
    let shown = sanitize::path(output);
    let doing = || format!("write {shown}");
    let name = output.file_name().filter(|_| !output.as_os_str().as_bytes().ends_with(b"/"));
    let Some(name) = name else { return Err(Failure::refused(doing(), "it is not the name of a file")) };
    if output.symlink_metadata().is_ok() {
        return Err(Failure::refused(doing(), "it is there already, and nothing is written over").with_hint("choose another name"));
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if lies_in(folder, &place(console)?) {
        return Err(Failure::refused(doing(), "its folder is the repository, or lies inside it"));
    }
    let repository = open(console, Need::Key)?;
    let target = OsTarget::open_root(folder).map_err(|source| Error::Target { place: sanitize::path(folder), source }).doing(doing)?;
    let bar = Bar::start(console);
    let report = dump_to(&repository, options, &target, name.as_bytes(), &bar).doing(doing);
    drop(bar);
    let report = report?;
    Ok(console.finish("dump", report.exit_code(), &report, |out| dump_words(&report, Some(&shown), out)))
}

/// The bytes go to stdout past the console, which is for words. Who closes it has read enough.
fn to_stdout(console: &Console, repository: &Repository, options: &DumpOptions) -> Result<u8, Error> {
    let report = match dump(repository, options, &mut std::io::stdout().lock(), &crate::progress::Silent) {
        Err(Error::Output { source }) if source.kind() == ErrorKind::BrokenPipe => return Ok(0),
        report => report?,
    };
    let mut words = String::new();
    dump_words(&report, None, &mut words);
    words.lines().for_each(|line| console.say(line));
    Ok(report.exit_code())
}
