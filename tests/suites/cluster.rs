//! One control plane and two workers from one Cluster YAML, and everything a person does with
//! a cluster, with unmodified kubectl and Helm.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

mod parts;

use std::collections::BTreeSet;
use std::fs;

use parts::{access, images, network, storage};
use system_tests::{BuiltImage, Checks, Cluster, KernelSettings, NodeTraces, User, free_port};

/// Image of all test pods.
const IMAGE: &str = "system-test:1";

/// A page on every node, reached by every kind of Service.
const PAGES: &str = include_str!("parts/pages.yaml");

#[test]
fn a_cluster_of_three_nodes() {
    let user = User::new();
    user.file("code/hello.txt", "from the host\n");
    user.file("fixed/hello.txt", "not to be changed\n");
    let published = free_port();
    let yaml = include_str!("parts/cluster.yaml").replace("PUBLISHED", &published.to_string());
    let leaks = network::LeakCounter::start();
    let settings = KernelSettings::now();
    let cluster = Cluster::from_yaml(&user, "three", &yaml);
    let _image = BuiltImage::busybox(&user, IMAGE);
    cluster
        .call(["load", "image", IMAGE, "--name", cluster.name()])
        .ok();

    let mut checks = Checks::new();
    checks.check(
        "all nodes are Ready, with labels and taints as asked",
        || nodes(&cluster),
    );
    checks.check("kubectl and the cluster differ by no version", || {
        access::no_skew(&cluster);
    });
    checks.check("pods run on all nodes", || {
        cluster.apply(PAGES);
        cluster.rollout("daemonset/page");
        cluster.rollout("statefulset/db");
        let pods = network::pages(&cluster);
        let nodes: BTreeSet<&str> = pods.iter().map(|pod| pod.node.as_str()).collect();
        assert_eq!(nodes.len(), 3, "{pods:?}");
    });
    network_checks(&mut checks, &cluster, published);
    checks.check("kubectl exec, logs -f and cp", || {
        access::exec_logs_copy(&cluster);
    });
    checks.check("kubectl port-forward", || access::port_forward(&cluster));
    checks.check(
        "extraMounts are seen in pods; a read-only one can't be written by the node",
        || {
            storage::mounts(&cluster);
        },
    );
    checks.check(
        "a volume keeps its data when its pod is made anew on its node",
        || {
            storage::volume(&cluster);
        },
    );
    checks.check("images from archives of every kind run", || {
        images::archives(&cluster);
    });
    checks.check("an image that is there is not loaded again", || {
        images::twice(&cluster);
    });
    checks.check("bad archives are refused and change nothing", || {
        images::refused(&cluster);
    });
    checks.check("Helm installs a chart", || access::helm(&cluster));
    checks.check("a second cluster of that name is refused", || {
        same_name(&cluster);
    });
    checks.check("an operation under way excludes others", || busy(&cluster));
    checks.check("nothing for a Service or a pod leaves a node", || {
        network::knock_at_nobody(&cluster);
        leaks.assert_none();
    });
    checks.check("the host's kernel is set as before", || {
        settings.assert_same();
        own_settings(&cluster);
    });
    checks.check("delete leaves nothing behind", || delete(&cluster));
    checks.finish();
}

/// Shows: all ways to a pod.
fn network_checks(checks: &mut Checks, cluster: &Cluster<'_>, published: u16) {
    checks.check("pods reach pods on all nodes", || {
        network::pod_to_pod(cluster);
    });
    checks.check(
        "a Service reaches all its pods, by name, from every node",
        || {
            network::service(cluster);
        },
    );
    checks.check("a headless Service names its pods", || {
        network::headless(cluster);
    });
    checks.check("Services outlive the pods that program them", || {
        cluster
            .kubectl([
                "rollout",
                "restart",
                "daemonset/kube-proxy",
                "-n",
                "kube-system",
            ])
            .ok();
        let rolled = [
            "rollout",
            "status",
            "daemonset/kube-proxy",
            "-n",
            "kube-system",
        ];
        cluster.kubectl(rolled).seconds(120).ok();
        network::service(cluster);
    });
    checks.check("a NodePort answers on every node's address", || {
        network::node_port(cluster);
    });
    checks.check("extraPortMappings answer on loopback", || {
        network::published(published);
    });
}

/// Shows: 1 control plane and 2 workers Ready; labels and taints of the Cluster YAML.
fn nodes(cluster: &Cluster<'_>) {
    let answer = cluster
        .kubectl(["get", "nodes", "--output", "json"])
        .ok()
        .json();
    let nodes = answer["items"].as_array().expect("nodes");
    assert_eq!(nodes.len(), 3);
    for node in nodes {
        let conditions = node["status"]["conditions"].as_array().expect("conditions");
        let ready = conditions
            .iter()
            .find(|one| one["type"] == "Ready")
            .expect("Ready");
        assert_eq!(ready["status"], "True", "{ready}");
        assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], "v1.37.1");
    }
    let node = |name: &str| {
        nodes
            .iter()
            .find(|node| node["metadata"]["name"] == name)
            .expect("a node of that name")
    };
    let (plane, first, second) = (
        node(&cluster.control_plane()),
        node(&cluster.worker(1)),
        node(&cluster.worker(2)),
    );
    assert_eq!(plane["metadata"]["labels"]["example.com/tier"], "main");
    assert_eq!(first["metadata"]["labels"]["disk"], "fast");
    assert_eq!(
        second["metadata"]["labels"]["disk"],
        serde_json::Value::Null
    );
    assert!(
        plane["spec"]["taints"]
            .to_string()
            .contains("node-role.kubernetes.io/control-plane"),
        "a control plane beside workers takes pods: {}",
        plane["spec"]
    );
    let taint = &second["spec"]["taints"][0];
    assert_eq!(
        (&taint["key"], &taint["value"]),
        (&"example.com/only".into(), &"test".into())
    );
    assert_eq!(taint["effect"], "NoSchedule");
    assert_eq!(first["spec"]["taints"], serde_json::Value::Null);
}

/// Shows (bad input): two clusters of one name; nothing changes.
fn same_name(cluster: &Cluster<'_>) {
    let user = cluster.user();
    let before = (user.files(), user.kubeconfig_text(), cluster.nodes());
    let refused = cluster.create([]).run().fails(41);
    assert!(
        refused.stderr.contains(cluster.name()),
        "{}",
        refused.report()
    );
    assert!(
        refused.stderr.contains("delete cluster"),
        "{}",
        refused.report()
    );
    assert_eq!(
        before,
        (user.files(), user.kubeconfig_text(), cluster.nodes())
    );
    // Another home knows nothing of it, but its containers have the names.
    let stranger = User::new();
    let call = stranger.apple_k8s(["create", "cluster", cluster.name()]);
    call.run().fails(41);
    assert!(stranger.files().is_empty() && stranger.kubeconfig_text().is_none());
    assert_eq!(before.2, cluster.nodes());
}

/// Shows: operations on one cluster exclude each other across processes.
fn busy(cluster: &Cluster<'_>) {
    let home = cluster.user().home();
    let locks = home.join("locks");
    fs::create_dir_all(&locks).expect("a folder");
    let file = fs::File::create(locks.join(format!("{}.lock", cluster.name()))).expect("a file");
    file.lock().expect("free");
    for words in [
        ["delete", "cluster"],
        ["stop", "cluster"],
        ["start", "cluster"],
    ] {
        cluster.call(words).arg(cluster.name()).run().fails(42);
    }
    drop(file);
    fs::remove_file(locks.join(format!("{}.lock", cluster.name()))).expect("removed");
    assert_eq!(
        cluster
            .nodes()
            .iter()
            .filter(|node| node["running"] == true)
            .count(),
        3
    );
}

/// A kubelet changes the kernel. Here it may have done so long ago, for somebody else: seen is that
/// what it writes to belongs to the node. A Mac's node has a kernel to itself.
fn own_settings(cluster: &Cluster<'_>) {
    if !cfg!(target_os = "linux") {
        return;
    }
    for node in [cluster.control_plane(), cluster.worker(1)] {
        let mounts = cluster.in_node(&node, ["cat", "/proc/self/mountinfo"]);
        let mounts = mounts.ok().text();
        for setting in [
            "kernel/panic",
            "vm/overcommit_memory",
            "fs/protected_regular",
        ] {
            let covered = format!(" /proc/sys/{setting} ");
            assert!(mounts.contains(&covered), "{node}: {setting} is the host's");
        }
    }
}

/// Shows: `delete` leaves no container, volume, network, process, lock, file or kubeconfig entry.
fn delete(cluster: &Cluster<'_>) {
    let user = cluster.user();
    let traces = NodeTraces::of(cluster);
    cluster.delete().ok();
    traces.assert_gone(user);
    user.assert_no_files();
    // The file was made by the create: with its last entry it goes.
    assert_eq!(user.kubeconfig_text(), None);
    cluster.delete().ok();
}
