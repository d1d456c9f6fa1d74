//! What the host must offer before a cluster is made: free ports, free address ranges, room.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;

use container::{NetworkInfo, PublishedPort};
use ipnet::Ipv4Net;
use spec::Cluster;

use crate::error::{Error, ErrorCode, Result};

/// First port tried for a cluster's API. Below the ports that systems hand out to outgoing
/// connections (Linux from 32768, macOS from 49152), so that it is still free at the next start.
const FIRST_API_PORT: u16 = 16443;
const API_PORTS: u16 = 1000;

/// Room that a node needs at least, in bytes: its writable layer and the first pods' data.
const ROOM_PER_NODE: u64 = 512 << 20;

/// Architecture of this machine, and so of its nodes, in the words of images.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        other => other,
    }
}

/// Platform of the nodes.
pub(crate) fn platform() -> String {
    format!("linux/{}", architecture())
}

/// Cores of this machine.
pub fn cpus() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1))
}

/// A published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HostPort {
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) udp: bool,
}

impl HostPort {
    /// Why it can't be bound now, if it can't.
    pub(crate) fn problem(self) -> Option<Error> {
        let error = self.is_free().err()?;
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            let message = format!("{self} may not be used by this user");
            let error = Error::new(ErrorCode::PermissionDenied, message);
            return Some(error.hint("choose a port from 1024 upward"));
        }
        let error = Error::new(ErrorCode::PortInUse, format!("{self} is taken: {error}"));
        Some(error.hint("choose another port, or stop the program that has it"))
    }

    /// Whether a container that publishes this one needs the port as well.
    pub(crate) fn meets(self, published: &PublishedPort) -> bool {
        let last = published
            .host_port
            .saturating_add(published.count.saturating_sub(1));
        let address = published.host_address.parse().ok();
        let other = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let any = other.is_unspecified() || self.address.is_unspecified();
        (published.host_port..=last).contains(&self.port)
            && self.udp == published.protocol.eq_ignore_ascii_case("udp")
            && (any || other == self.address)
    }

    fn is_free(self) -> std::io::Result<()> {
        let address = SocketAddr::new(self.address, self.port);
        if self.udp {
            UdpSocket::bind(address).map(drop)
        } else {
            TcpListener::bind(address).map(drop)
        }
    }
}

/// Checks that each port can be bound now.
pub(crate) fn check_ports(ports: &[HostPort]) -> Result<()> {
    Error::all(ports.iter().filter_map(|port| port.problem()).collect())
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.udp { "UDP" } else { "TCP" };
        write!(f, "{kind} port {} on {}", self.port, self.address)
    }
}

/// The port of a cluster's API on this machine.
#[derive(Debug, Clone)]
pub(crate) struct ApiPort {
    address: IpAddr,
    number: u16,
    /// Ports it must not be; none when this very port was asked for.
    avoid: Option<BTreeSet<u16>>,
}

impl ApiPort {
    /// The port that the user asked for.
    pub(crate) fn asked(address: IpAddr, number: u16) -> Self {
        Self {
            address,
            number,
            avoid: None,
        }
    }

    /// A free port that no other cluster, running or stopped, uses.
    pub(crate) fn choose(address: IpAddr, avoid: BTreeSet<u16>) -> Result<Self> {
        let free = |port: &u16| {
            let port = HostPort {
                address,
                port: *port,
                udp: false,
            };
            !avoid.contains(&port.port) && port.is_free().is_ok()
        };
        let last = FIRST_API_PORT + API_PORTS;
        let number = (FIRST_API_PORT..last).find(free).ok_or_else(|| {
            Error::new(
                ErrorCode::PortInUse,
                format!("no port from {FIRST_API_PORT} to {last} is free"),
            )
            .hint("set spec.networking.apiServerPort in the Cluster YAML")
        })?;
        Ok(Self {
            address,
            number,
            avoid: Some(avoid),
        })
    }

    /// The next one, when somebody else has taken this one since it was chosen; none when it was
    /// asked for.
    pub(crate) fn next(&self) -> Option<Result<Self>> {
        let mut avoid = self.avoid.clone()?;
        avoid.insert(self.number);
        Some(Self::choose(self.address, avoid))
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

/// A network that a subnet of the cluster must not overlap.
#[derive(Debug, Clone)]
pub(crate) struct Neighbour {
    pub(crate) subnet: Ipv4Net,
    /// For the message: "interface eth0", "the network of the nodes".
    pub(crate) what: String,
}

/// The networks that the host's interfaces are in.
pub(crate) fn interfaces() -> Vec<Neighbour> {
    let all = match if_addrs::get_if_addrs() {
        Ok(all) => all,
        Err(error) => {
            tracing::warn!(%error, "the host's interfaces could not be listed");
            return Vec::new();
        }
    };
    all.into_iter()
        .filter(|interface| !interface.is_loopback())
        .filter_map(|interface| match interface.addr {
            if_addrs::IfAddr::V4(ref v4) => {
                let net = Ipv4Net::with_netmask(v4.ip, v4.netmask).ok()?;
                let what = format!("interface {} of this machine", interface.name);
                // A point-to-point or host route names no network.
                (net.prefix_len() < 32).then(|| Neighbour {
                    subnet: net.trunc(),
                    what,
                })
            }
            if_addrs::IfAddr::V6(_) => None,
        })
        .collect()
}

/// The networks of this machine and of `container` that a cluster's subnets must not overlap.
pub(crate) fn neighbours(networks: &[NetworkInfo]) -> Vec<Neighbour> {
    let mut neighbours = interfaces();
    neighbours.extend(networks.iter().filter_map(|network| {
        let subnet = network.subnet.as_ref()?.parse::<Ipv4Net>().ok()?.trunc();
        Some(Neighbour {
            subnet,
            what: format!("the network \"{}\" of `container`", network.name),
        })
    }));
    neighbours
}

/// Checks the cluster's subnets as [`subnet_problems`] does.
pub(crate) fn check_subnets(subnets: &[(&str, Ipv4Net)], neighbours: &[Neighbour]) -> Result<()> {
    Error::all(subnet_problems(subnets, neighbours))
}

/// What the cluster's subnets (name of the field, subnet) overlap, one neighbour each.
pub(crate) fn subnet_problems(subnets: &[(&str, Ipv4Net)], neighbours: &[Neighbour]) -> Vec<Error> {
    let problem = |(field, subnet): &(&str, Ipv4Net)| {
        let overlaps =
            |other: &&Neighbour| subnet.contains(&other.subnet) || other.subnet.contains(subnet);
        let neighbour = neighbours.iter().find(overlaps)?;
        let message = format!(
            "{field} {subnet} overlaps {} of {}",
            neighbour.subnet, neighbour.what
        );
        let hint = format!("set spec.networking.{field} to a range that is not in use");
        Some(Error::new(ErrorCode::SubnetConflict, message).hint(hint))
    };
    subnets.iter().filter_map(problem).collect()
}

/// What a cluster asks for that this machine does not have, a sentence each. It may work all the
/// same: nodes share what there is.
pub fn doubts(cluster: &Cluster) -> Vec<String> {
    doubts_with(cluster, cpus(), crate::doctor::total_memory())
}

fn doubts_with(cluster: &Cluster, cpus: u32, memory: Option<u64>) -> Vec<String> {
    let machines = cluster.machines();
    let mut doubts = Vec::new();
    for machine in &machines {
        let name = &machine.name;
        if let Some(wanted) = machine.cpus.filter(|wanted| *wanted > cpus) {
            doubts.push(format!(
                "node {name} is to have {wanted} cpus, this machine has {cpus}"
            ));
        }
    }
    let Some(memory) = memory else { return doubts };
    let gibibytes = |bytes: u64| format!("{}.{} Gi", bytes >> 30, ((bytes % (1 << 30)) * 10) >> 30);
    let wanted = machines.iter().map(|machine| {
        let usual = machine.role.default_memory();
        machine.memory.unwrap_or(usual).bytes()
    });
    let wanted = wanted.fold(0, u64::saturating_add);
    // What is usual is not worth a word: nodes take memory only when they use it.
    if wanted > memory && machines.iter().any(|machine| machine.memory.is_some()) {
        doubts.push(format!(
            "the nodes are to have {} of memory together, this machine has {}",
            gibibytes(wanted),
            gibibytes(memory)
        ));
    }
    doubts
}

/// Room that a user may still take on the disk which holds a folder, in bytes.
pub(crate) fn free_room(folder: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Checks that the disk which holds the nodes has room for `nodes` more.
pub(crate) fn check_room(disk: &Path, nodes: usize) -> Result<()> {
    let Some(free) = free_room(disk) else {
        return Ok(());
    };
    let needed = ROOM_PER_NODE.saturating_mul(nodes as u64);
    if free < needed {
        return Err(Error::new(
            ErrorCode::NoSpace,
            format!(
                "{} has {} Mi free, {nodes} nodes need {} Mi",
                disk.display(),
                free >> 20,
                needed >> 20
            ),
        )
        .hint("free some space: `container image prune`, or delete clusters you no longer need"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_taken_port_is_named() {
        let holder = TcpListener::bind((LOCALHOST, 0)).expect("a port");
        let port = holder.local_addr().expect("bound").port();
        let error = check_ports(&[HostPort {
            address: LOCALHOST,
            port,
            udp: false,
        }])
        .expect_err("taken");
        assert_eq!(error.code, ErrorCode::PortInUse);
        assert!(
            error.message.contains(&port.to_string()),
            "{}",
            error.message
        );
        check_ports(&[HostPort {
            address: LOCALHOST,
            port,
            udp: true,
        }])
        .expect("UDP is free");
    }

    #[test]
    fn the_api_port_passes_over_stopped_clusters() {
        let first = ApiPort::choose(LOCALHOST, BTreeSet::new()).expect("free");
        let taken = BTreeSet::from([first.number()]);
        let second = ApiPort::choose(LOCALHOST, taken).expect("free");
        assert!(second.number() > first.number());
    }

    #[test]
    fn only_a_chosen_api_port_has_a_next() {
        let first = ApiPort::choose(LOCALHOST, BTreeSet::new()).expect("free");
        let second = first.next().expect("chosen").expect("free");
        let third = second.next().expect("chosen").expect("free");
        assert!(first.number() < second.number() && second.number() < third.number());
        assert!(ApiPort::asked(LOCALHOST, 16443).next().is_none());
    }

    #[test]
    fn overlaps_are_found_in_both_directions() {
        let neighbour = |subnet: &str| Neighbour {
            subnet: subnet.parse().expect("a subnet"),
            what: "interface eth0 of this machine".into(),
        };
        let pods = [("podSubnet", "10.244.0.0/16".parse().expect("a subnet"))];
        let problems = |other: &str| subnet_problems(&pods, &[neighbour(other), neighbour(other)]);
        assert!(problems("192.168.1.0/24").is_empty());
        for inside_or_around in ["10.244.7.0/24", "10.0.0.0/8"] {
            let all = problems(inside_or_around);
            assert_eq!(all.len(), 1, "one is enough to know");
            assert_eq!(all[0].code, ErrorCode::SubnetConflict);
            let hint = all[0].hint.as_deref().expect("a hint");
            assert!(hint.contains("podSubnet"), "{hint}");
        }
    }

    #[test]
    fn published_ports_are_compared_as_the_system_binds_them() {
        let published = |address: &str, port: u16, count: u16, protocol: &str| -> PublishedPort {
            let text = serde_json::json!({"hostAddress": address, "hostPort": port,
                "containerPort": 1, "count": count, "proto": protocol});
            serde_json::from_value(text).expect("a port")
        };
        let wanted = HostPort {
            address: LOCALHOST,
            port: 8080,
            udp: false,
        };
        assert!(wanted.meets(&published("127.0.0.1", 8080, 1, "tcp")));
        assert!(wanted.meets(&published("0.0.0.0", 8080, 1, "tcp")));
        assert!(wanted.meets(&published("", 8078, 3, "tcp")));
        assert!(!wanted.meets(&published("127.0.0.1", 8078, 2, "tcp")));
        assert!(!wanted.meets(&published("127.0.0.1", 8080, 1, "udp")));
        assert!(!wanted.meets(&published("192.168.1.5", 8080, 1, "tcp")));
    }

    #[test]
    fn more_than_the_machine_has_is_doubtful() {
        let mut cluster = Cluster::simple("dev", 1).expect("a cluster");
        let doubts = |cluster: &Cluster| doubts_with(cluster, 2, Some(4 << 30));
        assert_eq!(doubts(&cluster), [] as [String; 0], "the usual is fine");
        cluster.nodes[1].cpus = Some(3);
        cluster.nodes[1].memory = Some("2Gi".parse().expect("memory"));
        assert_eq!(
            doubts(&cluster),
            [
                "node dev-worker is to have 3 cpus, this machine has 2",
                "the nodes are to have 6.0 Gi of memory together, this machine has 4.0 Gi"
            ]
        );
    }
}
