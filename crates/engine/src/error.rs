//! The one error form of the product: what happened, what it means, what to do next.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use ts_rs::TS;

/// Result of every engine operation.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of failure it is, by what a person can do about it.
///
/// The same code is the CLI's exit status ([`ErrorCode::exit_status`]), the `code` of
/// `--output json` and what the app branches on. Add one only when somebody acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, TS)]
#[non_exhaustive]
pub enum ErrorCode {
    /// A defect or a failure without a code of its own.
    Internal,
    /// The command line or a request makes no sense.
    Usage,
    /// The `container` program is not installed.
    RuntimeMissing,
    /// The services of `container` are not running.
    RuntimeStopped,
    /// `container` is older than the oldest release that can run nodes.
    RuntimeTooOld,
    /// A release of `container` known not to work (1.2.0).
    RuntimeRefused,
    /// `container` did not answer in time.
    RuntimeHung,
    /// `container` failed in another way.
    RuntimeFailed,
    /// No guest kernel is installed.
    KernelMissing,
    /// The Cluster YAML has errors.
    ConfigInvalid,
    /// A subnet overlaps another one or a network of the host.
    SubnetConflict,
    /// A port on the host is taken.
    PortInUse,
    /// A host folder to mount does not exist.
    MountSourceMissing,
    /// An image is not in the image store, or an archive is not there.
    ImageMissing,
    /// An image is for another processor architecture.
    ImageWrongPlatform,
    /// A file is not an image archive, or an image is not a node image.
    ImageInvalid,
    /// No cluster of that name.
    ClusterNotFound,
    /// A cluster of that name exists already.
    ClusterExists,
    /// Another operation works on the cluster.
    ClusterBusy,
    /// The cluster is stopped and the operation needs it running.
    ClusterStopped,
    /// The cluster was only half made, or half deleted.
    ClusterIncomplete,
    /// A running cluster can't be changed in this way: it takes a new one.
    ChangeImpossible,
    /// The cluster was made with another home of the product.
    ClusterForeign,
    /// Setting up Kubernetes on a node failed.
    NodeFailed,
    /// The cluster was not ready in the time given.
    NotReady,
    /// A kubeconfig file can't be read or parsed.
    KubeconfigUnreadable,
    /// A kubeconfig file is locked by another program.
    KubeconfigLocked,
    /// A kubeconfig file can't be written.
    KubeconfigUnwritable,
    /// The disk is full.
    NoSpace,
    /// A file or socket may not be used.
    PermissionDenied,
    /// The user cancelled.
    Cancelled,
}

impl ErrorCode {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 31] = [
        Self::Internal,
        Self::Usage,
        Self::RuntimeMissing,
        Self::RuntimeStopped,
        Self::RuntimeTooOld,
        Self::RuntimeRefused,
        Self::RuntimeHung,
        Self::RuntimeFailed,
        Self::KernelMissing,
        Self::ConfigInvalid,
        Self::SubnetConflict,
        Self::PortInUse,
        Self::MountSourceMissing,
        Self::ImageMissing,
        Self::ImageWrongPlatform,
        Self::ImageInvalid,
        Self::ClusterNotFound,
        Self::ClusterExists,
        Self::ClusterBusy,
        Self::ClusterStopped,
        Self::ClusterIncomplete,
        Self::ChangeImpossible,
        Self::ClusterForeign,
        Self::NodeFailed,
        Self::NotReady,
        Self::KubeconfigUnreadable,
        Self::KubeconfigLocked,
        Self::KubeconfigUnwritable,
        Self::NoSpace,
        Self::PermissionDenied,
        Self::Cancelled,
    ];

    /// Exit status of the CLI: stable, one per code.
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::RuntimeMissing => 10,
            Self::RuntimeStopped => 11,
            Self::RuntimeTooOld => 12,
            Self::RuntimeRefused => 13,
            Self::RuntimeHung => 14,
            Self::RuntimeFailed => 15,
            Self::KernelMissing => 16,
            Self::ConfigInvalid => 20,
            Self::SubnetConflict => 21,
            Self::PortInUse => 22,
            Self::MountSourceMissing => 23,
            Self::ImageMissing => 30,
            Self::ImageWrongPlatform => 31,
            Self::ImageInvalid => 32,
            Self::ClusterNotFound => 40,
            Self::ClusterExists => 41,
            Self::ClusterBusy => 42,
            Self::ClusterStopped => 43,
            Self::ClusterIncomplete => 44,
            Self::ChangeImpossible => 45,
            Self::ClusterForeign => 46,
            Self::NodeFailed => 50,
            Self::NotReady => 51,
            Self::KubeconfigUnreadable => 60,
            Self::KubeconfigLocked => 61,
            Self::KubeconfigUnwritable => 62,
            Self::NoSpace => 70,
            Self::PermissionDenied => 71,
            Self::Cancelled => 130,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A failed operation, ready to be shown to a person or sent as JSON.
///
/// `Display` gives the message alone; the CLI and the app lay out the rest.
#[derive(Debug, Clone, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind of failure.
    pub code: ErrorCode,
    /// What happened, in one sentence.
    pub message: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The original words of the program that failed, or all errors of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Folder with the logs that were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<PathBuf>,
}

impl Error {
    /// An error of a kind with its message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            detail: None,
            logs: None,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the original words of what failed, when they say more than the message.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let says_more = detail.lines().any(|line| {
            let words = line.trim().trim_start_matches("Error: ");
            !self.message.contains(words)
        });
        self.detail = says_more.then_some(detail);
        self
    }

    /// Names the node it happened on, unless the message does.
    #[must_use]
    pub(crate) fn on_node(mut self, node: &str) -> Self {
        if self.code != ErrorCode::Cancelled && !self.message.contains(node) {
            self.message = format!("node {node}: {}", self.message);
        }
        self
    }

    /// Everything that is wrong as one error, with the code of the first.
    pub(crate) fn all(problems: Vec<Self>) -> Result<()> {
        let (first, count) = match problems.as_slice() {
            [] => return Ok(()),
            [_] => return Err(problems.into_iter().next().unwrap_or_else(Self::cancelled)),
            [first, ..] => (first.code, problems.len()),
        };
        let lines: Vec<String> = problems
            .iter()
            .flat_map(|problem| {
                let hint = problem.hint.iter().map(|hint| format!("  {hint}"));
                std::iter::once(problem.message.clone()).chain(hint)
            })
            .collect();
        Err(Self::new(first, format!("{count} things are in the way"))
            .detail(lines.join("\n"))
            .hint("put them right, then try again"))
    }

    /// Adds the folder that keeps the logs.
    #[must_use]
    pub fn logs(mut self, folder: Option<PathBuf>) -> Self {
        self.logs = folder;
        self
    }

    /// The user cancelled.
    pub fn cancelled() -> Self {
        Self::new(ErrorCode::Cancelled, "cancelled")
    }

    /// A file operation failed: `what` says which, in the form "write the Cluster YAML".
    pub fn io(what: &str, path: &Path, source: &std::io::Error) -> Self {
        let code = match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                ErrorCode::NoSpace
            }
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                ErrorCode::PermissionDenied
            }
            _ => ErrorCode::Internal,
        };
        Self::new(
            code,
            format!("could not {what} {}: {source}", path.display()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn exit_statuses_are_unique_and_leave_room_for_signals() {
        let all: HashSet<u8> = ErrorCode::ALL
            .iter()
            .map(|code| code.exit_status())
            .collect();
        assert_eq!(
            all.len(),
            ErrorCode::ALL.len(),
            "two codes share an exit status"
        );
        assert!(
            all.iter()
                .all(|&status| status == 130 || (1..125).contains(&status))
        );
    }

    #[test]
    fn nothing_is_said_twice() {
        let error = |detail: &str| {
            Error::new(ErrorCode::PortInUse, "port 80 is taken: by x").detail(detail)
        };
        assert_eq!(error("Error: port 80 is taken: by x\n").detail, None);
        assert_eq!(error(" \n").detail, None);
        let more = "Error: port 80 is taken: by x\nwith pid 7";
        assert_eq!(error(more).detail.as_deref(), Some(more));
    }

    #[test]
    fn all_that_is_wrong_is_one_error() {
        assert!(Error::all(vec![]).is_ok());
        let port = Error::new(ErrorCode::PortInUse, "port 80 is taken").hint("choose another");
        let mount = Error::new(ErrorCode::MountSourceMissing, "/nope does not exist");
        let one = Error::all(vec![port.clone()]).expect_err("one");
        assert_eq!((one.message, one.detail), (port.message.clone(), None));
        let both = Error::all(vec![port, mount]).expect_err("two");
        assert_eq!(both.code, ErrorCode::PortInUse);
        assert_eq!(
            both.detail.as_deref(),
            Some("port 80 is taken\n  choose another\n/nope does not exist")
        );
    }

    #[test]
    fn json_has_only_what_is_known() {
        let error = Error::new(ErrorCode::ClusterBusy, "busy").hint("wait");
        assert_eq!(
            serde_json::to_string(&error).unwrap_or_default(),
            r#"{"code":"ClusterBusy","message":"busy","hint":"wait"}"#
        );
    }
}
