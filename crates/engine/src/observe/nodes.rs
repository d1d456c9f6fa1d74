//! Rows of nodes: the container and what Kubernetes says of it in one.

use std::collections::HashMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, NodeCondition};

use super::machine::Machine;
use super::rows::{Condition, Health, NodeRow};
use super::scene::{SETTLED, Scene, created, millis, name};
use super::words::one_line;

/// A node that has not registered after this time has failed to, in milliseconds.
const JOINED_BY: i64 = 120_000;

/// Kubernetes tells times in whole seconds, and the clocks of two machines differ a little.
const CLOCKS: i64 = 3_000;

/// Rows of all nodes, unwell ones first.
pub(super) fn rows(scene: &Scene<'_>) -> Vec<NodeRow> {
    let mut pods: HashMap<&str, u32> = HashMap::new();
    for pod in scene.world.pods.iter() {
        let phase = pod
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref());
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
        if let (Some(node), false) = (node, matches!(phase, Some("Succeeded" | "Failed"))) {
            *pods.entry(node).or_default() += 1;
        }
    }
    let registered: HashMap<&str, &Node> = scene
        .world
        .nodes
        .iter()
        .map(|node| (name(&node.metadata), node))
        .collect();
    let machines = scene.machines.iter().map(|machine| {
        let node = registered.get(machine.name.as_str()).copied();
        row(Some(machine), node, scene)
    });
    let others = registered
        .values()
        .filter(|node| scene.machine(name(&node.metadata)).is_none());
    let mut rows: Vec<NodeRow> = machines
        .chain(others.map(|node| row(None, Some(node), scene)))
        .collect();
    for row in &mut rows {
        row.pods = pods.get(row.name.as_str()).copied().unwrap_or(0);
    }
    let place: HashMap<&str, usize> = scene
        .machines
        .iter()
        .enumerate()
        .map(|(place, machine)| (machine.name.as_str(), place))
        .collect();
    rows.sort_by(|a, b| {
        let place = |row: &NodeRow| place.get(row.name.as_str()).copied().unwrap_or(usize::MAX);
        (a.health, place(a), &a.name).cmp(&(b.health, place(b), &b.name))
    });
    rows
}

/// How a node does.
struct Verdict {
    health: Health,
    state: &'static str,
    why: Option<String>,
}

impl Verdict {
    fn new(health: Health, state: &'static str, why: impl Into<Option<String>>) -> Self {
        Self {
            health,
            state,
            why: why.into(),
        }
    }
}

fn row(machine: Option<&Machine>, node: Option<&Node>, scene: &Scene<'_>) -> NodeRow {
    let Verdict { health, state, why } = verdict(machine, node, scene);
    let status = node.and_then(|node| node.status.as_ref());
    let spec = node.and_then(|node| node.spec.as_ref());
    let addresses = status
        .and_then(|status| status.addresses.as_deref())
        .unwrap_or_default();
    let internal = addresses
        .iter()
        .find(|address| address.type_ == "InternalIP");
    let labels = node
        .and_then(|node| node.metadata.labels.clone())
        .unwrap_or_default();
    let role = match machine {
        Some(machine) => machine.role,
        None if labels.contains_key("node-role.kubernetes.io/control-plane") => "control-plane",
        None => "worker",
    };
    NodeRow {
        name: machine.map_or_else(
            || {
                node.map(|node| name(&node.metadata).to_owned())
                    .unwrap_or_default()
            },
            |machine| machine.name.clone(),
        ),
        role: role.to_owned(),
        health,
        state: state.to_owned(),
        why,
        version: status.and_then(|status| Some(status.node_info.as_ref()?.kubelet_version.clone())),
        address: machine.map_or_else(
            || {
                internal
                    .map(|address| address.address.clone())
                    .unwrap_or_default()
            },
            |machine| machine.address.clone(),
        ),
        container_address: machine.and_then(|machine| machine.container_address.clone()),
        image: machine
            .map(|machine| machine.image.clone())
            .unwrap_or_default(),
        cpus: machine.map_or(0, |machine| machine.cpus),
        memory_bytes: machine.map_or(0, |machine| machine.memory_bytes),
        started: machine.and_then(|machine| Some(machine.started?.as_millisecond())),
        pods: 0,
        conditions: conditions(node).map(condition).collect(),
        labels,
        taints: spec.map(taints).unwrap_or_default(),
        mounts: machine
            .map(|machine| machine.mounts.clone())
            .unwrap_or_default(),
        ports: machine.map(Machine::ports).unwrap_or_default(),
    }
}

fn taints(spec: &k8s_openapi::api::core::v1::NodeSpec) -> Vec<String> {
    let taints = spec.taints.as_deref().unwrap_or_default();
    taints
        .iter()
        .map(|taint| match taint.value.as_deref() {
            Some(value) if !value.is_empty() => format!("{}={value}:{}", taint.key, taint.effect),
            _ => format!("{}:{}", taint.key, taint.effect),
        })
        .collect()
}

fn verdict(machine: Option<&Machine>, node: Option<&Node>, scene: &Scene<'_>) -> Verdict {
    let Some(machine) = machine else {
        return Verdict::new(
            Health::Failed,
            "Unknown",
            "its container is gone; Kubernetes still lists it".to_owned(),
        );
    };
    if !machine.running {
        // Meant when the whole cluster is stopped.
        return if !scene.stopped && !scene.moment.ending {
            let why = "its container does not run; start the cluster".to_owned();
            Verdict::new(Health::Failed, "Stopped", why)
        } else {
            Verdict::new(Health::Stopped, "Stopped", None)
        };
    }
    if !scene.world.nodes.is_known() {
        return Verdict::new(Health::Unknown, "Unknown", None);
    }
    let started = machine.started.map(Timestamp::as_millisecond);
    let Some(node) = node else {
        return if started.is_some_and(|started| !scene.lasted(started, JOINED_BY)) {
            Verdict::new(Health::Busy, "Joining", None)
        } else {
            let why = "it is not registered with the cluster".to_owned();
            Verdict::new(Health::Failed, "Not ready", why)
        };
    };
    registered(node, started, scene)
}

fn registered(node: &Node, started: Option<i64>, scene: &Scene<'_>) -> Verdict {
    let ready = conditions(node.into()).find(|condition| condition.type_ == "Ready");
    let Some(ready) = ready else {
        return Verdict::new(Health::Busy, "Joining", None);
    };
    let heard = millis(ready.last_heartbeat_time.as_ref()).unwrap_or_default();
    if started.is_some_and(|started| heard < started.saturating_sub(CLOCKS)) {
        let why = "its kubelet has not reported since it was started".to_owned();
        let late = started.is_some_and(|started| scene.lasted(started, JOINED_BY));
        return if late {
            Verdict::new(Health::Failed, "Not ready", why)
        } else {
            Verdict::new(Health::Busy, "Joining", why)
        };
    }
    if ready.status != "True" {
        let message = ready.message.as_deref().map(one_line);
        // A node comes up without a network, which is there a moment later.
        let began = started.unwrap_or_default().max(created(&node.metadata));
        return if ready.status == "False" && !scene.lasted(began, SETTLED) {
            Verdict::new(Health::Busy, "Joining", message)
        } else {
            Verdict::new(Health::Failed, "Not ready", pressure(node).or(message))
        };
    }
    if let Some(pressure) = pressure(node) {
        return Verdict::new(Health::Degraded, "Ready", pressure);
    }
    let cordoned = node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true);
    let why = cordoned.then(|| "cordoned: it takes no new pods".to_owned());
    Verdict::new(Health::Healthy, "Ready", why)
}

fn conditions(node: Option<&Node>) -> impl Iterator<Item = &NodeCondition> {
    let status = node.and_then(|node| node.status.as_ref());
    status
        .and_then(|status| status.conditions.as_ref())
        .into_iter()
        .flatten()
}

/// What a node runs short of.
fn pressure(node: &Node) -> Option<String> {
    let bad = conditions(node.into())
        .find(|condition| condition.type_ != "Ready" && condition.status == "True")?;
    Some(match bad.type_.as_str() {
        "DiskPressure" => "disk pressure: its disk is nearly full".to_owned(),
        "MemoryPressure" => "memory pressure: it runs out of memory".to_owned(),
        "PIDPressure" => "process pressure: too many processes".to_owned(),
        other => match bad.message.as_deref() {
            Some(message) => one_line(&format!("{other}: {message}")),
            None => other.to_owned(),
        },
    })
}

fn condition(condition: &NodeCondition) -> Condition {
    let wanted = if condition.type_ == "Ready" {
        "True"
    } else {
        "False"
    };
    Condition {
        kind: condition.type_.clone(),
        status: condition.status.clone(),
        good: condition.status == wanted,
        reason: condition.reason.clone().unwrap_or_default(),
        message: condition.message.clone().unwrap_or_default(),
    }
}
