//! The containers that the nodes of a cluster are, as the runtime tells.

use container::PublishedPort;
use jiff::Timestamp;

use crate::inventory::NodeContainer;

/// A node's container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) running: bool,
    /// The stable address of the node.
    pub(super) address: String,
    pub(super) container_address: Option<String>,
    pub(super) image: String,
    pub(super) cpus: u32,
    pub(super) memory_bytes: u64,
    pub(super) started: Option<Timestamp>,
    pub(super) mounts: Vec<String>,
    pub(super) published: Vec<PublishedPort>,
}

impl From<&NodeContainer> for Machine {
    fn from(node: &NodeContainer) -> Self {
        let info = &node.info;
        let mounts = info.mounts.iter().filter(|mount| mount.kind == "virtiofs");
        Self {
            name: info.id.clone(),
            role: node.role.as_str(),
            running: info.is_running(),
            address: node.address.to_string(),
            container_address: node.underlay().map(|address| address.to_string()),
            image: info.image.clone(),
            cpus: info.cpus,
            memory_bytes: info.memory,
            started: info.started.filter(|_| info.is_running()),
            mounts: mounts
                .map(|mount| {
                    let only = if mount.read_only { " (read-only)" } else { "" };
                    format!("{} → {}{only}", mount.source, mount.destination)
                })
                .collect(),
            published: info.published.clone(),
        }
    }
}

impl Machine {
    pub(super) fn is_control_plane(&self) -> bool {
        self.role == spec::Role::ControlPlane.as_str()
    }

    /// Ports of this machine that lead to it, as `127.0.0.1:8080 → 80/tcp`.
    pub(super) fn ports(&self) -> Vec<String> {
        self.published
            .iter()
            .map(|port| {
                let inside = port.container_port;
                let (from, to) = if port.count > 1 {
                    let last = port.count - 1;
                    (
                        format!("{}-{}", here(port, port.host_port), port.host_port + last),
                        format!("{inside}-{}", inside + last),
                    )
                } else {
                    (here(port, port.host_port), inside.to_string())
                };
                format!("{from} → {to}/{}", protocol(port))
            })
            .collect()
    }

    /// Where this machine reaches a port of the node; none when nothing leads there.
    pub(super) fn reach(&self, node_port: u16, wanted: &str) -> Option<String> {
        self.published.iter().find_map(|port| {
            let offset = node_port.checked_sub(port.container_port)?;
            let leads = offset < port.count && protocol(port).eq_ignore_ascii_case(wanted);
            leads.then(|| here(port, port.host_port.saturating_add(offset)))
        })
    }
}

fn protocol(port: &PublishedPort) -> &str {
    if port.protocol.is_empty() {
        "tcp"
    } else {
        &port.protocol
    }
}

/// An address that reaches a published port from this machine itself.
fn here(port: &PublishedPort, number: u16) -> String {
    match port.host_address.as_str() {
        "" | "0.0.0.0" => format!("127.0.0.1:{number}"),
        v6 if v6.contains(':') => format!("[{v6}]:{number}"),
        v4 => format!("{v4}:{number}"),
    }
}
