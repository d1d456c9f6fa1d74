//! What a user takes out of a cluster: the logs of its nodes.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::{Error, ErrorCode, Result};

use super::work::Order;
use super::{Desk, blocking, locked};
use crate::snapshot::OperationKind;

/// Exports of one cluster's logs in one folder, before it is asked for another one.
const MOST_FOLDERS: u32 = 1_000;

impl Desk {
    /// Writes the logs of a cluster's nodes to a new folder in `parent`. It waits for no other
    /// work: logs are wanted most while something hangs.
    pub async fn logs_export(self: &Arc<Self>, cluster: &str, parent: PathBuf) -> Result<u64> {
        spec::validate_name(cluster)
            .map_err(|error| Error::new(ErrorCode::Usage, error.to_string()))?;
        self.engine()?;
        let name = format!("{cluster}-logs");
        let folder = blocking(move || new_folder(&parent, &name)).await?;
        let order = Order {
            beside: true,
            ..Order::on(OperationKind::ExportLogs, cluster)
        };
        let (cluster, target) = (cluster.to_owned(), folder.clone());
        let id = self.begin(order, move |_, engine, op| async move {
            match engine.export_logs(&cluster, &target, &op).await {
                Ok(folder) => Ok(Some(format!(
                    "The logs of “{cluster}” are in {}.",
                    folder.display()
                ))),
                Err(error) => {
                    // A part of the logs would pass for all of them.
                    if let Err(error) = tokio::fs::remove_dir_all(&target).await {
                        tracing::warn!(%error, "a part of some logs is left");
                    }
                    Err(error)
                }
            }
        });
        locked(&self.exported).insert(id, folder);
        Ok(id)
    }

    /// The folder that an export wrote.
    pub(super) fn exported(&self, operation: u64) -> Result<PathBuf> {
        let folder = locked(&self.exported).get(&operation).cloned();
        folder.filter(|folder| folder.is_dir()).ok_or_else(|| {
            Error::new(ErrorCode::Usage, "these logs are no longer there")
                .hint("export them once more")
        })
    }
}

/// A folder that was not there before: `dev-logs`, `dev-logs-2`.
fn new_folder(parent: &Path, name: &str) -> Result<PathBuf> {
    let further = (2..MOST_FOLDERS).map(|number| format!("{name}-{number}"));
    for name in std::iter::once(name.to_owned()).chain(further) {
        let folder = parent.join(name);
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(Error::io("make the folder", &folder, &error)
                    .hint("choose a folder that you may write to"));
            }
        }
    }
    let message = format!("{} is full of old logs", parent.display());
    Err(Error::new(ErrorCode::Usage, message).hint("choose another folder"))
}
