//! Commands: each parses, asks the desk and answers. A window may call those that its capability
//! names.

mod cluster;
mod command_line;
mod config;
mod image;
mod machine;
mod view;

use app::snapshot::Failure;
use tauri::ipc::Invoke;
use tauri::{Runtime, State};

use std::sync::Arc;

/// What a command answers.
type Answer<T> = Result<T, Failure>;
/// The desk, as a command gets it.
type Desk<'a> = State<'a, Arc<app::desk::Desk>>;
/// The desktop, as a command gets it.
type Desktop<'a> = State<'a, Arc<dyn crate::desktop::Desktop>>;

/// All commands.
pub(crate) fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        cluster::cluster_create,
        cluster::cluster_start,
        cluster::cluster_stop,
        cluster::cluster_restart,
        cluster::cluster_delete,
        cluster::cluster_delete_preview,
        cluster::logs_export,
        cluster::operation_cancel,
        cluster::operation_dismiss,
        command_line::command_line_get,
        command_line::command_line_set,
        config::config_check,
        config::config_preset,
        config::config_of,
        config::config_plan,
        config::config_apply,
        config::config_open,
        config::config_save,
        config::draft_get,
        config::draft_set,
        image::images_get,
        image::image_load,
        image::image_load_missing,
        image::drop_choose,
        image::drop_forget,
        image::manifest_preview,
        image::manifest_apply,
        machine::context_use,
        machine::terminal_open,
        machine::url_open,
        machine::path_reveal,
        machine::doctor_check,
        machine::doctor_fix,
        machine::runtime_start,
        machine::runtime_stop,
        machine::settings_get,
        machine::settings_set,
        machine::settings_reset,
        machine::diagnostics_preview,
        machine::diagnostics_save,
        machine::app_quit,
        machine::app_info,
        machine::window_open,
        view::snapshot_get,
        view::notice_dismiss,
        view::view_watch,
        view::window_seen,
        view::usage_history,
        view::log_open,
        view::log_close,
    ]
}
