//! Owns the words of `inspect`: the file in a line, then its pieces.

use super::problems::problem_lines;
use crate::cli::human;
use crate::ops::inspect::{InspectPiece, InspectReport};
use std::fmt::Write;

/// Pieces that are shown unless all are asked for.
const SHOWN_MAX: usize = 20;

/// Writes the report; `all` shows every piece.
pub(in crate::cli) fn inspect_words(report: &InspectReport, all: bool, out: &mut String) {
    let pieces = u64::try_from(report.pieces.len()).unwrap_or(0);
    let kind = report.kind.unwrap_or("not a known kind");
    // Writing into a String cannot fail.
    let bytes = if report.bytes < 1000 { String::new() } else { format!(" ({} bytes)", human::count(report.bytes)) };
    _ = writeln!(out, "{}  {}{bytes}, {kind}", report.path, human::bytes(report.bytes));
    _ = writeln!(out, "blake3    {}", report.blake3);
    if let Some(why) = report.not_cut_as.as_ref().filter(|_| report.kind.is_some()) {
        _ = writeln!(out, "cut       as any other file: {why}");
    }
    let took = human::duration(report.elapsed_ms as f64 / 1000.0);
    let new = human::bytes(report.new_bytes);
    let there = match report.there_bytes {
        Some(0) => format!("would take {new}: nothing of it is there"),
        Some(there) => format!("would take {new}: {} of it are there already", human::bytes(there)),
        None => format!("would take {new}"),
    };
    _ = writeln!(out, "{:<9} {there}; read, cut and packed in {took}", human::counted(pieces, "piece", "pieces"));
    let shown = if all { report.pieces.len() } else { SHOWN_MAX };
    let widest = |number: fn(&InspectPiece) -> u64| report.pieces.iter().map(|piece| human::count(number(piece)).len()).max().unwrap_or(0);
    let parts = report.pieces.iter().map(|piece| piece.part.map_or(0, str::len)).max().unwrap_or(0);
    let codecs = report.pieces.iter().map(|piece| piece.codec.len()).max().unwrap_or(0);
    let widths = (widest(|piece| piece.offset), widest(|piece| piece.bytes), widest(|piece| piece.stored_bytes), parts, codecs);
    for piece in report.pieces.iter().take(shown) {
        _ = writeln!(out, "{}", line(piece, widths));
    }
    if report.pieces.len() > shown {
        _ = writeln!(out, "          and {} more (-v lists all)", human::count(u64::try_from(report.pieces.len() - shown).unwrap_or(0)));
    }
    problem_lines(&report.problems, out);
}

fn line(piece: &InspectPiece, (offset, bytes, stored, part, codec): (usize, usize, usize, usize, usize)) -> String {
    let id: String = piece.id.chars().take(8).collect();
    let grouped = piece.grouped_with.map(|group| format!("  with other small pieces ({group})")).unwrap_or_default();
    let there = match (piece.there, piece.repeated) {
        (Some(true), _) => "  is there",
        (_, true) => "  again",
        _ => "",
    };
    let (at, raw, packed) = (human::count(piece.offset), human::count(piece.bytes), human::count(piece.stored_bytes));
    let of = if part == 0 { String::new() } else { format!("  {:<part$}", piece.part.unwrap_or_default()) };
    format!("  at {at:>offset$}  {raw:>bytes$}{of}  {id}  {:<codec$}  {packed:>stored$}{grouped}{there}", piece.codec)
}

#[cfg(test)]
mod tests {
    use super::inspect_words;
    use crate::ops::inspect::{InspectPiece, InspectReport};

    #[test]
    fn the_file_and_its_first_pieces() {
        let piece = |number: u64| InspectPiece {
            offset: number * 1_000,
            bytes: 1_000,
            id: "ab".repeat(32),
            part: (number == 1).then_some("picture"),
            codec: "stored",
            stored_bytes: 1_000,
            grouped_with: None,
            repeated: false,
            there: Some(number == 0),
        };
        let report = InspectReport {
            path: "film.mov".to_owned(),
            bytes: 25_000,
            kind: Some("quicktime"),
            pieces: (0..25).map(piece).collect(),
            new_bytes: 24_000,
            there_bytes: Some(1_000),
            elapsed_ms: 12,
            ..InspectReport::default()
        };
        let mut out = String::new();
        inspect_words(&report, false, &mut out);
        assert!(out.starts_with("film.mov  25 kB (25,000 bytes), quicktime\n"), "{out}");
        assert!(out.contains("25 pieces would take 24 kB: 1 kB of it are there already; read, cut and packed in 12 ms\n"), "{out}");
        assert!(
            out.contains("  at      0  1,000           abababab  stored  1,000  is there\n")
                && out.contains("  at  1,000  1,000  picture  abababab  stored  1,000\n")
                && out.contains("and 5 more (-v lists all)"),
            "{out}"
        );
    }
}
