//! The runtime and what it holds, and the user's files.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use container::{SystemStatus, Version};
use kubeconfig::Files;
use spec::Networking;

use super::{Check, CheckState, FixId};
use crate::Engine;
use crate::error::{Error, ErrorCode};
use crate::host::{self, ApiPort};
use crate::inventory::Inventory;
use crate::plan;

pub(super) const CONTAINER: &str = "Apple's container";
const SERVICE: &str = "Container services";
const KERNEL: &str = "Guest kernel";
const IMAGE: &str = "Node image";
const DISK: &str = "Disk";
const NETWORK: &str = "Networks";
const PORTS: &str = "Ports";

/// The oldest guest kernel with all that several nodes need: VXLAN and nftables. An upgrade of
/// `container` keeps the kernel that was installed first.
pub(super) const OLDEST_KERNEL: Version = Version::new(6, 18, 0);

/// With less room than this, in bytes, images and volumes soon have none.
const COMFORTABLE_ROOM: u64 = 10 << 30;

impl Engine {
    /// All checks of the runtime; when it can't be used, the rest is unknown.
    pub(super) async fn check_runtime(&self) -> Vec<Check> {
        let program = self.container.program().display();
        let version = match self.container.capabilities().await {
            Ok(capabilities) => capabilities.version,
            Err(error) => {
                let mut all = vec![Check::failed("container", CONTAINER, &error.into())];
                all.extend(unknown_without_runtime());
                return all;
            }
        };
        let found = format!("{version} at {program}");
        let mut all = vec![Check::new("container", CONTAINER, CheckState::Ok, found)];
        match self.container.status().await {
            Ok(status) if status.is_running() => {
                all.push(service(version, &status));
                all.push(kernel(&status));
                all.push(self.image().await);
                all.push(disk(status.app_root.as_deref()));
                all.extend(self.surroundings().await);
            }
            Ok(status) => {
                let detail = format!("not running ({})", status.status);
                let check = Check::fails("service", SERVICE, ErrorCode::RuntimeStopped, detail);
                all.push(check.fixed_by(FixId::StartService));
                all.extend(unknown_without_service());
            }
            Err(error) => {
                all.push(Check::failed("service", SERVICE, &error.into()));
                all.extend(unknown_without_service());
            }
        }
        all
    }

    async fn image(&self) -> Check {
        let reference = plan::node_image(plan::DEFAULT_KUBERNETES_VERSION);
        let missing = |detail: String| {
            Check::fails("node-image", IMAGE, ErrorCode::ImageMissing, detail)
                .fixed_by(FixId::BuildNodeImage)
        };
        match self.container.image_inspect(&reference).await {
            Ok(image) if image.variant(&host::platform()).is_some() => {
                Check::new("node-image", IMAGE, CheckState::Ok, reference)
            }
            Ok(_) => missing(format!(
                "{reference} is not for {}, as this machine is",
                host::architecture()
            )),
            Err(container::Error::ImageNotFound { .. }) => {
                missing(format!("{reference} is not in the image store"))
            }
            Err(error) => {
                Check::failed("node-image", IMAGE, &error.into()).only(CheckState::Unknown)
            }
        }
    }

    /// Networks and ports that a cluster with nothing said about it would take.
    async fn surroundings(&self) -> [Check; 2] {
        let read = futures::try_join!(Inventory::read(&self.container), async {
            Ok(self.container.network_list().await?)
        });
        let (inventory, networks) = match read {
            Ok(read) => read,
            Err(error) => {
                let unknown =
                    |id, title| Check::new(id, title, CheckState::Unknown, error.message.clone());
                return [unknown("network", NETWORK), unknown("ports", PORTS)];
            }
        };
        let usual = Networking::default();
        let subnets = [
            ("podSubnet", usual.pod_subnet),
            ("serviceSubnet", usual.service_subnet),
            ("nodeSubnet", usual.node_subnet),
        ];
        let network = match host::check_subnets(&subnets, &host::neighbours(&networks)) {
            Ok(()) => Check::new(
                "network",
                NETWORK,
                CheckState::Ok,
                "the usual subnets of clusters are free",
            ),
            Err(error) => Check::failed("network", NETWORK, &error).only(CheckState::Warning),
        };
        let published = inventory.all.iter().flat_map(|one| &one.published);
        let taken: BTreeSet<u16> = published.map(|port| port.host_port).collect();
        let ports = match ApiPort::choose(IpAddr::V4(Ipv4Addr::LOCALHOST), taken) {
            Ok(port) => {
                let detail = format!("the next cluster's API gets 127.0.0.1:{}", port.number());
                Check::new("ports", PORTS, CheckState::Ok, detail)
            }
            Err(error) => Check::failed("ports", PORTS, &error).only(CheckState::Warning),
        };
        [network, ports]
    }
}

fn service(version: Version, status: &SystemStatus) -> Check {
    match status.server {
        Some(server) if server != version => {
            let detail = format!(
                "running as {server}, while the program is {version}: restart them after an upgrade"
            );
            Check::new("service", SERVICE, CheckState::Warning, detail)
                .fixed_by(FixId::RestartService)
        }
        _ => Check::new("service", SERVICE, CheckState::Ok, "running"),
    }
}

fn kernel(status: &SystemStatus) -> Check {
    let Some(path) = status.installed_kernel(host::architecture()) else {
        let detail = "none is installed: no container can boot";
        return Check::fails("kernel", KERNEL, ErrorCode::KernelMissing, detail)
            .fixed_by(FixId::InstallKernel);
    };
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    match Version::find(&name) {
        Some(version) if version < OLDEST_KERNEL => {
            let detail = format!(
                "{version} is older than {OLDEST_KERNEL}: clusters of several nodes may not work"
            );
            Check::new("kernel", KERNEL, CheckState::Warning, detail).fixed_by(FixId::InstallKernel)
        }
        Some(version) => Check::new("kernel", KERNEL, CheckState::Ok, version.to_string()),
        None => {
            let detail = format!("{name}, whose version its name does not tell");
            Check::new("kernel", KERNEL, CheckState::Unknown, detail)
        }
    }
}

fn disk(root: Option<&Path>) -> Check {
    let Some((root, free)) = root.and_then(|root| Some((root, host::free_room(root)?))) else {
        let detail = "its free space could not be told";
        return Check::new("disk", DISK, CheckState::Unknown, detail);
    };
    let found = format!("{} Gi free at {}", free >> 30, root.display());
    let advice = "free some: `container image prune`, or delete clusters you no longer need";
    if let Err(error) = host::check_room(root, 1) {
        Check::failed("disk", DISK, &error)
    } else if free < COMFORTABLE_ROOM {
        Check::new(
            "disk",
            DISK,
            CheckState::Warning,
            format!("{found}: {advice}"),
        )
    } else {
        Check::new("disk", DISK, CheckState::Ok, found)
    }
}

/// The user's kubeconfig: it has to take a new entry.
pub(super) fn kubeconfig(files: Result<Files, kubeconfig::Error>) -> Check {
    let title = "Kubeconfig";
    let files = match files {
        Ok(files) => files,
        Err(error) => return Check::failed("kubeconfig", title, &error.into()),
    };
    match files.rehearse_add() {
        Ok(()) => {
            let detail = files.target().display().to_string();
            Check::new("kubeconfig", title, CheckState::Ok, detail)
        }
        Err(error) => {
            let error = Error::from(error);
            let busy = error.code == ErrorCode::KubeconfigLocked;
            let check = Check::failed("kubeconfig", title, &error);
            if busy {
                check.only(CheckState::Warning)
            } else {
                check
            }
        }
    }
}

/// What can't be told without a usable program.
pub(super) fn unknown_without_runtime() -> Vec<Check> {
    let mut all = vec![unknown("service", SERVICE, "needs `container` first")];
    let rest = unknown_without_service();
    all.extend(rest.into_iter().map(|check| Check {
        detail: "needs `container` first".into(),
        ..check
    }));
    all
}

fn unknown_without_service() -> Vec<Check> {
    let parts = [
        ("kernel", KERNEL),
        ("node-image", IMAGE),
        ("disk", DISK),
        ("network", NETWORK),
        ("ports", PORTS),
    ];
    parts
        .into_iter()
        .map(|(id, title)| unknown(id, title, "needs the services first"))
        .collect()
}

fn unknown(id: &str, title: &str, detail: &str) -> Check {
    Check::new(id, title, CheckState::Unknown, detail)
}
