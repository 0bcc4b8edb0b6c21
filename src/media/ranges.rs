//! Owns reading a file at any place for a parser: in steps, with a budget, every place checked.

use super::NoLayout;

/// A file that can be read anywhere.
pub trait Ranges {
    /// How long it is.
    fn length_bytes(&self) -> u64;

    /// Reads at most `into.len()` bytes from `offset` on; fewer only at the end of the file.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, RangeError>;
}

/// A file could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file cannot be read")]
pub struct RangeError;

/// Bytes in memory.
#[derive(Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Ranges for Bytes<'_> {
    fn length_bytes(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, RangeError> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.0.get(offset..)).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(into), Some(rest)) = (into.get_mut(..count), rest.get(..count)) {
            into.copy_from_slice(rest);
        }
        Ok(count)
    }
}

/// Read at once, in bytes.
const STEP_BYTES: usize = 64 << 10;

/// Reads a file for a parser, with one window and a budget.
pub struct Reader<'a> {
    ranges: &'a mut dyn Ranges,
    length_bytes: u64,
    window: Vec<u8>,
    window_offset: u64,
    left_bytes: u64,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Reader").field("length_bytes", &self.length_bytes).field("left_bytes", &self.left_bytes).finish()
    }
}

impl<'a> Reader<'a> {
    /// Reads at most `read_bytes_max` in all.
    pub fn new(ranges: &'a mut dyn Ranges, read_bytes_max: u64) -> Self {
        let length_bytes = ranges.length_bytes();
        Self { ranges, length_bytes, window: Vec::new(), window_offset: 0, left_bytes: read_bytes_max }
    }

    /// How long the file is.
    pub fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    /// Fills `into` from `offset` on as far as the file goes; returns how much.
    ///
    /// # Errors
    ///
    /// [`NoLayout::Unreadable`], or [`NoLayout::TooMuch`] when the budget is used up.
    pub fn read_some(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, NoLayout> {
        let mut count = 0;
        while count < into.len() {
            let at = offset.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            if at >= self.length_bytes {
                break;
            }
            let within = at.checked_sub(self.window_offset).and_then(|within| usize::try_from(within).ok());
            let rest = within.and_then(|within| self.window.get(within..)).filter(|rest| !rest.is_empty());
            let Some(rest) = rest else {
                self.load(at)?;
                continue;
            };
            let take = rest.len().min(into.len() - count);
            if let (Some(into), Some(rest)) = (into.get_mut(count..count + take), rest.get(..take)) {
                into.copy_from_slice(rest);
            }
            count += take;
        }
        Ok(count)
    }

    /// Moves the window; what it holds begins at `at`.
    fn load(&mut self, at: u64) -> Result<(), NoLayout> {
        let step = u64::try_from(STEP_BYTES).unwrap_or(u64::MAX).min(self.length_bytes.saturating_sub(at));
        self.left_bytes = self.left_bytes.checked_sub(step).ok_or(NoLayout::TooMuch)?;
        self.window.resize(usize::try_from(step).unwrap_or(0), 0);
        self.window_offset = at;
        let read = self.ranges.read_at(at, &mut self.window);
        let count = *read.as_ref().unwrap_or(&0);
        self.window.truncate(count);
        match read {
            Err(_) => Err(NoLayout::Unreadable),
            // A file that is shorter now than it was said to be.
            Ok(0) => Err(NoLayout::Truncated),
            Ok(_) => Ok(()),
        }
    }

    /// Where the next byte of this value lies, from `from` on.
    ///
    /// # Errors
    ///
    /// As [`Reader::read_some`].
    pub fn find(&mut self, value: u8, from: u64) -> Result<Option<u64>, NoLayout> {
        let mut at = from;
        while at < self.length_bytes {
            let within = at.checked_sub(self.window_offset).and_then(|within| usize::try_from(within).ok());
            let Some(rest) = within.and_then(|within| self.window.get(within..)).filter(|rest| !rest.is_empty()) else {
                self.load(at)?;
                continue;
            };
            if let Some(place) = memchr::memchr(value, rest) {
                return Ok(Some(at.saturating_add(u64::try_from(place).unwrap_or(u64::MAX))));
            }
            at = at.saturating_add(u64::try_from(rest.len()).unwrap_or(u64::MAX));
        }
        Ok(None)
    }

    /// The `N` bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// As [`Reader::read_some`], and [`NoLayout::Truncated`] where the file ends before.
    pub fn array<const N: usize>(&mut self, offset: u64) -> Result<[u8; N], NoLayout> {
        let mut bytes = [0; N];
        if self.read_some(offset, &mut bytes)? < N { Err(NoLayout::Truncated) } else { Ok(bytes) }
    }
}
