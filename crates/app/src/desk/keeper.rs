//! Keeps the list of clusters true.
//!
//! It looks at the runtime when a program's work on a cluster begins or ends, when somebody asks,
//! every two seconds while a window can be seen, and once a minute while a cluster runs or the
//! runtime can't be used: the icon and the menu can be seen at any time, and no system tells when.
//! With no window, no running cluster and a runtime that is ready, it sleeps. Clusters that no
//! window follows by watches are asked how they do less often than the runtime is looked at.

use std::sync::{Arc, Weak};
use std::time::Duration;

use engine::{ClusterSummary, Engine, Error, ErrorCode, Health, NodeStatus};
use tokio::time::{Instant, sleep};

use super::{Desk, elsewhere, locked};
use crate::snapshot::{Cluster, ClusterState, Runtime, RuntimeState, Snapshot};
use crate::world::{Fact, Found, Wellness};

/// Time between two looks while a window can be seen.
const SEEN: Duration = Duration::from_secs(2);
/// Time between two looks while no window can be seen.
const UNSEEN: Duration = Duration::from_mins(1);
/// Time between two questions to a cluster that the list in a window shows, or that was silent.
const LISTED: Duration = Duration::from_secs(10);
/// What comes together is looked at together.
const TOGETHER: Duration = Duration::from_millis(60);
/// How long a runtime that does not answer is left alone.
const HANGING: Duration = Duration::from_secs(10);

/// Looks until the desk is gone.
pub(super) async fn keep(desk: Weak<Desk>) {
    let mut changes = None;
    let Some(here) = desk.upgrade() else { return };
    let (mut windows, asked) = (here.windows.subscribe(), Arc::clone(&here.look));
    drop(here);
    // Kubernetes is not asked with every look, but when something may have changed, and at times.
    let mut ask = true;
    let mut asked_at = Instant::now();
    loop {
        let Some(here) = desk.upgrade() else { return };
        if changes.is_none() {
            changes = here.engine().ok().and_then(|engine| {
                engine
                    .changes()
                    .inspect_err(|error| tracing::warn!(%error, "other programs are not seen"))
                    .ok()
            });
        }
        let works = here.home.work_elsewhere().into_iter();
        let works = works.filter_map(elsewhere::shown).collect();
        here.store.tell(Fact::Elsewhere(works));
        if ask {
            asked_at = Instant::now();
        }
        Box::pin(here.look_now(ask)).await;
        let pace = pace(&here);
        drop(here);
        ask = tokio::select! {
            () = async {
                match &mut changes {
                    Some(changes) => changes.changed().await,
                    None => std::future::pending().await,
                }
            } => true,
            () = asked.notified() => true,
            seen = windows.changed() => {
                if seen.is_err() {
                    return;
                }
                continue;
            }
            () = due(pace) => pace.is_some_and(|pace| asked_at.elapsed() >= pace.ask),
        };
        if ask {
            sleep(TOGETHER).await;
        }
    }
}

/// Time until the next look that nobody asks for, and from one question to Kubernetes to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    look: Duration,
    ask: Duration,
}

/// How often to look without being asked; none while nothing can be missed.
fn pace(desk: &Desk) -> Option<Pace> {
    let visible = desk.windows.borrow().any_visible();
    pace_of(&desk.snapshot(), visible)
}

fn pace_of(snapshot: &Snapshot, visible: bool) -> Option<Pace> {
    let runs = |one: &Cluster| matches!(one.state, ClusterState::Running | ClusterState::Partial);
    let running: Vec<&Cluster> = snapshot.clusters.iter().filter(|one| runs(one)).collect();
    let (look, ask) = if visible {
        let hangs = snapshot.runtime.state == RuntimeState::Unusable;
        (if hangs { HANGING } else { SEEN }, LISTED)
    } else if running.iter().any(|one| one.health == Health::Unknown) {
        // Whether it has failed is told by asking again.
        (LISTED, LISTED)
    } else if !running.is_empty() || snapshot.runtime.state != RuntimeState::Ready {
        (UNSEEN, UNSEEN)
    } else {
        return None;
    };
    Some(Pace { look, ask })
}

async fn due(pace: Option<Pace>) {
    match pace {
        Some(pace) => sleep(pace.look).await,
        None => std::future::pending().await,
    }
}

impl Desk {
    /// Looks at the runtime; with `ask`, at Kubernetes too.
    async fn look_now(self: &Arc<Self>, ask: bool) {
        let engine = match self.engine() {
            Ok(engine) => engine,
            Err(error) => {
                self.store.tell(Fact::Runtime(down(None, error)));
                self.store.tell(Fact::Clusters(self.saved_clusters()));
                return;
            }
        };
        let (clusters, nodes) = tokio::join!(engine.clusters(), engine.nodes(None));
        let (clusters, nodes) = match (clusters, nodes) {
            (Ok(clusters), Ok(nodes)) => (clusters, nodes),
            (Err(error), _) | (_, Err(error)) => {
                let stopped = error.code == ErrorCode::RuntimeStopped;
                self.store.tell(Fact::Runtime(down(Some(&engine), error)));
                if stopped || self.snapshot().clusters.is_empty() {
                    self.store.tell(Fact::Clusters(self.saved_clusters()));
                }
                return;
            }
        };
        // One of another home is none to work with; its name is taken all the same.
        let (foreign, own): (Vec<_>, Vec<_>) = clusters
            .iter()
            .partition(|summary| summary.state == engine::ClusterState::Foreign);
        *locked(&self.foreign) = foreign.iter().map(|one| one.name.clone()).collect();
        let found: Vec<Found> = own
            .into_iter()
            .map(|summary| found(summary, &nodes))
            .collect();
        self.views
            .keep_only(|name| found.iter().any(|one| one.name == name));
        let running: Vec<String> = found
            .iter()
            .filter(|one| matches!(one.state, ClusterState::Running | ClusterState::Partial))
            .map(|one| one.name.clone())
            .collect();
        // First the clusters: who waits for a runtime that is ready, reads them.
        let ready = ready(&engine).await;
        self.store.tell(Fact::Clusters(found));
        self.store.tell(Fact::Runtime(ready));
        self.views.sizes(&nodes);
        self.views.look();
        if ask {
            for cluster in running {
                self.ask_kubernetes(&engine, cluster);
            }
        }
    }

    /// Asks a cluster that no window follows how it does, and what it uses; beside everything else,
    /// as one that does not answer takes its time.
    fn ask_kubernetes(self: &Arc<Self>, engine: &Engine, cluster: String) {
        if self.views.follows(&cluster) || !locked(&self.asking).insert(cluster.clone()) {
            return;
        }
        self.measure_once(engine, &cluster);
        let (desk, engine) = (Arc::downgrade(self), engine.clone());
        tokio::spawn(async move {
            let status = engine.status(&cluster).await;
            let Some(desk) = desk.upgrade() else { return };
            locked(&desk.asking).remove(&cluster);
            if let Ok(status) = status {
                desk.store.tell(Fact::Wellness(cluster, wellness(&status)));
            }
        });
    }

    /// Clusters by what the engine saved of them, when the runtime can't be asked.
    fn saved_clusters(&self) -> Vec<Found> {
        let names = self.home.cluster_names().unwrap_or_default();
        names
            .into_iter()
            .filter_map(|name| {
                let text = std::fs::read(self.home.cluster_file(&name)).ok()?;
                let parsed = spec::Cluster::parse(text, &name, self.home.root()).ok()?;
                Some(Found {
                    context: Engine::context_name(&name),
                    state: ClusterState::Stopped,
                    nodes: u32::try_from(parsed.cluster.machines().len()).unwrap_or_default(),
                    server: None,
                    started: None,
                    name,
                })
            })
            .collect()
    }
}

fn found(summary: &ClusterSummary, nodes: &[NodeStatus]) -> Found {
    let started = nodes
        .iter()
        .filter(|node| node.cluster == summary.name && node.running)
        .filter_map(|node| node.started.as_ref()?.parse::<jiff::Timestamp>().ok())
        .min();
    Found {
        name: summary.name.clone(),
        state: summary.state.into(),
        nodes: u32::try_from(summary.nodes).unwrap_or(u32::MAX),
        context: summary.context.clone(),
        server: summary.server.clone(),
        started: started.map(jiff::Timestamp::as_millisecond),
    }
}

fn wellness(status: &engine::ClusterStatus) -> Wellness {
    let unready = status
        .members
        .iter()
        .find(|member| member.ready == Some(false));
    let why = unready.map(|member| {
        let reason = member.reason.as_deref().unwrap_or("no reason is known");
        format!("{} not ready: {reason}", member.name)
    });
    let ready = status
        .members
        .iter()
        .filter(|member| member.ready == Some(true))
        .count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Wellness {
        answers: status.api_problem.is_none(),
        ready_nodes: status.api_problem.is_none().then(|| count(ready)),
        version: status
            .members
            .iter()
            .find_map(|member| member.version.clone()),
        problems: u32::from(why.is_some()),
        why,
    }
}

async fn ready(engine: &Engine) -> Runtime {
    let container = engine.container();
    let version = container.capabilities().await.ok();
    Runtime {
        state: RuntimeState::Ready,
        program: Some(container.program().display().to_string()),
        version: version.map(|capabilities| capabilities.version.to_string()),
        problem: None,
    }
}

/// The runtime that can't be used, and why.
fn down(engine: Option<&Engine>, error: Error) -> Runtime {
    let state = match error.code {
        ErrorCode::RuntimeMissing => RuntimeState::Missing,
        ErrorCode::RuntimeStopped => RuntimeState::Stopped,
        _ => RuntimeState::Unusable,
    };
    Runtime {
        state,
        program: engine.map(|engine| engine.container().program().display().to_string()),
        version: None,
        problem: Some(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(runtime: RuntimeState, clusters: &[(ClusterState, Health)]) -> Snapshot {
        let mut snapshot = crate::world::World::new(crate::memory::Memory::default())
            .snapshot()
            .clone();
        snapshot.runtime.state = runtime;
        snapshot.clusters = clusters
            .iter()
            .map(|&(state, health)| Cluster {
                name: "dev".into(),
                health,
                state,
                why: None,
                problems: 0,
                nodes: 1,
                ready_nodes: None,
                version: None,
                context: "apple-k8s-dev".into(),
                server: None,
                started: None,
                last_run: None,
                usage: None,
            })
            .collect();
        snapshot
    }

    #[test]
    fn without_a_window_only_what_may_change_by_itself_is_looked_at() {
        let pace = |runtime, clusters: &[_]| {
            let pace = pace_of(&snapshot(runtime, clusters), false);
            pace.map(|pace| (pace.look, pace.ask))
        };
        let runs = (ClusterState::Running, Health::Healthy);
        let silent = (ClusterState::Running, Health::Unknown);
        let stopped = (ClusterState::Stopped, Health::Stopped);
        assert_eq!(pace(RuntimeState::Ready, &[]), None);
        assert_eq!(pace(RuntimeState::Ready, &[stopped]), None);
        let minute = Some((UNSEEN, UNSEEN));
        assert_eq!(pace(RuntimeState::Ready, &[stopped, runs]), minute);
        let listed = Some((LISTED, LISTED));
        assert_eq!(pace(RuntimeState::Ready, &[runs, silent]), listed);
        // It may be started, or installed, in a terminal.
        assert_eq!(pace(RuntimeState::Stopped, &[stopped]), minute);
        assert_eq!(pace(RuntimeState::Missing, &[]), minute);
    }
}
