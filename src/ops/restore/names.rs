//! Owns the names that things get in a target: as in the snapshot, unless the target cannot hold such a name or takes two for one.
//!
//! A name is changed as little as needed, always in the same way, so that going on and overwriting find what was restored before: bytes
//! that the target refuses become `%` and two hexadecimal digits ([`unescaped`] gives them back), what is too long is cut and gets a part
//! of its hash, and of names that the target takes for one the later get a number. Whatever is changed is told.

use super::marker::MARKER;
use crate::scan::escaped;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use unicode_normalization::UnicodeNormalization;

/// How long a name may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameLength {
    /// In bytes.
    Bytes(usize),
    /// In units of UTF-16, as on FAT, exFAT, NTFS and HFS+.
    Utf16(usize),
}

/// Which bytes a name may have, besides what Windows reserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Letters {
    /// Any.
    Any,
    /// Those of text in UTF-8.
    Text,
    /// Those of ASCII: some old drivers know no other letters.
    Ascii,
}

/// Which names a file system takes for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alike {
    /// None: each row of bytes is a name of its own.
    Bytes,
    /// Those that differ by case alone.
    Case,
    /// Also those whose letters are composed in another way (NFC, NFD).
    CaseAndForm,
}

/// What names a file system can hold, and which of them it takes for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NameRules {
    /// Which bytes are accepted.
    pub letters: Letters,
    /// What Windows reserves is refused, or would be changed or unreachable there: control characters, `"*:<>?\|`, a dot or space at the
    /// end, names of devices.
    pub windows: bool,
    /// Which names are one.
    pub alike: Alike,
    /// How long one may be.
    pub length_max: NameLength,
    /// How long a file may be, in bytes.
    pub file_bytes_max: u64,
}

impl NameRules {
    /// ext4, XFS, btrfs, ZFS and their kin: any bytes.
    pub const LINUX: Self =
        Self { letters: Letters::Any, windows: false, alike: Alike::Bytes, length_max: NameLength::Bytes(255), file_bytes_max: u64::MAX };
    /// APFS and HFS+ as Macs come.
    pub const MAC: Self = Self { letters: Letters::Text, alike: Alike::CaseAndForm, ..Self::LINUX };
    /// NTFS, as Windows can use it.
    pub const NTFS: Self =
        Self { letters: Letters::Text, windows: true, alike: Alike::Case, length_max: NameLength::Utf16(255), ..Self::LINUX };
    /// exFAT.
    pub const EXFAT: Self = Self::NTFS;
    /// FAT32: files end below 4 GiB.
    pub const FAT32: Self = Self { file_bytes_max: u32::MAX as u64, ..Self::NTFS };

    /// By the name that the system gives a kind of file system; `None`: not known, it can be tried.
    pub fn of_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            "ext4" | "btrfs" | "xfs" | "zfs" | "f2fs" | "bcachefs" | "overlay" | "tmpfs" | "ramfs" | "jfs" | "reiserfs" | "nfs" => {
                Self::LINUX
            }
            "vfat" | "msdos" | "msdosfs" => Self::FAT32,
            "exfat" => Self::EXFAT,
            "ntfs" | "ntfs3" => Self::NTFS,
            "apfs" | "hfs" | "hfsplus" => Self::MAC,
            _ => return None,
        })
    }

    /// The name that a thing called `name` can have, and why it is another one; `None`: its own.
    pub fn fit(&self, name: &[u8]) -> Option<(Vec<u8>, &'static str)> {
        let (mut fitted, mut why) = match self.escaped(name) {
            Some(escaped) => (escaped, Some("its name has bytes that the target refuses")),
            None => (name.to_vec(), None),
        };
        if !self.is_short(&fitted) {
            let hash = blake3::hash(name).to_hex();
            fitted = self.shortened(&fitted, &format!("~{}", hash.get(..8).unwrap_or_default()));
            why = Some("its name is longer than the target allows");
        }
        why.map(|why| (fitted, why))
    }

    /// Whether a thing called `name` can have its name.
    pub fn can_hold(&self, name: &[u8]) -> bool {
        self.fit(name).is_none()
    }

    /// A text that is equal for names that are one.
    pub fn folded(&self, name: &[u8]) -> Vec<u8> {
        if self.alike == Alike::Bytes {
            return name.to_vec();
        }
        let mut folded = Vec::with_capacity(name.len());
        let mut add = |character: char| folded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        for chunk in name.utf8_chunks() {
            // Up and down again: some letters have two small forms.
            let cased = |text: &str| text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect::<String>();
            match self.alike {
                Alike::CaseAndForm => cased(&chunk.valid().nfd().collect::<String>()).nfd().for_each(&mut add),
                Alike::Case | Alike::Bytes => cased(chunk.valid()).chars().for_each(&mut add),
            }
            for byte in chunk.invalid() {
                // No letter: a private one stands for it.
                add(char::from_u32(0xf_0000 + u32::from(*byte)).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        folded
    }

    fn is_short(&self, name: &[u8]) -> bool {
        match self.length_max {
            NameLength::Bytes(max) => name.len() <= max,
            NameLength::Utf16(max) => String::from_utf8_lossy(name).encode_utf16().count() <= max,
        }
    }

    /// The name with what is refused escaped; `None`: nothing is.
    fn escaped(&self, name: &[u8]) -> Option<Vec<u8>> {
        let is_device = self.windows && is_device(name);
        let last = name.len().saturating_sub(1);
        let mut refused = vec![false; name.len()];
        let mut at = 0;
        for chunk in name.utf8_chunks() {
            at += chunk.valid().len();
            let invalid = refused.get_mut(at..at + chunk.invalid().len());
            invalid.into_iter().flatten().for_each(|refused| *refused = self.letters != Letters::Any);
            at += chunk.invalid().len();
        }
        if self.letters == Letters::Ascii {
            name.iter().zip(&mut refused).for_each(|(byte, refused)| *refused |= !byte.is_ascii());
        }
        if self.windows {
            for (at, (byte, refused)) in name.iter().zip(&mut refused).enumerate() {
                let ends = at == last && matches!(byte, b'.' | b' ');
                *refused |= ends || (at == 0 && is_device) || *byte < 0x20 || *byte == 0x7f || b"\"*:<>?\\|".contains(byte);
            }
        }
        if !refused.contains(&true) {
            return None;
        }
        let mut escaped = Vec::with_capacity(name.len() + 8);
        for (byte, refused) in name.iter().zip(refused) {
            if refused || *byte == b'%' {
                escaped.extend_from_slice(format!("%{byte:02X}").as_bytes());
            } else {
                escaped.push(*byte);
            }
        }
        Some(escaped)
    }

    /// The name with `mark` before its extension, cut so that it is short enough.
    fn shortened(&self, name: &[u8], mark: &str) -> Vec<u8> {
        let (stem, extension) = split_extension(name);
        let mut stem = stem.to_vec();
        loop {
            let whole = [&stem, mark.as_bytes(), extension].concat();
            if self.is_short(&whole) || stem.is_empty() {
                return whole;
            }
            // Never within a character: the rest of one would be no text.
            let cut = stem.iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
            stem.truncate(cut);
        }
    }

    fn numbered(&self, name: &[u8], number: u64) -> Vec<u8> {
        self.shortened(name, &format!(" ({number})"))
    }
}

/// A name with what was escaped in it given back.
pub fn unescaped(name: &[u8]) -> Vec<u8> {
    let (mut whole, mut rest) = (Vec::with_capacity(name.len()), name);
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| *byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) => {
                whole.push(escaped);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                whole.push(*byte);
                rest = after;
            }
        }
    }
    whole
}

/// Longer extensions are a part of the name that may be cut, in bytes.
const EXTENSION_BYTES_MAX: usize = 24;

/// A name's stem, and its extension with the dot.
fn split_extension(name: &[u8]) -> (&[u8], &[u8]) {
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0 && name.len() - dot <= EXTENSION_BYTES_MAX);
    name.split_at(dot.unwrap_or(name.len()))
}

/// Whether Windows takes a name for a device, whatever its extension.
fn is_device(name: &[u8]) -> bool {
    let stem = name.split(|byte| *byte == b'.').next().unwrap_or_default();
    let stem = String::from_utf8_lossy(stem).trim_end().to_ascii_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) {
        return true;
    }
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    number.is_some_and(|number| matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"))
}

/// Something that has another name in the target than in the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// Its path in the snapshot, printable.
    pub path: String,
    /// Its path in the target, printable.
    pub is_now: String,
    /// Why.
    pub reason: String,
}

/// Gives out the paths in a target.
#[derive(Debug)]
pub(super) struct Names {
    rules: NameRules,
    /// Folders that were placed, by their paths in the snapshot.
    folders: HashMap<Vec<u8>, Vec<u8>>,
    /// Hashes of paths that are given out, folded.
    taken: HashSet<u64>,
    pub(super) renamed: Vec<Renamed>,
}

impl Names {
    pub(super) fn new(rules: NameRules) -> Self {
        let mut names = Self { rules, folders: HashMap::new(), taken: HashSet::new(), renamed: Vec::new() };
        names.taken.insert(names.key(MARKER.as_bytes()));
        names
    }

    /// Where a folder of this path in the snapshot lies; the same each time it is asked.
    pub(super) fn folder(&mut self, path: &[u8]) -> Vec<u8> {
        if let Some(placed) = self.folders.get(path) {
            return placed.clone();
        }
        let placed = self.place(path);
        self.folders.insert(path.to_vec(), placed.clone());
        placed
    }

    /// Where a file or link of this path in the snapshot lies; asked once of each.
    pub(super) fn place(&mut self, path: &[u8]) -> Vec<u8> {
        if path.is_empty() {
            return Vec::new();
        }
        let (parent, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..).unwrap_or_default()),
            None => (&b""[..], path),
        };
        let parent = self.folders.get(parent).map_or(parent, Vec::as_slice).to_vec();
        let (fitted, mut why) = match self.rules.fit(name) {
            Some((fitted, why)) => (fitted, Some(why)),
            None => (name.to_vec(), None),
        };
        let within = |name: &[u8]| if parent.is_empty() { name.to_vec() } else { [&parent, &b"/"[..], name].concat() };
        let mut placed = within(&fitted);
        let mut number = 1;
        while !self.taken.insert(self.key(&placed)) {
            number += 1;
            placed = within(&self.rules.numbered(&fitted, number));
            why = why.or(Some("the target takes its name for another's"));
        }
        if let Some(reason) = why {
            self.renamed.push(Renamed { path: escaped(path), is_now: escaped(&placed), reason: reason.to_owned() });
        }
        placed
    }

    /// Whether a path in the target was given out.
    pub(super) fn is_taken(&self, path: &[u8]) -> bool {
        self.taken.contains(&self.key(path))
    }

    /// Two paths that meet by chance in 64 bits get different names, which harms nothing.
    fn key(&self, path: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.rules.folded(path).hash(&mut hasher);
        hasher.finish()
    }
}
