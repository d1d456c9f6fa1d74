//! The life of a cluster of two nodes: made, stopped and started, deleted.

use std::fs;
use std::time::{Duration, Instant};

use spec::Cluster;

use super::report::Finding;
use super::{CLUSTER, LABEL, Trial};
use crate::NodeStatus;
use crate::create::CreateRequest;
use crate::error::{Error, ErrorCode, Result};
use crate::host::HostPort;
use crate::inventory::Inventory;

/// A cluster is there in half a minute; a machine that is busy may take longer.
const WAIT: Duration = Duration::from_mins(5);

impl Trial {
    /// Makes the cluster. Its kubeconfig is a file of its own.
    pub(super) async fn cluster(&self) -> Result<Finding> {
        let cluster = Cluster::simple(CLUSTER, 1)
            .map_err(|error| Error::new(ErrorCode::Internal, error.message.clone()))?;
        let began = Instant::now();
        let request = CreateRequest {
            cluster,
            wait: Some(WAIT),
            retain: false,
            kubeconfig: Some(self.kubeconfig()),
            set_context: false,
        };
        let created = Box::pin(self.engine.create(request, &self.op)).await?;
        let took = began.elapsed().as_secs_f64();
        all_ready(&self.nodes().await?)?;
        let detail = format!(
            "ready after {took:.1} s: Kubernetes {}, {}",
            created.kubernetes_version,
            created.nodes.join(", ")
        );
        Ok(Finding::passed(detail).measured("readySeconds", took))
    }

    /// Stops and starts it. The runtime may give new addresses; nothing that Kubernetes or the user
    /// knows may change.
    pub(super) async fn restart(&self) -> Result<Finding> {
        let before = self.nodes().await?;
        let access = self.read_kubeconfig()?;
        let began = Instant::now();
        self.engine.stop(CLUSTER, &self.op).await?;
        let stopped = began.elapsed().as_secs_f64();
        let began = Instant::now();
        Box::pin(self.engine.start(CLUSTER, Some(WAIT), &self.op)).await?;
        let started = began.elapsed().as_secs_f64();
        let after = self.nodes().await?;
        all_ready(&after)?;
        let moved = same_but_for_the_runtime(&before, &after)?;
        if self.read_kubeconfig()? != access {
            let message = "the kubeconfig is another one after a restart";
            return Err(Error::new(ErrorCode::Internal, message));
        }
        self.reach_api().await?;
        let detail =
            format!("stopped after {stopped:.1} s, ready {started:.1} s after the start; {moved}");
        Ok(Finding::passed(detail)
            .measured("stopSeconds", stopped)
            .measured("startSeconds", started))
    }

    /// Deletes it. Nothing of it may be left.
    pub(super) async fn delete(&self) -> Result<Finding> {
        let port = self.api_address().await?;
        // Of a cluster that does not answer, too.
        let inventory = Inventory::read(&self.container()).await?;
        let ours = inventory.nodes(CLUSTER).iter();
        let ours: Vec<String> = ours.map(|node| node.name().to_owned()).collect();
        let began = Instant::now();
        let file = self.kubeconfig();
        self.engine.delete(CLUSTER, Some(&file), &self.op).await?;
        let took = began.elapsed().as_secs_f64();
        let mut still = Inventory::read(&self.container()).await?.all;
        still.retain(|one| ours.contains(&one.id) || one.label(LABEL) == Some(&self.mark()));
        let still: Vec<String> = still.into_iter().map(|one| one.id).collect();
        let mut left: Vec<String> = still.iter().map(|id| format!("container {id}")).collect();
        // The engine has forgotten them, as the runtime had said that they were gone.
        self.engine.container.delete(&still, true).await?;
        // A file that was made for the entry goes with it.
        if fs::exists(&file).unwrap_or(true) {
            left.push(format!("kubeconfig {}", file.display()));
        }
        if self.engine.home.cluster(CLUSTER).exists() {
            left.push("the cluster's folder".to_owned());
        }
        let published = HostPort {
            address: port.ip(),
            port: port.port(),
            udp: false,
        };
        left.extend(published.problem().map(|error| error.message));
        if !left.is_empty() {
            let message = format!("something is left of the cluster: {}", left.join("; "));
            return Err(Error::new(ErrorCode::Internal, message));
        }
        let detail = format!("after {took:.1} s nothing is left");
        Ok(Finding::passed(detail).measured("deleteSeconds", took))
    }

    /// The nodes with what Kubernetes says of them.
    pub(super) async fn nodes(&self) -> Result<Vec<NodeStatus>> {
        let asked = Box::pin(self.engine.status(CLUSTER));
        let status = self.op.unless_cancelled(asked).await?;
        match status.api_problem {
            Some(problem) => Err(Error::new(ErrorCode::NotReady, problem)),
            None => Ok(status.members),
        }
    }
}

fn all_ready(nodes: &[NodeStatus]) -> Result<()> {
    let waiting = nodes.iter().filter(|node| node.ready != Some(true));
    let waiting: Vec<String> = waiting
        .map(|node| {
            let reason = node.reason.as_deref().unwrap_or("no reason given");
            format!("{} ({reason})", node.name)
        })
        .collect();
    if waiting.is_empty() && nodes.len() == 2 {
        return Ok(());
    }
    let message = format!(
        "{} of 2 nodes are ready, not: {}",
        nodes.len() - waiting.len(),
        waiting.join(", ")
    );
    Err(Error::new(ErrorCode::NotReady, message))
}

/// What the runtime changed, as long as it is nothing that Kubernetes knows.
fn same_but_for_the_runtime(before: &[NodeStatus], after: &[NodeStatus]) -> Result<String> {
    let mut moved = Vec::new();
    for (old, new) in before.iter().zip(after) {
        if (&old.name, &old.address) != (&new.name, &new.address) {
            let message = format!(
                "node {} had the stable address {}, and {} has {} now",
                old.name, old.address, new.name, new.address
            );
            return Err(Error::new(ErrorCode::NodeFailed, message));
        }
        if let (Some(from), Some(to)) = (&old.container_address, &new.container_address)
            && from != to
        {
            moved.push(format!("{from} became {to}"));
        }
    }
    Ok(match moved.as_slice() {
        [] => "the runtime gave the same addresses, so that nothing had to heal".to_owned(),
        _ => format!("new addresses: {}", moved.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::Role;

    fn node(name: &str, address: &str, underlay: &str, ready: bool) -> NodeStatus {
        NodeStatus {
            name: name.into(),
            cluster: CLUSTER.into(),
            role: Role::Worker,
            running: true,
            ready: Some(ready),
            reason: None,
            version: None,
            address: address.into(),
            container_address: Some(underlay.into()),
            image: String::new(),
            cpus: 2,
            memory_bytes: 0,
            started: None,
        }
    }

    #[test]
    fn both_nodes_have_to_be_ready() {
        let two = |ready| {
            [
                node("a", "172.30.0.2", "x", true),
                node("b", "172.30.0.3", "y", ready),
            ]
        };
        all_ready(&two(true)).expect("both");
        let error = all_ready(&two(false)).expect_err("one is not");
        assert_eq!(error.code, ErrorCode::NotReady);
        assert!(
            error.message.contains("1 of 2") && error.message.contains("b ("),
            "{error}"
        );
        all_ready(&two(true)[..1]).expect_err("one is missing");
    }

    #[test]
    fn the_runtimes_addresses_may_change_and_the_stable_ones_may_not() {
        let before = [node("a", "172.30.0.2", "192.168.64.3", true)];
        let moved = [node("a", "172.30.0.2", "192.168.64.9", true)];
        let said = same_but_for_the_runtime(&before, &moved).expect("fine");
        assert!(said.contains("192.168.64.3 became 192.168.64.9"), "{said}");
        let said = same_but_for_the_runtime(&before, &before).expect("fine");
        assert!(said.contains("same addresses"), "{said}");
        let lost = [node("a", "172.30.0.7", "192.168.64.3", true)];
        same_but_for_the_runtime(&before, &lost).expect_err("another stable address");
    }
}
