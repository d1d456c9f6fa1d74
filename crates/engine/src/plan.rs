//! From the Cluster YAML to what each node is run with and told. Pure: no input or output.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use container::{Mount, MountSource, Protocol, Publish, RunSpec};
use spec::{Cluster, NodePlan, Role};

use crate::error::{Error, ErrorCode, Result};
use crate::host::HostPort;
use crate::inventory::{
    API_PORT, LABEL_ADDRESS, LABEL_CLUSTER, LABEL_CREATION, LABEL_ROLE, NodeContainer,
};
use crate::node::protocol::{KubernetesConfig, NodeConfig, NodeNetwork, Peer, Secret};

/// Kubernetes version of a cluster that asks for none.
pub const DEFAULT_KUBERNETES_VERSION: &str = "v1.37.1";

/// Name of our node images; the tag is the Kubernetes version.
pub(crate) const NODE_IMAGE_NAME: &str = "apple-k8s-node";

/// The node image for a Kubernetes version.
pub fn node_image(version: &str) -> String {
    format!("{NODE_IMAGE_NAME}:{version}")
}

/// A node to be made.
#[derive(Debug, Clone)]
pub(crate) struct NodeDraft {
    pub(crate) plan: NodePlan,
    /// Its stable address.
    pub(crate) address: Ipv4Addr,
    pub(crate) image: String,
}

/// All nodes of a cluster, the control plane first, with their stable addresses.
pub(crate) fn nodes(cluster: &Cluster) -> Result<Vec<NodeDraft>> {
    let version = cluster.kubernetes_version.as_ref().map_or_else(
        || DEFAULT_KUBERNETES_VERSION.to_owned(),
        ToString::to_string,
    );
    nodes_of(cluster, &version)
}

/// As [`nodes`], for a cluster whose Kubernetes version is known.
pub(crate) fn nodes_of(cluster: &Cluster, version: &str) -> Result<Vec<NodeDraft>> {
    let subnet = cluster.networking.node_subnet;
    // The first host address is left free: people expect a router there.
    let mut addresses = subnet.hosts().skip(1);
    let usual_image = usual_image(cluster, version);
    cluster
        .machines()
        .into_iter()
        .map(|plan| {
            let address = addresses.next().ok_or_else(|| {
                Error::new(
                    ErrorCode::ConfigInvalid,
                    format!("nodeSubnet {subnet} has too few addresses for the cluster's nodes"),
                )
                .hint("set spec.networking.nodeSubnet to a larger range")
            })?;
            let image = plan.image.clone().unwrap_or_else(|| usual_image.clone());
            Ok(NodeDraft {
                plan,
                address,
                image,
            })
        })
        .collect()
}

/// The image of a node that names none: the control plane's, so that all nodes have one Kubernetes,
/// unless the cluster says which version it wants.
pub(crate) fn usual_image(cluster: &Cluster, version: &str) -> String {
    let control_plane = cluster
        .machines()
        .into_iter()
        .find(|plan| plan.role == Role::ControlPlane && cluster.kubernetes_version.is_none());
    control_plane
        .and_then(|plan| plan.image)
        .unwrap_or_else(|| node_image(version))
}

/// What a container needs to be a machine that boots a node image.
pub(crate) fn machine(name: &str, image: &str, platform: &str) -> RunSpec {
    let mut run = RunSpec::new(name, image)
        .tmpfs("/tmp")
        .tmpfs("/run")
        .env("container", "docker");
    run.platform = Some(platform.to_owned());
    run.cap_add = vec!["ALL".into()];
    run.unmasked = true;
    run
}

/// What a cluster's nodes have in common while they are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) platform: &'a str,
    pub(crate) creation: &'a str,
    pub(crate) api_port: u16,
    /// Cores of the host: more can't be had.
    pub(crate) host_cpus: u32,
}

impl NodeDraft {
    /// Ports of this machine that lead into the node, but for the one of the API.
    pub(crate) fn host_ports(&self) -> impl Iterator<Item = HostPort> {
        self.plan.port_mappings.iter().map(|mapping| HostPort {
            address: mapping.listen_address,
            port: mapping.host_port,
            udp: mapping.protocol == spec::Protocol::Udp,
        })
    }

    /// The ports that users published, as people write them.
    pub(crate) fn ports(&self) -> impl Iterator<Item = String> {
        let node = &self.plan.name;
        self.plan.port_mappings.iter().map(move |mapping| {
            let host = SocketAddr::new(mapping.listen_address, mapping.host_port);
            let protocol = mapping.protocol.as_str().to_lowercase();
            format!("{host} → {node}:{}/{protocol}", mapping.container_port)
        })
    }

    /// How the node's container is run.
    pub(crate) fn run_spec(&self, shared: &Shared<'_>) -> RunSpec {
        let plan = &self.plan;
        let memory = plan.memory.unwrap_or_else(|| plan.role.default_memory());
        let cpus = plan
            .cpus
            .unwrap_or_else(|| plan.role.default_cpus().min(shared.host_cpus));
        let mut run = machine(&plan.name, &self.image, shared.platform)
            .label(LABEL_CLUSTER, &shared.cluster.name)
            .label(LABEL_ROLE, plan.role.as_str())
            .label(LABEL_ADDRESS, self.address.to_string())
            .label(LABEL_CREATION, shared.creation);
        run.cpus = Some(cpus.max(1));
        run.memory = Some(memory.bytes());
        run.mounts = plan
            .extra_mounts
            .iter()
            .map(|mount| Mount {
                source: MountSource::Host(mount.host_path.clone()),
                target: mount.container_path.clone(),
                read_only: mount.read_only,
            })
            .collect();
        if plan.role == Role::ControlPlane {
            let host = IpAddr::V4(shared.cluster.networking.api_server_address);
            run = run.publish(host, shared.api_port, API_PORT);
        }
        run.publish
            .extend(plan.port_mappings.iter().map(|mapping| Publish {
                host_address: Some(mapping.listen_address),
                host_port: mapping.host_port,
                container_port: mapping.container_port,
                protocol: match mapping.protocol {
                    spec::Protocol::Tcp => Protocol::Tcp,
                    spec::Protocol::Udp => Protocol::Udp,
                },
            }));
        run
    }

    /// What kubeadm on the node is told.
    pub(crate) fn kubernetes(
        &self,
        cluster: &Cluster,
        control_plane: Ipv4Addr,
        token: Option<Secret>,
    ) -> KubernetesConfig {
        let plan = &self.plan;
        let alone = cluster.machines().len() == 1;
        KubernetesConfig {
            control_plane,
            cert_sans: certificate_names(cluster),
            kube_proxy_mode: cluster.networking.kube_proxy_mode.to_string(),
            cni: cluster.networking.cni.to_string(),
            labels: plan.labels.clone(),
            taints: plan.taints.clone().unwrap_or_default(),
            // A node without company must take pods; an explicit list replaces kubeadm's taint.
            remove_control_plane_taint: plan.role == Role::ControlPlane
                && (alone || plan.taints.is_some()),
            bootstrap_token: token,
            kubeadm_config_patches: plan.kubeadm_config_patches.clone(),
            containerd_config_patches: cluster.containerd_config_patches.clone(),
        }
    }
}

/// Names the API server's certificate carries beside its own: how the host reaches it.
fn certificate_names(cluster: &Cluster) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string()];
    let published = cluster.networking.api_server_address;
    if published != Ipv4Addr::LOCALHOST && !published.is_unspecified() {
        names.push(published.to_string());
    }
    names
}

/// What every node is told of the network, in the order of `nodes`. All of them must run.
pub(crate) fn node_configs(cluster: &Cluster, nodes: &[NodeContainer]) -> Result<Vec<NodeConfig>> {
    let peers = nodes
        .iter()
        .map(|node| {
            let underlay = node.underlay().ok_or_else(|| {
                let what = if node.info.is_running() {
                    "runs but has no address"
                } else {
                    "ended right after it was started"
                };
                Error::new(
                    ErrorCode::NodeFailed,
                    format!("node {} {what}", node.name()),
                )
                .hint("its serial.log and `container logs --boot` say more")
            })?;
            Ok(Peer {
                node: node.name().to_owned(),
                address: node.address,
                underlay,
            })
        })
        .collect::<Result<Vec<Peer>>>()?;
    let networking = &cluster.networking;
    Ok(nodes
        .iter()
        .map(|node| NodeConfig {
            cluster: cluster.name.clone(),
            node: node.name().to_owned(),
            role: node.role.as_str(),
            network: NodeNetwork {
                address: node.address,
                prefix: networking.node_subnet.prefix_len(),
                pod_subnet: networking.pod_subnet.to_string(),
                service_subnet: networking.service_subnet.to_string(),
                peers: peers
                    .iter()
                    .filter(|peer| peer.node != node.name())
                    .cloned()
                    .collect(),
            },
            kubernetes: None,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::{Node, Taint, TaintEffect};

    #[test]
    fn the_certificate_names_the_address_that_the_host_uses() {
        let names = |address: &str| {
            let mut cluster = Cluster::simple("dev", 0).expect("a cluster");
            cluster.networking.api_server_address = address.parse().expect("an address");
            certificate_names(&cluster)
        };
        let always = ["localhost", "127.0.0.1"];
        assert_eq!(names("127.0.0.1"), always);
        assert_eq!(names("0.0.0.0"), always, "it is reached by the own address");
        for other in ["192.168.1.5", "127.0.0.2"] {
            assert_eq!(names(other), [&always[..], &[other]].concat());
        }
    }

    /// What the control plane is told of taints: its own, and whether kubeadm's goes.
    fn taints(taints: Option<Vec<Taint>>, workers: u32) -> (Vec<Taint>, bool) {
        let mut cluster = Cluster::simple("dev", workers).expect("a cluster");
        cluster.nodes[0] = Node {
            taints,
            ..Node::new(Role::ControlPlane)
        };
        let drafts = nodes(&cluster).expect("addresses");
        let told = drafts[0].kubernetes(&cluster, drafts[0].address, None);
        for worker in &drafts[1..] {
            let told = worker.kubernetes(&cluster, drafts[0].address, None);
            assert!(!told.remove_control_plane_taint, "a worker never has it");
        }
        (told.taints, told.remove_control_plane_taint)
    }

    #[test]
    fn an_explicit_list_of_taints_replaces_the_usual_one() {
        let own = Taint {
            key: "example.com/dedicated".into(),
            value: String::new(),
            effect: TaintEffect::NoSchedule,
        };
        assert_eq!(taints(None, 1), (vec![], false), "the usual one stays");
        assert_eq!(taints(None, 0), (vec![], true), "a node without company");
        assert_eq!(taints(Some(vec![]), 1), (vec![], true));
        assert_eq!(taints(Some(vec![own.clone()]), 1), (vec![own], true));
    }
}
