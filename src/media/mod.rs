//! Owns where in a file a picture or film begins and ends, for kinds of files that are known. It changes nothing and reads little.
//!
//! Everything here is advice: whoever cuts a file at these places gets pieces that stay the same when only what stands around a picture
//! changes. A wrong answer costs space and nothing else. Files are hostile: every offset and count is checked, and reading and results
//! are bounded ([`READ_BYTES_MAX`], [`PARTS_MAX`]).

mod bmff;
mod jpeg;
mod jxl;
mod png;
mod ranges;
mod riff;
mod tiff;

pub use ranges::{Bytes, RangeError, Ranges, Reader};

/// Parts that a file has at most; of one that has more, the largest are kept.
pub const PARTS_MAX: usize = 31;
/// Smaller parts are left with what is around them, in bytes; but the largest that a file is about is one however small it is.
pub const PART_BYTES_MIN: u64 = 4096;
/// Bytes that are read of one file at most.
pub const READ_BYTES_MAX: u64 = 16 << 20;

/// A kind of file, told by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// JPEG, with what lies behind its picture: gain maps, films of Motion Photos, trailers.
    Jpeg,
    /// PNG and APNG.
    Png,
    /// WebP.
    Webp,
    /// JPEG XL in a container; a bare codestream is one part from its first byte on.
    Jxl,
    /// HEIC, HEIF.
    Heif,
    /// AVIF.
    Avif,
    /// QuickTime.
    Mov,
    /// MP4, 3GP, M4V.
    Mp4,
    /// Canon's CR3.
    Cr3,
    /// TIFF, DNG and what cameras make in its form (CR2, NEF, ARW, ORF, RW2, PEF).
    Tiff,
    /// Fujifilm's RAF.
    Raf,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The picture, or pictures, that the file is about.
    Picture,
    /// Another picture: a preview, a gain map, a depth map.
    Auxiliary,
    /// Moving pictures and sound.
    Film,
    /// What is said about the picture, as far as it stays as it is when something else that is said changes: Exif, colour profiles.
    Metadata,
}

/// A run of bytes that does not change when what is said about the picture does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its first byte.
    pub offset: u64,
    /// How many bytes.
    pub length_bytes: u64,
    /// What it is.
    pub role: Role,
}

impl Part {
    /// The first byte behind it.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.length_bytes)
    }
}

impl Kind {
    /// What it is called in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Jxl => "jxl",
            Self::Heif => "heif",
            Self::Avif => "avif",
            Self::Mov => "mov",
            Self::Mp4 => "mp4",
            Self::Cr3 => "cr3",
            Self::Tiff => "tiff",
            Self::Raf => "raf",
        }
    }

    /// Whether its parts are compressed by what they are. TIFF and RAF may hold either.
    pub fn is_coded(self) -> bool {
        !matches!(self, Self::Tiff | Self::Raf)
    }
}

/// Where the parts of a file lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What kind of file it is.
    pub kind: Kind,
    /// In rising order, none overlapping another, each within the file. Perhaps none.
    pub parts: Vec<Part>,
}

/// Why a file has no layout: it is cut as any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum NoLayout {
    /// No kind that is known here.
    #[error("no kind of picture or film that is known")]
    Unknown,
    /// It ends within something that it announces.
    #[error("it ends too early")]
    Truncated,
    /// It contradicts itself; what.
    #[error("{0}")]
    Malformed(&'static str),
    /// It would take too long to find out.
    #[error("too much would have to be read")]
    TooMuch,
    /// The file cannot be read; whoever reads it for its bytes will say so.
    #[error("it cannot be read")]
    Unreadable,
}

/// Bytes at the start of a file by which its kind is told.
const MAGIC_BYTES: usize = 32;

/// Finds the parts of a file.
///
/// # Errors
///
/// [`NoLayout`] says why there are none to tell.
pub fn layout(ranges: &mut dyn Ranges) -> Result<Layout, NoLayout> {
    let mut reader = Reader::new(ranges, READ_BYTES_MAX);
    let mut magic = [0; MAGIC_BYTES];
    let magic_bytes = reader.read_some(0, &mut magic)?;
    let magic = magic.get(..magic_bytes).unwrap_or_default();
    let found = match kind_of(magic) {
        Some(Family::Jpeg) => jpeg::layout(&mut reader),
        Some(Family::Png) => png::layout(&mut reader),
        Some(Family::Riff) => riff::layout(&mut reader),
        Some(Family::Bmff) => bmff::layout(&mut reader),
        Some(Family::JxlCodestream | Family::JxlContainer) => jxl::layout(&mut reader),
        Some(Family::Tiff) => tiff::layout(&mut reader),
        Some(Family::Raf) => tiff::raf_layout(&mut reader),
        None => Err(NoLayout::Unknown),
    }?;
    Ok(Layout { parts: settle(found.parts, reader.length_bytes()), ..found })
}

/// Which parser a file is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Jpeg,
    Png,
    Riff,
    Bmff,
    JxlCodestream,
    JxlContainer,
    Tiff,
    Raf,
}

fn kind_of(magic: &[u8]) -> Option<Family> {
    let begins = |bytes: &[u8]| magic.starts_with(bytes);
    let at = |offset: usize, bytes: &[u8]| magic.get(offset..).is_some_and(|rest| rest.starts_with(bytes));
    if begins(&[0xff, 0xd8, 0xff]) {
        Some(Family::Jpeg)
    } else if begins(b"\x89PNG\r\n\x1a\n") {
        Some(Family::Png)
    } else if begins(b"RIFF") && at(8, b"WEBP") {
        Some(Family::Riff)
    } else if begins(&[0xff, 0x0a]) {
        Some(Family::JxlCodestream)
    } else if at(4, b"JXL \r\n\x87\n") {
        Some(Family::JxlContainer)
    } else if begins(b"FUJIFILMCCD-RAW") {
        Some(Family::Raf)
    } else if [&b"II*\0"[..], b"MM\0*", b"II+\0", b"MM\0+", b"IIRO", b"IIRS", b"MMOR", b"IIU\0"].iter().any(|magic| begins(magic)) {
        Some(Family::Tiff)
    } else if [&b"ftyp"[..], b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"].iter().any(|name| at(4, name)) {
        Some(Family::Bmff)
    } else {
        None
    }
}

/// Drops parts that are shorter than this, but for the largest of what the file is about.
fn keep_large(parts: &mut Vec<Part>, length_bytes_min: u64) {
    let largest = |role| parts.iter().filter(|part| part.role == role).max_by_key(|part| part.length_bytes).copied();
    let kept = largest(Role::Picture).or_else(|| largest(Role::Film));
    parts.retain(|part| part.length_bytes >= length_bytes_min || Some(*part) == kept);
}

/// Sorts parts, drops small ones, cuts what overlaps to what comes first, joins neighbours of one role, and keeps the largest.
fn settle(mut parts: Vec<Part>, length_bytes: u64) -> Vec<Part> {
    for part in &mut parts {
        part.length_bytes = part.length_bytes.min(length_bytes.saturating_sub(part.offset));
    }
    parts.sort_by_key(|part| (part.offset, std::cmp::Reverse(part.length_bytes)));
    let mut settled: Vec<Part> = Vec::new();
    for part in parts {
        let end = part.end();
        let begin = settled.last().map_or(part.offset, |last| part.offset.max(last.end()));
        if begin >= end {
            continue;
        }
        match settled.last_mut() {
            Some(last) if last.end() == begin && last.role == part.role => last.length_bytes += end - begin,
            _ => settled.push(Part { offset: begin, length_bytes: end - begin, ..part }),
        }
    }
    keep_large(&mut settled, PART_BYTES_MIN);
    if settled.len() > PARTS_MAX {
        settled.sort_by_key(|part| std::cmp::Reverse(part.length_bytes));
        settled.truncate(PARTS_MAX);
        settled.sort_by_key(|part| part.offset);
    }
    settled
}

#[cfg(test)]
mod tests;
