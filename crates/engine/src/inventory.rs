//! Which clusters and nodes there are: read from the labels on containers, never remembered.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use container::{Container, ContainerInfo, State};
use serde::Serialize;
use spec::Role;

use crate::error::{Error, ErrorCode, Result};

/// Names the cluster that a container is a node of.
pub(crate) const LABEL_CLUSTER: &str = "apple-k8s.dev/cluster";
/// The node's role, as in the Cluster YAML.
pub(crate) const LABEL_ROLE: &str = "apple-k8s.dev/role";
/// The node's stable address in the node network.
pub(crate) const LABEL_ADDRESS: &str = "apple-k8s.dev/node-address";
/// Which creation made the container; see `ClusterDir::creation_file`.
pub(crate) const LABEL_CREATION: &str = "apple-k8s.dev/creation";

/// Port of the API server on a control plane.
pub(crate) const API_PORT: u16 = 6443;

/// A container that is a node.
#[derive(Debug, Clone)]
pub(crate) struct NodeContainer {
    pub(crate) role: Role,
    pub(crate) address: Ipv4Addr,
    pub(crate) info: ContainerInfo,
}

impl NodeContainer {
    fn of(info: ContainerInfo) -> Option<(String, Self)> {
        let cluster = info.label(LABEL_CLUSTER)?.to_owned();
        let role = match info.label(LABEL_ROLE)? {
            "control-plane" => Role::ControlPlane,
            "worker" => Role::Worker,
            _ => return None,
        };
        let address = info.label(LABEL_ADDRESS)?.parse().ok()?;
        Some((
            cluster,
            Self {
                role,
                address,
                info,
            },
        ))
    }

    pub(crate) fn name(&self) -> &str {
        &self.info.id
    }

    /// Whether anything of it still runs, and be it on its way down.
    pub(crate) fn is_on(&self) -> bool {
        matches!(self.info.state, State::Running | State::Stopping)
    }

    /// The address the runtime gave it at this start.
    pub(crate) fn underlay(&self) -> Option<Ipv4Addr> {
        match self.info.address()? {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }

    /// The port of this machine on which the API is published, on a control plane.
    pub(crate) fn api_port(&self) -> Option<u16> {
        let mut published = self.info.published.iter();
        let port = published.find(|port| port.container_port == API_PORT)?;
        Some(port.host_port)
    }

    /// Where the API is published on the host, on a control plane.
    pub(crate) fn api_server(&self) -> Option<String> {
        let port = self
            .info
            .published
            .iter()
            .find(|port| port.container_port == API_PORT)?;
        // Apple's program leaves the address out when it is any.
        let host = port.host_address.parse();
        Some(server(
            host.unwrap_or(Ipv4Addr::UNSPECIFIED.into()),
            port.host_port,
        ))
    }
}

/// Where an API that is published on this address and port is reached from this machine.
pub(crate) fn server(published: IpAddr, port: u16) -> String {
    let host = match published {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    format!("https://{}", SocketAddr::new(host, port))
}

/// Whether a cluster's nodes run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ClusterState {
    /// Every node runs.
    Running,
    /// No node runs.
    Stopped,
    /// Some nodes run.
    Partial,
    /// Its creation or deletion did not end; `create` or `delete` deals with it.
    Incomplete,
    /// It was made with another home of the product, and is left alone.
    Foreign,
}

/// All nodes by cluster, the control plane first, workers in the order of their addresses.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    clusters: BTreeMap<String, Vec<NodeContainer>>,
    /// Every container on this host, ours or not.
    pub(crate) all: Vec<ContainerInfo>,
}

impl Inventory {
    pub(crate) async fn read(container: &Container) -> Result<Self> {
        Ok(Self::of(container.list(true).await?))
    }

    pub(crate) fn of(all: Vec<ContainerInfo>) -> Self {
        let mut clusters: BTreeMap<String, Vec<NodeContainer>> = BTreeMap::new();
        for (cluster, node) in all.iter().cloned().filter_map(NodeContainer::of) {
            clusters.entry(cluster).or_default().push(node);
        }
        for nodes in clusters.values_mut() {
            nodes.sort_by_key(|node| (node.role, node.address));
        }
        Self { clusters, all }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.clusters.keys().map(String::as_str)
    }

    /// The nodes of a cluster; none when it does not exist.
    pub(crate) fn nodes(&self, cluster: &str) -> &[NodeContainer] {
        self.clusters.get(cluster).map_or(&[], Vec::as_slice)
    }

    /// The nodes of a cluster that must exist.
    pub(crate) fn existing(&self, cluster: &str) -> Result<&[NodeContainer]> {
        let nodes = self.nodes(cluster);
        if nodes.is_empty() {
            Err(not_found(cluster, self.names()))
        } else {
            Ok(nodes)
        }
    }
}

/// The error for an unknown cluster, with the names that exist.
pub(crate) fn not_found<'a>(cluster: &str, names: impl Iterator<Item = &'a str>) -> Error {
    let names: Vec<&str> = names.collect();
    let hint = if names.is_empty() {
        "create one with `apple-k8s create cluster`".to_owned()
    } else {
        format!("there are: {}", names.join(", "))
    };
    Error::new(
        ErrorCode::ClusterNotFound,
        format!("there is no cluster \"{cluster}\""),
    )
    .hint(hint)
}

/// The control plane of a cluster's nodes.
pub(crate) fn control_plane(nodes: &[NodeContainer]) -> Option<&NodeContainer> {
    nodes.iter().find(|node| node.role == Role::ControlPlane)
}

/// What the nodes' states mean for the cluster.
pub(crate) fn state(nodes: &[NodeContainer]) -> ClusterState {
    let running = nodes
        .iter()
        .filter(|node| node.info.state == State::Running)
        .count();
    match running {
        0 => ClusterState::Stopped,
        n if n == nodes.len() => ClusterState::Running,
        _ => ClusterState::Partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn containers() -> Vec<ContainerInfo> {
        let container = |id: &str, labels: serde_json::Value, state: &str| {
            json!({
                "id": id,
                "configuration": {"id": id, "labels": labels, "publishedPorts": [{
                    "hostAddress": "127.0.0.1", "hostPort": 16443, "containerPort": 6443,
                    "count": 1, "proto": "tcp"}]},
                "status": {"state": state, "networks": [
                    {"network": "default", "hostname": id, "ipv4Address": "192.168.64.9/24"}]}
            })
        };
        let label = |role: &str, address: &str| json!({LABEL_CLUSTER: "dev", LABEL_ROLE: role, LABEL_ADDRESS: address});
        serde_json::from_value(json!([
            container("dev-worker2", label("worker", "172.30.0.4"), "stopped"),
            container("dev-worker", label("worker", "172.30.0.3"), "running"),
            container(
                "dev-control-plane",
                label("control-plane", "172.30.0.2"),
                "running"
            ),
            container("web", json!({}), "running"),
            container("odd", json!({LABEL_CLUSTER: "dev"}), "running"),
        ]))
        .expect("containers")
    }

    #[test]
    fn clusters_come_from_labels_alone() {
        let inventory = Inventory::of(containers());
        let nodes = inventory.existing("dev").expect("there");
        let names: Vec<&str> = nodes.iter().map(NodeContainer::name).collect();
        assert_eq!(names, ["dev-control-plane", "dev-worker", "dev-worker2"]);
        assert_eq!(state(nodes), ClusterState::Partial);
        let api = control_plane(nodes).and_then(NodeContainer::api_server);
        assert_eq!(api.as_deref(), Some("https://127.0.0.1:16443"));
        assert_eq!(nodes[1].underlay(), Some(Ipv4Addr::new(192, 168, 64, 9)));
        assert_eq!(inventory.all.len(), 5);
    }

    #[test]
    fn an_api_for_all_addresses_is_reached_by_the_own_one() {
        let server = |address: &str| server(address.parse().expect("an address"), 16443);
        assert_eq!(server("0.0.0.0"), "https://127.0.0.1:16443");
        assert_eq!(server("127.0.0.1"), "https://127.0.0.1:16443");
        assert_eq!(server("192.168.1.5"), "https://192.168.1.5:16443");
        assert_eq!(server("::"), "https://[::1]:16443");
    }

    #[test]
    fn an_unknown_cluster_names_the_known_ones() {
        let inventory = Inventory::of(containers());
        let error = inventory.existing("prod").expect_err("unknown");
        assert_eq!(error.code, ErrorCode::ClusterNotFound);
        assert_eq!(error.hint.as_deref(), Some("there are: dev"));
    }
}
