//! Deleting a cluster: its nodes, its kubeconfig entries, its files, in an order that a second
//! delete can finish.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use container::Container;
use kubeconfig::Files;
use serde::Serialize;

use crate::error::Result;
use crate::home::{ClusterDir, Creation};
use crate::inventory::Inventory;
use crate::lock::Work;
use crate::standing::{Standing, foreign};
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
        let _held = self.home.lock(name, Work::Delete)?;
        let container = self.container.cancelled_by(op.cancel.clone());
        container.ready().await?;
        let inventory = Inventory::read(&container).await?;
        self.delete_held(name, kubeconfig, &inventory, &container, op)
            .await
    }

    /// As [`Engine::delete`], for whoever holds the cluster's lock.
    pub(crate) async fn delete_held(
        &self,
        name: &str,
        kubeconfig: Option<&Path>,
        inventory: &Inventory,
        container: &Container,
        op: &Operation,
    ) -> Result<Deleted> {
        let there = inventory.nodes(name);
        if self.standing(name, inventory)? == Standing::Foreign {
            return Err(foreign(name, there));
        }
        let nodes: Vec<String> = there.iter().map(|node| node.name().to_owned()).collect();
        let dir = self.home.cluster(name);
        let existed = !nodes.is_empty() || dir.exists();
        // A disk that is full is no reason not to delete.
        if dir.exists()
            && let Err(error) = dir.begin_deletion()
        {
            tracing::warn!(%error, "the deletion is not remembered");
        }

        let mut names = nodes.clone();
        for killed in [dir.creation()?, dir.change()?].iter().flatten() {
            names.extend(under_way(killed, inventory));
        }
        if !names.is_empty() {
            let step = op.steps.begin("delete-nodes", None);
            remove_containers(container, &names).await?;
            step.done_with(nodes.join(", "));
        }
        let kubeconfigs = self.remove_access(name, kubeconfig)?;
        dir.remove_all()?;
        self.home.sweep_port_turn();
        Ok(Deleted {
            name: name.to_owned(),
            existed,
            nodes,
            kubeconfigs,
        })
    }

    /// Removes the nodes of a cluster whatever their state, and those that its creation was about
    /// to make. Not cancellable: it cleans up.
    pub(crate) async fn remove_nodes(&self, name: &str) -> Result<()> {
        let inventory = Inventory::read(&self.container).await?;
        let nodes = inventory.nodes(name).iter();
        let mut names: Vec<String> = nodes.map(|node| node.name().to_owned()).collect();
        if let Some(creation) = self.home.cluster(name).creation()? {
            names.extend(under_way(&creation, &inventory));
        }
        remove_containers(&self.container, &names).await
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

/// Names of containers that a killed creation may still be making: whoever killed it did not kill
/// the call of `container` that it was waiting for, and that call holds the container's name.
pub(crate) fn under_way(killed: &Creation, inventory: &Inventory) -> Vec<String> {
    let there = |name: &&String| inventory.all.iter().any(|container| container.id == **name);
    let missing = killed.nodes.iter().filter(|name| !there(name));
    missing.cloned().collect()
}

/// Removes containers whatever their state. Those that somebody else removes at the same time, or
/// that never came to be, are no error: what counts is that none is left.
pub(crate) async fn remove_containers(container: &Container, names: &[String]) -> Result<()> {
    let mut names = names.to_vec();
    while !names.is_empty() {
        let Err(error) = container.delete(&names, true).await else {
            return Ok(());
        };
        let before = names.len();
        let inventory = Inventory::read(container).await?;
        names.retain(|name| inventory.all.iter().any(|there| there.id == *name));
        if names.len() == before {
            return Err(error.into());
        }
    }
    Ok(())
}
