//! Start, stop and restart. Underneath, every start brings new addresses; only forwarding
//! entries between the nodes change, and the cluster is otherwise the same.

use std::collections::BTreeSet;
use std::time::Duration;

use container::Container;
use futures::future::try_join_all;
use spec::Cluster;
use tokio::time::MissedTickBehavior;

use crate::api;
use crate::create::readiness;
use crate::error::{Error, ErrorCode, Result};
use crate::home::ClusterDir;
use crate::inventory::{Inventory, NodeContainer};
use crate::limit::Limit;
use crate::lock::Work;
use crate::node::protocol::NodeConfig;
use crate::node::session::{Milestone, Session};
use crate::plan;
use crate::{Engine, Operation};

/// How often nodes are looked at while a start is waited for. It costs a few milliseconds.
const LOOK: Duration = Duration::from_secs(1);

/// Time a node gets to shut down in order: systemd stops pods, then itself.
const PATIENCE: Duration = Duration::from_secs(30);

impl Engine {
    /// Starts the stopped nodes of a cluster and connects all of them anew. Done again on a
    /// running cluster it heals what is broken and changes nothing else.
    pub async fn start(&self, name: &str, wait: Option<Duration>, op: &Operation) -> Result<()> {
        let _held = self.home.lock(name, Work::Start)?;
        self.start_held(name, wait, op).await
    }

    /// Stops all nodes of a cluster. Data, certificates and addresses are kept.
    pub async fn stop(&self, name: &str, op: &Operation) -> Result<()> {
        let _held = self.home.lock(name, Work::Stop)?;
        self.check_own(name).await?;
        self.stop_held(name, op).await
    }

    /// Stops and starts a cluster.
    pub async fn restart(&self, name: &str, wait: Option<Duration>, op: &Operation) -> Result<()> {
        let _held = self.home.lock(name, Work::Restart)?;
        self.check_own(name).await?;
        self.stop_held(name, op).await?;
        self.start_held(name, wait, op).await
    }

    async fn start_held(&self, name: &str, wait: Option<Duration>, op: &Operation) -> Result<()> {
        let container = self.container.cancelled_by(op.cancel.clone());
        container.ready().await?;
        let mut inventory = Inventory::read(&container).await?;
        let (cluster, kubeconfig) = self.saved(name, &inventory)?;
        self.clear_half_made(name, &container).await?;
        // Nodes that were told to stop still count as running until they are off.
        if self.home.cluster(name).stop_file().exists() {
            self.stop_held(name, op).await?;
            inventory = Inventory::read(&container).await?;
        }
        let limit = wait.map(Limit::begin);
        let mut again = BTreeSet::new();
        loop {
            let nodes = run_stopped(&container, name, inventory, op).await?;
            let connect = connect(&container, &cluster, &nodes, op);
            let ready = async {
                let Some(limit) = limit else {
                    return Ok(());
                };
                let client = api::client(&kubeconfig).await?;
                api::wait_ready(&client, &readiness(&cluster, &nodes), &op.steps, limit).await
            };
            // The control plane comes up by itself while the nodes are being connected.
            let work = async { futures::try_join!(connect, ready).map(|_| ()) };
            let outcome = op.unless_cancelled(Box::pin(async {
                tokio::select! {
                    outcome = work => outcome,
                    failed = watch_nodes(&container, name, &nodes) => Err(failed),
                }
            }));
            let Err(error) = outcome.await else {
                if wait.is_some() {
                    Box::pin(self.forget_half_made(name, &kubeconfig)).await;
                }
                return Ok(());
            };
            if op.cancel.is_cancelled() {
                return Err(error);
            }
            // A node that was on its way down, or fell over, is started once more.
            inventory = Inventory::read(&container).await?;
            let gone = changed_since(&nodes, &inventory, name);
            if gone.is_empty() {
                return Err(error);
            }
            if let Some(node) = gone.iter().find(|node| again.contains(*node)) {
                return Err(ended(node));
            }
            tracing::info!(?gone, "nodes ended while the cluster was being started");
            again.extend(gone);
        }
    }

    pub(crate) async fn stop_held(&self, name: &str, op: &Operation) -> Result<()> {
        let container = self.container.cancelled_by(op.cancel.clone());
        container.ready().await?;
        let inventory = Inventory::read(&container).await?;
        let nodes = inventory.existing(name)?;
        let dir = self.home.cluster(name);
        // A disk that is full is no reason not to stop.
        if dir.exists()
            && let Err(error) = dir.begin_stop()
        {
            tracing::warn!(%error, "the stop is not remembered");
        }
        let on = nodes.iter().filter(|node| node.is_on());
        try_join_all(on.map(async |node| {
            let step = op.steps.begin("stop", Some(node.name()));
            container.stop(&[node.name()], PATIENCE).await?;
            step.done();
            Ok::<_, Error>(())
        }))
        .await?;
        ClusterDir::remove(&dir.stop_file())
    }

    /// Refuses a cluster of another home, and one that has no nodes.
    async fn check_own(&self, name: &str) -> Result<()> {
        self.container.ready().await?;
        let inventory = Inventory::read(&self.container).await?;
        self.own_nodes(name, &inventory).map(drop)
    }

    /// The saved intent of a cluster and the engine's access to it.
    pub(crate) fn saved(&self, name: &str, inventory: &Inventory) -> Result<(Cluster, String)> {
        self.complete_nodes(name, inventory)?;
        let dir = self.home.cluster(name);
        let text = ClusterDir::read(&dir.spec_file())?;
        let kubeconfig = ClusterDir::read(&dir.kubeconfig_file())?;
        let (Some(text), Some(kubeconfig)) = (text, kubeconfig) else {
            return Err(incomplete(name));
        };
        let origin = dir.spec_file();
        let parsed = Cluster::parse(&text, &origin.to_string_lossy(), self.home.root())
            .map_err(|errors| Error::new(ErrorCode::ConfigInvalid, errors.to_string()))?;
        Ok((parsed.cluster, kubeconfig))
    }
}

/// Starts the nodes that do not run; gives all nodes as they are then.
async fn run_stopped(
    container: &Container,
    name: &str,
    inventory: Inventory,
    op: &Operation,
) -> Result<Vec<NodeContainer>> {
    let off = inventory.existing(name)?.iter();
    let off: Vec<&NodeContainer> = off.filter(|node| !node.info.is_running()).collect();
    if off.is_empty() {
        return Ok(inventory.nodes(name).to_vec());
    }
    try_join_all(off.into_iter().map(async |node| {
        let step = op.steps.begin("run", Some(node.name()));
        if node.is_on() {
            // On its way down: it can be started when it is off.
            container.stop(&[node.name()], PATIENCE).await?;
        }
        let started = container.start(node.name()).await;
        started.map_err(|error| Error::from(error).on_node(node.name()))?;
        step.done();
        Ok::<_, Error>(())
    }))
    .await?;
    let inventory = Inventory::read(container).await?;
    Ok(inventory.existing(name)?.to_vec())
}

/// Ends when one of the nodes does not run any more. The runtime tells nobody that a container
/// ended, so it is asked.
async fn watch_nodes(container: &Container, name: &str, nodes: &[NodeContainer]) -> Error {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks.tick().await;
    loop {
        looks.tick().await;
        match Inventory::read(container).await {
            Ok(inventory) => {
                if let Some(node) = changed_since(nodes, &inventory, name).first() {
                    return ended(node);
                }
            }
            // Waiting goes on: a runtime that is busy says nothing about the nodes.
            Err(error) => tracing::debug!(%error, "nodes could not be looked at"),
        }
    }
}

/// Names of the nodes that ended since they were looked at, whether they were started again or not.
fn changed_since(nodes: &[NodeContainer], now: &Inventory, cluster: &str) -> Vec<String> {
    let runs = |node: &&NodeContainer| {
        now.nodes(cluster).iter().any(|one| {
            let info = &one.info;
            one.name() == node.name() && info.is_running() && info.started == node.info.started
        })
    };
    let gone = nodes.iter().filter(|node| !runs(node));
    gone.map(|node| node.name().to_owned()).collect()
}

/// The error for a node that does not stay on.
fn ended(node: &str) -> Error {
    Error::new(
        ErrorCode::NodeFailed,
        format!("node {node} ended while the cluster was being started"),
    )
    .hint(format!(
        "`container logs {node}` and `container logs --boot {node}` say why"
    ))
}

/// Tells every node where its peers are now. A cluster of one node has none.
async fn connect(
    container: &Container,
    cluster: &Cluster,
    nodes: &[NodeContainer],
    op: &Operation,
) -> Result<()> {
    if nodes.len() < 2 {
        return Ok(());
    }
    let configs = plan::node_configs(cluster, nodes)?;
    tell_peers(container, configs.iter(), op).await
}

/// Tells nodes what their configurations say of their peers.
pub(crate) async fn tell_peers(
    container: &Container,
    configs: impl Iterator<Item = &NodeConfig>,
    op: &Operation,
) -> Result<()> {
    try_join_all(configs.map(async |config| {
        let mut session = Session::open(container, config, "network", &op.steps).await?;
        while !matches!(session.next().await?, Milestone::Done { .. }) {}
        Ok::<_, Error>(())
    }))
    .await?;
    Ok(())
}

/// The error for a cluster whose creation was killed.
pub(crate) fn incomplete(name: &str) -> Error {
    Error::new(
        ErrorCode::ClusterIncomplete,
        format!("cluster \"{name}\" was only half created"),
    )
    .hint(format!(
        "create it again, or remove what is there: apple-k8s delete cluster {name}"
    ))
}
