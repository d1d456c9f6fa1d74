//! A node that goes: its pods leave it, Kubernetes forgets it, its container is removed.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{DeleteParams, EvictParams, ListParams};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};

use super::marks::{self, failed};
use crate::delete::remove_containers;
use crate::error::Result;
use crate::step::RunningStep;

use super::carry_out::Site;

/// Time that the pods of a node get to leave it. A pod may take half a minute to end by default,
/// and a disruption budget lets the next one go only when another one is up elsewhere.
const PATIENCE: Duration = Duration::from_secs(75);

/// Pause before a disruption budget is asked again; it says when by no event.
const BUDGET_PAUSE: Duration = Duration::from_secs(1);

impl Site<'_> {
    /// Removes a node. Gives the pods that did not leave in time and went with it.
    pub(super) async fn remove(&self, node: &str) -> Result<Vec<String>> {
        let runs = self.runs(node).await?;
        let mut forced = Vec::new();
        let known = self
            .op
            .unless_cancelled(marks::close(&self.client, node))
            .await?;
        if known && runs {
            let step = self.op.steps.begin("drain", Some(node));
            let drained = self
                .op
                .unless_cancelled(drain(&self.client, node, &step))
                .await;
            match drained {
                Ok(left) => forced = left,
                Err(error) => {
                    // As if nothing had been; what can't be done now, the next change does.
                    if let Err(open) = marks::open_all(&self.client, &[]).await {
                        tracing::warn!(%open, "a node stays closed for pods");
                    }
                    return Err(error);
                }
            }
            step.done();
        }
        let step = self.op.steps.begin("delete-node", Some(node));
        forget(&self.client, node).await?;
        remove_containers(&self.engine.container, &[node.to_owned()]).await?;
        // Its kubelet may have registered it again in its last moments.
        forget(&self.client, node).await?;
        step.done();
        Ok(forced)
    }
}

/// Makes Kubernetes forget a node, and pods that it thinks are there: a node of the same name
/// would take them for its own. One that is not known is no error.
pub(super) async fn forget(client: &Client, node: &str) -> Result<()> {
    let nodes = Api::<Node>::all(client.clone());
    absent_is_fine(nodes.delete(node, &DeleteParams::default()).await.map(drop))
        .map_err(|error| failed("delete", node, &error))?;
    let pods = pods_of(client, node).await?;
    let at_once = DeleteParams::default().grace_period(0);
    let deleted = join_all(pods.iter().map(async |pod| {
        let api = Api::<Pod>::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
        absent_is_fine(api.delete(&pod.name_any(), &at_once).await.map(drop))
    }))
    .await;
    let deleted: std::result::Result<Vec<()>, kube::Error> = deleted.into_iter().collect();
    deleted
        .map(drop)
        .map_err(|error| failed("empty", node, &error))
}

async fn pods_of(client: &Client, node: &str) -> Result<Vec<Pod>> {
    let on_node = ListParams::default().fields(&format!("spec.nodeName={node}"));
    let pods = Api::<Pod>::all(client.clone()).list(&on_node).await;
    Ok(pods
        .map_err(|error| failed("list the pods of", node, &error))?
        .items)
}

/// Lets pods leave a node that takes no new ones. Gives those that are still there when the time
/// is over.
async fn drain(client: &Client, node: &str, step: &RunningStep) -> Result<Vec<String>> {
    let leaving: Vec<Pod> = pods_of(client, node)
        .await?
        .into_iter()
        .filter(must_leave)
        .collect();
    let mut left: BTreeSet<String> = leaving.iter().filter_map(ResourceExt::uid).collect();
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let evictions = join_all(leaving.iter().map(|pod| evict(client, pod)));
    let gone = watch_leave(client, node, &mut left, step);
    let both = async { futures::join!(evictions, gone) };
    // Over time: what is left is told.
    let _ = tokio::time::timeout(PATIENCE, both).await;
    let is_left = |pod: &&Pod| pod.uid().is_some_and(|uid| left.contains(&uid));
    Ok(leaving.iter().filter(is_left).map(name_of).collect())
}

/// Follows the pods of a node until none of `left` is there.
async fn watch_leave(client: &Client, node: &str, left: &mut BTreeSet<String>, step: &RunningStep) {
    let config = watcher::Config::default().fields(&format!("spec.nodeName={node}"));
    let pods = Api::<Pod>::all(client.clone());
    let mut events = watcher(pods, config).default_backoff().boxed();
    let mut listing = BTreeSet::new();
    while !left.is_empty() {
        let before = left.len();
        match events.try_next().await {
            Ok(None) => return,
            Err(error) => tracing::debug!(%error, "watch interrupted"),
            Ok(Some(Event::Init)) => listing.clear(),
            Ok(Some(Event::InitApply(pod))) if must_leave(&pod) => listing.extend(pod.uid()),
            Ok(Some(Event::InitApply(_))) => {}
            Ok(Some(Event::InitDone)) => left.retain(|uid| listing.contains(uid)),
            Ok(Some(Event::Apply(pod))) if must_leave(&pod) => {}
            Ok(Some(Event::Apply(pod) | Event::Delete(pod))) => {
                if let Some(uid) = pod.uid() {
                    left.remove(&uid);
                }
            }
        }
        if left.len() != before {
            step.progress(format!("{} left", left.len()));
        }
    }
}

/// Asks a pod to leave, again and again as long as a disruption budget forbids it.
async fn evict(client: &Client, pod: &Pod) {
    let pods = Api::<Pod>::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    loop {
        match pods.evict(&pod.name_any(), &EvictParams::default()).await {
            Ok(_) => return,
            Err(kube::Error::Api(status)) if status.code == 404 => return,
            Err(kube::Error::Api(status)) if status.code == 429 => {
                tokio::time::sleep(BUDGET_PAUSE).await;
            }
            // The pod stays until the time is over, and is told then.
            Err(error) => {
                tracing::warn!(pod = name_of(pod), %error, "a pod can't be evicted");
                return;
            }
        }
    }
}

/// Whether a pod has to leave its node before it goes: not those that belong to the node itself,
/// nor those that have ended.
pub(super) fn must_leave(pod: &Pod) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    let of_node = pod
        .annotations()
        .contains_key("kubernetes.io/config.mirror")
        || pod
            .owner_references()
            .iter()
            .any(|owner| owner.kind == "DaemonSet");
    !of_node && !matches!(phase, Some("Succeeded" | "Failed"))
}

/// `namespace/name`.
pub(super) fn name_of(pod: &Pod) -> String {
    format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any())
}

fn absent_is_fine(
    outcome: std::result::Result<(), kube::Error>,
) -> std::result::Result<(), kube::Error> {
    match outcome {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other,
    }
}
