//! What a click in the tray does.

use std::sync::Arc;

use app::tray::Action;
use app::wire::{ContextChoice, CreateSource, Dialog, OpenRequest, TerminalTarget, View};
use engine::Result;
use tauri::{AppHandle, Manager, Runtime};

use crate::desktop::Desktop;
use crate::{desk, feed, windows};

/// Does what a row asks for. What fails is told in the main window, or by the operation itself.
pub(crate) fn act<R: Runtime>(app: &AppHandle<R>, action: Action) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(error) = done(&app, action).await {
            let hint = error.hint.map(|hint| format!(" ({hint})"));
            desk(&app).notice(
                true,
                format!("{}{}", error.message, hint.unwrap_or_default()),
            );
            windows::open(&app, app::wire::WindowName::Main);
        }
    });
}

pub(crate) async fn done<R: Runtime>(app: &AppHandle<R>, action: Action) -> Result<()> {
    let desk = desk(app);
    match action {
        Action::Create => {
            desk.cluster_create(&CreateSource::Default, ContextChoice::AsRule)?;
        }
        Action::Start(name) => {
            desk.cluster_start(&name);
        }
        Action::Stop(name) => {
            desk.cluster_stop(&name);
        }
        Action::Restart(name) => {
            desk.cluster_restart(&name);
        }
        Action::Cancel(id) => desk.operation_cancel(id)?,
        Action::StartService => {
            desk.runtime_start();
        }
        Action::UseContext(name) => desk.context_use(&name).await?,
        Action::Shell(cluster) => {
            let launch = desk.terminal(&TerminalTarget::Cluster { cluster })?;
            app.state::<Arc<dyn Desktop>>().launch(&launch)?;
        }
        Action::CopyKubeconfig(name) => copy(&desk.kubeconfig_of(&name)?)?,
        Action::LoadImage(name) => {
            show(
                app,
                Some(View::Images),
                Some(name),
                Some(Dialog::ChooseImage),
            );
        }
        Action::Show(name) => show(app, Some(View::Overview), Some(name), None),
        Action::Delete(name) => show(app, None, Some(name), Some(Dialog::Delete)),
        Action::AllContexts => show(app, None, None, Some(Dialog::Contexts)),
        Action::New => show(app, Some(View::Configuration), None, None),
        Action::Open => windows::open(app, app::wire::WindowName::Main),
        Action::Settings => feed::settings(app),
        Action::Diagnostics => show(app, Some(View::Diagnostics), None, None),
        Action::Quit => feed::quit(app),
    }
    Ok(())
}

fn show<R: Runtime>(
    app: &AppHandle<R>,
    view: Option<View>,
    cluster: Option<String>,
    dialog: Option<Dialog>,
) {
    let request = OpenRequest {
        view,
        cluster,
        dialog,
    };
    windows::show(app, request);
}

/// Puts a text where pasting takes it from. On Linux it stays as long as this program lives.
fn copy(text: &str) -> Result<()> {
    use std::sync::{Mutex, PoisonError};
    static CLIPBOARD: Mutex<Option<arboard::Clipboard>> = Mutex::new(None);
    let failed = |error: arboard::Error| {
        engine::Error::new(
            engine::ErrorCode::Internal,
            format!("nothing could be copied: {error}"),
        )
    };
    let mut clipboard = CLIPBOARD.lock().unwrap_or_else(PoisonError::into_inner);
    let open = match clipboard.take() {
        Some(open) => open,
        None => arboard::Clipboard::new().map_err(failed)?,
    };
    clipboard.insert(open).set_text(text).map_err(failed)
}
