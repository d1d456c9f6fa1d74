//! Looking at a cluster as the app does.

pub(crate) mod logs;
pub(crate) mod usage;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use engine::{ClusterView, Engine, Observation};
use system_tests::Cluster;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::timeout;

/// A cluster that is followed.
pub(crate) struct Seen {
    pub(crate) runtime: Runtime,
    views: watch::Receiver<Arc<ClusterView>>,
    observation: Observation,
}

impl Seen {
    pub(crate) fn of(engine: &Engine, cluster: &Cluster<'_>) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let observation = runtime.block_on(engine.observe(cluster.name()));
        let observation = observation.expect("observed");
        Self {
            views: observation.views(),
            observation,
            runtime,
        }
    }

    /// The first view that is as wanted.
    #[track_caller]
    pub(crate) fn until(
        &mut self,
        what: &str,
        seconds: u64,
        wanted: impl Fn(&ClusterView) -> bool,
    ) -> Arc<ClusterView> {
        let views = &mut self.views;
        let found = self.runtime.block_on(async {
            let reached = views.wait_for(|view| wanted(view));
            let view = timeout(Duration::from_secs(seconds), reached).await.ok()?;
            Some(Arc::clone(&view.expect("it goes on")))
        });
        found.unwrap_or_else(|| panic!("{what}: not seen within {seconds} s: {:#?}", self.now()))
    }

    /// Ends the observation alone, not what it ran on.
    pub(crate) fn look_away(self) -> Runtime {
        drop(self.observation);
        self.runtime
    }

    /// The view of now.
    pub(crate) fn now(&self) -> Arc<ClusterView> {
        Arc::clone(&self.views.borrow())
    }

    /// The port of this machine that leads to the API.
    pub(crate) fn api_port(&self, cluster: &Cluster<'_>) -> u16 {
        let view = self.now();
        let name = cluster.control_plane();
        let plane = view
            .nodes
            .iter()
            .find(|node| node.name == name)
            .expect("it");
        let port = plane.ports.iter().find_map(|port| {
            let (from, _) = port.split_once(" → 6443/tcp")?;
            from.rsplit(':').next()?.parse().ok()
        });
        port.expect("published")
    }
}

/// Connections of this machine to one of its own TCP ports.
pub(crate) fn connections(port: u16) -> usize {
    const ESTABLISHED: &str = "01";
    let remote = format!(":{port:04X}");
    let table = fs::read_to_string("/proc/self/net/tcp").expect("a table");
    let rows = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() > 3 && row[2].ends_with(&remote) && row[3] == ESTABLISHED)
        .count()
}
