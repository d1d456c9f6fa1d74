//! The two that are compared, each driven only through its own command line.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::memory;
use crate::run::output;
use crate::{cache, tools};

/// kind as users get it.
const KIND: &str = "sigs.k8s.io/kind@v0.33.0";
/// Name of the clusters made here.
const NAME: &str = "bench";
/// A cluster at rest: start-up work has ended after this long.
const SETTLE: Duration = Duration::from_secs(20);
const PATIENCE: &str = "--timeout=180s";

/// What one run of one contestant gave. Seconds since the create command was called.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measured {
    /// All nodes Ready.
    pub(crate) ready: f64,
    /// A pod got an answer from another through a Service, by name.
    pub(crate) service: f64,
    /// Memory of all nodes at rest, in MiB.
    pub(crate) memory_mib: f64,
    /// Seconds from the start command to all nodes Ready; only who can start again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) restart: Option<f64>,
    /// How busy the machine was until Ready, in percent of all cores.
    pub(crate) busy_percent: f64,
    /// Where the time went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) phases: Vec<Phase>,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Ready {:5.1} s, Service {:5.1} s, {:5.0} MiB, machine busy {:.0} %",
            self.ready, self.service, self.memory_mib, self.busy_percent
        )?;
        match self.restart {
            Some(restart) => write!(f, ", start again {restart:.1} s"),
            None => Ok(()),
        }
    }
}

/// One ended step of our own command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Phase {
    #[serde(rename = "phase")]
    pub(crate) name: String,
    pub(crate) node: Option<String>,
    #[serde(default)]
    pub(crate) took_ms: u64,
    pub(crate) at_ms: u64,
}

pub(crate) trait Contestant {
    fn name(&self) -> &'static str;
    /// The create command, without waiting for readiness. Gives its standard output.
    fn create(&self, nodes: usize, kubeconfig: &Path) -> Result<String>;
    fn delete(&self, kubeconfig: &Path) -> Result<()>;
    /// Process ids of the nodes' first processes, seen from the host.
    fn roots(&self, nodes: usize) -> Result<Vec<u32>>;
    /// Stops and starts again; seconds from the start command to Ready.
    fn restart(&self) -> Result<Option<f64>>;

    /// Creates, observes, deletes.
    fn measure(&self, nodes: usize) -> Result<Measured> {
        let folder = tempfile::tempdir()?;
        let kubeconfig = folder.path().join("kubeconfig");
        let kubectl = tools::folder()?.join("kubectl");
        let observe = |arguments: &[&str]| -> Result<String> {
            let mut command = Command::new(&kubectl);
            command.arg("--kubeconfig").arg(&kubeconfig).args(arguments);
            output(&mut command)
        };
        self.delete(&kubeconfig)?;
        let outcome = (|| {
            let (began, load) = (Instant::now(), Load::now()?);
            let said = self.create(nodes, &kubeconfig)?;
            for node in node_names(nodes) {
                observe(&["wait", "--for=create", &format!("node/{node}"), PATIENCE])?;
                observe(&[
                    "wait",
                    "--for=condition=Ready",
                    &format!("node/{node}"),
                    PATIENCE,
                ])?;
            }
            let ready = began.elapsed().as_secs_f64();
            let busy_percent = Load::now()?.busy_percent_since(&load);
            let manifest = folder.path().join("probe.yaml");
            let images = observe(&[
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
            observe(&["apply", "--filename", &manifest.to_string_lossy()])?;
            observe(&["wait", "--for=condition=Complete", "job/client", PATIENCE])?;
            let service = began.elapsed().as_secs_f64();
            std::thread::sleep(SETTLE);
            let roots = self.roots(nodes)?;
            let memory_mib = roots
                .into_iter()
                .map(memory::of_tree)
                .sum::<Result<f64>>()?;
            let restart = self.restart()?;
            let phases = phases(&said);
            Ok(Measured {
                ready,
                service,
                memory_mib,
                restart,
                busy_percent,
                phases,
            })
        })();
        self.delete(&kubeconfig)?;
        outcome
    }
}

/// kind with podman, pointed at the same image store as ours.
pub(crate) struct Kind {
    program: PathBuf,
}

impl Kind {
    pub(crate) fn prepare() -> Result<Self> {
        let folder = cache::folder("tools")?;
        let program = folder.join("kind");
        if !program.exists() {
            eprintln!("Building {KIND}");
            output(
                Command::new("go")
                    .args(["install", KIND])
                    .env("GOBIN", &folder),
            )?;
        }
        Ok(Self { program })
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command
            .env("KIND_EXPERIMENTAL_PROVIDER", "podman")
            .envs(podman_environment()?);
        Ok(command)
    }
}

impl Contestant for Kind {
    fn name(&self) -> &'static str {
        "kind"
    }

    fn create(&self, nodes: usize, kubeconfig: &Path) -> Result<String> {
        // kind wants this folder on the host, whatever is in it.
        fs::create_dir_all("/lib/modules")?;
        let config = kubeconfig.with_file_name("kind.yaml");
        let workers = "- role: worker\n".repeat(nodes - 1);
        fs::write(
            &config,
            format!(
                "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n{workers}"
            ),
        )?;
        let mut command = self.command()?;
        command
            .args([
                "create",
                "cluster",
                "--name",
                NAME,
                "--image",
                &node_image(),
            ])
            .arg("--config")
            .arg(config)
            .arg("--kubeconfig")
            .arg(kubeconfig);
        output(&mut command)
    }

    fn delete(&self, kubeconfig: &Path) -> Result<()> {
        let mut command = self.command()?;
        command
            .args(["delete", "cluster", "--name", NAME, "--kubeconfig"])
            .arg(kubeconfig);
        output(&mut command).map(drop)
    }

    fn roots(&self, nodes: usize) -> Result<Vec<u32>> {
        roots(nodes)
    }

    fn restart(&self) -> Result<Option<f64>> {
        Ok(None)
    }
}

/// Our own command.
pub(crate) struct AppleK8s {
    home: tempfile::TempDir,
}

impl AppleK8s {
    pub(crate) fn prepare() -> Result<Self> {
        output(Command::new("container").args(["system", "start", "--enable-kernel-install"]))?;
        output(Command::new("apple-k8s").args(["build", "node-image"]))?;
        Ok(Self {
            home: tempfile::tempdir()?,
        })
    }

    #[expect(
        clippy::unused_self,
        reason = "the image is there only once this was prepared"
    )]
    pub(crate) fn image(&self) -> String {
        node_image()
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apple-k8s");
        command
            .env("APPLE_K8S_HOME", self.home.path())
            .args(["--output", "json"]);
        command
    }
}

impl Contestant for AppleK8s {
    fn name(&self) -> &'static str {
        "apple-k8s"
    }

    fn create(&self, nodes: usize, kubeconfig: &Path) -> Result<String> {
        let mut command = self.command();
        command
            .args(["create", "cluster", NAME, "--wait", "0"])
            .args(["--workers", &(nodes - 1).to_string()])
            .arg("--set-context")
            .arg("--kubeconfig")
            .arg(kubeconfig);
        output(&mut command)
    }

    fn delete(&self, kubeconfig: &Path) -> Result<()> {
        let mut command = self.command();
        command
            .args(["delete", "cluster", NAME, "--kubeconfig"])
            .arg(kubeconfig);
        output(&mut command).map(drop)
    }

    fn roots(&self, nodes: usize) -> Result<Vec<u32>> {
        roots(nodes)
    }

    fn restart(&self) -> Result<Option<f64>> {
        output(self.command().args(["stop", "cluster", NAME]))?;
        let said = output(
            self.command()
                .args(["start", "cluster", NAME, "--wait", "180s"]),
        )?;
        let ready = phases(&said)
            .into_iter()
            .filter(|phase| phase.name == "ready");
        let last = ready
            .map(|phase| phase.at_ms)
            .max()
            .context("no node became Ready")?;
        Ok(Some(Duration::from_millis(last).as_secs_f64()))
    }
}

fn node_image() -> String {
    engine::node_image(engine::DEFAULT_KUBERNETES_VERSION)
}

/// Both name their nodes alike.
fn node_names(nodes: usize) -> Vec<String> {
    let workers = (1..nodes).map(|index| match index {
        1 => format!("{NAME}-worker"),
        more => format!("{NAME}-worker{more}"),
    });
    std::iter::once(format!("{NAME}-control-plane"))
        .chain(workers)
        .collect()
}

fn roots(nodes: usize) -> Result<Vec<u32>> {
    let mut command = Command::new("podman");
    command
        .envs(podman_environment()?)
        .args(["inspect", "--format", "{{.State.Pid}}"]);
    let said = output(command.args(node_names(nodes)))?;
    said.lines()
        .map(|line| line.trim().parse().context("a process id"))
        .collect()
}

/// The environment that makes podman use the image store of `container`.
fn podman_environment() -> Result<Vec<(String, String)>> {
    let said = output(Command::new("container").args(["system", "status", "--format", "json"]))?;
    let status: serde_json::Value = serde_json::from_str(&said)?;
    let root = status
        .pointer("/paths/appRoot")
        .or_else(|| status.pointer("/appRoot"))
        .and_then(serde_json::Value::as_str)
        .context("`container system status` names no app root")?;
    let podman = Path::new(root).join("podman");
    let file = |name: &str| -> Result<String> {
        let path = podman.join(name);
        ensure!(path.exists(), "{} is missing", path.display());
        Ok(path.to_string_lossy().into_owned())
    };
    Ok(vec![
        ("CONTAINERS_CONF".into(), file("containers.conf")?),
        ("CONTAINERS_STORAGE_CONF".into(), file("storage.conf")?),
        (
            "CONTAINERS_REGISTRIES_CONF".into(),
            file("registries.conf")?,
        ),
    ])
}

/// The ended steps in our JSON lines; nothing for who prints none.
fn phases(said: &str) -> Vec<Phase> {
    said.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| line["type"] == "step" && line["state"] == "done")
        .filter_map(|line| serde_json::from_value(line).ok())
        .collect()
}

/// Time that all cores worked and that passed, in ticks.
struct Load {
    busy: u64,
    all: u64,
}

impl Load {
    fn now() -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().context("an empty /proc/stat")?;
        let ticks: Vec<u64> = line
            .split_whitespace()
            .skip(1)
            .filter_map(|word| word.parse().ok())
            .collect();
        let all: u64 = ticks.iter().take(8).sum();
        // The fourth and fifth are idle and waiting for the disk.
        let idle: u64 = ticks.iter().skip(3).take(2).sum();
        Ok(Self {
            busy: all - idle,
            all,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "ticks of minutes")]
    fn busy_percent_since(&self, before: &Self) -> f64 {
        let all = (self.all - before.all).max(1) as f64;
        (self.busy - before.busy) as f64 / all * 100.0
    }
}

/// In every node image: nothing needs to be loaded into either contestant.
const PROBE_IMAGE: &str = "apple-k8s.dev/busybox:";

/// A server, its Service, and a client that ends when the Service's name answers.
const PROBE: &str = include_str!("probe.yaml");
