//! What clusters there are and how their nodes do.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde::Serialize;
use spec::Role;

use crate::Engine;
use crate::api;
use crate::error::Result;
use crate::home::ClusterDir;
use crate::inventory::{self, ClusterState, Inventory, NodeContainer};
use crate::standing::Standing;

/// An API that does not answer in this time counts as not answering.
const PATIENCE: Duration = Duration::from_secs(5);

/// A cluster in a list.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSummary {
    /// Its name.
    pub name: String,
    /// Whether it runs.
    pub state: ClusterState,
    /// Number of nodes.
    pub nodes: usize,
    /// Its context in kubeconfig files.
    pub context: String,
    /// Address of its API on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

/// A cluster with its nodes.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterStatus {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: ClusterSummary,
    /// Its nodes, the control plane first.
    pub members: Vec<NodeStatus>,
    /// Why the API could not be asked, when it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_problem: Option<String>,
}

/// One node.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// The cluster it belongs to.
    pub cluster: String,
    /// Its role.
    pub role: Role,
    /// Whether its container runs.
    pub running: bool,
    /// Whether Kubernetes calls it Ready; none when it could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// Why it is not Ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Version of its kubelet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its stable address.
    pub address: String,
    /// The address of its container; new at every start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_address: Option<String>,
    /// Its image.
    pub image: String,
    /// Cores it may use.
    pub cpus: u32,
    /// Memory it may use, in bytes.
    pub memory_bytes: u64,
    /// When it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
}

impl Engine {
    /// All clusters of this user, complete or not, by name.
    pub async fn clusters(&self) -> Result<Vec<ClusterSummary>> {
        self.container.ready().await?;
        let inventory = Inventory::read(&self.container).await?;
        let mut names: Vec<String> = inventory.names().map(str::to_owned).collect();
        // A cluster whose containers somebody removed is still remembered, and must be deletable.
        names.extend(self.home.known_names()?);
        names.sort();
        names.dedup();
        names
            .iter()
            .map(|name| self.summary(name, &inventory))
            .collect()
    }

    /// The nodes of one cluster, or of all, as their containers tell.
    pub async fn nodes(&self, cluster: Option<&str>) -> Result<Vec<NodeStatus>> {
        self.container.ready().await?;
        let inventory = Inventory::read(&self.container).await?;
        let names: Vec<&str> = match cluster {
            Some(name) => {
                self.seen_nodes(name, &inventory)?;
                vec![name]
            }
            None => inventory.names().collect(),
        };
        Ok(names
            .into_iter()
            .flat_map(|name| {
                inventory
                    .nodes(name)
                    .iter()
                    .map(|node| node_status(name, node))
            })
            .collect())
    }

    /// One cluster with what Kubernetes says of its nodes.
    pub async fn status(&self, name: &str) -> Result<ClusterStatus> {
        self.container.ready().await?;
        let inventory = Inventory::read(&self.container).await?;
        let nodes = self.seen_nodes(name, &inventory)?;
        let summary = self.summary(name, &inventory)?;
        let mut members: Vec<NodeStatus> =
            nodes.iter().map(|node| node_status(name, node)).collect();
        let mut api_problem = None;
        if matches!(summary.state, ClusterState::Running | ClusterState::Partial) {
            match self.ask_nodes(name).await {
                Ok(answers) => {
                    for member in &mut members {
                        member.complete(answers.get(&member.name));
                    }
                }
                Err(problem) => api_problem = Some(problem),
            }
        }
        Ok(ClusterStatus {
            summary,
            members,
            api_problem,
        })
    }

    /// The nodes of a cluster, whoever made them, to be looked at.
    fn seen_nodes<'i>(&self, name: &str, inventory: &'i Inventory) -> Result<&'i [NodeContainer]> {
        match self.standing(name, inventory)? {
            Standing::Foreign => Ok(inventory.nodes(name)),
            _ => self.own_nodes(name, inventory),
        }
    }

    fn summary(&self, name: &str, inventory: &Inventory) -> Result<ClusterSummary> {
        let nodes = inventory.nodes(name);
        Ok(ClusterSummary {
            name: name.to_owned(),
            state: match self.standing(name, inventory)? {
                Standing::Complete => inventory::state(nodes),
                Standing::Foreign => ClusterState::Foreign,
                Standing::Incomplete | Standing::Unknown => ClusterState::Incomplete,
            },
            nodes: nodes.len(),
            context: Self::context_name(name),
            server: inventory::control_plane(nodes).and_then(NodeContainer::api_server),
        })
    }

    async fn ask_nodes(&self, name: &str) -> std::result::Result<BTreeMap<String, Node>, String> {
        let file = self.home.cluster(name).kubeconfig_file();
        let kubeconfig = ClusterDir::read(&file)
            .map_err(|error| error.message)?
            .ok_or("its creation did not end")?;
        let client = api::client(&kubeconfig)
            .await
            .map_err(|error| error.message)?;
        let list = Api::<Node>::all(client);
        let parameters = ListParams::default();
        let answer = tokio::time::timeout(PATIENCE, list.list(&parameters)).await;
        let nodes = answer
            .map_err(|_| "the API does not answer".to_owned())?
            .map_err(|error| format!("the API does not answer: {error}"))?;
        Ok(nodes
            .into_iter()
            .map(|node| (node.name_any(), node))
            .collect())
    }
}

fn node_status(cluster: &str, node: &NodeContainer) -> NodeStatus {
    let info = &node.info;
    NodeStatus {
        name: info.id.clone(),
        cluster: cluster.to_owned(),
        role: node.role,
        running: info.is_running(),
        ready: None,
        reason: None,
        version: None,
        address: node.address.to_string(),
        container_address: node.underlay().map(|address| address.to_string()),
        image: info.image.clone(),
        cpus: info.cpus,
        memory_bytes: info.memory,
        started: info
            .started
            .filter(|_| info.is_running())
            .map(|time| time.to_string()),
    }
}

impl NodeStatus {
    /// Adds what Kubernetes says. For a node that is off it goes on to say Ready for a while.
    fn complete(&mut self, answer: Option<&Node>) {
        if !self.running {
            self.ready = Some(false);
            self.reason = Some("stopped".into());
            return;
        }
        let Some(status) = answer.and_then(|node| node.status.as_ref()) else {
            self.ready = Some(false);
            self.reason = Some("not registered with the cluster".into());
            return;
        };
        self.version = status
            .node_info
            .as_ref()
            .map(|info| info.kubelet_version.clone());
        let ready = status
            .conditions
            .iter()
            .flatten()
            .find(|found| found.type_ == "Ready");
        self.ready = Some(ready.is_some_and(|found| found.status == "True"));
        if self.ready == Some(false) {
            self.reason = ready.and_then(|found| found.message.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_node_that_runs_is_ready() {
        let answer: Node = serde_json::from_value(json!({
            "metadata": {"name": "dev-worker"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}
        }))
        .expect("a node");
        let ready = |state: &str| {
            let container = serde_json::from_value(json!([{
                "id": "dev-worker",
                "configuration": {"labels": {
                    inventory::LABEL_CLUSTER: "dev", inventory::LABEL_ROLE: "worker",
                    inventory::LABEL_ADDRESS: "172.30.0.3"}},
                "status": {"state": state}
            }]))
            .expect("a container");
            let inventory = Inventory::of(container);
            let mut status = node_status("dev", &inventory.nodes("dev")[0]);
            status.complete(Some(&answer));
            (status.ready, status.reason)
        };
        assert_eq!(ready("running"), (Some(true), None));
        assert_eq!(ready("stopped"), (Some(false), Some("stopped".into())));
        assert_eq!(ready("stopping"), (Some(false), Some("stopped".into())));
    }
}
