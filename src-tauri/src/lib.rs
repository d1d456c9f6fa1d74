//! The menu-bar app: tray, windows and thin commands over the crate `app`.
//!
//! Nothing is decided here: a command parses, asks the [`Desk`] and answers; what tray and windows
//! show is drawn from its snapshot.

mod clicks;
mod commands;
mod desktop;
mod drops;
mod feed;
mod macos;
mod opened;
mod tray;
mod windows;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::desk::Desk;
use app::place::Place;
use app::wire::WindowName;
use desktop::Desktop;
use engine::Home;
use tauri::{Builder, Context, Manager, RunEvent, Runtime};
use tauri_plugin_autostart::MacosLauncher;
use tauri_plugin_window_state::StateFlags;
use tokio::runtime::Runtime as Runner;

/// Given to the app when it is started at login: no window is opened then.
const IN_BACKGROUND: &str = "--background";

/// What is still under way when the app is quit gets this long to end.
const FAREWELL: Duration = Duration::from_secs(1);

/// Runs the app until it is quit.
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "without folders or a display nothing can be shown; the words reach the terminal"
)]
pub fn run() {
    let place = Place::of_user().expect("the app's folders are known");
    let _log = app::log::begin(&place);
    log_panics();
    // Our own, so that it can be ended: the processes of calls that are under way end with it.
    let runtime = Runner::new().expect("threads can be started");
    tauri::async_runtime::set(runtime.handle().clone());
    let mut runtime = Some(runtime);
    let background = std::env::args_os().any(|argument| argument == IN_BACKGROUND);
    let mut app = macos::prepare(core(plugins(Builder::default(), &place)), background)
        .setup(move |app| {
            // Only now: a second instance has ended, and has touched nothing.
            let open = async { Desk::at(place, Home::of_user()?) };
            app.manage(tauri::async_runtime::block_on(open)?);
            let desktop: Arc<dyn Desktop> = Arc::new(desktop::System(app.handle().clone()));
            app.manage(desktop);
            tray::draw(app.handle());
            feed::begin(app.handle(), background);
            let folder = std::env::current_dir().unwrap_or_default();
            opened::keep(app.handle(), opened::named(std::env::args_os(), &folder));
            // Finder names its files before all this.
            if !background || app.state::<windows::Pending>().has_files() {
                windows::open(app.handle(), WindowName::Main);
            }
            Ok(())
        })
        .build(context())
        .expect("the app could not start");
    macos::begin(&mut app, background);
    app.run(move |app, event| match event {
        RunEvent::Exit => {
            if let Some(runtime) = runtime.take() {
                runtime.shutdown_timeout(FAREWELL);
            }
        }
        // The last window was closed: the tray and the clusters stay.
        RunEvent::ExitRequested {
            code: None, api, ..
        } => api.prevent_exit(),
        event if macos::is_reopened(&event) => windows::open(app, WindowName::Main),
        event => {
            let files = macos::opened_files(&event);
            if !files.is_empty() {
                opened::open(app, files);
            }
        }
    });
}

/// The app without what only a real desktop has: the same for tests. It is over a desk and a
/// desktop that are managed beside it.
fn core<R: Runtime>(builder: Builder<R>) -> Builder<R> {
    builder
        .manage(drops::Dragged::default())
        .manage(windows::Pending::default())
        .invoke_handler(commands::handler())
        .on_window_event(windows::on_event)
}

/// What was compiled in: pages, pictures, and what each window may do.
fn context<R: Runtime>() -> Context<R> {
    tauri::generate_context!()
}

/// What the system adds: dialogs, one instance, places of windows.
fn plugins<R: Runtime>(builder: Builder<R>, place: &Place) -> Builder<R> {
    let places = place.config().join("windows.json");
    let flags = StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED;
    builder
        // First: a second instance must end before it touches anything.
        .plugin(tauri_plugin_single_instance::init(|app, words, folder| {
            let words = words.into_iter().map(OsString::from);
            opened::open(app, opened::named(words, Path::new(&folder)));
        }))
        .plugin(tauri_plugin_shell::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_autostart::init(
            MacosLauncher::LaunchAgent,
            Some(vec![IN_BACKGROUND]),
        ))
        .plugin(
            tauri_plugin_window_state::Builder::new()
                .with_state_flags(flags)
                .with_filename(places.to_string_lossy())
                .build(),
        )
}

/// A panic's words go to the log; the thread that had it ends, the app does not.
fn log_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!(%panic, "a defect");
        usual(panic);
    }));
}

/// The desk behind an app.
fn desk<R: Runtime, M: Manager<R>>(of: &M) -> Arc<Desk> {
    Arc::clone(of.state::<Arc<Desk>>().inner())
}

#[cfg(test)]
mod tests;
