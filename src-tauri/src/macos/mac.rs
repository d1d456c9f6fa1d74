//! A Mac.

use std::path::PathBuf;

use app::tray::MenuId;
use app::wire::WindowName;
use objc2_foundation::NSString;
use tauri::menu::{Menu, MenuItem, MenuItemKind, PredefinedMenuItem};
use tauri::tray::TrayIcon;
use tauri::{
    ActivationPolicy, App, AppHandle, Builder, Manager, RunEvent, Runtime, TitleBarStyle,
    WebviewWindowBuilder,
};

use super::{notifications, quit};

/// Under this name the system remembers where our icon is, and whether it is shown.
const ICON: &str = "apple-k8s";

/// What has to be known before the app is built.
pub(crate) fn prepare<R: Runtime>(builder: Builder<R>, background: bool) -> Builder<R> {
    builder
        .menu(menu)
        // Started at login, the app leaves the keyboard to whoever has it.
        .activate_ignoring_other_apps(!background)
}

/// The usual menu bar, with the settings where every Mac app has them. A click is one on the
/// tray's row of the same name.
fn menu<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<Menu<R>> {
    let menu = Menu::default(app)?;
    if let Some(MenuItemKind::Submenu(own)) = menu.items()?.first() {
        let (id, key) = (MenuId::Settings.to_string(), Some("Cmd+,"));
        // Below "About" and its line.
        own.insert(&MenuItem::with_id(app, id, "Settings…", true, key)?, 2)?;
        own.insert(&PredefinedMenuItem::separator(app)?, 3)?;
    }
    Ok(menu)
}

/// Called once between building the app and running it: whether it has a place in the Dock must be
/// known before it is launched, or its icon flashes there and its menu bar stays dead.
pub(crate) fn begin<R: Runtime>(app: &mut App<R>, background: bool) {
    app.set_activation_policy(policy(background));
    quit::ask_first(app.handle());
    notifications::listen(app.handle());
}

/// In the Dock, with a menu bar, only while a window is open.
pub(crate) fn be_accessory<R: Runtime>(app: &AppHandle<R>, accessory: bool) {
    if let Err(error) = app.set_activation_policy(policy(accessory)) {
        tracing::warn!(%error, "the Dock does not follow");
    }
}

const fn policy(accessory: bool) -> ActivationPolicy {
    if accessory {
        ActivationPolicy::Accessory
    } else {
        ActivationPolicy::Regular
    }
}

/// The main window's own toolbar lies where the title bar would: it leaves room for the three
/// buttons, and the window is moved by it. The settings keep the system's title bar.
pub(crate) fn under_title_bar<R: Runtime, M: Manager<R>>(
    builder: WebviewWindowBuilder<'_, R, M>,
    name: WindowName,
) -> WebviewWindowBuilder<'_, R, M> {
    match name {
        WindowName::Main => builder
            .title_bar_style(TitleBarStyle::Overlay)
            .hidden_title(true),
        WindowName::Settings => builder,
    }
}

/// `set_text` changes the title of a submenu in place.
pub(crate) const TITLES_OF_SUBMENUS_CHANGE: bool = true;

/// Gives the icon a name of its own: without one the system calls it `Item-0`, as it does others.
pub(crate) fn remember_icon<R: Runtime>(icon: &TrayIcon<R>) {
    let named = icon.with_inner_tray_icon(|inner| {
        if let Some(item) = inner.ns_status_item() {
            item.setAutosaveName(Some(&NSString::from_str(ICON)));
        }
    });
    if let Err(error) = named {
        tracing::warn!(%error, "the icon has no name");
    }
}

/// The app was opened again while it runs, by Finder or the Dock.
pub(crate) fn is_reopened(event: &RunEvent) -> bool {
    matches!(event, RunEvent::Reopen { .. })
}

/// Files that Finder or the Dock has the app open; what has no path, such as a web address, is none.
pub(crate) fn opened_files(event: &RunEvent) -> Vec<PathBuf> {
    let RunEvent::Opened { urls } = event else {
        return Vec::new();
    };
    let paths = urls.iter().filter(|url| url.scheme() == "file");
    paths.filter_map(|url| url.to_file_path().ok()).collect()
}
