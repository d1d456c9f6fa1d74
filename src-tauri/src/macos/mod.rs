//! What only a Mac has: the Dock, the menu bar's memory, and being opened again.
//!
//! The one folder that knows the system it runs on; elsewhere its functions do nothing.

#[cfg(target_os = "macos")]
mod mac;
#[cfg(target_os = "macos")]
pub(crate) use mac::{be_accessory, is_reopened, remember_icon};

#[cfg(not(target_os = "macos"))]
mod elsewhere;
#[cfg(not(target_os = "macos"))]
pub(crate) use elsewhere::{be_accessory, is_reopened, remember_icon};
