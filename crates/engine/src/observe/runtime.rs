//! What the runtime tells of a cluster's nodes, read again when there is reason to.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::machine::Machine;
use crate::Engine;
use crate::home::ClusterDir;
use crate::inventory::Inventory;
use crate::lock::Work;

/// The runtime has no events: what somebody does with it behind the engine's back, and the API
/// does not notice, is seen after this time. Asking costs a few milliseconds.
const AGAIN: Duration = Duration::from_secs(10);

/// Time between two readings at least.
const PAUSE: Duration = Duration::from_millis(400);

/// A cluster's nodes and the engine's access to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) machines: Vec<Machine>,
    /// The engine's own access; none for a cluster that is only half made.
    pub(super) kubeconfig: Option<String>,
    /// Whether an operation under way stops the cluster, in any program.
    pub(super) ending: bool,
    /// Why the runtime could not be asked; the rest is from before then.
    pub(super) problem: Option<String>,
}

impl Reading {
    /// Whether the API can answer at all.
    pub(super) fn control_plane_runs(&self) -> bool {
        let mut machines = self.machines.iter();
        machines.any(|machine| machine.is_control_plane() && machine.running)
    }
}

/// Reads once.
pub(super) async fn read(engine: &Engine, cluster: &str) -> crate::Result<Reading> {
    let inventory = Inventory::read(&engine.container).await?;
    let work = engine.home.work(cluster);
    let file = engine.home.cluster(cluster).kubeconfig_file();
    Ok(Reading {
        machines: inventory.nodes(cluster).iter().map(Machine::from).collect(),
        kubeconfig: ClusterDir::read(&file)?,
        ending: work.is_some_and(Work::ends_nodes),
        problem: None,
    })
}

/// Keeps a reading up to date until nobody looks at it any more.
pub(super) async fn follow(
    engine: Engine,
    cluster: String,
    asked: Arc<Notify>,
    readings: watch::Sender<Reading>,
) {
    let mut home = engine.changes().map_err(|error| {
        tracing::warn!(%error, "what other programs do is seen late");
    });
    loop {
        let read_at = Instant::now();
        // Many reasons at the same time are one.
        sleep_until(read_at + PAUSE).await;
        let told = async {
            match &mut home {
                Ok(home) => home.changed().await,
                Err(()) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = asked.notified() => {}
            () = told => {}
            () = sleep_until(read_at + AGAIN) => {}
        }
        let read = read(&engine, &cluster).await;
        if readings.is_closed() {
            return;
        }
        readings.send_if_modified(|reading| {
            let new = match &read {
                Ok(new) => new.clone(),
                Err(error) => Reading {
                    problem: Some(error.message.clone()),
                    ..reading.clone()
                },
            };
            let changed = *reading != new;
            *reading = new;
            changed
        });
    }
}
