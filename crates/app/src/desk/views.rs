//! Clusters that a window shows: followed by watches, measured every two seconds. What no window
//! shows is not followed for long.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use engine::{ClusterView, Engine, Health, Meter, NodeStatus, Observation, UsageSample};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{Desk, Event, Map, locked};
use crate::clock;
use crate::snapshot::Usage;
use crate::wire::{UsageUpdate, ViewUpdate};
use crate::world::{Fact, Wellness};

/// Time between the beginnings of two measurements.
const PACE: Duration = Duration::from_secs(2);
/// How long samples are kept, in milliseconds.
const HISTORY: i64 = 3_600_000;
/// How long a look at a cluster that no window shows may take.
const GLANCE: Duration = Duration::from_secs(3);
/// How long a cluster that no window shows any more is still followed.
const LINGER: Duration = Duration::from_secs(30);
/// Time before a cluster that could not be followed is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// Clusters that are followed.
#[derive(Debug, Default)]
pub(super) struct Views {
    followed: Map<String, Followed>,
    /// What was measured in the last hour.
    history: Map<String, VecDeque<UsageSample>>,
    /// What may be used, by cluster.
    sizes: Map<String, Size>,
    /// Meters of clusters that no window shows.
    meters: Map<String, Arc<tokio::sync::Mutex<Meter>>>,
    revision: AtomicU64,
}

/// Cores and bytes of a cluster's running nodes.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    cpus: u32,
    memory: u64,
}

/// A cluster that is followed; dropping it ends that.
#[derive(Debug)]
struct Followed {
    views: JoinHandle<()>,
    meter: JoinHandle<()>,
    /// The last view, for a window that comes later.
    last: Option<Arc<ViewUpdate>>,
    observation: Option<Arc<Observation>>,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.views.abort();
        self.meter.abort();
    }
}

impl Views {
    /// Whether a cluster is followed.
    pub(super) fn follows(&self, cluster: &str) -> bool {
        locked(&self.followed)
            .get(cluster)
            .is_some_and(|followed| followed.observation.is_some())
    }

    fn follows_more_than(&self, wanted: &BTreeSet<String>) -> bool {
        let followed = locked(&self.followed);
        followed.keys().any(|cluster| !wanted.contains(cluster))
    }

    fn follow_only(&self, wanted: &BTreeSet<String>) {
        locked(&self.followed).retain(|cluster, _| wanted.contains(cluster));
    }

    /// Asks all observations to look at the runtime.
    pub(super) fn look(&self) {
        for followed in locked(&self.followed).values() {
            if let Some(observation) = &followed.observation {
                observation.look();
            }
        }
    }

    /// Forgets what was measured of clusters that are gone.
    pub(super) fn keep_only(&self, exists: impl Fn(&str) -> bool) {
        locked(&self.history).retain(|cluster, _| exists(cluster));
        locked(&self.meters).retain(|cluster, _| exists(cluster));
    }

    /// Learns what clusters may use.
    pub(super) fn sizes(&self, nodes: &[NodeStatus]) {
        let mut sizes: HashMap<String, Size> = HashMap::new();
        for node in nodes.iter().filter(|node| node.running) {
            let size = sizes.entry(node.cluster.clone()).or_default();
            size.cpus += node.cpus;
            size.memory += node.memory_bytes;
        }
        *locked(&self.sizes) = sizes;
    }

    /// What a cluster uses of what it may; none when a part is not known.
    fn usage(&self, cluster: &str, sample: &UsageSample) -> Option<Usage> {
        let size = locked(&self.sizes).get(cluster).copied()?;
        let cores: Option<Vec<f64>> = sample.nodes.iter().map(|node| node.cpu_cores).collect();
        let memory: Option<Vec<u64>> = sample.nodes.iter().map(|node| node.memory_bytes).collect();
        (!sample.nodes.is_empty()).then_some(())?;
        Some(Usage {
            cpu_cores: cores?.iter().sum(),
            cpus: size.cpus,
            memory_bytes: memory?.iter().sum(),
            memory_limit_bytes: size.memory,
        })
    }

    fn remember(&self, cluster: &str, sample: &UsageSample) {
        let mut history = locked(&self.history);
        let samples = history.entry(cluster.to_owned()).or_default();
        samples.push_back(sample.clone());
        while samples
            .front()
            .is_some_and(|first| sample.at - first.at > HISTORY)
        {
            samples.pop_front();
        }
    }
}

/// Follows what windows show, until the desk is gone. A window that is covered for a moment finds
/// its cluster as it was: watches cost nothing while nothing happens.
pub(super) async fn keep(desk: Weak<Desk>) {
    let Some(here) = desk.upgrade() else { return };
    let mut windows = here.windows.subscribe();
    drop(here);
    loop {
        let wanted = windows.borrow_and_update().clusters();
        let Some(here) = desk.upgrade() else { return };
        here.follow(&wanted);
        let more = here.views.follows_more_than(&wanted);
        drop(here);
        let changed = if more {
            tokio::select! {
                changed = windows.changed() => changed,
                () = sleep(LINGER) => {
                    let Some(here) = desk.upgrade() else { return };
                    here.views.follow_only(&wanted);
                    drop(here);
                    windows.changed().await
                }
            }
        } else {
            windows.changed().await
        };
        if changed.is_err() {
            return;
        }
    }
}

impl Desk {
    /// Follows these clusters, and others as long as they are not let go.
    fn follow(self: &Arc<Self>, wanted: &BTreeSet<String>) {
        let mut followed = locked(&self.views.followed);
        for cluster in wanted {
            if !followed.contains_key(cluster) {
                let views = tokio::spawn(observe(Arc::downgrade(self), cluster.clone()));
                let meter = tokio::spawn(measure(Arc::downgrade(self), cluster.clone()));
                let new = Followed {
                    views,
                    meter,
                    last: None,
                    observation: None,
                };
                followed.insert(cluster.clone(), new);
            }
        }
    }

    /// Sends the last view of a cluster again, for a window that did not see it.
    pub(super) fn resend(&self, cluster: &str) {
        let last = locked(&self.views.followed)
            .get(cluster)
            .and_then(|followed| followed.last.clone());
        if let Some(last) = last {
            self.send(Event::View(last));
        }
    }

    fn seen(&self, cluster: &str, view: &ClusterView) {
        let update = Arc::new(ViewUpdate {
            cluster: cluster.to_owned(),
            revision: self.views.revision.fetch_add(1, Ordering::Relaxed) + 1,
            view: view.clone(),
        });
        if let Some(followed) = locked(&self.views.followed).get_mut(cluster) {
            followed.last = Some(Arc::clone(&update));
        }
        if view.as_of.is_some() || view.stale.is_some() {
            self.store
                .tell(Fact::Wellness(cluster.to_owned(), wellness(view)));
        }
        self.send(Event::View(update));
    }

    fn measured(&self, cluster: &str, sample: UsageSample) {
        let usage = self.views.usage(cluster, &sample);
        self.store.tell(Fact::Usage(cluster.to_owned(), usage));
        self.views.remember(cluster, &sample);
        self.send(Event::Usage(Arc::new(UsageUpdate {
            cluster: cluster.to_owned(),
            sample,
        })));
    }

    /// Measures a cluster that no window shows, beside everything else.
    pub(super) fn measure_once(self: &Arc<Self>, engine: &Engine, cluster: &str) {
        let meter = Arc::clone(
            locked(&self.views.meters)
                .entry(cluster.to_owned())
                .or_insert_with(|| Arc::new(tokio::sync::Mutex::new(engine.meter(cluster)))),
        );
        let (desk, cluster) = (Arc::downgrade(self), cluster.to_owned());
        tokio::spawn(async move {
            // One at a time: a meter that still measures will tell.
            let Ok(mut meter) = meter.try_lock() else {
                return;
            };
            if let (Ok(sample), Some(desk)) = (meter.sample().await, desk.upgrade()) {
                desk.measured(&cluster, sample);
            }
        });
    }

    /// Addresses of this machine behind which a followed cluster's services answer.
    pub(super) fn reachable(&self) -> Vec<String> {
        locked(&self.views.followed)
            .values()
            .filter_map(|followed| followed.last.as_ref())
            .flat_map(|last| &last.view.services)
            .flat_map(|service| &service.ports)
            .filter_map(|port| port.reachable.clone())
            .collect()
    }

    /// What is seen of a cluster now: by the window that follows it, or by a short look.
    pub(super) async fn glance(&self, engine: &Engine, cluster: &str) -> Option<ClusterView> {
        let known = locked(&self.views.followed)
            .get(cluster)
            .and_then(|followed| followed.last.clone());
        if let Some(known) = known
            && known.view.as_of.is_some()
            && known.view.stale.is_none()
        {
            return Some(known.view.clone());
        }
        let observation = engine.observe(cluster).await.ok()?;
        let mut views = observation.views();
        let answered = views.wait_for(|view| view.as_of.is_some());
        let view = tokio::time::timeout(GLANCE, answered).await.ok()?.ok()?;
        Some(ClusterView::clone(&view))
    }

    /// What was measured of a cluster in the last seconds, at most an hour.
    pub fn usage_history(&self, cluster: &str, seconds: u32) -> Vec<UsageSample> {
        let since = clock::now() - i64::from(seconds) * 1000;
        locked(&self.views.history)
            .get(cluster)
            .map(|samples| {
                let recent = samples.iter().filter(|sample| sample.at >= since);
                recent.cloned().collect()
            })
            .unwrap_or_default()
    }
}

/// Passes the views of a cluster on. One that does not exist yet, or a runtime that does not
/// answer, is tried again.
async fn observe(desk: Weak<Desk>, cluster: String) {
    loop {
        let engine = desk.upgrade().map(|desk| desk.engine());
        let observation = match engine {
            Some(Ok(engine)) => engine.observe(&cluster).await,
            Some(Err(error)) => Err(error),
            None => return,
        };
        match observation {
            Ok(observation) => {
                pass_on(&desk, &cluster, Arc::new(observation)).await;
            }
            Err(error) => tracing::debug!(cluster, %error, "not followed"),
        }
        if desk.strong_count() == 0 {
            return;
        }
        sleep(AGAIN).await;
    }
}

async fn pass_on(desk: &Weak<Desk>, cluster: &str, observation: Arc<Observation>) {
    let mut views = observation.views();
    if let Some(desk) = desk.upgrade()
        && let Some(followed) = locked(&desk.views.followed).get_mut(cluster)
    {
        followed.observation = Some(observation);
    }
    loop {
        let view = Arc::clone(&views.borrow_and_update());
        match desk.upgrade() {
            Some(desk) => desk.seen(cluster, &view),
            None => return,
        }
        if views.changed().await.is_err() {
            return;
        }
    }
}

/// Measures a cluster again and again while it can be seen.
async fn measure(desk: Weak<Desk>, cluster: String) {
    let Some(here) = desk.upgrade() else { return };
    let mut windows = here.windows.subscribe();
    drop(here);
    let mut meter: Option<Meter> = None;
    loop {
        let seen = windows.wait_for(|windows| windows.clusters().contains(&cluster));
        if seen.await.is_err() {
            return;
        }
        let next = tokio::time::Instant::now() + PACE;
        let Some(here) = desk.upgrade() else { return };
        if meter.is_none() {
            meter = here.engine().ok().map(|engine| engine.meter(&cluster));
        }
        drop(here);
        let sample = match &mut meter {
            Some(meter) => meter.sample().await.ok(),
            None => None,
        };
        let Some(here) = desk.upgrade() else { return };
        match sample {
            Some(sample) => here.measured(&cluster, sample),
            None => here.store.tell(Fact::Usage(cluster.clone(), None)),
        }
        drop(here);
        tokio::time::sleep_until(next).await;
    }
}

/// How the cluster's own parts do. Pods of a user that crash are shown in windows alone.
fn wellness(view: &ClusterView) -> Wellness {
    let is_own = |problem: &engine::Problem| {
        problem.kind == "Node"
            || view
                .workloads
                .iter()
                .any(|row| row.uid == problem.uid && row.system)
    };
    let own = view.problems.iter().find(|problem| {
        matches!(problem.health, Health::Failed | Health::Degraded) && is_own(problem)
    });
    let ready = view
        .nodes
        .iter()
        .filter(|node| node.health == Health::Healthy)
        .count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Wellness {
        answers: view.stale.is_none(),
        ready_nodes: view.stale.is_none().then(|| count(ready)),
        version: view.version.clone(),
        why: own.map(|problem| format!("{}: {}", problem.name, problem.what)),
        problems: count(view.problems.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_goes_with_its_cluster() {
        let views = Views::default();
        let sample = UsageSample {
            at: 1,
            nodes: Vec::new(),
            pods: Vec::new(),
        };
        views.remember("dev", &sample);
        views.remember("gone", &sample);
        views.keep_only(|cluster| cluster == "dev");
        let history = locked(&views.history);
        assert_eq!(history.keys().collect::<Vec<_>>(), ["dev"]);
    }
}
