//! This machine: its runtime, kubeconfig files, terminal, browser, and the app itself.

use std::time::Duration;

use app::settings::Settings;
use app::wire::{AppInfo, DiagnosticsFile, QuitWhen, RevealTarget, TerminalTarget, WindowName};
use engine::{Check, Error, ErrorCode};
use tauri::{AppHandle, Runtime};

use super::{Answer, Desk, Desktop};
use crate::windows;

/// How long what is cancelled by quitting gets to clean up: nodes are removed in a second or two.
const CLEAN_UP: Duration = Duration::from_secs(15);

#[tauri::command]
pub(super) async fn context_use(desk: Desk<'_>, name: String) -> Answer<()> {
    Ok(desk.context_use(&name).await?)
}

#[tauri::command]
pub(super) async fn terminal_open(
    desk: Desk<'_>,
    desktop: Desktop<'_>,
    target: TerminalTarget,
) -> Answer<()> {
    Ok(desktop.launch(&desk.terminal(&target)?)?)
}

#[tauri::command]
pub(super) async fn url_open(desk: Desk<'_>, desktop: Desktop<'_>, url: String) -> Answer<()> {
    if !desk.may_open(&url) {
        let message = format!("{url} is no address that this app opens");
        return Err(Error::new(ErrorCode::PermissionDenied, message).into());
    }
    Ok(desktop.open(&url)?)
}

#[tauri::command]
pub(super) async fn path_reveal(
    desk: Desk<'_>,
    desktop: Desktop<'_>,
    what: RevealTarget,
) -> Answer<()> {
    let folder = desk.reveal(what)?;
    Ok(desktop.open(&folder.display().to_string())?)
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
pub(super) async fn diagnostics_save(
    desk: Desk<'_>,
    desktop: Desktop<'_>,
) -> Answer<Option<String>> {
    let place = desktop.choose_place("apple-k8s-diagnostics.tar.gz");
    match place.await.ok().flatten() {
        Some(place) => Ok(Some(desk.diagnostics_write(place).await?)),
        None => Ok(None),
    }
}

#[tauri::command]
pub(super) async fn app_quit(desk: Desk<'_>, desktop: Desktop<'_>, when: QuitWhen) -> Answer<()> {
    match when {
        QuitWhen::AfterWork => {
            if !desk.leave_when_idle().await {
                return Ok(());
            }
        }
        QuitWhen::Never => {
            desk.stay();
            return Ok(());
        }
        // What was begun is undone in order; what hangs in that is left to the next start.
        QuitWhen::Now => {
            let _ = tokio::time::timeout(CLEAN_UP, desk.wind_up()).await;
        }
    }
    desktop.quit();
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
