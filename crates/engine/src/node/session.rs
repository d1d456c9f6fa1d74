//! A conversation with the node program of one node.

use std::time::Duration;

use container::{Container, ExecSpec, Lines};
use serde::Serialize;

use super::protocol::{NodeConfig, NodeEvent, NodeStepState, Secret};
use crate::error::{Error, ErrorCode, Result};
use crate::limit::Limit;
use crate::step::{StepState, Steps};

/// The node program in every node image.
const NODE_PROGRAM: &str = "/usr/local/bin/apple-k8s-node";

/// Tells the node program how many seconds it has for what can hang.
const LIMIT: &str = "APPLE_K8S_WAIT_SECONDS";

/// What the node says beside its progress.
#[derive(Debug)]
pub(crate) enum Milestone {
    /// Workers may join the control plane, whose certificate authority this is.
    Joinable { ca_cert: String },
    /// The phase is complete.
    Done { kubeconfig: Option<Secret> },
}

/// One running phase of the node program. Dropping it ends the program.
#[derive(Debug)]
pub(crate) struct Session {
    /// None after the program has ended.
    lines: Option<Lines>,
    node: String,
    steps: Steps,
}

impl Session {
    /// Starts `phase` (`init`, `join`, `network`) on the node that `config` is for.
    pub(crate) async fn open(
        container: &Container,
        config: &NodeConfig,
        phase: &str,
        steps: &Steps,
    ) -> Result<Self> {
        Self::open_within(container, config, phase, None, steps).await
    }

    /// As [`Session::open`]; the node gives up what takes longer, when there is a limit.
    pub(crate) async fn open_within(
        container: &Container,
        config: &NodeConfig,
        phase: &str,
        limit: Option<Limit>,
        steps: &Steps,
    ) -> Result<Self> {
        let mut spec = ExecSpec::new(NODE_PROGRAM, [phase]);
        // Not in the configuration: an older node program refuses what it does not know there.
        let seconds = limit.map(|limit| limit.left().as_secs_f64().ceil().max(1.0).to_string());
        spec.env
            .extend(seconds.map(|seconds| (LIMIT.to_owned(), seconds)));
        let lines = container.exec_streaming(&config.node, &spec)?;
        let mut session = Self {
            lines: Some(lines),
            node: config.node.clone(),
            steps: steps.clone(),
        };
        session.send(config).await?;
        Ok(session)
    }

    /// Sends one line. A node that has failed meanwhile says so on [`Session::next`].
    pub(crate) async fn send(&mut self, message: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(message).map_err(|error| {
            Error::new(
                ErrorCode::Internal,
                format!("a message to a node has no JSON: {error}"),
            )
        })?;
        if let Some(lines) = &mut self.lines {
            lines.send_line(&line).await?;
        }
        Ok(())
    }

    /// The next milestone; progress until then goes to the steps.
    pub(crate) async fn next(&mut self) -> Result<Milestone> {
        while let Some(line) = self.line().await? {
            match serde_json::from_str(&line) {
                Ok(NodeEvent::Step {
                    phase,
                    state,
                    elapsed_ms,
                    detail,
                }) => {
                    self.relay(&phase, state, elapsed_ms, detail);
                }
                Ok(NodeEvent::Joinable { ca_cert }) => return Ok(Milestone::Joinable { ca_cert }),
                Ok(NodeEvent::Done { kubeconfig }) => return Ok(Milestone::Done { kubeconfig }),
                Ok(NodeEvent::Error {
                    code,
                    message,
                    detail,
                }) => {
                    return Err(self.failed(&format!("{message} ({code})"), detail));
                }
                Err(error) => {
                    tracing::warn!(node = %self.node, %error, "not a line of the node program");
                }
            }
        }
        let said = match self.lines.take() {
            Some(lines) => lines.wait().await?.stderr,
            None => String::new(),
        };
        Err(self.failed("its node program ended early", Some(said)))
    }

    async fn line(&mut self) -> Result<Option<String>> {
        match &mut self.lines {
            Some(lines) => Ok(lines.next_line().await?),
            None => Ok(None),
        }
    }

    fn relay(&self, phase: &str, state: NodeStepState, elapsed_ms: u64, detail: Option<String>) {
        let (state, took) = match state {
            NodeStepState::Started => (StepState::Started, None),
            NodeStepState::Done => (StepState::Done, Some(Duration::from_millis(elapsed_ms))),
            NodeStepState::Failed => (StepState::Failed, Some(Duration::from_millis(elapsed_ms))),
        };
        self.steps.relay(phase, &self.node, state, detail, took);
    }

    fn failed(&self, why: &str, detail: Option<String>) -> Error {
        let detail = detail.unwrap_or_default();
        let message = format!("node {}: {why}", self.node);
        let error = if is_about_space(why) || is_about_space(&detail) {
            Error::new(ErrorCode::NoSpace, message).hint(
                "the node's disk, or one that is mounted in it, is full: free some space, then try again",
            )
        } else {
            Error::new(ErrorCode::NodeFailed, message).hint(
                "the node's logs say more; create again with --retain to look at the node itself",
            )
        };
        error.detail(detail)
    }
}

/// Whether a program on a node said that there is no room for what it writes.
fn is_about_space(text: &str) -> bool {
    text.to_ascii_lowercase()
        .contains("no space left on device")
}
