//! What is done to both that are compared, each driven only through its own command line and
//! observed by the same kubectl.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::machine::Load;
use super::memory::{self, Memory};
use super::session::Session;
use crate::tools;

/// Name of the clusters made here.
pub(super) const NAME: &str = "bench";
const PATIENCE: &str = "--timeout=180s";

/// What one run of one contestant gave. Seconds since the create command was called.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Measured {
    /// All nodes Ready.
    pub(super) ready: f64,
    /// A pod got an answer from another through a Service, by name.
    pub(super) service: f64,
    /// Memory of all nodes at rest, in MiB, by program.
    pub(super) memory: Memory,
    /// The start of the stopped cluster; only who can start again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) restart: Option<Restart>,
    /// How busy the machine was until Ready, in percent of all cores.
    pub(super) busy_percent: f64,
    /// Where the time went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) phases: Vec<Phase>,
}

impl Measured {
    /// Memory of all nodes, in MiB.
    pub(super) fn memory_mib(&self) -> f64 {
        self.memory.values().sum()
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Ready {:5.1} s, Service {:5.1} s, {:5.0} MiB, machine busy {:.0} %",
            self.ready,
            self.service,
            self.memory_mib(),
            self.busy_percent
        )?;
        match &self.restart {
            Some(restart) => write!(f, ", start again {:.1} s", restart.ready),
            None => Ok(()),
        }
    }
}

/// A stopped cluster that was started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Restart {
    /// Seconds from the start command to all nodes Ready.
    pub(super) ready: f64,
    /// Where the time went.
    pub(super) phases: Vec<Phase>,
}

/// One ended step of our own command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Phase {
    #[serde(rename = "phase")]
    pub(super) name: String,
    pub(super) node: Option<String>,
    #[serde(default)]
    pub(super) took_ms: u64,
    pub(super) at_ms: u64,
}

pub(super) trait Contestant {
    fn name(&self) -> &'static str;
    /// A command on the host, seen from where the contestant's clusters can be reached.
    fn beside(&self, program: &Path) -> Command;
    /// The create command, without waiting for readiness. Gives its standard output.
    fn create(&self, session: &Session, nodes: usize, kubeconfig: &Path) -> Result<String>;
    /// Takes away whatever is there, also after an interruption.
    fn delete(&self) -> Result<()>;
    /// Process ids of the nodes' first processes, seen from the host.
    fn roots(&self, session: &Session, nodes: usize) -> Result<Vec<u32>>;
    /// Stops and starts again.
    fn restart(&self, session: &Session) -> Result<Option<Restart>>;

    /// Creates, observes, deletes.
    fn measure(&self, session: &Session, nodes: usize, settle: Duration) -> Result<Measured> {
        self.delete()?;
        let outcome = self.observe(session, nodes, settle);
        self.delete()?;
        outcome
    }

    /// Creates and observes.
    fn observe(&self, session: &Session, nodes: usize, settle: Duration) -> Result<Measured> {
        let folder = tempfile::tempdir()?;
        let kubeconfig = folder.path().join("kubeconfig");
        let kubectl = tools::folder()?.join("kubectl");
        let kubectl = |arguments: &[&str]| -> Result<String> {
            let mut command = self.beside(&kubectl);
            command.arg("--kubeconfig").arg(&kubeconfig).args(arguments);
            session.output(&mut command)
        };
        let (began, load) = (Instant::now(), Load::now()?);
        let said = self.create(session, nodes, &kubeconfig)?;
        for node in node_names(nodes) {
            let node = format!("node/{node}");
            kubectl(&["wait", "--for=create", &node, PATIENCE])?;
            kubectl(&["wait", "--for=condition=Ready", &node, PATIENCE])?;
        }
        let ready = began.elapsed().as_secs_f64();
        let busy_percent = Load::now()?.busy_percent_since(&load);
        let manifest = folder.path().join("probe.yaml");
        let images = kubectl(&[
            "get",
            "nodes",
            "--output",
            "jsonpath={.items[*].status.images[*].names[*]}",
        ])?;
        let image = images
            .split_whitespace()
            .find(|name| name.starts_with(PROBE_IMAGE) && !name.contains('@'))
            .with_context(|| format!("no node has {PROBE_IMAGE}"))?;
        fs::write(&manifest, PROBE.replace("@image@", image))?;
        kubectl(&["apply", "--filename", &manifest.to_string_lossy()])?;
        kubectl(&["wait", "--for=condition=Complete", "job/client", PATIENCE])?;
        let service = began.elapsed().as_secs_f64();
        session.pause(settle)?;
        Ok(Measured {
            ready,
            service,
            memory: memory::of_trees(&self.roots(session, nodes)?)?,
            restart: self.restart(session)?,
            busy_percent,
            phases: phases(&said),
        })
    }
}

/// Both name their nodes alike.
pub(super) fn node_names(nodes: usize) -> Vec<String> {
    let workers = (1..nodes).map(|index| match index {
        1 => format!("{NAME}-worker"),
        more => format!("{NAME}-worker{more}"),
    });
    std::iter::once(format!("{NAME}-control-plane"))
        .chain(workers)
        .collect()
}

/// The ended steps in our JSON lines; nothing for who prints none.
pub(super) fn phases(said: &str) -> Vec<Phase> {
    said.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| line["type"] == "step" && line["state"] == "done")
        .filter_map(|line| serde_json::from_value(line).ok())
        .collect()
}

/// In every node image: nothing needs to be loaded into either contestant.
const PROBE_IMAGE: &str = "apple-k8s.dev/busybox:";

/// A server, its Service, and a client that ends when the Service's name answers.
const PROBE: &str = include_str!("probe.yaml");
