//! A cluster that changes while it runs: workers come, go, and are made again; and what is checked
//! of the machine, and manifests, without kubectl.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

mod parts;

use std::fs;
use std::time::{Duration, Instant};

use parts::network;
use rustix::process::Signal;
use serde_json::Value;
use system_tests::{BuiltImage, Checks, Cluster, Output, Random, User};

/// Image of all test pods.
const IMAGE: &str = "system-test:1";

/// A page on every node, reached by every kind of Service.
const PAGES: &str = include_str!("parts/pages.yaml");

/// A pod with a volume, on the node that it is told.
const KEEPER: &str = include_str!("parts/keeper.yaml");

/// Objects of a kind that they define themselves, in a namespace that they make.
const MANIFESTS: &str = include_str!("parts/manifests.yaml");

/// How many changes are killed.
const KILLS: usize = 4;

const CONTROL_PLANE: &str = "apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata: {name: NAME}\nspec:\n  nodes:\n  - {role: control-plane, memory: 2Gi, cpus: 2}\n";

/// The Cluster YAML with these workers.
fn yaml(workers: &str) -> String {
    format!("{CONTROL_PLANE}{workers}")
}

#[test]
fn a_cluster_changes_while_it_runs() {
    let user = User::new();
    let one = yaml("  - {role: worker, memory: 1Gi, cpus: 1}\n");
    let two = yaml("  - {role: worker, memory: 1Gi, cpus: 1, replicas: 2}\n");
    let other = yaml(
        "  - {role: worker, memory: 1280Mi, cpus: 1, labels: {disk: fast}, taints: [{key: only, value: test, effect: NoSchedule}]}\n",
    );
    let cluster = Cluster::from_yaml(&user, "change", &one);
    let _image = BuiltImage::busybox(&user, IMAGE);
    load(&cluster);
    cluster.apply(PAGES);

    let mut checks = Checks::new();
    checks.check(
        "the doctor finds nothing that keeps clusters from running",
        || {
            doctor(&user);
        },
    );
    checks.check("a file that changes nothing changes nothing", || {
        let before = names_and_ids(&cluster);
        let changed = apply(&cluster, &one).ok();
        assert_eq!(result(&changed)["added"], Value::Array(Vec::new()));
        assert_eq!(names_and_ids(&cluster), before);
    });
    checks.check(
        "a worker is added, pods run there and reach all others",
        || {
            add(&cluster, &two);
        },
    );
    checks.check("labels and taints change at once", || marks(&cluster));
    checks.check(
        "a worker is removed with what lies on it, as was said",
        || {
            remove(&cluster, &one);
        },
    );
    checks.check(
        "a worker is made again with other memory, label and taint",
        || {
            recreate(&cluster, &other);
        },
    );
    checks.check(
        "what takes a new cluster is refused and changes nothing",
        || {
            impossible(&cluster, &other);
        },
    );
    checks.check(
        "manifests are previewed and applied without kubectl",
        || {
            manifests(&cluster);
        },
    );
    checks.check(
        "killed at any point and done again, it is as it should be",
        || {
            killed(&cluster, &two);
        },
    );
    checks.check(
        "the last worker goes, and the control plane takes the pods",
        || {
            alone(&cluster);
        },
    );
    checks.check("a stopped cluster is not changed", || {
        cluster.call(["stop", "cluster"]).arg(cluster.name()).ok();
        apply(&cluster, &two).fails(43);
    });
    checks.check("delete leaves nothing behind", || {
        cluster.delete().ok();
        user.assert_no_files();
        assert_eq!(user.kubeconfig_text(), None);
    });
    checks.finish();
}

fn load(cluster: &Cluster<'_>) {
    let call = cluster.call(["load", "image", IMAGE, "--name", cluster.name()]);
    call.ok();
}

/// `apple-k8s apply cluster`
fn apply(cluster: &Cluster<'_>, yaml: &str) -> Output {
    apply_with(cluster, yaml, &[])
}

fn apply_with(cluster: &Cluster<'_>, yaml: &str, options: &[&str]) -> Output {
    let file = cluster.write_yaml(yaml);
    let call = cluster.call(["apply", "cluster", "--output", "json", "--config"]);
    call.arg(&file).args(options).run()
}

/// The last line of `--output json`.
fn result(output: &Output) -> Value {
    let last = output.json_lines().pop();
    last.unwrap_or_else(|| panic!("no result\n{}", output.report()))
}

/// Names of nodes and the identities that Kubernetes gave them.
fn names_and_ids(cluster: &Cluster<'_>) -> String {
    let columns = "jsonpath={range .items[*]}{.metadata.name}={.metadata.uid} {end}";
    cluster
        .kubectl(["get", "nodes", "--output", columns])
        .ok()
        .word()
}

fn node(cluster: &Cluster<'_>, name: &str) -> Value {
    cluster
        .kubectl(["get", "node", name, "--output", "json"])
        .ok()
        .json()
}

/// The saved Cluster YAML.
fn saved(cluster: &Cluster<'_>) -> String {
    let home = cluster.user().home();
    let file = home
        .join("clusters")
        .join(cluster.name())
        .join("cluster.yaml");
    fs::read_to_string(file).expect("saved")
}

fn doctor(user: &User) {
    let output = user.apple_k8s(["doctor", "--output", "json"]).ok();
    let result = result(&output);
    let checks = result["checks"].as_array().expect("checks");
    for id in [
        "system",
        "container",
        "service",
        "kernel",
        "node-image",
        "kubeconfig",
    ] {
        let check = checks.iter().find(|check| check["id"] == id).expect(id);
        assert_eq!(check["state"], "ok", "{check}");
    }
}

fn add(cluster: &Cluster<'_>, two: &str) {
    let worker = cluster.worker(2);
    let plan = result(&apply_with(cluster, two, &["--dry-run"]).ok());
    assert_eq!(plan["atOnce"][0]["node"], worker.as_str(), "{plan}");
    assert_eq!(plan["recreated"], Value::Array(Vec::new()));
    let before = names_and_ids(cluster);
    let changed = result(&apply(cluster, two).ok());
    assert_eq!(changed["added"][0], worker.as_str(), "{changed}");
    assert!(
        names_and_ids(cluster).starts_with(&before),
        "a node was touched"
    );
    assert!(saved(cluster).contains("replicas: 2"), "{}", saved(cluster));

    load(cluster);
    cluster.rollout("daemonset/page");
    cluster.rollout("statefulset/db");
    let pages = network::pages(cluster);
    assert!(pages.iter().any(|page| page.node == worker), "{pages:?}");
    network::pod_to_pod(cluster);
    network::service(cluster);
    let secrets = cluster
        .kubectl(["get", "secrets", "-n", "kube-system", "-o", "name"])
        .ok();
    let tokens = secrets.text().matches("bootstrap-token").count();
    assert!(
        tokens <= 1,
        "a token of the change was left: {}",
        secrets.text()
    );
}

fn marks(cluster: &Cluster<'_>) {
    let worker = cluster.worker(1);
    let before = names_and_ids(cluster);
    let marked = yaml(
        "  - {role: worker, memory: 1Gi, cpus: 1, replicas: 2, labels: {a: b}, taints: [{key: t, effect: PreferNoSchedule}]}\n",
    );
    apply(cluster, &marked).ok();
    let seen = node(cluster, &worker);
    assert_eq!(seen["metadata"]["labels"]["a"], "b");
    assert_eq!(seen["spec"]["taints"][0]["key"], "t", "{}", seen["spec"]);
    let plain = marked.replace(
        ", labels: {a: b}, taints: [{key: t, effect: PreferNoSchedule}]",
        "",
    );
    apply(cluster, &plain).ok();
    let seen = node(cluster, &worker);
    assert_eq!(seen["metadata"]["labels"]["a"], Value::Null);
    assert_eq!(seen["spec"]["taints"], Value::Null);
    assert_eq!(names_and_ids(cluster), before);
}

fn remove(cluster: &Cluster<'_>, one: &str) {
    let worker = cluster.worker(2);
    let keeper = KEEPER.replace(
        "  terminationGracePeriodSeconds",
        &format!(
            "  nodeSelector: {{kubernetes.io/hostname: {worker}}}\n  terminationGracePeriodSeconds"
        ),
    );
    cluster.apply(&keeper);
    cluster.wait("condition=Ready", "pod/keeper");
    let plan = result(&apply_with(cluster, one, &["--dry-run"]).ok());
    let loses = &plan["atOnce"][0]["loses"];
    assert_eq!(loses[0], "volume default/keeper", "{plan}");
    assert_eq!(loses[1], "pod default/keeper", "{plan}");

    let changed = result(&apply(cluster, one).ok());
    assert_eq!(changed["removed"][0], worker.as_str(), "{changed}");
    assert_eq!(changed["forced"], Value::Array(Vec::new()), "{changed}");
    assert!(!names_and_ids(cluster).contains(&worker));
    let list = cluster.user().container(["list", "--all", "--quiet"]).ok();
    assert!(
        list.text().lines().all(|name| name != worker),
        "{}",
        list.text()
    );
    assert_eq!(cluster.nodes().len(), 2);
    cluster.rollout("statefulset/db");
    network::pod_to_pod(cluster);
    network::service(cluster);
    cluster.kubectl(["delete", "pvc", "keeper"]).ok();
}

fn recreate(cluster: &Cluster<'_>, other: &str) {
    let worker = cluster.worker(1);
    let before = node(cluster, &worker);
    let plan = result(&apply_with(cluster, other, &["--dry-run"]).ok());
    let what = plan["recreated"][0]["what"].as_str().expect("a change");
    assert!(what.contains("memory 1Gi → 1280Mi"), "{plan}");
    let changed = result(&apply(cluster, other).ok());
    assert_eq!(changed["recreated"][0], worker.as_str(), "{changed}");

    let after = node(cluster, &worker);
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["status"]["addresses"], before["status"]["addresses"]);
    assert_eq!(after["metadata"]["labels"]["disk"], "fast");
    assert_eq!(after["spec"]["taints"][0]["key"], "only");
    let nodes = cluster.nodes();
    let made = nodes.iter().find(|one| one["name"] == worker.as_str());
    assert_eq!(made.expect("there")["memoryBytes"], 1280_u64 << 20);
    load(cluster);
    cluster.rollout("daemonset/page");
    network::pod_to_pod(cluster);
}

fn impossible(cluster: &Cluster<'_>, other: &str) {
    let before = (names_and_ids(cluster), saved(cluster));
    let wanted = format!("{other}  networking: {{podSubnet: 10.80.0.0/16}}\n")
        .replace("disk: fast", "disk: slow");
    let refused = apply(cluster, &wanted).fails(45);
    assert!(
        refused
            .text()
            .contains("podSubnet 10.244.0.0/16 → 10.80.0.0/16"),
        "{}",
        refused.report()
    );
    assert_eq!((names_and_ids(cluster), saved(cluster)), before);
    let label = node(cluster, &cluster.worker(1))["metadata"]["labels"]["disk"].clone();
    assert_eq!(label, "fast", "changed in spite of the refusal");
}

fn manifests(cluster: &Cluster<'_>) {
    let file = cluster.user().file("manifests.yaml", MANIFESTS);
    let call = |options: &[&str]| {
        let call = cluster.call(["apply", "manifests", "--output", "json"]);
        call.arg(&file)
            .args(["--name", cluster.name()])
            .args(options)
    };
    let changes = |output: &Output| -> Vec<String> {
        let result = result(output);
        let objects = result["objects"].as_array().expect("objects").clone();
        objects
            .iter()
            .map(|one| one["change"].as_str().expect("a word").to_owned())
            .collect()
    };
    assert_eq!(changes(&call(&["--dry-run"]).ok()), ["new"; 3]);
    let made = cluster.kubectl(["get", "namespace", "menagerie"]).run();
    assert!(!made.success(), "a dry run made it");
    assert_eq!(changes(&call(&[]).ok()), ["new"; 3]);
    assert_eq!(cluster.field("cat tom -n menagerie", ".spec.lives"), "9");
    assert_eq!(changes(&call(&["--dry-run"]).ok()), ["unchanged"; 3]);

    fs::write(&file, MANIFESTS.replace("lives: 9", "lives: 8")).expect("written");
    assert_eq!(
        changes(&call(&["--dry-run"]).ok()),
        ["unchanged", "changed", "unchanged"]
    );
    assert_eq!(
        cluster.field("cat tom -n menagerie", ".spec.lives"),
        "9",
        "a dry run changed it"
    );
    for (wrong, said) in [
        (
            MANIFESTS.replacen("kind: Cat\n", "kind: Dog\n", 1),
            "no kind Dog",
        ),
        (
            MANIFESTS.replace("namespace: menagerie}", "namespace: nowhere}"),
            "does not exist",
        ),
        (MANIFESTS.replace("lives: 9", "lives: many"), "lives"),
        (
            MANIFESTS.replace("metadata: {name: menagerie}", "metadata: [name"),
            "manifests.yaml:",
        ),
    ] {
        fs::write(&file, wrong).expect("written");
        let refused = call(&["--dry-run"]).run().fails(20);
        assert!(
            refused.text().contains(said),
            "{said}\n{}",
            refused.report()
        );
    }
}

fn killed(cluster: &Cluster<'_>, two: &str) {
    let mut random = Random::new();
    let file = cluster.write_yaml(two);
    let began = Instant::now();
    apply(cluster, two).ok();
    let usual = began.elapsed();
    let one = yaml("  - {role: worker, memory: 1Gi, cpus: 1}\n");
    apply(cluster, &one).ok();
    for _ in 0..KILLS {
        let moment = random.shorter_than(usual);
        let call = cluster.call(["apply", "cluster", "--config"]).arg(&file);
        let running = call.start();
        let ended = running.ends_within(moment);
        running.signal(Signal::KILL);
        running.end(Duration::from_secs(5));
        eprintln!("    killed after {:.2} s: {}", moment.as_secs_f64(), !ended);
        let wanted = if random.below(2) == 0 {
            two
        } else {
            one.as_str()
        };
        apply(cluster, wanted).ok();
        let ready = cluster.kubectl([
            "wait",
            "--for=condition=Ready",
            "--timeout=30s",
            "node",
            "--all",
        ]);
        let expected = if wanted == two { 3 } else { 2 };
        assert_eq!(ready.ok().text().lines().count(), expected);
        assert_eq!(cluster.nodes().len(), expected);
        let folder = cluster.user().home().join("clusters").join(cluster.name());
        assert!(
            !folder.join("change").exists(),
            "a change is still under way"
        );
        if expected == 3 {
            apply(cluster, &one).ok();
        }
    }
    apply(cluster, two).ok();
    load(cluster);
    cluster.rollout("daemonset/page");
    network::pod_to_pod(cluster);
}

fn alone(cluster: &Cluster<'_>) {
    let plane = cluster.control_plane();
    assert!(node(cluster, &plane)["spec"]["taints"][0].is_object());
    apply(cluster, CONTROL_PLANE).ok();
    assert_eq!(node(cluster, &plane)["spec"]["taints"], Value::Null);
    assert_eq!(cluster.nodes().len(), 1);
    cluster.rollout("statefulset/db");
    cluster.rollout("daemonset/page");
    assert_eq!(network::pages(cluster).len(), 1);
}
