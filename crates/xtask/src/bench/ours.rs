//! Our own command.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::contestant::{Contestant, NAME, Restart, phases};
use super::session::{Session, undisturbed};
use super::store;

pub(super) struct AppleK8s {
    home: tempfile::TempDir,
}

impl AppleK8s {
    /// Sees to it that `container` runs and the node image is there.
    pub(super) fn prepare(session: &Session) -> Result<Self> {
        for (program, arguments) in [
            (
                "container",
                ["system", "start", "--enable-kernel-install"].as_slice(),
            ),
            ("apple-k8s", &["build", "node-image"]),
        ] {
            session.output(Command::new(program).args(arguments))?;
        }
        Ok(Self {
            home: tempfile::tempdir()?,
        })
    }

    /// Folder of what it knows of its clusters.
    pub(super) fn home(&self) -> &Path {
        self.home.path()
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

    fn beside(&self, program: &Path) -> Command {
        Command::new(program)
    }

    fn create(&self, session: &Session, nodes: usize, kubeconfig: &Path) -> Result<String> {
        let mut command = self.command();
        command
            .args(["create", "cluster", NAME, "--wait", "0"])
            .args(["--workers", &(nodes - 1).to_string()])
            .arg("--set-context")
            .arg("--kubeconfig")
            .arg(kubeconfig);
        session.output(&mut command)
    }

    fn delete(&self) -> Result<()> {
        let mut command = self.command();
        command
            .args(["delete", "cluster", NAME, "--kubeconfig"])
            .arg(self.home.path().join("kubeconfig"));
        undisturbed(&mut command).map(drop)
    }

    fn roots(&self, session: &Session, nodes: usize) -> Result<Vec<u32>> {
        let mut podman = Command::new("podman");
        podman.envs(store::own()?);
        store::roots(session, podman, nodes)
    }

    /// A node that was stopped counts as Ready only when its kubelet has said so since the start.
    fn restart(&self, session: &Session) -> Result<Option<Restart>> {
        session.output(self.command().args(["stop", "cluster", NAME]))?;
        let mut start = self.command();
        start.args(["start", "cluster", NAME, "--wait", "180s"]);
        let phases = phases(&session.output(&mut start)?);
        let ready = phases.iter().filter(|phase| phase.name == "ready");
        let last = ready.map(|phase| phase.at_ms).max();
        let last = Duration::from_millis(last.context("no node became Ready")?);
        Ok(Some(Restart {
            ready: last.as_secs_f64(),
            phases,
        }))
    }
}
