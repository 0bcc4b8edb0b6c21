//! Makes a repository in an empty place, with the guides that a stranger needs, and returns the recovery code: it is kept nowhere else.

use super::guides;
use super::{Error, Problem, Severity};
use crate::repo::{NewProtection, RecoveryCode, RepoError, Repository, RepositoryId, Store, Surroundings};
use serde::Serialize;
use std::sync::Arc;

/// How to protect a new repository.
#[derive(Debug, Clone)]
pub struct InitOptions {
    /// Not at all, or by a recovery code and perhaps a password.
    pub protection: NewProtection,
}

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct InitReport {
    /// The repository's id, 32 hexadecimal digits.
    pub repository: String,
    /// Where it lies.
    pub place: String,
    /// The place's bytes in base64, where `place` had to escape something. A store cannot tell; who opened it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place_base64: Option<String>,
    /// Whether its files are sealed.
    pub encrypted: bool,
    /// Whether a password opens it, besides the recovery code.
    pub password: bool,
    /// The recovery code of an encrypted repository, shown this once.
    pub recovery_code: Option<String>,
    /// Where the recovery sheet was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_sheet: Option<String>,
    /// What is weak about the place, in words.
    pub weaknesses: Vec<String>,
    /// What a person should know.
    pub problems: Vec<Problem>,
}

/// Makes a repository in `store`, which must be empty but for what systems leave everywhere.
///
/// Errors: [`RepoError::AlreadyThere`], [`RepoError::NotEmpty`], or the place fails. A guide that cannot be written is a problem
/// and no error: the repository is whole without it, and the recovery code must reach its owner.
pub fn init(store: Arc<dyn Store>, options: &InitOptions, surroundings: Surroundings) -> Result<(Repository, InitReport), Error> {
    init_showing(store, options, surroundings, &mut |_, _| Ok(()))
}

/// [`init`], and `show` gets the recovery code before there is a repository: where it cannot be shown, none is made.
pub fn init_showing(
    store: Arc<dyn Store>,
    options: &InitOptions,
    surroundings: Surroundings,
    show: &mut dyn FnMut(&RecoveryCode, RepositoryId) -> std::io::Result<()>,
) -> Result<(Repository, InitReport), Error> {
    let has_password = matches!(&options.protection, NewProtection::Encrypted { password: Some(_), .. });
    let (repository, code) = Repository::create_showing(store, &options.protection, surroundings, show)?;
    let mut problems = Vec::new();
    let store = repository.store();
    for guide in guides::all() {
        if let Err(error) = store.put(guide.name, guide.text.as_bytes()) {
            problems.push(Problem::of_object("guide-not-written", Severity::Notice, guide.name, error.to_string()));
        }
    }
    if let Err(error) = store.sync() {
        problems.push(Problem::of_object("guide-not-written", Severity::Notice, "README.txt", error.to_string()));
    }
    let report = InitReport {
        repository: repository.id().hex(),
        place: store.place(),
        place_base64: None,
        encrypted: repository.is_encrypted(),
        password: has_password,
        recovery_code: code.map(|code| code.text().to_string()),
        recovery_sheet: None,
        weaknesses: store.weaknesses(),
        problems,
    };
    Ok((repository, report))
}

/// Refuses early what [`init`] would refuse after a person has typed a password twice.
pub fn refuse_existing(store: &dyn Store) -> Result<(), Error> {
    let listed = |name: &str| store.stat(name).map_err(RepoError::from);
    if listed("tintype.json")?.is_some() || listed("second/tintype.json")?.is_some() {
        return Err(RepoError::AlreadyThere { place: store.place() }.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{InitOptions, init, init_showing, refuse_existing};
    use crate::clock::SystemClock;
    use crate::repo::{
        Credentials, Entropy, Local, NewProtection, RecoveryCode, Repository, RepositoryId, SlotStrength, Store, Surroundings,
    };
    use crate::store::MemoryStore;
    use std::sync::Arc;

    fn surroundings() -> Surroundings {
        Surroundings {
            clock: Arc::new(SystemClock::default()),
            entropy: Arc::new(Entropy::seeded(1)),
            local: Arc::new(Local::default()),
            threads: 1,
        }
    }

    #[test]
    fn a_code_that_cannot_be_shown_leaves_an_empty_place() {
        let store = Arc::new(MemoryStore::new());
        let protection = NewProtection::Encrypted { password: Some(b"secret".to_vec().into()), strength: SlotStrength::Test };
        let options = InitOptions { protection };
        let no_room = || Err(std::io::Error::from_raw_os_error(28));
        let error = init_showing(store.clone(), &options, surroundings(), &mut |_, _| no_room()).unwrap_err();
        assert_eq!((error.code(), error.exit_code()), ("recovery-code-not-shown", 1));
        assert!(store.list("").unwrap().is_empty());
        let mut shown = String::new();
        let show = &mut |code: &RecoveryCode, id: RepositoryId| {
            assert_ne!(id.0, [0; 16]);
            assert!(store.stat("tintype.json").unwrap().is_none(), "the code comes before the repository");
            shown = code.text().to_string();
            Ok(())
        };
        let (_, report) = init_showing(store.clone(), &options, surroundings(), show).unwrap();
        assert_eq!(report.recovery_code, Some(shown));
    }

    #[test]
    fn what_was_made_opens_again_and_tells_a_stranger_what_it_is() {
        let store = Arc::new(MemoryStore::new());
        let password = Some(b"secret".to_vec().into());
        let options = InitOptions { protection: NewProtection::Encrypted { password, strength: SlotStrength::Test } };
        let (_, report) = init(store.clone(), &options, surroundings()).unwrap();
        let code = RecoveryCode::parse(report.recovery_code.as_deref().unwrap()).unwrap();
        for credentials in [Credentials::Code(code), Credentials::Password(b"secret".to_vec().into())] {
            let opened = Repository::open(store.clone(), &credentials, surroundings()).unwrap();
            assert_eq!(opened.id().hex(), report.repository);
        }
        let readme = String::from_utf8(store.get("README.txt", 1 << 20).unwrap()).unwrap();
        assert!(readme.contains("restore --target") && store.stat("spec/packs.md").unwrap().is_some());
        assert!(refuse_existing(&*store).is_err());
        assert_eq!(init(store, &options, surroundings()).unwrap_err().code(), "repository-exists");
    }
}
