//! Owns the notion of "now": every layer takes a [`Clock`], so that a test can run a year in a second.

use crate::packed::{Decode, Encode};
use std::sync::Mutex;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// A point in time: whole seconds since 1970-01-01T00:00:00Z (negative before) and nanoseconds (0 to 999,999,999) after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
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

    /// This many seconds and nanoseconds earlier.
    pub fn minus(self, duration: Duration) -> Self {
        let (borrow, nanoseconds) = match self.nanoseconds.checked_sub(duration.subsec_nanos()) {
            Some(nanoseconds) => (0, nanoseconds),
            None => (1, self.nanoseconds + 1_000_000_000 - duration.subsec_nanos()),
        };
        let whole = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self { seconds: self.seconds.saturating_sub(whole).saturating_sub(borrow), nanoseconds }
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

/// A point in time as a calendar has it: UTC, Gregorian, also for years that have more than four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// The year; 0 is the one before 1.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
}

impl Timestamp {
    /// This time in the calendar.
    pub fn civil(self) -> Civil {
        const DAY_SECONDS: i64 = 86_400;
        const ERA_DAYS: i64 = 146_097;
        // Days since 0000-03-01: leap days then come last in their years. Eras of 400 years are all alike.
        let days = self.seconds.div_euclid(DAY_SECONDS) + 719_468;
        let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let second_of_day = self.seconds.rem_euclid(DAY_SECONDS);
        Civil {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: second_of_day / 3_600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
        }
    }

    /// RFC 3339 in UTC. It has four digits for a year: other years are written with a sign, as ISO 8601 expands them (`+12000-01-01T00:00:00Z`).
    pub fn rfc3339(self) -> String {
        let nanoseconds = i32::try_from(self.nanoseconds).unwrap_or(0);
        if let Ok(stamp) = jiff::Timestamp::new(self.seconds, nanoseconds) {
            return stamp.to_string();
        }
        let Civil { year, month, day, hour, minute, second } = self.civil();
        let fraction = match self.nanoseconds {
            0 => String::new(),
            nanoseconds => format!(".{nanoseconds:09}").trim_end_matches('0').to_owned(),
        };
        format!("{year:+05}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
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
    fn years_of_more_than_four_digits_are_written_with_a_sign() {
        let written = |seconds, nanoseconds| Timestamp { seconds, nanoseconds }.rfc3339();
        assert_eq!(written(316_516_204_800, 0), "+12000-01-01T00:00:00Z");
        assert_eq!(written(316_516_204_799, 500_000_000), "+11999-12-31T23:59:59.5Z");
        assert_eq!(written(i64::MAX, 0), "+292277026596-12-04T15:30:07Z");
        assert_eq!(written(i64::MIN, 0), "-292277022657-01-27T08:29:52Z");
        assert_eq!(written(0, 0), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn the_calendar_agrees_with_a_library_where_both_reach() {
        for seconds in (-377_705_000_000..253_402_200_000_i64).step_by(91_234_567) {
            let civil = Timestamp::from_seconds(seconds).civil();
            let known = jiff::Timestamp::from_second(seconds).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
            let date = (i64::from(known.year()), i64::from(known.month()), i64::from(known.day()));
            let time = (i64::from(known.hour()), i64::from(known.minute()), i64::from(known.second()));
            assert_eq!(((civil.year, civil.month, civil.day), (civil.hour, civil.minute, civil.second)), (date, time));
        }
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::at(Timestamp::from_seconds(100));
        clock.advance(Duration::from_secs(5));
        clock.set(Timestamp::from_seconds(1));
        assert_eq!((clock.now().seconds, clock.elapsed().as_secs()), (1, 5));
    }
}
