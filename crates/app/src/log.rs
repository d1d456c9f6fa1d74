//! The app's own log: a file a day, fourteen kept.

use std::fs;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::EnvFilter;

use crate::place::Place;

/// Files that are kept.
const KEPT: usize = 14;

/// What is logged unless the environment says otherwise. To kube each attempt to reach an API that
/// is not there yet is an error; what it means for a cluster is said by our own parts.
const USUAL: &str = "info,zbus=warn,kube_client=off";

/// Writes the log from now on, until the guard is dropped. Without a folder to write to there is
/// none, and the app goes on.
pub fn begin(place: &Place) -> Option<WorkerGuard> {
    fs::create_dir_all(place.logs()).ok()?;
    let files = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("app")
        .filename_suffix("log")
        .max_log_files(KEPT)
        .build(place.logs())
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    let filter = EnvFilter::try_from_env("APPLE_K8S_LOG").unwrap_or_else(|_| EnvFilter::new(USUAL));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false)
        .try_init()
        .ok()?;
    Some(guard)
}
