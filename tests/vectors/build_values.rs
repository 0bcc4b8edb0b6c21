//! Owns the vectors of the encoding of values, of Padmé, names, ids, page ends, cuts and recovery codes.

use super::cuts;
use super::seal::{CODE, code_text, key_check, master};
use super::vector::Vector;
use tintype::format::ObjectKind;

/// All of them.
pub(crate) fn all() -> Vec<Vector> {
    [integers(), compounds(), padme(), names(), ids(), ends(), cut_points(), codes()].concat()
}

fn integers() -> Vec<Vector> {
    let mut all = Vec::new();
    let examples: [(u64, &[u8]); 9] = [
        (0, &[0]),
        (250, &[0xfa]),
        (251, &[0xfb, 0xfb, 0]),
        (300, &[0xfb, 0x2c, 0x01]),
        (65_535, &[0xfb, 0xff, 0xff]),
        (65_536, &[0xfc, 0, 0, 1, 0]),
        (4_294_967_295, &[0xfc, 0xff, 0xff, 0xff, 0xff]),
        (4_294_967_296, &[0xfd, 0, 0, 0, 0, 1, 0, 0, 0]),
        (u64::MAX, &[0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ];
    for (value, bytes) in examples {
        all.push(Vector::ok("u64", &format!("value_{value}"), "an unsigned integer", bytes).with("value", &value.to_string()));
    }
    let wrong: [(&str, &str, &str, &[u8]); 8] = [
        ("three_bytes_for_5", "decode/not-canonical", "5 in three bytes instead of one", &[0xfb, 5, 0]),
        ("three_bytes_for_250", "decode/not-canonical", "250 in three bytes instead of one", &[0xfb, 0xfa, 0]),
        ("five_bytes_for_65535", "decode/not-canonical", "65,535 in five bytes instead of three", &[0xfc, 0xff, 0xff, 0, 0]),
        ("nine_bytes_for_65536", "decode/not-canonical", "65,536 in nine bytes instead of five", &[0xfd, 0, 0, 1, 0, 0, 0, 0, 0]),
        ("marker_fe", "decode/not-decodable", "marker 0xfe would be 128 bits wide", &[0xfe; 17]),
        ("marker_ff", "decode/not-decodable", "marker 0xff has no meaning", &[0xff]),
        ("short", "decode/not-decodable", "the marker promises two bytes and one is there", &[0xfb, 0xfb]),
        ("tail", "decode/tail-not-zero", "a byte stands after the value", &[7, 0]),
    ];
    all.extend(wrong.map(|(name, refusal, comment, bytes)| Vector::bad("u64", name, refusal, comment, bytes)));
    all.push(Vector::bad("u32", "value_4294967296", "decode/not-decodable", "a u32 of more than 32 bits", [0xfd, 0, 0, 0, 0, 1, 0, 0, 0]));
    let signed: [(i64, &[u8]); 7] = [
        (0, &[0]),
        (-1, &[1]),
        (1, &[2]),
        (-125, &[0xf9]),
        (125, &[0xfa]),
        (-126, &[0xfb, 0xfb, 0]),
        (i64::MIN, &[0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ];
    for (value, bytes) in signed {
        let name = format!("value_{value}").replace('-', "minus_");
        all.push(Vector::ok("i64", &name, "a signed integer, zigzag", bytes).with("value", &value.to_string()));
    }
    all
}

fn compounds() -> Vec<Vector> {
    vec![
        Vector::ok("bytes", "empty", "no bytes", [0]).with("value", "[]"),
        Vector::ok("bytes", "three", "three bytes", [3, 7, 8, 9]).with("value", "[7, 8, 9]"),
        Vector::bad("bytes", "short", "decode/not-decodable", "the length promises more than is there", [3, 7, 8]),
        Vector::bad(
            "bytes",
            "length_of_a_terabyte",
            "decode/not-decodable",
            "a length that no memory holds",
            [0xfd, 0, 0, 0, 0, 0, 1, 0, 0],
        ),
        Vector::bad("bytes", "length_not_shortest", "decode/not-canonical", "the length in three bytes instead of one", [0xfb, 1, 0, 7]),
        Vector::ok("string", "utf8", "two characters in four bytes: u with two dots, then the same", [4, 0xc3, 0xbc, 0xc3, 0xbc])
            .with("value", "\"\u{fc}\u{fc}\""),
        Vector::bad("string", "not_utf8", "decode/not-decodable", "a byte that is no UTF-8", [1, 0xff]),
        Vector::bad("string", "surrogate", "decode/not-decodable", "half of a surrogate pair is no UTF-8", [3, 0xed, 0xa0, 0x80]),
        Vector::ok("option", "absent", "nothing", [0]).with("value", "None"),
        Vector::ok("option", "present", "the number 7", [1, 7]).with("value", "Some(7)"),
        Vector::bad("option", "tag_2", "decode/not-decodable", "a tag that is neither 0 nor 1", [2, 7]),
    ]
}

fn padme() -> Vec<Vector> {
    let examples =
        [(0, 0), (1, 1), (8, 8), (9, 10), (200, 208), (1_000, 1_024), (1_025, 1_088), (3_100_000, 3_145_728), (67_108_865, 69_206_016)];
    examples
        .map(|(from, to)| {
            Vector::ok("padme", &format!("of_{from}"), "a length, rounded up", from.to_string()).with("value", &to.to_string())
        })
        .to_vec()
}

fn names() -> Vec<Vector> {
    let hash = "0123456789abcdef".repeat(4);
    let ok = |name: &str, path: String, value: String| Vector::ok("name", name, "what this name is", path).with("value", &value);
    let mut all = vec![
        ok("pack", format!("packs/01/{hash}.pack"), format!("packs {hash}")),
        ok("meta_pack_in_second", format!("second/packs/01/{hash}.pack"), format!("packs {hash} second")),
        ok("snapshot", format!("snapshots/2026-11/20261122T180400Z-{hash}.snapshot"), format!("snapshots {hash}")),
        ok("snapshot_of_1970", format!("snapshots/1970-01/19700101T000000Z-{hash}.snapshot"), format!("snapshots {hash}")),
        ok("snapshot_on_a_leap_day", format!("snapshots/2024-02/20240229T235959Z-{hash}.snapshot"), format!("snapshots {hash}")),
        ok("needs", format!("needs/01/{hash}.needs"), format!("needs {hash}")),
        ok("index", format!("index/01/{hash}.index"), format!("index {hash}")),
        ok("key", format!("keys/{hash}.key"), format!("keys {hash}")),
        ok("tombstone_in_second", format!("second/tombstones/{hash}.tombstone"), format!("tombstones {hash} second")),
        ok("instead", format!("instead/{hash}.instead"), format!("instead {hash}")),
        ok("repository_file", "tintype.json".to_owned(), "repository-file".to_owned()),
        ok("repository_file_in_second", "second/tintype.json".to_owned(), "repository-file second".to_owned()),
        ok("rule", "rules/parity-2.read".to_owned(), "rule parity-2.read".to_owned()),
        ok("guide", "spec/README.md".to_owned(), "guide".to_owned()),
        ok("temporary", "packs/01/tmp-00112233-445566".to_owned(), "temporary".to_owned()),
    ];
    let foreign = [
        ("pack_upper_case", format!("packs/01/{}.pack", hash.to_uppercase())),
        ("pack_in_the_wrong_folder", format!("packs/02/{hash}.pack")),
        ("pack_without_folder", format!("packs/{hash}.pack")),
        ("pack_of_63_digits", format!("packs/01/{}.pack", &hash[..63])),
        ("pack_copy", format!("packs/01/{hash} (1).pack")),
        ("pack_with_index_suffix", format!("packs/01/{hash}.index")),
        ("index_in_second", format!("second/index/01/{hash}.index")),
        ("instead_in_second", format!("second/instead/{hash}.instead")),
        ("snapshot_in_the_wrong_month", format!("snapshots/2026-12/20261122T180400Z-{hash}.snapshot")),
        ("snapshot_on_no_day", format!("snapshots/2026-02/20260230T000000Z-{hash}.snapshot")),
        ("snapshot_in_a_leap_second", format!("snapshots/2016-12/20161231T235960Z-{hash}.snapshot")),
        ("rule_upper_case", "rules/Parity.read".to_owned()),
        ("rule_with_another_verb", "rules/parity.list".to_owned()),
        ("system_file", "packs/01/.DS_Store".to_owned()),
        ("conflicted_copy", "tintype (conflicted copy).json".to_owned()),
    ];
    all.extend(
        foreign.map(|(name, path)| {
            Vector::ok("name", &format!("foreign_{name}"), "a name that is none of ours", path).with("value", "foreign")
        }),
    );
    all
}

fn ids() -> Vec<Vector> {
    let words = ["chunk", "folder", "page", "piece_list", "list_of_piece_lists", "report", "report_page"];
    let contexts = ["folder", "page", "piece list", "list of piece lists", "report", "report page"];
    ObjectKind::ALL
        .iter()
        .zip(words)
        .map(|(kind, word)| {
            let raw = b"the same bytes";
            let id = match usize::from(kind.number()).checked_sub(2) {
                None => *blake3::hash(raw).as_bytes(),
                Some(place) => blake3::derive_key(&format!("tintype 2026 object {}", contexts[place]), raw),
            };
            Vector::ok("object-id", word, "the id of these bytes as an object of this kind", raw)
                .with("object", &kind.number().to_string())
                .with("value", &tintype::format::hex(&id))
        })
        .collect()
}

fn ends() -> Vec<Vector> {
    let ending = (0..).map(|number| format!("IMG_{number:04}.JPG")).find(|name| {
        let hash = blake3::hash(name.as_bytes());
        hash.as_bytes()[0].is_multiple_of(64)
    });
    let ending = ending.expect("one in 64 ends a page");
    let name = |last: [u8; 8]| format!("{}{}", "ab".repeat(24), tintype::format::hex(&last));
    vec![
        Vector::ok("page-end", "a_name_that_ends_a_page", "a page of 16 KiB ends after this name", ending).with("value", "true"),
        Vector::ok("page-end", "a_name_that_ends_none", "the hash is not 0 modulo 64", "a").with("value", "false"),
        Vector::ok("needs-page-end", "ends", "the last 8 bytes are 512, little endian", name([0, 2, 0, 0, 0, 0, 0, 0]))
            .with("value", "true"),
        Vector::ok("needs-page-end", "ends_not", "the last 8 bytes are 256, little endian", name([0, 1, 0, 0, 0, 0, 0, 0]))
            .with("value", "false"),
    ]
}

fn cut_points() -> Vec<Vector> {
    let joined = |bytes: &[u8]| cuts::cuts(bytes).iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
    let zeros = |length: usize, name: &str| {
        Vector::ok("cuts", name, "zeros: lengths of the pieces", length.to_string()).with("value", &joined(&vec![0; length]))
    };
    let mut all = vec![zeros(262_144, "zeros_of_the_smallest_piece"), zeros(10_485_761, "zeros_of_10_mib_and_1")];
    for (length, seed) in [(262_145, "a"), (1_000_001, "b"), (16_777_216, "c"), (16_777_217, "d")] {
        let bytes = cuts::stream(seed, length);
        let vector = Vector::ok(
            "cuts",
            &format!("stream_{seed}_of_{length}"),
            "extended output of BLAKE3 over the seed: lengths of the pieces",
            length.to_string(),
        );
        all.push(vector.with("seed", seed).with("value", &joined(&bytes)));
    }
    all
}

fn codes() -> Vec<Vector> {
    let text = code_text(&CODE);
    let bad = |name: &str, comment: &str, text: &str| Vector::bad("recovery-code", name, "code/wrong-recovery-code", comment, text);
    let mut groups: Vec<&str> = text.split('-').collect();
    groups.swap(1, 2);
    let (first, rest) = text.split_at(1);
    let wrong_first = format!("{}{rest}", if first == "0" { "7" } else { "0" });
    let mut neighbours: Vec<char> = text.chars().collect();
    let place = (0..neighbours.len() - 1)
        .find(|place| neighbours[*place] != neighbours[place + 1] && neighbours[*place] != '-' && neighbours[place + 1] != '-');
    let place = place.expect("two neighbours differ");
    neighbours.swap(place, place + 1);
    let neighbours: String = neighbours.into_iter().collect();
    let ok = |name: &str, comment: &str, given: String| Vector::ok("recovery-code", name, comment, given).with("value", &text);
    vec![
        ok("as_shown", "the 20 bytes 00 01 02 to 13", text.clone()),
        ok("lower_case_and_blanks", "as a person may type it", text.to_lowercase().replace('-', " ")),
        ok("look_alikes", "O for 0, l for 1, nothing between groups", text.replace('0', "O").replace('1', "l").replace('-', "")),
        Vector::ok("recovery-code", "all_ones", "20 bytes 0xff", code_text(&[0xff; 20])).with("value", &code_text(&[0xff; 20])),
        Vector::ok("key-check", "of_the_code", "what tintype.json says of this code's master key", text.clone())
            .with("value", &tintype::format::hex(&key_check(&master()))),
        bad("one_wrong_character", "the first character is another", &wrong_first),
        bad("two_neighbours_swapped", "two neighbours in one group are swapped", &neighbours),
        bad("two_groups_swapped", "the second and the third group are swapped", &groups.join("-")),
        bad("a_group_missing", "seven groups", &text[..41]),
        bad("a_character_of_no_code", "U does not occur", &format!("U{rest}")),
    ]
}
