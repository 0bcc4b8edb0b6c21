//! Owns which extended attributes are worth keeping: a person's own facts, not what a system notes for itself.
//!
//! What is dropped is listed here and in the README, nowhere else.

/// An extended attribute as the system gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its whole name, such as `user.comment`.
    pub name: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
}

/// The attributes of one entry that are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    /// Sorted by the raw bytes of their names, each once.
    pub kept: Vec<Attribute>,
    /// How many could not be read, or are larger or more than a snapshot holds.
    pub unread_count: u32,
}

impl Attributes {
    /// Sorts out what is kept of what was found.
    pub fn of(mut found: Vec<Attribute>, unread_count: u32) -> Self {
        found.retain(|attribute| is_kept(&attribute.name) && !is_empty_finder_info(attribute));
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found.dedup_by(|one, other| one.name == other.name);
        let over = found.len().saturating_sub(ATTRIBUTES_MAX);
        found.truncate(ATTRIBUTES_MAX);
        Self { kept: found, unread_count: unread_count.saturating_add(u32::try_from(over).unwrap_or(u32::MAX)) }
    }
}

/// Attributes that one entry may have in a snapshot.
pub(super) const ATTRIBUTES_MAX: usize = 1024;
/// Longest value that is kept, in bytes: the 64 pieces of a snapshot's attribute at 1 MiB.
pub(super) const VALUE_BYTES_MAX: usize = 64 << 20;
/// Longest name that is kept, in bytes.
const NAME_BYTES_MAX: usize = 1024;

/// Kept of Linux: what programs and people set, access lists, and the rights of programs.
const LINUX_KEPT: [&[u8]; 4] = [b"user.", b"system.posix_acl_access", b"system.posix_acl_default", b"security.capability"];
/// Dropped of macOS: volatile, of this machine alone, or impossible to write back.
const APPLE_DROPPED: [&[u8]; 9] = [
    b"com.apple.quarantine",
    b"com.apple.lastuseddate#PS",
    b"com.apple.provenance",
    b"com.apple.macl",
    b"com.apple.metadata:com_apple_backup_excludeItem",
    b"com.apple.metadata:kMDItemDownloadedDate",
    b"com.apple.metadata:kMDItemWhereFroms",
    b"com.apple.fileprovider.",
    b"com.apple.genstore.",
];
/// Transparent compression: its content comes with the file's bytes.
const APPLE_COMPRESSED: &[u8] = b"com.apple.decmpfs";
const FINDER_INFO: &[u8] = b"com.apple.FinderInfo";

/// Whether an attribute of this name is kept. On Linux everything else belongs to the system (labels, signatures, overlays).
pub fn is_kept(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return false;
    }
    // Also below `user.`: Samba and netatalk store a Mac's attributes so.
    let apple = name.strip_prefix(b"user.").unwrap_or(name);
    if apple == APPLE_COMPRESSED || APPLE_DROPPED.iter().any(|dropped| apple.starts_with(dropped)) {
        return false;
    }
    !cfg!(any(target_os = "linux", target_os = "android")) || LINUX_KEPT.iter().any(|kept| name.starts_with(kept))
}

fn is_empty_finder_info(attribute: &Attribute) -> bool {
    let name = attribute.name.strip_prefix(b"user.").unwrap_or(&attribute.name);
    name == FINDER_INFO && attribute.value.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::{Attribute, Attributes, is_kept};

    #[test]
    fn a_persons_facts_are_kept_and_a_systems_notes_dropped() {
        for kept in ["user.comment", "user.com.apple.metadata:_kMDItemUserTags", "user.com.apple.ResourceFork", "user.xdg.tags"] {
            assert!(is_kept(kept.as_bytes()), "{kept}");
        }
        for dropped in ["user.com.apple.quarantine", "com.apple.provenance", "user.com.apple.fileprovider.fpfs#P", "com.apple.decmpfs", ""]
        {
            assert!(!is_kept(dropped.as_bytes()), "{dropped}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn of_linux_access_lists_and_rights_are_kept_and_labels_are_not() {
        assert!(is_kept(b"system.posix_acl_access") && is_kept(b"system.posix_acl_default") && is_kept(b"security.capability"));
        assert!(!is_kept(b"security.selinux") && !is_kept(b"trusted.overlay.origin") && !is_kept(b"system.nfs4_acl"));
    }

    #[test]
    fn they_come_sorted_and_empty_finder_info_is_none() {
        let attribute = |name: &str, value: &[u8]| Attribute { name: name.as_bytes().to_vec(), value: value.to_vec() };
        let found = vec![
            attribute("user.b", b"2"),
            attribute("user.com.apple.FinderInfo", &[0; 32]),
            attribute("user.a", b"1"),
            attribute("user.com.apple.quarantine", b"0083"),
        ];
        let attributes = Attributes::of(found, 1);
        assert_eq!(attributes.kept, [attribute("user.a", b"1"), attribute("user.b", b"2")]);
        assert_eq!(attributes.unread_count, 1);
    }
}
