//! Clusters: create, delete, start, stop, load, observe.
//!
//! Every operation of the product is a method of [`Engine`]; the CLI and the app are thin edges
//! over it. A click or command becomes a cluster in `create.rs`.

mod api;
mod app_folders;
mod archive;
mod change;
mod command_link;
mod create;
mod delete;
mod doctor;
mod error;
mod export;
mod failure;
mod home;
mod host;
mod images;
mod inventory;
mod lifecycle;
mod limit;
mod lock;
mod manifest;
mod node;
mod observe;
mod open_ports;
mod plan;
mod preflight;
mod standing;
mod status;
mod step;
mod uninstall;

use std::future::Future;
use std::path::Path;

use container::Container;
use tokio_util::sync::CancellationToken;

pub use app_folders::AppFolders;
pub use archive::{Archive, ArchivedImage, normalise as normalise_image};
pub use change::{ChangePlan, Changed, PlanItem};
pub use command_link::{CommandLink, LinkState, is_translocated, translocated};
pub use create::{CreateRequest, Created};
pub use delete::Deleted;
pub use doctor::{
    Acceptance, AcceptanceCheck, AcceptanceState, Check, CheckState, Fix, FixId, RuntimeUse,
    total_memory,
};
pub use error::{Error, ErrorCode, Result};
pub use home::Home;
pub use host::{architecture, cpus, doubts};
pub use images::{ImageOnNode, LoadedImage, NodeImages};
pub use inventory::ClusterState;
pub use lock::{Held, Work};
pub use manifest::{ManifestChange, ManifestObject, ManifestPreview, ManifestProblem};
pub use observe::{
    Changes, ClusterView, Condition, EventRow, Health, LogEvent, LogLine, LogRange, LogSource,
    LogStream, Meter, NodeRow, NodeUsage, Observation, PodContainer, PodRow, PodUsage, Problem,
    ServicePort, ServiceRow, UsageSample, VolumeRow, WorkloadRow,
};
pub use plan::{DEFAULT_KUBERNETES_VERSION, node_image};
pub use status::{ClusterStatus, ClusterSummary, NodeStatus};
pub use step::{RunningStep, Step, StepState, Steps};
pub use uninstall::{Belonging, Belongings, Choice, Installation, Part, Uninstalled};

/// All operations on clusters of this user.
#[derive(Debug, Clone)]
pub struct Engine {
    container: Container,
    home: Home,
}

/// What accompanies one operation: where its progress goes, and how it is cancelled.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Receives every step.
    pub steps: Steps,
    /// Ends the operation early; it cleans up what it began and fails with
    /// [`ErrorCode::Cancelled`].
    pub cancel: CancellationToken,
}

impl Operation {
    /// An operation that nobody watches or cancels.
    pub fn silent() -> Self {
        Self {
            steps: Steps::silent(),
            cancel: CancellationToken::new(),
        }
    }

    /// Runs `work` unless the operation is cancelled first; dropping it ends its calls.
    pub(crate) async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Error::cancelled()),
            outcome = work => outcome,
        }
    }
}

impl Engine {
    /// Finds the `container` program (`program`, or the usual places) and the user's [`Home`].
    pub fn locate(program: Option<&Path>) -> Result<Self> {
        Ok(Self::new(Container::locate(program)?, Home::of_user()?))
    }

    /// An engine over a given program and home.
    pub fn new(container: Container, home: Home) -> Self {
        Self { container, home }
    }

    /// The client of the runtime.
    pub fn container(&self) -> &Container {
        &self.container
    }

    /// Where the engine keeps its files.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Name of a cluster's context, cluster and user in kubeconfig files.
    pub fn context_name(cluster: &str) -> String {
        format!("apple-k8s-{cluster}")
    }

    /// Name of the node with a cluster's control plane.
    pub fn control_plane(cluster: &str) -> String {
        format!("{cluster}-control-plane")
    }
}

/// Where the node with the control plane keeps the administrator's kubeconfig.
pub const ADMIN_KUBECONFIG: &str = "/etc/kubernetes/admin.conf";
