//! Lossless, locked, atomic edits of kubeconfig files.
//!
//! A kubeconfig is its owner's property: an edit changes the entries it is about and leaves every
//! other byte alone. A file that is not understood is refused, never rewritten.
//!
//! - [`Entry`]: one cluster's credentials, rebuilt from what a node wrote (untrusted).
//! - [`Files`]: the kubeconfig files in kubectl's order of precedence, and the edits.

mod document;
mod entry;
mod error;
mod files;
mod store;
mod yaml;

pub use document::{Document, Fault};
pub use entry::Entry;
pub use error::{Error, Place};
pub use files::{Added, Context, CurrentContext, Files, Removed};
