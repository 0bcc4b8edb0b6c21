//! Owns telling of damage to the repository that a snap met: its own snapshot is good, and older ones may not be.
//!
//! It is news once, then known for 30 days.

use super::rfc3339;
use super::summary::Summarised;
use crate::ops::objects::RepoObjects;
use crate::ops::{Problem, Severity};
use crate::repo::{Lack, Ledger, PackName};
use crate::tree::{self, Bounds, Content, FileHash, Next, ObjectId, Step, Time};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Packs named in words.
const NAMED: usize = 3;

fn code_and_words(lack: Lack) -> (&'static str, &'static str) {
    match lack {
        Lack::Incomplete => ("pack-incomplete", "not here, or not whole, and never seen whole here"),
        Lack::Gone => ("pack-missing", "lost: whole here once and gone now"),
        Lack::Short => ("pack-short", "cut off or otherwise changed since it was seen whole here"),
        Lack::Damaged => ("pack-damaged", "damaged"),
        Lack::Elsewhere => ("elsewhere", "a placeholder: its bytes would have to be downloaded"),
    }
}

/// Says which packs could not be relied on, what depended on them, and what was stored again.
pub(super) fn pack_problems(summarised: &Summarised<'_, '_>, ledger: &mut Ledger, now_seconds: i64, problems: &mut Vec<Problem>) {
    let mut lacks: BTreeMap<Lack, (Vec<PackName>, Vec<PackName>, i64)> = BTreeMap::new();
    for (pack, lack) in &summarised.known.lacking {
        let (code, _) = code_and_words(*lack);
        let (news, known, first_seconds) = lacks.entry(*lack).or_insert((Vec::new(), Vec::new(), now_seconds));
        match ledger.tell(&format!("{code} {}", pack.hex()), now_seconds) {
            None => news.push(*pack),
            Some(seconds) => {
                known.push(*pack);
                *first_seconds = seconds.min(*first_seconds);
            }
        }
    }
    for (lack, (news, known, first_seconds)) in lacks {
        if !news.is_empty() {
            let words = format!("{}, first noticed now: {}", what(lack, &news), dependents(summarised, &news));
            problems.push(
                problem(lack, Severity::Notice, &news, words).with_hint("`tintype check` says which photos of which snapshots are hit"),
            );
        }
        if !known.is_empty() {
            let since = rfc3339(Time { seconds: first_seconds, nanoseconds: 0 });
            problems.push(problem(lack, Severity::Known, &known, format!("{}, known since {since}", what(lack, &known))));
        }
    }
    problems.extend(refused(summarised).map(|problem| match ledger.tell(&problem.message, now_seconds) {
        Some(_) => Problem { severity: Severity::Known, ..problem },
        None => problem,
    }));
    for pack in &summarised.not_healed {
        let words = format!("pack {} is damaged, was read from its second copy, and could not be put right from it", pack.short());
        let severity = match ledger.tell(&words, now_seconds) {
            Some(_) => Severity::Known,
            None => Severity::Notice,
        };
        problems.push(Problem::of_object("copy-damaged", severity, pack.hex(), words));
    }
}

/// Files that would be healed if their place took them.
fn refused(summarised: &Summarised<'_, '_>) -> Option<Problem> {
    let store = summarised.repository.store();
    let first = summarised.healing.refused.first()?;
    let (why, hint) = match store.in_the_way(first) {
        Some(what) => (format!("{what} stands where it should be"), "move it away, then take a snapshot again"),
        None => ("its place does not let anything be replaced".to_owned(), "the other copy of each is good: nothing is lost by it"),
    };
    let message = match summarised.healing.refused.len() {
        1 => format!("{first} is absent or wrong and could not be healed: {why}"),
        count => format!("{count} files of the repository are absent or wrong and could not be healed, e.g. {first}: {why}"),
    };
    Some(Problem::of_object("not-healed", Severity::Notice, first, message).with_hint(hint))
}

/// `1 pack of the repository (5f3a91c2) is damaged`.
fn what(lack: Lack, packs: &[PackName]) -> String {
    let named: Vec<String> = packs.iter().take(NAMED).map(|pack| pack.short()).collect();
    let more = if packs.len() > NAMED { ", …" } else { "" };
    let (noun, verb) = if packs.len() == 1 { ("pack", "is") } else { ("packs", "are") };
    format!("{} {noun} of the repository ({}{more}) {verb} {}", packs.len(), named.join(", "), code_and_words(lack).1)
}

fn problem(lack: Lack, severity: Severity, packs: &[PackName], words: String) -> Problem {
    let object = match packs {
        [one] => Some(one.hex()),
        _ => None,
    };
    Problem { code: code_and_words(lack).0, severity, path: None, object, message: words, hint: None }
}

/// How many files of the last snapshots lay in these packs and nowhere else that may be relied on, and how many of them are stored again now.
fn dependents(summarised: &Summarised<'_, '_>, packs: &[PackName]) -> String {
    let packs: BTreeSet<PackName> = packs.iter().copied().collect();
    let directories = summarised.packs.packs.iter().flat_map(|pack| &pack.directory.records);
    let new: HashSet<ObjectId> = directories.flat_map(|record| &record.objects).map(|object| object.id).collect();
    let (known, objects) = (summarised.known, RepoObjects(summarised.reader));
    let is_hit = |id: ObjectId| {
        let mut places = known.index.find(id).filter_map(|found| known.index.pack(found.pack));
        !known.has(id) && places.any(|pack| packs.contains(&pack.name))
    };
    let (mut hit, mut stored, mut unlisted) = (HashSet::<FileHash>::new(), HashSet::new(), false);
    for source in summarised.heads.sources() {
        let manifest = summarised.heads.of(source).into_iter().next().and_then(|manifest| manifest.sealed.as_ref());
        let Some(record) = manifest.and_then(|sealed| sealed.sources.iter().find(|record| record.id == source)) else { continue };
        tree::walk(&objects, &record.root, b"", Bounds::of_depth(), &mut |step| {
            match step {
                Step::Entry { entry, .. } => {
                    if let Content::File(file) = &entry.content {
                        match tree::pieces(&objects, file) {
                            Ok(pieces) if pieces.iter().any(|piece| is_hit(piece.id)) => {
                                hit.insert(file.hash);
                                if pieces.iter().all(|piece| known.has(piece.id) || new.contains(&piece.id)) {
                                    stored.insert(file.hash);
                                }
                            }
                            Ok(_) => {}
                            Err(_) => unlisted = true,
                        }
                    }
                }
                Step::Problem { .. } => unlisted = true,
                Step::Leave { .. } => {}
            }
            Next::On
        });
    }
    let files = |count: usize| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    let unlisted = if unlisted { "; some of their folders cannot be listed any more" } else { "" };
    let left = hit.len() - stored.len();
    let fate = match (hit.len(), left) {
        (0, _) => "no file that the last snapshots could list depended on it".to_owned(),
        (all, 0) => format!("{} of the last snapshots depended on it, and all of that was stored again", files(all)),
        (all, left) => format!(
            "{} of the last snapshots depended on it; what is still on this machine was stored again, {} could not be",
            files(all),
            files(left)
        ),
    };
    format!("{fate}{unlisted}")
}
