//! `apple-k8s.app`: put together, signed, read back, and handed to Apple for notarization.
//!
//! Everything but the last works on any machine. The app is put together the same from the same
//! inputs; what signs it ([`sign`]) and what reads it back ([`verify()`]) share no code.

pub mod app;
pub mod archive;
pub mod built;
mod contents;
mod information;
pub mod notarize;
pub mod sign;
pub mod size;
mod verify;

pub use verify::{Expected, Fault, Program, Signer, Verified, verify};

use anyhow::{Context, Result};
use plist::Dictionary;

/// The entitlements that the app is signed with.
///
/// # Errors
/// When the committed file is no property list.
pub fn entitlements() -> Result<Dictionary> {
    plist::from_bytes(include_bytes!("../../../src-tauri/entitlements.plist"))
        .context("reading entitlements.plist")
}
