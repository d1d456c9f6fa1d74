//! Clusters and the work on them.

use app::wire::{ContextChoice, CreateSource, DeletePreview};

use super::{Answer, Desk, Desktop};

#[tauri::command]
pub(super) async fn cluster_create(
    desk: Desk<'_>,
    source: CreateSource,
    set_context: ContextChoice,
) -> Answer<u64> {
    Ok(desk.cluster_create(&source, set_context)?)
}

#[tauri::command]
pub(super) async fn cluster_start(desk: Desk<'_>, name: String) -> Answer<u64> {
    Ok(desk.cluster_start(&name))
}

#[tauri::command]
pub(super) async fn cluster_stop(desk: Desk<'_>, name: String) -> Answer<u64> {
    Ok(desk.cluster_stop(&name))
}

#[tauri::command]
pub(super) async fn cluster_restart(desk: Desk<'_>, name: String) -> Answer<u64> {
    Ok(desk.cluster_restart(&name))
}

#[tauri::command]
pub(super) async fn cluster_delete(desk: Desk<'_>, name: String) -> Answer<u64> {
    Ok(desk.cluster_delete(&name))
}

#[tauri::command]
pub(super) async fn cluster_delete_preview(desk: Desk<'_>, name: String) -> Answer<DeletePreview> {
    Ok(desk.cluster_delete_preview(&name).await?)
}

/// None when the user changed their mind.
#[tauri::command]
pub(super) async fn logs_export(
    desk: Desk<'_>,
    desktop: Desktop<'_>,
    cluster: String,
) -> Answer<Option<u64>> {
    let title = format!("Choose where the logs of “{cluster}” go");
    match desktop.choose_folder(&title).await.ok().flatten() {
        Some(folder) => Ok(Some(desk.logs_export(&cluster, folder).await?)),
        None => Ok(None),
    }
}

#[tauri::command]
pub(super) async fn operation_cancel(desk: Desk<'_>, id: u64) -> Answer<()> {
    Ok(desk.operation_cancel(id)?)
}

#[tauri::command]
pub(super) async fn operation_dismiss(desk: Desk<'_>, id: u64) -> Answer<()> {
    desk.operation_dismiss(id);
    Ok(())
}
