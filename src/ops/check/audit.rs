//! Owns what the parts of an audit share: what was listed, what this machine remembers, and what was found so far.

use super::copies::BadCopies;
use crate::ops::{Error, Problem, Severity};
use crate::progress::Observer;
use crate::repo::{Inventory, Ledger, Notices, RepoError, Repository};

/// One audit under way.
pub(super) struct Audit<'r> {
    pub(super) repository: &'r Repository,
    pub(super) observer: &'r dyn Observer,
    /// One pass over all names.
    pub(super) inventory: Inventory,
    /// Tombstones and `instead`.
    pub(super) notices: Notices,
    /// What this machine saw on this copy.
    pub(super) ledger: Ledger,
    /// Seconds since the epoch.
    pub(super) now: i64,
    /// Every snapshot is judged, and all that lies here.
    pub(super) all: bool,
    pub(super) bad_copies: BadCopies,
    pub(super) problems: Vec<Problem>,
}

impl<'r> Audit<'r> {
    /// Lists the place, manifests first, and loads what is known of it.
    pub(super) fn begin(repository: &'r Repository, observer: &'r dyn Observer, all: bool) -> Result<Self, Error> {
        let surroundings = repository.surroundings();
        Ok(Self {
            repository,
            observer,
            inventory: Inventory::take(&**repository.store())?,
            notices: repository.notices()?,
            ledger: Ledger::load(&surroundings.local, &repository.copy_identity()),
            now: surroundings.clock.now().seconds,
            all,
            bad_copies: BadCopies::default(),
            problems: Vec::new(),
        })
    }

    /// Notes a problem.
    pub(super) fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Stops here if asked to.
    pub(super) fn go_on(&self) -> Result<(), Error> {
        if self.observer.interrupted() { Err(RepoError::Interrupted.into()) } else { Ok(()) }
    }

    /// Whether the content can be seen.
    pub(super) fn has_key(&self) -> bool {
        !self.repository.is_locked()
    }

    /// Everything found, the worst first. What is worth telling and was told lately becomes known.
    pub(super) fn settle(&mut self) -> Vec<Problem> {
        let mut problems = std::mem::take(&mut self.problems);
        problems.extend(std::mem::take(&mut self.bad_copies).problems());
        for problem in &mut problems {
            self.note_what_is_in_the_way(problem);
            if problem.severity == Severity::Notice {
                let words = format!("check {} {} {}", problem.code, problem.object.as_deref().unwrap_or_default(), problem.message);
                if let Some(first) = self.ledger.tell(&words, self.now) {
                    problem.severity = Severity::Known;
                    problem.message.push_str(&format!(" (known since {})", super::report::rfc3339(first, 0)));
                }
            }
        }
        problems.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.cmp(other)));
        problems
    }

    /// Where something that is no file stands in a file's place, nothing heals it: a person must move it away first.
    fn note_what_is_in_the_way(&self, problem: &mut Problem) {
        // Folders of the repository have no dot in their names.
        let Some(object) = problem.object.as_deref().filter(|object| object.contains('.')) else { return };
        let store = self.repository.store();
        let first = object.strip_prefix("second/").unwrap_or(object);
        let both = [first.to_owned(), format!("second/{first}")];
        let Some((name, what)) = both.into_iter().find_map(|name| store.in_the_way(&name).map(|what| (name, what))) else { return };
        problem.message.push_str(&format!("; {what} stands where {name} should be"));
        problem.hint = Some(match (problem.severity, &problem.hint) {
            (Severity::Incomplete | Severity::Damaged, _) => {
                "move it away, then bring the file back from another copy of this repository".to_owned()
            }
            (_, Some(hint)) => format!("move it away; then {hint}"),
            (_, None) => "move it away".to_owned(),
        });
    }

    /// Notes in the ledger what was seen.
    pub(super) fn remember(&self) {
        self.ledger.store(&self.repository.surroundings().local, &self.repository.copy_identity());
    }
}
