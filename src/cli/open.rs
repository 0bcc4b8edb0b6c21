//! Owns the way from the options to an open repository: its place, its key, and what this machine runs it with.

use super::console::Console;
use super::exit::{Doing, Failure};
use super::{human, sanitize, secret};
use crate::ops::{Entropy, Error, KnownPlace, Local, LocalStore, OsDisk, RepoError, Repository, Store, Surroundings};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// When this version was released: a clock that is before it is wrong.
const RELEASE_SECONDS: i64 = 1_795_305_600;
/// The same as a day.
pub(super) const RELEASE_DAY: &str = "2026-11-22";

/// How often a mistyped password is asked for.
const ASKED_MAX: usize = 3;

/// What a command needs a repository for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing works without the key.
    Key,
    /// Without the key there is less to say. On a terminal an empty answer goes on without it.
    KeyIfAsked,
    /// Something useful can be done without the key, also by a machine that nobody sits at.
    Bytes,
}

/// The repository's place as it was given.
pub(super) fn place(console: &Console) -> Result<PathBuf, Failure> {
    console.global.repo.clone().filter(|place| !place.as_os_str().is_empty()).ok_or_else(|| {
        Failure::refused("tell which repository is meant", "no place was given").with_hint("give --repo PLACE, or set TINTYPE_REPO")
    })
}

/// Opens the repository that the options name.
pub(super) fn open(console: &Console, need: Need) -> Result<Repository, Failure> {
    let place = place(console)?;
    let given = secret::given(&console.global)?;
    let surroundings = surroundings(console);
    let doing = || format!("open the repository at {}", sanitize::path(&place));
    if !place.is_dir() {
        return Err(unplugged(&place, &surroundings, doing).unwrap_or_else(|| no_folder(&place, doing())));
    }
    if let (Some(dir), Some(fault)) = (&surroundings.local.state_dir, surroundings.local.state_fault().filter(|_| !console.global.quiet)) {
        console.say(&format!("note: what this machine knows of its copies cannot be kept in {}: {fault}", sanitize::path(dir)));
    }
    let store = store_at(&place, &surroundings).doing(doing)?;
    let credentials = given.unwrap_or_default();
    let repository = match Repository::open(store.clone(), &credentials, surroundings.clone()) {
        Err(RepoError::NotFound { place: words }) => {
            let not_found = || Failure::of(doing(), RepoError::NotFound { place: words });
            return Err(unplugged(&place, &surroundings, doing).unwrap_or_else(not_found));
        }
        opened => opened.doing(doing)?,
    };
    surroundings
        .local
        .remember_place(&absolute(&place), repository.id(), surroundings.clock.now().seconds)
        .map_err(Error::from)
        .doing(doing)?;
    if !repository.is_locked() || need == Need::Bytes && !console.can_ask() {
        return Ok(repository);
    }
    for left in (0..ASKED_MAX).rev() {
        let prompt = format!("Password (or recovery code) of {}: ", sanitize::path(&place));
        let Some(answer) = secret::ask(console, &prompt)? else { break };
        match Repository::open(store.clone(), &secret::credentials_of(answer), surroundings.clone()) {
            Err(error @ (RepoError::WrongPassword { .. } | RepoError::OtherCode)) if left > 0 => console.say(&error.to_string()),
            result => return result.doing(doing),
        }
    }
    match need {
        Need::Key => Err(key_needed(&place)),
        Need::KeyIfAsked if !console.can_ask() => Err(key_needed(&place)),
        Need::KeyIfAsked | Need::Bytes => Ok(repository),
    }
}

/// What to say of a place where a repository was seen before, and none is: its drive is not connected.
fn unplugged(place: &Path, surroundings: &Surroundings, doing: impl Fn() -> String) -> Option<Failure> {
    let known = seen_before(place, surroundings)?;
    let why = format!("there is no repository now, and one was last seen here on {}", human::Local::system().minute(known.seen_seconds));
    Some(Failure::new(doing(), "place-gone", why, 1).with_hint("is the drive connected?"))
}

/// What to say of a place that is no folder at all.
fn no_folder(place: &Path, doing: String) -> Failure {
    let failure = Failure::of(doing, RepoError::NotFound { place: place.display().to_string() });
    if place.symlink_metadata().is_ok() {
        return failure.with_message("this is not a folder, or not one that can be opened");
    }
    failure.with_message("there is no such folder").with_hint("is the drive connected? `tintype init` makes a new repository")
}

/// What was seen at a place that is absent or empty now.
pub(super) fn seen_before(place: &Path, surroundings: &Surroundings) -> Option<KnownPlace> {
    let is_empty = std::fs::read_dir(place).map_or(true, |mut entries| entries.next().is_none());
    surroundings.local.known_place(&absolute(place)).filter(|_| is_empty)
}

/// The path from the root on, without looking at the disk, which may not be there.
pub(super) fn absolute(place: &Path) -> PathBuf {
    std::path::absolute(place).unwrap_or_else(|_| place.to_path_buf())
}

fn key_needed(place: &Path) -> Failure {
    let error = RepoError::KeyNeeded { place: place.display().to_string() };
    let hint = Error::from(error).hint().unwrap_or_default();
    let words = "it is encrypted, and neither a password nor the recovery code was given";
    Failure::new(format!("open the repository at {}", sanitize::path(place)), "key-needed", words, 2).with_hint(hint)
}

/// The store at a folder that is there.
pub(super) fn store_at(place: &Path, surroundings: &Surroundings) -> Result<Arc<dyn Store>, Error> {
    let machine = surroundings.local.machine_id(&surroundings.entropy)?.hex();
    let store = LocalStore::open(Arc::new(OsDisk), place.to_path_buf(), &machine).map_err(RepoError::from)?;
    Ok(Arc::new(store))
}

/// The store at a folder that is made if it is absent.
pub(super) fn store_made_at(place: &Path, surroundings: &Surroundings) -> Result<Arc<dyn Store>, Error> {
    let machine = surroundings.local.machine_id(&surroundings.entropy)?.hex();
    let store = LocalStore::create(Arc::new(OsDisk), place.to_path_buf(), &machine).map_err(RepoError::from)?;
    Ok(Arc::new(store))
}

/// What a repository runs with on this machine.
pub(super) fn surroundings(console: &Console) -> Surroundings {
    let global = &console.global;
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let xdg = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let in_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let (cache, state) = if cfg!(target_os = "macos") {
        (in_home("Library/Caches/tintype"), in_home("Library/Application Support/tintype"))
    } else {
        let below = |above: Option<PathBuf>| above.map(|above| above.join("tintype"));
        (below(xdg("XDG_CACHE_HOME").or_else(|| in_home(".cache"))), below(xdg("XDG_STATE_HOME").or_else(|| in_home(".local/state"))))
    };
    let given = |dir: &Option<PathBuf>| dir.clone().filter(|dir| !dir.as_os_str().is_empty());
    let local = Local {
        cache_dir: given(&global.cache_dir).or(cache),
        state_dir: given(&global.state_dir).or(state),
        system_id: system_id(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        release_seconds: RELEASE_SECONDS,
    };
    for (dir, what, option) in [(&local.cache_dir, "cached", "--cache-dir"), (&local.state_dir, "remembered", "--state-dir")] {
        match dir {
            None => console.say_at(1, &format!("no home folder: nothing is {what} (give {option})")),
            Some(dir) => console.say_at(2, &format!("{what} in {}", dir.display())),
        }
    }
    let all_cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    Surroundings {
        clock: console.clock.clone(),
        entropy: Arc::new(Entropy::system()),
        local: Arc::new(local),
        threads: global.threads.map_or_else(all_cores, usize::from),
    }
}

/// A hash of the system's own id: the id itself is nobody's business.
fn system_id() -> Option<[u8; 32]> {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"].iter().find_map(|path| {
        let text = std::fs::read(path).ok()?;
        let id = text.trim_ascii();
        (!id.is_empty()).then(|| blake3::derive_key("tintype 2026 local system id", id))
    })
}

/// A command that makes a repository has no use for the code of another.
pub(super) fn refuse_recovery_code(console: &Console, doing: &str) -> Result<(), Failure> {
    match &console.global.recovery_code_file {
        None => Ok(()),
        Some(_) => Err(Failure::refused(doing, "--recovery-code-file opens a repository that is there; a new one draws its own code")),
    }
}

#[cfg(test)]
mod tests {
    use super::{RELEASE_DAY, RELEASE_SECONDS};
    use crate::cli::human::Local;

    #[test]
    fn one_day_of_release() {
        assert_eq!(Local::utc().day(RELEASE_SECONDS), RELEASE_DAY);
    }
}
