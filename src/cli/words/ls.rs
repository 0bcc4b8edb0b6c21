//! Owns the words of `ls`: names, long lines, and lines that `b3sum -c` reads.

use crate::cli::human::Local;
use crate::cli::{human, sanitize};
use crate::ops::ls::{Below, LsEntry, LsReport};
use std::fmt::Write;

/// How entries are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Style {
    /// Names alone.
    Names,
    /// Mode, size, time, name.
    Long,
    /// Hash and path, byte for byte as `b3sum` prints them.
    Sums,
    /// The same on a terminal, where a name must not move the cursor.
    SumsOnTerminal,
}

/// Lists the entries. Names of a folder's content; whole paths in the snapshot where folders below are listed too.
pub(in crate::cli) fn ls_words(report: &LsReport, style: Style, below: Below, out: &mut String) {
    let local = Local::system();
    let size = |entry: &LsEntry| entry.bytes.map(human::count).unwrap_or_default();
    let width = report.entries.iter().map(|entry| size(entry).len()).max().unwrap_or(0);
    for entry in &report.entries {
        let name = match below {
            Below::All => entry.path.as_str(),
            Below::Directly => entry.path.rsplit('/').next().unwrap_or_default(),
        };
        let slash = if entry.kind == "folder" { "/" } else { "" };
        // Writing into a String cannot fail.
        match style {
            Style::Names => _ = writeln!(out, "{name}{slash}"),
            Style::Long => {
                let time = entry.mtime_seconds.map_or_else(|| format!("{:23}", "-"), |seconds| local.with_offset(seconds));
                let target = entry.target.as_ref().map(|target| format!(" -> {target}")).unwrap_or_default();
                _ = writeln!(out, "{}  {:>width$}  {time}  {name}{slash}{target}", mode(entry), size(entry));
            }
            Style::Sums => out.push_str(&sum_line(entry)),
            Style::SumsOnTerminal => out.push_str(&sanitize::text(&sum_line(entry))),
        }
    }
}

/// `-rw-r--r--`; question marks where the source keeps no mode.
fn mode(entry: &LsEntry) -> String {
    let kind = match entry.kind {
        "folder" => 'd',
        "symlink" => 'l',
        _ => '-',
    };
    let Some(mode) = entry.mode else { return format!("{kind}?????????") };
    let bits = (0..9).rev().map(|bit| if mode >> bit & 1 == 1 { ['x', 'w', 'r'][bit % 3] } else { '-' });
    std::iter::once(kind).chain(bits).collect()
}

/// A line as `b3sum` 1.6 and later print it: a backslash in front if the path had to be escaped. It reads text only, so bytes
/// that are not UTF-8 become the replacement character, as they do there.
fn sum_line(entry: &LsEntry) -> String {
    let Some(hash) = &entry.blake3 else { return String::new() };
    let path = String::from_utf8_lossy(&entry.raw_path);
    if path.contains(['\\', '\n', '\r']) {
        let path = path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        return format!("\\{hash}  {path}\n");
    }
    format!("{hash}  {path}\n")
}

#[cfg(test)]
mod tests {
    use super::{Style, ls_words};
    use crate::ops::ls::{Below, LsEntry, LsReport};

    fn report(raw_path: &[u8]) -> LsReport {
        let entry = LsEntry {
            path: crate::ops::escaped(raw_path),
            raw_path: raw_path.to_vec(),
            path_base64: None,
            kind: "file",
            bytes: Some(1_234),
            mode: Some(0o640),
            mtime: None,
            mtime_seconds: None,
            blake3: Some("ab".to_owned()),
            target: None,
        };
        LsReport { snapshot: String::new(), time: String::new(), entries: vec![entry], problems: vec![] }
    }

    fn words(raw_path: &[u8], style: Style, below: Below) -> String {
        let mut out = String::new();
        ls_words(&report(raw_path), style, below, &mut out);
        out
    }

    #[test]
    fn names_and_long_lines() {
        assert_eq!(words(b"2019/07/a.jpg", Style::Names, Below::Directly), "a.jpg\n");
        assert_eq!(words(b"2019/07/a.jpg", Style::Names, Below::All), "2019/07/a.jpg\n");
        assert!(words(b"a.jpg", Style::Long, Below::All).starts_with("-rw-r-----  1,234  -  "));
        assert_eq!(words(b"a\x1b[2J", Style::Names, Below::All), "a\\u{1b}[2J\n");
    }

    #[test]
    fn sums_as_b3sum_prints_them() {
        assert_eq!(words(b"a b", Style::Sums, Below::All), "ab  a b\n");
        assert_eq!(words(b"a\\b\nc", Style::Sums, Below::All), "\\ab  a\\\\b\\nc\n");
        assert_eq!(words(b"a\x1bb", Style::SumsOnTerminal, Below::All), "ab  a\\u{1b}b\n");
    }
}
