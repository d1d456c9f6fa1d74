//! kind with podman, as users get it, booting from the same image store as ours.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::contestant::{Contestant, NAME, Restart};
use super::memory;
use super::session::{Session, undisturbed};
use super::store::{self, Environment};
use super::world::World;
use crate::cache;

const KIND: &str = "sigs.k8s.io/kind@v0.33.0";

pub(super) struct Kind {
    program: PathBuf,
    environment: Environment,
    /// Ends before its folder is removed.
    world: World,
    folder: Folder,
}

impl Kind {
    pub(super) fn prepare() -> Result<Self> {
        let tools = cache::folder("tools")?;
        let program = tools.join("kind");
        if !program.exists() {
            eprintln!("Building {KIND}");
            let mut command = Command::new("go");
            command.args(["install", KIND]).env("GOBIN", &tools);
            undisturbed(&mut command)?;
        }
        let folder = Folder::make()?;
        Ok(Self {
            program,
            environment: store::beside(&folder.path)?,
            world: World::make(&folder.path.join("run"))?,
            folder,
        })
    }

    fn command(&self) -> Command {
        let mut command = self.world.command(&self.program);
        command
            .env("KIND_EXPERIMENTAL_PROVIDER", "podman")
            .envs(self.environment.clone());
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
        let config = self.folder.path.join("kind.yaml");
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
            .arg(self.folder.path.join("kubeconfig"));
        undisturbed(&mut command).map(drop)
    }

    fn roots(&self, session: &Session, nodes: usize) -> Result<Vec<u32>> {
        let mut podman = self.world.command("podman");
        podman.envs(self.environment.clone());
        let roots = store::roots(session, podman, nodes)?.into_iter();
        roots
            .map(|inner| memory::outside(self.world.init(), inner))
            .collect()
    }

    fn restart(&self, _: &Session) -> Result<Option<Restart>> {
        Ok(None)
    }
}

/// Where kind's podman keeps containers and volumes: on the disk, as users have it. Removed at the
/// end, and by the next benchmark if this one was killed.
struct Folder {
    path: PathBuf,
    /// Held while the folder is used.
    _lock: File,
}

impl Folder {
    fn make() -> Result<Self> {
        let path = cache::folder("bench")?.join("kind");
        let lock = File::create(path.with_extension("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another benchmark runs on this machine"),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let folder = Self { path, _lock: lock };
        folder.remove()?;
        fs::create_dir_all(&folder.path)?;
        Ok(folder)
    }

    fn remove(&self) -> Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("Warning: {error:#}");
        }
    }
}
