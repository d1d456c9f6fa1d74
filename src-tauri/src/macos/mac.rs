//! A Mac.

use objc2_foundation::NSString;
use tauri::tray::TrayIcon;
use tauri::{ActivationPolicy, AppHandle, RunEvent, Runtime};

/// Under this name the system remembers where our icon is, and whether it is shown.
const ICON: &str = "apple-k8s";

/// In the Dock, with a menu bar, only while a window is open.
pub(crate) fn be_accessory<R: Runtime>(app: &AppHandle<R>, accessory: bool) {
    let policy = if accessory {
        ActivationPolicy::Accessory
    } else {
        ActivationPolicy::Regular
    };
    if let Err(error) = app.set_activation_policy(policy) {
        tracing::warn!(%error, "the Dock does not follow");
    }
}

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
