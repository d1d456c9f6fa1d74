//! Labels and taints of nodes, and whether pods may be placed on them.

use k8s_openapi::api::core::v1::{Node, Taint};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Map, Value, json};

use super::difference::{CONTROL_PLANE_TAINT, Marks};
use crate::error::{Error, ErrorCode, Result};

/// Says that we closed a node for pods, so that a later change opens it again when the one that
/// closed it was killed. A node that its owner closed stays closed.
const CLOSED: &str = "apple-k8s.dev/closed";

/// kubeadm's label of a control plane that takes no pods.
const NO_BALANCER: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// Gives a node the labels and taints that changed; others stay. Done again it changes nothing.
pub(super) async fn set(client: &Client, marks: &Marks) -> Result<()> {
    let nodes = Api::<Node>::all(client.clone());
    // Of taints, a patch knows only the whole list: one that changed meanwhile is read anew.
    let mut attempts = 0;
    loop {
        attempts += 1;
        let node = nodes
            .get(&marks.node)
            .await
            .map_err(|error| failed("mark", &marks.node, &error))?;
        let patch = json!({
            "metadata": {"labels": labels(marks), "resourceVersion": node.resource_version()},
            "spec": {"taints": taints(&node, marks)},
        });
        match nodes
            .patch(&marks.node, &PatchParams::default(), &Patch::Merge(patch))
            .await
        {
            Ok(_) => return Ok(()),
            Err(kube::Error::Api(status)) if status.code == 409 && attempts < 10 => {}
            Err(error) => return Err(failed("mark", &marks.node, &error)),
        }
    }
}

fn labels(marks: &Marks) -> Map<String, Value> {
    let set = marks
        .set_labels
        .iter()
        .map(|(key, value)| (key.clone(), json!(value)));
    let mut labels: Map<String, Value> = set.collect();
    labels.extend(
        marks
            .drop_labels
            .iter()
            .map(|key| (key.clone(), Value::Null)),
    );
    // Load balancers look for the nodes that take pods.
    if marks
        .add_taints
        .iter()
        .any(|taint| taint.key == CONTROL_PLANE_TAINT)
    {
        labels.insert(NO_BALANCER.into(), json!(""));
    }
    if marks
        .drop_taints
        .iter()
        .any(|taint| taint.key == CONTROL_PLANE_TAINT)
    {
        labels.insert(NO_BALANCER.into(), Value::Null);
    }
    labels
}

/// The node's taints after the change: one has no more than one taint of a key and effect.
fn taints(node: &Node, marks: &Marks) -> Vec<Taint> {
    let is = node.spec.as_ref().and_then(|spec| spec.taints.clone());
    let same = |taint: &Taint, ours: &spec::Taint| {
        taint.key == ours.key && taint.effect == ours.effect.as_str()
    };
    let mut taints = is.unwrap_or_default();
    taints.retain(|taint| {
        let mut ours = marks.drop_taints.iter().chain(&marks.add_taints);
        !ours.any(|ours| same(taint, ours))
    });
    taints.extend(marks.add_taints.iter().map(|taint| Taint {
        key: taint.key.clone(),
        value: Some(taint.value.clone()).filter(|value| !value.is_empty()),
        effect: taint.effect.as_str().to_owned(),
        time_added: None,
    }));
    taints
}

/// Keeps new pods off a node that is about to go. Whether there is such a node.
pub(super) async fn close(client: &Client, name: &str) -> Result<bool> {
    let nodes = Api::<Node>::all(client.clone());
    let found = nodes
        .get_opt(name)
        .await
        .map_err(|error| failed("close", name, &error))?;
    let Some(node) = found else { return Ok(false) };
    if is_closed(&node) {
        return Ok(true);
    }
    let patch = json!({"metadata": {"annotations": {CLOSED: ""}}, "spec": {"unschedulable": true}});
    patch_node(&nodes, name, patch).await?;
    Ok(true)
}

/// Opens those nodes again that we closed, but for some. A node that is gone is no error.
pub(super) async fn open_all(client: &Client, but: &[&str]) -> Result<()> {
    let nodes = Api::<Node>::all(client.clone());
    let all = nodes.list(&kube::api::ListParams::default()).await;
    for node in all.map_err(|error| failed("list", "objects", &error))? {
        let name = node.name_any();
        if node.annotations().contains_key(CLOSED) && !but.contains(&name.as_str()) {
            let patch = json!({"metadata": {"annotations": {CLOSED: null}},
                "spec": {"unschedulable": null}});
            patch_node(&nodes, &name, patch).await?;
        }
    }
    Ok(())
}

fn is_closed(node: &Node) -> bool {
    let spec = node.spec.as_ref();
    spec.and_then(|spec| spec.unschedulable) == Some(true)
}

async fn patch_node(nodes: &Api<Node>, name: &str, patch: Value) -> Result<()> {
    match nodes
        .patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
    {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(failed("change", name, &error)),
        Ok(_) => Ok(()),
    }
}

/// The cluster refused something.
pub(super) fn failed(what: &str, node: &str, error: &kube::Error) -> Error {
    Error::new(
        ErrorCode::Internal,
        format!("could not {what} node {node} in Kubernetes: {error}"),
    )
    .hint("look with `apple-k8s status`; then apply the same Cluster YAML again")
}
