//! Lossless, locked, atomic edits of kubeconfig files.
//!
//! A kubeconfig is its owner's property: an edit changes the entries it is about and leaves every
//! other byte alone. A file that is not understood is refused, with the place, and never rewritten.
//!
//! - [`Entry`]: one cluster's credentials, rebuilt from what a node wrote (untrusted).
//! - [`Files`]: the kubeconfig files in kubectl's order of precedence, and the edits.
//! - [`Document`]: the same edits on a text, without files.
//!
//! # What an edit does
//! Lines are spliced into the text or out of it, at places told by a YAML reader; the result is
//! read again and must mean what the old text meant plus the change. Adding an entry and removing
//! it gives the same bytes. For that, a list or a current context that was empty keeps its old
//! value as a comment while it is not (`clusters: #null`); JSON has no comments, there an emptied
//! list is `[]`. A file that did not exist begins with a comment that says so, and is removed when
//! nothing but that beginning is left.
//!
//! # Locks
//! `<file>.lock` as in client-go, so that kubectl and we exclude each other, waited for at most
//! 5 s. A lock that another program left behind is reported with its age and never removed; one
//! that a killed process of ours left is recognised by the kernel's lock on it, and taken over.
//! Links are followed: the file they lead to is replaced, by a rename, with its owner and mode.

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
