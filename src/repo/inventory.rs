//! Owns listings: what files of ours a place has right now. A listing is never trusted beyond names and lengths.

use super::RepoError;
use crate::format::{Class, NameFolder, PackName, StoredFile, StoredName};
use crate::store::{Listed, Store};
use std::collections::BTreeMap;

/// What is known of a listed file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Length, in bytes.
    pub length_bytes: u64,
    /// When it last changed, in the store's own unit.
    pub stamp: Option<i64>,
    /// A placeholder of a sync tool.
    pub placeholder: bool,
}

impl From<&Listed> for Seen {
    fn from(listed: &Listed) -> Self {
        Self { length_bytes: listed.length_bytes, stamp: listed.stamp, placeholder: listed.placeholder }
    }
}

/// The hash-named files of one folder.
pub type Files = BTreeMap<StoredName, (StoredFile, Seen)>;

/// Lists one folder of hash-named files; everything else in it is passed over.
pub fn list_folder(store: &dyn Store, folder: NameFolder, second: bool) -> Result<Files, RepoError> {
    let word = folder.word();
    let listed = store.list(&if second { format!("second/{word}") } else { word.to_owned() })?;
    Ok(listed
        .iter()
        .filter_map(|listed| match Class::of(&listed.name) {
            Class::Stored(file) if file.folder == folder && file.second == second => Some((file.hash, (file, Seen::from(listed)))),
            _ => None,
        })
        .collect())
}

/// The packs that a place has, first copies.
#[derive(Debug, Clone, Default)]
pub struct Packs {
    /// By name.
    pub files: BTreeMap<PackName, Seen>,
}

impl Packs {
    /// Lists `packs/`.
    pub fn list(store: &dyn Store) -> Result<Self, RepoError> {
        let files = list_folder(store, NameFolder::Packs, false)?;
        Ok(Self { files: files.into_iter().map(|(hash, (_, seen))| (PackName::from(hash), seen)).collect() })
    }
}

/// Everything at a place, for an audit: one pass over all names.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// First copies, by folder.
    pub first: BTreeMap<NameFolder, Files>,
    /// Second copies, by folder.
    pub second: BTreeMap<NameFolder, Files>,
    /// `tintype.json` and its second copy.
    pub repository_files: [Option<Seen>; 2],
    /// Rules of later versions.
    pub rules: Vec<String>,
    /// README, spec, reader.
    pub guides: Vec<Listed>,
    /// Unfinished files of writers.
    pub temporaries: u64,
    /// Files that are none of ours.
    pub foreign: u64,
}

impl Inventory {
    /// Lists manifests before anything that they need, so that a snapshot which arrives in between does not look broken.
    pub fn take(store: &dyn Store) -> Result<Self, RepoError> {
        let mut inventory = Self::default();
        for second in [false, true] {
            let files = list_folder(store, NameFolder::Snapshots, second)?;
            inventory.side(second).insert(NameFolder::Snapshots, files);
        }
        for listed in store.list("")? {
            let seen = Seen::from(&listed);
            match Class::of(&listed.name) {
                Class::Stored(file) if file.folder == NameFolder::Snapshots => {}
                Class::Stored(file) => {
                    inventory.side(file.second).entry(file.folder).or_default().insert(file.hash, (file, seen));
                }
                Class::RepositoryFile { second } => {
                    if let Some(slot) = inventory.repository_files.get_mut(usize::from(second)) {
                        *slot = Some(seen);
                    }
                }
                Class::Rule(rule) => inventory.rules.push(rule),
                Class::Guide => inventory.guides.push(listed),
                Class::Temporary => inventory.temporaries += 1,
                Class::Foreign => inventory.foreign += 1,
            }
        }
        Ok(inventory)
    }

    fn side(&mut self, second: bool) -> &mut BTreeMap<NameFolder, Files> {
        if second { &mut self.second } else { &mut self.first }
    }

    /// One folder's files.
    pub fn files(&self, folder: NameFolder, second: bool) -> impl Iterator<Item = &(StoredFile, Seen)> {
        let side = if second { &self.second } else { &self.first };
        side.get(&folder).into_iter().flat_map(|files| files.values())
    }

    /// One file.
    pub fn get(&self, folder: NameFolder, second: bool, hash: StoredName) -> Option<&(StoredFile, Seen)> {
        let side = if second { &self.second } else { &self.first };
        side.get(&folder)?.get(&hash)
    }
}
