//! This machine: its runtime, kubeconfig files, terminal, browser, and the app itself.

use app::settings::Settings;
use app::wire::{AppInfo, DiagnosticsFile, QuitWhen, RevealTarget, TerminalTarget, WindowName};
use engine::{Check, Error, ErrorCode};
use tauri::{AppHandle, Runtime};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_shell::ShellExt;

use super::{Answer, Desk};
use crate::windows;

#[tauri::command]
pub(super) async fn context_use(desk: Desk<'_>, name: String) -> Answer<()> {
    Ok(desk.context_use(&name).await?)
}

#[tauri::command]
pub(super) async fn terminal_open<R: Runtime>(
    app: AppHandle<R>,
    target: TerminalTarget,
) -> Answer<()> {
    Ok(open_terminal(&app, &target)?)
}

/// Opens a shell in the user's terminal, which then is on its own.
pub(crate) fn open_terminal<R: Runtime>(
    app: &AppHandle<R>,
    target: &TerminalTarget,
) -> engine::Result<()> {
    let launch = crate::desk(app).terminal(target)?;
    let command = app.shell().command(&launch.program).args(&launch.arguments);
    command.spawn().map(drop).map_err(|error| {
        let program = launch.program.display();
        Error::new(
            ErrorCode::Internal,
            format!("{program} did not start: {error}"),
        )
        .hint("set TERMINAL to the path of a terminal that works")
    })
}

#[tauri::command]
pub(super) async fn url_open<R: Runtime>(
    app: AppHandle<R>,
    desk: Desk<'_>,
    url: String,
) -> Answer<()> {
    if !desk.may_open(&url) {
        let message = format!("{url} is no address that this app opens");
        return Err(Error::new(ErrorCode::PermissionDenied, message).into());
    }
    Ok(open(&app, &url)?)
}

#[tauri::command]
pub(super) async fn path_reveal<R: Runtime>(
    app: AppHandle<R>,
    desk: Desk<'_>,
    what: RevealTarget,
) -> Answer<()> {
    let path = desk.reveal(what)?;
    let folder = if path.is_dir() {
        Some(path.as_path())
    } else {
        path.parent()
    };
    let folder = folder.unwrap_or(&path).display().to_string();
    Ok(open(&app, &folder)?)
}

/// Hands an address or a folder to the program that the user has for it.
#[expect(
    deprecated,
    reason = "its successor is one more plugin for this one call, which no page may make"
)]
fn open<R: Runtime>(app: &AppHandle<R>, what: &str) -> engine::Result<()> {
    app.shell().open(what, None).map_err(|error| {
        Error::new(
            ErrorCode::Internal,
            format!("{what} could not be opened: {error}"),
        )
    })
}

#[tauri::command]
pub(super) async fn doctor_check(desk: Desk<'_>) -> Answer<Vec<Check>> {
    Ok(desk.doctor_check().await)
}

#[tauri::command]
pub(super) async fn doctor_fix(desk: Desk<'_>, id: String) -> Answer<u64> {
    Ok(desk.doctor_fix(&id)?)
}

#[tauri::command]
pub(super) async fn runtime_start(desk: Desk<'_>) -> Answer<u64> {
    Ok(desk.runtime_start())
}

#[tauri::command]
pub(super) async fn runtime_stop(desk: Desk<'_>) -> Answer<u64> {
    Ok(desk.runtime_stop())
}

#[tauri::command]
pub(super) async fn settings_get(desk: Desk<'_>) -> Answer<Settings> {
    Ok(desk.settings())
}

#[tauri::command]
pub(super) async fn settings_set(desk: Desk<'_>, settings: Settings) -> Answer<Settings> {
    Ok(desk.settings_set(settings)?)
}

#[tauri::command]
pub(super) async fn settings_reset(desk: Desk<'_>) -> Answer<Settings> {
    Ok(desk.settings_reset()?)
}

#[tauri::command]
pub(super) async fn diagnostics_preview(desk: Desk<'_>) -> Answer<Vec<DiagnosticsFile>> {
    Ok(desk.diagnostics().await)
}

/// None when the user changed their mind.
#[tauri::command]
pub(super) async fn diagnostics_save<R: Runtime>(
    app: AppHandle<R>,
    desk: Desk<'_>,
) -> Answer<Option<String>> {
    let (chosen, answer) = tokio::sync::oneshot::channel();
    let dialog = app
        .dialog()
        .file()
        .set_file_name("apple-k8s-diagnostics.tar.gz");
    dialog.save_file(move |path| drop(chosen.send(path)));
    match answer
        .await
        .ok()
        .flatten()
        .and_then(|path| path.into_path().ok())
    {
        Some(path) => Ok(Some(desk.diagnostics_write(path).await?)),
        None => Ok(None),
    }
}

#[tauri::command]
pub(super) async fn app_quit<R: Runtime>(
    app: AppHandle<R>,
    desk: Desk<'_>,
    when: QuitWhen,
) -> Answer<()> {
    if when == QuitWhen::AfterWork {
        desk.idle().await;
    }
    app.exit(0);
    Ok(())
}

#[tauri::command]
pub(super) async fn app_info(desk: Desk<'_>) -> Answer<AppInfo> {
    Ok(desk.info())
}

#[tauri::command]
pub(super) async fn window_open<R: Runtime>(app: AppHandle<R>, window: WindowName) -> Answer<()> {
    windows::open(&app, window);
    Ok(())
}
