//! kind's format, `kind.x-k8s.io/v1alpha4`. What has no counterpart here is an error: a cluster
//! that silently lacks something it was asked for is worse than none.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::field::alternatives;
use super::gates;
use super::v1alpha1::{chosen_port, kube_proxy_mode, labels, read_mount};
use super::{Fields, Item, Problems, did_you_mean, value};
use crate::yaml::{Content, ScalarKind};
use crate::{Cluster, Cni, Mount, Networking, Node, PortMapping, Protocol, Role, SpecError};

/// Name that kind gives a cluster that has none.
const DEFAULT_NAME: &str = "kind";

/// Reads the fields of kind's Cluster, `apiVersion` and `kind` done.
pub(super) fn read(mut top: Fields<'_>, base_dir: &Path, problems: &mut Problems) -> Cluster {
    let name = top
        .get("name")
        .map_or_else(|| Some(DEFAULT_NAME.to_owned()), |item| item.text(problems));
    let mut cluster = Cluster {
        name: name.unwrap_or_default(),
        kubernetes_version: None,
        nodes: vec![Node::new(Role::ControlPlane)],
        networking: Networking::default(),
        kubeadm_config_patches: Vec::new(),
        containerd_config_patches: Vec::new(),
    };
    if let Some(item) = top.get("nodes") {
        let nodes = item.list(problems);
        // As in kind, an empty list is none.
        if !nodes.is_empty() {
            cluster.nodes = nodes
                .iter()
                .map(|item| node(item, base_dir, problems))
                .collect();
        }
    }
    if let Some(fields) = top.get("networking").and_then(|item| item.fields(problems)) {
        cluster.networking = networking(fields, problems);
    }
    let patches = top.get("kubeadmConfigPatches");
    if let Some(item) = top.get("containerdConfigPatches") {
        cluster.containerd_config_patches = item.texts(problems);
    }
    let generated = &mut cluster.kubeadm_config_patches;
    if let Some(item) = top.get("featureGates") {
        generated.extend(gates::features(&item, problems));
    }
    if let Some(item) = top.get("runtimeConfig") {
        generated.extend(gates::runtime(&item, problems));
    }
    // The user's own come last: they have the last word.
    if let Some(item) = patches {
        generated.extend(item.texts(problems));
    }
    for name in [
        "kubeadmConfigPatchesJSON6902",
        "containerdConfigPatchesJSON6902",
    ] {
        if let Some(item) = top.get(name) {
            refuse_filled(&item, problems, MERGE_PATCHES);
        }
    }
    top.finish(problems, |key| match key {
        "metadata" | "spec" => Some(
            "this belongs to apiVersion apple-k8s.dev/v1alpha1; here the fields stand at the top",
        ),
        _ => None,
    });
    cluster
}

const MERGE_PATCHES: &str =
    "write the change as a merge patch, under the field without \"JSON6902\"";

/// An error unless a list or mapping is empty.
fn refuse_filled(item: &Item<'_>, problems: &mut Problems, hint: &str) {
    let empty = match &item.tree.content {
        Content::List(items) => items.is_empty(),
        Content::Map(entries) => entries.is_empty(),
        Content::Scalar(_) => false,
    };
    if !empty {
        problems.error(item.error("not supported yet").hint(hint).at_key());
    }
}

fn node(item: &Item<'_>, base_dir: &Path, problems: &mut Problems) -> Node {
    let mut node = Node::new(Role::ControlPlane);
    let Some(mut fields) = item.fields(problems) else {
        return node;
    };
    if let Some(item) = fields.get("role") {
        node.role = item.keyword(problems).unwrap_or(Role::Worker);
    }
    node.image = fields.get("image").and_then(|item| item.text(problems));
    if let Some(item) = fields.get("labels") {
        node.labels = labels(&item, problems);
    }
    if let Some(item) = fields.get("extraMounts") {
        let mounts = item.list(problems);
        node.extra_mounts = mounts
            .iter()
            .map(|item| mount(item, base_dir, problems))
            .collect();
    }
    if let Some(item) = fields.get("extraPortMappings") {
        let mappings = item.list(problems);
        node.extra_port_mappings = mappings
            .iter()
            .map(|item| mapping(item, problems))
            .collect();
    }
    if let Some(item) = fields.get("kubeadmConfigPatches") {
        node.kubeadm_config_patches = item.texts(problems);
    }
    if let Some(item) = fields.get("kubeadmConfigPatchesJSON6902") {
        refuse_filled(&item, problems, MERGE_PATCHES);
    }
    fields.finish(problems, |key| match key {
        "replicas" | "cpus" | "memory" | "taints" => {
            Some("this field is our own: use apiVersion apple-k8s.dev/v1alpha1")
        }
        _ => None,
    });
    node
}

fn mount(item: &Item<'_>, base_dir: &Path, problems: &mut Problems) -> Mount {
    let mut mount = Mount {
        host_path: "".into(),
        container_path: String::new(),
        read_only: false,
    };
    let Some(mut fields) = item.fields(problems) else {
        return mount;
    };
    read_mount(&mut fields, base_dir, &mut mount, problems);
    if let Some(item) = fields.get("selinuxRelabel")
        && item.flag(problems) == Some(true)
    {
        let error = item.error("SELinux labels can't be set here").value(true);
        problems.error(error.expected("false"));
    }
    if let Some(item) = fields.get("propagation")
        && let Some(text) = item.text(problems)
        && !matches!(text.as_str(), "None" | "")
    {
        let error = if matches!(text.as_str(), "HostToContainer" | "Bidirectional") {
            item.error(format!(
                "propagation {text} is not possible: a node is a machine of its own"
            ))
        } else {
            item.error(format!("unknown propagation {text:?}"))
        };
        problems.error(did_you_mean(
            error.value(&text).expected("None"),
            &text,
            &["None"],
        ));
    }
    fields.finish(problems, |_| None);
    mount
}

fn mapping(item: &Item<'_>, problems: &mut Problems) -> PortMapping {
    let mut mapping = PortMapping {
        container_port: 0,
        host_port: 0,
        // kind's default; ours is the loopback address.
        listen_address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        protocol: Protocol::default(),
    };
    let Some(mut fields) = item.fields(problems) else {
        return mapping;
    };
    let container_port = fields.require("containerPort", "a port of the node", problems);
    mapping.container_port = container_port
        .and_then(|item| value::port(&item, 1, problems))
        .unwrap_or_default();
    mapping.host_port = fields
        .get("hostPort")
        .and_then(|item| host_port(&item, problems))
        .unwrap_or_default();
    if let Some(item) = fields.get("listenAddress") {
        let address = item.parsed(problems, value::address);
        mapping.listen_address = address.unwrap_or(mapping.listen_address);
    } else {
        let warning = SpecError::new(
            format!("{}.listenAddress", item.path),
            "without it the port is open to other machines, as in kind",
        );
        problems.warn(warning.hint("127.0.0.1 keeps it to this machine"));
    }
    if let Some(item) = fields.get("protocol") {
        mapping.protocol = protocol(&item, problems).unwrap_or_default();
    }
    fields.finish(problems, |_| None);
    mapping
}

/// The port; none when the choice is ours. kind has a second word for that, by which its back end
/// chooses.
fn host_port(item: &Item<'_>, problems: &mut Problems) -> Option<u16> {
    match &item.tree.content {
        Content::Scalar(scalar) if scalar.kind == ScalarKind::Integer(Some(-1)) => None,
        _ => chosen_port(item, problems),
    }
}

fn protocol(item: &Item<'_>, problems: &mut Problems) -> Option<Protocol> {
    if item.tree.as_text() == Some("SCTP") {
        let error = item.error("SCTP ports can't be published").value("SCTP");
        problems.error(error.expected("TCP or UDP"));
        return None;
    }
    item.keyword(problems)
}

fn networking(mut fields: Fields<'_>, problems: &mut Problems) -> Networking {
    let mut networking = Networking::default();
    if let Some(item) = fields.get("ipFamily") {
        check_ip_family(&item, problems);
    }
    for (name, subnet) in [
        ("podSubnet", &mut networking.pod_subnet),
        ("serviceSubnet", &mut networking.service_subnet),
    ] {
        let given = fields
            .get(name)
            .and_then(|item| item.parsed(problems, value::subnet));
        *subnet = given.unwrap_or(*subnet);
    }
    if let Some(item) = fields.get("apiServerAddress") {
        let address = item.parsed(problems, value::address_v4);
        networking.api_server_address = address.unwrap_or(networking.api_server_address);
    }
    networking.api_server_port = fields
        .get("apiServerPort")
        .and_then(|item| chosen_port(&item, problems));
    if let Some(item) = fields.get("disableDefaultCNI")
        && item.flag(problems) == Some(true)
    {
        networking.cni = Cni::None;
    }
    if let Some(item) = fields.get("kubeProxyMode") {
        networking.kube_proxy_mode = kube_proxy_mode(&item, problems).unwrap_or_default();
    }
    if let Some(item) = fields.get("dnsSearch") {
        // Even an empty list means something in kind: no search domains.
        problems.error(item.error("not supported yet").hint("remove it").at_key());
    }
    fields.finish(problems, |_| None);
    networking
}

fn check_ip_family(item: &Item<'_>, problems: &mut Problems) {
    const KNOWN: [&str; 3] = ["ipv4", "ipv6", "dual"];
    let Some(text) = item.text(problems) else {
        return;
    };
    if text == "ipv4" {
        return;
    }
    let error = if KNOWN.contains(&text.as_str()) {
        item.error(format!("ipFamily {text} is not supported yet"))
            .expected("ipv4")
    } else {
        let error = item.error(format!("unknown ipFamily {text:?}"));
        did_you_mean(error.expected(alternatives(&KNOWN[..1])), &text, &KNOWN)
    };
    problems.error(error.value(&text));
}
