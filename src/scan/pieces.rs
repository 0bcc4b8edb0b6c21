//! Owns reading a file piece by piece: the careful reader and the cutter over one reused window.

use super::{CarefulFile, ScanError, Seen, Source};
use crate::chunk::{Bytes, Cutter, MAX_BYTES, MediaKind, NoLayout, PICTURE_BYTES_MAX, Role};
use crate::clock::Clock;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What a window holds as a rule, in bytes: what the cutter wants to see, and what is read ahead.
pub const WINDOW_BYTES: usize = MAX_BYTES + (4 << 20);
/// What it holds while a picture is in it that is larger than that, in bytes.
pub const LARGE_WINDOW_BYTES: usize = PICTURE_BYTES_MAX + (4 << 20);

/// How many windows may be large at once: each has to wait for its turn.
#[derive(Debug)]
pub struct LargeWindows {
    free: Mutex<usize>,
    freed: Condvar,
}

/// The room that files are read into, one after the other.
pub struct Window {
    bytes: Vec<u8>,
    large: Arc<LargeWindows>,
    is_large: bool,
    /// What the time is taken by that goes into asking the system.
    clock: Option<Arc<dyn Clock>>,
    asked: Duration,
    /// What was read and not yet handed on.
    begin: usize,
    end: usize,
    ended: bool,
}

/// A piece of a file, as it was cut.
#[derive(Debug, Clone, Copy)]
pub struct CutPiece<'a> {
    /// Its bytes.
    pub raw: &'a [u8],
    /// It is the file's only one.
    pub is_only: bool,
    /// Of what it is a part; see [`crate::chunk::Cut`].
    pub role: Option<Role>,
    /// It is of a kind that is compressed already.
    pub is_coded: bool,
}

/// A file that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFile {
    /// What was seen of it.
    pub seen: Seen,
    /// What kind of picture or film it is, or why it was cut without knowing.
    pub media: Result<MediaKind, NoLayout>,
}

/// Takes a piece.
pub type OnPiece<'a, E> = &'a mut dyn FnMut(CutPiece<'_>) -> Result<(), E>;

impl LargeWindows {
    /// So many at once; at least one.
    pub fn new(count: usize) -> Arc<Self> {
        Arc::new(Self { free: Mutex::new(count.max(1)), freed: Condvar::new() })
    }

    fn take(&self) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
    }

    fn give_back(&self) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.freed.notify_one();
    }
}

impl std::fmt::Debug for Window {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Window({} bytes)", self.end - self.begin)
    }
}

impl Window {
    /// An empty one.
    pub fn new(large: Arc<LargeWindows>) -> Self {
        let (clock, asked) = (None, Duration::ZERO);
        Self { bytes: vec![0; WINDOW_BYTES], large, is_large: false, clock, asked, begin: 0, end: 0, ended: false }
    }

    /// The same, and takes the time.
    pub fn timed(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// How long the system was asked for so far: opening, looking, reading.
    pub fn asked(&self) -> Duration {
        self.asked
    }

    fn ask<T>(&mut self, question: impl FnOnce(&mut Self) -> T) -> T {
        let Some(clock) = self.clock.clone() else { return question(self) };
        let begin = clock.elapsed();
        let answer = question(self);
        self.asked += clock.elapsed().saturating_sub(begin);
        answer
    }

    fn filled(&self) -> &[u8] {
        self.bytes.get(self.begin..self.end).unwrap_or_default()
    }

    /// Reads on until so many bytes are there, or the file ends.
    fn fill(&mut self, file: &mut CarefulFile, wanted_bytes: usize) -> Result<(), ScanError> {
        if self.begin.saturating_add(wanted_bytes) > self.bytes.len() {
            self.bytes.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        if wanted_bytes > self.bytes.len() && !self.is_large {
            self.large.take();
            self.is_large = true;
            self.bytes.resize(LARGE_WINDOW_BYTES, 0);
        }
        if self.ended || self.end - self.begin >= wanted_bytes {
            return Ok(());
        }
        self.ask(|window| {
            while !window.ended && window.end - window.begin < wanted_bytes {
                match file.read(window.bytes.get_mut(window.end..).unwrap_or_default())? {
                    0 => window.ended = true,
                    count => window.end += count,
                }
            }
            Ok(())
        })
    }

    /// Ready for the next file.
    fn clear(&mut self) {
        (self.begin, self.end, self.ended) = (0, 0, false);
        if self.is_large {
            self.bytes.truncate(WINDOW_BYTES);
            self.bytes.shrink_to_fit();
            self.is_large = false;
            self.large.give_back();
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Reads a whole file and hands on each piece.
///
/// What is cut does not depend on how the system hands out the bytes.
/// Errors: the inner one is the source's; the outer one is `on_piece`'s, and ends everything.
pub fn read_pieces<E>(
    source: &dyn Source,
    path: &[u8],
    window: &mut Window,
    on_piece: OnPiece<'_, E>,
) -> Result<Result<ReadFile, ScanError>, E> {
    let done = read_into(source, path, window, on_piece);
    window.clear();
    match done {
        Ok(read) => Ok(Ok(read)),
        Err(Ended::BySource(error)) => Ok(Err(error)),
        Err(Ended::ByTaker(error)) => Err(error),
    }
}

/// Why a file was not read to its end.
enum Ended<E> {
    BySource(ScanError),
    ByTaker(E),
}

fn read_into<E>(source: &dyn Source, path: &[u8], window: &mut Window, on_piece: OnPiece<'_, E>) -> Result<ReadFile, Ended<E>> {
    let mut file = window.ask(|_| CarefulFile::open(source, path)).map_err(Ended::BySource)?;
    window.fill(&mut file, WINDOW_BYTES).map_err(Ended::BySource)?;
    // A small file is all in the window. Of a large one little is read for this, and read again later.
    let (mut cutter, media) = if window.ended { Cutter::of(&mut Bytes(window.filled())) } else { Cutter::of(&mut file) };
    let mut is_first = true;
    loop {
        window.fill(&mut file, cutter.wants_bytes()).map_err(Ended::BySource)?;
        let Some(cut) = cutter.next_piece(window.filled()) else {
            return window.ask(|_| file.finish()).map(|seen| ReadFile { seen, media }).map_err(Ended::BySource);
        };
        let end = window.begin + cut.length_bytes;
        let is_only = is_first && window.ended && end == window.end;
        let raw = window.bytes.get(window.begin..end).unwrap_or_default();
        on_piece(CutPiece { raw, is_only, role: cut.role, is_coded: cut.is_coded }).map_err(Ended::ByTaker)?;
        window.begin = end;
        is_first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{LargeWindows, WINDOW_BYTES, Window, read_pieces};
    use crate::scan::{Content, MemorySource, generate};
    use std::collections::HashSet;

    fn chunks(source: &MemorySource, path: &str) -> Vec<Vec<u8>> {
        let mut window = Window::new(LargeWindows::new(1));
        let mut chunks = Vec::new();
        let seen = read_pieces::<()>(source, path.as_bytes(), &mut window, &mut |piece| {
            chunks.push(piece.raw.to_vec());
            Ok(())
        });
        assert!(!seen.expect("no error of ours").expect("it reads").seen.changed);
        chunks
    }

    /// Bytes may be inserted anywhere in a film: what follows must be found again.
    #[test]
    fn one_byte_inserted_at_200_places_of_50_mb_costs_few_chunks() {
        let mut bytes = vec![0; 50_000_000];
        generate(11, 0, &mut bytes);
        let source = MemorySource::new();
        source.add_file("film", bytes.clone());
        let before: HashSet<blake3::Hash> = chunks(&source, "film").iter().map(|chunk| blake3::hash(chunk)).collect();
        let mut new_counts = Vec::new();
        for place in 0..200 {
            let at = place * (bytes.len() / 200) + place * 37 % 1000;
            let mut more = bytes.clone();
            more.insert(at, 0x5a);
            source.add_file("film", more);
            new_counts.push(chunks(&source, "film").iter().filter(|chunk| !before.contains(&blake3::hash(chunk))).count());
        }
        new_counts.sort_unstable();
        let (median, worst) = (new_counts[100], new_counts[199]);
        println!("{} chunks of 50 MB; one byte inserted at 200 places: new chunks median {median}, worst {worst}", before.len());
        assert!(median <= 2 && worst <= 4);
    }

    /// A picture larger than the window is one piece all the same, and one that fits is cut as if it were read by ranges.
    #[test]
    fn pictures_are_cut_alike_in_the_window_and_beyond_it() {
        let mut coded = vec![0; 15 << 20];
        generate(5, 0, &mut coded);
        coded.iter_mut().filter(|byte| **byte == 0xff).for_each(|byte| *byte = 0);
        let jpeg = |coded: &[u8]| [&b"\xff\xd8\xff\xe0\0\x10JFIF\0 and so on\xff\xda\0\x04\0\0"[..], coded, b"\xff\xd9", &[1; 9]].concat();
        let source = MemorySource::new();
        for length in [10_000, WINDOW_BYTES - 40, WINDOW_BYTES - 39, WINDOW_BYTES, coded.len()] {
            source.add_file("a", jpeg(&coded[..length]));
            let lengths: Vec<usize> = chunks(&source, "a").iter().map(Vec::len).collect();
            assert_eq!(lengths, [21, length + 8, 9], "{length}");
        }
    }

    #[test]
    fn cuts_do_not_depend_on_what_was_in_the_window() {
        let source = MemorySource::new();
        source.add_file("a", Content::Generated { seed: 1, length_bytes: 20_000_000 });
        source.add_file("empty", "");
        let all = chunks(&source, "a");
        assert_eq!(all.concat().len(), 20_000_000);
        assert!(all.len() > 5 && chunks(&source, "empty").is_empty());
    }
}
