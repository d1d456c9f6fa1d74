//! What a person sees of a cluster: plain rows, made from the objects of the Kubernetes API.
//!
//! Times are milliseconds since 1970, sizes bytes, processor time cores.

use std::collections::BTreeMap;

use serde::Serialize;
use ts_rs::TS;

/// How something does. Told by shape and word before colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// It should work and does not.
    Failed,
    /// It works in part.
    Degraded,
    /// It is on its way.
    Busy,
    /// It could not be asked.
    Unknown,
    /// All is well.
    Healthy,
    /// It is not meant to run now: stopped, or finished.
    Stopped,
}

/// One condition that Kubernetes reports of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Its type, such as `Ready` or `DiskPressure`.
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Whether this status is the good one for this type.
    pub good: bool,
    /// Kubernetes' short reason.
    pub reason: String,
    /// Kubernetes' sentence.
    pub message: String,
}

/// A node, its container and what Kubernetes says of it in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeRow {
    /// Its name.
    pub name: String,
    /// `control-plane` or `worker`.
    pub role: String,
    /// How it does.
    pub health: Health,
    /// The same in a word: `Ready`, `Not ready`, `Stopped`, `Joining`, `Unknown`.
    pub state: String,
    /// Why it is not well.
    pub why: Option<String>,
    /// Version of its kubelet.
    pub version: Option<String>,
    /// Its stable address.
    pub address: String,
    /// The address of its container; new at every start.
    pub container_address: Option<String>,
    /// Its image.
    pub image: String,
    /// Cores it may use.
    pub cpus: u32,
    /// Memory it may use.
    pub memory_bytes: u64,
    /// When its container was started.
    pub started: Option<i64>,
    /// Pods on it that have not ended.
    pub pods: u32,
    /// Kubernetes' conditions.
    pub conditions: Vec<Condition>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Taints as `key=value:Effect`.
    pub taints: Vec<String>,
    /// Host folders in it, as `host → container`.
    pub mounts: Vec<String>,
    /// Ports of this machine that lead to it, as `127.0.0.1:8080 → 80/tcp`.
    pub ports: Vec<String>,
}

/// A workload: `Deployment`, `StatefulSet`, `DaemonSet`, `Job`, `CronJob`, a `ReplicaSet` or `Pod`
/// on its own, or what else makes pods. The jobs of a `CronJob` are part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadRow {
    /// Unique for the life of the object.
    pub uid: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// How it does.
    pub health: Health,
    /// Pods of it that are ready; completions of a job.
    pub ready: u32,
    /// Pods of it that should be; completions that a job wants.
    pub desired: u32,
    /// Restarts of its containers, all pods together.
    pub restarts: u32,
    /// When it was made.
    pub created: i64,
    /// What is wrong, such as `CrashLoopBackOff: out of memory (137)`.
    pub why: Option<String>,
    /// Images it runs.
    pub images: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it belongs to Kubernetes itself.
    pub system: bool,
}

/// A container of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PodContainer {
    /// Its name.
    pub name: String,
    /// Its image as written.
    pub image: String,
    /// Whether it runs before the others and ends.
    pub init: bool,
    /// Whether it is ready.
    pub ready: bool,
    /// How often it was restarted.
    pub restarts: u32,
    /// Its state in words: `Running`, `Waiting: ImagePullBackOff`, `Ended with 137`.
    pub state: String,
    /// How it ended last time, such as `Out of memory (137), 2 min ago` without the age.
    pub last: Option<String>,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PodRow {
    /// Unique for the life of the object.
    pub uid: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// [`WorkloadRow::uid`] of the workload it belongs to, its own when it stands alone.
    pub workload: String,
    /// The node it is on.
    pub node: Option<String>,
    /// How it does.
    pub health: Health,
    /// Its state in a word or two, as `kubectl get pods` shows it.
    pub state: String,
    /// Containers that are ready.
    pub ready: u32,
    /// Its containers.
    pub containers: Vec<PodContainer>,
    /// Restarts of its containers.
    pub restarts: u32,
    /// When it was made.
    pub created: i64,
    /// What is wrong.
    pub why: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// Whether it belongs to Kubernetes itself.
    pub system: bool,
}

/// A port of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    /// Its name.
    pub name: Option<String>,
    /// The port of the service.
    pub port: u16,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    /// The port on each node.
    pub node_port: Option<u16>,
    /// Where this machine reaches it, as `127.0.0.1:8080`; none when only the cluster does.
    pub reachable: Option<String>,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ServiceRow {
    /// Unique for the life of the object.
    pub uid: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName` or `Headless`.
    pub kind: String,
    /// How it does: degraded when it should have backends and none is ready.
    pub health: Health,
    /// Its address inside the cluster.
    pub cluster_address: Option<String>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Endpoints that are ready; none when it is not meant to have any.
    pub backends: Option<u32>,
    /// When it was made.
    pub created: i64,
    /// Whether it belongs to Kubernetes itself.
    pub system: bool,
}

/// An event, repeats folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EventRow {
    /// Unique for the life of the object.
    pub uid: String,
    /// Whether it is a warning.
    pub warning: bool,
    /// Namespace of what it is about.
    pub namespace: Option<String>,
    /// What it is about, as `Pod/cart-0`.
    pub object: String,
    /// Its short reason.
    pub reason: String,
    /// Its sentence.
    pub message: String,
    /// How often it happened.
    pub count: u32,
    /// When it happened last.
    pub last: i64,
}

/// A claim of storage and the volume behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct VolumeRow {
    /// Unique for the life of the object.
    pub uid: String,
    /// Namespace of the claim.
    pub namespace: String,
    /// Name of the claim.
    pub name: String,
    /// The volume bound to it.
    pub volume: Option<String>,
    /// Its storage class.
    pub class: Option<String>,
    /// Its size as asked for.
    pub bytes: Option<u64>,
    /// How it does.
    pub health: Health,
    /// `Bound`, `Pending`, `Lost`.
    pub state: String,
    /// What is wrong.
    pub why: Option<String>,
    /// The node that holds its data.
    pub node: Option<String>,
    /// Pods that use it.
    pub used_by: Vec<String>,
    /// When it was made.
    pub created: i64,
}

/// Something that is wrong, with where to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// How bad it is.
    pub health: Health,
    /// Kind of the object: `Node`, `Deployment`, `Service`, …
    pub kind: String,
    /// Its namespace; none for a node.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Identity of its row, to open it; the name for a node.
    pub uid: String,
    /// What is wrong, in one line without the name.
    pub what: String,
    /// A pod whose logs tell more.
    pub pod: Option<String>,
}

/// Everything that is observed of one cluster at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ClusterView {
    /// The cluster.
    pub cluster: String,
    /// When the API answered last; none before it did.
    pub as_of: Option<i64>,
    /// Why this is old, when the API does not answer now.
    pub stale: Option<String>,
    /// Version of the API server.
    pub version: Option<String>,
    /// Nodes, unwell ones first.
    pub nodes: Vec<NodeRow>,
    /// Workloads, unwell ones first.
    pub workloads: Vec<WorkloadRow>,
    /// Pods, unwell ones first.
    pub pods: Vec<PodRow>,
    /// Services.
    pub services: Vec<ServiceRow>,
    /// Events, the newest first.
    pub events: Vec<EventRow>,
    /// Volumes.
    pub volumes: Vec<VolumeRow>,
    /// What is wrong, the worst first.
    pub problems: Vec<Problem>,
}

/// What one node uses at a moment. A part that could not be measured is none, never zero.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeUsage {
    /// The node.
    pub node: String,
    /// Cores in use.
    pub cpu_cores: Option<f64>,
    /// Memory in use that can't be given back.
    pub memory_bytes: Option<u64>,
    /// Bytes used on its disk.
    pub disk_bytes: Option<u64>,
    /// Size of its disk.
    pub disk_capacity_bytes: Option<u64>,
}

/// What a cluster uses at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsageSample {
    /// When it was measured.
    pub at: i64,
    /// Each node that runs.
    pub nodes: Vec<NodeUsage>,
    /// Each pod that a kubelet told of, by namespace and name.
    pub pods: Vec<PodUsage>,
}

/// What one pod uses, as its kubelet measured in the last 10 to 20 s.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PodUsage {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Cores in use.
    pub cpu_cores: Option<f64>,
    /// Memory in use that can't be given back.
    pub memory_bytes: Option<u64>,
}
