//! The cluster's subnets: their sizes, and that they keep out of each other's way.

use std::ops::RangeInclusive;

use ipnet::Ipv4Net;

use crate::read::Problems;
use crate::{Cluster, SpecError};

/// Prefix length of the part of the pod subnet that every node gets (kube-controller-manager's
/// default).
const NODE_PART: u8 = 24;

/// Addresses of the node subnet that no node gets: network, router, broadcast.
const NOT_FOR_NODES: u64 = 3;

struct Subnet {
    field: &'static str,
    net: Ipv4Net,
    /// Prefix lengths that work.
    lengths: RangeInclusive<u8>,
}

/// Checks the three subnets.
pub(super) fn check(cluster: &Cluster, problems: &mut Problems) {
    let networking = &cluster.networking;
    let subnets = [
        // kube-controller-manager can hand out at most 2^16 parts.
        Subnet {
            field: "podSubnet",
            net: networking.pod_subnet,
            lengths: 8..=NODE_PART,
        },
        // The API server takes at most 2^20 addresses, kubeadm at least ten.
        Subnet {
            field: "serviceSubnet",
            net: networking.service_subnet,
            lengths: 12..=27,
        },
        Subnet {
            field: "nodeSubnet",
            net: networking.node_subnet,
            lengths: 16..=28,
        },
    ];
    for subnet in &subnets {
        if !problems.failed(&subnet.path()) {
            subnet.check(problems);
        }
    }
    check_room(cluster, problems);
    check_overlaps(&subnets, problems);
}

impl Subnet {
    fn path(&self) -> String {
        format!("spec.networking.{}", self.field)
    }

    fn error(&self, message: String) -> SpecError {
        SpecError::new(self.path(), message).value(self.net)
    }

    fn check(&self, problems: &mut Problems) {
        let (net, length) = (self.net, self.net.prefix_len());
        if net.trunc() != net {
            let error = self.error(format!("{net} is an address in a subnet, not a subnet"));
            problems.error(error.hint(format!("did you mean {}?", net.trunc())));
        }
        let (least, most) = (self.lengths.start(), self.lengths.end());
        if !self.lengths.contains(&length) {
            let size = if length < *least { "large" } else { "small" };
            let error = self.error(format!("{net} is too {size} for a {}", self.field));
            problems.error(error.expected(format!("a subnet from /{least} to /{most}")));
        }
        if let Some(what) = unusable(net) {
            let error = self.error(format!("{net} holds addresses {what}"));
            problems.error(error.expected("private addresses, such as from 10.0.0.0/8"));
        } else if !is_private(net) {
            let warning = self.error(format!("{net} is not private"));
            problems
                .warn(warning.hint("hosts with these addresses can't be reached from the cluster"));
        }
    }
}

/// What the addresses of a subnet are for, when it is something else than hosts.
fn unusable(net: Ipv4Net) -> Option<&'static str> {
    let special: [([u8; 4], u8, &str); 4] = [
        ([0, 0, 0, 0], 8, "that name no host"),
        ([127, 0, 0, 0], 8, "that every machine has for itself"),
        ([169, 254, 0, 0], 16, "that are valid on one link only"),
        ([224, 0, 0, 0], 3, "of multicast groups or none at all"),
    ];
    special.iter().find_map(|(address, length, what)| {
        let special = Ipv4Net::new((*address).into(), *length).ok()?;
        overlap(net, special).then_some(*what)
    })
}

fn is_private(net: Ipv4Net) -> bool {
    // RFC 1918, RFC 6598 (carriers' networks), RFC 2544 (benchmarks).
    let private: [([u8; 4], u8); 5] = [
        ([10, 0, 0, 0], 8),
        ([172, 16, 0, 0], 12),
        ([192, 168, 0, 0], 16),
        ([100, 64, 0, 0], 10),
        ([198, 18, 0, 0], 15),
    ];
    private.iter().any(|(address, length)| {
        Ipv4Net::new((*address).into(), *length).is_ok_and(|private| private.contains(&net))
    })
}

/// Whether pod and node subnet are enough for the nodes.
fn check_room(cluster: &Cluster, problems: &mut Problems) {
    let nodes: u64 = cluster
        .nodes
        .iter()
        .map(|node| u64::from(node.replicas))
        .sum();
    if nodes > u64::from(super::MOST_NODES) {
        return;
    }
    let pods = cluster.networking.pod_subnet;
    let hosts = cluster.networking.node_subnet;
    let parts = 1_u64 << NODE_PART.saturating_sub(pods.prefix_len());
    let addresses = (1_u64 << (32 - hosts.prefix_len())).saturating_sub(NOT_FOR_NODES);
    for (field, net, room) in [("podSubnet", pods, parts), ("nodeSubnet", hosts, addresses)] {
        let path = format!("spec.networking.{field}");
        if nodes > room && !problems.failed(&path) {
            let error = SpecError::new(
                path,
                format!("{net} has room for {room} nodes, not for {nodes}"),
            );
            problems.error(error.value(net).hint("choose a larger subnet"));
        }
    }
}

fn check_overlaps(subnets: &[Subnet], problems: &mut Problems) {
    for (index, later) in subnets.iter().enumerate() {
        for earlier in &subnets[..index] {
            let known = !problems.failed(&later.path()) && !problems.failed(&earlier.path());
            if !(known && overlap(later.net, earlier.net)) {
                continue;
            }
            // Of a default and a choice, the choice is at fault.
            let (at, other) = if problems.written(&later.path()) {
                (later, earlier)
            } else {
                (earlier, later)
            };
            let message = format!("{} overlaps the {} {}", at.net, other.field, other.net);
            problems.error(
                at.error(message)
                    .hint("choose subnets that have no address in common"),
            );
        }
    }
}

fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}
