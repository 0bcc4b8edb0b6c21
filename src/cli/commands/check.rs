//! Checks a repository: with its key if one was given, else by names, lengths and hashes alone.

use super::names::snapshot;
use crate::cli::args::CheckArgs;
use crate::cli::awake::Awake;
use crate::cli::bar::Bar;
use crate::cli::console::Console;
use crate::cli::exit::{Doing, Failure};
use crate::cli::open::{Need, open};
use crate::cli::sanitize;
use crate::cli::words::check::check_words;
use crate::ops::check::{CheckOptions, Depth, Subset, check};

pub(in crate::cli) fn run(console: &Console, args: &CheckArgs) -> Result<u8, Failure> {
    let depth = match &args.read_data_subset {
        Some(text) => Depth::Subset(subset(text).ok_or_else(|| {
            Failure::refused(format!("read the part {text}"), "say N/M such as 3/12, a percentage such as 5%, or a size such as 20GB")
        })?),
        None if args.read_data => Depth::ReadData,
        None => Depth::Quick,
    };
    let snapshots = args.snapshots.iter().map(|name| snapshot(name)).collect::<Result<Vec<_>, Failure>>()?;
    let options = CheckOptions { snapshots, depth };
    let repository = open(console, Need::Bytes)?;
    let _awake = (options.depth != Depth::Quick).then(|| Awake::hold("photos are being checked"));
    let bar = Bar::start(console);
    let report = check(&repository, &options, &bar).doing(|| "check the repository".to_owned());
    drop(bar);
    let report = report?;
    Ok(console.finish("check", report.exit_code, &report, |out| {
        // Writing into a String cannot fail.
        _ = check_words(&report, out);
        *out = sanitize::text(out);
    }))
}

/// `3/12`, `5%`, `20GB`.
fn subset(text: &str) -> Option<Subset> {
    if let Some((n, m)) = text.split_once('/') {
        let (part, parts) = (n.trim().parse().ok()?, m.trim().parse().ok()?);
        return (1..=parts).contains(&part).then_some(Subset::Part { part, parts });
    }
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 = percent.trim().parse().ok()?;
        return (percent > 0.0 && percent <= 100.0).then_some(Subset::Percent(percent));
    }
    parse_bytes(text).map(Subset::Bytes)
}

/// A length as people write it: `500`, `20MB`, `1.5 GB`, `64MiB`.
pub(super) fn parse_bytes(text: &str) -> Option<u64> {
    let split = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    let bytes = number * factor as f64;
    (bytes >= 1.0 && bytes < u64::MAX as f64).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::{parse_bytes, subset};
    use crate::ops::check::Subset;

    #[test]
    fn parts_of_the_data() {
        assert!(matches!(subset("3/12"), Some(Subset::Part { part: 3, parts: 12 })));
        assert!(matches!(subset("2.5%"), Some(Subset::Percent(percent)) if percent == 2.5));
        assert!(matches!(subset("20GB"), Some(Subset::Bytes(20_000_000_000))));
        for wrong in ["0/12", "13/12", "1/0", "0%", "101%", "", "x", "-5%", "NaN%"] {
            assert!(subset(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_read() {
        let read = ["500", "20MB", "1.5 GB", "64MiB", "0", "x", "5 parsecs", ".", "1e9"].map(parse_bytes);
        assert_eq!(read, [Some(500), Some(20_000_000), Some(1_500_000_000), Some(64 << 20), None, None, None, None, None]);
    }
}
