//! The machine, and `container` with all that nodes need of it.

use container::{Capabilities, SystemStatus, Version};

use super::report::Finding;
use super::{ONLY_ON_A_MAC, Trial};
use crate::doctor::{Check, CheckState, machine};
use crate::error::{Error, ErrorCode, Result};
use crate::host;

/// From this release on nodes can't boot without the flags for paths of `/proc`.
const PATHS_MASKED: Version = Version::new(1, 2, 0);

/// Whether it is a Mac for clusters of several nodes.
pub(super) fn machine(os: &str, system: &Check) -> Result<Finding> {
    if os != "macos" {
        return Ok(Finding::skipped(format!(
            "{ONLY_ON_A_MAC}; this is {}",
            system.detail
        )));
    }
    if system.state != CheckState::Ok {
        return Err(Error::new(ErrorCode::RuntimeMissing, &system.detail));
    }
    let memory = machine::total_memory().unwrap_or_default() >> 30;
    Ok(Finding::passed(format!(
        "{}, {} cores, {memory} Gi",
        system.detail,
        host::cpus()
    )))
}

impl Trial {
    /// Its release, its flags, its services and the kernel that they boot.
    pub(super) async fn runtime(&self) -> Result<Finding> {
        let (capabilities, status) = self.container().ready().await?;
        judge(capabilities, &status)
    }
}

fn judge(capabilities: Capabilities, status: &SystemStatus) -> Result<Finding> {
    let version = capabilities.version;
    let failed =
        |message: String, hint: &str| Err(Error::new(ErrorCode::RuntimeFailed, message).hint(hint));
    let needed = [
        ("--cap-add", capabilities.cap_add, true),
        (
            "--masked-path",
            capabilities.masked_path,
            version >= PATHS_MASKED,
        ),
        (
            "--read-only-path",
            capabilities.read_only_path,
            version >= PATHS_MASKED,
        ),
    ];
    let missing = needed.iter().filter(|(_, there, needed)| *needed && !there);
    let missing: Vec<&str> = missing.map(|(flag, _, _)| *flag).collect();
    if !missing.is_empty() {
        return failed(
            format!("`container run` of {version} has no {}", missing.join(", ")),
            "install a newer release of `container`, and report this one",
        );
    }
    let server = status.server.unwrap_or(version);
    if server != version {
        return failed(
            format!("the services are those of {server}, the program is {version}"),
            "restart them: container system stop, then container system start",
        );
    }
    let Some(kernel) = status.installed_kernel(host::architecture()) else {
        let error = Error::new(ErrorCode::KernelMissing, "no guest kernel is installed");
        return Err(error.hint("install one: apple-k8s doctor --fix"));
    };
    let there = needed.iter().filter(|(_, there, _)| *there);
    let there: Vec<&str> = there.map(|(flag, _, _)| *flag).collect();
    let kernel = kernel.file_name().unwrap_or_default().to_string_lossy();
    Ok(Finding::passed(format!(
        "{version} with {}; services {server}; kernel {kernel}",
        there.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_judged_on_macos_alone() {
        let found = |os: &str, state: CheckState| {
            let check = Check::new("system", "", state, "macOS 15.6 on Apple silicon");
            machine(os, &check)
        };
        let linux = found("linux", CheckState::Ok).expect("no failure");
        let linux = format!("{linux:?}");
        assert!(
            linux.contains("Skipped") && linux.contains("only on a Mac"),
            "{linux}"
        );
        let mac = found("macos", CheckState::Ok).expect("fine");
        assert!(format!("{mac:?}").contains("Passed"));
        let old = found("macos", CheckState::Warning).expect_err("one node only");
        assert_eq!(old.code, ErrorCode::RuntimeMissing);
    }
}
