//! When clusters may have changed: any program's operation on one touches the engine's home.

use std::path::PathBuf;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;

use crate::Engine;
use crate::error::{Error, ErrorCode, Result};
use crate::home::create_private_dir;

/// Tells when an operation on a cluster began or ended, in this or any other program of the user.
/// What is done with the runtime directly is not told.
#[derive(Debug)]
pub struct Changes {
    count: watch::Receiver<u64>,
    _watcher: RecommendedWatcher,
}

impl Changes {
    /// Waits until something happened since the last time, or since the beginning.
    pub async fn changed(&mut self) {
        if self.count.changed().await.is_err() {
            // Its watcher is gone, which it owns: this does not happen.
            std::future::pending::<()>().await;
        }
    }
}

impl Engine {
    /// Waits for operations on clusters, without asking again and again.
    ///
    /// # Errors
    /// When folders of the home can't be made or watched.
    pub fn changes(&self) -> Result<Changes> {
        let folders: [PathBuf; 2] = ["locks", "clusters"].map(|name| self.home.root().join(name));
        let (told, count) = watch::channel(0);
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let reading = event.is_ok_and(|event| event.kind.is_access());
                if !reading {
                    told.send_modify(|count: &mut u64| *count = count.wrapping_add(1));
                }
            })
            .map_err(|error| unwatched(&error))?;
        for folder in folders {
            create_private_dir(&folder)?;
            watcher
                .watch(&folder, RecursiveMode::Recursive)
                .map_err(|error| unwatched(&error))?;
        }
        Ok(Changes {
            count,
            _watcher: watcher,
        })
    }
}

fn unwatched(error: &notify::Error) -> Error {
    Error::new(
        ErrorCode::Internal,
        format!("changes of clusters can't be watched: {error}"),
    )
}
