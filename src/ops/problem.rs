//! Owns what operations collect on their way: problems, and the exit code that they add up to.

use serde::Serialize;

/// For how long a manifest in `second/` alone is news, in seconds.
const SECOND_ONLY_SECONDS: i64 = 30 * 86_400;

/// How bad a problem is, in the order in which exit codes win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Told before, less than 30 days ago, and not changed since: exit 0.
    Known,
    /// Worth a word each time it is met, and no reason to be alarmed: exit 0.
    Note,
    /// New, and a person should know: exit 3.
    Notice,
    /// Data whole, bookkeeping not: exit 4.
    Bookkeeping,
    /// Needed and not here, never seen whole here: exit 6.
    Incomplete,
    /// Wrong bytes, or lost since it was seen whole: exit 5.
    Damaged,
}

impl Severity {
    /// The exit code that it asks for.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Known | Self::Note => 0,
            Self::Notice => 3,
            Self::Bookkeeping => 4,
            Self::Incomplete => 6,
            Self::Damaged => 5,
        }
    }

    /// What a manifest in `second/` alone asks for, first seen there at `since_seconds`: of a run that died it is news for 30 days.
    pub(super) fn of_second_only(whole: bool, since_seconds: i64, now_seconds: i64) -> Self {
        match whole {
            _ if now_seconds.saturating_sub(since_seconds) > SECOND_ONLY_SECONDS => Self::Known,
            true => Self::Bookkeeping,
            false => Self::Incomplete,
        }
    }
}

/// What to do about files of a repository that this user may not read.
pub(super) const DENIED_HINT: &str =
    "let this user read the repository's files, or run as the user who wrote them; then run the same command again";

/// One thing that is not as it should be. `code` is stable; the list stands in `format-spec/limits.md`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// What kind of thing, in kebab-case.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// A path in a source or a snapshot, printable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A file of the repository, or an object's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// For a person: what, which photos in which snapshots.
    pub message: String,
    /// For a person: what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem about a file of the repository.
    pub fn of_object(code: &'static str, severity: Severity, object: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, severity, path: None, object: Some(object.into()), message: message.into(), hint: None }
    }

    /// A problem about a path in a source or a snapshot.
    pub fn of_path(code: &'static str, severity: Severity, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, severity, path: Some(path.into()), object: None, message: message.into(), hint: None }
    }

    /// Whether the message says itself what the problem is about: whole, or, of an id, the part that people see.
    pub fn names_its_subject(&self) -> bool {
        let Some(subject) = self.path.as_deref().or(self.object.as_deref()) else { return true };
        let is_id = subject.len() == 64 && subject.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.message.contains(subject) || is_id && subject.get(..8).is_some_and(|short| self.message.contains(short))
    }

    /// The same with what to do.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// The worst of several problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome(Option<Severity>);

impl Outcome {
    /// What these problems add up to.
    pub fn of<'a>(problems: impl IntoIterator<Item = &'a Problem>) -> Self {
        Self(problems.into_iter().map(|problem| problem.severity).max())
    }

    /// Its exit code: the worst in the order 5 6 4 3 0.
    pub fn exit_code(self) -> u8 {
        self.0.map_or(0, Severity::exit_code)
    }
}
