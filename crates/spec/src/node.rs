//! `spec.nodes[]` and the machines they become.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::Memory;

/// One entry of `spec.nodes`: one node, or several alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Node {
    /// What the node does.
    pub role: Role,
    /// How many nodes of this kind; 1 when absent.
    #[serde(skip_serializing_if = "is_one")]
    #[schemars(default = "one", range(min = 1))]
    pub replicas: u32,
    /// Node image. When absent, the one of the cluster's Kubernetes version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Processors of the node's machine. When absent, 4 for a control plane and 2 for a worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub cpus: Option<u32>,
    /// Memory of the node's machine, as a Kubernetes quantity: `4Gi`, `4096Mi`, `4G`. When
    /// absent, 4Gi for a control plane and 2Gi for a worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// Labels of the Kubernetes node.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub labels: BTreeMap<String, String>,
    /// Taints of the Kubernetes node. For a control plane they replace the usual one; `[]` lets
    /// every pod run there. When absent, a control plane is tainted if there are workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Vec<Taint>>,
    /// Folders and files of this machine that the node sees.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub extra_mounts: Vec<Mount>,
    /// Ports of the node that are reached through a port of this machine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub extra_port_mappings: Vec<PortMapping>,
    /// Changes to kubeadm's configuration of this node: YAML merge patches, each with the
    /// `kind` of the document it changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub kubeadm_config_patches: Vec<String>,
}

impl Node {
    /// A node of a role with nothing else said about it.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            replicas: 1,
            image: None,
            cpus: None,
            memory: None,
            labels: BTreeMap::new(),
            taints: None,
            extra_mounts: Vec::new(),
            extra_port_mappings: Vec::new(),
            kubeadm_config_patches: Vec::new(),
        }
    }
}

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs etcd, the API server and the controllers.
    ControlPlane,
    /// Runs pods.
    Worker,
}

impl Role {
    pub(crate) const ALL: [Self; 2] = [Self::ControlPlane, Self::Worker];

    /// The value in the YAML, in labels and in names of nodes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Worker => "worker",
        }
    }

    /// Processors of a node that says nothing about them.
    pub const fn default_cpus(self) -> u32 {
        match self {
            Self::ControlPlane => 4,
            Self::Worker => 2,
        }
    }

    /// Memory of a node that says nothing about it.
    pub const fn default_memory(self) -> Memory {
        match self {
            Self::ControlPlane => Memory::gibibytes(4),
            Self::Worker => Memory::gibibytes(2),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A taint of a Kubernetes node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Taint {
    /// Name of the taint, with or without a prefix: `example.com/dedicated`.
    pub key: String,
    /// Value of the taint.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// What happens to pods that don't tolerate it.
    pub effect: TaintEffect,
}

/// What happens to pods that don't tolerate a taint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TaintEffect {
    /// New pods are not placed here.
    NoSchedule,
    /// New pods are placed here when there is no other place.
    PreferNoSchedule,
    /// New pods are not placed here, running ones must leave.
    NoExecute,
}

impl TaintEffect {
    pub(crate) const ALL: [Self; 3] = [Self::NoSchedule, Self::PreferNoSchedule, Self::NoExecute];

    /// The value in the YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

impl fmt::Display for TaintEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A folder or file of this machine that a node sees.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Mount {
    /// Folder or file of this machine: absolute, or relative to the folder of the Cluster YAML.
    /// It must exist.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String", length(min = 1))]
    pub host_path: PathBuf,
    /// Where the node sees it: absolute, not above or inside the system's own folders.
    #[schemars(regex(pattern = r"^/"))]
    pub container_path: String,
    /// Whether the node may only read it.
    #[serde(skip_serializing_if = "is_false")]
    #[schemars(default)]
    pub read_only: bool,
}

/// A port of a node that is reached through a port of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct PortMapping {
    /// Port of the node, such as a `NodePort`.
    #[schemars(range(min = 1, max = 65535))]
    pub container_port: u16,
    /// Port of this machine. Below 1024 it takes an administrator. Absent or 0: a free one is
    /// chosen when the node is made, and stays.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(default, range(max = 65535), extend("not" = {"const": 1}))]
    pub host_port: u16,
    /// Address of this machine. `0.0.0.0` lets other machines reach the port.
    #[serde(skip_serializing_if = "is_localhost")]
    #[schemars(default = "localhost", with = "String")]
    pub listen_address: IpAddr,
    /// Protocol of the port.
    #[serde(skip_serializing_if = "is_tcp")]
    #[schemars(default)]
    pub protocol: Protocol,
}

/// Protocol of a published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    pub(crate) const ALL: [Self; 2] = [Self::Tcp, Self::Udp];

    /// The value in the YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One machine to make: an entry of `spec.nodes` with its replicas told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePlan {
    /// Name of the node, of its container and its host name: `demo-control-plane`,
    /// `demo-worker`, `demo-worker2`.
    pub name: String,
    /// What the node does.
    pub role: Role,
    /// Index of the entry in `spec.nodes` that it comes from.
    pub entry: usize,
    /// Node image; none for that of the cluster's Kubernetes version.
    pub image: Option<String>,
    /// Processors, when the user said how many; else [`Role::default_cpus`].
    pub cpus: Option<u32>,
    /// Memory, when the user said how much; else [`Role::default_memory`].
    pub memory: Option<Memory>,
    /// Labels of the Kubernetes node.
    pub labels: BTreeMap<String, String>,
    /// Taints, when the user said which. None on a control plane: the usual taint, unless the
    /// cluster has no worker.
    pub taints: Option<Vec<Taint>>,
    /// Folders and files of the host.
    pub extra_mounts: Vec<Mount>,
    /// Published ports.
    pub port_mappings: Vec<PortMapping>,
    /// Patches of kubeadm's configuration: the cluster's, then the node's own.
    pub kubeadm_config_patches: Vec<String>,
}

/// A path that is no text can't be in a file; `check` refuses it.
fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

const fn one() -> u32 {
    1
}

fn localhost() -> IpAddr {
    IpAddr::V4(Ipv4Addr::LOCALHOST)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_one(count: &u32) -> bool {
    *count == 1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(port: &u16) -> bool {
    *port == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

fn is_localhost(address: &IpAddr) -> bool {
    *address == localhost()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_tcp(protocol: &Protocol) -> bool {
    *protocol == Protocol::Tcp
}
