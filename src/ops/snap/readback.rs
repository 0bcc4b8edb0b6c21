//! Owns reading new packs back from the medium before a snapshot names them: a drive that lies about what it wrote is found out now.

use crate::progress::Observer;
use crate::repo::{NameFolder, PackKind, PackName, PackSums, RepoError, Repository, StoredFile};
use std::collections::BTreeSet;

/// Which of the new packs are read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadBack {
    /// None: every record was decoded and compared before its pack was written, and packs are synced.
    #[default]
    None,
    /// A few: the last of each kind, and every sixteenth. For drives that are plugged in.
    Sample,
    /// All of them.
    All,
}

/// Of so many packs one is read in a sample.
const SAMPLE_STEP: usize = 16;

/// What reading back came to.
#[derive(Debug, Default)]
pub(super) struct ReadBackSums {
    /// Packs that are wrong or gone, in either copy.
    pub(super) bad: BTreeSet<PackName>,
    /// Copies that were read.
    pub(super) copies: u64,
    /// Their bytes.
    pub(super) bytes: u64,
}

/// Reads new packs as they lie on the medium: what the system holds of them in memory is dropped first.
pub(super) fn read_back(
    repository: &Repository,
    packs: &PackSums,
    which: ReadBack,
    observer: &dyn Observer,
) -> Result<ReadBackSums, RepoError> {
    let mut sums = ReadBackSums::default();
    if which == ReadBack::None {
        return Ok(sums);
    }
    // What was written last is what a drive that is pulled out or full loses first.
    let last_of = |kind| packs.packs.iter().rev().find(|pack| pack.kind == kind).map(|pack| pack.name);
    let last = [last_of(PackKind::Data), last_of(PackKind::Meta)];
    repository.store().sync()?;
    for (position, pack) in packs.packs.iter().enumerate() {
        let is_chosen = which == ReadBack::All || position % SAMPLE_STEP == 0 || last.contains(&Some(pack.name));
        if !is_chosen {
            continue;
        }
        let first = StoredFile::first(NameFolder::Packs, pack.name);
        let second = (pack.kind == PackKind::Meta).then(|| first.in_second());
        for file in [Some(first), second].into_iter().flatten() {
            repository.store().forget_cached(&file.path());
            let verdict = repository.verify_pack(&file, pack.length_bytes, &|_| None, observer)?;
            sums.copies += 1;
            sums.bytes = sums.bytes.saturating_add(verdict.bytes_read);
            if !verdict.is_good() {
                sums.bad.insert(pack.name);
            }
        }
    }
    Ok(sums)
}
