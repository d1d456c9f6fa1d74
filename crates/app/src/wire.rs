//! What windows and app say to each other beside the snapshot.

use engine::{ClusterView, CommandLink, LinkState, UsageSample};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What to create.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum CreateSource {
    /// The cluster that the settings describe.
    Default,
    /// A Cluster YAML.
    Text {
        /// The YAML.
        text: String,
    },
}

/// What becomes of kubectl's context when a cluster was created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ContextChoice {
    /// As the settings say.
    #[default]
    AsRule,
    /// It is the new cluster's.
    Use,
    /// It stays.
    Keep,
}

/// What a window sees of its cluster, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ViewUpdate {
    /// The cluster.
    pub cluster: String,
    /// Grows with every change.
    pub revision: u64,
    /// What is seen.
    pub view: ClusterView,
}

/// What a cluster uses, with its name.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsageUpdate {
    /// The cluster.
    pub cluster: String,
    /// What it uses.
    #[serde(flatten)]
    pub sample: UsageSample,
}

/// What would be lost with a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeletePreview {
    /// Number of nodes.
    pub nodes: u32,
    /// Number of pods, when the API could be asked.
    pub pods: Option<u32>,
    /// Number of volumes, when the API could be asked.
    pub volumes: Option<u32>,
    /// Their size as asked for.
    pub volume_bytes: Option<u64>,
    /// Kubeconfig files that lose its entry.
    pub kubeconfig: Vec<String>,
}

/// A shell to open.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum TerminalTarget {
    /// On a node.
    Node {
        /// The cluster.
        cluster: String,
        /// The node.
        node: String,
    },
    /// In a container of a pod.
    Pod {
        /// The cluster.
        cluster: String,
        /// Namespace of the pod.
        namespace: String,
        /// The pod.
        pod: String,
        /// The container; none for the first.
        container: Option<String>,
    },
    /// On this machine, with kubectl speaking to the cluster.
    Cluster {
        /// The cluster.
        cluster: String,
    },
}

/// What to show in the file manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum RevealTarget {
    /// The app's own logs.
    Logs,
    /// Logs that failed operations kept.
    ClusterLogs,
    /// The kubeconfig file.
    Kubeconfig,
    /// The folder of the settings.
    Settings,
    /// The folder that an export of logs wrote.
    Exported {
        /// The export.
        operation: u64,
    },
}

/// The command line on the search path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CommandLine {
    /// Where its link is, or would be.
    pub link: String,
    /// The program that the link leads to, or would.
    pub program: String,
    /// Whether a shell looks for programs where the link is.
    pub searched: bool,
    /// What is there.
    pub found: LinkState,
}

impl CommandLine {
    pub(crate) fn of(link: &CommandLink) -> Self {
        Self {
            link: link.link().display().to_string(),
            program: link.program().display().to_string(),
            searched: link.is_searched(),
            found: link.state(),
        }
    }
}

/// A file of the diagnostics bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticsFile {
    /// Its name in the bundle.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its text, with what is secret left out; the end of a long one.
    pub text: String,
    /// Number of places where something was left out.
    pub redactions: u32,
}

/// When to quit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum QuitWhen {
    /// At once.
    Now,
    /// When all operations have ended.
    AfterWork,
    /// Not any more: takes back what was asked for.
    Never,
}

/// The app's windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum WindowName {
    /// Clusters.
    Main,
    /// Settings.
    Settings,
}

/// What the app is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// Version of the app.
    pub version: String,
    /// `macos` or `linux`.
    pub platform: String,
    /// Architecture of this machine, in the words of images.
    pub architecture: String,
    /// Cores of this machine.
    pub cpus: u32,
    /// Memory of this machine in bytes, when it can be measured.
    pub memory_bytes: Option<u64>,
    /// Kubernetes version of a cluster that asks for none.
    pub kubernetes_version: String,
    /// Folder of the app's logs.
    pub logs: String,
    /// Folder of the settings.
    pub config: String,
}

/// What a window is asked to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OpenRequest {
    /// The view; none to stay where one is.
    pub view: Option<View>,
    /// The cluster.
    pub cluster: Option<String>,
    /// What to ask.
    pub dialog: Option<Dialog>,
}

/// Views of the main window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum View {
    /// How the cluster does.
    Overview,
    /// Images on its nodes.
    Images,
    /// Its configuration, or that of a new one when no cluster is named.
    Configuration,
    /// The check list.
    Diagnostics,
}

/// Questions that a window asks on behalf of the tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Dialog {
    /// Whether to delete the cluster.
    Delete,
    /// Whether to quit while there is work.
    Quit,
    /// Which image to load.
    ChooseImage,
    /// All contexts.
    Contexts,
}
