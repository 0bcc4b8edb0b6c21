//! Owns what is known of file systems by kind: which are made by the kernel, which lie over a network, what each keeps.
//!
//! What is not known is taken for an ordinary local disk, except that the ctime of a FUSE mount proves nothing.

use super::source::FileSystem;

/// What a kind of file system keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// A disk of this machine with owners and a ctime of its own.
    Local,
    /// Made by the kernel.
    Pseudo,
    /// Over a network, with owners and a ctime.
    Network,
    /// Over a network, with owners that the mount makes up and a ctime that is another system's.
    Share,
    /// On a disk, with owners and a ctime that the mount makes up.
    Foreign,
    /// A program answers; its ctime may be anything.
    Program,
}

impl Class {
    fn of(self, name: &str) -> FileSystem {
        FileSystem {
            pseudo: self == Self::Pseudo,
            network: matches!(self, Self::Network | Self::Share),
            keeps_owner: !matches!(self, Self::Share | Self::Foreign),
            ctime_means_change: matches!(self, Self::Local | Self::Network),
            name: name.to_owned(),
        }
    }
}

/// Linux: the number that `statfs` gives, the name, the class. devtmpfs has the number of tmpfs; it holds nothing but devices, which are passed over one by one.
#[cfg(any(target_os = "linux", target_os = "android"))]
const KINDS: &[(u32, &str, Class)] = &[
    (0xef53, "ext4", Class::Local),
    (0x9123_683e, "btrfs", Class::Local),
    (0x5846_5342, "xfs", Class::Local),
    (0x2fc1_2fc1, "zfs", Class::Local),
    (0xf2f5_2010, "f2fs", Class::Local),
    (0xca45_1a4e, "bcachefs", Class::Local),
    (0x794c_7630, "overlay", Class::Local),
    (0x0102_1994, "tmpfs", Class::Local),
    (0x8584_58f6, "ramfs", Class::Local),
    (0x7371_7368, "squashfs", Class::Local),
    (0xf15f, "ecryptfs", Class::Local),
    (0x3153_464a, "jfs", Class::Local),
    (0x5265_4973, "reiserfs", Class::Local),
    (0x482b, "hfsplus", Class::Local),
    (0x4244, "hfs", Class::Foreign),
    (0x4d44, "vfat", Class::Foreign),
    (0x2011_bab0, "exfat", Class::Foreign),
    (0x5346_544e, "ntfs", Class::Foreign),
    (0x7366_746e, "ntfs3", Class::Foreign),
    (0x9660, "iso9660", Class::Foreign),
    (0x1501_3346, "udf", Class::Foreign),
    (0x6573_5546, "fuse", Class::Program),
    (0x6969, "nfs", Class::Network),
    (0x00c3_6400, "ceph", Class::Network),
    (0x5346_414f, "afs", Class::Network),
    (0x6b41_4653, "kafs", Class::Network),
    (0x7375_7245, "coda", Class::Network),
    (0x0bd0_0bd0, "lustre", Class::Network),
    (0x0102_1997, "9p", Class::Share),
    (0x517b, "smb", Class::Share),
    (0xff53_4d42, "cifs", Class::Share),
    (0xfe53_4d42, "smb2", Class::Share),
    (0x564c, "ncp", Class::Share),
    (0x786f_4256, "vboxsf", Class::Share),
    (0xbacb_acbc, "vmhgfs", Class::Share),
    (0x9fa0, "proc", Class::Pseudo),
    (0x6265_6572, "sysfs", Class::Pseudo),
    (0x1cd1, "devpts", Class::Pseudo),
    (0x0027_e0eb, "cgroup", Class::Pseudo),
    (0x6367_7270, "cgroup2", Class::Pseudo),
    (0x6462_6720, "debugfs", Class::Pseudo),
    (0x7472_6163, "tracefs", Class::Pseudo),
    (0x7363_6673, "securityfs", Class::Pseudo),
    (0x6165_676c, "pstore", Class::Pseudo),
    (0xcafe_4a11, "bpf", Class::Pseudo),
    (0x6265_6570, "configfs", Class::Pseudo),
    (0x1980_0202, "mqueue", Class::Pseudo),
    (0x4249_4e4d, "binfmt_misc", Class::Pseudo),
    (0x6573_5543, "fusectl", Class::Pseudo),
    (0x0187, "autofs", Class::Pseudo),
    (0x6e73_6673, "nsfs", Class::Pseudo),
    (0x9584_58f6, "hugetlbfs", Class::Pseudo),
    (0xde5e_81e4, "efivarfs", Class::Pseudo),
    (0xf97c_ff8c, "selinuxfs", Class::Pseudo),
    (0x4341_5d53, "smackfs", Class::Pseudo),
    (0x6759_6969, "rpc_pipefs", Class::Pseudo),
    (0x6e66_7364, "nfsd", Class::Pseudo),
];

/// Other systems: the name that `statfs` gives.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const KINDS: &[(&str, Class)] = &[
    ("devfs", Class::Pseudo),
    ("fdesc", Class::Pseudo),
    ("fdescfs", Class::Pseudo),
    ("procfs", Class::Pseudo),
    ("linprocfs", Class::Pseudo),
    ("linsysfs", Class::Pseudo),
    ("autofs", Class::Pseudo),
    ("mqueuefs", Class::Pseudo),
    ("msdos", Class::Foreign),
    ("msdosfs", Class::Foreign),
    ("exfat", Class::Foreign),
    ("ntfs", Class::Foreign),
    ("cd9660", Class::Foreign),
    ("udf", Class::Foreign),
    ("nfs", Class::Network),
    ("afpfs", Class::Share),
    ("smbfs", Class::Share),
    ("webdav", Class::Share),
    ("ftp", Class::Share),
    ("macfuse", Class::Program),
    ("osxfuse", Class::Program),
    ("fusefs", Class::Program),
];

/// What the system says of a folder's file system, in our terms.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers have 32 bits; wider types only carry them")]
pub fn classify(facts: &rustix::fs::StatFs) -> FileSystem {
    by_number(facts.f_type as u32)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn by_number(number: u32) -> FileSystem {
    match KINDS.iter().find(|kind| kind.0 == number) {
        Some((_, name, class)) => class.of(name),
        None => Class::Local.of(&format!("{number:#x}")),
    }
}

/// What the system says of a folder's file system, in our terms.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn classify(facts: &rustix::fs::StatFs) -> FileSystem {
    let name: Vec<u8> = facts.f_fstypename.iter().map(|byte| *byte as u8).take_while(|byte| *byte != 0).collect();
    let name = String::from_utf8_lossy(&name);
    match KINDS.iter().find(|kind| kind.0 == name) {
        Some((name, class)) => class.of(name),
        None => Class::Local.of(&name),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{KINDS, by_number};
    use std::collections::HashSet;

    #[test]
    fn each_number_stands_once() {
        let numbers: HashSet<u32> = KINDS.iter().map(|kind| kind.0).collect();
        assert_eq!(numbers.len(), KINDS.len());
    }

    #[test]
    fn what_is_made_up_is_known_to_be() {
        let fat = by_number(0x4d44);
        assert!(!fat.keeps_owner && !fat.ctime_means_change && !fat.network && !fat.pseudo);
        assert!(by_number(0x9fa0).pseudo);
        assert!(by_number(0x6969).network && by_number(0x6969).ctime_means_change);
        assert!(by_number(0xff53_4d42).network && !by_number(0xff53_4d42).ctime_means_change);
        assert!(!by_number(0x6573_5546).network && !by_number(0x6573_5546).ctime_means_change);
        assert!(by_number(1).ctime_means_change);
    }
}
