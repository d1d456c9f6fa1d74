//! Systems without a Dock.

use tauri::tray::TrayIcon;
use tauri::{AppHandle, RunEvent, Runtime};

/// There is no Dock to leave.
pub(crate) fn be_accessory<R: Runtime>(_app: &AppHandle<R>, _accessory: bool) {}

/// The desktop places icons.
pub(crate) fn remember_icon<R: Runtime>(_icon: &TrayIcon<R>) {}

/// A second start comes through the single instance.
pub(crate) fn is_reopened(_event: &RunEvent) -> bool {
    false
}
