//! Deleting a cluster: its nodes, its kubeconfig entries, its files, in an order that a second
//! delete can finish.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kubeconfig::Files;
use serde::Serialize;

use crate::error::Result;
use crate::home::ClusterDir;
use crate::inventory::{Inventory, NodeContainer};
use crate::{Engine, Operation};

/// What a delete removed.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// Name of the cluster.
    pub name: String,
    /// Whether there was anything of it.
    pub existed: bool,
    /// Names of the removed nodes.
    pub nodes: Vec<String>,
    /// Kubeconfig files that lost its entry.
    pub kubeconfigs: Vec<PathBuf>,
}

impl Engine {
    /// Deletes a cluster, complete or half made. One that does not exist is no error. Entries are
    /// removed from the kubeconfig files in use, from `kubeconfig`, and from every file this
    /// cluster was exported to.
    pub async fn delete(
        &self,
        name: &str,
        kubeconfig: Option<&Path>,
        op: &Operation,
    ) -> Result<Deleted> {
        let _held = self.home.lock(name, "delete cluster")?;
        let container = self.container.cancelled_by(op.cancel.clone());
        container.ready().await?;
        let inventory = Inventory::read(&container).await?;
        let nodes: Vec<String> = inventory
            .nodes(name)
            .iter()
            .map(|node| node.name().to_owned())
            .collect();
        let dir = self.home.cluster(name);
        let existed = !nodes.is_empty() || dir.exists();

        if !nodes.is_empty() {
            let step = op.steps.begin("delete-nodes", None);
            container.delete(&nodes, true).await?;
            step.done_with(nodes.join(", "));
        }
        let kubeconfigs = self.remove_access(name, kubeconfig)?;
        dir.remove_all()?;
        Ok(Deleted {
            name: name.to_owned(),
            existed,
            nodes,
            kubeconfigs,
        })
    }

    /// Removes the nodes of a cluster whatever their state. Not cancellable: it cleans up.
    pub(crate) async fn remove_nodes(&self, name: &str) -> Result<()> {
        let inventory = Inventory::read(&self.container).await?;
        let nodes: Vec<&str> = inventory
            .nodes(name)
            .iter()
            .map(NodeContainer::name)
            .collect();
        if !nodes.is_empty() {
            self.container.delete(&nodes, true).await?;
        }
        Ok(())
    }

    /// Removes the cluster's entry from all kubeconfig files that may have it. A file that can't
    /// be changed fails the whole only after the others were done.
    fn remove_access(&self, name: &str, kubeconfig: Option<&Path>) -> Result<Vec<PathBuf>> {
        let context = Self::context_name(name);
        let exported =
            ClusterDir::read(&self.home.cluster(name).exports_file())?.unwrap_or_default();
        let mut lists = vec![Files::from_env(kubeconfig)];
        lists.extend(
            exported
                .lines()
                .filter(|line| !line.is_empty())
                .map(|line| Files::from_env(Some(Path::new(line)))),
        );
        let mut changed = BTreeSet::new();
        let mut failed = None;
        for files in lists {
            match files.and_then(|files| files.remove(&context)) {
                Ok(removed) => changed.extend(removed.files),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(changed.into_iter().collect()),
        }
    }
}
