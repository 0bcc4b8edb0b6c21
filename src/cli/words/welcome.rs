//! Owns what `tintype` alone says: the commands that somebody new needs, and how to see all.

/// Shown when no command is given.
pub(in crate::cli) const WELCOME: &str = "\
tintype takes snapshots of photos, and brings them back.

  tintype demo                                       a tour with made-up photos, nothing of yours is touched
  tintype -r /media/red/photos init                  make a repository on a drive
  tintype -r /media/red/photos snap ~/Pictures       take a snapshot
  tintype -r /media/red/photos snapshots             which snapshots there are
  tintype -r /media/red/photos restore --target DIR  bring it back

All commands and options: tintype --help     One command: tintype snap --help
";
