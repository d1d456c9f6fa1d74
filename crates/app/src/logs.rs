//! Lines of logs, in batches.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Whose log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum LogSource {
    /// The journal of a node.
    Node {
        /// The cluster.
        cluster: String,
        /// The node.
        node: String,
    },
    /// A container of a pod.
    Pod {
        /// The cluster.
        cluster: String,
        /// Namespace of the pod.
        namespace: String,
        /// The pod.
        pod: String,
        /// The container; none for the first.
        container: Option<String>,
        /// Whether the run before the last restart is meant.
        previous: bool,
    },
    /// An operation.
    Operation {
        /// The operation.
        id: u64,
    },
}

/// Lines that came together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogBatch {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// How the log ended, in words; nothing follows.
    pub ended: Option<String>,
    /// Whether the connection was lost before these lines: some may be missing.
    pub lost: bool,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// When it was written, milliseconds since 1970.
    pub at: Option<i64>,
    /// Its text, without an end of line.
    pub text: String,
}
