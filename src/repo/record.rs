//! Owns records: raw bytes made smaller where that gains something, and back. Implements `format-spec/packs.md`, section "Codecs".

use crate::crypto::FileSeal;
use crate::format::{Codec, Record, limits};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, Strategy};

/// What the writer knows about how well bytes compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Nothing: try a part first.
    Unknown,
    /// They do not, being compressed already.
    Coded,
    /// They do: do not waste time on a trial.
    Smaller,
    /// They are small pictures: each is compressed already, and many have the same tables in front.
    Pictures,
}

/// Bytes that a trial looks at.
const TRIAL_BYTES: usize = 64 << 10;
/// The level that pays: 9 is twelve times slower for 7 % on JSON, and 1 was no faster than 3.
const LEVEL: i32 = 3;
const TRIAL_LEVEL: i32 = -1;

/// Distances that are tried: pixels of grey, colour, colour with transparency, of 8 and 16 bits.
const DISTANCES: [u8; 5] = [1, 2, 3, 4, 6];
/// Bytes of the trial by which a distance is found.
const DISTANCE_TRIAL_BYTES: usize = 16 << 10;

/// Encodes records. One per thread: zstd's working memory is reused.
pub struct Encoder {
    full: Option<Compressor<'static>>,
    trial: Option<Compressor<'static>>,
    pictures: Option<Compressor<'static>>,
    /// A distance, then a frame.
    buffer: Vec<u8>,
    differences: Vec<u8>,
}

/// A record that was made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed<'e> {
    /// How.
    pub codec: Codec,
    /// What is stored, before it is sealed.
    pub bytes: &'e [u8],
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Encoder")
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// With working memory of its own.
    pub fn new() -> Self {
        // Without working memory for zstd everything is stored as it is: larger, never wrong.
        let trial = Compressor::new(TRIAL_LEVEL).ok();
        Self { full: Compressor::new(LEVEL).ok(), trial, pictures: for_pictures().ok(), buffer: Vec::new(), differences: Vec::new() }
    }

    /// Compresses if that saves at least 3 %. The bytes stay valid until the next call; `None`: store them as they are.
    pub fn encode(&mut self, raw: &[u8], expect: Expect) -> Option<Packed<'_>> {
        if expect == Expect::Coded {
            return None;
        }
        let distance = match expect {
            Expect::Unknown if raw.len() > 2 * TRIAL_BYTES => self.trial(raw)?,
            _ => 0,
        };
        let source = if distance == 0 {
            raw
        } else {
            differences(raw, distance, &mut self.differences);
            &self.differences
        };
        let compressor = if expect == Expect::Pictures { self.pictures.as_mut()? } else { self.full.as_mut()? };
        let room = zstd::zstd_safe::compress_bound(raw.len()) + 1;
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        let (first, frame) = self.buffer.split_first_mut()?;
        *first = distance;
        let length = compressor.compress_to_buffer(source, frame).ok()?;
        if !gains(length, raw.len()) {
            return None;
        }
        let (codec, begin) = if distance == 0 { (Codec::Zstd, 1) } else { (Codec::Differences, 0) };
        self.buffer.get(begin..=length).map(|bytes| Packed { codec, bytes })
    }

    /// Keeps no more room than this between records.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        for room in [&mut self.buffer, &mut self.differences] {
            room.truncate(bytes);
            room.shrink_to(bytes);
        }
    }

    /// Compresses a part from the middle: headers and thumbnails at the front say little about a photo. `None`: it gains nothing; else the
    /// distance whose differences are at least a tenth smaller than the bytes, or 0.
    fn trial(&mut self, raw: &[u8]) -> Option<u8> {
        let middle = raw.len() / 2;
        let Some(part) = raw.get(middle..middle + TRIAL_BYTES) else { return Some(0) };
        let compressor = self.trial.as_mut()?;
        let mut packed_bytes = |bytes: &[u8]| compressor.compress(bytes).map_or(bytes.len(), |packed| packed.len());
        let small = part.get(..DISTANCE_TRIAL_BYTES).unwrap_or(part);
        let plain = packed_bytes(small).min(small.len());
        let best = DISTANCES.into_iter().map(|distance| {
            differences(small, distance, &mut self.differences);
            (packed_bytes(&self.differences), distance)
        });
        match best.min() {
            Some((bytes, distance)) if bytes < plain - plain / 10 && gains(bytes, small.len()) => Some(distance),
            _ => gains(packed_bytes(part), part.len()).then_some(0),
        }
    }
}

/// Looks for repeated tables alone: five times faster on thumbnails than the usual level, for 0.2 % more bytes. The literals are stored
/// as they are, which zstd does with this strategy where a target length is set.
fn for_pictures() -> std::io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(LEVEL)?;
    let parameters =
        [CParameter::Strategy(Strategy::ZSTD_fast), CParameter::MinMatch(6), CParameter::HashLog(18), CParameter::TargetLength(2)];
    for parameter in parameters {
        compressor.set_parameter(parameter)?;
    }
    Ok(compressor)
}

/// Puts into `into` each byte less the one `distance` before it; the first ones as they are.
fn differences(raw: &[u8], distance: u8, into: &mut Vec<u8>) {
    into.clear();
    into.extend_from_slice(raw);
    let before = raw.iter();
    let after = into.get_mut(usize::from(distance)..).unwrap_or_default();
    after.iter_mut().zip(before).for_each(|(byte, before)| *byte = byte.wrapping_sub(*before));
}

/// The reverse of [`differences`], in place.
fn add_up(raw: &mut [u8], distance: u8) {
    let Some((mut before, mut rest)) = raw.split_at_mut_checked(usize::from(distance)) else { return };
    while !rest.is_empty() {
        let (now, later) = rest.split_at_mut(before.len().min(rest.len()));
        now.iter_mut().zip(before.iter()).for_each(|(byte, before)| *byte = byte.wrapping_add(*before));
        (before, rest) = (now, later);
    }
}

fn gains(packed: usize, raw: usize) -> bool {
    packed < raw - raw / 32
}

/// Decodes records. One per thread.
pub(super) struct Decoder(Option<Decompressor<'static>>);

impl std::fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Decoder")
    }
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self(Decompressor::new().ok())
    }

    /// Decodes into `raw`, which has exactly the stated length. The words say what is wrong.
    pub(super) fn decode(&mut self, codec: u8, stored: &[u8], raw: &mut [u8]) -> Result<(), String> {
        match Codec::from_number(codec) {
            Some(Codec::Stored) if stored.len() == raw.len() => {
                raw.copy_from_slice(stored);
                Ok(())
            }
            Some(Codec::Stored) => Err("a stored record has another length than stated".to_owned()),
            Some(Codec::Differences) => {
                let Some((distance @ 1..=16, frame)) = stored.split_first() else {
                    return Err("a record of differences has no distance of 1 to 16".to_owned());
                };
                self.decode(Codec::Zstd.number(), frame, raw)?;
                add_up(raw, *distance);
                Ok(())
            }
            Some(Codec::Zstd) => {
                // One frame, as the format says: the library would take several in a row.
                if zstd::zstd_safe::find_frame_compressed_size(stored) != Ok(stored.len()) {
                    return Err("a record is not exactly one zstd frame".to_owned());
                }
                if window_bytes(stored).is_none_or(|bytes| bytes > limits::ZSTD_WINDOW_BYTES_MAX) {
                    return Err("a record's zstd frame has too large a window".to_owned());
                }
                let decompressor = self.0.as_mut().ok_or("no memory for zstd")?;
                match decompressor.decompress_to_buffer(stored, raw) {
                    Ok(length) if length == raw.len() => Ok(()),
                    Ok(_) => Err("a record decodes to another length than stated".to_owned()),
                    Err(error) => Err(format!("a record does not decompress: {error}")),
                }
            }
            None => Err(format!("codec {codec} is of a newer version")),
        }
    }

    /// A raw length as room in memory; `None` beyond the limit of a record.
    pub(super) fn room(raw_bytes: u32) -> Option<usize> {
        (raw_bytes <= limits::RECORD_RAW_BYTES_MAX).then(|| usize::try_from(raw_bytes).ok()).flatten()
    }
}

/// The window that a zstd frame states (RFC 8878, section 3.1.1.1.2); 0 where it is all of its content at once, which the stated raw
/// length bounds. `None`: the front is no frame's. The library checks windows only where it has to make room for one, which it has not here.
fn window_bytes(frame: &[u8]) -> Option<u64> {
    let [_, _, _, _, descriptor, window, ..] = frame else { return None };
    if descriptor & 0x20 != 0 {
        return Some(0);
    }
    let base = 1_u64 << (10 + (window >> 3));
    Some(base + base / 8 * u64::from(window & 7))
}

/// Opens a sealed record in place, decodes it and compares every object with its id. `raw` is room that is used again. The words say what is wrong.
pub(super) fn open_and_compare(
    seal: &FileSeal,
    ordinal: u32,
    record: &Record,
    sealed: &mut [u8],
    raw: &mut Vec<u8>,
    decoder: &mut Decoder,
) -> Result<(), String> {
    let opened = seal.open_record(ordinal, sealed).map_err(|error| error.to_string())?;
    let packed = sealed.get(..opened).unwrap_or_default();
    if record.objects.is_empty() {
        let zeros = packed.iter().all(|byte| *byte == 0) && usize::try_from(record.raw_bytes) == Ok(opened);
        return if zeros { Ok(()) } else { Err("its padding is not zeros".to_owned()) };
    }
    let room = Decoder::room(record.raw_bytes).ok_or("the record is longer than any may be")?;
    let mut rest: &[u8] = if record.codec == Codec::Stored.number() && packed.len() == room {
        packed
    } else {
        raw.resize(room, 0);
        decoder.decode(record.codec, packed, raw)?;
        raw
    };
    for object in &record.objects {
        let length = usize::try_from(object.length_bytes).unwrap_or(usize::MAX);
        let (bytes, after) = rest.split_at_checked(length).ok_or("its objects are longer than it is")?;
        if object.kind.id_of(bytes) != object.id {
            return Err(format!("object {} does not hash to its id", object.id.short()));
        }
        rest = after;
    }
    if rest.is_empty() { Ok(()) } else { Err("its objects are shorter than it is".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::{Decoder, Encoder, Expect, window_bytes};
    use crate::format::Codec;

    #[test]
    fn only_what_gains_is_compressed() {
        let mut encoder = Encoder::new();
        let text = b"{\"title\": \"IMG_0412.HEIC\", \"description\": \"\"}\n".repeat(10_000);
        let packed = encoder.encode(&text, Expect::Unknown).expect("text shrinks");
        assert_eq!(packed.codec, Codec::Zstd);
        let (packed, mut raw) = (packed.bytes.to_vec(), vec![0; text.len()]);
        Decoder::new().decode(Codec::Zstd.number(), &packed, &mut raw).expect("it decodes");
        assert!(raw == text && packed.len() < text.len() / 10);
        let mut noise = vec![0; 1 << 20];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        assert!(encoder.encode(&noise, Expect::Unknown).is_none());
    }

    #[test]
    fn pixels_are_stored_as_differences() {
        // Soft shades of three colours, with a little noise.
        let mut noise = vec![0; 3 * 200_000];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        let shade = |(place, noise): (usize, &u8)| ((place / 3 / 7 * (place % 3 + 1)) as u8).wrapping_add(noise & 3);
        let pixels: Vec<u8> = noise.iter().enumerate().map(shade).collect();
        let mut encoder = Encoder::new();
        let plain = encoder.encode(&pixels, Expect::Smaller).map_or(pixels.len(), |packed| packed.bytes.len());
        let packed = encoder.encode(&pixels, Expect::Unknown).expect("differences shrink");
        assert!(packed.codec == Codec::Differences && packed.bytes.first() == Some(&3) && packed.bytes.len() < plain * 9 / 10);
        let (stored, mut raw) = (packed.bytes.to_vec(), vec![0; pixels.len()]);
        Decoder::new().decode(2, &stored, &mut raw).expect("it decodes");
        assert_eq!(raw, pixels);
        for distance in [0, 17] {
            let other = [&[distance], &stored[1..]].concat();
            assert!(Decoder::new().decode(2, &other, &mut raw).is_err());
        }
        assert!(Decoder::new().decode(2, &[], &mut raw).is_err());
    }

    #[test]
    fn a_frame_with_a_larger_window_than_allowed_is_refused() {
        // Magic, no flags, a window, one last block that repeats one byte 200 times.
        let frame = |window: u8| {
            let [a, b, c, _] = (1 | 1 << 1 | 200_u32 << 3).to_le_bytes();
            [0x28, 0xb5, 0x2f, 0xfd, 0, window, a, b, c, b'x']
        };
        let sixteen_mib = 14 << 3;
        assert_eq!(window_bytes(&frame(sixteen_mib)), Some(16 << 20));
        assert_eq!(window_bytes(&frame(sixteen_mib | 1)), Some(18 << 20));
        let mut raw = [0; 200];
        assert_eq!(Decoder::new().decode(Codec::Zstd.number(), &frame(sixteen_mib), &mut raw), Ok(()));
        for window in [sixteen_mib | 1, 15 << 3] {
            let refused = Decoder::new().decode(Codec::Zstd.number(), &frame(window), &mut raw);
            assert!(refused.is_err_and(|reason| reason.contains("window")), "{window}");
        }
        // The library itself knows no such window.
        assert!(Decoder::new().decode(Codec::Zstd.number(), &frame(0xff), &mut raw).is_err());
    }

    #[test]
    fn a_bomb_is_stopped_at_the_stated_length() {
        let mut encoder = Encoder::new();
        let packed = encoder.encode(&vec![0; 8 << 20], Expect::Smaller).expect("zeros shrink").bytes.to_vec();
        assert!(Decoder::new().decode(Codec::Zstd.number(), &packed, &mut [0; 1000]).is_err());
        assert!(Decoder::new().decode(Codec::Zstd.number(), &packed, &mut vec![0; (8 << 20) + 1]).is_err());
        assert!(Decoder::new().decode(9, &packed, &mut [0; 10]).is_err());
    }
}
