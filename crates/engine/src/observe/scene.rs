//! What rows of different kinds need to know of each other.

use std::cell::Cell;
use std::collections::HashMap;

use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};

use super::events;
use super::machine::Machine;
use super::rows::{Health, NodeRow};
use super::world::World;

/// A container that runs for this long has settled, in milliseconds: before that it may still
/// come up, or end again.
pub(super) const SETTLED: i64 = 30_000;

/// Namespaces of what comes with a cluster.
const SYSTEM: [&str; 5] = [
    "kube-system",
    "kube-flannel",
    "kube-node-lease",
    "kube-public",
    "local-path-storage",
];

/// Whether a namespace belongs to Kubernetes itself.
pub(super) fn is_system(namespace: &str) -> bool {
    SYSTEM.contains(&namespace)
}

/// When and in which circumstances is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Milliseconds since 1970.
    pub(super) now: i64,
    /// Whether somebody stops the cluster, by an operation under way.
    pub(super) ending: bool,
}

/// The state of everything at a moment.
pub(super) struct Scene<'a> {
    pub(super) world: &'a World,
    pub(super) machines: &'a [Machine],
    by_name: HashMap<&'a str, &'a Machine>,
    pub(super) moment: Moment,
    /// Whether all nodes are stopped, and nothing is meant to run.
    pub(super) stopped: bool,
    /// How pods of nodes that are not ready do, and why, by the node's name.
    pub(super) down: HashMap<String, (Health, &'static str)>,
    /// The newest warning about an object, by its uid.
    warnings: HashMap<&'a str, &'a Event>,
    /// When rows look different although nothing was told.
    again: Cell<Option<i64>>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(world: &'a World, machines: &'a [Machine], moment: Moment) -> Self {
        Self {
            world,
            machines,
            by_name: machines.iter().map(|it| (it.name.as_str(), it)).collect(),
            moment,
            stopped: !machines.iter().any(|machine| machine.running),
            down: HashMap::new(),
            warnings: events::newest_warnings(world),
            again: Cell::new(None),
        }
    }

    /// Learns what the nodes' states mean for their pods.
    pub(super) fn learn(&mut self, nodes: &[NodeRow]) {
        let down = nodes.iter().filter_map(|node| {
            let meaning = match node.state.as_str() {
                "Stopped" => (Health::Unknown, "is stopped"),
                "Joining" => (Health::Busy, "is starting"),
                _ if node.health == Health::Failed => (Health::Unknown, "is not ready"),
                _ => return None,
            };
            Some((node.name.clone(), meaning))
        });
        self.down = down.collect();
    }

    /// The newest warning about an object.
    pub(super) fn warning(&self, uid: &str) -> Option<&'a Event> {
        self.warnings.get(uid).copied()
    }

    /// Whether something that began at a time has gone on for `span`; if not, rows are made
    /// again when it has.
    pub(super) fn lasted(&self, began: i64, span: i64) -> bool {
        let due = began.saturating_add(span);
        if due <= self.moment.now {
            return true;
        }
        let again = self.again.get().map_or(due, |other| other.min(due));
        self.again.set(Some(again));
        false
    }

    /// When to make the rows again although nothing was told.
    pub(super) fn again(&self) -> Option<i64> {
        self.again.get()
    }

    pub(super) fn machine(&self, name: &str) -> Option<&'a Machine> {
        self.by_name.get(name).copied()
    }

    /// The uid of the workload that a pod belongs to.
    pub(super) fn workload_of<'b>(&'b self, pod: &'b Pod) -> &'b str {
        let Some(owner) = controller(&pod.metadata) else {
            return uid(&pod.metadata);
        };
        match owner.kind.as_str() {
            // A pod from a file on its node: nobody makes it again.
            "Node" => uid(&pod.metadata),
            "ReplicaSet" => root(owner, |set| {
                self.world.replica_sets.get(set).map(|set| &set.metadata)
            }),
            "Job" => root(owner, |job| {
                self.world.jobs.get(job).map(|job| &job.metadata)
            }),
            _ => &owner.uid,
        }
    }
}

/// The uid of what keeps an owner, or its own.
fn root<'b>(
    owner: &'b OwnerReference,
    find: impl FnOnce(&str) -> Option<&'b ObjectMeta>,
) -> &'b str {
    find(&owner.uid)
        .and_then(controller)
        .map_or(&owner.uid, |above| &above.uid)
}

/// Who made an object and keeps it.
pub(super) fn controller(meta: &ObjectMeta) -> Option<&OwnerReference> {
    let owners = meta.owner_references.as_deref().unwrap_or_default();
    owners.iter().find(|owner| owner.controller == Some(true))
}

pub(super) fn uid(meta: &ObjectMeta) -> &str {
    meta.uid.as_deref().unwrap_or_default()
}

pub(super) fn name(meta: &ObjectMeta) -> &str {
    meta.name.as_deref().unwrap_or_default()
}

pub(super) fn namespace(meta: &ObjectMeta) -> &str {
    meta.namespace.as_deref().unwrap_or_default()
}

pub(super) fn created(meta: &ObjectMeta) -> i64 {
    millis(meta.creation_timestamp.as_ref()).unwrap_or_default()
}

pub(super) fn millis(time: Option<&Time>) -> Option<i64> {
    time.map(|time| time.0.as_millisecond())
}

/// How many there are.
pub(super) fn number_of(items: impl Iterator) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

/// A count of Kubernetes; never below zero.
pub(super) fn count(number: Option<i32>) -> u32 {
    number
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or(0)
}
