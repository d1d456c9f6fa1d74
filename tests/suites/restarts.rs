//! The Cluster YAML of the original plan, and what a stop and a start leave as it was.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

mod parts;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use parts::{network, storage};
use system_tests::{BuiltImage, Cluster, NodeTraces, User, node_image};

/// The plan's example, word for word.
const PLAN: &str = "\
# apple-k8s-config.yaml
apiVersion: apple-k8s.dev/v1alpha1
kind: Cluster
metadata:
  name: dev-cluster
spec:
  nodes:
  - role: control-plane
    image: apple-k8s-node:v1.29.0
    extraMounts:
    - hostPath: /Users/user/code
      containerPath: /code
  - role: worker
    replicas: 2
";

/// What lies in the folder of the host that is mounted.
const CODE: &str = "fn main() {}\n";

const CERTIFICATES: &str = "cd /etc/kubernetes/pki && find . -type f | sort | xargs sha256sum";

/// How often a cluster is stopped and started.
fn cycles() -> usize {
    std::env::var("APPLE_K8S_TEST_CYCLES").map_or(10, |text| text.parse().expect("a number"))
}

/// A page on every node, reached by every kind of Service.
const PAGES: &str = include_str!("parts/pages.yaml");

/// Shows: the plan's YAML (but for image tag and host folder) gives its cluster; ten stop/start
/// cycles of three nodes, each with changed addresses, Ready by themselves, pods and Services
/// reached across nodes, data and mounts there, same certificates and kubeconfig to the byte;
/// and in all of that nothing for a pod or a Service leaves a node.
#[test]
fn the_plans_cluster_is_the_same_after_ten_restarts() {
    let user = User::new();
    user.file("code/main.rs", CODE);
    let yaml = PLAN
        .replace("apple-k8s-node:v1.29.0", &node_image())
        .replace(
            "/Users/user/code",
            user.folder().join("code").to_str().expect("a path"),
        );
    let file = user.file("apple-k8s-config.yaml", &yaml);
    // Of a name of its own: whoever has one already is told so, and keeps it.
    let cluster = Cluster::named(&user, "dev-cluster");
    let leaks = network::LeakCounter::start();
    let create = ["create", "cluster", "--config"];
    cluster.call(create).arg(&file).ok();
    let names: Vec<String> = vec![
        cluster.control_plane(),
        cluster.worker(1),
        cluster.worker(2),
    ];
    let found = cluster
        .kubectl(["get", "nodes", "--output", "name"])
        .ok()
        .text();
    assert_eq!(
        found.lines().collect::<Vec<_>>(),
        names
            .iter()
            .map(|n| format!("node/{n}"))
            .collect::<Vec<_>>()
    );
    let seen = cluster
        .in_node(&names[0], ["cat", "/code/main.rs"])
        .ok()
        .text();
    assert_eq!(seen, CODE);

    let _image = BuiltImage::busybox(&user, "system-test:1");
    cluster
        .call(["load", "image", "system-test:1", "--name", cluster.name()])
        .ok();
    storage::keep(&cluster, "survives");
    cluster.apply(PAGES);
    cluster.rollout("daemonset/page");
    let first = Life::of(&cluster, &names);
    let cycles = cycles();
    for cycle in 1..=cycles {
        restart(&cluster, &names, &first, cycle);
        leaks.assert_none();
    }
    let traces = NodeTraces::of(&cluster);
    cluster.delete().ok();
    traces.assert_gone(&user);
}

/// What a restart must not change.
struct Life {
    certificates: BTreeMap<String, String>,
    kubeconfig: Option<String>,
    pod: String,
    node_addresses: String,
}

impl Life {
    fn of(cluster: &Cluster<'_>, nodes: &[String]) -> Self {
        let sums = |node: &String| {
            let sums = cluster
                .in_node(node, ["bash", "-c", CERTIFICATES])
                .ok()
                .text();
            assert!(
                sums.contains("ca.crt"),
                "{node} has no certificates: {sums}"
            );
            (node.clone(), sums)
        };
        Self {
            certificates: nodes.iter().map(sums).collect(),
            kubeconfig: cluster.user().kubeconfig_text(),
            pod: cluster.field("pod keeper", ".metadata.uid"),
            node_addresses: cluster.field("nodes", ".items[*].status.addresses"),
        }
    }
}

fn restart(cluster: &Cluster<'_>, nodes: &[String], first: &Life, cycle: usize) {
    let addresses = || -> Vec<Ipv4Addr> {
        nodes
            .iter()
            .map(|node| cluster.container_address(node))
            .collect()
    };
    let before = addresses();
    let stop = cluster.call(["stop", "cluster", cluster.name()]).ok();
    assert!(cluster.nodes().iter().all(|node| node["running"] == false));
    let start = cluster.call(["start", "cluster", cluster.name()]).ok();
    let after = addresses();
    eprintln!(
        "  cycle {cycle}: stopped in {:.1} s, started in {:.1} s, {before:?} → {after:?}",
        stop.took.as_secs_f64(),
        start.took.as_secs_f64()
    );
    for (node, (before, after)) in nodes.iter().zip(before.iter().zip(&after)) {
        assert_ne!(
            before, after,
            "{node} has its old address: this shows nothing"
        );
    }
    // `start` waited: what it says must hold now, without waiting.
    let states = cluster.field(
        "nodes",
        ".items[*].status.conditions[?(@.type==\"Ready\")].status",
    );
    assert_eq!(states, "True True True", "cycle {cycle}");
    // The pod's state may still be that of the last life: its container starts once a cycle.
    let again = format!("jsonpath={{.status.containerStatuses[0].restartCount}}={cycle}");
    let pages = ["get", "pods", "--selector", "app=page", "--output", "name"];
    let pages = cluster.kubectl(pages).ok().text();
    let pods: Vec<&str> = pages.lines().chain(["pod/keeper"]).collect();
    cluster.wait(&again, &pods.join(" "));
    cluster.wait("condition=Ready", &pods.join(" "));
    network::pod_to_pod(cluster);
    network::service(cluster);
    network::node_port(cluster);
    assert_eq!(storage::kept(cluster), "survives", "cycle {cycle}");
    // Names resolve and Services work: through DNS to the API server. It speaks TLS and says so
    // to whoever does not. kube-proxy may be a moment behind the nodes that are Ready.
    let knock = "for i in $(seq 20); do \
                 timeout 5 wget -q -O - http://kubernetes.default.svc.cluster.local:443/ 2>&1 \
                 | grep -q 400 && exit; sleep 0.1; done; exit 1";
    cluster.sh("keeper", knock);
    let now = Life::of(cluster, nodes);
    assert_eq!(
        now.certificates, first.certificates,
        "cycle {cycle}: certificates changed"
    );
    assert_eq!(
        now.kubeconfig, first.kubeconfig,
        "cycle {cycle}: kubeconfig changed"
    );
    assert_eq!(now.pod, first.pod, "cycle {cycle}: the pod is another one");
    assert_eq!(now.node_addresses, first.node_addresses, "cycle {cycle}");
    let mounted = cluster.in_node(&nodes[0], ["cat", "/code/main.rs"]).ok();
    assert_eq!(mounted.text(), CODE, "cycle {cycle}");
}
