//! Containers: run, stop, look at, delete.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::args::Args;
use crate::capture::Keep;
use crate::client::{Container, Ended, Sink};
use crate::error::{Error, Result};
use crate::info::ContainerInfo;
use crate::run_spec::{RunSpec, check_id};
use crate::stream::Lines;

/// The first container of an image unpacks it, which takes minutes for a large one.
const RUN: Duration = Duration::from_mins(10);
const START: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_secs(30);
const DELETE: Duration = Duration::from_mins(2);
const KILL: Duration = Duration::from_secs(30);
const COPY: Duration = Duration::from_mins(10);
/// Room for turning the virtual machine off after the time the guest got.
const STOP_MARGIN: Duration = Duration::from_secs(30);
/// Following ends when the caller ends it.
const FOLLOW: Duration = Duration::from_hours(24 * 365);
/// Kept end of a log.
const LOG_LIMIT: usize = 16 << 20;

/// Resource use of one running container at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Stats {
    /// The container.
    pub id: String,
    /// CPU time used since its start in microseconds; a rate needs two samples.
    pub cpu_usage_usec: Option<u64>,
    /// Memory used in bytes.
    pub memory_usage_bytes: Option<u64>,
    /// Memory limit in bytes.
    pub memory_limit_bytes: Option<u64>,
    /// Bytes received.
    pub network_rx_bytes: Option<u64>,
    /// Bytes sent.
    pub network_tx_bytes: Option<u64>,
    /// Bytes read from disks.
    pub block_read_bytes: Option<u64>,
    /// Bytes written to disks.
    pub block_write_bytes: Option<u64>,
    /// Number of processes.
    pub num_processes: Option<u64>,
}

/// Which log of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Log {
    /// Both streams of its first process; truncated at each start.
    #[default]
    Process,
    /// The console of its virtual machine.
    Boot,
}

impl Container {
    /// Creates a container and starts it; gives its id once the first process was started, which
    /// is before its services are up. When something fails after the creation the program
    /// removes the container again.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`], [`Error::ImageNotFound`], [`Error::PortInUse`],
    /// [`Error::MountSourceMissing`], [`Error::NoKernel`], [`Error::NoSpace`], and whatever a
    /// call can fail with.
    pub async fn run(&self, spec: &RunSpec) -> Result<String> {
        let words = ["run", "--detach", "--progress", "none"];
        self.make(spec, &words).await
    }

    /// Creates a container without starting it; gives its id. Errors as [`Container::run`].
    pub async fn create(&self, spec: &RunSpec) -> Result<String> {
        self.make(spec, &["create"]).await
    }

    async fn make(&self, spec: &RunSpec, words: &[&str]) -> Result<String> {
        let known = if spec.unmasked {
            Some(self.capabilities().await?)
        } else {
            None
        };
        let args = spec.args(words, known.as_ref())?;
        let lines = self.call_lines(&args, RUN).await?;
        lines.into_iter().next_back().ok_or_else(|| Error::Garbage {
            call: args.shown().to_owned(),
            reason: "no id in it".to_owned(),
            answer: String::new(),
        })
    }

    /// Starts a stopped container; one that runs is left alone. It gets another address.
    pub async fn start(&self, id: &str) -> Result<()> {
        check_id(id)?;
        let mut args = Args::new(&["start"]);
        args.push(id);
        self.call(&args, START).await.map(drop)
    }

    /// Stops containers: sends each its stop signal, waits at most `patience` (whole seconds),
    /// then kills. Stopped ones are left alone. With no ids nothing is done.
    ///
    /// # Errors
    /// [`Error::NoSuchContainer`] names the unknown ids; the others were stopped.
    pub async fn stop(&self, ids: &[impl AsRef<str>], patience: Duration) -> Result<()> {
        let mut args = Args::new(&["stop"]);
        args.option("-t", patience.as_secs().to_string());
        // Several are stopped one after the other in the worst case.
        let rounds = u32::try_from(ids.len()).unwrap_or(u32::MAX).max(1);
        let limit = (patience + STOP_MARGIN).saturating_mul(rounds);
        self.on_ids(args, ids, limit).await
    }

    /// Kills containers with SIGKILL.
    pub async fn kill(&self, ids: &[impl AsRef<str>]) -> Result<()> {
        self.on_ids(Args::new(&["kill"]), ids, KILL).await
    }

    /// Deletes containers with their disks; with `force` running ones are killed first. With no
    /// ids nothing is done.
    ///
    /// # Errors
    /// [`Error::NoSuchContainer`] names the unknown ids; the others were deleted.
    /// [`Error::StillRunning`] without `force`.
    pub async fn delete(&self, ids: &[impl AsRef<str>], force: bool) -> Result<()> {
        let mut args = Args::new(&["delete"]);
        args.switch("--force", force);
        self.on_ids(args, ids, DELETE).await
    }

    async fn on_ids(&self, mut args: Args, ids: &[impl AsRef<str>], limit: Duration) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        for id in ids {
            check_id(id.as_ref())?;
            args.push(id.as_ref());
        }
        self.call(&args, limit).await.map(drop)
    }

    /// Containers, only running ones unless `all`. There are no filters: look at the labels.
    pub async fn list(&self, all: bool) -> Result<Vec<ContainerInfo>> {
        let mut args = Args::new(&["list", "--format", "json"]);
        args.switch("--all", all);
        self.call_json(&args, LOOK).await
    }

    /// Containers by id, in any order.
    ///
    /// # Errors
    /// [`Error::NoSuchContainer`] with all unknown ids; nothing is told about the others then.
    pub async fn inspect(&self, ids: &[impl AsRef<str>]) -> Result<Vec<ContainerInfo>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut args = Args::new(&["inspect"]);
        for id in ids {
            check_id(id.as_ref())?;
            args.push(id.as_ref());
        }
        self.call_json(&args, LOOK).await
    }

    /// One container by id; errors as [`Container::inspect`].
    pub async fn inspect_one(&self, id: &str) -> Result<ContainerInfo> {
        let found = self.inspect(&[id]).await?;
        found
            .into_iter()
            .find(|container| container.id == id)
            .ok_or_else(|| Error::Garbage {
                call: format!("container inspect {id}"),
                reason: "the container is not in it".to_owned(),
                answer: String::new(),
            })
    }

    /// A container's log, its last 16 MiB, or its last `lines` lines.
    pub async fn logs(&self, id: &str, log: Log, lines: Option<u32>) -> Result<String> {
        let args = logs_args(id, log, lines)?;
        let ended = self
            .run_to_end(&args, LOOK, None, Sink::Keep(Keep::Tail, LOG_LIMIT))
            .await?;
        ended.text(&args)
    }

    /// A container's log line by line as it grows, until it is dropped or cancelled.
    pub fn follow_logs(&self, id: &str, log: Log, lines: Option<u32>) -> Result<Lines> {
        let mut args = logs_args(id, log, lines)?;
        args.push("--follow");
        Lines::start(self, args, false, FOLLOW, None)
    }

    /// Resource use of running containers, all of them when no id is given. Stopped ones are
    /// left out. The program itself samples for two seconds.
    pub async fn stats(&self, ids: &[impl AsRef<str>]) -> Result<Vec<Stats>> {
        let mut args = Args::new(&["stats", "--no-stream", "--format", "json"]);
        for id in ids {
            check_id(id.as_ref())?;
            args.push(id.as_ref());
        }
        self.call_json(&args, LOOK).await
    }

    /// Copies a file or folder of the host into a running container. For much data or a proof
    /// that it arrived use [`Container::exec_with_input`] and a digest.
    pub async fn copy_in(&self, from: &Path, id: &str, to: &str) -> Result<()> {
        check_id(id)?;
        let mut args = Args::new(&["copy"]);
        args.push(host_path(from)?).push(inside(id, to)?);
        self.call(&args, COPY).await.map(drop)
    }

    /// Copies a file or folder out of a running container.
    pub async fn copy_out(&self, id: &str, from: &str, to: &Path) -> Result<()> {
        check_id(id)?;
        let mut args = Args::new(&["copy"]);
        args.push(inside(id, from)?).push(host_path(to)?);
        self.call(&args, COPY).await.map(drop)
    }
}

impl Ended {
    /// Standard output of a call that succeeded, as text, cut or not.
    pub(crate) fn text(mut self, args: &Args) -> Result<String> {
        self.stdout_cut = false;
        let bytes = self.answer(args)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn logs_args(id: &str, log: Log, lines: Option<u32>) -> Result<Args> {
    check_id(id)?;
    let mut args = Args::new(&["logs"]);
    args.switch("--boot", log == Log::Boot)
        .optional("-n", lines.map(|n| n.to_string()))
        .push(id);
    Ok(args)
}

fn inside(id: &str, path: &str) -> Result<String> {
    if path.starts_with('/') {
        Ok(format!("{id}:{path}"))
    } else {
        Err(Error::invalid(
            format!("path `{path}` in container {id}"),
            "it must be absolute",
        ))
    }
}

/// A path that cannot be taken for `id:path` nor for a flag.
fn host_path(path: &Path) -> Result<&Path> {
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(Error::invalid(
            format!("path `{}`", path.display()),
            "it must be absolute",
        ))
    }
}
