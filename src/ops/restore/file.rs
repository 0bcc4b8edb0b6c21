//! Owns restoring one file: its pieces verified one by one, the whole compared before it gets its name; and comparing one that is there.
//!
//! At most one piece is in memory at a time.

use super::items::{Here, Item};
use super::tally::Why;
use super::target::{Existing, FactsSet, Found, FoundKind, Rights, Room, Target, TargetError, TargetFile, bits_to_set, note_time};
use crate::ops::objects::RepoObjects;
use crate::ops::{Error, Severity};
use crate::repo::{ObjectReader, RepoError};
use crate::tree::{self, Facts, FileContent, FileHash, ObjectKind, Piece, TreeError, Xattr, XattrValue};
use std::borrow::Cow;

/// Why a thing is not restored.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is left out; the rest goes on.
    LeftOut(Why),
    /// Nothing can go on.
    Fatal(Error),
}

/// How a file came to be in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// It was written.
    Written(FactsSet),
    /// It was there with the right bytes.
    AlreadyThere(FactsSet),
}

/// Sorts an error of the target: what concerns one name leaves it out, anything else ends the restore.
pub(super) fn of_target(target: &dyn Target, error: TargetError) -> Failure {
    let reason = match &error {
        TargetError::BadName { why, .. } => (*why).to_owned(),
        TargetError::Blocked { by, .. } => format!("{by} is in its way"),
        TargetError::Exists { .. } => "something else in the target has its name".to_owned(),
        TargetError::CannotHold { reason, .. } => (*reason).to_owned(),
        TargetError::Unsupported { .. } => "the target cannot hold it".to_owned(),
        TargetError::Denied { doing, .. } => format!("no permission to {doing} it"),
        _ => return Failure::Fatal(Error::Target { place: target.place(), source: error }),
    };
    Failure::LeftOut(Why::new(error.code(), Severity::Notice, reason))
}

/// Sorts an error of the repository.
pub(super) fn of_repository(code: &'static str, error: RepoError) -> Failure {
    match error {
        RepoError::ObjectMissing { .. } => {
            let reason = "a pack that holds it, or a part of it, is not here";
            Failure::LeftOut(Why::new("object-missing", Severity::Incomplete, reason))
        }
        RepoError::ObjectDamaged { denied: true, reason, .. } => Failure::LeftOut(Why::new("pack-denied", Severity::Damaged, reason)),
        RepoError::ObjectDamaged { .. } | RepoError::PackUnreadable { .. } | RepoError::File { .. } => {
            Failure::LeftOut(Why::new(code, Severity::Damaged, error.to_string()))
        }
        other => Failure::Fatal(other.into()),
    }
}

/// Sorts an error of a tree; `code` is for what is damaged.
pub(super) fn of_tree(code: &'static str, error: TreeError<RepoError>) -> Failure {
    match error {
        TreeError::Load(error) => of_repository(code, error),
        other => Failure::LeftOut(Why::new(code, Severity::Damaged, other.to_string())),
    }
}

fn damaged(reason: &str) -> Failure {
    Failure::LeftOut(Why::new("file-damaged", Severity::Damaged, reason))
}

/// Why a thing is kept that an interrupted restore finds under a name of its own and that holds something else.
pub(super) fn other_content() -> Why {
    let reason = "something with other content has its name, and is left as it is: changed since, or from before \
                  (--overwrite if-different replaces it)";
    Why::new("target-exists", Severity::Notice, reason)
}

/// What restoring files works with.
pub(super) struct FileWork<'a> {
    pub(super) reader: &'a ObjectReader<'a>,
    pub(super) target: &'a dyn Target,
    pub(super) verify: bool,
}

/// All values of the attributes of one file or folder together, in bytes: no more are held at once.
const XATTRS_BYTES_MAX: usize = 64 << 20;
/// Longest run that is read for comparing, in bytes.
const READ_BYTES: usize = 1 << 20;

impl FileWork<'_> {
    fn of_target(&self, error: TargetError) -> Failure {
        of_target(self.target, error)
    }

    /// Restores a file as its plan says; `item.here` is not [`Here::Leave`].
    pub(super) fn restore(&self, item: &Item, content: &FileContent) -> Result<Done, Failure> {
        let existing = match item.here {
            Here::Nothing | Here::Leave => Existing::Refuse,
            Here::Replace => Existing::Replace,
            Here::Compare | Here::Confirm => match self.compare(item, content)? {
                Compared::There(set) => return Ok(Done::AlreadyThere(set)),
                Compared::Other(existing) => existing,
            },
        };
        self.write(item, content, existing).map(Done::Written)
    }

    /// Writes a file. Its name is given only after its bytes hash to what the tree says.
    pub(super) fn write(&self, item: &Item, content: &FileContent, existing: Existing) -> Result<FactsSet, Failure> {
        let pieces = self.pieces(content)?;
        let room = if item.holes.is_empty() { Room::Ahead } else { Room::AsWritten };
        let mut file = self.target.create(&item.path, content.length_bytes, room).map_err(|error| self.of_target(error))?;
        // The id of a file's only piece is its hash, and was compared when the piece was read.
        let is_compared = matches!(pieces.as_slice(), [only] if only.id.0 == content.hash.0);
        let mut hasher = blake3::Hasher::new();
        let mut offset = 0_u64;
        for piece in &pieces {
            let bytes = self.piece(piece)?;
            if !is_compared {
                hasher.update(&bytes);
            }
            write_around(&mut *file, offset, &bytes, &item.holes).map_err(|error| self.of_target(error))?;
            offset = offset.saturating_add(piece.length_bytes.into());
        }
        if !is_compared && hasher.finalize().as_bytes() != &content.hash.0 {
            return Err(damaged("its pieces are whole, and together they are not the file that the snapshot names"));
        }
        let (facts, lacks) = self.with_values(&item.facts)?;
        let set = file.finish(&facts, existing).map_err(|error| self.of_target(error))?;
        if self.verify && self.has_bytes(&item.path, content).map_err(|error| self.of_target(error))?.is_none() {
            self.target.remove(&item.path).map_err(|error| self.of_target(error))?;
            let reason = "the target gave back other bytes than were written to it; the file was removed again";
            return Err(Failure::LeftOut(Why::new("verification-failed", Severity::Damaged, reason)));
        }
        Ok(lacks.add_to(set))
    }

    /// The facts with the values of all attributes in place, less those that cannot be had.
    pub(super) fn with_values<'f>(&self, facts: &'f Facts) -> Result<(Cow<'f, Facts>, Lacks), Failure> {
        let mut lacks = Lacks::default();
        if facts.xattrs.iter().all(|xattr| matches!(xattr.value, XattrValue::Inline(_))) {
            return Ok((Cow::Borrowed(facts), lacks));
        }
        let mut room_bytes = XATTRS_BYTES_MAX;
        let mut whole = Facts { xattrs: Vec::with_capacity(facts.xattrs.len()), ..facts.clone() };
        for xattr in &facts.xattrs {
            let value = match &xattr.value {
                XattrValue::Inline(value) => Ok(value.clone()),
                XattrValue::Pieces(pieces) => self.value(pieces, &mut room_bytes),
            };
            match value {
                Ok(value) => whole.xattrs.push(Xattr { name: xattr.name.clone(), value: XattrValue::Inline(value) }),
                Err(Failure::LeftOut(why)) if why.severity == Severity::Incomplete => lacks.missing += 1,
                Err(Failure::LeftOut(_)) => lacks.damaged += 1,
                Err(fatal) => return Err(fatal),
            }
        }
        Ok((Cow::Owned(whole), lacks))
    }

    fn value(&self, pieces: &[Piece], room_bytes: &mut usize) -> Result<Vec<u8>, Failure> {
        let mut value = Vec::new();
        for piece in pieces {
            let bytes = self.piece(piece)?;
            *room_bytes = room_bytes.checked_sub(bytes.len()).ok_or_else(|| damaged("its attributes are longer than any system has"))?;
            value.extend_from_slice(&bytes);
        }
        Ok(value)
    }

    fn pieces(&self, content: &FileContent) -> Result<Vec<Piece>, Failure> {
        tree::pieces(&RepoObjects(self.reader), content).map_err(|error| of_tree("file-damaged", error))
    }

    fn piece(&self, piece: &Piece) -> Result<crate::repo::ObjectBytes, Failure> {
        let bytes = self.reader.load(ObjectKind::Chunk, piece.id).map_err(|error| of_repository("file-damaged", error))?;
        if u32::try_from(bytes.len()) == Ok(piece.length_bytes) {
            Ok(bytes)
        } else {
            Err(damaged("a piece has another length than the snapshot says"))
        }
    }

    /// Writes what can be read of a damaged file to `path`, what cannot as zeros, over nothing. False if nothing can be read, or if
    /// something else lies there.
    pub(super) fn write_readable(&self, path: &[u8], item: &Item, content: &FileContent) -> Result<bool, Failure> {
        let pieces = self.pieces(content)?;
        let mut file = self.target.create(path, content.length_bytes, Room::Ahead).map_err(|error| self.of_target(error))?;
        let zeros = vec![0; READ_BYTES];
        let mut hasher = blake3::Hasher::new();
        let (mut offset, mut readable) = (0_u64, false);
        for piece in &pieces {
            let end = offset.saturating_add(piece.length_bytes.into());
            match self.piece(piece) {
                Ok(bytes) => {
                    readable = true;
                    hasher.update(&bytes);
                    file.write_at(offset, &bytes).map_err(|error| self.of_target(error))?;
                }
                Err(Failure::LeftOut(_)) => {
                    let mut at = offset;
                    while at < end {
                        let length = usize::try_from(end.saturating_sub(at)).unwrap_or(READ_BYTES).min(READ_BYTES);
                        let run = zeros.get(..length).unwrap_or_default();
                        hasher.update(run);
                        file.write_at(at, run).map_err(|error| self.of_target(error))?;
                        at = at.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
                    }
                }
                Err(fatal) => return Err(fatal),
            }
            offset = end;
        }
        if !readable {
            return Ok(false);
        }
        let (facts, _) = self.with_values(&item.facts)?;
        match file.finish(&facts, Existing::Refuse) {
            Ok(_) => Ok(true),
            // As the interrupted run left it, or somebody else's.
            Err(TargetError::Exists { .. }) => {
                let written = FileContent { hash: FileHash(*hasher.finalize().as_bytes()), ..content.clone() };
                Ok(self.has_bytes(path, &written).map_err(|error| self.of_target(error))?.is_some())
            }
            Err(error) => Err(self.of_target(error)),
        }
    }

    /// Compares a file that is there, and sets its facts if its bytes are right. If they are not, and the item's [`Here`] says that
    /// it is not to be replaced then, that is the failure.
    pub(super) fn compare(&self, item: &Item, content: &FileContent) -> Result<Compared, Failure> {
        let may_replace = item.here != Here::Confirm;
        let found = match self.has_bytes(&item.path, content) {
            Ok(Some(found)) => found,
            Ok(None) if may_replace => return Ok(Compared::Other(Existing::Replace)),
            Ok(None) => return Err(Failure::LeftOut(other_content())),
            Err(TargetError::Gone { .. }) => return Ok(Compared::Other(Existing::Refuse)),
            // Its mode may forbid to read it: then it is written anew, which its folder decides.
            Err(TargetError::Denied { .. }) if may_replace => return Ok(Compared::Other(Existing::Replace)),
            Err(error) => return Err(self.of_target(error)),
        };
        let (facts, lacks) = self.with_values(&item.facts)?;
        match self.target.set_facts(&item.path, FoundKind::File, &facts) {
            Ok(set) => Ok(Compared::There(lacks.add_to(set))),
            // It has other names, maybe outside: its facts are let be if they are right, else it becomes a file of its own.
            Err(TargetError::Blocked { .. } | TargetError::Denied { .. }) => {
                Ok(facts_agree(&found, &item.facts).map_or(Compared::Other(Existing::Replace), Compared::There))
            }
            Err(TargetError::Gone { .. }) => Ok(Compared::Other(Existing::Refuse)),
            Err(error) => Err(self.of_target(error)),
        }
    }

    /// What lies at `path`, if it is a file with just these bytes.
    fn has_bytes(&self, path: &[u8], content: &FileContent) -> Result<Option<Found>, TargetError> {
        let mut file = self.target.open(path)?;
        let found = file.found();
        if found.length_bytes != content.length_bytes {
            return Ok(None);
        }
        let room = usize::try_from(content.length_bytes).unwrap_or(READ_BYTES).clamp(1, READ_BYTES);
        let mut buffer = vec![0; room];
        let mut hasher = blake3::Hasher::new();
        let mut offset = 0_u64;
        loop {
            let length = file.read_at(offset, &mut buffer)?;
            if length == 0 {
                let same = offset == content.length_bytes && hasher.finalize().as_bytes() == &content.hash.0;
                return Ok(same.then_some(found));
            }
            hasher.update(buffer.get(..length).unwrap_or_default());
            offset = offset.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
            if offset > content.length_bytes {
                return Ok(None);
            }
        }
    }
}

/// Attributes whose values cannot be had from the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Lacks {
    damaged: u32,
    missing: u32,
}

impl Lacks {
    pub(super) fn add_to(self, set: FactsSet) -> FactsSet {
        FactsSet { xattrs_damaged: self.damaged, xattrs_missing: self.missing, ..set }
    }
}

/// Writes what does not lie in a hole. A hole is advice: what is not zeros in it is written all the same.
fn write_around(file: &mut dyn TargetFile, offset: u64, bytes: &[u8], holes: &[(u64, u64)]) -> Result<(), TargetError> {
    let end = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let part = |from: u64, to: u64| {
        let place = |at: u64| usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX);
        bytes.get(place(from)..place(to)).unwrap_or_default()
    };
    let mut at = offset;
    let first = holes.partition_point(|(begin, length)| begin.saturating_add(*length) <= offset);
    for (begin, length) in holes.get(first..).unwrap_or_default().iter().take_while(|(begin, _)| *begin < end) {
        let (from, to) = ((*begin).max(at), begin.saturating_add(*length).min(end));
        if part(from, to).iter().any(|byte| *byte != 0) {
            continue;
        }
        if at < from {
            file.write_at(at, part(at, from))?;
        }
        at = to;
    }
    if at < end { file.write_at(at, part(at, end)) } else { Ok(()) }
}

/// How a file that is there compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// It has the right bytes, and its facts as far as the target keeps them.
    There(FactsSet),
    /// It is to be written: its bytes are others, or its facts are and cannot be set, or it is there no more.
    Other(Existing),
}

/// Whether mode and time are as wanted; the time within the target's tick.
fn facts_agree(found: &Found, facts: &Facts) -> Option<FactsSet> {
    let mut set = FactsSet::default();
    if let Some(mtime) = facts.mtime {
        note_time(&mut set, mtime, found.mtime);
    }
    let mode_agrees = facts.mode.is_none_or(|mode| bits_to_set(mode, FoundKind::File, Rights::LeftOut) == found.mode & 0o777);
    (mode_agrees && !set.time_not_set).then_some(set)
}
