//! Owns finding the picture in a JPEG, and what stands behind it: further pictures, the film of a Motion Photo.
//!
//! Source: ITU-T T.81, annex B. The picture begins behind the last segment before its first scan that says something about it (APPn, COM),
//! and goes on to its end marker. The bytes are gone through once, so the reader's budget is the bound.

use super::{Kind, Layout, NoLayout, Part, Reader, Role, bmff};

const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;
const EXIF: u8 = 0xe1;
const COMMENT: u8 = 0xfe;
/// Things behind the picture that are looked for.
const TRAILERS_MAX: usize = 16;
/// How far behind one thing the next is looked for, in bytes: cameras put stray zeros and tables of their own between.
const GAP_BYTES_MAX: u64 = 64 << 10;

/// Finds the parts of a JPEG.
pub(super) fn layout(reader: &mut Reader<'_>) -> Result<Layout, NoLayout> {
    let length_bytes = reader.length_bytes();
    let first = picture(reader, 0, Between::Anything)?;
    let mut parts = vec![
        Part { offset: 0, length_bytes: first.exif_end, role: Role::Metadata },
        Part { offset: first.begin, length_bytes: first.end.unwrap_or(length_bytes) - first.begin, role: Role::Picture },
    ];
    let mut at = first.end;
    for _ in 0..TRAILERS_MAX {
        let Some(next) = at.map(|at| next_thing(reader, at)).transpose().or_else(unless_unreadable)?.flatten() else { break };
        at = match next {
            Thing::Picture(begin) => {
                let Some(found) = picture(reader, begin, Between::Nothing).map(Some).or_else(unless_unreadable)? else { break };
                let end = found.end.unwrap_or(length_bytes);
                parts.push(Part { offset: found.begin, length_bytes: end - found.begin, role: Role::Auxiliary });
                found.end
            }
            Thing::Film(begin) => {
                let films = bmff::film_parts(reader, begin, length_bytes).map(Some).or_else(unless_unreadable)?.unwrap_or_default();
                let end = films.iter().map(Part::end).max();
                parts.extend(films);
                end
            }
        };
    }
    Ok(Layout { kind: Kind::Jpeg, parts })
}

/// What is wrong behind the picture takes nothing from it.
fn unless_unreadable<T>(error: NoLayout) -> Result<Option<T>, NoLayout> {
    if error == NoLayout::Unreadable { Err(error) } else { Ok(None) }
}

/// What may stand between segments: some programs leave bytes there, and what only looks like a picture has them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    Nothing,
    Anything,
}

/// A picture: where its data begins, and behind its end marker, if there is one.
struct Found {
    begin: u64,
    end: Option<u64>,
    /// Behind its last Exif: programs that edit what is said leave that alone, or rewrite it alone.
    exif_end: u64,
}

/// Goes through the picture whose start marker is at `start`.
fn picture(reader: &mut Reader<'_>, start: u64, between: Between) -> Result<Found, NoLayout> {
    let (mut at, mut exif_end, mut first) = (start.saturating_add(2), 0, None);
    let begin = loop {
        let (marker, code) = match marker_at(reader, at, if first.is_some() { Between::Anything } else { between }) {
            Ok(found) => found,
            Err(NoLayout::Unreadable) => return Err(NoLayout::Unreadable),
            Err(error) => break first.ok_or(error)?,
        };
        match code {
            // Segments that say something about the picture: some programs write them behind its tables.
            0xe0..=0xef | COMMENT => {
                (at, first) = (behind_segment(reader, marker)?, None);
                if code == EXIF && reader.array::<6>(marker.saturating_add(4)).is_ok_and(|name| &name == b"Exif\0\0") {
                    exif_end = at;
                }
            }
            END => break first.ok_or(NoLayout::Malformed("a JPEG without a picture"))?,
            SCAN => break first.unwrap_or(marker),
            _ => {
                let begin = *first.get_or_insert(marker);
                match behind_segment(reader, marker) {
                    _ if code == START || code == 0x01 => at = marker.saturating_add(2),
                    Ok(behind) => at = behind,
                    Err(NoLayout::Unreadable) => return Err(NoLayout::Unreadable),
                    Err(_) => break begin,
                }
            }
        }
    };
    match end_of(reader, begin) {
        Ok(end) => Ok(Found { begin, end: Some(end), exif_end }),
        Err(NoLayout::Unreadable) => Err(NoLayout::Unreadable),
        // It goes on as far as the file does, or as far as anybody looked.
        Err(_) => Ok(Found { begin, end: None, exif_end }),
    }
}

/// From the first segment of a picture to behind its end marker.
fn end_of(reader: &mut Reader<'_>, begin: u64) -> Result<u64, NoLayout> {
    let mut at = begin;
    loop {
        // Bytes that are no marker are passed over: coded data, and what some programs leave between segments.
        let (marker, code) = next_marker(reader, at)?;
        at = match code {
            END => return Ok(marker.saturating_add(2)),
            START | 0x01 => marker.saturating_add(2),
            // Behind the header of a scan come coded data: no length says how much.
            _ => behind_segment(reader, marker)?,
        };
    }
}

/// The marker that begins at `at`, after bytes that fill.
fn marker_at(reader: &mut Reader<'_>, at: u64, between: Between) -> Result<(u64, u8), NoLayout> {
    let [first] = reader.array::<1>(at)?;
    if first != 0xff && between == Between::Nothing {
        return Err(NoLayout::Malformed("a JPEG's segment begins with no marker"));
    }
    next_marker(reader, at)
}

/// The next marker from `at` on that is no part of coded data.
fn next_marker(reader: &mut Reader<'_>, at: u64) -> Result<(u64, u8), NoLayout> {
    let mut at = at;
    loop {
        let marker = reader.find(0xff, at)?.ok_or(NoLayout::Truncated)?;
        let [code] = reader.array::<1>(marker.saturating_add(1))?;
        match code {
            0x00 | 0xd0..=0xd7 => at = marker.saturating_add(2),
            0xff => at = marker.saturating_add(1),
            _ => return Ok((marker, code)),
        }
    }
}

fn behind_segment(reader: &mut Reader<'_>, marker: u64) -> Result<u64, NoLayout> {
    let length = u16::from_be_bytes(reader.array(marker.saturating_add(2))?);
    if length < 2 {
        return Err(NoLayout::Malformed("a JPEG's segment is shorter than its own length"));
    }
    let end = marker.saturating_add(2).saturating_add(length.into());
    if end > reader.length_bytes() { Err(NoLayout::Truncated) } else { Ok(end) }
}

/// What may stand behind a picture.
enum Thing {
    Picture(u64),
    Film(u64),
}

/// The next picture or film from `at` on.
fn next_thing(reader: &mut Reader<'_>, at: u64) -> Result<Option<Thing>, NoLayout> {
    let mut bytes = vec![0; usize::try_from(GAP_BYTES_MAX).unwrap_or(0)];
    let count = reader.read_some(at, &mut bytes)?;
    let bytes = bytes.get(..count).unwrap_or_default();
    for (place, window) in (at..).zip(bytes.windows(8)) {
        if window.starts_with(&[0xff, START, 0xff]) {
            return Ok(Some(Thing::Picture(place)));
        }
        // The first box of a film is short, and says what kind it is.
        if window.starts_with(&[0, 0]) && window.ends_with(b"ftyp") {
            return Ok(Some(Thing::Film(place)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
