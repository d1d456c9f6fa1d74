//! Acceptance of a machine that nobody has run clusters on yet: a node, a cluster of two nodes, all
//! that makes up their life, and nothing left at the end. `tests/MAC.md` is the page for it.

mod access;
mod boot;
mod life;
mod network;
mod report;
mod runtime;
mod signature;

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::machine;
use crate::error::{Error, ErrorCode, Result};
use crate::home::Home;
use crate::lock::{ClusterLock, Work};
use crate::{Engine, Operation};

use report::Run;
pub use report::{Acceptance, AcceptanceCheck, AcceptanceState};

/// The cluster that is made.
const CLUSTER: &str = "mac-acceptance";
/// The node that is booted by itself.
const PROBE: &str = "mac-acceptance-probe";
/// Label of that node, with the mark of the home that made it.
const LABEL: &str = "apple-k8s.dev/acceptance";
const ONLY_ON_A_MAC: &str = "only on a Mac";

/// What is tried, with a home of its own inside the user's: no cluster of the user is seen by it, and
/// it is seen by none.
struct Trial {
    engine: Engine,
    op: Operation,
}

impl Engine {
    /// Tries everything that clusters need of this machine and its `container`, and cleans up.
    /// `found` is what [`Engine::locate`] gave. What fails is part of the report; an error means
    /// that there is none, because another acceptance runs or this one was cancelled. Killed at any
    /// point and run again, it removes what was left first.
    pub async fn acceptance(found: Result<Self>, op: &Operation) -> Result<Acceptance> {
        let system = machine::system();
        let mut run = Run::new(op);
        let os = std::env::consts::OS;
        run.check("machine", async { runtime::machine(os, &system) })
            .await?;
        match found {
            Ok(user) => {
                let trial = Trial::of(&user, op);
                let _held = trial.lock()?;
                let outcome = Box::pin(trial.run(&mut run)).await;
                let ready = run.passed("container");
                let cleared = trial.clean_up(ready).await;
                outcome.and(cleared)?;
            }
            Err(error) => {
                run.check("container", async { Err(error) }).await?;
                trial_skipped(&mut run).await?;
            }
        }
        run.check("signature", signature::check(os)).await?;
        run.skip("app", "for your eyes: tests/MAC.md says what to look at");
        let home = directories::BaseDirs::new();
        Ok(run.end(
            system.detail,
            home.as_ref().map(directories::BaseDirs::home_dir),
        ))
    }
}

/// What can't be tried without `container`.
async fn trial_skipped(run: &mut Run<'_>) -> Result<()> {
    for id in ["boot", "cluster", "network", "access", "restart", "delete"] {
        let work = async { Err(Error::new(ErrorCode::Internal, "tried without container")) };
        run.check_after("container", id, work).await?;
    }
    Ok(())
}

impl Trial {
    fn of(user: &Engine, op: &Operation) -> Self {
        let home = Home::at(user.home.root().join("acceptance"));
        Self {
            engine: Engine::new(user.container.clone(), home),
            op: op.clone(),
        }
    }

    async fn run(&self, run: &mut Run<'_>) -> Result<()> {
        run.check("container", Box::pin(self.runtime())).await?;
        let boot = async {
            self.clear().await?;
            self.boot().await
        };
        run.check_after("container", "boot", Box::pin(boot)).await?;
        run.check_after("boot", "cluster", Box::pin(self.cluster()))
            .await?;
        run.check_after("cluster", "network", Box::pin(self.network()))
            .await?;
        run.check_after("cluster", "access", Box::pin(self.access()))
            .await?;
        run.check_after("cluster", "restart", Box::pin(self.restart()))
            .await?;
        run.check_after("cluster", "delete", Box::pin(self.delete()))
            .await?;
        Ok(())
    }

    /// The kubeconfig that the cluster is written to, never the user's own.
    fn kubeconfig(&self) -> PathBuf {
        self.engine.home.root().join("kubeconfig")
    }

    /// One acceptance at a time.
    fn lock(&self) -> Result<ClusterLock> {
        let locked = self.engine.home.lock("acceptance", Work::Acceptance);
        locked.map_err(|error| match error.code {
            ErrorCode::ClusterBusy => Error {
                message: "another acceptance is under way".into(),
                ..error
            },
            _ => error,
        })
    }

    /// Removes what an earlier or this acceptance made. Not cancellable: it cleans up.
    async fn clear(&self) -> Result<()> {
        let container = &self.engine.container;
        let mark = self.mark();
        let all = container.list(true).await?;
        let probes = all.iter().filter(|one| one.label(LABEL) == Some(&mark));
        let probes: Vec<&str> = probes.map(|one| one.id.as_str()).collect();
        match container.delete(&probes, true).await {
            Err(container::Error::NoSuchContainer { .. }) => {}
            outcome => outcome?,
        }
        let file = self.kubeconfig();
        let op = Operation::silent();
        match self.engine.delete(CLUSTER, Some(&file), &op).await {
            // Of another home, and none of ours: creating it says so.
            Err(error) if error.code == ErrorCode::ClusterForeign => {}
            outcome => drop(outcome?),
        }
        Ok(())
    }

    /// Removes everything but logs of what failed. When `container` was of no use, nothing was made
    /// with it.
    async fn clean_up(&self, made: bool) -> Result<()> {
        if made {
            self.clear().await?;
        }
        let root = self.engine.home.root();
        for gone in ["clusters", "kubeconfig"] {
            let path = root.join(gone);
            let outcome = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            match outcome {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io("remove", &path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Tells the nodes of this home from those of others.
    fn mark(&self) -> String {
        let digest = Sha256::digest(self.engine.home.root().as_os_str().as_encoded_bytes());
        let first = digest.iter().take(8);
        first
            .fold(0u64, |mark, byte| (mark << 8) | u64::from(*byte))
            .to_string()
    }

    /// The client whose calls end when the whole is cancelled.
    fn container(&self) -> container::Container {
        self.engine.container.cancelled_by(self.op.cancel.clone())
    }
}
