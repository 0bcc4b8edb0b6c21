//! Owns [`Repository`]: a place that was found to be a repository, and the key that opens it, if it was given.

use super::heal::Healing;
use super::inventory::{Files, list_folder};
use super::local::Local;
use super::notices::{Notices, Trust};
use super::{RepoError, manifest};
use crate::clock::Clock;
use crate::crypto::{CryptoError, Entropy, MasterKey, RecoveryCode, Sealing, SlotStrength, open_slot, write_slot};
use crate::format::{Encryption, NameFolder, RepositoryFile, RepositoryId, StoredFile, StoredName, limits};
use crate::store::{Put, Store, StoreError};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a person gave to open a repository.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Nothing.
    #[default]
    None,
    /// A password.
    Password(Zeroizing<Vec<u8>>),
    /// The recovery code.
    Code(RecoveryCode),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::None => "no credentials",
            Self::Password(_) => "a password",
            Self::Code(_) => "a recovery code",
        })
    }
}

/// What a repository runs with: all that touches the outside but the store itself.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws random bytes.
    pub entropy: Arc<Entropy>,
    /// This machine's cache and state.
    pub local: Arc<Local>,
    /// Threads that work at once, at least 1.
    pub threads: usize,
}

impl Surroundings {
    /// The system's clock and random numbers, every core, and a machine that remembers nothing.
    pub fn plain() -> Self {
        Self {
            clock: Arc::new(crate::clock::SystemClock::default()),
            entropy: Arc::new(Entropy::system()),
            local: Arc::new(Local::default()),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// How one copy of `tintype.json` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepositoryFileState {
    /// As it should be.
    Good,
    /// Not there.
    Absent,
    /// There with other bytes.
    Damaged,
}

/// A repository, opened.
#[derive(Debug)]
pub struct Repository {
    pub(super) store: Arc<dyn Store>,
    pub(super) surroundings: Surroundings,
    pub(super) file: RepositoryFile,
    pub(super) file_bytes: Vec<u8>,
    pub(super) sealing: Option<Sealing>,
    file_states: [RepositoryFileState; 2],
    by_code: bool,
    opened_slot: Option<OpenedSlot>,
}

/// The key slot whose password was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSlot {
    /// Its name.
    pub name: StoredName,
    /// What the person called the password: sealed with it, so that no other slot's can be told.
    pub label: String,
}

/// How to protect a new repository.
#[derive(Debug, Clone)]
pub enum NewProtection {
    /// Not at all.
    Plain,
    /// By a recovery code, and a password if one was given.
    Encrypted {
        /// The password's bytes.
        password: Option<Zeroizing<Vec<u8>>>,
        /// What guessing shall cost.
        strength: SlotStrength,
    },
}

const REPOSITORY_FILE: [&str; 2] = ["tintype.json", "second/tintype.json"];

impl Repository {
    /// Makes a repository in an empty place. Returns the recovery code of an encrypted one: it is kept nowhere else.
    ///
    /// Of two that begin at once in one place, one succeeds: `tintype.json` is the claim.
    pub fn create(
        store: Arc<dyn Store>,
        protection: &NewProtection,
        surroundings: Surroundings,
    ) -> Result<(Self, Option<RecoveryCode>), RepoError> {
        Self::create_showing(store, protection, surroundings, &mut |_, _| Ok(()))
    }

    /// [`Repository::create`], and the recovery code is shown, with the repository's id, before anything is made that it opens: a code that nobody could read
    /// leaves no repository behind.
    ///
    /// Errors besides: [`RepoError::CodeNotShown`]. After any other error a code that was shown opens nothing, unless the place failed
    /// while `tintype.json` was being written.
    pub fn create_showing(
        store: Arc<dyn Store>,
        protection: &NewProtection,
        surroundings: Surroundings,
        show: &mut dyn FnMut(&RecoveryCode, RepositoryId) -> std::io::Result<()>,
    ) -> Result<(Self, Option<RecoveryCode>), RepoError> {
        let place = store.place();
        let listed = store.list("")?;
        if listed.iter().any(|listed| REPOSITORY_FILE.contains(&listed.name.as_str())) {
            return Err(RepoError::AlreadyThere { place });
        }
        // What systems put into every folder and drive does not count.
        const LITTER: [&str; 4] = ["desktop.ini", "Thumbs.db", "System Volume Information", "$RECYCLE.BIN"];
        let litter = |name: &str| name.split('/').any(|part| part.starts_with('.') || LITTER.contains(&part));
        if listed
            .iter()
            .any(|listed| !litter(&listed.name) && !listed.name.starts_with("keys/") && !listed.name.starts_with("second/keys/"))
        {
            return Err(RepoError::NotEmpty { place });
        }
        let no_random = RepoError::not_made("a new repository");
        let id = RepositoryId(surroundings.entropy.bytes().map_err(no_random)?);
        let (sealing, code, slot) = match protection {
            NewProtection::Plain => (Sealing::Plain, None, None),
            NewProtection::Encrypted { password, strength } => {
                let code = RecoveryCode::generate(&surroundings.entropy).map_err(RepoError::not_made("a new recovery code"))?;
                let master = MasterKey::from_code(&code);
                // Without a password there is a slot that nobody can open: no slot at all then always means that slots were lost.
                let nobody: [u8; 32] = surroundings.entropy.bytes().map_err(RepoError::not_made("a new key slot"))?;
                let (password, label) = match password {
                    Some(password) => (password.as_slice(), ""),
                    None => (&nobody[..], "no password"),
                };
                let slot = new_slot(&surroundings, id, &master, password, label, *strength)?;
                (Sealing::Encrypted(master), Some(code), Some(slot))
            }
        };
        let file = RepositoryFile {
            repository: id,
            encryption: if code.is_some() { Encryption::Aes256Gcm } else { Encryption::None },
            key_check: sealing.master().map(MasterKey::key_check),
        };
        let file_bytes = file.encode();
        if let Some(code) = &code {
            show(code, id).map_err(|source| RepoError::CodeNotShown { source })?;
        }
        // Slots first: once tintype.json is there, the repository can be opened. The loser of two takes its own slots away again.
        if let Some((file, bytes)) = &slot {
            put_twice(&*store, file, bytes)?;
        }
        if store.put(REPOSITORY_FILE[0], &file_bytes)? == Put::Differs {
            if let Some((slot, _)) = &slot {
                store.remove(&slot.path())?;
                store.remove(&slot.in_second().path())?;
            }
            return Err(RepoError::AlreadyThere { place });
        }
        store.put(REPOSITORY_FILE[1], &file_bytes)?;
        store.sync()?;
        let file_states = [RepositoryFileState::Good; 2];
        let repository =
            Self { store, surroundings, file, file_bytes, sealing: Some(sealing), file_states, by_code: true, opened_slot: None };
        repository.surroundings.local.remember_repository(id, repository.is_encrypted())?;
        Ok((repository, code))
    }

    /// Opens a repository.
    ///
    /// With [`Credentials::None`] an encrypted one is opened *locked*: bytes and needs can be judged, nothing else.
    /// Errors: see [`RepoError`]; a wrong password or code is found out here, before anything is written.
    pub fn open(store: Arc<dyn Store>, credentials: &Credentials, surroundings: Surroundings) -> Result<Self, RepoError> {
        let (file, file_bytes, file_states) = read_repository_file(&*store, credentials)?;
        refuse_newer_rules(&*store, "read")?;
        let mut repository = Self { store, surroundings, file, file_bytes, sealing: None, file_states, by_code: false, opened_slot: None };
        let known_encrypted = repository.surroundings.local.knows_as_encrypted(repository.file.repository)?;
        repository.sealing = match (repository.file.encryption, credentials) {
            (Encryption::None, _) if known_encrypted => return Err(RepoError::ClaimsToBePlain { place: repository.store.place() }),
            (Encryption::None, Credentials::None) => Some(Sealing::Plain),
            (Encryption::None, _) => return Err(RepoError::KeyForPlain { place: repository.store.place() }),
            (Encryption::Aes256Gcm, Credentials::None) => None,
            (Encryption::Aes256Gcm, Credentials::Code(code)) => {
                repository.by_code = true;
                let master = MasterKey::from_code(code);
                if Some(master.key_check()) != repository.file.key_check {
                    return Err(RepoError::OtherCode);
                }
                Some(Sealing::Encrypted(master))
            }
            (Encryption::Aes256Gcm, Credentials::Password(password)) => {
                let (master, slot) = repository.try_slots(password)?;
                repository.opened_slot = Some(slot);
                Some(Sealing::Encrypted(master))
            }
        };
        repository.surroundings.local.remember_repository(repository.file.repository, repository.is_encrypted())?;
        Ok(repository)
    }

    fn try_slots(&self, password: &[u8]) -> Result<(MasterKey, OpenedSlot), RepoError> {
        let slots = self.slot_files()?;
        let mut tried = 0;
        let mut newer = None;
        let mut removed = None;
        for (file, _) in slots.values().take(limits::SLOT_FILES_READ_MAX) {
            if tried >= limits::SLOTS_TRIED_MAX {
                break;
            }
            let Ok(read) = super::file::read_either(&*self.store, file)? else { continue };
            match open_slot(&read.bytes, self.file.repository, password) {
                // A slot that somebody else put here may hold another key: tintype.json says which is ours.
                Ok((master, label)) if Some(master.key_check()) == self.file.key_check => {
                    // Whether a slot was removed can be believed only now: the tombstone's hash needs the key. Then it does not
                    // exist, and another with the same password may.
                    let removed = match &mut removed {
                        Some(slots) => slots,
                        none => none.insert(Notices::load(&*self.store, self.file.repository, Trust::Key(&master))?.slots),
                    };
                    if !removed.contains(&file.hash) {
                        return Ok((master, OpenedSlot { name: file.hash, label }));
                    }
                    tried += 1;
                }
                // Refused before the password was tried.
                Err(CryptoError::Format(error)) if error.is_too_new() => newer = Some(file.path()),
                Err(CryptoError::Format(_)) => {}
                Ok(_) | Err(_) => tried += 1,
            }
        }
        Err(match newer {
            _ if tried > 0 => RepoError::WrongPassword { slots: tried },
            Some(name) => RepoError::TooNew { name },
            None => RepoError::NoSlots,
        })
    }

    /// The files in both places of key slots, each once.
    pub(super) fn slot_files(&self) -> Result<Files, RepoError> {
        let mut slots = list_folder(&*self.store, NameFolder::Keys, false)?;
        for (hash, second) in list_folder(&*self.store, NameFolder::Keys, true)? {
            slots.entry(hash).or_insert(second);
        }
        Ok(slots)
    }

    /// The slot that opened it, if a password did.
    pub fn opened_slot(&self) -> Option<&OpenedSlot> {
        self.opened_slot.as_ref()
    }

    /// The repository's id.
    pub fn id(&self) -> RepositoryId {
        self.file.repository
    }

    /// Where it lies.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What it runs with.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// Whether its files are sealed.
    pub fn is_encrypted(&self) -> bool {
        self.file.encryption == Encryption::Aes256Gcm
    }

    /// Encrypted, and opened without its key.
    pub fn is_locked(&self) -> bool {
        self.sealing.is_none()
    }

    /// Opened by the recovery code rather than by a slot.
    pub fn is_opened_by_code(&self) -> bool {
        self.by_code
    }

    /// How the two copies of `tintype.json` stand.
    pub fn repository_file_states(&self) -> [RepositoryFileState; 2] {
        self.file_states
    }

    /// BLAKE3 of `tintype.json`.
    pub fn repository_file_hash(&self) -> StoredName {
        StoredName(*blake3::hash(&self.file_bytes).as_bytes())
    }

    /// How the files are sealed.
    ///
    /// Errors: [`RepoError::KeyNeeded`] if the repository is locked.
    pub fn sealing(&self) -> Result<&Sealing, RepoError> {
        self.sealing.as_ref().ok_or_else(|| RepoError::KeyNeeded { place: self.store.place() })
    }

    fn trust(&self) -> Trust<'_> {
        match &self.sealing {
            None => Trust::Locked,
            Some(sealing) => sealing.master().map_or(Trust::Plain, Trust::Key),
        }
    }

    /// Reads tombstones and `instead` files as they are now.
    pub fn notices(&self) -> Result<Notices, RepoError> {
        Notices::load(&*self.store, self.id(), self.trust())
    }

    /// Refuses to write where a later version made a rule for writers.
    pub fn refuse_newer_rules(&self, verb: &str) -> Result<(), RepoError> {
        refuse_newer_rules(&*self.store, verb)
    }

    /// Writes `tintype.json` again where a copy is absent or wrong.
    pub fn heal_repository_file(&self) -> Result<Healing, RepoError> {
        let mut healed = Healing::default();
        for (name, state) in REPOSITORY_FILE.into_iter().zip(self.file_states) {
            if state != RepositoryFileState::Good {
                healed.put(&*self.store, name.to_owned(), &self.file_bytes)?;
            }
        }
        Ok(healed)
    }

    /// A salt for a new file.
    pub(super) fn salt(&self, content: &[u8]) -> Result<[u8; 32], RepoError> {
        self.surroundings.entropy.salt(self.surroundings.clock.now(), content).map_err(RepoError::not_made("a new file"))
    }
}

pub(super) fn new_slot(
    surroundings: &Surroundings,
    id: RepositoryId,
    master: &MasterKey,
    password: &[u8],
    label: &str,
    strength: SlotStrength,
) -> Result<(StoredFile, Vec<u8>), RepoError> {
    let salt = surroundings.entropy.salt(surroundings.clock.now(), b"key slot").map_err(RepoError::not_made("a new key slot"))?;
    let bytes = write_slot(id, master, password, label, strength, salt).map_err(RepoError::not_made("a new key slot"))?;
    Ok((StoredFile::first(NameFolder::Keys, StoredName(*blake3::hash(&bytes).as_bytes())), bytes))
}

/// Writes a hash-named file into its second place, then into its first.
pub(super) fn put_twice(store: &dyn Store, file: &StoredFile, bytes: &[u8]) -> Result<(), RepoError> {
    for copy in [file.in_second(), file.in_first()] {
        super::heal::put_or_replace(store, &copy.path(), bytes)?;
    }
    Ok(())
}

fn refuse_newer_rules(store: &dyn Store, verb: &str) -> Result<(), RepoError> {
    let newer = store.list("rules")?.into_iter().find_map(|listed| match crate::format::Class::of(&listed.name) {
        crate::format::Class::Rule(rule) if rule.ends_with(&format!(".{verb}")) => Some(rule),
        _ => None,
    });
    newer.map_or(Ok(()), |rule| Err(RepoError::NewerRules { rule }))
}

type ReadRepositoryFile = (RepositoryFile, Vec<u8>, [RepositoryFileState; 2]);

/// Reads both copies of `tintype.json`. Where they differ, or both are wrong, the manifests say which is right: every one repeats it.
fn read_repository_file(store: &dyn Store, credentials: &Credentials) -> Result<ReadRepositoryFile, RepoError> {
    let mut copies = Vec::new();
    let mut denied = None;
    for name in REPOSITORY_FILE {
        copies.push(match store.get(name, limits::REPOSITORY_FILE_BYTES_MAX) {
            Ok(bytes) => Some(bytes),
            Err(StoreError::NotFound { .. }) => None,
            Err(error) if error.is_damage_candidate() => Some(Vec::new()),
            Err(error @ StoreError::Denied { .. }) => {
                denied = Some(error);
                Some(Vec::new())
            }
            Err(error) => return Err(error.into()),
        });
    }
    // Where one copy may not be read the other will do; where nothing is left, that is what there is to say.
    if let (Some(error), true) = (denied, copies.iter().flatten().all(Vec::is_empty)) {
        return Err(error.into());
    }
    let [first, second] = copies.as_slice() else { return Err(RepoError::NotFound { place: store.place() }) };
    if first.is_none() && second.is_none() {
        let place = store.place();
        let ours = store.list("")?.iter().any(|listed| StoredFile::parse(&listed.name).is_some());
        return Err(if ours { RepoError::RepositoryFileMissing { place } } else { RepoError::NotFound { place } });
    }
    let decoded = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(RepositoryFile::decode);
    // One copy that speaks of a newer version beside one that does not is more likely a flipped bit.
    let too_new = |copy: &Option<Vec<u8>>| decoded(copy).is_none_or(|result| result.is_err_and(|error| error.is_too_new()));
    if too_new(first) && too_new(second) {
        return Err(RepoError::TooNew { name: "tintype.json".to_owned() });
    }
    let good = match (decoded(first), decoded(second)) {
        (Some(Ok(_)), Some(Ok(_))) if first == second => first.clone(),
        (Some(Ok(_)), None) => first.clone(),
        (None, Some(Ok(_))) => second.clone(),
        _ => manifest::repository_file_by_manifests(store, credentials, [first.as_deref(), second.as_deref()])?,
    };
    let bytes = match good {
        Some(bytes) => bytes,
        // No manifest to ask: a copy that reads well beside one that does not is the better guess; two that differ are none.
        None => match (decoded(first), decoded(second)) {
            (Some(Ok(_)), Some(Err(_))) => first.clone().unwrap_or_default(),
            (Some(Err(_)), Some(Ok(_))) => second.clone().unwrap_or_default(),
            _ => return Err(RepoError::RepositoryFileDamaged { place: store.place() }),
        },
    };
    let file = RepositoryFile::decode(&bytes).map_err(RepoError::of_format("tintype.json"))?;
    let state = |copy: &Option<Vec<u8>>| match copy {
        None => RepositoryFileState::Absent,
        Some(copy) if *copy == bytes => RepositoryFileState::Good,
        Some(_) => RepositoryFileState::Damaged,
    };
    Ok((file, bytes.clone(), [state(first), state(second)]))
}
