//! What the desk tells goes to the windows and the tray, at a pace that they can follow.

use std::sync::Arc;
use std::time::Duration;

use app::clock;
use app::desk::{Desk, Event};
use app::settings::{Appearance, Settings};
use app::snapshot::{Operation, OperationState};
use app::wire::WindowName;
use tauri::{AppHandle, Emitter, Manager, Runtime, Theme};
use tauri_plugin_autostart::ManagerExt;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

use crate::{desk, macos, tray, windows};

/// Time between two snapshots.
const SNAPSHOTS: Duration = Duration::from_millis(100);
/// Time between two changes of the tray.
const TRAY: Duration = Duration::from_millis(500);
/// While something is under way, a clock runs in the tray.
const TICK: Duration = Duration::from_secs(1);
/// Work that took less is not worth a notification, in milliseconds.
const LONG: i64 = 5_000;

/// Begins to pass on. Started at login, the app starts the clusters that are to come with it.
pub(crate) fn begin<R: Runtime>(app: &AppHandle<R>, at_login: bool) {
    let desk = desk(app);
    use_settings(app, &desk.settings(), false);
    tauri::async_runtime::spawn(snapshots(app.clone(), Arc::clone(&desk)));
    tauri::async_runtime::spawn(redraw(app.clone(), Arc::clone(&desk)));
    tauri::async_runtime::spawn(events(app.clone(), Arc::clone(&desk)));
    if at_login {
        windows::keep_within_reach(app);
        tauri::async_runtime::spawn(async move { desk.start_chosen().await });
    }
}

async fn snapshots<R: Runtime>(app: AppHandle<R>, desk: Arc<Desk>) {
    let mut snapshots = desk.snapshots();
    while snapshots.changed().await.is_ok() {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        tell(&app, "snapshot", &*snapshot);
        sleep(SNAPSHOTS).await;
    }
}

async fn redraw<R: Runtime>(app: AppHandle<R>, desk: Arc<Desk>) {
    let mut snapshots = desk.snapshots();
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let busy = snapshot.operations.iter().any(|one| !one.state.is_over());
        let now = clock::now();
        tray::redraw(&app, app::tray::menu(&snapshot, now));
        let fresh = if busy {
            Some(TICK)
        } else {
            let fresh = app::tray::fresh_for(&snapshot, now);
            fresh.and_then(|fresh| Some(Duration::from_millis(fresh.try_into().ok()?)))
        };
        sleep(TRAY).await;
        let old = async {
            match fresh {
                Some(fresh) => sleep(fresh.saturating_sub(TRAY)).await,
                None => std::future::pending().await,
            }
        };
        let changed = tokio::select! {
            changed = snapshots.changed() => changed,
            () = old => Ok(()),
        };
        if changed.is_err() {
            return;
        }
    }
}

async fn events<R: Runtime>(app: AppHandle<R>, desk: Arc<Desk>) {
    let mut events = desk.events();
    loop {
        match events.recv().await {
            Ok(Event::View(view)) => tell(&app, "view", &*view),
            Ok(Event::Usage(usage)) => tell(&app, "usage", &*usage),
            Ok(Event::Drop(drop)) => tell(&app, "drop", &*drop),
            Ok(Event::Settings(settings)) => settings_changed(&app, &settings),
            Ok(Event::Ended(operation)) => notify(&app, &desk, &operation),
            // Views and samples are sent whole again: the next ones make up for lost ones.
            Err(RecvError::Lagged(_)) => settings_changed(&app, &desk.settings()),
            Err(RecvError::Closed) => return,
        }
    }
}

fn settings_changed<R: Runtime>(app: &AppHandle<R>, settings: &Settings) {
    use_settings(app, settings, true);
    tell(app, "settings", settings);
}

fn tell<R: Runtime, T: serde::Serialize + Clone>(app: &AppHandle<R>, event: &str, payload: &T) {
    if app.webview_windows().is_empty() {
        return;
    }
    if let Err(error) = app.emit(event, payload) {
        tracing::warn!(event, %error, "windows were not told");
    }
}

/// Uses what the system has to know of the settings.
fn use_settings<R: Runtime>(app: &AppHandle<R>, settings: &Settings, changed: bool) {
    let theme = match settings.appearance {
        Appearance::System => None,
        Appearance::Light => Some(Theme::Light),
        Appearance::Dark => Some(Theme::Dark),
    };
    app.set_theme(theme);
    tray::set_visible(app, settings.show_in_menu_bar);
    if changed {
        windows::keep_within_reach(app);
    }
    if changed && let Some(launcher) = app.try_state::<tauri_plugin_autostart::AutoLaunchManager>()
    {
        let is = launcher.is_enabled().unwrap_or(false);
        let done = match (is, settings.start_at_login) {
            (false, true) => app.autolaunch().enable(),
            (true, false) => app.autolaunch().disable(),
            _ => Ok(()),
        };
        if let Err(error) = done {
            desk(app).notice(
                true,
                format!("Starting at login could not be changed: {error}"),
            );
        }
    }
}

/// Tells the end of long work when nobody looks.
fn notify<R: Runtime>(app: &AppHandle<R>, desk: &Desk, operation: &Operation) {
    let took = operation.ended.unwrap_or_default() - operation.started;
    let long = took >= LONG || operation.state == OperationState::Failed;
    let wanted = desk.settings().notify && !desk.windows().any_focused();
    if !wanted || !long || operation.state == OperationState::Cancelled {
        return;
    }
    let text = operation
        .failure
        .as_ref()
        .map(|failure| failure.message.clone())
        .or_else(|| operation.outcome.clone())
        .unwrap_or_default();
    let title = operation.cluster.as_deref().unwrap_or("apple-k8s");
    macos::notify(app, title, &text);
}

/// Quits, or asks when there is work.
pub(crate) fn quit<R: Runtime>(app: &AppHandle<R>) {
    if !desk(app).is_busy() {
        app.exit(0);
        return;
    }
    windows::show(
        app,
        app::wire::OpenRequest {
            view: None,
            cluster: None,
            dialog: Some(app::wire::Dialog::Quit),
        },
    );
}

/// Shows the settings.
pub(crate) fn settings<R: Runtime>(app: &AppHandle<R>) {
    windows::open(app, WindowName::Settings);
}
