//! Owns what is snapped when nobody said it: what this machine snapped last, else a choice of folders that look like photos.

use super::bar::Bar;
use super::console::Console;
use super::exit::{Doing, Failure};
use super::{human, sanitize};
use crate::ops::Repository;
use crate::ops::discover::{Candidate, candidates};
use crate::ops::snap::last_sources;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A folder or file to snap.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) path: PathBuf,
    pub(super) label: Option<String>,
}

/// What this machine snapped last; where it never did, what a person picks.
pub(super) fn without_paths(console: &Console, repository: &Repository) -> Result<Vec<Given>, Failure> {
    let last = last_sources(repository).doing(|| "find out what was snapped last".to_owned())?;
    if !last.is_empty() {
        let given = last.into_iter().map(|source| Given { path: OsStr::from_bytes(&source.path).into(), label: Some(source.label) });
        return Ok(given.collect());
    }
    let bar = Bar::start(console);
    let found = candidates(&places(), &bar);
    drop(bar);
    let doing = "take a snapshot";
    let first = found.first().map_or_else(|| "~/Pictures".to_owned(), |first| sanitize::quoted(first.path.as_os_str().as_bytes()));
    let hint = format!("name the folders, such as: tintype snap {first}");
    if found.is_empty() {
        return Err(Failure::refused(doing, "no folder was given, and none that looks like photos was found").with_hint(hint));
    }
    let mut lines = vec!["Nothing was snapped from this machine yet. These look like photos:".to_owned()];
    lines.extend(found.iter().enumerate().map(|(position, candidate)| format!("  {}  {}", position + 1, words(candidate))));
    lines.iter().for_each(|line| console.say(line));
    if !console.can_ask() {
        return Err(Failure::refused(doing, "no folder was given, and there is no terminal to ask on").with_hint(hint));
    }
    let answer = console.ask_line("Which of them? Numbers, or Enter for all:");
    let picked = picked(&answer, found.len()).ok_or_else(|| Failure::refused(doing, "that is no number of the list").with_hint(hint))?;
    Ok(picked.into_iter().filter_map(|position| found.get(position)).map(|one| Given { path: one.path.clone(), label: None }).collect())
}

fn words(candidate: &Candidate) -> String {
    let path = sanitize::path(&candidate.path);
    let files = human::counted(candidate.files, "file", "files");
    let libraries = match candidate.libraries {
        0 => String::new(),
        count => format!(", {} in it", human::counted(count, "Photos library", "Photos libraries")),
    };
    format!("{path}   {files}, {}{libraries}", human::bytes(candidate.bytes))
}

/// Positions that an answer names; all if it is empty.
fn picked(answer: &str, count: usize) -> Option<Vec<usize>> {
    let words: Vec<&str> = answer.split([' ', ',', '\t']).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Some((0..count).collect());
    }
    words.into_iter().map(|word| word.parse::<usize>().ok()?.checked_sub(1).filter(|position| *position < count)).collect()
}

/// Where people and systems keep photos.
fn places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute()) {
        places.extend(["Pictures", "Photos", "Videos", "Movies", "DCIM"].map(|name| home.join(name)));
        places.extend(user_folders(&home));
    }
    let user = std::env::var_os("USER").unwrap_or_default();
    for mounts in [Path::new("/media").join(&user), Path::new("/run/media").join(&user), PathBuf::from("/Volumes")] {
        let drives = std::fs::read_dir(mounts).into_iter().flatten().flatten();
        places.extend(drives.map(|drive| drive.path().join("DCIM")));
    }
    places
}

/// The folders that a desktop calls pictures and videos, in whatever language.
fn user_folders(home: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(home.join(".config/user-dirs.dirs")).unwrap_or_default();
    let named = text.lines().filter_map(|line| {
        let (name, value) = line.trim().split_once('=')?;
        ["XDG_PICTURES_DIR", "XDG_VIDEOS_DIR"].contains(&name).then(|| value.trim_matches('"').to_owned())
    });
    let folders = named.map(|value| match value.strip_prefix("$HOME/") {
        Some(below) => home.join(below),
        None => PathBuf::from(value),
    });
    // A desktop without such a folder names the home itself.
    folders.filter(|folder| folder.is_absolute() && folder != home).collect()
}

#[cfg(test)]
mod tests {
    use super::picked;

    #[test]
    fn an_answer_names_positions() {
        assert_eq!(picked("", 3), Some(vec![0, 1, 2]));
        assert_eq!(picked(" 3, 1", 3), Some(vec![2, 0]));
        for wrong in ["0", "4", "x", "1 x", "-1"] {
            assert_eq!(picked(wrong, 3), None, "{wrong}");
        }
    }
}
