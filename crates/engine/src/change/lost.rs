//! What goes with a node: volumes on its disk, and pods that nothing makes again.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolume, Pod};
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::images::Loaded;
use super::leave;

/// An API that does not answer in this time counts as not answering.
const PATIENCE: Duration = Duration::from_secs(5);

/// The label by which a volume is bound to a node.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// What is lost with each node, in words.
#[derive(Debug, Default)]
pub(super) struct Losses {
    by_node: BTreeMap<String, Vec<String>>,
}

impl Losses {
    /// What is lost with a node.
    pub(super) fn with(&self, node: &str) -> Vec<String> {
        self.by_node.get(node).cloned().unwrap_or_default()
    }

    fn of(volumes: &[PersistentVolume], pods: &[Pod]) -> Self {
        let mut losses = Self::default();
        for volume in volumes {
            for node in nodes_of(volume) {
                losses.add(node, format!("volume {}", claim_of(volume)));
            }
        }
        for pod in pods {
            let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
            if let Some(node) = node
                && leave::must_leave(pod)
                && pod.owner_references().is_empty()
            {
                losses.add(node, format!("pod {}", leave::name_of(pod)));
            }
        }
        losses
    }

    /// Adds images that came from archives and that no other node has.
    pub(super) fn images(&mut self, loaded: &Loaded) {
        for node in loaded.nodes() {
            for image in loaded.only_on(node) {
                self.add(node, format!("image {image}"));
            }
        }
    }

    fn add(&mut self, node: &str, what: String) {
        self.by_node.entry(node.to_owned()).or_default().push(what);
    }
}

/// Asks the cluster; an error is the reason for which it can't be asked.
pub(super) async fn ask(kubeconfig: &str) -> Result<Losses, String> {
    let client = super::client(kubeconfig)
        .await
        .map_err(|error| error.message)?;
    let all = ListParams::default();
    let (volumes, pods) = (Api::all(client.clone()), Api::all(client));
    let answers = async { futures::try_join!(volumes.list(&all), pods.list(&all)) };
    let (volumes, pods) = tokio::time::timeout(PATIENCE, answers)
        .await
        .map_err(|_| "the cluster's API does not answer".to_owned())?
        .map_err(|error| format!("the cluster's API does not answer: {error}"))?;
    Ok(Losses::of(&volumes.items, &pods.items))
}

/// Nodes that a volume is bound to by its affinity, as local volumes are.
fn nodes_of(volume: &PersistentVolume) -> Vec<&str> {
    let affinity = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.node_affinity.as_ref());
    let terms = affinity.and_then(|affinity| affinity.required.as_ref());
    terms
        .into_iter()
        .flat_map(|terms| &terms.node_selector_terms)
        .flat_map(|term| term.match_expressions.iter().flatten())
        .filter(|one| one.key == HOSTNAME && one.operator == "In")
        .flat_map(|one| one.values.iter().flatten())
        .map(String::as_str)
        .collect()
}

/// The claim that a person knows a volume by; else its own name.
fn claim_of(volume: &PersistentVolume) -> String {
    let claim = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.claim_ref.as_ref());
    claim
        .and_then(|claim| {
            Some(format!(
                "{}/{}",
                claim.namespace.as_deref()?,
                claim.name.as_deref()?
            ))
        })
        .unwrap_or_else(|| volume.name_any())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_volume_is_lost_with_the_node_it_is_bound_to() {
        let bound = json!({"metadata": {"name": "pvc-1"}, "spec": {
            "claimRef": {"namespace": "shop", "name": "data-db-0"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": ["dev-worker"]}]}]}}}});
        let free = json!({"metadata": {"name": "nfs"}, "spec": {}});
        let volumes: Vec<PersistentVolume> =
            serde_json::from_value(json!([bound, free])).expect("volumes");
        let losses = Losses::of(&volumes, &[]);
        assert_eq!(losses.with("dev-worker"), ["volume shop/data-db-0"]);
        assert_eq!(losses.with("dev-control-plane"), [] as [String; 0]);
    }

    #[test]
    fn only_pods_that_nothing_makes_again_are_lost() {
        let pod = |name: &str, more: serde_json::Value| {
            let mut pod = json!({"metadata": {"name": name, "namespace": "default"},
                "spec": {"nodeName": "dev-worker", "containers": []}});
            pod["metadata"]["ownerReferences"] = more;
            pod
        };
        let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web",
            "uid": "1", "controller": true}]);
        let pods: Vec<Pod> =
            serde_json::from_value(json!([pod("debug", json!([])), pod("web-1", owner)]))
                .expect("pods");
        assert_eq!(
            Losses::of(&[], &pods).with("dev-worker"),
            ["pod default/debug"]
        );
    }
}
