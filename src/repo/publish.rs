//! Owns the end of a run: index segment, needs pages, manifest into `second/`, look, manifest into `snapshots/`.
//! Implements `format-spec/writing.md`, in the order that it demands.

use super::inventory::{Packs, Seen};
use super::repository::put_twice;
use super::{Heads, Known, Ledger, Manifest, RepoError, Repository};
use crate::format::{
    FileKind, Head, Header, IndexSegment, IndexedPack, Kept, ManifestPublic, ManifestSealed, NameFolder, NeededPack, PackName, SealedFile,
    SnapshotName, SourceRecord, StoredFile, StoredName, Time, Tombstone, TombstoneTarget, limits,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a new manifest shall say.
#[derive(Debug)]
pub struct Publication<'a> {
    /// The sources, sorted by label.
    pub sources: Vec<SourceRecord>,
    /// What the person wrote.
    pub note: String,
    /// The program's name and version.
    pub tool: String,
    /// Snapshots to keep from now on, and why, besides those that the newest manifests name.
    pub keep: Vec<Kept>,
    /// Every pack that holds an object which the snapshot reaches.
    pub needed: BTreeSet<NeededPack>,
    /// The packs that this run wrote.
    pub new_packs: &'a [IndexedPack],
    /// What is known of all other packs.
    pub known: &'a Known,
    /// The newest manifests.
    pub heads: &'a Heads,
}

/// How a publication ended.
#[derive(Debug)]
pub enum Published {
    /// The snapshot exists.
    Done {
        /// Its name.
        name: SnapshotName,
        /// The time that it states.
        time: Time,
        /// Bytes written, both copies.
        written_bytes: u64,
        /// What should be said about the time.
        clock_note: Option<String>,
    },
    /// The look found these packs not in place; there is no snapshot, and the manifest's second copy is named by a tombstone.
    NotInPlace(BTreeSet<PackName>),
}

/// What the newest manifests want kept, and what this run does. Of reasons to keep one snapshot the first is enough.
fn kept(heads: &Heads, new: Vec<Kept>) -> Vec<Kept> {
    let of_heads = heads.sources().into_iter().filter_map(|source| heads.of(source).into_iter().next()?.sealed.as_ref());
    let mut all: Vec<Kept> = of_heads.flat_map(|sealed| sealed.keep.iter().cloned()).chain(new).collect();
    all.sort_by_key(|kept| kept.snapshot);
    all.dedup_by_key(|kept| kept.snapshot);
    all
}

/// A previous time that lies further ahead than this is a clock gone wrong, in seconds.
const FAR_AHEAD_SECONDS: i64 = 86_400;
/// How far a clock may be behind the last snapshot before it is worth a word: snapshots in quick succession move ahead of it, a second each.
const BEHIND_SAID_SECONDS: i64 = 60;

impl Repository {
    /// Publishes a snapshot whose packs are on the drive.
    ///
    /// Errors: any failed write ends the run without a snapshot.
    pub fn publish(&self, publication: Publication<'_>, ledger: &mut Ledger) -> Result<Published, RepoError> {
        self.store.sync()?;
        let latest = publication.heads.latest();
        let mut written_bytes = 0;
        let segments = self.write_segment(&publication, latest, &mut written_bytes)?;
        let needs = self.write_needs(&publication, latest, ledger, &mut written_bytes)?;
        let (time, clock_note) = self.time_after(&publication);
        let public = ManifestPublic { time, repository_file: self.repository_file_hash(), needs, segments };
        let other_heads = other_heads(&publication);
        let sealed = ManifestSealed {
            repository_file: self.file_bytes.clone(),
            tool: publication.tool,
            note: publication.note,
            sources: publication.sources,
            keep: kept(publication.heads, publication.keep),
            other_heads,
            sections: Vec::new(),
        };
        let body = sealed.encode();
        // What no reader would accept must not be called a snapshot: limits are checked when decoding.
        let readable = ManifestPublic::decode(&public.encode()).and_then(|_| ManifestSealed::decode(&body));
        readable.map_err(|error| RepoError::not_made("the new manifest")(error.into()))?;
        let bytes = self
            .sealing()?
            .seal_file(FileKind::Manifest, self.id(), self.salt(&body)?, &public.encode(), body)
            .map_err(RepoError::not_made("a new manifest"))?;
        let name = SnapshotName(*blake3::hash(&bytes).as_bytes());
        let file = StoredFile::snapshot(name, time);
        self.store.put(&file.in_second().path(), &bytes)?;
        let missing = self.look(&publication.needed, ledger)?;
        if !missing.is_empty() {
            // Only the run that wrote a manifest may take it back, and only in a way that copies of it obey wherever they lie.
            self.bury(TombstoneTarget::Manifest(name.into()))?;
            return Ok(Published::NotInPlace(missing));
        }
        self.store.put(&file.path(), &bytes)?;
        self.store.sync()?;
        ledger.manifests.insert(name.into(), self.surroundings.clock.now().seconds);
        written_bytes += 2 * limits::to_u64(bytes.len());
        Ok(Published::Done { name, time, written_bytes, clock_note })
    }

    /// The look: tombstones, `instead`, then packs, in this order. Returns the needed packs that are not in place.
    pub(super) fn look(&self, needed: &BTreeSet<NeededPack>, ledger: &mut Ledger) -> Result<BTreeSet<PackName>, RepoError> {
        let notices = self.notices()?;
        let packs = Packs::list(&*self.store)?;
        let mut missing = BTreeSet::new();
        let mut unseen = Vec::new();
        for pack in needed {
            match packs.files.get(&pack.name) {
                Some(seen) if notices.allow(pack.name) && seen.length_bytes == pack.length_bytes && !seen.placeholder => {
                    if !ledger.is_whole(pack.name, *seen) {
                        unseen.push((pack.name, *seen));
                    }
                }
                _ => _ = missing.insert(pack.name),
            }
        }
        let files: Vec<_> = unseen.iter().map(|(name, seen)| (StoredFile::first(NameFolder::Packs, *name), seen.length_bytes)).collect();
        let whole = self.with_whole_trailers(&files)?;
        for (name, seen) in unseen {
            if whole.contains(&StoredFile::first(NameFolder::Packs, name)) {
                ledger.saw_whole(name, seen);
            } else {
                missing.insert(name);
            }
        }
        Ok(missing)
    }

    /// Names a target by a tombstone, in both places.
    pub fn bury(&self, target: TombstoneTarget) -> Result<(), RepoError> {
        let header = Header::public(FileKind::Tombstone, self.id());
        let public = Tombstone { target }.encode();
        let hash = self.sealing()?.master().and_then(|master| master.notice_hash(FileKind::Tombstone, &header.encode(), &public));
        let mut covered = header.encode().to_vec();
        covered.extend_from_slice(&public);
        let bytes = SealedFile::join(&header, &covered, hash.as_ref().map_or(&[][..], |hash| hash));
        put_twice(&*self.store, &StoredFile::first(NameFolder::Tombstones, StoredName(*blake3::hash(&bytes).as_bytes())), &bytes)?;
        self.store.sync().map_err(RepoError::from)
    }

    /// The writer's clock, but at least a second after every previous snapshot of the same sources; a previous time more than a day ahead is not followed.
    fn time_after(&self, publication: &Publication<'_>) -> (Time, Option<String>) {
        let now = self.surroundings.clock.now();
        let now = Time { seconds: now.seconds, nanoseconds: now.nanoseconds };
        let previous =
            publication.sources.iter().flat_map(|source| &source.previous).filter_map(|name| publication.heads.manifests.get(name));
        // Snapshots of other sources, too, if their times are only a little ahead: several runs within a second stay in the order in which they were made.
        let near = |time: &Time| time.seconds.saturating_sub(now.seconds) <= BEHIND_SAID_SECONDS;
        let others = publication.heads.manifests.values().map(|manifest| manifest.public.time).filter(near);
        let Some(newest) = previous.map(|manifest| manifest.public.time).chain(others).max() else { return (now, None) };
        let after = Time { seconds: newest.seconds.saturating_add(1), nanoseconds: newest.nanoseconds };
        if now >= after {
            return (now, None);
        }
        let far_ahead = newest.seconds.saturating_sub(now.seconds) > FAR_AHEAD_SECONDS;
        if far_ahead && now.seconds >= self.surroundings.local.release_seconds {
            let note = "the last snapshot states a time more than a day ahead of this machine's clock: the clock alone was used";
            return (now, Some(note.to_owned()));
        }
        let note = if far_ahead {
            "this machine's clock is wrong: it is before this program was made; the snapshot's time follows the last one instead"
        } else {
            "this machine's clock is behind the last snapshot: the snapshot's time follows that one"
        };
        (after, (newest.seconds.saturating_sub(now.seconds) > BEHIND_SAID_SECONDS).then(|| note.to_owned()))
    }

    /// Writes the segment that covers what no good segment covers yet, taking in small ones where there would be too many. Returns the list for the manifest.
    ///
    /// Packs that only older snapshots need are covered as well: their segments may be lost like any other.
    fn write_segment(
        &self,
        publication: &Publication<'_>,
        latest: Option<&Manifest>,
        written_bytes: &mut u64,
    ) -> Result<Vec<StoredName>, RepoError> {
        let here = super::inventory::list_folder(&*self.store, NameFolder::Index, false)?;
        let index = &publication.known.index;
        let bad: BTreeSet<StoredName> = publication.known.loaded.bad_segments.iter().map(|(file, _)| file.hash).collect();
        let segment_bytes = |name: &StoredName| here.get(name).filter(|_| !bad.contains(name)).map(|(_, seen)| seen.length_bytes);
        let mut covers: BTreeMap<StoredName, BTreeSet<PackName>> = BTreeMap::new();
        for (segment, pack) in index.memberships() {
            let segment = usize::try_from(*segment).ok().and_then(|position| index.segments().get(position));
            if let (Some(segment), Some(pack)) = (segment.filter(|name| segment_bytes(name).is_some()), index.pack(*pack)) {
                covers.entry(*segment).or_default().insert(pack.name);
            }
        }
        let needed: BTreeSet<PackName> = publication.needed.iter().map(|pack| pack.name).collect();
        let listed = latest.map(|manifest| manifest.public.segments.clone()).unwrap_or_default();
        // Those of the last manifest first, then the largest: the list stays as it is while nothing changes.
        let mut candidates: Vec<StoredName> = covers.keys().copied().collect();
        candidates.sort_by_key(|name| (!listed.contains(name), std::cmp::Reverse(covers.get(name).map_or(0, BTreeSet::len)), *name));
        let mut open: BTreeSet<PackName> = needed.clone();
        let mut chosen = Vec::new();
        for name in candidates {
            let Some(packs) = covers.get(&name) else { continue };
            if packs.iter().any(|pack| open.contains(pack)) {
                open.retain(|pack| !packs.contains(pack));
                chosen.push(name);
            }
        }
        let covered: BTreeSet<PackName> = covers.into_values().flatten().collect();
        let mut unlisted: BTreeMap<PackName, Unlisted<'_>> = uncovered(publication.known, &covered).collect();
        unlisted.extend(publication.new_packs.iter().map(|pack| (pack.name, Unlisted::New(pack))));
        if !unlisted.is_empty() {
            self.take_in_small_segments(&mut chosen, &mut unlisted, segment_bytes)?;
            self.write_segments(unlisted, &needed, &mut chosen, written_bytes)?;
        }
        Ok(chosen)
    }

    /// Writes segments for these packs, as full as they may be, and adds the names of those that are needed to `chosen`. The directories of one
    /// segment are in memory at a time.
    fn write_segments(
        &self,
        unlisted: BTreeMap<PackName, Unlisted<'_>>,
        needed: &BTreeSet<PackName>,
        chosen: &mut Vec<StoredName>,
        written_bytes: &mut u64,
    ) -> Result<(), RepoError> {
        let mut left = unlisted.into_iter().peekable();
        while left.peek().is_some() {
            let (mut packs, mut part_bytes) = (Vec::new(), 0);
            while let Some((name, pack)) = left.next_if(|_| part_bytes < limits::SEGMENT_FULL_BYTES) {
                let pack = match pack {
                    Unlisted::New(pack) => Some(pack.clone()),
                    Unlisted::Listed(pack) => Some(*pack),
                    Unlisted::Here(seen) => self.read_directory(name, seen)?.ok(),
                };
                let Some(pack) = pack else { continue };
                part_bytes += limits::to_u64(pack.directory.encode().len());
                packs.push(pack);
            }
            if packs.is_empty() {
                continue;
            }
            let is_needed = packs.iter().any(|pack| needed.contains(&pack.name));
            let body = IndexSegment { packs }.encode();
            let bytes = self
                .sealing()?
                .seal_file(FileKind::Index, self.id(), self.salt(&body)?, &[], body)
                .map_err(RepoError::not_made("a new index segment"))?;
            let file = StoredFile::first(NameFolder::Index, StoredName(*blake3::hash(&bytes).as_bytes()));
            self.store.put(&file.path(), &bytes)?;
            *written_bytes += limits::to_u64(bytes.len());
            if is_needed {
                chosen.push(file.hash);
            }
        }
        Ok(())
    }

    /// If the manifest would name more than 12 segments that are not full: the smallest, then each that is smaller than what is gathered so far.
    fn take_in_small_segments(
        &self,
        chosen: &mut Vec<StoredName>,
        unlisted: &mut BTreeMap<PackName, Unlisted<'_>>,
        segment_bytes: impl Fn(&StoredName) -> Option<u64>,
    ) -> Result<(), RepoError> {
        let mut not_full: Vec<(u64, StoredName)> = chosen
            .iter()
            .filter_map(|name| Some((segment_bytes(name)?, *name)))
            .filter(|(bytes, _)| *bytes < limits::SEGMENT_FULL_BYTES)
            .collect();
        if not_full.len() < limits::OPEN_SEGMENTS_MAX {
            return Ok(());
        }
        not_full.sort_unstable();
        let new =
            unlisted.values().filter_map(|pack| if let Unlisted::New(pack) = pack { Some(pack.directory.encode().len()) } else { None });
        let mut gathered_bytes = limits::to_u64(new.sum());
        for (position, (bytes, name)) in not_full.into_iter().enumerate() {
            if position > 0 && bytes >= gathered_bytes {
                break;
            }
            let Ok(segment) = self.read_segment(name)? else { continue };
            unlisted.extend(segment.packs.into_iter().map(|pack| (pack.name, Unlisted::Listed(Box::new(pack)))));
            gathered_bytes = gathered_bytes.saturating_add(bytes);
            chosen.retain(|other| *other != name);
        }
        Ok(())
    }
}

/// A pack that a new segment is to list.
enum Unlisted<'p> {
    /// This run wrote it.
    New(&'p IndexedPack),
    /// A segment that is taken in lists it.
    Listed(Box<IndexedPack>),
    /// It was here, and its directory is read from itself.
    Here(Seen),
}

/// The packs that were here and that no good segment lists.
fn uncovered<'p>(known: &'p Known, covered: &'p BTreeSet<PackName>) -> impl Iterator<Item = (PackName, Unlisted<'static>)> + 'p {
    let packs = known.index.packs().iter().filter(|pack| !covered.contains(&pack.name));
    packs.filter_map(|pack| {
        let seen = known.packs.files.get(&pack.name).filter(|seen| !seen.placeholder)?;
        Some((pack.name, Unlisted::Here(*seen)))
    })
}

/// The newest manifest of each source that is not in this snapshot, for up to 32 of them, newest first.
fn other_heads(publication: &Publication<'_>) -> Vec<Head> {
    let ours: BTreeSet<_> = publication.sources.iter().map(|source| source.id).collect();
    let mut heads: BTreeMap<_, Head> = BTreeMap::new();
    let mut offer = |head: Head| {
        let newer = heads.get(&head.source).is_none_or(|known| (known.time, known.snapshot) < (head.time, head.snapshot));
        if !ours.contains(&head.source) && newer {
            heads.insert(head.source, head);
        }
    };
    for manifest in publication.heads.manifests.values() {
        let Some(sealed) = &manifest.sealed else { continue };
        sealed.other_heads.iter().for_each(|head| offer(*head));
        for source in &sealed.sources {
            offer(Head { source: source.id, snapshot: manifest.name, time: manifest.public.time });
        }
    }
    let mut heads: Vec<Head> = heads.into_values().collect();
    heads.sort_by_key(|head| std::cmp::Reverse((head.time, head.snapshot)));
    heads.truncate(limits::OTHER_HEADS_MAX);
    heads
}
