//! Images and files.

use std::path::PathBuf;

use app::drops::{ChoosePurpose, Dropped};
use engine::{ManifestPreview, NodeImages};
use tauri::{AppHandle, Runtime};
use tauri_plugin_dialog::DialogExt;

use super::{Answer, Desk};

#[tauri::command]
pub(super) async fn images_get(desk: Desk<'_>, cluster: String) -> Answer<Vec<NodeImages>> {
    Ok(desk.images_get(&cluster).await?)
}

#[tauri::command]
pub(super) async fn image_load(
    desk: Desk<'_>,
    cluster: String,
    token: String,
    nodes: Option<Vec<String>>,
) -> Answer<Vec<u64>> {
    Ok(desk.image_load(&cluster, &token, nodes)?)
}

#[tauri::command]
pub(super) async fn image_load_missing(
    desk: Desk<'_>,
    cluster: String,
    image: String,
) -> Answer<u64> {
    Ok(desk.image_load_missing(&cluster, &image))
}

/// None when the user changed their mind.
#[tauri::command]
pub(super) async fn drop_choose<R: Runtime>(
    app: AppHandle<R>,
    desk: Desk<'_>,
    purpose: ChoosePurpose,
) -> Answer<Option<Dropped>> {
    let title = match purpose {
        ChoosePurpose::Image => "Choose image archives",
        ChoosePurpose::Yaml => "Choose YAML files",
        ChoosePurpose::Any => "Choose image archives or YAML files",
    };
    // No filter by name: what a file is, is told by its content.
    let (chosen, answer) = tokio::sync::oneshot::channel();
    let dialog = app.dialog().file().set_title(title);
    dialog.pick_files(move |paths| drop(chosen.send(paths)));
    let paths = answer.await.ok().flatten().unwrap_or_default();
    let paths: Vec<PathBuf> = paths
        .into_iter()
        .filter_map(|path| path.into_path().ok())
        .collect();
    if paths.is_empty() {
        return Ok(None);
    }
    Ok(Some(desk.drop_chosen(paths).await?))
}

#[tauri::command]
pub(super) async fn drop_forget(desk: Desk<'_>, token: String) -> Answer<()> {
    desk.drop_forget(&token);
    Ok(())
}

#[tauri::command]
pub(super) async fn manifest_preview(
    desk: Desk<'_>,
    cluster: String,
    token: Option<String>,
    text: Option<String>,
) -> Answer<ManifestPreview> {
    Ok(desk
        .manifest_preview(&cluster, token.as_deref(), text)
        .await?)
}

#[tauri::command]
pub(super) async fn manifest_apply(
    desk: Desk<'_>,
    cluster: String,
    token: Option<String>,
    text: Option<String>,
) -> Answer<u64> {
    Ok(desk
        .manifest_apply(&cluster, token.as_deref(), text)
        .await?)
}
