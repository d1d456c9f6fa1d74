//! kind with podman, as users get it, booting from the same image store as ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::contestant::{Contestant, NAME};
use super::session::{Session, undisturbed};
use super::store;
use super::world::World;
use crate::cache;

const KIND: &str = "sigs.k8s.io/kind@v0.33.0";
/// The network that kind makes for its nodes.
const NETWORK: &str = "kind";

pub(super) struct Kind {
    program: PathBuf,
    environment: Vec<(String, String)>,
    world: World,
    folder: tempfile::TempDir,
}

impl Kind {
    pub(super) fn prepare() -> Result<Self> {
        let folder = cache::folder("tools")?;
        let program = folder.join("kind");
        if !program.exists() {
            eprintln!("Building {KIND}");
            let mut command = Command::new("go");
            command.args(["install", KIND]).env("GOBIN", &folder);
            undisturbed(&mut command)?;
        }
        Ok(Self {
            program,
            environment: store::environment()?,
            world: World::make()?,
            folder: tempfile::tempdir()?,
        })
    }

    fn command(&self) -> Command {
        let mut command = self.world.command(&self.program);
        command
            .env("KIND_EXPERIMENTAL_PROVIDER", "podman")
            .envs(self.environment.clone());
        command
    }

    fn podman(&self) -> Command {
        let mut command = self.world.command("podman");
        command.envs(self.environment.clone());
        command
    }
}

impl Contestant for Kind {
    fn name(&self) -> &'static str {
        "kind"
    }

    fn beside(&self, program: &Path) -> Command {
        self.world.command(program)
    }

    fn create(&self, session: &Session, nodes: usize, kubeconfig: &Path) -> Result<String> {
        // kind wants this folder on the host, whatever is in it.
        fs::create_dir_all("/lib/modules")?;
        let config = self.folder.path().join("kind.yaml");
        let workers = "- role: worker\n".repeat(nodes - 1);
        fs::write(
            &config,
            format!(
                "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n{workers}"
            ),
        )?;
        let mut command = self.command();
        command
            .args(["create", "cluster", "--name", NAME])
            .args(["--image", &store::node_image()])
            .arg("--config")
            .arg(config)
            .arg("--kubeconfig")
            .arg(kubeconfig);
        session.output(&mut command)
    }

    fn delete(&self) -> Result<()> {
        let mut command = self.command();
        command
            .args(["delete", "cluster", "--name", NAME, "--kubeconfig"])
            .arg(self.folder.path().join("kubeconfig"));
        undisturbed(&mut command)?;
        // kind keeps its network for the next cluster.
        let known = undisturbed(self.podman().args([
            "network",
            "ls",
            "--quiet",
            "--filter",
            &format!("name=^{NETWORK}$"),
        ]))?;
        if !known.trim().is_empty() {
            undisturbed(self.podman().args(["network", "rm", NETWORK]))?;
        }
        Ok(())
    }

    fn roots(&self, session: &Session, nodes: usize) -> Result<Vec<u32>> {
        store::roots(session, self.podman(), nodes)
    }

    fn restart(&self, _: &Session) -> Result<Option<f64>> {
        Ok(None)
    }
}
