//! Logs of nodes and pods, line by line, with how they ended.

mod lines;
mod node;
mod pod;

use futures::stream::BoxStream;

use crate::Engine;
use crate::error::Result;

/// Whose log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogSource {
    /// The journal of a node: its kubelet, its container runtime, its kernel and services.
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
        /// The container; none for the one that `kubectl logs` takes.
        container: Option<String>,
        /// Whether the run before the last restart is meant.
        previous: bool,
    },
}

/// How much of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRange {
    /// The last lines that are there already; all when none.
    pub tail: Option<u32>,
    /// Whether to go on with lines as they come.
    pub follow: bool,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, milliseconds since 1970.
    pub at: Option<i64>,
    /// Its text without an end of line. Bytes that are not UTF-8 are replaced, control characters
    /// are kept, and a line of more than 16 KiB is cut.
    pub text: String,
}

/// What a log tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEvent {
    /// A line.
    Line(LogLine),
    /// Nothing follows, because what wrote it ended: a sentence that says how.
    Ended(String),
}

/// A log. It is read as fast as it is taken, so that nothing piles up; dropping it ends all that
/// was started for it. An error is its last item: the connection was lost, and lines may be
/// missing.
pub type LogStream = BoxStream<'static, Result<LogEvent>>;

impl Engine {
    /// Opens a log. A log that is not followed ends after the lines that are there.
    ///
    /// # Errors
    /// [`crate::ErrorCode::ClusterNotFound`]; [`crate::ErrorCode::Usage`] for a node, pod,
    /// container or earlier run that does not exist; [`crate::ErrorCode::NotReady`] for a
    /// container that has not been started or an API that does not answer.
    pub async fn logs(&self, source: &LogSource, range: LogRange) -> Result<LogStream> {
        match source {
            LogSource::Node { cluster, node } => node::open(self, cluster, node, range).await,
            LogSource::Pod {
                cluster,
                namespace,
                pod,
                container,
                previous,
            } => {
                let which = pod::Which {
                    namespace,
                    pod,
                    container: container.as_deref(),
                    previous: *previous,
                };
                pod::open(self, cluster, &which, range).await
            }
        }
    }
}

/// The time of day here, with the date when it is not today's.
fn clock(at: jiff::Timestamp) -> String {
    let (at, now) = (
        at.to_zoned(jiff::tz::TimeZone::system()),
        jiff::Zoned::now(),
    );
    if at.date() == now.date() {
        at.strftime("%H:%M:%S").to_string()
    } else {
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}
