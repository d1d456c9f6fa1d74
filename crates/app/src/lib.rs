//! The app without its windows.
//!
//! A click becomes a command, a command an engine operation; its steps and everything seen in the
//! world go through one reducer into one [`snapshot::Snapshot`], from which tray menu and windows
//! are drawn.

pub mod bindings;
pub mod config;
pub mod doctor;
pub mod drops;
pub mod logs;
pub mod manifests;
pub mod progress;
pub mod settings;
pub mod snapshot;
pub mod tray;
pub mod wire;
pub mod words;
