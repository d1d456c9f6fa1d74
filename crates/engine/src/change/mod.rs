//! Changing a running cluster: what a changed Cluster YAML means for it, and carrying that out.
//!
//! A plan ([`Engine::plan_change`]) compares the saved Cluster YAML with the wanted one. Carrying
//! it out ([`Engine::change`]) goes in steps, each of which ends with a saved Cluster YAML that is
//! true: labels and taints, new workers, removed workers, then workers that are made again, one by
//! one. Nodes under way are remembered in a file until they belong to the cluster, so that a
//! change that was killed is cleared away by the next one.

mod carry_out;
mod difference;
mod images;
mod join;
mod leave;
mod lost;
mod marks;
mod remains;
#[cfg(test)]
mod tests;
mod truth;
mod words;

use serde::Serialize;
use spec::Cluster;
use ts_rs::TS;

use crate::Engine;
use crate::api;
use crate::error::{Error, ErrorCode, Result};
use crate::inventory::{self, Inventory, NodeContainer};
use crate::open_ports;
use crate::plan;
use difference::{Difference, Found};
use images::Loaded;
use lost::Losses;

/// What a changed Cluster YAML means for a cluster that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChangePlan {
    /// Done while everything else goes on: labels, taints, workers added and removed.
    pub at_once: Vec<PlanItem>,
    /// Workers that have to be made again, under the same name and address.
    pub recreated: Vec<PlanItem>,
    /// What takes a new cluster. As long as there is any, nothing of the plan can be done.
    pub impossible: Vec<PlanItem>,
    /// Why the plan can't be carried out now, such as a stopped cluster.
    pub blocked: Option<String>,
}

impl ChangePlan {
    /// Whether the cluster already is as it should be.
    pub fn is_empty(&self) -> bool {
        self.at_once.is_empty() && self.recreated.is_empty() && self.impossible.is_empty()
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlanItem {
    /// The node that it concerns; none for the whole cluster.
    pub node: Option<String>,
    /// What changes, such as `memory 2Gi → 4Gi`.
    pub what: String,
    /// What that means, in a sentence.
    pub effect: String,
    /// What is lost for good: volumes on the node's disk, pods that nothing makes again, and images
    /// from archives that no other node has, as `volume default/data-db-0`, `pod default/debug`
    /// and `image docker.io/library/shop:2.1`.
    pub loses: Vec<String>,
}

/// What a change did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// Name of the cluster.
    pub name: String,
    /// Nodes whose labels or taints changed.
    pub marked: Vec<String>,
    /// Workers that were added.
    pub added: Vec<String>,
    /// Workers that were removed.
    pub removed: Vec<String>,
    /// Workers that were made again.
    pub recreated: Vec<String>,
    /// Pods (`namespace/name`) that did not leave their node in time and went with it.
    pub forced: Vec<String>,
    /// Images (`node: name`) that were loaded before and that nodes which were made lack now.
    pub lacking: Vec<String>,
}

/// All that a change is about: what is, and what is to be.
struct Survey {
    inventory: Inventory,
    saved: Cluster,
    kubeconfig: String,
    /// Kubernetes of the control plane, which all nodes share.
    version: String,
    difference: Difference,
}

impl Engine {
    /// What `wanted` means for the cluster as it runs now; changes nothing.
    pub async fn plan_change(&self, name: &str, wanted: &Cluster) -> Result<ChangePlan> {
        self.container.ready().await?;
        let inventory = Inventory::read(&self.container).await?;
        let wanted = &self.with_ports(name, wanted, &inventory)?;
        let survey = self.survey(name, wanted, inventory)?;
        let nodes = survey.inventory.nodes(name);
        let mut blocked = survey.difference.blocked_by(nodes);
        let mut losses = Losses::default();
        if blocked.is_none() && !survey.difference.leaving().is_empty() {
            match lost::ask(&survey.kubeconfig).await {
                Ok(found) => {
                    losses = found;
                    losses.images(&Loaded::ask(&self.container, nodes).await);
                }
                Err(reason) => blocked = Some(reason),
            }
        }
        let mut plan = words::plan(&survey.difference, &losses);
        plan.blocked = blocked.filter(|_| !plan.is_empty());
        Ok(plan)
    }

    /// The wanted cluster with the ports that it leaves to us: those that it has already, and new ones.
    fn with_ports(&self, name: &str, wanted: &Cluster, inventory: &Inventory) -> Result<Cluster> {
        let mut wanted = wanted.clone();
        // Of another name: that is said by whoever compares them.
        if wanted.name == name && !wanted.open_ports().is_empty() {
            let (saved, _) = self.saved(name, inventory)?;
            open_ports::choose(&mut wanted, Some(&saved), inventory)?;
        }
        Ok(wanted)
    }

    /// Compares what is with what is wanted.
    fn survey(&self, name: &str, wanted: &Cluster, inventory: Inventory) -> Result<Survey> {
        if wanted.name != name {
            return Err(Error::new(
                ErrorCode::Usage,
                format!(
                    "the Cluster YAML is that of \"{}\", not of \"{name}\"",
                    wanted.name
                ),
            )
            .hint("a cluster keeps its name: correct metadata.name"));
        }
        let (saved, kubeconfig) = self.saved(name, &inventory)?;
        let killed = self.home.cluster(name).change()?;
        let nodes = inventory.nodes(name);
        let version = version_of(&saved, nodes);
        let found: Vec<Found> = nodes
            .iter()
            .map(|node| Found::of(node, killed.as_ref()))
            .collect();
        let api_port = inventory::control_plane(nodes).and_then(NodeContainer::api_port);
        let difference = difference::between(&saved, wanted, &found, &version, api_port);
        Ok(Survey {
            inventory,
            saved,
            kubeconfig,
            version,
            difference,
        })
    }
}

/// Kubernetes of a cluster: what its YAML names, else what its control plane was made from. The
/// default of this program may be newer than the cluster.
fn version_of(saved: &Cluster, nodes: &[NodeContainer]) -> String {
    if let Some(version) = &saved.kubernetes_version {
        return version.to_string();
    }
    inventory::control_plane(nodes)
        .and_then(|node| {
            let (name, tag) = node.info.image.rsplit_once(':')?;
            let ours = name.rsplit('/').next() == Some(plan::NODE_IMAGE_NAME);
            ours.then(|| tag.to_owned())
        })
        .unwrap_or_else(|| plan::DEFAULT_KUBERNETES_VERSION.to_owned())
}

/// A client of the cluster that a saved kubeconfig leads to.
async fn client(kubeconfig: &str) -> Result<kube::Client> {
    api::client(kubeconfig).await
}
