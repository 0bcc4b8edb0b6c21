//! Owns what `snap` reports: the same struct feeds the words and the JSON.

use crate::ops::Problem;
use crate::scan::{MediaKind, NoLayout};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a snap did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SnapReport {
    /// The snapshot's whole id, 64 hexadecimal digits.
    pub snapshot: String,
    /// The time that it states, RFC 3339 in UTC.
    pub time: String,
    /// What was snapped.
    pub sources: Vec<SourceReport>,
    /// Bytes that were written to the repository in this run, all kinds of files and both copies.
    pub stored_bytes: u64,
    /// What was stored, in detail.
    pub stored: Stored,
    /// The sources and the repository lie on one device: the snapshot does not survive it. `None` if it cannot be told.
    pub same_device: Option<bool>,
    /// Copies of new packs that were read back from the medium.
    pub packs_read_back: u64,
    /// Their bytes.
    pub bytes_read_back: u64,
    /// Repository files that were healed on the way.
    pub healed: Vec<String>,
    /// What is weak about the place, in words.
    pub weaknesses: Vec<String>,
    /// What a person should know.
    pub problems: Vec<Problem>,
    /// Where the time went.
    pub timings: Timings,
}

/// One source.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SourceReport {
    /// Its name in snapshots.
    pub label: String,
    /// Its path, printable.
    pub path: String,
    /// Its id.
    pub id: String,
    /// Files in the snapshot.
    pub files: u64,
    /// Folders, the root included.
    pub folders: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Sum of the files' lengths, in bytes.
    pub bytes: u64,
    /// Files that the last snapshot did not have.
    pub new_files: u64,
    /// Their length, in bytes.
    pub new_bytes: u64,
    /// Files whose content changed.
    pub changed_files: u64,
    /// Those of them that have the same picture or film as before: what is said about it changed.
    pub metadata_changed_files: u64,
    /// Files of the last snapshot that are at another path now, with the same bytes.
    pub renamed_files: u64,
    /// Files of the last snapshot whose bytes are nowhere in the source now.
    pub gone_files: u64,
    /// Some of their paths, printable, at most 20.
    pub gone: Vec<String>,
    /// When the last snapshot of this source was taken, RFC 3339 in UTC; `None`: this is the first.
    pub since: Option<String>,
    /// Files that were read.
    pub read_files: u64,
    /// Bytes that were read.
    pub read_bytes: u64,
    /// What was not saved, at most 1,000 of them; all stand in the snapshot itself.
    pub not_saved: Vec<NotSaved>,
    /// How many were not saved.
    pub not_saved_count: u64,
    /// How many of them are only in the cloud.
    pub cloud_only: u64,
    /// Files and folders that could not be read, and of which what was kept is lost since the last snapshot.
    pub lost: u64,
    /// It could not be read at all: what stands here is what is kept of it.
    pub absent: bool,
    /// Of a source that is absent: the time of the snapshot in which it was last read, RFC 3339; `None`: nothing of it is kept.
    pub kept_from: Option<String>,
    /// Sockets, FIFOs and devices left out, and whatever else was passed over.
    pub skipped: u64,
    /// Of what kinds, by name.
    pub skipped_kinds: Vec<SkippedKind>,
    /// What rules left out, by rule.
    pub excluded: Vec<ExcludedRule>,
    /// All times lie so many seconds ahead of those of the last snapshot: a clock, not a change. 0: they do not.
    pub clock_shift_seconds: i64,
    /// Files whose bytes changed though nothing says that anybody wrote to them.
    pub rotten_files: u64,
    /// Where this repository lies in the source, printable; it is left out.
    pub repository_inside: Option<String>,
    /// Extended attributes that could not be read, or are too large or too many for a snapshot.
    pub attributes_unread: u64,
    /// What was listed, was never saved, and was gone when it was to be read.
    pub vanished: u64,
}

/// How many entries of one kind were passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedKind {
    /// Such as `socket`.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// What one rule left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ExcludedRule {
    /// The rule, such as `.DS_Store` or `--exclude *.tmp`.
    pub rule: String,
    /// Files and folders that it named.
    pub entries: u64,
    /// Files, those below the folders too.
    pub files: u64,
    /// Sum of their lengths, in bytes.
    pub bytes: u64,
}

/// Something that was not saved as it is now.
#[derive(Debug, Clone, Serialize)]
pub struct NotSaved {
    /// Where, printable.
    pub path: String,
    /// Why, in a few words.
    pub reason: String,
    /// It changed while it was read, twice, and is in the snapshot as it was read.
    pub kept_as_read: bool,
    /// Its bytes are only in the cloud, and reading would have downloaded them.
    pub cloud_only: bool,
    /// An earlier snapshot had it, and what was kept of it is lost.
    pub lost: bool,
    /// The time of the snapshot whose content is kept instead, RFC 3339, or its id if it is not here any more; `None`: nothing earlier is kept.
    pub kept_from: Option<String>,
    /// First said at this time, less than 30 days ago, and unchanged since; `None`: news.
    pub known_since: Option<String>,
}

/// What was written, in detail.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Stored {
    /// Pieces of files that were not there.
    pub new_chunks: u64,
    /// Their raw bytes.
    pub new_chunk_bytes: u64,
    /// Bytes of files all of whose pieces were there already: copies.
    pub same_file_bytes: u64,
    /// Files whose picture or film was there already, and not all that is said about it.
    pub same_picture_files: u64,
    /// Bytes of them that were there: what cutting where pictures begin and end saves.
    pub same_picture_bytes: u64,
    /// Bytes of them that were not.
    pub same_picture_new_bytes: u64,
    /// Bytes of other files that were there: pieces found again by cutting by content.
    pub same_piece_bytes: u64,
    /// Bytes that compression saved.
    pub compressed_away_bytes: u64,
    /// How the files that were read were cut.
    pub media: MediaCuts,
    /// Packs, second copies not counted.
    pub packs: u64,
    /// Their bytes.
    pub pack_bytes: u64,
}

/// How files were cut.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MediaCuts {
    /// By kind, such as `jpeg`: those that were cut where pictures and films begin and end.
    pub known: BTreeMap<&'static str, u64>,
    /// By reason: pictures and films that were not understood, and cut as any other file.
    pub not_understood: BTreeMap<String, u64>,
    /// Files of no such kind.
    pub other: u64,
}

impl MediaCuts {
    pub(super) fn count(&mut self, media: Result<MediaKind, NoLayout>) {
        let count = match media {
            Ok(kind) => self.known.entry(kind.name()).or_default(),
            Err(NoLayout::Unknown) => &mut self.other,
            Err(why) => self.not_understood.entry(why.to_string()).or_default(),
        };
        *count += 1;
    }
}

/// Where the time went, in seconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Timings {
    /// Opening the repository's index and the last snapshots.
    pub opening: f64,
    /// Walking and comparing.
    pub walking: f64,
    /// Reading, cutting, hashing, compressing, sealing.
    pub storing: f64,
    /// Trees, index, needs, look, manifest.
    pub finishing: f64,
    /// All of it.
    pub total: f64,
    /// Where the time of storing went, summed over the threads.
    pub threads: ThreadTimings,
}

/// Where the time of the threads went that store, each summed over its threads, in seconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct ThreadTimings {
    /// How many read, cut, hashed, compressed and sealed.
    pub workers: usize,
    /// Cutting, hashing, compressing, sealing, comparing.
    pub busy: f64,
    /// Opening and reading files.
    pub waiting_for_input: f64,
    /// Waiting for a pack or a buffer that is still being written.
    pub waiting_for_output: f64,
    /// Writing and syncing packs, in threads of its own.
    pub writing: f64,
}
