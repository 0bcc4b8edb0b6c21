//! Owns reading a file piece by piece: the careful reader and the cutter over one reused window.

use super::{CarefulFile, ScanError, Seen, Source};
use crate::chunk::Cutter;

/// Room that a window should have, in bytes: what the cutter wants to see, and what is read ahead.
pub const WINDOW_BYTES: usize = Cutter::WINDOW_BYTES + (4 << 20);

/// Takes a piece, and whether it is the file's only one.
pub type OnPiece<'a, E> = &'a mut dyn FnMut(&[u8], bool) -> Result<(), E>;

/// Reads a whole file and hands on each piece; the flag says that it is the file's only one.
///
/// `window` is reused from file to file and holds at least [`WINDOW_BYTES`]. What is cut does not depend on how the system hands out the bytes.
/// Errors: the inner one is the source's; the outer one is `on_piece`'s, and ends everything.
pub fn read_pieces<E>(source: &dyn Source, path: &[u8], window: &mut [u8], on_piece: OnPiece<'_, E>) -> Result<Result<Seen, ScanError>, E> {
    let mut file = match CarefulFile::open(source, path) {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    let mut cutter = Cutter::new();
    let (mut begin, mut end, mut ended, mut is_first) = (0, 0, false, true);
    loop {
        while !ended && end - begin < Cutter::WINDOW_BYTES {
            if end == window.len() {
                window.copy_within(begin..end, 0);
                (begin, end) = (0, end - begin);
            }
            match file.read(window.get_mut(end..).unwrap_or_default()) {
                Ok(0) => ended = true,
                Ok(count) => end += count,
                Err(error) => return Ok(Err(error)),
            }
        }
        let piece_bytes = cutter.next_piece(window.get(begin..end).unwrap_or_default());
        if piece_bytes == 0 {
            return Ok(file.finish());
        }
        let is_only = is_first && ended && begin + piece_bytes == end;
        on_piece(window.get(begin..begin + piece_bytes).unwrap_or_default(), is_only)?;
        begin += piece_bytes;
        is_first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{WINDOW_BYTES, read_pieces};
    use crate::scan::{Content, MemorySource, generate};
    use std::collections::HashSet;

    fn chunks(source: &MemorySource, path: &str) -> Vec<Vec<u8>> {
        let mut window = vec![0; WINDOW_BYTES];
        let mut chunks = Vec::new();
        let seen = read_pieces::<()>(source, path.as_bytes(), &mut window, &mut |raw, _| {
            chunks.push(raw.to_vec());
            Ok(())
        });
        assert!(!seen.expect("no error of ours").expect("it reads").changed);
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
