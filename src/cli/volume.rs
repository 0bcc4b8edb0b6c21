//! Owns finding out what a drive is called, where the system says so. Nothing depends on it.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// The label of the drive that holds a path. On Linux by the links that udev makes, elsewhere by the folder that drives are shown in.
pub(super) fn label(path: &Path) -> Option<String> {
    let mut parts = path.components().map(|part| part.as_os_str());
    if let (Some(_), Some(volumes), Some(name)) = (parts.next(), parts.next(), parts.next())
        && volumes == "Volumes"
    {
        return Some(name.to_string_lossy().into_owned());
    }
    let mounts = std::fs::read("/proc/self/mountinfo").ok()?;
    let device = std::fs::canonicalize(OsStr::from_bytes(&device_of(&mounts, path)?)).ok()?;
    let mut links = std::fs::read_dir("/dev/disk/by-label").ok()?.flatten();
    let link = links.find(|link| link.path().canonicalize().is_ok_and(|target| target == device))?;
    let name = unescaped(link.file_name().as_bytes(), b"\\x", 16, 2);
    Some(std::ffi::OsString::from_vec(name).to_string_lossy().into_owned())
}

/// The device of the innermost mount that a path lies in.
fn device_of(mounts: &[u8], path: &Path) -> Option<Vec<u8>> {
    let mounted = mounts.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = line.split(|byte| *byte == b' ');
        let point = unescaped(fields.nth(4)?, b"\\", 8, 3);
        let device = unescaped(fields.skip_while(|field| *field != b"-").nth(2)?, b"\\", 8, 3);
        path.starts_with(OsStr::from_bytes(&point)).then_some((point.len(), device))
    });
    // Of two at one place the later hides the earlier.
    mounted.max_by_key(|(length, _)| *length).map(|(_, device)| device)
}

/// Bytes with `mark` and digits in the place of some: `\040` is a blank to the kernel, `\x20` to udev.
fn unescaped(bytes: &[u8], mark: &[u8], base: u32, digits: usize) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let number = rest.strip_prefix(mark).and_then(|behind| behind.get(..digits)).and_then(|digits| std::str::from_utf8(digits).ok());
        match number.and_then(|digits| u8::from_str_radix(digits, base).ok()) {
            Some(byte) => {
                plain.push(byte);
                rest = rest.get(mark.len() + digits..).unwrap_or_default();
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{device_of, label, unescaped};
    use std::path::Path;

    #[test]
    fn the_innermost_mount_counts() {
        let mounts =
            b"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 8:17 / /media/blue\\040one rw,nosuid shared:3 - exfat /dev/sdb1 rw\nbroken\n";
        let device = |path: &str| device_of(mounts, Path::new(path)).map(|device| String::from_utf8(device).unwrap());
        assert_eq!(device("/media/blue one/photos").as_deref(), Some("/dev/sdb1"));
        assert_eq!(device("/media/blue").as_deref(), Some("/dev/sda1"));
        assert_eq!(unescaped(b"a\\x20b\\x2", b"\\x", 16, 2), b"a b\\x2");
        assert_eq!(label(Path::new("/Volumes/BLUE/photos")).as_deref(), Some("BLUE"));
    }
}
