//! The one state that tray and windows are drawn from, and its TypeScript form.
//!
//! It is sent whole with a growing revision; nobody patches it. It holds no secret.
//! Times are milliseconds since 1970.

use engine::{ErrorCode, Health, Step};
use serde::Serialize;
use ts_rs::TS;

/// Everything the app knows now.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Grows with every change.
    pub revision: u64,
    /// The `container` program and its service.
    pub runtime: Runtime,
    /// Clusters by name.
    pub clusters: Vec<Cluster>,
    /// The cluster that the tray's own rows speak of.
    pub subject: Option<String>,
    /// Operations that run or ended lately, the newest last.
    pub operations: Vec<Operation>,
    /// Contexts of the user's kubeconfig files.
    pub contexts: Contexts,
    /// Whether the app quits when its operations have ended.
    pub leaving: bool,
    /// Things to tell once, the oldest first; a window dismisses them by their id.
    pub notices: Vec<Notice>,
}

/// Whether nodes can run at all.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Runtime {
    /// Whether it can be used.
    pub state: RuntimeState,
    /// Path of the program that was found.
    pub program: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Why it can't be used.
    pub problem: Option<Failure>,
}

/// States of the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum RuntimeState {
    /// Not asked yet.
    Checking,
    /// The program was not found.
    Missing,
    /// Its service does not run.
    Stopped,
    /// Too old, hanging, or broken in another way: see the problem.
    Unusable,
    /// Ready.
    Ready,
}

/// A cluster in the lists.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// How it does.
    pub health: Health,
    /// Whether its nodes run: all, some, none, or it is only half made.
    pub state: ClusterState,
    /// The worst thing that is wrong, in one line.
    pub why: Option<String>,
    /// Open problems.
    pub problems: u32,
    /// Nodes.
    pub nodes: u32,
    /// Nodes that are ready, when Kubernetes could be asked.
    pub ready_nodes: Option<u32>,
    /// Kubernetes version.
    pub version: Option<String>,
    /// Name of its context.
    pub context: String,
    /// Address of its API on this machine.
    pub server: Option<String>,
    /// When its nodes were started.
    pub started: Option<i64>,
    /// When it ran last, as far as this app saw it; none while it runs.
    pub last_run: Option<i64>,
    /// What it uses, when it was measured lately.
    pub usage: Option<Usage>,
}

/// Whether a cluster's nodes run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ClusterState {
    /// All run.
    Running,
    /// Some run.
    Partial,
    /// None runs.
    Stopped,
    /// Its creation or deletion did not end.
    Incomplete,
}

/// What a cluster uses, of what it may.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Cores in use.
    pub cpu_cores: f64,
    /// Cores it may use.
    pub cpus: u32,
    /// Memory in use, bytes.
    pub memory_bytes: u64,
    /// Memory it may use, bytes.
    pub memory_limit_bytes: u64,
}

/// What kind of work an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum OperationKind {
    /// A cluster is made.
    Create,
    /// A cluster is started.
    Start,
    /// A cluster is stopped.
    Stop,
    /// A cluster is stopped and started.
    Restart,
    /// A cluster is deleted.
    Delete,
    /// A running cluster is changed.
    Change,
    /// An image archive is loaded into nodes.
    Load,
    /// Manifests are applied.
    Apply,
    /// The logs of a cluster's nodes are written to a folder.
    ExportLogs,
    /// The node image is built.
    BuildImage,
    /// Something of the runtime is put right: its service, its kernel.
    Fix,
}

impl OperationKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Create,
        Self::Start,
        Self::Stop,
        Self::Restart,
        Self::Delete,
        Self::Change,
        Self::Load,
        Self::Apply,
        Self::ExportLogs,
        Self::BuildImage,
        Self::Fix,
    ];
}

impl OperationState {
    /// Whether it has come to its end, whichever.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        Self {
            code: error.code,
            message: error.message,
            hint: error.hint,
            detail: error.detail,
            logs: error.logs.map(|folder| folder.display().to_string()),
        }
    }
}

impl From<engine::ClusterState> for ClusterState {
    fn from(state: engine::ClusterState) -> Self {
        match state {
            engine::ClusterState::Running => Self::Running,
            engine::ClusterState::Partial => Self::Partial,
            engine::ClusterState::Stopped => Self::Stopped,
            // One of another home is left out before; it is none to work with.
            engine::ClusterState::Incomplete | engine::ClusterState::Foreign => Self::Incomplete,
        }
    }
}

/// A piece of long work.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Unique while the app runs.
    pub id: u64,
    /// What it does.
    pub kind: OperationKind,
    /// The cluster it works on; none for the runtime and the node image.
    pub cluster: Option<String>,
    /// What it works with: an image, a file.
    pub subject: Option<String>,
    /// When it began.
    pub started: i64,
    /// When it ended.
    pub ended: Option<i64>,
    /// The stage it is in, counted from 1.
    pub stage: u32,
    /// Number of its stages.
    pub stages: u32,
    /// Name of the stage in plain words.
    pub stage_name: String,
    /// How far it is; never falls, 100 only at the end.
    pub percent: u8,
    /// How long the same took last time, milliseconds.
    pub last_took_ms: Option<u64>,
    /// How it stands.
    pub state: OperationState,
    /// Whether it can still be cancelled.
    pub cancellable: bool,
    /// Whether another program does it, such as the CLI: no more is known of it than that.
    pub elsewhere: bool,
    /// Its steps, the newest state of each phase and node, in the order in which they began.
    pub steps: Vec<Step>,
    /// How it failed.
    pub failure: Option<Failure>,
    /// One line about its outcome.
    pub outcome: Option<String>,
}

/// How an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum OperationState {
    /// Waits for another one.
    Waiting,
    /// Works.
    Running,
    /// Was cancelled and cleans up.
    Cancelling,
    /// Ended well.
    Done,
    /// Failed.
    Failed,
    /// Was cancelled.
    Cancelled,
}

/// The one error form, as windows get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What kind it is: the CLI's code.
    pub code: ErrorCode,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The original text.
    pub detail: Option<String>,
    /// Folder with logs.
    pub logs: Option<String>,
}

/// Contexts of the user's kubeconfig files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Contexts {
    /// The one that kubectl uses.
    pub current: Option<String>,
    /// Who switched last, when it was not this app, and when.
    pub switched_elsewhere: Option<i64>,
    /// Files in their order.
    pub files: Vec<KubeconfigFile>,
    /// All contexts: ours first, then by name.
    pub entries: Vec<Context>,
}

/// A kubeconfig file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KubeconfigFile {
    /// Its path.
    pub path: String,
    /// Whether it exists.
    pub exists: bool,
    /// Why it can't be used.
    pub problem: Option<Failure>,
}

/// A context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// Its name.
    pub name: String,
    /// Our cluster that it belongs to.
    pub cluster: Option<String>,
    /// The file that holds it.
    pub file: String,
}

/// Something to tell once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Unique while the app runs.
    pub id: u64,
    /// When it came up.
    pub at: i64,
    /// Whether it is a warning.
    pub warning: bool,
    /// What to say.
    pub text: String,
}
