//! What can go wrong with a call, each with the program's own words kept.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::Version;

/// Result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed call as it happened: what was asked, how it ended, what it said.
///
/// Values of environment variables and standard input are never part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The call without secrets, such as `container run --name demo …`.
    pub call: String,
    /// Exit status; `None` when a signal ended the program.
    pub status: Option<i32>,
    /// The program's standard error, the last part when it was long.
    pub stderr: String,
}

impl Failure {
    /// The part of the program's words that says what went wrong: from the last line that
    /// starts with `Error: `, or the last line at all.
    pub fn message(&self) -> &str {
        let text = self.stderr.trim();
        let start = if text.starts_with("Error: ") {
            Some(0)
        } else {
            text.rfind("\nError: ").map(|at| at + 1)
        };
        match start {
            Some(at) => text[at..].trim_start_matches("Error: "),
            None => text.lines().last().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.message(), self.status) {
            ("", Some(status)) => write!(f, "`{}` ended with status {status}", self.call),
            ("", None) => write!(f, "`{}` was ended by a signal", self.call),
            (message, _) => f.write_str(message),
        }
    }
}

/// Everything a call can fail with. [`Error::hint`] says what to do next, [`Error::original`]
/// gives the program's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program is nowhere.
    #[error(
        "the `container` command was not found (looked at {})",
        list(looked_at)
    )]
    NotFound {
        /// The places that were tried, in order.
        looked_at: Vec<PathBuf>,
    },
    /// The program exists but could not be started at all.
    #[error("`{}` could not be started: {reason}", program.display())]
    NotExecutable {
        /// The program.
        program: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// A release before 1.0.0.
    #[error("`container` {version} is too old: 1.0.0 or newer is needed")]
    TooOld {
        /// The version found.
        version: Version,
    },
    /// A release that is known not to work.
    #[error("`container` {version} cannot run nodes: {reason}")]
    Refused {
        /// The version found.
        version: Version,
        /// Why it is refused.
        reason: &'static str,
    },
    /// The background services do not answer.
    #[error("the services of `container` are not running")]
    ServiceStopped(Box<Failure>),
    /// No guest kernel is installed.
    #[error("`container` has no Linux kernel to boot containers with")]
    NoKernel(Box<Failure>),
    /// The call took longer than its limit; its process group was ended.
    #[error("`{call}` did not finish within {}", seconds(after))]
    Timeout {
        /// The call without secrets.
        call: String,
        /// The limit.
        after: Duration,
        /// What it had written to standard error by then.
        stderr: String,
    },
    /// The caller cancelled; the process group was ended.
    #[error("`{call}` was cancelled")]
    Cancelled {
        /// The call without secrets.
        call: String,
    },
    /// The container exists but does not run.
    #[error("container {id} is not running")]
    NotRunning {
        /// The container.
        id: String,
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// The container runs, and the call needs it stopped.
    #[error("container {id} is running")]
    StillRunning {
        /// The container.
        id: String,
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// No container of that name.
    #[error("there is no container {}", ids.join(", "))]
    NoSuchContainer {
        /// The unknown ids.
        ids: Vec<String>,
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// The name is taken.
    #[error("{name} exists already")]
    AlreadyExists {
        /// The name.
        name: String,
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// The image is neither stored nor to be had.
    #[error("image {reference} was not found")]
    ImageNotFound {
        /// The image as it was asked for.
        reference: String,
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// The image is stored, but not for the platform asked for.
    #[error("image {reference} has no content for {platform}")]
    ImageWrongPlatform {
        /// The image.
        reference: String,
        /// The platform asked for.
        platform: String,
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// A registry could not be reached or refused.
    #[error("the registry did not hand out the image: {failure}")]
    Registry {
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// A host port to publish on is taken.
    #[error("a port to publish is in use on this machine: {failure}")]
    PortInUse {
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// The operating system refused.
    #[error("permission denied: {failure}")]
    PermissionDenied {
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// The disk is full.
    #[error("the disk is full: {failure}")]
    NoSpace {
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// The source of a mount is not there.
    #[error("mount source {path} does not exist")]
    MountSourceMissing {
        /// The path.
        path: String,
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// The network is unknown.
    #[error("there is no network {name}")]
    NoSuchNetwork {
        /// The network.
        name: String,
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// The volume is unknown.
    #[error("there is no volume {name}")]
    NoSuchVolume {
        /// The volume.
        name: String,
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// The program of an `exec` does not exist inside the container.
    #[error("{program} does not exist in container {id}")]
    NoSuchProgram {
        /// The container.
        id: String,
        /// The program.
        program: String,
        /// The call's own words.
        failure: Box<Failure>,
    },
    /// The command line was refused (exit status 64).
    #[error("`container` does not know this command line: {0}")]
    Usage(Box<Failure>),
    /// An argument that could never work; nothing was started.
    #[error("{what} is not usable: {reason}")]
    Invalid {
        /// What was given.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The program answered something that cannot be read.
    #[error("`{call}` answered something unreadable: {reason}")]
    Garbage {
        /// The call without secrets.
        call: String,
        /// What is wrong with the answer.
        reason: String,
        /// The first part of the answer.
        answer: String,
    },
    /// Anything else.
    #[error("{0}")]
    Failed(Box<Failure>),
    /// Reading or writing a file or pipe on this side failed.
    #[error("{what}: {reason}")]
    Io {
        /// What was being done.
        what: String,
        /// The operating system's words.
        reason: String,
    },
}

impl Error {
    /// A short, stable word for the kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "container-not-found",
            Self::NotExecutable { .. } => "container-not-executable",
            Self::TooOld { .. } => "container-too-old",
            Self::Refused { .. } => "container-refused",
            Self::ServiceStopped(_) => "container-stopped",
            Self::NoKernel(_) => "container-no-kernel",
            Self::Timeout { .. } => "container-timeout",
            Self::Cancelled { .. } => "cancelled",
            Self::NotRunning { .. } => "not-running",
            Self::StillRunning { .. } => "still-running",
            Self::NoSuchContainer { .. } => "no-such-container",
            Self::AlreadyExists { .. } => "already-exists",
            Self::ImageNotFound { .. } => "image-not-found",
            Self::ImageWrongPlatform { .. } => "image-wrong-platform",
            Self::Registry { .. } => "registry",
            Self::PortInUse { .. } => "port-in-use",
            Self::PermissionDenied { .. } => "permission-denied",
            Self::NoSpace { .. } => "no-space",
            Self::MountSourceMissing { .. } => "mount-source-missing",
            Self::NoSuchNetwork { .. } => "no-such-network",
            Self::NoSuchVolume { .. } => "no-such-volume",
            Self::NoSuchProgram { .. } => "no-such-program",
            Self::Usage(_) => "container-usage",
            Self::Invalid { .. } => "invalid",
            Self::Garbage { .. } => "container-garbage",
            Self::Failed(_) => "container-failed",
            Self::Io { .. } => "io",
        }
    }

    /// What to do next, in one sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => {
                "Install Apple's `container` (https://github.com/apple/container/releases), or set APPLE_K8S_CONTAINER to its path."
            }
            Self::NotExecutable { .. } => {
                "Check that the file is a program that this user may run."
            }
            Self::TooOld { .. } | Self::Refused { .. } => {
                "Install the newest release of `container`, then run `container system stop` and `container system start`."
            }
            Self::ServiceStopped(_) => {
                "Start the services with `container system start --enable-kernel-install`."
            }
            Self::NoKernel(_) => {
                "Install the recommended kernel with `container system kernel set --recommended`."
            }
            Self::Timeout { .. } => {
                "If `container list` hangs as well, run `container system stop` and `container system start`; else try again."
            }
            Self::Cancelled { .. } => "Run the command again to finish or to clean up.",
            Self::NotRunning { .. } => "Start it first.",
            Self::StillRunning { .. } => "Stop it first.",
            Self::NoSuchContainer { .. } => {
                "It may have been deleted in the meantime; `container list --all` shows what is there."
            }
            Self::AlreadyExists { .. } => "Choose another name, or delete what has that name.",
            Self::ImageNotFound { .. } => {
                "Check the name with `container image list`, or load or build the image first."
            }
            Self::ImageWrongPlatform { .. } => {
                "Use an image built for this machine's architecture."
            }
            Self::Registry { .. } => {
                "Check the network and the image's name, or load the image from an archive."
            }
            Self::PortInUse { .. } => "Choose another port, or end the program that listens on it.",
            Self::PermissionDenied { .. } => {
                "Check the permissions of the path or port that is named; ports below 1024 need root."
            }
            Self::NoSpace { .. } => {
                "Free some disk space; `container system df` shows what images and containers use."
            }
            Self::MountSourceMissing { .. } => "Create the path, or correct it.",
            Self::NoSuchNetwork { .. } => "`container network list` shows the networks.",
            Self::NoSuchVolume { .. } => "`container volume list` shows the volumes.",
            Self::NoSuchProgram { .. } => {
                "Check that the container was made from the intended image."
            }
            Self::Usage(_) => {
                "This release of `container` may be too old or too new; please report it with the output of `container --version`."
            }
            Self::Invalid { .. } => "Correct the value.",
            Self::Garbage { .. } => {
                "Check that this program is Apple's `container`: `container --version`."
            }
            Self::Failed(_) => {
                "The words of `container` above say more; `container system logs --last 5m` may too."
            }
            Self::Io { .. } => "Check the path, its permissions and the free space.",
        }
    }

    /// The failed call, when the program ran and ended with an error.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::ServiceStopped(failure)
            | Self::NoKernel(failure)
            | Self::Usage(failure)
            | Self::Failed(failure)
            | Self::NotRunning { failure, .. }
            | Self::StillRunning { failure, .. }
            | Self::NoSuchContainer { failure, .. }
            | Self::AlreadyExists { failure, .. }
            | Self::ImageNotFound { failure, .. }
            | Self::ImageWrongPlatform { failure, .. }
            | Self::Registry { failure }
            | Self::PortInUse { failure }
            | Self::PermissionDenied { failure }
            | Self::NoSpace { failure }
            | Self::MountSourceMissing { failure, .. }
            | Self::NoSuchNetwork { failure, .. }
            | Self::NoSuchVolume { failure, .. }
            | Self::NoSuchProgram { failure, .. } => Some(failure),
            _ => None,
        }
    }

    /// The program's own words, as far as there are any.
    pub fn original(&self) -> Option<&str> {
        match self {
            Self::Timeout { stderr, .. } => Some(stderr.as_str()),
            Self::Garbage { answer, .. } => Some(answer.as_str()),
            other => other.failure().map(|failure| failure.stderr.as_str()),
        }
        .filter(|text| !text.trim().is_empty())
    }

    pub(crate) fn io(what: impl Into<String>, error: &std::io::Error) -> Self {
        Self::Io {
            what: what.into(),
            reason: error.to_string(),
        }
    }

    pub(crate) fn invalid(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid {
            what: what.into(),
            reason: reason.into(),
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    let shown: Vec<_> = paths.iter().map(|p| p.display().to_string()).collect();
    shown.join(", ")
}

fn seconds(duration: &Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}
