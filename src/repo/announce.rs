//! Owns announcements: a run that takes long says what it relies on and has written. Implements `format-spec/writing.md`, section "Announcements".
//!
//! It only saves work when another machine deletes meanwhile; the look keeps every snapshot safe without it.

use super::{RepoError, Repository};
use crate::format::{Announcement, FileKind, Header, NameFolder, NeededPack, SealedFile, StoredFile, StoredName, Time, limits};
use std::time::Duration;

/// A run announces itself once it has lasted so long.
const FIRST_AFTER: Duration = Duration::from_secs(3_600);
/// And again after so long.
const AGAIN_AFTER: Duration = Duration::from_secs(6 * 3_600);

/// What a run would announce, and when it did.
#[derive(Debug)]
pub(super) struct Announcing {
    begun: Duration,
    last: Option<Duration>,
    packs: Vec<NeededPack>,
}

impl Announcing {
    /// A run begins at `now`, relying on these packs.
    pub(super) fn begin(now: Duration, relied_on: Vec<NeededPack>) -> Self {
        Self { begun: now, last: None, packs: relied_on }
    }

    /// A pack was written; announces if it is time.
    pub(super) fn wrote(&mut self, repository: &Repository, pack: NeededPack) -> Result<(), RepoError> {
        self.packs.push(pack);
        let now = repository.surroundings.clock.elapsed();
        let (since, wait) = self.last.map_or((self.begun, FIRST_AFTER), |last| (last, AGAIN_AFTER));
        if now.saturating_sub(since) < wait {
            return Ok(());
        }
        self.last = Some(now);
        self.packs.sort_unstable();
        self.packs.dedup();
        let wall = repository.surroundings.clock.now();
        let time = Time { seconds: wall.seconds, nanoseconds: wall.nanoseconds };
        for packs in self.packs.chunks(limits::ANNOUNCEMENT_NAMES_MAX) {
            let header = Header::public(FileKind::Announcement, repository.id());
            let mut covered = header.encode().to_vec();
            covered.extend_from_slice(&Announcement { time, packs: packs.to_vec() }.encode());
            let bytes = SealedFile::join(&header, &covered, &[]);
            let file = StoredFile::first(NameFolder::Needs, StoredName(*blake3::hash(&bytes).as_bytes()));
            repository.store.put(&file.path(), &bytes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::{ManualClock, Timestamp};
    use crate::format::{Announcement, FileKind, ObjectKind, PackKind, SealedFile};
    use crate::repo::{Entropy, Expect, Local, NewProtection, PackRun, Repository, Surroundings};
    use crate::store::MemoryStore;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn a_run_of_eight_hours_announces_itself_twice() {
        let store = MemoryStore::new();
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_795_370_640)));
        let surroundings =
            Surroundings { clock: clock.clone(), entropy: Arc::new(Entropy::seeded(1)), local: Arc::new(Local::default()), threads: 1 };
        let (repository, _) = Repository::create(Arc::new(store.clone()), &NewProtection::Plain, surroundings).unwrap();
        let announced = || store.names().into_iter().filter(|name| name.starts_with("needs/")).collect::<Vec<_>>();
        let mut counts = Vec::new();
        PackRun::run(&repository, 1, Vec::new(), |run| {
            for hour in 0..9_u8 {
                let mut packer = run.packer(PackKind::Data);
                packer.add(ObjectKind::Chunk, ObjectKind::Chunk.id_of(&[hour]), &[hour], Expect::Unknown)?;
                packer.finish()?;
                counts.push(announced().len());
                clock.advance(Duration::from_secs(3_600));
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(counts, [0, 1, 1, 1, 1, 1, 1, 2, 2]);
        let names = announced();
        let longest = names.iter().filter_map(|name| store.bytes_of(name)).map(|bytes| {
            let file = SealedFile::split(&bytes, FileKind::Announcement, repository.id()).unwrap();
            Announcement::decode(file.public).unwrap().packs.len()
        });
        assert_eq!(longest.max(), Some(8));
    }
}
