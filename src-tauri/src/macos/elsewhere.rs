//! Systems without a Dock.

use std::path::PathBuf;

use app::wire::WindowName;
use tauri::tray::TrayIcon;
use tauri::{App, AppHandle, Builder, Manager, RunEvent, Runtime, WebviewWindowBuilder};
use tauri_plugin_notification::NotificationExt;

/// Notifications come by a plugin; menus are in the tray alone.
pub(crate) fn prepare<R: Runtime>(builder: Builder<R>, _background: bool) -> Builder<R> {
    builder.plugin(tauri_plugin_notification::init())
}

/// Nothing is missing.
pub(crate) fn begin<R: Runtime>(_app: &mut App<R>, _background: bool) {}

/// There is no Dock to leave.
pub(crate) fn be_accessory<R: Runtime>(_app: &AppHandle<R>, _accessory: bool) {}

/// The desktop frames windows.
pub(crate) fn under_title_bar<R: Runtime, M: Manager<R>>(
    builder: WebviewWindowBuilder<'_, R, M>,
    _name: WindowName,
) -> WebviewWindowBuilder<'_, R, M> {
    builder
}

/// With GTK, muda puts the title of a submenu into a box, where `set_text` does not reach it.
pub(crate) const TITLES_OF_SUBMENUS_CHANGE: bool = false;

/// The desktop places icons.
pub(crate) fn remember_icon<R: Runtime>(_icon: &TrayIcon<R>) {}

/// A second start comes through the single instance.
pub(crate) fn is_reopened(_event: &RunEvent) -> bool {
    false
}

/// Files are named by the words that the program is started with.
pub(crate) fn opened_files(_event: &RunEvent) -> Vec<PathBuf> {
    Vec::new()
}

/// Shows a notification.
pub(crate) fn notify<R: Runtime>(app: &AppHandle<R>, title: &str, text: &str) {
    let notification = app.notification().builder().title(title).body(text);
    if let Err(error) = notification.show() {
        tracing::warn!(%error, "a notification was not shown");
    }
}
