//! Point-in-time snapshots of a family's photos, in a repository of immutable files that any tool may copy and that this program is not needed to read.
//!
//! A repository is opened from a [`store::Store`]; then [`ops::snap::snap`], [`ops::restore::plan_restore`] and the other functions of [`ops`] do what a
//! person asks. They take options, tell a [`progress::Observer`], and return reports; they never print and never ask.
//!
//! ```
//! use std::sync::Arc;
//! use tintype::ops::restore::{OsTarget, RestoreOptions, plan_restore};
//! use tintype::ops::snap::{SnapOptions, SnapSource, snap};
//! use tintype::progress::Silent;
//! use tintype::repo::{Credentials, NewProtection, Repository, Surroundings};
//! use tintype::scan::OsSource;
//! use tintype::store::MemoryStore;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let photos = tempfile::tempdir()?;
//! # std::fs::write(photos.path().join("IMG_0412.HEIC"), b"a photo")?;
//! let store = Arc::new(MemoryStore::new());
//! let (repository, recovery_code) = Repository::create(
//!     store.clone(),
//!     &NewProtection::Encrypted { password: None, strength: Default::default() },
//!     Surroundings::plain(),
//! )?;
//! let source = SnapSource {
//!     source: Arc::new(OsSource::open(photos.path())?),
//!     path: b"/home/ann/Pictures".to_vec(),
//!     label: None,
//!     repository_inside: None,
//! };
//! let report = snap(&repository, &[source], &SnapOptions::default(), &Silent)?;
//! assert_eq!(report.sources[0].new_files, 1);
//!
//! // Years later, with nothing but the files and the recovery code:
//! let credentials = recovery_code.map_or(Credentials::None, Credentials::Code);
//! let repository = Repository::open(store, &credentials, Surroundings::plain())?;
//! # let folder = tempfile::tempdir()?;
//! let target = Arc::new(OsTarget::create_or_open(&folder.path().join("restored"))?);
//! let restored = plan_restore(&repository, target, &RestoreOptions::default(), &Silent)?.run(&Silent)?;
//! assert_eq!((restored.files, restored.exit_code()), (1, 0));
//! # Ok(())
//! # }
//! ```
#![doc = include_str!("ARCHITECTURE.md")]

pub mod chunk;
pub mod cli;
pub mod clock;
pub mod crypto;
pub mod format;
pub mod media;
pub mod ops;
pub mod packed;
pub mod progress;
pub mod repo;
pub mod scan;
pub mod store;
pub mod sys;
pub mod tree;
