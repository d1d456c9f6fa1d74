//! Published ports whose port of this machine is left to us: chosen once, then part of the saved
//! Cluster YAML.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use spec::{Cluster, PortMapping, Protocol};

use crate::error::{Error, ErrorCode, Result};
use crate::host::HostPort;
use crate::inventory::Inventory;

/// Where they are looked for: above the ports of clusters' APIs, below those that systems hand out
/// to outgoing connections.
const RANGE: RangeInclusive<u16> = 17500..=19499;

/// Chooses every port that is left to us: the one that the same node had for the same port of its own
/// in `saved`, else a free one that no container needs, now or when it is started again.
pub(crate) fn choose(
    cluster: &mut Cluster,
    saved: Option<&Cluster>,
    inventory: &Inventory,
) -> Result<()> {
    let published = inventory.all.iter().flat_map(|one| &one.published);
    let mut taken: BTreeSet<u16> = published.map(|port| port.host_port).collect();
    let mappings = cluster
        .nodes
        .iter()
        .flat_map(|node| &node.extra_port_mappings);
    let mut named: BTreeSet<u16> = mappings.map(|mapping| mapping.host_port).collect();
    named.extend(cluster.networking.api_server_port);
    taken.extend(&named);
    for (node, mapping) in cluster.open_ports() {
        let had = saved.and_then(|saved| kept(saved, &node, mapping));
        mapping.host_port = match had.filter(|port| !named.contains(port)) {
            Some(port) => port,
            None => free(mapping, &taken).ok_or_else(|| {
                let (first, last) = (RANGE.start(), RANGE.end());
                let message = format!("no port from {first} to {last} is free");
                Error::new(ErrorCode::PortInUse, message)
                    .hint(format!("set hostPort in extraPortMappings of node {node}"))
            })?,
        };
        taken.insert(mapping.host_port);
    }
    Ok(())
}

/// The port that the node had already.
fn kept(saved: &Cluster, node: &str, wanted: &PortMapping) -> Option<u16> {
    let machine = saved.machines().into_iter().find(|one| one.name == node)?;
    let same = |had: &&PortMapping| {
        let port = PortMapping {
            host_port: had.host_port,
            ..wanted.clone()
        };
        **had == port
    };
    Some(machine.port_mappings.iter().find(same)?.host_port)
}

fn free(mapping: &PortMapping, taken: &BTreeSet<u16>) -> Option<u16> {
    RANGE.into_iter().find(|&port| {
        let host = HostPort {
            address: mapping.listen_address,
            port,
            udp: mapping.protocol == Protocol::Udp,
        };
        !taken.contains(&port) && host.problem().is_none()
    })
}
