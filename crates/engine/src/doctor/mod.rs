//! What clusters need of this machine, looked at one by one, and what puts it right.

mod acceptance;
mod checks;
mod machine;
mod runtime;

use std::path::Path;

use container::Container;
use kubeconfig::Files;
use serde::Serialize;
use ts_rs::TS;

use crate::error::{Error, ErrorCode, Result};
use crate::{Engine, Operation};

pub use acceptance::{Acceptance, AcceptanceCheck, AcceptanceState};
pub use machine::total_memory;
pub use runtime::RuntimeUse;

/// One thing that is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Stays the same between releases: `system`, `container`, `service`, `kernel`,
    /// `node-image`, `memory`, `disk`, `network`, `ports`, `kubeconfig`.
    pub id: String,
    /// What is checked, in a few words.
    pub title: String,
    /// How it stands.
    pub state: CheckState,
    /// What was found, and what to do where nothing else can.
    pub detail: String,
    /// The code of the error that a new cluster would fail with; none unless it failed.
    pub code: Option<ErrorCode>,
    /// What puts it right.
    pub fix: Option<Fix>,
}

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CheckState {
    /// Well.
    Ok,
    /// Could not be told.
    Unknown,
    /// Works, with a limit.
    Warning,
    /// Clusters can't run.
    Failed,
}

/// What puts a check right, for [`Engine::fix`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum FixId {
    /// Starts the services of `container`, with a kernel when there is none.
    StartService,
    /// Stops and starts the services; running clusters are stopped and started too.
    RestartService,
    /// Installs the recommended guest kernel, about 570 MB to download.
    InstallKernel,
    /// Builds the node image. The engine can't: whoever has the recipe does.
    BuildNodeImage,
}

/// A fix as it is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    /// Which.
    pub id: FixId,
    /// What it does, as the text of a button.
    pub label: String,
}

impl FixId {
    /// The fix with its text.
    pub(crate) fn offered(self) -> Fix {
        let label = match self {
            Self::StartService => "Start the service",
            Self::RestartService => "Restart the service",
            Self::InstallKernel => "Install the recommended kernel",
            Self::BuildNodeImage => "Build the node image",
        };
        Fix {
            id: self,
            label: label.into(),
        }
    }
}

impl Check {
    fn new(id: &str, title: &str, state: CheckState, detail: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            state,
            detail: detail.into(),
            code: None,
            fix: None,
        }
    }

    /// A check that failed, with the code of its error.
    fn fails(id: &str, title: &str, code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            ..Self::new(id, title, CheckState::Failed, detail)
        }
    }

    /// The same, not as bad.
    fn only(self, state: CheckState) -> Self {
        Self {
            state,
            code: None,
            ..self
        }
    }

    fn fixed_by(mut self, fix: FixId) -> Self {
        self.fix = Some(fix.offered());
        self
    }

    /// A failure in the words of its error.
    fn failed(id: &str, title: &str, error: &Error) -> Self {
        let detail = match &error.hint {
            Some(hint) => format!("{}: {hint}", error.message),
            None => error.message.clone(),
        };
        Self::fails(id, title, error.code, detail)
    }
}

impl Engine {
    /// Checks everything that clusters need, in an order in which it is put right. `found` is
    /// what [`Engine::locate`] gave: without a `container` program the rest is checked all the
    /// same. `kubeconfig` names the file to look at instead of those that kubectl would use.
    /// Nothing is changed, and nothing is waited for longer than a call may take.
    pub async fn doctor(found: Result<Self>, kubeconfig: Option<&Path>) -> Vec<Check> {
        let mut all = vec![machine::system()];
        match &found {
            Ok(engine) => all.extend(engine.check_runtime().await),
            Err(error) => {
                all.push(Check::failed("container", checks::CONTAINER, error));
                all.extend(checks::unknown_without_runtime());
            }
        }
        all.push(machine::memory());
        all.push(checks::kubeconfig(Files::from_env(kubeconfig)));
        all
    }

    /// Puts something right. Done again where nothing is wrong, it changes nothing, but for a
    /// restart.
    pub async fn fix(&self, fix: FixId, op: &Operation) -> Result<()> {
        match fix {
            FixId::StartService => self.start_runtime(op).await,
            FixId::RestartService => Box::pin(self.restart_runtime(op)).await,
            FixId::InstallKernel => self.install_kernel(op).await,
            FixId::BuildNodeImage => Err(Error::new(
                ErrorCode::Usage,
                "the engine has no recipe of node images",
            )
            .hint("build it: apple-k8s build node-image")),
        }
    }

    async fn install_kernel(&self, op: &Operation) -> Result<()> {
        let container: Container = self.container.cancelled_by(op.cancel.clone());
        let step = op.steps.begin("kernel", None);
        if container.status().await?.is_running() {
            container.kernel_set_recommended().await?;
        } else {
            container.system_start().await?;
        }
        step.done();
        Ok(())
    }
}
