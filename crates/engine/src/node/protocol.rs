//! The lines that engine and node program (`apple-k8s-node`) exchange: JSON, one object a line,
//! over one `container exec -i` per node and phase.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use spec::Taint;

/// First line to the node: everything it must know.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeConfig {
    pub(crate) cluster: String,
    pub(crate) node: String,
    pub(crate) role: &'static str,
    pub(crate) network: NodeNetwork,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) kubernetes: Option<KubernetesConfig>,
}

/// The node's place in the node network.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeNetwork {
    /// Stable address: the only one Kubernetes ever sees.
    pub(crate) address: Ipv4Addr,
    pub(crate) prefix: u8,
    pub(crate) pod_subnet: String,
    pub(crate) service_subnet: String,
    pub(crate) peers: Vec<Peer>,
}

/// Another node of the cluster.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Peer {
    pub(crate) node: String,
    /// Its stable address.
    pub(crate) address: Ipv4Addr,
    /// The address the runtime gave it at this start.
    pub(crate) underlay: Ipv4Addr,
}

/// What kubeadm is told; not needed when only the network changes.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KubernetesConfig {
    /// Stable address of the control plane.
    pub(crate) control_plane: Ipv4Addr,
    #[serde(rename = "certSANs")]
    pub(crate) cert_sans: Vec<String>,
    pub(crate) kube_proxy_mode: String,
    pub(crate) cni: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) taints: Vec<Taint>,
    pub(crate) remove_control_plane_taint: bool,
    /// Only to the control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bootstrap_token: Option<Secret>,
    pub(crate) kubeadm_config_patches: Vec<String>,
    pub(crate) containerd_config_patches: Vec<String>,
}

/// Second line to a worker: with it the node may join.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinMaterial {
    pub(crate) ca_cert: String,
    pub(crate) bootstrap_token: Secret,
}

/// Text that must not reach a log: `Debug` hides it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A line from the node.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum NodeEvent {
    /// Progress of one phase.
    Step {
        phase: String,
        state: NodeStepState,
        #[serde(default)]
        elapsed_ms: u64,
        #[serde(default)]
        detail: Option<String>,
    },
    /// The API answers, token and cluster-info exist: workers may join.
    Joinable { ca_cert: String },
    /// The phase is complete. `kubeconfig` is the administrator's, from `init` alone.
    Done {
        #[serde(default)]
        kubeconfig: Option<Secret>,
    },
    /// The phase failed.
    Error {
        code: String,
        message: String,
        #[serde(default)]
        detail: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum NodeStepState {
    Started,
    Done,
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_node_are_read() {
        let line = r#"{"event":"step","phase":"etcd","state":"done","elapsedMs":12}"#;
        assert!(matches!(
            serde_json::from_str(line),
            Ok(NodeEvent::Step {
                state: NodeStepState::Done,
                elapsed_ms: 12,
                ..
            })
        ));
        let line = r#"{"event":"joinable","caCert":"PEM"}"#;
        assert!(matches!(
            serde_json::from_str(line),
            Ok(NodeEvent::Joinable { ca_cert }) if ca_cert == "PEM"
        ));
        let line = r#"{"event":"done"}"#;
        assert!(matches!(
            serde_json::from_str(line),
            Ok(NodeEvent::Done { kubeconfig: None })
        ));
        assert!(serde_json::from_str::<NodeEvent>("kubeadm says hello").is_err());
    }

    #[test]
    fn secrets_are_not_shown() {
        let material = JoinMaterial {
            ca_cert: "PEM".into(),
            bootstrap_token: Secret("abcdef.0123456789abcdef".into()),
        };
        assert!(!format!("{material:?}").contains("0123456789"));
        assert!(
            serde_json::to_string(&material)
                .expect("JSON")
                .contains("0123456789"),
            "the node needs it"
        );
    }
}
