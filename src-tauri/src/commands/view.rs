//! What windows see.

use std::sync::Arc;

use app::logs::{LogBatch, LogSource};
use app::snapshot::Snapshot;
use engine::UsageSample;
use tauri::ipc::Channel;
use tauri::{Runtime, WebviewWindow};

use super::{Answer, Desk};
use crate::windows;

/// A window asks for it when it listens.
#[tauri::command]
pub(super) async fn snapshot_get<R: Runtime>(
    window: WebviewWindow<R>,
    desk: Desk<'_>,
) -> Answer<Snapshot> {
    windows::ready(&window);
    Ok(Snapshot::clone(&desk.snapshot()))
}

#[tauri::command]
pub(super) async fn notice_dismiss(desk: Desk<'_>, id: u64) -> Answer<()> {
    desk.notice_dismiss(id);
    Ok(())
}

#[tauri::command]
pub(super) async fn view_watch<R: Runtime>(
    window: WebviewWindow<R>,
    desk: Desk<'_>,
    cluster: Option<String>,
) -> Answer<()> {
    desk.view_watch(window.label(), cluster.as_deref());
    Ok(())
}

/// A page tells when it comes to be seen and when it no longer is: the system tells the app of no
/// window that is minimised, hidden or covered.
#[tauri::command]
pub(super) async fn window_seen<R: Runtime>(
    window: WebviewWindow<R>,
    desk: Desk<'_>,
    seen: bool,
) -> Answer<()> {
    desk.window_visible(window.label(), seen);
    Ok(())
}

#[tauri::command]
pub(super) async fn usage_history(
    desk: Desk<'_>,
    cluster: String,
    seconds: u32,
) -> Answer<Vec<UsageSample>> {
    Ok(desk.usage_history(&cluster, seconds))
}

#[tauri::command]
pub(super) async fn log_open(
    desk: Desk<'_>,
    source: LogSource,
    tail: u32,
    channel: Channel<LogBatch>,
) -> Answer<u64> {
    let desk = Arc::clone(desk.inner());
    let send = move |batch| channel.send(batch).is_ok();
    Ok(desk.log_open(source, tail, send).await?)
}

#[tauri::command]
pub(super) async fn log_close(desk: Desk<'_>, id: u64) -> Answer<()> {
    desk.log_close(id);
    Ok(())
}
