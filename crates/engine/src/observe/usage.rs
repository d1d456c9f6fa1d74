//! What a cluster uses, measured at its nodes themselves.
//!
//! Processor time comes from the runtime, whose counters are of the moment. The rest comes from
//! the kubelets, which know what memory can't be given back, but measure every 10 to 20 s only.

use std::collections::HashMap;
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use kube::Client;
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use super::rows::{NodeUsage, PodUsage, UsageSample};
use crate::error::Result;
use crate::home::ClusterDir;
use crate::inventory::Inventory;
use crate::{Engine, api};

/// What kubelets told is not asked again before this time.
const FRESH: Duration = Duration::from_secs(5);

/// What kubelets told is not shown any more after this time.
const OLD: Duration = Duration::from_secs(30);

/// A kubelet that does not answer in this time is left out.
const KUBELET: Duration = Duration::from_secs(4);

/// The runtime itself takes two seconds for a sample.
const RUNTIME: Duration = Duration::from_secs(10);

/// A longer time between two samples says nothing about now.
const SPAN: Duration = Duration::from_mins(1);

/// Measures one cluster again and again. It remembers the counters of the last time, which a rate
/// needs, and keeps its connection.
#[derive(Debug)]
pub struct Meter {
    engine: Engine,
    cluster: String,
    access: Option<Access>,
    /// Processor time that each node's container had used, in microseconds.
    counters: HashMap<String, (Instant, u64)>,
    kubelets: HashMap<String, (Instant, Summary)>,
}

struct Access {
    kubeconfig: String,
    client: Client,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It holds a key.
        f.write_str("Access")
    }
}

impl Engine {
    /// What a cluster uses now. To measure again and again a [`Engine::meter`] is cheaper and
    /// tells better.
    pub async fn usage(&self, cluster: &str) -> Result<UsageSample> {
        self.meter(cluster).sample().await
    }

    /// Something to measure a cluster with again and again.
    pub fn meter(&self, cluster: &str) -> Meter {
        Meter {
            engine: self.clone(),
            cluster: cluster.to_owned(),
            access: None,
            counters: HashMap::new(),
            kubelets: HashMap::new(),
        }
    }
}

impl Meter {
    /// Measures. Takes two seconds, of which the runtime is asleep. The first sample has the
    /// kubelets' word on processor time, which is a mean of the last 10 to 20 s; where they do not
    /// answer it takes four seconds.
    ///
    /// # Errors
    /// [`crate::ErrorCode::ClusterNotFound`], and whatever listing containers can fail with.
    /// What can't be measured otherwise is left out.
    pub async fn sample(&mut self) -> Result<UsageSample> {
        let inventory = Inventory::read(&self.engine.container).await?;
        let running = inventory.existing(&self.cluster)?.iter();
        let running = running.filter(|node| node.info.is_running());
        let names: Vec<String> = running.map(|node| node.name().to_owned()).collect();
        let mut cores = HashMap::new();
        let mut memory = HashMap::new();
        if !names.is_empty() {
            self.connect().await;
            let client = self.access.as_ref().map(|access| access.client.clone());
            let due: Vec<&String> = names.iter().filter(|name| self.is_due(name)).collect();
            let asked = ask_all(client, &due);
            let counted = count(&self.engine, &names);
            let (asked, counted) = futures::join!(asked, counted);
            self.kubelets.extend(asked);
            self.kubelets
                .retain(|name, (at, _)| at.elapsed() < OLD && names.contains(name));
            let known = |name: &String| {
                self.counters.contains_key(name) || self.kubelets.contains_key(name)
            };
            let enough = names.iter().all(known);
            self.take(&counted, &mut cores, &mut memory);
            if !enough {
                let again = count(&self.engine, &names).await;
                self.take(&again, &mut cores, &mut memory);
            }
            self.counters.retain(|name, _| names.contains(name));
        }
        Ok(self.result(&names, &cores, &memory))
    }

    async fn connect(&mut self) {
        let file = self.engine.home.cluster(&self.cluster).kubeconfig_file();
        let Ok(Some(kubeconfig)) = ClusterDir::read(&file) else {
            self.access = None;
            return;
        };
        let known = self.access.as_ref();
        if known.is_none_or(|access| access.kubeconfig != kubeconfig) {
            let client = api::client(&kubeconfig).await.ok();
            self.access = client.map(|client| Access { kubeconfig, client });
        }
    }

    fn is_due(&self, node: &str) -> bool {
        let known = self.kubelets.get(node);
        known.is_none_or(|(at, _)| at.elapsed() >= FRESH)
    }

    /// Takes what the runtime counted: rates since the last time, and memory.
    fn take(
        &mut self,
        counted: &[Counted],
        cores: &mut HashMap<String, f64>,
        memory: &mut HashMap<String, u64>,
    ) {
        for now in counted {
            if let Some(bytes) = now.memory {
                memory.insert(now.node.clone(), bytes);
            }
            let Some(used) = now.used else { continue };
            let before = self.counters.insert(now.node.clone(), (now.at, used));
            if let Some(rate) = before.and_then(|before| rate(before, (now.at, used))) {
                cores.insert(now.node.clone(), rate);
            }
        }
    }

    fn result(
        &self,
        names: &[String],
        cores: &HashMap<String, f64>,
        memory: &HashMap<String, u64>,
    ) -> UsageSample {
        let own_disk = host_disk(self.engine.home.root());
        let nodes = names.iter().map(|name| {
            let kubelet = self.kubelets.get(name).map(|(_, summary)| &summary.node);
            let disk = kubelet.and_then(|node| node.disk(own_disk));
            NodeUsage {
                node: name.clone(),
                cpu_cores: cores
                    .get(name)
                    .copied()
                    .or(kubelet.and_then(|it| it.cpu.cores())),
                memory_bytes: self
                    .kubelets
                    .get(name)
                    .and_then(|(_, summary)| summary.memory())
                    .or_else(|| memory.get(name).copied()),
                disk_bytes: disk.map(|disk| disk.0),
                disk_capacity_bytes: disk.map(|disk| disk.1),
            }
        });
        let told = names.iter().filter_map(|name| self.kubelets.get(name));
        let mut pods: Vec<PodUsage> = told
            .flat_map(|(_, summary)| summary.pods.iter().map(PodStats::usage))
            .collect();
        pods.sort_unstable_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        UsageSample {
            at: Timestamp::now().as_millisecond(),
            nodes: nodes.collect(),
            pods,
        }
    }
}

/// What the runtime counted of one node.
struct Counted {
    node: String,
    at: Instant,
    /// Processor time since its start, in microseconds.
    used: Option<u64>,
    memory: Option<u64>,
}

async fn count(engine: &Engine, names: &[String]) -> Vec<Counted> {
    let container = engine.container.with_limit(RUNTIME);
    match container.stats(names).await {
        Ok(stats) => {
            let at = Instant::now();
            let stats = stats.into_iter().map(|stats| Counted {
                node: stats.id,
                at,
                used: stats.cpu_usage_usec,
                memory: stats.memory_usage_bytes,
            });
            stats.collect()
        }
        Err(error) => {
            tracing::debug!(%error, "the runtime does not tell what nodes use");
            Vec::new()
        }
    }
}

/// Cores in use between two readings of a counter; none when it began anew.
#[allow(clippy::cast_precision_loss)] // microseconds of a minute are far below 2^53
fn rate(before: (Instant, u64), now: (Instant, u64)) -> Option<f64> {
    let span = now.0.checked_duration_since(before.0)?;
    if span.is_zero() || span > SPAN {
        return None;
    }
    let used = now.1.checked_sub(before.1)?;
    Some(used as f64 / span.as_micros() as f64)
}

async fn ask_all(client: Option<Client>, names: &[&String]) -> Vec<(String, (Instant, Summary))> {
    let Some(client) = client else {
        return Vec::new();
    };
    let answers = join_all(names.iter().map(|name| ask(client.clone(), name))).await;
    let told = names.iter().zip(answers);
    told.filter_map(|(name, answer)| Some(((*name).clone(), (Instant::now(), answer?))))
        .collect()
}

/// Asks a node's kubelet, through the API server.
async fn ask(client: Client, node: &str) -> Option<Summary> {
    let path = format!("/api/v1/nodes/{node}/proxy/stats/summary");
    let request = http::Request::get(path).body(Vec::new()).ok()?;
    match timeout(KUBELET, client.request::<Summary>(request)).await {
        Ok(Ok(summary)) => Some(summary),
        Ok(Err(error)) => {
            tracing::debug!(node, %error, "its kubelet does not tell what it uses");
            None
        }
        Err(_) => {
            tracing::debug!(node, "its kubelet does not tell what it uses in time");
            None
        }
    }
}

/// Size of the disk that this machine's own files are on. On Linux nodes have no disk of their
/// own but share this one.
fn host_disk(home: &std::path::Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(home).ok()?;
    stat.f_blocks.checked_mul(stat.f_frsize)
}

/// A kubelet's answer, `Summary` of `k8s.io/kubelet/pkg/apis/stats/v1alpha1`.
#[derive(Debug, Deserialize)]
struct Summary {
    node: NodeStats,
    #[serde(default)]
    pods: Vec<PodStats>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeStats {
    #[serde(default)]
    cpu: CpuStats,
    #[serde(default)]
    memory: MemoryStats,
    /// The kubelet, the container runtime, and all pods together.
    #[serde(default)]
    system_containers: Vec<ContainerStats>,
    fs: Option<FsStats>,
    runtime: Option<RuntimeStats>,
}

#[derive(Debug, Deserialize)]
struct ContainerStats {
    #[serde(default)]
    memory: MemoryStats,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodStats {
    pod_ref: PodReference,
    #[serde(default)]
    cpu: CpuStats,
    #[serde(default)]
    memory: MemoryStats,
}

#[derive(Debug, Deserialize)]
struct PodReference {
    name: String,
    namespace: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CpuStats {
    usage_nano_cores: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MemoryStats {
    working_set_bytes: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeStats {
    image_fs: Option<FsStats>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FsStats {
    used_bytes: Option<u64>,
    capacity_bytes: Option<u64>,
}

impl CpuStats {
    #[allow(clippy::cast_precision_loss)] // billions of cores are far away
    fn cores(&self) -> Option<f64> {
        self.usage_nano_cores.map(|nano| nano as f64 / 1e9)
    }
}

impl Summary {
    /// Memory of the node that can't be given back; none where the kubelet's figure is less than
    /// that of the node's parts. With the first version of control groups it can't see all of a
    /// node that is itself a container. Nor from a kubelet that has looked once only, and so has no
    /// rate yet: that was while the node booted, and next to nothing ran.
    fn memory(&self) -> Option<u64> {
        self.node.cpu.usage_nano_cores?;
        let whole = self.node.memory.working_set_bytes?;
        let known = |memory: &MemoryStats| memory.working_set_bytes.unwrap_or_default();
        let system = self.node.system_containers.iter();
        let pods = self.pods.iter();
        let largest = system.map(|one| known(&one.memory)).max();
        let pods: u64 = pods.map(|pod| known(&pod.memory)).sum();
        (whole >= pods.max(largest.unwrap_or_default())).then_some(whole)
    }
}

impl NodeStats {
    /// Bytes used on the node's disk, and its size. On a disk that is this machine's own, what the
    /// node's images and containers take of it.
    fn disk(&self, own: Option<u64>) -> Option<(u64, u64)> {
        let fs = self.fs.as_ref()?;
        let size = fs.capacity_bytes?;
        let used = if own == Some(size) {
            self.runtime.as_ref()?.image_fs.as_ref()?.used_bytes?
        } else {
            fs.used_bytes?
        };
        Some((used, size))
    }
}

impl PodStats {
    fn usage(&self) -> PodUsage {
        PodUsage {
            namespace: self.pod_ref.namespace.clone(),
            name: self.pod_ref.name.clone(),
            cpu_cores: self.cpu.cores(),
            memory_bytes: self.memory.working_set_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn summary(value: serde_json::Value) -> Summary {
        serde_json::from_value(value).expect("a summary")
    }

    #[test]
    fn what_a_kubelet_does_not_tell_is_unknown_and_not_zero() {
        let empty = summary(json!({"node": {"nodeName": "a"}}));
        assert_eq!(empty.node.cpu.cores(), None);
        assert_eq!(empty.node.memory.working_set_bytes, None);
        assert_eq!(empty.node.disk(None), None);
    }

    #[test]
    fn a_node_that_takes_less_than_its_parts_is_not_believed() {
        let node = |whole: u64, pods: [u64; 2], kubelet: u64| {
            let memory = |bytes: u64| json!({"workingSetBytes": bytes});
            let pod = |bytes: u64| json!({"podRef": {"name": "p", "namespace": "n"}, "memory": memory(bytes)});
            summary(json!({
                "node": {"cpu": {"usageNanoCores": 1}, "memory": memory(whole), "systemContainers":
                    [{"name": "kubelet", "memory": memory(kubelet)}]},
                "pods": pods.map(pod)
            }))
        };
        assert_eq!(node(900, [300, 200], 90).memory(), Some(900));
        assert_eq!(node(57, [300, 200], 90).memory(), None);
        assert_eq!(
            node(57, [20, 20], 90).memory(),
            None,
            "less than its kubelet"
        );
    }

    #[test]
    fn a_kubelet_that_has_looked_once_is_not_believed() {
        let mut node = json!({"node": {"memory": {"workingSetBytes": 43_000_000}}});
        assert_eq!(summary(node.clone()).memory(), None);
        node["node"]["cpu"] = json!({"usageNanoCores": 5_000_000});
        assert_eq!(summary(node).memory(), Some(43_000_000));
    }

    #[test]
    fn a_shared_disk_counts_with_what_the_node_keeps_on_it() {
        let told = summary(json!({"node": {
            "cpu": {"usageNanoCores": 250_000_000_u64},
            "fs": {"capacityBytes": 1000, "usedBytes": 900},
            "runtime": {"imageFs": {"usedBytes": 70}}
        }}));
        assert_eq!(told.node.cpu.cores(), Some(0.25));
        assert_eq!(told.node.disk(Some(5000)), Some((900, 1000)));
        assert_eq!(told.node.disk(Some(1000)), Some((70, 1000)));
    }

    #[test]
    fn rates_come_from_two_readings_of_the_same_life() {
        let began = Instant::now();
        let at = |seconds, used| (began + Duration::from_secs(seconds), used);
        assert_eq!(rate(at(0, 1_000_000), at(2, 4_000_000)), Some(1.5));
        assert_eq!(
            rate(at(0, 4_000_000), at(2, 1_000_000)),
            None,
            "it was started anew"
        );
        assert_eq!(rate(at(0, 0), at(120, 1)), None, "too long ago");
        assert_eq!(rate(at(1, 0), at(1, 1)), None, "no time between");
    }
}
