//! Owns the stable codes of the problems that `check` reports, with what each means. A code never changes its meaning.

use crate::ops::Severity;

/// A code, how bad it usually is, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemCode {
    /// In kebab-case.
    pub code: &'static str,
    /// How bad it is, unless something that the meaning says makes it milder or worse.
    pub severity: Severity,
    /// For a person.
    pub meaning: &'static str,
}

const fn code(code: &'static str, severity: Severity, meaning: &'static str) -> ProblemCode {
    ProblemCode { code, severity, meaning }
}

/// Every code that `check` uses.
pub const PROBLEM_CODES: &[ProblemCode] = &[
    code("copy-damaged", Severity::Bookkeeping, "one of two copies is wrong, the other is good"),
    code("copy-missing", Severity::Bookkeeping, "one of two copies is absent, the other is good"),
    code("elsewhere", Severity::Incomplete, "a needed file is a placeholder of a sync tool: its bytes would have to be downloaded"),
    code("guide-missing", Severity::Notice, "the folder reader/ is absent; the next snap writes it again"),
    code("guide-strange", Severity::Notice, "README.txt, spec/ or reader/ are not what this program puts there: do not run the reader"),
    code("index-damaged", Severity::Bookkeeping, "an index segment is wrong or short; it can be made again from the packs"),
    code("index-missing", Severity::Bookkeeping, "an index segment that a manifest names is absent; it can be made again from the packs"),
    code("index-wrong", Severity::Bookkeeping, "an index segment says something else than the pack's own directory"),
    code("key-slot-damaged", Severity::Bookkeeping, "both copies of a key slot are wrong"),
    code("key-slots-missing", Severity::Bookkeeping, "no key slot is good: only the recovery code opens the repository"),
    code("manifest-damaged", Severity::Damaged, "a manifest is wrong in both places, or was whole here once and is not now"),
    code("manifest-incomplete", Severity::Incomplete, "a manifest is short and was never seen whole on this copy"),
    code(
        "manifest-missing",
        Severity::Damaged,
        "a manifest that was here is gone and nothing says that it was forgotten; 4 if its second copy is whole",
    ),
    code(
        "manifest-only-second",
        Severity::Incomplete,
        "a manifest stands in second/ alone; 4 if all that it needs is here, known after 30 days unless a command used it",
    ),
    code("manifest-too-new", Severity::Notice, "a manifest was made by a newer version and was not judged"),
    code("needed-pack-forgotten", Severity::Notice, "a pack that a snapshot needs is named by a tombstone"),
    code("needs-contradictory", Severity::Damaged, "a manifest's list of packs contradicts itself"),
    code(
        "needs-missing",
        Severity::Incomplete,
        "a needs page is lost in both places: what is needed is not known; 4 if every object was found with the key",
    ),
    code("needs-wrong", Severity::Bookkeeping, "a snapshot uses objects that lie in none of the packs that it says it needs"),
    code("notice-damaged", Severity::Notice, "a tombstone or an instead file is wrong or short in every place: nobody obeys it"),
    code("object-damaged", Severity::Damaged, "an object is listed, and its bytes are wrong wherever it lies"),
    code(
        "object-missing",
        Severity::Damaged,
        "a snapshot uses an object that no pack here holds, though all that it names is here; 6 beside what is incomplete",
    ),
    code("pack-damaged", Severity::Damaged, "a needed pack's bytes are wrong, read twice"),
    code("pack-denied", Severity::Damaged, "a needed pack is here, and this user may not read it"),
    code("pack-incomplete", Severity::Incomplete, "needed packs are absent or short and were never seen whole on this copy"),
    code(
        "pack-lost-objects-elsewhere",
        Severity::Bookkeeping,
        "a needed pack is lost or damaged, and everything in it that is used lies in other packs as well",
    ),
    code("pack-missing", Severity::Damaged, "a needed pack that was whole here once is gone"),
    code("pack-short", Severity::Damaged, "a needed pack that was whole here once is short now"),
    code("previous-missing", Severity::Incomplete, "a manifest names a previous one that is neither here nor forgotten"),
    code("snapshots-forgotten", Severity::Notice, "tombstones that cannot be verified without the key name every snapshot"),
    code("time-ahead", Severity::Note, "a snapshot states a time more than a day ahead of this machine's clock: one of the two is wrong"),
    code("time-contradicts-name", Severity::Notice, "a manifest states another time inside than in its name"),
    code("tombstone-false", Severity::Notice, "a tombstone or an instead file carries a wrong hash: nobody obeys it"),
    code(
        "tree-damaged",
        Severity::Damaged,
        "a folder's bytes are right and say what they may not, or its source has other counts than the manifest states",
    ),
    code("unneeded-damaged", Severity::Notice, "a file that no snapshot needs is wrong"),
];
