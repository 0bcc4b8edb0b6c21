//! Owns one sorted run of index entries: in memory while it is gathered, else in a file of the local cache that is mapped.
//!
//! A file is never read whole: a table of where each page begins is searched, then one page, which is compared with its checksum the first
//! time that it is touched. What does not agree is no entry, and the run says from then on that it is damaged. The pages of long runs are
//! read, not mapped: with large pages in the cache each touch of a map would count as two megabytes of memory in use.

use crate::format::ObjectId;
use crate::sys::{CacheMap, map_cache_file};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes of one entry. It begins with the id.
pub(super) const ENTRY_BYTES: usize = 64;
/// An entry as it lies in a run.
pub(super) type EntryBytes = [u8; ENTRY_BYTES];

const PAGE_ENTRIES: usize = 64;
const PAGE_BYTES: usize = PAGE_ENTRIES * ENTRY_BYTES;
/// Of each page, the first bytes of its first id and those of its hash.
const FENCE_BYTES: usize = 16;
/// Longer runs are not mapped as a whole, in bytes: a million entries.
const MAPPED_BYTES_MAX: usize = 65 << 20;
const MAGIC: [u8; 16] = *b"tintype run 1\n\0\0";
/// Magic, count, hash of the table; filled up to a page.
const HEAD_BYTES: usize = 4096;

/// Sorted entries.
#[derive(Debug)]
pub(super) enum Run {
    Memory(Vec<EntryBytes>),
    Mapped(Mapped),
}

/// A run in a file.
#[derive(Debug)]
pub(super) struct Mapped {
    map: CacheMap,
    /// Of a long run, whose pages are read.
    file: Option<File>,
    count: usize,
    table: (usize, usize),
    /// A bit for each page that was compared with its checksum.
    compared: Vec<AtomicU64>,
    is_damaged: AtomicBool,
    /// Its file, and what names it: removed once it turns out to be damaged, so that the next run of the program reads everything anew.
    path: PathBuf,
    named_by: PathBuf,
}

impl Run {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Memory(entries) => entries.len(),
            Self::Mapped(mapped) => mapped.count,
        }
    }

    pub(super) fn entry(&self, position: usize) -> Option<EntryBytes> {
        match self {
            Self::Memory(entries) => entries.get(position).copied(),
            Self::Mapped(mapped) => mapped.entry(position),
        }
    }

    /// The position of the first entry whose id is not less.
    pub(super) fn lower_bound(&self, id: ObjectId) -> usize {
        match self {
            Self::Memory(entries) => entries.partition_point(|entry| id_of(entry) < id.0.as_slice()),
            Self::Mapped(mapped) => mapped.lower_bound(id),
        }
    }

    pub(super) fn is_damaged(&self) -> bool {
        matches!(self, Self::Mapped(mapped) if mapped.is_damaged.load(Ordering::Relaxed))
    }

    /// The file that it lies in.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory(_) => None,
            Self::Mapped(mapped) => Some(&mapped.path),
        }
    }

    /// Maps a file. `None` if it is absent, or its table is not whole.
    pub(super) fn open(path: &Path, named_by: &Path) -> Option<Self> {
        Self::open_by(path, named_by, MAPPED_BYTES_MAX)
    }

    fn open_by(path: &Path, named_by: &Path, mapped_bytes_max: usize) -> Option<Self> {
        let file = File::open(path).ok()?;
        let map = map_cache_file(&file).ok()?;
        let rest = map.strip_prefix(&MAGIC)?;
        let (count, rest) = rest.split_first_chunk::<8>()?;
        let (hash, _) = rest.split_first_chunk::<32>()?;
        let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
        let begin = HEAD_BYTES.checked_add(count.checked_mul(ENTRY_BYTES)?)?;
        let pages = count.div_ceil(PAGE_ENTRIES);
        let table = (begin, begin.checked_add(pages.checked_mul(FENCE_BYTES)?)?);
        if map.len() != table.1 || blake3::hash(map.get(table.0..table.1)?).as_bytes() != hash {
            return None;
        }
        let compared = (0..pages.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        let file = if map.len() > mapped_bytes_max { Some(file) } else { None };
        let (path, named_by) = (path.to_owned(), named_by.to_owned());
        Some(Self::Mapped(Mapped { map, file, count, table, compared, is_damaged: AtomicBool::new(false), path, named_by }))
    }

    /// Writes the entries of runs as one, under a temporary name in `folder`, then under that of its content. Memory: the table alone.
    ///
    /// Errors: the file cannot be written, or a run is damaged.
    pub(super) fn write(runs: &[&Self], folder: &Path) -> std::io::Result<PathBuf> {
        let temporary = folder.join(format!(".tmp-run-{}", std::process::id()));
        let written = write_to(runs, &temporary).and_then(|name| {
            let path = folder.join(name);
            std::fs::rename(&temporary, &path).map(|()| path)
        });
        if written.is_err() {
            _ = std::fs::remove_file(&temporary);
        }
        written
    }
}

fn write_to(runs: &[&Run], path: &Path) -> std::io::Result<String> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(&[0; HEAD_BYTES])?;
    let (mut table, mut page, mut count) = (Vec::new(), Vec::with_capacity(PAGE_BYTES), 0_u64);
    for entry in Merged::of(runs) {
        count += 1;
        page.extend_from_slice(&entry);
        if page.len() == PAGE_BYTES {
            end_page(&mut page, &mut table, &mut file)?;
        }
    }
    if !page.is_empty() {
        end_page(&mut page, &mut table, &mut file)?;
    }
    if count != runs.iter().map(|run| u64::try_from(run.len()).unwrap_or(u64::MAX)).fold(0, u64::saturating_add) {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "a run of the cached index is damaged"));
    }
    file.write_all(&table)?;
    let hash = blake3::hash(&table);
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&MAGIC)?;
    file.write_all(&count.to_le_bytes())?;
    file.write_all(hash.as_bytes())?;
    file.flush()?;
    Ok(format!("run-{}", crate::format::hex(hash.as_bytes().get(..16).unwrap_or_default())))
}

fn end_page(page: &mut Vec<u8>, table: &mut Vec<u8>, file: &mut impl Write) -> std::io::Result<()> {
    table.extend_from_slice(page.get(..8).unwrap_or_default());
    table.extend_from_slice(&checksum(page));
    file.write_all(page)?;
    page.clear();
    Ok(())
}

fn checksum(page: &[u8]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(page).as_bytes();
    [a, b, c, d, e, f, g, h]
}

pub(super) fn id_of(entry: &EntryBytes) -> &[u8] {
    entry.get(..32).unwrap_or_default()
}

impl Mapped {
    fn fence(&self, page: usize) -> Option<(&[u8; 8], &[u8; 8])> {
        let begin = self.table.0.checked_add(page.checked_mul(FENCE_BYTES)?)?;
        let fence: &[u8; FENCE_BYTES] = self.map.get(begin..self.table.1)?.first_chunk()?;
        Some((fence.first_chunk()?, fence.last_chunk()?))
    }

    fn entry(&self, position: usize) -> Option<EntryBytes> {
        if position >= self.count {
            return None;
        }
        let begin = position % PAGE_ENTRIES * ENTRY_BYTES;
        self.with_page(position / PAGE_ENTRIES, |page| page.get(begin..begin + ENTRY_BYTES)?.try_into().ok())?
    }

    /// Looks at a page, which is compared with its checksum once.
    fn with_page<T>(&self, page: usize, look: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let begin = HEAD_BYTES.checked_add(page.checked_mul(PAGE_BYTES)?)?;
        let end = begin.checked_add(PAGE_BYTES)?.min(self.table.0);
        let mut room = [0; PAGE_BYTES];
        let bytes: &[u8] = match &self.file {
            None => self.map.get(begin..end)?,
            Some(file) => {
                let room = room.get_mut(..end.checked_sub(begin)?)?;
                if file.read_exact_at(room, u64::try_from(begin).ok()?).is_err() {
                    self.note_damage();
                    return None;
                }
                room
            }
        };
        let (word, bit) = (self.compared.get(page / 64)?, 1_u64 << (page % 64));
        if word.load(Ordering::Relaxed) & bit == 0 {
            if !self.agrees(page, bytes) {
                self.note_damage();
                return None;
            }
            word.fetch_or(bit, Ordering::Relaxed);
        }
        Some(look(bytes))
    }

    fn agrees(&self, page: usize, bytes: &[u8]) -> bool {
        self.fence(page).is_some_and(|(_, expected)| checksum(bytes) == *expected)
    }

    fn note_damage(&self) {
        if !self.is_damaged.swap(true, Ordering::Relaxed) {
            _ = std::fs::remove_file(&self.named_by);
        }
    }

    fn lower_bound(&self, id: ObjectId) -> usize {
        let [a, b, c, d, e, f, g, h, ..] = id.0;
        let prefix = [a, b, c, d, e, f, g, h];
        let (mut low, mut high) = (0, self.count.div_ceil(PAGE_ENTRIES));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.fence(middle).is_some_and(|(fence, _)| *fence < prefix) { low = middle + 1 } else { high = middle }
        }
        // The first page that may hold it is the one before the first that begins with as much.
        let mut page = low.saturating_sub(1);
        loop {
            let begin = page.saturating_mul(PAGE_ENTRIES);
            let less = self.with_page(page, |bytes| {
                let (entries, _) = bytes.as_chunks::<ENTRY_BYTES>();
                (entries.partition_point(|entry| id_of(entry) < id.0.as_slice()), entries.len())
            });
            match less {
                Some((less, length)) if less == length && begin.saturating_add(length) < self.count => page += 1,
                Some((less, _)) => return begin.saturating_add(less),
                // Damaged, and said so: there is nothing to be found.
                None => return self.count,
            }
        }
    }
}

/// The entries of several sorted runs as one, read in order: not by the map, whose pages would all count as memory in use. Ends early where a
/// run is damaged.
pub(super) struct Merged<'r> {
    heads: Vec<(Entries<'r>, EntryBytes)>,
}

/// The entries of one run in order.
enum Entries<'r> {
    Memory(std::slice::Iter<'r, EntryBytes>),
    File { mapped: &'r Mapped, file: BufReader<File>, page: Vec<u8>, next: usize },
}

impl<'r> Entries<'r> {
    fn of(run: &'r Run) -> Option<Self> {
        match run {
            Run::Memory(entries) => Some(Self::Memory(entries.iter())),
            Run::Mapped(mapped) => {
                let mut file = BufReader::with_capacity(1 << 20, File::open(&mapped.path).ok()?);
                file.seek(SeekFrom::Start(u64::try_from(HEAD_BYTES).ok()?)).ok()?;
                Some(Self::File { mapped, file, page: Vec::new(), next: 0 })
            }
        }
    }

    fn next(&mut self) -> Option<EntryBytes> {
        match self {
            Self::Memory(entries) => entries.next().copied(),
            Self::File { mapped, file, page, next } => {
                let place = *next % PAGE_ENTRIES * ENTRY_BYTES;
                if *next >= mapped.count {
                    return None;
                }
                if place == 0 {
                    let left = (mapped.count - *next).saturating_mul(ENTRY_BYTES);
                    page.resize(left.min(PAGE_BYTES), 0);
                    let is_good = file.read_exact(page).is_ok() && mapped.agrees(*next / PAGE_ENTRIES, page);
                    if !is_good {
                        mapped.note_damage();
                        return None;
                    }
                }
                *next += 1;
                page.get(place..place + ENTRY_BYTES)?.try_into().ok()
            }
        }
    }
}

impl<'r> Merged<'r> {
    pub(super) fn of(runs: &[&'r Run]) -> Self {
        let heads = runs.iter().filter_map(|run| Entries::of(run)).filter_map(|mut entries| entries.next().map(|first| (entries, first)));
        Self { heads: heads.collect() }
    }
}

impl Iterator for Merged<'_> {
    type Item = EntryBytes;

    fn next(&mut self) -> Option<EntryBytes> {
        let (position, (entries, head)) = self.heads.iter_mut().enumerate().min_by_key(|(_, (_, head))| *head)?;
        let least = *head;
        match entries.next() {
            Some(next) => *head = next,
            None => _ = self.heads.swap_remove(position),
        }
        Some(least)
    }
}

#[cfg(test)]
mod tests {
    use super::{EntryBytes, Merged, Run};
    use crate::format::ObjectId;

    fn entry(number: u32, tail: u8) -> EntryBytes {
        let mut entry = [tail; 64];
        entry[..32].copy_from_slice(blake3::hash(&number.to_le_bytes()).as_bytes());
        entry
    }

    fn sorted(numbers: impl Iterator<Item = u32>, tail: u8) -> Run {
        let mut entries: Vec<EntryBytes> = numbers.map(|number| entry(number, tail)).collect();
        entries.sort_unstable();
        Run::Memory(entries)
    }

    fn find(run: &Run, number: u32) -> Vec<u8> {
        let id = ObjectId(*blake3::hash(&number.to_le_bytes()).as_bytes());
        let from = run.lower_bound(id);
        (from..run.len()).map_while(|at| run.entry(at)).take_while(|entry| entry[..32] == id.0).map(|entry| entry[63]).collect()
    }

    #[test]
    fn what_is_written_is_found_and_merged_runs_hold_what_both_did() {
        let folder = tempfile::tempdir().unwrap();
        let named_by = folder.path().join("index");
        for count in [0, 1, 63, 64, 65, 128, 129, 1001, 10_000] {
            let (one, other) = (sorted(0..count, 1), sorted((0..count).filter(|number| number % 3 == 0).chain(20_000..20_010), 2));
            let path = Run::write(&[&one, &other], folder.path()).unwrap();
            let run = Run::open_by(&path, &named_by, if count % 2 == 0 { 0 } else { usize::MAX }).unwrap();
            assert_eq!(run.len(), one.len() + other.len());
            for number in 0..count + 5 {
                let expected: &[u8] = if number >= count {
                    &[]
                } else if number % 3 == 0 {
                    &[1, 2]
                } else {
                    &[1]
                };
                assert_eq!(find(&run, number), expected, "{number} of {count}");
            }
            assert_eq!(find(&run, 20_003), [2]);
            assert!(Merged::of(&[&run]).eq(Merged::of(&[&one, &other])));
            assert!(!run.is_damaged());
        }
    }

    /// As many entries of one id as there may be pages of them.
    #[test]
    fn an_id_that_fills_pages_is_found_from_its_first_entry_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut entries: Vec<EntryBytes> =
            (0..300).map(|tail| entry(7, u8::try_from(tail % 250).unwrap())).chain((0..100).map(|number| entry(number, 0))).collect();
        entries.sort_unstable();
        let path = Run::write(&[&Run::Memory(entries)], folder.path()).unwrap();
        assert_eq!(find(&Run::open(&path, folder.path()).unwrap(), 7).len(), 301);
    }

    #[test]
    fn no_changed_byte_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let named_by = folder.path().join("index");
        let path = Run::write(&[&sorted(0..200, 1)], folder.path()).unwrap();
        let good = std::fs::read(&path).unwrap();
        let (mut refused, mut damaged) = (0, 0);
        for at in (0..56).chain((4096..good.len()).step_by(7)) {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            std::fs::write(&path, &bad).unwrap();
            std::fs::write(&named_by, b"").unwrap();
            match Run::open_by(&path, &named_by, at % 2 * usize::MAX) {
                None => refused += 1,
                Some(run) => {
                    let found = (0..200).filter(|number| find(&run, *number) == [1]).count();
                    assert!(run.is_damaged() && found < 200 && !named_by.exists(), "byte {at}");
                    damaged += 1;
                }
            }
        }
        assert!(refused > 50 && damaged > 1000);
    }
}
