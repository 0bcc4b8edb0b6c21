//! Owns the names of users and groups, from the two text files of the system, read once and within bounds.
//!
//! Networks' directories of users are not asked: names are a help to whoever restores, numbers are what is kept.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// How much of either file is read; a home's has a few kilobytes.
const LENGTH_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Users and groups by number.
#[derive(Debug, Default)]
pub(super) struct Owners {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Owners {
    /// Reads both files; one that cannot be read counts as empty.
    pub(super) fn load() -> Self {
        Self { users: load(Path::new("/etc/passwd")), groups: load(Path::new("/etc/group")) }
    }

    /// The names of both, empty where there is none.
    pub(super) fn names(&self, uid: u32, gid: u32) -> (String, String) {
        let name = |of: &HashMap<u32, String>, number| of.get(&number).cloned().unwrap_or_default();
        (name(&self.users, uid), name(&self.groups, gid))
    }
}

fn load(path: &Path) -> HashMap<u32, String> {
    let mut bytes = Vec::new();
    let outcome = File::open(path).and_then(|file| file.take(LENGTH_BYTES_MAX).read_to_end(&mut bytes));
    if outcome.is_ok() { parse(&bytes) } else { HashMap::new() }
}

/// Lines of `name:password:number:...`; the first line of a number counts, as for the system itself.
fn parse(bytes: &[u8]) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in String::from_utf8_lossy(bytes).lines() {
        let mut fields = line.split(':');
        let (Some(name), Some(_), Some(number)) = (fields.next(), fields.next(), fields.next()) else { continue };
        if let (Ok(number), false) = (number.parse::<u32>(), name.is_empty() || name.starts_with('#')) {
            names.entry(number).or_insert_with(|| name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_first_line_of_a_number_counts_and_rubbish_is_passed_over() {
        let names =
            parse(b"# users\nroot:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n:x:5:\nanna:x:1000:\nbroken\nhuge:x:99999999999:\n\xff:x:7:\n");
        assert_eq!(names.get(&0).map(String::as_str), Some("root"));
        assert_eq!(names.get(&1000).map(String::as_str), Some("anna"));
        assert_eq!(names.len(), 3);
    }
}
