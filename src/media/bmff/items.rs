//! Owns which bytes of a picture file its items take, by the `meta` box at its top, and which of them make up the picture it is about.
//!
//! The box is read once, from its first byte to its last, and no more than [`ENTRIES_MAX`] entries of all its tables together. An item
//! that lies outside the file, in another file or within `meta` itself is passed over.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{NoLayout, Part, Reader, Role};
use super::{Span, next_box};

/// Entries of all tables together: boxes, items, extents, references.
pub(super) const ENTRIES_MAX: u32 = 1 << 17;
/// Kinds of items that say something about pictures and change with it.
const TALK: [&[u8; 4]; 3] = [b"Exif", b"mime", b"uri "];

/// What the tables say.
#[derive(Debug, Default)]
struct Items {
    primary: Option<u32>,
    kinds: BTreeMap<u32, [u8; 4]>,
    /// Item, and where one extent of it lies.
    places: Vec<(u32, Span)>,
    /// How pictures are to be shown: colour profiles above all, the same in all photos of a phone.
    properties: Option<Span>,
    /// What items are made of.
    made_of: BTreeMap<u32, Vec<u32>>,
}

/// The runs of picture items that `meta` tells of.
///
/// An error means that there is nothing to go by, not that the file holds no pictures.
pub(super) fn pictures(reader: &mut Reader<'_>, meta: Span) -> Result<Vec<Part>, NoLayout> {
    let length_bytes = reader.length_bytes();
    let items = read(reader, meta)?;
    let of_picture = items.of_picture();
    // Without a primary item all are alike.
    let role_of = |item: &u32| match of_picture.is_empty() || of_picture.contains(item) {
        true => Role::Picture,
        false => Role::Auxiliary,
    };
    let is_payload = |item: &u32| items.kinds.get(item).is_some_and(|kind| !TALK.contains(&kind));
    let is_here =
        |place: &Span| place.begin < place.end && place.end <= length_bytes && (place.end <= meta.begin || place.begin >= meta.end);
    let payload = items.places.iter().filter(|(item, place)| is_payload(item) && is_here(place));
    let mut parts: Vec<Part> = payload.map(|(item, place)| place.part(role_of(item))).collect();
    if parts.is_empty() {
        return Err(NoLayout::Malformed("no item has a place in the file"));
    }
    // Where items share bytes, these are the picture's.
    parts.sort_by_key(|part| part.role);
    parts.extend(items.properties.map(|properties| properties.part(Role::Metadata)));
    Ok(parts)
}

impl Items {
    /// The primary item, what it is made of, what these are made of, and so on. Every item is looked at once.
    fn of_picture(&self) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        let mut left: Vec<u32> = self.primary.into_iter().collect();
        while let Some(item) = left.pop() {
            if found.insert(item) {
                left.extend(self.made_of.get(&item).into_iter().flatten());
            }
        }
        found
    }
}

fn read(reader: &mut Reader<'_>, meta: Span) -> Result<Items, NoLayout> {
    let mut items = Items::default();
    let mut table = Table { reader, left: meta, entries_left: ENTRIES_MAX };
    table.version()?;
    while let Some((name, body)) = table.enter()? {
        let after = Span { begin: body.end, end: table.left.end };
        table.left = body;
        match &name {
            b"pitm" => {
                let id_bytes = if table.version()? == 0 { 2 } else { 4 };
                items.primary = Some(table.number(id_bytes)?);
            }
            b"iinf" => read_kinds(&mut table, &mut items)?,
            b"iloc" => read_places(&mut table, &mut items)?,
            b"iref" => read_references(&mut table, &mut items)?,
            b"iprp" => items.properties = Some(body),
            _ => {}
        }
        table.left = after;
    }
    Ok(items)
}

/// `iinf`: what every item is.
fn read_kinds(table: &mut Table<'_, '_>, items: &mut Items) -> Result<(), NoLayout> {
    let count_bytes = if table.version()? == 0 { 2 } else { 4 };
    // The entries are counted by themselves.
    table.number(count_bytes)?;
    while let Some((name, body)) = table.enter()? {
        let after = Span { begin: body.end, end: table.left.end };
        table.left = body;
        let id_bytes = match (&name, table.left.begin < table.left.end) {
            (b"infe", true) => match table.version()? {
                2 => Some(2),
                3 => Some(4),
                _ => None,
            },
            _ => None,
        };
        if let Some(id_bytes) = id_bytes {
            let item = table.number(id_bytes)?;
            table.number(2)?;
            items.kinds.insert(item, table.number(4)?.to_be_bytes());
        }
        table.left = after;
    }
    Ok(())
}

/// `iloc`: where every item is.
fn read_places(table: &mut Table<'_, '_>, items: &mut Items) -> Result<(), NoLayout> {
    let version = table.version()?;
    if version > 2 {
        return Err(NoLayout::Malformed("places of items in a form that is not known"));
    }
    let sizes = table.number(2)?;
    let size_at = |shift: u32| match (sizes >> shift) & 0xf {
        size @ (0 | 4 | 8) => Ok(size),
        _ => Err(NoLayout::Malformed("places of items of an odd size")),
    };
    let (offset_bytes, length_bytes, base_bytes) = (size_at(12)?, size_at(8)?, size_at(4)?);
    let index_bytes = if version == 0 { 0 } else { size_at(0)? };
    if length_bytes == 0 {
        return Err(NoLayout::Malformed("items without a length"));
    }
    let id_bytes = if version < 2 { 2 } else { 4 };
    for _ in 0..table.number(id_bytes)? {
        table.count_entry()?;
        let item = table.number(id_bytes)?;
        let method = if version == 0 { 0 } else { table.number(2)? & 0xf };
        let in_other_file = table.number(2)? != 0;
        let base = table.long(base_bytes)?;
        for _ in 0..table.number(2)? {
            table.count_entry()?;
            table.long(index_bytes)?;
            let begin = base.checked_add(table.long(offset_bytes)?);
            let length = table.long(length_bytes)?;
            let place = begin.and_then(|begin| Some(Span { begin, end: begin.checked_add(length)? }));
            if let (Some(place), 0, false) = (place, method, in_other_file) {
                items.places.push((item, place));
            }
        }
    }
    Ok(())
}

/// `iref`: what items are made of.
fn read_references(table: &mut Table<'_, '_>, items: &mut Items) -> Result<(), NoLayout> {
    let id_bytes = if table.version()? == 0 { 2 } else { 4 };
    while let Some((name, body)) = table.enter()? {
        let after = Span { begin: body.end, end: table.left.end };
        table.left = body;
        if &name == b"dimg" {
            let item = table.number(id_bytes)?;
            for _ in 0..table.number(2)? {
                table.count_entry()?;
                let other = table.number(id_bytes)?;
                items.made_of.entry(item).or_default().push(other);
            }
        }
        table.left = after;
    }
    Ok(())
}

/// A table that is read from its first entry on.
struct Table<'r, 'a> {
    reader: &'r mut Reader<'a>,
    left: Span,
    entries_left: u32,
}

impl Table<'_, '_> {
    /// The box that comes next: its name and what is within.
    fn enter(&mut self) -> Result<Option<([u8; 4], Span)>, NoLayout> {
        self.count_entry()?;
        Ok(next_box(self.reader, self.left)?.map(|found| (found.name, found.body)))
    }

    fn count_entry(&mut self) -> Result<(), NoLayout> {
        self.entries_left = self.entries_left.checked_sub(1).ok_or(NoLayout::TooMuch)?;
        Ok(())
    }

    /// The version of a box that has one; its flags are passed over.
    fn version(&mut self) -> Result<u32, NoLayout> {
        Ok(self.number(4)? >> 24)
    }

    /// A number of at most four bytes.
    fn number(&mut self, size_bytes: u32) -> Result<u32, NoLayout> {
        u32::try_from(self.long(size_bytes)?).map_err(|_| NoLayout::Malformed("a number that is too large"))
    }

    /// A number of at most eight bytes, the first the highest.
    fn long(&mut self, size_bytes: u32) -> Result<u64, NoLayout> {
        let end = self.left.begin.saturating_add(u64::from(size_bytes));
        if end > self.left.end {
            return Err(NoLayout::Truncated);
        }
        let mut bytes = [0; 8];
        let skipped_bytes = 8_usize.saturating_sub(usize::try_from(size_bytes).unwrap_or(8));
        let into = bytes.get_mut(skipped_bytes..).unwrap_or_default();
        if self.reader.read_some(self.left.begin, into)? < into.len() {
            return Err(NoLayout::Truncated);
        }
        self.left.begin = end;
        Ok(u64::from_be_bytes(bytes))
    }
}
