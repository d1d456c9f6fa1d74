//! Ports of this machine: no two listeners may want the same.

use std::net::IpAddr;

use crate::read::Problems;
use crate::source::element;
use crate::{Cluster, Node, PortMapping, Protocol, Role, SpecError};

use super::node_path;

/// First port that takes no administrator to listen on.
const FIRST_FREE_FOR_ALL: u16 = 1024;

/// Most ports of one container, the API server's among them (Apple's `container` refuses more).
const MOST_PER_NODE: usize = 64;

/// What the reader of a text says of a port that may be left to us.
const ANY_OR_A_PORT: &str = "0 for any free port, or one from 2 to 65535";

/// A port of this machine that something will listen on.
struct Listener {
    /// The field that asks for it.
    path: String,
    node: Option<usize>,
    address: IpAddr,
    port: u16,
    protocol: Protocol,
}

/// Checks the ports of all nodes, and that of the API server.
pub(super) fn check(cluster: &Cluster, problems: &mut Problems) {
    let mut listeners = Vec::new();
    listeners.extend(api_server(cluster, problems));
    for (index, node) in cluster.nodes.iter().enumerate() {
        check_count(index, node, problems);
        for (number, mapping) in node.extra_port_mappings.iter().enumerate() {
            let path = element(&format!("{}.extraPortMappings", node_path(index)), number);
            check_numbers(&path, mapping, problems);
            if problems.failed(&path) || problems.failed(&format!("{path}.hostPort")) {
                continue;
            }
            check_replicas(&path, node, mapping, problems);
            if mapping.host_port == 0 {
                continue;
            }
            let listener = Listener {
                path: format!("{path}.hostPort"),
                node: Some(index),
                address: mapping.listen_address,
                port: mapping.host_port,
                protocol: mapping.protocol,
            };
            check_clash(&listener, &listeners, problems);
            warn_privileged(&listener, problems);
            listeners.push(listener);
        }
    }
}

fn api_server(cluster: &Cluster, problems: &mut Problems) -> Option<Listener> {
    let networking = &cluster.networking;
    let address = networking.api_server_address;
    if !address.is_loopback() {
        let path = "spec.networking.apiServerAddress";
        let warning = SpecError::new(
            path,
            format!("{address} lets other machines reach the API server"),
        );
        problems.warn(
            warning
                .value(address)
                .hint("127.0.0.1 keeps it to this machine"),
        );
    }
    let port = networking.api_server_port?;
    let listener = Listener {
        path: "spec.networking.apiServerPort".into(),
        node: None,
        address: IpAddr::V4(address),
        port,
        protocol: Protocol::Tcp,
    };
    if port < 2 {
        let error = SpecError::new(&listener.path, format!("port {port} can't be used"));
        problems.error(error.value(port).expected("a port from 2 to 65535"));
    } else {
        warn_privileged(&listener, problems);
    }
    Some(listener)
}

/// What the reader of a text has checked already, for clusters that come from none.
fn check_numbers(path: &str, mapping: &PortMapping, problems: &mut Problems) {
    if problems.failed(path) {
        return;
    }
    for (name, port, bad, expected) in [
        (
            "containerPort",
            mapping.container_port,
            0,
            "a port from 1 to 65535",
        ),
        ("hostPort", mapping.host_port, 1, ANY_OR_A_PORT),
    ] {
        let path = format!("{path}.{name}");
        if port == bad && !problems.failed(&path) {
            let error = SpecError::new(path, format!("port {port} can't be used")).value(port);
            problems.error(error.expected(expected));
        }
    }
}

fn check_count(index: usize, node: &Node, problems: &mut Problems) {
    let most = MOST_PER_NODE - usize::from(node.role == Role::ControlPlane);
    let count = node.extra_port_mappings.len();
    if count > most {
        let path = format!("{}.extraPortMappings", node_path(index));
        let error = SpecError::new(
            path,
            format!("{count} ports are more than a node can publish"),
        );
        problems.error(
            error
                .value(count)
                .expected(format!("at most {most}"))
                .at_key(),
        );
    }
}

fn check_replicas(path: &str, node: &Node, mapping: &PortMapping, problems: &mut Problems) {
    if node.replicas > 1 && !problems.failed(&format!("{path}.replicas")) {
        let message = match mapping.host_port {
            0 => format!(
                "a port is chosen for one node, not for {} replicas",
                node.replicas
            ),
            port => format!(
                "the {} replicas would all take port {port} of this machine",
                node.replicas
            ),
        };
        let error = SpecError::new(format!("{path}.hostPort"), message).value(mapping.host_port);
        problems.error(error.hint("give the node with the port an element of its own"));
    }
}

fn check_clash(listener: &Listener, others: &[Listener], problems: &mut Problems) {
    let Some(other) = others.iter().find(|other| clash(listener, other)) else {
        return;
    };
    let (port, protocol) = (listener.port, listener.protocol);
    // A container takes a port once, whatever the address.
    let message = if listener.address == other.address {
        format!(
            "{protocol} port {port} of {} is taken by {}",
            listener.address, other.path
        )
    } else {
        format!(
            "{protocol} port {port} of {} can't be had beside that of {}, which {} takes",
            listener.address, other.address, other.path
        )
    };
    problems.error(
        SpecError::new(&listener.path, message)
            .value(port)
            .hint("choose another port"),
    );
}

fn clash(one: &Listener, other: &Listener) -> bool {
    let same_port = one.port == other.port && one.protocol == other.protocol;
    let overlap = one.address == other.address
        || one.address.is_unspecified()
        || other.address.is_unspecified();
    let same_node = one.node.is_some() && one.node == other.node;
    same_port && (overlap || same_node)
}

fn warn_privileged(listener: &Listener, problems: &mut Problems) {
    if listener.port < FIRST_FREE_FOR_ALL {
        let message = format!(
            "port {} takes an administrator's rights to listen on",
            listener.port
        );
        let warning = SpecError::new(&listener.path, message).value(listener.port);
        problems.warn(warning.hint(format!("choose one from {FIRST_FREE_FOR_ALL} on")));
    }
}
