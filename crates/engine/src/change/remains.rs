//! What a change that was killed leaves behind: nodes that never came to belong to the cluster.

use std::time::Duration;

use container::Container;

use super::leave::forget;
use crate::Engine;
use crate::delete::{remove_containers, under_way};
use crate::error::Result;
use crate::home::{ClusterDir, Creation};
use crate::inventory::{Inventory, LABEL_CREATION};

/// A cluster that has just become ready answers at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Containers that a change was making: those that are there, and those that a call of
/// `container`, which nobody killed, may still be making.
pub(super) fn containers_of(change: &Creation, inventory: &Inventory) -> Vec<String> {
    let made = inventory
        .all
        .iter()
        .filter(|one| one.label(LABEL_CREATION) == Some(change.id.as_str()));
    let mut names: Vec<String> = made.map(|one| one.id.clone()).collect();
    names.extend(under_way(change, inventory));
    names
}

impl Engine {
    /// Removes the containers that a killed change left, so that the cluster is what its Cluster
    /// YAML says. What Kubernetes knows of them goes with [`Engine::forget_half_made`].
    pub(crate) async fn clear_half_made(&self, name: &str, container: &Container) -> Result<()> {
        let Some(killed) = self.home.cluster(name).change()? else {
            return Ok(());
        };
        let inventory = Inventory::read(container).await?;
        remove_containers(container, &containers_of(&killed, &inventory)).await
    }

    /// Makes a cluster that answers forget the nodes of a killed change. Should that fail, the
    /// next change does it.
    pub(crate) async fn forget_half_made(&self, name: &str, kubeconfig: &str) {
        let dir = self.home.cluster(name);
        let work = async {
            let Some(killed) = dir.change()? else {
                return Ok(());
            };
            let client = super::client(kubeconfig).await?;
            for node in &killed.nodes {
                forget(&client, node).await?;
            }
            ClusterDir::remove(&dir.change_file())
        };
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "remains of a killed change are still known"),
            Err(_) => tracing::warn!("remains of a killed change are still known"),
        }
    }
}
