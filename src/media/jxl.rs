//! Owns finding the codestream of a JPEG XL, alone or in a container.
//!
//! Source: ISO/IEC 18181-2. A codestream in one box has the same bytes as one alone, and so the same pieces.

use super::bmff::{Span, next_box};
use super::{Kind, Layout, NoLayout, Part, Reader, Role};

/// Boxes that are looked at.
const BOXES_MAX: usize = 1 << 16;
/// What a partial codestream begins with: its number.
const NUMBER_BYTES: u64 = 4;

/// Finds the parts of a JPEG XL.
pub(super) fn layout(reader: &mut Reader<'_>) -> Result<Layout, NoLayout> {
    let length_bytes = reader.length_bytes();
    let parts = match reader.array::<2>(0)? {
        [0xff, 0x0a] => vec![Part { offset: 0, length_bytes, role: Role::Picture }],
        _ => in_container(reader, length_bytes)?,
    };
    Ok(Layout { kind: Kind::Jxl, parts })
}

fn in_container(reader: &mut Reader<'_>, length_bytes: u64) -> Result<Vec<Part>, NoLayout> {
    let (mut left, mut parts) = (Span { begin: 0, end: length_bytes }, Vec::new());
    for _ in 0..BOXES_MAX {
        let found = match next_box(reader, left) {
            Ok(Some(found)) => found,
            Ok(None) => break,
            Err(NoLayout::Unreadable) => return Err(NoLayout::Unreadable),
            // What was found before stands.
            Err(_) if !parts.is_empty() => break,
            Err(error) => return Err(error),
        };
        let begin = match &found.name {
            b"jxlc" => Some(found.body.begin),
            b"jxlp" => Some(found.body.begin.saturating_add(NUMBER_BYTES).min(found.body.end)),
            _ => None,
        };
        parts.extend(begin.map(|offset| Part { offset, length_bytes: found.body.end - offset, role: Role::Picture }));
        left.begin = found.body.end;
    }
    if parts.is_empty() { Err(NoLayout::Malformed("a JPEG XL without a codestream")) } else { Ok(parts) }
}

#[cfg(test)]
mod tests {
    use crate::media::{Bytes, Kind, Part, Role, layout};

    fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&u32::try_from(body.len() + 8).unwrap().to_be_bytes()[..], name, body].concat()
    }

    #[test]
    fn alone_or_in_boxes() {
        let stream = [&[0xff, 0x0a][..], &[7; 5000]].concat();
        let whole = layout(&mut Bytes(&stream)).unwrap();
        assert_eq!((whole.kind, whole.parts), (Kind::Jxl, vec![Part { offset: 0, length_bytes: 5002, role: Role::Picture }]));
        let head = [boxed(b"JXL ", b"\r\n\x87\n"), boxed(b"ftyp", b"jxl \0\0\0\0jxl "), boxed(b"Exif", &[1; 300])].concat();
        let one = [head.clone(), boxed(b"jxlc", &stream)].concat();
        let offset = u64::try_from(head.len()).unwrap() + 8;
        assert_eq!(layout(&mut Bytes(&one)).unwrap().parts, [Part { offset, length_bytes: 5002, role: Role::Picture }]);
        let numbered = |number: u8, bytes: &[u8]| boxed(b"jxlp", &[&[0, 0, 0, number][..], bytes].concat());
        let several = [head.clone(), numbered(0, &stream), boxed(b"xml ", &[2; 50]), numbered(0x81, &stream)].concat();
        let parts = layout(&mut Bytes(&several)).unwrap().parts;
        assert_eq!(
            parts.iter().map(|part| (part.offset, part.length_bytes)).collect::<Vec<_>>(),
            [(offset + 4, 5002), (offset + 5076, 5002)]
        );
        assert!(layout(&mut Bytes(&head)).is_err());
        crate::media::tests::assert_robust(&one);
        crate::media::tests::assert_robust(&several);
    }
}
