//! Owns finding the picture in a PNG or APNG: from its first chunk of data to its last.
//!
//! Source: W3C PNG, third edition, sections 5 and 11. Only the heads of chunks are read, at most [`CHUNKS_MAX`] of them.

use super::{Kind, Layout, NoLayout, Part, Reader, Role};

/// Chunks that are looked at; in practice they hold 8 KiB and more each.
const CHUNKS_MAX: usize = 1_000_000;
/// Length, type and checksum of a chunk.
const AROUND_BYTES: u64 = 12;

/// Finds the parts of a PNG.
pub(super) fn layout(reader: &mut Reader<'_>) -> Result<Layout, NoLayout> {
    let length_bytes = reader.length_bytes();
    let (mut at, mut begin, mut end) = (8_u64, None, 0);
    for _ in 0..CHUNKS_MAX {
        let [l0, l1, l2, l3, name @ ..] = match reader.array::<8>(at) {
            Ok(head) => head,
            Err(NoLayout::Unreadable) => return Err(NoLayout::Unreadable),
            // Where it is cut off, or so long that nobody goes on, the picture goes on to the end.
            Err(_) if begin.is_some() => {
                end = length_bytes;
                break;
            }
            Err(error) => return Err(error),
        };
        let behind = at.saturating_add(AROUND_BYTES).saturating_add(u32::from_be_bytes([l0, l1, l2, l3]).into());
        match &name {
            b"IDAT" | b"fdAT" => {
                begin = begin.or(Some(at));
                end = behind;
            }
            b"IEND" => break,
            _ => {}
        }
        at = behind;
    }
    let begin = begin.ok_or(NoLayout::Malformed("a PNG without a picture"))?;
    let part = Part { offset: begin, length_bytes: end.min(length_bytes) - begin, role: Role::Picture };
    Ok(Layout { kind: Kind::Png, parts: vec![part] })
}

#[cfg(test)]
mod tests {
    use crate::media::{Bytes, Kind, NoLayout, Part, Role, layout};

    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], name, body, b"crc!"].concat()
    }

    fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat()
    }

    #[test]
    fn from_the_first_data_to_the_last() {
        let text = chunk(b"tEXt", &[b'x'; 100]);
        let data = chunk(b"IDAT", &[7; 5000]);
        let bytes = png(&[chunk(b"IHDR", &[0; 13]), text.clone(), data.clone(), data.clone(), text.clone(), chunk(b"IEND", b"")]);
        let found = layout(&mut Bytes(&bytes)).unwrap();
        let offset = 8 + 25 + 112;
        assert_eq!(found.kind, Kind::Png);
        assert_eq!(found.parts, [Part { offset, length_bytes: 2 * 5012, role: Role::Picture }]);
        let frames =
            png(&[chunk(b"IHDR", &[0; 13]), data, chunk(b"fcTL", &[0; 26]), chunk(b"fdAT", &[9; 6000]), text, chunk(b"IEND", b"")]);
        assert_eq!(layout(&mut Bytes(&frames)).unwrap().parts, [Part { offset: 33, length_bytes: 5012 + 38 + 6012, role: Role::Picture }]);
        let none = png(&[chunk(b"IHDR", &[0; 13]), chunk(b"IEND", b"")]);
        assert_eq!(layout(&mut Bytes(&none)).unwrap_err(), NoLayout::Malformed("a PNG without a picture"));
        crate::media::tests::assert_robust(&bytes);
        crate::media::tests::assert_robust(&frames);
    }
}
