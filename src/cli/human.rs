//! Owns numbers and times as people read them: decimal sizes, counts with separators, durations, local times, "since Sunday".

use crate::clock::{Civil, Timestamp};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

/// A length: `0 bytes`, `41 kB`, `48.1 MB`, `214.6 GB`. Decimal, three digits or so.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") };
    }
    let mut value = bytes as f64 / 1000.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    // 999.95 would be printed as 1000.0.
    while value >= 999.95 {
        let Some(next) = units.next() else { break };
        (value, unit) = (value / 1000.0, next);
    }
    if unit == "kB" { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

/// A count with separators: `18,412`.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and its noun: `1 file`, `18,412 files`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A duration: `12 ms`, `0.9 s`, `12 s`, `3 min 12 s`, `2 h 5 min`.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 0.095 {
        return format!("{:.0} ms", (seconds * 1000.0).max(1.0));
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// The day and, in UTC, the minute of a time that is out of the library's reach: years of more than four digits.
fn far(seconds: i64) -> (String, String) {
    let Civil { year, month, day, hour, minute, .. } = Timestamp::from_seconds(seconds).civil();
    (format!("{year:+05}-{month:02}-{day:02}"), format!("{hour:02}:{minute:02}"))
}

/// Times where this machine is.
#[derive(Debug, Clone)]
pub(super) struct Local(TimeZone);

impl Local {
    /// The machine's own time zone; UTC where it has none.
    pub(super) fn system() -> Self {
        Self(TimeZone::system())
    }

    #[cfg(test)]
    pub(super) fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    fn zoned(&self, seconds: i64) -> Option<Zoned> {
        Some(jiff::Timestamp::from_second(seconds).ok()?.to_zoned(self.0.clone()))
    }

    /// `2026-11-22 18:04 +01:00`.
    pub(super) fn with_offset(&self, seconds: i64) -> String {
        let out_of_reach = || {
            let (day, minute) = far(seconds);
            format!("{day} {minute} +00:00")
        };
        self.zoned(seconds).map_or_else(out_of_reach, |zoned| zoned.strftime("%Y-%m-%d %H:%M %:z").to_string())
    }

    /// `2026-11-22 18:04`.
    pub(super) fn minute(&self, seconds: i64) -> String {
        let out_of_reach = || {
            let (day, minute) = far(seconds);
            format!("{day} {minute}")
        };
        self.zoned(seconds).map_or_else(out_of_reach, |zoned| zoned.strftime("%Y-%m-%d %H:%M").to_string())
    }

    /// `2026-11-22`.
    pub(super) fn day(&self, seconds: i64) -> String {
        self.zoned(seconds).map_or_else(|| far(seconds).0, |zoned| zoned.strftime("%Y-%m-%d").to_string())
    }

    /// The day of a time in a report (RFC 3339), or the text itself.
    pub(super) fn day_of(&self, rfc3339: &str) -> String {
        seconds_of(rfc3339).map_or_else(|| rfc3339.to_owned(), |seconds| self.day(seconds))
    }

    /// When something was, seen from `now`: `18:04`, `yesterday`, `Sunday`, `2026-11-01`.
    pub(super) fn since(&self, rfc3339: &str, now: Timestamp) -> String {
        let then = seconds_of(rfc3339).and_then(|seconds| self.zoned(seconds));
        let (Some(then), Some(now)) = (then, self.zoned(now.seconds)) else { return rfc3339.to_owned() };
        let days = (now.date() - then.date()).get_days();
        match days {
            0 => then.strftime("%H:%M").to_string(),
            1 => "yesterday".to_owned(),
            2..=6 => then.strftime("%A").to_string(),
            _ => then.strftime("%Y-%m-%d").to_string(),
        }
    }

    /// Reads `2026-11-01` and `2026-11-01T18:00`, with seconds and offset or without, as the last second of what they name.
    pub(super) fn parse(&self, text: &str) -> Option<i64> {
        self.span(text).map(|(_, last)| last)
    }

    /// The same as the first second of what they name.
    pub(super) fn first_second(&self, text: &str) -> Option<i64> {
        self.span(text).map(|(first, _)| first)
    }

    /// The first and the last second of a day, minute or second.
    fn span(&self, text: &str) -> Option<(i64, i64)> {
        if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
            return Some((stamp.as_second(), stamp.as_second()));
        }
        let (begin, end) = if let Ok(date) = Date::strptime("%Y-%m-%d", text) {
            (date.at(0, 0, 0, 0), date.checked_add(1.day()).ok()?.at(0, 0, 0, 0))
        } else if let Some(minute) = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"].iter().find_map(|form| DateTime::strptime(form, text).ok()) {
            (minute, minute.checked_add(1.minute()).ok()?)
        } else {
            let second = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"].iter().find_map(|form| DateTime::strptime(form, text).ok())?;
            (second, second.checked_add(1.second()).ok()?)
        };
        let seconds = |time: DateTime| Some(time.to_zoned(self.0.clone()).ok()?.timestamp().as_second());
        Some((seconds(begin)?, seconds(end)? - 1))
    }
}

/// The seconds of a time in a report.
pub(super) fn seconds_of(rfc3339: &str) -> Option<i64> {
    rfc3339.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::{Local, bytes, count, counted, duration};
    use crate::clock::Timestamp;

    #[test]
    fn sizes_are_decimal() {
        let cases = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (41_300, "41 kB"),
            (999_960, "1.0 MB"),
            (48_100_000, "48.1 MB"),
            (214_600_000_000, "214.6 GB"),
            (u64::MAX, "18446.7 PB"),
        ];
        for (length, words) in cases {
            assert_eq!(bytes(length), words);
        }
        assert_eq!((count(0), count(999), count(18_412), count(1_234_567)).3, "1,234,567");
        assert_eq!((count(18_412), counted(1, "file", "files")), ("18,412".to_owned(), "1 file".to_owned()));
        assert_eq!([0.0123, 0.94, 12.4, 192.0, 7_500.0].map(duration), ["12 ms", "0.9 s", "12 s", "3 min 12 s", "2 h 5 min"]);
    }

    #[test]
    fn times_near_and_far() {
        let local = Local::utc();
        let now = Timestamp::from_seconds(1_795_370_640); // 2026-11-22T18:04:00Z, a Sunday
        let since = |text| local.since(text, now);
        assert_eq!(since("2026-11-22T09:15:00Z"), "09:15");
        assert_eq!(since("2026-11-21T23:59:59Z"), "yesterday");
        assert_eq!(since("2026-11-18T00:00:00Z"), "Wednesday");
        assert_eq!(since("2026-11-15T00:00:00Z"), "2026-11-15");
        assert_eq!(since("2026-12-01T00:00:00Z"), "2026-12-01");
        assert_eq!(local.with_offset(now.seconds), "2026-11-22 18:04 +00:00");
        let year_12000 = 316_516_204_800;
        assert_eq!((local.with_offset(year_12000), local.day(year_12000)), ("+12000-01-01 00:00 +00:00".into(), "+12000-01-01".into()));
    }

    #[test]
    fn a_date_stands_for_its_last_second() {
        let local = Local::utc();
        assert_eq!(local.parse("2026-11-22"), Some(1_795_370_640 + 6 * 3600 - 4 * 60 - 1));
        assert_eq!(local.parse("2026-11-22T18:04"), Some(1_795_370_640 + 59));
        assert_eq!(local.parse("2026-11-22 18:04:00"), Some(1_795_370_640));
        let first = ["2026-11-22", "2026-11-22T18:04", "2026-11-22T18:04:00Z"].map(|text| local.first_second(text));
        assert_eq!(first, [Some(1_795_370_640 - 18 * 3600 - 4 * 60), Some(1_795_370_640), Some(1_795_370_640)]);
        assert_eq!(local.parse("2026-11-22T18:04:00Z"), Some(1_795_370_640));
        assert_eq!((local.parse("yesterday"), local.parse("2026-13-01"), local.parse("")), (None, None, None));
    }
}
