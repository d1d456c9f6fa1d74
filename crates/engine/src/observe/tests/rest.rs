//! Events, volumes, and what is wrong.

use super::*;
use crate::observe::rows::{Health, VolumeRow};

#[test]
fn events_that_repeat_are_one_row() {
    let mut world = world();
    let says = "Back-off restarting failed container";
    world.events = kind(&[
        warning("Pod", "uid-cart-0", "BackOff", says, "2026-11-23T08:59:00Z"),
        warning("Pod", "uid-cart-0", "BackOff", says, "2026-11-23T08:59:30Z"),
        warning(
            "Pod",
            "uid-cart-0",
            "BackOff",
            "another reason",
            "2026-11-23T08:59:10Z",
        ),
        json!({"metadata": {"name": "n", "namespace": "default", "uid": "e1"}, "type": "Normal",
               "involvedObject": {"kind": "Node", "name": "dev-worker"}, "reason": "NodeReady",
               "message": "Node dev-worker status is now: NodeReady\n",
               "eventTime": "2026-11-23T08:59:20.500000Z",
               "series": {"count": 4, "lastObservedTime": "2026-11-23T08:59:40.250000Z"}}),
    ]);
    let rows = view(&world).events;
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.object.as_str(),
                row.message.as_str(),
                row.count,
                row.last,
                row.warning,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (
                "Node/dev-worker",
                "Node dev-worker status is now: NodeReady",
                4,
                millis("2026-11-23T08:59:40.250Z"),
                false
            ),
            ("Pod/cart-0", says, 6, millis("2026-11-23T08:59:30Z"), true),
            (
                "Pod/cart-0",
                "another reason",
                3,
                millis("2026-11-23T08:59:10Z"),
                true
            ),
        ]
    );
    assert_eq!(view(&world).events[0].namespace, None);
}

#[test]
fn the_newest_five_hundred_events_are_shown() {
    let mut world = world();
    let events: Vec<Value> = (0..700)
        .map(|number| {
            let last = format!("2026-11-23T08:{:02}:{:02}Z", number / 60, number % 60);
            warning("Pod", &format!("uid-p{number}"), "BackOff", "again", &last)
        })
        .collect();
    world.events = kind(&events);
    let rows = view(&world).events;
    assert_eq!(rows.len(), 500);
    assert_eq!(rows[0].object, "Pod/p699");
    assert_eq!(rows[499].object, "Pod/p200");
}

fn claim(status: &str) -> Value {
    json!({"metadata": {"name": "data", "namespace": "shop", "uid": "uid-data", "creationTimestamp": LONG_AGO,
            "annotations": {"volume.kubernetes.io/selected-node": "dev-control-plane"}},
        "spec": {"storageClassName": "standard", "volumeName": "pvc-1", "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"phase": status}})
}

fn user(name: &str, phase: &str) -> Value {
    let mut user = pod(name, &json!({"phase": phase}));
    user["spec"]["volumes"] =
        json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]);
    user
}

fn volume(claim: Value, pods: &[Value], events: &[Value]) -> VolumeRow {
    let mut world = world();
    world.claims = kind(&[claim]);
    world.pods = kind(pods);
    world.events = kind(events);
    world.volumes = kind(&[
        json!({"metadata": {"name": "pvc-1", "uid": "uid-pv"}, "spec": {"nodeAffinity": {"required":
        {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In",
            "values": ["dev-worker"]}]}]}}}}),
    ]);
    view(&world).volumes.remove(0)
}

#[test]
fn a_volume_is_told_with_its_place_and_users() {
    let row = volume(
        claim("Bound"),
        &[
            user("db-1", "Running"),
            user("db-0", "Running"),
            user("old", "Succeeded"),
        ],
        &[],
    );
    assert_eq!(
        (row.health, row.state.as_str(), row.bytes),
        (Health::Healthy, "Bound", Some(1 << 30))
    );
    assert_eq!(
        row.node.as_deref(),
        Some("dev-worker"),
        "where its data is, not where it was meant to be"
    );
    assert_eq!(row.used_by, ["db-0", "db-1"]);
    assert_eq!(row.class.as_deref(), Some("standard"));
}

#[test]
fn a_claim_that_is_not_bound_says_why() {
    let unused = volume(claim("Pending"), &[], &[]);
    assert_eq!(
        (unused.health, unused.why.as_deref()),
        (Health::Stopped, Some("no pod uses it yet"))
    );
    assert_eq!(
        volume(claim("Pending"), &[user("db", "Pending")], &[]).health,
        Health::Busy
    );
    let event = warning(
        "PersistentVolumeClaim",
        "uid-data",
        "ProvisioningFailed",
        "no room",
        NOW,
    );
    let failed = volume(claim("Pending"), &[user("db", "Pending")], &[event]);
    assert_eq!(
        (failed.health, failed.why.as_deref()),
        (Health::Failed, Some("no room"))
    );
    assert_eq!(volume(claim("Lost"), &[], &[]).health, Health::Failed);
}

#[test]
fn problems_are_told_once_and_the_worst_first() {
    let mut world = world();
    world.nodes = kind(&[
        ready_node("dev-control-plane"),
        node(
            "dev-worker",
            "Unknown",
            "",
            "Kubelet stopped posting node status.",
            LONG_AGO,
        ),
    ]);
    let end = json!({"exitCode": 137, "reason": "OOMKilled", "finishedAt": NOW});
    let mut cart = unready("cart", "Running", &crashing(&end));
    cart["spec"]["nodeName"] = json!("dev-control-plane");
    // On the node that is down: told by the node.
    world.pods = kind(&[cart, pod("web", &json!({}))]);
    let service = |name: &str| {
        json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("uid-s-{name}")},
        "spec": {"clusterIP": "10.96.0.9", "selector": {"app": name}, "ports": [{"port": 80}]}})
    };
    world.services = kind(&[service("cart"), service("web"), service("nobody")]);
    let problems = view(&world).problems;
    let told: Vec<_> = problems
        .iter()
        .map(|it| {
            (
                it.health,
                it.kind.as_str(),
                it.name.as_str(),
                it.what.as_str(),
                it.pod.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                Health::Failed,
                "Node",
                "dev-worker",
                "not ready: Kubelet stopped posting node status.",
                None
            ),
            (
                Health::Failed,
                "Pod",
                "cart",
                "CrashLoopBackOff: out of memory (137), 6 restarts",
                Some("cart")
            ),
            (
                Health::Degraded,
                "Service",
                "nobody",
                "no ready backends",
                None
            ),
        ]
    );
}

#[test]
fn while_somebody_stops_the_cluster_nothing_is_wrong() {
    let mut world = world();
    let end = json!({"terminated": {"exitCode": 137, "reason": "Error", "finishedAt": NOW}});
    world.pods = kind(&[unready(
        "web",
        "Running",
        &container(&end, &json!({}), 0, false),
    )]);
    let machines = machines_that(&["running", "stopped"]);
    let moment = |ending| Moment {
        now: millis(NOW),
        ending,
    };
    assert!(
        !build("dev", &world, &machines, moment(false))
            .view
            .problems
            .is_empty()
    );
    let view = build("dev", &world, &machines, moment(true)).view;
    assert!(view.problems.is_empty(), "{:?}", view.problems);
    assert_eq!(view.pods[0].health, Health::Busy);
    assert_eq!(view.nodes[1].health, Health::Stopped);
}

#[test]
fn what_is_kept_of_objects_holds_no_environment() {
    use crate::observe::world::Slim;
    let mut deployment: k8s_openapi::api::apps::v1::Deployment = serde_json::from_value(json!({
        "metadata": {"name": "web", "managedFields": [{"manager": "kubectl"}],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}},
        "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "main", "image": "shop:2.1",
            "ports": [{"containerPort": 80}], "env": [{"name": "PASSWORD", "value": "hunter2"}]}]}}}
    }))
    .expect("a deployment");
    deployment.slim();
    let kept = serde_json::to_string(&deployment).expect("JSON");
    assert!(
        !kept.contains("hunter2") && !kept.contains("managedFields"),
        "{kept}"
    );
    assert!(
        kept.contains("shop:2.1") && kept.contains("containerPort"),
        "{kept}"
    );
}
