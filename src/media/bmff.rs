//! Owns finding pictures and films in files made of boxes (ISO base media): HEIF, AVIF, QuickTime, MP4, CR3.
//!
//! A film is what is within its `mdat` boxes. A picture file names its items one by one (`items`); where that fails, its `mdat` boxes stand
//! for them. Boxes are walked in one direction, at most [`BOXES_MAX`] of them, and never deeper than a film within a picture file. A box
//! that cannot be right ends the walk: what was found before it stands, as cameras put things of their own behind the last box.

use super::{Kind, Layout, NoLayout, Part, Reader, Role};

mod items;
#[cfg(test)]
mod tests;

/// Boxes at the top of a file that are looked at.
const BOXES_MAX: usize = 1 << 16;
/// Brands of a file that are looked at.
const BRANDS_MAX: usize = 64;
/// What every box begins with: its size and its name.
const HEADER_BYTES: u64 = 8;
/// The same where the size takes 64 bits.
const LONG_HEADER_BYTES: u64 = 16;

/// Brands of AVIF files.
const AVIF_BRANDS: [&[u8; 4]; 2] = [b"avif", b"avis"];
/// Brands of other files that hold pictures as items.
const HEIF_BRANDS: [&[u8; 4]; 19] = [
    b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"avci", b"avcs",
    b"jpeg", b"jpgs", b"j2ki", b"j2is",
];
/// Names of boxes with which a film begins.
const FIRST_NAMES: [&[u8; 4]; 7] = [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];

/// Where in a file something lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) begin: u64,
    pub(super) end: u64,
}

impl Span {
    fn part(self, role: Role) -> Part {
        Part { offset: self.begin, length_bytes: self.end.saturating_sub(self.begin), role }
    }
}

/// A box: its name, and what is within it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) name: [u8; 4],
    pub(super) body: Span,
}

/// What stands at the top of a file.
#[derive(Debug, Default)]
struct Top {
    kind: Option<Kind>,
    bodies: Vec<Span>,
    meta: Option<Span>,
    film: Option<Span>,
    moving: bool,
    /// Why the walk ended before the file did.
    defect: Option<NoLayout>,
}

impl Top {
    fn parts(&self, role: Role) -> Vec<Part> {
        self.bodies.iter().map(|body| body.part(role)).collect()
    }
}

/// Finds the parts of a file of boxes.
pub(super) fn layout(reader: &mut Reader<'_>) -> Result<Layout, NoLayout> {
    let whole = Span { begin: 0, end: reader.length_bytes() };
    let top = walk(reader, whole)?;
    // Without brands it is older than brands are.
    let kind = top.kind.unwrap_or(Kind::Mov);
    let mut parts = match kind {
        Kind::Heif | Kind::Avif => pictures(reader, &top)?,
        Kind::Cr3 => top.parts(Role::Picture),
        _ => top.parts(Role::Film),
    };
    if let Some(film) = top.film {
        match film_parts(reader, film.begin, film.end) {
            Ok(found) => parts.extend(found),
            Err(NoLayout::Unreadable) => return Err(NoLayout::Unreadable),
            // The pictures stand without their film.
            Err(_) => {}
        }
    }
    match top.defect {
        Some(defect) if parts.is_empty() => Err(defect),
        _ => Ok(Layout { kind, parts }),
    }
}

/// Finds the parts of a film that lies in `begin..end` of another file, perhaps with something else behind it.
pub(super) fn film_parts(reader: &mut Reader<'_>, begin: u64, end: u64) -> Result<Vec<Part>, NoLayout> {
    let within = Span { begin, end: end.min(reader.length_bytes()) };
    let first = next_box(reader, within)?.ok_or(NoLayout::Unknown)?;
    if !FIRST_NAMES.contains(&&first.name) {
        return Err(NoLayout::Unknown);
    }
    let top = walk(reader, within)?;
    match top.defect {
        Some(defect) if top.bodies.is_empty() => Err(defect),
        _ => Ok(top.parts(Role::Film)),
    }
}

/// The items of a picture file; its `mdat` boxes where there is no telling, or where the picture moves and most of it is no item.
fn pictures(reader: &mut Reader<'_>, top: &Top) -> Result<Vec<Part>, NoLayout> {
    if let (Some(meta), false) = (top.meta, top.moving) {
        match items::pictures(reader, meta) {
            Ok(parts) => return Ok(parts),
            Err(NoLayout::Unreadable) => return Err(NoLayout::Unreadable),
            Err(_) => {}
        }
    }
    Ok(top.parts(Role::Picture))
}

/// Goes through the boxes that stand side by side in `within`.
fn walk(reader: &mut Reader<'_>, within: Span) -> Result<Top, NoLayout> {
    let mut top = Top::default();
    let mut left = within;
    for _ in 0..BOXES_MAX {
        let found = match next_box(reader, left) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(top),
            Err(NoLayout::Unreadable) => return Err(NoLayout::Unreadable),
            Err(defect) => {
                top.defect = Some(defect);
                return Ok(top);
            }
        };
        match &found.name {
            b"ftyp" if top.kind.is_none() => top.kind = Some(kind_by_brands(reader, found.body)?),
            b"mdat" => top.bodies.push(found.body),
            b"meta" if top.meta.is_none() => top.meta = Some(found.body),
            b"mpvd" if top.film.is_none() => top.film = Some(found.body),
            b"moov" => top.moving = true,
            _ => {}
        }
        left.begin = found.body.end;
    }
    top.defect = Some(NoLayout::TooMuch);
    Ok(top)
}

/// The box that begins where `within` does; none where there is no room for one. It ends behind its header or later, and within `within`.
pub(super) fn next_box(reader: &mut Reader<'_>, within: Span) -> Result<Option<Found>, NoLayout> {
    let Span { begin, end } = within;
    let room_bytes = end.saturating_sub(begin);
    if room_bytes < HEADER_BYTES {
        return Ok(None);
    }
    let [s0, s1, s2, s3, n0, n1, n2, n3] = reader.array::<8>(begin)?;
    let (header_bytes, size_bytes) = match u32::from_be_bytes([s0, s1, s2, s3]) {
        0 => (HEADER_BYTES, room_bytes),
        1 => (LONG_HEADER_BYTES, u64::from_be_bytes(reader.array::<8>(begin.saturating_add(HEADER_BYTES))?)),
        size => (HEADER_BYTES, u64::from(size)),
    };
    if size_bytes < header_bytes {
        return Err(NoLayout::Malformed("a box is smaller than its own header"));
    }
    if size_bytes > room_bytes {
        return Err(NoLayout::Truncated);
    }
    let body = Span { begin: begin.saturating_add(header_bytes), end: begin.saturating_add(size_bytes) };
    Ok(Some(Found { name: [n0, n1, n2, n3], body }))
}

/// What kind of file it is by the brand it has and those that it is compatible with.
fn kind_by_brands(reader: &mut Reader<'_>, body: Span) -> Result<Kind, NoLayout> {
    let mut brands = [0; BRANDS_MAX * 4];
    let body_bytes = usize::try_from(body.end.saturating_sub(body.begin)).unwrap_or(usize::MAX);
    let count = body_bytes.min(brands.len());
    let brands = brands.get_mut(..count).unwrap_or_default();
    reader.read_some(body.begin, brands)?;
    let (brands, _) = brands.as_chunks::<4>();
    let Some(major) = brands.first() else {
        return Ok(Kind::Mov);
    };
    // The second is no brand but a version.
    let is_any_of = |names: &[&[u8; 4]]| names.contains(&major) || brands.iter().skip(2).any(|brand| names.contains(&brand));
    Ok(match major {
        b"qt  " => Kind::Mov,
        b"crx " => Kind::Cr3,
        _ if is_any_of(&AVIF_BRANDS) => Kind::Avif,
        _ if is_any_of(&HEIF_BRANDS) => Kind::Heif,
        _ => Kind::Mp4,
    })
}
