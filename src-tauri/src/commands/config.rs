//! The Cluster YAML.

use app::config::{ConfigCheck, OpenedConfig, Preset, SavedConfig};
use engine::ChangePlan;

use super::{Answer, Desk, Desktop};

#[tauri::command]
pub(super) async fn config_check(desk: Desk<'_>, text: String) -> Answer<ConfigCheck> {
    Ok(desk.config_check(text).await?)
}

#[tauri::command]
pub(super) async fn config_preset(
    desk: Desk<'_>,
    name: Preset,
    cluster_name: String,
) -> Answer<String> {
    Ok(desk.config_preset(name, &cluster_name)?)
}

#[tauri::command]
pub(super) async fn config_of(desk: Desk<'_>, cluster: String) -> Answer<String> {
    Ok(desk.config_of(&cluster).await?)
}

#[tauri::command]
pub(super) async fn config_plan(
    desk: Desk<'_>,
    cluster: String,
    text: String,
) -> Answer<ChangePlan> {
    Ok(desk.config_plan(&cluster, &text).await?)
}

#[tauri::command]
pub(super) async fn config_apply(desk: Desk<'_>, cluster: String, text: String) -> Answer<u64> {
    Ok(desk.config_apply(&cluster, &text)?)
}

#[tauri::command]
pub(super) async fn config_open(desk: Desk<'_>, token: String) -> Answer<OpenedConfig> {
    Ok(desk.config_open(&token).await?)
}

/// Without a file to write over the user is asked; none when they changed their mind.
#[tauri::command]
pub(super) async fn config_save(
    desk: Desk<'_>,
    desktop: Desktop<'_>,
    text: String,
    over: Option<OpenedConfig>,
) -> Answer<Option<SavedConfig>> {
    if let Some(over) = over {
        return Ok(Some(desk.config_save(text, over).await?));
    }
    let place = desktop.choose_place("cluster.yaml");
    match place.await.ok().flatten() {
        Some(place) => Ok(Some(desk.config_save_as(text, place).await?)),
        None => Ok(None),
    }
}

#[tauri::command]
pub(super) async fn draft_get(desk: Desk<'_>, cluster: Option<String>) -> Answer<Option<String>> {
    Ok(desk.draft_get(cluster.as_deref())?)
}

#[tauri::command]
pub(super) async fn draft_set(
    desk: Desk<'_>,
    cluster: Option<String>,
    text: Option<String>,
) -> Answer<()> {
    Ok(desk.draft_set(cluster.as_deref(), text.as_deref())?)
}
