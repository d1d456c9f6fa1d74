//! Rows from objects as a real API sends them.

mod nodes;
mod pods;
mod rest;
mod services;
mod size;
mod workloads;

use container::ContainerInfo;
use kube::Resource;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::machine::Machine;
use super::rows::ClusterView;
use super::scene::Moment;
use super::view::{Built, build};
use super::world::{Kind, World};
use crate::inventory::Inventory;

/// When all tests look, and when what has been there for long began.
pub(super) const NOW: &str = "2026-11-23T09:00:00Z";
pub(super) const LONG_AGO: &str = "2026-11-23T06:00:00Z";

pub(super) fn millis(time: &str) -> i64 {
    let time: jiff::Timestamp = time.parse().expect("a time");
    time.as_millisecond()
}

/// Objects of one kind from JSON.
pub(super) fn kind<K: Resource + DeserializeOwned>(objects: &[Value]) -> Kind<K> {
    let read = |object: &Value| serde_json::from_value(object.clone()).expect("an object");
    Kind::of(objects.iter().map(read))
}

/// A running cluster of a control plane with a published port and a worker.
pub(super) fn machines() -> Vec<Machine> {
    machines_that(&["running", "running"])
}

/// The same with its containers in these states.
pub(super) fn machines_that(states: &[&str]) -> Vec<Machine> {
    let nodes = [
        ("dev-control-plane", "control-plane", "172.30.0.2"),
        ("dev-worker", "worker", "172.30.0.3"),
    ];
    let ports = json!([
        {"hostAddress": "127.0.0.1", "hostPort": 16443, "containerPort": 6443, "count": 1, "proto": "tcp"},
        {"hostAddress": "0.0.0.0", "hostPort": 8080, "containerPort": 30080, "count": 1, "proto": "tcp"},
        {"hostAddress": "127.0.0.1", "hostPort": 8443, "containerPort": 443, "count": 1, "proto": "tcp"},
        {"hostAddress": "127.0.0.1", "hostPort": 9000, "containerPort": 31000, "count": 10, "proto": "udp"},
    ]);
    let containers: Vec<Value> = nodes
        .iter()
        .zip(states)
        .map(|((name, role, address), state)| {
            json!({
                "id": name,
                "configuration": {
                    "id": name,
                    "image": {"reference": "apple-k8s-node:v1.37.1", "descriptor": {}},
                    "labels": {"apple-k8s.dev/cluster": "dev", "apple-k8s.dev/role": role,
                               "apple-k8s.dev/node-address": address},
                    "mounts": [
                        {"type": {"virtiofs": {}}, "source": "/src/code", "destination": "/code", "options": []},
                        {"type": {"tmpfs": {}}, "source": "tmpfs", "destination": "/run", "options": []},
                    ],
                    "publishedPorts": if *role == "control-plane" { ports.clone() } else { json!([]) },
                    "resources": {"cpus": 4, "memoryInBytes": 4_294_967_296_u64},
                },
                "status": {"state": state, "startedDate": "2026-11-23T06:00:00Z", "networks": [
                    {"network": "default", "hostname": name, "ipv4Address": "192.168.64.9/24"}]}
            })
        })
        .collect();
    let all: Vec<ContainerInfo> = serde_json::from_value(json!(containers)).expect("containers");
    let inventory = Inventory::of(all);
    inventory.nodes("dev").iter().map(Machine::from).collect()
}

/// A world with both nodes Ready and nothing else.
pub(super) fn world() -> World {
    World {
        nodes: kind(&[ready_node("dev-control-plane"), ready_node("dev-worker")]),
        ..World::default()
    }
}

pub(super) fn ready_node(name: &str) -> Value {
    node(
        name,
        "True",
        "KubeletReady",
        "kubelet is posting ready status",
        NOW,
    )
}

/// A node whose Ready condition is this, told last at `heard`.
pub(super) fn node(name: &str, status: &str, reason: &str, message: &str, heard: &str) -> Value {
    let pressure = |kind: &str| {
        json!({"type": kind, "status": "False", "reason": format!("KubeletHasNo{kind}"),
               "message": "kubelet has no pressure", "lastHeartbeatTime": heard})
    };
    json!({
        "metadata": {"name": name, "uid": name, "labels": {"kubernetes.io/hostname": name},
                     "creationTimestamp": LONG_AGO},
        "spec": {"taints": [
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
            {"key": "a", "value": "b", "effect": "NoExecute"}]},
        "status": {
            "addresses": [{"type": "InternalIP", "address": "172.30.0.9"}],
            "nodeInfo": node_info(),
            "conditions": [pressure("MemoryPressure"), pressure("DiskPressure"), pressure("PIDPressure"),
                {"type": "Ready", "status": status, "reason": reason, "message": message,
                 "lastHeartbeatTime": heard}],
        }
    })
}

fn node_info() -> Value {
    json!({"architecture": "arm64", "bootID": "", "containerRuntimeVersion": "containerd://2.2.0",
           "kernelVersion": "6.18.5", "kubeProxyVersion": "", "kubeletVersion": "v1.37.1",
           "machineID": "", "operatingSystem": "linux", "osImage": "Debian", "systemUUID": ""})
}

/// A pod of one container on the worker; `status` is merged into a pod that runs and is ready.
pub(super) fn pod(name: &str, status: &Value) -> Value {
    let mut pod = json!({
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"),
                     "creationTimestamp": LONG_AGO, "labels": {"app": name}},
        "spec": {"nodeName": "dev-worker", "containers": [{"name": "main", "image": "shop:2.1"}]},
        "status": {
            "phase": "Running", "podIP": "10.244.1.7",
            "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}],
            "containerStatuses": [running(LONG_AGO)],
        }
    });
    merge(&mut pod["status"], status);
    pod
}

/// A container that runs since then and is ready.
pub(super) fn running(since: &str) -> Value {
    container(
        &json!({"running": {"startedAt": since}}),
        &json!({}),
        0,
        true,
    )
}

pub(super) fn container(state: &Value, last: &Value, restarts: u32, ready: bool) -> Value {
    json!({"name": "main", "image": "shop:2.1", "imageID": "", "ready": ready, "started": ready,
           "restartCount": restarts, "state": state, "lastState": last})
}

/// A pod that is not ready, with this container.
pub(super) fn unready(name: &str, phase: &str, container: &Value) -> Value {
    pod(
        name,
        &json!({"phase": phase, "containerStatuses": [container], "conditions": [
            {"type": "PodScheduled", "status": "True"},
            {"type": "Ready", "status": "False", "reason": "ContainersNotReady",
             "message": "containers with unready status: [main]"}]}),
    )
}

/// A container that crashes again and again.
pub(super) fn crashing(end: &Value) -> Value {
    let wait = json!({"waiting": {"reason": "CrashLoopBackOff",
        "message": "back-off 40s restarting failed container=main pod=cart-0_shop"}});
    container(&wait, &json!({"terminated": end}), 6, false)
}

/// Sets who keeps an object.
pub(super) fn owned(mut object: Value, kind: &str, uid: &str) -> Value {
    object["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": kind,
        "name": uid, "uid": uid, "controller": true}]);
    object
}

pub(super) fn merge(into: &mut Value, changes: &Value) {
    let (Value::Object(into), Value::Object(changes)) = (into, changes) else {
        panic!("objects are merged");
    };
    for (key, value) in changes {
        into.insert(key.clone(), value.clone());
    }
}

/// A warning about an object.
pub(super) fn warning(about: &str, uid: &str, reason: &str, message: &str, last: &str) -> Value {
    json!({
        "metadata": {"name": format!("{uid}.{reason}.{last}"), "namespace": "shop",
                     "uid": format!("{uid}.{reason}.{last}")},
        "involvedObject": {"kind": about, "namespace": "shop", "name": uid.trim_start_matches("uid-"),
                           "uid": uid},
        "type": "Warning", "reason": reason, "message": message, "count": 3,
        "firstTimestamp": LONG_AGO, "lastTimestamp": last,
    })
}

pub(super) fn built(world: &World, machines: &[Machine]) -> Built {
    built_at(world, machines, NOW)
}

pub(super) fn built_at(world: &World, machines: &[Machine], now: &str) -> Built {
    let moment = Moment {
        now: millis(now),
        ending: false,
    };
    build("dev", world, machines, moment)
}

pub(super) fn view(world: &World) -> ClusterView {
    built(world, &machines()).view
}
