//! Owns telling whether a folder lies where a sync tool keeps it the same as a cloud: by the tools' own names and marks, which cost a look
//! at each folder above. A guess, said as a word of warning and never relied on.

use std::path::Path;

/// Files and folders that a tool leaves at the top of what it syncs.
const MARKS: [(&str, &str); 7] = [
    (".dropbox", "Dropbox"),
    (".dropbox.cache", "Dropbox"),
    (".stfolder", "Syncthing"),
    (".nextcloudsync.log", "Nextcloud"),
    (".owncloudsync.log", "ownCloud"),
    (".tmp.drivedownload", "Google Drive"),
    (".849C9593-D756-4E56-8D6E-42412F2A707B", "OneDrive"),
];

/// Names of folders that only such a tool makes. `name*`: what begins so.
const NAMES: [(&str, &str); 8] = [
    ("Mobile Documents", "iCloud Drive"),
    ("iCloudDrive", "iCloud Drive"),
    ("OneDrive", "OneDrive"),
    ("OneDrive - *", "OneDrive"),
    ("GoogleDrive-*", "Google Drive"),
    ("Google Drive", "Google Drive"),
    ("Dropbox", "Dropbox"),
    ("ProtonDrive-*", "Proton Drive"),
];

/// The tool that seems to sync this folder. `has` says whether there is something at a path.
pub(super) fn tool_of(folder: &Path, has: &dyn Fn(&Path) -> bool) -> Option<&'static str> {
    folder
        .ancestors()
        .find_map(|above| {
            let by_mark = MARKS.iter().find(|(mark, _)| has(&above.join(mark)));
            by_mark.or_else(|| NAMES.iter().find(|(name, _)| above.file_name().is_some_and(|found| fits(&found.to_string_lossy(), name))))
        })
        .map(|(_, tool)| *tool)
}

fn fits(name: &str, wanted: &str) -> bool {
    wanted.strip_suffix('*').map_or(name == wanted, |front| name.starts_with(front))
}

/// What a person should know of a repository there.
pub(super) fn warning(tool: &str) -> String {
    format!(
        "this repository lies in a folder that {tool} seems to sync: it is a second copy only once all of it is uploaded, and what is deleted \
         in one place is deleted in all"
    )
}

#[cfg(test)]
mod tests {
    use super::tool_of;
    use std::path::Path;

    #[test]
    fn folders_of_sync_tools_are_told_by_name_or_mark() {
        let found = |path: &str| tool_of(Path::new(path), &|_| false);
        assert_eq!(found("/Users/anna/Library/Mobile Documents/com~apple~CloudDocs/backup"), Some("iCloud Drive"));
        assert_eq!(found("/Users/anna/Library/CloudStorage/GoogleDrive-anna@example.org/My Drive/backup"), Some("Google Drive"));
        assert_eq!(found("/home/anna/OneDrive - The Smiths/backup"), Some("OneDrive"));
        assert_eq!(found("/home/anna/Dropbox"), Some("Dropbox"));
        for elsewhere in ["/home/anna/backup", "/media/anna/DRIVE/OneDriveOld/backup", "/home/anna/my Dropbox/x", "/"] {
            assert_eq!(found(elsewhere), None, "{elsewhere}");
        }
        let has = |path: &Path| path == Path::new("/srv/photos/.stfolder");
        assert_eq!(tool_of(Path::new("/srv/photos/a/b"), &has), Some("Syncthing"));
        assert_eq!(tool_of(Path::new("/srv/other"), &has), None);
    }
}
