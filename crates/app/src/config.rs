//! The Cluster YAML as the configurator shows it: problems in their places, and a form.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use spec::{Cluster, SpecError};
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
    /// As the settings say.
    Usual,
    /// One node.
    One,
    /// A control plane and two workers.
    Three,
}

/// A Cluster YAML in a file, as it was when it was opened or saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OpenedConfig {
    /// Its text.
    pub text: String,
    /// Where it lies, for the title and for saving.
    pub path: String,
}

/// What became of a text that was to be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", content = "file", rename_all = "camelCase")]
pub enum SavedConfig {
    /// It is in the file.
    Saved(OpenedConfig),
    /// It is not: the file holds this now, which another program wrote there since.
    Changed(OpenedConfig),
}

/// What the validator says of a text; relative paths in it start at `base`. Blocking: it looks
/// for the folders to mount.
pub fn check(text: &str, base: &Path) -> ConfigCheck {
    match Cluster::parse(text, "", base) {
        Ok(parsed) => {
            let mut problems: Vec<ConfigProblem> = parsed
                .check_host_paths()
                .err()
                .map(|missing| listed(&missing.errors, Severity::Error))
                .unwrap_or_default();
            problems.extend(listed(&parsed.warnings, Severity::Warning));
            problems.sort_by_key(|problem| (problem.line, problem.column));
            ConfigCheck {
                problems,
                cluster: Some(ClusterForm::of(&parsed.cluster)),
            }
        }
        Err(errors) => ConfigCheck {
            problems: listed(&errors.errors, Severity::Error),
            cluster: None,
        },
    }
}

fn listed(errors: &[SpecError], severity: Severity) -> Vec<ConfigProblem> {
    errors
        .iter()
        .map(|error| {
            let place = error.place.unwrap_or(spec::Place {
                line: 1,
                column: 1,
                length: 1,
            });
            let message = match &error.expected {
                Some(expected) => format!("{}; expected {expected}", error.message),
                None => error.message.clone(),
            };
            ConfigProblem {
                line: place.line,
                column: place.column,
                length: place.length,
                path: error.path.clone(),
                message,
                hint: error.hint.clone(),
                severity,
            }
        })
        .collect()
}

impl ClusterForm {
    /// The form of a cluster.
    pub fn of(cluster: &Cluster) -> Self {
        let networking = &cluster.networking;
        Self {
            name: cluster.name.clone(),
            kubernetes_version: cluster.kubernetes_version.as_ref().map(ToString::to_string),
            nodes: cluster.nodes.iter().map(NodeForm::of).collect(),
            networking: NetworkingForm {
                pod_subnet: networking.pod_subnet.to_string(),
                service_subnet: networking.service_subnet.to_string(),
                node_subnet: networking.node_subnet.to_string(),
                api_server_address: networking.api_server_address.to_string(),
                api_server_port: networking.api_server_port,
                cni: networking.cni.to_string(),
                kube_proxy_mode: networking.kube_proxy_mode.to_string(),
            },
            kubeadm_config_patches: cluster.kubeadm_config_patches.clone(),
            containerd_config_patches: cluster.containerd_config_patches.clone(),
            machines: cluster
                .machines()
                .into_iter()
                .map(|machine| MachineForm {
                    cpus: machine.cpus.unwrap_or_else(|| machine.role.default_cpus()),
                    memory_bytes: machine
                        .memory
                        .unwrap_or_else(|| machine.role.default_memory())
                        .bytes(),
                    role: machine.role.to_string(),
                    entry: machine.entry,
                    name: machine.name,
                })
                .collect(),
        }
    }
}

impl NodeForm {
    fn of(node: &spec::Node) -> Self {
        let memory = node.memory.unwrap_or_else(|| node.role.default_memory());
        let taint = |taint: &spec::Taint| TaintForm {
            key: taint.key.clone(),
            value: taint.value.clone(),
            effect: taint.effect.to_string(),
        };
        Self {
            role: node.role.to_string(),
            replicas: node.replicas,
            image: node.image.clone(),
            cpus: node.cpus.unwrap_or_else(|| node.role.default_cpus()),
            memory: memory.to_string(),
            memory_bytes: memory.bytes(),
            labels: node.labels.clone(),
            taints: node
                .taints
                .as_ref()
                .map(|taints| taints.iter().map(taint).collect()),
            extra_mounts: node
                .extra_mounts
                .iter()
                .map(|mount| MountForm {
                    host_path: mount.host_path.display().to_string(),
                    container_path: mount.container_path.clone(),
                    read_only: mount.read_only,
                })
                .collect(),
            extra_port_mappings: node
                .extra_port_mappings
                .iter()
                .map(|port| PortForm {
                    container_port: port.container_port,
                    host_port: port.host_port,
                    listen_address: port.listen_address.to_string(),
                    protocol: port.protocol.to_string(),
                })
                .collect(),
            kubeadm_config_patches: node.kubeadm_config_patches.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "apiVersion: apple-k8s.dev/v1alpha1
kind: Cluster
metadata:
  name: dev
spec:
  nodes:
  - role: control-plane
  - role: worker
    replicas: 2
    memory: 3Gi
";

    #[test]
    fn a_good_text_becomes_a_form_with_its_defaults() {
        let checked = check(GOOD, Path::new("/"));
        assert_eq!(checked.problems, []);
        let form = checked.cluster.unwrap();
        assert_eq!(form.nodes[0].cpus, 4);
        assert_eq!(form.nodes[1].memory, "3Gi");
        let names: Vec<&str> = form.machines.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["dev-control-plane", "dev-worker", "dev-worker2"]);
        assert_eq!(form.machines[2].entry, 1);
    }

    #[test]
    fn a_fault_is_at_its_place() {
        let checked = check(
            &GOOD.replace("replicas: 2", "replicas: two"),
            Path::new("/"),
        );
        assert!(checked.cluster.is_none());
        let problem = &checked.problems[0];
        assert_eq!((problem.line, problem.column), (9, 15));
        assert_eq!(problem.path, "spec.nodes[1].replicas");
        assert_eq!(problem.severity, Severity::Error);
    }

    #[test]
    fn a_folder_that_is_missing_is_an_error_and_the_form_stays() {
        let text = GOOD.replace(
            "    memory: 3Gi",
            "    extraMounts:\n    - hostPath: /nowhere/at/all\n      containerPath: /data",
        );
        let checked = check(&text, Path::new("/"));
        assert_eq!(checked.problems.len(), 1);
        assert_eq!(checked.problems[0].line, 11);
        assert!(checked.cluster.is_some());
    }

    #[test]
    fn nonsense_is_a_problem_and_no_panic() {
        for text in ["", ":", "[", "a: b: c", "\u{0}", "kind: Cluster"] {
            let checked = check(text, Path::new("/"));
            assert!(!checked.problems.is_empty(), "{text:?}");
        }
    }
}
