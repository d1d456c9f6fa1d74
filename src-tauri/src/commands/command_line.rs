//! The command line on the search path.

use app::wire::CommandLine;

use super::{Answer, Desk};

#[tauri::command]
pub(super) async fn command_line_get(desk: Desk<'_>) -> Answer<CommandLine> {
    Ok(desk.command_line()?)
}

#[tauri::command]
pub(super) async fn command_line_set(desk: Desk<'_>, installed: bool) -> Answer<CommandLine> {
    Ok(desk.command_line_set(installed).await?)
}
