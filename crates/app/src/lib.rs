//! The app without its windows.
//!
//! A click becomes a command, a command an engine operation; its steps and everything seen in the
//! world go through one reducer into one [`snapshot::Snapshot`], from which tray menu and windows
//! are drawn. [`desk::Desk`] is where everything is asked for.

pub mod bindings;
pub mod clock;
pub mod config;
pub mod desk;
mod diagnostics;
pub mod drops;
pub mod log;
pub mod logs;
mod memory;
pub mod place;
pub mod progress;
mod redact;
mod saved;
pub mod settings;
pub mod snapshot;
mod store;
pub mod terminal;
pub mod tray;
pub mod wire;
pub mod words;
mod world;
