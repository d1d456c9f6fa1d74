//! The windows: made when they are wanted, gone when they are closed. The app lives without them.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use app::wire::{OpenRequest, WindowName};
use tauri::{
    AppHandle, Emitter, Manager, Runtime, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Window,
    WindowEvent,
};

use crate::{desk, drops, macos, opened};

/// The window's name in capabilities and events.
pub(crate) const fn label(name: WindowName) -> &'static str {
    match name {
        WindowName::Main => "main",
        WindowName::Settings => "settings",
    }
}

/// Brings a window to the front; makes it when it is not there.
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>, name: WindowName) {
    let shown = match app.get_webview_window(label(name)) {
        Some(window) => bring_forward(&window),
        None => make(app, name).map(drop),
    };
    if let Err(error) = shown {
        tracing::error!(?name, %error, "a window can't be shown");
    }
}

/// Brings the main window to the front and has it show something. A page that does not listen yet
/// is told when it does.
pub(crate) fn show<R: Runtime>(app: &AppHandle<R>, request: OpenRequest) {
    open(app, WindowName::Main);
    let pending = app.state::<Pending>();
    let mut page = pending.lock();
    if !page.listens {
        page.shall_show = Some(request);
        return;
    }
    drop(page);
    if let Err(error) = app.emit_to(label(WindowName::Main), "open", &request) {
        tracing::error!(%error, "a window was not told what to show");
    }
}

/// What the main window's page shall show, and the files it shall take, once it listens.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<Page>);

#[derive(Debug, Default)]
struct Page {
    listens: bool,
    shall_show: Option<OpenRequest>,
    opened: Vec<PathBuf>,
}

impl Pending {
    /// Keeps files for a page that does not listen yet; gives them back when it does.
    pub(crate) fn keep(&self, files: Vec<PathBuf>) -> Option<Vec<PathBuf>> {
        let mut page = self.lock();
        if page.listens {
            return Some(files);
        }
        page.opened.extend(files);
        None
    }

    /// What the page shall show as soon as it listens.
    #[cfg(test)]
    pub(crate) fn request(&self) -> Option<OpenRequest> {
        self.lock().shall_show.take()
    }

    /// Whether files wait for a page.
    pub(crate) fn has_files(&self) -> bool {
        !self.lock().opened.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Page> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A window has begun to listen: it is told what it was opened for.
pub(crate) fn ready<R: Runtime>(window: &WebviewWindow<R>) {
    if window.label() != label(WindowName::Main) {
        return;
    }
    let pending = window.state::<Pending>();
    let (request, files) = {
        let mut page = pending.lock();
        page.listens = true;
        (page.shall_show.take(), std::mem::take(&mut page.opened))
    };
    if let Some(request) = request
        && let Err(error) = window.emit_to(window.label(), "open", &request)
    {
        tracing::error!(%error, "a window was not told what to show");
    }
    opened::hand_over(window.app_handle(), files);
}

fn bring_forward<R: Runtime>(window: &WebviewWindow<R>) -> tauri::Result<()> {
    window.show()?;
    window.unminimize()?;
    window.set_focus()
}

fn make<R: Runtime>(app: &AppHandle<R>, name: WindowName) -> tauri::Result<WebviewWindow<R>> {
    let page = |page: &str| WebviewUrl::App(page.into());
    let builder = match name {
        WindowName::Main => WebviewWindowBuilder::new(app, label(name), page("index.html"))
            .title("apple-k8s")
            .inner_size(1180.0, 760.0)
            .min_inner_size(860.0, 560.0),
        WindowName::Settings => WebviewWindowBuilder::new(app, label(name), page("settings.html"))
            .title("Settings")
            .inner_size(680.0, 520.0)
            .min_inner_size(680.0, 400.0)
            .max_inner_size(680.0, 2000.0)
            .maximizable(false),
    };
    let builder = builder.center().accept_first_mouse(true);
    let window = macos::under_title_bar(builder, name).build()?;
    keep_within_reach(app);
    // Whoever was in front stays there otherwise: opened from the tray, this app is not the active one.
    window.set_focus()?;
    desk(app).window_visible(label(name), true);
    desk(app).window_focused(label(name), true);
    Ok(window)
}

/// On a Mac the app is in the Dock while a window is open, and without the icon in the menu bar at
/// all times: by one of the two it can be reached.
pub(crate) fn keep_within_reach<R: Runtime>(app: &AppHandle<R>) {
    let icon = desk(app).settings().show_in_menu_bar;
    macos::be_accessory(app, icon && app.webview_windows().is_empty());
}

/// What happens to a window.
pub(crate) fn on_event<R: Runtime>(window: &Window<R>, event: &WindowEvent) {
    let (desk, label) = (desk(window), window.label());
    match event {
        WindowEvent::Focused(focused) => desk.window_focused(label, *focused),
        WindowEvent::DragDrop(event) => drops::on_event(window, event),
        WindowEvent::Destroyed => {
            desk.window_gone(label);
            if label == self::label(WindowName::Main) {
                window.state::<Pending>().lock().listens = false;
            }
            keep_within_reach(window.app_handle());
        }
        _ => {}
    }
}
