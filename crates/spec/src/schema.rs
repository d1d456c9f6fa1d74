//! The JSON Schema of our own format, for editors and forms.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use crate::read::API_VERSION;
use crate::{Cluster, KubernetesVersion, Networking, Node};

/// A cluster of Kubernetes nodes on this machine.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, title = "Cluster")]
pub(crate) struct Document<'a> {
    /// Version of this format.
    #[schemars(extend("const" = API_VERSION))]
    api_version: &'static str,
    /// What the document describes.
    #[schemars(extend("const" = "Cluster"))]
    kind: &'static str,
    /// What the cluster is called.
    metadata: Metadata<'a>,
    /// What the cluster is made of.
    spec: Spec<'a>,
}

/// What the cluster is called.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Metadata<'a> {
    /// Name of the cluster; its nodes are named after it.
    #[schemars(
        length(min = 1, max = 49),
        regex(pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
    )]
    name: &'a str,
}

/// What the cluster is made of.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct Spec<'a> {
    /// Version of Kubernetes. When absent, the newest that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    kubernetes_version: Option<&'a KubernetesVersion>,
    /// The nodes. One of them must be a control plane.
    #[schemars(length(min = 1))]
    nodes: &'a [Node],
    /// Addresses and network programs of the cluster.
    #[schemars(default = "Networking::default")]
    networking: &'a Networking,
    /// Changes to kubeadm's configuration of all nodes: YAML merge patches, each with the `kind`
    /// of the document it changes.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    #[schemars(default)]
    kubeadm_config_patches: &'a [String],
    /// Changes to containerd's configuration of all nodes: TOML merge patches.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    #[schemars(default)]
    containerd_config_patches: &'a [String],
}

impl<'a> Document<'a> {
    pub(crate) fn of(cluster: &'a Cluster) -> Self {
        Self {
            api_version: API_VERSION,
            kind: "Cluster",
            metadata: Metadata {
                name: &cluster.name,
            },
            spec: Spec {
                kubernetes_version: cluster.kubernetes_version.as_ref(),
                nodes: &cluster.nodes,
                networking: &cluster.networking,
                kubeadm_config_patches: &cluster.kubeadm_config_patches,
                containerd_config_patches: &cluster.containerd_config_patches,
            },
        }
    }
}

/// The JSON Schema (draft 2020-12) of `apple-k8s.dev/v1alpha1`, as committed in
/// `schema/cluster.v1alpha1.json`.
pub fn json_schema() -> serde_json::Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Document<'_>>()
        .to_value()
}
