//! The services of `container`: started, stopped, and what runs on them.

use std::time::Duration;

use serde::Serialize;
use ts_rs::TS;

use crate::error::Result;
use crate::inventory::{ClusterState, Inventory, state};
use crate::lock::Work;
use crate::{Engine, Operation};

/// What a stop of the services takes down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeUse {
    /// Clusters with nodes that run.
    pub clusters: Vec<String>,
    /// Other containers that run.
    pub containers: Vec<String>,
}

impl Engine {
    /// What runs now and would be taken down by [`Engine::stop_runtime`]. Nothing, when the
    /// services are down.
    pub async fn runtime_use(&self) -> Result<RuntimeUse> {
        if !self.container.status().await?.is_running() {
            return Ok(RuntimeUse::default());
        }
        let inventory = Inventory::read(&self.container).await?;
        let runs = |name: &&str| state(inventory.nodes(name)) != ClusterState::Stopped;
        let clusters: Vec<String> = inventory.names().filter(runs).map(str::to_owned).collect();
        let is_node = |id: &str| {
            let mut names = inventory.names();
            names.any(|name| inventory.nodes(name).iter().any(|node| node.name() == id))
        };
        let others = inventory.all.iter();
        let others = others.filter(|one| one.is_running() && !is_node(&one.id));
        Ok(RuntimeUse {
            clusters,
            containers: others.map(|one| one.id.clone()).collect(),
        })
    }

    /// Starts the services of `container`; the first time this downloads a kernel. Done already,
    /// it changes nothing.
    pub async fn start_runtime(&self, op: &Operation) -> Result<()> {
        let step = op.steps.begin("service", None);
        let container = self.container.cancelled_by(op.cancel.clone());
        container.capabilities().await?;
        container.system_start().await?;
        step.done();
        Ok(())
    }

    /// Stops the services of `container`, the clusters that run on them first and in order. Gives
    /// what was taken down. A cluster that an operation works on keeps all from being stopped.
    pub async fn stop_runtime(&self, op: &Operation) -> Result<RuntimeUse> {
        let running = self.runtime_use().await?;
        // All of them first: nothing is stopped when one is busy.
        let locks: Result<Vec<_>> = running
            .clusters
            .iter()
            .map(|name| self.home.lock(name, Work::StopServices))
            .collect();
        let _held = locks?;
        for name in &running.clusters {
            op.unless_cancelled(Box::pin(self.stop_held(name, op)))
                .await?;
        }
        let step = op.steps.begin("service-stop", None);
        let container = self.container.cancelled_by(op.cancel.clone());
        container.system_stop().await?;
        step.done();
        Ok(running)
    }

    /// Stops and starts the services, and the clusters that ran.
    pub(super) async fn restart_runtime(&self, op: &Operation) -> Result<()> {
        const WAIT: Duration = Duration::from_mins(3);
        let running = Box::pin(self.stop_runtime(op)).await?;
        self.start_runtime(op).await?;
        for name in &running.clusters {
            Box::pin(self.start(name, Some(WAIT), op)).await?;
        }
        Ok(())
    }
}
