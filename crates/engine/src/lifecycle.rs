//! Start, stop and restart. Underneath, every start brings new addresses; only forwarding
//! entries between the nodes change, and the cluster is otherwise the same.

use std::time::Duration;

use container::Container;
use futures::future::try_join_all;
use spec::Cluster;

use crate::api;
use crate::create::readiness;
use crate::error::{Error, ErrorCode, Result};
use crate::home::ClusterDir;
use crate::inventory::{Inventory, NodeContainer};
use crate::node::protocol::NodeConfig;
use crate::node::session::{Milestone, Session};
use crate::plan;
use crate::{Engine, Operation};

/// Time a node gets to shut down in order: systemd stops pods, then itself.
const PATIENCE: Duration = Duration::from_secs(30);

impl Engine {
    /// Starts the stopped nodes of a cluster and connects all of them anew. Done again on a
    /// running cluster it heals what is broken and changes nothing else.
    pub async fn start(&self, name: &str, wait: Option<Duration>, op: &Operation) -> Result<()> {
        let _held = self.home.lock(name, "start cluster")?;
        self.start_held(name, wait, op).await
    }

    /// Stops all nodes of a cluster. Data, certificates and addresses are kept.
    pub async fn stop(&self, name: &str, op: &Operation) -> Result<()> {
        let _held = self.home.lock(name, "stop cluster")?;
        self.stop_held(name, op).await
    }

    /// Stops and starts a cluster.
    pub async fn restart(&self, name: &str, wait: Option<Duration>, op: &Operation) -> Result<()> {
        let _held = self.home.lock(name, "restart cluster")?;
        self.stop_held(name, op).await?;
        self.start_held(name, wait, op).await
    }

    async fn start_held(&self, name: &str, wait: Option<Duration>, op: &Operation) -> Result<()> {
        let container = self.container.cancelled_by(op.cancel.clone());
        container.ready().await?;
        let inventory = Inventory::read(&container).await?;
        let (cluster, kubeconfig) = self.saved(name, &inventory)?;
        let nodes = inventory.existing(name)?;
        try_join_all(
            nodes
                .iter()
                .filter(|node| !node.info.is_running())
                .map(async |node| {
                    let step = op.steps.begin("run", Some(node.name()));
                    container.start(node.name()).await?;
                    step.done();
                    Ok::<_, Error>(())
                }),
        )
        .await?;

        let inventory = Inventory::read(&container).await?;
        let nodes = inventory.existing(name)?;
        let connect = connect(&container, &cluster, nodes, op);
        let ready = async {
            let Some(limit) = wait else { return Ok(()) };
            let client = api::client(&kubeconfig).await?;
            api::wait_ready(&client, &readiness(&cluster, nodes), &op.steps, limit).await
        };
        // The control plane comes up by itself while the nodes are being connected.
        op.unless_cancelled(async { futures::try_join!(connect, ready).map(|_| ()) })
            .await
    }

    async fn stop_held(&self, name: &str, op: &Operation) -> Result<()> {
        let container = self.container.cancelled_by(op.cancel.clone());
        container.ready().await?;
        let inventory = Inventory::read(&container).await?;
        let running = inventory
            .existing(name)?
            .iter()
            .filter(|node| node.info.is_running());
        try_join_all(running.map(async |node| {
            let step = op.steps.begin("stop", Some(node.name()));
            container.stop(&[node.name()], PATIENCE).await?;
            step.done();
            Ok::<_, Error>(())
        }))
        .await?;
        Ok(())
    }

    /// The saved intent of a cluster and the engine's access to it.
    pub(crate) fn saved(&self, name: &str, inventory: &Inventory) -> Result<(Cluster, String)> {
        inventory.existing(name)?;
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
