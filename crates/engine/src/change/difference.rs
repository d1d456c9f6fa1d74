//! How a wanted cluster differs from the one there is. Pure.

use std::collections::BTreeMap;

use spec::{Cluster, NodePlan, Role, Taint, TaintEffect};

use crate::home::Creation;
use crate::host;
use crate::inventory::{LABEL_CREATION, NodeContainer};
use crate::plan;

/// The taint that kubeadm gives a control plane beside workers.
pub(super) const CONTROL_PLANE_TAINT: &str = "node-role.kubernetes.io/control-plane";

/// A node's container as it was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    name: String,
    /// A killed change made it, and it never came to belong to the cluster.
    half_made: bool,
}

impl Found {
    pub(super) fn of(node: &NodeContainer, killed: Option<&Creation>) -> Self {
        let label = node.info.label(LABEL_CREATION);
        Self {
            name: node.name().to_owned(),
            half_made: killed.is_some_and(|killed| label == Some(killed.id.as_str())),
        }
    }
}

/// A field with its old and its new value, as a person writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// Something that only a new cluster can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub(super) node: Option<String>,
    pub(super) field: Field,
    pub(super) why: Why,
}

/// Why a field can't be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Addresses are given out by it from the beginning.
    Addresses,
    /// It is part of how Kubernetes was set up.
    SetUp,
    /// The control plane holds the cluster's data and can't be made again.
    ControlPlane,
    /// All nodes run the version of the control plane.
    Version,
}

/// Labels and taints of a node that change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) node: String,
    pub(super) set_labels: BTreeMap<String, String>,
    pub(super) drop_labels: Vec<String>,
    pub(super) add_taints: Vec<Taint>,
    pub(super) drop_taints: Vec<Taint>,
}

impl Marks {
    pub(super) fn is_empty(&self) -> bool {
        self.set_labels.is_empty()
            && self.drop_labels.is_empty()
            && self.add_taints.is_empty()
            && self.drop_taints.is_empty()
    }

    /// Whether it keeps pods off a control plane because there are workers now. They have to be
    /// there first.
    pub(super) fn waits_for_workers(&self) -> bool {
        let kubeadms = |taint: &Taint| taint.key == CONTROL_PLANE_TAINT;
        self.add_taints.iter().any(kubeadms)
    }
}

/// Why a worker is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// It is new in the Cluster YAML.
    Wanted,
    /// It should be there already and is not: somebody removed its container, or a change was
    /// killed.
    Missing,
}

/// A worker to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addition {
    pub(super) plan: NodePlan,
    pub(super) cause: Cause,
}

/// A worker to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Removal {
    pub(super) node: String,
    /// A killed change left it; it never belonged to the cluster.
    pub(super) half_made: bool,
}

/// A worker to make again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recreation {
    pub(super) node: String,
    pub(super) fields: Vec<Field>,
    /// Labels and taints that come with it.
    pub(super) marks: Marks,
}

/// What has to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) impossible: Vec<Obstacle>,
    pub(super) marked: Vec<Marks>,
    pub(super) added: Vec<Addition>,
    /// The last one first: the others keep their places.
    pub(super) removed: Vec<Removal>,
    pub(super) recreated: Vec<Recreation>,
    /// Nodes that a killed change left; they are removed first.
    pub(super) half_made: Vec<String>,
}

impl Difference {
    /// Nodes that pods have to leave.
    pub(super) fn leaving(&self) -> Vec<&str> {
        let removed = self.removed.iter().map(|removal| removal.node.as_str());
        let recreated = self.recreated.iter().map(|node| node.node.as_str());
        removed.chain(recreated).collect()
    }

    /// Why nothing can be done now: nodes that stay have to run.
    pub(super) fn blocked_by(&self, nodes: &[NodeContainer]) -> Option<String> {
        let leaving = self.leaving();
        let stays = |name: &str| {
            !leaving.contains(&name) && self.half_made.iter().all(|half_made| half_made != name)
        };
        let stopped: Vec<&str> = nodes
            .iter()
            .filter(|node| !node.info.is_running() && stays(node.name()))
            .map(NodeContainer::name)
            .collect();
        match stopped.as_slice() {
            [] => None,
            [one] => Some(format!("node {one} is stopped; start the cluster first")),
            _ if stopped.len() == nodes.len() => {
                Some("the cluster is stopped; start it first".into())
            }
            _ => Some(format!(
                "nodes {} are stopped; start the cluster first",
                stopped.join(", ")
            )),
        }
    }
}

/// Compares the saved cluster and what is there with the wanted cluster. `version` is the
/// cluster's Kubernetes, `api_port` where its API is published.
pub(super) fn between(
    saved: &Cluster,
    wanted: &Cluster,
    found: &[Found],
    version: &str,
    api_port: Option<u16>,
) -> Difference {
    let mut difference = Difference {
        impossible: cluster_obstacles(saved, wanted, version, api_port),
        half_made: found
            .iter()
            .filter(|found| found.half_made)
            .map(|found| found.name.clone())
            .collect(),
        ..Difference::default()
    };
    let images = (
        plan::usual_image(saved, version),
        plan::usual_image(wanted, version),
    );
    let common_patches = saved.kubeadm_config_patches == wanted.kubeadm_config_patches;
    let (before, after) = (saved.machines(), wanted.machines());
    for machine in &after {
        let old = before.iter().find(|old| old.name == machine.name);
        let container = found.iter().find(|found| found.name == machine.name);
        let there = container.is_some_and(|found| !found.half_made);
        let (Some(old), true) = (old, there || machine.role == Role::ControlPlane) else {
            let cause = if old.is_some() {
                Cause::Missing
            } else {
                Cause::Wanted
            };
            difference.added.push(Addition {
                plan: machine.clone(),
                cause,
            });
            continue;
        };
        let mut fields = machine_fields(old, machine, (&images.0, &images.1));
        if !common_patches {
            fields.retain(|field| field.name != PATCHES);
        }
        let marks = marks(saved, old, wanted, machine);
        if fields.is_empty() {
            if !marks.is_empty() {
                difference.marked.push(marks);
            }
        } else if machine.role == Role::ControlPlane {
            let obstacles = fields.into_iter().map(|field| Obstacle {
                node: Some(machine.name.clone()),
                field,
                why: Why::ControlPlane,
            });
            difference.impossible.extend(obstacles);
        } else {
            difference.recreated.push(Recreation {
                node: machine.name.clone(),
                fields,
                marks,
            });
        }
    }
    let stays = |name: &str| after.iter().any(|machine| machine.name == name);
    for old in before.iter().rev().filter(|old| !stays(&old.name)) {
        difference.removed.push(Removal {
            node: old.name.clone(),
            half_made: false,
        });
    }
    for left in found.iter().filter(|found| !stays(&found.name)) {
        if before.iter().all(|old| old.name != left.name) {
            difference.removed.push(Removal {
                node: left.name.clone(),
                half_made: true,
            });
        }
    }
    difference
}

fn cluster_obstacles(
    saved: &Cluster,
    wanted: &Cluster,
    version: &str,
    api_port: Option<u16>,
) -> Vec<Obstacle> {
    let (old, new) = (&saved.networking, &wanted.networking);
    let mut obstacles = Vec::new();
    let mut compare = |name: &str, before: String, after: String, why: Why| {
        if before != after {
            obstacles.push(Obstacle {
                node: None,
                field: Field {
                    name: name.to_owned(),
                    before,
                    after,
                },
                why,
            });
        }
    };
    let wanted_version = wanted
        .kubernetes_version
        .as_ref()
        .map_or_else(|| version.to_owned(), ToString::to_string);
    compare(
        "kubernetesVersion",
        version.to_owned(),
        wanted_version,
        Why::Version,
    );
    for (name, before, after) in [
        ("podSubnet", old.pod_subnet, new.pod_subnet),
        ("serviceSubnet", old.service_subnet, new.service_subnet),
        ("nodeSubnet", old.node_subnet, new.node_subnet),
    ] {
        compare(name, before.to_string(), after.to_string(), Why::Addresses);
    }
    compare(
        "apiServerAddress",
        old.api_server_address.to_string(),
        new.api_server_address.to_string(),
        Why::Addresses,
    );
    // A port that was chosen once stays; to name that very port changes nothing.
    if let (Some(before), Some(after)) = (api_port.or(old.api_server_port), new.api_server_port) {
        compare(
            "apiServerPort",
            before.to_string(),
            after.to_string(),
            Why::Addresses,
        );
    }
    compare("cni", old.cni.to_string(), new.cni.to_string(), Why::SetUp);
    let modes = (old.kube_proxy_mode, new.kube_proxy_mode);
    compare(
        "kubeProxyMode",
        modes.0.to_string(),
        modes.1.to_string(),
        Why::SetUp,
    );
    let count = |patches: &[String]| match patches.len() {
        1 => "1 patch".to_owned(),
        several => format!("{several} patches"),
    };
    for (name, before, after) in [
        (
            PATCHES,
            &saved.kubeadm_config_patches,
            &wanted.kubeadm_config_patches,
        ),
        (
            "containerdConfigPatches",
            &saved.containerd_config_patches,
            &wanted.containerd_config_patches,
        ),
    ] {
        if before != after {
            let after = if before.len() == after.len() {
                "other patches".into()
            } else {
                count(after)
            };
            compare(name, count(before), after, Why::SetUp);
        }
    }
    obstacles
}

const PATCHES: &str = "kubeadmConfigPatches";

/// Fields of a machine that can't be changed while it exists.
fn machine_fields(old: &NodePlan, new: &NodePlan, usual_images: (&str, &str)) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut compare = |name: &str, before: String, after: String| {
        if before != after {
            fields.push(Field {
                name: name.to_owned(),
                before,
                after,
            });
        }
    };
    let image = |plan: &NodePlan, usual: &str| plan.image.clone().unwrap_or_else(|| usual.into());
    compare(
        "image",
        image(old, usual_images.0),
        image(new, usual_images.1),
    );
    let cpus = |plan: &NodePlan| {
        let usual = plan.role.default_cpus().min(host::cpus());
        plan.cpus.unwrap_or(usual).to_string()
    };
    compare("cpus", cpus(old), cpus(new));
    let memory = |plan: &NodePlan| {
        let usual = plan.role.default_memory();
        plan.memory.unwrap_or(usual).to_string()
    };
    compare("memory", memory(old), memory(new));
    compare("extraMounts", mounts(old), mounts(new));
    compare("extraPortMappings", ports(old), ports(new));
    if old.kubeadm_config_patches != new.kubeadm_config_patches {
        compare(PATCHES, "as they were".into(), "changed".into());
    }
    fields
}

fn mounts(plan: &NodePlan) -> String {
    list(plan.extra_mounts.iter().map(|mount| {
        let how = if mount.read_only { " (read-only)" } else { "" };
        format!(
            "{} → {}{how}",
            mount.host_path.display(),
            mount.container_path
        )
    }))
}

fn ports(plan: &NodePlan) -> String {
    list(plan.port_mappings.iter().map(|port| {
        let kind = port.protocol.as_str().to_lowercase();
        format!(
            "{}:{} → {}/{kind}",
            port.listen_address, port.host_port, port.container_port
        )
    }))
}

fn list(values: impl Iterator<Item = String>) -> String {
    let mut values: Vec<String> = values.collect();
    values.sort();
    if values.is_empty() {
        "none".into()
    } else {
        values.join(", ")
    }
}

/// Labels and taints that change on a node that stays.
fn marks(saved: &Cluster, old: &NodePlan, wanted: &Cluster, new: &NodePlan) -> Marks {
    let changed = |(key, value): &(&String, &String)| old.labels.get(*key) != Some(*value);
    let (before, after) = (taints(saved, old), taints(wanted, new));
    Marks {
        node: new.name.clone(),
        set_labels: new
            .labels
            .iter()
            .filter(changed)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        drop_labels: missing(old.labels.keys(), |key| new.labels.contains_key(key)),
        add_taints: missing(after.iter(), |taint| before.contains(taint)),
        drop_taints: missing(before.iter(), |taint| after.contains(taint)),
    }
}

fn missing<'a, T: Clone + 'a>(
    all: impl Iterator<Item = &'a T>,
    known: impl Fn(&T) -> bool,
) -> Vec<T> {
    all.filter(|one| !known(one)).cloned().collect()
}

/// The taints that a node has by a Cluster YAML: of a control plane those of kubeadm, when it says
/// nothing and has company.
pub(super) fn taints(cluster: &Cluster, plan: &NodePlan) -> Vec<Taint> {
    if let Some(taints) = &plan.taints {
        return taints.clone();
    }
    if plan.role == Role::Worker || cluster.machines().len() == 1 {
        return Vec::new();
    }
    vec![Taint {
        key: CONTROL_PLANE_TAINT.to_owned(),
        value: String::new(),
        effect: TaintEffect::NoSchedule,
    }]
}
