//! Owns telling whether a place lies on a drive that can be pulled out: such drives are trusted less.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Whether the system calls the drive removable, or it hangs on USB. `false` where that cannot be told.
pub(super) fn is_removable(place: &Path) -> bool {
    let Ok(facts) = std::fs::metadata(place) else { return false };
    let (major, minor) = (rustix::fs::major(facts.dev()), rustix::fs::minor(facts.dev()));
    let Ok(device) = std::fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")) else { return false };
    let hangs_on_usb = device.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"usb"));
    // Of a partition the drive is the folder above.
    let says_so = |folder: PathBuf| std::fs::read(folder.join("removable")).is_ok_and(|said| said.trim_ascii() == b"1");
    hangs_on_usb || says_so(device.clone()) || device.parent().is_some_and(|drive| says_so(drive.to_path_buf()))
}

#[cfg(test)]
mod tests {
    use super::is_removable;
    use std::path::Path;

    #[test]
    fn what_is_no_drive_is_not_removable() {
        assert!(!is_removable(Path::new("/proc")) && !is_removable(Path::new("/no such place")));
    }
}
