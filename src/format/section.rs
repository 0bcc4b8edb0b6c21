//! Owns tagged sections: the door for facts that later versions add. Implements `format-spec/trees.md`, section "Tagged sections".

use super::{FormatError, limits};
use bincode::{Decode, Encode};

/// Bytes with a tag. The tag's last two bits say what a reader that does not know it must do.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Section {
    /// Number times four, plus the policy.
    pub tag: u32,
    /// The section's own encoding; kept as bytes by who does not know it.
    pub bytes: Vec<u8>,
}

/// What a reader does with a tag that it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Passes over it.
    Ignore,
    /// May read what holds it, and must not write a changed form of it.
    ReadOnly,
    /// Must refuse what holds it.
    Refuse,
}

impl Section {
    /// What its tag asks of who does not know it.
    pub fn policy(&self) -> Policy {
        match self.tag & 3 {
            0 => Policy::Ignore,
            1 => Policy::ReadOnly,
            _ => Policy::Refuse,
        }
    }
}

/// The tags of version 1.
pub mod tags {
    /// Media facts, computed once.
    pub const MEDIA: u32 = 4;
    /// In which snapshot a carried entry was last really read, and why it was carried.
    pub const CARRIED: u32 = 8;
    /// The file changed while it was read, twice.
    pub const CHANGED_WHILE_READ: u32 = 12;
    /// The folder is a mount point.
    pub const MOUNT_POINT: u32 = 16;
    /// Where a sparse file has holes.
    pub const HOLES: u32 = 20;
    /// All of them.
    pub const KNOWN: [u32; 5] = [MEDIA, CARRIED, CHANGED_WHILE_READ, MOUNT_POINT, HOLES];
}

/// Whether sections forbid a writer that does not know them to write a changed form of what holds them.
pub fn must_stay_as_it_is(sections: &[Section]) -> bool {
    sections.iter().any(|section| section.policy() == Policy::ReadOnly && !tags::KNOWN.contains(&section.tag))
}

/// Checks that sections stand in order of their tags, each once, and none must be understood that is not.
pub fn check_sections(what: &'static str, sections: &[Section]) -> Result<(), FormatError> {
    limits::check_count("sections", sections.len(), limits::SECTIONS_MAX)?;
    if !sections.windows(2).all(|pair| matches!(pair, [one, next] if one.tag < next.tag)) {
        return Err(FormatError::Invalid { what, why: "sections must stand in strictly rising order of their tags" });
    }
    match sections.iter().find(|section| section.policy() == Policy::Refuse && !tags::KNOWN.contains(&section.tag)) {
        Some(section) => Err(FormatError::SectionTooNew { what, tag: section.tag }),
        None => Ok(()),
    }
}

/// The content of a [`tags::CARRIED`] section: unchanged when an entry is carried again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Carried {
    /// The snapshot in which the entry was last really read.
    pub read_in: super::SnapshotName,
    /// Why it was not read since, in a few words.
    pub reason: String,
}

impl Carried {
    /// As a section.
    pub fn section(&self) -> Section {
        Section { tag: tags::CARRIED, bytes: super::codec::encode(self) }
    }

    /// Reads it from an entry's sections.
    pub fn of(sections: &[Section]) -> Option<Self> {
        let section = sections.iter().find(|section| section.tag == tags::CARRIED)?;
        super::codec::decode("carried section", &section.bytes).ok()
    }
}

/// The content of a [`tags::HOLES`] section: runs of zeros that took no place where the file came from.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Holes {
    /// Offset and length of each in bytes, rising and apart.
    pub runs: Vec<(u64, u64)>,
}

impl Holes {
    /// As a section.
    pub fn section(&self) -> Section {
        Section { tag: tags::HOLES, bytes: super::codec::encode(self) }
    }

    /// Reads it from the sections of a file of this length. `None` also for what makes no sense: it is advice.
    pub fn of(sections: &[Section], length_bytes: u64) -> Option<Self> {
        let section = sections.iter().find(|section| section.tag == tags::HOLES)?;
        let holes: Self = super::codec::decode("holes section", &section.bytes).ok()?;
        let mut end = 0_u64;
        for (offset, length) in &holes.runs {
            if *offset < end || *length == 0 {
                return None;
            }
            end = offset.checked_add(*length)?;
        }
        (holes.runs.len() <= limits::HOLES_MAX && end <= length_bytes).then_some(holes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Holes, Section, must_stay_as_it_is, tags};

    #[test]
    fn only_tags_that_are_not_known_and_say_so_forbid_changes() {
        let section = |tag| Section { tag, bytes: Vec::new() };
        assert!(must_stay_as_it_is(&[section(tags::MEDIA), section(4 * 1000 + 1)]));
        assert!(!must_stay_as_it_is(&[section(tags::CARRIED), section(4 * 1000)]));
    }

    #[test]
    fn holes_that_make_no_sense_are_passed_over() {
        let of = |runs: &[(u64, u64)]| Holes::of(&[Holes { runs: runs.to_vec() }.section()], 100);
        assert_eq!(of(&[(0, 10), (10, 5), (90, 10)]).map(|holes| holes.runs.len()), Some(3));
        for wrong in [&[(0, 10), (9, 5)][..], &[(90, 11)], &[(5, 0)], &[(u64::MAX, 2)]] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
        assert_eq!(Holes::of(&[Section { tag: tags::HOLES, bytes: vec![255; 9] }], 100), None);
    }
}
