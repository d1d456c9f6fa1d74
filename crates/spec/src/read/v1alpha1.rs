//! Our own format, `apple-k8s.dev/v1alpha1`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::{Fields, Item, Problems, value};
use crate::{
    Cluster, MOST_NODES, Mount, Networking, Node, PortMapping, Protocol, Role, SpecError, Taint,
    TaintEffect,
};

/// Reads the fields of a Cluster, `apiVersion` and `kind` done.
pub(super) fn read(mut top: Fields<'_>, base_dir: &Path, problems: &mut Problems) -> Cluster {
    let name = top
        .require(
            "metadata",
            "a mapping with the name of the cluster",
            problems,
        )
        .and_then(|item| item.fields(problems))
        .and_then(|fields| metadata(fields, problems));
    let spec = top
        .require("spec", "a mapping with the nodes of the cluster", problems)
        .and_then(|item| item.fields(problems));
    top.finish(problems, |key| match key {
        "name" => Some("the name belongs under metadata"),
        "nodes"
        | "networking"
        | "kubernetesVersion"
        | "kubeadmConfigPatches"
        | "containerdConfigPatches" => Some("this belongs under spec"),
        _ => None,
    });
    let mut cluster = Cluster {
        name: name.unwrap_or_default(),
        kubernetes_version: None,
        nodes: Vec::new(),
        networking: Networking::default(),
        kubeadm_config_patches: Vec::new(),
        containerd_config_patches: Vec::new(),
    };
    if let Some(spec) = spec {
        read_spec(spec, base_dir, &mut cluster, problems);
    }
    cluster
}

fn metadata(mut fields: Fields<'_>, problems: &mut Problems) -> Option<String> {
    let name = fields
        .require("name", "a name such as dev-cluster", problems)
        .and_then(|item| item.text(problems));
    fields.finish(problems, |_| None);
    name
}

fn read_spec(
    mut fields: Fields<'_>,
    base_dir: &Path,
    cluster: &mut Cluster,
    problems: &mut Problems,
) {
    if let Some(item) = fields.get("kubernetesVersion") {
        cluster.kubernetes_version = value::kubernetes_version(&item, problems);
    }
    if let Some(item) = fields.require("nodes", "a list with a control plane", problems) {
        cluster.nodes = item
            .list(problems)
            .iter()
            .map(|item| node(item, base_dir, problems))
            .collect();
    }
    if let Some(fields) = fields
        .get("networking")
        .and_then(|item| item.fields(problems))
    {
        cluster.networking = networking(fields, problems);
    }
    if let Some(item) = fields.get("kubeadmConfigPatches") {
        cluster.kubeadm_config_patches = item.texts(problems);
    }
    if let Some(item) = fields.get("containerdConfigPatches") {
        cluster.containerd_config_patches = item.texts(problems);
    }
    fields.finish(problems, |key| match key {
        "name" => Some("the name belongs under metadata"),
        "role" | "replicas" | "image" => Some("this belongs to an element of nodes"),
        "podSubnet" | "serviceSubnet" | "cni" | "apiServerPort" => {
            Some("this belongs under networking")
        }
        _ => None,
    });
}

fn node(item: &Item<'_>, base_dir: &Path, problems: &mut Problems) -> Node {
    // Where the role can't be read, its error keeps this stand-in from being used.
    let mut node = Node::new(Role::Worker);
    let Some(mut fields) = item.fields(problems) else {
        return node;
    };
    if let Some(role) = fields
        .require("role", "control-plane or worker", problems)
        .and_then(|item| item.keyword(problems))
    {
        node.role = role;
    }
    if let Some(item) = fields.get("replicas") {
        node.replicas = count(&item, MOST_NODES, problems).unwrap_or(1);
    }
    node.image = fields.get("image").and_then(|item| item.text(problems));
    node.cpus = fields
        .get("cpus")
        .and_then(|item| count(&item, MOST_CPUS, problems));
    node.memory = fields
        .get("memory")
        .and_then(|item| value::memory(&item, problems));
    if let Some(item) = fields.get("labels") {
        node.labels = labels(&item, problems);
    }
    node.taints = fields.get("taints").map(|item| {
        item.list(problems)
            .iter()
            .map(|item| taint(item, problems))
            .collect()
    });
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
    fields.finish(problems, |key| match key {
        "name" => Some("nodes are named after the cluster and their role"),
        "count" => Some("did you mean \"replicas\"?"),
        "volumes" | "mounts" => Some("did you mean \"extraMounts\"?"),
        "ports" => Some("did you mean \"extraPortMappings\"?"),
        "containerdConfigPatches" => Some("this belongs under spec: it is for all nodes"),
        _ => None,
    });
    node
}

/// Most processors that a node can ask for.
const MOST_CPUS: u32 = 1024;

fn count(item: &Item<'_>, most: u32, problems: &mut Problems) -> Option<u32> {
    item.integer(1, most.into(), problems)
        .and_then(|number| u32::try_from(number).ok())
}

/// Labels: text to text.
pub(super) fn labels(item: &Item<'_>, problems: &mut Problems) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (key, item) in item.pairs(problems) {
        let value = if item.tree.is_null() {
            problems.error(
                item.wrong_type("text")
                    .hint("an empty value is written \"\""),
            );
            None
        } else {
            item.text(problems)
        };
        labels.insert(key, value.unwrap_or_default());
    }
    labels
}

fn taint(item: &Item<'_>, problems: &mut Problems) -> Taint {
    let mut taint = Taint {
        key: String::new(),
        value: String::new(),
        effect: TaintEffect::NoSchedule,
    };
    let Some(mut fields) = item.fields(problems) else {
        return taint;
    };
    let key = fields.require("key", "a name such as example.com/dedicated", problems);
    taint.key = key.and_then(|item| item.text(problems)).unwrap_or_default();
    let value = fields.get("value");
    taint.value = value
        .and_then(|item| item.text(problems))
        .unwrap_or_default();
    let effect = fields.require(
        "effect",
        "NoSchedule, PreferNoSchedule or NoExecute",
        problems,
    );
    taint.effect = effect
        .and_then(|item| item.keyword(problems))
        .unwrap_or(taint.effect);
    fields.finish(problems, |_| None);
    taint
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
    fields.finish(problems, |key| match key {
        "propagation" | "selinuxRelabel" => {
            Some("kind has this field; nodes of their own have no use for it")
        }
        "source" => Some("did you mean \"hostPath\"?"),
        "target" => Some("did you mean \"containerPath\"?"),
        _ => None,
    });
    mount
}

/// The fields of a mount that both formats have.
pub(super) fn read_mount(
    fields: &mut Fields<'_>,
    base_dir: &Path,
    mount: &mut Mount,
    problems: &mut Problems,
) {
    let host_path = fields
        .require("hostPath", "a path of this machine", problems)
        .and_then(|item| item.parsed(problems, |text| value::host_path(text, base_dir)));
    mount.host_path = host_path.unwrap_or_default();
    let container_path = fields.require("containerPath", "a path of the node", problems);
    mount.container_path = container_path
        .and_then(|item| item.text(problems))
        .unwrap_or_default();
    if let Some(item) = fields.get("readOnly") {
        mount.read_only = item.flag(problems).unwrap_or_default();
    }
}

fn mapping(item: &Item<'_>, problems: &mut Problems) -> PortMapping {
    let mut mapping = PortMapping {
        container_port: 0,
        host_port: 0,
        listen_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
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
        .and_then(|item| chosen_port(&item, problems))
        .unwrap_or_default();
    read_listener(&mut fields, &mut mapping, problems);
    fields.finish(problems, |_| None);
    mapping
}

/// `listenAddress` and `protocol`.
fn read_listener(fields: &mut Fields<'_>, mapping: &mut PortMapping, problems: &mut Problems) {
    if let Some(item) = fields.get("listenAddress") {
        let address = item.parsed(problems, value::address);
        mapping.listen_address = address.unwrap_or(mapping.listen_address);
    }
    if let Some(item) = fields.get("protocol") {
        mapping.protocol = item.keyword(problems).unwrap_or_default();
    }
}

fn networking(mut fields: Fields<'_>, problems: &mut Problems) -> Networking {
    let mut networking = Networking::default();
    for (name, subnet) in [
        ("podSubnet", &mut networking.pod_subnet),
        ("serviceSubnet", &mut networking.service_subnet),
        ("nodeSubnet", &mut networking.node_subnet),
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
    if let Some(item) = fields.get("cni") {
        networking.cni = item.keyword(problems).unwrap_or_default();
    }
    if let Some(item) = fields.get("kubeProxyMode") {
        networking.kube_proxy_mode = kube_proxy_mode(&item, problems).unwrap_or_default();
    }
    fields.finish(problems, |key| match key {
        "disableDefaultCNI" => Some("this is kind's field; write cni: none"),
        "ipFamily" => Some("clusters are IPv4"),
        _ => None,
    });
    networking
}

/// A port of this machine; none for 0, which leaves the choice to us.
pub(super) fn chosen_port(item: &Item<'_>, problems: &mut Problems) -> Option<u16> {
    match value::port(item, 0, problems)? {
        0 => None,
        1 => {
            let error = item.error("port 1 can't be used").value(1);
            problems.error(error.expected("0 for any free port, or one from 2 to 65535"));
            None
        }
        port => Some(port),
    }
}

/// kube-proxy's mode; the one it has beside ours is named.
pub(super) fn kube_proxy_mode(
    item: &Item<'_>,
    problems: &mut Problems,
) -> Option<crate::KubeProxyMode> {
    if item.tree.as_text() != Some("ipvs") {
        return item.keyword(problems);
    }
    let why = "kube-proxy's ipvs mode is deprecated and the nodes don't carry it";
    let error: SpecError = item.error(why).expected("nftables, iptables or none");
    problems.error(error.value("ipvs"));
    None
}
