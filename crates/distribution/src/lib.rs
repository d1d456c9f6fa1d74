//! How apple-k8s reaches people: Debian packages, texts for Homebrew, the update feed, licences,
//! bills of materials.
//!
//! Everything is made from a commit and the files it is told of, and is the same to the byte when
//! made again.

pub mod archive;
pub mod bill;
pub mod components;
pub mod deb;
mod debian;
pub mod feed;
pub mod homebrew;
pub mod licences;
mod modules;
pub mod product;
pub mod source;
mod standard_library;

use std::path::{Path, PathBuf};

/// Version of everything that is made.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where the project lives; releases are below it.
pub const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The clone that this was compiled in.
pub fn clone_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Address of a file of this version's release.
pub fn release_file(name: &str) -> String {
    format!("{REPOSITORY}/releases/download/v{VERSION}/{name}")
}
