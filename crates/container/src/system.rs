//! The program itself and its services.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::args::Args;
use crate::capture::Keep;
use crate::classify::classify;
use crate::client::{Container, Sink, excerpt, parse};
use crate::error::{Error, Result};
use crate::json::or_default;
use crate::version::{Capabilities, Version};

const QUICK: Duration = Duration::from_secs(15);
/// `system status` itself waits 10 s for an answer.
const STATUS: Duration = Duration::from_secs(12);
/// Long enough to download a kernel and the first image.
const SYSTEM_START: Duration = Duration::from_mins(30);
const SYSTEM_STOP: Duration = Duration::from_mins(2);

/// State of the services, from both shapes of `system status`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SystemStatus {
    /// The program's word: `running`, `unregistered` (never started) or `not running` (silent).
    pub status: String,
    /// Folder of images, containers and kernels; only told while running.
    pub app_root: Option<PathBuf>,
    /// Folder of the installation.
    pub install_root: Option<PathBuf>,
    /// Version of the program; from 1.4.1.
    pub client: Option<Version>,
    /// Version of the services. It differs from the program's after an upgrade without a restart.
    pub server: Option<Version>,
}

impl SystemStatus {
    /// Whether the services answer.
    pub fn is_running(&self) -> bool {
        self.status == "running"
    }

    /// The installed guest kernel for an architecture (`arm64`), which is the truth about what
    /// boots: `system property list` shows only what is configured. `None` when there is none.
    pub fn installed_kernel(&self, architecture: &str) -> Option<PathBuf> {
        let link = self
            .app_root
            .as_deref()?
            .join("kernels")
            .join(format!("default.kernel-{architecture}"));
        std::fs::canonicalize(link).ok()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatus {
    status: String,
    app_root: Option<String>,
    install_root: Option<String>,
    api_server_version: Option<String>,
    paths: Option<RawPaths>,
    client: Option<RawSide>,
    server: Option<RawSide>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPaths {
    app_root: Option<String>,
    install_root: Option<String>,
}

#[derive(Deserialize)]
struct RawSide {
    #[serde(default, deserialize_with = "or_default")]
    version: String,
}

impl From<RawStatus> for SystemStatus {
    fn from(raw: RawStatus) -> Self {
        let (app_root, install_root) = match raw.paths {
            Some(paths) => (paths.app_root, paths.install_root),
            None => (raw.app_root, raw.install_root),
        };
        let path = |text: Option<String>| text.filter(|t| !t.is_empty()).map(PathBuf::from);
        let version = |side: Option<RawSide>| side.and_then(|s| Version::find(&s.version));
        Self {
            status: raw.status,
            app_root: path(app_root),
            install_root: path(install_root),
            client: version(raw.client),
            server: version(raw.server)
                .or_else(|| Version::find(raw.api_server_version.as_deref()?)),
        }
    }
}

/// Disk usage of one kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// Number in use.
    pub active: u64,
    /// Number.
    pub total: u64,
    /// Size in bytes.
    pub size_in_bytes: u64,
    /// Bytes that deleting unused ones would free.
    pub reclaimable: u64,
}

/// Disk usage, from `system df`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct DiskUsage {
    /// Containers.
    pub containers: Usage,
    /// Images.
    pub images: Usage,
    /// Volumes.
    pub volumes: Usage,
}

impl Container {
    /// The program's own version; works while the services are down.
    ///
    /// # Errors
    /// [`Error::Garbage`] when there is no version in the answer.
    pub async fn version(&self) -> Result<Version> {
        let args = Args::new(&["--version"]);
        let answer = self.call(&args, QUICK).await?;
        Version::find(&String::from_utf8_lossy(&answer)).ok_or_else(|| Error::Garbage {
            call: args.shown().to_owned(),
            reason: "no version number in it".to_owned(),
            answer: excerpt(&answer),
        })
    }

    /// What the program can do: its version, checked, and the flags of `run`. Asked once, then
    /// remembered by this client and its clones.
    ///
    /// # Errors
    /// [`Error::TooOld`], [`Error::Refused`], and whatever a call can fail with.
    pub async fn capabilities(&self) -> Result<Capabilities> {
        self.known_capabilities()
            .get_or_try_init(|| async {
                let args = Args::new(&["run", "--help"]);
                let (version, help) = tokio::join!(self.version(), self.call(&args, QUICK));
                let version = version?;
                version.check()?;
                Ok(Capabilities::read(
                    version,
                    &String::from_utf8_lossy(&help?),
                ))
            })
            .await
            .copied()
    }

    /// State of the services. That they are down is an answer, not an error.
    pub async fn status(&self) -> Result<SystemStatus> {
        let args = Args::new(&["system", "status", "--format", "json"]);
        let ended = self
            .run_to_end(&args, STATUS, None, Sink::Keep(Keep::Head, 1 << 20))
            .await?;
        // Down is exit status 1 with JSON on standard output.
        match parse::<RawStatus>(&args, &ended.stdout) {
            Ok(raw) => Ok(raw.into()),
            Err(garbage) if ended.status.success() => Err(garbage),
            Err(_) => match self.version().await.and_then(Version::check) {
                Err(error @ (Error::TooOld { .. } | Error::Refused { .. })) => Err(error),
                _ => Err(classify(ended.failure(&args))),
            },
        }
    }

    /// Everything that has to be true before nodes can run: a usable release and answering
    /// services.
    ///
    /// # Errors
    /// [`Error::TooOld`], [`Error::Refused`], [`Error::ServiceStopped`], and whatever a call can
    /// fail with.
    pub async fn ready(&self) -> Result<(Capabilities, SystemStatus)> {
        let (capabilities, status) = tokio::join!(self.capabilities(), self.status());
        let (capabilities, status) = (capabilities?, status?);
        if !status.is_running() {
            return Err(Error::ServiceStopped(Box::new(crate::Failure {
                call: "container system status --format json".to_owned(),
                status: Some(1),
                stderr: format!("the services are {}", status.status),
            })));
        }
        Ok((capabilities, status))
    }

    /// Starts the services and installs the recommended kernel when there is none. Does nothing
    /// when they run. The first time may download for minutes.
    pub async fn system_start(&self) -> Result<()> {
        let args = Args::new(&["system", "start", "--enable-kernel-install"]);
        self.call(&args, SYSTEM_START).await.map(drop)
    }

    /// Stops all containers and the services.
    pub async fn system_stop(&self) -> Result<()> {
        self.call(&Args::new(&["system", "stop"]), SYSTEM_STOP)
            .await
            .map(drop)
    }

    /// Replaces the installed guest kernel by the recommended one, about 570 MB to download. An
    /// upgrade of the program keeps the old kernel, so this is never done by itself.
    ///
    /// # Errors
    /// [`Error::ServiceStopped`], and whatever a call can fail with.
    pub async fn kernel_set_recommended(&self) -> Result<()> {
        let (_, status) = self.ready().await?;
        if let Some(app_root) = status.app_root {
            // Release 1.5.0 fails when the folder is missing.
            let folder = app_root.join("kernels");
            tokio::fs::create_dir_all(&folder)
                .await
                .map_err(|e| Error::io(format!("create {}", folder.display()), &e))?;
        }
        let args = Args::new(&["system", "kernel", "set", "--recommended", "--force"]);
        self.call(&args, SYSTEM_START).await.map(drop)
    }

    /// Disk usage of images, containers and volumes.
    pub async fn system_df(&self) -> Result<DiskUsage> {
        let args = Args::new(&["system", "df", "--format", "json"]);
        self.call_json(&args, Duration::from_mins(1)).await
    }

    /// The end of the services' own log, as text. The period is rounded up to whole minutes, the
    /// smallest unit that every release takes.
    pub async fn system_logs(&self, last: Duration) -> Result<String> {
        let last = format!("{}m", last.as_secs().div_ceil(60).max(1));
        let mut args = Args::new(&["system", "logs"]);
        args.option("--last", last);
        let ended = self
            .run_to_end(
                &args,
                Duration::from_mins(1),
                None,
                Sink::Keep(Keep::Tail, 8 << 20),
            )
            .await?;
        ended.text(&args)
    }
}
