//! Owns judging what lies in the repository for people: README, written format, reader. Somebody in distress may run that reader.

use super::audit::Audit;
use super::plural;
use crate::ops::guides::{self, GuidesState};
use crate::ops::{Error, Problem, Severity};

/// So many names are enough to find the rest.
const NAMED_MAX: usize = 3;

impl Audit<'_> {
    /// Compares the guides with those of this program. One that is still to arrive is no problem; a reader that somebody changed is, and
    /// beside snapshots one that is absent as a whole.
    pub(super) fn check_guides(&mut self, has_snapshots: bool) -> Result<GuidesState, Error> {
        let state = guides::judge(&**self.repository.store(), &self.inventory.guides)?;
        if state.release.is_none() && !state.strange.is_empty() {
            let are = if state.strange.len() == 1 { "is" } else { "are" };
            let words = format!(
                "{} in spec/, reader/ or README.txt {are} not what this program puts there ({}): do not run the reader that lies here",
                plural(state.strange.len(), "file"),
                named(&state.strange)
            );
            let hint = "`tintype reader --extract DIR` writes a good one, `tintype spec` prints the written format";
            self.note(Problem::of_object("guide-strange", Severity::Notice, "reader", words).with_hint(hint));
        }
        if has_snapshots && state.reader_is_absent() {
            let words = "reader/, the second program that reads this repository, is absent";
            self.note(
                Problem::of_object("guide-missing", Severity::Notice, "reader", words)
                    .with_hint("the next `tintype snap` here writes it again"),
            );
        }
        Ok(state)
    }
}

fn named(names: &[String]) -> String {
    let mut words = names.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED_MAX {
        words.push_str(", …");
    }
    words
}
