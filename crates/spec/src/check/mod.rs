//! The rules that a cluster must keep, wherever it comes from. Paths are those of our own format.

mod image;
mod labels;
mod mounts;
mod patches;
mod ports;
mod subnets;

use crate::name::validate_name;
use crate::read::Problems;
use crate::source::element;
use crate::{Cluster, Memory, Node, Role, SpecError};

pub(crate) use mounts::host_paths;

/// Most nodes of a cluster: each of them is a machine on this one.
pub const MOST_NODES: u32 = 250;

/// Least memory of a node: with less, what runs on it is killed while it starts.
const fn least_memory(role: Role) -> Memory {
    match role {
        Role::ControlPlane => Memory::gibibytes(2),
        Role::Worker => Memory::gibibytes(1),
    }
}

/// Path of an element of `spec.nodes`.
fn node_path(index: usize) -> String {
    element("spec.nodes", index)
}

/// Checks everything that can be checked without looking at the machine.
pub(crate) fn cluster(cluster: &Cluster, problems: &mut Problems) {
    if !problems.failed("metadata.name")
        && !problems.failed("metadata")
        && let Err(error) = validate_name(&cluster.name)
    {
        problems.error(error);
    }
    for (index, node) in cluster.nodes.iter().enumerate() {
        check_node(index, node, problems);
    }
    check_counts(cluster, problems);
    subnets::check(cluster, problems);
    ports::check(cluster, problems);
    patches::check(cluster, problems);
}

fn check_node(index: usize, node: &Node, problems: &mut Problems) {
    let path = node_path(index);
    if let Some(image) = &node.image {
        image::check(&format!("{path}.image"), image, problems);
    }
    check_size(&path, node, problems);
    labels::check(&path, node, problems);
    mounts::check(&path, node, problems);
}

fn check_size(path: &str, node: &Node, problems: &mut Problems) {
    if node.replicas == 0 {
        let error =
            SpecError::new(format!("{path}.replicas"), "there must be at least one").value(0);
        problems.error(error.hint("remove the entry instead"));
    }
    if node.cpus == Some(0) {
        let error = SpecError::new(format!("{path}.cpus"), "a node needs a processor").value(0);
        problems.error(error.expected("1 or more"));
    }
    let Some(memory) = node.memory else { return };
    let least = least_memory(node.role);
    if memory < least && !problems.failed(&format!("{path}.role")) {
        let name = node.role;
        let error = SpecError::new(
            format!("{path}.memory"),
            format!("{memory} is too little memory for a {name}"),
        );
        problems.error(error.value(memory).expected(format!("at least {least}")));
    }
}

/// How many nodes of which role.
fn check_counts(cluster: &Cluster, problems: &mut Problems) {
    const NODES: &str = "spec.nodes";
    let roles_known = !problems.failed(NODES)
        && !problems.failed("spec")
        && (0..cluster.nodes.len()).all(|index| {
            let path = node_path(index);
            !problems.failed(&path) && !problems.failed(&format!("{path}.role"))
        });
    if !roles_known {
        return;
    }
    let planes: Vec<_> = control_planes(cluster).collect();
    let count: u64 = planes
        .iter()
        .map(|(_, node)| u64::from(node.replicas))
        .sum();
    if count == 0 {
        let error = SpecError::new(NODES, "the cluster has no control plane");
        problems.error(
            error
                .hint("add an element with role: control-plane")
                .at_key(),
        );
    }
    if count > 1 {
        let (index, node) = planes
            .get(1)
            .or(planes.first())
            .copied()
            .unwrap_or((0, &cluster.nodes[0]));
        let field = if node.replicas > 1 {
            "replicas"
        } else {
            "role"
        };
        let error = SpecError::new(
            format!("{}.{field}", node_path(index)),
            format!("{count} control planes: more than one is not supported yet"),
        );
        problems.error(error.hint("keep one of them, and make the others workers"));
    }
    let all: u64 = cluster
        .nodes
        .iter()
        .map(|node| u64::from(node.replicas))
        .sum();
    if all > u64::from(MOST_NODES) {
        let error = SpecError::new(
            NODES,
            format!("{all} nodes are more than one machine can run"),
        );
        problems.error(
            error
                .value(all)
                .expected(format!("at most {MOST_NODES}"))
                .at_key(),
        );
    }
}

fn control_planes(cluster: &Cluster) -> impl Iterator<Item = (usize, &Node)> {
    let nodes = cluster.nodes.iter().enumerate();
    nodes.filter(|(_, node)| node.role == Role::ControlPlane)
}
