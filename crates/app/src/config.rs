//! The Cluster YAML as the configurator shows it: problems in their places, and a form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the validator says of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigCheck {
    /// Errors and warnings, in the order of the text.
    pub problems: Vec<ConfigProblem>,
    /// The cluster; none as long as there is an error.
    pub cluster: Option<ClusterForm>,
}

/// Something wrong or doubtful in a Cluster YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigProblem {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// Characters to underline, at least 1.
    pub length: usize,
    /// The field, such as `spec.nodes[0].role`; empty for the whole text.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// How bad it is.
    pub severity: Severity,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The cluster can't be made.
    Error,
    /// It can, but may not be what was meant.
    Warning,
}

/// A cluster with every default filled in; fields are called as in the YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ClusterForm {
    /// `metadata.name`.
    pub name: String,
    /// `spec.kubernetesVersion`; none for the newest that is known.
    pub kubernetes_version: Option<String>,
    /// `spec.nodes`.
    pub nodes: Vec<NodeForm>,
    /// `spec.networking`.
    pub networking: NetworkingForm,
    /// `spec.kubeadmConfigPatches`.
    pub kubeadm_config_patches: Vec<String>,
    /// `spec.containerdConfigPatches`.
    pub containerd_config_patches: Vec<String>,
    /// The machines that it becomes, the control plane first.
    pub machines: Vec<MachineForm>,
}

/// An entry of `spec.nodes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeForm {
    /// `control-plane` or `worker`.
    pub role: String,
    /// How many alike.
    pub replicas: u32,
    /// Node image; none for that of the Kubernetes version.
    pub image: Option<String>,
    /// Processors.
    pub cpus: u32,
    /// Memory as a quantity, such as `4Gi`.
    pub memory: String,
    /// The same in bytes.
    pub memory_bytes: u64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Taints; none for the usual ones.
    pub taints: Option<Vec<TaintForm>>,
    /// `extraMounts`.
    pub extra_mounts: Vec<MountForm>,
    /// `extraPortMappings`.
    pub extra_port_mappings: Vec<PortForm>,
    /// `kubeadmConfigPatches` of these nodes.
    pub kubeadm_config_patches: Vec<String>,
}

/// A taint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TaintForm {
    /// Its name.
    pub key: String,
    /// Its value; may be empty.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// A folder or file of this machine in nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MountForm {
    /// The folder or file.
    pub host_path: String,
    /// Where nodes see it.
    pub container_path: String,
    /// Whether nodes may only read it.
    pub read_only: bool,
}

/// A port of this machine that leads to a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PortForm {
    /// Port of the node.
    pub container_port: u16,
    /// Port of this machine.
    pub host_port: u16,
    /// Address of this machine.
    pub listen_address: String,
    /// `TCP` or `UDP`.
    pub protocol: String,
}

/// `spec.networking`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NetworkingForm {
    /// Addresses of pods.
    pub pod_subnet: String,
    /// Addresses of Services.
    pub service_subnet: String,
    /// Stable addresses of nodes.
    pub node_subnet: String,
    /// Address of this machine on which the API server answers.
    pub api_server_address: String,
    /// Its port; none for a free one.
    pub api_server_port: Option<u16>,
    /// `flannel` or `none`.
    pub cni: String,
    /// `nftables` or `iptables`.
    pub kube_proxy_mode: String,
}

/// A machine to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MachineForm {
    /// Its name.
    pub name: String,
    /// `control-plane` or `worker`.
    pub role: String,
    /// The entry of `spec.nodes` that it comes from, from 0.
    pub entry: usize,
    /// Processors.
    pub cpus: u32,
    /// Memory.
    pub memory_bytes: u64,
}

/// A Cluster YAML to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Preset {
    /// One node.
    One,
    /// A control plane and two workers.
    Three,
}

/// A Cluster YAML that was opened from a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OpenedConfig {
    /// Its text.
    pub text: String,
    /// Where it lies, for the title and for saving.
    pub path: String,
}
