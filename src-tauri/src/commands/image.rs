//! Images and files.

use app::drops::{ChoosePurpose, Dropped};
use engine::{ManifestPreview, NodeImages};

use super::{Answer, Desk, Desktop};

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
pub(super) async fn drop_choose(
    desk: Desk<'_>,
    desktop: Desktop<'_>,
    purpose: ChoosePurpose,
) -> Answer<Option<Dropped>> {
    let title = match purpose {
        ChoosePurpose::Image => "Choose image archives",
        ChoosePurpose::Yaml => "Choose YAML files",
        ChoosePurpose::Any => "Choose image archives or YAML files",
    };
    let paths = desktop.choose_files(title).await.unwrap_or_default();
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
