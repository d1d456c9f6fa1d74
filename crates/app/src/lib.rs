//! The app without its windows.
//!
//! A click becomes a command, a command an engine operation; its steps and everything seen in the
//! world go through one reducer into one [`snapshot::Snapshot`], from which tray menu and windows
//! are drawn.

pub mod snapshot;
