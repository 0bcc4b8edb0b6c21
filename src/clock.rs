//! Owns the notion of "now": every layer takes a [`Clock`], so that a test can run a year in a second.

use std::sync::Mutex;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// A point in time: whole seconds since 1970-01-01T00:00:00Z (negative before) and nanoseconds (0 to 999,999,999) after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    /// Seconds since the Unix epoch, rounded down.
    pub seconds: i64,
    /// Nanoseconds after `seconds`.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// The time `seconds` after the epoch, with no fraction.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self { seconds, nanoseconds: 0 }
    }

    /// The time `duration` later, saturating at the end of the range.
    pub fn plus(self, duration: Duration) -> Self {
        let nanoseconds = self.nanoseconds + duration.subsec_nanos();
        let carry = i64::from(nanoseconds >= 1_000_000_000);
        let whole = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self { seconds: self.seconds.saturating_add(whole).saturating_add(carry), nanoseconds: nanoseconds % 1_000_000_000 }
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        if self <= earlier {
            return Duration::ZERO;
        }
        let borrow = self.nanoseconds < earlier.nanoseconds;
        let seconds = self.seconds.saturating_sub(earlier.seconds) - i64::from(borrow);
        let nanoseconds = self.nanoseconds + if borrow { 1_000_000_000 } else { 0 } - earlier.nanoseconds;
        Duration::new(u64::try_from(seconds).unwrap_or(0), nanoseconds)
    }
}

/// Where an operation learns the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The wall clock: what a snapshot states. May jump.
    fn now(&self) -> Timestamp;
    /// Time since an arbitrary start, never running backwards: for durations.
    fn elapsed(&self) -> Duration;
}

/// The machine's own clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    fn now(&self) -> Timestamp {
        match std::time::SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => Timestamp::default().plus(after),
            Err(before) => {
                let before = before.duration();
                let whole = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
                match before.subsec_nanos() {
                    0 => Timestamp::from_seconds(-whole),
                    fraction => Timestamp { seconds: -whole - 1, nanoseconds: 1_000_000_000 - fraction },
                }
            }
        }
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<(Timestamp, Duration)>,
}

impl ManualClock {
    /// Starts at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self { state: Mutex::new((now, Duration::ZERO)) }
    }

    /// Lets `duration` pass.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *state = (state.0.plus(duration), state.1 + duration);
    }

    /// Sets the wall clock, as a person or a flat battery does; elapsed time is not touched.
    pub fn set(&self, now: Timestamp) {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0 = now;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    fn elapsed(&self) -> Duration {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).1
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, ManualClock, Timestamp};
    use std::time::Duration;

    #[test]
    fn differences_borrow_across_the_second() {
        let early = Timestamp { seconds: 10, nanoseconds: 900_000_000 };
        let late = early.plus(Duration::from_millis(200));
        assert_eq!(late, Timestamp { seconds: 11, nanoseconds: 100_000_000 });
        assert_eq!(late.since(early), Duration::from_millis(200));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::at(Timestamp::from_seconds(100));
        clock.advance(Duration::from_secs(5));
        clock.set(Timestamp::from_seconds(1));
        assert_eq!((clock.now().seconds, clock.elapsed().as_secs()), (1, 5));
    }
}
