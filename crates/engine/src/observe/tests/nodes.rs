use super::*;
use crate::observe::rows::{Health, NodeRow};

fn rows(nodes: &[Value], states: &[&str]) -> Vec<NodeRow> {
    let world = World {
        nodes: kind(nodes),
        ..World::default()
    };
    built(&world, &machines_that(states)).view.nodes
}

/// The worker when Kubernetes tells this of it.
fn worker(node: Value) -> NodeRow {
    let rows = rows(
        &[ready_node("dev-control-plane"), node],
        &["running", "running"],
    );
    let found = rows.into_iter().find(|row| row.name == "dev-worker");
    found.expect("the worker")
}

fn told(row: &NodeRow) -> (Health, &str, Option<&str>) {
    (row.health, row.state.as_str(), row.why.as_deref())
}

#[test]
fn a_row_has_what_both_sides_tell() {
    let rows = rows(
        &[ready_node("dev-control-plane"), ready_node("dev-worker")],
        &["running"; 2],
    );
    let row = &rows[0];
    assert_eq!(told(row), (Health::Healthy, "Ready", None));
    assert_eq!(
        (row.name.as_str(), row.role.as_str()),
        ("dev-control-plane", "control-plane")
    );
    assert_eq!(row.version.as_deref(), Some("v1.37.1"));
    assert_eq!(row.address, "172.30.0.2");
    assert_eq!(row.container_address.as_deref(), Some("192.168.64.9"));
    assert_eq!((row.cpus, row.memory_bytes), (4, 4 << 30));
    assert_eq!(row.started, Some(millis(LONG_AGO)));
    assert_eq!(
        row.taints,
        [
            "node-role.kubernetes.io/control-plane:NoSchedule",
            "a=b:NoExecute"
        ]
    );
    assert_eq!(row.mounts, ["/src/code → /code"]);
    assert_eq!(
        row.ports,
        [
            "127.0.0.1:16443 → 6443/tcp",
            "127.0.0.1:8080 → 30080/tcp",
            "127.0.0.1:8443 → 443/tcp",
            "127.0.0.1:9000-9009 → 31000-31009/udp",
        ]
    );
    assert!(row.conditions.iter().all(|condition| condition.good));
    assert_eq!(rows[1].name, "dev-worker");
}

#[test]
fn a_node_that_is_not_ready_says_why() {
    let silent = node(
        "dev-worker",
        "Unknown",
        "NodeStatusUnknown",
        "Kubelet stopped posting node status.",
        LONG_AGO,
    );
    let row = worker(silent);
    let why = Some("Kubelet stopped posting node status.");
    assert_eq!(told(&row), (Health::Failed, "Not ready", why));
    let mut full = ready_node("dev-worker");
    full["status"]["conditions"][1]["status"] = json!("True");
    let row = worker(full);
    let why = Some("disk pressure: its disk is nearly full");
    assert_eq!(told(&row), (Health::Degraded, "Ready", why));
    let bad: Vec<&str> = row
        .conditions
        .iter()
        .filter(|condition| !condition.good)
        .map(|condition| condition.kind.as_str())
        .collect();
    assert_eq!(bad, ["DiskPressure"]);
}

#[test]
fn unwell_nodes_come_first() {
    let silent = node("dev-worker", "Unknown", "", "silent", LONG_AGO);
    let rows = rows(&[ready_node("dev-control-plane"), silent], &["running"; 2]);
    assert_eq!(rows[0].name, "dev-worker");
}

#[test]
fn ready_from_an_earlier_life_does_not_count() {
    // Its container was started at six.
    let old = node(
        "dev-worker",
        "True",
        "KubeletReady",
        "ready",
        "2026-11-23T05:59:50Z",
    );
    let why = Some("its kubelet has not reported since it was started");
    assert_eq!(
        told(&worker(old.clone())),
        (Health::Failed, "Not ready", why)
    );
    let world = World {
        nodes: kind(&[old]),
        ..World::default()
    };
    let soon = built_at(&world, &machines(), "2026-11-23T06:00:05Z");
    let row = soon.view.nodes.iter().find(|row| row.name == "dev-worker");
    assert_eq!(told(row.expect("there")), (Health::Busy, "Joining", why));
    assert_eq!(soon.again, Some(millis("2026-11-23T06:02:00Z")));
}

#[test]
fn a_node_that_is_not_registered_joins_or_has_failed_to() {
    let world = world_without_worker();
    let soon = built_at(&world, &machines(), "2026-11-23T06:00:30Z");
    assert_eq!(told(&soon.view.nodes[0]), (Health::Busy, "Joining", None));
    let late = built_at(&world, &machines(), NOW);
    let why = Some("it is not registered with the cluster");
    assert_eq!(
        told(&late.view.nodes[0]),
        (Health::Failed, "Not ready", why)
    );
}

fn world_without_worker() -> World {
    World {
        nodes: kind(&[ready_node("dev-control-plane")]),
        ..World::default()
    }
}

#[test]
fn a_stopped_node_is_meant_only_when_all_are_stopped() {
    let nodes = [ready_node("dev-control-plane"), ready_node("dev-worker")];
    let one = rows(&nodes, &["running", "stopped"]);
    assert_eq!(
        (one[0].name.as_str(), one[0].health),
        ("dev-worker", Health::Failed)
    );
    assert_eq!(one[0].state, "Stopped");
    assert_eq!(one[0].started, None);
    let all = rows(&nodes, &["stopped", "stopped"]);
    assert!(
        all.iter()
            .all(|row| row.health == Health::Stopped && row.why.is_none())
    );
}

#[test]
fn before_kubernetes_answers_nodes_are_unknown() {
    let rows = built(&World::default(), &machines()).view.nodes;
    assert!(rows.iter().all(|row| row.health == Health::Unknown));
}

#[test]
fn a_node_without_a_container_is_told() {
    let gone = json!({"metadata": {"name": "dev-worker2", "uid": "w2"}, "status": {
        "addresses": [{"type": "InternalIP", "address": "172.30.0.4"}]}});
    let rows = rows(
        &[
            ready_node("dev-control-plane"),
            ready_node("dev-worker"),
            gone,
        ],
        &["running"; 2],
    );
    assert_eq!(rows[0].name, "dev-worker2");
    assert_eq!(
        (rows[0].health, rows[0].address.as_str()),
        (Health::Failed, "172.30.0.4")
    );
}

#[test]
fn pods_that_have_not_ended_are_counted() {
    let mut world = world();
    world.pods = kind(&[
        pod("a", &json!({})),
        pod("b", &json!({"phase": "Pending"})),
        pod("c", &json!({"phase": "Succeeded"})),
    ]);
    let rows = view(&world).nodes;
    let pods: Vec<u32> = rows.iter().map(|row| row.pods).collect();
    assert_eq!(pods, [0, 2]);
}
