//! Owns the joint between trees and repositories: a tree's objects come from a repository's reader.

use crate::repo::{ObjectBytes, ObjectReader, RepoError};
use crate::tree::{ObjectId, ObjectKind, Objects};

/// A repository's reader as the place where a tree's objects come from.
#[derive(Debug)]
pub(crate) struct RepoObjects<'a, 'r>(pub(crate) &'a ObjectReader<'r>);

impl Objects for RepoObjects<'_, '_> {
    type Bytes = ObjectBytes;
    type Error = RepoError;

    fn load(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectBytes, RepoError> {
        self.0.load(kind, id)
    }
}
