//! Owns finding the picture in a WebP: from its first chunk of picture data to its last.
//!
//! Source: RFC 9649. Only the heads of chunks are read, at most [`CHUNKS_MAX`] of them.

use super::{Kind, Layout, NoLayout, Part, Reader, Role};

/// Chunks that are looked at: a moving picture has one for each of its frames.
const CHUNKS_MAX: usize = 1_000_000;
/// Chunks that make up the picture.
const PICTURE: [&[u8; 4]; 5] = [b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"];

/// Finds the parts of a WebP.
pub(super) fn layout(reader: &mut Reader<'_>) -> Result<Layout, NoLayout> {
    let length_bytes = reader.length_bytes();
    let (mut at, mut begin, mut end) = (12_u64, None, 0);
    for _ in 0..CHUNKS_MAX {
        let [name @ .., l0, l1, l2, l3] = match reader.array::<8>(at) {
            Ok(head) => head,
            Err(NoLayout::Truncated) => break,
            Err(error) => return Err(error),
        };
        let body_bytes = u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
        let behind = at.saturating_add(8).saturating_add(body_bytes).saturating_add(body_bytes % 2);
        if PICTURE.contains(&&name) {
            begin = begin.or(Some(at));
            end = behind;
        }
        at = behind;
    }
    let begin = begin.ok_or(NoLayout::Malformed("a WebP without a picture"))?;
    let part = Part { offset: begin, length_bytes: end.min(length_bytes) - begin, role: Role::Picture };
    Ok(Layout { kind: Kind::Webp, parts: vec![part] })
}

#[cfg(test)]
mod tests {
    use crate::media::{Bytes, Kind, Part, Role, layout};

    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let odd = body.len() % 2;
        [&name[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), body, &[0][..odd]].concat()
    }

    #[test]
    fn from_the_first_picture_chunk_to_the_last() {
        let head = [&b"RIFF"[..], &[0; 4], b"WEBP"].concat();
        let extended =
            [head.clone(), chunk(b"VP8X", &[0; 10]), chunk(b"ICCP", &[1; 99]), chunk(b"ALPH", &[2; 501]), chunk(b"VP8 ", &[3; 5001])];
        let bytes = [extended.concat(), chunk(b"EXIF", &[4; 333]), chunk(b"XMP ", &[5; 77])].concat();
        let found = layout(&mut Bytes(&bytes)).unwrap();
        let offset = 12 + 18 + 108;
        assert_eq!((found.kind, found.parts), (Kind::Webp, vec![Part { offset, length_bytes: 510 + 5010, role: Role::Picture }]));
        let simple = [head.clone(), chunk(b"VP8L", &[6; 4200])].concat();
        assert_eq!(layout(&mut Bytes(&simple)).unwrap().parts, [Part { offset: 12, length_bytes: 4208, role: Role::Picture }]);
        assert!(layout(&mut Bytes(&[head, chunk(b"EXIF", &[1; 9000])].concat())).is_err());
        crate::media::tests::assert_robust(&bytes);
    }
}
