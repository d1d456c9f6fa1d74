//! What each exit status means: one a code of an error, the same as in JSON.

use engine::ErrorCode;
use serde::Serialize;

use crate::style::Style;
use crate::table::{Cell, Table};

/// What a code means, in half a sentence. `None` for a code that this text does not know.
pub(crate) const fn meaning(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::Internal => "a failure without a code of its own; please report it",
        ErrorCode::Usage => "the command line makes no sense",
        ErrorCode::RuntimeMissing => "`container` is not installed",
        ErrorCode::RuntimeStopped => "the services of `container` are not running",
        ErrorCode::RuntimeTooOld => "`container` is too old to run nodes",
        ErrorCode::RuntimeRefused => "this release of `container` is known not to work",
        ErrorCode::RuntimeHung => "`container` did not answer in time",
        ErrorCode::RuntimeFailed => "`container` failed in another way",
        ErrorCode::KernelMissing => "no guest kernel is installed",
        ErrorCode::ConfigInvalid => "the Cluster YAML has errors",
        ErrorCode::SubnetConflict => "a subnet overlaps another or a network of this machine",
        ErrorCode::PortInUse => "a port of this machine is taken",
        ErrorCode::MountSourceMissing => "a folder to mount does not exist",
        ErrorCode::ImageMissing => "an image is not in the image store, or no such archive",
        ErrorCode::ImageWrongPlatform => "an image is for another processor architecture",
        ErrorCode::ImageInvalid => "not an image archive, or not a node image",
        ErrorCode::ClusterNotFound => "no cluster of that name",
        ErrorCode::ClusterExists => "a cluster of that name exists",
        ErrorCode::ClusterBusy => "another operation works on the cluster",
        ErrorCode::ClusterStopped => "the cluster is stopped and must run for this",
        ErrorCode::ClusterIncomplete => "the cluster was only half made, or half deleted",
        ErrorCode::ChangeImpossible => "a running cluster can't be changed so: it takes a new one",
        ErrorCode::ClusterForeign => "the cluster was made with another APPLE_K8S_HOME",
        ErrorCode::NodeFailed => "setting up Kubernetes on a node failed",
        ErrorCode::NotReady => "the cluster was not ready in the time given",
        ErrorCode::KubeconfigUnreadable => "a kubeconfig can't be read or parsed",
        ErrorCode::KubeconfigLocked => "a kubeconfig is locked by another program",
        ErrorCode::KubeconfigUnwritable => "a kubeconfig can't be written",
        ErrorCode::NoSpace => "the disk is full",
        ErrorCode::PermissionDenied => "a file or socket may not be used",
        ErrorCode::Cancelled => "cancelled by Ctrl-C or a signal",
        _ => return None,
    })
}

/// All statuses, for JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExitCodes {
    exit_codes: Vec<ExitCode>,
}

#[derive(Serialize)]
struct ExitCode {
    status: u8,
    code: ErrorCode,
    meaning: Option<&'static str>,
}

/// All statuses of failures.
pub(crate) fn list() -> ExitCodes {
    let exit_codes = ErrorCode::ALL.map(|code| ExitCode {
        status: code.exit_status(),
        code,
        meaning: meaning(code),
    });
    ExitCodes {
        exit_codes: exit_codes.into(),
    }
}

/// All statuses as a table.
pub(crate) fn table() -> String {
    let mut table = Table::new(["STATUS", "CODE", "MEANING"]);
    table.row([Cell::plain("0"), Cell::plain("-"), Cell::plain("success")]);
    for code in ErrorCode::ALL {
        table.row([
            Cell::plain(code.exit_status().to_string()),
            Cell::plain(code.to_string()),
            Cell::plain(meaning(code).unwrap_or_default()),
        ]);
    }
    table.render(Style::PLAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_once() {
        let table = table();
        for code in ErrorCode::ALL {
            assert!(meaning(code).is_some(), "{code} has no meaning");
            let line = format!("{:<6}   {code} ", code.exit_status());
            assert_eq!(table.matches(&line).count(), 1, "{line:?} in\n{table}");
        }
        assert_eq!(table.lines().count(), ErrorCode::ALL.len() + 2);
    }
}
