//! Owns the names of files in a repository: which are ours, which of what kind, which foreign. Implements `format-spec/repository.md`.

use super::{FileKind, StoredName, Time};

/// The folder that a hash-named file lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Folder {
    /// `packs/`
    Packs,
    /// `snapshots/`
    Snapshots,
    /// `needs/`
    Needs,
    /// `index/`
    Index,
    /// `keys/`
    Keys,
    /// `tombstones/`
    Tombstones,
    /// `instead/`
    Instead,
}

impl Folder {
    /// All folders.
    pub const ALL: [Self; 7] = [Self::Packs, Self::Snapshots, Self::Needs, Self::Index, Self::Keys, Self::Tombstones, Self::Instead];

    /// The folder's own name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Packs => "packs",
            Self::Snapshots => "snapshots",
            Self::Needs => "needs",
            Self::Index => "index",
            Self::Keys => "keys",
            Self::Tombstones => "tombstones",
            Self::Instead => "instead",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Packs => ".pack",
            Self::Snapshots => ".snapshot",
            Self::Needs => ".needs",
            Self::Index => ".index",
            Self::Keys => ".key",
            Self::Tombstones => ".tombstone",
            Self::Instead => ".instead",
        }
    }

    /// Files lie in a folder named by their first two digits.
    fn is_fanned_out(self) -> bool {
        matches!(self, Self::Packs | Self::Needs | Self::Index)
    }

    /// The kinds of files that may lie in it.
    pub fn kinds(self) -> &'static [FileKind] {
        match self {
            Self::Packs => &[FileKind::DataPack, FileKind::MetaPack],
            Self::Snapshots => &[FileKind::Manifest],
            Self::Needs => &[FileKind::NeedsPage, FileKind::Announcement],
            Self::Index => &[FileKind::Index],
            Self::Keys => &[FileKind::KeySlot],
            Self::Tombstones => &[FileKind::Tombstone],
            Self::Instead => &[FileKind::Instead],
        }
    }
}

/// A hash-named file of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredFile {
    /// Its folder.
    pub folder: Folder,
    /// Its hash.
    pub hash: StoredName,
    /// Below `second/`.
    pub second: bool,
    /// Of a manifest: the time in its name, in seconds since the epoch.
    pub stated_seconds: Option<i64>,
}

impl StoredFile {
    /// A file in the folder's first place. Manifests are named with [`StoredFile::snapshot`].
    pub fn first(folder: Folder, hash: impl Into<StoredName>) -> Self {
        Self { folder, hash: hash.into(), second: false, stated_seconds: None }
    }

    /// A manifest.
    pub fn snapshot(hash: impl Into<StoredName>, time: Time) -> Self {
        // Names have four digits for the year: times outside are clamped, the time inside counts.
        let seconds = time.seconds.clamp(0, Civil::LAST_SECOND);
        Self { folder: Folder::Snapshots, hash: hash.into(), second: false, stated_seconds: Some(seconds) }
    }

    /// The same file's second copy.
    pub fn in_second(self) -> Self {
        Self { second: true, ..self }
    }

    /// The same file's first copy.
    pub fn in_first(self) -> Self {
        Self { second: false, ..self }
    }

    /// Its whole name in the repository.
    pub fn path(&self) -> String {
        let second = if self.second { "second/" } else { "" };
        let (folder, suffix, hash) = (self.folder.word(), self.folder.suffix(), self.hash.hex());
        if self.folder == Folder::Snapshots {
            let time = Civil::from_seconds(self.stated_seconds.unwrap_or(0));
            return format!("{second}{folder}/{:04}-{:02}/{}-{hash}{suffix}", time.year, time.month, time.compact());
        }
        if self.folder.is_fanned_out() {
            let fan = hash.get(..2).unwrap_or("00");
            return format!("{second}{folder}/{fan}/{hash}{suffix}");
        }
        format!("{second}{folder}/{hash}{suffix}")
    }

    /// Reads a whole name; `None` if it is not of our form to the letter.
    pub fn parse(name: &str) -> Option<Self> {
        let (second, rest) = match name.strip_prefix("second/") {
            Some(rest) => (true, rest),
            None => (false, name),
        };
        let (word, rest) = rest.split_once('/')?;
        let folder = Folder::ALL.into_iter().find(|folder| folder.word() == word)?;
        let file_name = rest.rsplit_once('/').map_or(rest, |(_, file_name)| file_name);
        let stem = file_name.strip_suffix(folder.suffix())?;
        let (stated_seconds, digits) = if folder == Folder::Snapshots {
            let (time, digits) = stem.split_once('-')?;
            (Some(Civil::parse_compact(time)?), digits)
        } else {
            (None, stem)
        };
        let file = Self { folder, hash: StoredName::from_hex(digits)?, second, stated_seconds };
        // Second copies exist of what much depends on; other folders below second/ are foreign.
        let allowed = !(second && matches!(folder, Folder::Index | Folder::Instead));
        (allowed && file.path() == name).then_some(file)
    }
}

/// What a name in a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// A hash-named file.
    Stored(StoredFile),
    /// `tintype.json`, or its second copy.
    RepositoryFile {
        /// Below `second/`.
        second: bool,
    },
    /// A rule of a later version: its name and whom it binds (`write`, `read`, `delete`, `check`).
    Rule(String),
    /// `README.txt` or a file below `spec/` or `reader/`.
    Guide,
    /// A writer's unfinished file.
    Temporary,
    /// None of ours: counted, never parsed, never touched.
    Foreign,
}

impl Class {
    /// Tells what a name is.
    pub fn of(name: &str) -> Self {
        if let Some(file) = StoredFile::parse(name) {
            return Self::Stored(file);
        }
        let file_name = name.rsplit_once('/').map_or(name, |(_, file_name)| file_name);
        match name {
            "tintype.json" => Self::RepositoryFile { second: false },
            "second/tintype.json" => Self::RepositoryFile { second: true },
            "README.txt" => Self::Guide,
            _ if file_name.starts_with("tmp-") => Self::Temporary,
            _ if ["spec/", "reader/"].iter().any(|folder| name.len() > folder.len() && name.starts_with(folder)) => Self::Guide,
            _ => match name.strip_prefix("rules/") {
                Some(rule) if is_rule(rule) => Self::Rule(rule.to_owned()),
                _ => Self::Foreign,
            },
        }
    }
}

fn is_rule(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, verb)| {
        let stem_ok = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        stem_ok && matches!(verb, "write" | "read" | "delete" | "check")
    })
}

/// A date and time of day in UTC, proleptic Gregorian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// 1970 to 9999 in names.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// Seconds since midnight.
    pub second_of_day: i64,
}

#[expect(clippy::arithmetic_side_effects, reason = "all inputs are clamped to the years 1970 to 9999 first")]
impl Civil {
    /// 9999-12-31T23:59:59Z.
    pub const LAST_SECOND: i64 = 253_402_300_799;

    /// The date of a time, clamped to the years 1970 to 9999.
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    pub fn from_seconds(seconds: i64) -> Self {
        let seconds = seconds.clamp(0, Self::LAST_SECOND);
        let (days, second_of_day) = (seconds / 86_400 + 719_468, seconds % 86_400);
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            second_of_day,
        }
    }

    /// The inverse of [`Civil::from_seconds`].
    pub fn to_seconds(self) -> i64 {
        let year = self.year.clamp(1970, 9999) - i64::from(self.month <= 2);
        let (era, year_of_era) = (year / 400, year % 400);
        let month_from_march = if self.month > 2 { self.month - 3 } else { self.month + 9 };
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        (era * 146_097 + day_of_era - 719_468) * 86_400 + self.second_of_day
    }

    /// As in names: `20261122T180400Z`.
    pub fn compact(&self) -> String {
        let (hour, minute, second) = (self.second_of_day / 3600, self.second_of_day / 60 % 60, self.second_of_day % 60);
        format!("{:04}{:02}{:02}T{hour:02}{minute:02}{second:02}Z", self.year, self.month, self.day)
    }

    /// Reads `20261122T180400Z`, giving seconds since the epoch.
    pub fn parse_compact(text: &str) -> Option<i64> {
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
        };
        if text.len() != 16 || text.get(8..9) != Some("T") || text.get(15..) != Some("Z") {
            return None;
        }
        let second_of_day = number(9, 11)? * 3600 + number(11, 13)? * 60 + number(13, 15)?;
        let civil = Self { year: number(0, 4)?, month: number(4, 6)?, day: number(6, 8)?, second_of_day };
        let seconds = civil.to_seconds();
        (Self::from_seconds(seconds).compact() == text).then_some(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::{Civil, Class, Folder, StoredFile};
    use crate::format::{StoredName, Time};

    #[test]
    fn names_go_round() {
        let hash = StoredName([0xab; 32]);
        for folder in Folder::ALL.into_iter().filter(|folder| *folder != Folder::Snapshots) {
            let file = StoredFile::first(folder, hash);
            assert_eq!(StoredFile::parse(&file.path()), Some(file));
        }
        let snapshot = StoredFile::snapshot(hash, Time { seconds: 1_795_370_640, nanoseconds: 5 });
        assert!(snapshot.path().starts_with("snapshots/2026-11/20261122T180400Z-abab"), "{}", snapshot.path());
        assert_eq!(StoredFile::parse(&snapshot.in_second().path()), Some(snapshot.in_second()));
    }

    #[test]
    fn every_other_name_is_foreign() {
        let good = StoredFile::first(Folder::Packs, StoredName([0xab; 32])).path();
        let wrong_fan = good.replace("packs/ab/", "packs/ac/");
        for name in [
            &good.to_uppercase(),
            &wrong_fan,
            &format!("{good}~"),
            &good.replace(".pack", " (1).pack"),
            ".DS_Store",
            "packs/._x",
            "packs/ab/x.pack",
            "rules/UPPER.write",
            "second/index/ab/x.index",
            "tintype.json (conflicted copy)",
            "",
        ] {
            assert_eq!(Class::of(name), Class::Foreign, "{name}");
        }
        assert_eq!(Class::of("rules/parity-2.read"), Class::Rule("parity-2.read".to_owned()));
        assert_eq!(Class::of("packs/tmp-1-2-3"), Class::Temporary);
    }

    #[test]
    fn dates_go_round() {
        for seconds in (0..Civil::LAST_SECOND).step_by(7_654_321_987).chain([951_782_400, 4_107_542_399, Civil::LAST_SECOND]) {
            assert_eq!(Civil::from_seconds(seconds).to_seconds(), seconds);
            assert_eq!(Civil::parse_compact(&Civil::from_seconds(seconds).compact()), Some(seconds));
        }
        assert_eq!(Civil::parse_compact("20260231T000000Z"), None);
    }
}
