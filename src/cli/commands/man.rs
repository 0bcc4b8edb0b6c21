//! Writes the manual pages, made from the same arguments and help that are shown: one page for each command.
//!
//! Invariant: a page appears whole or not at all, and only files with the pages' own names are ever replaced.

use crate::cli::args::{Args, ManArgs};
use crate::cli::console::Console;
use crate::cli::exit::Failure;
use crate::cli::open::RELEASE_DAY;
use crate::cli::{sanitize, words};
use crate::ops::escaped;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use serde::Serialize;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What was written.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct ManReport {
    /// The folder, printable.
    pub(in crate::cli) folder: String,
    /// Names of the files in it.
    pub(in crate::cli) pages: Vec<String>,
    problems: [(); 0],
}

pub(in crate::cli) fn run(console: &Console, args: &ManArgs) -> Result<u8, Failure> {
    let folder = &args.folder;
    let failed = |error: std::io::Error| {
        Failure::new(format!("write manual pages into {}", sanitize::path(folder)), "output", error.to_string(), 1)
            .with_hint("name a folder that you may write to")
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut root = Args::command();
    root.build();
    let mut pages = Vec::new();
    for command in with_all_below(root) {
        // All options by name say less than what --help has in their place.
        let usage = command.clone().render_usage().to_string();
        let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
        let page = Man::new(command.clone().override_usage(usage))
            .date(RELEASE_DAY)
            .source(concat!("tintype ", env!("CARGO_PKG_VERSION")))
            .manual("tintype");
        let name = page.get_filename();
        let text = rendered(&page, &command).map_err(failed)?;
        write_whole(folder, &name, &text).map_err(failed)?;
        pages.push(name);
    }
    let report = ManReport { folder: escaped(folder.as_os_str().as_bytes()), pages, problems: [] };
    Ok(console.finish("man", 0, &report, |out| words::man::man_words(&report, folder, out)))
}

/// A command, and all that stand below it.
fn with_all_below(command: Command) -> Vec<Command> {
    let below: Vec<Command> = command.get_subcommands().cloned().flat_map(with_all_below).collect();
    [vec![command], below].concat()
}

/// A page. What stands behind the options in the help is given sections of its own: run together as text nobody could read examples.
fn rendered(page: &Man, command: &Command) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut roff = Roff::new();
    let mut heading = "";
    for paragraph in after.split("\n\n") {
        let (begins, lines) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        let (section, words) = match begins.split_once(':') {
            Some(("Examples", _)) => ("EXAMPLES", ""),
            Some(("Exit codes", words)) => ("EXIT STATUS", words.trim()),
            _ => ("NOTES", paragraph),
        };
        roff.control(if section == heading { "PP" } else { "SH" }, (section != heading).then_some(section));
        heading = section;
        if section == "EXIT STATUS" && !words.is_empty() {
            exit_status(words, &mut roff);
        } else if section == "NOTES" {
            roff.text([roman(words.split_whitespace().collect::<Vec<_>>().join(" "))]);
        } else {
            roff.control("nf", []);
            lines.lines().for_each(|line| _ = roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]));
            roff.control("fi", []);
        }
    }
    roff.to_writer(&mut text)?;
    Ok(text)
}

/// `0 done; 5, 6 looked, and …`: a line for each.
fn exit_status(words: &str, roff: &mut Roff) {
    let mut items: Vec<String> = Vec::new();
    for item in words.split("; ") {
        match items.last_mut().filter(|_| !item.starts_with(|first: char| first.is_ascii_digit())) {
            Some(before) => *before = format!("{before}; {item}"),
            None => items.push(item.to_owned()),
        }
    }
    for item in items {
        let end = item.find(|character: char| !character.is_ascii_digit() && !", ".contains(character)).unwrap_or(item.len());
        let (codes, meaning) = item.split_at(end);
        roff.control("TP", []);
        roff.text([roman(codes.trim())]);
        roff.text([roman(meaning)]);
    }
}

/// Under another name first, so that nobody reads half a page.
fn write_whole(folder: &Path, name: &str, text: &[u8]) -> std::io::Result<()> {
    let unfinished = folder.join(format!(".{name}.{}", std::process::id()));
    let write = || {
        std::fs::File::create_new(&unfinished)?.write_all(text)?;
        std::fs::rename(&unfinished, folder.join(name))
    };
    write().inspect_err(|_| _ = std::fs::remove_file(&unfinished))
}
