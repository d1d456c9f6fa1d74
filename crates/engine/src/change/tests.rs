//! What a plan says of every kind of change.

use serde_json::json;
use spec::Cluster;

use super::difference::{self, Difference, Found};
use super::lost::Losses;
use super::truth::Truth;
use super::{ChangePlan, PlanItem, version_of, words};
use crate::home::{ClusterDir, Creation, Home};
use crate::inventory::{Inventory, NodeContainer};

const PLANE: &str = "  - role: control-plane\n";
const WORKER: &str = "  - role: worker\n";

fn cluster(nodes: &str, more: &str) -> Cluster {
    let text = format!(
        "apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata: {{name: dev}}\nspec:\n{more}  nodes:\n{nodes}"
    );
    let parsed = Cluster::parse(&text, "test", std::path::Path::new("/"));
    parsed.expect("valid").cluster
}

fn containers(names: &[(&str, &str, &str)]) -> Vec<NodeContainer> {
    let list: Vec<serde_json::Value> = names
        .iter()
        .enumerate()
        .map(|(index, (name, state, creation))| {
            let role = if name.ends_with("plane") {
                "control-plane"
            } else {
                "worker"
            };
            json!({
                "id": name,
                "configuration": {"id": name,
                    "image": {"reference": "docker.io/library/apple-k8s-node:v1.36.3",
                        "descriptor": {"digest": "sha256:00"}},
                    "labels": {"apple-k8s.dev/cluster": "dev", "apple-k8s.dev/role": role,
                        "apple-k8s.dev/node-address": format!("172.30.0.{}", index + 2),
                        "apple-k8s.dev/creation": creation}},
                "status": {"state": state, "networks": []}
            })
        })
        .collect();
    let list = serde_json::from_value(json!(list)).expect("containers");
    Inventory::of(list).nodes("dev").to_vec()
}

/// The difference, with the wanted nodes that are in `saved` there and running.
fn difference(saved: &Cluster, wanted: &Cluster) -> Difference {
    let machines = saved.machines();
    let names: Vec<(&str, &str, &str)> = machines
        .iter()
        .map(|machine| (machine.name.as_str(), "running", "first"))
        .collect();
    let found: Vec<Found> = containers(&names)
        .iter()
        .map(|node| Found::of(node, None))
        .collect();
    difference::between(saved, wanted, &found, "v1.37.1", Some(16443))
}

fn plan(saved: &Cluster, wanted: &Cluster) -> ChangePlan {
    words::plan(&difference(saved, wanted), &Losses::default())
}

fn whats(items: &[PlanItem]) -> Vec<String> {
    let item = |item: &PlanItem| match &item.node {
        Some(node) => format!("{node}: {}", item.what),
        None => item.what.clone(),
    };
    items.iter().map(item).collect()
}

#[test]
fn what_is_the_same_is_no_change() {
    let saved = cluster(&format!("{PLANE}{WORKER}"), "");
    let spelled_out = cluster(
        "  - role: control-plane\n    memory: 4096Mi\n  - role: worker\n    memory: 2Gi\n    image: apple-k8s-node:v1.37.1\n",
        "  kubernetesVersion: v1.37.1\n  networking: {apiServerPort: 16443, podSubnet: 10.244.0.0/16}\n",
    );
    assert!(plan(&saved, &saved).is_empty());
    let plan = plan(&saved, &spelled_out);
    assert!(plan.is_empty(), "{plan:?}");
}

#[test]
fn workers_come_and_go_at_once() {
    let (one, three) = (
        cluster(&format!("{PLANE}{WORKER}"), ""),
        cluster(
            &format!("{PLANE}{WORKER}    replicas: 3\n    memory: 1Gi\n    cpus: 1\n"),
            "",
        ),
    );
    let grown = plan(&one, &three);
    assert_eq!(
        whats(&grown.at_once),
        [
            "dev-worker2: worker with 1 CPU and 1Gi is added",
            "dev-worker3: worker with 1 CPU and 1Gi is added"
        ]
    );
    assert_eq!(
        whats(&grown.recreated)[0],
        "dev-worker: cpus 2 → 1; memory 2Gi → 1Gi"
    );
    // The last one goes first: the others keep their names.
    assert_eq!(
        whats(&plan(&three, &one).at_once),
        [
            "dev-worker3: worker is removed",
            "dev-worker2: worker is removed"
        ]
    );
}

#[test]
fn labels_and_taints_change_at_once() {
    let saved = cluster(
        &format!("{PLANE}{WORKER}    labels: {{a: '1', b: '2', c: '3'}}\n"),
        "",
    );
    let wanted = cluster(
        &format!(
            "{PLANE}{WORKER}    labels: {{a: '1', b: x, d: '4'}}\n    taints: [{{key: k, value: v, effect: NoExecute}}]\n"
        ),
        "",
    );
    let changed = plan(&saved, &wanted);
    assert_eq!(
        whats(&changed.at_once),
        [
            "dev-worker: label b=x, label d=4, no label c",
            "dev-worker: taint k=v:NoExecute"
        ]
    );
    assert!(changed.at_once[1].effect.contains("leave at once"));
    assert!(changed.recreated.is_empty() && changed.impossible.is_empty());
}

#[test]
fn a_control_plane_keeps_pods_off_only_beside_workers() {
    let (alone, two) = (cluster(PLANE, ""), cluster(&format!("{PLANE}{WORKER}"), ""));
    let taint = "node-role.kubernetes.io/control-plane:NoSchedule";
    let grown = whats(&plan(&alone, &two).at_once);
    assert_eq!(grown[0], format!("dev-control-plane: taint {taint}"));
    let marks = difference(&alone, &two).marked;
    assert!(
        marks[0].waits_for_workers(),
        "pods would have no place to go"
    );
    let shrunk = whats(&plan(&two, &alone).at_once);
    assert_eq!(shrunk[0], format!("dev-control-plane: no taint {taint}"));
    assert!(!difference(&two, &alone).marked[0].waits_for_workers());
    // Whoever lists taints decides alone.
    let open = format!("{PLANE}    taints: []\n");
    let (alone, two) = (cluster(&open, ""), cluster(&format!("{open}{WORKER}"), ""));
    assert_eq!(plan(&alone, &two).at_once.len(), 1);
}

#[test]
fn a_machine_that_differs_is_made_again() {
    let saved = cluster(&format!("{PLANE}{WORKER}"), "");
    for (field, what) in [
        ("memory: 3Gi", "memory 2Gi → 3Gi"),
        ("image: other:1", "image apple-k8s-node:v1.37.1 → other:1"),
        (
            "extraMounts: [{hostPath: /a, containerPath: /b, readOnly: true}]",
            "extraMounts none → /a → /b (read-only)",
        ),
        (
            "extraPortMappings: [{containerPort: 80, hostPort: 8080}]",
            "extraPortMappings none → 127.0.0.1:8080 → 80/tcp",
        ),
    ] {
        let changed = plan(
            &saved,
            &cluster(&format!("{PLANE}{WORKER}    {field}\n"), ""),
        );
        assert_eq!(whats(&changed.recreated), [format!("dev-worker: {what}")]);
        assert!(changed.at_once.is_empty() && changed.impossible.is_empty());
        let plane = plan(
            &saved,
            &cluster(&format!("{PLANE}    {field}\n{WORKER}"), ""),
        );
        assert_eq!(plane.impossible.len(), 1, "{field} of a control plane");
    }
}

#[test]
fn labels_of_a_machine_that_is_made_again_are_told() {
    let saved = cluster(&format!("{PLANE}{WORKER}"), "");
    let wanted = cluster(
        &format!("{PLANE}{WORKER}    memory: 3Gi\n    labels: {{a: b}}\n"),
        "",
    );
    assert_eq!(
        whats(&plan(&saved, &wanted).recreated),
        ["dev-worker: memory 2Gi → 3Gi; label a=b"]
    );
}

#[test]
fn what_takes_a_new_cluster_is_said() {
    let nodes = format!("{PLANE}{WORKER}");
    let saved = cluster(&nodes, "");
    for (field, what) in [
        (
            "kubernetesVersion: v1.36.0",
            "kubernetesVersion v1.37.1 → v1.36.0",
        ),
        (
            "networking: {podSubnet: 10.1.0.0/16}",
            "podSubnet 10.244.0.0/16 → 10.1.0.0/16",
        ),
        (
            "networking: {serviceSubnet: 10.1.0.0/16}",
            "serviceSubnet 10.96.0.0/12 → 10.1.0.0/16",
        ),
        (
            "networking: {nodeSubnet: 172.31.0.0/24}",
            "nodeSubnet 172.30.0.0/24 → 172.31.0.0/24",
        ),
        (
            "networking: {apiServerPort: 7000}",
            "apiServerPort 16443 → 7000",
        ),
        ("networking: {cni: none}", "cni flannel → none"),
        (
            "networking: {kubeProxyMode: iptables}",
            "kubeProxyMode nftables → iptables",
        ),
        (
            "containerdConfigPatches: ['a = 1']",
            "containerdConfigPatches 0 patches → 1 patch",
        ),
    ] {
        let changed = plan(&saved, &cluster(&nodes, &format!("  {field}\n")));
        assert_eq!(whats(&changed.impossible), [what]);
        assert!(
            changed.impossible[0].effect.contains("a new cluster"),
            "{field}"
        );
    }
}

#[test]
fn what_a_killed_change_left_is_removed() {
    let (saved, wanted) = (
        cluster(&format!("{PLANE}{WORKER}"), ""),
        cluster(&format!("{PLANE}{WORKER}    replicas: 2\n"), ""),
    );
    let nodes = containers(&[
        ("dev-control-plane", "running", "first"),
        ("dev-worker", "running", "first"),
        ("dev-worker2", "stopped", "second"),
        ("dev-worker3", "running", "second"),
    ]);
    let killed = Creation {
        id: "second".into(),
        nodes: Vec::new(),
    };
    let found: Vec<Found> = nodes
        .iter()
        .map(|node| Found::of(node, Some(&killed)))
        .collect();
    let difference = difference::between(&saved, &wanted, &found, "v1.37.1", None);
    let plan = words::plan(&difference, &Losses::default());
    assert_eq!(
        whats(&plan.at_once),
        [
            "dev-worker2: worker with 2 CPUs and 2Gi is added",
            "dev-worker3: worker is removed"
        ]
    );
    assert_eq!(
        difference.blocked_by(&nodes),
        None,
        "a half-made node blocks nothing"
    );
}

#[test]
fn a_worker_that_somebody_removed_is_made_anew() {
    let saved = cluster(&format!("{PLANE}{WORKER}    replicas: 2\n"), "");
    let nodes = containers(&[
        ("dev-control-plane", "running", "first"),
        ("dev-worker2", "running", "first"),
    ]);
    let found: Vec<Found> = nodes.iter().map(|node| Found::of(node, None)).collect();
    let difference = difference::between(&saved, &saved, &found, "v1.37.1", None);
    let plan = words::plan(&difference, &Losses::default());
    assert_eq!(
        whats(&plan.at_once),
        ["dev-worker: worker with 2 CPUs and 2Gi is added"]
    );
    assert!(plan.at_once[0].effect.contains("empty disk"));
}

#[test]
fn nodes_that_stay_have_to_run() {
    let (one, two) = (
        cluster(&format!("{PLANE}{WORKER}"), ""),
        cluster(&format!("{PLANE}{WORKER}    replicas: 2\n"), ""),
    );
    let nodes = |plane, worker, worker2| {
        containers(&[
            ("dev-control-plane", plane, "first"),
            ("dev-worker", worker, "first"),
            ("dev-worker2", worker2, "first"),
        ])
    };
    let shrink = difference(&two, &one);
    assert_eq!(
        shrink.blocked_by(&nodes("running", "running", "stopped")),
        None
    );
    let one_stopped = shrink.blocked_by(&nodes("running", "stopped", "running"));
    assert!(
        one_stopped
            .expect("blocked")
            .contains("dev-worker is stopped")
    );
    let all = difference(&two, &two).blocked_by(&nodes("stopped", "stopped", "stopped"));
    assert!(all.expect("blocked").contains("the cluster is stopped"));
}

#[test]
fn a_cluster_keeps_the_version_it_was_made_with() {
    let saved = cluster(PLANE, "");
    let nodes = containers(&[("dev-control-plane", "running", "first")]);
    assert_eq!(version_of(&saved, &nodes), "v1.36.3");
    let named = cluster(PLANE, "  kubernetesVersion: v1.35.0\n");
    assert_eq!(version_of(&named, &nodes), "v1.35.0");
}

#[test]
fn what_is_saved_is_true_after_each_step() {
    let saved = cluster(
        &format!("{PLANE}{WORKER}    replicas: 2\n    labels: {{a: b}}\n"),
        "",
    );
    let wanted = cluster(
        &format!("{PLANE}{WORKER}    labels: {{a: c}}\n    memory: 3Gi\n{WORKER}    replicas: 2\n"),
        "",
    );
    let folder = tempfile::tempdir().expect("a folder");
    let dir = Home::at(folder.path()).cluster("dev");
    dir.create().expect("made");
    let mut truth = Truth::new(&saved, &wanted);
    let written = |truth: &Truth| {
        truth.save(&dir).expect("saved");
        let text = ClusterDir::read(&dir.spec_file())
            .expect("readable")
            .expect("there");
        let parsed = Cluster::parse(&text, "saved", std::path::Path::new("/")).expect("valid");
        parsed.cluster.machines()
    };
    assert_eq!(written(&truth).len(), 3);
    truth.marked("dev-worker2");
    let now = written(&truth);
    assert_eq!(now[1].labels["a"], "b", "the other worker is as it was");
    assert!(now[2].labels.is_empty());
    truth.made("dev-worker3");
    assert_eq!(written(&truth).len(), 4);
    truth.made("dev-worker");
    let now = written(&truth);
    assert_eq!(now[1].memory.expect("given").to_string(), "3Gi");
    truth.removed("dev-worker3");
    assert_eq!(written(&truth).len(), 3);
    truth.made("dev-worker3");
    truth.save(&dir).expect("saved");
    let text = ClusterDir::read(&dir.spec_file()).expect("readable");
    assert_eq!(
        text,
        Some(wanted.to_yaml()),
        "in the words of the wanted one at last"
    );
}
